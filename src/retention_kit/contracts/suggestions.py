"""Which of a foreign table's columns hold which of ours, and how they are written: a proposal.

Nothing is taken that is not sure, and no value of a customer is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from retention_kit.contracts.cells import Rewrite, common_currencies, currencies
from retention_kit.contracts.findings import (
    DATED,
    NUMERIC,
    alike_note,
    as_plain_numbers,
    find_format,
    find_positive_returns,
    find_rewrites,
)
from retention_kit.contracts.instants import TEXT
from retention_kit.contracts.matching import Cells, ColumnMatch, find_matches, missing
from retention_kit.contracts.meanings import alike_names, find_guests, find_words, is_currency
from retention_kit.contracts.presets import PresetName, preset_of
from retention_kit.contracts.tables import DESCRIPTIONS
from retention_kit.contracts.written import number_marks
from retention_kit.errors import bad_parameter

SuggestedTable = Literal["orders", "lines", "order_items", "customers", "costs", "events"]
"""The tables whose headings are known."""

_SAMPLED = 10_000
_REPEATED = 0.01


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
        unclear: Headings of numbers that could be read in two ways; `decimal_mark` and
            `thousands_mark` have to be stated.
        currencies: What stands beside the numbers for a currency.
        currency: The one currency that they all mean; None where there is none, or no one.
        positive_returns: `"negate"` where all returns have positive amounts.
        unknown: Of a status, the words whose meaning is not known, with their rows.
        rows: How many rows the table has, where words were looked at.
        alike: How many customers' ids differ from another one in capitals and spaces alone.
        headings: By column, the heading that was judged; of a stated column too.
        rewrites: By column, how its cells are made plain before they are read.
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
    unclear: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    currency: str | None = None
    positive_returns: Literal["reject", "negate"] = "reject"
    unknown: Mapping[str, int] = field(default_factory=dict, repr=False)
    rows: int = 0
    alike: int = 0
    headings: Mapping[str, str] = field(default_factory=dict, repr=False)
    rewrites: Mapping[str, Rewrite] = field(default_factory=dict, repr=False)

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
        is_dated = not set(self.undated) & {*DESCRIPTIONS[self.table].required}
        is_one_currency = not self.currencies or self.currency is not None
        return not self.missing and is_dated and not self.unclear and is_one_currency

    @property
    def rewritten(self) -> tuple[str, ...]:
        """The headings whose cells are made plain before they are read."""
        return tuple(one.heading for one in self.rewrites.values())

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
            "positive_returns": self.positive_returns
            if self.positive_returns != "reject"
            else None,
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


def propose(
    table: SuggestedTable,
    frame: pl.LazyFrame,
    *,
    preset: PresetName | None = None,
    columns: Mapping[str, str] | None = None,
    cells: Cells | None = None,
    separator: str | None = None,
) -> MappingSuggestion:
    """Propose how a table that has been opened is read, as `suggest_mapping` says.

    Args:
        table: What it shall become.
        frame: Its rows.
        preset: The system that wrote it.
        columns: Headings that are known already, by column.
        cells: What is known of its cells.
        separator: What separates them in its file.

    Raises:
        DefinitionError: The table or the preset does not exist.
    """
    if table not in _TABLES:
        raise bad_parameter("table", got=table, allowed=", ".join(map(repr, _TABLES)))
    of = cells or Cells()
    # A folder of files may give its rows in another order each time.
    sample = frame.head(_SAMPLED).collect(engine="streaming")
    matches = find_matches(table, sample, preset_of(preset), columns or {}, of)
    return _described(table, frame, sample, matches, of, separator)


_TABLES = ("orders", "lines", "order_items", "customers", "costs", "events")


def _described(
    table: str,
    frame: pl.LazyFrame,
    sample: pl.DataFrame,
    matches: tuple[ColumnMatch, ...],
    cells: Cells,
    separator: str | None,
) -> MappingSuggestion:
    described = DESCRIPTIONS[table].columns
    found = {one.column: one.heading for one in matches if one.is_sure and one.heading}
    notes: list[str] = []
    rewrites = find_rewrites(described, found, sample, cells, notes)
    dated = {
        name: find_format(
            described[name], frame, heading, sample[heading], notes, rewrites.get(name)
        )
        for name, heading in found.items()
        if described[name].kind in DATED
        and (sample[heading].dtype in TEXT or name in rewrites)
        and sample[heading].drop_nulls().len()
    }
    numbers = {name: one for name, one in found.items() if described[name].kind in NUMERIC}
    marks, unclear = number_marks(
        (as_plain_numbers(sample, heading, name in rewrites) for name, heading in numbers.items()),
        separator=separator,
    )
    if unclear:
        notes.append(
            f"The numbers under {', '.join(map(repr, unclear))} could be read in two ways: '1,234' "
            "or '1.234' is one and a bit, or more than a thousand. State decimal_mark and "
            "thousands_mark."
        )
    elif marks.thousands in (",", "."):
        notes.append(
            f"In numbers {marks.thousands!r} groups thousands. State decimal_mark if it does not."
        )
    words = find_words(frame, found, described, notes)
    dropped = [*words.dropped]
    if "currency" in found and not is_currency(frame, found["currency"]):
        dropped.append("currency")
        notes.append(
            f"{found['currency']!r} does not hold codes of currencies and is left out: state the "
            "currency, and keep other currencies out."
        )
    kept = tuple(one for one in matches if one.column not in dropped)
    beside = currencies(
        frame,
        [
            heading
            for name, heading in numbers.items()
            if described[name].kind == "money" and name in rewrites
        ],
    )
    common = common_currencies(beside)
    if beside and not common:
        notes.append(
            f"The amounts are in several currencies: {', '.join(map(repr, beside))}. Put the "
            "currency into a column of its own, as codes such as 'RUB'."
        )
    alike = 0
    if cells.of_export and "customer_id" in found:
        alike = alike_names(frame, found["customer_id"])
    if alike:
        notes.append(alike_note(alike, found["customer_id"]))
    return MappingSuggestion(
        table=table,
        matches=kept,
        missing=missing(table, kept),
        date_format={name: one for name, one in dated.items() if one is not None},
        undated=tuple(name for name, one in dated.items() if one is None),
        decimal_mark=marks.decimal,
        thousands_mark=marks.thousands,
        values=words.meanings,
        guest_ids=find_guests(frame, found.get("customer_id")) if table != "customers" else (),
        grain=_grain(table, sample, found, notes, cells),
        unclear=unclear,
        currencies=tuple(beside),
        currency=common[0] if common else None,
        positive_returns=find_positive_returns(sample, found, words, marks, rewrites, notes),
        unknown=words.unknown.get("status", {}),
        rows=words.rows,
        alike=alike,
        headings=found,
        rewrites=rewrites,
        notes=tuple(notes),
    )


def _grain(
    table: str,
    sample: pl.DataFrame,
    found: Mapping[str, str],
    notes: list[str],
    cells: Cells,
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
    of_lines = find_matches("lines", sample, None, found, cells)
    lines = {one.column for one in of_lines if one.is_sure}
    if {"product_id", "quantity"} <= lines:
        return "lines"
    notes.append(
        f"{repeated:.0%} of the order ids under {found['order_id']!r} repeat: is it the order's "
        "number, and does it start again each year?"
    )
    return "orders"
