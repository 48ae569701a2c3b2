"""Does the model foretell? What was known at an instant, beside what came after it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from retention_kit.clv.bundle import ValueModel
from retention_kit.clv.expectations.of_history import expected_purchases
from retention_kit.clv.given import given_in
from retention_kit.clv.models import TransactionModel
from retention_kit.clv.pooled import EXACT, check_most, pooled, transactions_of
from retention_kit.clv.summary import HISTORY, Returns, Unit, clv_summary
from retention_kit.contracts.law import Frame, additive, customer_local, finisher
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.observed import in_zone, instant, is_sale, observed, zone_of
from retention_kit.metrics.base.ratios import ratio

_SPENT, _BOUGHT, _FIRST_DAY = "__spent", "__bought", "__first_day"
_DAY = dt.timedelta(days=1)


@customer_local(ages=True)
def holdout_summary(
    orders: Frame,
    *,
    since: dt.datetime,
    as_of: dt.datetime,
    unit: Unit = "day",
    returns: Returns = "ignore",
) -> Frame:
    """Summarise each customer as of an instant, and what they bought from then on.

    Customer-local. Orders at or after `as_of`, and those not completed, do not count; returns are
    no purchases. Customers who came after `since` are left out, for no model foretells them.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        since: The instant up to which a model is fitted, exclusive, with a time zone; best a
            midnight. A day on which a customer bought before it and after it counts before it.
        as_of: Observation instant, exclusive, with a time zone; the holdout ends there.
        unit: What a purchase is: all orders of one shop-zone `day` together, or each `order`.
        returns: What returns do to `monetary`; see `clv_summary`.

    Returns:
        One row per customer with a sale before `since`, shape `(n_customers, 9)`, in no promised
        order:

        - the columns of `clv_summary`, as of `since`.
        - `holdout_purchases` (`Int64`): purchases from `since` on, >= 0.
        - `holdout_days` (`Float64`): how long the holdout is.
        - `holdout_monetary` (`Float64`): mean amount of these purchases, returns not taken off,
            shop currency, major units; null without purchases.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: An instant has no time zone, `since` is not before `as_of`, or `unit` or
            `returns` is none of the two.

    References:
        Fader, Hardie and Lee (2005), "Counting your customers" the easy way.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> since = as_of.replace(month=2)
        >>> held = holdout_summary(orders, since=since, as_of=as_of).collect()
        >>> held.select("customer_id", "frequency", "T_days", "holdout_purchases").rows()
        [(1, 0, 17.0, 1)]
    """
    zone = zone_of(orders.collect_schema())
    start, end = in_zone(since, zone, "since"), in_zone(as_of, zone)
    if start.timestamp() >= end.timestamp():
        raise bad_parameter("since", got=since, allowed=f"an instant before as_of, {as_of}")
    known = clv_summary(orders, as_of=since, unit=unit, returns=returns)
    sold = observed(orders, as_of=as_of).filter(
        is_sale(orders), pl.col("ordered_at") >= instant(since, zone)
    )
    day = pl.col("ordered_at").dt.date()
    count = pl.len() if unit == "order" else day.n_unique()
    later = sold.group_by("customer_id").agg(
        count.cast(pl.Int64).alias(_BOUGHT),
        pl.col("amount").sum().cast(SUM).alias(_SPENT),
        day.min().alias(_FIRST_DAY),
    )
    last_day = pl.col("first_order_at").dt.date() + pl.duration(days=pl.col("t_x_days").cast(int))
    # A day that `since` cuts in two is one purchase, and counted before it.
    is_cut = (pl.col(_FIRST_DAY) == last_day).cast(pl.Int64) if unit == "day" else 0
    length = pl.lit(_length(start, end, unit), dtype=pl.Float64)
    return (
        known.join(later, on="customer_id", how="left")
        .with_columns(
            (pl.col(_BOUGHT) - is_cut).fill_null(0).alias("holdout_purchases"),
            length.alias("holdout_days"),
            ratio(_SPENT, _BOUGHT).alias("holdout_monetary"),
        )
        .with_columns(pl.when(pl.col("holdout_purchases") > 0).then("holdout_monetary"))
        .drop(_BOUGHT, _SPENT, _FIRST_DAY)
    )


@additive(keys=(*HISTORY, "holdout_days"), ages=True)
def holdout_totals(
    orders: Frame, *, since: dt.datetime, as_of: dt.datetime, unit: Unit = "day"
) -> Frame:
    """Count the customers of each history, and what they bought in the holdout.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        since: The instant up to which a model is fitted, exclusive, with a time zone.
        as_of: Observation instant, exclusive, with a time zone; the holdout ends there.
        unit: What a purchase is: all orders of one shop-zone `day` together, or each `order`.

    Returns:
        One row per history that occurs, in no promised order:

        - `frequency` (`Int64`), `t_x_days`, `T_days`, `holdout_days` (`Float64`): as in
            `holdout_summary`.
        - `customers` (`Int64`): customers with this history, >= 1.
        - `holdout_purchases` (`Int64`): their purchases from `since` on.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: An instant has no time zone, `since` is not before `as_of`, or `unit` is
            none of the two.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> since = as_of.replace(month=2)
        >>> holdout_totals(orders, since=since, as_of=as_of).collect().rows()
        [(0, 0.0, 17.0, 59.0, 1, 1)]
    """
    return (
        holdout_summary(orders, since=since, as_of=as_of, unit=unit)
        .group_by(*HISTORY, "holdout_days")
        .agg(
            pl.len().cast(pl.Int64).alias("customers"),
            pl.col("holdout_purchases").sum(),
        )
    )


@finisher(of=holdout_totals)
def conditional_expectations(
    totals: Frame, *, model: TransactionModel | ValueModel, most: int = 7
) -> Frame:
    """Compare the purchases of the holdout with those foretold, by frequency before it.

    Args:
        totals: What `holdout_totals` gives, or a sum of such tables.
        model: A model fitted to what was known at `since`.
        most: Customers with this frequency or a higher one are put together.

    Returns:
        One row per frequency from 0 to `most`, sorted:

        - `frequency` (`Int64`): repeat purchases before the holdout.
        - `or_more` (`Boolean`): whether higher frequencies are in the row; true in the last one.
        - `customers` (`Int64`): customers in it.
        - `holdout_purchases` (`Int64`): their purchases in the holdout.
        - `expected_holdout_purchases` (`Float64`): those foretold.
        - `purchases_per_customer`, `expected_per_customer` (`Float64`): both by customers; null
            where there are none.

    Raises:
        DefinitionError: `model` is no model of purchases, or `most` is no whole number from 0 on.

    Notes:
        The figure that Fader, Hardie and Lee call conditional expectations. A model may be right
        on the whole and wrong by frequency, which this shows.

    References:
        Fader, Hardie and Lee (2005), "Counting your customers" the easy way.

    Examples:
        >>> from retention_kit.clv import MBGNBD
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = holdout_totals(orders, since=as_of.replace(month=2), as_of=as_of)
        >>> model = MBGNBD(r=0.52, alpha=6.2, a=0.89, b=1.6, time_unit="1w")
        >>> table = conditional_expectations(totals, model=model, most=1).collect()
        >>> row = table.row(0, named=True)
        >>> row["holdout_purchases"], round(row["expected_per_customer"], 3)
        (1, 0.262)
    """
    check_most(most)
    transactions = transactions_of(model)

    def expected(block: pl.Series) -> pl.Series:
        given = given_in(block)
        x, t_x, age = given.in_units(transactions.unit_days)
        ahead = block.struct.field("holdout_days").to_numpy()[given.rows] / transactions.unit_days
        return given.spread(expected_purchases(transactions, ahead, x, t_x, age))

    foretold = (
        pl.struct(*HISTORY, "holdout_days")
        .map_batches(expected, return_dtype=pl.Float64, is_elementwise=True)
        .alias("expected_holdout_purchases")
    )
    sums = totals.with_columns((foretold * pl.col("customers")).cast(EXACT))
    columns = ("customers", "holdout_purchases", "expected_holdout_purchases")
    return pooled(sums, most, columns).with_columns(
        pl.col("expected_holdout_purchases").cast(pl.Float64),
        ratio("holdout_purchases", "customers").alias("purchases_per_customer"),
        ratio("expected_holdout_purchases", "customers").alias("expected_per_customer"),
    )


def _length(start: dt.datetime, end: dt.datetime, unit: str) -> float:
    """Give the length of the holdout in days: dates apart, or what has passed."""
    if unit == "order":
        return (end.timestamp() - start.timestamp()) / _DAY.total_seconds()
    before = [at.astimezone(dt.UTC) - dt.timedelta(microseconds=1) for at in (start, end)]
    first, last = (one.astimezone(start.tzinfo).date() for one in before)
    return float(np.float64((last - first).days))
