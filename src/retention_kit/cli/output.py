"""What the command leaves behind: files, the report on stdout, and words on stderr."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from retention_kit.errors import (
    DataError,
    DataWarning,
    DefinitionError,
    MissingDependencyError,
)

if TYPE_CHECKING:
    from retention_kit.audit.model import Language
    from retention_kit.audit.outputs import Audit
    from retention_kit.contracts.dataset import Dataset

_WIDTH = 110


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the results go.

    Attributes:
        json: The figures as JSON; `-` is stdout.
        html: The report as one page.
        excel: The report as a workbook.
        tables: A folder for every table.
        rejected: A folder for the rejected rows.
        language: Of the report.
        show_contacts: Whether e-mails and telephone numbers are shown whole.
    """

    json: str | None = None
    html: Path | None = None
    excel: Path | None = None
    tables: Path | None = None
    rejected: Path | None = None
    language: Language = "en"
    show_contacts: bool = False


def write_rejected(shop: Dataset, outputs: Outputs) -> None:
    """Write the rejected rows before anything else can fail for the lack of the others."""
    from retention_kit.audit.masking import mask_table
    from retention_kit.audit.report.safe import escape_formulas

    folder = outputs.rejected
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in shop.health.tables.items():
        if table.rejected:
            rows = shop.rejected[name].collect(engine="streaming")
            shown = rows if outputs.show_contacts else mask_table(rows)
            # A spreadsheet tells UTF-8 by the mark at its beginning.
            escape_formulas(shown).write_csv(folder / f"{name}.csv", include_bom=True)


def write_audit(
    result: Audit, outputs: Outputs, tell: Callable[[str], None], say: Callable[[str], None]
) -> None:
    """Write the audit wherever it was asked for, and print it where stdout is free."""
    from retention_kit.audit.terminal import print_audit

    language = outputs.language
    written: list[tuple[Path | None, Callable[..., object]]] = [
        (outputs.html, partial(result.to_html, language=language)),
        (outputs.excel, partial(result.to_excel, language=language)),
        (outputs.tables, partial(result.to_folder, language=language)),
    ]
    for path, write in written:
        if path is not None:
            tell(f"writing {path}")
            write(path)
            say(f"Written: {path}")
    if outputs.json == "-":
        typer.echo(result.to_json())
        return
    if outputs.json is not None:
        Path(outputs.json).write_text(result.to_json() + "\n", encoding="utf-8")
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    print_audit(result, console)


@contextlib.contextmanager
def failing(errors: Console) -> Iterator[None]:
    """Turn what a user can mend into a sentence and an exit code."""
    try:
        yield
    except DefinitionError as error:
        errors.print(f"Error: {error}", style="red", markup=False)
        raise typer.Exit(2) from None
    except (DataError, MissingDependencyError, OSError) as error:
        errors.print(f"Error: {error}", style="red", markup=False)
        raise typer.Exit(1) from None


@contextlib.contextmanager
def saying(errors: Console, *, quiet: bool) -> Iterator[None]:
    """Catch the library's warnings, which the report repeats, and say the others."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        if not issubclass(warning.category, DataWarning) and not quiet:
            errors.print(f"Warning: {warning.message}", style="yellow", markup=False)


@contextlib.contextmanager
def progress(errors: Console, *, quiet: bool) -> Iterator[Any]:
    """Say on stderr what is being done."""
    if quiet:
        yield lambda _: None
    elif errors.is_terminal:
        with errors.status("starting") as status:
            yield lambda stage: status.update(f"{stage} …")
    else:
        yield lambda stage: errors.print(f"{stage} …", markup=False)
