"""Amounts and quantities: exact, and never guessed."""

from decimal import Decimal

import polars as pl
import pytest

MONEY = pl.Decimal(18, 4)


def amounts_of(dataset):
    return dataset.orders.sort("order_id").collect()["amount"].to_list()


def test_money_is_a_decimal_of_four_digits(enter, order):
    dataset = enter([order(amount=12.5, discount=1, margin="3.25")])
    row = dataset.orders.select("amount", "discount", "margin").collect()
    assert row.dtypes == [MONEY, MONEY, MONEY]
    assert row.rows() == [(Decimal("12.5000"), Decimal("1.0000"), Decimal("3.2500"))]


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        ("0.03125", "0.0312"),
        ("0.09375", "0.0938"),
        ("2.00025", "2.0002"),
        ("2.00035", "2.0004"),
        ("7.00005", "7.0000"),
        ("7.00015", "7.0002"),
        ("0.00004999", "0.0000"),
        ("99.99999", "100.0000"),
    ],
)
def test_what_four_digits_cannot_say_is_rounded_half_to_even(enter, order, written, exact):
    expected = [Decimal(exact)]
    assert amounts_of(enter([order(amount=written)])) == expected
    assert amounts_of(enter([order(amount=Decimal(written))])) == expected
    back = enter([order(amount=f"-{written}")], negative_amounts="return")
    assert amounts_of(back) == [-Decimal(exact)]


@pytest.mark.parametrize(("number", "exact"), [(0.03125, "0.0312"), (0.09375, "0.0938")])
def test_floats_are_rounded_half_to_even(enter, order, number, exact):
    assert amounts_of(enter([order(amount=number)])) == [Decimal(exact)]


def test_an_amount_that_is_not_finite_is_rejected(enter, order, rules_of):
    rows = [
        order(1, amount=1.0),
        order(2, amount=float("nan")),
        order(3, amount=float("inf")),
        order(4, amount=float("-inf")),
        order(5, amount=None),
    ]
    dataset = enter(rows)
    assert rules_of(dataset) == {"not_finite_amount": 3, "null_amount": 1}
    assert amounts_of(dataset) == [Decimal("1.0000")]


@pytest.mark.parametrize(
    ("rule", "large"),
    [
        ("out_of_range_amount", 1e14),
        ("out_of_range_amount", 1e300),
        ("out_of_range_amount", -1e18),
        ("out_of_range_amount", 10**14),
        ("out_of_range_amount", Decimal("99999999999999.99996")),
        ("unreadable_amount", "100000000000000"),
    ],
)
def test_an_amount_that_is_too_large_is_rejected_and_not_cut(enter, order, rules_of, rule, large):
    assert rules_of(enter([order(amount=large)])) == {rule: 1}


def test_the_largest_amount_there_is_goes_in(enter, order):
    assert amounts_of(enter([order(amount="99999999999999.9999")])) == [
        Decimal("99999999999999.9999")
    ]


def test_a_missing_optional_amount_is_no_fault(enter, order, rules_of):
    dataset = enter([order(1, discount=None), order(2, discount=2.5)])
    assert rules_of(dataset) == {}
    assert dataset.orders.sort("order_id").collect()["discount"].to_list() == [
        None,
        Decimal("2.5000"),
    ]


def test_an_optional_amount_that_cannot_be_read_is_a_fault(enter, order, rules_of):
    dataset = enter([order(1, discount="none"), order(2, discount="2")])
    assert rules_of(dataset) == {"unreadable_discount": 1}


@pytest.mark.parametrize(
    "text", ["abc", "12,50", "1 234.50", "1.234,50", "$5", "5 GBP", "1_000", "0x10", "nan", "5.0.0"]
)
def test_text_that_is_no_number_is_rejected_and_not_guessed_at(enter, order, rules_of, text):
    dataset = enter([order(amount=text), order(2, amount="1")])
    assert rules_of(dataset) == {"unreadable_amount": 1}
    assert dataset.rejected["orders"].collect()["amount"].to_list() == [text]


@pytest.mark.parametrize(
    ("text", "number"),
    [("12.50", "12.5"), (" 7 ", "7"), ("+3", "3"), (".5", "0.5"), ("1e3", "1000")],
)
def test_text_that_is_a_number_is_read(enter, order, text, number):
    assert amounts_of(enter([order(amount=text)])) == [Decimal(number)]


def test_a_typographic_minus_is_a_minus(enter, order):
    dataset = enter([order(amount="\u22125.50")], negative_amounts="return")
    assert amounts_of(dataset) == [Decimal("-5.5000")]


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u202f", "\u2009", "\u2007"])
def test_a_space_between_thousands_is_any_space(enter, order, space):
    dataset = enter(
        [order(amount=f"1{space}234{space}567,50")], decimal_mark=",", thousands_mark=" "
    )
    assert amounts_of(dataset) == [Decimal("1234567.5000")]


@pytest.mark.parametrize(
    ("text", "options", "number"),
    [
        ("1.234,50", {"decimal_mark": ",", "thousands_mark": "."}, "1234.5"),
        ("1,234.50", {"thousands_mark": ","}, "1234.5"),
        ("1'234.50", {"thousands_mark": "'"}, "1234.5"),
        ("1234,50", {"decimal_mark": ","}, "1234.5"),
    ],
)
def test_the_stated_marks_are_read(enter, order, text, options, number):
    assert amounts_of(enter([order(amount=text)], **options)) == [Decimal(number)]


@pytest.mark.parametrize("text", ["1234.50", "1,2,3"])
def test_with_a_decimal_comma_a_point_makes_no_number_a_hundredfold(enter, order, rules_of, text):
    assert rules_of(enter([order(amount=text)], decimal_mark=",")) == {"unreadable_amount": 1}


def test_an_empty_amount_is_missing_and_not_nought(enter, order, rules_of):
    assert rules_of(enter([order(amount="")])) == {"null_amount": 1}


def test_marks_of_numbers_in_text_leave_true_numbers_alone(enter, order):
    dataset = enter([order(amount=1234.5)], decimal_mark=",", thousands_mark=" ")
    assert amounts_of(dataset) == [Decimal("1234.5000")]


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt64, pl.Int128, pl.Float32, pl.Decimal(30, 10)])
def test_every_type_of_number_is_read(enter, order, dtype):
    frame = pl.DataFrame([order(amount=12)]).cast({"amount": dtype})
    assert amounts_of(enter(frame)) == [Decimal("12.0000")]


def test_amounts_that_are_categories_are_read_as_the_text_they_are(enter, order):
    frame = pl.DataFrame([order(amount="12.5")]).cast({"amount": pl.Categorical})
    assert amounts_of(enter(frame)) == [Decimal("12.5000")]
