"""The commands about plugins: which are there, how one is set up, and beginning a new one."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from retention_kit.delivery.actions import ACTIONS
from retention_kit.errors import (
    DefinitionError,
    MissingDependencyError,
    PluginError,
    bad_parameter,
    nearest_names,
)

if TYPE_CHECKING:
    from retention_kit.plugins.claims import Claims
    from retention_kit.plugins.described import SettingField
    from retention_kit.plugins.registries import Registry

app = typer.Typer(
    no_args_is_help=False,
    invoke_without_command=True,
    help="List plugins, show how one is set up, or begin a new one.",
)
"""`retention-kit plugins`."""
_WIDTH = 110


@app.callback()
def plugins(context: typer.Context) -> None:
    """List the plugins that are installed, where no command follows."""
    if context.invoked_subcommand is None:
        listed()


@app.command("list")
def listed() -> None:
    """List sources, channels and all else that plugins bring, and what failed."""
    with _failing():
        known = _registry()
    console = _console()
    table = _table("kind", "name", "what it does", "tables or actions", "plugin of distribution")
    for kind, claims in _kinds(known).items():
        for name, found in claims.items():
            summary = getattr(found.spec, "summary", "")
            who = f"{found.plugin} of {_distribution(found)}"
            _row(table, kind, name, summary, _carried(found.spec), who)
        for name, several in claims.contested.items():
            who = ", ".join(_distribution(one) for one in several)
            _row(table, kind, name, "claimed by several: it cannot be used", "", who)
    console.print(table)
    for failure in known.failures:
        console.print(f"Failed: {failure}", style="red", markup=False)
    for distribution in known.blocked:
        console.print(f"Blocked: {distribution}", style="yellow", markup=False)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A source's or a channel's name.")],
    *,
    instance: Annotated[
        str | None, typer.Option(metavar="INSTANCE", help="Which of several of one kind.")
    ] = None,
    env_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file of variables besides.")
    ] = None,
) -> None:
    """Show how a source or a channel is set up, and which of its variables are set."""
    with _failing():
        known = _registry()
        asked: dict[str, Claims[Any]] = {"source": known.sources, "channel": known.channels}
        there = [
            claims.find(name)
            for claims in asked.values()
            if name in claims or name in claims.contested
        ]
        if not there:
            names = [one for claims in asked.values() for one in claims]
            near = ", ".join(nearest_names(name, names))
            raise bad_parameter(
                "NAME",
                got=name,
                allowed=", ".join(dict.fromkeys(names)) or "none is installed",
                step=f"nearest: {near}." if near else "install its plugin.",
            )
        from retention_kit.plugins.described import describe_settings

        console = _console()
        shown: list[Any] = []
        for kind, claims in asked.items():
            if name not in claims:
                continue
            found = claims[name]
            console.print(f"{name}, a {kind} of {_distribution(found)}", style="bold", markup=False)
            console.print(found.spec.summary, markup=False)
            for line in _abilities(found.spec):
                console.print(line, markup=False)
            if found.spec.settings in shown:
                console.print("Settings: the same.\n")
                continue
            shown.append(found.spec.settings)
            fields = describe_settings(found.spec.settings, name, instance, env_file=env_file)
            console.print(_settings(fields))


@app.command()
def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="One word in small Latin letters, digits and _.")
    ],
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="By default retention-kit-NAME here.")
    ] = None,
) -> None:
    """Write the project of a new plugin: a source, a channel, and their tests."""
    from retention_kit.plugins.new_plugin import write_plugin

    with _failing():
        written = write_plugin(name, folder)
    for path in written:
        typer.echo(str(path))


def _registry() -> Registry:
    """Give the registry; what it warns of is listed anyway."""
    from retention_kit.plugins.registries import registry

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return registry()


def _kinds(known: Registry) -> Mapping[str, Any]:
    return {
        "source": known.sources,
        "channel": known.channels,
        "condition": known.conditions,
        "earning rule": known.earning_rules,
        "report section": known.report_sections,
        "observer": known.observers,
    }


def _settings(fields: Iterable[SettingField]) -> Table:
    """Show settings with the whole names of their variables, which people copy."""
    table = _table("setting and its variable", "type", "default", "is set")
    table.columns[0].no_wrap = True
    for field in fields:
        name = Text(f"{field.name}\n{field.variable}")
        name.stylize("dim", len(field.name))
        default = "required" if field.required else field.default
        table.add_row(name, Text(field.type), Text(default), "yes" if field.is_set else "no")
    return table


def _carried(spec: Any) -> str:
    """Give a source's tables or a channel's actions; other kinds have neither."""
    can = getattr(spec, "capabilities", None)
    if can is not None:
        actions = sorted(can.actions)
        return "all actions" if set(ACTIONS) <= can.actions else ", ".join(actions)
    tables = getattr(spec, "tables", ())
    return ", ".join(tables) if isinstance(tables, tuple) else ""


def _abilities(spec: Any) -> Iterator[str]:
    can = getattr(spec, "capabilities", None)
    if can is None:
        yield f"Tables: {', '.join(spec.tables)}"
        return
    yield f"Actions: {', '.join(sorted(can.actions))}"
    yield f"Knows customers by: {', '.join(sorted(can.identifiers)) or 'no identifier'}"
    yield f"Batches of at most {can.max_rows:,}; idempotent: {can.idempotent}"


def _distribution(found: Any) -> str:
    if found.distribution is None:
        return "what was handed in"
    return f"{found.distribution} {found.version or ''}".rstrip()


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=_WIDTH, highlight=False)


def _table(*columns: str) -> Table:
    table = Table(show_header=True, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _row(table: Table, *cells: str) -> None:
    """Add a row whose brackets are brackets, and no markup."""
    table.add_row(*(Text(cell) for cell in cells))


@contextlib.contextmanager
def _failing() -> Iterator[None]:
    """Turn what a user can mend into a sentence and an exit code."""
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        yield
    except DefinitionError as error:
        errors.print(f"Error: {error}", style="red", markup=False)
        raise typer.Exit(2) from None
    except (PluginError, MissingDependencyError, OSError) as error:
        errors.print(f"Error: {error}", style="red", markup=False)
        raise typer.Exit(1) from None
