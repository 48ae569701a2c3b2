"""The commands, as typer sees them: arguments in, one call of the library, words and codes out.

Exit codes: 0 done, 1 the data cannot be used as it is, 2 the command was not called rightly.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import warnings
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from retention_kit.errors import DataError, DataWarning, DefinitionError, bad_parameter

if TYPE_CHECKING:
    from retention_kit.audit.model import Audit
    from retention_kit.contracts.dataset import Dataset

_WIDTH = 110
app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Measure, divide, decide, act and learn: what makes a shop's customers come back.",
)


class Grain(StrEnum):
    """What a row of the file is."""

    ORDERS = "orders"
    LINES = "lines"


class NegativeAmounts(StrEnum):
    """What an order of no stated kind with a negative amount is."""

    REJECT = "reject"
    RETURN = "return"


class DuplicateLines(StrEnum):
    """What becomes of exact copies of lines."""

    KEEP = "keep"
    REJECT = "reject"


@app.callback()
def retention_kit() -> None:
    """Measure, divide, decide, act and learn: what makes a shop's customers come back."""


@app.command()
def audit(
    orders: Annotated[
        str | None,
        typer.Argument(
            metavar="ORDERS",
            help="A Parquet or CSV file, a folder of such files, or a pattern in quotes.",
            show_default=False,
        ),
    ] = None,
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Audit a real shop whose orders come with the library.")
    ] = False,
    customer: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column of customer ids.")
    ] = None,
    order: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column of order ids.")
    ] = None,
    date: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column of order dates or instants.")
    ] = None,
    amount: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column of amounts.")
    ] = None,
    product: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="With lines: the column of product ids.")
    ] = None,
    quantity: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="With lines: the column of quantities.")
    ] = None,
    price: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="With lines: the price of a piece, for the amount."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=COLUMN", help="Any other column, such as status=State."),
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN:WORD=VALUE",
            help="What a word of the file means, such as status:Done=completed.",
        ),
    ] = None,
    grain: Annotated[Grain, typer.Option(help="What a row of the file is.")] = Grain.ORDERS,
    time_zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="The shop's zone, such as Europe/Moscow.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(metavar="CODE", help="The shop's currency, such as RUB.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="Orders at or after it do not count: 2011-12-10, midnight in the shop's zone, or "
            "2011-12-10T18:00.",
        ),
    ] = None,
    date_format: Annotated[
        str | None,
        typer.Option(metavar="FORMAT", help="Of dates in text: '%d.%m.%Y %H:%M', or iso8601."),
    ] = None,
    decimal_mark: Annotated[str, typer.Option(help="In numbers written as text: . or ,")] = ".",
    thousands_mark: Annotated[
        str | None, typer.Option(help="What groups digits in numbers written as text.")
    ] = None,
    separator: Annotated[
        str | None, typer.Option(help="Of a CSV file; by default its header line tells.")
    ] = None,
    guest: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A customer id that stands for nobody in particular."),
    ] = None,
    negative_amounts: Annotated[
        NegativeAmounts, typer.Option(help="What a negative amount of no stated kind is.")
    ] = NegativeAmounts.REJECT,
    duplicate_lines: Annotated[
        DuplicateLines, typer.Option(help="With lines: what becomes of exact copies.")
    ] = DuplicateLines.KEEP,
    ids_as_text: Annotated[
        bool, typer.Option("--ids-as-text", help="Read all ids as text.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail if any row breaks a rule.")
    ] = False,
    json_out: Annotated[
        str | None,
        typer.Option("--json", metavar="OUT", help="Write all figures as JSON; - is stdout."),
    ] = None,
    rejected: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write the rejected rows there, one CSV per table."),
    ] = None,
    show_contacts: Annotated[
        bool, typer.Option("--show-contacts", help="Do not mask e-mails and telephone numbers.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Say nothing on stderr but errors.")
    ] = False,
) -> None:
    """Measure a shop's repeat sales: data health, key figures, cohorts."""
    mapped = {
        "customer_id": customer,
        "order_id": order,
        "ordered_at": date,
        "amount": amount,
        "product_id": product,
        "quantity": quantity,
        "price": price,
    }
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    with _failing(errors), _saying(errors, quiet=quiet):
        columns = {name: foreign for name, foreign in mapped.items() if foreign is not None}
        columns |= _pairs("column", column)
        options: dict[str, Any] = {
            "columns": columns,
            "values": _values(value),
            "time_zone": time_zone,
            "currency": currency,
            "date_format": date_format,
            "decimal_mark": decimal_mark,
            "thousands_mark": thousands_mark,
            "separator": separator,
            "guest_ids": guest or (),
            "negative_amounts": negative_amounts.value,
            "duplicate_lines": duplicate_lines.value,
            "ids_as_text": ids_as_text,
            "strict": strict,
        }
        with _progress(errors, quiet=quiet) as tell:
            tell("reading")
            shop, instant = _shop(orders, demo=demo, grain=grain, as_of=as_of, options=options)
            _write_rejected(shop, rejected, show_contacts=show_contacts)
            from retention_kit.audit.run import audit as run_audit

            result = run_audit(shop, as_of=instant, show_contacts=show_contacts, progress=tell)
        _write(result, json_out)


