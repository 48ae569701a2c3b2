"""The dataframely classes check what the door checks, under the same names."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from retention_kit.contracts import TABLES, dataframely_schema
from retention_kit.contracts.rules import row_rules
from retention_kit.errors import DefinitionError, MissingColumnError


@pytest.fixture(scope="module", params=["numbers", "text"])
def shop(request):
    from retention_kit.contracts import Dataset

    def one(value):
        return str(value) if request.param == "text" else value

    moment = dt.datetime(2024, 1, 2, 10)
    return Dataset.from_frames(
        [
            {"order_id": one(1), "customer_id": one(7), "ordered_at": moment, "amount": 5, "x": 1},
            {"order_id": one(2), "customer_id": one(8), "ordered_at": moment, "amount": 0, "x": 2},
        ],
        order_items=[{"order_id": one(1), "product_id": one(3), "quantity": 1, "amount": 5}],
        customers=[{"customer_id": one(7), "birthday": dt.date(1990, 5, 17)}],
        consents=[
            {"customer_id": one(7), "channel": "sms", "status": "granted", "decided_at": moment}
        ],
        events=[{"customer_id": one(7), "name": "Cart Viewed", "occurred_at": moment}],
        costs=[{"month": dt.date(2024, 1, 5), "amount": 100, "category": "rent"}],
        reviews=[{"review_id": one(1), "published_at": moment, "text": "Good.", "rating": 5}],
        time_zone="Europe/London",
        currency="GBP",
    )


@pytest.mark.parametrize("table", TABLES)
def test_the_class_of_a_table_accepts_what_the_door_accepted(shop, table):
    frame = getattr(shop, table).collect()
    assert frame.height > 0
    schema = dataframely_schema(table, frame.schema, currency="GBP")
    assert schema.is_valid(frame)
    described = [name for name in frame.columns if name != "x"]
    assert schema.validate(frame).columns == described
    good, failures = schema.filter(frame)
    assert good.height == frame.height
    assert failures.counts() == {}
    assert schema.__name__ == table.title().replace("_", "")


@pytest.mark.parametrize("table", TABLES)
def test_the_class_of_a_table_accepts_an_empty_one(shop, table):
    frame = getattr(shop, table).collect().clear()
    assert dataframely_schema(table, frame.schema).is_valid(frame)


KINDS = pl.Enum(["sale", "return"])
MONEY = pl.Decimal(18, 4)
BROKEN = {
    ("orders", "negative_sale"): {"amount": pl.lit(Decimal(-1), dtype=MONEY)},
    ("orders", "positive_return"): {
        "kind": pl.lit("return", dtype=KINDS),
        "amount": pl.lit(Decimal(1), dtype=MONEY),
    },
    ("orders", "other_currency"): {"currency": pl.lit("EUR")},
    ("order_items", "positive_return_line"): {"kind": pl.lit("return", dtype=KINDS)},
}
EVERY_RULE = [
    (table, rule)
    for table, described in TABLES.items()
    for rule in row_rules(table, [*described.columns, "kind"], currency="GBP")
]


@pytest.mark.parametrize(("table", "rule"), EVERY_RULE)
def test_the_class_of_a_table_fails_the_row_that_breaks_a_rule_and_no_other(shop, table, rule):
    frame = getattr(shop, table).collect()
    change = BROKEN.get((table, rule))
    if change is None:
        name = rule.removeprefix("null_")
        assert name in frame.columns
        change = {name: pl.lit(None, dtype=frame.schema[name])}
    broken = frame.head(1).with_columns(**change)
    schema = dataframely_schema(table, frame.schema, currency="GBP")
    assert not schema.is_valid(broken)
    good, failures = schema.filter(pl.concat([frame, broken]))
    assert failures.counts() == {rule: 1}
    assert good.height == frame.height
    assert failures.invalid().height == 1


def test_without_a_currency_the_class_asks_for_none(shop):
    frame = shop.orders.collect().with_columns(currency=pl.lit("EUR"))
    assert dataframely_schema("orders", frame.schema).is_valid(frame)


def test_the_class_asks_for_the_types_that_came(shop):
    frame = shop.orders.collect()
    schema = dataframely_schema("orders", frame.schema)
    assert not schema.is_valid(frame.with_columns(pl.col("amount").cast(pl.Float64)))
    assert not schema.is_valid(
        frame.with_columns(pl.col("ordered_at").dt.convert_time_zone("Europe/Moscow"))
    )
    assert schema.is_valid(frame.with_columns(pl.col("amount").cast(pl.Float64)), cast=True)


@pytest.mark.parametrize(
    ("table", "column"), [(table, name) for table in TABLES for name in TABLES[table].required]
)
def test_a_frame_without_a_required_column_has_no_class(shop, table, column):
    frame = getattr(shop, table).collect().drop(column)
    with pytest.raises(MissingColumnError) as caught:
        dataframely_schema(table, frame.schema)
    assert (caught.value.table, caught.value.column) == (table, column)


def test_a_frame_without_optional_columns_has_one():
    frame = pl.DataFrame({"customer_id": [7]})
    schema = dataframely_schema("customers", frame.schema)
    assert list(schema.columns()) == ["customer_id"]
    assert schema.is_valid(frame)


def test_a_table_there_is_none_of_has_no_class():
    with pytest.raises(DefinitionError, match="'table' is 'order'. Allowed: orders, order_items"):
        dataframely_schema("order", pl.Schema())
