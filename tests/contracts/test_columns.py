"""Columns that are missing, mapped wrongly, or of a type that cannot hold what is due."""

import datetime as dt

import polars as pl
import pytest

from retention_kit.contracts import Dataset
from retention_kit.errors import (
    ColumnTypeError,
    DataError,
    DefinitionError,
    MissingColumnError,
    RetentionKitError,
)


def test_a_missing_column_is_named_with_those_that_are_there_and_the_next_step(enter, order):
    row = order()
    row["total_amount"] = row.pop("amount")
    with pytest.raises(MissingColumnError) as caught:
        enter([row])
    assert str(caught.value) == (
        "Table 'orders' has no column 'amount', which is required. It has: 'order_id', "
        "'customer_id', 'ordered_at', 'total_amount'. Nearest: 'total_amount'. Next step: name "
        "the column that holds it: columns={'amount': 'total_amount'} "
        "(--column amount=… on the command line)."
    )
    assert caught.value.table == "orders"
    assert caught.value.column == "amount"
    assert caught.value.available == ("order_id", "customer_id", "ordered_at", "total_amount")
    assert caught.value.nearest == ("total_amount",)


def test_a_missing_column_with_nothing_near_it_still_says_what_to_write(enter):
    with pytest.raises(MissingColumnError) as caught:
        enter([{"x": 1}])
    assert caught.value.nearest == ()
    assert "It has: 'x'. Next step" in str(caught.value)
    assert str(caught.value).endswith(
        "columns={'order_id': '…'} (--column order_id=… on the command line)."
    )


def test_a_table_with_a_hundred_columns_does_not_fill_the_screen(enter):
    with pytest.raises(MissingColumnError) as caught:
        enter(pl.DataFrame({f"column_{n}": [1] for n in range(100)}))
    assert "'column_29' and 70 more." in str(caught.value)
    assert len(caught.value.available) == 100


@pytest.mark.parametrize("missing", ["order_id", "customer_id", "ordered_at", "amount"])
def test_each_required_column_of_orders_must_be_there(enter, order, missing):
    row = order()
    del row[missing]
    with pytest.raises(MissingColumnError) as caught:
        enter([row])
    assert caught.value.column == missing


def test_a_missing_column_of_another_table_names_that_table(enter, order):
    with pytest.raises(MissingColumnError) as caught:
        enter([order()], customers=[{"mail": "secret@example.com"}])
    assert (caught.value.table, caught.value.column) == ("customers", "customer_id")
    assert "secret" not in str(caught.value)


def test_lines_need_an_amount_or_a_price(enter_lines, line):
    row = line()
    del row["price"]
    with pytest.raises(MissingColumnError) as caught:
        enter_lines([row])
    assert (caught.value.table, caught.value.column) == ("lines", "amount")


def test_a_mapping_to_a_column_that_is_not_there_offers_the_nearest_names(enter, order):
    row = order()
    row["CustomerID"] = row.pop("customer_id")
    with pytest.raises(MissingColumnError) as caught:
        enter([row], columns={"customer_id": "Customer Id."})
    assert str(caught.value) == (
        "Table 'orders' has no column 'Customer Id.', which the mapping names for 'customer_id'. "
        "It has: 'order_id', 'ordered_at', 'amount', 'CustomerID'. Nearest: 'CustomerID'. "
        "Next step: mend the mapping: columns={'customer_id': 'CustomerID'}."
    )
    assert caught.value.column == "Customer Id."
    assert caught.value.nearest == ("CustomerID",)


def test_a_mapping_of_a_column_the_library_does_not_have_names_those_it_has(enter, order):
    with pytest.raises(DefinitionError) as caught:
        enter([order(total=1.0)], columns={"amuont": "total"})
    message = str(caught.value)
    assert message.startswith("The mapping names a column 'amuont' that no given table has.")
    assert "Allowed: order_id, customer_id, ordered_at, amount, kind" in message
    assert "Nearest: amount." in message
    assert "Next step: write the library's name on the left" in message
    assert caught.value.parameter == "columns"


def test_a_mapped_column_may_not_be_there_under_its_own_name_too(enter, order):
    with pytest.raises(DefinitionError) as caught:
        enter([order(total=1.0)], columns={"amount": "total"})
    assert str(caught.value) == (
        "Table 'orders' has a column 'amount', and the mapping names 'total' for it. Allowed: one "
        "source for a column. Next step: leave it out of the mapping, or rename or drop the "
        "table's own 'amount'."
    )


def test_a_mapping_by_table_reaches_that_table_alone(enter, order):
    dataset = enter(
        [{**order(), "id": 99}],
        customers=[{"id": 7, "mail": "a@example.com"}],
        columns={"customers": {"customer_id": "id", "email": "mail"}},
    )
    assert dataset.orders.collect()["id"].to_list() == [99]
    assert dataset.customers.select("customer_id", "email").collect().rows() == [
        (7, "a@example.com")
    ]


