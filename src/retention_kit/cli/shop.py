"""From the settings to the dataset: files are opened, and what is proposed for them is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from retention_kit.cli.settings import REPORT, TABLES, Settings, instant_of
from retention_kit.errors import DataError, DefinitionError

if TYPE_CHECKING:
    from retention_kit.contracts.dataset import Dataset
    from retention_kit.contracts.exports import Export
    from retention_kit.contracts.suggestions import MappingSuggestion, SuggestedTable

_WITH_DEMO = ("as_of", *REPORT)


def open_shop(settings: Settings, say: Callable[[str], None]) -> tuple[Dataset, dt.datetime]:
    """Build the dataset that the settings describe.

    Args:
        settings: The settings.
        say: Told in sentences what was taken that nobody stated.

    Returns:
        The dataset, and the instant of observation.

    Raises:
        DefinitionError: Something is not stated that nobody can know but the shop.
        DataError: The files cannot be used as they are.
    """
    if settings.demo == ("orders" in settings.files):
        raise DefinitionError(
            "Name a file of orders, or --demo, and not both. "
            "Next step: python -m retention_kit audit --help."
        )
    return _demo(settings) if settings.demo else _own(settings, say)


def open_files(settings: Settings) -> dict[str, Any]:
    """Open what is given by table: exports as they are read, other paths as they are."""
    from retention_kit.contracts.exports import read_export
    from retention_kit.contracts.files import is_one_export

    sources: dict[str, Any] = {}
    for name, path in settings.files.items():
        if not is_one_export(path):
            sources[TABLES[name]] = path
            continue
        options = {option: settings.stated.get(option) for option in ("preset", "separator")}
        if name == "orders":
            options |= {option: settings.stated.get(option) for option in ("sheet", "encoding")}
        sources[TABLES[name]] = read_export(path, **cast(Any, options))
    return sources


def stated_columns(settings: Settings, table: str, headings: tuple[str, ...]) -> dict[str, str]:
    """Give the columns that are stated for a table of these headings."""
    from retention_kit.contracts.tables import DESCRIPTIONS

    columns: Mapping[str, Any] = settings.stated.get("columns", {})
    flat = {
        column: heading
        for column, heading in columns.items()
        if isinstance(heading, str)
        and column in DESCRIPTIONS[table].columns
        and heading in headings
    }
    return {**flat, **columns.get(table, {})}


def told_notes(notes: Mapping[str, int]) -> str:
    """Say what was left out of a file."""
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in notes.items())


def _demo(settings: Settings) -> tuple[Dataset, dt.datetime]:
    unused = [*settings.files, *(name for name in settings.stated if name not in _WITH_DEMO)]
    if unused:
        raise DefinitionError(
            f"--demo knows how to read its own shop; it got {', '.join(unused)} besides. Allowed "
            "with it: --as-of and what says how the report is written. Next step: leave the rest "
            "out, or name a file instead of --demo."
        )
    from retention_kit.datasets._online_retail import ONLINE_RETAIL_AS_OF, online_retail

    shop = online_retail()
    as_of = settings.stated.get("as_of")
    return shop, ONLINE_RETAIL_AS_OF if as_of is None else instant_of(as_of, shop.time_zone)


def _own(settings: Settings, say: Callable[[str], None]) -> tuple[Dataset, dt.datetime]:
    as_of = settings.stated.get("as_of")
    if as_of is None:
        raise DefinitionError(
            "The instant of observation is not stated. Next step: --as-of with the day after the "
            "last one that the file covers, such as --as-of 2011-12-10."
        )
    if "currency" not in settings.stated:
        raise DefinitionError("The shop's currency is not stated. Next step: --currency RUB.")
    if "time_zone" in settings.stated:
        instant_of(as_of, settings.stated["time_zone"])
    sources = open_files(settings)
    grain = settings.grain or _proposed_grain(settings, sources["orders"], say)
    if grain == "lines":
        sources = {"lines": sources.pop("orders"), **sources}
    for table, source in sources.items():
        if not isinstance(source, str):
            _tell(table, source, settings, say)
    shop = _read(sources, settings.door)
    return shop, instant_of(as_of, shop.time_zone)


def _read(sources: dict[str, Any], options: dict[str, Any]) -> Dataset:
    from retention_kit.contracts.dataset import Dataset
    from retention_kit.contracts.files import tables_in
    from retention_kit.contracts.tables import TABLES as ALL

    if "lines" in sources:
        if "order_items" in sources:
            raise DefinitionError(
                "Lines are given twice: the orders are lines (grain), and there is a file of "
                "items. Next step: leave --items out, or --grain lines."
            )
        return Dataset.from_lines(**sources, **options)
    orders = sources["orders"]
    if len(sources) == 1 and isinstance(orders, str):
        return Dataset.scan(orders, **options)
    if isinstance(orders, str):
        inside = tables_in(orders, ALL) or {}
        sources = {**inside, **({} if inside else {"orders": orders}), **_besides(sources)}
    return Dataset.from_frames(**sources, **options)


def _besides(sources: Mapping[str, Any]) -> dict[str, Any]:
    return {name: source for name, source in sources.items() if name != "orders"}


def _proposed_grain(settings: Settings, orders: Any, say: Callable[[str], None]) -> str:
    """Tell lines from orders where nobody said which, and the columns are not all named."""
    if isinstance(orders, str) or _is_complete("orders", orders, settings):
        return "orders"
    stated = stated_columns(settings, "orders", orders.headings)
    if orders.suggest("orders", columns=_there(stated, orders)).grain != "lines":
        return "orders"
    say("Its rows are taken as lines of orders (--grain lines): order ids repeat, with products.")
    return "lines"


def _tell(table: str, export: Export, settings: Settings, say: Callable[[str], None]) -> None:
    """Say what is proposed for an export, or that it is not enough."""
    if export.notes:
        say(f"{export.path}: left out: {told_notes(export.notes)}.")
    stated = stated_columns(settings, table, export.headings)
    if any(heading not in export.headings for heading in stated.values()):
        # The door says which.
        return
    proposal = export.suggest(cast("SuggestedTable", table), columns=stated)
    if not _is_complete(table, export, settings):
        if proposal.missing:
            raise _not_enough(table, export, proposal)
        taken = "; ".join(
            f"{match.column} = {match.heading!r} ({match.confidence:.2f})"
            for match in proposal.matches
            if match.is_sure and match.column not in stated
        )
        say(f"{export.path}: columns taken by their headings: {taken}.")
        if proposal.guest_ids and "guest_ids" not in settings.stated:
            say(f"{export.path}: taken for guests: {', '.join(proposal.guest_ids)}.")
        for note in proposal.notes:
            say(f"{export.path}: {note}")
    if proposal.date_format and "date_format" not in settings.stated:
        formats = ", ".join(f"{name} {one!r}" for name, one in proposal.date_format.items())
        say(f"{export.path}: dates read by {formats}.")


def _is_complete(table: str, export: Export, settings: Settings) -> bool:
    """Tell whether every required column is named, or there under its own name."""
    from retention_kit.contracts.matching import required_columns

    there = {*export.headings, *stated_columns(settings, table, export.headings)}
    return there.issuperset(required_columns(table, there))


def _there(stated: Mapping[str, str], export: Export) -> dict[str, str]:
    return {column: heading for column, heading in stated.items() if heading in export.headings}


def _not_enough(table: str, export: Export, proposal: MappingSuggestion) -> DataError:
    from retention_kit.contracts.proposals import told_sheets

    found = "\n".join(f"  {line}" for line in proposal.explain().splitlines())
    named = ", ".join(export.headings[:40])
    found += told_sheets(export).replace("\n", "\n  ")
    return DataError(
        f"Table {table!r} needs {', '.join(map(repr, proposal.missing))}, and no heading of "
        f"{export.path!r} is surely that. What was found:\n{found}\n  headings: {named}\n"
        f"Next step: name them, --column {table}.{proposal.missing[0]}=… for example, or write "
        "all of it down to edit: audit --init FILE --config OUT.toml."
    )
