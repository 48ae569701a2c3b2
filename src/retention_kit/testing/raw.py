"""A Hypothesis strategy for foreign tables of orders with everything that is wrong with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from retention_kit.testing._shop import some_rows


@dataclass(frozen=True, slots=True)
class _Style:
    """How an export may write a column.

    Attributes:
        dtype: The type.
        good: Values that can be read, and break no rule alone.
        bad: The others.
    """

    dtype: pl.DataType
    good: Sequence[Any]
    bad: Sequence[Any] = ()

    def value(self, place: int, *, wrong: bool) -> Any:
        values = (wrong and self.bad) or self.good
        return values[place % len(values)]


_NOON = dt.datetime(2011, 12, 9, 12, 50)  # noqa: DTZ001
_ORDER_IDS = (pl.Int64(), pl.String(), pl.Float64(), pl.UInt64())
_STYLES: Mapping[str, tuple[_Style | None, ...]] = {
    "customer_id": (
        _Style(pl.Int64(), (1, 2, 3, None, -4, 0)),
        _Style(pl.String(), ("1", "01", "é", None, "", "Ж")),
        _Style(pl.Float64(), (1.0, 2.0, float("nan"), None), (3.5, 1e300)),
        _Style(pl.UInt64(), (1, 2, 3, None), (2**63,)),
    ),
    "ordered_at": (
        _Style(
            pl.String(),
            (
                "2011-12-09 12:50",
                "2012-02-29",
                "2011-10-30 01:30:00",  # twice in London
                "2011-12-09T12:50:00+03:00",
            ),
            ("2011-03-27T01:30:00", "2011-02-29", "yesterday", "", None),  # the first is skipped
        ),
        _Style(
            pl.Datetime("us"),
            (_NOON, _NOON.replace(month=10, day=30, hour=1)),
            (_NOON.replace(month=3, day=27, hour=1), None),
        ),
        _Style(pl.Datetime("ms", "UTC"), (_NOON.replace(tzinfo=dt.UTC),), (None,)),
        _Style(pl.Date(), (dt.date(2011, 12, 9), dt.date(2012, 2, 29)), (None,)),
    ),
    "amount": (
        _Style(
            pl.Float64(),
            (12.5, 0.0, -3.25, 0.00005),
            (float("nan"), float("inf"), float("-inf"), 1e18, None),
        ),
        _Style(pl.String(), ("12.50", "0", "-3.25", " 7 "), ("abc", "", "1e3", "1" * 20, None)),
        _Style(pl.Int64(), (12, 0, -3), (2**62, None)),
    ),
    "kind": (None, _Style(pl.String(), ("sale", "return", None, ""), ("refund",))),
    "status": (None, _Style(pl.String(), ("completed", "cancelled", "open", None), ("Done",))),
    "currency": (None, _Style(pl.String(), ("GBP", None), ("USD",))),
    "note": (None, _Style(pl.String(), ("gift", None))),
}
_NONE = -1
_PLACE = st.integers(0, 11)
_ROW = st.tuples(
    st.sampled_from((0, 0, 0, 0, 1, 2, 3)),
    st.sampled_from((_NONE, *range(len(_STYLES) + 1), _NONE, _NONE)),
    *([_PLACE] * len(_STYLES)),
)


def raw_orders(*, max_rows: int = 12) -> SearchStrategy[pl.DataFrame]:
    """Draw foreign tables of orders, for tests of what reads them.

    Types vary as exports vary: ids as integers, floats or text, instants as text, naive, with a
    zone, or dates, amounts as floats, text or integers, columns absent. Among the rows there are
    null and fractional ids, amounts that are infinite or not numbers or too large, instants that
    cannot be read or do not exist, negative sales and positive returns, unknown kinds and statuses,
    other currencies, guests, exact copies, and ids on different rows, in some tables so many that
    they look like lines.

    Args:
        max_rows: How many rows there are at most.

    Returns:
        Eager frames, to be read with a stated `time_zone` and `date_format="iso8601"`; the currency
        is `"GBP"`.

    Examples:
        >>> from hypothesis import given
        >>> @given(raw_orders())
        ... def property_of_raw_orders(frame):
        ...     assert {"order_id", "customer_id", "ordered_at", "amount"} <= set(frame.columns)
        >>> property_of_raw_orders()
    """
    return _raw_orders(max_rows)


@st.composite
def _raw_orders(draw: DrawFn, max_rows: int) -> pl.DataFrame:
    id_type = draw(st.sampled_from(_ORDER_IDS))
    styles = {name: draw(st.sampled_from(styles)) for name, styles in _STYLES.items()}
    numbers: list[int | None] = []
    places: list[tuple[int, ...]] = []
    for number, (repeat, *own) in enumerate(draw(some_rows(_ROW, max_rows))):
        if repeat == 1 and places:
            numbers.append(numbers[-1])
            places.append(places[-1])
            continue
        # The id of the first row, or of the second: two that repeat look like lines.
        again = numbers[min(repeat - 2, len(numbers) - 1)] if repeat > 1 and numbers else None
        numbers.append(again if again is not None else _number(number, own[0], own[1]))
        places.append(tuple(own))
    columns = [pl.Series("order_id", [_order_id(one, id_type) for one in numbers], dtype=id_type)]
    for column, (name, style) in enumerate(styles.items()):
        if style is not None:
            # At most one column of a row is wrong, so that enough rows are good.
            drawn = [style.value(row[column], wrong=wrong == column) for wrong, *row in places]
            columns.append(pl.Series(name, drawn, dtype=style.dtype))
    return pl.DataFrame(columns)


def _number(row: int, wrong: int, place: int) -> int | None:
    number = (row * 37 + 11) % 101
    if wrong != len(_STYLES):
        return number
    return None if place % 4 == 0 else -number


def _order_id(number: int | None, dtype: pl.DataType) -> Any:
    if number is None:
        return None
    if number < 0:
        # Wrong in the way that its type allows.
        return {pl.Float64(): number + 0.5, pl.String(): "", pl.UInt64(): 2**64 - 1}.get(
            dtype, number
        )
    return str(number) if dtype == pl.String else number
