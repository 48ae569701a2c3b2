"""A file of settings, drafted from what a shop's files look like, to be edited and passed back."""

from __future__ import annotations

import datetime as dt
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from retention_kit.cli.settings import TABLES, Settings
from retention_kit.cli.shop import open_files, stated_columns, told_notes
from retention_kit.errors import DefinitionError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Table

    from retention_kit.contracts.suggestions import MappingSuggestion, SuggestedTable

_ABOUT = """How `retention-kit audit --config THIS_FILE` reads the shop's files.
Look at every line that says "check"; a number is how sure the proposal is, from 0 to 1.
Lines that begin with # do nothing; take the mark away to use them."""
_ASSUMED = {"time_zone": "Europe/Moscow", "currency": "RUB", "language": "ru"}
_EXAMPLES = {"time_zone": "Europe/London", "currency": "GBP", "language": "en"}
_CHECKS = {
    "time_zone": "check: the shop's time zone is in no file",
    "currency": "check: the shop's currency",
    "language": "of the report: en or ru",
}


def draft(settings: Settings, out: Path | None) -> str:
    """Write down how the files would be read, with how sure each part is.

    Args:
        settings: What was stated; it is taken over as it stands.
        out: Where the text will stand, from which the files' paths are given.

    Returns:
        TOML.

    Raises:
        DefinitionError: No file of orders is named.
        FileFormatError: A file cannot be read.
    """
    if "orders" not in settings.files:
        raise DefinitionError(
            "There is no file to begin with. Next step: audit --init ORDERS, a workbook or CSV."
        )
    try:
        import tomlkit
    except ImportError:
        raise DefinitionError(
            "Settings are written by tomlkit, which is not installed. "
            "Next step: pip install 'retention-kit[cli]'."
        ) from None
    sources = open_files(settings)
    proposals = _proposals(sources, settings)
    document = tomlkit.document()
    for line in _ABOUT.splitlines():
        document.add(tomlkit.comment(line))
    document.add(tomlkit.nl())
    _add_files(document, settings, sources, out)
    _add_shop(document, settings, sources, proposals)
    _add_marks(document, settings, proposals)
    _add_formats(document, settings, proposals)
    for table, proposal in proposals.items():
        document.setdefault("columns", tomlkit.table(is_super_table=True))
        cast("Table", document["columns"]).add(table, _columns(proposal))
    for name, words in _values(settings, proposals).items():
        document.setdefault("values", tomlkit.table(is_super_table=True))
        unknown = {word for one in proposals.values() for word in one.unknown}
        cast("Table", document["values"]).add(name, _words(words, unknown))
    return tomlkit.dumps(document)


def _proposals(sources: dict[str, Any], settings: Settings) -> dict[str, MappingSuggestion]:
    proposals = {}
    for name, source in sources.items():
        table = name
        if name == "orders" and settings.grain == "lines":
            table = "lines"
        proposal = _suggest(source, table, settings)
        if table == "orders" and settings.grain is None and proposal.grain == "lines":
            table = "lines"
            proposal = _suggest(source, table, settings)
        proposals[table] = proposal
    return proposals


def _suggest(source: Any, table: str, settings: Settings) -> MappingSuggestion:
    from retention_kit.contracts.proposing import suggest_mapping
    from retention_kit.contracts.sources import open_source

    headings = tuple(open_source(table, source).schema.names())
    stated = stated_columns(settings, table, headings)
    return suggest_mapping(source, cast("SuggestedTable", table), columns=stated)


def _add_files(
    document: TOMLDocument, settings: Settings, sources: dict[str, Any], out: Path | None
) -> None:
    import tomlkit

    folder = Path() if out is None else out.parent
    for name, path in settings.files.items():
        source = sources[TABLES[name]]
        if not isinstance(source, str):
            document.add(tomlkit.comment(_found(source)))
        document.add(name, tomlkit.item(_from(folder, path)))
    if len(settings.files) == 1:
        document.add(tomlkit.comment('costs = "costs.xlsx"'))
        document.add(tomlkit.comment('customers = "customers.xlsx"'))
    for name in ("preset", "sheet", "encoding", "separator"):
        if name in settings.stated:
            document.add(name, settings.stated[name])


