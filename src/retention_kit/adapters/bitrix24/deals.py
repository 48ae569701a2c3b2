"""Deals: looked up by their external id, and made where they are not there."""

from __future__ import annotations

from collections.abc import Sequence

from retention_kit.adapters.bitrix24.access import Access
from retention_kit.adapters.bitrix24.contact_making import customers_for
from retention_kit.adapters.bitrix24.families import CONTACT, DEAL
from retention_kit.adapters.bitrix24.people import by_origin
from retention_kit.adapters.bitrix24.portal import Command
from retention_kit.adapters.bitrix24.writing import accepted, made, refused
from retention_kit.delivery.outcomes import Outcome, Payload


def make_deals(access: Access, rows: Sequence[Payload]) -> dict[str, Outcome]:
    """Make the deals that are not there.

    Raises:
        ChannelError: A request failed whole. Deals of it may have been made: a look-up tells.
    """
    calls = access.calls(DEAL)
    there = by_origin(access, DEAL, [row.id for row in rows])
    outcomes = {id_: accepted(id_, deal) for id_, deal in there.items()}
    new = []
    fields = {}
    for row in rows:
        if row.id in there:
            continue
        named = access.fields.named(calls, row.body["fields"])
        if named.problem is None:
            new.append(row)
            fields[row.id] = named.fields
        else:
            outcomes[row.id] = refused(row.id, "unknown_field", named.problem)
    customers, failed = customers_for(access, new)
    commands: list[tuple[str, Command]] = []
    for row in new:
        if row.id not in customers:
            continue
        customer = customers[row.id]
        ours = {
            **({"contactIds": [customer]} if access.customer_type == CONTACT else {}),
            **({"companyId": customer} if access.customer_type != CONTACT else {}),
            "originatorId": access.settings.originator,
            "originId": row.id,
        }
        commands.append((row.id, calls.add({**fields[row.id], **calls.named(ours)})))
    return outcomes | failed | made(access.portal, commands)
