"""One-time against repeat buyers, counted by hand, row by row, and on the real shop."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.contracts import Dataset
from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
from retention_kit.metrics.orders.buyers import buyer_totals, repeat_buyers
from retention_kit.metrics.orders.totals import order_totals
from retention_kit.testing import shops

LONDON = "Europe/London"
AS_OF = dt.datetime(2025, 6, 1, tzinfo=ZoneInfo(LONDON))
AFTER_ALL = dt.datetime(2030, 1, 1, tzinfo=ZoneInfo(LONDON))


def orders(*rows: tuple) -> pl.LazyFrame:
    columns = ("order_id", "customer_id", "ordered_at", "amount", "channel")
    return Dataset.from_frames(
        orders=[dict(zip(columns, row, strict=True)) for row in rows],
        negative_amounts="return",
        date_format="iso8601",
        time_zone=LONDON,
        currency="GBP",
    ).orders


SHOP = (
    (1, 1, "2025-01-01 10:00", 100, "shop"),
    (2, 1, "2025-02-01 10:00", 200, "site"),
    (3, 2, "2025-02-01 10:00", 50, "site"),
    (4, 2, "2025-02-02 10:00", -20, "site"),
    (5, 3, "2025-02-03 10:00", -30, "site"),
    (6, 4, "2025-07-01 10:00", 999, "site"),
)


def test_buyers_counted_by_hand():
    totals = buyer_totals(orders(*SHOP), as_of=AS_OF).sort("buyer_type").collect()
    assert totals.rows() == [
        ("one_time", 1, 1, Decimal(50), Decimal(30)),
        ("repeat", 1, 2, Decimal(300), Decimal(300)),
    ]


def test_a_customer_with_all_orders_stands_in_the_group_of_the_first_sale():
    totals = buyer_totals(orders(*SHOP), as_of=AS_OF, by="channel").sort("channel").collect()
    assert totals.select("channel", "buyer_type", "customers", "revenue").rows() == [
        ("shop", "repeat", 1, Decimal(300)),
        ("site", "one_time", 1, Decimal(50)),
    ]


def test_both_types_are_there_even_without_customers():
    empty = repeat_buyers(buyer_totals(orders(*SHOP).clear(), as_of=AS_OF)).collect()
    assert empty.select("buyer_type", "customers", "share_of_revenue").rows() == [
        ("one_time", 0, None),
        ("repeat", 0, None),
    ]
    split = repeat_buyers(buyer_totals(orders(*SHOP), as_of=AS_OF, by="channel")).collect()
    assert split.select("channel", "buyer_type", "customers", "share_of_customers").rows() == [
        ("shop", "one_time", 0, 0.0),
        ("shop", "repeat", 1, 1.0),
        ("site", "one_time", 1, 1.0),
        ("site", "repeat", 0, 0.0),
    ]


@given(shops(("orders",)), st.sampled_from([(), ("manager",), ("channel", "currency")]))
def test_totals_are_those_counted_row_by_row(shop, by):
    frame = shop.tables["orders"]
    per_customer = defaultdict(list)
    for row in frame.to_dicts():
        if row["status"] in (None, "completed"):
            per_customer[row["customer_id"]].append(row)
    want: dict = defaultdict(lambda: [0, 0, Decimal(), Decimal()])
    for rows in per_customer.values():
        sales = [row for row in rows if row["kind"] != "return"]
        if not sales:
            continue
        first = min(sales, key=lambda row: (row["ordered_at"].timestamp(), row["order_id"]))
        kind = "one_time" if len(sales) == 1 else "repeat"
        sums = want[*(first[name] for name in by), kind]
        sums[0] += 1
        sums[1] += len(sales)
        sums[2] += sum(row["amount"] for row in sales)
        sums[3] += sum(row["amount"] for row in rows)
    got = buyer_totals(frame, as_of=AFTER_ALL, by=by)
    width = len(by) + 1
    assert {row[:width]: list(row[width:]) for row in got.rows()} == dict(want)


@given(shops(("orders",)))
def test_both_types_and_all_groups_add_up_to_all_sales(shop):
    frame = shop.tables["orders"]
    names = ["customers", "orders", "revenue"]
    whole = order_totals(frame, as_of=AFTER_ALL).select(names)
    for by in ((), "channel"):
        parts = buyer_totals(frame, as_of=AFTER_ALL, by=by)
        assert parts.select(pl.col(names).sum()).equals(whole)


def test_online_retail_65_58_percent_repeat_buyers_bring_93_1_percent_of_the_revenue():
    totals = buyer_totals(online_retail().orders, as_of=ONLINE_RETAIL_AS_OF)
    once, repeat = repeat_buyers(totals).collect().to_dicts()
    assert repeat["share_of_revenue"] == pytest.approx(0.931, abs=5e-4)
    assert repeat["share_of_customers"] == pytest.approx(0.6558, abs=5e-5)
    assert once["customers"] + repeat["customers"] == 4_338
    assert once["revenue"] + repeat["revenue"] == Decimal("8911407.9040")
    assert repeat["revenue_per_customer"] > once["revenue_per_customer"]
