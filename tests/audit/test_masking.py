"""Contacts are found by what they are, not by what their column is called."""

from __future__ import annotations

import polars as pl
import pytest

from retention_kit.audit.masking import mask_contacts, mask_table


def masked(**columns):
    return mask_contacts(pl.LazyFrame(columns)).collect()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("anna@example.com", "a***@example.com"),
        ("Anna <anna.b+x@mail.example.org>; b@x.test", "Anna <a***@mail.example.org>; b***@x.test"),
        ("call +7 (495) 123-45-67", "call ***67"),
        ("8 (495) 123-45-67", "***67"),
        ("+15550100", "***00"),
    ],
)
def test_a_contact_in_any_text_is_masked(text, shown):
    assert masked(comment=[text])["comment"].item() == shown


@pytest.mark.parametrize(
    "text", ["05.01.2025 10:00", "2025-01-05 10:00:00", "1 234 567,50", "INV-2025-000123", "ten"]
)
def test_dates_amounts_and_numbers_of_orders_stay_readable(text):
    assert masked(comment=[text])["comment"].item() == text


@pytest.mark.parametrize("name", ["phone", "client_phone", "Телефон 2", "mobile", "tel"])
def test_a_column_of_telephone_numbers_is_hidden_whole(name):
    frame = masked(**{name: [4951234567, None]})
    assert frame[name].to_list() == ["***67", None]


def test_nulls_and_other_types_pass():
    frame = masked(email=[None, "a@b.test"], amount=[1.5, 2.5])
    assert frame.rows() == [(None, 1.5), ("a***@b.test", 2.5)]


@pytest.mark.parametrize("text", ["89161234567", "79161234567", "9161234567"])
def test_a_number_without_marks_is_masked(text):
    assert masked(comment=[f"call {text}!"])["comment"].item() == "call ***67!"


def test_categories_and_nested_columns_are_masked_as_text():
    table = pl.DataFrame(
        {
            "who": pl.Series(["anna@example.com"], dtype=pl.Categorical),
            "contact": [{"mail": "b@x.test", "n": 1}],
            "phones": [["+7 916 222-33-44"]],
        }
    )
    (row,) = mask_contacts(table.lazy()).collect().rows()
    assert row[0] == "a***@example.com"
    assert "***@x.test" in row[1]
    assert "b@" not in row[1].replace("b***@", "")
    assert row[2] == '{"phones":["***44"]}'


def test_whole_numbers_that_are_telephones_are_masked_and_told_apart():
    table = pl.DataFrame({"customer_id": [79123450000, 79169990000, 17], "orders": [1, 2, 3]})
    assert mask_table(table).rows() == [("***00 #1", 1), ("***00 #2", 2), ("17", 3)]


def test_other_ids_keep_their_type():
    table = pl.DataFrame({"customer_id": [17850, 9007199254740993], "net_revenue": [1.5, 2.5]})
    assert mask_table(table).equals(table)


def test_ids_that_are_addresses_stay_apart():
    table = pl.DataFrame({"customer_id": ["anna@x.test", "alla@x.test"]})
    assert mask_table(table)["customer_id"].to_list() == ["a***@x.test #1", "a***@x.test #2"]
