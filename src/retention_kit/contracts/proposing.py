"""A proposal for any source: which of its columns hold which of ours, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from retention_kit.contracts.exports import Export, read_export
from retention_kit.contracts.files import is_one_export
from retention_kit.contracts.presets import PresetName
from retention_kit.contracts.sources import Source, open_source
from retention_kit.contracts.suggestions import MappingSuggestion, SuggestedTable, propose


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
    opened = source
    if isinstance(opened, str | Path) and is_one_export(opened):
        opened = read_export(opened)
    if isinstance(opened, Export):
        return opened.suggest(table, preset=preset, columns=columns)
    frame = open_source(table, opened).frame
    return propose(table, frame, preset=preset, columns=columns)
