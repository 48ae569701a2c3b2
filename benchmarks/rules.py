"""The names of the rules a table of orders is held to, in the order they are applied."""

ROW_RULES = (
    "null_order_id",
    "null_ordered_at",
    "not_finite_amount",
    "negative_sale",
    "positive_return",
    "unknown_kind",
    "unknown_status",
)
RULES = (*ROW_RULES, "duplicate_row", "repeated_order_id")
