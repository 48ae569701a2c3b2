"""The commands, as typer sees them: arguments in, one call of the library, words and codes out.

Exit codes: 0 done, 1 the data cannot be used as it is, 2 the command was not called rightly.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from retention_kit.cli.deliver import deliver
from retention_kit.cli.options import (
    DuplicateLines,
    Grain,
    Language,
    NegativeAmounts,
    PositiveReturns,
    System,
)
from retention_kit.cli.output import (
    Outputs,
    failing,
    progress,
    saying,
    write_audit,
    write_rejected,
)
from retention_kit.cli.plugins import app as plugins_app
from retention_kit.cli.settings import Settings, combine, pairs, words
from retention_kit.errors import DefinitionError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Measure, divide, decide, act and learn: what makes a shop's customers come back.",
)
"""The command line, `retention-kit` or `python -m retention_kit`."""
app.command()(deliver)
app.add_typer(plugins_app, name="plugins")

_FILES, _COLUMNS, _READING, _OUT = "Files", "Columns", "How they are read", "What is written"


def _option(panel: str, metavar: str | None, text: str, *names: str) -> Any:
    return typer.Option(*names, metavar=metavar, help=text, rich_help_panel=panel)


def _flag(panel: str, name: str, text: str) -> Any:
    return typer.Option(name, help=text, rich_help_panel=panel)


@app.callback()
def retention_kit() -> None:
    """Measure, divide, decide, act and learn: what makes a shop's customers come back."""


