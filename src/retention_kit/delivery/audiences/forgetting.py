"""Forgetting a customer who is in audiences: outside they go with the next synchronisation."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import sqlalchemy as sql

from retention_kit.delivery.audiences import tables
from retention_kit.delivery.audiences.tables import MEMBERS, NAMELESS, UNSURE, key_of
from retention_kit.delivery.audiences.transactions import read, write

if TYPE_CHECKING:
    from retention_kit.delivery.journal.in_database import Journal


def forget_member(journal: Journal, customer_id: int | str) -> dict[str, int]:
    """Remove what is known of a customer in audiences.

    Where they are in an audience, or may be, what takes them out again stays, under no name, until
    the next synchronisation of that audience has done so. It is digests or ids of the outside
    system. To be done before the journal forgets the customer's actions.

    Args:
        journal: The journal.
        customer_id: The customer, as in the tables.

    Returns:
        Rows by what became of them: `audience_members` removed, `audience_members_nameless` kept
        without a name.

    Raises:
        DataError: The id is none.
    """
    own = MEMBERS.c.customer == key_of(customer_id)
    if not read(journal.database, tables.are_there):
        return {"audience_members": 0, "audience_members_nameless": 0}
    outside = sql.or_(MEMBERS.c.is_member, MEMBERS.c.next_id.is_not(None))
    there = sql.select(MEMBERS.c.audience).where(own, outside)
    joins = sql.and_(MEMBERS.c.next_kind.in_(("add", "replace")), ~MEMBERS.c.is_member)
    values: dict[str, Any] = {
        "is_member": True,
        "fingerprint": UNSURE,
        "identifiers": sql.case((joins, MEMBERS.c.next_identifiers), else_=MEMBERS.c.identifiers),
    } | dict.fromkeys(("next_kind", "next_id", "next_fingerprint", "next_identifiers"))

    def forget(connection: sql.Connection) -> dict[str, int]:
        audiences = connection.execute(there).scalars().all()
        for audience in audiences:
            # A name for all audiences would say that these rows are one person.
            name = f"{NAMELESS}{secrets.token_hex(16)}"
            connection.execute(
                MEMBERS.update()
                .where(own, MEMBERS.c.audience == audience)
                .values(values | {"customer": name})
            )
        removed = int(connection.execute(MEMBERS.delete().where(own)).rowcount)
        return {"audience_members": removed, "audience_members_nameless": len(audiences)}

    return write(journal.database, forget)
