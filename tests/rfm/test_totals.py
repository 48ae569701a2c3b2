"""Customers and money by score and by segment, and the flow between segments."""

from __future__ import annotations

import datetime as dt
import inspect
from collections import defaultdict
from decimal import Decimal
from typing import ClassVar
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit import Dataset, DefinitionError
from retention_kit.metrics import measure
from retention_kit.rfm import (
    RFMRule,
    RFMScorer,
    RFMSegments,
    rfm_scores,
    rfm_segments,
    score_map,
    score_totals,
    segment_migration,
    segment_migration_totals,
    segment_summary,
    segment_totals,
)
from retention_kit.testing import instants
from retention_kit.testing import orders as drawn_orders

LONDON = "Europe/London"
SCORER = RFMScorer.from_thresholds(recency_days=(30, 90), frequency=(2, 4), monetary=(100, 1000))
SEGMENTS = RFMSegments.three_levels()
MODELS = {"scorer": SCORER, "segments": SEGMENTS}
WINDOWS = st.sampled_from([None, "1d", "1mo", "1y"])


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(LONDON))


def orders(*rows: tuple) -> pl.LazyFrame:
    """Orders of (order_id, customer_id, instant, amount, channel)."""
    names = ("order_id", "customer_id", "ordered_at", "amount", "channel")
    return Dataset.from_frames(
        orders=[dict(zip(names, row, strict=True)) for row in rows],
        negative_amounts="return",
        date_format="iso8601",
        time_zone=LONDON,
        currency="GBP",
    ).orders


AS_OF = at("2025-03-01")
SHOP = (
    (1, 1, "2025-02-20", 600, "site"),  # 132 before, in January: then 111
    (2, 1, "2025-01-10", 300, "shop"),
    (3, 1, "2025-02-21", 300, "site"),
    (4, 1, "2025-02-22", 100, "site"),
    (5, 1, "2025-02-23", -50, "site"),
    (6, 2, "2025-02-01", 80, "site"),  # new: 133
    (7, 3, "2024-06-01", 5000, "shop"),  # once and long ago, much: 331
    (8, 4, "2025-01-02", 200, "site"),  # 232 after, 132 before
)
OPTIONS = {"as_of": AS_OF, **MODELS}


def test_each_customer_has_scores_and_a_segment():
    found = rfm_segments(orders(*SHOP), **OPTIONS).sort("customer_id").collect()
    assert found.select("rfm_code", "segment").rows() == [
        ("111", "best"),
        ("133", "new"),
        ("331", "cannot lose"),
        ("232", "about to sleep"),
    ]


def test_who_did_not_buy_in_the_window_has_no_scores():
    found = rfm_segments(orders(*SHOP), **OPTIONS, window="30d").sort("customer_id").collect()
    segments = ["potential loyal", "new", "no purchases", "no purchases"]
    assert found["segment"].to_list() == segments
    assert found["rfm_code"].to_list() == ["122", "133", None, None]


def test_the_summary_has_all_segments_in_their_order_with_shares_and_averages():
    summary = measure(segment_summary, {"orders": orders(*SHOP)}, **OPTIONS).collect()
    assert summary["segment"].to_list() == list(SEGMENTS.names)
    best = summary.row(0, named=True)
    assert best == {
        "segment": "best",
        "customers": 1,
        "repeat_customers": 1,
        "orders": 4,
        "revenue": Decimal(1300),
        "net_revenue": Decimal(1250),
        "share_of_customers": 0.25,
        "share_of_revenue": 1300 / 6580,
        "average_order_value": 325.0,
        "repeat_purchase_rate": 1.0,
        "revenue_per_customer": 1300.0,
        "mean_recency_days": 7.0,
        "mean_frequency": 4.0,
        "play": SEGMENTS.plays["best"],
    }
    nobody = summary.row(1, named=True)
    assert nobody["customers"] == 0
    assert nobody["share_of_revenue"] == 0.0
    assert nobody["average_order_value"] is None


def test_those_without_a_purchase_in_the_window_stand_last_with_all_they_brought():
    shop = {"orders": orders(*SHOP)}
    summary = measure(segment_summary, shop, **OPTIONS, window="30d").collect()
    last = summary.row(-1, named=True)
    assert last["segment"] == "no purchases"
    assert (last["customers"], last["revenue"]) == (2, Decimal(5200))
    assert (last["mean_frequency"], last["play"]) == (0.0, None)


