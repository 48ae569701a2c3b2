"""Which rows of a customer a condition looks at: orders, lines, returns or events, by filters."""

from __future__ import annotations

from typing import Any, Literal

import pydantic

from retention_kit.errors import bad_parameter
from retention_kit.smart_segments.definitions.base import Part
from retention_kit.smart_segments.definitions.values import Where

Source = Literal["orders", "order_items", "returns", "returned_items", "events"]
"""`orders` and `order_items` are completed sales and their lines; `returns` and `returned_items`
are completed returns and theirs."""
TABLE_OF: dict[str, str] = {
    "orders": "orders",
    "returns": "orders",
    "order_items": "order_items",
    "returned_items": "order_items",
    "events": "events",
}
"""In which table each source stands."""
INSTANT_OF: dict[str, str] = {
    "orders": "ordered_at",
    "returns": "ordered_at",
    "order_items": "ordered_at",
    "returned_items": "ordered_at",
    "events": "occurred_at",
}
"""Which column says when a row happened."""


class Rows(Part):
    """Rows of one source that match all filters, each on the same row.

    Only completed orders count, and only rows before the instant of observation. A line belongs to
    the instant and the status of its order. A purchase that was returned still counts as bought,
    unless `net`: then a sale does not count of which at least one return, or several together, have
    brought back as much as it was worth, nor a line of which they have brought back as many of the
    product as the order holds.
    A return belongs to the sale that it names (`original_order_id`), else to the sale whose id it
    has, of the same customer; a line of a return to the lines of that sale with its product.

    Attributes:
        source: The source.
        where: Filters, all of which hold on the same row.
        net: Whether what was returned before the instant of observation does not count.
    """

    source: Source = "orders"
    where: tuple[Where, ...] = ()
    net: bool = pydantic.Field(default=False, strict=True)

    @pydantic.model_validator(mode="after")
    def _net_of_sales(self) -> Rows:
        if self.net and self.source not in ("orders", "order_items"):
            raise bad_parameter(
                "net", got=f"True with {self.source!r}", allowed="True with orders and order_items"
            )
        return self

    @property
    def table(self) -> str:
        """The table they stand in."""
        return TABLE_OF[self.source]

    @property
    def instant(self) -> str:
        """The column that says when they happened."""
        return INSTANT_OF[self.source]

    def also(self, *where: Where) -> Any:
        """Give the rows that match further filters too."""
        return self.with_fields(where=(*self.where, *where))
