"""Recency, frequency and monetary value of each customer: what the scores are made of."""

from __future__ import annotations

import datetime as dt

from retention_kit.contracts.law import Frame, customer_local
from retention_kit.metrics.lifecycle.gaps import Unit
from retention_kit.rfm.looks import Look, Monetary, looked_at

COLUMNS = (
    "customer_id",
    "recency_days",
    "frequency",
    "monetary",
    "first_order_at",
    "last_order_at",
    "tenure_days",
)


@customer_local(ages=True)
def rfm_table(
    orders: Frame,
    *,
    as_of: dt.datetime,
    window: str | None = None,
    unit: Unit = "order",
    monetary: Monetary = "net",
) -> Frame:
    """Give each customer's recency, frequency and monetary value.

    Customer-local. Orders at or after `as_of`, and those not completed, do not count; returns
    lower the monetary value alone.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        window: Over what time before `as_of` frequency and monetary value are taken, such as
            `"365d"` or `"1y"`; None is all time. Recency is over all time always.
        unit: What a purchase is: each `order`, or all orders of one shop-zone `day` together.
        monetary: The `net` total, or the `mean`: the net total per purchase.

    Returns:
        One row per customer with a sale, shape `(n_customers, 7)`, in no promised order:

        - `customer_id`: as in `orders`.
        - `recency_days` (`Int64`): whole days from the shop-zone date of the last sale to that of
            `as_of`, >= 0.
        - `frequency` (`Int64`): purchases in the window; 0 of who has not bought in it.
        - `monetary`: with `net`, the sum of sales and returns in the window (`Decimal(38, 4)`),
            shop currency, major units; with `mean`, that sum / `frequency` (`Float64`), null where
            `frequency` is 0.
        - `first_order_at`, `last_order_at`: instants of the first and the last sale, over all time.
        - `tenure_days` (`Int64`): as `recency_days`, from the first sale.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `window` is not a length of the calendar, or
            `unit` or `monetary` is neither of its two.

    Notes:
        The window is [as_of − window, as_of). A return is booked at its own instant, so that it
        may fall into the window without its sale. Frequency counts the first purchase too, as is
        the custom of direct marketing; the models of purchases count repeat purchases alone.

    References:
        Hughes (1994), Strategic Database Marketing.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> table = rfm_table(orders, as_of=as_of).sort("customer_id").collect()
        >>> table.select("customer_id", "recency_days", "frequency", "monetary").rows()
        [(1, 29, 2, Decimal('300.0000')), (2, 12, 1, Decimal('50.0000'))]
    """
    look = Look(as_of=as_of, window=window, unit=unit, monetary=monetary)
    return looked_at(orders, look).select(COLUMNS)
