"""Mistakes that once passed in silence: each must now be a sentence, or a rejected row."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from retention_kit.contracts import Dataset
from retention_kit.errors import DefinitionError, MissingColumnError
from retention_kit.metrics import customer_summary

SHOP = {"time_zone": "Europe/Moscow", "currency": "RUB"}


def order(**changed):
    row = {"order_id": 1, "customer_id": "a", "ordered_at": dt.date(2025, 1, 1), "amount": "10"}
    return row | changed


def amounts(texts, **marks):
    rows = [order(order_id=place, amount=text) for place, text in enumerate(texts)]
    with pytest.warns(UserWarning, match="rejected"):
        shop = Dataset.from_frames(rows, **SHOP, **marks)
    return (
        shop.orders.sort("order_id").collect()["amount"].to_list(),
        shop.health.tables["orders"].rejected,
    )


def test_words_for_a_column_that_no_table_has_are_refused():
    with pytest.raises(DefinitionError, match="no table has that column") as caught:
        Dataset.from_frames([order()], values={"status": {"Отменён": "cancelled"}}, **SHOP)
    assert "--column status=" in str(caught.value)


def test_a_comma_that_groups_digits_must_group_three_of_them():
    read, rejected = amounts(["1,234.50", "12,50", "1,2,3", "1,234,567", "7"], thousands_mark=",")
    assert read == [Decimal("1234.5"), Decimal(1234567), Decimal(7)]
    assert rejected == {"unreadable_amount": 2}


def test_a_point_that_groups_digits_must_group_three_of_them():
    read, rejected = amounts(["12.50", "1.234,5"], thousands_mark=".", decimal_mark=",")
    assert read == [Decimal("1234.5")]
    assert rejected == {"unreadable_amount": 1}


def test_ids_of_text_lose_the_spaces_around_them_and_blank_ones_are_guests():
    rows = [
        order(order_id=1, customer_id=" a"),
        order(order_id=2, customer_id="a "),
        order(order_id=3, customer_id="  "),
        order(order_id=4, customer_id="\u00a0"),
    ]
    shop = Dataset.from_frames(rows, **SHOP)
    assert shop.orders.collect()["customer_id"].to_list() == ["a", "a"]
    assert shop.health.tables["orders"].guests == 2


def test_floats_that_stand_for_several_whole_numbers_are_no_ids():
    frame = pl.DataFrame([order(), order()]).with_columns(
        order_id=pl.Series([1, 2]), customer_id=pl.Series([2.0**53, 7.0])
    )
    with pytest.warns(UserWarning, match="rejected"):
        shop = Dataset.from_frames(frame, **SHOP)
    assert shop.health.tables["orders"].rejected == {"unreadable_customer_id": 1}


@pytest.mark.parametrize("stated", ["%d.%m.%Y %H", "%Q", "%d.%m.%Y %K", "day.month", "", "%Y %Z"])
def test_a_format_that_cannot_be_read_by_is_refused_before_any_row(stated):
    with pytest.raises(DefinitionError, match="date_format") as caught:
        Dataset.from_frames([order(ordered_at="05.01.2025")], date_format=stated, **SHOP)
    assert "%d.%m.%Y %H:%M" in str(caught.value) or "%z is for offsets" in str(caught.value)


def test_a_format_for_a_column_that_is_not_there_is_refused():
    with pytest.raises(DefinitionError, match="'oops'"):
        Dataset.from_frames([order()], date_format={"oops": "%Y"}, **SHOP)


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2025-01-31", 0),
        ("20250131", 0),
        ("2025-01-31 10:00", 10),
        ("2025-01-31T10:00:00.5", 10),
        ("2025-01-31 10:00:00+03", 10),
        ("2025-01-31T07:00Z", 10),
        ("2025-01-31T10:00+03:00", 10),
        ("2025-01-31T10:00:00+0300", 10),
    ],
)
def test_iso_8601_is_read_in_the_forms_that_databases_write(text, hour):
    shop = Dataset.from_frames([order(ordered_at=text)], date_format="iso8601", **SHOP)
    at = shop.orders.collect()["ordered_at"].item()
    assert (at.date(), at.hour) == (dt.date(2025, 1, 31), hour)


def test_rejected_rows_can_come_to_the_door_again_and_again():
    rows = pl.DataFrame([order(order_id=None)], schema_overrides={"order_id": pl.Int64})
    for _ in range(3):
        with pytest.warns(UserWarning, match="rejected"):
            shop = Dataset.from_frames(rows, **SHOP)
        rows = shop.rejected["orders"].collect()
    assert {"rule", "given_rule", "given_given_rule"} <= set(rows.columns)


@pytest.mark.parametrize(
    "options",
    [
        {"values": "x"},
        {"values": {"status": "completed"}},
        {"rules": {"orders": pl.col("amount") > 0}},
        {"thousands_mark": 5},
        {"thousands_mark": ""},
        {"separator": 5},
        {"date_format": 5},
        {"duplicate_lines": "reject"},
    ],
)
def test_an_option_of_the_wrong_type_is_refused_by_its_name(options):
    (name,) = options
    with pytest.raises(DefinitionError) as caught:
        Dataset.from_frames([order()], **SHOP, **options)
    assert caught.value.parameter == name


def test_what_serves_another_column_is_not_offered_for_a_missing_one():
    rows = [{"number": 1, "client": "a", "when": dt.date(2025, 1, 1), "sum": 5}]
    mapping = {"customer_id": "client", "ordered_at": "when", "amount": "sum"}
    with pytest.raises(MissingColumnError) as caught:
        Dataset.from_frames(rows, columns=mapping, **SHOP)
    assert caught.value.column == "order_id"
    assert caught.value.available == ("number",)


def test_a_header_that_was_not_split_hints_at_the_separator(tmp_path):
    (tmp_path / "orders.csv").write_text("order_id;customer_id\n1;2\n", encoding="utf-8")
    with pytest.raises(MissingColumnError, match="wrong separator"):
        Dataset.scan(tmp_path / "orders.csv", separator=",", **SHOP)


def test_a_folder_without_names_of_tables_holds_orders(tmp_path):
    for year in (2024, 2025):
        pl.DataFrame([order(order_id=year)]).write_parquet(tmp_path / f"{year}.parquet")
    shop = Dataset.scan(tmp_path, **SHOP)
    assert sorted(shop.orders.collect()["order_id"]) == [2024, 2025]


def test_a_function_that_is_given_the_dataset_points_to_its_table():
    shop = Dataset.from_frames([order()], **SHOP)
    with pytest.raises(DefinitionError, match=r"pass its \.orders"):
        customer_summary(shop, as_of=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))  # type: ignore[type-var]
