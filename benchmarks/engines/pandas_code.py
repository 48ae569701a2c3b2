"""The same tables with pandas, written by hand for speed.

Only the needed columns are read, into pyarrow-backed columns; rows that do not count are dropped
while reading; group-bys run over plain NumPy columns. Exact money is carried as whole
ten-thousandths, since pandas sums decimals as Python objects, and is turned back outside the clock.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pandas.core.arrays.arrow.extension_types  # pandas imports these late
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.pandas_compat
import pyarrow.parquet

from benchmarks.engines import pandas_retention as coming_back
from benchmarks.engines.pandas_door import reading, validation
from benchmarks.engines.pandas_orders import month_numbers, observed
from benchmarks.engines.pandas_rfm import rfm_cells, rfm_scores
from benchmarks.engines.pandas_segments import segment
from benchmarks.engines.sunk import COMPRESSION, answer_file, is_sunk
from benchmarks.job import Job
from benchmarks.jobs import METRICS
from benchmarks.settings import THREADS

MONEY = ("revenue", "net_revenue", "first_revenue", "repeat_revenue", "monetary")
_TEN_THOUSANDTH = Decimal("0.0001")


def prepare(job: Job, path: str, engine: str) -> Callable[[], Any]:
    pa.set_cpu_count(THREADS)
    pa.set_io_thread_count(THREADS)
    task = _TASKS[job.task]
    if is_sunk(job):
        return lambda: _sunk(task(path))
    return lambda: task(path)


def present(result: Any) -> Any:
    if isinstance(result, dict):
        return {name: present(part) for name, part in result.items()}
    if isinstance(result, int):
        return result
    table = result if isinstance(result, pl.LazyFrame) else pl.from_pandas(result)
    money = pl.col([name for name in MONEY if name in table.collect_schema().names()])
    return table.with_columns(money.cast(pl.Decimal(38, 4)) * pl.lit(_TEN_THOUSANDTH))


def _sunk(table: pd.DataFrame) -> pl.LazyFrame:
    table.to_parquet(answer_file(), engine="pyarrow", compression=COMPRESSION, index=False)
    return pl.scan_parquet(answer_file())


def _metrics(path: str) -> dict[str, pd.DataFrame]:
    return {name: _TASKS[name](path) for name in METRICS}


def _customer_summary(path: str) -> pd.DataFrame:
    orders = observed(path, "customer_id", "ordered_at", "amount", "kind")
    is_sale = orders["is_sale"]
    by_customer = orders.assign(
        sold=orders["amount"].where(is_sale, 0), sold_at=orders["ordered_at"].where(is_sale)
    ).groupby("customer_id", sort=False)
    summary = by_customer.agg(
        orders=("is_sale", "sum"),
        rows=("is_sale", "size"),
        revenue=("sold", "sum"),
        net_revenue=("amount", "sum"),
        first_order_at=("sold_at", "min"),
        last_order_at=("sold_at", "max"),
    ).reset_index()
    summary["returns"] = summary["rows"] - summary["orders"]
    return summary.drop(columns="rows")


def _order_totals(path: str) -> pd.DataFrame:
    orders = observed(path, "order_id", "customer_id", "ordered_at", "amount", "kind")
    net_revenue = orders["amount"].sum()
    sales = orders[orders["is_sale"]]
    first_at = sales.groupby("customer_id", sort=False)["ordered_at"].transform("min")
    firsts = sales[sales["ordered_at"] == first_at]
    tied = firsts["customer_id"].duplicated(keep=False)
    earliest = firsts[tied].sort_values("order_id").drop_duplicates("customer_id")
    customers = int((~tied).sum()) + len(earliest)
    revenue = sales["amount"].sum()
    first_revenue = firsts.loc[~tied, "amount"].sum() + earliest["amount"].sum()
    return pd.DataFrame(
        {
            "customers": [customers],
            "orders": [len(sales)],
            "returns": [len(orders) - len(sales)],
            "revenue": [revenue],
            "net_revenue": [net_revenue],
            "first_orders": [customers],
            "first_revenue": [first_revenue],
            "repeat_orders": [len(sales) - customers],
            "repeat_revenue": [revenue - first_revenue],
        }
    )


def _cohort_totals(path: str) -> pd.DataFrame:
    sales = observed(path, "customer_id", "ordered_at", "amount", only_sales=True)
    sales["bought"] = month_numbers(sales["ordered_at"]).astype("int32")
    sales["first"] = sales.groupby("customer_id", sort=False)["bought"].transform("min")
    cells = sales.groupby(["first", "bought"])["amount"].agg(["size", "sum"])
    buyers = sales[["customer_id", "first", "bought"]].drop_duplicates(["customer_id", "bought"])
    cells["customers"] = buyers.groupby(["first", "bought"]).size()
    last = buyers.groupby("customer_id", sort=False)["bought"].transform("max")
    cells["last_customers"] = buyers[buyers["bought"] == last].groupby(["first", "bought"]).size()
    cells = cells.fillna({"last_customers": 0}).reset_index()
    return pd.DataFrame(
        {
            "cohort": cells["first"].to_numpy().astype("datetime64[M]").astype("datetime64[s]"),
            "period": cells["bought"] - cells["first"],
            "customers": cells["customers"],
            "last_customers": cells["last_customers"].astype("int64"),
            "orders": cells["size"],
            "revenue": cells["sum"],
        }
    )


_TASKS: dict[str, Callable[[str], Any]] = {
    "validation": validation,
    "reading": reading,
    "metrics": _metrics,
    "customer_summary": _customer_summary,
    "order_totals": _order_totals,
    "cohort_totals": _cohort_totals,
    "retention_totals": coming_back.retention_totals,
    "lifecycle_totals": coming_back.lifecycle_totals,
    "lifecycle_flow": coming_back.lifecycle_flow,
    "gap_summary": coming_back.gap_summary,
    "economics": coming_back.economics,
    "rfm_cells": rfm_cells,
    "rfm_scores": rfm_scores,
    "segment": segment,
}