def test_repeat_customers_are_told_by_days_where_days_are_the_unit():
    table = orders((1, 1, "2025-02-01 10:00", 1, "site"), (2, 1, "2025-02-01 20:00", 1, "site"))
    for unit, repeat in (("order", 1), ("day", 0)):
        totals = segment_totals(table, **OPTIONS, unit=unit, window="1mo").collect()
        assert totals["repeat_customers"].item() == repeat


def test_the_map_has_every_cell_once_and_shares_of_the_whole():
    cells = measure(score_map, {"orders": orders(*SHOP)}, as_of=AS_OF, scorer=SCORER).collect()
    places = cells.select("recency_score", "frequency_score").rows()
    assert places == [(r, f) for r in (1, 2, 3) for f in (1, 2, 3)]
    assert cells["customers"].to_list() == [1, 0, 1, 0, 0, 1, 0, 0, 1]
    assert cells["share_of_customers"].sum() == 1.0
    windowed = measure(
        score_map, {"orders": orders(*SHOP)}, as_of=AS_OF, scorer=SCORER, window="30d"
    ).collect()
    assert windowed.row(-1, named=True)["recency_score"] is None
    assert windowed.height == 10


def test_groups_are_those_of_the_first_sale_and_each_has_all_segments():
    summary = measure(segment_summary, {"orders": orders(*SHOP)}, **OPTIONS, by="channel").collect()
    assert summary.height == 2 * len(SEGMENTS.names)
    shop = summary.filter(pl.col("channel") == "shop", pl.col("customers") > 0)
    assert shop.select("segment", "share_of_customers").rows() == [
        ("best", 0.5),
        ("cannot lose", 0.5),
    ]


class TestMigration:
    SINCE = at("2025-01-15")

    def test_customers_go_from_one_segment_to_the_other(self):
        given_ = {"since": self.SINCE, **OPTIONS}
        flow = measure(segment_migration, {"orders": orders(*SHOP)}, **given_).collect()
        found = flow.select("segment_before", "segment", "customers", "share_of_segment_before")
        assert found.rows() == [
            ("new", "best", 1, 0.5),
            ("new", "about to sleep", 1, 0.5),
            ("cannot lose", "cannot lose", 1, 1.0),
            (None, "new", 1, 1.0),
        ]
        to_best = flow.row(0, named=True)
        assert to_best["orders_since"] == 3
        assert to_best["revenue_since"] == Decimal(1000)
        assert to_best["net_revenue_since"] == Decimal(950)
        assert to_best["net_revenue"] == Decimal(1250)
        assert to_best["revenue_since_per_customer"] == 1000.0

    def test_who_had_bought_but_not_in_the_window_differs_from_who_had_not_bought(self):
        given_ = {"since": at("2025-01-08"), **OPTIONS, "window": "30d"}
        flow = measure(segment_migration, {"orders": orders(*SHOP)}, **given_).collect()
        assert flow.select("segment_before", "segment", "customers").rows() == [
            ("new", "no purchases", 1),
            ("no purchases", "no purchases", 1),
            (None, "potential loyal", 1),
            (None, "new", 1),
        ]

    @pytest.mark.parametrize("since", [AS_OF, AS_OF.astimezone(dt.UTC), at("2025-03-02")])
    def test_it_needs_an_earlier_instant(self, since):
        with pytest.raises(DefinitionError, match="before as_of") as caught:
            segment_migration_totals(orders(*SHOP), since=since, **OPTIONS)
        assert caught.value.parameter == "since"

    @given(drawn_orders(max_rows=14), instants(), instants(), WINDOWS, st.booleans())
    def test_it_is_what_two_tables_side_by_side_say(self, table, one, other, window, by_day):
        since, as_of = sorted((one.astimezone(dt.UTC), other.astimezone(dt.UTC)))
        if since == as_of:
            since -= dt.timedelta(days=1)
        options = {**MODELS, "window": window, "unit": "day" if by_day else "order"}
        before, now = (
            dict(
                rfm_segments(table, as_of=when, **options)
                .select("customer_id", "segment")
                .iter_rows()
            )
            for when in (since, as_of)
        )
        flow = segment_migration_totals(table, since=since, as_of=as_of, **options)
        wanted = defaultdict(int)
        for who, segment in now.items():
            wanted[before.get(who), segment] += 1
        pairs = flow.select("segment_before", "segment", "customers").rows()
        assert {pair[:2]: pair[2] for pair in pairs} == wanted
        later = [
            (row["amount"], row["kind"])
            for row in table.to_dicts()
            if row["status"] in (None, "completed") and row["customer_id"] in now
            if since <= row["ordered_at"].astimezone(dt.UTC) < as_of
        ]
        sold = [amount for amount, kind in later if kind in (None, "sale")]
        assert flow["orders_since"].sum() == len(sold)
        assert flow["revenue_since"].sum() == sum(sold)
        assert flow["net_revenue_since"].sum() == sum(amount for amount, _ in later)


