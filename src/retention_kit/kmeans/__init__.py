"""Customers in clusters: their features, a scikit-learn estimator, and what the clusters are."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.kmeans.estimator import CustomerKMeans as CustomerKMeans
    from retention_kit.kmeans.features import FEATURES as FEATURES
    from retention_kit.kmeans.features import customer_features as customer_features
    from retention_kit.kmeans.of_customers import customer_clusters as customer_clusters
    from retention_kit.kmeans.of_customers import fit_customer_clusters as fit_customer_clusters
    from retention_kit.kmeans.problems import FeaturesError as FeaturesError
    from retention_kit.kmeans.saved import SavedClusters as SavedClusters

_HERE = "retention_kit.kmeans"
_MODULES = {
    "FEATURES": f"{_HERE}.features",
    "CustomerKMeans": f"{_HERE}.estimator",
    "FeaturesError": f"{_HERE}.problems",
    "SavedClusters": f"{_HERE}.saved",
    "customer_clusters": f"{_HERE}.of_customers",
    "customer_features": f"{_HERE}.features",
    "fit_customer_clusters": f"{_HERE}.of_customers",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
