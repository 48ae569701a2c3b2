"""Who is in an audience, in the tables of a journal's database.

A row of `audience_members` is a customer. What is meant to become of them stands beside what was
accepted, with the id of the action that brings it about; once the journal has that action as done,
the one takes the place of the other.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql

from retention_kit.errors import DataError

_METADATA = sql.MetaData()
_NUMBER = sql.BigInteger().with_variant(sql.Integer, "sqlite")
# In the order of Unicode's numbers, as Python and Polars sort texts.
_KEY = sql.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")

UNSURE: Final = ""
"""The fingerprint of who may be in an audience or not, since an answer was lost."""

AUDIENCES: Final = sql.Table(
    "audiences",
    _METADATA,
    sql.Column("number", _NUMBER, primary_key=True),
    sql.Column("channel", sql.Text, nullable=False),
    sql.Column("audience", sql.Text, nullable=False),
    sql.Column("campaign", sql.Text, nullable=False),
    sql.Column("round", sql.BigInteger, nullable=False),
    sql.Column("unsure", sql.Boolean, nullable=False),
    sql.UniqueConstraint("channel", "audience", name="audiences_name"),
)
"""The audiences; `round` counts how often one was replaced as a whole.

`unsure` is true since an answer to that was lost: then both wholes may be there.
"""

MEMBERS: Final = sql.Table(
    "audience_members",
    _METADATA,
    sql.Column("audience", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("customer", _KEY, primary_key=True),
    sql.Column("generation", sql.BigInteger, nullable=False),
    sql.Column("is_member", sql.Boolean, nullable=False),
    sql.Column("fingerprint", sql.Text, nullable=False),
    sql.Column("identifiers", sql.Text, nullable=False),
    sql.Column("next_kind", sql.Text),
    sql.Column("next_id", sql.Text),
    sql.Column("next_fingerprint", sql.Text),
    sql.Column("next_identifiers", sql.Text),
    sqlite_with_rowid=False,
)
"""The customers; `generation` counts what was accepted of each, so that who left may come again.

`identifiers` is what takes the customer out again: digests or the outside system's ids, as JSON.
"""

_INTENDED = MEMBERS.c.next_id.is_not(None)
sql.Index(
    "audience_members_intended",
    MEMBERS.c.audience,
    MEMBERS.c.customer,
    sqlite_where=_INTENDED,
    postgresql_where=_INTENDED,
)

NAMELESS: Final = "f:"
"""How the key of who was forgotten begins, until the outside system has forgotten them too."""


def create(connection: sql.Connection) -> None:
    """Make the tables that are not there."""
    _METADATA.create_all(connection)


def are_there(connection: sql.Connection) -> bool:
    """Say whether the tables were made: whether anything was ever synchronised."""
    return bool(sql.inspect(connection).has_table(MEMBERS.name))


def key_of(customer_id: int | str) -> str:
    """Give what stands for a customer in the tables, so that 7 is not "7".

    Raises:
        DataError: It is no id.
    """
    if isinstance(customer_id, bool) or not isinstance(customer_id, int | str):
        raise DataError(
            f"The id of a customer is of type {type(customer_id).__name__}. Allowed: a whole "
            "number or text. Next step: pass the id that the customer has in the tables."
        )
    return f"i:{customer_id}" if isinstance(customer_id, int) else f"s:{customer_id}"


def id_of(key: str) -> int | str:
    """Turn `key_of` round; who was forgotten is called `forgotten:` and a number."""
    kind, _, said = key.partition(":")
    if kind == "i":
        return int(said)
    return said if kind == "s" else f"forgotten:{said}"
