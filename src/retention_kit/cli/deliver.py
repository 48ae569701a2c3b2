"""The command `deliver`: actions from a file of JSON lines, carried to a channel."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from retention_kit.errors import DefinitionError, RetentionKitError

if TYPE_CHECKING:
    import polars as pl

    from retention_kit.delivery.actions import Action

_SHOWN: Final = 5
"""How many rejected rows are told one by one."""


def deliver(
    actions: Annotated[
        Path, typer.Argument(metavar="ACTIONS", help="JSON lines, an action in each; - is stdin.")
    ],
    channel: Annotated[str, typer.Option(metavar="NAME", help="The channel's name.")],
    *,
    instance: Annotated[
        str | None, typer.Option(metavar="INSTANCE", help="Which of several of one kind.")
    ] = None,
    journal: Annotated[
        str, typer.Option(metavar="FILE|URL", help="A file of SQLite, or PostgreSQL's URL.")
    ] = "retention_kit_journal.db",
    env_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file of variables besides.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")
    ] = False,
    retry_rejected: Annotated[
        bool, typer.Option("--retry-rejected", help="Try again what was rejected before.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write the counts as JSON on stdout.")
    ] = False,
) -> None:
    """Carry actions to a channel, each of them once, however often the command is run.

    Settings of the channel come from variables; `plugins show NAME` tells which. Exit codes: 0 all
    is settled, 1 something is left, was rejected or failed, 2 the command was not called rightly.
    """
    from retention_kit.cli.delivery_progress import delivery_bar
    from retention_kit.delivery import Journal, dispatch
    from retention_kit.delivery import dry_run as tried
    from retention_kit.plugins import open_channel, registry

    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        with (
            closing(open_channel(channel, instance=instance, env_file=env_file)) as opened,
            Journal(journal) as kept,
        ):
            if dry_run:
                found = tried(read_actions(actions), opened, kept, retry_rejected=retry_rejected)
                typer.echo(json.dumps(dict(found.counts)) if as_json else str(found))
                _say_why(errors, found.table.filter(what="rejected"))
                if found.counts.get("rejected"):
                    raise typer.Exit(1)
                return
            with delivery_bar(errors, opened.name) as on_progress:
                report = dispatch(
                    read_actions(actions),
                    opened,
                    kept,
                    on_progress=on_progress,
                    observers=[found.spec for found in registry().observers.values()],
                    retry_rejected=retry_rejected,
                )
        typer.echo(report.to_json() if as_json else str(report))
        _say_why(errors, report.rejections)
    except DefinitionError as error:
        errors.print(f"Error: {error}", style="red", markup=False)
        raise typer.Exit(2) from None
    except FileNotFoundError:
        text = f"Error: there is no file {str(actions)!r}. Next step: name the file of actions."
        errors.print(text, style="red", markup=False)
        raise typer.Exit(2) from None
    except (RetentionKitError, OSError) as error:
        errors.print(f"Error: {error}", style="red", markup=False)
        raise typer.Exit(1) from None
    if not report.is_complete or report.states.get("rejected"):
        raise typer.Exit(1)


def _say_why(errors: Console, rejected: pl.DataFrame) -> None:
    """Say why the first rejected rows were, by the ids of their actions."""
    for row in rejected.head(_SHOWN).iter_rows(named=True):
        why = f"{row['code']}: {row['detail']}" if row["detail"] else row["code"]
        errors.print(f"Rejected {row['id']} ({row['kind']}): {why}", markup=False)
    if rejected.height > _SHOWN:
        errors.print(f"… and {rejected.height - _SHOWN:,} more.", markup=False)


def read_actions(path: Path) -> Iterator[Action]:
    """Read actions, a line at a time.

    Args:
        path: A file of JSON lines; `-` for stdin. Blank lines are passed over.

    Yields:
        The actions, in order.

    Raises:
        DefinitionError: A line is no action. What stands in it is not shown.
        OSError: The file cannot be read.
    """
    from retention_kit.delivery.written_actions import action_from_dict

    opened = nullcontext(sys.stdin) if str(path) == "-" else path.open(encoding="utf-8")
    with opened as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                written = json.loads(line)
            except ValueError:
                raise DefinitionError(
                    f"Line {number} of {path} is no JSON. Allowed: an action in each line, as "
                    "action_to_dict writes it. Next step: mend the line."
                ) from None
            if not isinstance(written, dict):
                raise DefinitionError(
                    f"Line {number} of {path} is a {type(written).__name__}, not an action. Next "
                    "step: mend the line."
                )
            try:
                yield action_from_dict(written)
            except DefinitionError as error:
                raise DefinitionError(
                    f"Line {number} of {path}: {error}", parameter=error.parameter
                ) from None
