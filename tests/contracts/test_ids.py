"""Ids: numbers or text, of one type in every table, and the ids that stand for nobody."""

from decimal import Decimal

import polars as pl
import pytest

from retention_kit.contracts import Dataset
from retention_kit.errors import ColumnTypeError, DataWarning


def ids_of(dataset):
    return dataset.orders.sort("order_id").select("order_id", "customer_id").collect().rows()


def test_ids_of_different_types_in_two_tables_are_not_joined_by_chance(enter, order):
    with pytest.raises(ColumnTypeError) as caught:
        enter([order(customer_id=424242)], customers=[{"customer_id": "424242"}])
    assert str(caught.value) == (
        "Column 'customer_id' of table 'customers' is text. Allowed: the type of 'customer_id' in "
        "table 'orders', a number. Next step: ids_as_text=True reads all ids as text."
    )
    assert (caught.value.table, caught.value.column) == ("customers", "customer_id")
    assert (caught.value.got, caught.value.allowed.split(", ")[1]) == ("text", "a number")
    assert "424242" not in str(caught.value)


def test_an_id_under_another_name_is_of_the_same_type(enter, order):
    with pytest.raises(ColumnTypeError) as caught:
        enter([order(referrer_id="a")])
    assert "'referrer_id' of table 'orders' is text. Allowed: the type of 'customer_id'" in str(
        caught.value
    )


def test_ids_as_text_reads_all_ids_as_text(enter, order, item):
    dataset = enter(
        [order(1, 7)],
        order_items=[item("1")],
        customers=[{"customer_id": "7"}],
        ids_as_text=True,
    )
    assert ids_of(dataset) == [("1", "7")]
    assert dataset.order_items.select("order_id", "customer_id").collect().rows() == [("1", "7")]
    assert dataset.events.collect_schema()["product_id"] == pl.String


@pytest.mark.parametrize(
    "dtype", [pl.Int8, pl.UInt32, pl.UInt64, pl.Int128, pl.Float64, pl.Decimal(38, 0)]
)
def test_whole_numbers_of_any_type_are_int64(enter, order, dtype):
    frame = pl.DataFrame([order(1, 7)]).cast({"order_id": dtype, "customer_id": dtype})
    dataset = enter(frame)
    assert dataset.orders.collect_schema()["customer_id"] == pl.Int64
    assert ids_of(dataset) == [(1, 7)]
    assert ids_of(enter(frame, ids_as_text=True)) == [("1", "7")]


def test_float_ids_from_pandas_with_missing_values_are_whole_numbers_and_guests(
    enter, order, rules_of
):
    import pandas as pd

    frame = pd.DataFrame([order(1, 7.0), order(2, None), order(3, 9.0)])
    assert frame["customer_id"].dtype == "float64"
    dataset = enter(frame)
    assert rules_of(dataset) == {}
    assert ids_of(dataset) == [(1, 7), (3, 9)]
    assert dataset.guest_orders.collect()["order_id"].to_list() == [2]


@pytest.mark.parametrize("value", [7.5, Decimal("7.5")])
def test_an_id_with_a_fraction_is_rejected_and_not_cut(enter, order, rules_of, value):
    dataset = enter(pl.DataFrame([order(1, value), order(2, type(value)(8))]))
    rule = "fractional_customer_id" if isinstance(value, float) else "unreadable_customer_id"
    assert rules_of(dataset) == {rule: 1}
    assert ids_of(dataset) == [(2, 8)]


@pytest.mark.parametrize(
    ("dtype", "value"),
    [(pl.UInt64, 2**64 - 1), (pl.Int128, 2**100), (pl.Float64, 1e300), (pl.Float64, float("inf"))],
)
def test_an_id_too_large_for_int64_is_rejected_and_not_wrapped(
    enter, order, rules_of, dtype, value
):
    frame = pl.DataFrame([order(1), order(2)]).with_columns(
        customer_id=pl.Series([value, 7], dtype=dtype)
    )
    dataset = enter(frame)
    assert rules_of(dataset) == {"unreadable_customer_id": 1}
    assert ids_of(dataset) == [(2, 7)]


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["007", "8"])])
def test_ids_of_text_keep_their_leading_zeros(enter, order, dtype):
    frame = pl.DataFrame([order(1, "007"), order(2, "8")]).cast({"customer_id": dtype})
    dataset = enter(frame)
    assert dataset.orders.collect_schema()["customer_id"] == pl.String
    assert ids_of(dataset) == [(1, "007"), (2, "8")]


def test_a_null_order_id_is_rejected(enter, order, rules_of):
    dataset = enter([order(1), order(None), order(3)])
    assert rules_of(dataset) == {"null_order_id": 1}


def test_an_order_id_that_is_empty_text_is_a_null_one(enter, order, rules_of):
    dataset = enter([order("1"), order("")])
    assert rules_of(dataset) == {"null_order_id": 1}


