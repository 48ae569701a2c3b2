"""The rules of "what to do next": when each fires, and what money it puts at stake.

Money is that of twelve months. Where people must answer a call or change a habit, the assumption is
one in ten (`RESPONSE`), the same in every rule, so that the order does not hang on optimism.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

RESPONSE = 0.10
"""The share of customers, or of money, that an action is assumed to move."""
SECOND_PURCHASE_POINTS = 0.05
"""By how many points the step from the first to the second purchase is assumed to rise."""
RETURNS_FROM = 0.05
"""From which share of revenue on returns are worth a rule."""
CONCENTRATION_FROM = 0.30
"""From which share of revenue in the top 5% of customers on there is a risk."""
GUESTS_FROM = 0.05
"""From which share of revenue on nameless sales are worth a rule."""
PEAK_FROM = 1.30
"""From which multiple of the average month on a month is a peak."""
REJECTED_FROM = 0.01
"""From which share of rejected rows on the data are worth a rule."""
GOOD_RATIO = 3.0
"""The lifetime value, as a multiple of acquisition cost, at which nothing need be done."""
YEAR = 12


Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Action:
    """One piece of advice.

    Attributes:
        rule: Which rule gave it.
        money_at_stake: Shop currency, major units, over twelve months; None where it is unknown.
        customers: How many customers it is about, where it is about customers.
        figure: The figure that made the rule fire.
        parameters: The numbers and names of its sentence.
    """

    rule: str
    money_at_stake: float | None
    customers: int | None
    figure: float | None
    parameters: Mapping[str, int | float | str | None]


def _call_churned(tables: Tables) -> Iterator[Action]:
    """One order at their own average from one in ten of those who stopped."""
    stopped = _rows(tables, "churned_totals")
    for row in stopped:
        if row["customers"]:
            yield Action(
                "call_churned",
                RESPONSE * row["one_order_each"],
                row["customers"],
                row["net_revenue"],
                {
                    "customers": row["customers"],
                    "net_revenue": row["net_revenue"],
                    "response": RESPONSE,
                },
            )


def _second_purchase(tables: Tables) -> Iterator[Action]:
    """Five points more of a year's new customers buy a second time."""
    steps = {row["order_number"]: row for row in _rows(tables, "order_conversion")}
    new = sum(row["new_customers"] for row in _last_year(tables, "retention"))
    worth = _repeat_order(tables)
    if 1 in steps and steps[1]["conversion"] is not None and new and worth:
        yield Action(
            "second_purchase",
            SECOND_PURCHASE_POINTS * new * worth,
            new,
            steps[1]["conversion"],
            {
                "customers": new,
                "conversion": steps[1]["conversion"],
                "points": SECOND_PURCHASE_POINTS,
            },
        )


def _reactivate_sleeping(tables: Tables) -> Iterator[Action]:
    """One more order from one in ten of the sleeping."""
    states = {row["state"]: row["customers"] for row in _rows(tables, "lifecycle")}
    sleeping, worth = states.get("sleeping", 0), _repeat_order(tables)
    if sleeping and worth:
        share = sleeping / sum(states.values())
        yield Action(
            "reactivate_sleeping",
            RESPONSE * sleeping * worth,
            sleeping,
            share,
            {"customers": sleeping, "share": share, "response": RESPONSE},
        )


def _what_if(rule: str, scenario: str) -> Callable[[Tables], Iterator[Action]]:
    def fire(tables: Tables) -> Iterator[Action]:
        for row in _rows(tables, "what_if"):
            if row["scenario"] == scenario and row["extra_revenue"]:
                yield Action(
                    rule,
                    row["extra_revenue"],
                    None if row["extra_customers"] is None else round(row["extra_customers"]),
                    row["change"],
                    {"change": row["change"], "extra_customers": row["extra_customers"]},
                )

    return fire


def _channels(tables: Tables) -> Iterator[Action]:
    """Channels whose customers bring less than three times what they cost."""
    for row in _rows(tables, "channels"):
        value, cost = row["lifetime_value"], row["fully_loaded_cac"]
        if row["verdict"] not in ("loses_money", "needs_work") or value is None or cost is None:
            continue
        loses = row["verdict"] == "loses_money"
        short = cost - value if loses else cost - value / GOOD_RATIO
        yield Action(
            "channel_loses_money" if loses else "channel_needs_work",
            max(short, 0.0) * row["new_customers"],
            row["new_customers"],
            row["ltv_to_cac"],
            {
                "channel": row["channel"],
                "ratio": row["ltv_to_cac"],
                "cost": row["fully_loaded_cost"],
            },
        )


def _slow_delivery(tables: Tables) -> Iterator[Action]:
    """Where the slowly served come back surely less often than the swiftly served."""
    rows = [row for row in _rows(tables, "delivery") if row["share_came_back"] is not None]
    worth = _repeat_order(tables)
    if len(rows) < 2 or not worth:
        return
    fast, slow = rows[0], rows[-1]
    worst, best = fast["share_came_back_low"], slow["share_came_back_high"]
    if worst is not None and best is not None and worst > best:
        lost = fast["share_came_back"] - slow["share_came_back"]
        yield Action(
            "slow_delivery",
            lost * slow["customers"] * worth,
            slow["customers"],
            lost,
            {
                "days": slow["delivery_days_from"],
                "share_fast": fast["share_came_back"],
                "share_slow": slow["share_came_back"],
                "customers": slow["customers"],
            },
        )


