"""A programme over the whole window, in one row."""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.schemas import SUM
from retention_kit.loyalty_rules.simulation.by_time import cost, known_breakage
from retention_kit.loyalty_rules.simulation.flows import FLOWS
from retention_kit.metrics.base.ratios import ratio

_MONEY = list(FLOWS)


def totals(
    months: pl.DataFrame,
    wallets: pl.DataFrame,
    customers: pl.DataFrame,
    *,
    owed: float,
    refused: int,
) -> pl.DataFrame:
    """Sum a programme over the window.

    Args:
        months: What `by_month` gives.
        wallets: What `by_wallet` gives.
        customers: What `by_customer` gives.
        owed: What `opening_liability` gives.
        refused: How many events were refused.

    Returns:
        One row:

        - `customers`, `orders` (`Int64`), `revenue` (`Decimal(38, 4)`): with a sale in the window;
            completed sales; sales and returns.
        - `customers_with_benefit` (`Int64`): those who received or hold something.
        - `opening` (`Decimal(38, 4)`): what was outstanding when the window began.
        - `opening_liability` (`Float64`): what of it was expected to be claimed.
        - `issued`, `redeemed`, `restored`, `expired`, `taken_back`, `adjusted`, `transferred`
            (`Decimal(38, 4)`): in money.
        - `revalued` (`Decimal(38, 4)`): by how much what was held became worth more when a version
            changed the worth of a unit.
        - `outstanding` (`Decimal(38, 4)`): opening + issued + restored + adjusted + transferred +
            revalued - redeemed - expired - taken back, exactly.
        - `discounts`, `cost` (`Decimal(38, 4)`): cost = discounts + redeemed - restored.
        - `cost_share` (`Float64`): cost / revenue.
        - `breakage`, `liability` (`Float64`): of what is outstanding at the end.
        - `cost_with_liability` (`Float64`): cost + liability - opening_liability.
        - `cost_with_liability_share` (`Float64`): of the revenue.
        - `redemption_rate` (`Float64`): (redeemed - restored) / issued.
        - `refused` (`Int64`): events that the programme refused.
    """
    end = months.sort("month").tail(1)
    first = wallets.filter(pl.col("month") == pl.col("month").min())
    signs = dict.fromkeys(("issued", "restored", "adjusted", "transferred", "revalued"), 1)
    change = pl.sum_horizontal(pl.col(name) * signs.get(name, -1) for name in _MONEY)
    opening = first.select((pl.col("outstanding") - change).sum().cast(SUM)).item()
    has = (pl.col("received") > 0) | (pl.col("held") > 0)
    people = customers.select(
        (pl.col("orders") > 0).sum().cast(pl.Int64).alias("customers"),
        has.sum().cast(pl.Int64).alias("customers_with_benefit"),
    )
    summed = months.select(
        pl.col("orders").sum(), pl.col("revenue", *_MONEY, "discounts").sum().cast(SUM)
    )
    return (
        pl.concat(
            [people, summed, end.select("outstanding", "liability")],
            how="horizontal",
        )
        .with_columns(
            pl.lit(opening, dtype=SUM).alias("opening"),
            pl.lit(owed, dtype=pl.Float64).alias("opening_liability"),
            cost().alias("cost"),
            (pl.col("redeemed") - pl.col("restored")).alias("used"),
            pl.lit(refused, dtype=pl.Int64).alias("refused"),
            known_breakage().alias("breakage"),
        )
        .with_columns(
            (pl.col("cost").cast(pl.Float64) + pl.col("liability") - owed).alias(
                "cost_with_liability"
            ),
            ratio("cost", "revenue").alias("cost_share"),
            ratio("used", "issued").alias("redemption_rate"),
        )
        .with_columns(ratio("cost_with_liability", "revenue").alias("cost_with_liability_share"))
        .select(
            "customers",
            "customers_with_benefit",
            "orders",
            "revenue",
            "opening",
            "opening_liability",
            *_MONEY,
            "outstanding",
            "discounts",
            "cost",
            "cost_share",
            "breakage",
            "liability",
            "cost_with_liability",
            "cost_with_liability_share",
            "redemption_rate",
            "refused",
        )
    )
