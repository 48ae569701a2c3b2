"""Identifiers as outside systems want them, against digests that were reckoned elsewhere."""

from __future__ import annotations

import dataclasses
import hashlib

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit import DefinitionError
from retention_kit.adapters.digests import (
    EMPTY_DIGESTS,
    as_digest,
    hash_kind,
    is_hashed,
    md5_hex,
    sha256_hex,
)
from retention_kit.adapters.identifier_columns import identifier_expression, identifier_series
from retention_kit.adapters.identifiers import (
    GOOGLE,
    META,
    VK_ADS,
    VK_ADS_CLEAR,
    YANDEX_AUDIENCE,
    YANDEX_METRICA,
    IdentifierRules,
    phone_digits,
)

GOOGLE_OF_OLD = dataclasses.replace(GOOGLE, gmail_tags="keep")
AMERICAN = dataclasses.replace(META, region="US")
SHA_MARY = "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79"
SHA_ALEX = "509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a"
SHA_MAIL = "bd93ea95f242f02313eccf0ab0bb7fe5121a052de42d2cb7bd332fb9f537cbfa"
SHA_TEL = "22846ab8f79870871eb44f653419a4a5069301827d8ae75b6c2a88e4989a364e"
MD5_MAIL = "3c56ff8fef0f6c65b36b2d25720fe276"
MD5_TEL = "f09f2c3d48f31e2a802944ade2e5aec5"

PUBLISHED = [
    (YANDEX_AUDIENCE, "email", " Mail@Yandex.RU ", "mail@yandex.ru", SHA_MAIL),
    (YANDEX_AUDIENCE, "phone", "8 (999) 555-11-11", "79995551111", SHA_TEL),
    (YANDEX_AUDIENCE, "phone", "+79995551111", "79995551111", SHA_TEL),
    (YANDEX_METRICA, "email", "mail@yandex.ru", "mail@yandex.ru", MD5_MAIL),
    (YANDEX_METRICA, "phone", "89995551111", "79995551111", MD5_TEL),
    (VK_ADS, "email", "MAIL@yandex.ru", "mail@yandex.ru", MD5_MAIL),
    (VK_ADS, "phone", "+7 999 555 11 11", "79995551111", MD5_TEL),
    (META, "email", "Mary@Example.com", "mary@example.com", SHA_MARY),
    (GOOGLE, "email", "Mary@Example.com", "mary@example.com", SHA_MARY),
    (META, "email", "AlexZ@example.com", "alexz@example.com", SHA_ALEX),
    (GOOGLE, "email", "alexz@example.com", "alexz@example.com", SHA_ALEX),
    (
        META,
        "email",
        "Anna.Petrova+promo@gmail.com",
        "anna.petrova+promo@gmail.com",
        "458da00562fae1291a3abc1883da361f16511b88a880390ec2916e83c9621732",
    ),
    (
        GOOGLE_OF_OLD,
        "email",
        "Anna.Petrova+promo@gmail.com",
        "annapetrova+promo@gmail.com",
        "cde9fd2140875e96ce79105f647542092ac990ddb394eb3a318547a951beac81",
    ),
    (
        GOOGLE,
        "email",
        "Anna.Petrova+promo@gmail.com",
        "annapetrova@gmail.com",
        "b90ff48af08468ee180c418bf791f5278f3f21f2626aac2672d019556e9100da",
    ),
    (
        META,
        "phone",
        "8 916 123-45-67",
        "79161234567",
        "1210f4f193f6032e91cd7117a785a1be09550d79076c4717cdae4c0c45691a30",
    ),
    (
        GOOGLE,
        "phone",
        "8 916 123-45-67",
        "+79161234567",
        "c795313d1a25fea4e552388ce7fb6102f550187a1132baa53b9872e5236dd8c6",
    ),
    (
        AMERICAN,
        "phone",
        "+15559876543",
        "15559876543",
        "1ef970831d7963307784fa8688e8fce101a15685d62aa765fed23f3a2c576a4e",
    ),
    (
        GOOGLE,
        "phone",
        "+18005550100",
        "+18005550100",
        "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30",
    ),
    *(
        (rules, "first_name", " «Анна»! ", "анна", digest)
        for rules in (META, GOOGLE)
        for digest in ("80e29e9a7810e7454c3d14c0f97cd121ae314384d010d8a48c02ab27f360afb9",)
    ),
    *(
        (rules, "last_name", "ПЕТРОВА", "петрова", digest)
        for rules in (META, GOOGLE)
        for digest in ("640fe651ccadf5077ff59b7f696a0946b6860c1808f65c871eed171ebc527c3b",)
    ),
    (
        META,
        "city",
        " Москва",
        "москва",
        "4ed0608556890f1debeb0947b33bff409c18a80755422c362f4daa5cd5ce0749",
    ),
    (
        META,
        "postal_code",
        "123 456",
        "123456",
        "8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92",
    ),
    (
        META,
        "country",
        "RU",
        "ru",
        "ed5ad332c106043712705210b4f3d1179e49c5cf426520c74cb8ec48b22b1961",
    ),
    (
        META,
        "gender",
        "Женский",
        "f",
        "252f10c83610ebca1a059c0bae8255eba2f95be4d1d7bcfa89d7248a82d9f111",
    ),
]
HASHING = [YANDEX_AUDIENCE, YANDEX_METRICA, VK_ADS, META, GOOGLE]
BLANK = st.text(" \t\n\u00a0\u200b\ufeff", max_size=4)
CONTACT = st.one_of(
    st.none(),
    BLANK,
    st.text(max_size=70),
    st.text("0123456789abcdefABCDEF", min_size=31, max_size=65),
    st.sampled_from(("mail@yandex.ru", "89995551111", *EMPTY_DIGESTS, SHA_MAIL, MD5_MAIL)),
)


