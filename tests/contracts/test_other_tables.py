"""Customers, consents, events, costs and reviews at the door."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from retention_kit.contracts import TABLES
from retention_kit.errors import ColumnTypeError, MissingColumnError

CONSENT = {
    "customer_id": 7,
    "channel": "email",
    "status": "granted",
    "decided_at": "2024-01-02 10:00",
}
EVENT = {"customer_id": 7, "name": "Product Viewed", "occurred_at": "2024-01-02 10:00"}
REVIEW = {"review_id": 1, "published_at": "2024-01-02", "text": "Good."}
COST = {"month": "2024-01", "amount": 100}
CUSTOMER = {"customer_id": 7}
ROWS = {
    "customers": CUSTOMER,
    "consents": CONSENT,
    "events": EVENT,
    "costs": COST,
    "reviews": REVIEW,
}


@pytest.mark.parametrize("table", ROWS)
def test_the_least_row_of_each_table_goes_in(enter, order, rules_of, table):
    dataset = enter([order()], **{table: [ROWS[table]]})
    assert rules_of(dataset, table) == {}
    assert dataset.given == {"orders", table}
    schema = getattr(dataset, table).collect_schema()
    assert schema.names() == list(TABLES[table].columns)
    assert pl.Null not in schema.dtypes()


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table in ROWS for column in TABLES[table].required]
)
def test_what_is_required_must_be_there_and_must_not_be_null(enter, order, rules_of, table, column):
    without = {name: value for name, value in ROWS[table].items() if name != column}
    with pytest.raises(MissingColumnError) as caught:
        enter([order()], **{table: [without]})
    assert (caught.value.table, caught.value.column) == (table, column)
    rows = [ROWS[table], {**ROWS[table], column: None}]
    dataset = enter([order()], **{table: rows})
    assert rules_of(dataset, table) == {f"null_{column}": 1}


@pytest.mark.parametrize(
    ("table", "key", "other"),
    [("customers", "customer_id", "city"), ("reviews", "review_id", "source")],
)
@pytest.mark.parametrize("make", [int, str])
def test_of_a_repeated_key_the_first_row_stays(enter, order, rules_of, table, key, other, make):
    rows = [
        {**ROWS[table], "customer_id": make(1), key: make(1), other: "a"},
        {**ROWS[table], "customer_id": make(1), key: make(2), other: "b"},
        {**ROWS[table], "customer_id": make(1), key: make(1), other: "c"},
        {**ROWS[table], "customer_id": make(1), key: make(1), other: "a"},
    ]
    dataset = enter([order(customer_id=make(7))], **{table: rows})
    assert rules_of(dataset, table) == {"duplicate_row": 1, f"repeated_{key}": 1}
    kept = getattr(dataset, table).sort(key).select(key, other).collect().rows()
    assert kept == [(make(1), "a"), (make(2), "b")]


@pytest.mark.parametrize("table", ["consents", "events", "costs"])
def test_tables_without_a_key_may_repeat_themselves(enter, order, rules_of, table):
    dataset = enter([order()], **{table: [ROWS[table], ROWS[table]]})
    assert rules_of(dataset, table) == {}
    assert dataset.health.tables[table].accepted == 2


def test_a_consent_is_granted_or_withdrawn(enter, order, rules_of):
    states = ["granted", "withdrawn", "maybe", None, ""]
    rows = [{**CONSENT, "status": status} for status in states]
    dataset = enter([order()], consents=rows)
    assert rules_of(dataset, "consents") == {"unknown_status": 1, "null_status": 2}
    assert dataset.consents.collect_schema()["status"] == pl.Enum(["granted", "withdrawn"])


def test_words_for_states_are_mapped_in_every_table_that_has_the_column(enter, order, rules_of):
    dataset = enter(
        [order(status="yes")],
        consents=[{**CONSENT, "status": "yes"}, {**CONSENT, "status": "no"}],
        values={"status": {"yes": "granted", "no": "withdrawn"}},
    )
    assert dataset.consents.collect()["status"].to_list() == ["granted", "withdrawn"]
    assert rules_of(dataset) == {"unknown_status": 1}


def test_an_event_is_recorded_when_it_happened_unless_something_else_is_said(
    enter, order, rules_of
):
    rows = [
        {**EVENT, "recorded_at": None},
        {**EVENT, "recorded_at": "2024-01-05 00:00"},
        {**EVENT, "recorded_at": "later"},
    ]
    dataset = enter([order()], events=rows)
    assert rules_of(dataset, "events") == {"unreadable_recorded_at": 1}
    happened = dt.datetime(2024, 1, 2, 10, tzinfo=dt.UTC)
    assert dataset.events.collect()["recorded_at"].to_list() == [
        happened,
        dt.datetime(2024, 1, 5, tzinfo=dt.UTC),
    ]
    absent = enter([order()], events=[EVENT])
    assert absent.events.collect()["recorded_at"].to_list() == [happened]


def test_an_event_s_instant_that_was_recorded_with_a_zone_comes_back_as_it_came(enter, order):
    came = pl.DataFrame(
        [{**EVENT, "customer_id": None, "recorded_at": None}],
        schema_overrides={"recorded_at": pl.Datetime("us", "Europe/London")},
    )
    dataset = enter([order()], events=came)
    assert dataset.rejected["events"].collect()["recorded_at"].to_list() == [None]


def test_properties_of_an_event_become_json_text(enter, order, rules_of):
    rows = [{**EVENT, "value": "3.5", "properties": {"page": "home", "n": 1}}]
    dataset = enter([order()], events=rows)
    assert rules_of(dataset, "events") == {}
    assert dataset.events.select("value", "properties").collect().rows() == [
        (Decimal("3.5000"), '{"page":"home","n":1}')
    ]


def test_costs_are_other_and_for_winning_customers_unless_something_else_is_said(
    enter, order, rules_of
):
    rows = [
        COST,
        {**COST, "category": "rent", "purpose": "retention", "channel": "web"},
        {**COST, "category": "bribes"},
        {**COST, "amount": "free"},
        {**COST, "month": "someday"},
    ]
    dataset = enter([order()], costs=[{**rows[1], **row} if row is COST else row for row in rows])
    assert rules_of(dataset, "costs") == {
        "unreadable_month": 1,
        "unreadable_amount": 1,
        "unknown_category": 1,
    }
    absent = enter([order()], costs=[COST]).costs.collect().row(0, named=True)
    assert (absent["category"], absent["purpose"], absent["channel"]) == (
        "other",
        "acquisition",
        None,
    )


def test_a_cost_in_a_number_for_a_month_is_refused(enter, order):
    with pytest.raises(ColumnTypeError, match="'month' of table 'costs' is Int64"):
        enter([order()], costs=[{"month": 202401, "amount": 1}])


def test_a_negative_cost_is_money_that_came_back(enter, order, rules_of):
    dataset = enter([order()], costs=[{**COST, "amount": -5}])
    assert rules_of(dataset, "costs") == {}
    assert dataset.costs.collect()["amount"].to_list() == [Decimal(-5)]


def test_a_review_may_have_no_customer(enter, order, rules_of):
    rows = [REVIEW, {**REVIEW, "review_id": 2, "customer_id": 7, "rating": "4,5"}]
    dataset = enter([order()], reviews=rows, decimal_mark=",")
    assert rules_of(dataset, "reviews") == {}
    assert dataset.reviews.sort("review_id").select("customer_id", "rating").collect().rows() == [
        (None, None),
        (7, Decimal("4.5000")),
    ]


def test_customers_keep_contacts_as_they_are_written(enter, order):
    rows = [{"customer_id": 7, "email": "A@Example.com ", "phone": "+44 20 7946 0000", "vip": True}]
    dataset = enter([order()], customers=rows)
    assert dataset.customers.select("email", "phone", "vip").collect().rows() == [
        ("A@Example.com ", "+44 20 7946 0000", True)
    ]


def test_a_number_where_text_is_due_becomes_text(enter, order):
    dataset = enter([order(channel=3)], customers=[{"customer_id": 7, "phone": 442079460000}])
    assert dataset.orders.collect()["channel"].to_list() == ["3"]
    assert dataset.customers.collect()["phone"].to_list() == ["442079460000"]


def test_strict_is_strict_about_every_table(enter, order):
    from retention_kit.errors import RowsRejectedError

    rows = [{"customer_id": 7, "email": "secret@example.com", "birthday": "soon"}]
    with pytest.raises(RowsRejectedError) as caught:
        enter([order()], customers=rows, strict=True)
    assert caught.value.table == "customers"
    assert caught.value.rejected == {"unreadable_birthday": 1}
    assert "secret" not in str(caught.value)
