"""The tables of a journal, their versions, and how to ask them for the state of an action.

A row's state is its own or, where it has none, its batch's: what happens to a batch as a whole is
one change, however many rows it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import sqlalchemy as sql

from retention_kit.delivery.outcomes import DONE
from retention_kit.errors import DefinitionError

_METADATA = sql.MetaData()
_NUMBER = sql.BigInteger().with_variant(sql.Integer, "sqlite")

VERSION: Final = 1
"""The version of the tables that this library reads and writes."""

SCHEMA: Final = sql.Table(
    "journal_schema",
    _METADATA,
    sql.Column("version", sql.Integer, nullable=False),
)
"""One row: the version of the tables."""

CHANNELS: Final = sql.Table(
    "journal_channels",
    _METADATA,
    sql.Column("number", _NUMBER, primary_key=True),
    sql.Column("name", sql.Text, nullable=False, unique=True),
)
"""The channels by number."""

TOPICS: Final = sql.Table(
    "journal_topics",
    _METADATA,
    sql.Column("number", _NUMBER, primary_key=True),
    sql.Column("campaign", sql.Text, nullable=False),
    sql.Column("step", sql.Text, nullable=False),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("payload_group", sql.Text, nullable=False),
    sql.UniqueConstraint(
        "campaign", "step", "kind", "payload_group", name="journal_topics_meaning"
    ),
)
"""What many actions share, by number."""

BATCHES: Final = sql.Table(
    "journal_batches",
    _METADATA,
    sql.Column("number", _NUMBER, primary_key=True),
    sql.Column("channel", sql.BigInteger, nullable=False),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("state", sql.Text, nullable=False),
    sql.Column("run", sql.BigInteger),
    sql.Column("attempts", sql.Integer, nullable=False),
    sql.Column("handed_at", sql.BigInteger),
    sql.Column("handed_rows", sql.BigInteger),
    sql.Column("updated_at", sql.BigInteger, nullable=False),
    sql.Column("token", sql.Text),
    sql.Column("asked_at", sql.BigInteger),
    sql.Column("poll_after", sql.BigInteger),
    sql.Index("journal_batches_name", "channel", "name"),
)
"""Rows that are submitted together; `run` is whose they are while they are claimed or on the way,
`handed_rows` how many went out under its name first.

`planned` is final: rows of such a batch leave it when they are claimed again.
"""

ACTIONS: Final = sql.Table(
    "journal_actions",
    _METADATA,
    sql.Column("number", _NUMBER, primary_key=True),
    sql.Column("channel", sql.BigInteger, nullable=False),
    sql.Column("id", sql.Text, nullable=False),
    sql.Column("topic", sql.BigInteger, nullable=False),
    sql.Column("customer", sql.Text, nullable=False),
    sql.Column("occurrence", sql.Text, nullable=False),
    sql.Column("fingerprint", sql.Text, nullable=False),
    sql.Column("state", sql.Text),
    sql.Column("batch", sql.BigInteger),
    sql.Column("attempts", sql.Integer, nullable=False),
    sql.Column("planned_at", sql.BigInteger, nullable=False),
    sql.Column("updated_at", sql.BigInteger, nullable=False),
    sql.Column("code", sql.Text),
    sql.Column("detail", sql.Text),
    sql.Column("external_id", sql.Text),
    sql.Column("occurred_at", sql.BigInteger),
    sql.UniqueConstraint("channel", "id", name="journal_actions_id"),
    sql.Index("journal_actions_batch", "batch", "state"),
)
"""The actions; `attempts` are those before the present batch."""

RUNS: Final = sql.Table(
    "journal_runs",
    _METADATA,
    sql.Column("number", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("channel", sql.BigInteger, nullable=False),
    sql.Column("host", sql.Text, nullable=False),
    sql.Column("process", sql.BigInteger, nullable=False),
    sql.Column("started_at", sql.BigInteger, nullable=False),
)
"""The processes at work; each holds a lock, named after its number, that dies with it."""

LIMITS: Final = sql.Table(
    "journal_limits",
    _METADATA,
    sql.Column("account", sql.Text, primary_key=True),
    sql.Column("counts", sql.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""How many requests were counted, as JSON."""

_OWNED = BATCHES.c.run.is_not(None)
sql.Index("journal_batches_run", BATCHES.c.run, sqlite_where=_OWNED, postgresql_where=_OWNED)
_ASKED = BATCHES.c.token.is_not(None)
sql.Index(
    "journal_batches_asked",
    BATCHES.c.channel,
    sqlite_where=_ASKED,
    postgresql_where=_ASKED,
)
UNKNOWN: Final[sql.ColumnElement[str]] = sql.literal_column("'unknown'")
"""In so many words, since SQLite finds an index of some rows only for conditions without marks."""
for _table in (ACTIONS, BATCHES):
    _is_unknown = _table.c.state == UNKNOWN
    sql.Index(
        f"{_table.name}_unknown",
        _table.c.channel,
        sqlite_where=_is_unknown,
        postgresql_where=_is_unknown,
    )

STATE: Final = sql.func.coalesce(ACTIONS.c.state, BATCHES.c.state)
"""An action's state, where `JOINED` is asked."""

JOINED: Final = ACTIONS.outerjoin(BATCHES, ACTIONS.c.batch == BATCHES.c.number)
"""Actions with their batches."""

MIGRATIONS: Mapping[int, Callable[[sql.Connection], None]] = MappingProxyType({})
"""What brings the tables from a version to the next one, by the version that they have."""


def is_done(channel: str, action_id: sql.ColumnElement[str]) -> sql.ColumnElement[bool]:
    """Give the condition that an action has happened.

    Args:
        channel: The channel's name.
        action_id: A column of another table that holds the ids of actions.
    """
    numbered = sql.select(CHANNELS.c.number).where(CHANNELS.c.name == channel)
    return (
        sql.select(sql.literal(1))
        .select_from(JOINED)
        .where(
            ACTIONS.c.channel == numbered.scalar_subquery(),
            ACTIONS.c.id == action_id,
            STATE.in_(sorted(DONE)),
        )
        .exists()
    )


def version_of(connection: sql.Connection) -> int | None:
    """Give the version of the tables; None where there are none.

    Raises:
        DefinitionError: They were written by a later version of the library.
    """
    if not sql.inspect(connection).has_table(SCHEMA.name):
        return None
    version = connection.execute(sql.select(SCHEMA.c.version)).scalar()
    if version is not None and version > VERSION:
        raise DefinitionError(
            f"The journal has tables of version {version}; this version of the library reads and "
            f"writes up to {VERSION}. Next step: upgrade retention-kit, or use another journal.",
            parameter="database",
        )
    return version


def create(connection: sql.Connection) -> None:
    """Make the tables, or bring those of an earlier version to this one."""
    version = version_of(connection)
    if version is None:
        _METADATA.create_all(connection)
        connection.execute(SCHEMA.insert().values(version=VERSION))
        return
    for step in range(version, VERSION):
        MIGRATIONS[step](connection)
    connection.execute(SCHEMA.update().values(version=VERSION))
