"""Telephone numbers and e-mail addresses: one form each, and never another than the libraries'."""

from __future__ import annotations

import re
import sys

import phonenumbers
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retention_kit import ColumnTypeError, DefinitionError, MissingColumnError
from retention_kit.errors import MissingDependencyError
from retention_kit.profiles import normalise, normalise_email, normalise_phone, normalised_contacts
from retention_kit.profiles.contacts import email_expression, phone_expression
from retention_kit.profiles.normalise import EDGES, email_reader, phone_reader

REGIONS = ("RU", "KZ", "BY", "US", "GB", "DE", "IT", "MX", "AR")
DIGIT = st.sampled_from("0123456789")
SEPARATOR = st.sampled_from(("", "", " ", "-", "(", ")", ".", "  "))


@st.composite
def written_numbers(draw):
    """Digits as people write them: with codes, marks between them, and slips."""
    code = draw(st.sampled_from(("+7", "8", "7", "", "+", "+375", "+77", "00", "+1", "810")))
    start = draw(st.sampled_from(("9", "93", "9300", "495", "7", "8", "")))
    wanted = draw(st.sampled_from((10, 10, 10, 10, 7, 9, 11)))
    rest = draw(st.lists(DIGIT, min_size=wanted - len(start), max_size=wanted - len(start)))
    marks = draw(st.lists(SEPARATOR, min_size=wanted + 1, max_size=wanted + 1))
    body = "".join(mark + digit for mark, digit in zip(marks, [*start, *rest], strict=False))
    return code + body + draw(st.sampled_from(("", "", " доб. 12", " ext 3", "x", "#")))


@st.composite
def plainly_written_numbers(draw):
    """Russian mobile numbers in the forms that most tables have."""
    digits = "9" + "".join(draw(st.lists(DIGIT, min_size=9, max_size=9)))
    first, second, third, last = digits[:3], digits[3:6], digits[6:8], digits[8:]
    code = draw(st.sampled_from(("+7", "8", "7", "")))
    shape = draw(
        st.sampled_from(
            ("{0}{1}{2}{3}{4}", "{0} ({1}) {2}-{3}-{4}", "{0}-{1}-{2}-{3}-{4}", "{0}({1}){2}{3}{4}")
        )
    )
    return shape.format(code, first, second, third, last)


LABEL = st.text("abzABZ019-_.+'а", min_size=1, max_size=8)
ENDING = st.sampled_from(
    ("ru", "RU", "com", "рф", "test", "local", "c", "c0m", "1", "onion", "xn--p1ai", "arpa", "co")
)


@st.composite
def written_addresses(draw):
    """Addresses as people write them, with slips."""
    local = draw(LABEL) * draw(st.sampled_from((1, 1, 1, 9, 30)))
    labels = draw(st.lists(LABEL, max_size=2))
    at = draw(st.sampled_from(("@", "@", "@", "@@", "", " @", "＠")))
    return local + at + ".".join([*labels, draw(ENDING)])


TEXTS = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(), max_size=8).map(lambda text: f"a{text}@b.ru"),
    written_addresses(),
    written_numbers(),
    plainly_written_numbers(),
)
# Polars holds no text that is not Unicode.
UNICODE = TEXTS.filter(lambda text: not re.search("[\ud800-\udfff]", text))


class TestOneNumber:
    @pytest.mark.parametrize(
        "written",
        [
            "89161234567",
            "8 (916) 123-45-67",
            "+7 916 123 45 67",
            "79161234567",
            "9161234567",
            "+7(916)1234567",
            " \u202a+7 916 123-45-67\u202c\u00a0",
            "тел. 8-916-123-45-67",
            "+7 916 123-45-67 доб. 12",
            "8 916 123-45-67, доб. 7",
            "+79161234567 ext. 345",
            "７９１６１２３４５６７",
        ],
    )
    def test_is_the_same_however_it_is_written(self, written):
        assert normalise_phone(written) == "+79161234567"

    @pytest.mark.parametrize(
        "written",
        [
            *("", " ", "\u200b", "1", "123", "916123456", "123-45-67", "нет", "+", "-"),
            *("+89161234567", "779161234567", "00000000000", "89161234567, 89031234567"),
            *("+70000000000", "9" * 300, "+7 999"),
        ],
    )
    def test_that_no_plan_has_is_none(self, written):
        assert normalise_phone(written) is None

    def test_that_is_not_there_is_none(self):
        assert normalise_phone(None) is None

    def test_whose_own_form_would_be_read_as_another_is_none(self):
        # Valid to the library, which takes an 8 off when it reads +3758106016230.
        assert normalise_phone("8-810 6016230", region="BY") is None

    def test_without_a_code_is_one_of_the_region(self):
        assert normalise_phone("(415) 555-2671", region="US") == "+14155552671"
        assert normalise_phone("8 701 123 45 67", region="KZ") == "+77011234567"
        assert normalise_phone("020 7946 0018", region="GB") == "+442079460018"
        assert normalise_phone("+7 916 123-45-67", region="US") == "+79161234567"
        assert normalise_phone("9161234567", region="US") != "+79161234567"

    @pytest.mark.parametrize("region", ["ru", "XX", "", "Russia", "001"])
    def test_of_a_region_that_is_none_is_told_whatever_the_text(self, region):
        with pytest.raises(DefinitionError, match="'RU' or 'US'"):
            normalise_phone("", region=region)

    @pytest.mark.parametrize("region", REGIONS)
    def test_of_every_kind_that_the_plan_gives_as_an_example_is_taken(self, region):
        for kind in (0, 1, 3):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                wanted = phonenumbers.format_number(number, 0)
                assert normalise_phone(wanted) == wanted


