"""From a summary to the arrays that are fitted: equal rows once, sorted, and nothing impossible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from retention_kit.clv.likelihoods.arrays import Array, Flags, Histories
from retention_kit.clv.likelihoods.gamma_gamma import Spending
from retention_kit.clv.summary import HISTORY
from retention_kit.errors import DataError, DefinitionError, bad_parameter

CUSTOMERS = "customers"
_LACKING = "__lacking"
_SPENDING = ("frequency", "monetary")


_ROUNDING = 1e-20
"""Of a sum of squares, what may be rounding."""
_FROM_OTHERS = {"recency": "t_x_days", "T": "T_days", "monetary_value": "monetary"}
"""What lifetimes and pymc-marketing call the columns of a summary."""


@dataclass(frozen=True, slots=True)
class Spenders:
    """What a summary says of spending.

    Attributes:
        spending: Of customers whose mean is above 0.
        non_positive: How many repeat customers were left out, because it is not.
        correlation: Of frequency and mean; None where one of them does not vary.
    """

    spending: Spending
    non_positive: int
    correlation: float | None


def histories_of(summary: pl.LazyFrame) -> Histories:
    """Read the histories out of a summary, equal ones once, whatever the order of its rows.

    Args:
        summary: What `clv_summary` or `clv_patterns` gives; rows stand for as many customers as
            the column `customers` says, where there is one.

    Returns:
        The histories, times in days.

    Raises:
        DefinitionError: A column is not there, or is no number.
        DataError: The rows hold what cannot be, or nothing that could be fitted.
    """
    columns = _collected(summary, HISTORY)
    x, last, age, customers = (columns[name] for name in (*HISTORY, CUSTOMERS))
    _refuse(
        customers,
        {
            "frequency is below 0": x < 0,
            "frequency is no whole number": x != np.floor(x),
            "t_x_days is below 0": last < 0,
            "T_days is below 0": age < 0,
            "t_x_days is above T_days": last > age,
            "t_x_days is above 0 with a frequency of 0": (x == 0) & (last > 0),
        },
    )
    if customers.sum() < 2:
        raise _too_few(customers.sum())
    if not (x > 0).any():
        raise DataError(
            f"None of {customers.sum():,.0f} customers bought twice. Allowed: some with a "
            "frequency above 0, for without repeat purchases there is nothing to fit. Next step: "
            "take a longer time, or all channels together."
        )
    if not (age > 0).any():
        raise DataError(
            "T_days is 0 of every customer, so none was seen for any time. Next step: summarise "
            "with a later as_of."
        )
    return Histories.of(x, last, age, customers).in_order()


def spenders_of(summary: pl.LazyFrame, non_positive: str) -> Spenders:
    """Read the mean spend of repeat customers out of a summary.

    Args:
        summary: What `clv_summary` gives.
        non_positive: Whether customers whose mean is not above 0 are left out (`drop`) or
            refused (`raise`).

    Raises:
        DefinitionError: A column is not there, or is no number; or `non_positive` is neither.
        DataError: The rows hold what cannot be, or nothing that could be fitted.
    """
    if non_positive not in ("drop", "raise"):
        raise bad_parameter("non_positive", got=non_positive, allowed="'drop' or 'raise'")
    columns = _collected(summary, _SPENDING, maybe_null="monetary")
    x, mean, customers = (columns[name] for name in (*_SPENDING, CUSTOMERS))
    broken = {
        "frequency is below 0": x < 0,
        "frequency is no whole number": x != np.floor(x),
        "monetary is null with a frequency above 0": (x > 0) & np.isnan(mean),
    }
    _refuse(customers, broken)
    x, mean, customers = x[x > 0], mean[x > 0], customers[x > 0]
    is_low = mean <= 0
    low = int(customers[is_low].sum())
    if low and non_positive == "raise":
        raise DataError(
            f"Of {customers.sum():,.0f} repeat customers {low:,} have a mean spend of 0 or less. "
            "Allowed: above 0, for the model is of amounts that are. Next step: "
            "non_positive='drop' leaves them out, or clv_summary(…, returns='ignore') takes no "
            "returns off."
        )
    # Sorted, so that sums over them do not depend on how they came.
    rows = np.lexsort((mean, x))
    rows = rows[~is_low[rows]]
    x, mean, customers = x[rows], mean[rows], customers[rows]
    if customers.sum() < 2:
        raise _too_few(customers.sum(), "repeat customers with a mean spend above 0")
    return Spenders(Spending.of(x, mean, customers), low, _correlation(x, mean, customers))


def check_penalty(penalty: float) -> None:
    """Raise where the weight of a penalty is none.

    Raises:
        DefinitionError: It is below 0, or no finite number.
    """
    is_number = isinstance(penalty, int | float) and not isinstance(penalty, bool)
    if not is_number or not np.isfinite(penalty) or penalty < 0:
        raise bad_parameter("penalty", got=penalty, allowed="a finite number from 0 on")


def need_columns(summary: pl.LazyFrame, names: Sequence[str]) -> None:
    """Raise where a summary lacks a column, or it is no number.

    Raises:
        DefinitionError: It does.
    """
    schema = summary.collect_schema()
    for name in names:
        if name not in schema:
            raise DefinitionError(
                f"The summary has no column {name!r}; it has: {', '.join(schema.names())}. Next "
                f"step: {_step(schema.names())}",
                parameter="summary",
            )
        if not schema[name].is_numeric():
            raise DefinitionError(
                f"Column {name!r} of the summary is {schema[name]}. Allowed: numbers; times are "
                "numbers of days. Next step: make it with clv_summary(orders, as_of=…).",
                parameter="summary",
            )


def _step(names: Sequence[str]) -> str:
    """Say how to come by a summary; one of another library need only be renamed."""
    others = [f"{old} → {new}" for old, new in _FROM_OTHERS.items() if old in names]
    if not others:
        return "make it with clv_summary(orders, as_of=…)."
    return f"rename {', '.join(others)}, with times in days; or clv_summary(orders, as_of=…)."


def _collected(
    summary: pl.LazyFrame, names: Sequence[str], *, maybe_null: str | None = None
) -> Mapping[str, Array]:
    """Collect the distinct rows of some columns, and how many customers have each."""
    schema = summary.collect_schema()
    weighted = CUSTOMERS in schema
    need_columns(summary, [*names, CUSTOMERS] if weighted else names)
    count = pl.col(CUSTOMERS) if weighted else pl.lit(1)
    rows = (
        # Added to 0.0, what is −0.0 becomes the same as 0.0.
        summary.select(pl.col(names).cast(pl.Float64) + 0.0, count.alias(CUSTOMERS))
        .group_by(names)
        .agg(
            pl.col(CUSTOMERS).sum().cast(pl.Float64),
            (pl.col(CUSTOMERS).is_null() | (pl.col(CUSTOMERS) < 0)).sum().alias(_LACKING),
        )
        .collect(engine="streaming")
    )
    if lacks := rows[_LACKING].sum():
        raise DataError(
            f"Column {CUSTOMERS!r} of the summary is null or below 0 in {lacks:,} rows. Allowed: "
            "how many customers a row stands for. Next step: make it with clv_patterns."
        )
    rows = rows.filter(pl.col(CUSTOMERS) > 0)
    customers = rows[CUSTOMERS].to_numpy()
    columns = {name: rows[name].to_numpy() for name in names}
    never = {
        f"{name} is null or no finite number": ~np.isfinite(column)
        for name, column in columns.items()
        if name != maybe_null
    }
    if maybe_null is not None:
        never[f"{maybe_null} is infinite"] = np.isinf(columns[maybe_null])
    _refuse(customers, never)
    return {**columns, CUSTOMERS: customers}


def _refuse(customers: Array, broken: Mapping[str, Flags]) -> None:
    told = [
        f"{what} of {customers[rows].sum():,.0f}" for what, rows in broken.items() if rows.any()
    ]
    if told:
        raise DataError(
            f"The summary of {customers.sum():,.0f} customers holds what cannot be: "
            f"{'; '.join(told)}. Allowed: 0 <= t_x_days <= T_days, and a whole frequency from 0 "
            "on. Next step: make it with clv_summary(orders, as_of=…)."
        )


def _too_few(customers: float, what: str = "customers") -> DataError:
    return DataError(
        f"The summary has {customers:,.0f} {what}. Allowed: two or more, for the model is of how "
        "customers differ. Next step: take all customers of the shop."
    )


def _correlation(x: Array, mean: Array, customers: Array) -> float | None:
    apart = [one - np.average(one, weights=customers) for one in (x, mean)]
    squares = [customers @ (one * one) for one in apart]
    for one, square in zip((x, mean), squares, strict=True):
        # Where all pay one price, what is left of it is the rounding of floats.
        if square <= _ROUNDING * (customers @ (one * one)):
            return None
    return float(customers @ (apart[0] * apart[1]) / np.sqrt(squares[0] * squares[1]))
