"""Who stands in which cluster, and what the customers of each are like on the whole."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import polars as pl

from retention_kit.kmeans.problems import too_far
from retention_kit.kmeans.space import CLUSTER, DISTANCE, PART, Scaling, parts_of, with_nearest

_BITS = 62
_HALF = 32


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


def nearest(
    frame: pl.DataFrame, scaling: Scaling, centers: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give the number of the nearest centre, `int32`, and the distance to it, for each row.

    Args:
        frame: A table of features, all `Float64` and finite.
        scaling: How they are scaled.
        centers: The centres, scaled.

    Raises:
        FeaturesError: A row is too far from all of them to be measured.
    """
    labels = np.empty(frame.height, dtype=np.int32)
    distance = np.empty(frame.height)
    start = missing = 0
    for part in parts_of(frame):
        found = with_nearest(part, part.columns, scaling, centers)
        here = slice(start, start + part.height)
        labels[here] = found[CLUSTER].fill_null(0).to_numpy()
        distance[here] = found[DISTANCE].to_numpy()
        missing += found[CLUSTER].null_count()
        start += part.height
    if missing:
        raise too_far(f"{missing:,} rows")
    return labels, distance


def inertia_of(distance: np.ndarray) -> float:
    """Give the sum of squared distances, the same in whichever order the rows come.

    Args:
        distance: The distances, which are squared in place.

    Raises:
        FeaturesError: The sum is beyond the largest float.
    """
    with np.errstate(over="ignore"):
        np.square(distance, out=distance)
    largest = float(distance.max())
    if not largest < sys.float_info.max / len(distance):
        raise too_far()
    return float(_exact_sum(distance, _power(largest)))


def count_customers(frame: pl.DataFrame, scaling: Scaling, centers: np.ndarray) -> Counted:
    """Put customers into clusters, and describe these.

    Args:
        frame: A table of features, all `Float64` and finite.
        scaling: How they are scaled.
        centers: The centres, scaled.

    Raises:
        FeaturesError: A customer is too far from all centres to be measured.
    """
    labels, distance = nearest(frame, scaling, centers)
    inertia = inertia_of(distance)
    del distance
    columns = [column.to_numpy() for column in frame.iter_columns()]
    powers = [_power(max(float(one.max()), -float(one.min()))) for one in columns]
    sizes = np.bincount(labels, minlength=len(centers))
    # A centre that nobody is nearest to, of two that rounding made one, has zeros.
    means = np.zeros((len(centers), len(columns)))
    medians = np.zeros_like(means)
    for cluster in np.flatnonzero(sizes).tolist():
        is_here = labels == cluster
        for place, (column, power) in enumerate(zip(columns, powers, strict=True)):
            values = column[is_here]
            means[cluster, place] = _exact_sum(values, power) / len(values)
            medians[cluster, place] = _median(values)
    return Counted(labels, sizes.astype(np.int64), means, medians, inertia)


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


def _exact_sum(values: np.ndarray, power: int) -> Fraction:
    """Add floats as whole numbers, which have one sum in whichever order they come."""
    total = 0
    for start in range(0, len(values), PART):
        whole = (values[start : start + PART] * 2.0**power).astype(np.int64)
        # In halves, since so many of twice the size are too many for one number of 64 bits.
        total += (int((whole >> _HALF).sum()) << _HALF) + int((whole & (2**_HALF - 1)).sum())
    return Fraction(total) / Fraction(2) ** power


def _median(values: np.ndarray) -> float:
    """Give the median; the values are put into another order."""
    half = len(values) // 2
    values.partition(half)
    upper = float(values[half])
    if len(values) % 2:
        return upper
    lower = float(values[:half].max())
    # Each is halved, since their sum may be beyond the largest float.
    return upper if lower == upper else lower / 2 + upper / 2


def _power(largest: float) -> int:
    """Give the power of two that makes of values as large whole numbers as there are."""
    return min(_BITS - math.frexp(largest)[1], 1_000)
