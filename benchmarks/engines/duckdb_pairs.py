"""The text of the query about products that the same customers bought.

A customer bought a product where more of it was sold than came back, in completed orders. The
products are small numbers here, so that a pair is one number too.
"""

from benchmarks.engines.duckdb_queries import OBSERVED
from benchmarks.jobs import AS_OF

PAIRS = f"""
WITH bought AS MATERIALIZED (
    SELECT customer_id, product_id::INTEGER AS product
    FROM {{order_items}}
    ANTI JOIN (SELECT order_id FROM {{orders}} WHERE NOT ({OBSERVED})) USING (order_id)
    WHERE ordered_at < TIMESTAMPTZ '{AS_OF.isoformat()}'
    GROUP BY customer_id, product HAVING sum(quantity) > 0
), together AS (
    SELECT one.product * 65536 + other.product AS pair, count(*) AS customers
    FROM bought AS one JOIN bought AS other
        ON one.customer_id = other.customer_id AND one.product < other.product
    GROUP BY pair
)
SELECT (pair >> 16)::BIGINT AS product_a, (pair & 65535)::BIGINT AS product_b, customers
FROM together
"""
