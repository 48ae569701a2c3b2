"""What the words of a foreign table mean: stages of deals, kinds of documents, guests, money."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from retention_kit.contracts.headings import heading_key
from retention_kit.contracts.instants import TEXT
from retention_kit.contracts.presets import GUESTS, WORDS
from retention_kit.contracts.tables import Column

_MANY = 60
_OTHERS = {"status": "open", "category": "other"}


def find_words(
    frame: pl.LazyFrame,
    found: Mapping[str, str],
    described: Mapping[str, Column],
    notes: list[str],
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Say what the words mean that stand in columns of choices.

    An unknown word of a status is one of an order that is still open, and of a category `other`;
    elsewhere one unknown word makes the column useless.

    Args:
        frame: The foreign table.
        found: Its headings by column.
        described: The columns by name.
        notes: Takes what asks for a look.

    Returns:
        By column, meanings by word; and the columns that are better left out.
    """
    values: dict[str, dict[str, str]] = {}
    dropped: list[str] = []
    for name, heading in found.items():
        if described[name].kind != "choice":
            continue
        words = _distinct(frame, heading)
        choices = described[name].choices
        known = {
            word: word if word in choices else WORDS.get(name, {}).get(heading_key(word))
            for word in words
        }
        unknown = [word for word, meaning in known.items() if meaning is None]
        if not words:
            continue
        other = _OTHERS.get(name)
        if len(words) > _MANY or len(unknown) == len(words) or (unknown and other is None):
            dropped.append(name)
            notes.append(
                f"{heading!r} looks like {name!r}, but {len(unknown)} of its {len(words)} words "
                f"are not known; it is left out. State what they mean: values={{{name!r}: …}}."
            )
            continue
        if unknown:
            notes.append(
                f"Words under {heading!r} that are not known, taken as {other!r}: "
                f"{len(unknown)} of {len(words)}. Look at values[{name!r}]."
            )
        meanings = {word: str(meaning or other) for word, meaning in known.items()}
        if any(word != meaning for word, meaning in meanings.items()):
            values[name] = meanings
    return values, dropped


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


def is_currency(frame: pl.LazyFrame, heading: str) -> bool:
    """Tell whether a column holds the codes of currencies and nothing else."""
    if frame.collect_schema()[heading] not in TEXT:
        return False
    code = pl.col(heading).cast(pl.String)
    right = code.is_null() | (code.str.strip_chars() == "") | code.str.contains("^[A-Z]{3}$")
    return bool(frame.select(right.all()).collect(engine="streaming").item())


def _distinct(frame: pl.LazyFrame, heading: str) -> list[str]:
    word = pl.col(heading).cast(pl.String)
    words = frame.select(word).filter(word.str.strip_chars() != "").unique()
    return sorted(words.collect(engine="streaming").to_series().to_list())
