"""What it costs to start: whole interpreters that import a library and end."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImportJob:
    """A program that is measured from the start of its interpreter to its end."""

    name: str
    title: str
    code: str


NAME = "imports"
BARE = "pass"
_FIRST_USE = """\
import datetime, retention_kit
retention_kit.Dataset.from_frames(
    orders=[{
        "order_id": 1,
        "customer_id": 1,
        "ordered_at": datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
        "amount": 10,
    }],
    time_zone="UTC",
    currency="EUR",
)"""

IMPORT_JOBS = (
    ImportJob(BARE, "`python -c pass`", "pass"),
    ImportJob("retention_kit", "`import retention_kit`", "import retention_kit"),
    ImportJob("dataset", "first `Dataset` of one order", _FIRST_USE),
    ImportJob("polars", "`import polars`", "import polars"),
    ImportJob("duckdb", "`import duckdb`", "import duckdb"),
    ImportJob("pandas", "`import pandas`", "import pandas"),
)
