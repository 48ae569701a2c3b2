"""The same tables in SQL, written by hand for DuckDB and for speed.

Four things were found by measuring: repeated ids are cheaper to find by sorting than by grouping;
the month of an instant in the shop's zone is looked up in a small calendar, for converting each row
is slow; first sales by a join on (customer, first instant) are cheaper than `arg_min` over pairs;
a customer's months are cheaper as bits of one number (at most 127 of them) than as rows.
"""

import importlib
from collections.abc import Callable
from typing import Any

import duckdb
import polars as pl

from benchmarks.engines import duckdb_queries as sql
from benchmarks.jobs import Job
from benchmarks.rules import HEAVY_SHARE, RULES
from benchmarks.settings import SHOP_ZONE, THREADS

Connection = duckdb.DuckDBPyConnection


def prepare(job: Job, path: str, engine: str) -> Callable[[], Any]:
    connection = duckdb.connect(config={"threads": THREADS, "preserve_insertion_order": False})
    connection.execute(f"SET TimeZone = '{SHOP_ZONE}'")
    if job.task != "validation":
        _import_for_tables()
    return lambda: _TASKS[job.task](connection, path)


def present(result: Any) -> dict[str, int] | pl.DataFrame:
    if isinstance(result, dict):
        return result
    return pl.from_arrow(result)


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
    return connection.sql(query.format(file=f"read_parquet('{path}')")).to_arrow_table()


def _cohort_totals(connection: Connection, path: str) -> Any:
    connection.execute(sql.CALENDAR)
    return _table(connection, sql.COHORT_TOTALS, path)


_TASKS: dict[str, Callable[[Connection, str], Any]] = {
    "validation": _validation,
    "customer_summary": lambda connection, path: _table(connection, sql.CUSTOMER_SUMMARY, path),
    "order_totals": lambda connection, path: _table(connection, sql.ORDER_TOTALS, path),
    "cohort_totals": _cohort_totals,
}
