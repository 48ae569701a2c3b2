"""The text of the queries, apart from the code that runs them."""

from benchmarks.jobs import AS_OF
from benchmarks.rules import AMOUNT_LIMIT

OBSERVED = f"status = 'completed' AND ordered_at < TIMESTAMPTZ '{AS_OF.isoformat()}'"

KEEPS_RULES = f"""
CREATE MACRO keeps_rules(order_id, ordered_at, amount, kind, status) AS
    order_id IS NOT NULL
    AND ordered_at IS NOT NULL
    AND coalesce(abs(amount) < {AMOUNT_LIMIT}, false)
    AND CASE WHEN amount > 0 THEN kind = 'sale'
             WHEN amount < 0 THEN kind = 'return'
             ELSE kind IN ('sale', 'return') END
    AND status IN ('completed', 'cancelled', 'open')
"""

PARTS = """
CREATE TEMP TABLE parts AS
WITH judged AS (
    SELECT customer_id, kind, keeps_rules(order_id, ordered_at, amount, kind, status) AS kept
    FROM orders
)
SELECT CASE WHEN customer_id IS NOT NULL THEN (hash(customer_id) & 4095)::SMALLINT END AS part,
       count(*) AS n,
       count(*) FILTER (kept) AS kept,
       count(*) FILTER (kept AND kind = 'sale') AS sales
FROM judged GROUP BY part
"""

COUNTS = """
SELECT sum(n), sum(kept), sum(kept) FILTER (part IS NULL),
       sum(sales) FILTER (part IS NOT NULL), max(sales) FILTER (part IS NOT NULL)
FROM parts
"""

REPEATED_IDS = """
CREATE TEMP TABLE repeated_ids AS
SELECT DISTINCT order_id
FROM (SELECT order_id, lag(order_id) OVER (ORDER BY order_id) AS previous FROM orders)
WHERE order_id = previous
"""

REJECTED = f"""
CREATE TEMP TABLE rejected AS
WITH suspects AS MATERIALIZED (
    SELECT *, keeps_rules(order_id, ordered_at, amount, kind, status) AS kept
    FROM orders
    WHERE NOT keeps_rules(order_id, ordered_at, amount, kind, status)
       OR order_id IN (SELECT order_id FROM repeated_ids)
), judged AS (
    SELECT *,
           row_number() OVER (
               PARTITION BY kept, order_id, customer_id, ordered_at, amount, kind, status
               ORDER BY file_row_number) > 1 AS is_copy,
           kind = 'sale' AND row_number() OVER (
               PARTITION BY kept, order_id, kind ORDER BY file_row_number) > 1 AS is_again
    FROM suspects
)
SELECT file_row_number, customer_id, kind, kept,
       CASE WHEN kept AND is_copy THEN 'duplicate_row'
            WHEN kept THEN 'repeated_order_id'
            WHEN NOT isfinite(amount) THEN 'not_finite_amount'
            WHEN abs(amount) >= {AMOUNT_LIMIT} THEN 'out_of_range_amount'
            WHEN kind NOT IN ('sale', 'return') THEN 'unknown_kind'
            WHEN status NOT IN ('completed', 'cancelled', 'open') THEN 'unknown_status'
            WHEN order_id IS NULL THEN 'null_order_id'
            WHEN ordered_at IS NULL THEN 'null_ordered_at'
            WHEN amount IS NULL THEN 'null_amount'
            WHEN kind = 'sale' THEN 'negative_sale'
            ELSE 'positive_return' END AS rule
FROM judged WHERE NOT kept OR is_copy OR is_again
"""

NOTHING_REJECTED = """
CREATE TEMP TABLE rejected (
    file_row_number BIGINT, customer_id BIGINT, kind VARCHAR, kept BOOLEAN, rule VARCHAR
)
"""

REJECTED_RULES = "SELECT rule, count(*) FROM rejected GROUP BY rule"

REPEATED_COUNTS = """
SELECT count(*) FILTER (customer_id IS NULL),
       count(*) FILTER (customer_id IS NOT NULL AND kind = 'sale')
FROM rejected WHERE kept
"""

