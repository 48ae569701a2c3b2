"""What happens to a batch as a whole: one row of a table, however many actions it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import sqlalchemy as sql

from retention_kit.delivery.journal.records import BatchSize
from retention_kit.delivery.journal.rows import Style, among, parts, update_batch
from retention_kit.delivery.journal.tables import ACTIONS, BATCHES, JOINED, STATE


def new(
    connection: sql.Connection, style: Style, channel: int, name: str, run: int, now: int
) -> int:
    """Make a batch that is claimed by a run, and give its number."""
    return _insert(connection, style, (channel, name, "claimed", run, 0, None, None, now))


def newest(connection: sql.Connection, channel: int, name: str) -> int | None:
    """Give the number of the last batch of a name; None where there is none."""
    asked = sql.select(sql.func.max(BATCHES.c.number))
    return connection.execute(
        asked.where(BATCHES.c.channel == channel, BATCHES.c.name == name)
    ).scalar()


def count(connection: sql.Connection, style: Style, number: int) -> int:
    """Give how many rows of a batch have its state."""
    asked = f"SELECT count(*) FROM journal_actions WHERE batch = {style.mark} AND state IS NULL"
    return int(connection.exec_driver_sql(asked, (number,)).scalar_one())


def touch(connection: sql.Connection, style: Style, number: int, run: int, now: int) -> bool:
    """Say whether rows may be added to a batch of a run's, and let nobody take it meanwhile."""
    mine = "number = ? AND run = ? AND state = 'claimed'"
    return update_batch(connection, style, "updated_at = ?", mine, (now, number, run))


def hand_over(
    connection: sql.Connection, style: Style, number: int, run: int, now: int
) -> int | None:
    """Write that a batch is about to be sent, and say of how many rows.

    Returns:
        None where it is not the run's any more.
    """
    changes = (
        "state = 'handed_over', attempts = attempts + 1, "
        "handed_at = coalesce(handed_at, ?), updated_at = ?"
    )
    mine = "number = ? AND run = ? AND state = 'claimed'"
    if not update_batch(connection, style, changes, mine, (now, now, number, run)):
        return None
    rows = count(connection, style, number)
    first = "handed_rows = coalesce(handed_rows, ?)"
    update_batch(connection, style, first, "number = ?", (rows, number))
    return rows


def size(connection: sql.Connection, number: int | None) -> BatchSize:
    """Give how many rows a batch has, how many are unknown, and whether these are all of it."""
    sent = sql.select(BATCHES.c.handed_rows).where(BATCHES.c.number == number)
    handed = connection.execute(sent).scalar()
    asked = sql.select(STATE, sql.func.count()).select_from(JOINED)
    found = connection.execute(asked.where(ACTIONS.c.batch == number).group_by(STATE)).all()
    counts = {row[0]: int(row[1]) for row in found}
    rows, unknown = sum(counts.values()), counts.get("unknown", 0)
    return BatchSize(rows, unknown, whole=0 < rows == unknown == handed)


def release(
    connection: sql.Connection,
    style: Style,
    number: int,
    run: int,
    state: Literal["planned", "unknown", "claimed"],
    now: int,
) -> bool:
    """Give a batch back, and say whether it is in that state now."""
    if state == "claimed":
        mine = "number = ? AND run = ? AND state IN ('claimed', 'handed_over')"
        # What certainly did not happen at the only try may go out with fewer rows.
        changes = (
            "state = 'claimed', updated_at = ?, "
            "handed_rows = CASE WHEN attempts > 1 THEN handed_rows END"
        )
        return update_batch(connection, style, changes, mine, (now, number, run))
    changes = "state = ?, run = NULL, updated_at = ?"
    before = "'claimed', 'handed_over'" if state == "planned" else "'handed_over'"
    mine = f"number = ? AND run = ? AND state IN ({before})"
    if update_batch(connection, style, changes, mine, (state, now, number, run)):
        return True
    if state == "planned":
        # It was taken for lost meanwhile; but now it is known what became of it.
        doubtful = "number = ? AND run IS NULL AND state = 'unknown'"
        update_batch(connection, style, changes, doubtful, (state, now, number))
    return True


def copy(
    connection: sql.Connection,
    style: Style,
    number: int,
    name: str,
    *,
    run: int,
    state: str | None = None,
) -> int | None:
    """Make a batch that has been through what another has; None where that is not the run's.

    Args:
        connection: A transaction that writes.
        style: How statements are written.
        number: The other batch.
        name: The name of the new one.
        run: Whose it is. Where a state is given, the other may be anybody's.
        state: In which state it is; in that of the other where None.
    """
    asked = sql.select(BATCHES).where(BATCHES.c.number == number).with_for_update()
    old = connection.execute(asked).one_or_none()
    if old is None or (state is None and old.run != run):
        return None
    through = (old.attempts, old.handed_at, old.handed_rows, old.updated_at)
    return _insert(connection, style, (old.channel, name, state or old.state, run, *through))


def move(
    connection: sql.Connection,
    style: Style,
    channel: int,
    ids: Sequence[str],
    number: int,
    into: int,
) -> None:
    """Move rows that have their batch's state into another batch."""
    for some in parts(ids):
        those, values = among(style, some)
        connection.exec_driver_sql(
            f"UPDATE journal_actions SET batch = {style.mark} WHERE channel = {style.mark} "
            f"AND batch = {style.mark} AND state IS NULL AND id IN {those}",
            (into, channel, number, *values),
        )


def reclaim(
    connection: sql.Connection, style: Style, number: int | None, run: int, now: int
) -> tuple[int, int | None]:
    """Take the unknown rows of a batch into a new one of its name that is handed over.

    It is never claimed only, since a claim of the dead becomes planned and nobody knows whether
    these rows have happened.

    Returns:
        How many, and the new batch's number; None where there are none.
    """
    if number is None:
        return 0, None
    asked = sql.select(BATCHES.c.state, BATCHES.c.name).where(BATCHES.c.number == number)
    old = connection.execute(asked.with_for_update()).one()
    of_batch = ACTIONS.c.state.is_(None) if old.state == "unknown" else sql.false()
    those = (ACTIONS.c.batch == number) & ((ACTIONS.c.state == "unknown") | of_batch)
    again = copy(connection, style, number, old.name, run=run, state="handed_over")
    moved = connection.execute(
        ACTIONS.update().where(those).values(batch=again, state=None, code=None, detail=None)
    ).rowcount
    changed = "attempts = attempts + 1, updated_at = ?"
    update_batch(connection, style, changed, "number = ?", (now, again))
    if not moved:
        connection.execute(BATCHES.delete().where(BATCHES.c.number == again))
        return 0, None
    if old.state == "unknown":
        # Nothing of it is left, nor to be asked about.
        left = "state = 'planned', token = NULL, updated_at = ?"
        update_batch(connection, style, left, "number = ?", (now, number))
    return moved, again


def _insert(connection: sql.Connection, style: Style, values: tuple[Any, ...]) -> int:
    text = (
        "INSERT INTO journal_batches "
        "(channel, name, state, run, attempts, handed_at, handed_rows, updated_at) "
        f"VALUES ({','.join([style.mark] * len(values))})"
    )
    if style.locks:
        return int(connection.exec_driver_sql(f"{text} RETURNING number", values).scalar_one())
    return int(connection.exec_driver_sql(text, values).lastrowid)
