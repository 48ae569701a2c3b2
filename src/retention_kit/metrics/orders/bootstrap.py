"""How sure averages over orders are: a bootstrap of customers that gives the same on every machine.

A customer's orders hang together, so customers are resampled, never orders. Each customer is drawn
a number of times that follows Poisson's law with mean 1, and that number is read off the stable
hash of the customer's id: so nothing is random, and the sums of each replicate are additive.
"""

from __future__ import annotations

import datetime as dt
import math

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import bad_parameter
from retention_kit.hashing import stable_hash_expression
from retention_kit.metrics.base.dimensions import By, dimensions, first_sale_value
from retention_kit.metrics.base.first_sales import IS_FIRST, with_first_sales
from retention_kit.metrics.base.intervals import normal_quantile
from retention_kit.metrics.base.observed import SOLD, SOLD_AT, observed, with_sales
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import groups_of

SALT = "retention_kit.bootstrap"
SLOTS = 4096
"""Customers share their weights with those of the same slot, of this many."""

_COUNTS = ("customers", "orders", "first_orders", "repeat_orders")
_SUMS = ("revenue", "net_revenue", "first_revenue", "repeat_revenue")
_OWN = ("replicate", *_COUNTS, *_SUMS)
_RATIOS = {
    "average_order_value": ("revenue", "orders"),
    "average_order_value_net": ("net_revenue", "orders"),
    "first_average_order_value": ("first_revenue", "first_orders"),
    "repeat_average_order_value": ("repeat_revenue", "repeat_orders"),
    "purchase_frequency": ("orders", "customers"),
    "share_of_repeat_sales": ("repeat_revenue", "revenue"),
    "revenue_per_customer": ("revenue", "customers"),
    "net_revenue_per_customer": ("net_revenue", "customers"),
}
_SLOT, _WEIGHT, _GROUP, _RESAMPLED = "__slot", "__weight", "__group_", "__resampled"
# SplitMix64 (Steele, Lea and Flood 2014): its step, and the two factors of its finish.
_STEP, _FIRST_FACTOR, _SECOND_FACTOR = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


@additive(keys=("replicate",))
def bootstrap_order_totals(
    orders: Frame, *, as_of: dt.datetime, replicates: int = 200, by: By = ()
) -> Frame:
    """Count and sum sales over and over, with each customer counted 0, 1, 2 or more times.

    Additive. Orders at or after `as_of`, and those not completed, do not count.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        replicates: How often, 1 or more.
        by: Columns of `orders` to split by. An order stands in its own group; a missing value is a
            group of its own.

    Returns:
        One row per group and replicate, in no promised order, the columns of `by` first:

        - `replicate` (`Int64`): 0 is the data as they are; 1 … `replicates` are weighted.
        - `customers`, `orders`, `first_orders`, `repeat_orders` (`Int64`): weighted counts of
            what `order_totals` counts.
        - `revenue`, `net_revenue`, `first_revenue`, `repeat_revenue` (`Decimal(38, 4)`): weighted
            sums of what it sums, shop currency, major units.

        A replicate in which nothing counts has no row. No orders give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `replicates` is less than 1, or `by` names no
            column that can be split by.

    Notes:
        slot = stable hash of `retention_kit.bootstrap:<customer_id>` mod 4096. u(r, slot) = the
        upper 32 bits of output number 4096 r + slot + 1 of SplitMix64 with the seed 0. The weight
        is the number of k = 0, 1, … with u ≥ ⌊2³² P(X ≤ k)⌉, X being Poisson with mean 1.

        Customers of one slot share their weights. Slots being as good as random, that leaves the
        variance of a ratio of two sums as it is but for 1/4096 of it, since what customers deviate
        from the ratio by adds up to 0; and any number of customers is reduced to 4,096 rows before
        they are weighted. The sums themselves vary more than they should: use their ratios.

    References:
        Chamandy, Muralidharan, Najmi and Naidu (2012), Estimating uncertainty for massive data
        streams, for the weights by Poisson's law.
        Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators.
        Deng, Knoblich and Lu (2018), Applying the delta method in metric analytics.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = bootstrap_order_totals(orders, as_of=as_of, replicates=3).sort("replicate")
        >>> totals.select("replicate", "customers", "orders").collect().rows()
        [(0, 2, 3), (1, 2, 3), (2, 2, 4), (3, 3, 5)]
    """
    if isinstance(replicates, bool) or not isinstance(replicates, int) or replicates < 1:
        raise bad_parameter("replicates", got=replicates, allowed="a whole number of at least 1")
    groups = dimensions(by, orders, reserved=_OWN)
    slots = _by_slot(with_sales(observed(orders, as_of=as_of)), groups)
    numbers = orders.select(pl.int_range(replicates + 1, dtype=pl.Int64).alias("replicate"))
    weight = pl.col(_WEIGHT)
    weighted = (
        slots.join(numbers, how="cross")
        .with_columns(weight_expression(pl.col("replicate"), pl.col(_SLOT)).alias(_WEIGHT))
        .group_by(*(f"{_GROUP}{name}" for name in groups), "replicate")
        .agg(
            *((pl.col(name) * weight).sum() for name in _COUNTS),
            *((pl.col(name) * weight.cast(pl.Decimal(38, 0))).sum().cast(SUM) for name in _SUMS),
        )
    )
    counts = pl.any_horizontal(pl.col(*_COUNTS, *_SUMS) != 0)
    return weighted.filter(counts).select(
        *(pl.col(f"{_GROUP}{name}").alias(name) for name in groups), *_OWN
    )