def test_another_scorer_is_refused():
    high = RFMScorer.from_thresholds(
        recency_days=(1, 2), frequency=(1, 2), monetary=(1, 2), best="high"
    )
    wrong = {"as_of": AS_OF, "scorer": high, "segments": SEGMENTS}
    for call, more in (
        (rfm_segments, {}),
        (segment_totals, {}),
        (segment_migration_totals, {"since": at("2025-01-01")}),
    ):
        with pytest.raises(DefinitionError, match="best='high'"):
            call(orders(*SHOP), **wrong, **more)


def test_totals_of_other_segments_are_refused():
    other = RFMSegments(
        best="low", levels=(3, None, None), rules=[RFMRule(segment="all", recency=(1, 3))]
    )
    totals = segment_totals(orders(*SHOP), **OPTIONS)
    with pytest.raises(DefinitionError, match="the same in both"):
        segment_summary(totals, segments=other)


class TestTotalsOfOthers:
    """Once they are read from a file, nothing tells what they were made with."""

    FIVE = RFMSegments.five_levels()
    HIGH = RFMScorer.from_thresholds(
        recency_days=(9, 30, 60, 90), frequency=(2, 3, 4, 5), monetary=(100,), best="high"
    )
    MADE: ClassVar = {"scorer": HIGH, "as_of": AS_OF, "by": "channel"}

    @staticmethod
    def read(totals: pl.LazyFrame) -> pl.LazyFrame:
        return pl.DataFrame(totals.collect().to_dict()).lazy()

    @pytest.mark.parametrize("engine", ["in-memory", "streaming"])
    @pytest.mark.parametrize("window", [None, "30d"])
    def test_a_segment_that_is_none_of_these_keeps_its_row_at_the_end(self, window, engine):
        made = segment_totals(orders(*SHOP), segments=self.FIVE, window=window, **self.MADE)
        totals = self.read(made)
        summary = segment_summary(totals, segments=SEGMENTS).collect(engine=engine)
        sums = ["customers", "orders", "revenue", "net_revenue"]
        assert summary.select(sums).sum().equals(totals.select(sums).sum().collect())
        shares = summary.group_by("channel").agg(pl.col("share_of_customers").sum())
        assert shares["share_of_customers"].to_list() == [1.0, 1.0]
        for names in summary.group_by("channel").agg("segment")["segment"].to_list():
            known = len(SEGMENTS.names) + ("no purchases" in names)
            assert names[:known] == [*SEGMENTS.names, "no purchases"][:known]
            assert not set(names[known:]) & {*SEGMENTS.names, "no purchases"}
        assert set(summary["segment"]) >= set(totals.collect()["segment"])

    @pytest.mark.parametrize("engine", ["in-memory", "streaming"])
    @pytest.mark.parametrize("window", [None, "30d"])
    def test_scores_beyond_the_levels_keep_their_cells(self, window, engine):
        totals = self.read(score_totals(orders(*SHOP), window=window, **self.MADE))
        cells = score_map(totals, scorer=SCORER).collect(engine=engine)
        sums = ["customers", "orders", "revenue", "net_revenue"]
        assert cells.select(sums).sum().equals(totals.select(sums).sum().collect())
        keys = ["channel", "recency_score", "frequency_score"]
        assert not cells.select(keys).is_duplicated().any()
        assert cells.sort(keys, nulls_last=[False, True, True]).equals(cells)

    @pytest.mark.parametrize("engine", ["in-memory", "streaming"])
    def test_the_flow_of_others_stands_after_that_of_these(self, engine):
        more = {"since": at("2025-01-15")}
        made = segment_migration_totals(orders(*SHOP), segments=self.FIVE, **self.MADE, **more)
        totals = self.read(made.drop("channel"))
        flow = segment_migration(totals, segments=SEGMENTS).collect(engine=engine)
        before = flow["segment_before"].to_list()
        known = [*SEGMENTS.names, "no purchases"]
        places = [known.index(one) if one in known else 98 + (one is None) for one in before]
        assert places == sorted(places)
        assert {one in known for one in before if one is not None} == {True, False}
        assert flow["customers"].sum() == totals.select("customers").sum().collect().item()


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (segment_totals, ["play", "share_of_customers", "share_of_revenue", "mean_frequency"]),
        (segment_totals, ["average_order_value", "repeat_purchase_rate", "revenue_per_customer"]),
        (score_totals, ["share_of_customers", "share_of_revenue", "mean_recency_days"]),
        (segment_migration_totals, ["share_of_segment_before", "revenue_since_per_customer"]),
    ],
)
def test_a_column_of_the_finished_table_is_nothing_to_split_by(call, names):
    given_ = {**OPTIONS, "since": at("2025-01-01")}
    wanted = {name: given_[name] for name in given_ if name in inspect.signature(call).parameters}
    for name in names:
        table = orders(*SHOP).with_columns(pl.col("channel").alias(name))
        with pytest.raises(DefinitionError, match=f"'by' is '{name}'.*none of the result's"):
            call(table, by=name, **wanted)


