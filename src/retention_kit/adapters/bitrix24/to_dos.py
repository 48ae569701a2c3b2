"""To-dos for managers: looked up by a mark in their description, and made where they are not there.

That to-dos can be listed by their owner is of the vendor's older methods for activities; that a
to-do has no field for an external id is why the mark stands in the text, where a manager sees it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from retention_kit.adapters.bitrix24.contact_making import contacts_for
from retention_kit.adapters.bitrix24.deals import DEAL_TYPE
from retention_kit.adapters.bitrix24.envelope import php_list
from retention_kit.adapters.bitrix24.fields import Fields
from retention_kit.adapters.bitrix24.people import CONTACT_TYPE, by_origin
from retention_kit.adapters.bitrix24.portal import Command, Portal
from retention_kit.adapters.bitrix24.reading import PAGE, Reader
from retention_kit.adapters.bitrix24.settings import Bitrix24Settings
from retention_kit.adapters.bitrix24.writing import accepted, made, refused
from retention_kit.delivery.outcomes import Outcome, Payload

_LISTED: Final = "crm.activity.list"


def make_to_dos(
    portal: Portal,
    reader: Reader,
    fields: Fields,
    settings: Bitrix24Settings,
    rows: Sequence[Payload],
) -> dict[str, Outcome]:
    """Make the to-dos that are not there, for a deal that was made here or for the contact.

    Raises:
        ChannelError: A request failed whole. To-dos of it may have been made: sending them again
            looks them up.
    """
    del fields
    owners, outcomes = _owners(portal, reader, settings, rows)
    owned = [row for row in rows if row.id in owners]
    there = _there(reader, owners, owned)
    outcomes |= {id_: accepted(id_, one) for id_, one in there.items()}
    commands = []
    for row in owned:
        if row.id in there:
            continue
        type_id, owner_id = owners[row.id]
        task: Mapping[str, Any] = row.body["task"]
        description = f"{task['description']}\n{mark(row.id)}".strip()
        params = {
            **task,
            "description": description,
            "ownerTypeId": type_id,
            "ownerId": owner_id,
        }
        commands.append((row.id, Command("crm.activity.todo.add", params)))
    return outcomes | made(portal, commands)


def mark(id_: str) -> str:
    """Give what stands at the end of a to-do's description."""
    return f"[retention_kit {id_}]"


def _owners(
    portal: Portal, reader: Reader, settings: Bitrix24Settings, rows: Sequence[Payload]
) -> tuple[dict[str, tuple[int, int]], dict[str, Outcome]]:
    of_deals = [row for row in rows if row.body["deal"]]
    deals = by_origin(reader, settings, DEAL_TYPE, [row.body["deal"] for row in of_deals])
    owners = {
        row.id: (DEAL_TYPE, deals[row.body["deal"]])
        for row in of_deals
        if row.body["deal"] in deals
    }
    outcomes = {
        row.id: refused(row.id, "no_deal", "The deal of this task was not made in the portal.")
        for row in of_deals
        if row.id not in owners
    }
    contacts, failed = contacts_for(
        portal, reader, settings, [row for row in rows if not row.body["deal"]]
    )
    owners |= {id_: (CONTACT_TYPE, contact) for id_, contact in contacts.items()}
    return owners, outcomes | failed


def _there(
    reader: Reader, owners: Mapping[str, tuple[int, int]], rows: Sequence[Payload]
) -> dict[str, str]:
    """Find the to-dos that are there, by the marks in what their owners have."""
    found: dict[str, str] = {}
    asked = list(dict.fromkeys(owners[row.id] for row in rows))
    marks = {mark(row.id): row.id for row in rows}
    starts = dict.fromkeys(asked, 0)
    while starts:
        results = reader.listed([_page(owner, start) for owner, start in starts.items()])
        further = {}
        for (owner, start), result in zip(starts.items(), results, strict=True):
            page = php_list(result.value)
            for one in page:
                text = str(one.get("DESCRIPTION") or "").rstrip()
                id_ = marks.get(text[text.rfind("[") :])
                if id_ is not None:
                    found[id_] = str(one["ID"])
            if len(page) == PAGE:
                further[owner] = start + PAGE
        starts = further
    return found


def _page(owner: tuple[int, int], start: int) -> Command:
    type_id, owner_id = owner
    return Command(
        _LISTED,
        {
            "select": ["ID", "DESCRIPTION"],
            "filter": {
                "OWNER_TYPE_ID": type_id,
                "OWNER_ID": owner_id,
                "PROVIDER_ID": "CRM_TODO",
            },
            "order": {"ID": "DESC"},
            "start": start,
        },
    )
