"""What a check finds, and a report of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

from retention_kit.errors import bad_parameter, nearest_names

C = TypeVar("C")
_SIGNS: Final[Mapping[str, str]] = {
    "passed": "passed  ",
    "failed": "FAILED  ",
    "left out": "left out",
    "failed as expected": "expected",
}


class ConformanceError(AssertionError):
    """An adapter does not do what its interface asks, or what it declares.

    Attributes:
        subject: The adapter's name.
        rule: What it should do.
        finding: What it did: names and counts, no customers and no secrets.
    """

    def __init__(self, subject: str, rule: str, finding: str) -> None:
        self.subject = subject
        self.rule = rule
        self.finding = finding
        super().__init__(f"{subject} should {rule}; but {finding}.")


@dataclass(frozen=True)
class Check(Generic[C]):
    """One rule, and how to see whether an adapter keeps it.

    Attributes:
        name: The check's name, as expected failures speak of it: `tells_unknown_tables`.
        rule: What an adapter should do, after "should".
        run: Raises `ConformanceError` where it does not.
        needs: Says why a case cannot be checked, by what it declares or was not given; None where
            it can.
    """

    name: str
    rule: str
    run: Callable[[C], None]
    needs: Callable[[C], str | None]


@dataclass(frozen=True)
class Finding:
    """What became of one check.

    Attributes:
        check: The check's name.
        rule: What an adapter should do.
        result: What became of it.
        reason: What was found, or why the check was left out.
    """

    check: str
    rule: str
    result: Literal["passed", "failed", "left out", "failed as expected"]
    reason: str = ""


@dataclass(frozen=True)
class ConformanceReport:
    """What became of all checks of one adapter.

    Attributes:
        subject: The adapter's name.
        findings: One for each check, in order.
    """

    subject: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing failed that was not expected to."""
        return not self.failures

    @property
    def failures(self) -> tuple[Finding, ...]:
        """What failed."""
        return tuple(one for one in self.findings if one.result == "failed")

    def raise_for_failures(self) -> None:
        """Raise where anything failed.

        Raises:
            ConformanceError: It did; the text is the whole report.
        """
        if self.failures:
            raise ConformanceError(
                self.subject, "pass all checks", f"{len(self.failures)} failed:\n{self}"
            )

    def __str__(self) -> str:
        counts = ", ".join(
            f"{number} {result}"
            for result in _SIGNS
            if (number := sum(one.result == result for one in self.findings))
        )
        lines = [f"{self.subject}: {counts}"]
        for one in self.findings:
            lines.append(f"  {_SIGNS[one.result]}  {one.check}: should {one.rule}")
            if one.reason:
                lines.append(f"            {one.reason}")
        return "\n".join(lines)


def run_checks(
    case: Any,
    checks: Iterable[Check[Any]],
    *,
    expected_failures: Mapping[str, str] | None = None,
) -> ConformanceReport:
    """Run checks one after another.

    Args:
        case: A `SourceCase` or a `ChannelCase`.
        checks: Which checks.
        expected_failures: The checks that are known to fail, and why. One that passes or is left
            out fails the report, so that the list stays true.

    Raises:
        DefinitionError: A check that does not exist is expected to fail.
    """
    checks = tuple(checks)
    expected = dict(expected_failures or {})
    check_expected(expected, checks)
    found = []
    for check in checks:
        # No check sees the faults that another one left.
        if case.emulator is not None:
            case.emulator.faults.clear()
        found.append(_found(check, case, expected.get(check.name)))
    return ConformanceReport(case.spec.name, tuple(found))


def check_expected(expected: Mapping[str, str], checks: Iterable[Check[Any]]) -> None:
    """Raise where a check that does not exist is expected to fail.

    Raises:
        DefinitionError: One is.
    """
    names = [check.name for check in checks]
    for name in expected:
        if name not in names:
            near = ", ".join(nearest_names(name, names))
            raise bad_parameter(
                "expected_failures", got=name, allowed=", ".join(names), step=f"nearest: {near}."
            )


def always(case: object) -> str | None:
    """Say that a check needs nothing of a case."""
    del case
    return None


def _found(check: Check[C], case: C, expected: str | None) -> Finding:
    try:
        reason = check.needs(case)
        if reason is None:
            check.run(case)
    except ConformanceError as error:
        failure = error.finding
    except Exception as error:
        failure = _raised(error)
    else:
        if expected is not None:
            became = "passed" if reason is None else "was left out"
            unexpected = f"it {became}, though it is listed as expected to fail"
            return Finding(check.name, check.rule, "failed", unexpected)
        if reason is not None:
            return Finding(check.name, check.rule, "left out", reason)
        return Finding(check.name, check.rule, "passed")
    if expected is not None:
        return Finding(check.name, check.rule, "failed as expected", expected)
    return Finding(check.name, check.rule, "failed", failure)


def _raised(error: Exception) -> str:
    """Say what was raised and where. What it says may quote a customer, and is not shown."""
    finding = f"it raised {type(error).__name__}"
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is not None:
        code = frame.tb_frame.f_code
        finding += f" in {code.co_name}, line {frame.tb_lineno} of {code.co_filename}"
    return finding
