"""How key figures went, month by month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

_FROM: Mapping[str, tuple[str, ...]] = {
    "order_values": (
        "orders",
        "revenue",
        "average_order_value",
        "first_average_order_value",
        "repeat_average_order_value",
        "share_of_repeat_sales",
    ),
    "retention": ("customer_retention_rate", "churn_rate", "new_customers"),
    "value_trend": ("lifetime_value",),
}
_SCHEMA = {
    "name": pl.String,
    "period": pl.Date,
    "value": pl.Float64,
    "is_complete": pl.Boolean,
}


def trends(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Gather the monthly series of key figures into one long table.

    Args:
        tables: The tables of an audit.

    Returns:
        One row per figure and month, sorted by both: `name` (the figure's), `period` (`Date`, its
        first day), `value` (`Float64`), `is_complete` (`Boolean`).
    """
    found = [pl.DataFrame(schema=_SCHEMA), *_series(tables)]
    return pl.concat(found).sort("name", "period")


def _series(tables: Mapping[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    for table, names in _FROM.items():
        for name in names if table in tables else ():
            yield tables[table].select(
                pl.lit(name).alias("name"),
                "period",
                pl.col(name).cast(pl.Float64).alias("value"),
                "is_complete",
            )
