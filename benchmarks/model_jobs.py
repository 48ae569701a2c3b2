"""What is measured of scores and models, and the models that are given and not fitted."""

from benchmarks.job import Job, Limit, Shape
from benchmarks.settings import (
    BUCKETS,
    LIBRARY,
    LIFETIMES,
    LIFETIMES_WEIGHTS,
    POLARS,
    PYMC,
    PYMC_AGAIN,
    SCIKIT_LEARN,
    SCIKIT_LEARN_ONCE,
    TABLE_ENGINES,
)

RFM_LEVELS = 5
CLUSTERS = 5
STARTS = 10
"""How often k-means starts anew, where it is told to."""
FEATURES = ("recency_days", "frequency", "monetary", "tenure_days")

BG_NBD = {"r": 0.2426, "alpha": 4.4135 * 7, "a": 0.7929, "b": 2.4258}
"""The published fit to CDNOW (Fader, Hardie and Lee 2005), alpha in days: customers are made by it,
and their value is predicted by it."""
MBG_NBD = {"r": 0.5248, "alpha": 6.183 * 7, "a": 0.8914, "b": 1.614}
"""The fit of MBG/NBD to the same: it says who is alive."""
GAMMA_GAMMA = {"p": 6.25, "q": 3.74, "gamma": 15.44}
"""The published fit to the same shop's repeaters (Fader and Hardie 2013)."""
MONTHS = 12
MONTH_DAYS = 30
"""Value is predicted over twelve months of thirty days, which is how lifetimes counts days."""
MONTHLY_DISCOUNT_RATE = 0.01

PREDICTED = (
    "probability_alive",
    "expected_purchases",
    "expected_average_spend",
    "lifetime_value",
)

_HISTORY = ("frequency", "t_x_days", "T_days")
_FIT = {
    "compared": ("customers", "log_likelihood"),
    "shown": {
        "customers": "plain",
        "patterns": "plain",
        "log_likelihood": "difference",
        **dict.fromkeys(BG_NBD, "plain"),
    },
    "in_memory": True,
}
_SCORED = ("customer_id", "ordered_at", "amount", "kind", "status")
_SCORES = ("recency_score", "frequency_score", "monetary_score")
_EVERY = (*TABLE_ENGINES, POLARS, BUCKETS)

MODEL_JOBS = (
    Job(
        "rfm",
        "RFM: customers and money by quintile scores",
        "rfm_cells",
        "orders",
        _SCORED,
        keys=_SCORES,
        engines=_EVERY,
        limit=Limit(3),
    ),
    Job(
        "rfm-scores",
        "RFM: every customer's values and quintile scores",
        "rfm_scores",
        "orders",
        _SCORED,
        keys=("customer_id",),
        engines=_EVERY,
        limit=Limit(3),
    ),
    Job(
        "bg-nbd",
        "BG/NBD fitted to a table of customers",
        "bg_nbd",
        "histories",
        _HISTORY,
        engines=(LIBRARY, LIFETIMES, LIFETIMES_WEIGHTS, PYMC, PYMC_AGAIN),
        **_FIT,
    ),
    Job(
        "bg-nbd-patterns",
        "BG/NBD fitted to counted patterns",
        "bg_nbd",
        "patterns",
        (*_HISTORY, "customers"),
        engines=(LIBRARY, LIFETIMES_WEIGHTS),
        limit=Limit(seconds=1),
        **_FIT,
    ),
    Job(
        "clv-table",
        "Predicted value of every customer",
        "clv_table",
        "buyers",
        ("customer_id", *_HISTORY, "monetary"),
        tables={"sums": Shape(), "customers": Shape(("customer_id",))},
        engines=(LIBRARY, LIFETIMES),
        limit=Limit(seconds=3),
        tolerance=1e-6,
        # lifetimes discounts a purchase to the end of its month, the library to its instant.
        tolerances={"lifetime_value": 0.01},
        shown={"sums: customers": "plain"},
        in_memory=True,
    ),
    Job(
        "kmeans",
        f"K-means, {CLUSTERS} clusters of {len(FEATURES)} features",
        "kmeans",
        "features",
        FEATURES,
        engines=(LIBRARY, SCIKIT_LEARN, SCIKIT_LEARN_ONCE),
        compared=("rows", "clusters"),
        shown={"rows": "plain", "inertia": "ratio"},
        in_memory=True,
    ),
)
