"""The Kaplan–Meier share of those who buy again, on a published example and by hand."""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit import Dataset, DefinitionError
from retention_kit.metrics.retention.next_purchase import next_purchase_curve, next_purchase_totals
from retention_kit.testing import arguments_for
from retention_kit.testing import orders as drawn_orders

LONDON = "Europe/London"
# Weeks of remission under 6-mercaptopurine: (weeks, relapses, censored).
FREIREICH = [
    (6, 3, 1), (7, 1, 0), (9, 0, 1), (10, 1, 1), (11, 0, 1), (13, 1, 0), (16, 1, 0), (17, 0, 1),
    (19, 0, 1), (20, 0, 1), (22, 1, 0), (23, 1, 0), (25, 0, 1), (32, 0, 2), (34, 0, 1), (35, 0, 1),
]  # fmt: skip


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(LONDON))


def orders(*rows: tuple) -> pl.LazyFrame:
    """Orders of (order_id, customer_id, instant, …channel); a whole pound each."""
    names = ("order_id", "customer_id", "ordered_at", "channel")
    return Dataset.from_frames(
        orders=[dict(zip(names, row, strict=False)) | {"amount": 1} for row in rows],
        date_format="iso8601",
        time_zone=LONDON,
        currency="GBP",
    ).orders


def totals_of(rows: list[tuple]) -> pl.LazyFrame:
    return pl.LazyFrame(rows, schema=["days", "bought_again", "censored"], orient="row")


AS_OF = at("2025-02-01")
SHOP = (
    (1, 1, "2025-01-01", "site"),
    (2, 1, "2025-01-11", "site"),
    (3, 1, "2025-01-12", "site"),
    (4, 2, "2025-01-01", "shop"),
    (5, 3, "2025-01-21 23:00", "shop"),
    (6, 3, "2025-01-22 01:00", "shop"),
)


def test_the_curve_of_freireichs_patients_is_the_published_one():
    """Freireich et al. (1963), Blood 21; estimates as in Kleinbaum and Klein, chapter 2."""
    curve = next_purchase_curve(totals_of(FREIREICH)).collect()
    events = curve.filter(pl.col("bought_again") > 0)
    stayed = (1 - events["share_bought_again"]).round(3).to_list()
    assert events["days"].to_list() == [6, 7, 10, 13, 16, 22, 23]
    assert events["at_risk"].to_list() == [21, 17, 15, 12, 11, 7, 6]
    assert stayed == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]


def test_the_interval_is_greenwoods_on_the_scale_of_the_log_of_the_log():
    curve = next_purchase_curve(totals_of(FREIREICH), confidence=0.95).collect()
    row = curve.filter(pl.col("days") == 10).row(0, named=True)
    variance = 3 / (21 * 18) + 1 / (17 * 16) + 1 / (15 * 14)
    stayed = Fraction(18, 21) * Fraction(16, 17) * Fraction(14, 15)
    spread = 1.959963984540054 * math.sqrt(variance) / math.log(stayed)
    assert row["share_low"] == pytest.approx(1 - float(stayed) ** math.exp(spread))
    assert row["share_high"] == pytest.approx(1 - float(stayed) ** math.exp(-spread))
    # 0.753 with 0.503 to 0.889, as statistics packages with this interval print it.
    assert 1 - row["share_high"] == pytest.approx(0.5032, abs=5e-5)
    assert 1 - row["share_low"] == pytest.approx(0.8894, abs=5e-5)


def test_where_nobody_or_everybody_has_come_there_is_no_interval():
    curve = next_purchase_curve(totals_of([(1, 0, 1), (2, 1, 0), (3, 1, 0)]), confidence=0.9)
    rows = curve.select("share_bought_again", "share_low", "share_high").collect().rows()
    assert rows[0] == (0.0, None, None)
    assert rows[2] == (1.0, None, None)
    assert rows[1][1] < 0.5 < rows[1][2]


