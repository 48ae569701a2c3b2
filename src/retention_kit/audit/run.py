"""From a dataset to an audit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import polars as pl

from retention_kit._logging import get_logger
from retention_kit.audit.figures import key_figures
from retention_kit.audit.masking import mask_contacts
from retention_kit.audit.model import Audit, KeyFigure
from retention_kit.contracts.dataset import Dataset
from retention_kit.contracts.law import report
from retention_kit.errors import DataError, DefinitionError, bad_parameter
from retention_kit.metrics.cohorts import cohort_retention, cohort_totals
from retention_kit.metrics.observed import in_zone, observed
from retention_kit.metrics.orders import average_order_value, order_totals, purchase_frequency
from retention_kit.metrics.repeat_purchases import repeat_purchase_rate, repeat_purchase_totals

logger = get_logger(__name__)

STAGES = ("order values", "repeat purchases", "cohorts", "guests", "data health")
"""What an audit does, in order; `progress` is told of each as it begins."""
REJECTED_SHOWN = 1_000
"""How many rejected rows of a table an audit holds."""


@report
def audit(
    dataset: Dataset,
    *,
    as_of: dt.datetime,
    show_contacts: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Audit:
    """Measure a shop's repeat sales at one instant.

    Args:
        dataset: The shop's tables.
        as_of: Observation instant, exclusive, with a time zone. Orders at or after it do not
            exist; it is never guessed.
        show_contacts: Whether e-mail addresses and telephone numbers among rejected rows are
            shown whole.
        progress: Called with the name of each stage as it begins.

    Returns:
        Data health, key figures with their denominators, and monthly cohorts, for the sales view
        (completed sales to known customers), net of returns, and with guests.

    Raises:
        DefinitionError: `as_of` has no time zone, or lies before the first order.
        DataError: No order was accepted.

    Examples:
        >>> from retention_kit.datasets import make_dataset
        >>> shop = make_dataset(customers=200, seed=1, tables=("orders",))
        >>> last = shop.orders.select(pl.col("ordered_at").max()).collect().item()
        >>> result = audit(shop, as_of=last)
        >>> result.figure("customers").value <= 200
        True
    """
    if not isinstance(dataset, Dataset):
        raise DefinitionError(
            f"audit got a {type(dataset).__name__}. Allowed: a Dataset. Next step: "
            "Dataset.from_frames(orders=…), and audit that.",
            parameter="dataset",
        )
    as_of = in_zone(as_of, dataset.time_zone)
    tell = progress or (lambda _: None)
    bounds = _bounds(dataset, as_of)

    tell(STAGES[0])
    totals = _collect(order_totals(dataset.orders, as_of=as_of))
    averages = _row(average_order_value(totals))
    frequency = _row(purchase_frequency(totals))
    tell(STAGES[1])
    repeats = _row(
        repeat_purchase_rate(_collect(repeat_purchase_totals(dataset.orders, as_of=as_of)))
    )
    tell(STAGES[2])
    cohorts = cohort_retention(
        _collect(cohort_totals(dataset.orders, as_of=as_of)),
        as_of=as_of,
        time_zone=dataset.time_zone,
        data_from=bounds["first"].date(),
    )
    tell(STAGES[3])
    guests = _row(_collect(order_totals(dataset.guest_orders, as_of=as_of)))
    figures = key_figures(_row(totals), averages, frequency, repeats, guests)
    tell(STAGES[4])
    notes = _warnings(dataset, bounds, _row(totals))
    logger.info("audit as of %s: %d key figures", as_of.isoformat(), len(figures))
    return Audit(
        as_of=as_of,
        data_from=bounds["first"],
        data_to=bounds["last"],
        time_zone=dataset.time_zone,
        currency=dataset.currency,
        health=dataset.health,
        key_figures=figures,
        tables={
            "key_figures": _figure_table(figures),
            "views": _views(dataset, as_of, _row(totals), guests),
            "cohorts": cohorts,
            "data_health": dataset.health.to_frame(),
            **_rejected(dataset, show_contacts=show_contacts),
        },
        warnings=(*dataset.health.warnings, *notes),
    )


def _bounds(dataset: Dataset, as_of: dt.datetime) -> dict[str, Any]:
    at = pl.col("ordered_at")
    every = pl.concat([dataset.orders.select(at), dataset.guest_orders.select(at)])
    bounds = _row(
        _collect(
            every.select(
                at.min().alias("first"),
                at.filter(at < as_of).max().alias("last"),
                (at >= as_of).sum().alias("later"),
            )
        )
    )
    if bounds["first"] is None:
        read = dataset.health.tables.get("orders")
        rejected = (
            ", ".join(f"{rule} {rows:,}" for rule, rows in read.rejected.items()) if read else ""
        )
        raise DataError(
            f"There is no order to audit: {read.read if read else 0:,} rows were read, none was "
            f"accepted{f' ({rejected})' if rejected else ''}. Next step: look at "
            "dataset.rejected['orders'], or check that the file is the right one."
        )
    if bounds["last"] is None:
        raise bad_parameter(
            "as_of",
            got=as_of.isoformat(),
            allowed=f"an instant after the first order, {bounds['first'].isoformat()}",
            step="orders at or after as_of do not count; name the day after the last one.",
        )
    return bounds


def _warnings(dataset: Dataset, bounds: dict[str, Any], totals: dict[str, Any]) -> list[str]:
    notes = []
    if bounds["later"]:
        notes.append(f"{bounds['later']:,} orders at or after as_of do not count.")
    if not totals["orders"]:
        notes.append(
            "No sale to a known customer lies before as_of: averages and shares have no value."
        )
    guests = dataset.health.tables["orders"].guests if "orders" in dataset.health.tables else 0
    if guests:
        notes.append(f"{guests:,} orders of guests are in no customer's figures.")
    return notes


def _views(
    dataset: Dataset, as_of: dt.datetime, totals: dict[str, Any], guests: dict[str, Any]
) -> pl.DataFrame:
    """Say which rows each view counts."""
    known, others = (
        observed(dataset.orders, as_of=as_of),
        observed(dataset.guest_orders, as_of=as_of),
    )
    sale = pl.col("kind") == "sale"
    items, guest_items = dataset.order_items, dataset.guest_order_items
    sold = _lines(dataset, items, known.filter(sale))
    returned = _lines(dataset, items, known.filter(~sale))
    to_guests = _lines(dataset, guest_items, others.filter(sale))
    rows = [
        (
            "sales",
            "completed sales to known customers",
            totals["orders"],
            0,
            sold,
            totals["revenue"],
        ),
        (
            "net",
            "the same, and completed returns of known customers",
            totals["orders"],
            totals["returns"],
            _sum(sold, returned),
            totals["net_revenue"],
        ),
        (
            "with_guests",
            "completed sales, those to guests included",
            totals["orders"] + guests["orders"],
            0,
            _sum(sold, to_guests),
            totals["revenue"] + guests["revenue"],
        ),
    ]
    return pl.DataFrame(
        rows,
        schema={
            "view": pl.String,
            "counts": pl.String,
            "orders": pl.Int64,
            "returns": pl.Int64,
            "order_items": pl.Int64,
            "revenue": pl.Decimal(38, 4),
        },
        orient="row",
    )


def _lines(dataset: Dataset, items: pl.LazyFrame, orders: pl.LazyFrame) -> int | None:
    """Count the lines of orders, or give None where no lines were given."""
    if "order_items" not in dataset.given:
        return None
    keys = orders.select("order_id", "kind")
    return int(
        _collect(items.join(keys, on=["order_id", "kind"], how="semi").select(pl.len())).item()
    )


def _sum(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left + right


def _rejected(dataset: Dataset, *, show_contacts: bool) -> dict[str, pl.DataFrame]:
    tables = {}
    for name, table in dataset.health.tables.items():
        if table.rejected:
            rows = dataset.rejected[name].head(REJECTED_SHOWN)
            tables[f"rejected_{name}"] = _collect(rows if show_contacts else mask_contacts(rows))
    return tables


def _figure_table(figures: tuple[KeyFigure, ...]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (
                figure.name,
                figure.view,
                None if figure.value is None else float(figure.value),
                figure.unit,
                None if figure.numerator is None else float(figure.numerator),
                None if figure.denominator is None else float(figure.denominator),
                figure.definition,
            )
            for figure in figures
        ],
        schema={
            "name": pl.String,
            "view": pl.String,
            "value": pl.Float64,
            "unit": pl.String,
            "numerator": pl.Float64,
            "denominator": pl.Float64,
            "definition": pl.String,
        },
        orient="row",
    )


def _collect(frame: pl.LazyFrame) -> pl.DataFrame:
    return frame.collect(engine="streaming")


def _row(frame: pl.DataFrame) -> dict[str, Any]:
    return frame.row(0, named=True)
