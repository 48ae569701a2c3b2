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
from typing import Any

import duckdb
import polars as pl

from benchmarks.engines import duckdb_queries as sql
from benchmarks.engines import duckdb_retention as coming_back
from benchmarks.engines.duckdb_audit import PREPARATION
from benchmarks.engines.duckdb_audit_tables import TABLES
from benchmarks.engines.duckdb_loyalty import BALANCES
from benchmarks.engines.duckdb_pairs import PAIRS
from benchmarks.engines.duckdb_person import asking
from benchmarks.engines.duckdb_reading import KEEP, READ, VIEW
from benchmarks.engines.duckdb_rfm import EDGES, RFM, RFM_CELLS, RFM_SCORES
from benchmarks.engines.duckdb_segments import SEGMENT, hundred
from benchmarks.engines.sunk import COMPRESSION, answer_file
from benchmarks.job import Job
from benchmarks.rules import HEAVY_SHARE, RULES
from benchmarks.segment_jobs import ONE, TEN
from benchmarks.settings import COMPANIONS, LINES, SHOP_ZONE, THREADS, beside

Connection = duckdb.DuckDBPyConnection


def prepare(job: Job, path: str, engine: str) -> Callable[[], Any]:
    connection = duckdb.connect(config={"threads": THREADS, "preserve_insertion_order": False})
    connection.execute(f"SET TimeZone = '{SHOP_ZONE}'")
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


def _validation(connection: Connection, path: str) -> dict[str, int]:
    """Count in one scan; only what repeats, is broken or may be heavy is looked at again."""
    connection.execute(
        "CREATE VIEW orders AS SELECT *, file_row_number "
        f"FROM read_parquet('{path}', file_row_number = true)"
    )
    return _checked(connection)


def _reading(connection: Connection, path: str) -> dict[str, Any]:
    connection.execute(READ.format(file=path))
    connection.execute(VIEW)
    health = _checked(connection)
    connection.execute(KEEP.format(answer=answer_file()))
    kept = pl.scan_parquet(answer_file()).select("order_id", "customer_id", "ordered_at", "amount")
    return {"health": health, "orders": kept}


def _checked(connection: Connection) -> dict[str, int]:
    connection.execute(sql.KEEPS_RULES)
    connection.execute(sql.PARTS)
    read, kept, guests, sales, fullest = _row(connection, sql.COUNTS)
    connection.execute(sql.REPEATED_IDS)
    repeated = _row(connection, "SELECT count(*) FROM repeated_ids")[0]
    connection.execute(sql.REJECTED if repeated or kept < read else sql.NOTHING_REJECTED)
    broken = dict(connection.execute(sql.REJECTED_RULES).fetchall())
    fewer_guests, fewer_sales = _row(connection, sql.REPEATED_COUNTS)
    guests, sales = guests - fewer_guests, sales - fewer_sales
    least = int(sales * HEAVY_SHARE) + 1
    heavy = _row(connection, sql.HEAVY_CUSTOMERS, least=least)[0] if fullest >= least else 0
    return {
        "read": read,
        "accepted": read - sum(broken.values()),
        "guests": guests,
        "heavy_customers": heavy,
        **{rule: broken[rule] for rule in RULES if rule in broken},
    }


def _row(connection: Connection, query: str, **parameters: int) -> tuple[int, ...]:
    found = connection.execute(query, parameters).fetchone()
    return tuple(int(value or 0) for value in found or ())


def _table(connection: Connection, query: str, path: str) -> Any:
    return connection.sql(_about(path, query)).to_arrow_table()


def _file(connection: Connection, query: str, path: str) -> pl.LazyFrame:
    """Write a row per customer to a file."""
    options = f"FORMAT parquet, COMPRESSION {COMPRESSION}"
    connection.execute(f"COPY ({_about(path, query)}) TO '{answer_file()}' ({options})")
    return pl.scan_parquet(answer_file())


def _about(path: str, query: str) -> str:
    """Put the files into a query."""
    companions = ("orders", LINES, *COMPANIONS)
    files = {"file": path, **{name: beside(path, name) for name in companions}}
    return query.format(**{name: f"read_parquet('{file}')" for name, file in files.items()})


def _by_month(connection: Connection, path: str, query: str) -> Any:
    connection.execute(sql.CALENDAR)
    return _table(connection, query, path)


def _economics(connection: Connection, path: str) -> dict[str, Any]:
    connection.execute(sql.CALENDAR)
    connection.execute(_about(path, coming_back.WON))
    return {
        "acquisition": _table(connection, coming_back.ACQUISITION, path),
        "lifetime_value": _table(connection, coming_back.LIFETIME_VALUE, path),
    }


def _rfm(connection: Connection, path: str) -> None:
    for preparation in (sql.CALENDAR, RFM, EDGES):
        connection.execute(_about(path, preparation))


def _rfm_cells(connection: Connection, path: str) -> Any:
    _rfm(connection, path)
    return _table(connection, RFM_CELLS, path)


def _rfm_scores(connection: Connection, path: str) -> pl.LazyFrame:
    _rfm(connection, path)
    return _file(connection, RFM_SCORES, path)


def _metrics(connection: Connection, path: str) -> dict[str, Any]:
    """Ask one connection for all of them, one after another."""
    connection.execute(sql.CALENDAR)
    return {name: _table(connection, query, path) for name, query in _METRICS.items()}


def _audit(connection: Connection, path: str) -> dict[str, Any]:
    """Make all tables in one connection, on tables that they share."""
    health = _validation(connection, path)
    for query in (sql.CALENDAR, *PREPARATION):
        connection.execute(_about(path, query))
    tables = {name: connection.sql(query).to_arrow_table() for name, query in TABLES.items()}
    return {"data_health": health, **tables}


_METRICS = {
    "order_totals": sql.ORDER_TOTALS,
    "retention_totals": coming_back.RETENTION_TOTALS,
    "cohort_totals": sql.COHORT_TOTALS,
    "lifecycle_totals": coming_back.LIFECYCLE_TOTALS,
    "gap_summary": coming_back.GAP_SUMMARY,
}
_TASKS: dict[str, Callable[[Connection, str], Any]] = {
    "validation": _validation,
    "customer_summary": lambda duck, path: _file(duck, sql.CUSTOMER_SUMMARY, path),
    "order_totals": lambda duck, path: _table(duck, sql.ORDER_TOTALS, path),
    "cohort_totals": lambda duck, path: _by_month(duck, path, sql.COHORT_TOTALS),
    "retention_totals": lambda duck, path: _by_month(duck, path, coming_back.RETENTION_TOTALS),
    "lifecycle_totals": lambda duck, path: _table(duck, coming_back.LIFECYCLE_TOTALS, path),
    "lifecycle_flow": lambda duck, path: _table(duck, coming_back.LIFECYCLE_FLOW, path),
    "gap_summary": lambda duck, path: _table(duck, coming_back.GAP_SUMMARY, path),
    "economics": _economics,
    "metrics": _metrics,
    "product_pairs": lambda duck, path: _table(duck, PAIRS, path),
    "reading": _reading,
    "audit": _audit,
    "segment": lambda duck, path: _file(duck, SEGMENT, path),
    "segment_table": lambda duck, path: _file(duck, hundred(), path),
    "segment_table_of_one": lambda duck, path: _file(duck, hundred((ONE,)), path),
    "segment_table_of_ten": lambda duck, path: _file(duck, hundred(TEN), path),
    "loyalty_expiry": lambda duck, path: _file(duck, BALANCES, path),
    "rfm_cells": _rfm_cells,
    "rfm_scores": _rfm_scores,
}
