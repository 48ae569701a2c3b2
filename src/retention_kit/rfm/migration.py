"""From which segment to which customers have gone between two instants."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.dimensions import By, dimensions, first_sale_value
from retention_kit.metrics.base.observed import SOLD, SOLD_AT, in_zone, instant, zone_of
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import groups_of, share_of_group
from retention_kit.metrics.lifecycle.gaps import Unit
from retention_kit.rfm.looks import BEFORE, Look, Monetary, looked_at
from retention_kit.rfm.rules import NO_PURCHASES, SEGMENT, RFMSegments, check_segments
from retention_kit.rfm.scorers import SCORES, RFMScorer, with_small_scores
from retention_kit.rfm.scores import OF

_WAS = SEGMENT + BEFORE
_SINCE = ("orders_since", "revenue_since", "net_revenue_since")
_SUMS = ("customers", *_SINCE, "net_revenue")
_RATIOS = ("share_of_segment_before", "revenue_since_per_customer")
_HAD_BOUGHT = "__had_bought"


@additive(keys=(_WAS, SEGMENT), ages=True)
def segment_migration_totals(
    orders: Frame,
    *,
    since: dt.datetime,
    as_of: dt.datetime,
    scorer: RFMScorer,
    segments: RFMSegments,
    window: str | None = None,
    unit: Unit = "order",
    monetary: Monetary = "net",
    by: By = (),
) -> Frame:
    """Count customers by the segments they were in at two instants, and sum what they brought.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns lower the
    net values alone. The same edges score both instants.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        since: The earlier instant, exclusive, with a time zone.
        as_of: The later instant, exclusive, with a time zone.
        scorer: The scorer.
        segments: The segments, of the scorer's levels and direction.
        window: Over what time before each instant frequency and monetary value are taken.
        unit: What a purchase is: each `order`, or all orders of one shop-zone `day` together.
        monetary: The `net` total, or the `mean`: the net total per purchase.
        by: Columns of `orders`; a customer stands in the group of their first sale.

    Returns:
        One row per group and pair of segments that occurs, in no promised order:

        - the columns of `by`: as in `orders`.
        - `segment_before` (`String`): the segment at `since`; `no purchases` of who had bought, but
            not in the window; null of who had not bought yet.
        - `segment` (`String`): the segment at `as_of`.
        - `customers` (`Int64`): customers who went from the one to the other, or stayed.
        - `orders_since` (`Int64`): their sales from `since` on.
        - `revenue_since`, `net_revenue_since` (`Decimal(38, 4)`): sum of those, and of sales and
            returns from `since` on, shop currency, major units.
        - `net_revenue` (`Decimal(38, 4)`): sum of their sales and returns over all time.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: An instant has no time zone, `since` is not before `as_of`, `window`,
            `unit` or `monetary` is none of what it may be, the scorer does not fit the segments,
            or `by` names what cannot be split by.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.rfm import RFMScorer, RFMSegments
        >>> orders, as_of = example_orders()
        >>> scorer = RFMScorer.from_thresholds(
        ...     recency_days=(14, 90), frequency=(2, 4), monetary=(100, 1000)
        ... )
        >>> totals = segment_migration_totals(
        ...     orders,
        ...     since=as_of - dt.timedelta(days=31),
        ...     as_of=as_of,
        ...     scorer=scorer,
        ...     segments=RFMSegments.three_levels(),
        ... )
        >>> found = totals.select("segment_before", "segment", "customers", "revenue_since")
        >>> for row in found.sort("segment_before").collect().rows():
        ...     print(row)
        (None, 'new', 1, Decimal('50.0000'))
        ('about to sleep', 'about to sleep', 1, Decimal('300.0000'))
    """
    check_segments(segments)
    segments.check(scorer)
    names = dimensions(by, orders, reserved=(_WAS, SEGMENT, *SCORES, *_SUMS, *_RATIOS))
    zone = zone_of(orders.collect_schema())
    # In one zone Python would compare wall clocks, of which one hour comes twice.
    if in_zone(since, "UTC", "since") >= in_zone(as_of, "UTC"):
        raise bad_parameter("since", got=since, allowed=f"an instant before as_of, {as_of}")
    look = Look(as_of=as_of, window=window, unit=unit, monetary=monetary)
    of_first: list[pl.Expr] = [
        first_sale_value(name, orders, sold_at=SOLD_AT).alias(OF + name) for name in names
    ]
    later: list[pl.Expr] = _sums_since(instant(since, zone, "since"))
    customers = looked_at(orders, look, since=since, more=[*of_first, *later])
    had_bought = pl.col("last_order_at" + BEFORE).is_not_null().alias(_HAD_BOUGHT)
    was = pl.when(_HAD_BOUGHT).then(segments.segment_of(BEFORE))
    scores = [score + end for end in ("", BEFORE) for score in SCORES]
    cells = (
        with_small_scores(with_small_scores(customers, scorer), scorer, ending=BEFORE)
        .group_by(*(pl.col(OF + name).alias(name) for name in names), had_bought, *scores)
        .agg(pl.len().cast(pl.Int64).alias("customers"), pl.col(*_SINCE, "net_revenue").sum())
    )
    return cells.group_by(*names, was.alias(_WAS), segments.segment_of().alias(SEGMENT)).agg(
        pl.col(_SUMS).sum()
    )


@finisher(of=segment_migration_totals)
def segment_migration(totals: Frame, *, segments: RFMSegments) -> Frame:
    """Turn the customers by their segments at two instants into the flow out of each segment.

    Args:
        totals: What `segment_migration_totals` gives, or a sum of such tables.
        segments: The segments that it was made with.

    Returns:
        One row per group and pair of segments that occurs, sorted by the group and in the segments'
        order, `no purchases` after them, then segments that are none of these, where the totals
        were made with others, and those last who had not bought before. Ratios are `Float64`, null
        where the denominator is 0:

        - the columns of `by`, `segment_before`, `segment` (`String`), `customers`, `orders_since`
            (`Int64`), `revenue_since`, `net_revenue_since`, `net_revenue` (`Decimal(38, 4)`): as
            in `totals`.
        - `share_of_segment_before`: customers / all of the group who were in the segment before,
            0 … 1.
        - `revenue_since_per_customer`: revenue_since / customers, shop currency, major units.

    Raises:
        DefinitionError: The segments are none, or the totals are known to be of others.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.rfm import RFMScorer, RFMSegments
        >>> orders, as_of = example_orders()
        >>> segments = RFMSegments.three_levels()
        >>> scorer = RFMScorer.from_thresholds(
        ...     recency_days=(14, 90), frequency=(2, 4), monetary=(100, 1000)
        ... )
        >>> totals = segment_migration_totals(
        ...     orders,
        ...     since=as_of - dt.timedelta(days=31),
        ...     as_of=as_of,
        ...     scorer=scorer,
        ...     segments=segments,
        ... )
        >>> flow = segment_migration(totals, segments=segments)
        >>> for row in flow.select(
        ...     "segment_before", "segment", "customers", "share_of_segment_before"
        ... ).collect().rows():
        ...     print(row)
        ('about to sleep', 'about to sleep', 1, 1.0)
        (None, 'new', 1, 1.0)
    """
    check_segments(segments)
    groups: list[str] = groups_of(totals, (_WAS, SEGMENT, *_SUMS))
    order = pl.Enum([*segments.names, NO_PURCHASES])
    keys: list[pl.Expr] = [
        key
        for name in (_WAS, SEGMENT)
        for key in (
            pl.col(name).is_null(),
            # Null of a segment of others, which then stand by name.
            pl.col(name).cast(order, strict=False),
            pl.col(name),
        )
    ]
    last: list[bool] = [*(False for _ in groups), *(True for _ in keys)]
    return totals.sort(*groups, *keys, nulls_last=last).select(
        *groups,
        _WAS,
        SEGMENT,
        *_SUMS,
        share_of_group("customers", [*groups, _WAS]).alias("share_of_segment_before"),
        ratio("revenue_since", "customers").alias("revenue_since_per_customer"),
    )


def _sums_since(since: pl.Expr) -> list[pl.Expr]:
    later = pl.col("ordered_at") >= since
    sales, sold, amount = (pl.when(later).then(one) for one in (SOLD_AT, SOLD, "amount"))
    sums = (
        sales.count().cast(pl.Int64),
        sold.sum().cast(SUM),
        amount.sum().cast(SUM),
    )
    return [one.alias(name) for one, name in zip(sums, _SINCE, strict=True)]
