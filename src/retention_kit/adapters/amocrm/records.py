"""What is sent for an action: a lead, a contact, a task, a purchase."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from retention_kit.adapters.amocrm.fields import CustomField, CustomFields
from retention_kit.adapters.amocrm.finding import mark
from retention_kit.adapters.amocrm.making import Item


def lead_of(data: Mapping[str, Any], kept: CustomField, fields: CustomFields) -> dict[str, Any]:
    """Make the lead of a deal.

    Args:
        data: What the action says.
        kept: The field that keeps the action's id.
        fields: The account's custom fields.

    Raises:
        UnknownFieldError: A field is not there, or takes no such value.
        ChannelError: The account cannot be asked for its fields.
    """
    numbers = {
        "pipeline_id": data.get("pipeline"),
        "status_id": data.get("stage"),
        "responsible_user_id": data.get("responsible"),
    }
    price = {} if data.get("amount") is None else {"price": whole(data["amount"])}
    own = fields.written("leads", data.get("fields") or {})
    return {
        "name": data["title"],
        **price,
        **{name: int(one) for name, one in numbers.items() if one is not None},
        "custom_fields_values": [kept.written(data["id"]), *own],
    }


def contact_of(data: Mapping[str, Any], fields: CustomFields) -> dict[str, Any]:
    """Make what a contact is to be; telephones and addresses are not in it.

    Args:
        data: What the action says.
        fields: The account's custom fields.

    Raises:
        UnknownFieldError: A field is not there, or takes no such value.
        ChannelError: The account cannot be asked for its fields.
    """
    values = dict(data.get("fields") or {})
    if data.get("birthday"):
        values.setdefault("BIRTHDAY", data["birthday"])
    names = {name: data[name] for name in ("first_name", "last_name") if data.get(name)}
    return {**names, "custom_fields_values": fields.written("contacts", values)}


def task_of(row: Item, entity: str, entity_id: int, task_type: int) -> dict[str, Any]:
    """Make a task about a lead or a contact; its text ends with the action's id."""
    data = row.data
    texts = (data["title"], data.get("description"), mark(row.id))
    who = data.get("responsible")
    return {
        "text": "\n".join(str(one) for one in texts if one),
        "complete_till": int(dt.datetime.fromisoformat(data["due_at"]).timestamp()),
        "entity_id": entity_id,
        "entity_type": entity,
        "task_type_id": task_type,
        **({} if who is None else {"responsible_user_id": int(who)}),
    }


def purchase_of(row: Item) -> dict[str, Any]:
    """Make a purchase; its comment ends with the action's id."""
    data = row.data
    order = "" if data.get("order_id") is None else f"{data['order_id']} "
    return {
        "price": whole(data["value"]),
        "completed_at": int(dt.datetime.fromisoformat(data["occurred_at"]).timestamp()),
        "comment": f"{order}{mark(row.id)}",
    }


def whole(amount: Any) -> int:
    """Give an amount in whole units, as the account counts; halves are rounded up.

    Examples:
        >>> whole("1500.50")
        1501
    """
    return int(Decimal(str(amount)).quantize(Decimal(1), rounding=ROUND_HALF_UP))
