"""The text of the queries about coming back: retention, lifecycle, gaps, and what it costs.

A customer's months are the bits of one number here too, but of 64 bits, which are faster: at most
63 months of data.
"""

from benchmarks.engines.duckdb_queries import FIRST_BIT, OBSERVED
from benchmarks.jobs import AS_OF, GAP_DAYS, SINCE

_DAY = 86_400_000_000
"""Microseconds."""

MONTHS_BEGUN = f"""
SELECT DISTINCT bought, 1::BIGINT << (bought - {FIRST_BIT}) AS bit
FROM calendar WHERE quarter_hours * 900000000 < epoch_us(TIMESTAMPTZ '{AS_OF.isoformat()}')
"""

RETENTION_TOTALS = f"""
WITH sales AS MATERIALIZED (
    SELECT customer_id, 1::BIGINT << (bought - {FIRST_BIT}) AS bit, amount
    FROM {{file}} JOIN calendar ON epoch_us(ordered_at) // 900000000 = quarter_hours
    WHERE kind = 'sale' AND {OBSERVED}
), sums AS (
    SELECT bit, count(*) AS orders, sum(amount) AS revenue FROM sales GROUP BY bit
), buyers AS MATERIALIZED (
    SELECT bit_or(bit) AS months FROM sales GROUP BY customer_id
), firsts AS (
    SELECT months & -months AS bit, count(*) AS new_customers FROM buyers GROUP BY bit
), alike AS (
    SELECT months, count(*) AS customers FROM buyers GROUP BY months
), begun AS ({MONTHS_BEGUN}), counts AS (
    SELECT bit, sum(customers)::BIGINT AS buyers,
           coalesce(sum(customers) FILTER ((months << 1) & bit <> 0), 0)::BIGINT AS retained
    FROM alike, begun WHERE months & bit <> 0 GROUP BY bit
), months AS (
    SELECT bought, coalesce(buyers, 0) AS buyers, coalesce(retained, 0) AS retained,
           coalesce(new_customers, 0) AS new_customers,
           coalesce(orders, 0) AS orders, coalesce(revenue, 0) AS revenue,
           coalesce(lag(buyers) OVER (ORDER BY bought), 0) AS start_customers
    FROM begun LEFT JOIN counts USING (bit) LEFT JOIN sums USING (bit) LEFT JOIN firsts USING (bit)
)
SELECT make_date(bought // 12, bought % 12 + 1, 1) AS period,
       start_customers, buyers AS end_customers, retained, new_customers,
       buyers - retained - new_customers AS reactivated,
       start_customers - retained AS lost, buyers, orders, revenue
FROM months WHERE start_customers + buyers > 0
"""


def state(quiet: str, returned: str, orders: str, gap: str) -> str:
    """Write the state of a customer at an instant.

    Args:
        quiet: Microseconds since the last sale before the instant; null where there is none.
        returned: Whether more than four usual gaps lie between the last two sales before it.
        orders: Sales before it.
        gap: Microseconds of the usual gap.
    """
    return f"""CASE WHEN {quiet} IS NULL THEN NULL
         WHEN {quiet} > 4 * {gap} THEN 'lost'
         WHEN {quiet} > 2 * {gap} THEN 'sleeping'
         WHEN {returned} THEN 'returned'
         WHEN {orders} = 1 THEN 'new'
         WHEN {orders} = 2 THEN 'active'
         ELSE 'loyal' END"""


def lone_last(sales: str, at: str, quiet: str, orders: str, gap: str) -> str:
    """Find who has no other sale within four usual gaps before the last one.

    Only customers who bought within two gaps and at least twice are asked, and for them only sales
    within six gaps can stand in the way: a fraction of the table, where a window over all sales
    would sort it.

    Args:
        sales: A table of sales.
        at: The instant, in microseconds.
        quiet: As in `state`, a column of the table `buyers`.
        orders: As in `state`, a column of the table `buyers`.
        gap: As in `state`.
    """
    return f"""
    SELECT customer_id FROM {sales} JOIN buyers USING (customer_id)
    WHERE sold_at < {at} AND sold_at >= {at} - 6 * {gap} AND {orders} > 1 AND {quiet} <= 2 * {gap}
      AND {at} - sold_at - {quiet} <= 4 * {gap}
    GROUP BY customer_id HAVING count(*) = 1"""


_GAP = str(round(GAP_DAYS * _DAY))
_AS_OF = str(round(AS_OF.timestamp() * 1_000_000))
_SINCE = str(round(SINCE.timestamp() * 1_000_000))
_SALES = f"""(SELECT customer_id, epoch_us(ordered_at) AS sold_at
              FROM {{file}} WHERE kind = 'sale' AND {OBSERVED})"""

LIFECYCLE_TOTALS = f"""
WITH buyers AS MATERIALIZED (
    SELECT customer_id,
           count(*) FILTER (kind = 'sale') AS orders,
           {_AS_OF} - max(epoch_us(ordered_at)) FILTER (kind = 'sale') AS quiet,
           sum(amount) AS net_revenue
    FROM {{file}} WHERE {OBSERVED} GROUP BY customer_id
), returned AS ({lone_last(_SALES, _AS_OF, "quiet", "orders", _GAP)})
SELECT {state("quiet", "returned.customer_id IS NOT NULL", "orders", _GAP)} AS state,
       count(*) AS customers, sum(net_revenue) AS net_revenue
FROM buyers LEFT JOIN returned USING (customer_id)
WHERE orders > 0 GROUP BY state
"""

