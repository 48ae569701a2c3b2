"""The calls whose allocations are counted, by name. Standard library only."""

NAME = "allocations"
TITLES = {
    "person": "a segment of ten conditions, asked of one customer of 50 rows",
    "quote": "a quote for an account of 50 open lots",
    "post": "an order posted to the same account",
}
