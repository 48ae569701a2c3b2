"""What is kept of each customer at two instants."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

from retention_kit.audit.shared.history import history_of
from retention_kit.audit.shared.people import people


def test_a_return_booked_before_the_first_purchase_is_of_the_time_before():
    since, as_of = (dt.datetime(2024, month, 1, tzinfo=dt.UTC) for month in (4, 7))
    orders = pl.DataFrame(
        {
            "order_id": [1, 2, 3],
            "customer_id": [1, 1, 2],
            "ordered_at": [dt.datetime(2024, month, 10, tzinfo=dt.UTC) for month in (3, 5, 2)],
            "amount": [Decimal(-30), Decimal(100), Decimal(50)],
            "kind": ["return", "sale", "sale"],
        },
        schema_overrides={"amount": pl.Decimal(18, 4)},
    ).with_columns(
        pl.col("ordered_at").dt.cast_time_unit("us"), pl.lit("completed").alias("status")
    )
    known = people(history_of(orders, as_of=as_of), since).sort("customer_id")
    assert known.select("net_revenue", "net_revenue_then", "revenue_then").rows() == [
        (Decimal(70), Decimal(-30), None),
        (Decimal(50), Decimal(50), Decimal(50)),
    ]
