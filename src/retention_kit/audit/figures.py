"""The key figures of an audit, made from exact counts and sums."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from retention_kit.audit.model import KeyFigure, Unit, View


def key_figures(
    totals: Mapping[str, Any],
    averages: Mapping[str, Any],
    frequency: Mapping[str, Any],
    repeats: Mapping[str, Any],
    guests: Mapping[str, Any],
) -> tuple[KeyFigure, ...]:
    """Put the figures of an audit together.

    Args:
        totals: The row of `order_totals` for known customers.
        averages: The row of `average_order_value` of it.
        frequency: The row of `purchase_frequency` of it.
        repeats: The row of `repeat_purchase_rate`.
        guests: The row of `order_totals` for guests.

    Returns:
        The figures, in the order of a report.
    """
    with_guests = totals["revenue"] + guests["revenue"]
    return (
        _count("customers", totals["customers"], "Customers with at least one sale."),
        _count("orders", totals["orders"], "Sales: completed orders that are no returns."),
        _money("revenue", "sales", totals["revenue"], "Sum of sales to known customers."),
        _quotient(
            "average_order_value",
            "sales",
            averages["average_order_value"],
            totals["revenue"],
            totals["orders"],
            "Revenue / orders.",
        ),
        _quotient(
            "first_average_order_value",
            "sales",
            averages["first_average_order_value"],
            totals["first_revenue"],
            totals["first_orders"],
            "Revenue of customers' first orders / their number.",
        ),
        _quotient(
            "repeat_average_order_value",
            "sales",
            averages["repeat_average_order_value"],
            totals["repeat_revenue"],
            totals["repeat_orders"],
            "Revenue of all later orders / their number.",
        ),
        _quotient(
            "repeat_purchase_rate",
            "sales",
            repeats["repeat_purchase_rate"],
            repeats["repeat_customers"],
            repeats["customers"],
            "Customers with at least two orders / customers. Who came last has had the least time "
            "to come back.",
            unit="share",
        ),
        _quotient(
            "purchase_frequency",
            "sales",
            frequency["purchase_frequency"],
            totals["orders"],
            totals["customers"],
            "Orders / customers, over the whole of the data.",
            unit="ratio",
        ),
        _quotient(
            "share_of_repeat_sales",
            "sales",
            _divide(totals["repeat_revenue"], totals["revenue"]),
            totals["repeat_revenue"],
            totals["revenue"],
            "Revenue of repeat orders / revenue.",
            unit="share",
        ),
        KeyFigure(
            "returns",
            "net",
            totals["returns"],
            "orders",
            "Completed returns of known customers, booked when they happened.",
        ),
        _money(
            "revenue",
            "net",
            totals["net_revenue"],
            "Sum of sales and returns of known customers, of those who only returned as well.",
        ),
        _quotient(
            "average_order_value",
            "net",
            averages["average_order_value_net"],
            totals["net_revenue"],
            totals["orders"],
            "Net revenue / orders.",
        ),
        KeyFigure(
            "return_only_customers",
            "net",
            totals["return_only_customers"],
            "customers",
            "Customers with returns alone; they are in no other count.",
        ),
        _money(
            "revenue",
            "with_guests",
            with_guests,
            "Sum of all sales, those to guests included.",
        ),
    )


def _count(name: str, value: int, definition: str) -> KeyFigure:
    unit: Unit = "customers" if name == "customers" else "orders"
    return KeyFigure(name, "sales", value, unit, definition)


def _money(name: str, view: View, value: Decimal, definition: str) -> KeyFigure:
    return KeyFigure(name, view, value, "money", definition)


def _quotient(
    name: str,
    view: View,
    value: float | None,
    numerator: int | Decimal,
    denominator: int | Decimal,
    definition: str,
    *,
    unit: Unit = "money",
) -> KeyFigure:
    return KeyFigure(name, view, value, unit, definition, numerator, denominator)


def _divide(numerator: Decimal, denominator: Decimal) -> float | None:
    return float(numerator / denominator) if denominator else None