class TestTheDigests:
    @pytest.mark.parametrize(("rules", "identifier", "value", "clear", "digest"), PUBLISHED)
    def test_are_those_that_were_published(self, rules, identifier, value, clear, digest):
        assert rules.form(identifier, value) == clear
        assert rules.outgoing(identifier, value) == digest

    @pytest.mark.parametrize(("rules", "identifier", "value", "clear", "digest"), PUBLISHED)
    def test_pass_when_they_were_made_before_in_small_letters(
        self, rules, identifier, value, clear, digest
    ):
        assert rules.outgoing(identifier, f" {digest.upper()}\n") == digest

    @pytest.mark.parametrize("rules", HASHING)
    def test_of_another_algorithm_do_not_pass(self, rules):
        other = MD5_MAIL if rules.hash == "sha256" else SHA_MAIL
        assert rules.hashed_email(other) is None
        assert rules.hashed_phone(other) is None

    @given(st.sampled_from(HASHING), st.sampled_from(("email", "phone")), CONTACT)
    def test_of_nothing_never_leave(self, rules, identifier, value):
        leaving = rules.outgoing(identifier, value)
        nothing = {"", None}
        assert leaving not in EMPTY_DIGESTS | {""}
        assert leaving is None or is_hashed(leaving, rules.hash)
        assert leaving is None or leaving == leaving.lower()
        if (value or "").strip(" \t\n\u00a0\u200b\ufeff") in nothing:
            assert leaving is None

    @given(BLANK)
    def test_are_not_made_of_blanks_nor_of_digests_of_nothing(self, blank):
        for made in (sha256_hex, md5_hex):
            assert made(blank) is None
            assert made(None) is None
            for digest in EMPTY_DIGESTS:
                assert made(digest) is None
                assert made(digest.upper()) is None

    @given(st.text(min_size=1).filter(lambda text: text.strip() and text.isprintable()))
    def test_are_those_of_the_text_as_utf_8(self, text):
        assert sha256_hex(text) == hashlib.sha256(text.encode()).hexdigest()
        assert md5_hex(text) == hashlib.md5(text.encode()).hexdigest()
        assert hash_kind(sha256_hex(text)) == "sha256"
        assert hash_kind(md5_hex(text)) == "md5"

    def test_of_nothing_are_known(self):
        assert {hashlib.sha256().hexdigest(), hashlib.md5().hexdigest()} == EMPTY_DIGESTS


class TestWhatLooksLikeADigest:
    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            *((SHA_MAIL, "sha256"), (SHA_MAIL.upper(), "sha256"), (MD5_MAIL, "md5")),
            *((f" {MD5_MAIL} ", "md5"), (MD5_MAIL[:-1], None), (MD5_MAIL + "0", None)),
            *((SHA_MAIL[:-1] + "g", None), ("", None), (None, None), ("mail@yandex.ru", None)),
            ("１" * 32, None),
        ],
    )
    def test_is_told_by_its_form(self, text, kind):
        assert hash_kind(text) == kind
        assert is_hashed(text, "md5") == (kind == "md5")
        assert is_hashed(text, "sha256") == (kind == "sha256")

    def test_is_taken_in_small_letters_if_it_is_of_the_algorithm_and_of_something(self):
        assert as_digest(f"{MD5_MAIL.upper()} ", "md5") == MD5_MAIL
        assert as_digest(MD5_MAIL, "sha256") is None
        assert as_digest(None, "md5") is None
        assert all(as_digest(one, hash_kind(one)) is None for one in EMPTY_DIGESTS)