@pytest.mark.parametrize("nobody", [None, ""])
def test_a_missing_customer_is_a_guest_and_not_a_fault(enter, order, rules_of, nobody):
    dataset = enter([order(1, "a"), order(2, nobody, amount=3)])
    assert rules_of(dataset) == {}
    assert ids_of(dataset) == [(1, "a")]
    guests = dataset.guest_orders.select("order_id", "customer_id", "amount").collect()
    assert guests.rows() == [(2, None, Decimal("3.0000"))]
    assert dataset.guest_orders.collect_schema() == dataset.orders.collect_schema()
    assert dataset.health.tables["orders"].guests == 1
    assert dataset.health.tables["orders"].accepted == 2


@pytest.mark.parametrize(
    ("shared", "ids"), [(0, [0]), ("retail customer", ["retail customer"]), (0, ["0"]), ("0", [0])]
)
def test_ids_that_guests_share_are_guests(enter, order, item, rules_of, shared, ids):
    own = 7 if isinstance(shared, int) else "7"
    dataset = enter(
        [order(1, own), order(2, shared), order(3, None)],
        order_items=[item(1), item(2), item(3)],
        guest_ids=ids,
    )
    assert rules_of(dataset) == {}
    assert ids_of(dataset) == [(1, own)]
    assert dataset.health.tables["orders"].guests == 2
    assert dataset.guest_orders.collect()["order_id"].sort().to_list() == [2, 3]
    assert dataset.order_items.collect()["order_id"].to_list() == [1]
    assert dataset.guest_order_items.collect()["order_id"].sort().to_list() == [2, 3]
    assert dataset.health.tables["order_items"].guests == 2


def test_an_id_that_guests_share_is_no_customer(enter, order, rules_of):
    events = [
        {"customer_id": 0, "name": "Cart Viewed", "occurred_at": "2024-01-01"},
        {"customer_id": 7, "name": "Cart Viewed", "occurred_at": "2024-01-01"},
    ]
    dataset = enter(
        [order()], customers=[{"customer_id": 0}, {"customer_id": 7}], events=events, guest_ids=[0]
    )
    assert rules_of(dataset, "customers") == {"guest_id": 1}
    assert rules_of(dataset, "events") == {"guest_id": 1}
    assert dataset.customers.collect()["customer_id"].to_list() == [7]


def shop_of(heavy, others, **changes):
    rows = [{"order_id": n, "customer_id": 31337} for n in range(heavy)]
    rows += [{"order_id": heavy + n, "customer_id": n} for n in range(others)]
    return pl.DataFrame(rows).with_columns(
        pl.lit("2024-01-02").alias("ordered_at"), amount=pl.lit(5), **changes
    )


def test_a_customer_with_more_than_one_percent_of_all_sales_raises_a_warning_without_the_id():
    with pytest.warns(DataWarning) as caught:
        dataset = Dataset.from_frames(
            shop_of(11, 989), currency="GBP", time_zone="UTC", date_format="iso8601"
        )
    sentence = (
        "1 customer(s) hold more than 1% of all sales each, the largest 1.1%. If such an id is "
        "shared by guests, name it: guest_ids=[…]."
    )
    assert [str(one.message) for one in caught] == [sentence]
    assert caught[0].filename == __file__
    assert dataset.health.warnings == (sentence,)
    assert dataset.health.heavy_customers == 1


def test_exactly_one_percent_is_not_more_than_one_percent(enter):
    assert enter(shop_of(10, 990)).health.heavy_customers == 0


def test_in_a_small_table_nobody_is_heavy(enter):
    assert enter(shop_of(9, 10)).health.heavy_customers == 0
    assert enter(shop_of(10, 10)).health.heavy_customers == 1


def test_a_named_guest_id_is_not_warned_of(enter):
    dataset = enter(shop_of(500, 500), guest_ids=[31337])
    assert dataset.health.heavy_customers == 0
    assert dataset.health.warnings == ()
    assert dataset.health.tables["orders"].guests == 500


def test_cancelled_orders_and_returns_make_nobody_heavy(enter):
    own = pl.col("customer_id") == 31337
    cancelled = pl.when(own).then(pl.lit("cancelled"))
    assert enter(shop_of(500, 500, status=cancelled)).health.heavy_customers == 0
    returned = {"kind": pl.when(own).then(pl.lit("return")), "amount": pl.when(own).then(-1)}
    rows = shop_of(500, 500).with_columns(**returned).with_columns(pl.col("amount").fill_null(5))
    assert enter(rows).health.heavy_customers == 0


def test_copies_of_rows_do_not_hide_a_heavy_customer(enter):
    twice = pl.concat([shop_of(15, 985)] * 2)
    assert enter(twice).health.heavy_customers == 1
