"""Batches that may have been carried out, put together again from the actions handed in."""

from __future__ import annotations

from retention_kit.delivery.dispatching.rows import Parcel, Row, RowsInMemory
from retention_kit.delivery.journal.records import Known
from retention_kit.delivery.journal.runs import Run


class Doubtful:
    """Gathers rows of which nobody knows whether they happened, by the batch they were sent in.

    A channel that recognises a batch by its idempotency key takes the same rows again under the
    same key, but only all of them together.

    Args:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._rows: dict[str, list[Row]] = {}
        self._sizes: dict[str, int] = {}

    def add(self, row: Row, known: Known) -> Parcel | None:
        """Take a row; give its batch when all its rows have come.

        Args:
            row: The row.
            known: What is known of it, the batch that it was sent in above all.
        """
        batch = known.batch or ""
        rows = self._rows.setdefault(batch, [])
        rows.append(row)
        if batch not in self._sizes:
            size = self._run.batch_size(batch)
            # Where rows were settled, sent apart or forgotten, it cannot be the same batch again.
            self._sizes[batch] = size.rows if size.whole else 0
        if len(rows) != self._sizes[batch] or self._run.reclaim(batch) != len(rows):
            return None
        del self._rows[batch], self._sizes[batch]
        rows.sort(key=lambda row: row.payload.id)
        return Parcel(
            batch,
            row.payload.group,
            RowsInMemory(rows),
            len(rows),
            handed_at=known.handed_at,
            doubtful=True,
            campaigns=frozenset(row.key.campaign for row in rows),
        )

    def drop(self) -> int:
        """Give up on what is not complete, and give how many rows that leaves in doubt."""
        count = sum(map(len, self._rows.values()))
        self._rows.clear()
        return count
