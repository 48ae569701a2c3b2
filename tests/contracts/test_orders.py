"""What becomes of orders: copies, repeated ids, returns, states, currencies; strictly or not."""

import logging
from decimal import Decimal

import polars as pl
import pytest

from retention_kit.contracts import Dataset
from retention_kit.errors import (
    DataWarning,
    DefinitionError,
    RepeatedOrderIdError,
    RowsRejectedError,
)


def orders_of(dataset, *columns):
    return dataset.orders.sort("order_id", "amount").select(columns).collect().rows()


def test_an_exact_copy_of_a_row_is_rejected_and_the_first_stays(enter, order, rules_of):
    rows = [order(1, note="a"), order(2), order(1, note="a"), order(1, note="a")]
    dataset = enter(rows)
    assert rules_of(dataset) == {"duplicate_row": 2}
    assert orders_of(dataset, "order_id", "note") == [(1, "a"), (2, None)]


def test_a_table_given_twice_over_is_one_table_and_its_copies(enter, order, rules_of):
    rows = [order(n) for n in range(300)]
    dataset = enter(rows + rows)
    assert rules_of(dataset) == {"duplicate_row": 300}
    assert dataset.health.tables["orders"].accepted == 300


def test_an_id_on_different_sales_stays_with_the_first(enter, order, rules_of):
    rows = [order(1, amount=1), order(2), order(1, amount=3), order(1, amount=1)]
    dataset = enter(rows)
    assert rules_of(dataset) == {"duplicate_row": 1, "repeated_order_id": 1}
    assert orders_of(dataset, "order_id", "amount") == [(1, Decimal(1)), (2, Decimal(5))]
    repeated = dataset.rejected["orders"].filter(rule="repeated_order_id").collect()
    assert repeated["amount"].to_list() == [3]


@pytest.mark.parametrize("as_text", [False, True])
def test_the_first_is_the_first_in_the_table_wherever_it_stands(enter, order, rules_of, as_text):
    rows = pl.DataFrame([order(n, amount=n) for n in range(1000, 0, -1)] + [order(500, amount=1)])
    dataset = enter(rows.cast({"order_id": pl.String}) if as_text else rows)
    assert rules_of(dataset) == {"repeated_order_id": 1}
    kept = dataset.orders.filter(pl.col("order_id").cast(pl.Int64) == 500).collect()
    assert kept["amount"].to_list() == [Decimal(500)]


def test_two_of_two_hundred_ids_repeat_by_mistake_and_three_do_not(enter, order, rules_of):
    rows = [order(n, amount=1) for n in range(200)]
    dataset = enter([*rows, *(order(n, amount=2) for n in range(2))])
    assert rules_of(dataset) == {"repeated_order_id": 2}
    with pytest.raises(RepeatedOrderIdError) as caught:
        enter([*rows, *(order(n, customer_id=424242, amount=2) for n in range(3))])
    assert str(caught.value) == (
        "3 of 200 order ids stand on more than one row of table 'orders' (1.5%); a table of "
        "orders has one row per sale, and at most 1% may repeat by mistake. These look like order "
        "lines. Next step: Dataset.from_lines(lines, …), or --grain lines on the command line."
    )
    assert (caught.value.ids, caught.value.repeated) == (200, 3)


