"""The page and the notebook's cells: complete, escaped, alone in the world, light."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import polars as pl
import pytest

from retention_kit import DefinitionError
from retention_kit.audit import KeyFigure
from retention_kit.audit.model import Benchmark
from retention_kit.audit.report import notebook_html, render_html, report_sections
from retention_kit.audit.report.cards import figure_cards
from retention_kit.audit.report.drawing import DARK_FROM, INK, MUTED, RAMP, shade
from retention_kit.audit.report.tables import shown
from retention_kit.audit.report.words import Words

LIMIT = 2_000_000
VOID = {"meta", "link", "br", "circle"}
NAMES = {"Иванова", "Петров", "Санкт-Петербург"}
CYRILLIC = re.compile(r"[А-Яа-яё]")


class Page(HTMLParser):
    """Reads a page: its tags in balance, attributes, and texts by language."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.texts = [], Counter(), [], {"en": [], "ru": []}
        self.attributes = []
        self.feed(text)
        assert self.open == [], f"never closed: {self.open[-3:]}"

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        given = dict(attrs)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if "id" in given:
            self.ids.append(given["id"])
        if tag not in VOID:
            self.open.append((tag, given.get("lang")))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        languages = [lang for _, lang in self.open if lang]
        # A picture shows as many labels as fit, and words differ in length.
        inside = {tag for tag, _ in self.open}
        if languages and not inside & {"style", "script", "svg", "title"} and data.strip():
            self.texts[languages[-1]].append(data.strip())


@pytest.fixture(scope="module")
def full(full_audit):
    return render_html(full_audit, language="ru")


@pytest.fixture(scope="module")
def real(real_audit):
    return render_html(real_audit)


@pytest.fixture(scope="module", params=["full", "bare", "real"])
def page(request, bare_audit):
    if request.param == "bare":
        return render_html(bare_audit)
    return request.getfixturevalue(request.param)


class TestThePage:
    def test_is_light(self, page):
        assert len(page.encode()) < LIMIT

    def test_is_well_formed_and_names_nothing_twice(self, page):
        read = Page(page)
        assert [one for one, times in Counter(read.ids).items() if times > 1] == []
        targets = {v[1:] for _, name, v in read.attributes if name == "href" and v[0] == "#"}
        assert targets <= set(read.ids)

    def test_asks_nothing_of_any_network(self, page):
        read = Page(page)
        for tag, name, value in read.attributes:
            if name in ("src", "href", "action", "data", "poster", "srcset"):
                assert value.startswith(("#", "data:")), (tag, name, value)
        assert "url(" not in page
        assert "@import" not in page
        assert "default-src 'none'" in page

    def test_holds_both_languages_whole(self, page):
        read = Page(page)
        english = [one for one in read.texts["en"] if one not in NAMES]
        assert not CYRILLIC.search(" ".join(english))
        assert len(read.texts["ru"]) == len(read.texts["en"])

    def test_opens_in_the_language_asked_for(self, full, real):
        assert '<html lang="ru" data-language="ru">' in full
        assert '<html lang="en" data-language="en">' in real

    def test_tells_every_picture_in_words(self, page):
        pictures = re.findall(r"<svg[^>]*>", page)
        assert pictures
        assert all(
            'role="img"' in one and re.search(r'aria-label="[^"]{10,}"', one) for one in pictures
        )

    def test_refuses_other_languages(self, full_audit):
        with pytest.raises(DefinitionError, match="en or ru"):
            render_html(full_audit, language="fr")


class TestNames:
    def test_that_are_html_stay_text(self, full):
        read = Page(full)
        assert read.tags["script"] == 1
        assert "&lt;script&gt;alert(" in full

    def test_that_are_long_are_cut_and_told_whole(self, full):
        assert re.search(
            r'<span title="a very long name[^"]{60,}">a very long name[^<]{10,40}…</span>', full
        )


class TestSections:
    def test_without_tables_say_what_to_give(self, bare_audit):
        made = report_sections(bare_audit)
        assert not made["funnel"]
        assert made["funnel"].missing.startswith("Give events")
        assert not made["actions"]

    def test_of_a_shortened_table_say_how(self, full_audit):
        made = report_sections(full_audit)
        (stopped,) = made["churned_customers"].tables
        assert stopped.frame.height == 50
        assert stopped.note.startswith(
            "The first 50 of 1,000 are shown; the exports hold more. Contacts are masked."
        )
        categories, products = made["products"].tables
        assert categories.frame["category"][-1] == "All others together (99,997)"
        assert products.frame["product_id"][-1] == "All others together (3,877)"

    def test_of_the_funnel_name_the_greatest_share_lost(self, full_audit):
        (picture,) = report_sections(full_audit)["funnel"].pictures
        assert picture.summary == (
            "The step to “put it in the cart” loses the greatest share: 37,905 customers, 75.8% of "
            "those before it. Ordered without a cart on record: 95 customers, not counted here as "
            "lost."
        )

    def test_of_acquisition_name_months_that_won_nobody(self, full_audit):
        won = full_audit.tables["acquisition"].with_columns(
            new_customers=pl.when(pl.col("period").dt.month() == 5)
            .then(0)
            .otherwise("new_customers")
        )
        changed = replace(full_audit, tables={**full_audit.tables, "acquisition": won})
        note = report_sections(changed)["economics"].pictures[1].note
        assert note.endswith("Months with costs and not one new customer: May 2024.")

    def test_write_points_as_points(self, full_audit):
        tables = report_sections(full_audit, language="ru")["economics"].tables
        (changes,) = (one.frame["change"] for one in tables if one.name == "what_if")
        assert changes.to_list() == ["5 п.п.", "10%"]

    def test_put_three_steps_first(self, full_audit):
        made = report_sections(full_audit, language="ru")
        assert made["first_steps"].steps == made["actions"].steps[:3]
        assert made["actions"].steps[0].title == "Поднять средний чек"

    def test_show_themselves_in_a_notebook(self, full_audit):
        for section in report_sections(full_audit).values():
            html = section._repr_html_()
            Page(html)
            assert "<script" not in html

    def test_of_a_shop_of_one_month_can_be_drawn(self, bare_audit):
        for language in ("en", "ru"):
            for section in report_sections(bare_audit, language=language).values():
                assert all(
                    picture.svg(size) for picture in section.pictures for size in ("wide", "narrow")
                )


