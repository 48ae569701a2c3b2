"""The tables of a store in a database, and how a customer's id stands in them."""

from __future__ import annotations

import json
from typing import Final

import sqlalchemy as sql

from retention_kit.errors import DataError

_METADATA = sql.MetaData()
_ONCE = ("order", "return")
"""The kinds of events whose source key is unique among all customers."""

ACCOUNTS: Final = sql.Table(
    "loyalty_accounts",
    _METADATA,
    sql.Column("customer", sql.Text, primary_key=True),
    sql.Column("version", sql.BigInteger, nullable=False),
    sql.Column("account", sql.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Each customer's account as it is; `version` says how many events it was made of."""

EVENTS: Final = sql.Table(
    "loyalty_events",
    _METADATA,
    sql.Column("customer", sql.Text, primary_key=True),
    sql.Column("version", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("source", sql.Text, nullable=False),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("at", sql.BigInteger, nullable=False),
    sql.Column("other", sql.Text),
    sql.Column("overturned", sql.BigInteger),
    sql.Column("event", sql.Text, nullable=False),
    sql.UniqueConstraint("customer", "source", name="loyalty_events_source"),
    sql.Index("loyalty_events_at", "customer", "at"),
    sqlite_with_rowid=False,
)
"""What happened, numbered by the version that it made.

`other` is a transfer's other customer, `overturned` the version of a late event because of which
this one has no effect any more.
"""

ENTRIES: Final = sql.Table(
    "loyalty_entries",
    _METADATA,
    sql.Column("customer", sql.Text, primary_key=True),
    sql.Column("number", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("version", sql.BigInteger, nullable=False),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("at", sql.BigInteger, nullable=False),
    sql.Column("wallet", sql.Text),
    sql.Column("lot", sql.BigInteger),
    sql.Column("units", sql.BigInteger, nullable=False),
    sql.Column("entry", sql.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""The ledger; `version` is that of the event that gave the entry, `entry` the whole as JSON."""

CHECKPOINTS: Final = sql.Table(
    "loyalty_checkpoints",
    _METADATA,
    sql.Column("customer", sql.Text, primary_key=True),
    sql.Column("version", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("at", sql.BigInteger, nullable=False),
    sql.Column("place", sql.Text, nullable=False),
    sql.Column("account", sql.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Accounts as they were; `place` is the place of the last event in them."""

_OF_ONE = EVENTS.c.kind.in_(_ONCE)
sql.Index(
    "loyalty_events_once",
    EVENTS.c.source,
    unique=True,
    sqlite_where=_OF_ONE,
    postgresql_where=_OF_ONE,
)
_OF_TWO = EVENTS.c.other.is_not(None)
sql.Index("loyalty_events_other", EVENTS.c.other, sqlite_where=_OF_TWO, postgresql_where=_OF_TWO)


def create(connection: sql.Connection) -> None:
    """Make the tables that are not there."""
    _METADATA.create_all(connection)


def counts_once(kind: str) -> bool:
    """Say whether an event of this kind is of one customer among all."""
    return kind in _ONCE


def key_of(customer_id: int | str) -> str:
    """Give what stands for a customer in the tables: the id as JSON, so that 7 is not "7"."""
    if isinstance(customer_id, bool) or not isinstance(customer_id, int | str):
        raise DataError(
            f"The id of a customer is of type {type(customer_id).__name__}. Allowed: a whole "
            "number or text. Next step: pass the id that the customer has in the tables."
        )
    return json.dumps(customer_id, ensure_ascii=False)


def id_of(customer: str) -> int | str:
    """Turn `key_of` round."""
    read: int | str = json.loads(customer)
    return read
