"""Contacts for rows: found, or made where there are none and the settings say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from retention_kit.adapters.bitrix24.people import CONTACT_TYPE, find
from retention_kit.adapters.bitrix24.portal import Command, Portal
from retention_kit.adapters.bitrix24.reading import Reader
from retention_kit.adapters.bitrix24.settings import Bitrix24Settings
from retention_kit.adapters.bitrix24.writing import made, new_multifields, refused
from retention_kit.delivery.outcomes import Outcome, Payload


def contacts_for(
    portal: Portal, reader: Reader, settings: Bitrix24Settings, rows: Sequence[Payload]
) -> tuple[dict[str, int], dict[str, Outcome]]:
    """Find the contact of each row, and make those that are missing.

    Args:
        portal: The portal.
        reader: Reads lists.
        settings: Whether missing contacts are made.
        rows: Payloads whose body has `who`.

    Returns:
        The ids of contacts by the rows' ids, and what became of rows that have none.

    Raises:
        ChannelError: A request failed whole.
    """
    if not rows:
        return {}, {}
    found = find(reader, settings, [row.body["who"] for row in rows])
    contacts = {row.id: found[place] for place, row in enumerate(rows) if place in found}
    without = [row for row in rows if row.id not in contacts]
    if settings.missing_contacts == "reject":
        return contacts, {
            row.id: refused(
                row.id,
                "no_contact",
                "The portal has no contact with this telephone number or e-mail address.",
            )
            for row in without
        }
    # Several rows may be about one customer, who gets one contact.
    first: dict[str, Payload] = {}
    for row in without:
        first.setdefault(row.body["who"]["origin"], row)
    outcomes = made(
        portal,
        [(row.id, add_contact(settings, row.body["who"], {})) for row in first.values()],
    )
    failed = {}
    for row in without:
        outcome = outcomes[first[row.body["who"]["origin"]].id]
        if outcome.state == "accepted" and outcome.external_id is not None:
            contacts[row.id] = int(outcome.external_id)
        else:
            failed[row.id] = _without_contact(row.id, outcome)
    return contacts, failed


def add_contact(
    settings: Bitrix24Settings, who: Mapping[str, Any], fields: Mapping[str, Any]
) -> Command:
    """Make the call that makes a contact."""
    return Command(
        "crm.item.add",
        {
            "entityTypeId": CONTACT_TYPE,
            "useOriginalUfNames": "Y",
            "fields": {
                **fields,
                **new_multifields(who),
                "originatorId": settings.originator,
                "originId": who["origin"],
            },
        },
    )


def _without_contact(id_: str, outcome: Outcome) -> Outcome:
    """Say what becomes of a row whose contact was not made: the row itself certainly was not."""
    if outcome.state == "rejected":
        return refused(id_, outcome.code, "Bitrix24 refused the contact.")
    return Outcome(id_, "planned", code=outcome.code)