def _return_rate(tables: Tables) -> Iterator[Action]:
    """A tenth fewer returns."""
    views = {row["view"]: row for row in _rows(tables, "views")}
    if "net" not in views or not views["sales"]["revenue"]:
        return
    returned = float(views["sales"]["revenue"] - views["net"]["revenue"])
    share = returned / float(views["sales"]["revenue"])
    if share >= RETURNS_FROM:
        yield Action("return_rate", RESPONSE * returned, None, share, {"share": share})


def _concentration_risk(tables: Tables) -> Iterator[Action]:
    """A tenth of the revenue of the top 5% of customers, where they hold much of it."""
    for row in _rows(tables, "concentration"):
        share = row["share_of_revenue"]
        if row["top_share"] == 0.05 and share is not None and share >= CONCENTRATION_FROM:
            yield Action(
                "concentration_risk",
                RESPONSE * float(row["revenue"]),
                row["customers"],
                share,
                {
                    "top_share": row["top_share"],
                    "share_of_revenue": share,
                    "customers": row["customers"],
                },
            )


def _name_guests(tables: Tables) -> Iterator[Action]:
    """A tenth of what nameless customers pay, once they can be written to."""
    views = {row["view"]: row for row in _rows(tables, "views")}
    if "with_guests" not in views or not views["with_guests"]["revenue"]:
        return
    nameless = float(views["with_guests"]["revenue"] - views["sales"]["revenue"])
    share = nameless / float(views["with_guests"]["revenue"])
    orders = views["with_guests"]["orders"] - views["sales"]["orders"]
    if share >= GUESTS_FROM:
        yield Action(
            "name_guests", RESPONSE * nameless, None, share, {"orders": orders, "share": share}
        )


def _funnel_leak(tables: Tables) -> Iterator[Action]:
    """One in ten of those lost at the widest leak before the order, at the average first order."""
    steps = {row["step"]: row for row in _rows(tables, "funnel")}
    values = _last_year(tables, "order_values")
    orders = sum(row["first_orders"] for row in values)
    ways = [(name, steps[name]) for name in ("added_to_cart", "ordered") if name in steps]
    ways = [(name, row) for name, row in ways if row["conversion_from_previous"] is not None]
    if not ways or not orders:
        return
    first = sum((row["first_average_order_value"] or 0) * row["first_orders"] for row in values)
    step, leak = min(ways, key=lambda way: way[1]["conversion_from_previous"])
    after = 1.0 if step == "ordered" else steps["ordered"]["conversion_from_previous"] or 0.0
    yield Action(
        "funnel_leak",
        RESPONSE * leak["lost"] * after * first / orders,
        leak["lost"],
        leak["conversion_from_previous"],
        {"step": step, "lost": leak["lost"], "conversion": leak["conversion_from_previous"]},
    )


def _seasonal_peak(tables: Tables) -> Iterator[Action]:
    """A tenth more in the month that is the year's peak."""
    months = [row for row in _rows(tables, "seasonality") if row["unit"] == "month"]
    months = [row for row in months if row["index"] is not None and row["occurrences"] > 0]
    if len(months) < YEAR:
        return
    peak = max(months, key=lambda row: row["index"])
    if peak["index"] >= PEAK_FROM:
        yield Action(
            "seasonal_peak",
            RESPONSE * float(peak["revenue"]) / peak["occurrences"],
            None,
            peak["index"],
            {"month": peak["slot"], "index": peak["index"]},
        )


def _fix_data(tables: Tables) -> Iterator[Action]:
    """Rejected rows; what they are worth nobody knows."""
    health = _rows(tables, "data_health")
    for table in dict.fromkeys(row["table"] for row in health):
        own = [row for row in health if row["table"] == table]
        read = sum(row["rows"] for row in own if row["outcome"] == "read")
        rejected = sum(row["rows"] for row in own if row["outcome"] == "rejected")
        if read and rejected / read >= REJECTED_FROM:
            yield Action(
                "fix_data",
                None,
                None,
                rejected / read,
                {"table": table, "rows": rejected, "share": rejected / read},
            )


RULES: Mapping[str, Callable[[Tables], Iterator[Action]]] = {
    "call_churned": _call_churned,
    "second_purchase": _second_purchase,
    "reactivate_sleeping": _reactivate_sleeping,
    "keep_five_points": _what_if("keep_five_points", "retention_plus_5_points"),
    "raise_average_order_value": _what_if(
        "raise_average_order_value", "average_order_value_plus_10_percent"
    ),
    "channels": _channels,
    "slow_delivery": _slow_delivery,
    "return_rate": _return_rate,
    "concentration_risk": _concentration_risk,
    "name_guests": _name_guests,
    "funnel_leak": _funnel_leak,
    "seasonal_peak": _seasonal_peak,
    "fix_data": _fix_data,
}
"""The rules by name; `channels` gives `channel_loses_money` and `channel_needs_work`."""


def _rows(tables: Tables, name: str) -> list[dict[str, Any]]:
    return tables[name].to_dicts() if name in tables else []


def _last_year(tables: Tables, name: str) -> list[dict[str, Any]]:
    """Give the last twelve months that the data cover whole."""
    return [row for row in _rows(tables, name) if row["is_complete"]][-YEAR:]


def _repeat_order(tables: Tables) -> float | None:
    """Give the average value of a repeat order, over the last twelve months."""
    months = _last_year(tables, "order_values")
    orders = sum(row["repeat_orders"] for row in months)
    paid = sum((row["repeat_average_order_value"] or 0) * row["repeat_orders"] for row in months)
    return paid / orders if orders else None
