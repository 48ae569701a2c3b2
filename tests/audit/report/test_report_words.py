"""The catalogue: complete in both languages, and covering whatever an audit can say."""

from __future__ import annotations

import string

import polars as pl
import pytest

from retention_kit import DefinitionError, make_dataset
from retention_kit.audit import audit
from retention_kit.audit.figures import BENCHMARKS, DEFINITIONS
from retention_kit.audit.notes import SENTENCES
from retention_kit.audit.report import report_sections, texts
from retention_kit.audit.report.contents import steps
from retention_kit.audit.report.health import meaning
from retention_kit.audit.report.kinds import kind_of
from retention_kit.audit.report.layout import SHOWN
from retention_kit.audit.report.numbers import LANGUAGES, Numbers
from retention_kit.audit.report.tables import heading
from retention_kit.audit.report.words import Words
from retention_kit.audit.rules import RULES
from retention_kit.contracts.rules import MEANINGS

FORMS = {"en": {"one", "other"}, "ru": {"one", "few", "many", "other"}}
CHANNELS = ["channel_loses_money", "channel_needs_work"]
RULE_NAMES = [name for name in RULES if name != "channels"] + CHANNELS


def keys(catalogue, path=()):
    for key, value in catalogue.items():
        if isinstance(value, str) or path == ("plurals",):
            yield (*path, key)
        else:
            yield from keys(value, (*path, key))


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def get(language, path):
    found = texts(language)
    for key in path:
        found = found[key]
    return found


@pytest.fixture(scope="module", params=["real", "made", "full"])
def result(request, full_audit, real_audit):
    if request.param == "real":
        return real_audit
    if request.param == "full":
        return full_audit
    shop = make_dataset(customers=300, seed=7)
    return audit(shop, as_of=shop.orders.select(pl.col("ordered_at").max()).collect().item())


class TestTheLanguages:
    def test_have_exactly_the_same_keys(self):
        assert set(keys(texts("en"))) == set(keys(texts("ru")))

    def test_fill_in_the_same_values(self):
        for path in keys(texts("en")):
            if path[0] in ("plurals", "meanings"):
                continue
            assert fields(get("en", path)) == fields(get("ru", path)), path

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_have_a_word_for_every_count(self, language):
        for forms in texts(language)["plurals"].values():
            assert set(forms) == FORMS[language]
            assert all("{n}" in form for form in forms.values())

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_leave_nothing_empty_but_what_has_no_condition(self, language):
        empty = [path for path in keys(texts(language)) if get(language, path) == ""]
        assert all(path[0] == "sections" and path[2] == "missing" for path in empty)

    def test_other_than_two_are_refused(self):
        with pytest.raises(DefinitionError, match="en or ru"):
            texts("de")


class TestTheCatalogue:
    def test_defines_key_figures_in_the_audits_own_words(self):
        told = texts("en")["figures"]
        assert {name: told[name]["definition"] for name in DEFINITIONS} == dict(DEFINITIONS)

    def test_says_what_a_benchmark_holds_for(self):
        told = texts("en")["figures"]
        for name, benchmark in BENCHMARKS.items():
            key = name if "benchmark" in told.get(name, {}) else f"{name}_net"
            assert told[key]["benchmark"] == benchmark.note

    @pytest.mark.parametrize("rule", MEANINGS)
    def test_explains_the_rules_of_the_door(self, rule):
        assert texts("en")["meanings"][rule] == MEANINGS[rule]
        written = rule.replace("{column}", "amount")
        assert meaning(written, Words.of("en", "RUB")) == MEANINGS[rule]
        assert meaning(written, Words.of("ru", "RUB")) == texts("ru")["meanings"][rule]

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("rule", RULE_NAMES)
    def test_has_a_title_a_sentence_and_a_way_for_every_rule(self, language, rule):
        assert set(texts(language)["rules"][rule]) == {"title", "sentence", "how"}

    @pytest.mark.parametrize("code", SENTENCES)
    def test_has_a_sentence_for_every_note(self, code):
        assert code in texts("ru")["warnings"]

    @pytest.mark.parametrize("section", SHOWN)
    def test_has_a_title_for_every_section(self, section):
        assert set(texts("ru")["sections"][section]) == {"title", "intro", "missing"}