class TestOneAddress:
    @pytest.mark.parametrize(
        ("written", "wanted"),
        [
            ("Anna.Petrova@Example.COM", "anna.petrova@example.com"),
            (" \ufeffmail@yandex.ru\u200b\n", "mail@yandex.ru"),
            ("anna.petrova+promo@gmail.com", "anna.petrova+promo@gmail.com"),
            ("info@почта.рф", "info@xn--80a1acny.xn--p1ai"),
            ("INFO@XN--80A1ACNY.XN--P1AI", "info@xn--80a1acny.xn--p1ai"),
            ("info@ПОЧТА.РФ", "info@xn--80a1acny.xn--p1ai"),
            ("o'neil_@sub.example.co.uk", "o'neil_@sub.example.co.uk"),
            ("a" * 64 + "@mail.ru", "a" * 64 + "@mail.ru"),
        ],
    )
    def test_has_one_form(self, written, wanted):
        assert normalise_email(written) == wanted

    @pytest.mark.parametrize(
        "written",
        [
            *(
                "",
                "  ",
                "\u200b",
                "anna",
                "anna@",
                "@mail.ru",
                "anna@mail",
                "anna@mail.ru.",
                "a@b.c1",
            ),
            *("anna@@mail.ru", "a b@mail.ru", ".anna@mail.ru", "anna.@mail.ru", "an..na@mail.ru"),
            *("аnna@mail.ru", "анна@почта.рф", '"anna"@mail.ru', "a@[127.0.0.1]", "a@127.0.0.1"),
            *("Anna <anna@mail.ru>", "anna@mail.ru, boris@mail.ru", "anna@shop.local", "a@b.test"),
            *("anna@-mail.ru", "anna@ab--cd.ru", "anna＠mail.ru", "a" * 65 + "@mail.ru", "нет"),
            *("a@" + "b" * 64 + ".ru", "a@" + "b." * 130 + "ru", "a" * 2000 + "@mail.ru"),
        ],
    )
    def test_that_cannot_be_delivered_to_is_none(self, written):
        assert normalise_email(written) is None

    def test_that_is_not_there_is_none(self):
        assert normalise_email(None) is None


class TestThePatterns:
    @given(st.one_of(plainly_written_numbers(), written_numbers()), st.sampled_from(REGIONS))
    @example("9300012345", "RU")
    @example("+7 9300012345", "RU")
    @example("+7 (930) 000-12-34", "US")
    def test_of_numbers_know_what_the_library_knows(self, written, region):
        reader, trimmed = phone_reader(region), written.strip(EDGES)
        assert reader.one(trimmed) == reader.library(trimmed)

    @given(written_addresses())
    @example("a@b.test")
    @example("a@local.ru")
    @example("\u212aate@mail.ru")
    @example("a@\u212a.ru")
    def test_of_addresses_know_what_the_library_knows(self, written):
        reader, trimmed = email_reader(), written.strip(EDGES)
        assert reader.one(trimmed) == reader.library(trimmed)

    def test_take_the_common_forms_without_the_library(self, monkeypatch):
        def refuse(*_):
            raise AssertionError("the library was asked")

        monkeypatch.setattr(normalise.EmailReader, "library", refuse)
        monkeypatch.setattr(normalise.PhoneReader, "library", refuse)
        assert normalise_email("Anna.Petrova+tea@Mail.ru") == "anna.petrova+tea@mail.ru"
        assert normalise_phone("8 (916) 123-45-67") == "+79161234567"
        with pytest.raises(AssertionError, match="asked"):
            normalise_phone("8 495 123-45-67")

    @given(TEXTS, st.sampled_from(REGIONS))
    @example("\ud800@mail.ru", "RU")
    @example("a@\ud800.ru", "RU")
    @example("8-810 6016230", "BY")
    def test_and_the_libraries_never_raise_and_read_their_own_form_as_it_is(self, text, region):
        email, phone = normalise_email(text), normalise_phone(text, region=region)
        assert email is None or normalise_email(email) == email == email.lower().strip(EDGES)
        assert phone is None or normalise_phone(phone, region=region) == phone


