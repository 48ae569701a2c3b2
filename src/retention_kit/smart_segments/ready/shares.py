"""Ready segments by scores, and shares of customers drawn by lot."""

from __future__ import annotations

from decimal import Decimal

from retention_kit.smart_segments.definitions.customers import Bucket, Score
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.ready.words import written


def high_value(at_least: float | Decimal, column: str = "predicted_value") -> Segment:
    """Are predicted to be worth so much or more.

    Args:
        at_least: How much, in the unit of the column.
        column: The column of `scores`, or of `customers`, that says so.

    Returns:
        The segment. It looks at `scores`.

    Examples:
        >>> print(high_value(20_000).sentence())
        Customers whose predicted value is at least 20,000.
    """
    return Segment(
        name=f"Worth {written(at_least)} or more",
        condition=Score(column=column, operator="at_least", value=at_least),
    )


def at_risk(below: float = 0.3, column: str = "probability_alive") -> Segment:
    """Have probably left: the probability that they are still customers is low.

    Args:
        below: Below which probability, 0 to 1.
        column: The column of `scores`, or of `customers`, that says so.

    Returns:
        The segment. It looks at `scores`.

    Examples:
        >>> print(at_risk().sentence())
        Customers whose probability of still being a customer is below 0.3.
    """
    return Segment(
        name="At risk", condition=Score(column=column, operator="less_than", value=below)
    )


def in_rfm_segment(segment: str, column: str = "segment") -> Segment:
    """Are in a segment of RFM.

    Args:
        segment: The segment's name, as `assign_segments` gives it.
        column: The column of `scores`, or of `customers`, that says so.

    Returns:
        The segment. It looks at `scores`.

    Examples:
        >>> print(in_rfm_segment("champions").sentence())
        Customers whose RFM segment is “champions”.
    """
    return Segment(name=f"RFM: {segment}", condition=Score(column=column, value=segment))


def control_share(salt: str, share: float = 0.1) -> Segment:
    """A share of all customers drawn by lot, the same ones every time: to be left in peace.

    Args:
        salt: What it is for, such as the campaign's name; another salt draws others.
        share: Which share, above 0 and up to 1.

    Returns:
        The segment. It looks at nothing but the ids of customers.

    Examples:
        >>> print(control_share("spring").sentence())
        Customers who are in the random share from 0% to 10% of customers drawn for “spring”.
    """
    return Segment(name=f"Control group of {salt}", condition=Bucket(salt=salt, end=share))
