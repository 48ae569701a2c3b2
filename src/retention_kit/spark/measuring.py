"""A metric or a model at once: Spark reduces the tables, and this machine does the rest."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retention_kit.contracts.buckets import Buckets
from retention_kit.contracts.calls import (
    arguments_of,
    check_arguments,
    made_of,
    tables_for,
)
from retention_kit.contracts.law import kind_of, report
from retention_kit.errors import DefinitionError
from retention_kit.spark.collected import to_polars
from retention_kit.spark.installed import check_spark
from retention_kit.spark.running import TAKEN, run
from retention_kit.spark.shop import shop_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@report
def measure(
    metric: Callable[..., Any],
    /,
    data: Mapping[str, DataFrame] | Buckets | str | Path,
    *,
    time_zone: str | None = None,
    partitions: int | None = None,
    session: SparkSession | None = None,
    **arguments: Any,
) -> Any:
    """Compute a metric, or fit a model, from tables where Spark keeps them.

    What the metric is made of is computed as `run` does and brought here, and the metric is made
    of it. Sums by keys are small. A model that is fitted on a table with a row per customer brings
    that table here: it must fit into memory.

    Args:
        metric: A finisher or a fit, such as `retention_rates` or `fit_rfm_scorer`; of the library,
            or of your own.
        data: As in `run`, with the tables that the metric itself takes, such as costs, besides.
        time_zone: The shop's zone; buckets have it.
        partitions: As in `run`.
        session: As in `run`.
        **arguments: The arguments of the metric and of the function that sums for it.

    Returns:
        What the metric gives of eager tables: an eager table, or a model. A model is then applied
        by `run`.

    Raises:
        DefinitionError: `metric` is neither a finisher nor a fit, an argument is of neither
            function, one that is needed is absent, or a table that is needed is not there.
        MissingDependencyError: pyspark or pyarrow is not installed.
    """
    check_spark()
    kind, of = made_of(
        metric,
        step="call retention_kit.spark.run(…) for a customer-local or an additive function.",
    )
    summed = kind_of(of)
    taken = summed.tables if summed is not None else ()
    in_data = taken if isinstance(data, Mapping) else ()
    check_arguments(metric, of, arguments, taken=TAKEN, filled=("time_zone", *in_data))
    shop = shop_of(data, time_zone=time_zone, session=session)
    own = arguments_of(metric, arguments)
    if "time_zone" in inspect.signature(metric).parameters:
        own.setdefault("time_zone", shop.time_zone)
    held = {**shop.frames, **shop.whole} if shop.buckets is None else shop.buckets[0].tables()
    own_tables = tables_for(metric, kind.whole, held)
    tables = {name: frame.lazy().collect() for name, frame in own_tables.items()}
    if shop.buckets is None:
        data = {name: frame for name, frame in shop.frames.items() if name in taken}
        unknown = [name for name in shop.frames if name not in taken and name not in tables]
        if unknown:
            raise DefinitionError(
                f"Neither {metric.__name__} nor {of.__name__} takes the table "
                f"{unknown[0]!r}. Allowed: {', '.join({**dict.fromkeys(taken), **tables})}. "
                "Next step: leave it out.",
                parameter="data",
            )
    reduced = run(
        of,
        data if shop.buckets is None else shop.buckets,
        time_zone=shop.time_zone,
        partitions=partitions,
        session=shop.session,
        **arguments_of(of, arguments),
    )
    return metric(to_polars(reduced), **tables, **own)
