"""The first experience: from the first look to the second order, and where it leaks."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.errors import MissingColumnError
from retention_kit.metrics.base.intervals import with_wilson
from retention_kit.metrics.base.observed import instant, is_sale, observed, zone_of
from retention_kit.metrics.base.ratios import ratio

STEPS = ("viewed", "added_to_cart", "ordered", "ordered_again")
_SEEN, _ADDED = "Product Viewed", "Product Added"


@additive(keys=("step",))
def funnel_totals(events: Frame, orders: Frame, *, as_of: dt.datetime) -> Frame:
    """Count how many customers took each step from a first look to a second order.

    Additive. Events and orders at or after `as_of`, and orders not completed, do not count.

    Args:
        events: The `events` table, shape `(n_events, >= 3)`, in the words of Segment.
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.

    Returns:
        One row per step that anybody took, in no promised order:

        - `step` (`String`): `viewed`, the first `Product Viewed`; `added_to_cart`, a
            `Product Added` at or after it; `ordered`, a sale at or after the first such;
            `ordered_again`, another sale after that one.
        - `customers` (`Int64`): those who took it and all before it. Who had bought before the
            first look is not among them.
        - `unseen_customers` (`Int64`): those who bought once (`ordered`) or twice
            (`ordered_again`) without having been seen to look before their first purchase: offline,
            or before events were recorded.
        - `skipped_customers` (`Int64`): those who looked first and bought once or twice, and are
            not in `customers`: without a `Product Added` on record between the look and the sale.

        No events and no sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone.

    Notes:
        Of `ordered` the three columns add up to all customers who bought, of `ordered_again` to
        all who bought twice. There is no `by`: what is known of a customer by their orders is
        known of buyers alone, and among these everybody has ordered.

    References:
        Segment, E-commerce events specification, version 2.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> looked = orders.filter(pl.col("order_id") == 1).select(
        ...     "customer_id",
        ...     pl.col("ordered_at").dt.offset_by("-5m").alias("occurred_at"),
        ...     pl.lit(["Product Viewed", "Product Added"]).alias("name"),
        ... ).explode("name")
        >>> totals = funnel_totals(looked, orders, as_of=as_of).collect()
        >>> for row in sorted(totals.select("step", "customers", "unseen_customers").rows()):
        ...     print(*row)
        added_to_cart 1 0
        ordered 1 1
        ordered_again 1 0
        viewed 1 0
    """
    looks = _events_of(events, as_of=as_of)
    viewed = (
        looks.filter(pl.col("name") == _SEEN)
        .group_by("customer_id")
        .agg(pl.col("occurred_at").min().alias("viewed_at"))
    )
    added = (
        looks.filter(pl.col("name") == _ADDED)
        .join(viewed, on="customer_id")
        .filter(pl.col("occurred_at") >= pl.col("viewed_at"))
        .group_by("customer_id")
        .agg(pl.col("occurred_at").min().alias("added_at"))
    )
    path = viewed.join(added, on="customer_id", how="left")
    bought = (
        observed(orders, as_of=as_of)
        .filter(is_sale(orders))
        .select("customer_id", "ordered_at")
        .join(path, on="customer_id", how="left")
        .group_by("customer_id")
        .agg(
            pl.len().alias("sales"),
            (pl.col("ordered_at") >= pl.col("added_at")).sum().alias("sales_after"),
            pl.col("ordered_at").min().alias("first_at"),
        )
    )
    has_looked = pl.col("viewed_at").is_not_null()
    is_new = has_looked & (
        pl.col("first_at").is_null() | (pl.col("first_at") >= pl.col("viewed_at"))
    )
    sales = pl.col("sales").fill_null(0)
    after = pl.when(is_new & pl.col("added_at").is_not_null()).then("sales_after").fill_null(0)
    nobody = pl.lit(value=False)
    took = {
        "viewed": (is_new, nobody, nobody),
        "added_to_cart": (is_new & pl.col("added_at").is_not_null(), nobody, nobody),
        "ordered": (after >= 1, ~is_new & (sales >= 1), is_new & (sales >= 1) & (after < 1)),
        "ordered_again": (after >= 2, ~is_new & (sales >= 2), is_new & (sales >= 2) & (after < 2)),
    }
    everybody = path.join(bought, on="customer_id", how="full", coalesce=True)
    steps = everybody.select(
        pl.concat_list(
            pl.struct(
                pl.lit(step).alias("step"),
                seen.alias("seen"),
                unseen.alias("unseen"),
                skipped.alias("skipped"),
            )
            for step, (seen, unseen, skipped) in took.items()
        ).alias("steps")
    )
    return (
        steps.explode("steps")
        .unnest("steps")
        .filter(pl.any_horizontal("seen", "unseen", "skipped"))
        .group_by("step")
        .agg(
            pl.col("seen").sum().cast(pl.Int64).alias("customers"),
            pl.col("unseen").sum().cast(pl.Int64).alias("unseen_customers"),
            pl.col("skipped").sum().cast(pl.Int64).alias("skipped_customers"),
        )
    )


def _events_of(events: Frame, *, as_of: dt.datetime) -> Frame:
    schema = events.collect_schema()
    for name in ("customer_id", "name", "occurred_at"):
        if name not in schema:
            raise MissingColumnError("events", name, schema.names())
    zone = zone_of(pl.Schema({"ordered_at": schema["occurred_at"]}))
    return events.filter(
        (pl.col("occurred_at") < instant(as_of, zone)) & pl.col("customer_id").is_not_null()
    ).select("customer_id", "name", "occurred_at")


@finisher(of=funnel_totals)
def funnel(totals: Frame, *, confidence: float | None = None) -> Frame:
    """Turn the counts of steps into where customers are lost on the way to a second order.

    Args:
        totals: What `funnel_totals` gives, or a sum of such tables.
        confidence: How often the intervals of the conversions should hold, above 0 and below 1;
            None gives no intervals.

    Returns:
        Four rows, in the order of the steps:

        - `step` (`String`): `viewed`, `added_to_cart`, `ordered`, `ordered_again`.
        - `customers` (`Int64`): customers who took it and all before it.
        - `conversion_from_previous` (`Float64`): customers / those of the step before, 0 … 1; null
            of the first.
        - `conversion_from_first` (`Float64`): customers / those who viewed, 0 … 1.
        - `lost` (`Int64`): customers of the step before who did not take it; null of the first.
        - `is_largest_leak` (`Boolean`): the step that loses the greatest share of the one before,
            of several the first; none where nobody is lost.
        - `unseen_customers`, `skipped_customers` (`Int64`): as in `totals`; those are in none of
            the other columns, and these in none of this step's.
        - with `confidence`, `conversion_from_previous_low` and `conversion_from_previous_high`
            (`Float64`): the ends of their Wilson intervals.

    Raises:
        DefinitionError: `confidence` is not between 0 and 1.

    Notes:
        Who came late has had less time for the later steps: the funnel is a little better than it
        shows. Without carts on record nobody gets beyond the look, and who ordered is in
        `skipped_customers`.

    Examples:
        >>> totals = pl.LazyFrame(
        ...     {
        ...         "step": ["viewed", "added_to_cart", "ordered", "ordered_again"],
        ...         "customers": [1_000, 400, 100, 30],
        ...         "unseen_customers": [0, 0, 20, 5],
        ...         "skipped_customers": [0, 0, 10, 0],
        ...     }
        ... )
        >>> table = funnel(totals).collect()
        >>> for row in table.select("step", "conversion_from_previous", "lost").rows():
        ...     print(*row)
        viewed None None
        added_to_cart 0.4 600
        ordered 0.25 300
        ordered_again 0.3 70
    """
    places = totals.select(
        pl.lit(pl.Series("step", STEPS)), pl.lit(pl.Series("__place", range(len(STEPS))))
    )
    apart = ("unseen_customers", "skipped_customers")
    known = totals.select("step", "customers", *apart)
    counted = (
        known.join(places, on="step", how="right")
        .with_columns(pl.col("customers", *apart).fill_null(0))
        .sort("__place")
        .with_columns(
            pl.col("customers").shift(1).alias("__previous"),
            # Not first(): Polars multiplies by the reciprocal of what it knows to be one value.
            pl.when(pl.col("__place") == 0).then("customers").forward_fill().alias("__first"),
        )
        .with_columns(
            ratio("customers", "__previous").alias("conversion_from_previous"),
            ratio("customers", "__first").alias("conversion_from_first"),
            (pl.col("__previous") - pl.col("customers")).alias("lost"),
        )
    )
    leaks = pl.when(pl.col("lost") > 0).then("conversion_from_previous")
    worst = (leaks == leaks.min()).fill_null(value=False)
    is_first = worst.cum_sum() == 1
    table = counted.with_columns((worst & is_first).alias("is_largest_leak"))
    if confidence is not None:
        table = with_wilson(
            table, "conversion_from_previous", "customers", "__previous", confidence
        )
    ends = ["conversion_from_previous_low", "conversion_from_previous_high"]
    return table.sort("__place").select(
        "step",
        "customers",
        "conversion_from_previous",
        "conversion_from_first",
        "lost",
        "is_largest_leak",
        *apart,
        *(ends if confidence is not None else []),
    )
