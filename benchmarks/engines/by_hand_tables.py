"""How the customers of an audit divide, in SQL: by scores and by ready segments.

It goes on from the tables of `duckdb_audit`. What a customer bought, now and a quarter ago, is
added up in one pass over the sales; scores, segments and histories are made of that alone. Of what
was bought on the first day only sales within a day of another need to be looked at again.
"""

import datetime as dt

from benchmarks.engines.duckdb_audit import DAY, INSTANT
from benchmarks.engines.duckdb_queries import OBSERVED
from benchmarks.jobs import AS_OF, SINCE

_EPOCH = dt.date(1970, 1, 1)
_TODAY, _THAT_DAY = ((at.date() - _EPOCH).days for at in (AS_OF, SINCE))
_AHEAD = 3 * 3_600_000_000
"""How far the shop's clock is ahead of UTC, in microseconds: its zone had no other since 2014."""
_TINY = 0.001


def _months_ago(months: int) -> dt.datetime:
    year, month = divmod(12 * AS_OF.year + AS_OF.month - 1 - months, 12)
    return AS_OF.replace(year=year, month=month + 1)


def _microseconds(at: dt.datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _month(at: dt.datetime) -> int:
    return 12 * at.year + at.month - 1


_SINCE, _YEAR_AGO, _QUARTER_AGO, _MONTH_AGO, _LAPSED_FROM = (
    _microseconds(at)
    for at in (SINCE, _months_ago(12), _months_ago(3), _months_ago(1), _months_ago(15))
)
_THIRTY_DAYS_AGO = f"{INSTANT} - 30 * {DAY}"

_PEOPLE = f"""
CREATE TEMP TABLE people AS
WITH days AS (
    SELECT *, ((sold_at + {_AHEAD}) // {DAY})::INTEGER AS day,
           coalesce((sold_at - gap + {_AHEAD}) // {DAY}, 0)::INTEGER AS day_before
    FROM sales
)
SELECT customer_id, count(*) AS orders, sum(amount) AS revenue,
       min(day) AS first_day, max(day) AS last_day,
       count(*) FILTER (day <> day_before) - 1 AS repeats,
       sum(amount) FILTER (number = 1) AS first_paid,
       min(sold_at) AS first_at, max(sold_at) AS last_at,
       count(*) FILTER (sold_at < {_SINCE}) AS orders_then,
       sum(amount) FILTER (sold_at < {_SINCE}) AS revenue_then,
       max(day) FILTER (sold_at < {_SINCE}) AS last_day_then,
       sum(amount) FILTER (sold_at >= {_YEAR_AGO}) AS paid,
       count(*) FILTER (bought >= {_month(_months_ago(6))}
                        AND bought_before IS DISTINCT FROM bought) AS months,
       count(*) FILTER (sold_at >= {_LAPSED_FROM} AND sold_at < {_QUARTER_AGO}) AS before_silence
FROM days GROUP BY customer_id
"""

_KNOWN = f"""
CREATE TEMP TABLE known AS
WITH back AS (
    SELECT customer_id, sum(amount) AS amount,
           sum(amount) FILTER (bought < {_month(SINCE)}) AS amount_then
    FROM brought_back GROUP BY customer_id
), again AS (
    SELECT customer_id, sum(amount) AS first_paid_again
    FROM sales JOIN (SELECT customer_id, first_day FROM people) USING (customer_id)
    WHERE number > 1 AND gap < {DAY} AND (sold_at + {_AHEAD}) // {DAY} = first_day
    GROUP BY customer_id
)
SELECT people.* EXCLUDE (first_paid, first_day, last_day, last_day_then),
       revenue + coalesce(amount, 0) AS net_revenue,
       coalesce(revenue_then, 0) + coalesce(amount_then, 0) AS net_revenue_then,
       {_TODAY} - last_day AS recency_days, {_THAT_DAY} - last_day_then AS recency_days_then,
       last_day - first_day AS t_x_days, {_TODAY - 1} - first_day AS T_days,
       (revenue - first_paid - coalesce(first_paid_again, 0))::DOUBLE / nullif(repeats, 0)
           AS repeat_spend
FROM people LEFT JOIN back USING (customer_id) LEFT JOIN again USING (customer_id)
"""


def _edges(column: str, name: str, steps: int = 1) -> str:
    found = f"quantile_cont({column}, [1 / 3, 2 / 3])"
    return f"[floor(edge * {steps} + {_TINY}) / {steps} FOR edge IN {found}] AS {name}"


_EDGES = f"""
CREATE TEMP TABLE edges AS
SELECT {_edges("recency_days", "of_recency")}, {_edges("orders", "of_orders")},
       {_edges("net_revenue::DOUBLE", "of_money", 10_000)}
FROM known
"""

_MACROS = (
    """CREATE MACRO low_is_best(value, edges) AS
    (1 + (value > edges[1])::TINYINT + (value > edges[2])::TINYINT)::TINYINT""",
    """CREATE MACRO high_is_best(value, edges) AS
    (3 - (value > edges[1])::TINYINT - (value > edges[2])::TINYINT)::TINYINT""",
    """CREATE MACRO segment_of(recency, frequency, monetary) AS CASE
    WHEN recency = 1 AND frequency = 1 THEN if(monetary = 1, 'best', 'loyal')
    WHEN recency = 1 AND monetary = 1 THEN 'big spenders'
    WHEN recency = 1 THEN if(frequency = 2, 'potential loyal', 'new')
    WHEN recency = 2 AND (frequency = 1 OR monetary = 1) THEN 'need attention'
    WHEN recency = 2 THEN 'about to sleep'
    WHEN monetary = 1 THEN 'cannot lose'
    WHEN frequency = 1 THEN 'at risk'
    WHEN recency = 3 THEN 'lost' END""",
)

_SCORED = """
CREATE TEMP TABLE scored AS
SELECT customer_id, orders, revenue, net_revenue, recency_days,
       low_is_best(recency_days, of_recency) AS r, high_is_best(orders, of_orders) AS f,
       high_is_best(net_revenue::DOUBLE, of_money) AS m,
       low_is_best(recency_days_then, of_recency) AS r_then,
       if(orders_then > 0, high_is_best(orders_then, of_orders), NULL) AS f_then,
       if(orders_then > 0, high_is_best(net_revenue_then::DOUBLE, of_money), NULL) AS m_then,
       orders - orders_then AS orders_since, revenue - coalesce(revenue_then, 0) AS revenue_since,
       net_revenue - net_revenue_then AS net_revenue_since
FROM known, edges
"""

_CELLS = """
CREATE TEMP TABLE scores AS
SELECT r, f, m, count(*) AS customers, count(*) FILTER (orders > 1) AS repeat_customers,
       sum(orders)::BIGINT AS orders, sum(revenue) AS revenue, sum(net_revenue) AS net_revenue,
       sum(recency_days)::BIGINT AS recency_days,
       min(recency_days) AS least_recency, max(recency_days) AS most_recency,
       min(scored.orders) AS least_orders, max(scored.orders) AS most_orders,
       min(scored.net_revenue) AS least_money, max(scored.net_revenue) AS most_money
FROM scored GROUP BY r, f, m
"""

_KINDS = f"""
CREATE TEMP TABLE kinds AS
WITH often AS (
    SELECT customer_id FROM {{file}}
    WHERE kind = 'return' AND {OBSERVED}
      AND ordered_at >= TIMESTAMPTZ '{_months_ago(12).isoformat()}'
    GROUP BY customer_id HAVING count(*) >= 2
), came_back AS (
    SELECT DISTINCT customer_id FROM sales
    WHERE sold_at >= {_THIRTY_DAYS_AGO} AND gap > 180 * {DAY}
      AND make_timestamptz(sold_at - gap) + INTERVAL 6 MONTH <= make_timestamptz(sold_at)
)
SELECT coalesce(first_at >= {_THIRTY_DAYS_AGO}, false) AS new_customers,
       coalesce(orders = 1 AND last_at >= {_QUARTER_AGO} AND last_at < {_MONTH_AGO}, false)
           AS second_order_due,
       coalesce(orders = 1, false) AS one_time_buyers,
       coalesce(orders >= 2, false) AS repeat_buyers,
       coalesce(months >= 4, false) AS regulars,
       coalesce(last_at < {_QUARTER_AGO} AND before_silence >= 3, false) AS lapsed_regulars,
       coalesce(last_at < {_QUARTER_AGO}, false) AS no_purchase_for,
       came_back.customer_id IS NOT NULL AS reactivated,
       often.customer_id IS NOT NULL AS returned_often,
       count(*) AS customers, coalesce(sum(paid), 0) AS paid
FROM known FULL JOIN often USING (customer_id)
LEFT JOIN came_back ON came_back.customer_id = known.customer_id
GROUP BY ALL
"""
READY = (
    "new_customers",
    "second_order_due",
    "one_time_buyers",
    "repeat_buyers",
    "regulars",
    "lapsed_regulars",
    "no_purchase_for",
    "reactivated",
    "discount_seekers",
    "returned_often",
)
"""The ready segments; the shop has no promo codes, so nobody seeks discounts."""
_ASKED = ", ".join(name for name in READY if name != "discount_seekers")
_NAMES = ", ".join(f"('{name}')" for name in READY)

_MEMBERSHIPS = f"""
CREATE TEMP TABLE memberships AS
SELECT kind, ready_segment, customers, paid
FROM (UNPIVOT (SELECT row_number() OVER () AS kind, * FROM kinds)
      ON {_ASKED} INTO NAME ready_segment VALUE is_member)
WHERE is_member
"""

DIVIDED = (*_MACROS, _PEOPLE, _KNOWN, _EDGES, _SCORED, _CELLS, _KINDS, _MEMBERSHIPS)
"""Tables that those of scores and segments are made of, in the order they are made."""

_FIGURES = """sum(customers)::BIGINT AS customers,
       sum(repeat_customers)::BIGINT AS repeat_customers, sum(orders)::BIGINT AS orders,
       sum(revenue) AS revenue, sum(net_revenue) AS net_revenue,
       sum(customers) / sum(sum(customers)) OVER () AS share_of_customers,
       sum(revenue)::DOUBLE / (sum(sum(revenue)) OVER ())::DOUBLE AS share_of_revenue,
       sum(recency_days) / sum(customers) AS mean_recency_days,
       sum(orders) / sum(customers) AS mean_frequency"""

_RFM_SEGMENTS = f"""
SELECT segment_of(r, f, m) AS segment, {_FIGURES},
       sum(revenue)::DOUBLE / sum(orders) AS average_order_value,
       sum(repeat_customers) / sum(customers) AS repeat_purchase_rate,
       sum(revenue)::DOUBLE / sum(customers) AS revenue_per_customer
FROM scores GROUP BY segment
"""


def _level(dimension: str, score: str, name: str) -> str:
    return f"""
    SELECT '{dimension}' AS dimension, {score}::BIGINT AS score,
           min(least_{name})::DOUBLE AS from_value, max(most_{name})::DOUBLE AS to_value,
           sum(customers)::BIGINT AS customers
    FROM scores GROUP BY score"""


_MIGRATION = """
WITH moves AS (
    SELECT r_then, f_then, m_then, r, f, m, count(*) AS customers,
           sum(orders_since)::BIGINT AS orders_since, sum(revenue_since) AS revenue_since,
           sum(net_revenue_since) AS net_revenue_since, sum(net_revenue) AS net_revenue
    FROM scored GROUP BY ALL
), flows AS (
    SELECT segment_of(r_then, f_then, m_then) AS segment_before, segment_of(r, f, m) AS segment,
           sum(customers)::BIGINT AS customers, sum(orders_since)::BIGINT AS orders_since,
           sum(revenue_since) AS revenue_since, sum(net_revenue_since) AS net_revenue_since,
           sum(net_revenue) AS net_revenue
    FROM moves GROUP BY segment_before, segment
)
SELECT *, customers / sum(customers) OVER (PARTITION BY segment_before) AS share_of_segment_before,
       revenue_since::DOUBLE / customers AS revenue_since_per_customer
FROM flows
"""

_READY_SEGMENTS = f"""
WITH names(ready_segment) AS (VALUES {_NAMES}), others AS (
    SELECT count(DISTINCT customer_id) AS others FROM {{file}} ANTI JOIN known USING (customer_id)
    WHERE ordered_at < TIMESTAMPTZ '{AS_OF.isoformat()}'
      AND (kind <> 'sale' OR status <> 'completed')
), everybody AS (
    SELECT count(*) + (SELECT others FROM others) AS everybody FROM known
), whole AS (
    SELECT sum(paid)::DOUBLE AS whole FROM kinds
)
SELECT ready_segment, coalesce(sum(customers), 0)::BIGINT AS customers,
       coalesce(sum(customers), 0) / any_value(everybody) AS share_of_customers,
       coalesce(sum(paid), 0) AS revenue,
       coalesce(sum(paid), 0)::DOUBLE / any_value(whole) AS share_of_revenue
FROM names LEFT JOIN memberships USING (ready_segment), everybody, whole
GROUP BY ready_segment
"""

_READY_OVERLAP = """
WITH sizes AS (
    SELECT ready_segment, sum(customers)::BIGINT AS size FROM memberships GROUP BY ready_segment
), shared AS (
    SELECT one.ready_segment, other.ready_segment AS other_segment,
           sum(one.customers)::BIGINT AS customers
    FROM memberships AS one JOIN memberships AS other USING (kind) GROUP BY ALL
), pairs AS (
    SELECT one.ready_segment, other.ready_segment AS other_segment, one.size
    FROM sizes AS one, sizes AS other
)
SELECT ready_segment, other_segment, coalesce(customers, 0) AS customers,
       coalesce(customers, 0) / size AS share_of_segment
FROM pairs LEFT JOIN shared USING (ready_segment, other_segment)
"""

TABLES_OF_DIVISION = {
    "rfm_map": f"SELECT r::BIGINT AS recency_score, f::BIGINT AS frequency_score, {_FIGURES} "
    "FROM scores GROUP BY r, f",
    "rfm_segments": _RFM_SEGMENTS,
    "rfm_levels": _level("recency_days", "r", "recency")
    + " UNION ALL "
    + _level("frequency", "f", "orders")
    + " UNION ALL "
    + _level("monetary", "m", "money"),
    "rfm_migration": _MIGRATION,
    "ready_segments": _READY_SEGMENTS,
    "ready_overlap": _READY_OVERLAP,
}
"""The tables that `DIVIDED` gives."""
