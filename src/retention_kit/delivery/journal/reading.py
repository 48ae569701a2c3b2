"""What a journal tells: actions as tables, counts, receipts that are due, rows in doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sql

from retention_kit.delivery.journal import rows
from retention_kit.delivery.journal.book import Book
from retention_kit.delivery.journal.records import Known, PendingReceipt
from retention_kit.delivery.journal.tables import (
    ACTIONS,
    BATCHES,
    CHANNELS,
    JOINED,
    STATE,
    TOPICS,
    UNKNOWN,
)
from retention_kit.delivery.outcomes import Sent

if TYPE_CHECKING:
    import polars as pl

_SLICE: Final = 1_000
_WHOLE: Final = JOINED.join(TOPICS, ACTIONS.c.topic == TOPICS.c.number).join(
    CHANNELS, ACTIONS.c.channel == CHANNELS.c.number
)
_CHANGED_AT: Final = sql.case(
    (ACTIONS.c.state.is_not(None), ACTIONS.c.updated_at),
    (BATCHES.c.updated_at > ACTIONS.c.updated_at, BATCHES.c.updated_at),
    else_=ACTIONS.c.updated_at,
)


def known(book: Book, channel: int, ids: Sequence[str]) -> Mapping[str, Known]:
    """Give what is known of actions, by id."""

    def ask(connection: sql.Connection) -> Mapping[str, Known]:
        found = rows.find(connection, book.style, channel, ids, lock=False)
        return {one: row.known for one, row in found.items()}

    return book.read(ask)


def pending(book: Book, channel: int, *, due: bool) -> list[PendingReceipt]:
    """Give receipts by which can be asked again, soonest first."""
    asked = sql.select(
        BATCHES.c.name, BATCHES.c.token, BATCHES.c.asked_at, BATCHES.c.poll_after
    ).where(BATCHES.c.channel == channel, BATCHES.c.token.is_not(None))
    now = book.now()
    found = book.read(lambda connection: connection.execute(asked).all())
    receipts = [
        # A clock that was set back makes nobody wait longer than was asked for.
        PendingReceipt(name, token, (min(since, now) + wait) / 1e6)
        for name, token, since, wait in found
    ]
    soon = [one for one in receipts if not due or one.poll_at <= now / 1e6]
    return sorted(soon, key=lambda one: one.poll_at)


def unknown(book: Book, channel: int) -> Iterator[list[Sent]]:
    """Give the actions of which nobody knows what became of them, in slices."""
    by_batch = sql.select(BATCHES.c.number).where(
        BATCHES.c.channel == channel, BATCHES.c.state == UNKNOWN
    )
    numbers = book.read(lambda connection: connection.execute(by_batch).scalars().all())
    own = (ACTIONS.c.channel == channel) & (ACTIONS.c.state == UNKNOWN)
    shared = [(ACTIONS.c.batch == one) & ACTIONS.c.state.is_(None) for one in numbers]
    for those in (own, *shared):
        for some in _slices(book, those, _SLICE):
            yield [Sent(row.id, row.kind, row.payload_group) for row in some]


def counts(book: Book, channel: str | None, campaign: str | None) -> dict[str, int]:
    """Give the number of actions by state."""
    asked = (
        sql.select(STATE, sql.func.count())
        .select_from(_WHOLE)
        .where(*_conditions(channel, campaign, None))
        .group_by(STATE)
    )
    found = book.read(lambda connection: connection.execute(asked).all())
    return {row[0]: int(row[1]) for row in sorted(found)}


def frames(
    book: Book,
    channel: str | None,
    campaign: str | None,
    states: Sequence[str] | None,
    size: int,
) -> Iterator[pl.DataFrame]:
    """Give actions as tables of at most so many rows; at least one, be it empty."""
    any_yet = False
    for some in _slices(book, sql.and_(*_conditions(channel, campaign, states)), size):
        any_yet = True
        yield _frame(some)
    if not any_yet:
        yield _frame([])


def _conditions(
    channel: str | None, campaign: str | None, states: Sequence[str] | None
) -> list[sql.ColumnElement[bool]]:
    wanted: list[sql.ColumnElement[bool]] = [sql.true()]
    if channel is not None:
        wanted.append(CHANNELS.c.name == channel)
    if campaign is not None:
        wanted.append(TOPICS.c.campaign == campaign)
    if states is not None:
        wanted.append(STATE.in_(sorted(states)))
    return wanted


def _slices(
    book: Book, those: sql.ColumnElement[bool], size: int
) -> Iterator[Sequence[sql.Row[Any]]]:
    """Give rows in the order of their numbers; no transaction is open between two slices."""
    asked = (
        sql.select(
            ACTIONS.c.number,
            CHANNELS.c.name.label("channel"),
            ACTIONS.c.id,
            TOPICS.c.campaign,
            ACTIONS.c.customer,
            TOPICS.c.step,
            ACTIONS.c.occurrence,
            TOPICS.c.kind,
            TOPICS.c.payload_group,
            STATE.label("state"),
            ACTIONS.c.code,
            ACTIONS.c.detail,
            ACTIONS.c.external_id,
            BATCHES.c.name.label("batch"),
            (ACTIONS.c.attempts + sql.func.coalesce(BATCHES.c.attempts, 0)).label("attempts"),
            ACTIONS.c.occurred_at,
            ACTIONS.c.planned_at,
            _CHANGED_AT.label("updated_at"),
        )
        .select_from(_WHOLE)
        .where(those)
        .order_by(ACTIONS.c.number)
        .limit(size)
    )
    last = 0
    while True:
        found = book.read(_asking(asked.where(ACTIONS.c.number > last)))
        if found:
            yield found
        if len(found) < size:
            return
        last = found[-1].number


def _asking(
    asked: sql.Select[Any],
) -> Callable[[sql.Connection], Sequence[sql.Row[Any]]]:
    return lambda connection: connection.execute(asked).all()


def _frame(found: Sequence[sql.Row[Any]]) -> pl.DataFrame:
    import polars as pl

    text = pl.String
    instant = pl.Int64
    schema = {
        "number": pl.Int64,
        "channel": text,
        "id": text,
        "campaign": text,
        "customer_id": text,
        "step": text,
        "occurrence": text,
        "kind": text,
        "group": text,
        "state": text,
        "code": text,
        "detail": text,
        "external_id": text,
        "batch": text,
        "attempts": pl.Int64,
        "occurred_at": instant,
        "planned_at": instant,
        "updated_at": instant,
    }
    instants = pl.col("occurred_at", "planned_at", "updated_at")
    return (
        pl.DataFrame([tuple(row) for row in found], schema=schema, orient="row")
        .drop("number")
        .with_columns(
            pl.col("customer_id").str.slice(1),
            instants.cast(pl.Datetime("us", "UTC")),
        )
    )