class TestAnAudit:
    def test_has_a_title_for_every_table(self, result):
        for table in result.tables:
            if not table.startswith("rejected_"):
                assert table in texts("ru")["tables"]

    def test_has_a_heading_for_every_column(self, result):
        unknown = {
            column
            for table, frame in result.tables.items()
            if not table.startswith("rejected_")
            for column in frame.columns
        } - set(texts("ru")["columns"])
        assert unknown == set()

    @pytest.mark.parametrize(
        ("language", "told"), [("en", "LTV before CAC"), ("ru", "LTV до вычета CAC")]
    )
    def test_says_that_the_value_of_a_channel_is_before_the_cost_of_winning(self, language, told):
        words = Words.of(language, "RUB")
        assert heading("lifetime_value", words, "channels") == told
        assert heading("lifetime_value", words, "value_trend") == "LTV"
        assert heading("city", words, "channels") == heading("city", words)

    def test_has_words_for_every_code(self, result):
        for table, frame in result.tables.items():
            for column, dtype in frame.schema.items():
                if kind_of(table, column, dtype) == "code" and table != "key_figures":
                    codes = set(frame[column].drop_nulls())
                    assert codes <= set(texts("ru")["values"][column]), (table, column)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_gives_advice_that_lacks_no_value(self, result, language):
        words = Words.of(language, result.currency)
        for step in steps(result.tables["actions"], words, within=result.active_within):
            assert "–" not in step.sentence
            assert "{" not in step.title + step.sentence + step.how

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_shows_all_sections_in_one_order(self, result, language):
        assert list(report_sections(result, language=language)) == ["first_steps", *SHOWN]


class TestNumbers:
    @pytest.mark.parametrize(
        ("language", "currency", "value", "written"),
        [
            ("en", "GBP", 1_234_567.5, "£1,234,568"),
            ("en", "GBP", 12.345, "£12.34"),
            ("en", "GBP", -3_000, "-£3,000"),
            ("en", "RUB", 5_000, "₽5,000"),
            ("en", "CHF", 5_000, "CHF\N{NO-BREAK SPACE}5,000"),
            ("ru", "RUB", 1_234_567, "1 234 567 ₽"),
            ("ru", "RUB", 12.5, "12,50 ₽"),
            ("ru", "GBP", None, "–"),
            ("ru", "GBP", float("nan"), "–"),
        ],
    )
    def test_write_money_as_the_language_does(self, language, currency, value, written):
        told = Numbers(language, currency).money(value)
        assert told.replace("\N{NO-BREAK SPACE}", " ") == written.replace("\N{NO-BREAK SPACE}", " ")

    @pytest.mark.parametrize(
        ("count", "told"),
        [
            (1, "1 клиент"),
            (2, "2 клиента"),
            (5, "5 клиентов"),
            (21, "21 клиент"),
            (46.5, "46,5 клиента"),
        ],
    )
    def test_choose_the_form_of_a_russian_word(self, count, told):
        assert Words.of("ru", "RUB").counted("customers", count) == told


class TestWords:
    @pytest.mark.parametrize(
        ("language", "window", "told"),
        [
            ("en", "3mo", "between 3 and 6 months ago, and not since"),
            ("ru", "1y", "от 12 до 24 месяцев назад, а потом — нет"),
            ("en", "90d", "in the period before the last, and not in the last (90 days each)"),
        ],
    )
    def test_say_when_those_bought_who_have_stopped(self, language, window, told):
        assert Words.of(language, "RUB").stopped(window) == told

    def test_say_how_sure_an_interval_is(self):
        words = Words.of("ru", "RUB", confidence=0.995)
        assert heading("share_low", words) == "99,5%, от"
        assert words.get("page", "interval").startswith("С уверенностью 99,5% —")

    def test_do_not_break_one_less_retention(self):
        told = Words.of("ru", "RUB").get("figures", "churn_rate", "definition")
        assert "1\N{NO-BREAK SPACE}−\N{NO-BREAK SPACE}удержание" in told
