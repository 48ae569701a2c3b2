"""Orders read and checked in SQL: the counts of the door, and an export kept as a table."""

from typing import Any

import polars as pl

from benchmarks.engines import duckdb_queries as sql
from benchmarks.engines.duckdb_connection import Connection
from benchmarks.engines.duckdb_reading import KEEP, READ, VIEW
from benchmarks.engines.sunk import answer_file
from benchmarks.rules import HEAVY_SHARE, RULES


def validation(connection: Connection, path: str) -> dict[str, int]:
    """Count in one scan; only what repeats, is broken or may be heavy is looked at again."""
    connection.execute(
        "CREATE VIEW orders AS SELECT *, file_row_number "
        f"FROM read_parquet('{path}', file_row_number = true)"
    )
    return _checked(connection)


def reading(connection: Connection, path: str) -> dict[str, Any]:
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
