"""Clusters of customers, as a scikit-learn estimator."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from retention_kit.contracts.law import Frame
from retention_kit.kmeans.comparing import drift_table, profile_table
from retention_kit.kmeans.counting import count_customers, inertia_of, nearest, renumbered
from retention_kit.kmeans.entrance import checked_frame, columns_to_assign
from retention_kit.kmeans.keeping import (
    names_of_features,
    parameters_now,
    parameters_of,
    restore,
    saved_of,
    selection_table,
)
from retention_kit.kmeans.numbering import check_names, names_of_clusters, order_of_clusters
from retention_kit.kmeans.parameters import check_parameters, counts_to_try
from retention_kit.kmeans.problems import FeaturesError
from retention_kit.kmeans.saved import SavedClusters
from retention_kit.kmeans.space import (
    CLUSTER,
    DISTANCE,
    Scaling,
    distances,
    with_nearest,
)
from retention_kit.kmeans.starts import (
    best_count,
    check_distinct,
    find_centers,
    measurable_rows,
    rows_to_fit,
    scaling_of,
    with_silhouettes,
)

NAME = "cluster_name"


class CustomerKMeans(ClusterMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Divide customers into clusters by k-means, numbered from best to worst.

    A scikit-learn estimator: `fit`, `predict`, `transform`, `set_output` and pipelines work as
    they do there. Features are taken by sign(x) · log(1 + |x|) and scaled to mean 0 and standard
    deviation 1 inside; scikit-learn's own k-means does the rest. The order of rows changes
    nothing, so one seed gives one answer.

    Up to `full_below` customers all are looked at; of more, a sample of so many is. The starts
    look at up to 10,000 of those, and the best of them goes on with all until nobody changes
    cluster. Then everybody is put into the nearest cluster.

    Args:
        n_clusters: How many clusters, or `"auto"`: those with the largest mean silhouette, of
            equal ones the fewest.
        min_clusters: The fewest that `"auto"` tries, at least 2.
        max_clusters: The most that it tries; fewer where there are not so many distinct customers.
        log: Whether to take the signed logarithm of the features.
        scale: Whether to scale them.
        n_init: How many starts each number of clusters gets.
        full_below: Up to how many customers all are looked at, at least 100. Measured on two cores,
            with four features and five clusters: of a million customers a sample takes 0.7 s, and
            all of them 4 s for 0.02% less inertia; at 200,000 the two take about as long.
        silhouette_rows: On about how many customers the silhouette is measured, at least 100; time
            grows with the square.
        names: Names of the clusters, from best to worst; None for names by rule.
        random_state: A seed, a `RandomState`, or None for another answer each time.

    Attributes:
        cluster_centers_: The centres, scaled, shape `(n_clusters_, n_features_in_)`.
        n_clusters_: How many clusters there are.
        labels_: The number of each customer's cluster, 0 being the best. Not kept as JSON.
        cluster_names_: The clusters' names.
        cluster_sizes_: Customers of each.
        feature_means_: The mean of each feature by cluster, in its own unit.
        feature_medians_: Its median.
        location_, scale_: What is subtracted of each feature, and what it is divided by then.
        inertia_: Sum of squared distances of all customers to their nearest centre.
        n_iter_: How many iterations the last run took.
        rows_fitted_: How many customers were looked at.
        selection_: A Polars table of the numbers of clusters tried: `clusters`, `inertia` (of the
            rows looked at) and `silhouette` (null where the number was given).
        n_features_in_, feature_names_in_: As in scikit-learn.

    Notes:
        Clusters are numbered by mean `monetary`, the highest first (equal ones by `frequency`,
        then by `recency_days`, the smallest first). Where there is no monetary value they are
        numbered by the other two alike, and without all three by centre, the first feature first,
        descending.

        Where `monetary` or `frequency` is a feature, two clusters are `loyal` and `one-off`, three
        `loyal`, `potential` and `one-off`, by that order alone: look at `profile` before you
        believe a name. All others are named by how their centres stand to each other, m being a
        centre less the mean of all centres, in scaled units: of recency, frequency and monetary
        value alone in words, high from m / max(s, 0.25) > 0.5 on and low from < -0.5 on, s being
        the standard deviation of the centres; else by the feature with the largest |m|.

    References:
        Lloyd (1982), Least squares quantization in PCM. Arthur and Vassilvitskii (2007), k-means++.
        Bradley and Fayyad (1998), Refining initial points for k-means clustering. Rousseeuw (1987),
        Silhouettes.

    Examples:
        >>> features = pl.DataFrame(
        ...     {"frequency": [1, 9, 1, 8, 3, 3], "monetary": [9.0, 950.0, 10.0, 900.0, 90.0, 95.0]}
        ... )
        >>> clusters = CustomerKMeans(n_clusters=3).fit(features)
        >>> clusters.labels_.tolist(), clusters.cluster_names_
        ([2, 0, 2, 0, 1, 1], ['loyal', 'potential', 'one-off'])
        >>> clusters.profile().select("name", "customers", "mean_monetary").rows()
        [('loyal', 2, 925.0), ('potential', 2, 92.5), ('one-off', 2, 9.5)]
    """

    def __init__(
        self,
        n_clusters: int | Literal["auto"] = 3,
        *,
        min_clusters: int = 2,
        max_clusters: int = 10,
        log: bool = True,
        scale: bool = True,
        n_init: int = 10,
        full_below: int = 100_000,
        silhouette_rows: int = 3_000,
        names: Sequence[str] | None = None,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.min_clusters = min_clusters
        self.max_clusters = max_clusters
        self.log = log
        self.scale = scale
        self.n_init = n_init
        self.full_below = full_below
        self.silhouette_rows = silhouette_rows
        self.names = names
        self.random_state = random_state

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: ARG002, N803
        """Find the clusters.

        Args:
            X: Features, a row per customer: a Polars or pandas table, or an array; numbers alone,
                none missing and none infinite.
            y: Nothing, as scikit-learn wants it.

        Raises:
            FeaturesError: A parameter or a feature is not what it may be; there are more clusters
                than distinct customers; or rows are too far apart to be measured. It is a
                `ValueError` too, and what was fitted before stays as it was.
        """
        check_parameters(self)
        fitted = copy.copy(self)
        fitted._find(X)
        # All at once: a fit that fails on the way leaves the estimator as it was.
        self.__dict__ = fitted.__dict__
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Give the number of each customer's nearest cluster, 0 being the best.

        Args:
            X: Features, as they were in `fit`.

        Raises:
            FeaturesError: A feature is not what it may be. It is a `ValueError` too.
        """
        check_is_fitted(self)
        frame = checked_frame(self, X, reset=False)
        labels, _ = nearest(frame, self._scaling(), self.cluster_centers_)
        return labels.astype(np.int64)

    def score(self, X: Any, y: object = None) -> float:  # noqa: ARG002, N803
        """Say how near customers are to their centres, as scikit-learn's k-means does.

        More clusters score higher, so that a search over `n_clusters` takes the most it may;
        `n_clusters="auto"` goes by silhouettes.

        Args:
            X: Features, as they were in `fit`.
            y: Nothing, as scikit-learn wants it.

        Returns:
            Minus the sum of squared distances to the nearest centre, in scaled units, <= 0.

        Raises:
            FeaturesError: A feature is not what it may be. It is a `ValueError` too.
        """
        check_is_fitted(self)
        frame = checked_frame(self, X, reset=False)
        _, distance = nearest(frame, self._scaling(), self.cluster_centers_)
        return -inertia_of(distance)

    def transform(self, X: Any) -> Any:  # noqa: N803
        """Give the distance of each customer to each centre, in scaled units.

        Args:
            X: Features, as they were in `fit`.

        Returns:
            Shape `(n_customers, n_clusters_)`; an array, or what `set_output` asks for.

        Raises:
            FeaturesError: A feature is not what it may be. It is a `ValueError` too.
        """
        check_is_fitted(self)
        frame = checked_frame(self, X, reset=False)
        return distances(frame, self._scaling(), self.cluster_centers_)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:  # noqa: ARG002
        """Name the columns of `transform`: `distance_to_0` and so on.

        Args:
            input_features: Nothing, as scikit-learn wants it.
        """
        check_is_fitted(self)
        names = [f"distance_to_{number}" for number in range(self.n_clusters_)]
        return np.array(names, dtype=object)

    def assign(self, frame: Frame) -> Frame:
        """Put its cluster beside each customer of a table.

        Args:
            frame: A table with the features by name, eager or lazy, and whatever else, such as
                `customer_id`.

        Returns:
            All rows and columns, and after them:

            - `cluster` (`Int64`): the number of the nearest cluster, 0 being the best.
            - `cluster_name` (`String`): its name.
            - `cluster_distance` (`Float64`): the distance to its centre, in scaled units, >= 0.

            They are null where a feature is missing or infinite. Nothing is collected.

        Raises:
            FeaturesError: The clusters were fitted on features without names, a feature is not in
                the table or is no number, or the table has such columns already.
        """
        check_is_fitted(self)
        columns = columns_to_assign(self, frame, added=(CLUSTER, NAME, DISTANCE))
        assigned = with_nearest(frame, columns, self._scaling(), self.cluster_centers_)
        numbers = list(range(self.n_clusters_))
        name = pl.col(CLUSTER).replace_strict(
            numbers, self.cluster_names_, default=None, return_dtype=pl.String
        )
        return assigned.with_columns(name.alias(NAME)).select(
            pl.exclude(CLUSTER, NAME, DISTANCE), CLUSTER, NAME, DISTANCE
        )

    def profile(self) -> pl.DataFrame:
        """Describe the clusters that `fit` found.

        Returns:
            One row per cluster, from best to worst:

            - `cluster` (`Int64`), `name` (`String`).
            - `customers` (`Int64`): how many, of those fitted on.
            - `share` (`Float64`): of all of them, 0 … 1.
            - `share_of_monetary` (`Float64`): their sum of `monetary` / that of all; below 0 or
                above 1 where some sums are negative; null where the whole is not above 0. Without
                that feature the column is not there.
            - `mean_` and `median_` of each feature (`Float64`), in its own unit.
        """
        return profile_table(saved_of(self))

    def drift(self, other: CustomerKMeans) -> pl.DataFrame:
        """Compare these clusters with others of the same features, fitted later or elsewhere.

        Args:
            other: Fitted clusters with the same features and the same `log`.

        Returns:
            One row per pair of clusters, the closest pair first matched, then the closest of the
            rest, and one per cluster that is left over; in the order of these clusters:

            - `cluster` (`Int64`), `name` (`String`): of these; null where only the other has it.
            - `other_cluster` (`Int64`), `other_name` (`String`): of the others; null likewise.
            - `distance` (`Float64`): between the two centres, in the scaled units of these.
            - `nearest_distance` (`Float64`): from the centre to the nearest other one of these.
            - `moved` (`Boolean`): whether `distance` is more than half of `nearest_distance`, so
                that customers may stand elsewhere for the centre's sake alone; null without a
                match, false where there is only one cluster.
            - `share`, `other_share` (`Float64`): of customers, in each fit.
            - `share_change` (`Float64`): the second less the first; without a match its null is 0.

        Raises:
            FeaturesError: The features or `log` differ, or the other is not fitted clusters.
        """
        check_clusters("other", other)
        return drift_table(saved_of(self), saved_of(other))

    def with_names(self, names: Sequence[str]) -> Self:
        """Give the same clusters under other names.

        Args:
            names: One distinct name per cluster, from best to worst.

        Raises:
            FeaturesError: They are not that.
        """
        check_is_fitted(self)
        renamed = copy.copy(self)
        renamed.cluster_names_ = check_names(names, self.n_clusters_)
        renamed.names = list(renamed.cluster_names_)
        renamed._fitted_with = {**self._fitted_with, "names": tuple(renamed.cluster_names_)}
        return renamed

    def to_json(self, *, indent: int | None = 2) -> str:
        """Give the fitted clusters as JSON text: numbers and names, no customers.

        Args:
            indent: As in `json.dumps`.
        """
        return saved_of(self).to_json(indent=indent)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read clusters that `to_json` wrote, in this version of the library or an earlier one.

        They put the same customers into the same clusters; `labels_` is not there.

        Raises:
            DefinitionError: The text is no JSON of clusters, or a later version wrote it.
        """
        saved = SavedClusters.from_json(text)
        return restore(cls(**parameters_of(saved)), saved)

    def _find(self, X: Any) -> None:  # noqa: N803
        frame = checked_frame(self, X, reset=True)
        salt, seed = check_random_state(self.random_state).randint(2**31 - 1, size=2).tolist()
        rows = rows_to_fit(frame, most=self.full_below, salt=salt)
        counts = counts_to_try(self, rows, height=frame.height)
        check_distinct(rows, counts[0], height=frame.height)
        scaling = scaling_of(rows, log=self.log, scale=self.scale)
        matrix = measurable_rows(rows, scaling)
        found = find_centers(matrix, counts, n_init=self.n_init, seed=seed)
        if self.n_clusters == "auto":
            found = with_silhouettes(matrix, found, rows=self.silhouette_rows)
        best = found[best_count(found)]

        counted = count_customers(frame, scaling, best.centers)
        order = order_of_clusters(names_of_features(self), counted.means, best.centers)
        counted = renumbered(counted, order)
        self.cluster_centers_ = best.centers[order]
        self.n_clusters_ = len(order)
        self.labels_ = counted.labels
        self.cluster_sizes_ = counted.sizes
        self.feature_means_ = counted.means
        self.feature_medians_ = counted.medians
        self.location_ = np.array(scaling.location)
        self.scale_ = np.array(scaling.scale)
        self.inertia_ = counted.inertia
        self.n_iter_ = best.iterations
        self.rows_fitted_ = rows.height
        tried = [(count, one.inertia, one.silhouette) for count, one in found.items()]
        self.selection_ = selection_table(tried)
        self.cluster_names_ = (
            names_of_clusters(names_of_features(self), self.cluster_centers_)
            if self.names is None
            else check_names(self.names, self.n_clusters_)
        )
        self._fitted_with = parameters_now(self)

    def _scaling(self) -> Scaling:
        log = self._fitted_with["log"]
        return Scaling(log, tuple(self.location_.tolist()), tuple(self.scale_.tolist()))


def check_clusters(name: str, value: object) -> None:
    """Raise where a parameter is no estimator of this kind.

    Raises:
        FeaturesError: It is not.
    """
    if not isinstance(value, CustomerKMeans):
        raise FeaturesError(
            f"Parameter {name!r} is of type {type(value).__name__}. Allowed: a fitted "
            "CustomerKMeans. Next step: fit_customer_clusters(…), or CustomerKMeans.from_json(…).",
            parameter=name,
        )