@app.command()
def audit(
    orders: Annotated[
        str | None,
        typer.Argument(
            metavar="ORDERS",
            help="An Excel, CSV or Parquet file, a folder of such files, or a pattern in quotes.",
            show_default=False,
        ),
    ] = None,
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Audit a real shop whose orders come with the library.")
    ] = False,
    init: Annotated[
        bool,
        typer.Option(
            "--init",
            help="Audit nothing; write how the files would be read as TOML, to edit and to pass "
            "back with --config: on stdout, or into the new file that --config names.",
        ),
    ] = False,
    config: Annotated[
        Path | None, _option(_FILES, "FILE", "A file of settings; flags go before what it says.")
    ] = None,
    items: Annotated[str | None, _option(_FILES, "FILE", "The lines of the orders.")] = None,
    customers: Annotated[str | None, _option(_FILES, "FILE", "The customers.")] = None,
    events: Annotated[str | None, _option(_FILES, "FILE", "What customers did.")] = None,
    costs: Annotated[str | None, _option(_FILES, "FILE", "What was spent on customers.")] = None,
    preset: Annotated[
        System | None, _option(_FILES, None, "The system that wrote the files.")
    ] = None,
    sheet: Annotated[
        str | None, _option(_FILES, "NAME", "The sheet of the orders' workbook.")
    ] = None,
    encoding: Annotated[
        str | None, _option(_FILES, "NAME", "Of the orders' text file; its bytes tell by default.")
    ] = None,
    separator: Annotated[
        str | None, _option(_FILES, None, "Of a CSV file; by default its header line tells.")
    ] = None,
    customer: Annotated[
        str | None, _option(_COLUMNS, "COLUMN", "The column of customer ids.")
    ] = None,
    order: Annotated[str | None, _option(_COLUMNS, "COLUMN", "The column of order ids.")] = None,
    date: Annotated[
        str | None, _option(_COLUMNS, "COLUMN", "The column of order dates or instants.")
    ] = None,
    amount: Annotated[str | None, _option(_COLUMNS, "COLUMN", "The column of amounts.")] = None,
    product: Annotated[
        str | None, _option(_COLUMNS, "COLUMN", "With lines: the column of product ids.")
    ] = None,
    quantity: Annotated[
        str | None, _option(_COLUMNS, "COLUMN", "With lines: the column of quantities.")
    ] = None,
    price: Annotated[
        str | None, _option(_COLUMNS, "COLUMN", "With lines: the price of a piece, for the amount.")
    ] = None,
    column: Annotated[
        list[str] | None,
        _option(
            _COLUMNS,
            "NAME=COLUMN",
            "Any other column, such as status=State, or costs.month=Month for one table.",
        ),
    ] = None,
    value: Annotated[
        list[str] | None,
        _option(
            _COLUMNS,
            "COLUMN:WORD=VALUE",
            "What a word of the file means, such as status:Done=completed.",
        ),
    ] = None,
    grain: Annotated[
        Grain | None, _option(_READING, None, "What a row of the file is; orders by default.")
    ] = None,
    time_zone: Annotated[
        str | None, _option(_READING, "ZONE", "The shop's zone, such as Europe/Moscow.")
    ] = None,
    currency: Annotated[
        str | None, _option(_READING, "CODE", "The shop's currency, such as RUB.")
    ] = None,
    as_of: Annotated[
        str | None,
        _option(
            _READING,
            "WHEN",
            "Orders at or after it do not count: 2011-12-10, midnight in the shop's zone, or "
            "2011-12-10T18:00.",
        ),
    ] = None,
    date_format: Annotated[
        str | None,
        _option(_READING, "FORMAT", "Of dates in text: '%d.%m.%Y %H:%M', or iso8601."),
    ] = None,
    decimal_mark: Annotated[
        str | None, _option(_READING, None, "In numbers written as text: . or ,")
    ] = None,
    thousands_mark: Annotated[
        str | None, _option(_READING, None, "What groups digits in numbers written as text.")
    ] = None,
    guest: Annotated[
        list[str] | None,
        _option(_READING, "ID", "A customer id that stands for nobody in particular."),
    ] = None,
    negative_amounts: Annotated[
        NegativeAmounts | None,
        _option(_READING, None, "What a negative amount of no stated kind is."),
    ] = None,
    positive_returns: Annotated[
        PositiveReturns | None,
        _option(_READING, None, "What becomes of a return with a positive amount."),
    ] = None,
    duplicate_lines: Annotated[
        DuplicateLines | None,
        _option(_READING, None, "With lines: what becomes of exact copies."),
    ] = None,
    ids_as_text: Annotated[bool, _flag(_READING, "--ids-as-text", "Read all ids as text.")] = False,
    strict: Annotated[bool, _flag(_READING, "--strict", "Fail if any row breaks a rule.")] = False,
    gap_days: Annotated[
        float | None,
        _option(_OUT, "DAYS", "The usual time between two orders; by default the shop's own."),
    ] = None,
    active_within: Annotated[
        str | None,
        _option(_OUT, "TIME", "How long after an order one is a customer, such as 90d or 6mo."),
    ] = None,
    language: Annotated[Language | None, _option(_OUT, None, "Of the report.")] = None,
    html: Annotated[Path | None, _option(_OUT, "OUT", "Write the report as a page.")] = None,
    excel: Annotated[Path | None, _option(_OUT, "OUT", "Write the report as a workbook.")] = None,
    tables: Annotated[
        Path | None, _option(_OUT, "FOLDER", "Write every table of the report there.")
    ] = None,
    json_out: Annotated[
        str | None, _option(_OUT, "OUT", "Write all figures as JSON; - is stdout.", "--json")
    ] = None,
    rejected: Annotated[
        Path | None, _option(_OUT, "FOLDER", "Write the rejected rows there, one CSV per table.")
    ] = None,
    show_contacts: Annotated[
        bool, _flag(_OUT, "--show-contacts", "Do not mask e-mails and telephone numbers.")
    ] = False,
    quiet: Annotated[bool, _flag(_OUT, "--quiet", "Say nothing on stderr but errors.")] = False,
) -> None:
    """Measure a shop's repeat sales: data health, key figures, cohorts."""
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    named = {
        "customer_id": customer,
        "order_id": order,
        "ordered_at": date,
        "amount": amount,
        "product_id": product,
        "quantity": quantity,
        "price": price,
    }
    with failing(errors), saying(errors, quiet=quiet):
        flags = {
            "orders": orders,
            "items": items,
            "customers": customers,
            "events": events,
            "costs": costs,
            "preset": preset,
            "sheet": sheet,
            "encoding": encoding,
            "separator": separator,
            "columns": {name: one for name, one in named.items() if one} | pairs("column", column),
            "values": words(value),
            "grain": grain,
            "time_zone": time_zone,
            "currency": currency,
            "as_of": as_of,
            "date_format": date_format,
            "decimal_mark": decimal_mark,
            "thousands_mark": thousands_mark,
            "guest_ids": guest,
            "negative_amounts": negative_amounts,
            "positive_returns": positive_returns,
            "duplicate_lines": duplicate_lines,
            "ids_as_text": ids_as_text,
            "strict": strict,
            "gap_days": gap_days,
            "active_within": active_within,
            "language": language,
            "show_contacts": show_contacts,
        }
        settings = combine(flags, None if init else config, demo=demo)
        if init:
            _write_settings(settings, config)
            return
        outputs = Outputs(
            json=json_out,
            html=html,
            excel=excel,
            tables=tables,
            rejected=rejected,
            language=settings.stated.get("language", "en"),
            show_contacts=settings.stated.get("show_contacts", False),
        )
        _run(settings, outputs, errors, quiet=quiet)


def _run(settings: Settings, outputs: Outputs, errors: Console, *, quiet: bool) -> None:
    """Make the audit that the settings describe, and write it."""
    from retention_kit.cli.shop import open_shop

    def say(sentence: str) -> None:
        if not quiet:
            errors.print(sentence, markup=False)

    with progress(errors, quiet=quiet) as tell:
        tell("reading")
        shop, as_of = open_shop(settings, say)
        write_rejected(shop, outputs)
        from retention_kit.audit.run import audit as run_audit

        # What was not stated has the library's own defaults.
        how = {name: settings.stated[name] for name in _HOW if name in settings.stated}
        result = run_audit(
            shop, as_of=as_of, show_contacts=outputs.show_contacts, progress=tell, **how
        )
        write_audit(result, outputs, tell, say)


_HOW = ("gap_days", "active_within")


def _write_settings(settings: Settings, out: Path | None) -> None:
    from retention_kit.cli.draft import draft

    if out is not None and out.exists():
        raise DefinitionError(
            f"{str(out)!r} is there already, and may have been edited. Next step: name another "
            "file, or remove it.",
            parameter="--config",
        )
    text = draft(settings, out)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
