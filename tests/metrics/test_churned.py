"""The list of churned customers: who is on it, what it says of them, and in what order."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit import Dataset, DefinitionError, MissingColumnError
from retention_kit.metrics.retention.churned import churned_customers
from retention_kit.metrics.retention.counts import retention_totals
from retention_kit.testing import orders as drawn_orders

LONDON = "Europe/London"


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(LONDON))


def orders(*rows: tuple) -> pl.LazyFrame:
    """Orders of (order_id, customer_id, instant, amount, …manager)."""
    names = ("order_id", "customer_id", "ordered_at", "amount", "manager")
    return Dataset.from_frames(
        orders=[dict(zip(names, row, strict=False)) for row in rows],
        negative_amounts="return",
        date_format="iso8601",
        time_zone=LONDON,
        currency="GBP",
    ).orders


AS_OF = at("2025-07-01")
SHOP = (
    (1, 1, "2025-01-01", 100, "Ann"),
    (2, 1, "2025-02-10", 50, "Bob"),
    (3, 1, "2025-03-02", 30, "Ann"),
    (4, 1, "2025-05-20", -10, "Eve"),
    (5, 2, "2025-04-01", 500, None),
    (6, 3, "2025-06-20", 900, "Ann"),
    (7, 4, "2024-11-01", 900, "Ann"),
    (8, 5, "2025-03-01", 170, "Bob"),
)
CUSTOMERS = pl.LazyFrame(
    {
        "customer_id": [1, 3],
        "email": ["one@example.com", "three@example.com"],
        "city": ["Leeds", None],
    }
)


def churned(table, customers=None, **arguments):
    given_ones = {"as_of": AS_OF, "active_within": "90d"} | arguments
    return churned_customers(table, customers, **given_ones).collect()


def test_the_list_has_who_bought_in_the_window_before_the_last_and_not_in_the_last():
    # The windows are [2 January, 2 April) and [2 April, 1 July).
    assert churned(orders(*SHOP))["customer_id"].to_list() == [2, 1, 5]


def test_the_most_valuable_come_first_and_of_equal_ones_the_smaller_id():
    table = churned(orders(*SHOP))
    assert table["net_revenue"].to_list() == [Decimal(500), Decimal(170), Decimal(170)]


def test_the_list_says_how_late_each_is():
    row = churned(orders(*SHOP)).row(1, named=True)
    hours = 120 * 24 + 23  # from 2 March in winter to 1 July in summer
    assert row["orders"] == 3
    assert row["last_order_at"] == at("2025-03-02")
    assert row["days_since_last_order"] == hours / 24
    assert row["usual_gap_days"] == 30.0
    assert row["gap_multiple"] == hours / 24 / 30


def test_who_bought_once_has_no_rhythm_to_be_late_by():
    row = churned(orders(*SHOP)).row(0, named=True)
    assert (row["usual_gap_days"], row["gap_multiple"]) == (None, None)
    twice_at_once = orders((1, 1, "2025-03-01", 1), (2, 1, "2025-03-01", 1))
    row = churned(twice_at_once).row(0, named=True)
    assert (row["usual_gap_days"], row["gap_multiple"]) == (0.0, None)


def test_by_days_two_orders_in_an_hour_are_no_rhythm():
    often = orders(
        (1, 1, "2025-02-01T10:00", 1),
        (2, 1, "2025-02-01T11:00", 1),
        (3, 1, "2025-02-01T12:00", 1),
        (4, 1, "2025-03-01T10:00", 1),
    )
    by_order = churned(often).row(0, named=True)
    by_day = churned(often, unit="day").row(0, named=True)
    assert by_order["usual_gap_days"] == 1 / 24
    assert by_day["usual_gap_days"] == 28.0
    assert by_day["orders"] == 4


def test_the_manager_is_that_of_the_last_sale():
    assert churned(orders(*SHOP))["manager"].to_list() == [None, "Ann", "Bob"]
    tied = orders((2, 1, "2025-03-01", 1, "Bob"), (1, 1, "2025-03-01", 1, "Ann"))
    assert churned(tied)["manager"].item() == "Bob"
    as_text = orders(("b", 1, "2025-03-01", 1, "Bob"), ("a", 1, "2025-03-01", 1, "Ann"))
    assert churned(as_text)["manager"].item() == "Bob"
    assert churned(orders(*SHOP).drop("manager"))["manager"].to_list() == [None] * 3


def test_contacts_stand_beside_where_they_are_known():
    table = churned(orders(*SHOP), CUSTOMERS)
    assert table["email"].to_list() == [None, "one@example.com", None]
    assert table["city"].to_list() == [None, "Leeds", None]
    assert table["phone"].to_list() == [None] * 3
    assert table.schema == churned(orders(*SHOP)).schema


def test_a_customer_whom_the_table_has_twice_is_listed_once():
    table = churned(orders(*SHOP), pl.concat([CUSTOMERS, CUSTOMERS]))
    assert table["customer_id"].to_list() == [2, 1, 5]


def test_a_period_of_its_own_takes_those_who_left_in_it():
    # At the start of June, 90 days back is 3 March; at its end, 2 April.
    assert churned(orders(*SHOP), period="1mo")["customer_id"].to_list() == [2]


def test_a_period_longer_than_the_window_leaves_out_who_came_and_went_in_it():
    # A year before nobody had bought yet; half a year before, customer 4 had, in November.
    assert churned(orders(*SHOP), period="1y")["customer_id"].to_list() == []
    assert churned(orders(*SHOP), period="6mo")["customer_id"].to_list() == [4]


def test_returns_alone_and_no_orders_make_an_empty_list_of_the_same_schema():
    some = churned(orders(*SHOP))
    for table in (orders((1, 1, "2025-03-01", -10)), orders(*SHOP).clear()):
        none = churned(table)
        assert none.height == 0
        assert none.schema == some.schema


@pytest.mark.parametrize("parameter", ["active_within", "period"])
def test_what_is_no_length_of_the_calendar_is_refused(parameter):
    with pytest.raises(DefinitionError, match="whole number of days") as caught:
        churned(orders(*SHOP), **{parameter: "36h"})
    assert caught.value.parameter == parameter


def test_missing_columns_are_named():
    with pytest.raises(MissingColumnError, match="no column 'ordered_at'"):
        churned(orders(*SHOP).drop("ordered_at"))
    with pytest.raises(MissingColumnError, match="no column 'customer_id'"):
        churned(orders(*SHOP), CUSTOMERS.drop("customer_id"))


@given(
    drawn_orders(max_rows=14),
    st.sampled_from(["31d", "2mo", "1y"]),
    st.dates(dt.date(2011, 3, 1), dt.date(2013, 1, 1)),
)
def test_the_churned_are_as_many_as_retention_counts_lost(table, active_within, day):
    as_of = dt.datetime(day.year, day.month, 1, tzinfo=ZoneInfo(LONDON))
    listed = churned_customers(table, as_of=as_of, active_within=active_within, period="1mo")
    months = retention_totals(table, as_of=as_of, active_within=active_within)
    last_month = (as_of.date() - dt.timedelta(days=1)).replace(day=1)
    lost = months.filter(pl.col("period") == last_month)["lost"].sum()
    assert listed.height == lost
