"""The dataset itself: frozen, lazy, complete, and silent about its customers."""

import copy
import dataclasses
import datetime as dt
import pickle

import polars as pl
import pytest

from retention_kit import contracts
from retention_kit.contracts import TABLES, DataHealth, Dataset, TableHealth, table_schema
from retention_kit.contracts.rules import MEANINGS, meaning
from retention_kit.errors import DefinitionError


@pytest.fixture
def shop(enter, order, item):
    rows = [
        order(1, 424242, note="secret@example.com"),
        order(2, None, amount=77.25),
        order(None),
        order(3, 424242, amount=-1, kind="return"),
        order(4, status="open"),
    ]
    return enter(rows, order_items=[item(1)], customers=[{"customer_id": 424242}])


def test_its_text_shows_counts_and_no_data(shop):
    assert repr(shop) == (
        "Dataset(orders=4, order_items=1, customers=1, time_zone='Europe/London', currency='GBP')"
    )
    assert str(shop) == repr(shop)
    for secret in ("424242", "secret", "77.25"):
        assert secret not in repr(shop)
        assert secret not in repr(shop.health)


def test_it_is_frozen(shop):
    with pytest.raises(dataclasses.FrozenInstanceError):
        shop.orders = shop.customers
    with pytest.raises(dataclasses.FrozenInstanceError):
        shop.health.warnings = ()
    with pytest.raises(TypeError):
        shop.rejected["orders"] = shop.orders
    with pytest.raises(TypeError):
        shop.health.tables["orders"] = None
    with pytest.raises((AttributeError, TypeError)):
        shop.note = 1


def test_a_frozen_dataset_is_changed_by_making_another(shop):
    cut = dataclasses.replace(shop, orders=shop.orders.head(1))
    assert cut.orders.collect().height == 1
    assert shop.orders.collect().height == 3
    assert cut.health is shop.health


def test_two_datasets_are_the_same_when_they_are_one(shop):
    same = copy.copy(shop)
    assert shop == shop  # noqa: PLR0124
    assert shop != same
    assert len({shop, same, shop}) == 2


def test_its_tables_are_all_there_lazy_and_typed(shop):
    assert list(shop.tables()) == list(TABLES)
    for name, table in shop.tables().items():
        assert isinstance(table, pl.LazyFrame)
        wanted = table_schema(name, time_zone="Europe/London")
        got = table.collect_schema()
        if name == "orders":
            assert got.pop("note") == pl.String
        if name == "order_items":
            wanted = table_schema(
                name, time_zone="Europe/London", id_types={"product_id": pl.String()}
            )
        elif name in ("events", "reviews"):
            wanted = wanted | {"product_id": pl.String()}
        assert dict(got) == dict(wanted)
        assert list(got) == list(wanted)


def test_given_tells_the_tables_that_came(shop, enter, order):
    assert shop.given == {"orders", "order_items", "customers"}
    assert enter([order()]).given == {"orders"}
    assert enter([order()], events=[]).given == {"orders", "events"}


def test_a_table_that_was_not_given_is_there_and_empty(shop):
    assert shop.events.collect().height == 0
    assert shop.events.collect_schema()["customer_id"] == pl.Int64
    assert shop.guest_order_items.collect_schema() == shop.order_items.collect_schema()


def test_ids_of_tables_that_were_not_given_are_of_the_type_of_those_that_were(enter, order):
    dataset = enter([order("1", "c")])
    for table in ("customers", "events", "reviews", "order_items", "guest_order_items"):
        assert getattr(dataset, table).collect_schema()["customer_id"] == pl.String


def test_absent_columns_are_null_of_the_declared_type(enter, order):
    row = enter([order()]).orders.collect()
    absent = [name for name in TABLES["orders"].columns if name not in order()]
    assert len(absent) == 13
    filled = {"kind": "sale", "status": "completed"}
    for name in absent:
        assert row[name].to_list() == [filled.get(name)]
    assert row.schema["margin"] == pl.Decimal(18, 4)
    assert row.schema["delivered_at"] == pl.Datetime("us", "Europe/London")
    assert row.schema["referrer_id"] == pl.Int64
    assert row.schema["currency"] == pl.String


