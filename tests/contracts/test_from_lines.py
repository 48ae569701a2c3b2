"""Orders made of an export that has one row per line of an order."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from retention_kit.errors import RowsRejectedError


def orders_of(dataset, *columns):
    return dataset.orders.sort("order_id", "kind").select(columns).collect().rows()


def items_of(dataset, *columns):
    return (
        dataset.order_items.sort("order_id", "kind", "product_id").select(columns).collect().rows()
    )


def test_an_order_is_the_lines_of_one_id(enter_lines, line, rules_of):
    lines = [line(1, "mug", 2, 3.25), line(1, "tea", 1, 4), line(2, "tea", 3, 4)]
    dataset = enter_lines(lines)
    assert rules_of(dataset) == rules_of(dataset, "order_items") == {}
    assert orders_of(dataset, "order_id", "customer_id", "amount", "kind") == [
        (1, 7, Decimal("10.5000"), "sale"),
        (2, 7, Decimal("12.0000"), "sale"),
    ]
    assert items_of(dataset, "order_id", "product_id", "amount") == [
        (1, "mug", Decimal("6.5000")),
        (1, "tea", Decimal("4.0000")),
        (2, "tea", Decimal("12.0000")),
    ]
    assert dataset.given == {"orders", "order_items"}
    assert dataset.health.tables["orders"].read == 2
    assert dataset.health.tables["order_items"].read == 3


def test_an_order_equals_the_sum_of_its_lines_to_the_last_digit(enter_lines, line):
    lines = [line(1, str(n), 3, "0.1") for n in range(1000)] + [line(2, "x", "0.3333", "0.3335")]
    dataset = enter_lines(lines)
    assert orders_of(dataset, "amount") == [(Decimal("300.0000"),), (Decimal("0.1112"),)]
    assert dataset.orders.collect_schema()["amount"] == pl.Decimal(18, 4)
    assert dataset.order_items.collect_schema()["amount"] == pl.Decimal(18, 4)


def test_a_line_s_own_amount_goes_before_price_times_quantity(enter_lines, line):
    lines = [line(1, "mug", 2, 5, amount=9), line(1, "tea", 2, 5, amount=None)]
    dataset = enter_lines(lines)
    assert items_of(dataset, "product_id", "amount") == [
        ("mug", Decimal(9)),
        ("tea", Decimal(10)),
    ]


def test_a_line_with_neither_amount_nor_price_is_rejected(enter_lines, line, rules_of):
    dataset = enter_lines([line(1, price=None), line(2), line(3, price=1e13, quantity=1000)])
    assert rules_of(dataset, "order_items") == {"null_amount": 2}
    assert orders_of(dataset, "order_id") == [(2,)]


def test_an_order_takes_the_earliest_instant_of_its_lines(enter_lines, line, rules_of):
    lines = [
        line(1, ordered_at="2024-01-02 10:02"),
        line(1, ordered_at="2024-01-02 10:01"),
        line(1, ordered_at="2024-01-02 10:03"),
    ]
    dataset = enter_lines(lines)
    assert rules_of(dataset, "order_items") == {}
    first = dt.datetime(2024, 1, 2, 10, 1, tzinfo=dt.UTC)
    assert orders_of(dataset, "ordered_at") == [(first,)]
    assert set(items_of(dataset, "ordered_at")) == {(first,)}


def test_lines_of_one_order_that_name_several_customers_are_rejected(enter_lines, line, rules_of):
    lines = [
        line(1, customer_id=7),
        line(1, customer_id=8),
        line(2, customer_id=7),
        line(2, customer_id=None),
        line(3, customer_id=None),
    ]
    dataset = enter_lines(lines)
    assert rules_of(dataset) == {"several_customers": 1}
    assert rules_of(dataset, "order_items") == {"unknown_order": 2}
    assert orders_of(dataset, "order_id", "customer_id") == [(2, 7)]
    assert dataset.guest_orders.collect()["order_id"].to_list() == [3]
    assert dataset.health.tables["order_items"].guests == 1
    rejected = dataset.rejected["orders"].collect()
    assert rejected["order_id"].to_list() == [1]
    assert not [name for name in rejected.columns if name.startswith("__")]


def test_the_kind_is_that_of_the_sign_where_the_reader_says_so(enter_lines, line, rules_of):
    lines = [line(1, quantity=2), line(1, "tea", quantity=-1), line(2, "tea", quantity=-1)]
    dataset = enter_lines(lines, negative_amounts="return")
    assert rules_of(dataset) == rules_of(dataset, "order_items") == {}
    assert orders_of(dataset, "order_id", "kind", "amount") == [
        (1, "sale", Decimal(10)),
        (1, "return", Decimal(-5)),
        (2, "return", Decimal(-5)),
    ]
    assert items_of(dataset, "order_id", "kind") == [(1, "sale"), (1, "return"), (2, "return")]
    assert dataset.health.tables["orders"].notes == {"returns": 2}


def test_a_negative_line_lowers_its_order_where_nothing_is_said(enter_lines, line, rules_of):
    lines = [line(1, quantity=2), line(1, "voucher", -1, 3), line(2, "voucher", -1, 3)]
    dataset = enter_lines(lines)
    assert orders_of(dataset, "order_id", "amount") == [(1, Decimal(7))]
    assert rules_of(dataset) == {"negative_sale": 1}
    assert rules_of(dataset, "order_items") == {"unknown_order": 1}


def test_a_stated_kind_tells_sales_from_returns(enter_lines, line, rules_of):
    lines = [line(1), line(1, quantity=-1, kind="return"), line(2, kind="return")]
    dataset = enter_lines(lines)
    assert rules_of(dataset, "order_items") == {"positive_return_line": 1}
    assert orders_of(dataset, "order_id", "kind") == [(1, "sale"), (1, "return")]


def test_columns_of_the_order_go_to_the_order_and_others_with_the_line(enter_lines, line):
    lines = [
        line(1, "mug", channel="web", discount=1, delivery=3, colour="red", name="Mug"),
        line(1, "tea", channel="web", discount=2, delivery=3, colour="tin", name="Tea"),
        line(2, "tea", channel=None, discount=None, delivery=None, colour=None, name=None),
    ]
    dataset = enter_lines(lines)
    assert orders_of(dataset, "channel", "discount", "delivery") == [
        ("web", Decimal(3), Decimal(3)),
        (None, None, None),
    ]
    assert items_of(dataset, "name", "colour") == [("Mug", "red"), ("Tea", "tin"), (None, None)]
    assert "colour" not in dataset.orders.collect_schema()
    assert "channel" not in dataset.order_items.collect_schema()


def test_orders_and_lines_have_the_columns_that_tables_of_frames_have(
    enter, enter_lines, line, order, item
):
    made = enter_lines([line()])
    given = enter([order()], order_items=[item()])
    assert made.orders.collect_schema() == given.orders.collect_schema()
    assert made.order_items.collect_schema() == given.order_items.collect_schema()
    assert made.guest_order_items.collect_schema() == given.order_items.collect_schema()


def test_cancelled_lines_make_a_cancelled_order(enter_lines, line, rules_of):
    lines = [line(1, status="cancelled"), line(1, "tea", status="cancelled"), line(2, status=None)]
    dataset = enter_lines(lines)
    assert rules_of(dataset, "order_items") == {}
    assert orders_of(dataset, "status", "amount") == [
        ("cancelled", Decimal(10)),
        ("completed", Decimal(5)),
    ]
    assert dataset.health.tables["orders"].notes == {"cancelled": 1}


def test_a_cancelled_line_does_not_cancel_its_order_nor_stay_in_its_amount(
    enter_lines, line, rules_of
):
    lines = [
        line(1, "mug", ordered_at="2024-01-02 10:00", status="cancelled"),
        line(1, "tea", ordered_at="2024-01-02 10:05", status="completed"),
        line(2, "mug", status="open"),
        line(2, "tea", status="cancelled"),
        line(3, "mug", status="open"),
        line(3, "tea", status="completed"),
        line(9, "tea", status="lost"),
    ]
    dataset = enter_lines(lines)
    assert rules_of(dataset, "order_items") == {"unknown_status": 1, "other_status": 3}
    assert orders_of(dataset, "status", "amount") == [
        ("completed", Decimal(5)),
        ("open", Decimal(5)),
        ("completed", Decimal(5)),
    ]
    assert items_of(dataset, "order_id", "product_id") == [(1, "tea"), (2, "mug"), (3, "tea")]
    assert orders_of(dataset, "ordered_at")[0] == (dt.datetime(2024, 1, 2, 10, 5, tzinfo=dt.UTC),)


def test_lines_of_another_currency_are_left_out_of_the_order(enter_lines, line, rules_of):
    lines = [line(1, "mug", currency="GBP"), line(1, "tea", currency="EUR"), line(2, currency="")]
    dataset = enter_lines(lines)
    assert rules_of(dataset, "order_items") == {"other_currency": 1}
    assert orders_of(dataset, "order_id", "amount") == [(1, Decimal(5)), (2, Decimal(5))]


def test_copies_of_lines_are_kept_and_count_in_the_amount(enter_lines, line, rules_of):
    dataset = enter_lines([line(1), line(1), line(1, customer_id=None, quantity=2)])
    assert rules_of(dataset, "order_items") == {}
    assert orders_of(dataset, "amount") == [(Decimal(20),)]
    assert dataset.health.tables["order_items"].notes == {"duplicate_lines": 1}


@pytest.mark.parametrize("reason", ["duplicate_lines", "line_id"])
def test_a_copy_that_is_rejected_does_not_count_in_the_amount(enter_lines, line, rules_of, reason):
    extra, options = ({"line_id": 1}, {}) if reason == "line_id" else ({}, {reason: "reject"})
    dataset = enter_lines([line(1, **extra), line(1, **extra), line(1, "tea")], **options)
    assert rules_of(dataset, "order_items") == {"duplicate_row": 1}
    assert orders_of(dataset, "amount") == [(Decimal(10),)]
    assert sum(row[0] for row in items_of(dataset, "amount")) == Decimal(10)


def test_shared_ids_of_guests_are_guests(enter_lines, line, rules_of):
    dataset = enter_lines([line(1), line(2, customer_id=0)], guest_ids=[0])
    assert rules_of(dataset) == rules_of(dataset, "order_items") == {}
    assert orders_of(dataset, "order_id") == [(1,)]
    assert dataset.guest_order_items.collect()["order_id"].to_list() == [2]


def test_rules_of_your_own_over_lines_keep_them_out_of_orders(enter_lines, line, rules_of):
    lines = [line(1), line(1, "gift", price=0), line(2, "gift", price=0)]
    dataset = enter_lines(lines, rules={"lines": {"free": pl.col("price") > 0}})
    assert rules_of(dataset, "order_items") == {"free": 2}
    assert orders_of(dataset, "order_id", "amount") == [(1, Decimal(5))]


def test_strict_names_the_lines_that_break_rules(enter_lines, line):
    with pytest.raises(RowsRejectedError) as caught:
        enter_lines([line(1), line(2, ordered_at="soon", customer_id=424242)], strict=True)
    assert caught.value.rejected == {"unreadable_ordered_at": 1}
    assert caught.value.table == "order_items"
    assert "424242" not in str(caught.value)


def test_rejected_lines_come_back_as_they_came(enter_lines, line):
    broken = line(2, quantity="two", price="1,50", customer_id=None, kind=None, amount=None)
    dataset = enter_lines([broken], decimal_mark=",")
    assert dataset.rejected["order_items"].collect().to_dicts() == [
        {**broken, "rule": "unreadable_quantity"}
    ]


def test_customers_and_costs_come_in_beside_lines(enter_lines, line, rules_of):
    dataset = enter_lines(
        [line()],
        customers=[{"customer_id": 7}],
        costs=[{"month": "2024-01", "amount": 100}],
    )
    assert rules_of(dataset, "customers") == rules_of(dataset, "costs") == {}
    assert dataset.given == {"orders", "order_items", "customers", "costs"}
