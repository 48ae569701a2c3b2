"""How tight clusters are: one referee for every engine, in the space they all look at."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.model_jobs import FEATURES


@dataclass(frozen=True, slots=True)
class Clustered:
    """An engine's answer: the cluster of every row of the file."""

    labels: np.ndarray
    path: str


def judged(clustered: Clustered) -> pl.DataFrame:
    """Count rows and clusters, and sum squared distances to the clusters' centres.

    Distances are between standardised signed logarithms.
    """
    scaled = (
        pl.read_parquet(clustered.path, columns=list(FEATURES))
        .select(pl.all().sign() * pl.all().abs().log1p())
        .select((pl.all() - pl.all().mean()) / pl.all().std(ddof=0))
    )
    within = (
        scaled.with_columns(pl.Series("cluster", clustered.labels))
        .group_by("cluster")
        .agg((pl.col(name).var(ddof=0) * pl.len()).alias(name) for name in FEATURES)
    )
    return pl.DataFrame(
        {
            "rows": [scaled.height],
            "clusters": [within.height],
            "inertia": [within.select(pl.sum_horizontal(FEATURES).sum()).item()],
        }
    )