def test_the_counts_are_a_table_for_people(shop):
    frame = shop.health.to_frame()
    assert frame.schema == {
        "table": pl.String,
        "outcome": pl.String,
        "rule": pl.String,
        "meaning": pl.String,
        "rows": pl.Int64,
    }
    assert frame.filter(table="orders").drop("table").rows() == [
        ("read", None, "rows read", 5),
        ("accepted", None, "rows that went in", 4),
        ("guests", None, "of them of no known customer", 1),
        ("rejected", "null_order_id", "a value that every row must have is missing", 1),
        ("note", "returns", "returns", 1),
        ("note", "open", "open", 1),
    ]


def test_counts_are_equal_when_their_numbers_are():
    one = DataHealth(tables={"orders": TableHealth("orders", read=1, accepted=1)})
    assert one == DataHealth(tables={"orders": TableHealth("orders", read=1, accepted=1)})
    assert one != DataHealth(tables={"orders": TableHealth("orders", read=2, accepted=2)})


def test_counts_travel_to_other_processes():
    health = TableHealth("orders", read=2, accepted=1, rejected={"null_order_id": 1})
    assert pickle.loads(pickle.dumps(health)) == health


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("null_amount", "a value that every row must have is missing"),
        ("unreadable_amount", "a value is there but cannot be read as the column's type"),
        ("unknown_order", "the line's order is not among the accepted orders"),
        ("unknown_status", "a value that is none of the column's choices"),
        ("nonexistent_ordered_at", "a wall-clock time that a change to summer time skipped"),
        ("zero_price", "a rule of the reader's own"),
    ],
)
def test_every_rule_has_a_meaning_in_words(rule, words):
    assert meaning(rule) == words


def test_every_rule_that_a_row_may_break_has_a_meaning_of_its_own():
    from retention_kit.contracts.rules import row_rules
    from retention_kit.contracts.tables import DESCRIPTIONS

    for name, table in DESCRIPTIONS.items():
        for rule in row_rules(name, [*table.columns, "kind"], currency="GBP"):
            assert meaning(rule) in MEANINGS.values()


def test_the_schema_of_a_table_can_be_asked_for():
    schema = table_schema("order_items", time_zone="UTC", id_types={"order_id": pl.String()})
    assert schema["order_id"] == pl.String
    assert schema["customer_id"] == pl.Int64
    assert schema["ordered_at"] == pl.Datetime("us", "UTC")
    assert list(schema)[-3:] == ["customer_id", "ordered_at", "kind"]


def test_a_table_there_is_none_of_is_told_those_there_are():
    with pytest.raises(DefinitionError) as caught:
        table_schema("order")
    assert str(caught.value) == (
        "Parameter 'table' is 'order'. Allowed: orders, order_items, customers, consents, events, "
        "costs, reviews."
    )


def test_every_column_has_words_and_only_choices_have_choices():
    for table in TABLES.values():
        assert table.row
        for name, column in table.columns.items():
            assert column.name == name
            assert column.meaning
            assert bool(column.choices) == (column.kind == "choice")
            assert column.default in (None, *column.choices)


def test_the_tables_cannot_be_changed():
    with pytest.raises(TypeError):
        TABLES["orders"] = None
    with pytest.raises(TypeError):
        TABLES["orders"].columns["amount"] = None


def test_the_room_serves_its_names_sorted_and_no_others():
    assert contracts.__all__ == sorted(contracts.__all__)
    for name in contracts.__all__:
        assert getattr(contracts, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Datasett'"):
        contracts.Datasett  # noqa: B018


def test_the_example_of_the_documentation_holds(enter):
    dataset = enter(
        [{"id": 1, "client": "a", "date": "09.12.2011", "total": 12.5}],
        columns={
            "order_id": "id",
            "customer_id": "client",
            "ordered_at": "date",
            "amount": "total",
        },
        date_format="%d.%m.%Y",
    )
    assert isinstance(dataset, Dataset)
    assert dataset.orders.collect()["ordered_at"].item().date() == dt.date(2011, 12, 9)
