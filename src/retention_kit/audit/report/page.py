"""The report as one page of HTML that needs nothing else, and its parts for a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from retention_kit.audit.report import cards
from retention_kit.audit.report.contents import report_sections
from retention_kit.audit.report.numbers import LANGUAGES, Language
from retention_kit.audit.report.rendering import asset, environment, scoped_css
from retention_kit.audit.report.words import Words, texts

if TYPE_CHECKING:
    from retention_kit.audit.model import Findings

HEADLINES = ("revenue", "customers", "repeat_purchase_rate", "share_of_repeat_sales")
"""The figures at the head of the page."""
_AT_THE_TOP = "first_steps"
_NOTEBOOK = ("key_figures",)


def render_html(audit: Findings, *, language: Language = "en") -> str:
    """Write the report as one page, in all languages, with a switch between them.

    Args:
        audit: The audit.
        language: The language that the page opens in.

    Returns:
        HTML that asks nothing of any network.

    Raises:
        DefinitionError: There is no such language.
    """
    texts(language)
    halves = [_half(audit, each) for each in LANGUAGES]
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            language=language,
            halves=halves,
            titles={half["language"]: half["words"].get("page", "title") for half in halves},
            css=Markup().join(asset(f"{name}.css") for name in ("base", "report", "page")),
            js=asset("report.js"),
        )
    )


def notebook_html(audit: Findings, *, language: Language = "en") -> str:
    """Write the head of the report and its key figures, for a notebook's cell.

    Args:
        audit: The audit.
        language: `en` or `ru`.

    Returns:
        HTML without scripts, whose looks do not leave it.

    Raises:
        DefinitionError: There is no such language.
    """
    half = _half(audit, language)
    half["sections"] = [one for one in half["sections"] if one.name in _NOTEBOOK]
    return environment().get_template("notebook.html.j2").render(half=half, css=scoped_css())


def _half(audit: Findings, language: Language) -> dict[str, Any]:
    words = Words.of(language, audit.currency, confidence=audit.confidence)
    by_name = report_sections(audit, language=language)
    first = by_name.pop(_AT_THE_TOP)
    return {
        "language": language,
        "words": words,
        "audit": audit,
        "first": first,
        "headlines": _headlines(audit, words),
        "sections": [one for one in by_name.values() if one or one.missing],
        "period": words.sentence(
            "page", "orders_from", **{"from": audit.data_from, "to": audit.data_to}
        ),
        "as_of": words.sentence("page", "as_of", as_of=audit.as_of, zone=audit.time_zone),
        "money": words.get("page", "money_in").format(currency=audit.currency),
    }


def _headlines(audit: Findings, words: Words) -> list[tuple[str, str]]:
    sales = {figure.name: figure for figure in audit.key_figures if figure.view == "sales"}
    found = []
    for name in HEADLINES:
        if name in sales and sales[name].value is not None:
            unit = "short_money" if sales[name].unit == "money" else sales[name].unit
            value = cards.write_figure(sales[name].value, unit, words)
            found.append((value, words.get("headlines", name)))
    return found
