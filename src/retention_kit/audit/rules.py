"""The rules of "what to do next": when each fires, and what money it puts at stake.

Money is that of the last twelve whole months, or of as many as there are. Where people must answer
a call or change a habit, the assumption is one in ten (`RESPONSE`), the same in every rule, so that
the order does not hang on optimism.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from retention_kit.audit import rules_of_money
from retention_kit.audit.advice import (
    RESPONSE,
    Action,
    Tables,
    last_year,
    repeat_order,
    rows,
    year_share,
)

SECOND_PURCHASE_POINTS = 0.05
"""By how many points the step from the first to the second purchase is assumed to rise."""
CONCENTRATION_FROM = 0.30
"""From which share of revenue in the top 5% of customers on there is a risk."""
CONCENTRATION_CUSTOMERS = 100
"""How many customers a shop must have for its top 5% to be told: of fewer they are a handful."""
REJECTED_FROM = 0.01
"""From which share of rejected rows on the data are worth a rule."""


def _call_churned(tables: Tables) -> Iterator[Action]:
    """One order at their own average from one in ten of those who stopped."""
    for row in rows(tables, "churned_totals"):
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
    """Five points more of a year's new customers buy a second time, as far as there is room.

    Months near the start of the data, in which known customers look new, do not count.
    """
    steps = {row["order_number"]: row for row in rows(tables, "order_conversion")}
    months = [row for row in last_year(tables, "retention") if not row["is_left_censored"]]
    new = sum(row["new_customers"] for row in months)
    worth = repeat_order(tables)
    if 1 not in steps or steps[1]["conversion"] is None or not new or not worth:
        return
    conversion = steps[1]["conversion"]
    points = min(SECOND_PURCHASE_POINTS, 1 - conversion)
    if points > 0:
        yield Action(
            "second_purchase",
            points * new * worth,
            new,
            conversion,
            {
                "customers": new,
                "conversion": conversion,
                "points": points,
                "months": len(months),
            },
        )


def _reactivate_sleeping(tables: Tables) -> Iterator[Action]:
    """One more order from one in ten of the sleeping."""
    states = {row["state"]: row["customers"] for row in rows(tables, "lifecycle")}
    sleeping, worth = states.get("sleeping", 0), repeat_order(tables)
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
        for row in rows(tables, "what_if"):
            if row["scenario"] == scenario and row["extra_revenue"]:
                yield Action(
                    rule,
                    row["extra_revenue"],
                    None if row["extra_customers"] is None else round(row["extra_customers"]),
                    row["change"],
                    {"change": row["change"], "extra_customers": row["extra_customers"]},
                )

    return fire


def _concentration_risk(tables: Tables) -> Iterator[Action]:
    """A tenth of a year's revenue of the top 5% of customers, where they hold much of it."""
    customers = sum(row["customers"] for row in rows(tables, "buyers"))
    of_year = year_share(tables)
    if customers < CONCENTRATION_CUSTOMERS or not of_year:
        return
    for row in rows(tables, "concentration"):
        share = row["share_of_revenue"]
        if row["top_share"] == 0.05 and share is not None and share >= CONCENTRATION_FROM:
            yield Action(
                "concentration_risk",
                RESPONSE * float(row["revenue"]) * of_year,
                row["customers"],
                share,
                {
                    "top_share": row["top_share"],
                    "share_of_revenue": share,
                    "customers": row["customers"],
                },
            )


def _fix_data(tables: Tables) -> Iterator[Action]:
    """Rejected rows; what they are worth nobody knows."""
    health = rows(tables, "data_health")
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
    "channels": rules_of_money.channels,
    "slow_delivery": rules_of_money.slow_delivery,
    "return_rate": rules_of_money.return_rate,
    "concentration_risk": _concentration_risk,
    "name_guests": rules_of_money.name_guests,
    "funnel_leak": rules_of_money.funnel_leak,
    "seasonal_peak": rules_of_money.seasonal_peak,
    "fix_data": _fix_data,
}
"""The rules by name; `channels` gives `channel_loses_money` and `channel_needs_work`."""
