"""Where customers stand among the centres of clusters: logarithms, scales and distances.

Everything is an expression on each row alone, so that an array, a table and a lazy plan, whole or
in parts, get the same answer to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
import polars as pl

from retention_kit.contracts.law import Frame

CLUSTER = "cluster"
DISTANCE = "cluster_distance"
PART = 2**16
"""How many rows are reckoned with at once, so that what is made on the way stays small."""
_FEATURE = "__feature_"
_SCALED = "__scaled_"
_FROM = "__from_"


@dataclass(frozen=True, slots=True)
class Scaling:
    """How features become numbers whose distances mean something.

    Attributes:
        log: Whether the signed logarithm of each is taken first.
        location: What is subtracted of each.
        scale: What each is divided by then, never 0.
    """

    log: bool
    location: tuple[float, ...]
    scale: tuple[float, ...]

    def of(self, values: Sequence[pl.Expr]) -> list[pl.Expr]:
        """Scale features.

        Args:
            values: One expression per feature.
        """
        logs = [signed_log(value) if self.log else value for value in values]
        # Polars multiplies by the inverse of what many rows are divided by, and divides one row.
        return [
            (value - location) * (1.0 / scale)
            for value, location, scale in zip(logs, self.location, self.scale, strict=True)
        ]


def signed_log(value: pl.Expr) -> pl.Expr:
    """Give sign(x) · log(1 + |x|), which takes what is negative too."""
    return value.sign() * value.abs().log1p()


def feature_names(count: int) -> list[str]:
    """Name the features of a table whose own names do not matter."""
    return [f"{_FEATURE}{place}" for place in range(count)]


def scaled_rows(frame: pl.DataFrame, scaling: Scaling) -> np.ndarray:
    """Give the rows of a table of features, scaled, as scikit-learn likes them."""
    columns = [pl.col(name) for name in frame.columns]
    scaled = frame.select(
        made.alias(name) for name, made in zip(frame.columns, scaling.of(columns), strict=True)
    )
    return np.ascontiguousarray(scaled.to_numpy())


def with_nearest(
    frame: Frame, columns: Sequence[str], scaling: Scaling, centers: np.ndarray
) -> Frame:
    """Put the nearest centre beside each row of a table.

    Args:
        frame: A table with the features.
        columns: The features' names.
        scaling: How they are scaled.
        centers: The centres, in the order of their numbers.

    Returns:
        The table with `CLUSTER` (`Int64`), the number of the nearest centre, and `DISTANCE`
        (`Float64`) to it; both are null where a feature is null, not a number or infinite.
    """
    best = pl.col(DISTANCE)
    number = pl.lit(None, dtype=pl.Int64)
    # Of two centres that are equally near, the one whose coordinates come first, whatever the
    # numbers are: these are given after the customers have been counted.
    for place in reversed(np.lexsort(centers.T[::-1])):
        number = pl.when(_distance(place) == best).then(pl.lit(int(place))).otherwise(number)
    helpers = [f"{_SCALED}{place}" for place in range(len(columns))]
    squares = [f"{_FROM}{place}" for place in range(len(centers))]
    return (
        _with_squares(frame, columns, scaling, centers)
        .with_columns(pl.min_horizontal(squares).alias(DISTANCE))
        .with_columns(pl.when(best.is_finite()).then(number).cast(pl.Int64).alias(CLUSTER))
        .with_columns(pl.when(best.is_finite()).then(best.sqrt()).alias(DISTANCE))
        .drop(*helpers, *squares)
        .select(pl.exclude(CLUSTER, DISTANCE), CLUSTER, DISTANCE)
    )


def distances(frame: pl.DataFrame, scaling: Scaling, centers: np.ndarray) -> np.ndarray:
    """Give the distance of each row to each centre."""
    squares = [_distance(place).sqrt() for place in range(len(centers))]
    parts = [
        _with_squares(part, part.columns, scaling, centers).select(squares).to_numpy()
        for part in parts_of(frame)
    ]
    return np.concatenate(parts)


def parts_of(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Give a table in parts, so that what is reckoned with on the way stays small."""
    return frame.iter_slices(PART)


def _distance(place: int) -> pl.Expr:
    return pl.col(f"{_FROM}{place}")


def _with_squares(
    frame: Frame, columns: Sequence[str], scaling: Scaling, centers: np.ndarray
) -> Frame:
    features = [pl.col(name).cast(pl.Float64) for name in columns]
    names = [f"{_SCALED}{place}" for place in range(len(columns))]
    scaled = [made.alias(name) for name, made in zip(names, scaling.of(features), strict=True)]
    return frame.with_columns(scaled).with_columns(
        reduce(
            add, (_square(pl.col(name) - at) for name, at in zip(names, center, strict=True))
        ).alias(f"{_FROM}{place}")
        for place, center in enumerate(centers.tolist())
    )


def _square(value: pl.Expr) -> pl.Expr:
    return value * value
