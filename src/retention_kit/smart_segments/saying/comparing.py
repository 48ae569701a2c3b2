"""A column, compared with Python's own signs: of the customer, of a score, of a row."""

from __future__ import annotations

import abc
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, TypeVar

from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.smart_segments.definitions.customers import Attribute, Missing, Score
from retention_kit.smart_segments.definitions.values import Comparison, Operator, Where
from retention_kit.smart_segments.definitions.windows import Last, Window

Given = bool | int | float | Decimal | str | dt.date | dt.datetime
"""What a column can be compared with."""
Made = TypeVar("Made", bound=Comparison)


class Uncompared(abc.ABC):
    """What becomes a condition, or a filter of rows, only when it is compared."""

    __slots__ = ()

    @abc.abstractmethod
    def not_yet(self) -> DefinitionError:
        """Make the error for where it stands uncompared."""

    # A type checker knows that there are none of these.
    if not TYPE_CHECKING:

        def _joined(self, other: object = None) -> NoReturn:  # noqa: ARG002
            raise self.not_yet()

        __and__ = __rand__ = __or__ = __ror__ = __invert__ = __bool__ = _joined


@dataclass(frozen=True, slots=True, eq=False)
class Column(Uncompared, Generic[Made]):
    """A column that waits for what it is compared with.

    Attributes:
        name: The column.
        kind: What the comparison becomes.
        options: Further fields of it.
    """

    name: str
    kind: type[Made]
    options: tuple[tuple[str, Any], ...] = ()

    def __eq__(self, value: Given) -> Made:  # type: ignore[override]
        self._check_value(value, "is_missing")
        return self._make("equals", value=value)

    def __ne__(self, value: Given) -> Made:  # type: ignore[override]
        self._check_value(value, "is_known")
        return self._make("not_equals", value=value)

    def __lt__(self, value: Given) -> Made:
        return self._make("less_than", value=value)

    def __le__(self, value: Given) -> Made:
        return self._make("at_most", value=value)

    def __gt__(self, value: Given) -> Made:
        return self._make("more_than", value=value)

    def __ge__(self, value: Given) -> Made:
        return self._make("at_least", value=value)

    __hash__ = None  # type: ignore[assignment]

    def is_in(self, values: Iterable[Given]) -> Made:
        """It is one of the values."""
        return self._make("in", values=values)

    def not_in(self, values: Iterable[Given]) -> Made:
        """It is none of the values."""
        return self._make("not_in", values=values)

    def contains(self, text: str) -> Made:
        """The text stands somewhere in it."""
        return self._make("contains", value=text)

    def starts_with(self, text: str) -> Made:
        """It starts with the text."""
        return self._make("starts_with", value=text)

    def ends_with(self, text: str) -> Made:
        """It ends with the text."""
        return self._make("ends_with", value=text)

    def matches(self, pattern: str) -> Made:
        """A regular expression is found in it; see `Comparison` for which ones."""
        return self._make("matches", value=pattern)

    def is_known(self) -> Made:
        """It is there."""
        return self._make("known")

    def is_missing(self) -> Made:
        """It is not there."""
        return self._make("unknown")

    def within(self, length: str) -> Made:
        """It is a date or an instant of the last `length`, such as `"30d"`."""
        return self._make("during", window=Last(length=length))

    def during(self, window: Window) -> Made:
        """It is a date or an instant in a window."""
        return self._make("during", window=window)

    def not_yet(self) -> DefinitionError:
        """Make the error for where it stands uncompared."""
        is_row = self.kind is Where
        return DefinitionError(
            f"{self} is a column, and no {'filter' if is_row else 'condition'} before it is "
            f"compared. Next step: compare it: {self} >= 3, {self} == 'a text', {self}.is_known(), "
            "in brackets beside & and |.",
            parameter=self.name,
        )

    def __str__(self) -> str:
        return f"{_SPOKEN.get(self.kind, 'column')}({self.name!r})"

    def _check_value(self, value: object, instead: str) -> None:
        if value is None:
            raise bad_parameter(
                "value", got=None, allowed="a value", step=f"write {self}.{instead}()."
            )

    def _make(self, operator: Operator, **operands: Any) -> Made:
        return self.kind(column=self.name, operator=operator, **operands, **dict(self.options))


_SPOKEN: Mapping[type[Comparison], str] = {Attribute: "attribute", Score: "score"}


def attribute(
    column: str, *, fold: bool = False, missing: Missing = "unknown"
) -> Column[Attribute]:
    """Take a column of `customers`, to compare it.

    Args:
        column: The column.
        fold: Whether capitals, and ё or е, make no difference.
        missing: What a comparison with a missing value is.

    Examples:
        >>> attribute("city") == "Omsk"
        Attribute(column='city', value='Omsk')
    """
    return Column(column, Attribute, _options(fold, missing))


def score(column: str, *, fold: bool = False, missing: Missing = "unknown") -> Column[Score]:
    """Take a score of the customer, to compare it: of the table `scores`, or of `customers`.

    Args:
        column: The column.
        fold: Whether capitals, and ё or е, make no difference.
        missing: What a comparison with a missing value is.

    Examples:
        >>> score("probability_alive") < 0.3
        Score(column='probability_alive', operator='less_than', value=Decimal('0.3'))
    """
    return Column(column, Score, _options(fold, missing))


def column(name: str, *, fold: bool = False) -> Column[Where]:
    """Take a column of orders, lines or events, to compare it in a filter of rows.

    Args:
        name: The column.
        fold: Whether capitals, and ё or е, make no difference.

    Examples:
        >>> column("amount") >= 1000
        Where(column='amount', operator='at_least', value=1000)
    """
    return Column(name, Where, (("fold", fold),) if fold else ())


def equal_to(name: str, given: Given | Iterable[Given]) -> Where:
    """Give the filter that a keyword stands for: equals a value, or is one of several.

    Raises:
        DefinitionError: It is neither a value nor several.
    """
    if isinstance(given, str | bool | int | float | Decimal | dt.date):
        return Where(column=name, value=given)
    if not isinstance(given, Iterable):
        raise bad_parameter(
            name,
            got=type(given).__name__,
            allowed="a value, or a list of values",
            step=f"column({name!r}).is_missing() asks for rows without one.",
        )
    return Where(column=name, operator="in", values=tuple(given))


def _options(
    fold: bool, missing: Literal["unknown", "false", "true"]
) -> tuple[tuple[str, Any], ...]:
    options: list[tuple[str, Any]] = [("fold", fold)] if fold else []
    return tuple(options + ([("missing", missing)] if missing != "unknown" else []))