def test_days_run_to_the_next_purchase_or_to_the_last_day_of_the_data():
    totals = next_purchase_totals(orders(*SHOP), as_of=AS_OF).sort("days").collect()
    assert totals.rows() == [(1, 1, 0), (10, 1, 0), (30, 0, 1)]


def test_days_may_run_from_a_later_purchase():
    totals = next_purchase_totals(orders(*SHOP), as_of=AS_OF, after=2).sort("days").collect()
    assert totals.rows() == [(1, 1, 0), (9, 0, 1)]
    assert next_purchase_totals(orders(*SHOP), as_of=AS_OF, after=4).collect().height == 0


def test_who_bought_on_the_last_day_has_been_watched_for_none():
    table = orders((1, 1, "2025-01-31 23:00"))
    assert next_purchase_totals(table, as_of=AS_OF).collect().rows() == [(0, 0, 1)]


def test_by_day_the_second_order_of_a_day_is_not_the_next_purchase():
    table = orders((1, 1, "2025-01-01 10:00"), (2, 1, "2025-01-01 11:00"), (3, 1, "2025-01-05"))
    assert next_purchase_totals(table, as_of=AS_OF).collect().rows() == [(0, 1, 0)]
    by_day = next_purchase_totals(table, as_of=AS_OF, unit="day").collect()
    assert by_day.rows() == [(4, 1, 0)]


def test_groups_have_curves_of_their_own():
    totals = next_purchase_totals(orders(*SHOP), as_of=AS_OF, by="channel")
    curve = next_purchase_curve(totals, confidence=0.95).collect()
    assert curve.select("channel", "days", "at_risk", "share_bought_again").rows() == [
        ("shop", 1, 2, 0.5),
        ("shop", 30, 1, 0.5),
        ("site", 10, 1, 1.0),
    ]


@pytest.mark.parametrize("after", [0, -1, 1.5, True])
def test_a_purchase_that_there_cannot_be_is_refused(after):
    with pytest.raises(DefinitionError, match="at least 1"):
        next_purchase_totals(orders(*SHOP), as_of=AS_OF, after=after)


def test_no_orders_give_an_empty_curve():
    none = next_purchase_totals(orders(*SHOP).clear(), as_of=AS_OF)
    assert next_purchase_curve(none, confidence=0.95).collect().height == 0


@given(st.data(), st.sampled_from(["order", "day"]), st.integers(1, 3))
def test_waits_are_what_a_plain_count_says(data, unit, after):
    table = data.draw(drawn_orders(max_rows=14))
    as_of = data.draw(arguments_for(next_purchase_totals, time_zone=LONDON))["as_of"]
    bought: dict[object, list[dt.datetime]] = {}
    for row in table.sort("ordered_at").to_dicts():
        is_sale = row["kind"] in (None, "sale") and row["status"] in (None, "completed")
        if is_sale and row["ordered_at"].timestamp() < as_of.timestamp():
            bought.setdefault(row["customer_id"], []).append(row["ordered_at"].date())
    last = (as_of.astimezone(ZoneInfo(LONDON)) - dt.timedelta(microseconds=1)).date()
    wanted: dict[int, list[int]] = {}
    for dates in bought.values():
        days = sorted(set(dates)) if unit == "day" else dates
        if len(days) >= after:
            again = len(days) > after
            wait = ((days[after] if again else last) - days[after - 1]).days
            wanted.setdefault(wait, [0, 0])[not again] += 1
    totals = next_purchase_totals(table, as_of=as_of, unit=unit, after=after)
    assert {row[0]: list(row[1:]) for row in totals.rows()} == wanted
    stayed = Fraction(1)
    for days, at_risk, again, _, share in next_purchase_curve(totals).rows():
        assert at_risk == sum(sum(both) for wait, both in wanted.items() if wait >= days)
        stayed *= 1 - Fraction(again, at_risk)
        assert share == pytest.approx(float(1 - stayed), abs=1e-12)
