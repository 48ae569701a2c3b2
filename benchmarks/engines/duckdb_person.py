"""The ten conditions about one customer in SQL, on tables in memory that hold all customers.

The tables are loaded and the statement is prepared before the clock starts, so that what is timed
is asking alone: less than a service does that has the rows in its hands. An index by customer was
tried and gained nothing on tables as small as these.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

import duckdb
import polars as pl

from benchmarks.customers_asked import AS_OF, Customer, answers_in_turn, customers


def _stamp(at: dt.datetime) -> str:
    return f"TIMESTAMPTZ '{at.isoformat()}'"


def _ago(days: int) -> str:
    return _stamp(AS_OF - dt.timedelta(days=days))


_NOW = _stamp(AS_OF)
_MONTHS = [AS_OF.replace(year=AS_OF.year - 1, month=12 - ago) for ago in range(6)]
_MONTH_BITS = " ".join(
    f"WHEN ordered_at >= {_stamp(start)} THEN {1 << ago}" for ago, start in enumerate(_MONTHS)
)
_QUERY = f"""
WITH mine AS MATERIALIZED (
    SELECT * FROM orders WHERE customer_id = $customer AND ordered_at < {_NOW}
), sums AS (
    SELECT count(*) FILTER (is_sale AND ordered_at >= {_ago(365)}) AS year,
           sum(amount) FILTER (is_sale AND ordered_at >= {_ago(365)}) AS spent,
           sum(amount) FILTER (is_sale) AS ever,
           count(*) FILTER (NOT is_sale AND ordered_at >= {_ago(90)}) AS back,
           max(ordered_at) FILTER (is_sale) AS last_at,
           bit_count(bit_or(CASE WHEN NOT is_sale THEN 0 {_MONTH_BITS} ELSE 0 END)) AS months
    FROM (SELECT *, kind = 'sale' AS is_sale FROM mine WHERE status = 'completed')
), bought AS (
    SELECT max(ordered_at) FILTER (category = 'coffee') AS coffee,
           max(ordered_at) FILTER (category = 'mattress') AS mattress,
           max(ordered_at) FILTER (category = 'cover') AS cover
    FROM order_items
    ANTI JOIN (SELECT order_id FROM mine WHERE status <> 'completed') USING (order_id)
    WHERE customer_id = $customer AND kind = 'sale' AND ordered_at < {_NOW}
), viewed AS (
    SELECT count(*) AS times FROM events
    WHERE customer_id = $customer AND name = 'Product Viewed'
      AND occurred_at >= {_ago(30)} AND occurred_at < {_NOW}
)
SELECT coalesce(
    city IN ('Moscow', 'Kazan', 'Samara') AND year >= 3
    AND spent >= 500 * year AND spent <= 20000 * year AND ever >= 5000 AND back = 0
    AND last_at >= {_ago(200)} AND coffee >= {_ago(180)} AND mattress >= {_ago(180)}
    AND coalesce(cover < mattress, true) AND months >= 2 AND times >= 2, false)
FROM customers, sums, bought, viewed WHERE customer_id = $customer
"""


def asking(connection: duckdb.DuckDBPyConnection) -> Callable[[], dict[str, int | float]]:
    """Load the tables, and give what asks."""
    people = customers()
    rows = {
        "customers": [person["customer"] for person in people],
        **{
            name: [row for person in people for row in person[name]]
            for name in ("orders", "order_items", "events")
        },
    }
    for name, table in rows.items():
        connection.register("loaded", pl.DataFrame(table).to_arrow())
        connection.execute(f"CREATE TABLE {name} AS FROM loaded")
        connection.unregister("loaded")
    connection.execute(f"PREPARE ask AS {_QUERY}")

    def ask(person: Customer, as_of: dt.datetime) -> bool:
        found: Any = connection.execute(f"EXECUTE ask(customer := {person['customer_id']})")
        return bool(found.fetchone()[0])

    return lambda: answers_in_turn(ask, people)
