"""Which of a foreign table's columns hold which of ours, and how they are written: a proposal.

Nothing is taken that is not sure, and no value of a customer is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from retention_kit.contracts.instants import TEXT
from retention_kit.contracts.matching import ColumnMatch, find_matches, missing
from retention_kit.contracts.meanings import find_guests, find_words, is_currency
from retention_kit.contracts.presets import PresetName, preset_of
from retention_kit.contracts.tables import DESCRIPTIONS, Column
from retention_kit.contracts.written import date_formats, number_marks, unread
from retention_kit.errors import bad_parameter

if TYPE_CHECKING:
    from retention_kit.contracts.sources import Source

SuggestedTable = Literal["orders", "lines", "order_items", "customers", "costs", "events"]
"""The tables whose headings are known."""

_SAMPLED = 10_000
_REPEATED = 0.01
_DATED = ("instant", "date", "month")


@dataclass(frozen=True, slots=True)
class MappingSuggestion:
    """How a foreign table could be read as one of ours.

    Attributes:
        table: Which one.
        matches: For each column, the heading it is found under, how sure that is, and why.
        missing: The required columns for which no heading is sure.
        date_format: By column, the format in which all its dates are written.
        undated: Columns of dates in text for which no format can be proposed.
        decimal_mark: What stands before the fraction in numbers written as text.
        thousands_mark: What groups their digits.
        values: By column, what the words that stand there mean.
        guest_ids: Customers that stand for nobody in particular, such as "retail customer".
        grain: Whether a row is an order or a line of one.
        notes: What asks for a look, in sentences.
    """

    table: str
    matches: tuple[ColumnMatch, ...]
    missing: tuple[str, ...]
    date_format: Mapping[str, str] = field(default_factory=dict)
    undated: tuple[str, ...] = ()
    decimal_mark: Literal[".", ","] = "."
    thousands_mark: str | None = None
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    guest_ids: tuple[str, ...] = ()
    grain: Literal["orders", "lines"] = "orders"
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, str]:
        """The headings that are sure, by column, as `DoorOptions.columns` takes them."""
        return {
            match.column: match.heading
            for match in self.matches
            if match.is_sure and match.heading is not None
        }

    @property
    def is_sure(self) -> bool:
        """Whether every required column is found and nothing about it is left open."""
        return not self.missing and not set(self.undated) & {*DESCRIPTIONS[self.table].required}

    @property
    def options(self) -> dict[str, Any]:
        """What of `DoorOptions` is proposed; what is not is left out."""
        proposed = {
            "columns": self.columns,
            "date_format": dict(self.date_format),
            "decimal_mark": self.decimal_mark if self.decimal_mark != "." else None,
            "thousands_mark": self.thousands_mark,
            "values": {name: dict(words) for name, words in self.values.items()},
            "guest_ids": self.guest_ids,
        }
        return {name: option for name, option in proposed.items() if option}

    def explain(self) -> str:
        """Say in lines what is proposed, how sure it is and why."""
        lines = []
        for match in self.matches:
            if match.heading is None:
                lines.append(f"{match.column}: not found")
                continue
            sure = f"{match.confidence:.2f}" + ("" if match.is_sure else ", not taken")
            others = ", ".join(repr(heading) for heading, _ in match.alternatives)
            tail = f"; or {others}" if others else ""
            lines.append(f"{match.column} = {match.heading!r} ({sure}: {match.why}{tail})")
        return "\n".join([*lines, *self.notes])


def suggest_mapping(
    source: Source,
    table: SuggestedTable = "orders",
    *,
    preset: PresetName | None = None,
    columns: Mapping[str, str] | None = None,
) -> MappingSuggestion:
    """Propose which columns of a foreign table hold which of ours, and how they are written.

    Headings are looked for in Russian and in English, and the content has to fit: dates are read
    and numbers are numbers by the door's own rules. A date format is proposed only where every
    value of the column is read by it, and by no other that would give other days.

    Args:
        source: An export, a frame, mappings, or a path, as `Dataset.from_frames` takes them.
        table: What it shall become.
        preset: The system that wrote it; by default that of the export, if it has one.
        columns: Headings that are known already, by column.

    Returns:
        The proposal. The first 10,000 rows are judged; formats and words by all rows.

    Raises:
        DefinitionError: The table or the preset does not exist.
        FileFormatError: A file cannot be read.

    Examples:
        >>> rows = [{"Номер": "A-1", "Дата": "31.01.2025", "Контрагент": "Ромашка",
        ...          "Сумма": "1 234,50"}]
        >>> proposal = suggest_mapping(rows)
        >>> proposal.columns["customer_id"], proposal.date_format, proposal.decimal_mark
        ('Контрагент', {'ordered_at': '%d.%m.%Y'}, ',')
        >>> proposal.missing
        ()
    """
    if table not in _TABLES:
        raise bad_parameter("table", got=table, allowed=", ".join(map(repr, _TABLES)))
    frame, known = _opened(source, table)
    wanted = preset_of(preset or known)
    # A folder of files may give its rows in another order each time.
    sample = frame.head(_SAMPLED).collect(engine="streaming")
    matches = find_matches(table, sample, wanted, columns or {})
    return _described(table, frame, sample, matches)


_TABLES = ("orders", "lines", "order_items", "customers", "costs", "events")


def _opened(source: Source, table: str) -> tuple[pl.LazyFrame, PresetName | None]:
    from pathlib import Path

    from retention_kit.contracts.exports import Export, read_export
    from retention_kit.contracts.files import is_one_export
    from retention_kit.contracts.sources import open_source

    if isinstance(source, str | Path) and is_one_export(source):
        source = read_export(source)
    if isinstance(source, Export):
        return source.frame, source.preset
    return open_source(table, source).frame, None


def _described(
    table: str, frame: pl.LazyFrame, sample: pl.DataFrame, matches: tuple[ColumnMatch, ...]
) -> MappingSuggestion:
    described = DESCRIPTIONS[table].columns
    found = {one.column: one.heading for one in matches if one.is_sure and one.heading}
    notes: list[str] = []
    dated = {
        name: _format_of(described[name], frame, heading, sample[heading], notes)
        for name, heading in found.items()
        if described[name].kind in _DATED
        and sample[heading].dtype in TEXT
        and sample[heading].drop_nulls().len()
    }
    numbers = [
        sample[heading]
        for name, heading in found.items()
        if described[name].kind in ("money", "number")
    ]
    marks, is_open = number_marks(numbers)
    if is_open:
        notes.append(
            "The numbers could be read in two ways: '1,234' is one and a bit, or more than a "
            "thousand. Taken as decimal commas; state decimal_mark if they are not."
        )
    values, dropped = find_words(frame, found, described, notes)
    if "currency" in found and not is_currency(frame, found["currency"]):
        dropped.append("currency")
        notes.append(
            f"{found['currency']!r} does not hold codes of currencies and is left out: state the "
            "currency, and keep other currencies out."
        )
    kept = tuple(one for one in matches if one.column not in dropped)
    return MappingSuggestion(
        table=table,
        matches=kept,
        missing=missing(table, kept),
        date_format={name: one for name, one in dated.items() if one is not None},
        undated=tuple(name for name, one in dated.items() if one is None),
        decimal_mark=marks.decimal,
        thousands_mark=marks.thousands,
        values=values,
        guest_ids=find_guests(frame, found.get("customer_id")) if table != "customers" else (),
        grain=_grain(table, sample, found, notes),
        notes=tuple(notes),
    )


def _format_of(
    column: Column, frame: pl.LazyFrame, heading: str, values: pl.Series, notes: list[str]
) -> str | None:
    likely = date_formats(values, column)
    if len(likely) > 1:
        notes.append(
            f"The dates of {column.name!r}, under {heading!r}, could be read in several ways: "
            f"{', '.join(map(repr, likely))}. State date_format."
        )
        return None
    for one in likely:
        wrong = frame.select(unread(heading, column, one)).collect(engine="streaming").item()
        if not wrong:
            return one
        notes.append(
            f"The dates of {column.name!r}, under {heading!r}, look like {one!r}, but {wrong:,} "
            "of them are not read by it. State date_format to have them rejected."
        )
    if not likely:
        notes.append(
            f"The dates of {column.name!r}, under {heading!r}, are not all written in one known "
            "way. State date_format."
        )
    return None


def _grain(
    table: str, sample: pl.DataFrame, found: Mapping[str, str], notes: list[str]
) -> Literal["orders", "lines"]:
    """Tell lines by repeated order ids and a product beside them."""
    if table == "lines":
        return "lines"
    if table != "orders" or "order_id" not in found:
        return "orders"
    ids = sample[found["order_id"]].drop_nulls()
    repeated = 1 - ids.n_unique() / ids.len() if ids.len() else 0.0
    if repeated <= _REPEATED:
        return "orders"
    lines = {one.column for one in find_matches("lines", sample, None, found) if one.is_sure}
    if {"product_id", "quantity"} <= lines:
        return "lines"
    notes.append(
        f"{repeated:.0%} of the order ids under {found['order_id']!r} repeat: is it the order's "
        "number, and does it start again each year?"
    )
    return "orders"
