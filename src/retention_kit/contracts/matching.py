"""Which heading holds which column: known headings, similar ones, and whether the content fits."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from retention_kit.contracts.cells import date_rewrite, plain_numbers, serial_share
from retention_kit.contracts.headings import HEADINGS, WEAK, heading_key
from retention_kit.contracts.instants import TEXT
from retention_kit.contracts.presets import Preset
from retention_kit.contracts.tables import DESCRIPTIONS, Column
from retention_kit.contracts.written import date_formats, number_share

SURE = 0.75
"""From this confidence on a heading is taken; below it is only named."""

_LEAST = 0.25
_SIMILAR = 0.84
_FITS = 0.95


@dataclass(frozen=True, slots=True)
class Cells:
    """How the cells of a foreign table are judged.

    Attributes:
        of_export: Whether what the door does not read is made plain first; see `cells`.
        typed: Whether they had types, as a workbook's have.
    """

    of_export: bool = False
    typed: bool = False


@dataclass(frozen=True, slots=True)
class ColumnMatch:
    """Which heading a column of a table is found under.

    Attributes:
        column: The column of the table.
        heading: The best heading, or None.
        confidence: How sure that is, 0 to 1; from 0.75 on the heading is taken.
        why: The reason, in words.
        alternatives: Other headings that could hold it, with their confidence, best first.
    """

    column: str
    heading: str | None
    confidence: float
    why: str
    alternatives: tuple[tuple[str, float], ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether the heading is taken."""
        return self.heading is not None and self.confidence >= SURE


def find_matches(
    table: str,
    sample: pl.DataFrame,
    preset: Preset | None,
    stated: Mapping[str, str],
    cells: Cells = Cells(),
) -> tuple[ColumnMatch, ...]:
    """Find a heading for each column of a table; none serves twice.

    What the table must have chooses first among the headings that are sure. Only the name of a
    product may stand where its id does.

    Args:
        table: The table's name.
        sample: Rows of the foreign table.
        preset: The system that wrote it, where known.
        stated: Headings that the user named.
        cells: How the cells are judged.

    Returns:
        A match for each required column, and for each other that a heading speaks for.
    """
    columns = DESCRIPTIONS[table].columns
    taken = set(stated.values())
    scored = [
        (confidence, -place, name, heading, why)
        for name, column in columns.items()
        if name not in stated
        for place, heading in enumerate(sample.columns)
        if heading not in taken
        for confidence, why in [_score(table, column, sample[heading], preset, cells)]
        if confidence >= _LEAST
    ]
    best: dict[str, tuple[str, float, str]] = {
        name: (heading, 1.0, "named by you")
        for name, heading in stated.items()
        if name in columns and heading in sample.columns
    }
    first = {*DESCRIPTIONS[table].required, "amount"}
    ranked = sorted(scored, reverse=True)
    # The sort is stable: among those that come first, and among the others, the surest leads.
    for confidence, _, name, heading, why in sorted(
        ranked, key=lambda one: not (one[2] in first and one[0] >= SURE)
    ):
        is_free = heading not in taken
        if name not in best and (is_free or _may_share(name, heading, best)):
            best[name] = (heading, confidence, why)
            taken.add(heading)
    required = required_columns(table, best)
    return tuple(
        _match(name, best.get(name), scored) for name in columns if name in best or name in required
    )


def _may_share(name: str, heading: str, best: Mapping[str, tuple[str, float, str]]) -> bool:
    product = best.get("product_id")
    return name == "name" and product is not None and product[0] == heading


def missing(table: str, matches: Sequence[ColumnMatch]) -> tuple[str, ...]:
    """Name the required columns for which no heading is sure."""
    sure = {match.column for match in matches if match.is_sure}
    return tuple(name for name in required_columns(table, sure) if name not in sure)


def required_columns(table: str, found: Collection[str]) -> tuple[str, ...]:
    """Name the columns a table must have, given those it has."""
    required = DESCRIPTIONS[table].required
    # Of a line, the price of a piece stands in for the amount.
    return (*required, "amount") if table == "lines" and "price" not in found else required


