"""One real data set, and generators for documentation, tests and benchmarks."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.datasets._online_retail import ONLINE_RETAIL_AS_OF as ONLINE_RETAIL_AS_OF
    from retention_kit.datasets._online_retail import online_retail as online_retail
    from retention_kit.datasets._online_retail import raw_online_retail as raw_online_retail
    from retention_kit.datasets.example import example_orders as example_orders
    from retention_kit.datasets.generate import make_dataset as make_dataset
    from retention_kit.datasets.generate import make_frames as make_frames

_HERE = "retention_kit.datasets"
_MODULES = {
    "ONLINE_RETAIL_AS_OF": f"{_HERE}._online_retail",
    "example_orders": f"{_HERE}.example",
    "make_dataset": f"{_HERE}.generate",
    "make_frames": f"{_HERE}.generate",
    "online_retail": f"{_HERE}._online_retail",
    "raw_online_retail": f"{_HERE}._online_retail",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
