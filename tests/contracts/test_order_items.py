"""Lines find their orders: by id, and by sign where a sale and its return share one."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from retention_kit.errors import MissingColumnError

FROM_ORDER = ["customer_id", "ordered_at", "kind"]


def items_of(dataset, *columns, guests=False):
    table = dataset.guest_order_items if guests else dataset.order_items
    return table.sort("order_id", "quantity", "product_id").select(columns).collect().rows()


def test_lines_take_customer_instant_and_kind_from_their_order(enter, order, item, rules_of):
    rows = [order(1, 7), order(2, 8, "2024-05-01 09:00", kind="return", amount=-5)]
    dataset = enter(rows, order_items=[item(1), item(2, quantity=-1, amount=-5)])
    assert rules_of(dataset, "order_items") == {}
    columns = dataset.order_items.collect_schema().names()
    assert columns[-3:] == FROM_ORDER
    first, second = items_of(dataset, *FROM_ORDER)
    assert (first[0], first[2]) == (7, "sale")
    assert (second[0], second[2]) == (8, "return")
    assert second[1].astimezone(dt.UTC) == dt.datetime(2024, 5, 1, 8, tzinfo=dt.UTC)


def test_a_line_s_own_columns_give_way_to_the_order_s_but_come_back_when_rejected(
    enter, order, item, rules_of
):
    lines = [
        item(1, customer_id="somebody", kind="gift", ordered_at="once"),
        item(9, customer_id="nobody", kind="gift", ordered_at="never"),
    ]
    dataset = enter([order(1, 7)], order_items=lines)
    assert rules_of(dataset, "order_items") == {"unknown_order": 1}
    assert items_of(dataset, "customer_id", "kind") == [(7, "sale")]
    rejected = dataset.rejected["order_items"].collect().to_dicts()
    assert rejected == [{**lines[1], "rule": "unknown_order"}]


def test_a_line_without_its_order_is_rejected(enter, order, item, rules_of):
    dataset = enter([order(1)], order_items=[item(1), item(2), item(None)])
    assert rules_of(dataset, "order_items") == {"null_order_id": 1, "unknown_order": 1}


def test_lines_of_rejected_orders_are_rejected_with_them(enter, order, item, rules_of):
    rows = [order(1), order(2, amount=-5), order(3, amount=float("nan"))]
    dataset = enter(rows, order_items=[item(1), item(2), item(3)])
    assert rules_of(dataset, "order_items") == {"unknown_order": 2}


def test_lines_of_guests_go_with_the_guests_orders(enter, order, item, rules_of):
    dataset = enter([order(1), order(2, None)], order_items=[item(1), item(2), item(2, "tea")])
    assert rules_of(dataset, "order_items") == {}
    assert items_of(dataset, "order_id") == [(1,)]
    assert items_of(dataset, "order_id", "customer_id", guests=True) == [(2, None), (2, None)]
    assert dataset.health.tables["order_items"].guests == 2
    assert dataset.health.tables["order_items"].accepted == 3


def test_lines_of_a_sale_and_its_return_under_one_id_part_by_their_sign(
    enter, order, item, rules_of
):
    rows = [order(1), order(1, ordered_at="2024-02-01", amount=-5, kind="return")]
    lines = [
        item(1, "mug", 2),
        item(1, "mug", -1, -2.5),
        item(1, "fee", 0, -1),
        item(1, "gift", 0, 0),
    ]
    dataset = enter(rows, order_items=lines)
    assert rules_of(dataset, "order_items") == {}
    assert items_of(dataset, "product_id", "kind") == [
        ("mug", "return"),
        ("fee", "return"),
        ("gift", "sale"),
        ("mug", "sale"),
    ]


def test_a_discount_line_of_a_sale_stays_with_the_sale(enter, order, item, rules_of):
    rows = [order(1), order(2, amount=-5, kind="return")]
    dataset = enter(rows, order_items=[item(1, "voucher", -1, -5)])
    assert rules_of(dataset, "order_items") == {}
    assert items_of(dataset, "kind", "amount") == [("sale", Decimal(-5))]


@pytest.mark.parametrize(("quantity", "amount"), [(1, -5), (-1, 5), (1, 0), (0, 5)])
def test_a_positive_line_of_a_return_is_rejected(enter, order, item, rules_of, quantity, amount):
    lines = [item(2, quantity=quantity, amount=amount), item(2, quantity=-1, amount=-5)]
    dataset = enter([order(2, amount=-5, kind="return")], order_items=lines)
    assert rules_of(dataset, "order_items") == {"positive_return_line": 1}
    assert items_of(dataset, "quantity") == [(Decimal(-1),)]


def test_copies_of_lines_are_kept_and_counted(enter, order, item, rules_of):
    lines = [item(1), item(1), item(1), item(1, "tea"), item(9), item(9)]
    dataset = enter([order(1)], order_items=lines)
    assert rules_of(dataset, "order_items") == {"unknown_order": 2}
    assert dataset.health.tables["order_items"].notes == {"duplicate_lines": 2}
    assert len(items_of(dataset, "order_id")) == 4


def test_copies_of_lines_are_rejected_where_the_reader_says_so(enter, order, item, rules_of):
    lines = [item(1), item(1), item(1), item(1, "tea"), item(2), item(2)]
    dataset = enter([order(1), order(2, None)], order_items=lines, duplicate_lines="reject")
    assert rules_of(dataset, "order_items") == {"duplicate_row": 3}
    assert dataset.health.tables["order_items"].notes == {}
    assert dataset.health.tables["order_items"].guests == 1
    assert items_of(dataset, "product_id") == [("mug",), ("tea",)]


def test_copies_of_a_line_that_has_an_id_are_rejected(enter, order, item, rules_of):
    lines = [item(1, line_id=1), item(1, line_id=1), item(1, line_id=2)]
    dataset = enter([order(1)], order_items=lines)
    assert rules_of(dataset, "order_items") == {"duplicate_row": 1}
    assert sorted(items_of(dataset, "line_id")) == [(1,), (2,)]


def test_copies_of_a_line_without_an_id_are_kept_even_where_others_have_one(
    enter, order, item, rules_of
):
    lines = [item(1, line_id=1), item(1, line_id=1), item(1, line_id=None), item(1, line_id=None)]
    dataset = enter([order(1)], order_items=lines)
    assert rules_of(dataset, "order_items") == {"duplicate_row": 1}
    assert dataset.health.tables["order_items"].notes == {"duplicate_lines": 1}
    assert dataset.order_items.collect().height == 3


def test_lines_of_a_repeated_order_id_stay_with_the_sale_that_stayed(enter, order, item, rules_of):
    rows = [order(1, 7), order(1, 8)]
    dataset = enter(rows, order_items=[item(1), item(1, "tea")])
    assert rules_of(dataset) == {"repeated_order_id": 1}
    assert rules_of(dataset, "order_items") == {}
    assert items_of(dataset, "customer_id") == [(7,), (7,)]


def test_lines_have_numbers_exact_and_columns_of_their_own(enter, order, item):
    lines = [item(1, quantity="1,5", amount="3,333", size="L", price=2.2)]
    dataset = enter([order(1)], order_items=lines, decimal_mark=",")
    assert items_of(dataset, "quantity", "amount", "size", "price") == [
        (Decimal("1.5000"), Decimal("3.3330"), "L", 2.2)
    ]
    assert dataset.order_items.collect_schema()["quantity"] == pl.Decimal(18, 4)


def test_lines_that_cannot_be_read_are_rejected_by_name(enter, order, item, rules_of):
    lines = [
        item(1, quantity="two"),
        item(1, amount=None),
        item(1, product_id=None),
        item(1, quantity=None),
        item(1, quantity="2"),
    ]
    dataset = enter([order(1)], order_items=lines)
    assert rules_of(dataset, "order_items") == {
        "unreadable_quantity": 1,
        "null_amount": 1,
        "null_product_id": 1,
        "null_quantity": 1,
    }


@pytest.mark.parametrize("missing", ["order_id", "product_id", "quantity", "amount"])
def test_each_required_column_of_lines_must_be_there(enter, order, item, missing):
    row = item()
    del row[missing]
    with pytest.raises(MissingColumnError) as caught:
        enter([order()], order_items=[row])
    assert (caught.value.table, caught.value.column) == ("order_items", missing)


def test_text_ids_join_as_numbers_do(enter, order, item, rules_of):
    dataset = enter([order("A-1", "x")], order_items=[item("A-1"), item("a-1")])
    assert rules_of(dataset, "order_items") == {"unknown_order": 1}
    assert items_of(dataset, "customer_id") == [("x",)]
