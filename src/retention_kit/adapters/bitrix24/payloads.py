"""What is sent for an action, made without asking anybody."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from decimal import Decimal
from typing import Any, Final

from retention_kit.adapters.bitrix24.settings import Bitrix24Settings
from retention_kit.delivery.actions import Action, CreateDeal, CreateTask, UpsertContact
from retention_kit.delivery.outcomes import Payload, Rejection
from retention_kit.profiles.normalise import normalise_email, normalise_phone

CONTACT: Final = "bitrix24_contact"
"""The name of a contact's id in this portal among an action's identifiers."""
COMPANY: Final = "bitrix24_company"
"""The same of a company's id."""


def prepare(action: Action, settings: Bitrix24Settings) -> Payload | Rejection:
    """Make what is sent for an action, or say why nothing can be."""
    if not isinstance(action, CreateDeal | CreateTask | UpsertContact):
        return Rejection(action.id, "unsupported_action", "Bitrix24 carries no such action.")
    who = _who(action, settings)
    if isinstance(who, Rejection):
        if not (isinstance(action, CreateTask) and action.deal):
            return who
        # The deal says whom it is about.
        who = {"origin": origin_of(action.customer_id)}
    body: dict[str, Any] = {"who": who}
    if isinstance(action, CreateDeal):
        body["fields"] = _deal(action)
        problem = _number("pipeline", action.pipeline) or _number("responsible", action.responsible)
    elif isinstance(action, CreateTask):
        body |= _task(action)
        problem = _number("responsible", action.responsible)
    else:
        body["fields"] = _contact(action)
        problem = None
    if problem is not None:
        return Rejection(action.id, "bad_value", problem)
    return Payload(action.id, body, group=action.kind)


def origin_of(customer_id: int | str) -> str:
    """Give the external id of a customer's contact: names nobody, the same on every machine."""
    text = json.dumps(customer_id, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def identifier_of(settings: Bitrix24Settings) -> str:
    """Give the name of a customer's id in this portal among an action's identifiers."""
    return CONTACT if settings.customers == "contacts" else COMPANY


def _who(action: Action, settings: Bitrix24Settings) -> dict[str, Any] | Rejection:
    who: dict[str, Any] = {"origin": origin_of(action.customer_id)}
    name = identifier_of(settings)
    portal_id = action.identifiers.get(name)
    if portal_id is None and settings.customer_id_is_portal_id:
        portal_id = str(action.customer_id)
    if portal_id is not None:
        if not portal_id.isdecimal():
            return Rejection(action.id, "bad_portal_id", f"{name} is no whole number.")
        who["id"] = int(portal_id)
    phone, email = normalise_phone(action.phone), normalise_email(action.email)
    if phone is None and email is None and "id" not in who:
        given = action.phone or action.email
        code = "unusable_contacts" if given else "no_identifier"
        return Rejection(
            action.id, code, f"Neither {name} nor a telephone number or e-mail address is given."
        )
    if phone is not None:
        who["phone"] = phone
    if email is not None:
        who["email"] = email
    return who


def _deal(action: CreateDeal) -> dict[str, Any]:
    fields: dict[str, Any] = {"title": action.title}
    if action.amount is not None:
        fields["opportunity"] = str(action.amount)
    if action.currency is not None:
        fields["currencyId"] = action.currency
    if action.pipeline is not None:
        fields["categoryId"] = action.pipeline
    if action.stage is not None:
        fields["stageId"] = action.stage
    if action.responsible is not None:
        fields["assignedById"] = action.responsible
    if action.comment:
        fields["comments"] = action.comment
    return fields | {name: _written(value) for name, value in action.fields.items()}


def _task(action: CreateTask) -> dict[str, Any]:
    task: dict[str, Any] = {
        "title": action.title,
        "deadline": action.due_at.isoformat(timespec="seconds"),
        "description": action.description,
    }
    if action.responsible is not None:
        task["responsibleId"] = action.responsible
    return {"task": task, "deal": action.deal}


def _contact(action: UpsertContact) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if action.first_name is not None:
        fields["name"] = action.first_name
    if action.last_name is not None:
        fields["lastName"] = action.last_name
    if action.birthday is not None:
        fields["birthdate"] = action.birthday.isoformat()
    return fields | {name: _written(value) for name, value in action.fields.items()}


def _number(name: str, value: str | None) -> str | None:
    if value is None or value.isdecimal():
        return None
    return f"The field {name!r} is no id of Bitrix24, which are whole numbers."


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return 1 if value else 0
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_written(one) for one in value]
    return value
