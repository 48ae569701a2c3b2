"""What a column is compared with, and how: operators, exact values, and one comparison of a row."""

from __future__ import annotations

import datetime as dt
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import pydantic

from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.smart_segments.definitions.base import Part
from retention_kit.smart_segments.definitions.patterns import check_pattern, for_python
from retention_kit.smart_segments.definitions.windows import Window

Operator = Literal[
    "equals",
    "not_equals",
    "less_than",
    "at_most",
    "more_than",
    "at_least",
    "in",
    "not_in",
    "contains",
    "starts_with",
    "ends_with",
    "matches",
    "known",
    "unknown",
    "during",
]
"""How a value is compared; `known` and `unknown` ask whether there is one."""
NumberOperator = Literal["equals", "not_equals", "less_than", "at_most", "more_than", "at_least"]
"""How a number is compared."""
COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "equals": operator.eq,
    "not_equals": operator.ne,
    "less_than": operator.lt,
    "at_most": operator.le,
    "more_than": operator.gt,
    "at_least": operator.ge,
}
"""What each operator that compares with one value does, in Python and on expressions alike."""
OF_TEXT = ("contains", "starts_with", "ends_with", "matches")
OF_ORDER = ("less_than", "at_most", "more_than", "at_least")
WITHOUT_VALUE = ("known", "unknown", "during")
Scalar = bool | int | Decimal | str | dt.date | dt.datetime
MOST_DIGITS = 12
"""How many digits a number may have after the point."""
_LARGEST = Decimal(10) ** 18


def read_scalar(value: Any) -> Scalar:
    """Read a value: a number becomes whole or exact, a date and an instant are what they are.

    Args:
        value: What a person wrote, or what stands in JSON: true, a number, a text,
            `{"date": "2025-12-31"}`, `{"instant": "2025-12-31T10:00:00+03:00"}` or
            `{"number": "0.1"}`.

    Raises:
        DefinitionError: It is none of these.
    """
    match value:
        case bool() | str():
            return value
        case int() | float() | Decimal():
            return _number(value)
        case dt.datetime() if value.tzinfo is not None:
            return value.astimezone(dt.UTC)
        case dt.date() if not isinstance(value, dt.datetime):
            return value
        case dict() if len(value) == 1:
            return _tagged(*next(iter(value.items())))
    raise bad_parameter(
        "value",
        got=type(value).__name__,
        allowed="a text, a number, true or false, a date, or an instant with a time zone",
    )


def write_scalar(value: Scalar) -> Any:
    """Give a value as it stands in JSON, so that `read_scalar` gives the same back."""
    match value:
        case dt.datetime():
            return {"instant": value.isoformat()}
        case dt.date():
            return {"date": value.isoformat()}
        case Decimal():
            near = float(value)
            return near if Decimal(repr(near)) == value else {"number": str(value)}
    return value


def _tagged(kind: object, text: object) -> Scalar:
    """Read what stands in JSON as an object of one key: a date, an instant, an exact number."""
    try:
        if isinstance(text, str):
            match kind:
                case "date":
                    return dt.date.fromisoformat(text)
                case "instant":
                    return read_scalar(dt.datetime.fromisoformat(text))
                case "number":
                    return _number(Decimal(text))
    except (ValueError, ArithmeticError):
        pass
    raise bad_parameter(
        "value",
        got=f"an object with {kind!r}",
        allowed='{"date": "2025-12-31"}, {"instant": "2025-12-31T10:00:00+03:00"} or '
        '{"number": "0.1"}',
    )


def read_number(value: Any) -> int | Decimal:
    """Read a value that must be a number.

    Raises:
        DefinitionError: It is none.
    """
    read = read_scalar(value)
    if isinstance(read, bool) or not isinstance(read, int | Decimal):
        raise bad_parameter("value", got=type(value).__name__, allowed="a number")
    return read


def _number(value: float | Decimal) -> int | Decimal:
    if isinstance(value, float) and not math.isfinite(value):
        raise bad_parameter("value", got=value, allowed="a finite number")
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite() or abs(exact) >= _LARGEST:
        raise bad_parameter("value", got=value, allowed="a number below 10**18")
    if exact == exact.to_integral_value():
        return int(exact)
    sign, digits, exponent = exact.as_tuple()
    places = -int(exponent)
    while digits[-1] == 0:
        digits, places = digits[:-1], places - 1
    if places > MOST_DIGITS:
        raise bad_parameter(
            "value", got=value, allowed=f"at most {MOST_DIGITS} digits after the point"
        )
    # Not normalize(), which would round to the digits of whoever's context it is.
    return Decimal((sign, digits, -places))


_TAGGED = [
    {
        "type": "object",
        "properties": {key: {"type": "string"}},
        "required": [key],
        "additionalProperties": False,
    }
    for key in ("date", "instant", "number")
]
_ANY = {"anyOf": [{"type": ["boolean", "number", "string"]}, *_TAGGED]}
Value = Annotated[
    Any,
    pydantic.PlainValidator(read_scalar),
    pydantic.PlainSerializer(write_scalar, return_type=Any),
    pydantic.WithJsonSchema(_ANY),
]
"""A value to compare with, kept exactly."""
Number = Annotated[
    Any,
    pydantic.PlainValidator(read_number),
    pydantic.PlainSerializer(write_scalar, return_type=Any),
    pydantic.WithJsonSchema({"anyOf": [{"type": "number"}, _TAGGED[2]]}),
]
"""A number to compare with, kept exactly."""


