"""What a client looks up: duplicates, statuses, funnels, users, and whether it may call at all."""

from __future__ import annotations

from typing import Any

from retention_kit.testing.emulators.bitrix24.calls import Call, Method, start_of
from retention_kit.testing.emulators.bitrix24.entities import DEAL, NAMES
from retention_kit.testing.emulators.bitrix24.envelope import Answer, iso, php_map
from retention_kit.testing.emulators.bitrix24.listing import page_of_rows
from retention_kit.testing.emulators.bitrix24.parameters import as_list, as_number
from retention_kit.testing.emulators.bitrix24.portal import normal_contact
from retention_kit.testing.emulators.bitrix24.refusals import Refusal, old_refusal

MOST_VALUES = 20
"""How many phones or addresses one call may look for."""


def find_duplicates(call: Call) -> Answer:
    """Find the records that have one of some phones or addresses."""
    kind = str(call.asked.get("type") or "").upper()
    if kind not in {"PHONE", "EMAIL"}:
        raise old_refusal("Communication type is not defined or invalid.")
    values = [str(value) for value in call.asked.listed("values")]
    if not values:
        raise old_refusal("Values are not defined.")
    if len(values) > MOST_VALUES:
        raise old_refusal(f"Values limit of {MOST_VALUES} is exceeded.")
    wanted = str(call.asked.get("entity_type") or "").upper()
    found: dict[str, list[int]] = {}
    for name, number in NAMES.items():
        if number == DEAL or wanted not in {"", name.upper()}:
            continue
        ids: set[int] = set()
        for value in values:
            matches = call.portal.duplicates.get((kind, normal_contact(kind, value)), ())
            ids.update(record for entity, record in matches if entity == number)
        if ids:
            found[name.upper()] = sorted(ids)
    return Answer(php_map(found))


def list_statuses(call: Call) -> Answer:
    """List statuses, all of them at once."""
    asked = call.asked.mapping("filter")
    rows = [
        row
        for row in call.portal.funnels.statuses()
        if all(
            str(row.get(name.lstrip("="))) in map(str, as_list(value))
            for name, value in asked.items()
        )
    ]
    return Answer(rows, len(rows))


def list_categories(call: Call) -> Answer:
    """List the funnels of deals."""
    if as_number(call.asked.required("entityTypeId")) != DEAL:
        raise Refusal(400, "ENTITY_TYPE_NOT_SUPPORTED", "Entity type has no categories here")
    rows = call.portal.funnels.categories()
    return Answer({"categories": rows}, len(rows))


def list_users(call: Call) -> Answer:
    """List users; filters by the values of their fields are known, and nothing more."""
    asked = call.asked.mapping("filter") or {
        name: call.asked.get(name) for name in ("ID", "ACTIVE", "EMAIL") if call.asked.get(name)
    }
    rows = [row for row in call.portal.users.values() if _is_user(row, asked)]
    page = page_of_rows(rows, start_of(call.asked))
    return Answer(list(page.rows), page.total, page.next)


def current_user(call: Call) -> Answer:
    """Give the user as whom the call acts."""
    return Answer(call.portal.users[call.portal.user])


def profile(call: Call) -> Answer:
    """Give a little of that user, whatever the scopes."""
    user = call.portal.users[call.portal.user]
    shown = {name: user[name] for name in ("ID", "NAME", "LAST_NAME")}
    return Answer({**shown, "ADMIN": call.portal.administrator, "TIME_ZONE": ""})


def application(call: Call) -> Answer:
    """Tell of the application; a webhook is none and is refused, which is not documented."""
    if not call.caller.oauth:
        raise Refusal(403, "WRONG_AUTH_TYPE", "Application context required")
    return Answer(
        {
            "ID": 1,
            "CODE": call.caller.name,
            "VERSION": 1,
            "STATUS": "L",
            "INSTALLED": True,
            "PAYMENT_EXPIRED": "N",
            "DAYS": None,
            "LANGUAGE_ID": "ru",
        }
    )


def scopes(call: Call) -> Answer:
    """List what the caller may call."""
    return Answer(sorted(call.caller.scopes))


def server_time(call: Call) -> Answer:
    """Tell the portal's time."""
    return Answer(iso(call.portal.now(), call.portal.zone))


def _is_user(row: dict[str, Any], asked: dict[str, Any]) -> bool:
    for name, value in asked.items():
        kept = row.get(name.lstrip("=@").upper())
        if isinstance(kept, bool):
            if kept != (value in (True, 1, "1", "Y", "true")):
                return False
        elif str(kept) not in map(str, as_list(value)):
            return False
    return True


METHODS: dict[str, Method] = {
    "crm.duplicate.findbycomm": find_duplicates,
    "crm.status.list": list_statuses,
    "crm.category.list": list_categories,
    "user.get": list_users,
    "user.current": current_user,
    "profile": profile,
    "app.info": application,
    "scope": scopes,
    "server.time": server_time,
}
