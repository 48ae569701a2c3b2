"""The orders of the made-up shop with what was paid in points, never more than there was.

A sale that follows another of the same customer within sixty days pays half of the points that the
earlier one earned, rounded down: that one's points are all there then, since nothing was redeemed
in between, and they have not expired.
"""

import polars as pl

from benchmarks.jobs import AS_OF
from benchmarks.loyalty_jobs import PER

_SOON = pl.duration(days=60)


def paid_in_points(orders: pl.LazyFrame) -> pl.DataFrame:
    """Add `points_paid` to orders, in their order."""
    sold = orders.with_row_index("place").filter(
        (pl.col("kind") == "sale") & (pl.col("status") == "completed")
    )
    before = pl.all().exclude("customer_id").shift().over("customer_id")
    in_order = sold.filter(pl.col("ordered_at") < AS_OF).sort(
        "customer_id", "ordered_at", "order_id"
    )
    earned = (pl.col("amount").to_physical().cast(pl.Int64) // (PER * 10_000)).alias("earned")
    paid = (
        in_order.select("place", "customer_id", "ordered_at", "amount", earned)
        .with_columns(before.name.suffix("_before"))
        .filter(pl.col("ordered_at") - pl.col("ordered_at_before") < _SOON)
        .select(
            "place",
            pl.min_horizontal(pl.col("earned_before") // 2, pl.col("amount").cast(pl.Int64)).alias(
                "points"
            ),
        )
        .filter(pl.col("points") > 0)
    )
    return (
        orders.with_row_index("place")
        .join(paid, on="place", how="left", maintain_order="left")
        .drop("place")
        .with_columns(pl.col("points").cast(pl.Decimal(18, 4)).alias("points_paid"))
        .drop("points")
        .collect()
    )
