"""The same tables in SQL, written by hand for DuckDB and for speed.

What was found by measuring: repeated ids are cheaper to find by sorting than by grouping; the month
of an instant in the shop's zone is looked up in a small calendar, for converting each row is slow;
first sales by a join on (customer, first instant) are cheaper than `arg_min` over pairs; a
customer's months are cheaper as bits of one number than as rows, and numbers of months of which
many customers have the same are grouped before the months are counted; the last gap before an
instant is cheaper to ask for where it matters than to look for everywhere; many tables of the same
sales are cheapest after one window over them (`duckdb_audit`).
"""

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl

from benchmarks.engines import duckdb_queries as sql
from benchmarks.engines import duckdb_retention as coming_back
from benchmarks.engines.duckdb_audit_tables import audit
from benchmarks.engines.duckdb_connection import Connection, about, connect, rows_to_file, table
from benchmarks.engines.duckdb_door import reading, validation
from benchmarks.engines.duckdb_loyalty import BALANCES
from benchmarks.engines.duckdb_pairs import PAIRS
from benchmarks.engines.duckdb_person import asking
from benchmarks.engines.duckdb_rfm import EDGES, RFM, RFM_CELLS, RFM_SCORES
from benchmarks.engines.duckdb_segments import SEGMENT, statement
from benchmarks.hundred import Rule
from benchmarks.job import Job
from benchmarks.segment_jobs import RULES


def prepare(job: Job, path: str, engine: str) -> Callable[[], Any]:
    connection = connect()
    if job.task != "validation":
        _import_for_tables()
    if job.task == "person":
        return asking(connection)
    return lambda: _TASKS[job.task](connection, path)


def present(result: Any) -> Any:
    if isinstance(result, dict):
        return {name: present(part) for name, part in result.items()}
    return result if isinstance(result, int | float | pl.LazyFrame) else pl.from_arrow(result)


def _import_for_tables() -> None:
    """Import what DuckDB imports late where a result is a table; counts do without."""
    importlib.import_module("numpy")
    importlib.import_module("pyarrow")


def _by_month(connection: Connection, path: str, query: str) -> Any:
    connection.execute(sql.CALENDAR)
    return table(connection, query, path)


def _economics(connection: Connection, path: str) -> dict[str, Any]:
    connection.execute(sql.CALENDAR)
    connection.execute(about(path, coming_back.WON))
    return {
        "acquisition": table(connection, coming_back.ACQUISITION, path),
        "lifetime_value": table(connection, coming_back.LIFETIME_VALUE, path),
    }


def _rfm(connection: Connection, path: str) -> None:
    for preparation in (sql.CALENDAR, RFM, EDGES):
        connection.execute(about(path, preparation))


def _rfm_cells(connection: Connection, path: str) -> Any:
    _rfm(connection, path)
    return table(connection, RFM_CELLS, path)


def _rfm_scores(connection: Connection, path: str) -> pl.LazyFrame:
    _rfm(connection, path)
    return rows_to_file(connection, RFM_SCORES, path)


def _segments(connection: Connection, path: str, rules: tuple[Rule, ...]) -> pl.LazyFrame:
    return rows_to_file(connection, statement(rules), path)


def _metrics(connection: Connection, path: str) -> dict[str, Any]:
    """Ask one connection for all of them, one after another."""
    connection.execute(sql.CALENDAR)
    return {name: table(connection, query, path) for name, query in _METRICS.items()}


_METRICS = {
    "order_totals": sql.ORDER_TOTALS,
    "retention_totals": coming_back.RETENTION_TOTALS,
    "cohort_totals": sql.COHORT_TOTALS,
    "lifecycle_totals": coming_back.LIFECYCLE_TOTALS,
    "gap_summary": coming_back.GAP_SUMMARY,
}
_TASKS: dict[str, Callable[[Connection, str], Any]] = {
    "validation": validation,
    "customer_summary": lambda duck, path: rows_to_file(duck, sql.CUSTOMER_SUMMARY, path),
    "order_totals": lambda duck, path: table(duck, sql.ORDER_TOTALS, path),
    "cohort_totals": lambda duck, path: _by_month(duck, path, sql.COHORT_TOTALS),
    "retention_totals": lambda duck, path: _by_month(duck, path, coming_back.RETENTION_TOTALS),
    "lifecycle_totals": lambda duck, path: table(duck, coming_back.LIFECYCLE_TOTALS, path),
    "lifecycle_flow": lambda duck, path: table(duck, coming_back.LIFECYCLE_FLOW, path),
    "gap_summary": lambda duck, path: table(duck, coming_back.GAP_SUMMARY, path),
    "economics": _economics,
    "metrics": _metrics,
    "product_pairs": lambda duck, path: table(duck, PAIRS, path),
    "reading": reading,
    "audit": audit,
    "segment": lambda duck, path: rows_to_file(duck, SEGMENT, path),
    "loyalty_expiry": lambda duck, path: rows_to_file(duck, BALANCES, path),
    "rfm_cells": _rfm_cells,
    "rfm_scores": _rfm_scores,
    **{task: partial(_segments, rules=rules) for task, rules in RULES.items()},
}
