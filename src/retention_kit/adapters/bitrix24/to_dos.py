"""To-dos for managers: looked up by a mark in their description, and made where they are not there.

That to-dos can be listed by their owner is of the vendor's older methods for activities; that a
to-do has no field for an external id is why the mark stands in the text, where a manager sees it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from retention_kit.adapters.bitrix24.access import Access
from retention_kit.adapters.bitrix24.contact_making import customers_for
from retention_kit.adapters.bitrix24.envelope import php_list
from retention_kit.adapters.bitrix24.families import DEAL
from retention_kit.adapters.bitrix24.people import by_origin
from retention_kit.adapters.bitrix24.portal import Command
from retention_kit.adapters.bitrix24.reading import PAGE, Reader
from retention_kit.adapters.bitrix24.writing import accepted, made, refused
from retention_kit.delivery.outcomes import Outcome, Payload

_LISTED: Final = "crm.activity.list"
_MARK: Final = re.compile(r"retention_kit ([0-9a-f]{32})")

Owner = tuple[int, int]
"""The type and the id of what a to-do belongs to."""


def make_to_dos(access: Access, rows: Sequence[Payload]) -> dict[str, Outcome]:
    """Make the to-dos that are not there, for a deal that was made here or for the customer.

    Raises:
        ChannelError: A request failed whole. To-dos of it may have been made: sending them again
            looks them up.
    """
    owners, outcomes = _owners(access, rows)
    owned = [row for row in rows if row.id in owners]
    there = _there(access.reader, owners, owned)
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
    return outcomes | made(access.portal, commands)


def mark(id_: str) -> str:
    """Give what stands at the end of a to-do's description."""
    return f"[retention_kit {id_}]"


def _owners(access: Access, rows: Sequence[Payload]) -> tuple[dict[str, Owner], dict[str, Outcome]]:
    of_deals = [row for row in rows if row.body["deal"]]
    deals = by_origin(access, DEAL, [row.body["deal"] for row in of_deals])
    owners = {
        row.id: (DEAL, deals[row.body["deal"]]) for row in of_deals if row.body["deal"] in deals
    }
    outcomes = {
        row.id: refused(row.id, "no_deal", "The deal of this task was not made in the portal.")
        for row in of_deals
        if row.id not in owners
    }
    customers, failed = customers_for(access, [row for row in rows if not row.body["deal"]])
    owners |= {id_: (access.customer_type, one) for id_, one in customers.items()}
    return owners, outcomes | failed


def _there(reader: Reader, owners: Mapping[str, Owner], rows: Sequence[Payload]) -> dict[str, str]:
    """Find the to-dos that are there, by the marks in what their owners have."""
    found: dict[str, str] = {}
    wanted = {row.id for row in rows}
    before: dict[Owner, int | None] = dict.fromkeys(owners[row.id] for row in rows)
    while before:
        results = reader.listed([_page(owner, last) for owner, last in before.items()])
        further: dict[Owner, int | None] = {}
        for owner, result in zip(before, results, strict=True):
            page = php_list(result.value)
            for one in page:
                for id_ in _MARK.findall(str(one.get("DESCRIPTION") or "")):
                    if id_ in wanted:
                        found[id_] = str(one["ID"])
            if len(page) == PAGE:
                further[owner] = int(page[-1]["ID"])
        before = further
    return found


def _page(owner: Owner, before: int | None) -> Command:
    """Ask for fifty of an owner's activities, the latest first.

    Of all kinds: how the portal calls the kind of to-dos is not documented, and one that is not
    seen would be made twice.
    """
    type_id, owner_id = owner
    older = {} if before is None else {"<ID": before}
    return Command(
        _LISTED,
        {
            "select": ["ID", "DESCRIPTION"],
            "filter": {"OWNER_TYPE_ID": type_id, "OWNER_ID": owner_id, **older},
            "order": {"ID": "DESC"},
            "start": -1,
        },
    )