def test_lines_passed_as_orders_are_recognised(enter, order):
    with pytest.raises(RepeatedOrderIdError) as caught:
        enter([order(n // 3, product=n) for n in range(30)])
    assert (caught.value.ids, caught.value.repeated) == (10, 10)


def test_one_repeated_id_in_a_handful_of_orders_is_a_mistake_and_not_lines(enter, order, rules_of):
    assert rules_of(enter([order(1, amount=1), order(1, amount=2)])) == {"repeated_order_id": 1}


def test_rows_rejected_for_themselves_do_not_count_as_repeated(enter, order, rules_of):
    rows = [order(1), order(1, amount=float("nan")), order(1, amount=-5), order(None)]
    assert rules_of(enter(rows)) == {
        "not_finite_amount": 1,
        "null_order_id": 1,
        "negative_sale": 1,
    }


def test_a_row_that_breaks_several_rules_is_counted_once_under_the_first(enter, order, rules_of):
    row = order(None, amount=float("inf"), ordered_at="soon", kind="gift")
    assert rules_of(enter([row])) == {"unreadable_ordered_at": 1}


def test_another_currency_is_rejected_and_a_missing_one_is_the_shop_s(enter, order, rules_of):
    rows = [
        order(1, currency="GBP"),
        order(2, currency="EUR"),
        order(3, currency=None),
        order(4, currency=""),
        order(5, currency="gbp"),
    ]
    dataset = enter(rows)
    assert rules_of(dataset) == {"other_currency": 2}
    assert [row[0] for row in orders_of(dataset, "order_id")] == [1, 3, 4]
    assert dataset.currency == "GBP"


def test_a_return_has_an_id_of_its_own(enter, order, rules_of):
    rows = [order(1), order(2, amount=-5, kind="return", original_order_id=1)]
    dataset = enter(rows)
    assert rules_of(dataset) == {}
    assert orders_of(dataset, "order_id", "kind", "original_order_id") == [
        (1, "sale", None),
        (2, "return", 1),
    ]
    assert dataset.health.tables["orders"].notes == {"returns": 1}


def test_a_return_may_bear_the_id_of_its_sale(enter, order, rules_of):
    dataset = enter([order(1), order(1, amount=-5, kind="return")])
    assert rules_of(dataset) == {}
    assert orders_of(dataset, "kind") == [("return",), ("sale",)]


def test_two_returns_may_share_an_id_but_not_be_copies(enter, order, rules_of):
    rows = [
        order(1),
        order(1, amount=-2, kind="return"),
        order(1, amount=-1, kind="return"),
        order(1, amount=-1, kind="return"),
    ]
    dataset = enter(rows)
    assert rules_of(dataset) == {"duplicate_row": 1}
    assert orders_of(dataset, "amount") == [(Decimal(-2),), (Decimal(-1),), (Decimal(5),)]
    assert dataset.health.tables["orders"].notes == {"returns": 2}


def test_with_lines_two_returns_under_one_id_cannot_be_told_apart(enter, order, item, rules_of):
    rows = [
        order(1),
        order(1, amount=-2, kind="return"),
        order(1, amount=-1, kind="return"),
        order(2, amount=-1, kind="return"),
    ]
    dataset = enter(rows, order_items=[item(1), item(1, quantity=-1, amount=-2)])
    assert rules_of(dataset) == {"ambiguous_return": 2}
    assert orders_of(dataset, "order_id", "kind") == [(1, "sale"), (2, "return")]


def test_with_lines_a_copy_of_a_return_is_a_copy_and_the_return_stays(enter, order, item, rules_of):
    back = order(1, amount=-2, kind="return")
    dataset = enter([order(1), back, dict(back)], order_items=[item(1)])
    assert rules_of(dataset) == {"duplicate_row": 1}
    assert orders_of(dataset, "kind") == [("return",), ("sale",)]


def test_a_return_with_a_positive_amount_and_a_sale_with_a_negative_one_are_rejected(
    enter, order, rules_of
):
    rows = [
        order(1, amount=5, kind="return"),
        order(2, amount=-5, kind="sale"),
        order(3, amount=-5),
        order(4, amount=0, kind="return"),
        order(5, amount=0),
    ]
    dataset = enter(rows)
    assert rules_of(dataset) == {"negative_sale": 2, "positive_return": 1}
    assert orders_of(dataset, "order_id") == [(4,), (5,)]


def test_negative_amounts_are_returns_where_the_reader_says_so(enter, order, rules_of):
    rows = [order(1), order(2, amount=-5), order(3, amount=-5, kind="sale"), order(4, kind="")]
    dataset = enter(rows, negative_amounts="return")
    assert rules_of(dataset) == {"negative_sale": 1}
    assert orders_of(dataset, "order_id", "kind") == [(1, "sale"), (2, "return"), (4, "sale")]


def test_returns_alone_make_a_dataset(enter, order, rules_of):
    dataset = enter([order(n, amount=-1, kind="return") for n in range(3)])
    assert rules_of(dataset) == {}
    assert dataset.health.tables["orders"].notes == {"returns": 3}
    assert dataset.health.heavy_customers == 0


def test_one_customer_makes_a_dataset(enter, order, rules_of):
    dataset = enter([order(n) for n in range(5)])
    assert rules_of(dataset) == {}
    assert dataset.orders.collect()["customer_id"].unique().to_list() == [7]


def test_cancelled_and_open_orders_go_in_and_are_counted(enter, order, rules_of):
    states = ["completed", "cancelled", "open", None, "", "open"]
    dataset = enter([order(n, status=status) for n, status in enumerate(states)])
    assert rules_of(dataset) == {}
    assert [row[0] for row in orders_of(dataset, "status")] == [
        "completed",
        "cancelled",
        "open",
        "completed",
        "completed",
        "open",
    ]
    assert dataset.health.tables["orders"].notes == {"cancelled": 1, "open": 2}


def test_counts_of_kinds_leave_rejected_rows_out(enter, order, rules_of):
    back = order(9, amount=-1, kind="return")
    off = order(8, status="cancelled", customer_id=None)
    dataset = enter([order(1), back, dict(back), off, dict(off), order(None, status="open")])
    assert rules_of(dataset) == {"null_order_id": 1, "duplicate_row": 2}
    health = dataset.health.tables["orders"]
    assert health.notes == {"returns": 1, "cancelled": 1}
    assert health.guests == 1


def test_an_unknown_status_is_rejected_until_it_is_said_what_it_means(enter, order, rules_of):
    rows = [order(1, status="Done"), order(2, status="Completed"), order(3, status="completed")]
    assert rules_of(enter(rows)) == {"unknown_status": 2}
    meant = {"status": {"Done": "completed", "Completed": "cancelled"}}
    dataset = enter(rows, values=meant)
    assert rules_of(dataset) == {}
    assert orders_of(dataset, "status") == [("completed",), ("cancelled",), ("completed",)]


@pytest.mark.parametrize("word", [1, "1"])
def test_codes_of_kinds_are_mapped_as_the_text_they_would_be(enter, order, word):
    rows = [order(1, kind=0), order(2, kind=1, amount=-1)]
    dataset = enter(rows, values={"kind": {"0": "sale", word: "return"}})
    assert orders_of(dataset, "kind") == [("sale",), ("return",)]


def test_an_unknown_kind_is_rejected_and_is_not_a_sale(enter, order, rules_of):
    assert rules_of(enter([order(kind="exchange")])) == {"unknown_kind": 1}


def test_strict_raises_with_the_counts_and_without_the_rows(enter, order):
    rows = [order(1), order(None, customer_id=424242), order(3, amount=-77.25), order(1)]
    with pytest.raises(RowsRejectedError) as caught:
        enter(rows, strict=True)
    assert str(caught.value) == (
        "3 of 4 rows of table 'orders' break rules: null_order_id 1, negative_sale 1, "
        "duplicate_row 1. With strict=True none may. Next step: mend the rows, or leave strict "
        "out and look at dataset.rejected['orders']."
    )
    assert (caught.value.table, caught.value.read) == ("orders", 4)
    assert caught.value.rejected == {"null_order_id": 1, "negative_sale": 1, "duplicate_row": 1}


def test_strict_lets_clean_tables_in(enter, order):
    assert enter([order()], strict=True).health.tables["orders"].accepted == 1


def test_many_rejected_rows_raise_a_warning_that_names_the_rules_and_no_value(order):
    rows = [order(n) for n in range(97)] + [order(None, 424242), order(None), order(99, amount=-1)]
    with pytest.warns(DataWarning) as caught:
        dataset = Dataset.from_frames(
            rows, time_zone="UTC", currency="GBP", date_format="iso8601", guest_ids=[7]
        )
    sentence = (
        "3 of 100 rows of table 'orders' were rejected (3.0%): null_order_id, negative_sale. "
        "Look at dataset.rejected['orders']."
    )
    assert [str(one.message) for one in caught] == [sentence]
    assert dataset.health.warnings == (sentence,)


def test_the_log_tells_counts_alone(enter, order, caplog):
    with caplog.at_level(logging.DEBUG, logger="retention_kit"):
        enter([order(1, 424242), order(None, 424242)])
    assert "table orders: 2 read, 1 rejected" in caplog.messages
    assert "424242" not in caplog.text


def test_rules_of_your_own_reject_under_their_own_names(enter, order, rules_of):
    rows = [order(1, amount=0), order(2, amount=None), order(3, amount=5), order(4, shop=None)]
    own = {"orders": {"free": pl.col("amount") > 0, "no_shop": pl.col("shop") == "north"}}
    frame = pl.DataFrame(rows, schema_overrides={"shop": pl.String}).with_columns(
        shop=pl.when(pl.col("order_id") < 4).then(pl.lit("north"))
    )
    dataset = enter(frame, rules=own)
    assert rules_of(dataset) == {"null_amount": 1, "free": 1, "no_shop": 1}
    assert orders_of(dataset, "order_id") == [(3,)]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (pl.col("nope") > 0, "is one that cannot be evaluated (ColumnNotFoundError)"),
        (pl.col("amount"), "is of type Decimal(precision=18, scale=4)"),
        (pl.col("amount", "discount") > 0, "is one that gives 2 columns"),
    ],
)
def test_a_rule_of_your_own_is_one_truth_over_the_columns_there_are(enter, order, rule, words):
    with pytest.raises(DefinitionError) as caught:
        enter([order()], rules={"orders": {"mine": rule}})
    assert f"The rule 'mine' for table 'orders' {words}" in str(caught.value)
    assert "over these columns: order_id, customer_id, ordered_at, amount" in str(caught.value)
    assert caught.value.parameter == "rules"


def test_a_rule_of_your_own_does_not_take_the_place_of_one_of_the_door_s(enter, order):
    with pytest.raises(DefinitionError, match="'negative_sale'. Allowed: a name that no rule has"):
        enter([order()], rules={"orders": {"negative_sale": pl.lit(value=True)}})


@pytest.mark.parametrize("columns", [(), ("note",)])
def test_an_empty_frame_is_a_dataset_without_orders(enter, order, rules_of, columns):
    frame = pl.DataFrame([order(**dict.fromkeys(columns, "x"))]).clear()
    dataset = enter(frame)
    assert rules_of(dataset) == {}
    assert dataset.orders.collect().height == dataset.guest_orders.collect().height == 0
    assert dataset.health.tables["orders"].read == 0
    assert dataset.health.warnings == ()


def test_no_rows_at_all_are_a_dataset_without_orders_of_the_declared_types(enter, rules_of):
    dataset = enter([], order_items=[], customers=[], events=iter(()), costs=(), reviews=[])
    for table in dataset.given:
        assert rules_of(dataset, table) == {}
    assert dataset.orders.collect_schema() == enter([], customers=[]).orders.collect_schema()
    assert dataset.orders.collect_schema()["amount"] == pl.Decimal(18, 4)
    assert dataset.order_items.collect_schema()["kind"] == pl.Enum(["sale", "return"])
    assert pl.Null not in dataset.orders.collect_schema().dtypes()


def test_no_lines_at_all_are_a_dataset_without_orders(enter_lines, rules_of):
    dataset = enter_lines([])
    assert rules_of(dataset) == rules_of(dataset, "order_items") == {}
    assert dataset.orders.collect().height == dataset.order_items.collect().height == 0
