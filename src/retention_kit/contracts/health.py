"""What the door read, accepted and rejected: counts, never rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl

from retention_kit.contracts.rules import meaning


@dataclass(frozen=True, slots=True)
class TableHealth:
    """What became of the rows of one table: `accepted + sum(rejected.values()) == read`.

    Attributes:
        table: The table.
        read: Rows read.
        accepted: Rows that went in, guests' included.
        rejected: Rows that did not, by the first rule each broke.
        guests: Accepted rows that belong to no known customer.
        notes: Further counts of accepted rows, by name: returns, cancelled and open orders,
            duplicate lines that were kept; and of what was cut from a file before it was read:
            title, total, blank, footer and group rows.
    """

    table: str
    read: int
    accepted: int
    rejected: Mapping[str, int] = field(default_factory=dict)
    guests: int = 0
    notes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DataHealth:
    """What became of all rows that came to the door.

    Attributes:
        tables: By table, what became of its rows.
        warnings: What asks for a look, in sentences.
        heavy_customers: Customers who hold more than 1% of all sales; they may be shared ids.
    """

    tables: Mapping[str, TableHealth]
    warnings: tuple[str, ...] = ()
    heavy_customers: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))

    def to_frame(self) -> pl.DataFrame:
        """Give the counts as a table.

        Returns:
            One row per table and count, shape `(n, 4)`: `table`, `outcome` (`read`, `accepted`,
            `guests`, `rejected` or `note`), `rule` (of a rejected row or a note, else null),
            `meaning`, `rows` (`Int64`).
        """
        rows: list[tuple[str, str, str | None, str | None, int]] = []
        for name, table in self.tables.items():
            rows.append((name, "read", None, "rows read", table.read))
            rows.append((name, "accepted", None, "rows that went in", table.accepted))
            if table.guests:
                rows.append((name, "guests", None, "of them of no known customer", table.guests))
            rows.extend(
                (name, "rejected", rule, meaning(rule), count)
                for rule, count in table.rejected.items()
            )
            rows.extend(
                (name, "note", note, note.replace("_", " "), count)
                for note, count in table.notes.items()
            )
        return pl.DataFrame(
            rows,
            schema={
                "table": pl.String,
                "outcome": pl.String,
                "rule": pl.String,
                "meaning": pl.String,
                "rows": pl.Int64,
            },
            orient="row",
        )
