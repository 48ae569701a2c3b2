"""From a source's name to a dataset: opened, landed, and let in by the door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from retention_kit.contracts.dataset import Dataset
from retention_kit.contracts.options import DoorOptions
from retention_kit.contracts.tables import TABLES
from retention_kit.delivery.channels import AdapterContext
from retention_kit.delivery.clocks import SYSTEM_CLOCK, Clock
from retention_kit.errors import DefinitionError, PluginError, bad_parameter, nearest_names
from retention_kit.plugins.configured import instance_name, settings_for
from retention_kit.plugins.fences import close_logged, make_source
from retention_kit.plugins.landing import land_source
from retention_kit.plugins.marks import mark_of
from retention_kit.plugins.registries import Registry
from retention_kit.plugins.registries import registry as default_registry
from retention_kit.plugins.types import Cursor, SourceTable

_DOOR = frozenset(DoorOptions.__annotations__)


def read_source(
    name: str,
    *,
    currency: str,
    instance: str | None = None,
    tables: Iterable[str] | Mapping[str, str] | None = None,
    folder: str | Path | None = None,
    since: Cursor | Mapping[str, Cursor] | None = None,
    registry: Registry | None = None,
    clock: Clock = SYSTEM_CLOCK,
    env_file: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    **options: Any,
) -> Dataset:
    """Read a source's tables into a dataset.

    Each table is read once and written as Parquet, in bounded memory; the dataset scans the files.
    In a folder that is named they stay, and the next call reads only what has changed since (see
    `land_source`). The dataset's files are kept through two further calls that change them; after
    the third, a dataset that is still in use must be read anew.

    Args:
        name: The source's name: `bitrix24`.
        currency: The shop's currency, three letters of ISO 4217.
        instance: Which of several of one kind.
        tables: Which of the source's tables to read, by their names there; or by the tables of a
            dataset that they are to be, `{"orders": "purchases"}`. None for all that it says to be
            a table of a dataset.
        folder: Where to land them; None for a temporary folder that goes with the process.
        since: Where to begin the first time: an instant or id, or one by the source's tables.
        registry: Where to look for the source; None for what is installed.
        clock: The time.
        env_file: A file of variables; None for the environment alone.
        settings: Settings of the source, which win over variables.
        **options: Options of the door (`DoorOptions`: `time_zone`, `columns`, `guest_ids` …); any
            other name is a setting of the source.

    Returns:
        The dataset.

    Raises:
        DefinitionError: There is no such source or table, none of the tables are orders, or
            settings or options are not what they may be.
        PluginError: The plugin cannot be used.
        ChannelError: The outside system does not answer as it should.
        DataError: The tables cannot be let in, or there is no room left where they land.
        MissingDependencyError: A library that is needed is not installed.
    """
    door = {one: value for one, value in options.items() if one in _DOOR}
    given = {one: value for one, value in options.items() if one not in _DOOR}
    known = default_registry() if registry is None else registry
    found = known.sources.find(name)
    sibling = [known.channels[name].spec.settings] if name in known.channels else []
    made = settings_for(
        found.spec,
        instance,
        {**(settings or {}), **given},
        env_file=env_file,
        siblings=sibling,
        besides=_DOOR,
    )
    context = AdapterContext(instance=instance_name(name, instance), clock=clock)
    source = make_source(found, made, context)
    try:
        chosen = chosen_tables(source.name, source.tables, tables)
        landing = land_source(
            source,
            folder,
            tables=[table.name for table in chosen.values()],
            since=since,
            clock=clock,
            mark=mark_of(made),
        )
    finally:
        close_logged(source)
    frames = {of: landing.tables[table.name].scan() for of, table in chosen.items()}
    shared = _shared_options(source.name, chosen, door)
    columns = _columns(chosen, frames, door.get("columns"))
    return Dataset.from_frames(
        **{**frames, **shared, "columns": columns, "currency": currency},
    )


def chosen_tables(
    source: str,
    there: Mapping[str, SourceTable],
    wanted: Iterable[str] | Mapping[str, str] | None,
) -> dict[str, SourceTable]:
    """Say which of a source's tables become which tables of a dataset.

    Args:
        source: The source's name, for messages.
        there: Its tables by name.
        wanted: Those that were asked for; None for all.

    Returns:
        By the name of a dataset's table, which table of the source it is.

    Raises:
        DefinitionError: There is no such table, two are to be one, or none is to be `orders`.
    """
    pairs: list[tuple[str | None, str]]
    if isinstance(wanted, Mapping):
        pairs = [(of, name) for of, name in wanted.items()]
    elif wanted is None:
        pairs = [(table.becomes, name) for name, table in there.items() if table.becomes]
        # Where several can be one table, that of its own name is the usual one.
        usual = {of for of, name in pairs if of == name}
        pairs = [(of, name) for of, name in pairs if of not in usual or of == name]
    else:
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        pairs = [(there[name].becomes if name in there else None, name) for name in names]
    chosen: dict[str, SourceTable] = {}
    for of, name in pairs:
        if name not in there:
            near = ", ".join(nearest_names(name, there))
            raise bad_parameter(
                "tables",
                got=name,
                allowed=f"tables of {source!r}: {', '.join(there)}",
                step=f"nearest: {near}." if near else "",
            )
        if of is None or of not in TABLES:
            raise bad_parameter(
                "tables",
                got=name if of is None else of,
                allowed=f"what is to be one of {', '.join(TABLES)}",
                step=f"say what it is to be: tables={{'orders': {name!r}}}.",
            )
        if of in chosen:
            raise DefinitionError(
                f"Two tables of {source!r} are to be {of!r}: {chosen[of].name!r} and {name!r}. "
                f"Next step: say which: tables={{{of!r}: {name!r}}}.",
                parameter="tables",
            )
        chosen[of] = there[name]
    if "orders" not in chosen:
        raise bad_parameter(
            "tables",
            got=sorted(chosen),
            allowed="tables of which one is orders",
            step="name it as well, or use land_source for tables without orders.",
        )
    return chosen


def _columns(
    chosen: Mapping[str, SourceTable],
    frames: Mapping[str, pl.LazyFrame],
    given: Mapping[str, Any] | None,
) -> dict[str, dict[str, str]]:
    """Put the mapping that was given over that of the source, by table."""
    told = dict(given or {})
    by_table = any(isinstance(one, Mapping) for one in told.values())
    columns = {}
    for of, table in chosen.items():
        schema = frames[of].collect_schema()
        own = (
            told.get(of, {})
            if by_table
            else {to: column for to, column in told.items() if column in schema or of == "orders"}
        )
        columns[of] = {**table.columns, **own}
    return columns


def _shared_options(
    source: str, chosen: Mapping[str, SourceTable], door: Mapping[str, Any]
) -> dict[str, Any]:
    """Put the options that were given over those of the source's tables."""
    options: dict[str, Any] = {}
    for table in chosen.values():
        for name, value in table.mapping_options.items():
            before = options.get(name, value)
            if isinstance(before, Mapping) and isinstance(value, Mapping):
                options[name] = {**before, **value}
            elif before != value or name not in _DOOR:
                raise PluginError(
                    f"The source {source!r} says of its tables how the door is to read them, and "
                    f"{name!r} is "
                    + ("no option of the door" if name not in _DOOR else "said in two ways")
                    + ". Next step: mend the plugin."
                )
            else:
                options[name] = value
    for name, value in door.items():
        both = isinstance(value, Mapping) and isinstance(options.get(name), Mapping)
        options[name] = {**options[name], **value} if both else value
    return options
