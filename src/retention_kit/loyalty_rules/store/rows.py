"""What a store reads and writes of one customer, within a transaction that another began."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import sqlalchemy as sql

from retention_kit._databases import LostError
from retention_kit.loyalty_rules.ledger import Entry
from retention_kit.loyalty_rules.online.account import Account
from retention_kit.loyalty_rules.online.events import Event, Place, place_of, source_of
from retention_kit.loyalty_rules.online.exact import instant_of, microseconds
from retention_kit.loyalty_rules.online.posting import Posted
from retention_kit.loyalty_rules.online.written import event_from_dict, event_to_dict
from retention_kit.loyalty_rules.store.protocol import Checkpoint, Forgotten, OrderOfAnotherError
from retention_kit.loyalty_rules.store.tables import (
    ACCOUNTS,
    CHECKPOINTS,
    ENTRIES,
    EVENTS,
    counts_once,
    id_of,
    key_of,
)

_ALL = (ACCOUNTS, ENTRIES, EVENTS, CHECKPOINTS)


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """An account as it was read."""

    customer: str
    version: int
    """How many events it was made of; 0 where there is none yet."""
    account: Account


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """What is to be written of one customer, if nobody changed the account since it was seen."""

    seen: Seen
    posted: Posted
    late: bool
    """Whether it comes after events that happened later."""
    checkpoint: bool
    """Whether the account is kept as it is now."""


def see(connection: sql.Connection, customer_id: int | str) -> Seen:
    """Read an account."""
    customer = key_of(customer_id)
    asked = sql.select(ACCOUNTS.c.version, ACCOUNTS.c.account)
    row = connection.execute(asked.where(ACCOUNTS.c.customer == customer)).one_or_none()
    if row is None:
        return Seen(customer, 0, Account.new(customer_id))
    return Seen(customer, row.version, Account.from_json(row.account))


def version_of(connection: sql.Connection, customer: str) -> int:
    """Give the version of an account as it is; 0 where there is none."""
    asked = sql.select(ACCOUNTS.c.version).where(ACCOUNTS.c.customer == customer)
    return connection.execute(asked).scalar() or 0


def given(connection: sql.Connection, customer: str, event: Event) -> tuple[Entry, ...] | None:
    """Give the entries of an event that is recorded already; None where it is not.

    Raises:
        OrderOfAnotherError: It is an order that is recorded of another customer.
    """
    mine = EVENTS.c.customer == customer
    asked = sql.select(EVENTS.c.version).where(EVENTS.c.source == source_of(event))
    version = connection.execute(asked.where(mine)).scalar()
    if version is None:
        once = asked.where(EVENTS.c.kind == event.TYPE, ~mine).limit(1)
        if counts_once(event.TYPE) and connection.execute(once).one_or_none() is not None:
            raise OrderOfAnotherError
        return None
    return entries_of(connection, customer, version=version)


def entries_of(
    connection: sql.Connection, customer: str, *, version: int | None = None
) -> tuple[Entry, ...]:
    """Give the entries of a customer, or of one of its events, by number."""
    asked = sql.select(ENTRIES.c.entry).where(ENTRIES.c.customer == customer)
    if version is not None:
        asked = asked.where(ENTRIES.c.version == version)
    rows = connection.execute(asked.order_by(ENTRIES.c.number)).scalars()
    return tuple(Entry.from_dict(json.loads(text)) for text in rows)


def events_of(
    connection: sql.Connection, customer: str, *, since: int | None = None
) -> list[Event]:
    """Give the events of a customer from an instant on, in the order in which they are taken."""
    mine = (EVENTS.c.customer == customer) & EVENTS.c.overturned.is_(None)
    asked = sql.select(EVENTS.c.event).where(mine)
    if since is not None:
        asked = asked.where(EVENTS.c.at >= since)
    rows = connection.execute(asked).scalars()
    return sorted((event_from_dict(json.loads(text)) for text in rows), key=place_of)


def ids_of_all(connection: sql.Connection) -> list[int | str]:
    """Give the ids of all customers who have an account."""
    asked = sql.select(ACCOUNTS.c.customer).order_by(ACCOUNTS.c.customer)
    return [id_of(customer) for customer in connection.execute(asked).scalars()]


def checkpoints_of(connection: sql.Connection, customer: str) -> tuple[Checkpoint, ...]:
    """Give the checkpoints of a customer, oldest first."""
    asked = sql.select(CHECKPOINTS).where(CHECKPOINTS.c.customer == customer)
    return tuple(
        Checkpoint(row.version, instant_of(row.at), Account.from_json(row.account))
        for row in connection.execute(asked.order_by(CHECKPOINTS.c.version))
    )


def before(connection: sql.Connection, seen: Seen, late: Event) -> tuple[Account, list[Event]]:
    """Give an account as it was before a late event, and the events that came after that."""
    customer, place = seen.customer, place_of(late)
    table = CHECKPOINTS.c
    asked = sql.select(table.at, table.place, table.account).where(
        table.customer == customer, table.at <= place[0]
    )
    for row in connection.execute(asked.order_by(table.version.desc())):
        reached = read_place(row.place)
        if reached < place:
            later = events_of(connection, customer, since=row.at)
            return Account.from_json(row.account), [e for e in later if place_of(e) > reached]
    return Account.new(id_of(customer)), events_of(connection, customer)


def write(connection: sql.Connection, change: Change, *, keep: int) -> None:
    """Write a change, if the account is still as it was seen.

    Args:
        connection: A transaction that writes.
        change: What is to be written.
        keep: How many checkpoints stay.

    Raises:
        LostError: Somebody else changed the account.
    """
    seen, event = change.seen, change.posted.event
    customer, version = seen.customer, seen.version + 1
    now = {"version": version, "account": change.posted.account.to_json()}
    if seen.version == 0:
        connection.execute(ACCOUNTS.insert().values(customer=customer, **now))
    else:
        unchanged = (ACCOUNTS.c.customer == customer) & (ACCOUNTS.c.version == seen.version)
        if connection.execute(ACCOUNTS.update().where(unchanged).values(**now)).rowcount != 1:
            raise LostError
    connection.execute(EVENTS.insert().values(**_event_row(customer, version, event)))
    rows = [_entry_row(customer, version, entry) for entry in change.posted.entries]
    if rows:
        connection.execute(ENTRIES.insert(), rows)
    if change.posted.overturned:
        those = EVENTS.c.source.in_(change.posted.overturned)
        taken = EVENTS.update().where(EVENTS.c.customer == customer, those)
        connection.execute(taken.values(overturned=version))
    if change.late:
        _remove_overtaken(connection, customer, place_of(event))
    last = change.posted.account.last
    if change.checkpoint and last is not None:
        _keep_checkpoint(connection, customer, version, last, change.posted.account, keep)


def remove(connection: sql.Connection, customer: str) -> Forgotten:
    """Remove all rows of a customer, and the id from the events of others."""
    counts = [
        connection.execute(table.delete().where(table.c.customer == customer)).rowcount
        for table in _ALL
    ]
    asked = sql.select(EVENTS.c.customer, EVENTS.c.version, EVENTS.c.event)
    named = connection.execute(asked.where(EVENTS.c.other == customer)).all()
    for row in named:
        nameless = json.dumps({**json.loads(row.event), "other": None}, ensure_ascii=False)
        this = (EVENTS.c.customer == row.customer) & (EVENTS.c.version == row.version)
        connection.execute(EVENTS.update().where(this).values(other=None, event=nameless))
    accounts, entries, events, checkpoints = counts
    return Forgotten(accounts, entries, events, checkpoints, len(named))


def read_place(text: str) -> Place:
    """Read a place as it stands in a checkpoint."""
    at, rank, number, name = json.loads(text)
    return at, rank, number, name


def _event_row(customer: str, version: int, event: Event) -> dict[str, Any]:
    other = getattr(event, "other", None)
    return {
        "customer": customer,
        "version": version,
        "source": source_of(event),
        "kind": event.TYPE,
        "at": microseconds(event.at),
        "other": None if other is None else key_of(other),
        "event": json.dumps(event_to_dict(event), ensure_ascii=False),
    }


def _entry_row(customer: str, version: int, entry: Entry) -> dict[str, Any]:
    return {
        "customer": customer,
        "number": entry.number,
        "version": version,
        "kind": entry.kind,
        "at": microseconds(entry.at),
        "wallet": entry.wallet,
        "lot": entry.lot,
        "units": entry.units,
        "entry": json.dumps(entry.to_dict(), ensure_ascii=False),
    }


def _remove_overtaken(connection: sql.Connection, customer: str, place: Place) -> None:
    """Remove the checkpoints in which a late event is missing."""
    table = CHECKPOINTS.c
    mine = table.customer == customer
    rows = connection.execute(
        sql.select(table.version, table.place).where(mine, table.at >= place[0])
    ).all()
    stale = [row.version for row in rows if read_place(row.place) > place]
    if stale:
        connection.execute(CHECKPOINTS.delete().where(mine, table.version.in_(stale)))


def _keep_checkpoint(
    connection: sql.Connection,
    customer: str,
    version: int,
    last: Place,
    account: Account,
    keep: int,
) -> None:
    table = CHECKPOINTS.c
    row = {"version": version, "at": last[0], "place": json.dumps(last)}
    row["account"] = account.to_json()
    connection.execute(CHECKPOINTS.insert().values(customer=customer, **row))
    mine = table.customer == customer
    kept = sql.select(table.version).where(mine).order_by(table.version.desc()).offset(keep)
    old = connection.execute(kept.limit(1)).scalar()
    if old is not None:
        connection.execute(CHECKPOINTS.delete().where(mine, table.version <= old))
