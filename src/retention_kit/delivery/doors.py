"""What is refused at the doors of delivery because it is of another kind."""

from __future__ import annotations

from collections.abc import Iterable

from retention_kit.delivery.actions import Action
from retention_kit.delivery.channels import Channel
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.errors import bad_parameter


def check_channel_and_journal(channel: object, journal: object) -> None:
    """Refuse a name where an open channel is needed, and a path where a journal is.

    Raises:
        DefinitionError: One is of another kind.
    """
    if not isinstance(channel, Channel):
        raise bad_parameter(
            "channel",
            got=type(channel).__name__,
            allowed="an open channel",
            step="open it by its name: open_channel(name).",
        )
    if not isinstance(journal, Journal):
        raise bad_parameter(
            "journal",
            got=type(journal).__name__,
            allowed="a Journal",
            step="open it: Journal(path).",
        )


def check_actions(actions: object) -> None:
    """Refuse what gives no actions; each of them is looked at when its turn comes.

    Raises:
        DefinitionError: It is a single action, a table, or nothing that gives any.
    """
    # A frame of Polars gives its columns.
    is_table = hasattr(actions, "collect_schema")
    is_one = isinstance(actions, Action | str | bytes)
    if is_table or is_one or not isinstance(actions, Iterable):
        raise bad_parameter(
            "actions",
            got=type(actions).__name__,
            allowed="a list or a generator of actions",
            step="put a single action into a list; make actions of a table's rows.",
        )
