"""What fitted clusters are like, and how two fits differ."""

from __future__ import annotations

import numpy as np
import polars as pl

from retention_kit.kmeans.numbering import MONETARY
from retention_kit.kmeans.problems import FeaturesError
from retention_kit.kmeans.saved import SavedClusters

_ROUNDING = 1e-12
"""Up to which distance two centres are one, since they were turned from unit to unit."""
_DRIFT = {
    "cluster": pl.Int64,
    "name": pl.String,
    "other_cluster": pl.Int64,
    "other_name": pl.String,
    "distance": pl.Float64,
    "nearest_distance": pl.Float64,
    "moved": pl.Boolean,
    "share": pl.Float64,
    "other_share": pl.Float64,
    "share_change": pl.Float64,
}


def profile_table(saved: SavedClusters) -> pl.DataFrame:
    """Give one row per cluster: how many customers, and what they are like."""
    features = _names(saved)
    means, medians = np.array(saved.means), np.array(saved.medians)
    table = pl.DataFrame(
        {
            "cluster": pl.Series(range(len(saved.sizes)), dtype=pl.Int64),
            "name": pl.Series(saved.cluster_names, dtype=pl.String),
            "customers": pl.Series(saved.sizes, dtype=pl.Int64),
            "share": _shares(saved.sizes),
        }
    )
    if MONETARY in features:
        sums = means[:, features.index(MONETARY)] * np.array(saved.sizes)
        whole = float(sums.sum())
        shares = (sums / whole).tolist() if whole > 0 else [None] * len(sums)
        table = table.with_columns(pl.Series("share_of_monetary", shares, dtype=pl.Float64))
    return table.with_columns(
        pl.Series(f"{what}_{name}", figures[:, place])
        for place, name in enumerate(features)
        for what, figures in (("mean", means), ("median", medians))
    )


def drift_table(one: SavedClusters, other: SavedClusters) -> pl.DataFrame:
    """Give one row per pair of clusters of two fits, and per cluster without a match.

    Raises:
        FeaturesError: They are of different features, or one is of logarithms alone.
    """
    if one.features != other.features or len(one.location) != len(other.location):
        raise FeaturesError(
            f"The other clusters are of the features {', '.join(_names(other))}. Allowed: "
            f"{', '.join(_names(one))}, in this order. Next step: fit both on the same features.",
            parameter="other",
        )
    if one.log != other.log:
        raise FeaturesError(
            f"The other clusters have log={other.log}. Allowed: log={one.log}, as these. Next "
            "step: fit both alike.",
            parameter="other",
        )
    here, there = np.array(one.centers), _in_units_of(one, other)
    between = np.sqrt(((here[:, None, :] - there[None, :, :]) ** 2).sum(axis=2))
    between[between < _ROUNDING] = 0.0
    nearest = _nearest_distances(here)
    pairs = _closest_pairs(between)
    shares, other_shares = _shares(one.sizes), _shares(other.sizes)
    rows = []
    for cluster, match in sorted(pairs, key=lambda pair: (pair[0] is None, *_known(pair))):
        both = cluster is not None and match is not None
        distance = float(between[cluster, match]) if both else None
        near = None if cluster is None else nearest[cluster]
        share = 0.0 if cluster is None else shares[cluster]
        other_share = 0.0 if match is None else other_shares[match]
        rows.append(
            {
                "cluster": cluster,
                "name": None if cluster is None else one.cluster_names[cluster],
                "other_cluster": match,
                "other_name": None if match is None else other.cluster_names[match],
                "distance": distance,
                "nearest_distance": near,
                "moved": None if distance is None else near is not None and distance > near / 2,
                "share": None if cluster is None else share,
                "other_share": None if match is None else other_share,
                "share_change": other_share - share,
            }
        )
    return pl.DataFrame(rows, schema=_DRIFT)


def _names(saved: SavedClusters) -> list[str]:
    unnamed = [f"x{place}" for place in range(len(saved.location))]
    return unnamed if saved.features is None else list(saved.features)


def _shares(sizes: tuple[int, ...]) -> list[float]:
    return [size / sum(sizes) for size in sizes]


def _in_units_of(one: SavedClusters, other: SavedClusters) -> np.ndarray:
    """Give the centres of the other fit as the one scales features."""
    if (one.location, one.scales) == (other.location, other.scales):
        return np.array(other.centers)
    logs = np.array(other.centers) * np.array(other.scales) + np.array(other.location)
    scaled: np.ndarray = (logs - np.array(one.location)) / np.array(one.scales)
    return scaled


def _nearest_distances(centers: np.ndarray) -> list[float | None]:
    """Give the distance of each centre to the nearest other one, None where there is none."""
    if len(centers) == 1:
        return [None]
    between = np.sqrt(((centers[:, None, :] - centers[None, :, :]) ** 2).sum(axis=2))
    np.fill_diagonal(between, np.inf)
    nearest: list[float | None] = between.min(axis=1).tolist()
    return nearest


def _closest_pairs(between: np.ndarray) -> list[tuple[int | None, int | None]]:
    """Match the closest pair, then the closest of the rest, and give what is left over."""
    height, width = between.shape
    pairs: list[tuple[int | None, int | None]] = []
    rows, columns = set(range(height)), set(range(width))
    for place in np.argsort(between, axis=None, kind="stable").tolist():
        row, column = divmod(place, width)
        if row in rows and column in columns:
            pairs.append((row, column))
            rows.remove(row)
            columns.remove(column)
    return [*pairs, *((row, None) for row in rows), *((None, column) for column in columns)]


def _known(pair: tuple[int | None, int | None]) -> tuple[int, ...]:
    return tuple(place for place in pair if place is not None)
