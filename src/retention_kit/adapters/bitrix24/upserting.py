"""Contacts, or companies, made what they should be: found and changed, or made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from retention_kit.adapters.bitrix24.access import Access
from retention_kit.adapters.bitrix24.contact_making import add_contact, may_be_made, nobody
from retention_kit.adapters.bitrix24.envelope import NOT_FOUND
from retention_kit.adapters.bitrix24.families import Calls
from retention_kit.adapters.bitrix24.people import REACHED_BY, find
from retention_kit.adapters.bitrix24.portal import Command
from retention_kit.adapters.bitrix24.writing import accepted, made, refused
from retention_kit.delivery.outcomes import Outcome, Payload
from retention_kit.profiles.normalise import normalise_email, normalise_phone


def upsert_contacts(access: Access, rows: Sequence[Payload]) -> dict[str, Outcome]:
    """Change the contacts that are there, and make the others.

    Telephone numbers and addresses are added where a contact has them not, and never written twice.

    Raises:
        ChannelError: A request failed whole. Sending it again is safe.
    """
    calls = access.calls(access.customer_type)
    outcomes: dict[str, Outcome] = {}
    sound: list[tuple[Payload, Mapping[str, Any]]] = []
    for row in rows:
        named = access.fields.named(calls, row.body["fields"])
        if named.problem is None:
            sound.append((row, named.fields))
        else:
            outcomes[row.id] = refused(row.id, "unknown_field", named.problem)
    found = find(access, [row.body["who"] for row, _ in sound])
    there = _records(access, calls, found.values())
    commands: list[tuple[str, Command]] = []
    ids: dict[str, int] = {}
    reached: dict[int, set[tuple[str, str]]] = {}
    being_made: set[str] = set()
    for place, (row, fields) in enumerate(sound):
        who = row.body["who"]
        contact = found.get(place)
        if contact is not None and contact in there:
            known = reached.setdefault(contact, _reached(calls, there[contact]))
            changed = {**fields, **calls.reach(_missing(who, known))}
            ids[row.id] = contact
            if changed:
                commands.append((row.id, calls.change(contact, changed)))
            else:
                outcomes[row.id] = accepted(row.id, contact)
        elif contact is not None or not may_be_made(access, who):
            outcomes[row.id] = nobody(access, row)
        elif who["origin"] in being_made:
            # Two rows of one new customer: the second finds what the first has made.
            outcomes[row.id] = Outcome(row.id, "planned", code="made_by_another_row")
        else:
            being_made.add(who["origin"])
            commands.append((row.id, add_contact(access, who, fields)))
    return outcomes | made(access.portal, commands, known=ids)


def _records(access: Access, calls: Calls, ids: Any) -> dict[int, dict[str, Any]]:
    """Read whole records, since lists leave telephones out; those that are gone are left out."""
    wanted = list(dict.fromkeys(ids))
    results = access.reader.listed([calls.get(one) for one in wanted], tolerated=NOT_FOUND)
    return {
        one: calls.row(result.value)
        for one, result in zip(wanted, results, strict=True)
        if result.error is None
    }


def _reached(calls: Calls, record: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(kind, _same(kind, value)) for kind, value in calls.reached(record)}


def _missing(who: Mapping[str, Any], known: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Give those of telephone and address that a contact has not, and count them as known."""
    missing = [
        (kind, who[name])
        for name, kind in REACHED_BY
        if name in who and (kind, _same(kind, who[name])) not in known
    ]
    known.update((kind, _same(kind, value)) for kind, value in missing)
    return missing


def _same(kind: str, value: str) -> str:
    found = normalise_phone(value) if kind == "PHONE" else normalise_email(value)
    return found or value
