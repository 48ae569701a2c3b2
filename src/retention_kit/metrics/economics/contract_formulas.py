"""The textbook's formulas of who stays, on plain numbers, for customers under contract.

What cannot be (a count below 0, a share above 1) raises; what is not defined (a division by 0) is
None. In a shop customers lapse and come back: the tables of retention say what holds there.
"""

from __future__ import annotations

from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.plain_numbers import Number, at_least_0, divided, share_of


def contract_retention_rate(start: Number, new: Number, end: Number) -> float | None:
    """Give the textbook's retention rate, for customers under contract.

    Args:
        start: Customers at the start of a period.
        new: Customers who came in it.
        end: Customers at its end.

    Returns:
        (end − new) / start, a share; None without customers at the start.

    Raises:
        DefinitionError: A count is below 0 or no number, or more came than there are at the end.

    Notes:
        Under contract a customer is there or gone. In a shop customers lapse and come back, and
        they count at the end though not at the start: there it exceeds what was retained, and may
        exceed 1. Tables of retention therefore count who was there at both ends.

    References:
        Farris, Bendle, Pfeifer and Reibstein (2010), Marketing Metrics.

    Examples:
        >>> contract_retention_rate(200, 50, 210)
        0.8
    """
    came, stayed = at_least_0("new", new), at_least_0("end", end)
    if came > stayed:
        raise bad_parameter(
            "new",
            got=new,
            allowed="at most the customers at the end",
            step="leave out who came and left within the period.",
        )
    return divided(stayed - came, at_least_0("start", start))


def churn_rate(retention_rate: Number) -> float:
    """Give the share of customers who left.

    Args:
        retention_rate: The share who stayed, 0 … 1.

    Returns:
        1 − retention rate, 0 … 1.

    Raises:
        DefinitionError: It is not between 0 and 1.

    References:
        Farris, Bendle, Pfeifer and Reibstein (2010), Marketing Metrics.

    Examples:
        >>> churn_rate(0.75)
        0.25
    """
    return 1 - share_of("retention_rate", retention_rate)


def customer_lifespan(churn_rate: Number) -> float | None:
    """Give how many periods a customer stays on average.

    Args:
        churn_rate: The share of customers who leave in a period, 0 … 1.

    Returns:
        1 / churn rate, in periods of the same length; None where nobody leaves.

    Raises:
        DefinitionError: It is not between 0 and 1.

    Notes:
        It holds if every customer leaves at the same rate in every period (a constant hazard).
        Customers differ: the restless leave early, and who is left stays longer than their first
        periods made believe. 1 / churn of a whole base then understates how long customers stay.

    References:
        Fader and Hardie (2010), Customer-base valuation in a contractual setting: the perils of
        ignoring heterogeneity.

    Examples:
        >>> customer_lifespan(0.2)
        5.0
    """
    return divided(1, share_of("churn_rate", churn_rate))
