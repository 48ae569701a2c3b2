"""The tables of an audit in SQL, made of what they share."""

from typing import Any

from benchmarks.engines.duckdb_audit import DAY, INSTANT, PREPARATION
from benchmarks.engines.duckdb_connection import Connection, about
from benchmarks.engines.duckdb_door import validation
from benchmarks.engines.duckdb_queries import CALENDAR
from benchmarks.engines.duckdb_retention import state
from benchmarks.jobs import (
    CHURNED_SHOWN,
    ORDER_NUMBERS_SHOWN,
    SINCE,
    STOPPED_BY,
    STOPPED_FROM,
)
from benchmarks.settings import SHOP_ZONE

_SINCE, _STOPPED_FROM, _STOPPED_BY = (
    str(round(at.timestamp() * 1_000_000)) for at in (SINCE, STOPPED_FROM, STOPPED_BY)
)

_ORDER_VALUES = """
SELECT make_date(bought // 12, bought % 12 + 1, 1) AS period, orders, revenue,
       revenue::DOUBLE / orders AS average_order_value,
       first_orders, first_revenue::DOUBLE / nullif(first_orders, 0) AS first_average_order_value,
       orders - first_orders AS repeat_orders,
       (revenue - first_revenue)::DOUBLE / nullif(orders - first_orders, 0)
           AS repeat_average_order_value,
       (revenue - first_revenue)::DOUBLE / revenue::DOUBLE AS share_of_repeat_sales
FROM months
"""

_COHORTS = """
WITH grid AS (
    SELECT one.first_bought, one.customers AS cohort_customers, months.bought
    FROM cells AS one, months
    WHERE one.bought = one.first_bought AND months.bought >= one.first_bought
), filled AS (
    SELECT first_bought, bought, cohort_customers, coalesce(customers, 0) AS customers,
           coalesce(orders, 0) AS orders, coalesce(revenue, 0) AS revenue,
           coalesce(last_customers, 0) AS last_customers
    FROM grid LEFT JOIN cells USING (first_bought, bought)
)
SELECT make_date(first_bought // 12, first_bought % 12 + 1, 1) AS cohort,
       (bought - first_bought)::BIGINT AS period,
       cohort_customers, customers, orders, revenue,
       customers / cohort_customers AS retained_in_period,
       sum(last_customers) OVER later / cohort_customers AS retained_from_period,
       revenue::DOUBLE / cohort_customers AS revenue_per_customer,
       (sum(revenue) OVER so_far)::DOUBLE / cohort_customers AS cumulative_revenue_per_customer
FROM filled
WINDOW so_far AS (PARTITION BY first_bought ORDER BY bought),
       later AS (PARTITION BY first_bought ORDER BY bought DESC)
"""

_RETENTION = """
SELECT make_date(bought // 12, bought % 12 + 1, 1) AS period,
       start_customers, buyers AS end_customers, retained, first_orders AS new_customers,
       buyers - retained - first_orders AS reactivated, start_customers - retained AS lost, buyers,
       retained / nullif(start_customers, 0) AS customer_retention_rate,
       1 - retained / nullif(start_customers, 0) AS churn_rate,
       (buyers - first_orders) / nullif(start_customers, 0) AS contract_retention_rate,
       known_buyers / nullif(start_customers, 0) AS returning_ratio
FROM months
"""

_NEXT_PURCHASE = f"""
WITH firsts AS (
    SELECT sold_at // 900000000 AS quarter_hours,
           coalesce(next_at, {INSTANT} - 1) // 900000000 AS until, next_at
    FROM sales WHERE number = 1
), waits AS (
    SELECT later.day - calendar.day AS days,
           count(next_at) AS bought_again, count(*) - count(next_at) AS censored
    FROM firsts JOIN calendar USING (quarter_hours) JOIN calendar AS later
        ON later.quarter_hours = until
    GROUP BY days
), risks AS (
    SELECT *, (sum(bought_again + censored) OVER (ORDER BY days DESC))::BIGINT AS at_risk FROM waits
)
SELECT days::BIGINT AS days, at_risk, bought_again, censored,
       1 - product(1 - bought_again / at_risk) OVER (ORDER BY days) AS share_bought_again
FROM risks
"""

_ORDER_CONVERSION = f"""
WITH steps AS (
    SELECT number, customers, coalesce(lead(customers) OVER (ORDER BY number), 0) AS next_customers
    FROM numbers
)
SELECT number::BIGINT AS order_number, customers, next_customers,
       next_customers / customers AS conversion
FROM steps WHERE number <= {ORDER_NUMBERS_SHOWN}
"""

_LIFECYCLE = """
SELECT state, count(*) AS customers,
       sum(net_revenue) AS net_revenue,
       count(*) / sum(count(*)) OVER () AS share_of_customers
FROM states JOIN nets USING (customer_id) GROUP BY state
"""

_LIFECYCLE_FLOW = f"""
WITH earlier AS (
    SELECT customer_id,
           {state(f"{_SINCE} - sold_at", "gap > 4 * usual", "number", "usual")} AS state_before
    FROM sales, (SELECT usual_gap AS usual FROM gap_summary)
    WHERE sold_at < {_SINCE} AND (next_at IS NULL OR next_at >= {_SINCE})
)
SELECT state_before, state, count(*) AS customers
FROM states LEFT JOIN earlier USING (customer_id) GROUP BY state_before, state
"""


