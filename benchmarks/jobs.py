"""What is measured: each job with its file, the columns it needs and the shape of its answer."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from benchmarks.settings import SHOP_ZONE

AS_OF = dt.datetime(2025, 1, 1, tzinfo=ZoneInfo(SHOP_ZONE))
"""The instant of observation; the data go on for two weeks after it."""


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to measure.

    Attributes:
        name: What it is called on the command line.
        title: What it is called in the report.
        task: What an engine does; jobs that differ only in their file share it.
        variant: The file, one of `settings.VARIANTS`.
        columns: The columns that the answer needs.
        keys: The columns that identify a row of the answer; empty for one row or for counts.
    """

    name: str
    title: str
    task: str
    variant: str
    columns: tuple[str, ...]
    keys: tuple[str, ...] = ()


_ALL = ("order_id", "customer_id", "ordered_at", "amount", "kind", "status")
_BY_CUSTOMER = tuple(name for name in _ALL if name != "order_id")

JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        Job("validation", "Validation", "validation", "raw", _ALL),
        Job(
            "validation-ascending",
            "Validation, ids a running number",
            "validation",
            "ascending",
            _ALL,
        ),
        Job("validation-defects", "Validation, 0.1% defects", "validation", "defects", _ALL),
        Job(
            "customer-summary",
            "Customer summary",
            "customer_summary",
            "orders",
            _BY_CUSTOMER,
            keys=("customer_id",),
        ),
        Job("aov", "Average order value, first and repeat", "order_totals", "orders", _ALL),
        Job(
            "cohorts",
            "Monthly cohorts",
            "cohort_totals",
            "orders",
            _BY_CUSTOMER,
            keys=("cohort", "period"),
        ),
    )
}