class Comparison(Part):
    """A column of a row compared with a value.

    Text is compared exactly, in the normal form NFC; with `fold` in lower case and with ё as е on
    both sides. A date beside a column of instants compares the instant's date in the shop's zone.
    `contains`, `starts_with`, `ends_with` and `matches` are for text; `matches` looks for a regular
    expression anywhere in it, of the subset that `patterns` documents; `fold` folds its
    letters too. `in` is true where the value equals one of `values`, which are of one type.
    `during` is for dates and instants: it asks whether they lie in a window; a date is the first
    instant of its day.

    Attributes:
        column: The column.
        operator: How to compare.
        value: With what, where the operator takes one.
        values: With which ones, for `in` and `not_in`.
        window: In which window, for `during`.
        fold: Whether capitals, and ё or е, make no difference.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            column: str,
            operator: Operator = "equals",
            value: Scalar | float | None = None,
            values: Iterable[Scalar | float] = (),
            window: Window | None = None,
            fold: bool = False,
        ) -> None: ...

    column: str = pydantic.Field(min_length=1)
    operator: Operator = "equals"
    value: Value | None = None
    values: tuple[Value, ...] = ()
    window: Window | None = None
    fold: bool = pydantic.Field(default=False, strict=True)

    def __eq__(self, other: object) -> bool:
        # To Python True equals 1, and a fact about the one is no fact about the other.
        return super().__eq__(other) and _kinds(self) == _kinds(other)  # type: ignore[arg-type]

    def __hash__(self) -> int:
        return hash((self.column, self.operator, self.value, self.values, self.window, self.fold))

    @pydantic.field_validator("values", mode="before")
    @classmethod
    def _are_a_list(cls, value: Any) -> Any:
        if isinstance(value, str | bytes | dict):
            raise bad_parameter("values", got=value, allowed="a list of values, such as ['a', 'b']")
        return tuple(value) if isinstance(value, Iterable) else value

    @pydantic.model_validator(mode="after")
    def _fits_the_operator(self) -> Self:
        _check_operands(self)
        return self


class Where(Comparison):
    """A comparison of one row: what is unknown of the row does not hold.

    A missing value equals nothing, differs from nothing, and is in no list: the row does not
    match. See `Comparison` for how values are compared.
    """


def _check_operands(comparison: Comparison) -> None:
    operator, value, values = comparison.operator, comparison.value, comparison.values
    wants_list = operator in ("in", "not_in")
    wants_one = not wants_list and operator not in WITHOUT_VALUE
    if wants_list != bool(values):
        raise bad_parameter(
            "values",
            got=f"{len(values)} with {operator!r}",
            allowed="at least one value with 'in' and 'not_in', and none with another operator",
        )
    if wants_one != (value is not None):
        raise bad_parameter(
            "value",
            got=f"{'one' if value is not None else 'none'} with {operator!r}",
            allowed="one value with a comparison; none with 'in', 'not_in', 'known', 'unknown' "
            "and 'during'",
        )
    if (operator == "during") != (comparison.window is not None):
        raise bad_parameter(
            "window", got=f"operator {operator!r}", allowed="a window with 'during', and only then"
        )
    if len({kind_of_value(one) for one in values}) > 1:
        kinds = sorted({kind_of_value(one) for one in values})
        raise bad_parameter(
            "values",
            got=f"values of several types ({', '.join(kinds)})",
            allowed="values of one type",
            step="write them all as texts, or all as numbers, as the column has them.",
        )
    if operator in OF_TEXT and not isinstance(value, str):
        raise bad_parameter("value", got=kind_of_value(value), allowed=f"a text with {operator!r}")
    if operator in OF_TEXT and value == "":
        raise bad_parameter("value", got="", allowed="a text of at least one character")
    if operator in OF_ORDER and isinstance(value, bool):
        raise bad_parameter("value", got=value, allowed=f"what has an order, with {operator!r}")
    if operator == "matches":
        check_pattern(value)
        for_python(str(value), fold=comparison.fold)  # a range may be turned round by folding
    if comparison.fold and not _is_about_text(comparison):
        raise DefinitionError(
            f"fold=True is for texts, and {comparison.column!r} is compared otherwise. Next step: "
            "leave fold out.",
            parameter="fold",
        )


def _kinds(comparison: Comparison) -> tuple[str, ...]:
    return tuple(kind_of_value(one) for one in (comparison.value, *comparison.values))


def _is_about_text(comparison: Comparison) -> bool:
    operands = comparison.values or (comparison.value,)
    return all(isinstance(one, str) for one in operands)


def kind_of_value(value: Any) -> str:
    """Name the kind of a value, as messages do."""
    match value:
        case bool():
            return "true or false"
        case int() | Decimal() | float():
            return "number"
        case str():
            return "text"
        case dt.datetime():
            return "instant"
        case dt.date():
            return "date"
    return type(value).__name__
