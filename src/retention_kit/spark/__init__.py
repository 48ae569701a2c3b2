"""The same functions on Spark: by customer partition, or over buckets."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.spark.collected import from_polars as from_polars
    from retention_kit.spark.collected import to_polars as to_polars
    from retention_kit.spark.measuring import measure as measure
    from retention_kit.spark.running import run as run

_HERE = "retention_kit.spark"
_MODULES = {
    "from_polars": f"{_HERE}.collected",
    "measure": f"{_HERE}.measuring",
    "run": f"{_HERE}.running",
    "to_polars": f"{_HERE}.collected",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