def _found(export: Any) -> str:
    """Say in a line what was found in a file."""
    parts = [
        f"sheet {export.sheet!r}" if export.sheet else "",
        f"of the sheets {', '.join(map(repr, export.sheets))}" if len(export.sheets) > 1 else "",
        export.encoding or "",
        f"separator {export.separator!r}" if export.separator else "",
        f"headings in row {export.header_row}",
        f"left out: {told_notes(export.notes)}" if export.notes else "",
    ]
    return "found: " + ", ".join(part for part in parts if part)


def _from(folder: Path, path: str) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        # On another drive there is no way from here to there.
        return Path(path).resolve().as_posix()


def _add_shop(
    document: TOMLDocument,
    settings: Settings,
    sources: dict[str, Any],
    proposals: dict[str, MappingSuggestion],
) -> None:
    import tomlkit

    main = "lines" if "lines" in proposals else "orders"
    headings = " ".join(match.heading or "" for match in proposals[main].matches)
    is_russian = re.search("[\u0400-\u04ff]", headings) is not None
    document.add("grain", tomlkit.item(main).comment("what a row is: orders or lines"))
    found = next((one.currency for one in proposals.values() if one.currency), None)
    for name in ("time_zone", "currency", "language"):
        if name in settings.stated:
            document.add(name, settings.stated[name])
        elif name == "currency" and found is not None:
            document.add(name, tomlkit.item(found).comment("check: it stands beside the amounts"))
        elif is_russian:
            document.add(name, tomlkit.item(_ASSUMED[name]).comment(_CHECKS[name]))
        else:
            document.add(tomlkit.comment(f'{name} = "{_EXAMPLES[name]}"  # {_CHECKS[name]}'))
    last, later = _last_day(sources["orders"], proposals[main])
    if "as_of" in settings.stated:
        document.add("as_of", settings.stated["as_of"])
    elif last is not None:
        told = "check: the day after the last order; later ones do not count"
        if later:
            told = f"check: orders dated after today, which do not count: {later:,}"
        document.add("as_of", tomlkit.item(last + dt.timedelta(days=1)).comment(told))
    else:
        document.add(tomlkit.comment("as_of = 2025-12-31  # the day after the last order"))
    for name, one in settings.stated.items():
        if name in _PLAIN:
            document.add(name, one)
    if "positive_returns" not in settings.stated and proposals[main].positive_returns != "reject":
        told = "check: all returns have positive amounts"
        document.add(
            "positive_returns", tomlkit.item(proposals[main].positive_returns).comment(told)
        )


_PLAIN = (
    "negative_amounts",
    "positive_returns",
    "duplicate_lines",
    "ids_as_text",
    "strict",
    "gap_days",
    "active_within",
    "show_contacts",
)


def _add_marks(
    document: TOMLDocument, settings: Settings, proposals: dict[str, MappingSuggestion]
) -> None:
    import tomlkit

    stated = settings.stated
    if "decimal_mark" in stated or "thousands_mark" in stated:
        for name in ("decimal_mark", "thousands_mark"):
            if name in stated:
                document.add(name, stated[name])
    else:
        if any(one.unclear for one in proposals.values()):
            document.add(tomlkit.comment('decimal_mark = ","  # check: the note on numbers below'))
        marks = {
            (one.decimal_mark, one.thousands_mark) for one in proposals.values() if not one.unclear
        }
        is_one = len(marks) == 1 and not any(one.unclear for one in proposals.values())
        for decimal, thousands in marks if is_one else ():
            document.add("decimal_mark", tomlkit.item(decimal).comment("in numbers, as 1 234,50"))
            if thousands is not None:
                document.add("thousands_mark", thousands)
    guests = stated.get("guest_ids") or [
        guest for one in proposals.values() for guest in one.guest_ids
    ]
    if guests:
        document.add("guest_ids", tomlkit.item(list(dict.fromkeys(guests))).comment("nobody"))


