"""A metric at once: the exact sums and the ratios made of them, in one call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from retention_kit.contracts.buckets import Buckets
from retention_kit.contracts.bundle import Bundle
from retention_kit.contracts.calls import (
    arguments_of,
    check_arguments,
    made_of,
    tables_for,
)
from retention_kit.contracts.law import report
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DefinitionError, bad_parameter


@report
def measure(
    metric: Callable[..., Any],
    /,
    data: Bundle | Buckets | Mapping[str, pl.LazyFrame] | Mapping[str, pl.DataFrame],
    **arguments: Any,
) -> Any:
    """Compute a metric from the shop's tables: its sums, and what it makes of them.

    `measure(retention_rates, shop, as_of=…, every="1mo")` does what
    `retention_rates(retention_totals(shop.orders, as_of=…, every="1mo"), as_of=…, time_zone=…,
    every="1mo")` does. Each argument goes to the functions that have it.

    Args:
        metric: A finisher or a fit, such as `average_order_value` or `retention_rates`; of the
            library, or of your own.
        data: A dataset, its buckets, or tables by name.
        **arguments: The arguments of the metric and of the function that sums for it. `time_zone`
            is the shop's where it is not given.

    Returns:
        What the metric gives: a lazy table of lazy ones; an eager one of eager ones and of
        buckets.

    Raises:
        DefinitionError: `metric` is neither a finisher nor a fit; an argument is of neither
            function, or one that is needed is absent; or a table that is needed is not there.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.metrics import average_order_value
        >>> orders, as_of = example_orders()
        >>> values = measure(average_order_value, {"orders": orders}, as_of=as_of)
        >>> values.select("orders", "average_order_value").collect().rows()
        [(3, 150.0)]
    """
    kind, of = made_of(metric, step="call a customer-local or an additive function directly.")
    check_arguments(metric, of, arguments, taken=("data",), filled=("time_zone",))
    tables = _tables(data)
    if "time_zone" not in arguments and any(
        "time_zone" in inspect.signature(function).parameters for function in (metric, of)
    ):
        arguments["time_zone"] = _zone(data, tables)
    if isinstance(data, Buckets):
        totals = data.run(of, **arguments_of(of, arguments))
        # Tables without customers are whole in every bucket.
        tables = {name: tables[name].collect() for name in kind.whole}
    else:
        totals = of(**tables_for(of, TABLES, tables), **arguments_of(of, arguments))
    return metric(totals, **tables_for(metric, TABLES, tables), **arguments_of(metric, arguments))


def _tables(data: object) -> dict[str, Any]:
    if isinstance(data, Buckets):
        return data[0].tables()
    if isinstance(data, Bundle):
        return data.tables()
    if not isinstance(data, Mapping):
        raise bad_parameter(
            "data",
            got=type(data).__name__,
            allowed="a dataset, its buckets, or tables by name",
            step='{"orders": orders}, for example.',
        )
    return dict(data)


def _zone(data: object, tables: Mapping[str, Any]) -> str:
    zone = getattr(data, "time_zone", None)
    if isinstance(zone, str):
        return zone
    schema = tables["orders"].collect_schema() if "orders" in tables else pl.Schema()
    dtype = schema.get("ordered_at")
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return dtype.time_zone
    raise DefinitionError(
        "The shop's time zone is not known from the tables. Next step: time_zone='Europe/Moscow', "
        "for example.",
        parameter="time_zone",
    )
