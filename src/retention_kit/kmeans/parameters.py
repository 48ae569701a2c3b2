"""What the parameters of the estimator may be."""

from __future__ import annotations

from numbers import Integral

import polars as pl
from sklearn.base import BaseEstimator

from retention_kit.kmeans.numbering import check_names
from retention_kit.kmeans.problems import refused
from retention_kit.kmeans.starts import check_distinct

_LEAST_ROWS = 100


def check_parameters(estimator: BaseEstimator) -> None:
    """Raise where a parameter is not what it may be.

    Raises:
        FeaturesError: It is not.
    """
    is_auto = isinstance(estimator.n_clusters, str) and estimator.n_clusters == "auto"
    if not is_auto:
        _check_whole(estimator, "n_clusters", least=1, besides=" or 'auto'")
    _check_whole(estimator, "min_clusters", least=2)
    _check_whole(estimator, "max_clusters", least=estimator.min_clusters)
    _check_whole(estimator, "n_init", least=1)
    _check_whole(estimator, "full_below", least=_LEAST_ROWS)
    _check_whole(estimator, "silhouette_rows", least=_LEAST_ROWS)
    for name in ("log", "scale"):
        value = getattr(estimator, name)
        if not isinstance(value, bool):
            raise refused(name, got=value, allowed="True or False")
    if estimator.names is not None:
        check_names(estimator.names, None if is_auto else int(estimator.n_clusters))


def counts_to_try(estimator: BaseEstimator, rows: pl.DataFrame, *, height: int) -> list[int]:
    """Give the numbers of clusters to try.

    Args:
        estimator: The estimator, whose parameters are checked.
        rows: The rows that will be looked at.
        height: How many rows there are in all.

    Raises:
        FeaturesError: There are too few distinct rows to find a number by.
    """
    if estimator.n_clusters != "auto":
        return [int(estimator.n_clusters)]
    # A silhouette needs more customers than clusters.
    fewest = int(estimator.min_clusters)
    most = min(int(estimator.max_clusters), max(rows.height - 1, fewest))
    distinct = rows.unique().height if rows.height < _LEAST_ROWS else _at_least(rows, most)
    most = min(most, distinct)
    check_distinct(rows, fewest, height=height)
    return list(range(fewest, most + 1))


def _at_least(rows: pl.DataFrame, count: int) -> int:
    few = rows.head(_LEAST_ROWS * count).unique().height
    return few if few >= count else rows.unique().height


def _check_whole(estimator: BaseEstimator, name: str, *, least: int, besides: str = "") -> None:
    value = getattr(estimator, name)
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        allowed = f"a whole number of at least {least}{besides}"
        raise refused(name, got=value, allowed=allowed)
