"""What the tables behind the plots share: pooled frequencies, and sums that no order changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from retention_kit.clv.bundle import ValueModel
from retention_kit.clv.expectations.of_history import expectations_of
from retention_kit.clv.models import TransactionModel
from retention_kit.contracts.law import Frame
from retention_kit.errors import bad_parameter

EXACT = pl.Decimal(38, 12)
"""What expectations are summed in, since a sum of floats hangs on the order of rows."""


def transactions_of(model: object) -> TransactionModel:
    """Give the model of purchases, which may be a part of a `ValueModel`.

    Raises:
        DefinitionError: It is neither.
    """
    found = model.transactions if isinstance(model, ValueModel) else model
    if not isinstance(found, TransactionModel):
        raise bad_parameter(
            "model",
            got=type(model).__name__,
            allowed="a ValueModel, a BGNBD, an MBGNBD or a ParetoNBD",
            step="fit one with fit_value_model(clv_summary(orders, as_of=…)).",
        )
    expectations_of(found)
    return found


def check_most(most: int) -> None:
    """Raise where the frequency from which on is pooled is no whole number from 0 on.

    Raises:
        DefinitionError: It is not.
    """
    if isinstance(most, bool) or not isinstance(most, int) or not 0 <= most <= 1_000:
        raise bad_parameter("most", got=most, allowed="a whole number of 0 to 1000")


def pooled(sums: Frame, most: int, columns: Sequence[str]) -> Frame:
    """Sum by frequency, those from `most` on together, with a row for each frequency.

    Args:
        sums: A table with `frequency` and what is summed.
        most: The last row's frequency.
        columns: What is summed; 0 where nobody is.

    Returns:
        `frequency`, `or_more` and the sums, sorted.
    """
    by_frequency = sums.group_by(pl.col("frequency").clip(upper_bound=most)).agg(
        pl.col(columns).sum()
    )
    every: Any = pl.LazyFrame({"frequency": range(most + 1)}, schema={"frequency": pl.Int64})
    result: Frame = (
        every.join(by_frequency, on="frequency", how="left")
        .select(
            "frequency",
            (pl.col("frequency") == most).alias("or_more"),
            pl.col(columns).fill_null(0),
        )
        .sort("frequency")
    )
    return result