class TestTheNotebook:
    def test_shows_key_figures_and_keeps_its_looks_to_itself(self, full_audit):
        html = notebook_html(full_audit, language="ru")
        Page(html)
        assert "Основные показатели" in html
        assert "<script" not in html
        css = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
        outside = re.sub(r"\.retention-kit \{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}", "", css)
        assert set(re.findall(r"([^{}]+)\{", outside)) <= {"\n.retention-kit.notebook "}

    def test_of_a_shop_without_anything_can_be_shown(self, bare_audit):
        assert "Key figures" in notebook_html(bare_audit)


class TestCards:
    def test_say_how_sure_a_figure_is(self, full_audit):
        by_name = {card.name: card for card in figure_cards(full_audit, Words.of("en", "RUB"))}
        assert (
            by_name["repeat_purchase_rate"].interval == "With 95% certainty between 64.2% and 67.0%"
        )
        assert by_name["repeat_purchase_rate"].divided == "2,845 / 4,338"
        assert by_name["revenue_net"].value == "₽8,300,066"

    def test_say_what_is_good_who_says_so_and_on_which_side_one_is(self, full_audit):
        by_name = {card.name: card for card in figure_cards(full_audit, Words.of("en", "RUB"))}
        card = by_name["repeat_purchase_rate"]
        assert card.benchmark == "20.0% to 40.0%. In most studies. Yours is above it."
        assert card.source == "Somebody (2020)"

    @pytest.mark.parametrize(
        ("value", "said"), [(9, "Yours is as good or better."), (15, "Yours is worse.")]
    )
    def test_call_a_short_payback_better(self, bare_audit, value, said):
        goal = Benchmark(0.0, 12.0, "Somebody (2010)", "Within a year.")
        figure = KeyFigure("payback_months", "net", value, "months", "Months.", benchmark=goal)
        (card,) = figure_cards(replace(bare_audit, key_figures=(figure,)), Words.of("en", "RUB"))
        assert card.norm == "good"
        assert card.benchmark == f"Up to 12 months. Within a year. {said}"

    def test_say_why_there_is_no_payback(self, bare_audit):
        figure = KeyFigure("payback_months", "net", None, "months", "Months.")
        tables = {"payback": pl.DataFrame({"reason": ["not_reached"]})}
        changed = replace(bare_audit, key_figures=(figure,), tables=tables)
        (card,) = figure_cards(changed, Words.of("ru", "RUB"))
        assert (card.value, card.is_told) == ("Ещё не окупился", True)

    def test_show_whole_months_as_a_line(self, full_audit):
        by_name = {card.name: card for card in figure_cards(full_audit, Words.of("en", "RUB"))}
        trend = by_name["average_order_value"].trend
        assert trend.path.count("L") == 12
        assert trend.summary == "By month: ₽400.00 in Jan 2024, ₽383.90 in Jan 2025"
        assert by_name["revenue_net"].trend is None

    def test_of_an_unknown_figure_fall_back_on_its_own_words(self, full_audit):
        by_name = {card.name: card for card in figure_cards(full_audit, Words.of("ru", "RUB"))}
        card = by_name["a_figure_of_tomorrow"]
        assert (card.title, card.value) == ("A figure of tomorrow", "7,5 дня")


class TestTables:
    def test_leave_out_columns_without_a_value(self):
        frame = pl.DataFrame(
            {"channel": ["a"], "reason": [None]}, schema_overrides={"reason": pl.String}
        )
        assert shown("channels", frame, Words.of("en", "RUB")).columns == ("channel",)

    def test_sort_by_values_and_not_by_what_is_written(self):
        frame = pl.DataFrame({"channel": ["a"], "new_customers": [1_234]})
        html = shown("channels", frame, Words.of("ru", "RUB")).html()
        assert 'data-v="1234"' in html
        assert 'id="table-channels-ru"' in html
        assert "<style" not in html


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


class TestContrast:
    @pytest.mark.parametrize("step", range(len(RAMP)))
    def test_of_a_text_to_the_cell_under_it_is_enough(self, step):
        cell, ink = shade((step + 0.5) / len(RAMP), 1.0)
        assert cell == RAMP[step]
        assert contrast(cell, ink) >= 4.5 or step == DARK_FROM
        assert contrast(cell, ink) >= 4.2

    @pytest.mark.parametrize(
        ("ink", "paper"),
        [
            (INK, "#ffffff"),
            (MUTED, "#f5f7fb"),
            ("#2b59c3", "#fbfcfe"),
            ("#ffffff", "#2b59c3"),
            (MUTED, "#fdf3ef"),
        ],
    )
    def test_of_the_page_is_enough(self, ink, paper):
        assert contrast(ink, paper) >= 4.5
