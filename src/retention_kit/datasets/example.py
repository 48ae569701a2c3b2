"""Four orders that fit on a page, for examples."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl

from retention_kit.contracts.dataset import Dataset


def example_orders() -> tuple[pl.LazyFrame, dt.datetime]:
    """Give the orders of two customers, and an instant to observe them at.

    Customer 1 bought for 100 in January and for 300 in March 2025, and brought back a third of the
    latter; customer 2 bought once, for 50.

    Returns:
        The `orders` table, and 1 April 2025 in Moscow.

    Examples:
        >>> orders, as_of = example_orders()
        >>> for row in orders.select("order_id", "customer_id", "amount", "kind").collect().rows():
        ...     print(row)
        (1, 1, Decimal('100.0000'), 'sale')
        (2, 1, Decimal('300.0000'), 'sale')
        (3, 2, Decimal('50.0000'), 'sale')
        (4, 1, Decimal('-100.0000'), 'return')
    """
    rows = [
        {"order_id": 1, "customer_id": 1, "ordered_at": "2025-01-14 10:30", "amount": 100},
        {"order_id": 2, "customer_id": 1, "ordered_at": "2025-03-03 19:00", "amount": 300},
        {"order_id": 3, "customer_id": 2, "ordered_at": "2025-03-20 12:15", "amount": 50},
        {"order_id": 4, "customer_id": 1, "ordered_at": "2025-03-21 09:00", "amount": -100},
    ]
    zone = "Europe/Moscow"
    dataset = Dataset.from_frames(
        orders=rows,
        date_format="iso8601",
        negative_amounts="return",
        time_zone=zone,
        currency="RUB",
    )
    return dataset.orders, dt.datetime(2025, 4, 1, tzinfo=ZoneInfo(zone))
