"""What is known of one audience: who was accepted into it, and what is on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import sqlalchemy as sql

from retention_kit.delivery.audiences import tables
from retention_kit.delivery.audiences.tables import AUDIENCES, MEMBERS, NAMELESS, UNSURE
from retention_kit.delivery.audiences.transactions import read, write
from retention_kit.delivery.journal.problems import in_plain_words
from retention_kit.delivery.journal.tables import (
    ACTIONS,
    BATCHES,
    CHANNELS,
    JOINED,
    STATE,
    is_done,
)
from retention_kit.delivery.outcomes import DONE
from retention_kit.errors import bad_parameter

if TYPE_CHECKING:
    from retention_kit.delivery.journal import Journal

IntentKind = Literal["add", "remove", "replace", "leave"]
"""What is to become of a customer. With `replace` they are part of the new whole, and whoever is
not is left out by it: `leave`."""

_PAGE: Final = 10_000
_JOINING: Final = ("add", "replace")
_UNCERTAIN: Final = ("handed_over", "unknown")
_MEANS: Final[dict[str | None, str]] = {
    **dict.fromkeys(DONE, "done"),
    **dict.fromkeys(_UNCERTAIN, "uncertain"),
    "pending": "pending",
}
_NOTHING: Final[dict[str, Any]] = dict.fromkeys(
    ("next_kind", "next_id", "next_fingerprint", "next_identifiers")
)
"""Nothing is meant to become of a customer."""


class Member(NamedTuple):
    """A customer as the tables have them.

    Attributes:
        customer: The customer's key.
        generation: How often something was accepted of them.
        is_member: Whether they were accepted, or may have been, and not taken out since.
        fingerprint: Of what was accepted; empty where nobody is sure.
        identifiers: What takes them out, as JSON.
    """

    customer: str
    generation: int
    is_member: bool
    fingerprint: str
    identifiers: str


class Intent(NamedTuple):
    """What is to become of a customer.

    Attributes:
        customer: The customer's key.
        kind: What.
        id: The action by which it happens.
        fingerprint: Of what is sent, of those who join.
        identifiers: What takes them out again, as JSON, of those who join.
    """

    customer: str
    kind: IntentKind
    id: str
    fingerprint: str = ""
    identifiers: str = ""


class Folded(NamedTuple):
    """What became of intended changes.

    Attributes:
        joined: Customers who were accepted.
        left: Customers who were taken out.
        unsure: Customers of whom nobody knows, since an answer was lost.
        dropped: Changes that did not happen.
    """

    joined: int = 0
    left: int = 0
    unsure: int = 0
    dropped: int = 0


class MemberList:
    """The members of one audience, in a journal's database. Use it under `Journal.holding`.

    Args:
        journal: The journal that knows what became of actions.
        channel: The channel's name.
        audience: The audience's name.
        campaign: Under which name its actions are kept; once chosen it stays.

    Raises:
        DefinitionError: The audience was synchronised under another campaign.
    """

    def __init__(self, journal: Journal, channel: str, audience: str, *, campaign: str) -> None:
        self._database = journal.database
        self._channel = channel
        with in_plain_words(), self._database.creating() as connection:
            tables.create(connection)
        named = sql.and_(AUDIENCES.c.channel == channel, AUDIENCES.c.audience == audience)
        found = sql.select(AUDIENCES.c.number, AUDIENCES.c.campaign).where(named)
        new = AUDIENCES.insert().values(
            channel=channel, audience=audience, campaign=campaign, round=0, unsure=False
        )

        def found_or_made(connection: sql.Connection) -> tuple[int, str]:
            row = connection.execute(found).one_or_none()
            if row is None:
                connection.execute(new)
                row = connection.execute(found).one()
            return row.number, row.campaign

        self._number: int
        self._number, begun_as = write(self._database, found_or_made)
        if begun_as != campaign:
            raise bad_parameter(
                "campaign",
                got=campaign,
                allowed=f"{begun_as!r}, under which this audience was begun",
                step="leave it out, or give that one.",
            )
        self._own = MEMBERS.c.audience == self._number
        self._intended = sql.and_(self._own, MEMBERS.c.next_id.is_not(None))

    def fold(self) -> Folded:
        """Let what the journal has as done take the place of what was.

        What certainly did not happen is dropped, and may be meant again. Where an answer was
        lost, the customer counts as a member of whom nobody is sure. What is pending stays.
        """
        return write(self._database, self._fold)

    def _fold(self, connection: sql.Connection) -> Folded:
        joins = MEMBERS.c.next_kind.in_(_JOINING)
        done = is_done(self._channel, MEMBERS.c.next_id)
        uncertain = self._is_in(_UNCERTAIN)
        one_more = MEMBERS.c.generation + 1

        def change(*which: sql.ColumnElement[bool], **values: Any) -> int:
            changed = MEMBERS.update().where(self._intended, *which).values(_NOTHING | values)
            return int(connection.execute(changed).rowcount)

        found = {(kind, _MEANS.get(state, "nothing")) for kind, state in self._states(connection)}
        lost = any((kind, "uncertain") in found for kind in ("replace", "leave"))
        if lost or ("replace", "done") in found:
            here = AUDIENCES.c.number == self._number
            connection.execute(AUDIENCES.update().where(here).values(unsure=lost))
        joined = left = unsure = dropped = 0
        if any((kind, "done") in found for kind in _JOINING):
            joined = change(
                joins,
                done,
                generation=one_more,
                is_member=True,
                fingerprint=MEMBERS.c.next_fingerprint,
                identifiers=MEMBERS.c.next_identifiers,
            )
        if any((kind, "done") in found for kind in ("remove", "leave")):
            left = change(
                done, generation=one_more, is_member=False, fingerprint="", identifiers=""
            )
        if any(means == "uncertain" for _, means in found):
            kept = sql.case((joins, MEMBERS.c.next_identifiers), else_=MEMBERS.c.identifiers)
            unsure = change(uncertain, is_member=True, fingerprint=UNSURE, identifiers=kept)
        if any(means == "nothing" for _, means in found):
            # A whole that was made without them may have left them out.
            refused = sql.and_(MEMBERS.c.next_kind == "replace", self._is_in(("rejected",)))
            dropped = change(refused, MEMBERS.c.is_member, fingerprint=UNSURE)
            dropped += change(~self._is_in(("pending",)))
        connection.execute(
            MEMBERS.delete().where(
                self._own,
                MEMBERS.c.customer.startswith(NAMELESS),
                ~MEMBERS.c.is_member,
                MEMBERS.c.next_id.is_(None),
            )
        )
        return Folded(joined, left, unsure, dropped)

    def _states(self, connection: sql.Connection) -> set[tuple[str, str | None]]:
        """Give which kinds of changes are in which states; None of actions that are unknown."""
        numbered = sql.select(CHANNELS.c.number).where(CHANNELS.c.name == self._channel)
        joined = MEMBERS.outerjoin(
            ACTIONS,
            sql.and_(
                ACTIONS.c.channel == numbered.scalar_subquery(),
                ACTIONS.c.id == MEMBERS.c.next_id,
            ),
        ).outerjoin(BATCHES, ACTIONS.c.batch == BATCHES.c.number)
        asked = sql.select(MEMBERS.c.next_kind, STATE).select_from(joined).where(self._intended)
        return {(row[0], row[1]) for row in connection.execute(asked.distinct())}

    def pending(self) -> int:
        """Count the customers whose outcome is still to come."""
        return self._count(self._intended)

    def size(self, *, sure: bool = False) -> int:
        """Count the members.

        Args:
            sure: Whether those of whom nobody is sure are left out.
        """
        members = sql.and_(self._own, MEMBERS.c.is_member)
        return self._count(sql.and_(members, MEMBERS.c.fingerprint != UNSURE) if sure else members)

    def in_order(self) -> Iterator[Member]:
        """Give all customers that are known, in the order of their keys, a page at a time."""
        columns = [MEMBERS.c[name] for name in Member._fields]
        asked = sql.select(*columns).where(self._own).order_by(MEMBERS.c.customer).limit(_PAGE)
        page = self._rows(asked)
        while page:
            yield from map(Member._make, page)
            page = self._rows(asked.where(MEMBERS.c.customer > page[-1].customer))

    def still_members(self, customers: Sequence[str]) -> set[str]:
        """Give those of some customers who are members, so that they cannot join anew."""
        asked = sql.select(MEMBERS.c.customer).where(
            self._own, MEMBERS.c.is_member, MEMBERS.c.customer.in_(customers)
        )
        return {row.customer for row in self._rows(asked)}

    def intend(self, intents: Iterable[Intent]) -> None:
        """Write down what is to become of customers, before anything of it is sent."""
        number = self._number
        rows = [
            (number, one.customer, one.kind, one.id, one.fingerprint, one.identifiers)
            for one in intents
        ]
        if rows:
            # Spoken to the driver directly: a million rows would be handled one by one else.
            mark = "?" if self._database.sqlite else "%s"
            text = _INTEND.format(", ".join([mark] * 2), ", ".join([mark] * 4))
            write(self._database, lambda connection: connection.exec_driver_sql(text, rows))

    def is_unsure(self) -> bool:
        """Say whether nobody knows if the audience was replaced as a whole."""
        asked = sql.select(AUDIENCES.c.unsure).where(AUDIENCES.c.number == self._number)
        return bool(self._rows(asked)[0].unsure)

    def doubt(self, customers: Sequence[str]) -> None:
        """Take some members for such of whom nobody is sure, so that they are put in again."""
        doubted = MEMBERS.update().where(self._own, MEMBERS.c.customer.in_(customers))
        write(
            self._database,
            lambda connection: connection.execute(doubted.values(fingerprint=UNSURE)),
        )

    def next_round(self) -> int:
        """Count one more replacement of the whole, and give its number."""
        here = AUDIENCES.c.number == self._number

        def counted(connection: sql.Connection) -> int:
            connection.execute(AUDIENCES.update().where(here).values(round=AUDIENCES.c.round + 1))
            return int(connection.execute(sql.select(AUDIENCES.c.round).where(here)).scalar_one())

        return write(self._database, counted)

    def empty(self) -> None:
        """Take nobody for a member any more, because the audience outside is gone."""
        gone: dict[str, Any] = {
            "generation": MEMBERS.c.generation + 1,
            "is_member": False,
            "fingerprint": "",
            "identifiers": "",
        }
        here = AUDIENCES.c.number == self._number

        def emptied(connection: sql.Connection) -> None:
            connection.execute(MEMBERS.update().where(self._own).values(_NOTHING | gone))
            connection.execute(AUDIENCES.update().where(here).values(unsure=False))

        write(self._database, emptied)

    def _count(self, which: sql.ColumnElement[bool]) -> int:
        counted = sql.select(sql.func.count()).select_from(MEMBERS).where(which)
        return read(
            self._database, lambda connection: int(connection.execute(counted).scalar_one())
        )

    def _rows(self, asked: sql.Select[Any]) -> Sequence[sql.Row[Any]]:
        return read(self._database, lambda connection: connection.execute(asked).all())

    def _is_in(self, states: Sequence[str]) -> sql.ColumnElement[bool]:
        """Give the condition that the intended action is in one of some states."""
        numbered = sql.select(CHANNELS.c.number).where(CHANNELS.c.name == self._channel)
        return (
            sql.select(sql.literal(1))
            .select_from(JOINED)
            .where(
                ACTIONS.c.channel == numbered.scalar_subquery(),
                ACTIONS.c.id == MEMBERS.c.next_id,
                STATE.in_(states),
            )
            .exists()
        )


_INTEND: Final = (
    "INSERT INTO audience_members (audience, customer, generation, is_member, fingerprint,"
    " identifiers, next_kind, next_id, next_fingerprint, next_identifiers)"
    " VALUES ({0}, 0, FALSE, '', '', {1})"
    " ON CONFLICT (audience, customer) DO UPDATE SET next_kind = excluded.next_kind,"
    " next_id = excluded.next_id, next_fingerprint = excluded.next_fingerprint,"
    " next_identifiers = excluded.next_identifiers"
)
