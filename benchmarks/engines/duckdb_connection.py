"""What all queries in SQL go through: one connection, and the files put into a query."""

from typing import Any

import duckdb
import polars as pl

from benchmarks.engines.sunk import COMPRESSION, answer_file
from benchmarks.settings import COMPANIONS, LINES, SHOP_ZONE, THREADS, beside

Connection = duckdb.DuckDBPyConnection


def connect() -> Connection:
    """Give a connection to an empty database in memory, which has the shop's clock."""
    connection = duckdb.connect(config={"threads": THREADS, "preserve_insertion_order": False})
    connection.execute(f"SET TimeZone = '{SHOP_ZONE}'")
    return connection


def about(path: str, query: str) -> str:
    """Put the files into a query."""
    companions = ("orders", LINES, *COMPANIONS)
    files = {"file": path, **{name: beside(path, name) for name in companions}}
    return query.format(**{name: f"read_parquet('{file}')" for name, file in files.items()})


def table(connection: Connection, query: str, path: str) -> Any:
    """Ask a query for a table in memory."""
    return connection.sql(about(path, query)).to_arrow_table()


def rows_to_file(connection: Connection, query: str, path: str) -> pl.LazyFrame:
    """Write a row per customer to a file."""
    options = f"FORMAT parquet, COMPRESSION {COMPRESSION}"
    connection.execute(f"COPY ({about(path, query)}) TO '{answer_file()}' ({options})")
    return pl.scan_parquet(answer_file())
