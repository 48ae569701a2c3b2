"""What the tables of an audit share, in SQL: one window over the sales, and group-bys after it.

What a sale is to its customer (its number, how long after the one before, in which month that and
the first one were, when the next one is) is found in one pass and kept with it. After that little
needs a join: a customer's last sale is the one without a next, and the first one of a month is the
one whose predecessor lies in another.
"""

from benchmarks.engines.duckdb_queries import OBSERVED
from benchmarks.engines.duckdb_retention import state
from benchmarks.jobs import AS_OF

DAY = 86_400_000_000
"""Microseconds."""
INSTANT = str(round(AS_OF.timestamp() * 1_000_000))
"""The instant of observation, in microseconds."""

SALES = f"""
CREATE TEMP TABLE sales AS
WITH observed AS (
    SELECT customer_id, order_id, amount,
           epoch_us(ordered_at) AS sold_at, bought::SMALLINT AS bought
    FROM {{file}} JOIN calendar ON epoch_us(ordered_at) // 900000000 = quarter_hours
    WHERE kind = 'sale' AND {OBSERVED}
)
SELECT customer_id, sold_at, bought, amount,
       (row_number() OVER in_turn)::INTEGER AS number,
       sold_at - lag(sold_at) OVER in_turn AS gap,
       lead(sold_at) OVER in_turn AS next_at,
       lag(bought) OVER in_turn AS bought_before,
       lead(bought) OVER in_turn AS bought_after,
       first_value(bought) OVER in_turn AS first_bought
FROM observed WINDOW in_turn AS (PARTITION BY customer_id ORDER BY sold_at, order_id)
"""

BUYERS = """
CREATE TEMP TABLE buyers AS
SELECT customer_id, sum(amount) AS revenue, count(*) AS orders, min(first_bought) AS first_bought
FROM sales GROUP BY customer_id
"""

BROUGHT_BACK = f"""
CREATE TEMP TABLE brought_back AS
SELECT customer_id, bought, sum(amount) AS amount
FROM {{file}} JOIN calendar ON epoch_us(ordered_at) // 900000000 = quarter_hours
WHERE kind = 'return' AND {OBSERVED} GROUP BY customer_id, bought
"""

NETS = """
CREATE TEMP TABLE nets AS
WITH back AS (SELECT customer_id, sum(amount) AS amount FROM brought_back GROUP BY customer_id)
SELECT customer_id, revenue + coalesce(amount, 0) AS net_revenue
FROM buyers LEFT JOIN back USING (customer_id)
"""

CELLS = """
CREATE TEMP TABLE cells AS
SELECT first_bought, bought, count(*) AS orders, sum(amount) AS revenue,
       count(*) FILTER (bought_before IS DISTINCT FROM bought) AS customers,
       count(*) FILTER (bought_before = bought - 1) AS retained,
       count(*) FILTER (next_at IS NULL) AS last_customers,
       count(*) FILTER (number = 1) AS first_orders,
       count(*) FILTER (number = 1 AND bought_after IS DISTINCT FROM bought) AS bought_once,
       sum(amount) FILTER (number = 1) AS first_revenue
FROM sales GROUP BY first_bought, bought
"""

MONTHS = """
CREATE TEMP TABLE months AS
SELECT bought, sum(orders)::BIGINT AS orders, sum(revenue) AS revenue,
       sum(customers)::BIGINT AS buyers, sum(retained)::BIGINT AS retained,
       sum(first_orders)::BIGINT AS first_orders,
       coalesce(sum(first_revenue), 0) AS first_revenue,
       (sum(customers) - sum(bought_once))::BIGINT AS known_buyers,
       coalesce(lag(sum(customers)) OVER (ORDER BY bought), 0)::BIGINT AS start_customers
FROM cells GROUP BY bought
"""

GAPS = """
CREATE TEMP TABLE medians AS
SELECT customer_id, median(gap) AS usual_gap FROM sales WHERE gap IS NOT NULL GROUP BY customer_id
"""

GAP_SUMMARY = f"""
CREATE TEMP TABLE gap_summary AS
WITH pooled AS (
    SELECT count(gap) AS gaps, count(*) FILTER (gap = 0) AS zero_gaps,
           sum(gap) / count(gap) / {DAY} AS mean_days,
           quantile_cont(gap, [0.25, 0.5, 0.75, 0.9]) AS quantiles
    FROM sales
), of_customers AS (
    SELECT count(*) AS customers, median(usual_gap) AS usual_gap FROM medians
)
SELECT gaps, zero_gaps, customers, mean_days,
       quantiles[1] / {DAY} AS lower_quartile_days,
       quantiles[2] / {DAY} AS median_days,
       quantiles[3] / {DAY} AS upper_quartile_days,
       quantiles[4] / {DAY} AS ninetieth_percentile_days,
       usual_gap / {DAY} AS median_of_customer_medians_days, usual_gap
FROM pooled, of_customers
"""

NUMBERS = f"""
CREATE TEMP TABLE numbers AS
SELECT number, count(*) AS customers, median(gap) / {DAY} AS median_days
FROM sales GROUP BY number
"""

QUARTER_HOURS = """
CREATE TEMP TABLE sold AS
SELECT sold_at // 900000000 AS quarter_hours, count(*) AS orders, sum(amount) AS revenue
FROM sales GROUP BY quarter_hours
"""

LAST_SALES = f"""
CREATE TEMP TABLE states AS
SELECT customer_id, {state(f"{INSTANT} - sold_at", "gap > 4 * usual", "number", "usual")} AS state
FROM sales, (SELECT usual_gap AS usual FROM gap_summary) WHERE next_at IS NULL
"""

PREPARATION = (
    SALES,
    BUYERS,
    BROUGHT_BACK,
    NETS,
    CELLS,
    MONTHS,
    GAPS,
    GAP_SUMMARY,
    NUMBERS,
    QUARTER_HOURS,
    LAST_SALES,
)
"""Shared tables, in the order they are made, after the calendar."""
