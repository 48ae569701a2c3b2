"""Segments that marketers ask for most, each a function of a few parameters."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.smart_segments.ready.baskets import (
        average_order_between as average_order_between,
    )
    from retention_kit.smart_segments.ready.baskets import big_spenders as big_spenders
    from retention_kit.smart_segments.ready.baskets import bought_without as bought_without
    from retention_kit.smart_segments.ready.baskets import discount_seekers as discount_seekers
    from retention_kit.smart_segments.ready.baskets import never_bought as never_bought
    from retention_kit.smart_segments.ready.baskets import one_time_buyers as one_time_buyers
    from retention_kit.smart_segments.ready.baskets import repeat_buyers as repeat_buyers
    from retention_kit.smart_segments.ready.baskets import returned_often as returned_often
    from retention_kit.smart_segments.ready.dates import birthday_within as birthday_within
    from retention_kit.smart_segments.ready.dates import due_after_purchase as due_after_purchase
    from retention_kit.smart_segments.ready.dates import new_customers as new_customers
    from retention_kit.smart_segments.ready.dates import refill_due as refill_due
    from retention_kit.smart_segments.ready.dates import (
        registered_without_purchase as registered_without_purchase,
    )
    from retention_kit.smart_segments.ready.dates import second_order_due as second_order_due
    from retention_kit.smart_segments.ready.habits import lapsed_regulars as lapsed_regulars
    from retention_kit.smart_segments.ready.habits import no_purchase_for as no_purchase_for
    from retention_kit.smart_segments.ready.habits import reactivated as reactivated
    from retention_kit.smart_segments.ready.habits import regulars as regulars
    from retention_kit.smart_segments.ready.letters import consented as consented
    from retention_kit.smart_segments.ready.letters import ignored_messages as ignored_messages
    from retention_kit.smart_segments.ready.letters import (
        opened_without_purchase as opened_without_purchase,
    )
    from retention_kit.smart_segments.ready.letters import win_back as win_back
    from retention_kit.smart_segments.ready.library import READY as READY
    from retention_kit.smart_segments.ready.library import ready_segments as ready_segments
    from retention_kit.smart_segments.ready.library import ready_title as ready_title
    from retention_kit.smart_segments.ready.shares import at_risk as at_risk
    from retention_kit.smart_segments.ready.shares import control_share as control_share
    from retention_kit.smart_segments.ready.shares import high_value as high_value
    from retention_kit.smart_segments.ready.shares import in_rfm_segment as in_rfm_segment
    from retention_kit.smart_segments.ready.visits import abandoned_cart as abandoned_cart
    from retention_kit.smart_segments.ready.visits import abandoned_checkout as abandoned_checkout
    from retention_kit.smart_segments.ready.visits import (
        interested_without_purchase as interested_without_purchase,
    )

_HERE = "retention_kit.smart_segments.ready"
_MODULES = {
    "READY": f"{_HERE}.library",
    "abandoned_cart": f"{_HERE}.visits",
    "abandoned_checkout": f"{_HERE}.visits",
    "at_risk": f"{_HERE}.shares",
    "average_order_between": f"{_HERE}.baskets",
    "big_spenders": f"{_HERE}.baskets",
    "birthday_within": f"{_HERE}.dates",
    "bought_without": f"{_HERE}.baskets",
    "consented": f"{_HERE}.letters",
    "control_share": f"{_HERE}.shares",
    "discount_seekers": f"{_HERE}.baskets",
    "due_after_purchase": f"{_HERE}.dates",
    "high_value": f"{_HERE}.shares",
    "ignored_messages": f"{_HERE}.letters",
    "in_rfm_segment": f"{_HERE}.shares",
    "interested_without_purchase": f"{_HERE}.visits",
    "lapsed_regulars": f"{_HERE}.habits",
    "never_bought": f"{_HERE}.baskets",
    "new_customers": f"{_HERE}.dates",
    "no_purchase_for": f"{_HERE}.habits",
    "one_time_buyers": f"{_HERE}.baskets",
    "opened_without_purchase": f"{_HERE}.letters",
    "reactivated": f"{_HERE}.habits",
    "ready_segments": f"{_HERE}.library",
    "ready_title": f"{_HERE}.library",
    "refill_due": f"{_HERE}.dates",
    "registered_without_purchase": f"{_HERE}.dates",
    "regulars": f"{_HERE}.habits",
    "repeat_buyers": f"{_HERE}.baskets",
    "returned_often": f"{_HERE}.baskets",
    "second_order_due": f"{_HERE}.dates",
    "win_back": f"{_HERE}.letters",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
