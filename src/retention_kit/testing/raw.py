"""A Hypothesis strategy for foreign tables of orders with everything that is wrong with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

_Style = tuple[pl.DataType, Sequence[Any]]

_NUMBERS: _Style = (pl.Int64(), (1, 2, 3, None, -4, 0))
_FLOATS: _Style = (pl.Float64(), (1.0, 2.0, float("nan"), None, 3.5, 1e300))
_TEXTS: _Style = (pl.String(), ("1", "01", "é", None, "", "Ж"))
_UNSIGNED: _Style = (pl.UInt64(), (1, 2, 3, None, 2**63, 0))

_ORDER_IDS: tuple[_Style, ...] = (
    (pl.Int64(), ()),
    (pl.String(), ()),
    (pl.Float64(), ()),
    (pl.UInt64(), ()),
)
_STYLES: Mapping[str, tuple[_Style | None, ...]] = {
    "customer_id": (_NUMBERS, _TEXTS, _FLOATS, _UNSIGNED),
    "ordered_at": (
        (
            pl.String(),
            (
                "2011-12-09 12:50",
                "2011-03-27T01:30:00",  # skipped in London
                "2011-10-30 01:30:00",  # twice in London
                "2012-02-29",
                "2011-02-29",
                "2011-12-09T12:50:00+03:00",
                "yesterday",
                "",
                None,
            ),
        ),
        (
            pl.Datetime("us"),
            (
                dt.datetime(2011, 12, 9, 12, 50),  # noqa: DTZ001
                dt.datetime(2011, 3, 27, 1, 30),  # noqa: DTZ001
                dt.datetime(2011, 10, 30, 1, 30),  # noqa: DTZ001
                None,
            ),
        ),
        (
            pl.Datetime("ms", "UTC"),
            (dt.datetime(2011, 12, 9, 12, 50, tzinfo=dt.UTC), None),
        ),
        (pl.Date(), (dt.date(2011, 12, 9), dt.date(2012, 2, 29), None)),
    ),
    "amount": (
        (
            pl.Float64(),
            (12.5, 0.0, -3.25, float("nan"), float("inf"), float("-inf"), 1e18, 0.00005, None),
        ),
        (pl.String(), ("12.50", "0", "-3.25", " 7 ", "abc", "", "1e3", "1" * 20, None)),
        (pl.Int64(), (12, 0, -3, 2**62, None)),
    ),
    "kind": (None, (pl.String(), ("sale", "return", None, "refund", ""))),
    "status": (None, (pl.String(), ("completed", "cancelled", "open", None, "Done"))),
    "currency": (None, (pl.String(), ("GBP", None, "USD"))),
    "note": (None, (pl.String(), ("gift", None))),
}
_PLACE = st.integers(0, 11)
_ROW = st.tuples(st.sampled_from((0, 0, 0, 0, 1, 2, 3)), *([_PLACE] * len(_STYLES)))


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
    id_type, _ = draw(st.sampled_from(_ORDER_IDS))
    styles = {name: draw(st.sampled_from(styles)) for name, styles in _STYLES.items()}
    rows = draw(st.lists(_ROW, max_size=max_rows))
    numbers: list[int | None] = []
    places: list[tuple[int, ...]] = []
    for number, (repeat, *own) in enumerate(rows):
        if repeat == 1 and places:
            numbers.append(numbers[-1])
            places.append(places[-1])
            continue
        # The id of the first row, now and then of the second: two that repeat look like lines.
        again = numbers[min(repeat - 2, len(numbers) - 1)] if repeat > 1 and numbers else None
        numbers.append(again if again is not None else _number(number, own[0]))
        places.append(tuple(own))
    columns = [pl.Series("order_id", [_order_id(one, id_type) for one in numbers], dtype=id_type)]
    for column, (name, style) in enumerate(styles.items()):
        if style is not None:
            dtype, values = style
            drawn = [values[row[column] % len(values)] for row in places]
            columns.append(pl.Series(name, drawn, dtype=dtype))
    return pl.DataFrame(columns)


def _number(row: int, place: int) -> int | None:
    return None if place == 11 else (row * 37 + 11) % 101


def _order_id(number: int | None, dtype: pl.DataType) -> Any:
    if number is None:
        return None
    if dtype == pl.Float64 and number % 10 == 5:
        return number + 0.5
    return str(number) if dtype == pl.String else number
