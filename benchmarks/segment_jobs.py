"""What is measured of segments: one, a hundred at once, and one asked of a customer at a time."""

from benchmarks.hundred import HUNDRED, NotAfter
from benchmarks.job import Job, Limit
from benchmarks.settings import BUCKETS, LIBRARY, LINES, PLAIN_PYTHON, POLARS, TABLE_ENGINES

ONE = NotAfter(90, 2_000)
"""The segment that is asked alone where a hundred are asked at once."""
TEN = HUNDRED[::10]
"""Every tenth of the hundred, which are of all kinds."""
RULES = {
    "segment_table": HUNDRED,
    "segment_table_of_ten": TEN,
    "segment_table_of_one": (ONE,),
}
"""The segments of a job's table, by its task."""
ASKED = 1_000
"""How many answers one run gives for customers one at a time."""
CUSTOMERS = 100
"""Of how many customers, in turn."""
ROWS = 50
"""How many orders, lines and events each of them has."""

_ORDERS = ("order_id", "customer_id", "ordered_at", "amount", "kind", "status")
_EVERY = (*TABLE_ENGINES, POLARS, BUCKETS)
_ENGINES = tuple(engine for engine in _EVERY if engine != "pandas")

SEGMENT_JOBS = (
    Job(
        "segment",
        "One segment: bought A in the last month, and no B since",
        "segment",
        LINES,
        ("order_id", "customer_id", "ordered_at", "amount", "kind", "category"),
        keys=("customer_id",),
        engines=_EVERY,
        limit=Limit(5),
    ),
    Job(
        "segment-one",
        "A table of one segment of every customer",
        "segment_table_of_one",
        "orders",
        _ORDERS,
        keys=("customer_id",),
        engines=_ENGINES,
    ),
    Job(
        "segments-10",
        "A table of ten segments of every customer",
        "segment_table_of_ten",
        "orders",
        _ORDERS,
        keys=("customer_id",),
        engines=_ENGINES,
    ),
    Job(
        "segments-100",
        "A table of a hundred segments of every customer",
        "segment_table",
        "orders",
        _ORDERS,
        keys=("customer_id",),
        engines=_ENGINES,
        limit=Limit(peak_mb=4_000, times_job=("segment-one", 8)),
    ),
    Job(
        "person",
        f"One customer of {ROWS} rows: {ASKED:,} answers to a segment of ten conditions",
        "person",
        "orders",
        (),
        keys=("customer_id",),
        engines=(LIBRARY, PLAIN_PYTHON, "duckdb"),
        compared=("rows", "members", "checksum"),
        shown={"members": "plain", "median microseconds": "plain"},
        in_memory=True,
        limit=Limit(seconds=ASKED * 100e-6),
    ),
)
SEGMENT_TASKS = tuple(job.task for job in SEGMENT_JOBS)
