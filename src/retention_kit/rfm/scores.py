"""Scores of a shop's customers, and sums by them: the cells of the RFM map."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from retention_kit.contracts.law import Frame, additive, customer_local, finisher
from retention_kit.metrics.base.dimensions import By, dimensions, first_sale_value
from retention_kit.metrics.base.observed import SOLD_AT
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import groups_of, share_of_group
from retention_kit.metrics.lifecycle.gaps import Unit
from retention_kit.rfm.grids import with_empty_and_other_rows
from retention_kit.rfm.looks import REPEAT, Look, Monetary, looked_at
from retention_kit.rfm.scorers import SCORES, RFMScorer, check_scorer, with_small_scores
from retention_kit.rfm.table import rfm_table

SUMS = (
    "customers",
    "repeat_customers",
    "orders",
    "revenue",
    "net_revenue",
    "recency_days",
    "frequency",
)
RATIOS = ("share_of_customers", "share_of_revenue", "mean_recency_days", "mean_frequency")
"""The ratios of the map, which the segments have as well."""
OF = "__of_"
"""What the names of columns to split by begin with on the way, lest they meet others."""


@customer_local(ages=True)
def rfm_scores(
    orders: Frame,
    *,
    as_of: dt.datetime,
    scorer: RFMScorer,
    window: str | None = None,
    unit: Unit = "order",
    monetary: Monetary = "net",
) -> Frame:
    """Give each customer's recency, frequency and monetary value with their scores.

    Customer-local. Orders at or after `as_of`, and those not completed, do not count; returns
    lower the monetary value alone.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        scorer: The scorer, fitted to this shop's table or to an earlier one of the same `window`,
            `unit` and `monetary`; it holds none of the three, so that another is not noticed.
        window: Over what time before `as_of` frequency and monetary value are taken.
        unit: What a purchase is: each `order`, or all orders of one shop-zone `day` together.
        monetary: The `net` total, or the `mean`: the net total per purchase.

    Returns:
        One row per customer with a sale, in no promised order: the columns of `rfm_table`, and

        - `recency_score`, `frequency_score`, `monetary_score` (`Int64`): 1 … number of levels;
            null of who has no purchase in the window.
        - `rfm_code` (`String`): the three of them, as `"111"`.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, or `window`, `unit`, `monetary` or `scorer` is
            none of what it may be.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.rfm import RFMScorer
        >>> orders, as_of = example_orders()
        >>> scorer = RFMScorer.from_thresholds(
        ...     recency_days=(14, 90), frequency=(2, 4), monetary=(100, 1000)
        ... )
        >>> scores = rfm_scores(orders, as_of=as_of, scorer=scorer).sort("customer_id")
        >>> scores.select("customer_id", "rfm_code").collect().rows()
        [(1, '222'), (2, '133')]
    """
    check_scorer(scorer)
    table = rfm_table(orders, as_of=as_of, window=window, unit=unit, monetary=monetary)
    return scorer.score(table)


@additive(keys=SCORES, ages=True)
def score_totals(
    orders: Frame,
    *,
    as_of: dt.datetime,
    scorer: RFMScorer,
    window: str | None = None,
    unit: Unit = "order",
    monetary: Monetary = "net",
    by: By = (),
) -> Frame:
    """Count the customers with each combination of scores, and sum what they have brought.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns lower the
    net value alone.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        scorer: The scorer.
        window: Over what time before `as_of` frequency and monetary value are taken for the scores.
        unit: What a purchase is: each `order`, or all orders of one shop-zone `day` together.
        monetary: The `net` total, or the `mean`: the net total per purchase.
        by: Columns of `orders`; a customer stands in the group of their first sale.

    Returns:
        One row per group and combination that occurs, in no promised order:

        - the columns of `by`: as in `orders`.
        - `recency_score`, `frequency_score`, `monetary_score` (`Int64`): null together, of who has
            no purchase in the window.
        - `customers` (`Int64`): customers with these scores.
        - `repeat_customers` (`Int64`): those of them with two or more purchases, over all time.
        - `orders` (`Int64`): their sales, over all time.
        - `revenue`, `net_revenue` (`Decimal(38, 4)`): sum of those, and of sales and returns, over
            all time, shop currency, major units.
        - `recency_days` (`Int64`): sum of the customers' days since the last sale.
        - `frequency` (`Int64`): sum of their purchases in the window.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `window`, `unit`, `monetary` or `scorer` is none
            of what it may be, or `by` names what cannot be split by.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.rfm import RFMScorer
        >>> orders, as_of = example_orders()
        >>> scorer = RFMScorer.from_thresholds(
        ...     recency_days=(14, 90), frequency=(2, 4), monetary=(100, 1000)
        ... )
        >>> totals = score_totals(orders, as_of=as_of, scorer=scorer).sort("recency_score")
        >>> totals.select("recency_score", "frequency_score", "customers").collect().rows()
        [(1, 3, 1), (2, 2, 1)]
    """
    check_scorer(scorer)
    names = dimensions(by, orders, reserved=(*SCORES, *SUMS, *RATIOS))
    look = Look(as_of=as_of, window=window, unit=unit, monetary=monetary)
    cells = summed_by_scores(orders, look, scorer, names)
    return cells.with_columns(pl.col(SCORES).cast(pl.Int64))


@finisher(of=score_totals)
def score_map(totals: Frame, *, scorer: RFMScorer) -> Frame:
    """Lay customers and money out over recency and frequency: the RFM map.

    Args:
        totals: What `score_totals` gives, or a sum of such tables.
        scorer: The scorer that it was made with.

    Returns:
        One row per group, recency score and frequency score, sorted, and where there are such one
        for who has no purchase in the window, last in its group. Ratios are `Float64`, null where
        the denominator is 0:

        - the columns of `by`: as in `totals`.
        - `recency_score`, `frequency_score` (`Int64`): 1 … number of levels, or null together;
            scores beyond the scorer's levels, of totals made with another, keep a row of their
            own.
        - `customers`, `repeat_customers`, `orders` (`Int64`), `revenue`, `net_revenue`
            (`Decimal(38, 4)`): as in `totals`, over all monetary scores; 0 where there is nobody.
        - `share_of_customers`: customers / customers of the group, 0 … 1.
        - `share_of_revenue`: revenue / revenue of the group, 0 … 1.
        - `mean_recency_days`: days since the last sale per customer.
        - `mean_frequency`: purchases in the window per customer.

    Raises:
        DefinitionError: The scorer is none, or the totals are known to be of another.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.rfm import RFMScorer
        >>> orders, as_of = example_orders()
        >>> scorer = RFMScorer.from_thresholds(recency_days=[14], frequency=[2], monetary=[100])
        >>> cells = score_map(score_totals(orders, as_of=as_of, scorer=scorer), scorer=scorer)
        >>> cells.select("recency_score", "frequency_score", "customers").collect().rows()
        [(1, 1, 0), (1, 2, 1), (2, 1, 1), (2, 2, 0)]
    """
    check_scorer(scorer)
    groups: list[str] = groups_of(totals, (*SCORES, *SUMS))
    cell = list(SCORES[:2])
    recency, frequency, _ = scorer.levels
    places = [(r, f) for r in range(1, recency + 1) for f in range(1, frequency + 1)]
    slots = totals.select(
        pl.lit(pl.Series([r for r, _ in places] + [None], dtype=pl.Int64)).alias(cell[0]),
        pl.lit(pl.Series([f for _, f in places] + [None], dtype=pl.Int64)).alias(cell[1]),
    )
    sums = totals.group_by(*groups, *cell).agg(pl.col(SUMS).sum())
    return (
        with_empty_and_other_rows(sums, slots, groups)
        .filter(pl.col(cell[0]).is_not_null() | (pl.col("customers") > 0))
        .select(
            *groups,
            *cell,
            *SUMS[:5],
            share_of_group("customers", groups).alias("share_of_customers"),
            share_of_group("revenue", groups).alias("share_of_revenue"),
            ratio("recency_days", "customers").alias("mean_recency_days"),
            ratio("frequency", "customers").alias("mean_frequency"),
        )
        .sort(*groups, *cell, nulls_last=[*(False for _ in groups), True, True])
    )


def summed_by_scores(orders: Frame, look: Look, scorer: RFMScorer, by: Sequence[str]) -> Frame:
    """Give the sums of `score_totals`, with scores as small numbers."""
    of_first = (first_sale_value(name, orders, sold_at=SOLD_AT).alias(OF + name) for name in by)
    customers = looked_at(orders, look, more=of_first)
    return (
        with_small_scores(customers, scorer)
        .group_by(*(pl.col(OF + name).alias(name) for name in by), *SCORES)
        .agg(
            pl.len().cast(pl.Int64).alias("customers"),
            pl.col(REPEAT).sum().alias("repeat_customers"),
            pl.col(*SUMS[2:]).sum(),
        )
    )
