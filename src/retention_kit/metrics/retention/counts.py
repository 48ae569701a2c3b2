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
from retention_kit.metrics.base.observed import in_zone, instant, zone_of
from retention_kit.metrics.base.periods import (
    Every,
    check_every,
    last_day,
    period_index,
    period_start,
)
from retention_kit.metrics.retention.customer_months import numbered_periods

COUNTS = (
    "start_customers",
    "end_customers",
    "retained",
    "new_customers",
    "reactivated",
    "lost",
    "buyers",
    "known_buyers",
    "returning_customers",
    "orders",
    "revenue",
    "returning_revenue",
)
"""The columns of `retention_totals` that are summed."""
_COVERED = "__covered"
_IS_KNOWN = "__is_known"
_LEFT = "__left"
_NEVER = 2**30
_SIDE = "__side"
_HERE = (
    "buyers",
    "known_buyers",
    "new_customers",
    "reactivated",
    "orders",
    "revenue",
    "returning_revenue",
)


@additive(keys=("period",))
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
    return _balance(_summed(numbered, covered, last, by), by, last, every)


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
            pl.when(leaves).then(until).cast(pl.Int32).alias(_LEFT),
        )
        .group_by(*by, pl.col("period").cast(pl.Int32), _LEFT)
        .agg(
            pl.len().alias("buyers"),
            (is_known | (pl.col("orders") > 1)).sum().alias("known_buyers"),
            (~is_known).sum().alias("new_customers"),
            pl.col("reactivated").sum(),
            pl.col(_LEFT).count().alias("lost"),
            pl.col("orders", "revenue").sum(),
            pl.when(is_known).then("revenue").sum().alias("returning_revenue"),
        )
        .with_columns(pl.col(counts).cast(pl.Int64))
    )
    # Each row becomes two, one of its period and one of that in which its customers left; a second
    # query for these would read the orders again.
    is_here = pl.col(_SIDE) == 0
    return (
        stays.with_columns(pl.lit([0, 1]).alias(_SIDE))
        .explode(_SIDE)
        .filter(is_here | pl.col(_LEFT).is_not_null())
        .group_by(*by, pl.when(is_here).then("period").otherwise(_LEFT).alias("period"))
        .agg(
            pl.when(is_here).then(pl.col(*_HERE)).sum(),
            pl.when(~is_here).then("lost").sum(),
        )
    )


def _balance(summed: Frame, by: tuple[str, ...], last: pl.Expr, every: Every) -> Frame:
    """Carry the customers from the end of each period to the start of the next."""
    numbers = pl.int_ranges(pl.col("period"), last + 1, dtype=pl.Int32)
    first = pl.col("period").min()
    firsts = summed.group_by(by).agg(first) if by else summed.select(first).drop_nulls()
    every_period = firsts.with_columns(numbers.alias("period")).explode("period")
    change = pl.col("new_customers") + pl.col("reactivated") - pl.col("lost")
    end = change.cum_sum().over(by, order_by="period") if by else change.cum_sum()
    return (
        every_period.join(summed, on=[*by, "period"], how="left", nulls_equal=True)
        .with_columns(pl.col(*_HERE, "lost").fill_null(0))
        .sort(*by, "period")
        .with_columns(end.alias("end_customers"))
        .with_columns((pl.col("end_customers") - change).alias("start_customers"))
        .filter((pl.col("start_customers") > 0) | (pl.col("buyers") > 0))
        .with_columns(
            (pl.col("start_customers") - pl.col("lost")).alias("retained"),
            (pl.col("buyers") - pl.col("new_customers")).alias("returning_customers"),
            period_start(pl.col("period"), every).alias("period"),
        )
        .select(*by, "period", *COUNTS)
    )
