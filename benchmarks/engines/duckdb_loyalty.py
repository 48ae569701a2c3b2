"""The text of the query about points that expire, first in, first out.

With what was earned E, redeemed R and has come of age X, all cumulative, what is left is
E - R - max(0, max over time of X - R before). Only who ever redeemed needs the windows. The shop's
clock was three hours ahead of UTC in all these years, so that days are whole numbers.
"""

from benchmarks.jobs import AS_OF
from benchmarks.loyalty_jobs import DAYS, PER

_DAY = 86_400_000_000
_AHEAD = 3 * 3_600_000_000
_NOW = int(AS_OF.timestamp()) * 1_000_000

BALANCES = f"""
WITH sales AS (
    SELECT customer_id, epoch_us(ordered_at) AS bought,
           ((epoch_us(ordered_at) + {_AHEAD}) // {_DAY} + {DAYS + 1}) * {_DAY} - {_AHEAD} AS ends,
           CASE WHEN kind = 'sale' THEN floor(amount / {PER})::DOUBLE ELSE 0 END AS earned,
           coalesce(points_paid, 0)::DOUBLE AS redeemed
    FROM {{file}}
    WHERE status = 'completed' AND epoch_us(ordered_at) < {_NOW}
), totals AS (
    SELECT customer_id, sum(earned) AS earned, sum(redeemed) AS redeemed,
           sum(earned) FILTER (ends < {_NOW}) AS aged
    FROM sales GROUP BY customer_id
), steps AS (
    SELECT customer_id, ends AS moment, earned AS step FROM sales
    SEMI JOIN (SELECT customer_id FROM totals WHERE redeemed > 0) USING (customer_id)
    WHERE ends < {_NOW} AND earned > 0
    UNION ALL
    SELECT customer_id, bought, -redeemed FROM sales WHERE redeemed > 0
), gone AS (
    SELECT customer_id, max(gap) AS expired FROM (
        SELECT customer_id, sum(step) OVER (
            PARTITION BY customer_id ORDER BY moment, step DESC ROWS UNBOUNDED PRECEDING
        ) AS gap FROM steps
    ) GROUP BY customer_id
)
SELECT customer_id,
       (totals.earned - totals.redeemed - greatest(0, CASE WHEN totals.redeemed > 0
        THEN coalesce(gone.expired, 0) ELSE coalesce(totals.aged, 0) END))::BIGINT AS held
FROM totals LEFT JOIN gone USING (customer_id)
"""
