"""What is kept of fitted clusters: numbers and names, no customers."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import pydantic

from retention_kit.contracts.saved import SavedModel

Count = Annotated[int, pydantic.Field(strict=True, ge=1)]
Customers = Annotated[int, pydantic.Field(strict=True, ge=0)]
Name = Annotated[str, pydantic.Field(pattern=r"\S")]
Seed = Annotated[int, pydantic.Field(strict=True, ge=0, lt=2**32)]
Squares = Annotated[float, pydantic.Field(ge=0)]


class Tried(pydantic.BaseModel):
    """One number of clusters that was tried.

    Attributes:
        clusters: How many.
        inertia: Sum of squared distances of the rows looked at to their nearest centre.
        silhouette: Their mean silhouette, where it was asked for and is known.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    clusters: Count
    inertia: Squares
    silhouette: float | None


class SavedClusters(SavedModel):
    """Fitted clusters as they are kept.

    Attributes:
        n_clusters: What was asked for.
        min_clusters: The fewest that were tried, where the number was to be found.
        max_clusters: The most.
        log: Whether the signed logarithm was taken.
        scale: Whether features were scaled.
        n_init: How many starts each number got.
        full_below: From how many rows on a sample was looked at.
        silhouette_rows: On about how many rows the silhouette was measured.
        names: The names that somebody gave.
        random_state: The seed.
        features: The features' names; None of features without names.
        location: What was subtracted of each feature.
        scales: What each was divided by then.
        centers: The centres, scaled, from best to worst.
        cluster_names: The clusters' names.
        sizes: Customers of each.
        means: The mean of each feature, by cluster, in its own unit.
        medians: Its median.
        inertia: Sum of squared distances of all customers to their nearest centre.
        rows_fitted: How many customers were looked at.
        iterations: How many iterations the last run took.
        tried: The numbers of clusters that were tried.
    """

    FORMAT: ClassVar[str] = "retention_kit.clusters"
    SHOWN_AS: ClassVar[str] = "CustomerKMeans"

    n_clusters: Count | Literal["auto"]
    min_clusters: Count
    max_clusters: Count
    log: pydantic.StrictBool
    scale: pydantic.StrictBool
    n_init: Count
    full_below: Count
    silhouette_rows: Count
    names: tuple[Name, ...] | None
    random_state: Seed | None
    features: tuple[Name, ...] | None
    location: tuple[float, ...]
    scales: tuple[float, ...]
    centers: tuple[tuple[float, ...], ...]
    cluster_names: tuple[Name, ...]
    sizes: tuple[Customers, ...]
    means: tuple[tuple[float, ...], ...]
    medians: tuple[tuple[float, ...], ...]
    inertia: Squares
    rows_fitted: Count
    iterations: Customers
    tried: tuple[Tried, ...]

    @pydantic.model_validator(mode="after")
    def _check_shapes(self) -> Self:
        clusters, width = len(self.centers), len(self.location)
        by_cluster = (self.cluster_names, self.sizes, self.means, self.medians)
        if not clusters or any(len(one) != clusters for one in by_cluster):
            raise ValueError("centers, cluster_names, sizes, means and medians differ in length")
        named = self.scales if self.features is None else self.features
        rows = (*self.centers, *self.means, *self.medians, self.scales, named)
        if not width or any(len(row) != width for row in rows):
            raise ValueError("what there is one of per feature differs in length")
        if any(scale <= 0 for scale in self.scales):
            raise ValueError("a scale is not above 0")
        if len(set(self.cluster_names)) < clusters:
            raise ValueError("two clusters have one name")
        if self.names is not None and self.names != self.cluster_names:
            raise ValueError("names are not those in cluster_names")
        if self.features is not None and len(set(self.features)) < width:
            raise ValueError("two features have one name")
        if not sum(self.sizes):
            raise ValueError("no cluster has customers")
        if self.n_clusters not in ("auto", clusters):
            raise ValueError(f"n_clusters is not 'auto' and not the number of centers, {clusters}")
        return self
