"""Every sale's customer, period and amount as one whole number of 128 bits, which sorts by itself.

A sort carries other columns along at several times its own cost. A sale has more to say than 128
bits hold only where its amount is beyond 2⁴⁰ ten-thousandths, some 110 million; the rest of that
one then stands in a number of its own, next to the first.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.contracts.packed import fits_packed, is_customers_first, low_of, packed
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.local_periods import period_number
from retention_kit.metrics.base.observed import zone_of
from retention_kit.metrics.base.periods import Every

PERIOD = "__period"
FIRST_PERIOD = "__first_period"
IS_FIRST_ROW = "__is_first_row"
IS_LAST_ROW = "__is_last_row"
IS_NEW_PERIOD = "__is_new_period"
IS_LATE = "__is_late"
IS_SALE = "__is_sale"
UNITS = "__units"
"""Ten-thousandths."""

_PERIOD = 2**42
_LATE = 2**41
_REST = 2**40
_HALF = 2**39
_MOST = 2**20
_LAST_YEAR = 2_800
_KEY = "__key"
_OTHER = "__other"
_DIGITS = 18


def fits_one_number(orders: Frame, *, as_of: dt.datetime) -> bool:
    """Say whether `sales_in_turn` can take the sales of a table before an instant."""
    schema = orders.collect_schema()
    amount = schema["amount"]
    return (
        fits_packed(schema["customer_id"])
        and isinstance(amount, pl.Decimal)
        and amount.scale == SUM.scale
        and amount.precision <= _DIGITS
        and as_of.year < _LAST_YEAR
    )


def sales_in_turn(
    sales: Frame, *, as_of: dt.datetime, every: Every, late_from: pl.Expr | None = None
) -> Frame:
    """Sort sales by customer and period, and say of each what its neighbours are.

    Args:
        sales: Sales before `as_of` of a table that fits, as `fits_one_number` says.
        as_of: Observation instant, exclusive, with a time zone.
        every: The period.
        late_from: An instant to tell earlier and later sales of one period apart by.

    Returns:
        One row per sale, and another for the rest of an amount that is beyond what a number holds:

        - `PERIOD`, `FIRST_PERIOD` (`Int32`): the sale's, and that of the customer's first one, as
          `period_index` numbers them.
        - `IS_FIRST_ROW`, `IS_LAST_ROW`: whether it is the customer's first row, and the last.
        - `IS_NEW_PERIOD`: whether it is the customer's first row of the period.
        - `IS_LATE`: whether the sale was at `late_from` or after it; a period's late ones are last.
        - `IS_SALE`: whether the row is a sale, and not the rest of one.
        - `UNITS` (`Int64`): ten-thousandths, which make the sale's amount together with its rest's.
    """
    key, low = pl.col(_KEY), pl.col(UNITS)
    period = (low.floordiv(_PERIOD) - _MOST).cast(pl.Int32).alias(PERIOD)
    is_sale = ((low & _REST) == 0).alias(IS_SALE)
    held = low & (_REST - 1)
    units = pl.when(IS_SALE).then(held).otherwise((held - _HALF) * _REST)
    is_first_row = pl.col(IS_FIRST_ROW)
    is_new = is_first_row | (pl.col(PERIOD) != pl.col(PERIOD).shift())
    return (
        _numbers(sales, as_of, every, late_from)
        .sort(_KEY)
        # All lows are at least 0, and so less than 2⁶³ apart.
        .select(low_of(key).alias(UNITS), is_customers_first(key).alias(IS_FIRST_ROW))
        .with_columns(period, is_sale, ((low & _LATE) != 0).alias(IS_LATE))
        .with_columns(
            units.alias(UNITS),
            is_new.alias(IS_NEW_PERIOD),
            is_first_row.shift(-1, fill_value=True).alias(IS_LAST_ROW),
            pl.when(is_first_row).then(PERIOD).forward_fill().alias(FIRST_PERIOD),
        )
    )


def money(units: str) -> pl.Expr:
    """Give a sum of ten-thousandths as an amount."""
    one = pl.lit("0.0001").cast(pl.Decimal(SUM.scale + 1, SUM.scale))
    return (pl.col(units).cast(pl.Decimal(38, 0)) * one).cast(SUM).alias(units)


def _numbers(sales: Frame, as_of: dt.datetime, every: Every, late_from: pl.Expr | None) -> Frame:
    """Give a number for each sale, and one for the rest of a large amount."""
    at, schema = pl.col("ordered_at"), sales.collect_schema()
    period = period_number(at, every, zone=zone_of(schema), until=as_of)
    place = (period.cast(pl.Int64) + _MOST) * _PERIOD
    if late_from is not None:
        place += (at >= late_from).cast(pl.Int64) * _LATE
    # A sale without an amount is a sale.
    amount = pl.col("amount").to_physical().cast(pl.Int64).fill_null(0)
    units = pl.col(UNITS)
    rest, held = units.floordiv(_REST), units & (_REST - 1)
    of_rest = pl.col(_KEY) + (rest - held + (_REST + _HALF))
    return (
        sales.select(
            packed(place + (amount & (_REST - 1)), schema["customer_id"]).alias(_KEY),
            amount.alias(UNITS),
        )
        # Of columns that are there: a period within another expression would be found twice.
        .select(_KEY, pl.when(rest != 0).then(of_rest).alias(_OTHER))
        .unpivot(value_name="key")
        .select(pl.col("key").alias(_KEY))
        .filter(pl.col(_KEY).is_not_null())
    )
