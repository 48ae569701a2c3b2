"""The engines, one module each, with `prepare(job, path, engine)` and `present(result)`.

`prepare` gives a function of no arguments that is timed; `present` turns what it returns, outside
the clock, into a mapping of counts or a Polars frame. Each worker imports one engine, which also
imports what its library would import late, so that nobody pays for imports inside the clock.
"""

MODULES = {
    "retention_kit": "benchmarks.engines.library",
    "duckdb": "benchmarks.engines.duckdb_sql",
    "pandas": "benchmarks.engines.pandas_code",
    "scan": "benchmarks.engines.floors",
    "group-by": "benchmarks.engines.floors",
    "polars": "benchmarks.engines.polars_code",
    "buckets": "benchmarks.engines.library_buckets",
    "plain-python": "benchmarks.engines.plain_python",
    "by-hand": "benchmarks.engines.by_hand",
    "lifetimes": "benchmarks.engines.lifetimes_models",
    "lifetimes-weights": "benchmarks.engines.lifetimes_models",
    "pymc-marketing": "benchmarks.engines.pymc_models",
    "pymc-marketing-again": "benchmarks.engines.pymc_models",
    "scikit-learn": "benchmarks.engines.sklearn_clusters",
    "scikit-learn-once": "benchmarks.engines.sklearn_clusters",
}
