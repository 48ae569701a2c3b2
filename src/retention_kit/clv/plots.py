"""The tables behind the plots by which a model of purchases is judged; long, never drawn here."""

from __future__ import annotations

import numpy as np
import polars as pl

from retention_kit.clv.bundle import ValueModel
from retention_kit.clv.expectations.of_history import (
    expectations_of,
    probability_of_purchases,
)
from retention_kit.clv.lengths import days_of
from retention_kit.clv.models import TransactionModel
from retention_kit.clv.pooled import EXACT, check_most, pooled, transactions_of
from retention_kit.clv.summary import clv_patterns
from retention_kit.contracts.law import Frame, finisher
from retention_kit.errors import bad_parameter

_ROWS = 100_000


@finisher(of=clv_patterns)
def repeat_frequency(
    patterns: Frame, *, model: TransactionModel | ValueModel, most: int = 7
) -> Frame:
    """Compare how many customers made so many repeat purchases with how many the model expects.

    Args:
        patterns: What `clv_patterns` gives, or a sum of such tables.
        model: The model of purchases.
        most: Customers with this frequency or a higher one are put together.

    Returns:
        One row per frequency from 0 to `most`, sorted:

        - `frequency` (`Int64`): repeat purchases.
        - `or_more` (`Boolean`): whether higher frequencies are in the row; true in the last one.
        - `customers` (`Int64`): customers with so many.
        - `expected_customers` (`Float64`): the sum over all customers of the probability of so
            many, each within their own age.

    Raises:
        DefinitionError: `model` is no model of purchases, or `most` is no whole number from 0 on.

    References:
        Fader, Hardie and Lee (2005), "Counting your customers" the easy way.

    Examples:
        >>> from retention_kit.clv import MBGNBD
        >>> from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
        >>> patterns = clv_patterns(online_retail().orders, as_of=ONLINE_RETAIL_AS_OF)
        >>> model = MBGNBD(r=0.82, alpha=9.6, a=0.003, b=2.0, time_unit="1w")
        >>> table = repeat_frequency(patterns, model=model, most=2)
        >>> table.select("frequency", "or_more", "customers").collect().rows()
        [(0, False, 1548), (1, False, 874), (2, True, 1916)]
    """
    check_most(most)
    transactions = transactions_of(model)
    by_age = patterns.group_by("T_days").agg(pl.col("customers").sum())
    expected = by_age.select(
        (_probability(transactions, number, or_more=number == most) * pl.col("customers"))
        .cast(EXACT)
        .sum()
        .alias(str(number))
        for number in range(most + 1)
    ).unpivot(variable_name="frequency", value_name="expected_customers")
    return pooled(patterns, most, ["customers"]).join(
        expected.with_columns(
            pl.col("frequency").cast(pl.Int64), pl.col("expected_customers").cast(pl.Float64)
        ),
        on="frequency",
        how="left",
        maintain_order="left",
    )


def probability_alive_matrix(
    model: TransactionModel | ValueModel,
    *,
    age: str = "52w",
    step: str = "1w",
    most: int = 20,
) -> pl.DataFrame:
    """Give the probability of being alive by frequency and time of the last purchase.

    Args:
        model: A model of purchases, or a `ValueModel`, whose model of leaving is taken.
        age: The time since the first purchase, the same of all.
        step: How far the times of the last purchase are apart.
        most: The highest frequency.

    Returns:
        One row per frequency from 0 to `most` and time, sorted by both; frequency 0 has the time 0
        alone, the others times above 0:

        - `frequency` (`Int64`).
        - `t_x_days` (`Float64`): from the first to the last purchase.
        - `days_since_last` (`Float64`): from the last one to now.
        - `probability_alive` (`Float64`): 0 … 1.

    Raises:
        DefinitionError: `model` is none, a length of time is none, there are more than 100,000
            rows, or `most` is no whole number from 0 on.

    Examples:
        >>> from retention_kit.clv import MBGNBD
        >>> model = MBGNBD(r=0.52, alpha=6.2, a=0.89, b=1.6, time_unit="1w")
        >>> matrix = probability_alive_matrix(model, age="52w", step="26w", most=1)
        >>> matrix.with_columns(pl.col("probability_alive").round(3)).rows()
        [(0, 0.0, 364.0, 0.359), (1, 182.0, 182.0, 0.543), (1, 364.0, 0.0, 0.745)]
    """
    check_most(most)
    chosen = model.alive if isinstance(model, ValueModel) else transactions_of(model)
    whole, apart = days_of("age", age), days_of("step", step)
    count = int(whole / apart + 1e-9)
    if count * max(most, 1) > _ROWS:
        raise bad_parameter(
            "step", got=step, allowed=f"steps that give at most {_ROWS:,} rows", step="take longer"
        )
    times = np.minimum(np.arange(1, count + 1) * apart, whole)
    x = np.concatenate([[0.0], np.repeat(np.arange(1.0, most + 1), count)])
    t_x = np.concatenate([[0.0], np.tile(times, most)])
    days = float(chosen.unit_days)
    alive = expectations_of(chosen).probability_alive(
        chosen, x, t_x / days, np.full_like(x, whole / days)
    )
    return pl.DataFrame(
        {
            "frequency": x.astype(np.int64),
            "t_x_days": t_x,
            "days_since_last": whole - t_x,
            "probability_alive": alive,
        }
    )


def _probability(model: TransactionModel, number: int, *, or_more: bool) -> pl.Expr:
    """Give the probability of so many purchases of a new customer within `T_days`."""

    def values(block: pl.Series) -> pl.Series:
        age = block.to_numpy() / model.unit_days
        zero = np.zeros_like(age)
        return pl.Series(
            probability_of_purchases(model, number, age, zero, zero, zero, or_more=or_more)
        )

    return pl.col("T_days").map_batches(values, return_dtype=pl.Float64, is_elementwise=True)
