"""Contacts made what they should be: found and changed, or made."""

from __future__ import annotations

from collections.abc import Sequence

from retention_kit.adapters.bitrix24.contact_making import add_contact
from retention_kit.adapters.bitrix24.fields import Fields
from retention_kit.adapters.bitrix24.people import CONTACT_TYPE, find
from retention_kit.adapters.bitrix24.portal import Command, Portal
from retention_kit.adapters.bitrix24.reading import Reader
from retention_kit.adapters.bitrix24.settings import Bitrix24Settings
from retention_kit.adapters.bitrix24.writing import (
    accepted,
    items_by_id,
    made,
    missing_multifields,
    refused,
)
from retention_kit.delivery.outcomes import Outcome, Payload
from retention_kit.profiles.normalise import normalise_email, normalise_phone


def upsert_contacts(
    portal: Portal,
    reader: Reader,
    fields: Fields,
    settings: Bitrix24Settings,
    rows: Sequence[Payload],
) -> dict[str, Outcome]:
    """Change the contacts that are there, and make the others.

    Telephone numbers and addresses are added where a contact has them not, and never written twice.

    Raises:
        ChannelError: A request failed whole. Sending it again is safe.
    """
    outcomes: dict[str, Outcome] = {}
    sound = []
    for row in rows:
        problem = fields.missing(CONTACT_TYPE, row.body["fields"])
        if problem is None:
            sound.append(row)
        else:
            outcomes[row.id] = refused(row.id, "unknown_field", problem)
    if not sound:
        return outcomes
    found = find(reader, settings, [row.body["who"] for row in sound])
    there = items_by_id(reader, CONTACT_TYPE, list(dict.fromkeys(found.values())))
    commands: list[tuple[str, Command]] = []
    being_made: set[str] = set()
    for place, row in enumerate(sound):
        who = row.body["who"]
        if place not in found:
            if who["origin"] in being_made:
                # Two rows of one new customer: the second finds what the first has made.
                outcomes[row.id] = Outcome(row.id, "planned", code="made_by_another_row")
            elif settings.missing_contacts == "reject":
                outcomes[row.id] = refused(row.id, "no_contact", "The portal has no such contact.")
            else:
                being_made.add(who["origin"])
                commands.append((row.id, add_contact(settings, who, row.body["fields"])))
            continue
        contact = found[place]
        if contact not in there:
            outcomes[row.id] = refused(row.id, "no_contact", "The portal has no such contact.")
            continue
        changed = {
            **row.body["fields"],
            **missing_multifields(who, there[contact], _same),
        }
        if changed:
            commands.append((row.id, _change(contact, changed)))
        else:
            outcomes[row.id] = accepted(row.id, contact)
    return outcomes | made(portal, commands)


def _change(contact: int, changed: dict[str, object]) -> Command:
    return Command(
        "crm.item.update",
        {
            "entityTypeId": CONTACT_TYPE,
            "id": contact,
            "useOriginalUfNames": "Y",
            "fields": changed,
        },
    )


def _same(kind: str, value: object) -> str:
    text = str(value)
    found = normalise_phone(text) if kind == "PHONE" else normalise_email(text)
    return found or text
