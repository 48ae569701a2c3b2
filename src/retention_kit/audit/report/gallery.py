"""Which pictures each section of the report shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from retention_kit.audit.report import pictures_by_month as by_month
from retention_kit.audit.report import pictures_of_customers as of_customers
from retention_kit.audit.report import pictures_of_groups as of_groups
from retention_kit.audit.report import pictures_of_models as of_models
from retention_kit.audit.report.pictures import (
    Picture,
    Tables,
)
from retention_kit.audit.report.words import Words


def pictures_of(section: str, tables: Tables, words: Words) -> tuple[Picture, ...]:
    """Give the pictures of a section; those whose tables are absent or empty are left out."""
    made = (make(tables, words) for make in _PICTURES.get(section, ()))
    return tuple(picture for picture in made if picture is not None)


_PICTURES: Mapping[str, Sequence[Callable[[Tables, Words], Picture | None]]] = {
    "economics": (by_month.value_trend, by_month.acquisition),
    "order_values": (by_month.order_values,),
    "retention": (by_month.retention_rate, by_month.retention_flow),
    "cohorts": (by_month.cohorts,),
    "gaps": (of_customers.gaps, of_customers.next_purchase),
    "order_conversion": (of_customers.order_conversion,),
    "lifecycle": (of_customers.lifecycle, of_customers.lifecycle_flow),
    "rfm": (of_groups.rfm_map, of_groups.rfm_segments, of_groups.rfm_migration),
    "clusters": (of_groups.clusters,),
    "predicted_value": (
        of_models.purchase_tracking,
        of_models.repeat_frequency,
        of_models.alive_matrix,
    ),
    "segments": (of_groups.ready_segments, of_groups.ready_overlap),
    "seasonality": (
        of_customers.season("month"),
        of_customers.season("weekday"),
        of_customers.season("hour"),
    ),
    "concentration": (of_customers.concentration,),
    "funnel": (of_customers.funnel,),
    "delivery": (of_customers.delivery,),
}