FUNCTIONS = (
    rfm_scores,
    rfm_segments,
    score_totals,
    score_map,
    segment_totals,
    segment_summary,
    segment_migration_totals,
    segment_migration,
)


@pytest.mark.parametrize("name", ["scorer", "segments"])
@pytest.mark.parametrize("wrong", [None, "three_levels", {}])
def test_what_is_no_scorer_and_no_segments_is_refused(name, wrong):
    given_ = {**OPTIONS, "since": at("2025-01-01"), name: wrong}
    for function in FUNCTIONS:
        parameters = inspect.signature(function).parameters
        if name not in parameters:
            continue
        options = {one: value for one, value in given_.items() if one in parameters}
        table = orders(*SHOP) if "orders" in parameters else pl.LazyFrame()
        says = f"'{name}' is of type {type(wrong).__name__}. Allowed: .*RFM"
        with pytest.raises(DefinitionError, match=says):
            function(table, **options)


@pytest.mark.parametrize("since", [None, "2025-01-01", dt.datetime(2025, 1, 1)])
def test_an_earlier_instant_without_a_zone_is_named_by_its_own_parameter(since):
    with pytest.raises(DefinitionError, match="'since' .*a datetime with a time zone") as caught:
        segment_migration_totals(orders(*SHOP), since=since, **OPTIONS)
    assert caught.value.parameter == "since"


def test_no_customers_give_segments_of_zeros():
    summary = measure(segment_summary, {"orders": orders(*SHOP).clear()}, **OPTIONS).collect()
    assert summary["customers"].to_list() == [0] * len(SEGMENTS.names)
    assert summary["share_of_customers"].null_count() == summary.height


@given(drawn_orders(max_rows=14), instants(), WINDOWS)
def test_segments_add_up_to_what_the_customers_have(table, as_of, window):
    options = {**MODELS, "as_of": as_of, "window": window}
    each = rfm_segments(table, **options)
    totals = segment_totals(table, **options)
    wanted = each.group_by("segment").agg(
        pl.len().cast(pl.Int64).alias("customers"), pl.col("recency_days", "frequency").sum()
    )
    keys = ["segment", "customers", "recency_days", "frequency"]
    assert totals.select(keys).sort("segment").equals(wanted.select(keys).sort("segment"))


@given(drawn_orders(max_rows=14), instants(), WINDOWS)
def test_groups_add_up_to_the_whole(table, as_of, window):
    since = as_of - dt.timedelta(days=40)
    for call, keys, more in (
        (score_totals, ["recency_score", "frequency_score", "monetary_score"], {}),
        (segment_totals, ["segment"], {"segments": SEGMENTS}),
        (
            segment_migration_totals,
            ["segment_before", "segment"],
            {"segments": SEGMENTS, "since": since},
        ),
    ):
        given_ = {"as_of": as_of, "window": window, "scorer": SCORER, **more}
        whole = call(table, **given_)
        split = call(table, **given_, by=["channel", "manager"])
        sums = [name for name in whole.columns if name not in keys]
        together = split.group_by(keys).agg(pl.col(sums).sum())
        assert together.sort(keys).equals(whole.sort(keys))
