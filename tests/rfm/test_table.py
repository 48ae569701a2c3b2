"""Recency, frequency and monetary value: units, windows, returns and the days between dates."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit import Dataset, DefinitionError, MissingColumnError
from retention_kit.rfm import rfm_table
from retention_kit.testing import instants
from retention_kit.testing import orders as drawn_orders

LONDON = "Europe/London"


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(LONDON))


def orders(*rows: tuple) -> pl.LazyFrame:
    """Orders of (order_id, customer_id, instant, amount)."""
    names = ("order_id", "customer_id", "ordered_at", "amount")
    return Dataset.from_frames(
        orders=[dict(zip(names, row, strict=True)) for row in rows],
        negative_amounts="return",
        date_format="iso8601",
        time_zone=LONDON,
        currency="GBP",
    ).orders


AS_OF = at("2025-03-01")
SHOP = (
    (1, 1, "2025-01-10 10:00", 100),
    (2, 1, "2025-02-20 10:00", 50),
    (3, 1, "2025-02-20 18:00", 30),
    (4, 1, "2025-02-25 09:00", -20),
    (5, 2, "2024-06-01 12:00", 400),
    (6, 2, "2025-02-27 12:00", -400),
    (7, 3, "2025-03-01 00:00", 70),
    (8, 4, "2025-02-01 12:00", -5),
)


def values(table: pl.LazyFrame, **options: object) -> list[tuple]:
    found = rfm_table(table, as_of=AS_OF, **options).sort("customer_id")
    return found.select("customer_id", "recency_days", "frequency", "monetary").collect().rows()


def test_each_customer_with_a_sale_has_a_row_and_returns_lower_the_money_alone():
    assert values(orders(*SHOP)) == [(1, 9, 3, Decimal(160)), (2, 273, 1, Decimal(0))]


def test_the_sales_of_one_day_are_one_purchase_if_wanted():
    assert values(orders(*SHOP), unit="day") == [(1, 9, 2, Decimal(160)), (2, 273, 1, Decimal(0))]


def test_the_mean_is_the_net_total_per_purchase():
    assert values(orders(*SHOP), monetary="mean") == [(1, 9, 3, 160 / 3), (2, 273, 1, 0.0)]
    assert values(orders(*SHOP), monetary="mean", unit="day")[0] == (1, 9, 2, 80.0)


def test_recency_is_over_all_time_and_the_rest_over_the_window():
    assert values(orders(*SHOP), window="30d") == [(1, 9, 2, Decimal(60)), (2, 273, 0, -400)]
    assert values(orders(*SHOP), window="30d", monetary="mean") == [
        (1, 9, 2, 30.0),
        (2, 273, 0, None),
    ]


def test_the_window_takes_its_first_instant_and_not_its_last():
    table = orders(
        (1, 1, "2025-01-31 23:59:59.999999", 1), (2, 1, "2025-02-01", 2), (3, 1, "2025-03-01", 4)
    )
    assert values(table, window="1mo") == [(1, 28, 1, Decimal(2))]


def test_the_first_order_and_tenure_are_over_all_time():
    found = rfm_table(orders(*SHOP), as_of=AS_OF, window="30d").sort("customer_id").collect()
    assert found.select("first_order_at", "last_order_at", "tenure_days").row(0) == (
        at("2025-01-10 10:00"),
        at("2025-02-20 18:00"),
        50,
    )


def test_days_are_those_of_the_shop_whatever_the_clock_does():
    table = orders((1, 1, "2025-03-29 23:30", 1), (2, 2, "2025-03-30 00:30", 1))
    found = rfm_table(table, as_of=at("2025-03-31 00:30")).sort("customer_id").collect()
    assert found["recency_days"].to_list() == [2, 1]
    as_seen_from_utc = rfm_table(table, as_of=dt.datetime(2025, 3, 30, 23, 30, tzinfo=dt.UTC))
    assert as_seen_from_utc.sort("customer_id").collect()["recency_days"].to_list() == [2, 1]


def test_a_sale_on_the_day_of_observation_is_of_zero_days_ago():
    found = rfm_table(orders((1, 1, "2025-03-01 09:00", 1)), as_of=at("2025-03-01 10:00"))
    assert found.collect()["recency_days"].to_list() == [0]


def test_no_sales_give_no_rows_of_the_same_schema():
    empty = rfm_table(orders(*SHOP).clear(), as_of=AS_OF).collect()
    assert empty.height == 0
    assert empty.schema == rfm_table(orders(*SHOP), as_of=AS_OF).collect_schema()


@pytest.mark.parametrize(
    ("options", "parameter"),
    [
        ({"unit": "visit"}, "unit"),
        ({"monetary": "gross"}, "monetary"),
        ({"window": "90 days"}, "window"),
        ({"window": "0d"}, "window"),
        ({"window": 90}, "window"),
        ({"as_of": dt.datetime(2025, 3, 1)}, "as_of"),
    ],
)
def test_what_is_no_option_is_refused(options, parameter):
    with pytest.raises(DefinitionError, match="Allowed") as caught:
        rfm_table(orders(*SHOP), **{"as_of": AS_OF, **options})
    assert caught.value.parameter == parameter


def test_a_missing_column_is_named():
    with pytest.raises(MissingColumnError, match="amount"):
        rfm_table(orders(*SHOP).drop("amount"), as_of=AS_OF)


@given(
    drawn_orders(max_rows=14),
    instants(),
    st.sampled_from([None, "1d", "1mo", "1y"]),
    st.sampled_from(["order", "day"]),
)
def test_the_table_is_what_a_plain_count_says(table, as_of, window, unit):
    found = rfm_table(table, as_of=as_of, window=window, unit=unit)
    rows = found.select(
        "customer_id", "recency_days", "frequency", "monetary", "tenure_days"
    ).rows()
    assert {row[0]: row[1:] for row in rows} == counted(table, as_of, window, unit)


def counted(table: pl.DataFrame, as_of: dt.datetime, window: str | None, unit: str) -> dict:
    """Give recency, frequency, monetary value and tenure by the definition, row by row."""
    until = as_of.astimezone(dt.UTC)
    starts = {
        None: dt.datetime.min.replace(tzinfo=dt.UTC),
        "1d": on_the_clock(as_of, days=1),
        "1mo": on_the_clock(as_of, months=1),
        "1y": on_the_clock(as_of, months=12),
    }
    sold: dict = {}
    net: dict = {}
    for row in table.to_dicts():
        when = row["ordered_at"].astimezone(dt.UTC)
        if row["status"] not in (None, "completed") or when >= until:
            continue
        who = row["customer_id"]
        if when >= starts[window]:
            net[who] = net.get(who, Decimal(0)) + row["amount"]
        if row["kind"] in (None, "sale"):
            sold.setdefault(who, []).append(row["ordered_at"])
    found = {}
    for who, times in sold.items():
        times.sort(key=lambda one: one.astimezone(dt.UTC))
        within = [one for one in times if one.astimezone(dt.UTC) >= starts[window]]
        bought = len(within) if unit == "order" else len({one.date() for one in within})
        recency, tenure = ((as_of.date() - times[place].date()).days for place in (-1, 0))
        found[who] = (recency, bought, net.get(who, Decimal(0)), tenure)
    return found


def on_the_clock(as_of: dt.datetime, *, days: int = 0, months: int = 0) -> dt.datetime:
    """Give the instant before, as the clock of London shows it."""
    date = as_of.date() - dt.timedelta(days=days)
    for _ in range(months):
        date = date.replace(day=1) - dt.timedelta(days=1)
    if months:
        last = date.day
        date = date.replace(day=min(as_of.day, last))
    return dt.datetime.combine(date, as_of.time(), ZoneInfo(LONDON)).astimezone(dt.UTC)
