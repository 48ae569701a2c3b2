"""Claiming rows as a batch in the journal: what is claimed is nobody else's."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Container, Iterable, Iterator
from typing import Final

from retention_kit.delivery.dispatching.rows import Parcel, Row, Rows
from retention_kit.delivery.dispatching.spool import gathered
from retention_kit.delivery.dispatching.tally import Tally
from retention_kit.delivery.journal.runs import Run
from retention_kit.delivery.outcomes import DONE

_AT_ONCE: Final = 1_000


def claimed(
    run: Run,
    rows: Rows,
    tally: Tally,
    *,
    name: str = "",
    replaces: bool = False,
    waited: float = 0.0,
    tries: int = 0,
) -> Parcel | None:
    """Claim rows as a new batch.

    Args:
        run: Who claims them.
        rows: The rows; those that are `extra` are not claimed. Closed where they are not kept.
        tally: Where those are counted that another process has got, or that happened meanwhile.
        name: The batch's name, under which rows may have been claimed already; a new one if empty.
        replaces: Whether an audience becomes exactly these rows.
        waited: Seconds that they have waited since they last got on.
        tries: How often they were sent and no answer came.

    Returns:
        The batch; None where nothing of it was got.
    """
    name = name or uuid.uuid4().hex
    campaigns: set[str] = set()
    needs: set[str] = set()
    try:
        kept, count = _claimed(run, rows, tally, name, campaigns, needs)
    except BaseException:
        rows.close()
        raise
    if not count:
        kept.close()
        return None
    return Parcel(
        name,
        next(iter(kept)).payload.group,
        kept,
        count,
        replaces=replaces,
        waited=waited,
        tries=tries,
        campaigns=frozenset(campaigns),
        needs=frozenset(needs),
    )


def _claimed(
    run: Run, rows: Rows, tally: Tally, name: str, campaigns: set[str], needs: set[str]
) -> tuple[Rows, int]:
    """Read the rows once: they may stand on disk."""
    lost: set[str] = set()
    count = 0
    for some in in_chunks(rows):
        mine = sum(row.batch == name and not row.extra for row in some)
        ids = [row.payload.id for row in some if row.batch != name and not row.extra]
        got = run.claim(ids, batch=name) if ids else []
        count += mine + len(got)
        if len(got) < len(ids):
            lost.update(set(ids).difference(got))
        campaigns.update([row.key.campaign for row in some])
        needs.update([row.needs for row in some if row.needs])
    if not lost:
        return rows, count
    known = run.known(sorted(lost))
    done = sum(one.state in DONE for one in known.values())
    tally.states["already_done"] += done
    tally.states["elsewhere"] += len(lost) - done
    kept = gathered(_without(rows, lost, known))
    rows.close()
    return kept, count


def in_chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Give rows a thousand at a time."""
    some: list[Row] = []
    for row in rows:
        some.append(row)
        if len(some) >= _AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _without(rows: Iterable[Row], lost: set[str], known: Container[str]) -> Iterator[Row]:
    """Leave out what another process sends; a replaced audience needs it all the same.

    What the journal does not know any more was forgotten, and goes nowhere.
    """
    for row in rows:
        if row.payload.id not in lost:
            yield row
        elif row.replaces and row.payload.id in known:
            yield dataclasses.replace(row, extra=True)