LIFECYCLE_FLOW = f"""
WITH buyers AS MATERIALIZED (
    SELECT customer_id,
           count(*) AS orders,
           {_AS_OF} - max(sold_at) AS quiet,
           count(*) FILTER (sold_at < {_SINCE}) AS orders_before,
           {_SINCE} - max(sold_at) FILTER (sold_at < {_SINCE}) AS quiet_before
    FROM {_SALES} GROUP BY customer_id
), returned AS (
    {lone_last(_SALES, _AS_OF, "quiet", "orders", _GAP)}
), returned_before AS (
    {lone_last(_SALES, _SINCE, "quiet_before", "orders_before", _GAP)}
)
SELECT {state("quiet_before", "earlier.customer_id IS NOT NULL", "orders_before", _GAP)}
           AS state_before,
       {state("quiet", "returned.customer_id IS NOT NULL", "orders", _GAP)} AS state,
       count(*) AS customers
FROM buyers
LEFT JOIN returned USING (customer_id)
LEFT JOIN returned_before AS earlier ON earlier.customer_id = buyers.customer_id
GROUP BY state_before, state
"""

GAP_SUMMARY = f"""
WITH gaps AS MATERIALIZED (
    SELECT customer_id, gap FROM (
        SELECT customer_id,
               sold_at - lag(sold_at) OVER (PARTITION BY customer_id ORDER BY sold_at) AS gap
        FROM {_SALES})
    WHERE gap IS NOT NULL
), pooled AS (
    SELECT count(*) AS gaps, count(*) FILTER (gap = 0) AS zero_gaps,
           sum(gap) / count(*) / {_DAY} AS mean_days,
           quantile_cont(gap, [0.25, 0.5, 0.75, 0.9]) AS quantiles
    FROM gaps
), medians AS (
    SELECT median(gap) AS gap FROM gaps GROUP BY customer_id
), of_customers AS (
    SELECT count(*) AS customers, median(gap) / {_DAY} AS median_of_customer_medians_days
    FROM medians
)
SELECT gaps, zero_gaps, customers, mean_days,
       quantiles[1] / {_DAY} AS lower_quartile_days,
       quantiles[2] / {_DAY} AS median_days,
       quantiles[3] / {_DAY} AS upper_quartile_days,
       quantiles[4] / {_DAY} AS ninetieth_percentile_days,
       median_of_customer_medians_days
FROM pooled, of_customers
"""

WON = f"""
CREATE TEMP TABLE won AS
WITH buyers AS (
    SELECT customer_id, count(*) FILTER (kind = 'sale') AS orders, sum(amount) AS net_revenue,
           min(epoch_us(ordered_at)) FILTER (kind = 'sale') // 900000000 AS quarter_hours
    FROM {{file}} WHERE {OBSERVED} GROUP BY customer_id
)
SELECT make_date(bought // 12, bought % 12 + 1, 1) AS period, acquisition_channel AS channel,
       count(*) AS customers, sum(orders)::BIGINT AS orders, sum(net_revenue) AS net_revenue
FROM buyers JOIN calendar USING (quarter_hours) LEFT JOIN {{customers}} USING (customer_id)
GROUP BY bought, channel
"""

ACQUISITION = f"""
WITH spent AS (
    SELECT month AS period, channel,
           sum(amount) FILTER (category = 'advertising')::DOUBLE AS paid,
           sum(amount)::DOUBLE AS loaded
    FROM {{costs}} WHERE purpose = 'acquisition' AND month < DATE '{AS_OF.date().isoformat()}'
    GROUP BY month, channel
), shared AS (
    SELECT period, paid, loaded FROM spent WHERE channel IS NULL
), months AS (
    SELECT period, sum(customers) AS customers FROM won GROUP BY period
), cells AS (
    SELECT period, channel FROM won
    UNION SELECT period, channel FROM spent WHERE channel IS NOT NULL
), figures AS (
    SELECT cells.period, cells.channel,
           coalesce(won.customers, 0) AS new_customers, coalesce(won.orders, 0) AS orders,
           new_customers / months.customers::DOUBLE AS share,
           spent.paid AS own_paid, CASE WHEN share > 0 THEN shared.paid * share END AS part_paid,
           spent.loaded AS own, CASE WHEN share > 0 THEN shared.loaded * share END AS part
    FROM cells
    LEFT JOIN won ON won.period = cells.period
        AND won.channel IS NOT DISTINCT FROM cells.channel
    LEFT JOIN spent ON spent.period = cells.period AND spent.channel = cells.channel
    LEFT JOIN shared ON shared.period = cells.period
    LEFT JOIN months ON months.period = cells.period
), costed AS (
    SELECT period, channel, new_customers, orders,
           CASE WHEN own_paid IS NOT NULL OR part_paid IS NOT NULL
                THEN coalesce(own_paid, 0) + coalesce(part_paid, 0) END AS paid,
           CASE WHEN own IS NOT NULL OR part IS NOT NULL
                THEN coalesce(own, 0) + coalesce(part, 0) END AS loaded
    FROM figures
)
SELECT period, channel, new_customers, orders,
       coalesce(paid, 0) AS paid_cost, coalesce(loaded, 0) AS fully_loaded_cost,
       paid / nullif(new_customers, 0) AS paid_cac,
       loaded / nullif(new_customers, 0) AS fully_loaded_cac,
       loaded / nullif(orders, 0) AS cost_per_order
FROM costed
"""

LIFETIME_VALUE = """
SELECT channel, sum(customers)::BIGINT AS customers,
       sum(net_revenue)::DOUBLE / sum(customers) AS lifetime_value
FROM won GROUP BY channel
"""