def _season(unit: str, slot: str, occurrences: str) -> str:
    return f"""
    SELECT '{unit}' AS unit, ({slot})::BIGINT AS slot, ({occurrences})::DOUBLE AS occurrences,
           coalesce(sum(orders), 0)::BIGINT AS orders, coalesce(sum(revenue), 0) AS revenue
    FROM days LEFT JOIN sold USING (quarter_hours) GROUP BY slot"""


_SEASONALITY = f"""
WITH days AS (
    SELECT quarter_hours, bought, share_of_month,
           make_timestamptz(quarter_hours * 900000000) AS at_hour
    FROM (SELECT *, 1 / count(*) OVER (PARTITION BY bought) AS share_of_month FROM calendar)
    WHERE quarter_hours >= (SELECT epoch_us(date_trunc('day', make_timestamptz(min(sold_at))))
                            FROM sales) // 900000000
      AND quarter_hours < {INSTANT} // 900000000
)
{_season("month", "bought % 12 + 1", "sum(share_of_month)")}
UNION ALL {_season("weekday", "isodow(at_hour)", "count(*) / 96")}
UNION ALL {_season("hour", "hour(at_hour)", "count(*) / 4")}
"""

_CONCENTRATION = """
WITH ranked AS (
    SELECT revenue, row_number() OVER (ORDER BY revenue DESC) AS place FROM buyers
), everything AS (
    SELECT count(*) AS customers, sum(revenue) AS revenue FROM buyers
), tops AS (
    SELECT hundredths / 100 AS top_share,
           (everything.customers * hundredths + 99) // 100 AS customers,
           everything.revenue AS whole
    FROM everything, (VALUES (1), (5), (10), (20), (50)) AS shares (hundredths)
)
SELECT top_share, any_value(tops.customers) AS customers, sum(ranked.revenue) AS revenue,
       sum(ranked.revenue)::DOUBLE / any_value(whole)::DOUBLE AS share_of_revenue
FROM tops JOIN ranked ON place <= tops.customers GROUP BY top_share
"""

_BUYERS = """
SELECT CASE WHEN orders = 1 THEN 'one_time' ELSE 'repeat' END AS buyer_type,
       count(*) AS customers, sum(orders)::BIGINT AS orders, sum(revenue) AS revenue
FROM buyers GROUP BY buyer_type
"""

_VALUE_TREND = """
WITH returned AS (
    SELECT greatest(brought_back.bought, buyers.first_bought) AS bought,
           sum(brought_back.amount) AS amount
    FROM brought_back JOIN buyers USING (customer_id) GROUP BY ALL
)
SELECT make_date(bought // 12, bought % 12 + 1, 1) AS period,
       (sum(first_orders) OVER so_far)::BIGINT AS customers,
       sum(revenue + coalesce(amount, 0)) OVER so_far AS net_revenue,
       net_revenue::DOUBLE / customers AS lifetime_value
FROM months LEFT JOIN returned USING (bought) WINDOW so_far AS (ORDER BY bought)
"""

_CHURNED = f"""
WITH gone AS (
    SELECT customer_id, sold_at, number, net_revenue
    FROM sales JOIN nets USING (customer_id)
    WHERE next_at IS NULL AND sold_at >= {_STOPPED_FROM} AND sold_at < {_STOPPED_BY}
    ORDER BY net_revenue DESC, customer_id LIMIT {CHURNED_SHOWN}
), days AS (
    SELECT DISTINCT customer_id,
           (make_timestamptz(sales.sold_at) AT TIME ZONE '{SHOP_ZONE}')::DATE AS day
    FROM sales SEMI JOIN gone USING (customer_id)
), waits AS (
    SELECT customer_id, day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS wait
    FROM days
), medians_by_day AS (
    SELECT customer_id, median(wait) * {DAY} AS usual_gap FROM waits GROUP BY customer_id
)
SELECT customer_id, net_revenue, number::BIGINT AS orders,
       make_timestamptz(sold_at) AS last_order_at,
       ({INSTANT} - sold_at) / {DAY} AS days_since_last_order, usual_gap / {DAY} AS usual_gap_days,
       ({INSTANT} - sold_at) / nullif(usual_gap, 0) AS gap_multiple
FROM gone LEFT JOIN medians_by_day USING (customer_id)
"""

TABLES = {
    "order_values": _ORDER_VALUES,
    "buyers": _BUYERS,
    "cohorts": _COHORTS,
    "retention": _RETENTION,
    "value_trend": _VALUE_TREND,
    "gaps": f"SELECT gap // {DAY} AS days, count(*) AS gaps FROM sales "
    "WHERE gap IS NOT NULL GROUP BY days",
    "gap_summary": "SELECT * EXCLUDE (usual_gap) FROM gap_summary",
    "gaps_by_order": "SELECT number::BIGINT AS order_number, customers AS gaps, median_days "
    "FROM numbers WHERE number > 1",
    "next_purchase": _NEXT_PURCHASE,
    "order_conversion": _ORDER_CONVERSION,
    "lifecycle": _LIFECYCLE,
    "lifecycle_flow": _LIFECYCLE_FLOW,
    "seasonality": _SEASONALITY,
    "concentration": _CONCENTRATION,
    "churned_customers": _CHURNED,
}
"""The tables of an audit, in the order they are asked for."""


def audit(connection: Connection, path: str) -> dict[str, Any]:
    """Make all tables in one connection, on tables that they share."""
    health = validation(connection, path)
    for query in (CALENDAR, *PREPARATION):
        connection.execute(about(path, query))
    tables = {name: connection.sql(query).to_arrow_table() for name, query in TABLES.items()}
    return {"data_health": health, **tables}
