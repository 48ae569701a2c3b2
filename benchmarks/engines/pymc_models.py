"""BG/NBD with pymc-marketing: the mode under flat priors, which is the maximum of the likelihood.

It runs in the environment of the peers. Its first fit in a process compiles; `-again` has fitted
a hundred customers before the clock starts.
"""

import warnings
from collections.abc import Callable

import pandas as pd
import polars as pl

from benchmarks.job import Job
from benchmarks.likelihood import judged
from benchmarks.model_jobs import BG_NBD
from benchmarks.settings import PYMC_AGAIN

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # ArviZ announces its next release
    from pymc_extras.prior import Prior
    from pymc_marketing.clv import BetaGeoModel

_WARM = 100


def prepare(job: Job, path: str, engine: str) -> Callable[[], tuple[dict[str, float], str]]:
    warnings.simplefilter("ignore")
    read = pl.read_parquet(path, columns=list(job.columns)).with_row_index("customer_id")
    table = read.to_pandas().rename(columns={"t_x_days": "recency", "T_days": "T"})
    if engine == PYMC_AGAIN:
        _fitted(table.head(_WARM))
    return lambda: (_fitted(table), path)


def present(result: tuple[dict[str, float], str]) -> pl.DataFrame:
    return judged(*result)


def _fitted(table: pd.DataFrame) -> dict[str, float]:
    model = BetaGeoModel(data=table, model_config={name: Prior("HalfFlat") for name in BG_NBD})
    model.fit(method="map", progressbar=False)
    return {name: float(model.idata.posterior[name].to_numpy().item()) for name in BG_NBD}