class TestTheRules:
    def test_in_clear_give_the_form_and_no_digest(self):
        assert VK_ADS_CLEAR.outgoing("phone", "8 999 555-11-11") == "79995551111"
        assert VK_ADS_CLEAR.outgoing("email", "Mail@yandex.ru") == "mail@yandex.ru"
        assert VK_ADS_CLEAR.outgoing("email", MD5_MAIL) is None
        with pytest.raises(DefinitionError, match="in clear"):
            VK_ADS_CLEAR.hashed_email("mail@yandex.ru")

    def test_of_google_send_places_in_clear(self):
        assert GOOGLE.outgoing("country", "ru") == "RU"
        assert GOOGLE.outgoing("postal_code", " 123456 ") == "123456"

    @pytest.mark.parametrize(
        ("identifier", "value"),
        [
            *(("email", "anna@"), ("phone", "123"), ("first_name", "—"), ("city", " . ")),
            *(("country", "Russia"), ("country", None), ("gender", "?"), ("postal_code", "")),
        ],
    )
    def test_give_nothing_where_there_is_nothing(self, identifier, value):
        assert META.form(identifier, value) is None
        assert META.outgoing(identifier, value) is None

    def test_keep_what_stands_between_the_words_of_a_name_and_not_of_a_place(self):
        assert META.form("first_name", "Anna  Maria") == "anna maria"
        assert META.form("city", "Нижний Новгород") == "нижнийновгород"
        assert META.form("postal_code", "94035-1234") == "94035"
        assert META.form("gender", "M.") == "m"

    def test_drop_what_is_gmails_own_of_gmail_alone(self):
        assert GOOGLE.email("a.b+c@googlemail.com") == "ab@googlemail.com"
        assert GOOGLE.email("a.b+c@yandex.ru") == "a.b+c@yandex.ru"
        assert GOOGLE.email("+c@gmail.com") is None

    def test_refuse_what_the_system_does_not_take(self):
        with pytest.raises(DefinitionError, match="email, phone"):
            YANDEX_AUDIENCE.form("city", "Тула")
        with pytest.raises(DefinitionError, match="'hash' is 'sha1'"):
            IdentifierRules(target="Somebody", hash="sha1")
        with pytest.raises(DefinitionError, match="'identifiers' is 'e-mail'"):
            IdentifierRules(target="Somebody", identifiers=("e-mail",))

    def test_read_numbers_without_a_code_as_their_region_does(self):
        assert AMERICAN.phone("(415) 555-2671") == "14155552671"

    def test_give_digits_of_e164_alone_and_do_not_quote_what_is_not(self):
        assert phone_digits("+79161234567") == "79161234567"
        with pytest.raises(DefinitionError) as caught:
            phone_digits("89161234567")
        assert "89161234567" not in str(caught.value)


class TestAColumn:
    @given(
        st.lists(CONTACT.filter(lambda one: not one or one.isprintable()), max_size=9),
        st.sampled_from(HASHING),
        st.sampled_from(("email", "phone")),
    )
    def test_has_in_each_row_what_the_value_alone_gives(self, values, rules, identifier):
        column = pl.Series("contact", values, dtype=pl.String)
        leaving = identifier_series(column, rules, identifier)
        assert leaving.to_list() == [rules.outgoing(identifier, value) for value in values]
        assert (leaving.name, leaving.dtype) == ("contact", pl.String)

    def test_of_several_pieces_keeps_its_order(self):
        numbers = pl.int_range(70_000, eager=True).cast(pl.String).str.zfill(7)
        phones = ("+7900" + numbers).alias("phone")
        hashed = pl.LazyFrame(phones).select(
            identifier_expression(pl.col("phone"), YANDEX_METRICA, "phone")
        )
        digests = hashed.collect()["phone"]
        assert len(digests) == 70_000
        for row in (0, 65_535, 65_536, 69_999):
            assert digests[row] == md5_hex(phones[row].removeprefix("+"))

    def test_of_what_is_not_taken_is_refused_before_it_is_collected(self):
        with pytest.raises(DefinitionError, match="identifier"):
            identifier_expression(pl.col("city"), YANDEX_AUDIENCE, "city")
        with pytest.raises(DefinitionError, match="identifier"):
            identifier_series(pl.Series([], dtype=pl.String), YANDEX_AUDIENCE, "city")