def _match(
    name: str,
    found: tuple[str, float, str] | None,
    scored: Sequence[tuple[float, int, str, str, str]],
) -> ColumnMatch:
    others = sorted(
        (
            (heading, round(confidence, 2))
            for confidence, _, column, heading, _ in scored
            if column == name and (found is None or heading != found[0])
        ),
        key=lambda one: -one[1],
    )
    if found is None:
        return ColumnMatch(name, None, 0.0, "no heading speaks for it", tuple(others[:3]))
    heading, confidence, why = found
    return ColumnMatch(name, heading, round(confidence, 2), why, tuple(others[:3]))


def _score(
    table: str, column: Column, values: pl.Series, preset: Preset | None, cells: Cells
) -> tuple[float, str]:
    by_name, why = _by_heading(table, column.name, values.name, preset)
    if by_name == 0.0 and column.name not in ("ordered_at", "occurred_at", "month"):
        return 0.0, ""
    there = values.drop_nulls()
    if by_name and there.is_empty() and not values.is_empty():
        return 0.3 * by_name, f"{why}, but nothing stands under it"
    fit, told = _by_content(column, values, cells)
    if by_name == 0.0:
        return (0.35, f"no heading speaks for it; {told}") if fit == 1.0 and told else (0.0, "")
    if fit >= _FITS:
        return by_name, f"{why}; {told}" if told else why
    return 0.6 * by_name * fit, f"{why}, but {told}"


def _by_heading(table: str, column: str, heading: str, preset: Preset | None) -> tuple[float, str]:
    if heading == column:
        return 1.0, "the library's own name"
    key = heading_key(heading)
    if not key:
        return 0.0, ""
    of_preset = () if preset is None else preset.headings.get(table, {}).get(column, ())
    if preset is not None and key in of_preset:
        return 0.99 - 0.005 * of_preset.index(key), f"a heading of {preset.name}"
    known = HEADINGS.get(table, {}).get(column, ())
    if key == heading_key(column.replace("_", " ")):
        return 0.97, "heading known"
    if key in known:
        return max(0.8, 0.96 - 0.004 * known.index(key)), "heading known"
    return _by_likeness(key, known, WEAK.get(table, {}).get(column, ()))


def _by_likeness(key: str, known: tuple[str, ...], weak: tuple[str, ...]) -> tuple[float, str]:
    if key in weak:
        return 0.6 - 0.005 * weak.index(key), "heading may mean it"
    if any(" " in one and f" {one} " in f" {key} " for one in known):
        return 0.65, "heading holds a known one"
    near = difflib.get_close_matches(key, known, n=1, cutoff=_SIMILAR)
    if near and len(key) > 3:
        alike = difflib.SequenceMatcher(None, key, near[0]).ratio()
        return 0.72 * alike, "heading similar to a known one"
    return 0.0, ""


def _by_content(column: Column, values: pl.Series, cells: Cells) -> tuple[float, str]:
    """Tell how well what stands under a heading fits a column, and that in words."""
    match column.kind:
        case "money" | "number":
            is_text = cells.of_export and values.dtype == pl.String
            plain = values.to_frame().select(plain_numbers(values.name)) if is_text else None
            share = number_share(values if plain is None else plain.to_series())
            return share, f"{share:.0%} of its values are numbers"
        case "instant" | "date" | "month":
            return _dated(column, values, cells)
        case "id" if values.dtype.is_temporal() or values.dtype == pl.Boolean:
            return 0.0, "it does not hold ids"
        case _:
            return 1.0, ""


def _dated(column: Column, values: pl.Series, cells: Cells) -> tuple[float, str]:
    if values.dtype.is_temporal():
        return 1.0, "all its values are dates"
    if values.dtype == pl.Null:
        return 1.0, ""
    rewrite = date_rewrite(values, column, typed=cells.typed) if cells.of_export else None
    if rewrite is not None:
        serials = serial_share(values)
        told = f"{serials:.0%} of its values are Excel's numbers of days" if serials else ""
        return 1.0, told or "its values are dates, written in words or in several ways"
    if values.dtype not in TEXT:
        return 0.0, "it does not hold dates"
    there = values.drop_nulls().cast(pl.String)
    if there.is_empty() or date_formats(values, column):
        return 1.0, "all its values are dates"
    dated = there.str.contains(r"^\s*\d{1,4}[./-]\d{1,4}[./-]\d{1,4}").mean()
    share = float(dated) if isinstance(dated, float | int) else 0.0
    return share, "its dates are not all written in one known way"