def test_a_flat_mapping_reaches_every_table_that_has_the_column(enter):
    dataset = enter(
        [{"no": 1, "client": 7, "ordered_at": dt.date(2024, 1, 2), "amount": 5}],
        order_items=[{"no": 1, "product_id": 3, "quantity": 1, "amount": 5}],
        customers=[{"client": 7}],
        columns={"order_id": "no", "customer_id": "client"},
    )
    assert dataset.order_items.select("order_id", "customer_id").collect().rows() == [(1, 7)]
    assert dataset.customers.collect()["customer_id"].to_list() == [7]


def test_one_foreign_column_may_serve_two_columns(enter, order):
    dataset = enter(
        [order()],
        customers=[{"mail": "7"}],
        columns={"customers": {"customer_id": "mail", "email": "mail"}},
        ids_as_text=True,
    )
    assert dataset.customers.select("customer_id", "email").collect().rows() == [("7", "7")]


def test_two_columns_may_change_places(enter, order):
    row = order(order_id=7, customer_id=1)
    dataset = enter([row], columns={"order_id": "customer_id", "customer_id": "order_id"})
    assert dataset.orders.select("order_id", "customer_id").collect().rows() == [(1, 7)]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"shops": {"customer_id": "x"}}, "'columns' is 'shops'. Allowed: tables given: orders."),
        (["amount"], "'columns' is 'list'. Allowed: {column: your column}"),
        ({"amount": None}, "\"columns['amount']\" is None. Allowed: a name"),
        ({"orders": {"amount": 3}}, "\"columns['amount']\" is 3. Allowed: a name"),
    ],
)
def test_a_mapping_that_is_none_is_refused(enter, order, columns, words):
    with pytest.raises(DefinitionError) as caught:
        enter([order()], columns=columns)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("column", "value", "got", "allowed"),
    [
        ("amount", True, "Boolean", "numbers, or text that holds numbers"),
        ("amount", dt.date(2024, 1, 1), "Date", "numbers, or text that holds numbers"),
        ("ordered_at", 1_700_000_000, "Int64", "instants, dates, or text with date_format="),
        ("order_id", dt.date(2024, 1, 1), "Date", "whole numbers or text"),
        ("order_id", [1], "List(Int64)", "whole numbers or text"),
        ("customer_id", True, "Boolean", "whole numbers or text"),
        ("channel", ["web"], "List(String)", "text"),
    ],
)
def test_a_type_that_cannot_hold_the_column_raises_from_the_schema_alone(
    enter, order, column, value, got, allowed
):
    frame = pl.DataFrame([order(**{column: value})])
    with pytest.raises(ColumnTypeError) as caught:
        enter(frame)
    assert str(caught.value).startswith(
        f"Column {column!r} of table 'orders' is {got}. Allowed: {allowed}. Next step: cast"
    )
    assert caught.value.table == "orders"
    assert (caught.value.column, caught.value.got) == (column, got)
    assert caught.value.allowed == allowed


def test_a_date_column_refuses_numbers(enter, order):
    with pytest.raises(ColumnTypeError, match="'birthday' of table 'customers' is Int64"):
        enter([order()], customers=[{"customer_id": 7, "birthday": 19900517}])


@pytest.mark.parametrize("source", [5, b"orders.csv", [(1, 2)], iter([1, 2])])
def test_what_holds_no_rows_is_told_what_may_be_passed(enter, source):
    with pytest.raises(ColumnTypeError) as caught:
        enter(source)
    message = str(caught.value)
    assert "a Polars, pandas or pyarrow table, a DuckDB relation" in message
    assert message.endswith("Next step: pass one of these.")


def test_mappings_whose_values_have_no_common_type_show_no_value(enter, order):
    rows = [order(amount=dt.date(2024, 1, 1)), order(amount={"secret": "secret@example.com"})]
    with pytest.raises(DataError) as caught:
        enter(rows)
    assert "The rows given for table 'orders' cannot be read" in str(caught.value)
    assert "Next step: cast the values" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_pandas_column_of_mixed_types_is_named_and_its_values_are_not(enter, order):
    import pandas as pd

    frame = pd.DataFrame([order(), order(order_id=2)]).astype({"amount": object})
    frame.loc[1, "amount"] = "secret@example.com"
    with pytest.raises(DataError) as caught:
        enter(frame)
    assert "column 'amount' has no one type" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_columns_no_schema_names_travel_along_with_their_types(enter, order):
    frame = pl.DataFrame(
        [order(shop="north", tags=["a", "b"], score=1.5, rule="gold", seen=dt.date(2024, 1, 1))]
    )
    accepted = enter(frame).orders.collect()
    assert (
        accepted.select("shop", "tags", "score", "rule", "seen").schema
        == frame.select("shop", "tags", "score", "rule", "seen").schema
    )
    assert accepted.select("shop", "tags", "score", "rule").rows() == [
        ("north", ["a", "b"], 1.5, "gold")
    ]


def test_a_foreign_column_called_rule_does_not_meet_the_rule_that_was_broken(
    enter, order, rules_of
):
    rows = [
        order(rule="gold"),
        order(rule="gold"),
        order(order_id=None, rule="silver"),
    ]
    dataset = enter(rows)
    assert rules_of(dataset) == {"null_order_id": 1, "duplicate_row": 1}
    assert dataset.orders.collect()["rule"].to_list() == ["gold"]
    rejected = dataset.rejected["orders"].select("given_rule", "rule").collect()
    assert sorted(rejected.rows()) == [("gold", "duplicate_row"), ("silver", "null_order_id")]


