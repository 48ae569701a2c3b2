"""Finding the centres: which rows are looked at, scikit-learn's k-means, and how many clusters."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from retention_kit.kmeans.problems import refused, too_far
from retention_kit.kmeans.space import PART, Scaling, scaled_rows

START_ROWS = 10_000
"""At about how many rows the starts look."""
_ODD = 0x9E3779B97F4A7C15
_ENOUGH = 2_048


@dataclass(frozen=True, slots=True)
class Found:
    """What k-means found.

    Attributes:
        centers: The centres, scaled.
        inertia: Sum of squared distances of the rows looked at to the nearest.
        silhouette: The mean silhouette of some of them, where it was asked for and is known.
        iterations: How many iterations the last run took.
    """

    centers: np.ndarray
    inertia: float
    silhouette: float | None
    iterations: int


def rows_to_fit(frame: pl.DataFrame, *, most: int, salt: int) -> pl.DataFrame:
    """Give the rows to look at, in an order that depends on what stands in them alone.

    Args:
        frame: A table of features, all `Float64` and finite.
        most: How many rows are looked at; of more, a sample of so many.
        salt: Another one makes another order, and another sample.
    """
    order = np.argsort(_hashed(frame, salt))
    if len(order) > most:
        # Evenly over the order, in which equal rows are neighbours: what many customers share
        # has its share of the sample.
        order = order[np.arange(most) * len(order) // most]
    return frame[order]


def scaling_of(rows: pl.DataFrame, *, log: bool, scale: bool) -> Scaling:
    """Find what the features are scaled by: their means and standard deviations, or nothing."""
    count = rows.width
    plain = Scaling(log, (0.0,) * count, (1.0,) * count)
    if not scale:
        return plain
    # What overflows is found in the rows that come out of it.
    with np.errstate(over="ignore", invalid="ignore"):
        scaler = StandardScaler().fit(scaled_rows(rows, plain))
    return Scaling(log, tuple(scaler.mean_.tolist()), tuple(scaler.scale_.tolist()))


def measurable_rows(rows: pl.DataFrame, scaling: Scaling) -> np.ndarray:
    """Give the rows to look at, scaled.

    Raises:
        FeaturesError: The sum of their squared distances is beyond the largest float.
    """
    matrix = scaled_rows(rows, scaling)
    largest = float(max(matrix.max(), -matrix.min()))
    is_known = np.isfinite([*scaling.location, *scaling.scale, largest]).all()
    # Two rows are at most twice as far apart.
    if not is_known or largest > math.sqrt(sys.float_info.max / matrix.size) / 2:
        raise too_far()
    return matrix


def find_centers(
    matrix: np.ndarray, counts: Iterable[int], *, n_init: int, seed: int
) -> dict[int, Found]:
    """Run k-means for one or several numbers of clusters.

    The starts look at up to `START_ROWS` of the rows, and the best goes on with all.

    Args:
        matrix: The rows to look at, scaled.
        counts: The numbers of clusters.
        n_init: How many starts each gets.
        seed: For the starts.
    """
    # On one thread sums are taken in one order, so that the answer is the same on any machine;
    # and threads that wait for each other lose more than they gain on so few rows.
    with threadpool_limits(limits=1, user_api="openmp"):
        return {count: _run(matrix, count, n_init=n_init, seed=seed) for count in counts}


def with_silhouettes(matrix: np.ndarray, found: dict[int, Found], *, rows: int) -> dict[int, Found]:
    """Add the mean silhouette of every so manieth row, so that it is of about `rows` of them."""
    step = -(-len(matrix) // rows)
    some = matrix[::step]
    with threadpool_limits(limits=1):
        return {
            count: Found(one.centers, one.inertia, _silhouette(some, one.centers), one.iterations)
            for count, one in found.items()
        }


def best_count(found: dict[int, Found]) -> int:
    """Choose the number of clusters with the largest silhouette; of equal ones the fewest."""
    known = {count: one.silhouette for count, one in found.items() if one.silhouette is not None}
    if not known:
        return min(found)
    best = max(known.values())
    return min(count for count, value in known.items() if value >= best - 1e-9)


def check_distinct(rows: pl.DataFrame, wanted: int, *, height: int) -> int:
    """Count distinct rows, as far as it matters, and raise where there are fewer than clusters.

    Raises:
        FeaturesError: There are.
    """
    distinct = rows.head(_ENOUGH).unique().height
    if distinct < wanted:
        distinct = rows.unique().height
    if distinct < wanted:
        raise refused(
            "n_clusters",
            got=wanted,
            allowed=f"at most the number of distinct customers, which is {distinct} "
            f"(n_samples={height})",
            step="ask for fewer clusters, or give features that tell customers apart.",
        )
    return distinct


def _hashed(frame: pl.DataFrame, salt: int) -> np.ndarray:
    """Give a number to each row that hangs on what stands in it; in parts, for memory's sake."""
    hashed = np.full(frame.height, salt, dtype=np.uint64)
    for column in frame.iter_columns():
        values = column.to_numpy()
        for start in range(0, len(values), PART):
            part = hashed[start : start + PART]
            # Minus zero is zero, and has other bits.
            part ^= (values[start : start + PART] + 0.0).view(np.uint64)
            part *= np.uint64(_ODD)
            part ^= part >> np.uint64(32)
    return hashed


def _run(matrix: np.ndarray, count: int, *, n_init: int, seed: int) -> Found:
    first = matrix[:: -(-len(matrix) // START_ROWS)]
    if len(np.unique(first[:_ENOUGH], axis=0)) < count:
        first = matrix
    started = KMeans(count, n_init=n_init, random_state=seed).fit(first)
    # On until nobody changes cluster: at the usual tolerance seeds differ by customers in the
    # hundreds where they agree to the last one here.
    fitted = KMeans(count, init=started.cluster_centers_, n_init=1, tol=0).fit(matrix)
    return Found(fitted.cluster_centers_, float(fitted.inertia_), None, int(fitted.n_iter_))


def _silhouette(rows: np.ndarray, centers: np.ndarray) -> float | None:
    squares = ((rows[:, None, :] - centers[None, :, :]) ** 2).sum(axis=2)
    labels = squares.argmin(axis=1)
    if not 1 < len(np.unique(labels)) < len(rows):
        return None
    return float(silhouette_score(rows, labels))
