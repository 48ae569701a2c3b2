"""One action of each kind that every channel may speak of, about somebody invented."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from retention_kit.delivery.actions import ACTIONS, Action

_AT: Final = dt.datetime(2030, 1, 1, 12, tzinfo=dt.UTC)
_NEEDED: Final[Mapping[str, Mapping[str, Any]]] = {
    "add_to_audience": {"audience": "conformance"},
    "create_deal": {"title": "Come back", "amount": Decimal("1500.50")},
    "create_task": {"title": "Call", "due_at": _AT},
    "issue_promo_code": {"code": "COME-BACK", "valid_until": _AT},
    "post_event": {"name": "Order Completed", "occurred_at": _AT, "value": Decimal("1500.50")},
    "remove_from_audience": {"audience": "conformance"},
    "send_message": {"text": "Come back", "subject": "We miss you"},
    "set_balance": {"wallet": "points", "balance": 100},
    "upsert_contact": {"first_name": "Anna"},
}


def example_of(kind: str, like: Action) -> Action:
    """Make an action of a kind, for the customer of another action.

    Args:
        kind: One of `ACTIONS`.
        like: Whose customer, contacts and identifiers it has.
    """
    return ACTIONS[kind](
        campaign="conformance",
        customer_id=like.customer_id,
        email=like.email or "anna@example.com",
        phone=like.phone or "+79000000001",
        identifiers=like.identifiers,
        **_NEEDED[kind],
    )
