"""Who stands in which cluster, and what the customers of each are like on the whole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import polars as pl

from retention_kit.kmeans.space import CLUSTER, DISTANCE, Scaling, parts_of, with_nearest

_WHOLE = "__whole_"
_BITS = 62


@dataclass(frozen=True, slots=True)
class Counted:
    """The customers of each cluster.

    Attributes:
        labels: The number of each customer's cluster.
        sizes: Customers by cluster.
        means: The mean of each feature by cluster, in its own unit.
        medians: Its median.
        inertia: Sum of all customers' squared distances to their nearest centre.
    """

    labels: np.ndarray
    sizes: np.ndarray
    means: np.ndarray
    medians: np.ndarray
    inertia: float


def nearest(frame: pl.DataFrame, scaling: Scaling, centers: np.ndarray) -> pl.DataFrame:
    """Give the number of the nearest centre and the distance to it, for each row of features."""
    return pl.concat(
        with_nearest(part, part.columns, scaling, centers).select(CLUSTER, DISTANCE)
        for part in parts_of(frame)
    )


def count_customers(frame: pl.DataFrame, scaling: Scaling, centers: np.ndarray) -> Counted:
    """Put customers into clusters, and describe these.

    Args:
        frame: A table of features, all `Float64` and finite.
        scaling: How they are scaled.
        centers: The centres, scaled.
    """
    found = nearest(frame, scaling, centers)
    squares = (pl.col(DISTANCE) * pl.col(DISTANCE)).alias(DISTANCE)
    whole = frame.with_columns(found[CLUSTER], found.select(squares).to_series())
    columns = [*frame.columns, DISTANCE]
    # Whole numbers have one sum in whichever order the rows come, and floats have not.
    powers = {name: _power(whole[name]) for name in columns}
    by_cluster = (
        whole.lazy()
        .group_by(CLUSTER)
        .agg(
            pl.len().cast(pl.Int64).alias(f"{_WHOLE}len"),
            pl.col(*frame.columns).median(),
            *(
                (pl.col(name) * 2.0**power)
                .cast(pl.Int64)
                .cast(pl.Int128)
                .sum()
                .alias(f"{_WHOLE}{name}")
                for name, power in powers.items()
            ),
        )
        .collect()
    )
    # A centre that nobody is nearest to, of two that rounding made one, has a row all the same.
    everyone = pl.DataFrame({CLUSTER: range(len(centers))}, schema={CLUSTER: pl.Int64})
    table = everyone.join(by_cluster, on=CLUSTER, how="left", maintain_order="left").fill_null(0)
    sizes = table[f"{_WHOLE}len"].to_numpy()
    sums = {
        name: [Fraction(total) / Fraction(2) ** power for total in table[f"{_WHOLE}{name}"]]
        for name, power in powers.items()
    }
    counts = [max(size, 1) for size in sizes.tolist()]
    means = [
        [float(total / count) for total, count in zip(sums[name], counts, strict=True)]
        for name in frame.columns
    ]
    return Counted(
        labels=whole[CLUSTER].to_numpy(),
        sizes=sizes,
        means=np.array(means).T,
        medians=table.select(frame.columns).to_numpy(),
        inertia=float(sum(sums[DISTANCE])),
    )


def renumbered(counted: Counted, order: list[int]) -> Counted:
    """Give clusters the numbers that their places in an order say."""
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = np.arange(len(order))
    return Counted(
        labels=numbers[counted.labels],
        sizes=counted.sizes[order],
        means=counted.means[order],
        medians=counted.medians[order],
        inertia=counted.inertia,
    )


def _power(column: pl.Series) -> int:
    """Give the power of two that makes of a column's values as large whole numbers as there are."""
    largest = column.abs().max()
    exponent = math.frexp(largest)[1] if isinstance(largest, float) else 0
    return min(_BITS - exponent, 1_000)
