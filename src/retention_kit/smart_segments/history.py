"""Who was in a segment at an instant, kept; and who entered, left and stayed between two."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from retention_kit.errors import DefinitionError, FileFormatError, bad_parameter
from retention_kit.smart_segments.definitions.segment import Segment

_ROWS, _TAKEN = "snapshots.parquet", "taken.json"


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
        taken = {name: tuple(sorted(instants)) for name, instants in self.taken.items()}
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
            if snapshot.as_of in instants:
                raise bad_parameter(
                    "snapshots",
                    got=f"a second one of {snapshot.segment!r} at {snapshot.as_of}",
                    allowed="one snapshot of a segment at an instant",
                )
            instants.append(snapshot.as_of)
            rows.append(snapshot.rows().lazy())
        together = pl.concat(rows) if rows else None
        return SnapshotHistory(together, {name: tuple(at) for name, at in taken.items()})

    def save(self, folder: str | Path) -> None:
        """Write it into a folder, over what an earlier `save` wrote there."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        written = target / f"{_ROWS}.new"
        if self.rows is not None:
            # Beside and then over it, since the rows may come from that very file.
            self.rows.sink_parquet(written)
            written.replace(target / _ROWS)
        taken = {name: [one.isoformat() for one in at] for name, at in self.taken.items()}
        (target / _TAKEN).write_text(json.dumps(taken, ensure_ascii=False), encoding="utf-8")

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
                for name, at in read.items()
            }
        except (OSError, ValueError, AttributeError, TypeError):
            raise FileFormatError(
                str(folder),
                reason=f"it holds no {_TAKEN} of a SnapshotHistory.",
                step="pass the folder that history.save(folder) wrote.",
            ) from None
        rows = source / _ROWS
        return cls(pl.scan_parquet(rows) if rows.exists() else None, taken)


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
    history: SnapshotHistory | None,
) -> tuple[pl.LazyFrame | None, Mapping[str, tuple[dt.datetime, ...]] | None]:
    """Give the rows and the instants of a history.

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
    return history.rows, history.taken