def _shop(
    orders: str | None, *, demo: bool, grain: Grain, as_of: str | None, options: dict[str, Any]
) -> tuple[Dataset, dt.datetime]:
    if demo == (orders is not None):
        raise DefinitionError(
            "Name a file of orders, or --demo, and not both. "
            "Next step: python -m retention_kit audit --help."
        )
    if demo:
        unused = [name for name, value in options.items() if value != _UNSTATED[name]]
        if unused or grain is not Grain.ORDERS:
            names = ", ".join(unused) or "grain"
            raise DefinitionError(
                f"--demo knows how to read its own shop; it got {names} besides. Allowed with it: "
                "--as-of, --json, --rejected, --show-contacts, --quiet. Next step: leave the rest "
                "out, or name a file instead of --demo."
            )
        from retention_kit.datasets._online_retail import ONLINE_RETAIL_AS_OF, online_retail

        shop = online_retail()
        return shop, ONLINE_RETAIL_AS_OF if as_of is None else _instant(as_of, shop.time_zone)
    if as_of is None:
        raise DefinitionError(
            "The instant of observation is not stated. Next step: --as-of with the day after the "
            "last one that the file covers, such as --as-of 2011-12-10."
        )
    if options["currency"] is None:
        raise DefinitionError("The shop's currency is not stated. Next step: --currency RUB.")
    from retention_kit.contracts.dataset import Dataset

    read = Dataset.from_lines if grain is Grain.LINES else Dataset.scan
    if options["time_zone"] is not None:
        _instant(as_of, options["time_zone"])
    shop = read(str(orders), **options)
    return shop, _instant(as_of, shop.time_zone)


def _instant(text: str, zone: str) -> dt.datetime:
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        raise bad_parameter(
            "--as-of", got=text, allowed="a day or an instant, as 2011-12-10 or 2011-12-10T18:00"
        ) from None
    if instant.tzinfo is not None:
        return instant
    try:
        return instant.replace(tzinfo=ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        raise bad_parameter(
            "--time-zone", got=zone, allowed="a name of the IANA time zone database"
        ) from None


def _write_rejected(shop: Dataset, folder: Path | None, *, show_contacts: bool) -> None:
    """Write the rejected rows before anything else can fail for the lack of the others."""
    from retention_kit.audit.masking import mask_contacts

    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in shop.health.tables.items():
        if table.rejected:
            rows = shop.rejected[name]
            shown = rows if show_contacts else mask_contacts(rows)
            shown.sink_csv(folder / f"{name}.csv")


def _write(result: Audit, json_out: str | None) -> None:
    from retention_kit.audit.terminal import print_audit

    if json_out == "-":
        typer.echo(result.to_json())
        return
    if json_out is not None:
        Path(json_out).write_text(result.to_json() + "\n", encoding="utf-8")
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    print_audit(result, console)


def _pairs(option: str, texts: list[str] | None) -> dict[str, str]:
    pairs = {}
    for text in texts or ():
        name, mark, foreign = text.partition("=")
        if not (name and mark and foreign):
            raise bad_parameter(f"--{option}", got=text, allowed="NAME=COLUMN")
        pairs[name] = foreign
    return pairs


def _values(texts: list[str] | None) -> dict[str, dict[str, str]]:
    values: dict[str, dict[str, str]] = {}
    for text in texts or ():
        column, mark, rest = text.partition(":")
        word, equals, meaning = rest.rpartition("=")
        if not (column and mark and word and equals and meaning):
            raise bad_parameter("--value", got=text, allowed="COLUMN:WORD=VALUE")
        values.setdefault(column, {})[word] = meaning
    return values


_UNSTATED: dict[str, Any] = {
    "columns": {},
    "values": {},
    "time_zone": None,
    "currency": None,
    "date_format": None,
    "decimal_mark": ".",
    "thousands_mark": None,
    "separator": None,
    "guest_ids": (),
    "negative_amounts": "reject",
    "duplicate_lines": "keep",
    "ids_as_text": False,
    "strict": False,
}
"""What the reading options are where the command line does not state them."""


@contextlib.contextmanager
def _failing(errors: Console) -> Iterator[None]:
    """Turn what a user can mend into a sentence and an exit code."""
    try:
        yield
    except DefinitionError as error:
        errors.print(f"Error: {error}", style="red", markup=False)
        raise typer.Exit(2) from None
    except (DataError, OSError) as error:
        errors.print(f"Error: {error}", style="red", markup=False)
        raise typer.Exit(1) from None


@contextlib.contextmanager
def _saying(errors: Console, *, quiet: bool) -> Iterator[None]:
    """Catch the library's warnings, which the report repeats, and say the others."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        if not issubclass(warning.category, DataWarning) and not quiet:
            errors.print(f"Warning: {warning.message}", style="yellow", markup=False)


@contextlib.contextmanager
def _progress(errors: Console, *, quiet: bool) -> Iterator[Any]:
    """Say on stderr what is being done."""
    if quiet:
        yield lambda _: None
    elif errors.is_terminal:
        with errors.status("starting") as status:
            yield lambda stage: status.update(f"{stage} …")
    else:
        yield lambda stage: errors.print(f"{stage} …", markup=False)
