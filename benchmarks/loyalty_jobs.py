"""What is measured of loyalty rules: balances of a whole history, and one order at a time."""

from benchmarks.job import Job, Limit
from benchmarks.settings import BUCKETS, LIBRARY, POINTS, POLARS

PER = 100
"""A point for so much money."""
DAYS = 90
"""For how long points live."""
ASKED = 2_000
"""How many orders one run quotes or posts."""
OPEN_LOTS = 50
"""How many open lots the account has that is asked."""

_ORDERS = ("order_id", "customer_id", "ordered_at", "amount", "kind", "status", "points_paid")

LOYALTY_JOBS = (
    Job(
        "loyalty-expiry",
        f"Balances of points that expire after {DAYS} days, first in, first out",
        "loyalty_expiry",
        POINTS,
        _ORDERS,
        keys=("customer_id",),
        engines=(LIBRARY, "duckdb", POLARS, BUCKETS, "scan", "group-by"),
        limit=Limit(6, peak_mb=2_000),
    ),
    Job(
        "loyalty-tiers",
        "The same with three tiers that multiply what is earned",
        "loyalty_tiers",
        POINTS,
        _ORDERS,
        keys=("customer_id",),
        engines=(LIBRARY, BUCKETS, "scan", "group-by"),
        limit=Limit(peak_mb=2_000),
    ),
    Job(
        "loyalty-quote",
        f"{ASKED:,} quotes for an account of {OPEN_LOTS} open lots",
        "loyalty_quote",
        "orders",
        (),
        engines=(LIBRARY,),
        compared=("rows", "checksum"),
        shown={"median microseconds": "plain"},
        in_memory=True,
        limit=Limit(seconds=ASKED * 50e-6),
    ),
    Job(
        "loyalty-post",
        f"{ASKED:,} orders posted to an account of {OPEN_LOTS} open lots",
        "loyalty_post",
        "orders",
        (),
        engines=(LIBRARY,),
        compared=("rows", "checksum"),
        shown={"median microseconds": "plain"},
        in_memory=True,
        limit=Limit(seconds=ASKED * 100e-6),
    ),
)
LOYALTY_TASKS = tuple(job.task for job in LOYALTY_JOBS)
