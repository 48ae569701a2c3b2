"""What asks for a look in an audit, as codes with numbers, and as English sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from retention_kit.audit.bounds import Bounds
from retention_kit.audit.model import Note
from retention_kit.contracts.dataset import Dataset

_REJECTED_FROM = 0.01

SENTENCES: Mapping[str, str] = {
    "heavy_customers": "{customers:,} customer(s) hold more than 1% of all sales each.",
    "rejected_rows": "{rows:,} of {read:,} rows of table {table!r} were rejected.",
    "later_orders": "{orders:,} orders at or after as_of do not count.",
    "no_sales": "No sale to a known customer lies before as_of: averages and shares have no value.",
    "section_failed": "The section {section} of the report failed with a {error}: it is left out.",
    "guests": "{orders:,} orders of guests are in no customer's figures.",
}
"""The English sentence of each code."""


def notes_of(dataset: Dataset, bounds: Bounds, totals: Mapping[str, Any]) -> tuple[Note, ...]:
    """Gather what asks for a look.

    Args:
        dataset: The shop's tables.
        bounds: What orders there are.
        totals: The row of `order_totals`.
    """
    return tuple(_notes(dataset, bounds, totals))


def sentence(note: Note) -> str:
    """Say a note in English."""
    return SENTENCES[note.code].format(**note.values)


def _notes(dataset: Dataset, bounds: Bounds, totals: Mapping[str, Any]) -> Iterator[Note]:
    health = dataset.health
    if health.heavy_customers:
        yield Note("heavy_customers", {"customers": health.heavy_customers}, is_new=False)
    for name, table in health.tables.items():
        rows = sum(table.rejected.values())
        if rows > table.read * _REJECTED_FROM:
            share = rows / table.read
            yield Note(
                "rejected_rows",
                {"table": name, "rows": rows, "read": table.read, "share": share},
                is_new=False,
            )
    if bounds.later:
        yield Note("later_orders", {"orders": bounds.later})
    if not totals["orders"]:
        yield Note("no_sales", {})
    if "orders" in health.tables and health.tables["orders"].guests:
        yield Note("guests", {"orders": health.tables["orders"].guests})
