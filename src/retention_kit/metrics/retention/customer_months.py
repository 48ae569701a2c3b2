"""What each customer bought in each calendar period: the reduced table under retention."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, customer_local
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.by_customer import with_first_sale
from retention_kit.metrics.base.dimensions import By, dimensions
from retention_kit.metrics.base.local_periods import period_number
from retention_kit.metrics.base.observed import in_zone, is_sale, observed, zone_of
from retention_kit.metrics.base.periods import (
    Every,
    check_every,
    number_type,
    period_start,
)

_RESULT = ("customer_id", "period", "first_period", "orders", "revenue", "last_order_at")


@customer_local
def customer_periods(
    orders: Frame, *, as_of: dt.datetime, every: Every = "1mo", by: By = ()
) -> Frame:
    """Sum each customer's sales in each calendar period in which they bought.

    Customer-local. Orders at or after `as_of`, and those not completed, do not count; returns
    neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        every: The calendar period, in the shop's zone.
        by: Columns of `orders`; a customer has their value at the first sale.

    Returns:
        One row per customer and period with a sale, in no promised order:

        - the columns of `by`: as in `orders`, at the customer's first sale.
        - `customer_id`: as in `orders`.
        - `period` (`Date`): first day of the period.
        - `first_period` (`Date`): first day of the period of the customer's first sale.
        - `orders` (`Int64`): the customer's sales in the period, >= 1.
        - `revenue` (`Decimal(38, 4)`): the sum of those, shop currency, major units.
        - `last_order_at`: the instant of the last of them.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `every` is not a calendar period, or `by` names
            what cannot be split by.

    Notes:
        Retention, cohorts and the like can all be counted on this table, which holds a customer
        once per period however often they bought.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> periods = customer_periods(orders, as_of=as_of).sort("customer_id", "period").collect()
        >>> for row in periods.select("customer_id", "period", "first_period", "orders").rows():
        ...     print(row)
        (1, datetime.date(2025, 1, 1), datetime.date(2025, 1, 1), 1)
        (1, datetime.date(2025, 3, 1), datetime.date(2025, 1, 1), 1)
        (2, datetime.date(2025, 3, 1), datetime.date(2025, 3, 1), 1)
    """
    names = dimensions(by, orders, reserved=_RESULT)
    numbered = numbered_periods(orders, as_of=as_of, every=every, by=names)
    return numbered.with_columns(
        period_start(pl.col(name).cast(pl.Int32), every).alias(name)
        for name in ("period", "first_period")
    )


def numbered_periods(
    orders: Frame, *, as_of: dt.datetime, every: Every, by: tuple[str, ...]
) -> Frame:
    """Give `customer_periods` with numbers for periods, as `period_index` gives them."""
    check_every(every)
    sales = observed(orders, as_of=as_of).filter(is_sale(orders))
    number = number_type(every, in_zone(as_of, "UTC"))
    zone = zone_of(orders.collect_schema())
    bought = period_number(pl.col("ordered_at"), every, zone=zone, until=as_of).cast(number)
    sums = (
        sales.select("customer_id", "ordered_at", "amount", bought.alias("period"))
        .group_by("customer_id", "period")
        .agg(
            pl.len().cast(pl.Int64).alias("orders"),
            pl.col("amount").sum().cast(SUM).alias("revenue"),
            pl.col("ordered_at").max().alias("last_order_at"),
        )
        .with_columns(pl.col("period").min().over("customer_id").alias("first_period"))
    )
    return with_first_sale(sums, sales, by).select(*by, *_RESULT)
