"""Who stays, who comes and who goes, period by period, in a shop without contracts.

The counting is done on the table of customers × periods alone, sorted by customer: each of its rows
makes its customer one at the boundaries of some periods after it, up to the next row or to the
end of the window. Where the window ends first, the customer is lost.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive
from retention_kit.metrics.base.activity import Window, starts_period, window
from retention_kit.metrics.base.by_customer import following, in_turn, previous
from retention_kit.metrics.base.dimensions import By, dimensions
from retention_kit.metrics.base.observed import in_zone, instant, is_sale, observed, zone_of
from retention_kit.metrics.base.periods import (
    Every,
    check_every,
    last_day,
    period_index,
)
from retention_kit.metrics.base.sales_in_turn import (
    FIRST_PERIOD,
    IS_FIRST_ROW,
    IS_LAST_ROW,
    IS_LATE,
    IS_NEW_PERIOD,
    IS_SALE,
    PERIOD,
    UNITS,
    fits_one_number,
    money,
    sales_in_turn,
)
from retention_kit.metrics.retention.balance import COUNTS, LEFT, balance, moved
from retention_kit.metrics.retention.customer_months import numbered_periods

_COVERED = "__covered"
_IS_KNOWN = "__is_known"
_NEVER = 2**30


@additive(keys=("period",), ages=True)
def retention_totals(
    orders: Frame,
    *,
    as_of: dt.datetime,
    every: Every = "1mo",
    active_within: str | None = None,
    by: By = (),
) -> Frame:
    """Count the customers at the start and at the end of each period, and those who moved.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        every: The calendar period, in the shop's zone.
        active_within: For how long a sale makes a customer: a customer at the instant t is who has
            a sale in [t − `active_within`, t). A number of days, weeks, months, quarters or years,
            as in `"90d"` or `"3mo"`, at least as long as any period; it need not be a multiple of
            it. Months are those of the calendar and clamp. None takes the period itself, so that
            the customers at its end are those who bought in it.
        by: Columns of `orders`; a customer stands in the group of their first sale.

    Returns:
        One row per group and period with a customer at its start or a buyer in it, in no promised
        order:

        - the columns of `by`: as in `orders`.
        - `period` (`Date`): first day of the period.
        - `start_customers` (`Int64`): customers at its start, S.
        - `end_customers` (`Int64`): customers at its end, E; `as_of` ends the last period.
        - `retained` (`Int64`): customers at both, S ∩ E.
        - `new_customers` (`Int64`): those whose first sale falls in the period.
        - `reactivated` (`Int64`): those at the end who were none at the start, and are not new.
        - `lost` (`Int64`): those at the start who are none at the end, S without E.
        - `buyers` (`Int64`): customers with a sale in the period.
        - `known_buyers` (`Int64`): those of them with two or more sales by its end.
        - `returning_customers` (`Int64`): those of them whose first sale was in an earlier one.
        - `orders` (`Int64`), `revenue` (`Decimal(38, 4)`): the sales in the period.
        - `returning_revenue` (`Decimal(38, 4)`): those of returning customers.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `every` is not a calendar period,
            `active_within` is no length of the calendar or may be shorter than the period, or
            `by` names what cannot be split by.

    Notes:
        E = retained + new + reactivated, and S = retained + lost. Near the beginning of the data
        everybody is new: nobody knows who bought before.

    References:
        Farris, Bendle, Pfeifer and Reibstein (2010), Marketing Metrics.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = retention_totals(orders, as_of=as_of).sort("period").collect()
        >>> for row in totals.select("period", "start_customers", "retained", "lost").rows():
        ...     print(row)
        (datetime.date(2025, 1, 1), 0, 0, 0)
        (datetime.date(2025, 2, 1), 1, 0, 1)
        (datetime.date(2025, 3, 1), 0, 0, 0)
    """
    check_every(every)
    names = dimensions(by, orders, reserved=("period", *COUNTS))
    multiple = window(active_within, every).periods(every)
    sales = observed(orders, as_of=as_of).filter(is_sale(orders))
    if multiple is not None and not names and fits_one_number(sales, as_of=as_of):
        return _totals_in_turn(sales, as_of, every, active_within)
    numbered = numbered_periods(orders, as_of=as_of, every=every, by=names)
    return _totals_of(numbered, as_of, every, active_within, names)


def retention_totals_of(
    periods: Frame,
    *,
    as_of: dt.datetime,
    every: Every,
    active_within: str | None = None,
    by: tuple[str, ...] = (),
) -> Frame:
    """Give `retention_totals` of the orders whose `customer_periods` are given.

    Args:
        periods: What `customer_periods` gives for the same `as_of`, `every` and `by`.
        as_of: The same instant.
        every: The same period.
        active_within: As in `retention_totals`.
        by: The same columns.
    """
    numbered = periods.with_columns(
        period_index(pl.col(name), every).alias(name) for name in ("period", "first_period")
    )
    return _totals_of(numbered, as_of, every, active_within, by)


def _totals_of(
    numbered: Frame,
    as_of: dt.datetime,
    every: Every,
    active_within: str | None,
    by: tuple[str, ...],
) -> Frame:
    zone = zone_of(numbered.select(pl.col("last_order_at").alias("ordered_at")).collect_schema())
    local = in_zone(as_of, zone)
    covered = _covered(window(active_within, every), local, every, zone)
    last = period_index(pl.lit(last_day(local)), every)
    return balance(_summed(numbered, covered, last, by), by, last, every)


def _covered(active: Window, local: dt.datetime, every: Every, zone: str) -> pl.Expr:
    """Number the last period at whose start a row's sales still make a customer.

    The end of the period that `as_of` cuts short counts as the start of the one after it.
    """
    multiple, bought = active.periods(every), pl.col("period")
    if multiple is not None:
        covered = bought + multiple
    else:
        day = active.last_covered(pl.col("last_order_at").dt.date())
        covered = pl.max_horizontal(period_index(day, every), bought + 1)
    last = period_index(pl.lit(last_day(local)), every)
    if starts_period(local, every):
        return pl.min_horizontal(covered, last + 1)
    is_customer = pl.col("last_order_at") >= instant(active.before(local), zone)
    is_customer |= bought == last
    return pl.when(is_customer).then(last + 1).otherwise(pl.min_horizontal(covered, last))


def _summed(numbered: Frame, covered: pl.Expr, last: pl.Expr, by: tuple[str, ...]) -> Frame:
    """Sum by period what was bought, who came back, and who left."""
    bought, until, is_known = pl.col("period"), pl.col(_COVERED), pl.col(_IS_KNOWN)
    leaves = (until < following(bought).fill_null(_NEVER)) & (until <= last)
    counts = ("buyers", "known_buyers", "new_customers", "reactivated", "lost")
    stays = (
        in_turn(numbered.with_columns(covered.alias(_COVERED)), "period")
        .with_columns(
            previous(bought).is_not_null().alias(_IS_KNOWN),
            (previous(until) < bought).fill_null(value=False).alias("reactivated"),
            # In the period that begins at the last boundary covered, the customer is lost.
            pl.when(leaves).then(until).cast(pl.Int32).alias(LEFT),
        )
        .group_by(*by, pl.col("period").cast(pl.Int32), LEFT)
        .agg(
            pl.len().alias("buyers"),
            (is_known | (pl.col("orders") > 1)).sum().alias("known_buyers"),
            (~is_known).sum().alias("new_customers"),
            pl.col("reactivated").sum(),
            pl.col(LEFT).count().alias("lost"),
            pl.col("orders", "revenue").sum(),
            pl.when(is_known).then("revenue").sum().alias("returning_revenue"),
        )
        .with_columns(pl.col(counts).cast(pl.Int64))
    )
    return moved(stays, by)


def _totals_in_turn(
    sales: Frame, as_of: dt.datetime, every: Every, active_within: str | None
) -> Frame:
    """Give `retention_totals` where the window is a number of periods and the sales fit.

    A sale is then forgotten a fixed number of periods later, which no customer's own sales change;
    but for the period that `as_of` cuts short, where it matters at what time of the day it was.
    """
    active, zone = window(active_within, every), zone_of(sales.collect_schema())
    local = in_zone(as_of, zone)
    is_whole = starts_period(local, every)
    late_from = None if is_whole else instant(active.before(local), zone)
    period, is_first, is_new = (pl.col(name) for name in (PERIOD, IS_FIRST_ROW, IS_NEW_PERIOD))
    last, multiple = period_index(pl.lit(last_day(local)), every), active.periods(every)
    assert multiple is not None, "the window is a number of periods"
    number = pl.col(IS_SALE).cast(pl.UInt32).cum_sum()
    of_first = pl.when(is_first).then(number).forward_fill()
    is_second = pl.col(IS_SALE) & (number == of_first + 1) & (period == pl.col(FIRST_PERIOD))
    stays_away = period.shift(-1, fill_value=_NEVER) - period > multiple
    ends = pl.lit(value=True) if is_whole else ~pl.col(IS_LATE) & (period != last)
    flags = {
        "buyers": is_new,
        "known_buyers": (is_new & ~is_first) | is_second,
        "new_customers": is_first,
        "reactivated": is_new & ~is_first & (period - period.shift() > multiple),
        "lost": pl.when(IS_LAST_ROW).then(ends).otherwise(stays_away),
        "orders": pl.col(IS_SALE),
    }
    is_known = period != pl.col(FIRST_PERIOD)
    left = pl.col("period") + multiple
    stays = (
        sales_in_turn(sales, as_of=as_of, every=every, late_from=late_from)
        .select(
            period.alias("period"),
            *(flag.alias(name) for name, flag in flags.items()),
            pl.col(UNITS).alias("revenue"),
            pl.when(is_known).then(UNITS).otherwise(0).alias("returning_revenue"),
        )
        .group_by("period")
        .agg(
            *(pl.col(name).sum().cast(pl.Int64) for name in flags),
            pl.col("revenue", "returning_revenue").cast(pl.Int128).sum(),
        )
        .with_columns(
            money("revenue"),
            money("returning_revenue"),
            (pl.when(left <= last).then(left) if is_whole else pl.min_horizontal(left, last)).alias(
                LEFT
            ),
        )
    )
    return balance(moved(stays, ()), (), last, every)
