"""What exports propose about themselves, under what the caller states."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from retention_kit.contracts.cells import made_plain
from retention_kit.contracts.exports import Export
from retention_kit.contracts.findings import alike_note
from retention_kit.contracts.headings import HEADINGS
from retention_kit.contracts.matching import required_columns
from retention_kit.contracts.opened import Opened
from retention_kit.contracts.presets import CURRENCIES
from retention_kit.contracts.reading import ISO_8601, Reading
from retention_kit.contracts.sources import Source
from retention_kit.contracts.suggestions import MappingSuggestion
from retention_kit.contracts.tables import DESCRIPTIONS
from retention_kit.errors import ColumnTypeError, DataError, MissingColumnError

if TYPE_CHECKING:
    from retention_kit.contracts.suggestions import SuggestedTable

UNKNOWN_SHARE = 0.05
"""Of more rows than this share, the status has to be known."""
_WORDS_TOLD = 10


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
            proposal = replace(proposal, matches=(), values={}, guest_ids=(), unknown={})
            proposal = replace(proposal, grain="lines" if name == "lines" else "orders")
        proposals[name] = proposal
    return proposals


def with_proposed(
    opened: Mapping[str, Opened],
    mapping: Mapping[str, Mapping[str, str]],
    proposals: Mapping[str, MappingSuggestion],
    options: Mapping[str, Any],
) -> dict[str, dict[str, str]]:
    """Complete the mapping of each export by what is proposed.

    A status of whose words none was known is left out of proposals; it is there once the words
    are stated.
    """
    resolved = {name: dict(mapping.get(name, {})) for name in opened}
    for name, proposal in proposals.items():
        stated = set(resolved[name].values())
        for column, heading in proposal.columns.items():
            if column not in opened[name].schema and heading not in stated:
                resolved[name].setdefault(column, heading)
        heading = proposal.headings.get("status", "")
        is_stated = "status" in (options.get("values") or {}) and bool(proposal.unknown)
        if is_stated and "status" not in opened[name].schema and heading not in stated:
            resolved[name].setdefault("status", heading)
    return resolved


@contextlib.contextmanager
def explaining(
    table: str, source: Source, proposals: Mapping[str, MappingSuggestion]
) -> Iterator[None]:
    """Add to what is missing in an export what was found there."""
    try:
        yield
    except MissingColumnError as error:
        if table in proposals and isinstance(source, Export):
            found = f"Found in {source.path!r}:\n{proposals[table].explain()}"
            error.args = (f"{error} {found}{told_sheets(source)}",)
        raise


def told_sheets(export: Export) -> str:
    """Say which sheet was read where there are others."""
    if len(export.sheets) < 2:
        return ""
    others = ", ".join(repr(name) for name in export.sheets if name != export.sheet)
    return (
        f"\nThe sheet that was read is {export.sheet!r}; the workbook also has {others}: "
        "read_export(path, sheet=…), --sheet on the command line."
    )


def refuse(
    proposals: Mapping[str, MappingSuggestion],
    options: Mapping[str, Any],
    mapping: Mapping[str, Mapping[str, str]],
) -> None:
    """Raise where an export could be read in several ways, and nobody said in which.

    Raises:
        ColumnTypeError: Dates are not written in one known way.
        DataError: Numbers could be read in two ways, amounts are in several currencies or in
            another than the shop's, many rows have a status that is not known, or the rows of
            orders are lines.
    """
    is_marked = any(options.get(name) is not None for name in ("decimal_mark", "thousands_mark"))
    formats = options.get("date_format")
    for table, proposal in proposals.items():
        if table == "orders" and proposal.grain == "lines":
            raise DataError(
                "The order ids repeat, with products and quantities beside them: a row is a line "
                "of an order. Next step: Dataset.from_lines(…), or --grain lines on the command "
                "line."
            )
        for column in proposal.undated:
            stated = formats if isinstance(formats, str) else (formats or {}).get(column)
            is_there = column in mapping[table] or proposal.headings.get(column) == column
            if stated is None and is_there:
                raise ColumnTypeError(
                    table,
                    column,
                    got="text that no one format is certain for",
                    allowed="dates written in one way",
                    step=" ".join(
                        [
                            *(note for note in proposal.notes if repr(column) in note),
                            "For example date_format='%d.%m.%Y' (--date-format on the command "
                            "line).",
                        ]
                    ),
                )
        read = {*mapping[table].values(), *DESCRIPTIONS[table].columns}
        unclear = [heading for heading in proposal.unclear if heading in read]
        if unclear and not is_marked:
            raise DataError(
                f"The numbers of table {table!r} under {', '.join(map(repr, unclear))} "
                "could be read in two ways: '1,234' or '1.234' is one and a bit, or more than a "
                "thousand. Next step: say which mark is which, as decimal_mark=',' for a bit, or "
                "decimal_mark='.', thousands_mark=',' for a thousand (--decimal-mark, "
                "--thousands-mark on the command line)."
            )
        _refuse_currencies(table, proposal, options["currency"], mapping[table])
        _refuse_words(table, proposal, _unknown(proposal, options))


def _refuse_currencies(
    table: str, proposal: MappingSuggestion, currency: str, mapping: Mapping[str, str]
) -> None:
    if not proposal.currencies or "currency" in mapping:
        return
    found = ", ".join(map(repr, proposal.currencies))
    codes = {code for token in proposal.currencies for code in CURRENCIES[token]}
    if proposal.currency is None:
        raise DataError(
            f"The amounts of table {table!r} are in several currencies: {found} stand beside the "
            "numbers. Allowed: one, or a column that names it. Next step: put it into a column of "
            "its own, as codes such as 'RUB', and map it to 'currency'; rows in another currency "
            "than the shop's are then set aside."
        )
    if any(currency not in CURRENCIES[token] for token in proposal.currencies) and codes:
        raise DataError(
            f"The amounts of table {table!r} have {found} beside the numbers, and the shop's "
            f"currency is stated as {currency!r}. Next step: currency={proposal.currency!r}, or "
            "convert the amounts."
        )


def _unknown(proposal: MappingSuggestion, options: Mapping[str, Any]) -> dict[str, int]:
    """Give the words of a status that neither the library nor the reader knows."""
    stated = (options.get("values") or {}).get("status", {})
    return {word: rows for word, rows in proposal.unknown.items() if word not in stated}


def _refuse_words(table: str, proposal: MappingSuggestion, unknown: Mapping[str, int]) -> None:
    lost = sum(unknown.values())
    if lost > UNKNOWN_SHARE * proposal.rows:
        raise DataError(
            f"{lost:,} of {proposal.rows:,} rows of table {table!r} ({lost / proposal.rows:.1%}) "
            "have a status whose meaning is not known. Next step: say what each word means; only "
            f"completed orders are sales. In a file of settings:\n{_as_settings(unknown)}\nIn "
            "Python the same as values={'status': {…}}, on the command line as "
            "--value status:WORD=completed. Who names all required columns uses no status."
        )


def _as_settings(words: Mapping[str, int]) -> str:
    lines = ["[values.status]"]
    # What may be a contact is no word of a status.
    told = [word for word in words if "@" not in word and sum(map(str.isdigit, word)) < 5]
    for word in told[:_WORDS_TOLD]:
        key = word.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'"{key}" = "completed|cancelled|open"  # rows: {words[word]:,}')
    more = len(words) - len(told[:_WORDS_TOLD])
    return "\n".join([*lines, *([f"# and {more:,} more"] if more else [])])


def warnings_of(
    proposals: Mapping[str, MappingSuggestion], options: Mapping[str, Any]
) -> list[str]:
    """Say what in exports can be used, and asks for a look."""
    sentences = []
    for table, proposal in proposals.items():
        unknown = _unknown(proposal, options)
        lost = sum(unknown.values())
        if lost:
            sentences.append(
                f"{lost:,} of {proposal.rows:,} rows of table {table!r} "
                f"({lost / proposal.rows:.1%}) have a status whose meaning is not known, and do "
                f"not count as sales. Say what the words mean:\n{_as_settings(unknown)}"
            )
        if proposal.alike and table in ("orders", "lines"):
            sentences.append(alike_note(proposal.alike, proposal.headings["customer_id"]))
    return sentences


def in_plain_cells(
    opened: Mapping[str, Opened],
    proposals: Mapping[str, MappingSuggestion],
    options: Mapping[str, Any],
) -> dict[str, Opened]:
    """Make the cells of renamed exports plain, in the columns that are numbers or dates."""
    formats = options.get("date_format")
    plain = dict(opened)
    for table, proposal in proposals.items():
        stated = {
            column: formats if isinstance(formats, str) else (formats or {}).get(column)
            for column in proposal.rewrites
        }
        described = DESCRIPTIONS[table].columns
        plain[table] = made_plain(opened[table], described, proposal.rewrites, stated)
    return plain


def as_proposed(
    reading: Reading, options: Mapping[str, Any], proposals: Mapping[str, MappingSuggestion]
) -> dict[str, Reading]:
    """Say how each export is read: as stated, and else as proposed for it."""
    is_marked = any(options.get(name) is not None for name in ("decimal_mark", "thousands_mark"))
    readings = {}
    for name, proposal in proposals.items():
        formats = reading.date_format
        own: dict[str, Any] = {}
        if not is_marked:
            own["decimal_mark"] = proposal.decimal_mark
            own["thousands_mark"] = proposal.thousands_mark
        if options.get("positive_returns") is None:
            own["positive_returns"] = proposal.positive_returns
        stated = (
            dict.fromkeys(DESCRIPTIONS[name].columns, formats)
            if isinstance(formats, str)
            else dict(formats or {})
        )
        # Whatever was stated for them, these have become ISO 8601.
        made = {
            column: ISO_8601 for column, one in proposal.rewrites.items() if one.kind == "dates"
        }
        readings[name] = replace(
            reading,
            date_format={**proposal.date_format, **stated, **made},
            values={
                # Whoever states some words need not repeat those that are known.
                column: {**proposal.values.get(column, {}), **reading.values.get(column, {})}
                for column in {**proposal.values, **reading.values}
            },
            **own,
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
