"""The page in a browser: quiet, offline, within the screen, in both languages, by keyboard too.

Where there is no Chromium these tests are left out, and say so; in CI they fail.
"""

from __future__ import annotations

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

from retention_kit.audit.report import render_html

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
SIZES = {"laptop": (1366, 900), "phone": (390, 844)}
GAP = 11
STOPPED = "#table-churned_customers-{}"

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(
        BROWSER is None and not os.environ.get("CI"),
        reason=f"none of {', '.join(NAMES)} is installed",
    ),
]

WIDER_THAN_THE_SCREEN = """() => [...document.querySelectorAll('body *')]
    .filter(one => !one.closest('.scroll') && one.offsetParent
        && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map(one => one.tagName + '.' + one.className)"""
CUT_TEXTS = """() => [...document.querySelectorAll('.half svg text')]
    .filter(one => one.closest('svg').getBoundingClientRect().width > 0)
    .filter(one => {
        const text = one.getBoundingClientRect();
        const svg = one.closest('svg').getBoundingClientRect();
        return text.left < svg.left - 1 || text.right > svg.right + 1
            || text.bottom > svg.bottom + 1;
    }).map(one => one.textContent)"""


@pytest.fixture(scope="module")
def browser():
    if BROWSER is None:
        pytest.fail(f"CI needs one of {', '.join(NAMES)}. Next step: apt-get install chromium.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def file(full_audit, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "audit.html"
    path.write_text(render_html(full_audit), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(params=SIZES)
def page(request, browser, file):
    width, height = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
    page = context.new_page()
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(file)
    yield page
    assert page.said == []
    assert [url for url in page.asked if url != file and not url.startswith("data:")] == []
    context.close()


def switch(page, language):
    page.locator(f"[data-switch={language}]:visible").click()


def column(page, table, place):
    return page.locator(f"{table} tbody td:nth-child({place})").all_inner_texts()


def test_it_runs_no_name_that_is_a_script(page):
    assert page.locator("script").count() == 1


@pytest.mark.parametrize("language", ["en", "ru"])
def test_nothing_is_wider_than_the_screen(page, language):
    switch(page, language)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert page.evaluate(WIDER_THAN_THE_SCREEN) == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_no_text_of_a_picture_is_cut(page, language):
    switch(page, language)
    assert page.evaluate(CUT_TEXTS) == []


def test_the_language_switch_changes_all_that_is_seen_and_is_remembered(page):
    assert page.locator("h1:visible").inner_text() == "Repeat sales: what they say"
    assert page.locator("[data-switch=en]:visible").get_attribute("aria-pressed") == "true"
    switch(page, "ru")
    assert page.locator("h1:visible").inner_text() == "Повторные продажи: что говорят цифры"
    assert page.locator("[data-switch=ru]:visible").get_attribute("aria-pressed") == "true"
    assert page.evaluate("document.documentElement.lang") == "ru"
    assert page.title() == "Аудит повторных продаж"
    assert page.evaluate("document.activeElement.dataset.switch") == "ru"
    page.reload()
    assert page.locator("h1:visible").inner_text() == "Повторные продажи: что говорят цифры"


def test_the_language_switch_keeps_the_reader_where_they_are(page):
    page.evaluate("document.getElementById('lifecycle-en').scrollIntoView({behavior: 'instant'})")
    before = page.evaluate("document.getElementById('lifecycle-en').getBoundingClientRect().top")
    page.evaluate("document.querySelector('[data-half=en] [data-switch=ru]').click()")
    after = page.evaluate("document.getElementById('lifecycle-ru').getBoundingClientRect().top")
    assert abs(before - after) < 3


def test_a_table_sorts_by_mouse(page):
    table = STOPPED.format("en")
    orders = 8
    heading = page.locator(f"{table} th:nth-child({orders})")
    assert heading.get_attribute("aria-sort") is None
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    values = [int(text) for text in column(page, table, orders)]
    assert values == sorted(values, reverse=True)
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    values = [int(text) for text in column(page, table, orders)]
    assert values == sorted(values)


def test_a_table_sorts_by_keyboard_and_puts_what_is_missing_last(page):
    table = STOPPED.format("en")
    button = page.locator(f"{table} th:nth-child({GAP}) button")
    button.focus()
    page.keyboard.press("Enter")
    texts = column(page, table, GAP)
    gaps = texts.count("–")
    assert 0 < gaps < len(texts)
    assert set(texts[-gaps:]) == {"–"}
    page.keyboard.press("Space")
    assert column(page, table, GAP)[-gaps:] == texts[-gaps:]
    outline = button.evaluate("one => getComputedStyle(one).outlineStyle")
    assert outline == "solid"


def test_the_keyboard_reaches_the_figures_first(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main-en"


def test_what_is_folded_is_printed(page):
    assert page.locator("details[open]").count() == 0
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0
    page.emulate_media(media="print")
    assert not page.locator(".switch").first.is_visible()
    assert page.locator(".half[lang=en] .picture .wide").first.is_visible()
    assert not page.locator(".half[lang=ru]").is_visible()
