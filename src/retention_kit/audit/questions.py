"""What an audit asks of the orders of each part of a shop, stage by stage."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

import polars as pl

from retention_kit.audit.parts import Ask
from retention_kit.audit.shared import buyers, months, waits
from retention_kit.audit.shared.people import people
from retention_kit.clv.tracking import tracking_totals
from retention_kit.metrics.cohorts.counts import cohort_totals
from retention_kit.metrics.cohorts.values import cohort_value_totals
from retention_kit.metrics.economics.acquisition import acquisition_totals
from retention_kit.metrics.economics.keeping import repeat_channel_totals
from retention_kit.metrics.economics.lifetime import value_totals
from retention_kit.metrics.lifecycle.gap_distribution import gap_totals
from retention_kit.metrics.orders.bootstrap import bootstrap_order_totals
from retention_kit.metrics.orders.buyers import buyer_totals
from retention_kit.metrics.orders.concentrate import revenue_distribution
from retention_kit.metrics.orders.deliveries import delivery_totals
from retention_kit.metrics.orders.people_in_charge import manager_totals
from retention_kit.metrics.orders.seasons import Unit, seasonality_totals
from retention_kit.metrics.orders.totals import order_totals
from retention_kit.metrics.retention.counts import retention_totals
from retention_kit.metrics.retention.next_purchase import next_purchase_totals
from retention_kit.metrics.retention.order_numbers import order_number_totals
from retention_kit.metrics.retention.repeat_purchases import repeat_purchase_totals

STAGES = (
    "order values",
    "retention",
    "cohorts",
    "time between purchases",
    "customers who stopped",
    "lifecycle",
    "scores and clusters",
    "predicted value",
    "segments",
    "first experience",
    "guests",
    "data health",
)
"""What an audit does, in order; `progress` is told of each as it begins."""
UNITS: tuple[Unit, ...] = ("month", "weekday", "hour")
_SEASONS = (months.seasons_by_month, months.seasons_by_weekday, months.seasons_by_hour)
STANDINGS = "standings"
"""What is kept of each customer for when the usual gap between purchases is known."""
PEOPLE = "people"
"""What is kept of each customer for scores, clusters and models."""
KINDS = "kinds"
"""How many customers there are by the ready segments they are in, where parts can tell."""
MEANS_UP_TO = 200_000
"""Up to how many orders the intervals of means are computed; above, they are narrower than the
digits shown."""


def first_questions(
    *,
    as_of: dt.datetime,
    since: dt.datetime,
    active_within: str | None,
    stopped_within: str,
    orders: int,
    given: frozenset[str],
    with_costs: bool,
) -> dict[str, Ask]:
    """Say what is asked before the usual gap between purchases is known.

    Args:
        as_of: Observation instant.
        since: The instant that states, and managers' customers, are compared with.
        active_within: The window of retention.
        stopped_within: The window of the list of those who stopped.
        orders: How many orders there are.
        given: The optional columns of orders that hold anything.
        with_costs: Whether costs were given.
    """
    at: dict[str, Any] = {"as_of": as_of}
    values, keeping, cohorts, gaps, stopped = STAGES[:5]
    asks: dict[str, Ask] = {
        "totals": Ask(values, order_totals, at, months.order_sums),
        "months": Ask(values, order_totals, {**at, "every": "1mo"}, months.order_sums_by_month),
        "buyers": Ask(values, buyer_totals, at, buyers.types_of_buyers),
        "distribution": Ask(values, revenue_distribution, at, buyers.payments, buyers.distribution),
        **{
            unit: Ask(values, seasonality_totals, {**at, "unit": unit}, shared)
            for unit, shared in zip(UNITS, _SEASONS, strict=True)
        },
    }
    if orders <= MEANS_UP_TO:
        asks["replicates"] = Ask(values, bootstrap_order_totals, at)
    # Windows other than the month are counted by the function itself.
    by_month = months.retention if active_within is None else None
    retained = {**at, "active_within": active_within}
    listed = partial(buyers.stopped_orders, active_within=stopped_within)
    counted = partial(buyers.stopped_sums, active_within=stopped_within)
    asks |= {
        "repeats": Ask(keeping, repeat_purchase_totals, at, buyers.repeats),
        "retention": Ask(keeping, retention_totals, retained, by_month),
        "cohorts": Ask(cohorts, cohort_totals, at, months.cohorts),
        "cohort_values": Ask(cohorts, cohort_value_totals, at, months.cohort_values),
        "values": Ask(cohorts, value_totals, at, months.values),
        "gaps": Ask(gaps, gap_totals, at, waits.gaps, waits.gap_counts),
        "gaps_by_order": Ask(gaps, shared=waits.gaps_by_number, together=waits.medians_by_number),
        "next_purchase": Ask(gaps, next_purchase_totals, at, waits.next_purchases),
        "order_numbers": Ask(gaps, order_number_totals, at, buyers.order_numbers),
        "stopped": Ask(stopped, shared=listed, together=pl.concat),
        "churned_totals": Ask(stopped, shared=counted, together=buyers.all_stopped),
        STANDINGS: Ask(stopped, shared=partial(buyers.standings, since=since), is_kept=True),
        "days": Ask(gaps, tracking_totals, at, waits.days_of_purchase),
        PEOPLE: Ask(stopped, shared=partial(people, since=since), is_kept=True),
    }
    if with_costs:
        asks["acquisition"] = Ask(cohorts, acquisition_totals, at)
        asks["repeat_channels"] = Ask(cohorts, repeat_channel_totals, at)
    if "manager" in given:
        asks["managers"] = Ask(stopped, manager_totals, {**at, "since": since})
    if "delivered_at" in given:
        asks["delivery"] = Ask(gaps, delivery_totals, at)
    return dict(sorted(asks.items(), key=lambda item: STAGES.index(item[1].stage)))
