"""Segments said once: true for millions of rows and for one customer.

A `Segment` is data. `bought(…)` and its neighbours make one that reads aloud; `members` and
`evaluate_many` answer it over tables; `compile_segment` and `is_member` for one customer in a
service, without Polars; `explain` says why.
"""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    pass

_D = "retention_kit.smart_segments.definitions"
_MODULES = {
    "All": f"{_D}.base",
    "AllTime": f"{_D}.windows",
    "Anniversary": f"{_D}.moments",
    "AnyOf": f"{_D}.base",
    "Attribute": f"{_D}.customers",
    "BetweenAges": f"{_D}.windows",
    "Bucket": f"{_D}.customers",
    "CalendarPeriod": f"{_D}.windows",
    "Comparison": f"{_D}.values",
    "Condition": f"{_D}.base",
    "ConditionSpec": f"{_D}.plugins",
    "Consent": f"{_D}.customers",
    "EventAggregate": f"{_D}.counting",
    "EventCount": f"{_D}.counting",
    "FirstEvent": f"{_D}.moments",
    "Lapsed": f"{_D}.counting",
    "Last": f"{_D}.windows",
    "LastEvent": f"{_D}.moments",
    "Member": f"{_D}.customers",
    "MessageEngagement": f"{_D}.customers",
    "Not": f"{_D}.base",
    "OfCustomer": f"{_D}.moments",
    "OfEvent": f"{_D}.moments",
    "PluginCondition": f"{_D}.plugins",
    "Reactivated": f"{_D}.counting",
    "Regularity": f"{_D}.counting",
    "Rows": f"{_D}.rows",
    "Same": f"{_D}.sequences",
    "Score": f"{_D}.customers",
    "Segment": f"{_D}.segment",
    "Sequence": f"{_D}.sequences",
    "Since": f"{_D}.windows",
    "Step": f"{_D}.sequences",
    "Where": f"{_D}.values",
    "Without": f"{_D}.sequences",
    "segment_schema": f"{_D}.segment",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
