"""An audit as a short text for a terminal."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from retention_kit.audit.model import Findings, KeyFigure

_VIEWS = {"sales": "sales", "net": "net of returns", "with_guests": "with guests"}
_PERIODS = 12


def print_audit(audit: Findings, console: Console) -> None:
    """Print the key figures, the cohorts and the data health of an audit."""
    console.print(render(audit))


def render(audit: Findings) -> Group:
    """Make what `print_audit` prints."""
    heading = Text(
        f"Repeat sales as of {audit.as_of:%Y-%m-%d %H:%M} {audit.time_zone} "
        f"(orders from {audit.data_from:%Y-%m-%d} to {audit.data_to:%Y-%m-%d}, "
        f"money in {audit.currency})",
        style="bold",
    )
    parts: list[Text | Table] = [heading, _figures(audit), _cohorts(audit), _health(audit)]
    parts.extend(Text(f"Note: {sentence}", style="yellow") for sentence in audit.warnings)
    return Group(*parts)


def _figures(audit: Findings) -> Table:
    table = _table("Key figures")
    table.add_column("figure", no_wrap=True)
    table.add_column("view", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("what it is")
    for figure in audit.key_figures:
        table.add_row(
            figure.name.replace("_", " "),
            _VIEWS[figure.view],
            format_value(figure),
            figure.definition,
        )
    return table


def _cohorts(audit: Findings) -> Table:
    frame = audit.tables["cohorts"]
    table = _table("Cohorts: share of a month's new customers who bought k months later, in %")
    table.add_column("first order", no_wrap=True)
    table.add_column("customers", justify="right", no_wrap=True)
    deepest = frame["period"].max() if frame.height else None
    periods = range(1, min(int(str(deepest or 0)), _PERIODS) + 1)
    for period in periods:
        table.add_column(str(period), justify="right", no_wrap=True)
    for key, part in frame.group_by("cohort", maintain_order=True):
        by_period = {row["period"]: row for row in part.to_dicts()}
        cells = [_share(by_period.get(period)) for period in periods]
        table.add_row(f"{key[0]:%Y-%m}", f"{by_period[0]['customers']:,}", *cells)
    if not frame.filter(~pl.col("is_complete")).is_empty():
        table.caption = "* a month that the data does not cover whole"
    return table


def _share(row: dict[str, object] | None) -> str:
    if row is None or row["retained_in_period"] is None:
        return ""
    share = f"{100 * float(str(row['retained_in_period'])):.0f}"
    return share if row["is_complete"] else f"{share}*"


def _health(audit: Findings) -> Table:
    table = _table("Data health")
    table.add_column("table", no_wrap=True)
    for name in ("read", "accepted", "rejected", "guests"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("by rule, and notes")
    for name, health in audit.health.tables.items():
        counts = {**health.rejected, **health.notes}
        table.add_row(
            name,
            f"{health.read:,}",
            f"{health.accepted:,}",
            f"{sum(health.rejected.values()):,}",
            f"{health.guests:,}",
            ", ".join(f"{rule.replace('_', ' ')} {rows:,}" for rule, rows in counts.items()),
        )
    return table


def format_value(figure: KeyFigure) -> str:
    """Write a figure's value for a person.

    Examples:
        >>> format_value(KeyFigure("repeat_purchase_rate", "sales", 0.6558, "share", ""))
        '65.6%'
    """
    value = figure.value
    if value is None:
        return "–"
    match figure.unit:
        case "share":
            return f"{float(value):.1%}"
        case "money":
            return f"{Decimal(str(value)):,.2f}"
        case "ratio":
            return f"{float(value):.2f}"
        case "days" | "months":
            return f"{float(value):.1f}"
        case _:
            return f"{value:,}"


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