HEAVY_CUSTOMERS = """
WITH sales AS (
    SELECT customer_id, count(*) AS n FROM orders
    WHERE kind = 'sale' AND customer_id IS NOT NULL
      AND (hash(customer_id) & 4095)::SMALLINT IN (SELECT part FROM parts WHERE sales >= $least)
    GROUP BY customer_id
), less AS (
    SELECT customer_id, count(*) AS n FROM rejected WHERE kind = 'sale' GROUP BY customer_id
)
SELECT count(*) FROM sales LEFT JOIN less USING (customer_id)
WHERE sales.n - coalesce(less.n, 0) >= $least
"""

CUSTOMER_SUMMARY = f"""
SELECT customer_id,
       count(*) FILTER (kind = 'sale') AS orders,
       count(*) FILTER (kind = 'return') AS "returns",
       coalesce(sum(amount) FILTER (kind = 'sale'), 0) AS revenue,
       sum(amount) AS net_revenue,
       min(ordered_at) FILTER (kind = 'sale') AS first_order_at,
       max(ordered_at) FILTER (kind = 'sale') AS last_order_at
FROM {{file}}
WHERE {OBSERVED}
GROUP BY customer_id
"""

ORDER_TOTALS = f"""
WITH observed AS (
    SELECT customer_id, order_id, ordered_at, amount, kind = 'sale' AS is_sale
    FROM {{file}} WHERE {OBSERVED}
), totals AS (
    SELECT count(*) FILTER (is_sale) AS orders,
           count(*) FILTER (NOT is_sale) AS "returns",
           sum(amount) FILTER (is_sale) AS revenue,
           sum(amount) AS net_revenue
    FROM observed
), buyers AS (
    SELECT customer_id, min(ordered_at) AS ordered_at
    FROM observed WHERE is_sale GROUP BY customer_id
), first_sales AS (
    SELECT arg_min(amount, order_id) AS amount
    FROM observed JOIN buyers USING (customer_id, ordered_at)
    WHERE is_sale GROUP BY customer_id
), firsts AS (
    SELECT count(*) AS customers, sum(amount) AS first_revenue FROM first_sales
)
SELECT customers, orders, "returns", revenue, net_revenue,
       customers AS first_orders, first_revenue,
       orders - customers AS repeat_orders, revenue - first_revenue AS repeat_revenue
FROM totals, firsts
"""

FIRST_BIT = 2020 * 12
"""The month of bit 0 where a customer's months are kept as the bits of one number."""

CALENDAR = """
CREATE TEMP TABLE calendar AS
SELECT epoch_us(quarter_hour) // 900000000 AS quarter_hours,
       (12 * year(quarter_hour) + month(quarter_hour) - 1)::INTEGER AS bought,
       quarter_hour::DATE - DATE '1970-01-01' AS day
FROM (SELECT unnest(generate_series(TIMESTAMPTZ '2020-12-31 00:00:00+00',
                                    TIMESTAMPTZ '2025-02-01 00:00:00+00',
                                    INTERVAL 15 MINUTE)) AS quarter_hour)
"""

COHORT_TOTALS = f"""
WITH sales AS MATERIALIZED (
    SELECT customer_id, bought, amount
    FROM {{file}} JOIN calendar ON epoch_us(ordered_at) // 900000000 = quarter_hours
    WHERE kind = 'sale' AND {OBSERVED}
), buyers AS MATERIALIZED (
    SELECT customer_id, min(bought) AS first,
           bit_or(1::HUGEINT << (bought - {FIRST_BIT})) AS months
    FROM sales GROUP BY customer_id
), sums AS (
    SELECT first, bought, count(*) AS orders, sum(amount) AS revenue
    FROM sales JOIN buyers USING (customer_id) GROUP BY first, bought
), alike AS (
    SELECT first, months, count(*) AS customers FROM buyers GROUP BY first, months
), counts AS (
    SELECT first, bought, sum(customers)::BIGINT AS customers,
           coalesce(sum(customers) FILTER (months >> (bought - {FIRST_BIT}) = 1), 0)::BIGINT
               AS last_customers
    FROM alike, (SELECT DISTINCT bought FROM calendar)
    WHERE (months >> (bought - {FIRST_BIT})) & 1 = 1
    GROUP BY first, bought
)
SELECT make_date(first // 12, first % 12 + 1, 1) AS cohort,
       (bought - first)::BIGINT AS period,
       customers, last_customers, orders, revenue
FROM sums JOIN counts USING (first, bought)
"""
