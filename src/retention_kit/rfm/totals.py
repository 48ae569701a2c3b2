"""Who is in which segment, and what each segment brings."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, customer_local, finisher
from retention_kit.metrics.base.dimensions import By, dimensions
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import groups_of, share_of_group
from retention_kit.metrics.lifecycle.gaps import Unit
from retention_kit.rfm.grids import with_empty_and_other_rows
from retention_kit.rfm.looks import Look, Monetary
from retention_kit.rfm.rules import NO_PURCHASES, SEGMENT, RFMSegments, check_segments
from retention_kit.rfm.scorers import SCORES, RFMScorer
from retention_kit.rfm.scores import RATIOS, SUMS, rfm_scores, summed_by_scores

_PLACE = "__place"
_PLAY = "play"
_OF_SUMMARY = (
    *RATIOS,
    "average_order_value",
    "repeat_purchase_rate",
    "revenue_per_customer",
    _PLAY,
)


@customer_local(ages=True)
def rfm_segments(
    orders: Frame,
    *,
    as_of: dt.datetime,
    scorer: RFMScorer,
    segments: RFMSegments,
    window: str | None = None,
    unit: Unit = "order",
    monetary: Monetary = "net",
) -> Frame:
    """Give each customer's values, scores and segment.

    Customer-local. Orders at or after `as_of`, and those not completed, do not count; returns
    lower the monetary value alone.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        scorer: The scorer, fitted to this shop's table or to an earlier one of the same `window`,
            `unit` and `monetary`; it holds none of the three, so that another is not noticed.
        segments: The segments, of the scorer's levels and direction.
        window: Over what time before `as_of` frequency and monetary value are taken.
        unit: What a purchase is: each `order`, or all orders of one shop-zone `day` together.
        monetary: The `net` total, or the `mean`: the net total per purchase.

    Returns:
        One row per customer with a sale, in no promised order: the columns of `rfm_scores`, and

        - `segment` (`String`): the name of the segment; `no purchases` of who has none in the
            window.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `window`, `unit` or `monetary` is none of what it
            may be, or the scorer does not fit the segments.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.rfm import RFMScorer, RFMSegments
        >>> orders, as_of = example_orders()
        >>> scorer = RFMScorer.from_thresholds(
        ...     recency_days=(14, 90), frequency=(2, 4), monetary=(100, 1000)
        ... )
        >>> found = rfm_segments(
        ...     orders, as_of=as_of, scorer=scorer, segments=RFMSegments.three_levels()
        ... )
        >>> found.sort("customer_id").select("customer_id", "segment").collect().rows()
        [(1, 'about to sleep'), (2, 'new')]
    """
    check_segments(segments)
    scored = rfm_scores(
        orders, as_of=as_of, scorer=scorer, window=window, unit=unit, monetary=monetary
    )
    return segments.assign(scored, scorer=scorer)


@additive(keys=(SEGMENT,), ages=True)
def segment_totals(
    orders: Frame,
    *,
    as_of: dt.datetime,
    scorer: RFMScorer,
    segments: RFMSegments,
    window: str | None = None,
    unit: Unit = "order",
    monetary: Monetary = "net",
    by: By = (),
) -> Frame:
    """Count the customers in each segment, and sum what they have brought.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns lower the
    net value alone.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        scorer: The scorer.
        segments: The segments, of the scorer's levels and direction.
        window: Over what time before `as_of` frequency and monetary value are taken for the scores.
        unit: What a purchase is: each `order`, or all orders of one shop-zone `day` together.
        monetary: The `net` total, or the `mean`: the net total per purchase.
        by: Columns of `orders`; a customer stands in the group of their first sale.

    Returns:
        One row per group and segment that occurs, in no promised order:

        - the columns of `by`: as in `orders`.
        - `segment` (`String`): as in `rfm_segments`.
        - `customers` (`Int64`): customers in it.
        - `repeat_customers` (`Int64`): those of them with two or more purchases, over all time.
        - `orders` (`Int64`): their sales, over all time.
        - `revenue`, `net_revenue` (`Decimal(38, 4)`): sum of those, and of sales and returns, over
            all time, shop currency, major units.
        - `recency_days` (`Int64`): sum of the customers' days since the last sale.
        - `frequency` (`Int64`): sum of their purchases in the window.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `window`, `unit` or `monetary` is none of what it
            may be, the scorer does not fit the segments, or `by` names what cannot be split by.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.rfm import RFMScorer, RFMSegments
        >>> orders, as_of = example_orders()
        >>> scorer = RFMScorer.from_thresholds(
        ...     recency_days=(14, 90), frequency=(2, 4), monetary=(100, 1000)
        ... )
        >>> totals = segment_totals(
        ...     orders, as_of=as_of, scorer=scorer, segments=RFMSegments.three_levels()
        ... )
        >>> totals.sort("segment").select("segment", "customers", "revenue").collect().rows()
        [('about to sleep', 1, Decimal('400.0000')), ('new', 1, Decimal('50.0000'))]
    """
    check_segments(segments)
    segments.check(scorer)
    names = dimensions(by, orders, reserved=(SEGMENT, *SCORES, *SUMS, *_OF_SUMMARY))
    look = Look(as_of=as_of, window=window, unit=unit, monetary=monetary)
    cells = summed_by_scores(orders, look, scorer, names)
    # The cells are few, so that names are put to them and not to customers.
    return cells.group_by(*names, segments.segment_of().alias(SEGMENT)).agg(pl.col(SUMS).sum())


@finisher(of=segment_totals)
def segment_summary(totals: Frame, *, segments: RFMSegments) -> Frame:
    """Turn the sums by segment into shares and averages.

    Args:
        totals: What `segment_totals` gives, or a sum of such tables.
        segments: The segments that it was made with.

    Returns:
        One row per group and segment, sorted by the group and in the segments' order; where there
        are such, one for `no purchases` after them. Totals that were made with other segments lose
        nobody: a segment that is none of these keeps its row, last in its group. Ratios are
        `Float64`, null where the denominator is 0:

        - the columns of `by`: as in `totals`.
        - `segment` (`String`): the name.
        - `customers`, `repeat_customers`, `orders` (`Int64`), `revenue`, `net_revenue`
            (`Decimal(38, 4)`): as in `totals`, 0 where there is nobody.
        - `share_of_customers`: customers / customers of the group, 0 … 1.
        - `share_of_revenue`: revenue / revenue of the group, 0 … 1.
        - `average_order_value`: revenue / orders, shop currency, major units.
        - `repeat_purchase_rate`: repeat_customers / customers, 0 … 1.
        - `revenue_per_customer`: revenue / customers, shop currency, major units.
        - `mean_recency_days`: days since the last sale per customer.
        - `mean_frequency`: purchases in the window per customer.
        - `play` (`String`): what to do with them, null where the segments do not say.

    Raises:
        DefinitionError: The segments are none, or the totals are known to be of others.

    Notes:
        Money, orders and repeat purchases are those of the customers' whole life, whatever window
        their scores are of.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.rfm import RFMScorer, RFMSegments
        >>> orders, as_of = example_orders()
        >>> segments = RFMSegments.three_levels()
        >>> scorer = RFMScorer.from_thresholds(
        ...     recency_days=(14, 90), frequency=(2, 4), monetary=(100, 1000)
        ... )
        >>> totals = segment_totals(orders, as_of=as_of, scorer=scorer, segments=segments)
        >>> summary = segment_summary(totals, segments=segments).filter(pl.col("customers") > 0)
        >>> summary.select("segment", "customers", "share_of_revenue").collect().rows()
        [('new', 1, 0.1111111111111111), ('about to sleep', 1, 0.8888888888888888)]
    """
    check_segments(segments)
    groups: list[str] = groups_of(totals, (SEGMENT, *SUMS))
    names = [*segments.names, NO_PURCHASES]
    plays = [segments.plays.get(name) for name in names]
    slots = totals.select(
        pl.lit(pl.Series(names, dtype=pl.String)).alias(SEGMENT),
        pl.lit(pl.Series(plays, dtype=pl.String)).alias(_PLAY),
        pl.lit(pl.Series(range(len(names)), dtype=pl.Int64)).alias(_PLACE),
    )
    return (
        with_empty_and_other_rows(totals, slots, groups)
        .filter((pl.col(SEGMENT) != NO_PURCHASES) | (pl.col("customers") > 0))
        .sort(*groups, _PLACE, SEGMENT, nulls_last=[*(False for _ in groups), True, True])
        .select(
            *groups,
            SEGMENT,
            *SUMS[:5],
            share_of_group("customers", groups).alias("share_of_customers"),
            share_of_group("revenue", groups).alias("share_of_revenue"),
            ratio("revenue", "orders").alias("average_order_value"),
            ratio("repeat_customers", "customers").alias("repeat_purchase_rate"),
            ratio("revenue", "customers").alias("revenue_per_customer"),
            ratio("recency_days", "customers").alias("mean_recency_days"),
            ratio("frequency", "customers").alias("mean_frequency"),
            _PLAY,
        )
    )
