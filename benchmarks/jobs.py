"""What is measured: each job with its file, the columns it needs and the shape of its answer."""

import datetime as dt
from zoneinfo import ZoneInfo

from benchmarks.job import Job, Limit, Shape
from benchmarks.loyalty_jobs import LOYALTY_JOBS
from benchmarks.model_jobs import MODEL_JOBS
from benchmarks.segment_jobs import SEGMENT_JOBS
from benchmarks.settings import (
    BUCKETS,
    BY_HAND,
    LIBRARY,
    LINES,
    POLARS,
    RAW_CSV,
    SHOP_ZONE,
    TABLE_ENGINES,
)

AS_OF = dt.datetime(2025, 1, 1, tzinfo=ZoneInfo(SHOP_ZONE))
"""The instant of observation; the data go on for two weeks after it."""
SINCE = dt.datetime(2024, 10, 1, tzinfo=ZoneInfo(SHOP_ZONE))
"""The earlier instant of the flow between states: a quarter before."""
GAP_DAYS = 30.0
"""The usual gap between purchases where states are not to depend on one found in the data."""

STOPPED_FROM = dt.datetime(2024, 7, 1, tzinfo=ZoneInfo(SHOP_ZONE))
STOPPED_BY = SINCE
"""Between these lies the last sale of the customers whom an audit lists as stopped."""
CHURNED_SHOWN = 1_000
"""How many of the customers who stopped an audit shows, the most valuable first."""
ORDER_NUMBERS_SHOWN = 10
"""Up to which purchase an audit follows how many customers make the next one."""


_ALL = ("order_id", "customer_id", "ordered_at", "amount", "kind", "status")
_BY_CUSTOMER = tuple(name for name in _ALL if name != "order_id")
_TIMES = tuple(name for name in _BY_CUSTOMER if name != "amount")
_DOOR = (*TABLE_ENGINES, POLARS)
_EVERY = (*TABLE_ENGINES, POLARS, BUCKETS)
_COUNTS = tuple(engine for engine in _EVERY if engine != "pandas")

_ECONOMICS = {
    "acquisition": Shape(
        ("period", "channel"),
        (
            "new_customers",
            "orders",
            "paid_cost",
            "fully_loaded_cost",
            "paid_cac",
            "fully_loaded_cac",
            "cost_per_order",
        ),
    ),
    "lifetime_value": Shape(("channel",), ("customers", "lifetime_value")),
}
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
METRICS = {
    "order_totals": Shape(),
    "retention_totals": Shape(("period",)),
    "cohort_totals": Shape(("cohort", "period")),
    "lifecycle_totals": Shape(("state",)),
    "gap_summary": Shape(),
}
"""The tables that a shop asks for at once."""

JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        Job("validation", "Validation", "validation", "raw", _ALL, engines=_DOOR),
        Job(
            "validation-ascending",
            "Validation, ids a running number",
            "validation",
            "ascending",
            _ALL,
            engines=_DOOR,
        ),
        Job(
            "validation-defects",
            "Validation, 0.1% defects",
            "validation",
            "defects",
            _ALL,
            engines=_DOOR,
        ),
        Job(
            "reading",
            "Reading an export: CSV read, checked and cast",
            "reading",
            RAW_CSV,
            _ALL,
            tables={"health": Shape(), "orders": Shape(("order_id",))},
            engines=(LIBRARY, "duckdb", POLARS, "pandas"),
        ),
        Job(
            "bucketing",
            "Splitting orders by customer",
            "bucketing",
            "orders",
            _ALL,
            engines=(LIBRARY,),
        ),
        Job(
            "customer-summary",
            "Customer summary",
            "customer_summary",
            "orders",
            _BY_CUSTOMER,
            keys=("customer_id",),
            engines=_EVERY,
            limit=Limit(3),
        ),
        Job(
            "aov",
            "Average order value, first and repeat",
            "order_totals",
            "orders",
            _ALL,
            engines=_EVERY,
        ),
        Job(
            "cohorts",
            "Monthly cohorts",
            "cohort_totals",
            "orders",
            _BY_CUSTOMER,
            keys=("cohort", "period"),
            engines=_EVERY,
            limit=Limit(3),
        ),
        Job(
            "retention",
            "Monthly retention",
            "retention_totals",
            "orders",
            _BY_CUSTOMER,
            keys=("period",),
            engines=_EVERY,
            limit=Limit(4),
        ),
        Job(
            "lifecycle",
            "Lifecycle states",
            "lifecycle_totals",
            "orders",
            _BY_CUSTOMER,
            keys=("state",),
            engines=_EVERY,
            limit=Limit(4),
        ),
        Job(
            "lifecycle-flow",
            "Flow between lifecycle states",
            "lifecycle_flow",
            "orders",
            _TIMES,
            keys=("state_before", "state"),
            engines=_EVERY,
            limit=Limit(4),
        ),
        Job(
            "gaps",
            "Gaps between purchases",
            "gap_summary",
            "orders",
            _TIMES,
            engines=_EVERY,
            limit=Limit(9),
        ),
        Job(
            "economics",
            "Acquisition costs and lifetime value by channel",
            "economics",
            "orders",
            _BY_CUSTOMER,
            tables=_ECONOMICS,
            engines=_EVERY,
        ),
        Job(
            "metrics",
            "Five metrics at once",
            "metrics",
            "orders",
            _ALL,
            tables=METRICS,
            engines=_EVERY,
        ),
        Job(
            "pairs",
            "Products bought by the same customers",
            "product_pairs",
            LINES,
            ("order_id", "customer_id", "product_id", "quantity"),
            keys=("product_a", "product_b"),
            engines=_COUNTS,
            limit=Limit(5),
        ),
        Job(
            "audit",
            "Whole audit",
            "audit",
            "orders",
            _ALL,
            tables=_AUDIT,
            engines=tuple(engine for engine in TABLE_ENGINES if engine != "pandas"),
            limit=Limit(20, peak_mb=2_000),
        ),
        Job(
            "audit-whole",
            "Whole audit, with scores, segments, clusters and models",
            "audit",
            "orders",
            _ALL,
            tables=_WHOLE_AUDIT,
            engines=(LIBRARY, BY_HAND),
        ),
        *SEGMENT_JOBS,
        *MODEL_JOBS,
        *LOYALTY_JOBS,
    )
}
