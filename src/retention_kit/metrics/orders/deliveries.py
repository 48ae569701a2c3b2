"""How long the first delivery took, and whether the customer came back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.activity import duration
from retention_kit.metrics.base.dimensions import By, dimensions, first_sale_value
from retention_kit.metrics.base.intervals import with_wilson
from retention_kit.metrics.base.observed import SOLD_AT, in_zone, observed, with_sales, zone_of
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import groups_of, with_empty_rows

_BINS = (0, 2, 4, 8, 15)
_OWN = ("delivery_days", "customers", "came_back")
_GROUP = "__group_"


@additive(keys=("delivery_days",), ages=True)
def delivery_totals(
    orders: Frame, *, as_of: dt.datetime, within: str = "90d", by: By = ()
) -> Frame:
    """Count who came back, by how long their first order took to be delivered.

    Additive. Orders at or after `as_of`, and those not completed, do not count.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`; `delivered_at` may be absent.
        as_of: Observation instant, exclusive, with a time zone.
        within: How long after delivery coming back counts: so many days, weeks, months, quarters
            or years of the shop-zone calendar. Whose time had not run out by `as_of` does not
            count.
        by: Columns of `orders` to split by. A customer stands in the group of their first sale; a
            missing value is a group of its own.

    Returns:
        One row per group and number of days, in no promised order, the columns of `by` first:

        - `delivery_days` (`Int64`): shop-zone date of delivery − date of the order, >= 0.
        - `customers` (`Int64`): customers whose first sale was delivered so long after it.
        - `came_back` (`Int64`): those with a sale in the time after that delivery, from its instant
            on.

        No delivered first orders give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `within` is no such length, or `by` names no
            column that can be split by.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> delivered = orders.with_columns(delivered_at=pl.col("ordered_at").dt.offset_by("3d"))
        >>> delivery_totals(delivered, as_of=as_of, within="60d").collect().rows()
        [(3, 1, 1)]
    """
    length = duration("within", within)
    groups = dimensions(by, orders, reserved=_OWN)
    held = [f"{_GROUP}{name}" for name in groups]
    schema = orders.collect_schema()
    seen = with_sales(observed(orders, as_of=as_of))
    zone = zone_of(schema)
    if "delivered_at" not in schema:
        nothing = pl.lit(None, dtype=pl.Datetime("us", zone))
        seen = seen.with_columns(nothing.alias("delivered_at"))
    sales = seen.filter(pl.col(SOLD_AT).is_not_null())
    firsts = sales.group_by("customer_id").agg(
        first_sale_value("delivered_at", orders).alias("__delivered"),
        first_sale_value("order_id", orders).alias("__first"),
        pl.col("ordered_at").min().alias("__ordered"),
        *(
            first_sale_value(name, orders).alias(kept)
            for name, kept in zip(groups, held, strict=True)
        ),
    )
    last = pl.col("__delivered").dt.date().dt.offset_by(f"{length.count}{length.unit}")
    delivered = firsts.filter(
        (pl.col("__delivered") >= pl.col("__ordered")) & (last <= in_zone(as_of, zone).date())
    ).with_columns(last.alias("__last"))
    returned = (
        (pl.col("ordered_at") >= pl.col("__delivered"))
        & (pl.col("ordered_at").dt.date() < pl.col("__last"))
        & (pl.col("order_id") != pl.col("__first"))
    )
    days = pl.col("__delivered").dt.date() - pl.col("__ordered").dt.date()
    return (
        sales.select("customer_id", "order_id", "ordered_at")
        .join(delivered, on="customer_id")
        .group_by("customer_id")
        .agg(
            days.first().dt.total_days().alias("delivery_days"),
            returned.any().alias("back"),
            *(pl.col(kept).first() for kept in held),
        )
        .group_by(*held, "delivery_days")
        .agg(
            pl.len().cast(pl.Int64).alias("customers"),
            pl.col("back").sum().cast(pl.Int64).alias("came_back"),
        )
        .select(*(pl.col(kept).alias(name) for name, kept in zip(groups, held, strict=True)), *_OWN)
    )


@finisher(of=delivery_totals)
def delivery_effect(
    totals: Frame, *, bins: Sequence[int] = _BINS, confidence: float | None = None
) -> Frame:
    """Turn counts by days of delivery into the share who came back, by bins of days.

    Args:
        totals: What `delivery_totals` gives, or a sum of such tables.
        bins: The first day of each bin, ascending; each ends where the next begins, and the last
            is open. Faster deliveries than the first are left out.
        confidence: How often the intervals should hold, above 0 and below 1; None gives no
            intervals.

    Returns:
        One row per group and bin, empty ones included, sorted by both, the columns of `by` first:

        - `delivery_days_from`, `delivery_days_to` (`Int64`): first and last day of the bin; the
            latter is null in the open one.
        - `customers` (`Int64`): customers whose first order took so long, the denominator.
        - `came_back` (`Int64`): those of them who bought again in time.
        - `share_came_back` (`Float64`): the second / the first, 0 … 1; null where the bin is empty.
        - with `confidence`, `share_came_back_low` and `share_came_back_high` (`Float64`): the ends
            of its Wilson interval.

    Raises:
        DefinitionError: `bins` are no ascending whole numbers from 0, or `confidence` is not
            between 0 and 1.

    Notes:
        This compares customers, it does not tell causes: who lives far from the shop may wait
        longer and also come back less for that very reason.

    Examples:
        >>> totals = pl.LazyFrame(
        ...     {"delivery_days": [1, 3, 20], "customers": [50, 40, 10], "came_back": [25, 10, 1]}
        ... )
        >>> table = delivery_effect(totals).collect()
        >>> shown = table.select("delivery_days_from", "delivery_days_to", "share_came_back")
        >>> for row in shown.rows():
        ...     print(*row)
        0 1 0.5
        2 3 0.25
        4 7 None
        8 14 None
        15 None 0.1
    """
    starts: list[int] = _checked(bins)
    ends: list[int | None] = [*(start - 1 for start in starts[1:]), None]
    first_day = "delivery_days_from"
    slots = totals.select(
        pl.lit(pl.Series(first_day, starts, dtype=pl.Int64)),
        pl.lit(pl.Series("delivery_days_to", ends, dtype=pl.Int64)),
    )
    days = pl.col("delivery_days")
    start_of = pl.max_horizontal(
        pl.when(days >= start).then(pl.lit(start, dtype=pl.Int64)) for start in starts
    )
    groups: list[str] = groups_of(totals, _OWN)
    summed = (
        totals.with_columns(start_of.alias(first_day))
        .group_by(*groups, first_day)
        .agg(pl.col("customers", "came_back").sum())
    )
    table = (
        with_empty_rows(summed, slots, groups)
        .sort(*groups, first_day)
        .select(
            *groups,
            first_day,
            "delivery_days_to",
            "customers",
            "came_back",
            ratio("came_back", "customers").alias("share_came_back"),
        )
    )
    if confidence is None:
        return table
    return with_wilson(table, "share_came_back", "came_back", "customers", confidence)


def _checked(bins: Sequence[int]) -> list[int]:
    starts = list(bins)
    whole = all(isinstance(one, int) and not isinstance(one, bool) for one in starts)
    if not starts or not whole or starts[0] < 0 or sorted(set(starts)) != starts:
        raise bad_parameter(
            "bins", got=bins, allowed="the first days of bins: whole numbers from 0, ascending"
        )
    return starts
