"""What the models are fitted to and applied to: each customer's repeat purchases and their times.

The day as the unit of purchase is that of Fader, Hardie and Lee (2005), whose published tables
count days on which a customer bought.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import polars as pl

from retention_kit.contracts.law import Frame, additive, customer_local
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.dimensions import first_sale_value
from retention_kit.metrics.base.observed import in_zone, instant, is_sale, observed, zone_of
from retention_kit.metrics.base.weighted import in_days

Unit = Literal["day", "order"]
"""What a purchase is: all orders of one shop-zone day together, or each order."""
Returns = Literal["ignore", "subtract"]
"""What returns do to the mean of repeat purchases."""

HISTORY = ("frequency", "t_x_days", "T_days")
"""The columns that a transaction model sees."""
SUMMARY = ("customer_id", *HISTORY, "monetary", "first_order_at")
_AT, _SPENT, _FIRST_SPENT, _SECOND = "__at", "__spent", "__first_spent", "__second"
_ORDERED_AT = "ordered_at"


@customer_local(ages=True)
def clv_summary(
    orders: Frame, *, as_of: dt.datetime, unit: Unit = "day", returns: Returns = "ignore"
) -> Frame:
    """Summarise each customer's repeat purchases as number, last time, age and mean spend.

    Customer-local. Orders at or after `as_of`, and those not completed, do not count; returns are
    no purchases.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        unit: What a purchase is: all orders of one shop-zone `day` together, or each `order`.
        returns: What returns do to `monetary`: nothing (`ignore`), or those booked at or after a
            customer's second purchase lower it (`subtract`), below zero too.

    Returns:
        One row per customer with a sale, shape `(n_customers, 6)`, in no promised order:

        - `customer_id`: as in `orders`.
        - `frequency` (`Int64`): purchases after the first, >= 0.
        - `t_x_days` (`Float64`): from the first to the last purchase, in days; 0 with one purchase.
        - `T_days` (`Float64`): from the first purchase to the end of what was observed, in days,
            >= `t_x_days`.
        - `monetary` (`Float64`): mean amount of the purchases after the first, shop currency, major
            units; null with one purchase.
        - `first_order_at`: the instant of the first sale.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, or `unit` or `returns` is none of the two.

    Notes:
        By day, times are differences of shop-zone dates, whole numbers whatever the clock did, and
        T ends on the last day before `as_of`: date(as_of − 1 µs) − date(first purchase). By order,
        they are what has passed, in days of 24 hours, and T ends at `as_of`. Times are in days
        always; the unit of time that a model thinks in belongs to the model.

        The first purchase is in neither `frequency` nor `monetary`: the models are about repeat
        purchases. RFM's frequency and monetary value are other figures (`retention_kit.rfm`).

        A return before the second purchase can only be of the first one, so it never lowers
        `monetary`.

    References:
        Fader, Hardie and Lee (2005), "Counting your customers" the easy way: an alternative to the
        Pareto/NBD model. Fader, Hardie and Lee (2005), RFM and CLV: using iso-value curves.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> summary = clv_summary(orders, as_of=as_of).sort("customer_id").collect()
        >>> summary.drop("first_order_at").rows()
        [(1, 1, 48.0, 76.0, 300.0), (2, 0, 0.0, 11.0, None)]
    """
    _check(unit, returns)
    seen = observed(orders, as_of=as_of)
    bought = _purchases(seen.filter(is_sale(orders)), unit)
    first, last = pl.col(_AT).min(), pl.col(_AT).max()
    # Where the clock goes back over midnight, a later purchase may stand on an earlier date.
    end = pl.max_horizontal(_end(orders, as_of, unit), last)
    customers = bought.group_by("customer_id").agg(
        (pl.len().cast(pl.Int64) - 1).alias("frequency"),
        (last - first).cast(pl.Duration("us")).alias("t_x_days"),
        (end - first).cast(pl.Duration("us")).alias("T_days"),
        pl.col(_SPENT).sum(),
        _first_spent(bought, unit).alias(_FIRST_SPENT),
        pl.col(_ORDERED_AT).min().alias("first_order_at"),
        *([pl.col(_AT).bottom_k(2).max().alias(_SECOND)] if returns == "subtract" else []),
    )
    if returns == "subtract":
        customers = _less_returns(customers, seen.filter(~is_sale(orders)), unit)
    repeats = pl.when(pl.col("frequency") > 0).then("frequency")
    spent_again = (pl.col(_SPENT) - pl.col(_FIRST_SPENT)).cast(pl.Float64)
    return customers.with_columns(
        in_days(pl.col("t_x_days", "T_days").dt.total_microseconds()),
        (spent_again / repeats).alias("monetary"),
    ).select(SUMMARY)


@additive(keys=HISTORY, ages=True)
def clv_patterns(orders: Frame, *, as_of: dt.datetime, unit: Unit = "day") -> Frame:
    """Count the customers of each history: equal frequency, time of the last purchase, and age.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns neither. A
    transaction model sees nothing of a customer but these three, so this is all it needs, and it
    is a small part of the customers.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        unit: What a purchase is: all orders of one shop-zone `day` together, or each `order`; by
            order hardly two histories are equal.

    Returns:
        One row per history that occurs, in no promised order:

        - `frequency` (`Int64`), `t_x_days` and `T_days` (`Float64`): as in `clv_summary`.
        - `customers` (`Int64`): customers with this history, >= 1.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, or `unit` is none of the two.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> clv_patterns(orders, as_of=as_of).sort("frequency").collect().rows()
        [(0, 0.0, 11.0, 1), (1, 48.0, 76.0, 1)]
    """
    return (
        clv_summary(orders, as_of=as_of, unit=unit)
        .group_by(HISTORY)
        .agg(pl.len().cast(pl.Int64).alias("customers"))
    )


def _purchases(sales: Frame, unit: str) -> Frame:
    """Give the purchases: when each was, its first instant, and what was spent."""
    if unit == "order":
        return sales.select(
            "customer_id",
            "order_id",
            _ORDERED_AT,
            pl.col(_ORDERED_AT).alias(_AT),
            pl.col("amount").cast(SUM).alias(_SPENT),
        )
    return sales.group_by("customer_id", pl.col(_ORDERED_AT).dt.date().alias(_AT)).agg(
        pl.col(_ORDERED_AT).min(), pl.col("amount").sum().cast(SUM).alias(_SPENT)
    )


def _first_spent(bought: Frame, unit: str) -> pl.Expr:
    if unit == "order":
        return first_sale_value(_SPENT, bought)
    return pl.col(_SPENT).min_by(_AT)


def _end(orders: Frame, as_of: dt.datetime, unit: str) -> pl.Expr:
    """Give the end of what was observed: an instant, or the last day before it."""
    zone = zone_of(orders.collect_schema())
    if unit == "order":
        return instant(as_of, zone)
    # Taken off in UTC, where a wall clock does not stand twice on one hour.
    just_before = as_of.astimezone(dt.UTC) - dt.timedelta(microseconds=1)
    return pl.lit(in_zone(just_before, zone).date())


def _less_returns(customers: Frame, back: Frame, unit: str) -> Frame:
    """Take what came back at or after the second purchase off what was spent."""
    at = pl.col(_ORDERED_AT) if unit == "order" else pl.col(_ORDERED_AT).dt.date()
    late = (
        back.select("customer_id", at.alias(_AT), pl.col("amount").cast(SUM))
        .join(customers.select("customer_id", _SECOND), on="customer_id")
        .filter(pl.col(_AT) >= pl.col(_SECOND))
        .group_by("customer_id")
        .agg(pl.col("amount").sum())
    )
    netted = pl.col(_SPENT) + pl.col("amount").fill_null(0)
    return customers.join(late, on="customer_id", how="left").with_columns(netted.alias(_SPENT))


def _check(unit: str, returns: str) -> None:
    if unit not in ("day", "order"):
        raise bad_parameter("unit", got=unit, allowed="'day' or 'order'")
    if returns not in ("ignore", "subtract"):
        raise bad_parameter("returns", got=returns, allowed="'ignore' or 'subtract'")
