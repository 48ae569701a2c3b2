"""How likely the histories are under fitted parameters: one referee for every engine.

Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way, with NumPy and SciPy alone, so
that it runs in the peers' environment too.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl
from scipy.special import gammaln

from benchmarks.settings import beside


def judged(parameters: Mapping[str, float], path: str) -> pl.DataFrame:
    """Give parameters with the log-likelihood of the customers beside whom the file lies."""
    patterns = pl.read_parquet(beside(path, "patterns"))
    columns = ("frequency", "t_x_days", "T_days", "customers")
    x, t_x, known, customers = (patterns[name].to_numpy().astype(float) for name in columns)
    each = _log_likelihoods(x, t_x, known, **parameters)
    return pl.DataFrame(
        {
            **{name: [float(value)] for name, value in parameters.items()},
            "log_likelihood": [float(customers @ each)],
            "customers": [int(customers.sum())],
            "patterns": [patterns.height],
        }
    )


def _log_likelihoods(
    x: np.ndarray, t_x: np.ndarray, known: np.ndarray, r: float, alpha: float, a: float, b: float
) -> np.ndarray:
    purchases = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    staying = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    here = -(r + x) * np.log(alpha + known)
    left = np.log(a) - np.log(np.maximum(b + x - 1, b)) - (r + x) * np.log(alpha + t_x)
    return purchases + staying + np.logaddexp(here, np.where(x > 0, left, -np.inf))
