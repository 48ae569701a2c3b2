"""What exports propose about themselves, under what the caller states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from retention_kit.contracts.exports import Export
from retention_kit.contracts.headings import HEADINGS
from retention_kit.contracts.matching import required_columns
from retention_kit.contracts.opened import Opened
from retention_kit.contracts.reading import Reading
from retention_kit.contracts.sources import Source
from retention_kit.contracts.suggestions import MappingSuggestion

if TYPE_CHECKING:
    from retention_kit.contracts.suggestions import SuggestedTable


def propose(
    sources: Mapping[str, Source],
    opened: Mapping[str, Opened],
    mapping: Mapping[str, Mapping[str, str]],
) -> dict[str, MappingSuggestion]:
    """Ask each export how it would be read, given the columns that are stated.

    Who names all required columns has said what counts: then no further columns are proposed, and
    no meanings of words, but how dates and numbers are written still is.
    """
    proposals = {}
    for name, source in sources.items():
        if not isinstance(source, Export) or name not in HEADINGS:
            continue
        stated = mapping.get(name, {})
        proposal = source.suggest(cast("SuggestedTable", name), columns=stated)
        there = {*opened[name].schema, *stated}
        if there.issuperset(required_columns(name, there)):
            proposal = replace(proposal, matches=(), values={}, guest_ids=())
        proposals[name] = proposal
    return proposals


def with_proposed(
    opened: Mapping[str, Opened],
    mapping: Mapping[str, Mapping[str, str]],
    proposals: Mapping[str, MappingSuggestion],
) -> dict[str, dict[str, str]]:
    """Complete the mapping of each export by what is proposed."""
    resolved = {name: dict(mapping.get(name, {})) for name in opened}
    for name, proposal in proposals.items():
        stated = set(resolved[name].values())
        for column, heading in proposal.columns.items():
            if column not in opened[name].schema and heading not in stated:
                resolved[name].setdefault(column, heading)
    return resolved


def as_proposed(
    reading: Reading, options: Mapping[str, Any], proposals: Mapping[str, MappingSuggestion]
) -> dict[str, Reading]:
    """Say how each export is read: as stated, and else as proposed for it."""
    is_marked = any(options.get(name) is not None for name in ("decimal_mark", "thousands_mark"))
    readings = {}
    for name, proposal in proposals.items():
        formats = reading.date_format
        marks: dict[str, Any] = {
            "decimal_mark": proposal.decimal_mark,
            "thousands_mark": proposal.thousands_mark,
        }
        readings[name] = replace(
            reading,
            date_format=formats
            if isinstance(formats, str)
            else {**proposal.date_format, **(formats or {})},
            values={**proposal.values, **reading.values},
            **({} if is_marked else marks),
        )
    return readings


def guests(options: Mapping[str, Any], proposals: Mapping[str, MappingSuggestion]) -> Any:
    """Give the ids of guests: as stated, and else as the export of orders proposes them."""
    if options.get("guest_ids") is not None:
        return options["guest_ids"]
    return next(
        (proposals[name].guest_ids for name in ("orders", "lines") if name in proposals), ()
    )


def cut_rows(table: str, opened: Mapping[str, Opened]) -> Mapping[str, int]:
    """Tell what was cut from the file of a table; that of lines is the file of the items."""
    source = opened.get("lines" if table == "order_items" and "lines" in opened else table)
    return {} if source is None else source.notes
