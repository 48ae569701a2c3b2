"""What clusters and models ask of the tables of `by_hand_tables`, and what comes of the answers.

Models see nothing of a customer but three numbers, so that those who share them are counted.
"""

_FITTED_TO = 200_000
"""To about how many customers models are fitted."""

FEATURES = "SELECT recency_days::DOUBLE, orders::DOUBLE, net_revenue::DOUBLE FROM known"
"""What customers are clustered by."""
HISTORIES = "SELECT repeats, t_x_days, T_days, count(*) AS customers FROM known GROUP BY ALL"
"""How many customers have each history: all that a model of purchases sees."""
SAMPLE = f"""
CREATE TEMP TABLE sample AS
SELECT repeats, t_x_days, T_days, repeat_spend FROM known
WHERE hash(customer_id) % (SELECT (count(*) + {_FITTED_TO - 1}) // {_FITTED_TO} FROM known) = 0
"""
"""Those to whom the models are fitted."""
SAMPLED_HISTORIES = HISTORIES.replace("known", "sample")
SAMPLED_SPEND = "SELECT repeats, repeat_spend FROM sample WHERE repeats > 0"
VALUED = """
CREATE TEMP TABLE valued AS
SELECT customer_id, r, f, m, alive, purchases,
       purchases * $gone_by * $p * ($v + repeats * coalesce(repeat_spend, 0))
           / ($p * repeats + $q - 1) AS predicted
FROM known JOIN scored USING (customer_id) JOIN foretold USING (repeats, t_x_days, T_days)
"""
"""Every customer's chance to be there, purchases and value in a year."""
TABLES_OF_MODELS = {
    "predicted_segments": """
WITH cells AS (
    SELECT r, f, m, count(*) AS customers, sum(alive) AS expected_alive,
           sum(purchases) AS expected_purchases, sum(predicted) AS predicted_value
    FROM valued GROUP BY r, f, m
)
SELECT segment_of(r, f, m) AS segment, sum(customers)::BIGINT AS customers,
       sum(expected_alive) AS expected_alive, sum(expected_purchases) AS expected_purchases,
       sum(predicted_value) AS predicted_value
FROM cells GROUP BY segment""",
    "worth_a_call": """
SELECT customer_id, predicted * (1 - alive) AS value_at_stake, predicted, alive, purchases
FROM valued WHERE alive < 0.8 ORDER BY value_at_stake DESC, customer_id LIMIT 100""",
}
"""What is made of that."""
