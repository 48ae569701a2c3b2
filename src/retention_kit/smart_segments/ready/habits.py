"""Ready segments by how regularly customers buy, and whether they stopped."""

from __future__ import annotations

from retention_kit.smart_segments.definitions.counting import Lapsed, Reactivated, Regularity
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.windows import Every
from retention_kit.smart_segments.ready.words import spoken


def no_purchase_for(length: str = "3mo") -> Segment:
    """Bought before, and nothing for a time.

    At least one sale before as_of − length, and none in [as_of − length, as_of). Who never bought
    is not among them.

    Args:
        length: For how long there has been no purchase.

    Returns:
        The segment. It looks at `orders`.

    Examples:
        >>> print(no_purchase_for("3mo").sentence())
        Customers who bought nothing in the last 3 months, but before that bought something.
    """
    return Segment(
        name=f"No purchase for {spoken('length', length)}",
        condition=Lapsed(silent=length, at_least=1),
    )


def regulars(at_least: int = 4, of_last: int = 6, every: Every = "1mo") -> Segment:
    """Bought in most of the last calendar periods.

    Args:
        at_least: In how many periods at least.
        of_last: How many complete periods are looked at.
        every: Which period; weeks start on Monday.

    Returns:
        The segment. It looks at `orders`.

    Examples:
        >>> print(regulars().sentence())
        Customers who bought something in at least 4 of the last 6 complete calendar months.
    """
    return Segment(
        name="Regulars",
        condition=Regularity(every=every, periods=of_last, at_least=at_least),
    )


def lapsed_regulars(silent: str = "3mo", active: str = "1y", at_least: int = 3) -> Segment:
    """Bought often for a time, and nothing since.

    Args:
        silent: For how long there has been no purchase.
        active: How long before that orders are counted.
        at_least: How many orders make a customer regular.

    Returns:
        The segment. It looks at `orders`.

    Examples:
        >>> print(lapsed_regulars().sentence())
        Customers who bought nothing in the last 3 months, but in the year before that bought at \
least 3 times.
    """
    return Segment(
        name="Lapsed regulars", condition=Lapsed(silent=silent, active=active, at_least=at_least)
    )


def reactivated(gap: str = "6mo", within: str = "30d") -> Segment:
    """Came back a short while ago, after a long break.

    Who had not bought before is new, and not among them.

    Args:
        gap: How long the break was at least.
        within: How long ago they came back at most; not longer than `gap`.

    Returns:
        The segment. It looks at `orders`.

    Examples:
        >>> print(reactivated().sentence())
        Customers who bought something again in the last 30 days after a break of at least 6 months.
    """
    return Segment(name="Came back", condition=Reactivated(gap=gap, within=within))
