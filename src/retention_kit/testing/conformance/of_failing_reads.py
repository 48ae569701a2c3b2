"""Checks of sources whose outside system refuses, fails or never answers."""

from __future__ import annotations

from typing import Final

import polars as pl

from retention_kit.errors import AuthenticationError, ChannelError, RetentionKitError
from retention_kit.plugins.types import Source
from retention_kit.testing.conformance.cases import SourceCase
from retention_kit.testing.conformance.findings import Check, ConformanceError
from retention_kit.testing.conformance.secrets import check_hidden, listening, secrets_of, told
from retention_kit.testing.conformance.tables_read import same_rows, tables_of
from retention_kit.testing.emulators.faults import FaultKind

_ONCE: Final[tuple[FaultKind, ...]] = (
    "drop_before",
    "drop_after",
    "error_502_html",
    "truncate",
    "html_200",
)


def check_refused_credentials_are_told(case: SourceCase) -> None:
    """Check that wrong credentials are an `AuthenticationError` that shows no secret.

    Raises:
        ConformanceError: They are not.
    """
    rule = "say that credentials are refused, and show no secret"
    assert case.wrong_settings is not None
    hidden = secrets_of(case.spec.settings, case.wrong_settings)
    with listening() as log, case.opened(case.wrong_settings) as source:
        shown = _told_by(case, source, rule, AuthenticationError)
    check_hidden(case.spec.name, rule, hidden, {"the error": shown, "the log": str(log)})


def check_reads_are_tried_again(case: SourceCase) -> None:
    """Check that a read survives a dropped connection, an error of a gateway and a cut answer.

    Raises:
        ConformanceError: It does not, or rows are lost or come twice.
    """
    emulator = case.emulator
    assert emulator is not None
    rule = "try reads again that did not come through"
    before = emulator.faults.happened.total()
    with case.opened() as source:
        for name, table in tables_of(case, source):
            whole = source.scan(name).collect()
            keys = list(table.key) or whole.columns
            for kind in _ONCE:
                emulator.faults.add(kind, times=1)
                try:
                    rows = source.scan(name).collect()
                except Exception as error:
                    raise ConformanceError(
                        case.spec.name,
                        rule,
                        f"{name!r} raised {type(error).__name__} after one {kind!r}",
                    ) from None
                finally:
                    emulator.faults.clear()
                if not same_rows(rows.select(keys), whole.select(keys)):
                    raise ConformanceError(
                        case.spec.name,
                        rule,
                        f"{name!r} had {rows.height} rows, not {whole.height}, after one {kind!r}",
                    )
    if emulator.faults.happened.total() == before:
        raise ConformanceError(
            case.spec.name, rule, "no request met a fault: does it read the case's emulator?"
        )


def check_a_dead_system_is_told(case: SourceCase) -> None:
    """Check that an outside system that never answers is a `ChannelError` that shows no secret.

    Raises:
        ConformanceError: It is not.
    """
    emulator = case.emulator
    assert emulator is not None
    rule = "say that the outside system does not answer, and show no secret"
    hidden = secrets_of(case.spec.settings, case.settings)
    with listening() as log, case.opened() as source:
        emulator.faults.add("drop_before")
        try:
            shown = _told_by(case, source, rule, ChannelError)
        finally:
            emulator.faults.clear()
    check_hidden(case.spec.name, rule, hidden, {"the error": shown, "the log": str(log)})


def _told_by(case: SourceCase, source: Source, rule: str, wanted: type[RetentionKitError]) -> str:
    """Read a table, and give what its error shows."""
    name = case.names(source)[0]
    try:
        source.scan(name).collect()
    except wanted as error:
        return told(error)
    except pl.exceptions.PolarsError as error:
        # Polars tells of what a schema raised in its own error, with the name in the text.
        if wanted.__name__ in str(error) or isinstance(error.__cause__, wanted):
            return told(error)
        raised = type(error).__name__
    except Exception as error:
        raised = type(error).__name__
    else:
        raised = "nothing"
    raise ConformanceError(case.spec.name, rule, f"{name!r} raised {raised}, not {wanted.__name__}")


def _without_emulator(case: SourceCase) -> str | None:
    return None if case.emulator is not None else "the case has no emulator"


def _without_wrong_settings(case: SourceCase) -> str | None:
    return None if case.wrong_settings is not None else "the case has no wrong settings"


FAILING_READ_CHECKS: Final[tuple[Check[SourceCase], ...]] = (
    Check(
        "refused_credentials_are_told",
        "say that credentials are refused, and show no secret",
        check_refused_credentials_are_told,
        _without_wrong_settings,
    ),
    Check(
        "reads_are_tried_again",
        "try reads again that did not come through",
        check_reads_are_tried_again,
        _without_emulator,
    ),
    Check(
        "a_dead_system_is_told",
        "say that the outside system does not answer, and show no secret",
        check_a_dead_system_is_told,
        _without_emulator,
    ),
)
