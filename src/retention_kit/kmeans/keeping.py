"""From a fitted estimator to what is kept of it, and back."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from retention_kit.kmeans.numbering import check_names
from retention_kit.kmeans.saved import SavedClusters, Tried

_PARAMETERS = (
    "n_clusters",
    "min_clusters",
    "max_clusters",
    "log",
    "scale",
    "n_init",
    "full_below",
    "silhouette_rows",
    "names",
    "random_state",
)
Estimator = TypeVar("Estimator", bound=BaseEstimator)


def saved_of(estimator: BaseEstimator) -> SavedClusters:
    """Give what is kept of a fitted estimator.

    Raises:
        NotFittedError: It is not fitted.
    """
    check_is_fitted(estimator)
    has_names = hasattr(estimator, "feature_names_in_")
    return SavedClusters(
        **estimator._fitted_with,
        features=tuple(names_of_features(estimator)) if has_names else None,
        location=tuple(estimator.location_.tolist()),
        scales=tuple(estimator.scale_.tolist()),
        centers=_rows(estimator.cluster_centers_),
        cluster_names=tuple(estimator.cluster_names_),
        sizes=tuple(estimator.cluster_sizes_.tolist()),
        means=_rows(estimator.feature_means_),
        medians=_rows(estimator.feature_medians_),
        inertia=estimator.inertia_,
        rows_fitted=estimator.rows_fitted_,
        iterations=estimator.n_iter_,
        tried=tuple(Tried(**row) for row in estimator.selection_.to_dicts()),
    )


def parameters_now(estimator: BaseEstimator) -> dict[str, Any]:
    """Give the parameters that an estimator is fitted with, as they are kept.

    They are those of the fit, whatever `set_params` does to the estimator later.
    """
    now = {name: _plain(getattr(estimator, name)) for name in _PARAMETERS}
    if not isinstance(now["random_state"], int):
        now["random_state"] = None
    if now["names"] is not None:
        now["names"] = tuple(check_names(now["names"], None))
    return now


def parameters_of(saved: SavedClusters) -> dict[str, Any]:
    """Give the parameters of an estimator that was kept."""
    return {name: getattr(saved, name) for name in _PARAMETERS}


def restore(estimator: Estimator, saved: SavedClusters) -> Estimator:
    """Make of a new estimator the fitted one that was kept."""
    if saved.features is not None:
        estimator.feature_names_in_ = np.array(saved.features, dtype=object)
    estimator.n_features_in_ = len(saved.location)
    estimator.cluster_centers_ = np.array(saved.centers)
    estimator.n_clusters_ = len(saved.centers)
    estimator.cluster_sizes_ = np.array(saved.sizes, dtype=np.int64)
    estimator.feature_means_ = np.array(saved.means)
    estimator.feature_medians_ = np.array(saved.medians)
    estimator.location_ = np.array(saved.location)
    estimator.scale_ = np.array(saved.scales)
    estimator.inertia_ = saved.inertia
    estimator.n_iter_ = saved.iterations
    estimator.rows_fitted_ = saved.rows_fitted
    estimator.selection_ = selection_table(
        [(one.clusters, one.inertia, one.silhouette) for one in saved.tried]
    )
    estimator.cluster_names_ = list(saved.cluster_names)
    estimator._fitted_with = parameters_of(saved)
    return estimator


def names_of_features(estimator: BaseEstimator) -> list[str]:
    """Name the features of a fitted estimator, by place where they had no names."""
    unnamed = [f"x{place}" for place in range(estimator.n_features_in_)]
    return list(getattr(estimator, "feature_names_in_", unnamed))


def selection_table(tried: list[tuple[int, float, float | None]]) -> pl.DataFrame:
    """Give the numbers of clusters that were tried as a table."""
    schema = {"clusters": pl.Int64, "inertia": pl.Float64, "silhouette": pl.Float64}
    return pl.DataFrame(tried, schema=schema, orient="row")


def _plain(value: Any) -> Any:
    """Give a number of numpy's as one of Python's."""
    return value.item() if isinstance(value, np.generic) else value


def _rows(matrix: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, matrix.tolist()))
