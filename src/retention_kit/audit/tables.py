"""From exact counts and sums to the tables of an audit: orders, customers, time."""

from __future__ import annotations

from typing import Any

import polars as pl

from retention_kit.audit.questions import UNITS
from retention_kit.audit.seen import Answers, Seen
from retention_kit.audit.shared.buyers import STOPPED_SHOWN
from retention_kit.contracts.dataset import Dataset
from retention_kit.metrics.cohorts.counts import cohort_retention
from retention_kit.metrics.cohorts.values import lifetime_value_trend
from retention_kit.metrics.lifecycle.figures import lifecycle_flow, lifecycle_shares
from retention_kit.metrics.lifecycle.gap_figures import gap_histogram
from retention_kit.metrics.orders.buyers import repeat_buyers
from retention_kit.metrics.orders.concentrate import revenue_concentration
from retention_kit.metrics.orders.seasons import seasonality
from retention_kit.metrics.orders.trends import order_values
from retention_kit.metrics.retention.churned import churned_customers
from retention_kit.metrics.retention.next_purchase import next_purchase_curve
from retention_kit.metrics.retention.order_numbers import order_conversion
from retention_kit.metrics.retention.shares import retention_rates


def order_tables(answers: Answers, seen: Seen) -> dict[str, pl.DataFrame]:
    """Make the tables about orders."""
    seasons = [
        seasonality(
            answers[unit],
            as_of=seen.as_of,
            time_zone=seen.time_zone,
            data_from=seen.data_from.date(),
            unit=unit,
        ).select(pl.lit(unit).alias("unit"), pl.all())
        for unit in UNITS
    ]
    return {
        "order_values": order_values(answers["months"], **seen.calendar),
        "buyers": repeat_buyers(answers["buyers"]),
        "seasonality": pl.concat(seasons),
        "concentration": revenue_concentration(answers["distribution"]),
    }


def customer_tables(answers: Answers, seen: Seen) -> dict[str, pl.DataFrame]:
    """Make the tables about who comes back, and when."""
    sure: dict[str, Any] = {"confidence": seen.confidence}
    return {
        "retention": retention_rates(
            answers["retention"], active_within=seen.active_within, **seen.calendar, **sure
        ),
        "cohorts": cohort_retention(answers["cohorts"], **seen.calendar, **sure),
        "value_trend": lifetime_value_trend(answers["cohort_values"], **seen.calendar),
        "gaps": gap_histogram(answers["gaps"]),
        "gap_summary": answers["gap_summary"],
        "gaps_by_order": answers["gaps_by_order"],
        "next_purchase": next_purchase_curve(answers["next_purchase"], **sure),
        "order_conversion": order_conversion(answers["order_numbers"], **sure),
    }


def lifecycle_tables(answers: Answers) -> dict[str, pl.DataFrame]:
    """Make the tables about states."""
    return {
        "lifecycle": lifecycle_shares(answers["lifecycle"]),
        "lifecycle_flow": lifecycle_flow(answers["lifecycle_flow"]),
    }


def stopped_tables(answers: Answers, dataset: Dataset, seen: Seen) -> dict[str, pl.DataFrame]:
    """List those who stopped, the most valuable first, and sum up all of them."""
    orders = answers["stopped"]
    ids = orders.lazy().select("customer_id")
    stopped = churned_customers(
        orders.lazy(),
        dataset.customers.join(ids, on="customer_id", how="semi"),
        as_of=seen.as_of,
        active_within=seen.stopped_within,
        # Two orders in an hour are no rhythm.
        unit="day",
    )
    return {
        "churned_customers": stopped.head(STOPPED_SHOWN).collect(),
        "churned_totals": answers["churned_totals"],
    }
