"""What a little more would bring, on the shop's own figures: retention, or order value."""

from __future__ import annotations

from dataclasses import dataclass

from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.plain_numbers import Number, at_least_0, divided, share_of, whole


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What better retention, or dearer orders, would have brought in a period.

    Attributes:
        retention_points: By how much the retention rate would be higher, as a share: 0.05 is five
            points. It is less than was asked for where hardly anyone left.
        extra_customers: How many more customers would have stayed.
        revenue_per_returning_customer: What one of those who did come back brought; None where
            nobody did.
        extra_revenue_from_retention: What the ones more would have brought; None where nobody
            came back, since then nothing is known of it.
        average_order_value_change: By what share orders would be dearer: 0.1 is a tenth.
        extra_revenue_from_order_value: What that would have brought.
    """

    retention_points: float
    extra_customers: float
    revenue_per_returning_customer: float | None
    extra_revenue_from_retention: float | None
    average_order_value_change: float
    extra_revenue_from_order_value: float


def what_if(
    *,
    start_customers: int,
    retained_customers: int,
    returning_customers: int,
    returning_revenue: Number,
    revenue: Number,
    retention_points: float = 0.05,
    average_order_value_change: float = 0.10,
) -> WhatIf:
    """Reckon what better retention, or dearer orders, would have brought in a period.

    Args:
        start_customers: Customers at the start of the period.
        retained_customers: Those of them who are customers at its end.
        returning_customers: Customers who bought in the period and had bought before it.
        returning_revenue: What those brought in the period, shop currency.
        revenue: What all customers brought in it.
        retention_points: How much higher the retention rate should be, as a share.
        average_order_value_change: How much dearer the orders should be, as a share.

    Returns:
        The two answers, each with everything else as it was.

    Raises:
        DefinitionError: A figure is below 0 or no number, more are retained than there were, or a
            change is not between 0 and 1.

    Notes:
        extra customers = points × customers at the start, no more than left; extra revenue = extra
        customers × revenue per returning customer. Of the order value: extra revenue = change ×
        revenue, at as many orders. It is arithmetic, no forecast: whether those who are kept with
        an effort spend as much as those who stay by themselves only an experiment tells.

    Examples:
        >>> answer = what_if(
        ...     start_customers=200,
        ...     retained_customers=160,
        ...     returning_customers=160,
        ...     returning_revenue=240_000,
        ...     revenue=300_000,
        ... )
        >>> answer.extra_customers, answer.extra_revenue_from_retention
        (10.0, 15000.0)
        >>> answer.extra_revenue_from_order_value
        30000.0
    """
    whole("start_customers", start_customers)
    whole("retained_customers", retained_customers)
    whole("returning_customers", returning_customers)
    if retained_customers > start_customers:
        raise bad_parameter(
            "retained_customers",
            got=retained_customers,
            allowed=f"at most the {start_customers} customers at the start",
            step="leave out who came or came back in the period.",
        )
    points = share_of("retention_points", retention_points)
    change = share_of("average_order_value_change", average_order_value_change)
    extra = min(points * start_customers, float(start_customers - retained_customers))
    each = divided(at_least_0("returning_revenue", returning_revenue), returning_customers)
    return WhatIf(
        retention_points=extra / start_customers if start_customers else 0.0,
        extra_customers=extra,
        revenue_per_returning_customer=each,
        extra_revenue_from_retention=None if each is None else extra * each,
        average_order_value_change=change,
        extra_revenue_from_order_value=change * at_least_0("revenue", revenue),
    )
