"""Ready segments by the calendar: what is new, what comes round, what is due."""

from __future__ import annotations

from retention_kit.smart_segments.definitions.base import All
from retention_kit.smart_segments.definitions.counting import EventCount
from retention_kit.smart_segments.definitions.customers import Attribute
from retention_kit.smart_segments.definitions.moments import (
    Anniversary,
    FirstEvent,
    LastEvent,
    OfCustomer,
    OfEvent,
)
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.windows import BetweenAges, Last
from retention_kit.smart_segments.ready.words import lines_of, spoken


def new_customers(within: str = "30d") -> Segment:
    """Bought for the first time a short while ago.

    Near the start of the data everybody looks new.

    Args:
        within: Within how long the first order was.

    Returns:
        The segment. It looks at `orders`.

    Examples:
        >>> print(new_customers().sentence())
        Customers whose first order was in the last 30 days.
    """
    return Segment(name="New customers", condition=FirstEvent(window=Last(length=within)))


def second_order_due(after: str = "1mo", until: str = "3mo") -> Segment:
    """Bought exactly once, a while ago: the time for a second order.

    Args:
        after: How long ago the order was at least.
        until: How long ago it was at most.

    Returns:
        The segment. It looks at `orders`.

    Examples:
        >>> print(second_order_due().sentence())
        Customers who bought exactly once, and whose last order was between 3 months and 1 month \
ago.
    """
    return Segment(
        name="Second order due",
        condition=All(
            conditions=(
                EventCount(at_least=1, at_most=1),
                LastEvent(window=BetweenAges(oldest=until, youngest=after)),
            )
        ),
    )


def birthday_within(days: int = 7) -> Segment:
    """Have their birthday on one of the next days.

    So many dates, of which today in the shop's zone is the first; they go on over the new year. Who
    was born on 29 February has the birthday on the 28th in other years. Without a birthday it is
    unknown.

    Args:
        days: How many dates.

    Returns:
        The segment. It looks at `customers`.

    Examples:
        >>> print(birthday_within(7).sentence())
        Customers whose birthday is on one of the 7 days beginning with today.
    """
    return Segment(
        name="Birthday soon",
        condition=Anniversary(of=OfCustomer(column="birthday"), days=days),
    )


def due_after_purchase(category: str, after: str = "11mo", days: int = 1) -> Segment:
    """Bought something of a category a certain time ago, to the day: insurance 11 months ago.

    The shop-zone date of the latest line with the category, moved by `after` (31 March and 11
    months is the last of February), is today, or one of so many days of which today is the first.

    Args:
        category: The category.
        after: How long after the purchase, in months and days.
        days: How many days.

    Returns:
        The segment. It looks at `orders` and `order_items`.

    Examples:
        >>> print(due_after_purchase("insurance").sentence())
        Customers whose last purchase with category “insurance” was 11 months before today.
    """
    return Segment(
        name=f"{spoken('after', after)} after {category}",
        condition=Anniversary(of=OfEvent(rows=lines_of(category)), after=after, days=days),
    )


def refill_due(category: str, after: str = "1mo", until: str = "2mo") -> Segment:
    """Bought what runs out, long enough ago that it has, and not again: coffee a month ago.

    The latest line with the category lies in [as_of − until, as_of − after).

    Args:
        category: The category.
        after: For how long one purchase lasts.
        until: How long ago it was at most; who waited longer buys it elsewhere.

    Returns:
        The segment. It looks at `orders` and `order_items`.

    Examples:
        >>> print(refill_due("coffee").sentence())
        Customers whose last purchase with category “coffee” was between 2 months and 1 month ago.
    """
    window = BetweenAges(oldest=until, youngest=after)
    return Segment(
        name=f"Refill of {category} due",
        condition=LastEvent(rows=lines_of(category), window=window),
    )


def registered_without_purchase(within: str = "30d") -> Segment:
    """Registered a short while ago and have not bought yet.

    Args:
        within: Within how long they registered.

    Returns:
        The segment. It looks at `orders` and `customers`.

    Examples:
        >>> print(registered_without_purchase().sentence())
        Registered customers whose registration date is in the last 30 days and who bought nothing.
    """
    registered = Attribute(column="registered_at", operator="during", window=Last(length=within))
    return Segment(
        name="Registered, not bought yet",
        condition=All(conditions=(registered, EventCount(at_most=0))),
        population="registered",
    )
