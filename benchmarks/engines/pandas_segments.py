"""A segment with pandas: the few lines that can matter are chosen while reading."""

from typing import Any

import pandas as pd

from benchmarks.jobs import AS_OF
from benchmarks.settings import beside

_MONTH_AGO = AS_OF.replace(year=AS_OF.year - 1, month=12)


def segment(path: str) -> pd.DataFrame:
    lines = _read(
        path,
        ["customer_id", "order_id", "ordered_at", "category"],
        ("category", "in", ["mattress", "cover"]),
    )
    open_or_cancelled = _read(beside(path, "orders"), ["order_id"], ("status", "!=", "completed"))
    bought = lines[~lines["order_id"].isin(open_or_cancelled["order_id"])]
    is_mattress = bought["category"] == "mattress"
    last, cover = (
        bought[which].groupby("customer_id", sort=False)["ordered_at"].max()
        for which in (is_mattress, ~is_mattress)
    )
    since = cover.reindex(last.index)
    return last[since.isna() | (since < last)].index.to_frame(index=False)


def _read(path: str, columns: list[str], condition: tuple[str, str, Any]) -> pd.DataFrame:
    """Read the sales of the last month that meet a condition."""
    month: list[tuple[str, str, Any]] = [
        ("ordered_at", ">=", _MONTH_AGO),
        ("ordered_at", "<", AS_OF),
        ("kind", "==", "sale"),
    ]
    return pd.read_parquet(path, columns=columns, filters=[*month, condition], engine="pyarrow")
