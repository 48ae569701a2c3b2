"""The rules that begin with what is sold and spent: channels, returns, guests, leaks and peaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from retention_kit.audit.advice import (
    RESPONSE,
    YEAR,
    Action,
    Tables,
    last_year,
    repeat_order,
    rows,
    year_share,
)

RETURNS_FROM = 0.05
"""From which share of a year's revenue on returns are worth a rule."""
GUESTS_FROM = 0.05
"""From which share of revenue on nameless sales are worth a rule."""
PEAK_FROM = 1.30
"""From which multiple of the average month on a month is a peak."""
GOOD_RATIO = 3.0
"""The lifetime value, as a multiple of acquisition cost, at which nothing need be done."""
MIN_CUSTOMERS = 30
"""How many new customers a channel must have won to be judged: of fewer, one decides."""


def channels(tables: Tables) -> Iterator[Action]:
    """A tenth of a year's spending in channels whose customers bring less than three times it.

    The tenth is capped at the shortfall: by how much the year's customers cost more than they bring
    where the channel loses money, than a third of it where it needs work. Customers of no known
    channel are not judged, nor a channel that won fewer than `MIN_CUSTOMERS`; and where nothing was
    advertised, the cost is salaries spread over all channels, and no reason to work on this one.
    """
    year = {row["period"] for row in last_year(tables, "order_values")}
    won = [row for row in rows(tables, "acquisition") if row["period"] in year]
    for row in rows(tables, "channels"):
        value, cost, loses = row["lifetime_value"], row["fully_loaded_cac"], _loses(row)
        if loses is None or value is None or cost is None:
            continue
        own = [month for month in won if month["channel"] == row["channel"]]
        customers = sum(month["new_customers"] for month in own)
        spent = sum(month["fully_loaded_cost"] for month in own)
        short = (cost - value if loses else cost - value / GOOD_RATIO) * customers
        stake = min(RESPONSE * spent, short)
        if stake > 0:
            yield Action(
                "channel_loses_money" if loses else "channel_needs_work",
                stake,
                customers,
                row["ltv_to_cac"],
                {"channel": row["channel"], "ratio": row["ltv_to_cac"], "cost": spent},
            )


def slow_delivery(tables: Tables) -> Iterator[Action]:
    """Where the slowly served come back surely less often than the swiftly served."""
    bins = [row for row in rows(tables, "delivery") if row["share_came_back"] is not None]
    worth = repeat_order(tables)
    if len(bins) < 2 or not worth:
        return
    fast, slow = bins[0], bins[-1]
    worst, best = fast["share_came_back_low"], slow["share_came_back_high"]
    if worst is not None and best is not None and worst > best:
        lost = fast["share_came_back"] - slow["share_came_back"]
        yield Action(
            "slow_delivery",
            lost * slow["customers"] * year_share(tables) * worth,
            slow["customers"],
            lost,
            {
                "days": slow["delivery_days_from"],
                "share_fast": fast["share_came_back"],
                "share_slow": slow["share_came_back"],
                "customers": slow["customers"],
            },
        )


def return_rate(tables: Tables) -> Iterator[Action]:
    """A tenth fewer of the returns that a year's months saw."""
    year = last_year(tables, "order_values")
    revenue = float(sum(row["revenue"] for row in year))
    returned = float(sum(row["revenue"] - row["net_revenue"] for row in year))
    if revenue > 0 and returned / revenue >= RETURNS_FROM:
        share = returned / revenue
        yield Action("return_rate", RESPONSE * returned, None, share, {"share": share})


def name_guests(tables: Tables) -> Iterator[Action]:
    """A tenth of what nameless customers pay in a year, once they can be written to."""
    views = {row["view"]: row for row in rows(tables, "views")}
    of_year = year_share(tables)
    if "with_guests" not in views or not views["with_guests"]["revenue"] or not of_year:
        return
    nameless = float(views["with_guests"]["revenue"] - views["sales"]["revenue"])
    share = nameless / float(views["with_guests"]["revenue"])
    orders = views["with_guests"]["orders"] - views["sales"]["orders"]
    if share >= GUESTS_FROM:
        yield Action(
            "name_guests",
            RESPONSE * nameless * of_year,
            None,
            share,
            {"orders": orders, "share": share},
        )


def funnel_leak(tables: Tables) -> Iterator[Action]:
    """One in ten of those whom a year loses at the widest leak, at the average first order.

    The leak is the step of the lowest conversion, of the cart and the order, among those that lose
    anybody. Who looked and ordered without a cart on record is not lost before the cart.
    """
    steps = {row["step"]: row for row in rows(tables, "funnel")}
    values = last_year(tables, "order_values")
    orders = sum(row["first_orders"] for row in values)
    leaks = [
        (name, steps[name], _lost(steps, name))
        for name in ("added_to_cart", "ordered")
        if name in steps and (steps[name]["conversion_from_previous"] or 0.0) < 1
    ]
    leaks = [leak for leak in leaks if leak[2] > 0]
    if not leaks or not orders:
        return
    first = sum((row["first_average_order_value"] or 0) * row["first_orders"] for row in values)
    step, row, lost = min(leaks, key=lambda leak: leak[1]["conversion_from_previous"])
    after = 1.0 if step == "ordered" else steps["ordered"]["conversion_from_previous"] or 0.0
    stake = RESPONSE * lost * year_share(tables) * after * first / orders
    # Without carts on record nobody gets beyond the look, and no leak is known.
    if stake > 0:
        conversion = row["conversion_from_previous"]
        yield Action(
            "funnel_leak",
            stake,
            lost,
            conversion,
            {"step": step, "lost": lost, "conversion": conversion},
        )


def seasonal_peak(tables: Tables) -> Iterator[Action]:
    """A tenth more in the month that is the year's peak."""
    months = [row for row in rows(tables, "seasonality") if row["unit"] == "month"]
    months = [row for row in months if row["index"] is not None and row["occurrences"] > 0]
    if len(months) < YEAR:
        return
    peak = max(months, key=lambda row: row["index"])
    year = last_year(tables, "order_values")
    sold = [float(row["revenue"]) for row in year if row["period"].month == peak["slot"]]
    if peak["index"] >= PEAK_FROM and sold:
        yield Action(
            "seasonal_peak",
            RESPONSE * sum(sold),
            None,
            peak["index"],
            {"month": peak["slot"], "index": peak["index"]},
        )


def _loses(row: dict[str, Any]) -> bool | None:
    """Say whether a channel loses money (or needs work), None where it is not judged."""
    if row["channel"] is None or row["new_customers"] < MIN_CUSTOMERS:
        return None
    # A channel without advertising has but its part of what is spent on all.
    if row["reason"] == "no_advertising":
        return None
    return {"loses_money": True, "needs_work": False}.get(row["verdict"])


def _lost(steps: dict[str, dict[str, Any]], name: str) -> int:
    """Count who was lost before a step, those who ordered all the same left out."""
    lost: int = steps[name]["lost"] or 0
    if name == "added_to_cart" and "ordered" in steps:
        lost -= steps["ordered"]["skipped_customers"]
    return max(lost, 0)
