"""The ten conditions about one customer in SQL, on tables in memory that hold all customers.

The tables are loaded and the statement is prepared before the clock starts, so that what is timed
is asking alone: less than a service does that has the rows in its hands.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

import duckdb
import polars as pl

from benchmarks.customers_asked import AS_OF, Customer, answers_in_turn, customers

_AS_OF = f"TIMESTAMPTZ '{AS_OF.isoformat()}'"
_YEAR_AGO = f"{_AS_OF} - INTERVAL 365 DAY"
_QUERY = f"""
WITH sums AS (
    SELECT count(*) FILTER (kind = 'sale' AND ordered_at >= {_YEAR_AGO}) AS year,
           sum(amount) FILTER (kind = 'sale' AND ordered_at >= {_YEAR_AGO}) AS spent,
           sum(amount) FILTER (kind = 'sale') AS ever,
           count(*) FILTER (kind = 'return' AND ordered_at >= {_AS_OF} - INTERVAL 90 DAY) AS back,
           max(ordered_at) FILTER (kind = 'sale') AS last_at,
           count(DISTINCT date_trunc('month', ordered_at)) FILTER (
               kind = 'sale' AND ordered_at >= date_trunc('month', {_AS_OF}) - INTERVAL 6 MONTH
               AND ordered_at < date_trunc('month', {_AS_OF})) AS months
    FROM orders
    WHERE customer_id = $customer AND status = 'completed' AND ordered_at < {_AS_OF}
), bought AS (
    SELECT max(ordered_at) FILTER (category = 'coffee') AS coffee,
           max(ordered_at) FILTER (category = 'mattress') AS mattress,
           max(ordered_at) FILTER (category = 'cover') AS cover
    FROM order_items
    WHERE customer_id = $customer AND kind = 'sale' AND ordered_at < {_AS_OF}
      AND order_id NOT IN (
          SELECT order_id FROM orders WHERE customer_id = $customer AND status <> 'completed')
), viewed AS (
    SELECT count(*) AS times FROM events
    WHERE customer_id = $customer AND name = 'Product Viewed'
      AND occurred_at >= {_AS_OF} - INTERVAL 30 DAY AND occurred_at < {_AS_OF}
)
SELECT coalesce(
    city IN ('Moscow', 'Kazan', 'Samara') AND year >= 3
    AND spent >= 500 * year AND spent <= 20000 * year AND ever >= 5000 AND back = 0
    AND last_at >= {_AS_OF} - INTERVAL 200 DAY AND coffee >= {_AS_OF} - INTERVAL 180 DAY
    AND mattress >= {_AS_OF} - INTERVAL 180 DAY AND coalesce(cover < mattress, true)
    AND months >= 2 AND times >= 2, false)
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
        connection.execute(f"CREATE INDEX {name}_by_customer ON {name} (customer_id)")
        connection.unregister("loaded")
    connection.execute(f"PREPARE ask AS {_QUERY}")

    def ask(person: Customer, as_of: dt.datetime) -> bool:
        found: Any = connection.execute(f"EXECUTE ask(customer := {person['customer_id']})")
        return bool(found.fetchone()[0])

    return lambda: answers_in_turn(ask, people)