def test_rejected_rows_come_back_as_they_came(enter, order):
    row = order(order_id=None, amount="5,50", kind=None, note="x")
    dataset = enter([row], decimal_mark=",")
    assert dataset.rejected["orders"].collect().to_dicts() == [{**row, "rule": "null_order_id"}]


def test_columns_with_a_default_come_back_as_they_came_too(enter, order):
    kinds = pl.Enum(["sale", "return"])
    frame = pl.DataFrame([order(amount=None, kind=None)]).cast({"kind": kinds})
    rejected = enter(frame).rejected["orders"].collect()
    assert rejected["kind"].to_list() == [None]
    assert rejected.schema["kind"] == kinds


def test_a_column_of_nothing_but_nulls_takes_the_declared_type(enter, order):
    rows = [order(channel=None, discount=None, delivered_at=None, original_order_id=None)]
    schema = enter(rows).orders.collect_schema()
    assert schema["channel"] == pl.String
    assert schema["discount"] == pl.Decimal(18, 4)
    assert schema["delivered_at"] == pl.Datetime("us", "Europe/London")
    assert schema["original_order_id"] == pl.Int64


def test_all_errors_of_the_data_are_one_family():
    assert issubclass(MissingColumnError, DataError)
    assert issubclass(ColumnTypeError, DataError)
    assert issubclass(DataError, RetentionKitError)
    assert not issubclass(DefinitionError, DataError)


def test_the_currency_must_be_stated():
    with pytest.raises(DefinitionError) as caught:
        Dataset.from_frames([], time_zone="UTC")
    assert str(caught.value) == (
        "The shop's currency is not stated. Allowed: three letters of ISO 4217. "
        "Next step: currency='RUB', for example."
    )
    assert caught.value.parameter == "currency"


@pytest.mark.parametrize("currency", ["rub", "RU", "RUBL", "₽", "", 643])
def test_a_currency_is_three_capital_letters(enter, order, currency):
    with pytest.raises(DefinitionError) as caught:
        enter([order()], currency=currency)
    assert f"Parameter 'currency' is {currency!r}. Allowed: three capital" in str(caught.value)


@pytest.mark.parametrize("zone", ["Moscow", "+03:00", "localtime", "Mars/Base", "", 3])
def test_an_unknown_time_zone_is_refused_before_anything_is_read(enter, order, zone):
    with pytest.raises(DefinitionError) as caught:
        enter([order()], time_zone=zone)
    assert str(caught.value) == (
        f"Parameter 'time_zone' is {zone!r}. Allowed: a name of the IANA time zone database. "
        "Next step: for example 'Europe/Moscow' or 'UTC'."
    )
    assert caught.value.parameter == "time_zone"


def test_an_option_that_does_not_exist_is_told_its_nearest_name(enter, order):
    with pytest.raises(DefinitionError) as caught:
        enter([order()], timezone="UTC")
    message = str(caught.value)
    assert message.startswith("There is no option 'timezone'. Allowed: currency, time_zone, ")
    assert message.endswith("Nearest: time_zone.")
    assert caught.value.parameter == "timezone"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"decimal_mark": ";"}, "'decimal_mark' is ';'. Allowed: '.' or ','."),
        ({"thousands_mark": "."}, "'thousands_mark' is '.'. Allowed: not the decimal mark."),
        ({"negative_amounts": "keep"}, "'negative_amounts' is 'keep'. Allowed: 'reject' or"),
        ({"duplicate_lines": "drop"}, "'duplicate_lines' is 'drop'. Allowed: 'keep' or"),
        ({"separator": "::"}, "'separator' is '::'. Allowed: one character."),
        ({"separator": ""}, "'separator' is ''. Allowed: one character."),
        ({"date_format": "dd.mm.yyyy"}, "'date_format' is 'dd.mm.yyyy'. Allowed: the notation"),
        ({"values": {"channel": {"a": "b"}}}, "'values' is 'channel'. Allowed: kind, status."),
        ({"values": {"status": {"Done": "finished"}}}, "is 'finished'. Allowed: completed, canc"),
        ({"guest_ids": 7}, "'guest_ids' is 'int'. Allowed: a list of whole numbers or text."),
        ({"guest_ids": "7"}, "'guest_ids' is 'str'. Allowed: a list"),
        ({"guest_ids": [7.5]}, "'guest_ids' is 'list'. Allowed: a list of whole numbers"),
        ({"guest_ids": ["retail"]}, "'guest_ids' is 'text'. Allowed: whole numbers, as the"),
        ({"rules": {"lines": {}}}, "'rules' is 'lines'. Allowed: tables given: orders."),
    ],
)
def test_an_option_with_a_value_it_cannot_have_is_refused(enter, order, options, words):
    with pytest.raises(DefinitionError) as caught:
        enter([order()], **options)
    assert words in str(caught.value)
