"""Deals: looked up by their external id, and made where they are not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from retention_kit.adapters.bitrix24.contact_making import contacts_for
from retention_kit.adapters.bitrix24.fields import Fields
from retention_kit.adapters.bitrix24.people import by_origin
from retention_kit.adapters.bitrix24.portal import Command, Portal
from retention_kit.adapters.bitrix24.reading import Reader
from retention_kit.adapters.bitrix24.settings import Bitrix24Settings
from retention_kit.adapters.bitrix24.writing import accepted, made, refused
from retention_kit.delivery.outcomes import Outcome, Payload

DEAL_TYPE: Final = 2


def make_deals(
    portal: Portal,
    reader: Reader,
    fields: Fields,
    settings: Bitrix24Settings,
    rows: Sequence[Payload],
) -> dict[str, Outcome]:
    """Make the deals that are not there.

    Raises:
        ChannelError: A request failed whole. Deals of it may have been made: a look-up tells.
    """
    there = by_origin(reader, settings, DEAL_TYPE, [row.id for row in rows])
    outcomes = {id_: accepted(id_, deal) for id_, deal in there.items()}
    new = []
    for row in rows:
        if row.id in there:
            continue
        problem = fields.missing(DEAL_TYPE, row.body["fields"])
        if problem is None:
            new.append(row)
        else:
            outcomes[row.id] = refused(row.id, "unknown_field", problem)
    contacts, failed = contacts_for(portal, reader, settings, new)
    outcomes |= failed
    commands = [
        (
            row.id,
            Command(
                "crm.item.add",
                {
                    "entityTypeId": DEAL_TYPE,
                    "useOriginalUfNames": "Y",
                    "fields": {
                        **row.body["fields"],
                        "contactIds": [contacts[row.id]],
                        "originatorId": settings.originator,
                        "originId": row.id,
                    },
                },
            ),
        )
        for row in new
        if row.id in contacts
    ]
    return outcomes | made(portal, commands)
