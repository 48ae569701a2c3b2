"""Actions as CloudEvents 1.0.2, and outcomes read from such."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import quote

from retention_kit.delivery.actions import Action, PostEvent
from retention_kit.delivery.outcomes import Outcome, OutcomeState
from retention_kit.delivery.written_actions import action_to_dict
from retention_kit.errors import DataError

ACTION_TYPE: Final = "io.retention-kit.action.{kind}.v1"
OUTCOME_TYPE: Final = "io.retention-kit.outcome.v1"
SINGLE: Final = "application/cloudevents+json"
SEVERAL: Final = "application/cloudevents-batch+json"
TOLD: Final = frozenset(
    {"accepted", "rejected", "delivered", "bounced", "opened", "clicked", "unsubscribed"}
)
"""The states that a receiver may report."""
_CONTACTS: Final = ("email", "phone")
_LONGEST: Final = 200


def event_of(action: Action, *, source: str, contacts: bool) -> dict[str, Any]:
    """Give an action as an event. The same action gives the same event, whenever it is made.

    Args:
        action: The action; its id is the event's.
        source: How the event's source begins.
        contacts: Whether the e-mail address and the telephone number are in it.
    """
    data = action_to_dict(action)
    if not contacts:
        for name in _CONTACTS:
            data.pop(name, None)
    event = {
        "specversion": "1.0",
        "id": action.id,
        "source": f"{source.rstrip('/')}/{quote(action.campaign, safe='')}",
        "type": ACTION_TYPE.format(kind=action.kind),
        "subject": str(action.customer_id),
        "datacontenttype": "application/json",
        "data": data,
    }
    if isinstance(action, PostEvent):
        event["time"] = action.occurred_at.isoformat()
    return event


def written(value: Any) -> bytes:
    """Give events as bytes of JSON.

    Raises:
        TypeError: Something in them is nothing that JSON has.
        ValueError: A number is none.
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def outcomes_of(body: bytes) -> list[Outcome]:
    """Read reports of what became of actions: one event, or an array of them.

    An event's type is `io.retention-kit.outcome.v1`, its data `id` (the action's), `state`, and
    where they are known `code`, `detail` and `external_id`. Its `time` is when it happened.

    Raises:
        DataError: They are none.
    """
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        raise _trouble("it is no JSON") from None
    return [_outcome(event) for event in (read if isinstance(read, list) else [read])]


def _outcome(event: Any) -> Outcome:
    if not isinstance(event, Mapping) or event.get("type") != OUTCOME_TYPE:
        raise _trouble(f"an event's type is not {OUTCOME_TYPE!r}")
    data = event.get("data")
    if not isinstance(data, Mapping) or not isinstance(data.get("id"), str):
        raise _trouble("an event's data have no 'id' of an action")
    if str(data.get("state")) not in TOLD:
        raise _trouble(f"an event's state is none of {', '.join(sorted(TOLD))}")
    external = data.get("external_id")
    return Outcome(
        id=data["id"],
        state=cast(OutcomeState, data["state"]),
        code=str(data.get("code") or "")[:_LONGEST],
        detail=str(data.get("detail") or "")[:_LONGEST],
        external_id=None if external is None else str(external)[:_LONGEST],
        occurred_at=_instant(event.get("time")),
    )


def _instant(text: Any) -> dt.datetime | None:
    if text is None:
        return None
    try:
        instant = dt.datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise _trouble("an event's time is none") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC)


def _trouble(why: str) -> DataError:
    return DataError(f"The message cannot be read: {why}. Next step: mend the sender.")
