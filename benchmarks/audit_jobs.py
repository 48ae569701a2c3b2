"""What is measured of audits: all that orders give, alone and with scores, segments and models."""

from benchmarks.job import Job, Limit, Shape
from benchmarks.settings import BY_HAND, LIBRARY, TABLE_ENGINES

_ORDERS = ("order_id", "customer_id", "ordered_at", "amount", "kind", "status")
_AUDIT = {
    "data_health": Shape(),
    "order_values": Shape(
        ("period",),
        (
            "orders",
            "revenue",
            "average_order_value",
            "first_orders",
            "first_average_order_value",
            "repeat_orders",
            "repeat_average_order_value",
            "share_of_repeat_sales",
        ),
    ),
    "buyers": Shape(("buyer_type",), ("customers", "orders", "revenue")),
    "cohorts": Shape(
        ("cohort", "period"),
        (
            "cohort_customers",
            "customers",
            "orders",
            "revenue",
            "retained_in_period",
            "retained_from_period",
            "revenue_per_customer",
            "cumulative_revenue_per_customer",
        ),
    ),
    "retention": Shape(
        ("period",),
        (
            "start_customers",
            "end_customers",
            "retained",
            "new_customers",
            "reactivated",
            "lost",
            "buyers",
            "customer_retention_rate",
            "churn_rate",
            "contract_retention_rate",
            "returning_ratio",
        ),
    ),
    "value_trend": Shape(("period",), ("customers", "net_revenue", "lifetime_value")),
    "gaps": Shape(("days",), ("gaps",)),
    "gap_summary": Shape(
        values=(
            "gaps",
            "zero_gaps",
            "customers",
            "mean_days",
            "median_days",
            "lower_quartile_days",
            "upper_quartile_days",
            "ninetieth_percentile_days",
            "median_of_customer_medians_days",
        )
    ),
    "gaps_by_order": Shape(("order_number",), ("gaps", "median_days")),
    "next_purchase": Shape(
        ("days",), ("at_risk", "bought_again", "censored", "share_bought_again")
    ),
    "order_conversion": Shape(("order_number",), ("customers", "next_customers", "conversion")),
    "lifecycle": Shape(("state",), ("customers", "net_revenue", "share_of_customers")),
    "lifecycle_flow": Shape(("state_before", "state"), ("customers",)),
    "seasonality": Shape(("unit", "slot"), ("occurrences", "orders", "revenue")),
    "concentration": Shape(("top_share",), ("customers", "revenue", "share_of_revenue")),
    "churned_customers": Shape(
        ("customer_id",),
        (
            "net_revenue",
            "orders",
            "last_order_at",
            "days_since_last_order",
            "usual_gap_days",
            "gap_multiple",
        ),
    ),
}
"""The tables of an audit that the orders alone give."""
_FIGURES_OF_SCORES = (
    "customers",
    "repeat_customers",
    "orders",
    "revenue",
    "net_revenue",
    "share_of_customers",
    "share_of_revenue",
    "mean_recency_days",
    "mean_frequency",
)
_WHOLE_AUDIT = {
    **_AUDIT,
    "rfm_map": Shape(("recency_score", "frequency_score"), _FIGURES_OF_SCORES),
    "rfm_segments": Shape(
        ("segment",),
        (
            *_FIGURES_OF_SCORES,
            "average_order_value",
            "repeat_purchase_rate",
            "revenue_per_customer",
        ),
    ),
    "rfm_levels": Shape(("dimension", "score"), ("from_value", "to_value", "customers")),
    "rfm_migration": Shape(
        ("segment_before", "segment"),
        (
            "customers",
            "orders_since",
            "revenue_since",
            "net_revenue_since",
            "net_revenue",
            "share_of_segment_before",
            "revenue_since_per_customer",
        ),
    ),
    "ready_segments": Shape(
        ("ready_segment",), ("customers", "share_of_customers", "revenue", "share_of_revenue")
    ),
    "ready_overlap": Shape(("ready_segment", "other_segment"), ("customers", "share_of_segment")),
}
"""Those, and how its customers divide by scores and ready segments."""

AUDIT_JOBS = (
    Job(
        "audit",
        "Whole audit",
        "audit",
        "orders",
        _ORDERS,
        tables=_AUDIT,
        engines=tuple(engine for engine in TABLE_ENGINES if engine != "pandas"),
        limit=Limit(20, peak_mb=2_000),
    ),
    Job(
        "audit-whole",
        "Whole audit, with scores, segments, clusters and models",
        "audit",
        "orders",
        _ORDERS,
        tables=_WHOLE_AUDIT,
        engines=(LIBRARY, BY_HAND),
    ),
)
