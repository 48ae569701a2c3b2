"""Who stands in which cluster, and what the customers of each are like on the whole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import polars as pl

from retention_kit.kmeans.space import CLUSTER, DISTANCE, Scaling, parts_of, with_nearest

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
    labels, distance = found[CLUSTER], found[DISTANCE]
    clusters = pl.DataFrame({CLUSTER: range(len(centers))}, schema={CLUSTER: pl.Int64})
    # Column by column, since the sums are made of numbers of twice the size.
    columns = [_by_cluster(clusters, labels, column) for column in frame.iter_columns()]
    squares = _by_cluster(clusters, labels, distance * distance)
    counts = squares.sizes
    means = [
        [float(total / max(size, 1)) for total, size in zip(one.sums, counts, strict=True)]
        for one in columns
    ]
    return Counted(
        labels=labels.to_numpy(),
        sizes=np.array(counts, dtype=np.int64),
        means=np.array(means).T,
        medians=np.array([one.medians for one in columns]).T,
        inertia=float(sum(squares.sums)),
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


@dataclass(frozen=True, slots=True)
class _Column:
    """One feature of all customers, by cluster."""

    sizes: list[int]
    sums: list[Fraction]
    medians: list[float]


def _by_cluster(clusters: pl.DataFrame, labels: pl.Series, values: pl.Series) -> _Column:
    # Whole numbers have one sum in whichever order the rows come, and floats have not.
    power = _power(values)
    whole = (pl.col("value") * 2.0**power).cast(pl.Int64).cast(pl.Int128)
    table = (
        pl.LazyFrame([labels, values.alias("value")])
        .group_by(CLUSTER)
        .agg(pl.len(), whole.sum().alias("sum"), pl.col("value").median().alias("median"))
        .collect()
    )
    # A centre that nobody is nearest to, of two that rounding made one, has a row all the same.
    every = clusters.join(table, on=CLUSTER, how="left", maintain_order="left").fill_null(0)
    sums = [Fraction(total) / Fraction(2) ** power for total in every["sum"].to_list()]
    return _Column(every["len"].to_list(), sums, every["median"].to_list())


def _power(values: pl.Series) -> int:
    """Give the power of two that makes of values as large whole numbers as there are."""
    largest = max(abs(float(one)) for one in (values.min(), values.max()))  # type: ignore[arg-type]
    return min(_BITS - math.frexp(largest)[1], 1_000)
