"""Of those who bought n times, how many bought once more."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit import Dataset, DefinitionError
from retention_kit.metrics.retention.order_numbers import order_conversion, order_number_totals
from retention_kit.testing import arguments_for
from retention_kit.testing import orders as drawn_orders

LONDON = "Europe/London"
AS_OF = dt.datetime(2025, 6, 1, tzinfo=ZoneInfo(LONDON))


def orders(*rows: tuple) -> pl.LazyFrame:
    """Orders of (order_id, customer_id, instant, …channel); a whole pound each."""
    names = ("order_id", "customer_id", "ordered_at", "channel")
    return Dataset.from_frames(
        orders=[dict(zip(names, row, strict=False)) | {"amount": 1} for row in rows],
        date_format="iso8601",
        time_zone=LONDON,
        currency="GBP",
    ).orders


SHOP = (
    (1, 1, "2025-01-01 10:00", "site"),
    (2, 1, "2025-01-01 11:00", "site"),
    (3, 1, "2025-02-01", "site"),
    (4, 1, "2025-03-01", "shop"),
    (5, 2, "2025-01-01", "site"),
    (6, 3, "2025-01-01", "shop"),
    (7, 3, "2025-01-02", "shop"),
)


def test_customers_are_counted_by_their_number_of_purchases():
    totals = order_number_totals(orders(*SHOP), as_of=AS_OF).sort("order_number").collect()
    assert totals.rows() == [(1, 1), (2, 1), (4, 1)]
    by_day = order_number_totals(orders(*SHOP), as_of=AS_OF, unit="day").sort("order_number")
    assert by_day.collect().rows() == [(1, 1), (2, 1), (3, 1)]


def test_of_those_who_bought_twice_half_bought_a_third_time():
    steps = order_conversion(order_number_totals(orders(*SHOP), as_of=AS_OF)).collect()
    assert steps.rows() == [
        (1, 3, 2, 2 / 3),
        (2, 2, 1, 0.5),
        (3, 1, 1, 1.0),
        (4, 1, 0, 0.0),
    ]


def test_the_steps_end_where_one_asks_and_lose_nobody():
    totals = order_number_totals(orders(*SHOP), as_of=AS_OF)
    assert order_conversion(totals, limit=2).collect().rows() == [(1, 3, 2, 2 / 3), (2, 2, 1, 0.5)]
    for bad in (0, 2.5, False):
        with pytest.raises(DefinitionError, match="at least 1"):
            order_conversion(totals, limit=bad)


def test_intervals_come_on_request():
    totals = order_number_totals(orders(*SHOP), as_of=AS_OF)
    second = order_conversion(totals, confidence=0.95).collect().row(1, named=True)
    assert second["conversion_low"] == pytest.approx(0.0945, abs=5e-5)
    assert second["conversion_high"] == pytest.approx(0.9055, abs=5e-5)


def test_groups_end_where_their_customers_do():
    totals = order_number_totals(orders(*SHOP), as_of=AS_OF, by="channel")
    steps = order_conversion(totals).collect()
    assert steps.select("channel", "order_number", "customers").rows() == [
        ("shop", 1, 1),
        ("shop", 2, 1),
        ("site", 1, 2),
        ("site", 2, 1),
        ("site", 3, 1),
        ("site", 4, 1),
    ]


def test_no_orders_give_no_steps_and_unknown_words_are_refused():
    none = order_number_totals(orders(*SHOP).clear(), as_of=AS_OF)
    assert order_conversion(none, confidence=0.9).collect().height == 0
    with pytest.raises(DefinitionError, match="'order' or 'day'"):
        order_number_totals(orders(*SHOP), as_of=AS_OF, unit="month")
    with pytest.raises(DefinitionError, match="Nearest: channel"):
        order_number_totals(orders(*SHOP), as_of=AS_OF, by="chann")


@given(st.data(), st.integers(1, 5))
def test_steps_are_what_a_plain_count_says(data, limit):
    table = data.draw(drawn_orders(max_rows=14))
    as_of = data.draw(arguments_for(order_number_totals, time_zone=LONDON))["as_of"]
    counts = Counter(
        row["customer_id"]
        for row in table.to_dicts()
        if row["kind"] in (None, "sale")
        and row["status"] in (None, "completed")
        and row["ordered_at"].timestamp() < as_of.timestamp()
    )
    steps = order_conversion(order_number_totals(table, as_of=as_of), limit=limit)
    most = min(max(counts.values(), default=0), limit)
    assert steps.select("order_number", "customers", "next_customers").rows() == [
        (n, sum(c >= n for c in counts.values()), sum(c > n for c in counts.values()))
        for n in range(1, most + 1)
    ]
