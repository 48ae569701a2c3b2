"""How often the usual customer of a shop buys: the measure of who is late."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from retention_kit.contracts.law import Frame, fit
from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.metrics.base.weighted import DAY, MEDIAN, quantile, ranked
from retention_kit.metrics.lifecycle.gap_distribution import gap_totals


@dataclass(frozen=True, slots=True)
class UsualGap:
    """The rhythm of a shop's usual customer.

    Attributes:
        gap_days: The median of customers' median gaps between purchases, in days of 24 hours.
        customers: How many customers it is of.
    """

    gap_days: float
    customers: int


@fit(of=gap_totals)
def usual_gap(totals: Frame) -> UsualGap:
    """Find the gap between purchases that is usual for a customer of the shop.

    Args:
        totals: What `gap_totals` gives, or a sum of such tables; groups are put together.

    Returns:
        The median of customers' median gaps, for `lifecycle_states` and its kin.

    Raises:
        DefinitionError: Nobody bought twice, or the usual customer's gap is zero.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> usual_gap(gap_totals(orders, as_of=as_of))
        UsualGap(gap_days=48.354166666666664, customers=1)
    """
    found = (
        ranked(totals, "gap", ("customers",))
        .select(quantile("gap", "customers", MEDIAN), pl.col("customers").sum())
        .lazy()
        .collect()
    )
    gap, count = found.row(0)
    if not gap:
        what = "is zero" if count else "is not known, since nobody bought twice"
        raise DefinitionError(
            f"The usual gap between purchases {what}. Next step: say how many days are usual: "
            "gap_days=30.0, for example.",
            parameter="gap_days",
        )
    return UsualGap(gap_days=gap / DAY, customers=count)


def check_gap(gap_days: float) -> None:
    """Raise where a usual gap is no length of time.

    Raises:
        DefinitionError: It is not a number above 0.
    """
    is_number = isinstance(gap_days, int | float) and not isinstance(gap_days, bool)
    if not is_number or not math.isfinite(gap_days) or gap_days <= 0:
        raise bad_parameter(
            "gap_days",
            got=gap_days,
            allowed="a number of days above 0",
            step="usual_gap(gap_totals(orders, as_of=as_of)).gap_days, or a number of your own.",
        )