@finisher(of=bootstrap_order_totals)
def bootstrap_intervals(totals: Frame, *, confidence: float = 0.95) -> Frame:
    """Turn replicates into intervals of the averages over orders and customers.

    Args:
        totals: What `bootstrap_order_totals` gives, or a sum of such tables.
        confidence: How often such intervals hold the true figure, above 0 and below 1.

    Returns:
        One row per group and figure, sorted, the columns of `by` first:

        - `name` (`String`): `average_order_value`, `average_order_value_net`,
            `first_average_order_value`, `repeat_average_order_value`, `purchase_frequency`,
            `share_of_repeat_sales`, `revenue_per_customer` or `net_revenue_per_customer`.
        - `value` (`Float64`): the figure, null where its denominator is 0.
        - `low`, `high` (`Float64`): the ends of its interval, null with fewer than two customers.
        - `customers` (`Int64`): how many there are to resample.
        - `replicates` (`Int64`): those in which the figure is defined.

        No customers give zero rows of this schema.

    Raises:
        DefinitionError: `confidence` is not between 0 and 1.

    Notes:
        The ends are the quantiles (1 ∓ confidence) / 2 of the replicates (type 7 of Hyndman and
        Fan). They say how far the figure would move had other customers of the same kind come, and
        nothing of what the data leave out. With some dozens of customers, or a few who buy for
        much more than others, percentile intervals are too narrow.

    References:
        Efron and Tibshirani (1993), An Introduction to the Bootstrap.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> intervals = bootstrap_intervals(bootstrap_order_totals(orders, as_of=as_of)).collect()
        >>> intervals.select("name", "value", "low", "high").row(0)
        ('average_order_value', 150.0, 50.0, 200.0)
    """
    normal_quantile(confidence)  # it says what a confidence may be
    groups: list[str] = groups_of(totals, _OWN)
    is_whole = pl.col("replicate") == 0
    names = pl.Enum(list(_RATIOS))
    value, others = pl.col("value").filter(is_whole).first(), pl.col("value").filter(~is_whole)
    at_least_two = pl.col("customers") > 1
    tail = (1 - confidence) / 2
    customers = pl.when(is_whole).then("customers").max().over(groups or pl.lit(0))
    return (
        totals.select(
            *groups,
            "replicate",
            customers.alias(_RESAMPLED),
            *(ratio(*pair).alias(name) for name, pair in _RATIOS.items()),
        )
        .unpivot(
            on=list(_RATIOS),
            index=[*groups, "replicate", _RESAMPLED],
            variable_name="name",
            value_name="value",
        )
        .with_columns(pl.col("name").cast(names))
        .group_by(*groups, "name")
        .agg(
            value.alias("value"),
            others.quantile(tail, "linear").alias("low"),
            others.quantile(1 - tail, "linear").alias("high"),
            pl.col(_RESAMPLED).first().alias("customers"),
            others.count().cast(pl.Int64).alias("replicates"),
        )
        .sort(*groups, "name")
        .with_columns(
            pl.col("name").cast(pl.String),
            pl.when(at_least_two).then("low").alias("low"),
            pl.when(at_least_two).then("high").alias("high"),
        )
    )


