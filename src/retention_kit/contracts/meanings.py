"""What the words of a foreign table mean: stages of deals, kinds of documents, guests, money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from retention_kit.contracts.headings import heading_key
from retention_kit.contracts.instants import TEXT
from retention_kit.contracts.presets import GUESTS, WORDS
from retention_kit.contracts.tables import Column

_MANY = 60
_OTHERS = {"status": "open", "category": "other"}


@dataclass(frozen=True, slots=True)
class Words:
    """What the words mean that stand in columns of choices.

    Attributes:
        meanings: By column, meanings by word.
        dropped: Columns that are better left out.
        unknown: By column, the words whose meaning is not known, and in how many rows each stands.
        rows: How many rows the table has.
    """

    meanings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    unknown: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    rows: int = 0


def find_words(
    frame: pl.LazyFrame,
    found: Mapping[str, str],
    described: Mapping[str, Column],
    notes: list[str],
) -> Words:
    """Say what the words mean that stand in columns of choices.

    An unknown word of a status is one of an order that is still open, and of a category `other`;
    elsewhere one unknown word makes the column useless.

    Args:
        frame: The foreign table.
        found: Its headings by column.
        described: The columns by name.
        notes: Takes what asks for a look.
    """
    values: dict[str, dict[str, str]] = {}
    dropped: list[str] = []
    unclear: dict[str, dict[str, int]] = {}
    rows = 0
    for name, heading in found.items():
        if described[name].kind != "choice":
            continue
        counted, rows = _counted(frame, heading)
        choices = described[name].choices
        known = {
            word: word if word in choices else WORDS.get(name, {}).get(heading_key(word))
            for word in counted
        }
        unknown = {word: counted[word] for word, meaning in known.items() if meaning is None}
        if not counted:
            continue
        other = _OTHERS.get(name)
        is_useless = len(unknown) == len(counted) or (bool(unknown) and other is None)
        if name == "status" and unknown and len(counted) <= _MANY:
            unclear[name] = unknown
        if len(counted) > _MANY or is_useless:
            dropped.append(name)
            notes.append(
                f"{heading!r} looks like {name!r}, but {len(unknown)} of its {len(counted)} words "
                f"are not known; it is left out. State what they mean: values={{{name!r}: …}}."
            )
            continue
        if unknown:
            lost = sum(unknown.values())
            notes.append(
                f"Words under {heading!r} that are not known, taken as {other!r}: {len(unknown)} "
                f"of {len(counted)}, in {lost:,} of {rows:,} rows ({lost / rows:.1%}). "
                f"Look at values[{name!r}]."
            )
        meanings = {word: str(meaning or other) for word, meaning in known.items()}
        if any(word != meaning for word, meaning in meanings.items()):
            values[name] = meanings
    return Words(values, tuple(dropped), unclear, rows)


def find_guests(frame: pl.LazyFrame, heading: str | None) -> tuple[str, ...]:
    """Name the customers that stand for nobody in particular."""
    if heading is None or frame.collect_schema()[heading] not in TEXT:
        return ()
    name = pl.col(heading).cast(pl.String)
    rough = name.str.to_lowercase().str.replace_all(r"[^\p{L}]+", " ").str.strip_chars()
    some = (
        frame.select(name.str.strip_chars())
        .filter(rough.is_in(sorted(GUESTS)))
        .unique()
        .collect(engine="streaming")
    )
    return tuple(sorted(some.to_series().to_list()))


def alike_names(frame: pl.LazyFrame, heading: str | None) -> int:
    """Count the ids in text that differ from another one in capitals and spaces alone."""
    if heading is None or frame.collect_schema()[heading] not in TEXT:
        return 0
    name = pl.col(heading).cast(pl.String).str.strip_chars()
    rough = name.str.to_lowercase().str.replace_all(r"[\s\u00a0]+", " ")
    names = frame.select(name.alias("name"), rough.alias("rough")).unique()
    counted = names.group_by("rough").agg(pl.len().alias("names"))
    several = counted.filter(pl.col("rough").is_not_null(), pl.col("names") > 1)
    return int(several.select(pl.col("names").sum()).collect(engine="streaming").item() or 0)


def is_currency(frame: pl.LazyFrame, heading: str) -> bool:
    """Tell whether a column holds the codes of currencies and nothing else."""
    if frame.collect_schema()[heading] not in TEXT:
        return False
    code = pl.col(heading).cast(pl.String)
    right = code.is_null() | (code.str.strip_chars() == "") | code.str.contains("^[A-Z]{3}$")
    return bool(frame.select(right.all()).collect(engine="streaming").item())


def _counted(frame: pl.LazyFrame, heading: str) -> tuple[dict[str, int], int]:
    """Give the words of a column with how many rows each has, the most frequent first."""
    word = pl.col(heading).cast(pl.String).alias("word")
    counts = frame.select(word).group_by("word").len().collect(engine="streaming")
    there = counts.filter(pl.col("word").str.strip_chars() != "")
    ordered = there.sort("len", "word", descending=[True, False])
    return dict(ordered.rows()), int(counts["len"].sum())
