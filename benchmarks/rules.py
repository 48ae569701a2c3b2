"""The names of the rules a table of orders is held to, in the order they are applied."""

ROW_RULES = (
    "not_finite_amount",
    "out_of_range_amount",
    "unknown_kind",
    "unknown_status",
    "null_order_id",
    "null_ordered_at",
    "null_amount",
    "negative_sale",
    "positive_return",
)
RULES = (*ROW_RULES, "duplicate_row", "repeated_order_id")

AMOUNT_LIMIT = 1e14
"""An amount must stay below it: 14 digits before the point and 4 after it."""
HEAVY_SHARE = 0.01
"""A customer with more than this share of all accepted sales is called heavy."""
