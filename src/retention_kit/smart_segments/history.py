"""Who was in a segment at an instant, kept; and who entered, left and stayed between two."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from retention_kit.errors import DefinitionError, FileFormatError, bad_parameter
from retention_kit.smart_segments.definitions.lengths import EPOCH
from retention_kit.smart_segments.definitions.segment import Segment

_TAKEN = "taken.json"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SegmentSnapshot:
    """The members of a segment at an instant.

    Attributes:
        segment: The segment's name.
        version: What `segment_version` gives for its definition.
        as_of: The instant of observation.
        customers: The members: one column `customer_id`.
    """

    segment: str
    version: str
    as_of: dt.datetime
    customers: pl.DataFrame

    def __repr__(self) -> str:
        at = self.as_of.isoformat()
        return f"SegmentSnapshot({self.segment!r}, {at}, customers={self.customers.height:,})"

    def rows(self) -> pl.DataFrame:
        """Give it as rows `segment`, `version`, `as_of` (UTC), `customer_id`."""
        return self.customers.select(
            pl.lit(self.segment).alias("segment"),
            pl.lit(self.version).alias("version"),
            pl.lit(self.as_of.astimezone(dt.UTC), dtype=pl.Datetime("us", "UTC")).alias("as_of"),
            "customer_id",
        )


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SnapshotHistory:
    """Snapshots taken so far, which `Member` asks of: the caller stores them and hands them in.

    Attributes:
        rows: One row per snapshot and member: `segment`, `version`, `as_of`, `customer_id`; None
            while there is none.
        taken: By segment, the instants at which snapshots were taken, those without members too.
    """

    rows: pl.LazyFrame | None = None
    taken: Mapping[str, tuple[dt.datetime, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # In UTC, where no clock time comes twice and one instant is written one way.
        taken = {
            name: tuple(sorted({at.astimezone(dt.UTC) for at in instants}))
            for name, instants in self.taken.items()
        }
        object.__setattr__(self, "taken", MappingProxyType(taken))

    def __repr__(self) -> str:
        counts = ", ".join(f"{name!r}: {len(at)}" for name, at in self.taken.items())
        return f"SnapshotHistory({{{counts}}})"

    def add(self, *snapshots: SegmentSnapshot) -> SnapshotHistory:
        """Give the history with more snapshots.

        Raises:
            DefinitionError: There is one of that segment and instant already.
        """
        rows = [] if self.rows is None else [self.rows]
        taken = {name: list(at) for name, at in self.taken.items()}
        for snapshot in snapshots:
            instants = taken.setdefault(snapshot.segment, [])
            if snapshot.as_of.astimezone(dt.UTC) in instants:
                raise bad_parameter(
                    "snapshots",
                    got=f"a second one of {snapshot.segment!r} at {snapshot.as_of}",
                    allowed="one snapshot of a segment at an instant",
                )
            instants.append(snapshot.as_of.astimezone(dt.UTC))
            rows.append(snapshot.rows().lazy())
        together = pl.concat(rows) if rows else None
        return SnapshotHistory(together, {name: tuple(at) for name, at in taken.items()})

    def save(self, folder: str | Path) -> None:
        """Write it into a folder; what an earlier `save` wrote there is replaced.

        The rows go into a file of a new name, and `taken.json` then names it, so that a history
        that was opened from the folder can still be read, and a save that is cut short leaves the
        earlier one. Files of rows that `taken.json` does not name may be deleted.
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        file = None
        if self.rows is not None:
            file = f"snapshots-{uuid.uuid4().hex}.parquet"
            self.rows.sink_parquet(target / file)
        taken = {name: [one.isoformat() for one in at] for name, at in self.taken.items()}
        written = target / f"{_TAKEN}.new"
        written.write_text(json.dumps({"rows": file, "taken": taken}, ensure_ascii=False), "utf-8")
        written.replace(target / _TAKEN)

    @classmethod
    def open(cls, folder: str | Path) -> SnapshotHistory:
        """Find the history that `save` wrote.

        Raises:
            FileFormatError: There is none in the folder.
        """
        source = Path(folder)
        try:
            read = json.loads((source / _TAKEN).read_text(encoding="utf-8"))
            taken = {
                name: tuple(dt.datetime.fromisoformat(one) for one in at)
                for name, at in read["taken"].items()
            }
            file = read["rows"]
        except (OSError, ValueError, AttributeError, KeyError, TypeError):
            raise FileFormatError(
                str(folder),
                reason=f"it holds no {_TAKEN} of a SnapshotHistory.",
                step="pass the folder that history.save(folder) wrote.",
            ) from None
        return cls(None if file is None else pl.scan_parquet(source / file), taken)


def changes(before: SegmentSnapshot, after: SegmentSnapshot) -> pl.DataFrame:
    """Tell who entered a segment, left it, and stayed between two snapshots.

    Args:
        before: The earlier snapshot.
        after: The later one, of the same segment.

    Returns:
        One row per customer of either, in no promised order:

        - `customer_id`: as in the snapshots.
        - `change` (`String`): `entered`, `left` or `stayed`.

        Two definitions of one name are compared as they were taken: `version` tells them apart.

    Raises:
        DefinitionError: They are of two segments, or the later one is the earlier.
    """
    if before.segment != after.segment:
        raise bad_parameter(
            "after", got=after.segment, allowed=f"a snapshot of {before.segment!r}, as 'before' is"
        )
    if before.as_of.timestamp() > after.as_of.timestamp():
        raise bad_parameter(
            "after", got=str(after.as_of), allowed=f"at or after {before.as_of}, where 'before' is"
        )
    was, now = pl.col("was").fill_null(value=False), pl.col("now").fill_null(value=False)
    change = (
        pl.when(was & now).then(pl.lit("stayed")).when(now).then(pl.lit("entered"))
    ).otherwise(pl.lit("left"))
    earlier = before.customers.with_columns(pl.lit(value=True).alias("was"))
    later = after.customers.with_columns(pl.lit(value=True).alias("now"))
    joined = earlier.join(later, on="customer_id", how="full", coalesce=True)
    return joined.select("customer_id", change.alias("change"))


def segment_version(segment: Segment) -> str:
    """Give a short name for what a segment says: equal where condition and population are.

    Returns:
        The first 12 hexadecimal digits of the SHA-256 of its JSON without name and description.
    """
    fields: dict[str, Any] = segment.model_dump(mode="json", include={"condition", "population"})
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def history_parts(
    history: SnapshotHistory | None, id_type: pl.DataType
) -> tuple[pl.LazyFrame | None, Mapping[str, tuple[dt.datetime, ...]] | None]:
    """Give the rows and the instants of a history; of an empty one, no rows.

    Raises:
        DefinitionError: It is none.
    """
    if history is None:
        return None, None
    if not isinstance(history, SnapshotHistory):
        raise DefinitionError(
            f"The history is a {type(history).__name__}. Allowed: a SnapshotHistory.",
            parameter="history",
        )
    if history.rows is None:
        empty = SegmentSnapshot("", "", EPOCH, pl.DataFrame(schema={"customer_id": id_type})).rows()
        return empty.lazy(), history.taken
    return history.rows, history.taken