def _add_formats(
    document: TOMLDocument, settings: Settings, proposals: dict[str, MappingSuggestion]
) -> None:
    import tomlkit

    stated = settings.stated.get("date_format")
    if isinstance(stated, str):
        document.add("date_format", stated)
        return
    formats = {
        name: one for proposal in proposals.values() for name, one in proposal.date_format.items()
    }
    for proposal in proposals.values():
        for note in proposal.notes:
            document.add(tomlkit.comment(f"check: {note}"))
    formats |= stated or {}
    if formats:
        document.add("date_format", tomlkit.item(formats))


def _columns(proposal: MappingSuggestion) -> Table:
    import tomlkit

    table = tomlkit.table()
    for match in proposal.matches:
        sure = f"{match.confidence:.2f}: {match.why}"
        others = ", ".join(repr(heading) for heading, _ in match.alternatives)
        tail = f"; or {others}" if others else ""
        if match.heading is None:
            table.add(tomlkit.comment(f'{match.column} = ""  # check: not found{tail}'))
        elif match.is_sure:
            table.add(match.column, tomlkit.item(match.heading).comment(f"{sure}{tail}"))
        else:
            heading = tomlkit.item(match.heading).as_string()
            table.add(tomlkit.comment(f"{match.column} = {heading}  # check: {sure}{tail}"))
    if proposal.unknown and "status" not in proposal.columns:
        heading = tomlkit.item(proposal.headings["status"]).as_string()
        table.add(tomlkit.comment(f"status = {heading}  # check: say what its words mean"))
    return table


def _values(
    settings: Settings, proposals: dict[str, MappingSuggestion]
) -> dict[str, dict[str, str]]:
    merged = {name: dict(words) for one in proposals.values() for name, words in one.values.items()}
    return {**merged, **settings.stated.get("values", {})}


def _words(words: dict[str, str], unknown: set[str]) -> Table:
    import tomlkit

    table = tomlkit.table()
    for word, meaning in words.items():
        item = tomlkit.item(meaning)
        table.add(word, item.comment("check: not known") if word in unknown else item)
    return table


def _today() -> dt.date:
    """Give today, the one thing that is asked of the clock."""
    return dt.datetime.now(dt.UTC).date()


def _last_day(source: Any, proposal: MappingSuggestion) -> tuple[dt.date | None, int]:
    """Give the day of the last order that is not after today, and count those that are.

    Where the dates cannot be read there is none.
    """
    from retention_kit.contracts.casts import cast_column
    from retention_kit.contracts.cells import made_plain
    from retention_kit.contracts.reading import Reading
    from retention_kit.contracts.sources import open_source
    from retention_kit.contracts.tables import ORDERS

    heading = proposal.columns.get("ordered_at")
    if heading is None or "ordered_at" in proposal.undated:
        return None, 0
    opened = open_source("orders", source)
    is_text = opened.schema[heading] == pl.String
    if is_text and "ordered_at" not in proposal.date_format:
        # Nothing stands there.
        return None, 0
    zone = getattr(opened.schema[heading], "time_zone", None) or "UTC"
    reading = Reading(time_zone=zone, date_format=proposal.date_format.get("ordered_at"))
    dates = opened.frame.select(pl.col(heading).alias("ordered_at"))
    there = replace(opened, frame=dates, schema=dates.collect_schema())
    plain = made_plain(there, ORDERS.columns, proposal.rewrites, proposal.date_format)
    column = ORDERS.columns["ordered_at"]
    made = cast_column("orders", column, plain.schema["ordered_at"], reading)
    day = made.value.dt.date()
    is_later = day > _today()
    found = plain.frame.select(day.filter(~is_later).max().alias("last"), is_later.sum().alias("n"))
    last, later = opened.collect(found).row(0)
    return last, int(later)
