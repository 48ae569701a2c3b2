"""Ready segments by what customers bought, how much and how often."""

from __future__ import annotations

from decimal import Decimal

from retention_kit.smart_segments.definitions.base import All
from retention_kit.smart_segments.definitions.counting import EventAggregate, EventCount
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.sequences import Sequence, Step, Without
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.smart_segments.definitions.windows import Last
from retention_kit.smart_segments.ready.words import ORDERS, lines_of, spoken, written

Amount = int | float | Decimal


def bought_without(category: str, without: str, within: str = "1mo") -> Segment:
    """Bought one thing and, from then on, none of what belongs to it: a mattress and no cover.

    The last line with `category` in the time counts: there is none with `without` at its instant
    or later. What stood in the same order counts as bought with it.

    Args:
        category: The category that was bought.
        without: The category that belongs to it.
        within: Within how long.

    Returns:
        The segment. It looks at `orders` and `order_items`.

    Examples:
        >>> print(bought_without("mattress", "cover").sentence())
        Customers who bought something with category “mattress” in the last month (the last such \
time) and bought nothing with category “cover” at or after that.
    """
    step = Step(rows=lines_of(category), without=(Without(rows=lines_of(without)),))
    return Segment(
        name=f"Bought {category} without {without}",
        condition=Sequence(steps=(step,), window=Last(length=within), which="last"),
    )


def never_bought(category: str) -> Segment:
    """Buyers who have not bought of a category yet.

    A customer without any completed sale is not among them.

    Args:
        category: The category.

    Returns:
        The segment. It looks at `orders` and `order_items`.

    Examples:
        >>> print(never_bought("coffee").sentence())
        Customers with a completed order who bought nothing with category “coffee”.
    """
    return Segment(
        name=f"Never bought {category}",
        condition=EventCount(rows=lines_of(category), at_most=0),
        population="buyers",
    )


def average_order_between(low: Amount, high: Amount, within: str = "1y") -> Segment:
    """The average order of a time lies in a range, both ends included.

    The mean amount of completed sales; returns are not taken off. Without a sale in the time it is
    unknown.

    Args:
        low: The lowest average, in shop currency.
        high: The highest.
        within: Over how long.

    Returns:
        The segment. It looks at `orders`.

    Examples:
        >>> print(average_order_between(500, 1000).sentence())
        Customers whose average order value in the last year is from 500 to 1,000.
    """
    return Segment(
        name=f"Average order of {written(low)} to {written(high)}",
        condition=EventAggregate(
            window=Last(length=within), aggregate="mean", column="amount", value=low, to=high
        ),
    )


def big_spenders(total: Amount, within: str = "1y") -> Segment:
    """Spent at least so much in a time.

    The sum of the amounts of completed sales; returns are not taken off.

    Args:
        total: How much at least, in shop currency.
        within: Over how long.

    Returns:
        The segment. It looks at `orders`.

    Examples:
        >>> print(big_spenders(50_000).sentence())
        Customers who spent at least 50,000 on orders in the last year.
    """
    return Segment(
        name=f"Spent {written(total)} or more in {spoken('within', within)}",
        condition=EventAggregate(
            window=Last(length=within), aggregate="sum", column="amount", value=total
        ),
    )


def one_time_buyers() -> Segment:
    """Bought exactly once in all time.

    Returns:
        The segment. It looks at `orders`.

    Examples:
        >>> print(one_time_buyers().sentence())
        Customers who bought exactly once.
    """
    return Segment(name="One-time buyers", condition=EventCount(at_least=1, at_most=1))


def repeat_buyers() -> Segment:
    """Bought twice or more in all time.

    Returns:
        The segment. It looks at `orders`.

    Examples:
        >>> print(repeat_buyers().sentence())
        Customers who bought at least 2 times.
    """
    return Segment(name="Repeat buyers", condition=EventCount(at_least=2))


def discount_seekers(share: float = 0.5, orders: int = 3, within: str = "1y") -> Segment:
    """Buy mostly with promo codes.

    Args:
        share: Which share of the orders has a promo code, at least, 0 to 1.
        orders: How many orders there are at least; of one or two a share says little.
        within: Within how long.

    Returns:
        The segment. It looks at `orders`.

    Examples:
        >>> print(discount_seekers().sentence())
        Customers who bought at least 3 times in the last year and whose share of orders with a \
promo code among all orders in the last year is at least 50%.
    """
    window = Last(length=within)
    with_code = Where(column="promo_code", operator="known")
    return Segment(
        name="Discount seekers",
        condition=All(
            conditions=(
                EventCount(rows=ORDERS, window=window, at_least=orders),
                EventAggregate(window=window, aggregate="share", of=(with_code,), value=share),
            )
        ),
    )


def returned_often(returns: int = 2, within: str = "1y") -> Segment:
    """Made several returns in a time.

    Args:
        returns: How many at least.
        within: Within how long.

    Returns:
        The segment. It looks at `orders`.

    Examples:
        >>> print(returned_often().sentence())
        Customers who made a return at least 2 times in the last year.
    """
    return Segment(
        name="Return often",
        condition=EventCount(
            rows=Rows(source="returns"), window=Last(length=within), at_least=returns
        ),
    )