def weight_expression(replicate: pl.Expr, slot: pl.Expr) -> pl.Expr:
    """Give how often the customers of a slot are counted in a replicate; in replicate 0, once.

    Args:
        replicate: An `Int64` expression, at least 0.
        slot: An expression of whole numbers below `SLOTS`.

    Returns:
        An `Int64` expression.
    """
    place = (replicate.cast(pl.UInt64) * SLOTS + slot.cast(pl.UInt64) + 1) * _word(_STEP)
    mixed = (place ^ place.floordiv(_word(1 << 30))) * _word(_FIRST_FACTOR)
    mixed = (mixed ^ mixed.floordiv(_word(1 << 27))) * _word(_SECOND_FACTOR)
    mixed = mixed ^ mixed.floordiv(_word(1 << 31))
    upper = mixed.floordiv(_word(1 << 32))
    weight = pl.sum_horizontal((upper >= _word(edge)).cast(pl.Int64) for edge in poisson_edges())
    return pl.when(replicate == 0).then(pl.lit(1, dtype=pl.Int64)).otherwise(weight)


def poisson_edges() -> list[int]:
    """Give the numbers below 2**32 at which a uniform one becomes one more of Poisson's."""
    edges, below = [], 0.0
    for count in range(20):
        below += math.exp(-1) / math.factorial(count)
        edge = round(2**32 * below)
        if edge >= 2**32:
            break
        edges.append(edge)
    return edges


def _by_slot(seen: Frame, groups: tuple[str, ...]) -> Frame:
    """Sum orders by customer, and customers by slot, within groups."""
    names = [f"{_GROUP}{name}" for name in groups]
    hashed = stable_hash_expression(pl.col("customer_id"), salt=SALT)
    return (
        _by_customer(seen, groups)
        .with_columns(
            (pl.col("orders") > 0).cast(pl.Int64).alias("customers"),
            (pl.col("orders") - pl.col("first_orders")).alias("repeat_orders"),
            (pl.col("revenue") - pl.col("first_revenue")).alias("repeat_revenue"),
            (hashed % SLOTS).fill_null(0).alias(_SLOT),
        )
        .group_by(_SLOT, *names)
        .agg(pl.col(*_COUNTS).sum(), pl.col(*_SUMS).sum().cast(SUM))
    )


def _by_customer(seen: Frame, groups: tuple[str, ...]) -> Frame:
    sums = [
        pl.col(SOLD_AT).count().cast(pl.Int64).alias("orders"),
        pl.col(SOLD).sum().cast(SUM).alias("revenue"),
        pl.col("amount").sum().cast(SUM).alias("net_revenue"),
    ]
    if not groups:
        # Without groups a customer is one row, and their first sale is found in the same pass.
        first = first_sale_value(SOLD, seen, sold_at=SOLD_AT).cast(SUM).alias("first_revenue")
        return (
            seen.group_by("customer_id")
            .agg(*sums, first)
            .with_columns(
                (pl.col("orders") > 0).cast(pl.Int64).alias("first_orders"),
                pl.col("first_revenue").fill_null(0),
            )
        )
    is_first = pl.col(IS_FIRST)
    return (
        with_first_sales(seen)
        .group_by("customer_id", *(pl.col(name).alias(f"{_GROUP}{name}") for name in groups))
        .agg(
            *sums,
            is_first.sum().cast(pl.Int64).alias("first_orders"),
            pl.col(SOLD).filter(is_first).sum().cast(SUM).alias("first_revenue"),
        )
    )


def _word(number: int) -> pl.Expr:
    return pl.lit(number, dtype=pl.UInt64)
