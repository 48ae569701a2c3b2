"""From exact counts and sums to the tables of an audit: what customers cost and are worth."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl

from retention_kit.audit.seen import Answers, Seen
from retention_kit.metrics.economics.acquisition import acquisition_costs
from retention_kit.metrics.economics.channels import channel_economics
from retention_kit.metrics.economics.keeping import retention_costs
from retention_kit.metrics.economics.lifetime import lifetime_value
from retention_kit.metrics.economics.payback import payback_curve, payback_months
from retention_kit.metrics.economics.scenarios import what_if

_YEAR = 12


def cost_tables(answers: Answers, costs: pl.DataFrame, seen: Seen) -> dict[str, pl.DataFrame]:
    """Make the tables that need costs."""
    totals = answers["acquisition"]
    return {
        "acquisition": acquisition_costs(totals, costs, **seen.calendar),
        "channels": channel_economics(totals, costs, **seen.instant),
        "payback": payback_months(totals, costs, **seen.instant),
        "payback_curve": payback_curve(totals, costs, **seen.instant),
        "retention_costs": retention_costs(answers["repeat_channels"], costs, **seen.instant),
    }


def economics(tables: Answers) -> dict[str, Any]:
    """Give the shop's own cost of acquisition, its ratio and its payback, of all channels.

    Beside the first two stand, as `…_parts`, what was divided by what: cost by new customers, and
    lifetime value before the cost of winning by that cost, per customer won in months with costs.
    """
    channels, payback = tables["channels"], tables["payback"].row(0, named=True)
    worth = channels.select(
        (pl.col("lifetime_value") * pl.col("new_customers")).sum().alias("value"),
        pl.col("new_customers").sum(),
        pl.col("fully_loaded_cost").sum().alias("cost"),
    ).row(0, named=True)
    customers = worth["new_customers"]
    has_both = customers and worth["cost"]
    cost = payback["fully_loaded_cac"]
    return {
        "customer_acquisition_cost": cost,
        "customer_acquisition_cost_parts": None
        if cost is None
        else (_exact(payback["fully_loaded_cost"]), payback["new_customers"]),
        "ltv_to_cac": worth["value"] / worth["cost"] if has_both else None,
        "ltv_to_cac_parts": (_exact(worth["value"] / customers), _exact(worth["cost"] / customers))
        if has_both
        else None,
        "payback_months": payback["payback_months"],
    }


def lifetime_table(answers: Answers, tables: Answers) -> pl.DataFrame:
    """Give the lifetime value in four ways, on the shop's own frequency and churn by month."""
    year = _last_year(tables["retention"])
    won: float | None = None
    kept = 0.0
    if "payback" in tables:
        won = tables["payback"]["fully_loaded_cac"].item()
        customers = answers["values"]["complete_customers"].sum()
        kept = _share(tables["channels"]["retention_cost"].sum(), customers) or 0.0
    return lifetime_value(
        answers["values"],
        orders_per_period=_share(year["orders"], year["buyers"]),
        churn_per_period=_share(year["lost"], year["start_customers"]),
        acquisition_cost=won,
        retention_cost=kept,
    )


def what_if_table(retention: pl.DataFrame) -> pl.DataFrame:
    """Say what better retention, or dearer orders, would have brought in the last year."""
    year = _last_year(retention)
    answer = what_if(
        start_customers=year["start_customers"],
        retained_customers=year["retained"],
        returning_customers=year["returning_customers"],
        returning_revenue=year["returning_revenue"],
        revenue=year["revenue"],
    )
    return pl.DataFrame(
        [
            (
                "retention_plus_5_points",
                answer.retention_points,
                answer.extra_customers,
                answer.extra_revenue_from_retention,
            ),
            (
                "average_order_value_plus_10_percent",
                answer.average_order_value_change,
                None,
                answer.extra_revenue_from_order_value,
            ),
        ],
        schema={
            "scenario": pl.String,
            "change": pl.Float64,
            "extra_customers": pl.Float64,
            "extra_revenue": pl.Float64,
        },
        orient="row",
    )


def _last_year(retention: pl.DataFrame) -> dict[str, Any]:
    """Sum the last twelve months that the data cover whole."""
    whole = retention.filter("is_complete").sort("period").tail(_YEAR)
    numbers = [name for name, dtype in whole.schema.items() if dtype.is_numeric()]
    return whole.select(pl.col(numbers).sum()).row(0, named=True)


def _share(above: Any, below: Any) -> float | None:
    return float(above) / float(below) if below else None


def _exact(number: float) -> Decimal:
    """Write a number as the shortest decimal that is the same float."""
    return Decimal(repr(number))
