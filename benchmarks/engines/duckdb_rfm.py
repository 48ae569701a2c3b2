"""The text of the queries about recency, frequency and monetary value.

One pass finds what customers bought, one over the customers finds the edges, and one puts the
scores. Edges are rounded down to what values can be, which moves nobody: an edge between two values
is the lower one, and an edge that is a value, but for the error of floats, is that value.
"""

import datetime as dt

from benchmarks.engines.duckdb_queries import OBSERVED
from benchmarks.jobs import AS_OF
from benchmarks.model_jobs import RFM_LEVELS

_TODAY = (AS_OF.date() - dt.date(1970, 1, 1)).days
_PARTS = [level / RFM_LEVELS for level in range(1, RFM_LEVELS)]
_TINY = 0.001

RFM = f"""
CREATE TEMP TABLE rfm AS
WITH bought AS (
    SELECT customer_id,
           max(epoch_us(ordered_at)) FILTER (kind = 'sale') AS last_at,
           count(*) FILTER (kind = 'sale') AS frequency,
           sum(amount) AS monetary
    FROM {{file}} WHERE {OBSERVED} GROUP BY customer_id
)
SELECT customer_id, {_TODAY} - day AS recency_days, frequency, monetary, monetary::DOUBLE AS money
FROM bought JOIN calendar ON last_at // 900000000 = quarter_hours
"""


def _edges(column: str, steps: int = 1) -> str:
    found = f"quantile_cont({column}, {_PARTS})"
    return (
        f"[floor(edge * {steps} + {_TINY}) / {steps} FOR edge IN {found}] AS {column}_edges, "
        f"min({column}) AS least_{column}, max({column}) AS most_{column}"
    )


def _score(column: str) -> str:
    """Write the ascending score: 1 + the edges below, and both ends used where values differ."""
    above = [f"({column} > {column}_edges[{place}])::TINYINT" for place in range(1, RFM_LEVELS)]
    return (
        f"CASE WHEN {column} = least_{column} THEN 1 "
        f"WHEN {column} = most_{column} THEN {RFM_LEVELS} ELSE 1 + {' + '.join(above)} END"
    )


EDGES = f"""
CREATE TEMP TABLE edges AS
SELECT {_edges("recency_days")}, {_edges("frequency")}, {_edges("money", 10_000)} FROM rfm
"""

_SCORED = f"""
SELECT *, ({RFM_LEVELS + 1} - ({_score("recency_days")}))::BIGINT AS recency_score,
       ({_score("frequency")})::BIGINT AS frequency_score,
       ({_score("money")})::BIGINT AS monetary_score
FROM rfm, edges
"""

RFM_SCORES = f"""
SELECT customer_id, recency_days, frequency, monetary,
       recency_score, frequency_score, monetary_score
FROM ({_SCORED})
"""

RFM_CELLS = f"""
SELECT recency_score, frequency_score, monetary_score, count(*) AS customers,
       sum(frequency)::BIGINT AS frequency, sum(monetary) AS monetary
FROM ({_SCORED}) GROUP BY recency_score, frequency_score, monetary_score
"""
