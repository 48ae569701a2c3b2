"""Contacts are found by what they are, not by what their column is called."""

from __future__ import annotations

import polars as pl
import pytest

from retention_kit.audit.masking import mask_contacts


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
