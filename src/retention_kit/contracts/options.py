"""The options of the door, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Required

from typing_extensions import TypedDict

from retention_kit.errors import DefinitionError, bad_parameter, nearest_names

if TYPE_CHECKING:
    import polars as pl


class DoorOptions(TypedDict, total=False):
    """How `Dataset.from_frames`, `from_lines` and `scan` read foreign tables.

    Attributes:
        currency: The shop's currency, three letters of ISO 4217. Required. Rows in another one
            are rejected.
        time_zone: The shop's time zone, an IANA name. Naive instants and dates are meant in it,
            and all instants are shown in it. Where it is not stated, it is that of `ordered_at`.
        columns: Which foreign column holds which column: `{"customer_id": "CustomerID"}`, for all
            tables, or by table: `{"orders": {"customer_id": "CustomerID"}}`.
        date_format: The format of dates written as text, in the notation of `strftime`, or
            `"iso8601"`; for all columns, or by column. It is never guessed.
        decimal_mark: `"."` (the default) or `","`, in numbers written as text.
        thousands_mark: What groups digits in numbers written as text; `" "` stands for any space.
        values: What foreign words mean in `kind`, `status`, `category` and `purpose`, by column:
            `{"status": {"Done": "completed"}}`.
        guest_ids: Customer ids that stand for nobody in particular ("retail customer", 0). A
            null customer is a guest anyway.
        negative_amounts: Whether an order (or line) of no stated kind with a negative amount is
            a `"return"`, or an error to `"reject"` (the default).
        positive_returns: Whether a return (or a line of one) with a positive amount is an error to
            `"reject"` (the default), or to `"negate"`: all its money, and of a line the quantity,
            change sign.
        duplicate_lines: Whether exact copies of lines that have no `line_id` are kept and counted
            (`"keep"`, the default), or rejected (`"reject"`).
        ids_as_text: Whether all ids are read as text. For tables that write the same ids
            differently.
        rules: Further rules of your own, by table and name: expressions over the table's columns,
            true where a row is kept: `{"lines": {"zero_price": pl.col("price") > 0}}`.
        separator: What separates the columns of CSV files; by default the header line tells.
        strict: Whether a rejected row is an error.
    """

    currency: Required[str]
    time_zone: str | None
    columns: Mapping[str, str] | Mapping[str, Mapping[str, str]] | None
    date_format: str | Mapping[str, str] | None
    decimal_mark: Literal[".", ","]
    thousands_mark: str | None
    values: Mapping[str, Mapping[str, str]] | None
    guest_ids: Sequence[int | str]
    negative_amounts: Literal["reject", "return"]
    positive_returns: Literal["reject", "negate"]
    duplicate_lines: Literal["keep", "reject"]
    ids_as_text: bool
    rules: Mapping[str, Mapping[str, pl.Expr]] | None
    separator: str | None
    strict: bool


def check_options(options: Mapping[str, Any]) -> None:
    """Raise on an option that does not exist, and where the currency is not stated.

    Raises:
        DefinitionError: Either of the two.
    """
    known = list(DoorOptions.__annotations__)
    for name in options:
        if name not in known:
            nearest = nearest_names(name, known)
            hint = f" Nearest: {', '.join(nearest)}." if nearest else ""
            raise DefinitionError(
                f"There is no option {name!r}. Allowed: {', '.join(known)}.{hint}", parameter=name
            )
    if options.get("currency") is None:
        raise DefinitionError(
            "The shop's currency is not stated. Allowed: three letters of ISO 4217. "
            "Next step: currency='RUB', for example.",
            parameter="currency",
        )
    for name in ("values", "rules"):
        outer = options.get(name)
        if outer is not None and not (
            isinstance(outer, Mapping) and all(isinstance(one, Mapping) for one in outer.values())
        ):
            raise bad_parameter(
                name,
                got=type(outer).__name__,
                allowed="a mapping of mappings",
            )
    mark = options.get("thousands_mark")
    if mark is not None and not (isinstance(mark, str) and len(mark) == 1):
        raise bad_parameter("thousands_mark", got=mark, allowed="one character, or None")
    separator = options.get("separator")
    if separator is not None and not isinstance(separator, str):
        raise bad_parameter("separator", got=separator, allowed="one character")
    formats = options.get("date_format")
    if formats is not None and not isinstance(formats, str | Mapping):
        raise bad_parameter("date_format", got=formats, allowed="text, or a mapping by column")
    if options.get("duplicate_lines", "keep") not in ("keep", "reject"):
        raise bad_parameter(
            "duplicate_lines", got=options["duplicate_lines"], allowed="'keep' or 'reject'"
        )
