"""Records of customers for rows: found, or made where there are none and the settings say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from retention_kit.adapters.bitrix24.access import Access
from retention_kit.adapters.bitrix24.families import CONTACT
from retention_kit.adapters.bitrix24.people import REACHED_BY, find
from retention_kit.adapters.bitrix24.portal import Command
from retention_kit.adapters.bitrix24.writing import made, refused
from retention_kit.delivery.outcomes import Outcome, Payload


def customers_for(
    access: Access, rows: Sequence[Payload]
) -> tuple[dict[str, int], dict[str, Outcome]]:
    """Find the contact or company of each row, and make contacts that are missing.

    Args:
        access: The portal.
        rows: Payloads whose body has `who`.

    Returns:
        Ids by the rows' ids, and what became of rows that have none.

    Raises:
        ChannelError: A request failed whole.
    """
    if not rows:
        return {}, {}
    found = find(access, [row.body["who"] for row in rows])
    ids = {row.id: found[place] for place, row in enumerate(rows) if place in found}
    without = [row for row in rows if row.id not in ids]
    failed = {
        row.id: nobody(access, row) for row in without if not may_be_made(access, row.body["who"])
    }
    # Several rows may be about one customer, who gets one contact.
    first: dict[str, Payload] = {}
    for row in without:
        if row.id not in failed:
            first.setdefault(row.body["who"]["origin"], row)
    outcomes = made(
        access.portal,
        [(row.id, add_contact(access, row.body["who"], {})) for row in first.values()],
    )
    for row in without:
        if row.id in failed:
            continue
        outcome = outcomes[first[row.body["who"]["origin"]].id]
        if outcome.state == "accepted" and outcome.external_id is not None:
            ids[row.id] = int(outcome.external_id)
        else:
            failed[row.id] = _without_contact(row.id, outcome)
    return ids, failed


def may_be_made(access: Access, who: Mapping[str, Any]) -> bool:
    """Say whether a contact may be made for a customer who was not found.

    One of whom the portal's id is given was there once: somebody deleted it on purpose.
    """
    settings = access.settings
    return (
        "id" not in who
        and access.customer_type == CONTACT
        and settings.missing_contacts == "create"
    )


def nobody(access: Access, row: Payload) -> Outcome:
    """Refuse a row whose customer is not there."""
    what = "contact" if access.customer_type == CONTACT else "company"
    by = "id" if "id" in row.body["who"] else "telephone number or e-mail address"
    return refused(row.id, f"no_{what}", f"The portal has no {what} with this {by}.")


def add_contact(access: Access, who: Mapping[str, Any], fields: Mapping[str, Any]) -> Command:
    """Make the call that makes a contact.

    Args:
        access: The portal.
        who: What the payload says of the customer.
        fields: What else is written, by the portal's names.
    """
    calls = access.calls(CONTACT)
    ours = {"originatorId": access.settings.originator, "originId": who["origin"]}
    values = [(kind, who[name]) for name, kind in REACHED_BY if name in who]
    return calls.add({**fields, **calls.reach(values), **calls.named(ours)})


def _without_contact(id_: str, outcome: Outcome) -> Outcome:
    """Say what becomes of a row whose contact was not made: the row itself certainly was not."""
    if outcome.state == "rejected":
        return refused(id_, outcome.code, "Bitrix24 refused the contact.")
    return Outcome(id_, "planned", code=outcome.code)
