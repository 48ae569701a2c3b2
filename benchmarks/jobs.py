"""What is measured: each job with its file, the columns it needs and the shape of its answer."""

import datetime as dt
from zoneinfo import ZoneInfo

from benchmarks.audit_jobs import AUDIT_JOBS
from benchmarks.job import Job, Limit, Shape
from benchmarks.loyalty_jobs import LOYALTY_JOBS
from benchmarks.model_jobs import MODEL_JOBS
from benchmarks.segment_jobs import SEGMENT_JOBS
from benchmarks.settings import (
    BUCKETS,
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
        *AUDIT_JOBS,
        *SEGMENT_JOBS,
        *MODEL_JOBS,
        *LOYALTY_JOBS,
    )
}
