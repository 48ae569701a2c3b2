"""The pictures: valid to Vega-Lite's schema, drawn, small, and standing alone."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import altair as alt
import polars as pl
import pytest

from retention_kit.audit.report.drawing import side_by_side, ticks
from retention_kit.audit.report.gallery import pictures_of
from retention_kit.audit.report.layout import SHOWN
from retention_kit.audit.report.words import Words

WORDS = Words.of("ru", "RUB")
NAMES = [
    "value_trend",
    "acquisition",
    "order_values",
    "retention_rate",
    "retention_flow",
    "cohorts",
    "gaps",
    "next_purchase",
    "order_conversion",
    "lifecycle",
    "lifecycle_flow",
    "rfm_map",
    "rfm_segments",
    "rfm_migration",
    "clusters",
    "purchase_tracking",
    "repeat_frequency",
    "alive_matrix",
    "ready_segments",
    "ready_overlap",
    "seasonality_month",
    "seasonality_weekday",
    "seasonality_hour",
    "concentration",
    "funnel",
    "delivery",
]


@pytest.fixture(scope="module")
def pictures(full_audit):
    made = [one for section in SHOWN for one in pictures_of(section, full_audit.tables, WORDS)]
    return {picture.name: picture for picture in made}


def test_there_is_one_for_every_table_worth_drawing(pictures):
    assert list(pictures) == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", ["wide", "half", "narrow"])
def test_a_picture_keeps_to_the_schema_of_vega_lite(pictures, name, size):
    plot = pictures[name].draw(size)
    alt.Chart.from_dict({**plot.to_dict(), "datasets": {}}, validate=True)
    named = set(re.findall(r'"data": \{"name": "(\w+)"', json.dumps(plot.to_dict())))
    assert named
    assert named <= set(plot.data)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_a_small_svg_that_stands_alone(pictures, name):
    picture = pictures[name]
    svg = picture.svg()
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == f"{picture.title}. {picture.summary}"
    assert "Noto Sans" in root.get("font-family")
    assert {one.tag.partition("}")[2] for one in root.iter()} <= {
        "svg",
        "g",
        "path",
        "line",
        "rect",
        "text",
        "tspan",
    }
    inside = [key for one in list(root.iter())[1:] for key in one.attrib]
    assert not [key for key in inside if key.startswith(("aria", "role"))]
    assert len(svg) < 60_000
    # With the padding, a picture is about as wide as was asked for.
    assert 800 < float(root.get("width")) < 1_060


def test_labels_are_written_in_the_language(pictures):
    texts = [one.text for one in ET.fromstring(pictures["order_values"].svg()).iter() if one.text]
    assert "Первые заказы" in texts
    assert "фев. 2025*" in texts or "февр. 2025*" in texts
    assert "600\N{NO-BREAK SPACE}₽" in texts


def test_what_is_not_whole_is_marked(pictures):
    assert pictures["order_values"].note.startswith("*")
    assert pictures["lifecycle"].note == ""
    assert "stroke-dasharray" in pictures["order_values"].svg()


def test_empty_tables_give_no_picture(full_audit):
    empty = {name: frame.clear() for name, frame in full_audit.tables.items()}
    for section in SHOWN:
        assert pictures_of(section, empty, WORDS) == ()
        assert pictures_of(section, {}, WORDS) == ()


def test_tables_of_nulls_give_no_picture_or_one_without_them(full_audit):
    nulls = {
        name: frame.with_columns(
            pl.lit(None).cast(dtype).alias(column)
            for column, dtype in frame.schema.items()
            if dtype == pl.Float64
        )
        for name, frame in full_audit.tables.items()
    }
    for section in SHOWN:
        for picture in pictures_of(section, nulls, WORDS):
            ET.fromstring(picture.svg("narrow"))


@pytest.mark.parametrize(
    ("low", "high", "count", "expected"),
    [
        (0, 0.37, 4, [0.0, 0.1, 0.2, 0.3, 0.4]),
        (-700, 1_400, 5, [-1000.0, -500.0, 0.0, 500.0, 1000.0, 1500.0]),
        (0, 0, 4, [0.0, 0.25]),
    ],
)
def test_ticks_are_round_and_cover_the_range(low, high, count, expected):
    assert ticks(low, high, count) == expected


def test_of_many_labels_as_many_are_shown_as_fit_and_the_last_always():
    labels = [f"month {n}" for n in range(60)]
    kept = side_by_side(labels, "narrow")
    assert 2 <= len(kept) <= 5
    assert kept[-1] == labels[-1]
