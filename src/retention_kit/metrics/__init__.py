"""What repeat sales are measured by: order values, repeat purchases, cohorts."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.metrics.cohorts import cohort_retention as cohort_retention
    from retention_kit.metrics.cohorts import cohort_totals as cohort_totals
    from retention_kit.metrics.customers import customer_summary as customer_summary
    from retention_kit.metrics.orders import average_order_value as average_order_value
    from retention_kit.metrics.orders import order_totals as order_totals
    from retention_kit.metrics.orders import purchase_frequency as purchase_frequency
    from retention_kit.metrics.repeat_purchases import repeat_purchase_rate as repeat_purchase_rate
    from retention_kit.metrics.repeat_purchases import (
        repeat_purchase_totals as repeat_purchase_totals,
    )

_HERE = "retention_kit.metrics"
_MODULES = {
    "average_order_value": f"{_HERE}.orders",
    "cohort_retention": f"{_HERE}.cohorts",
    "cohort_totals": f"{_HERE}.cohorts",
    "customer_summary": f"{_HERE}.customers",
    "order_totals": f"{_HERE}.orders",
    "purchase_frequency": f"{_HERE}.orders",
    "repeat_purchase_rate": f"{_HERE}.repeat_purchases",
    "repeat_purchase_totals": f"{_HERE}.repeat_purchases",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
