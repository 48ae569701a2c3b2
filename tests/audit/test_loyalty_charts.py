"""The pictures of simulated programmes."""

import datetime as dt
from pathlib import Path

import pytest
from altair import Chart

from retention_kit.audit import charts
from retention_kit.audit.report.svg import to_svg
from retention_kit.datasets import make_dataset
from retention_kit.errors import DefinitionError
from retention_kit.loyalty_rules import gamified, short_points, simulate

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


@pytest.fixture(scope="module")
def found():
    shop = make_dataset(150, seed=2)
    programs = {
        "Short": short_points(currency=shop.currency),
        "Played": gamified(currency=shop.currency),
    }
    return simulate(shop, programs, as_of=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def drawn(found, **looks):
    """Draw all pictures."""
    own = {"currency": found.currency, **looks}
    return {
        "flows": charts.loyalty_flows(found.by_month, "Played", **own),
        "liability": charts.loyalty_liability(found.by_month, **own),
        "costs": charts.loyalty_costs(found.by_month, **own),
        "tiers": charts.loyalty_tiers(found.customers_by_tier, "Played", **own),
        "deciles": charts.loyalty_deciles(found.by_decile, **own),
    }


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("size", ["wide", "half", "narrow"])
def test_every_picture_is_drawn_for_every_width_and_language(found, size, language):
    for plot in drawn(found, size=size, language=language).values():
        assert to_svg(plot, label="A programme").startswith("<svg")


def test_every_picture_is_what_vega_lite_understands(found):
    for plot in drawn(found).values():
        Chart.from_dict(plot.to_dict(), validate=True)


def test_pictures_name_the_programmes_and_speak_the_reader_s_language(found):
    costs = to_svg(drawn(found)["costs"], label="costs")
    assert "Short" in costs
    assert "Played" in costs
    assert "Начислено" in to_svg(drawn(found, language="ru")["flows"], label="flows")


def test_a_programme_that_is_not_there_is_refused(found):
    with pytest.raises(DefinitionError, match="'Short', 'Played'"):
        charts.loyalty_flows(found.by_month, "Other", currency="RUB")


@pytest.mark.parametrize("looks", [{"size": "small"}, {"language": "de"}])
def test_a_size_or_a_language_that_is_not_there_is_refused(found, looks):
    for draw in (charts.loyalty_costs, charts.loyalty_liability):
        with pytest.raises(DefinitionError, match="'wide'|'en'"):
            draw(found.by_month, currency="RUB", **looks)


def test_the_page_s_pictures_are_there_and_stand_alone():
    page = (PICTURES.parent / "loyalty_simulation.md").read_text(encoding="utf-8")
    kept = sorted(PICTURES.glob("loyalty_*.svg"))
    assert len(kept) == 5
    for picture in kept:
        assert f"(pictures/{picture.name})" in page
        text = picture.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "href" not in text
