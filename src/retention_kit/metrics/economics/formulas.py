"""The field's formulas on plain numbers: what customers cost, what they bring, and which is more.

The tables of this room count what goes into them; here they can be checked by hand. What cannot be
(a cost below 0, a share above 1) raises; what is not defined (a division by 0) is None.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal, NamedTuple

from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.plain_numbers import Number, at_least_0, divided, finite

Verdict = Literal["good", "needs_work", "loses_money"]
"""What the field says of LTV : CAC: at least 3, from 1 to 3, below 1."""


class LtvToCac(NamedTuple):
    """Lifetime value against the cost of winning a customer.

    Attributes:
        ratio: Lifetime value / acquisition cost.
        rounded: The same with one decimal, halves up, by which it is judged.
        verdict: `good` from 3, `needs_work` from 1, else `loses_money`.
    """

    ratio: float
    rounded: float
    verdict: Verdict


def customer_acquisition_cost(cost: Number, new_customers: Number) -> float | None:
    """Give what winning one customer cost (CAC).

    Args:
        cost: What was spent on winning customers in a period: advertising alone makes it *paid*,
            salaries, software, rent and so on besides make it *fully loaded*.
        new_customers: Customers whose first sale fell in the same period.

    Returns:
        cost / new customers, in the currency of the cost; None without new customers.

    Raises:
        DefinitionError: One of them is below 0 or no number.

    References:
        Farris, Bendle, Pfeifer and Reibstein (2010), Marketing Metrics.

    Examples:
        >>> round(customer_acquisition_cost(40_000, 13))
        3077
    """
    return divided(at_least_0("cost", cost), at_least_0("new_customers", new_customers))


def average_ticket(revenue: Number, orders: Number) -> float | None:
    """Give what one order brings (the average order value, in shops called the average ticket).

    Args:
        revenue: The sum of sales; net of returns it may be below 0.
        orders: The number of sales.

    Returns:
        revenue / orders, in the currency of the revenue; None without orders.

    Raises:
        DefinitionError: `orders` is below 0, or one of them is no number.

    Notes:
        `average_order_value` gives it for a table of orders.

    References:
        Farris, Bendle, Pfeifer and Reibstein (2010), Marketing Metrics.

    Examples:
        >>> average_ticket(450, 3)
        150.0
    """
    return divided(finite("revenue", revenue), at_least_0("orders", orders))


def lifetime_value_from_orders(average_order_value: Number, orders_per_customer: Number) -> float:
    """Give lifetime value as average order value × orders per customer.

    Args:
        average_order_value: Revenue / orders.
        orders_per_customer: Orders / customers, over the same time.

    Returns:
        The product, in the currency of the order value: what a customer has brought in that time.

    Raises:
        DefinitionError: One of them is below 0 or no number.

    Notes:
        It is revenue / customers by another road, and no forecast.

    Examples:
        >>> lifetime_value_from_orders(1_500, 2)
        3000.0
    """
    value = at_least_0("average_order_value", average_order_value)
    return value * at_least_0("orders_per_customer", orders_per_customer)


def lifetime_value_from_lifespan(
    average_order_value: Number, purchase_frequency: Number, lifespan: Number
) -> float:
    """Give lifetime value as average order value × purchase frequency × lifespan.

    Args:
        average_order_value: Revenue / orders.
        purchase_frequency: Orders per customer and period.
        lifespan: How many such periods a customer stays, as `customer_lifespan` gives it.

    Returns:
        The product, in the currency of the order value.

    Raises:
        DefinitionError: One of them is below 0 or no number.

    Notes:
        It takes all customers to be alike, and to leave at the same rate in every period; see
        `customer_lifespan`.

    Examples:
        >>> lifetime_value_from_lifespan(1_500, 0.5, 12)
        9000.0
    """
    value = at_least_0("average_order_value", average_order_value)
    frequency = at_least_0("purchase_frequency", purchase_frequency)
    return value * frequency * at_least_0("lifespan", lifespan)


def lifetime_value_from_profit(
    revenue: Number, margin_share: Number, acquisition_cost: Number, retention_cost: Number
) -> float:
    """Give lifetime value as the margin that a customer brings, less what they cost.

    Args:
        revenue: What a customer pays in their life.
        margin_share: The share of it that the shop earns, at most 1; below 0 where it sells under
            cost.
        acquisition_cost: What winning a customer costs.
        retention_cost: What keeping one costs in their life.

    Returns:
        revenue × margin share − acquisition cost − retention cost, in the currency of the revenue;
        below 0 where a customer costs more than they bring.

    Raises:
        DefinitionError: Revenue or a cost is below 0, the share is above 1, or one is no number.

    Examples:
        >>> lifetime_value_from_profit(30_000, 0.4, 3_000, 1_000)
        8000.0
    """
    share = finite("margin_share", margin_share)
    if share > 1:
        raise bad_parameter(
            "margin_share", got=margin_share, allowed="a share of at most 1", step="40% is 0.4."
        )
    costs = at_least_0("acquisition_cost", acquisition_cost)
    costs += at_least_0("retention_cost", retention_cost)
    return at_least_0("revenue", revenue) * share - costs


def ltv_to_cac(lifetime_value: Number, acquisition_cost: Number) -> LtvToCac | None:
    """Compare what a customer brings with what winning them cost, and judge it (LTV : CAC).

    Args:
        lifetime_value: What a customer brings; by profit it may be below 0.
        acquisition_cost: What winning one cost.

    Returns:
        The ratio, the ratio rounded to one decimal, and the verdict; None where winning a customer
        costs nothing.

    Raises:
        DefinitionError: The cost is below 0, or one of them is no number.

    Notes:
        The verdict is of the rounded ratio: at least 3 is good, 1 to 3 needs work, below 1 loses
        money. Halves are rounded up, as people do, and not to the even digit: 2.95 : 1 is 3.0.
        Say which lifetime value it is: one on revenue flatters, and one from profit, with the
        acquisition cost taken off already, is lower by 1 than the same before that.

    References:
        Skok, SaaS Metrics 2.0 (For Entrepreneurs), which made 3 : 1 the common rule.

    Examples:
        >>> answer = ltv_to_cac(3_000, 3_077)
        >>> answer.rounded, answer.verdict
        (1.0, 'needs_work')
    """
    value = finite("lifetime_value", lifetime_value)
    cost = at_least_0("acquisition_cost", acquisition_cost)
    if cost == 0:
        return None
    # As decimal fractions, so that 2.95 is a half and not a little more or less.
    exact = Fraction(str(lifetime_value)) / Fraction(str(acquisition_cost))
    rounded = math.floor(exact * 10 + Fraction(1, 2)) / 10
    return LtvToCac(value / cost, rounded, _verdict(rounded))


def return_on_investment(gain: Number, cost: Number) -> float | None:
    """Give what each unit of money spent brought beyond itself (ROI).

    Args:
        gain: What the spending brought: margin, or revenue if nothing better is known; may be
            below 0.
        cost: What was spent.

    Returns:
        (gain − cost) / cost; 0 is break-even, −1 all is lost; None where nothing was spent.

    Raises:
        DefinitionError: The cost is below 0, or one of them is no number.

    References:
        Farris, Bendle, Pfeifer and Reibstein (2010), Marketing Metrics.

    Examples:
        >>> return_on_investment(150_000, 100_000)
        0.5
    """
    spent = at_least_0("cost", cost)
    return divided(finite("gain", gain) - spent, spent)


def _verdict(rounded: float) -> Verdict:
    if rounded >= 3:
        return "good"
    return "needs_work" if rounded >= 1 else "loses_money"
