"""The key figures of an audit, made from exact counts and sums."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from retention_kit.audit.model import Benchmark, KeyFigure, Unit, View

Row = Mapping[str, Any]
Intervals = Mapping[str, tuple[float | None, float | None]]

BENCHMARKS: Mapping[str, Benchmark] = {
    "repeat_purchase_rate": Benchmark(
        0.20,
        0.40,
        "ROI Advisers (2020), E-Commerce Repeat Purchase Rate",
        "Most studies of online shops give a share in this range; goods that run out lie above it, "
        "furniture and electronics below.",
    ),
    "share_of_repeat_sales": Benchmark(
        0.47,
        0.69,
        "Metrilo, Revenue from Returning Customers",
        "The range over ten branches of online shops that work on retention; their average is 60%.",
    ),
    "ltv_to_cac": Benchmark(
        3.0,
        None,
        "Skok (2010), SaaS Metrics 2.0",
        "From three times the cost of acquisition on; it was said of subscriptions.",
    ),
    "payback_months": Benchmark(
        0.0,
        12.0,
        "Skok (2010), SaaS Metrics 2.0",
        "Within a year; it was said of subscriptions.",
    ),
}
"""What the field calls usual or good, by figure, where a source can be named.

Retention has none: the 90–95% that is often called good belongs to customers under contract.
"""


def key_figures(facts: Mapping[str, Row], intervals: Intervals) -> tuple[KeyFigure, ...]:
    """Put the figures of an audit together.

    Args:
        facts: Single rows by name: `totals` and `guests` (of `order_totals`), `averages`,
            `frequency`, `repeats`, `values` (of `value_totals`), and, where there are such,
            `retention` (of the last whole period), `buyers` (the repeat ones), `gaps`, `again` (of
            the curve of the next purchase, at `AGAIN_DAYS`) and `economics`.
        intervals: The intervals of figures, by the names that the metrics give them.

    Returns:
        The figures, in the order of a report.
    """
    return (*_sales(facts, intervals), *_behaviour(facts, intervals), *_net(facts, intervals))


AGAIN_DAYS = 90
"""Within how many days of the first purchase `bought_again_within_90_days` looks for a second."""


def _sales(facts: Mapping[str, Row], intervals: Intervals) -> tuple[KeyFigure, ...]:
    totals, averages, repeats = facts["totals"], facts["averages"], facts["repeats"]
    return (
        _plain("customers", "sales", totals["customers"], "customers"),
        _plain("orders", "sales", totals["orders"], "orders"),
        _plain("revenue", "sales", totals["revenue"], "money"),
        _quotient(
            "average_order_value", averages, (totals["revenue"], totals["orders"]), intervals
        ),
        _quotient(
            "first_average_order_value",
            averages,
            (totals["first_revenue"], totals["first_orders"]),
            intervals,
        ),
        _quotient(
            "repeat_average_order_value",
            averages,
            (totals["repeat_revenue"], totals["repeat_orders"]),
            intervals,
        ),
        _quotient(
            "repeat_purchase_rate",
            repeats,
            (repeats["repeat_customers"], repeats["customers"]),
            intervals,
            unit="share",
        ),
        _quotient(
            "purchase_frequency",
            facts["frequency"],
            (totals["orders"], totals["customers"]),
            intervals,
            unit="ratio",
        ),
        _quotient(
            "share_of_repeat_sales",
            {"share_of_repeat_sales": _divide(totals["repeat_revenue"], totals["revenue"])},
            (totals["repeat_revenue"], totals["revenue"]),
            intervals,
            unit="share",
        ),
    )


def _behaviour(facts: Mapping[str, Row], intervals: Intervals) -> tuple[KeyFigure, ...]:
    found: list[KeyFigure] = []
    totals = facts["totals"]
    if "buyers" in facts:
        row = facts["buyers"]
        values = {"share_of_repeat_buyers": row["share_of_revenue"]}
        parts = (row["revenue"], totals["revenue"])
        found.append(_quotient("share_of_repeat_buyers", values, parts, intervals, unit="share"))
    if "retention" in facts:
        row = facts["retention"]
        kept, start = row["retained"], row["start_customers"]
        for name, above in (("customer_retention_rate", kept), ("churn_rate", start - kept)):
            ends = {name: (row[f"{name}_low"], row[f"{name}_high"])}
            found.append(_quotient(name, row, (above, start), ends, unit="share"))
    if "again" in facts:
        row = facts["again"]
        found.append(
            KeyFigure(
                f"bought_again_within_{AGAIN_DAYS}_days",
                "sales",
                row["share_bought_again"],
                "share",
                definition(f"bought_again_within_{AGAIN_DAYS}_days"),
                low=row["share_low"],
                high=row["share_high"],
            )
        )
    if "gaps" in facts:
        days = facts["gaps"]["median_of_customer_medians_days"]
        found.append(_plain("median_days_between_purchases", "sales", days, "days"))
    return tuple(found)


def _net(facts: Mapping[str, Row], intervals: Intervals) -> tuple[KeyFigure, ...]:
    totals, averages, guests = facts["totals"], facts["averages"], facts["guests"]
    economics, worth = facts.get("economics", {}), facts["values"]
    value = _divide(worth["net_revenue"], worth["customers"])
    found = [
        _quotient(
            "lifetime_value",
            {"lifetime_value": value},
            (worth["net_revenue"], worth["customers"]),
            {"lifetime_value": intervals.get("net_revenue_per_customer", (None, None))},
            view="net",
        )
    ]
    units: tuple[tuple[str, Unit], ...] = (
        ("customer_acquisition_cost", "money"),
        ("ltv_to_cac", "ratio"),
        ("payback_months", "months"),
    )
    for name, unit in units if economics else ():
        parts = economics.get(f"{name}_parts")
        found.append(
            _quotient(name, economics, parts, intervals, unit=unit, view="net")
            if parts
            else _plain(name, "net", economics[name], unit)
        )
    return (
        *found,
        _plain("returns", "net", totals["returns"], "orders"),
        _plain("revenue", "net", totals["net_revenue"], "money"),
        _quotient(
            "average_order_value",
            {"average_order_value": averages["average_order_value_net"]},
            (totals["net_revenue"], totals["orders"]),
            {"average_order_value": intervals.get("average_order_value_net", (None, None))},
            view="net",
        ),
        _plain("return_only_customers", "net", totals["return_only_customers"], "customers"),
        _plain("revenue", "with_guests", totals["revenue"] + guests["revenue"], "money"),
    )


def definition(name: str, view: View = "sales") -> str:
    """Give the sentence that says what a figure means."""
    return DEFINITIONS[name if view == "sales" else f"{name}_{view}"]


DEFINITIONS: Mapping[str, str] = {
    "customers": "Customers with at least one sale.",
    "orders": "Sales: completed orders that are no returns.",
    "revenue": "Sum of sales to known customers.",
    "average_order_value": "Revenue / orders.",
    "first_average_order_value": "Revenue of customers' first orders / their number.",
    "repeat_average_order_value": "Revenue of all later orders / their number.",
    "repeat_purchase_rate": "Customers with at least two orders / customers. Who came last has had "
    "the least time to come back.",
    "purchase_frequency": "Orders / customers, over the whole of the data.",
    "share_of_repeat_sales": "Revenue of repeat orders / revenue.",
    "share_of_repeat_buyers": "Revenue of customers with at least two orders / revenue.",
    "customer_retention_rate": "Of the customers at the start of the last whole month, the share "
    "who were customers at its end; a customer is one who bought within the stated time.",
    "churn_rate": "Of the customers at the start of the last whole month, the share who were no "
    "customers any more at its end: 1 − retention.",
    f"bought_again_within_{AGAIN_DAYS}_days": "Share of customers with a second order within 90 "
    "days of the first, by Kaplan and Meier, who count the time of those still expected.",
    "median_days_between_purchases": "The median of customers' own median days between two orders.",
    "lifetime_value_net": "What a customer has paid so far, net of returns: net revenue / "
    "customers.",
    "customer_acquisition_cost_net": "All costs of acquisition / new customers.",
    "ltv_to_cac_net": "Lifetime value before the cost of winning / cost of acquisition, of the "
    "same customers; by margin less the cost of keeping where margins are known, else by net "
    "revenue.",
    "payback_months_net": "Months until what a customer brings has repaid the cost of acquisition; "
    "by margin where margins are known, else by revenue.",
    "returns_net": "Completed returns of known customers, booked when they happened.",
    "revenue_net": "Sum of sales and returns of known customers, of those who only returned as "
    "well.",
    "average_order_value_net": "Net revenue / orders.",
    "return_only_customers_net": "Customers with returns alone; they are in no other count.",
    "revenue_with_guests": "Sum of all sales, those to guests included.",
}
"""What each figure means, by its name and, in another view than sales, the view's."""


def _plain(name: str, view: View, value: Any, unit: Unit) -> KeyFigure:
    return KeyFigure(
        name, view, value, unit, definition(name, view), benchmark=BENCHMARKS.get(name)
    )


def _quotient(
    name: str,
    values: Row,
    parts: tuple[int | Decimal, int | Decimal],
    intervals: Intervals,
    *,
    unit: Unit = "money",
    view: View = "sales",
) -> KeyFigure:
    low, high = intervals.get(name, (None, None))
    return KeyFigure(
        name,
        view,
        values[name],
        unit,
        definition(name, view),
        *parts,
        low=low,
        high=high,
        benchmark=BENCHMARKS.get(name),
    )


def _divide(numerator: Decimal, denominator: int | Decimal) -> float | None:
    return float(numerator) / float(denominator) if denominator else None
