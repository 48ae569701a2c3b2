"""K-means by hand with scikit-learn, as its users do it: logarithms, scaling, several starts.

`scikit-learn` is told to start ten times; `scikit-learn-once` is what `n_init="auto"` has been
since scikit-learn 1.4, a single start. The features are a NumPy matrix before the clock starts.
"""

from collections.abc import Callable

import numpy as np
import polars as pl
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from benchmarks.clusters import Clustered, judged
from benchmarks.job import Job
from benchmarks.model_jobs import CLUSTERS, STARTS
from benchmarks.settings import SCIKIT_LEARN


def prepare(job: Job, path: str, engine: str) -> Callable[[], Clustered]:
    features = pl.read_parquet(path, columns=list(job.columns)).to_numpy()
    starts = STARTS if engine == SCIKIT_LEARN else "auto"
    return lambda: Clustered(_labels(features, starts), path)


def present(result: Clustered) -> pl.DataFrame:
    return judged(result)


def _labels(features: np.ndarray, starts: int | str) -> np.ndarray:
    flat = np.sign(features) * np.log1p(np.abs(features))
    scaled = StandardScaler().fit_transform(flat)
    return KMeans(n_clusters=CLUSTERS, n_init=starts, random_state=0).fit_predict(scaled)