class TestATable:
    @given(st.lists(st.one_of(st.none(), UNICODE), max_size=12), st.sampled_from(("RU", "US")))
    def test_has_in_each_row_what_the_value_alone_gives(self, texts, region):
        rows = {"customer_id": range(len(texts)), "email": texts, "phone": texts}
        kinds = {"customer_id": pl.Int64, "email": pl.String, "phone": pl.String}
        table = normalised_contacts(pl.DataFrame(rows, schema=kinds), region=region)
        assert table["email"].to_list() == [normalise_email(text) for text in texts]
        assert table["phone"].to_list() == [normalise_phone(text, region=region) for text in texts]
        for contact in ("email", "phone"):
            wanted = [
                "valid" if found else "invalid" if text and text.strip(EDGES) else "missing"
                for text, found in zip(texts, table[contact], strict=True)
            ]
            assert table[f"{contact}_status"].to_list() == wanted

    def test_keeps_the_ids_and_their_order_and_leaves_the_rest_out(self):
        customers = pl.LazyFrame(
            {"customer_id": ["c", "a", "a"], "city": ["Тула"] * 3, "phone": ["1", None, " "]}
        )
        table = normalised_contacts(customers).collect()
        assert table.rows() == [
            ("c", None, None, "missing", "invalid"),
            ("a", None, None, "missing", "missing"),
            ("a", None, None, "missing", "missing"),
        ]

    def test_reads_a_value_that_stands_on_many_rows_once_a_batch(self, monkeypatch):
        asked = []

        def note(_, text):
            asked.append(text)

        monkeypatch.setattr(normalise.PhoneReader, "library", note)
        customers = pl.DataFrame({"customer_id": range(9999), "phone": ["8 495 123-45-67"] * 9999})
        normalised_contacts(customers)
        assert set(asked) == {"8 495 123-45-67"}
        # Polars may cut the table, for its threads.
        assert len(asked) < 50

    def test_takes_numbers_and_categories_for_texts(self):
        customers = pl.DataFrame(
            {
                "customer_id": [1, 2],
                "phone": [79161234567, None],
                "email": pl.Series(["A@Mail.ru", None], dtype=pl.Categorical),
            }
        )
        table = normalised_contacts(customers)
        assert table["phone"].to_list() == ["+79161234567", None]
        assert table["email"].to_list() == ["a@mail.ru", None]

    def test_without_customers_has_no_rows_and_its_columns(self):
        customers = pl.LazyFrame(schema={"customer_id": pl.Int64, "email": pl.Null})
        table = normalised_contacts(customers)
        assert table.collect().schema == table.collect_schema()
        assert table.collect_schema().names() == [
            *("customer_id", "email", "phone", "email_status", "phone_status")
        ]
        assert table.collect().is_empty()

    def test_without_ids_or_with_fractions_is_refused(self):
        with pytest.raises(MissingColumnError, match="customer_id"):
            normalised_contacts(pl.LazyFrame({"email": ["a@b.ru"]}))
        with pytest.raises(ColumnTypeError, match="Float64"):
            normalised_contacts(pl.LazyFrame({"customer_id": [1], "phone": [7.9161234567e10]}))
        with pytest.raises(DefinitionError, match="region"):
            normalised_contacts(pl.LazyFrame({"customer_id": [1]}), region="Russia")

    def test_gives_expressions_for_other_tables(self):
        frame = pl.DataFrame({"mail": [" A@Mail.ru ", "x"], "tel": ["89161234567", "x"]})
        found = frame.select(
            email_expression(pl.col("mail")), phone_expression(pl.col("tel"), region="RU")
        )
        assert found.rows() == [("a@mail.ru", "+79161234567"), (None, None)]


class TestWithoutTheLibraries:
    @pytest.mark.parametrize("module", ["phonenumbers", "email_validator"])
    def test_the_extra_is_named(self, module, monkeypatch):
        monkeypatch.setitem(sys.modules, module, None)
        reader = {"phonenumbers": phone_reader, "email_validator": email_reader}[module]
        reader.cache_clear()
        with pytest.raises(MissingDependencyError, match=r"retention-kit\[profiles\]"):
            normalised_contacts(pl.LazyFrame({"customer_id": [1]}))
