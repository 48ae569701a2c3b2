"""Gaps between purchases: what they are, their quantiles, and what is usual for a customer."""

from __future__ import annotations

import datetime as dt
import statistics
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit import Dataset, DefinitionError, MissingColumnError
from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
from retention_kit.metrics.lifecycle.gap_distribution import (
    gap_totals,
    gap_totals_by_order,
    gap_totals_by_order_of,
    gap_totals_of,
)
from retention_kit.metrics.lifecycle.gap_figures import gap_histogram, gap_summary, gaps_by_order
from retention_kit.metrics.lifecycle.gaps import customer_gaps, purchase_gaps
from retention_kit.metrics.lifecycle.rhythm import UsualGap, usual_gap
from retention_kit.testing import arguments_for
from retention_kit.testing import orders as drawn_orders

LONDON = "Europe/London"
DAY = dt.timedelta(days=1)
UNITS = st.sampled_from(["order", "day"])


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


AS_OF = at("2025-12-01")
SHOP = (
    (1, 1, "2025-01-01", "site"),
    (2, 1, "2025-01-03", "site"),
    (3, 1, "2025-01-03", "site"),
    (4, 1, "2025-01-09", "site"),
    (5, 2, "2025-01-01", "shop"),
    (6, 2, "2025-02-10", "site"),
    (7, 3, "2025-01-01", "shop"),
)


def test_each_purchase_after_the_first_has_a_gap():
    gaps = purchase_gaps(orders(*SHOP), as_of=AS_OF).sort("customer_id", "order_number").collect()
    assert gaps.select("customer_id", "order_number", "gap", "gap_days").rows() == [
        (1, 2, 2 * DAY, 2.0),
        (1, 3, 0 * DAY, 0.0),
        (1, 4, 6 * DAY, 6.0),
        (2, 2, 40 * DAY, 40.0),
    ]
    assert gaps["previous_at"].to_list()[2:] == [at("2025-01-03"), at("2025-01-01")]
    assert gaps["purchased_at"].to_list()[2:] == [at("2025-01-09"), at("2025-02-10")]


def test_by_day_the_orders_of_one_day_are_one_purchase():
    gaps = purchase_gaps(orders(*SHOP), as_of=AS_OF, unit="day").sort("customer_id", "order_number")
    assert gaps.select("customer_id", "order_number", "gap").collect().rows() == [
        (1, 2, 2 * DAY),
        (1, 3, 6 * DAY),
        (2, 2, 40 * DAY),
    ]


def test_between_orders_time_passes_and_between_days_the_calendar_turns():
    # On 30 March 2025 the clock went from 01:00 to 02:00, and the day had 23 hours.
    table = orders((1, 1, "2025-03-30 00:00"), (2, 1, "2025-03-31 00:00"))
    assert purchase_gaps(table, as_of=AS_OF).collect()["gap"].item() == dt.timedelta(hours=23)
    assert purchase_gaps(table, as_of=AS_OF, unit="day").collect()["gap"].item() == DAY


def test_a_customers_own_gaps_are_summarised():
    rows = customer_gaps(orders(*SHOP), as_of=AS_OF).sort("customer_id").collect().rows()
    assert rows == [(1, 4, 2.0, 6.0), (2, 2, 40.0, 40.0), (3, 1, None, None)]


def test_one_table_has_both_distributions():
    totals = gap_totals(orders(*SHOP), as_of=AS_OF).sort("gap").collect()
    assert totals.rows() == [(0 * DAY, 1, 0), (2 * DAY, 1, 1), (6 * DAY, 1, 0), (40 * DAY, 1, 1)]


def test_the_summary_says_what_is_usual_for_gaps_and_for_customers():
    summary = gap_summary(gap_totals(orders(*SHOP), as_of=AS_OF)).collect().row(0, named=True)
    assert summary == {
        "gaps": 4,
        "zero_gaps": 1,
        "customers": 2,
        "mean_days": 12.0,
        "median_days": 4.0,
        "lower_quartile_days": 1.5,
        "upper_quartile_days": 14.5,
        "ninetieth_percentile_days": pytest.approx(29.8),
        "median_of_customer_medians_days": 21.0,
    }


def test_the_gaps_of_the_real_shop_are_as_two_engines_find_them():
    """DuckDB finds the same in test_retention_sql.py."""
    shop = online_retail().orders
    row = gap_summary(gap_totals(shop, as_of=ONLINE_RETAIL_AS_OF)).collect().row(0, named=True)
    assert (row["gaps"], row["zero_gaps"], row["customers"]) == (14_194, 122, 2_845)
    assert row["median_days"] == pytest.approx(21.9201, abs=5e-5)
    assert row["lower_quartile_days"] == pytest.approx(6.8460, abs=5e-5)
    assert row["upper_quartile_days"] == pytest.approx(51.0347, abs=5e-5)
    assert row["median_of_customer_medians_days"] == pytest.approx(46.6007, abs=5e-5)


def test_a_histogram_counts_whole_days():
    table = orders((1, 1, "2025-01-01"), (2, 1, "2025-01-02 23:59"), (3, 1, "2025-01-09 23:59"))
    totals = gap_totals(table, as_of=AS_OF)
    assert gap_histogram(totals).collect().rows() == [(1, 1), (7, 1)]
    assert gap_histogram(totals, bin_days=7).collect().rows() == [(0, 1), (7, 1)]
    for bad in (0, 1.5, True):
        with pytest.raises(DefinitionError, match="at least 1"):
            gap_histogram(totals, bin_days=bad)


def test_gaps_are_told_apart_by_the_number_of_the_order():
    totals = gap_totals_by_order(orders(*SHOP), as_of=AS_OF)
    assert gaps_by_order(totals).collect().rows() == [(2, 2, 21.0), (3, 1, 0.0), (4, 1, 6.0)]


def test_groups_are_those_of_the_first_sale():
    totals = gap_totals(orders(*SHOP), as_of=AS_OF, by="channel")
    summary = gap_summary(totals).sort("channel").collect()
    assert summary.select("channel", "gaps", "median_days").rows() == [
        ("shop", 1, 40.0),
        ("site", 3, 2.0),
    ]


def test_counting_on_shared_gaps_is_the_same():
    gaps = purchase_gaps(orders(*SHOP), as_of=AS_OF)
    alone, shared = gap_totals(orders(*SHOP), as_of=AS_OF), gap_totals_of(gaps)
    assert shared.sort("gap").collect().equals(alone.sort("gap").collect())
    keys = ["order_number", "gap"]
    alone = gap_totals_by_order(orders(*SHOP), as_of=AS_OF)
    assert gap_totals_by_order_of(gaps).sort(keys).collect().equals(alone.sort(keys).collect())


def test_the_usual_gap_is_the_median_of_customers_medians():
    assert usual_gap(gap_totals(orders(*SHOP), as_of=AS_OF)) == UsualGap(21.0, 2)
    split = gap_totals(orders(*SHOP), as_of=AS_OF, by="channel")
    assert usual_gap(split.collect()) == UsualGap(21.0, 2)


def test_without_a_second_purchase_there_is_no_usual_gap():
    with pytest.raises(DefinitionError, match="nobody bought twice.*gap_days=") as caught:
        usual_gap(gap_totals(orders(SHOP[0]), as_of=AS_OF))
    assert caught.value.parameter == "gap_days"
    with pytest.raises(DefinitionError, match="is zero"):
        usual_gap(gap_totals(orders(*SHOP[1:3]), as_of=AS_OF))


def test_a_shop_without_repeat_purchases_has_nulls_and_not_zeros():
    summary = gap_summary(gap_totals(orders(SHOP[0]), as_of=AS_OF)).collect().row(0)
    assert summary == (0, 0, 0, None, None, None, None, None, None)
    assert gap_histogram(gap_totals(orders(SHOP[0]), as_of=AS_OF)).collect().height == 0


def test_unknown_units_and_dimensions_are_refused():
    for function in (purchase_gaps, customer_gaps, gap_totals, gap_totals_by_order):
        with pytest.raises(DefinitionError, match="'order' or 'day'"):
            function(orders(*SHOP), as_of=AS_OF, unit="week")
    with pytest.raises(DefinitionError, match="Nearest: channel"):
        gap_totals(orders(*SHOP), as_of=AS_OF, by="chann")


@given(st.data(), UNITS)
def test_gaps_are_what_a_plain_count_says(data, unit):
    table = data.draw(drawn_orders(max_rows=14))
    as_of = data.draw(arguments_for(customer_gaps, time_zone=LONDON))["as_of"]
    wanted = counted(table, as_of, unit)
    own = customer_gaps(table, as_of=as_of, unit=unit)
    got = {row[0]: row[1:] for row in own.rows()}
    assert got == {
        who: (len(gaps) + 1, days(statistics.median(gaps)), days(gaps[-1]))
        if gaps
        else (1, None, None)
        for who, gaps in wanted.items()
    }
    pooled = sorted(gap for gaps in wanted.values() for gap in gaps)
    each = purchase_gaps(table, as_of=as_of, unit=unit)
    assert sorted(each["gap"].dt.total_microseconds()) == pooled
    summary = gap_summary(gap_totals(table, as_of=as_of, unit=unit)).row(0, named=True)
    assert summary["gaps"] == len(pooled)
    if pooled:
        assert summary["mean_days"] == pytest.approx(statistics.fmean(pooled) / 86_400e6)
        for name, place in (
            ("median", 0.5),
            ("lower_quartile", 0.25),
            ("ninetieth_percentile", 0.9),
        ):
            expected = pl.Series(pooled).quantile(place, "linear") / 86_400e6
            assert summary[f"{name}_days"] == pytest.approx(expected)
        medians = [statistics.median(gaps) for gaps in wanted.values() if gaps]
        usual = summary["median_of_customer_medians_days"]
        assert usual == pytest.approx(statistics.median(medians) / 86_400e6, abs=1e-10)


@given(st.data(), UNITS)
def test_groups_add_up_to_the_whole(data, unit):
    table = data.draw(drawn_orders(max_rows=14))
    as_of = data.draw(arguments_for(gap_totals, time_zone=LONDON))["as_of"]
    for function, keys in ((gap_totals, ["gap"]), (gap_totals_by_order, ["order_number", "gap"])):
        whole = function(table, as_of=as_of, unit=unit).sort(keys)
        split = function(table, as_of=as_of, unit=unit, by=["channel", "manager"])
        together = split.group_by(keys).agg(pl.exclude("channel", "manager", *keys).sum())
        assert together.sort(keys).equals(whole)


@pytest.mark.parametrize("unit", ["order", "day"])
@pytest.mark.parametrize(
    ("dtype", "ids"),
    [
        (pl.Int8, [-128, -1, 0, 127]),
        (pl.Int64, [-(2**63), -1, 0, 2**63 - 1]),
        (pl.UInt64, [0, 2**63 - 1, 2**63, 2**64 - 1]),
        (pl.String, ["", "a", "b", "ab"]),
        (pl.Enum(["d", "c", "b", "a"]), ["a", "b", "c", "d"]),
    ],
)
def test_customers_of_any_kind_are_kept_apart(dtype, ids, unit):
    """Each bought four times, some of it before 1970, on days of which the last two are one."""
    moments = [at("1931-05-01T10:00"), at("2025-01-01"), at("2025-01-04"), at("2025-01-04T05:00")]
    rows = [(who, moment) for moment in reversed(moments) for who in ids]
    schema = {"customer_id": dtype, "ordered_at": pl.Datetime("us", LONDON)}
    table = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.int_range(pl.len()).alias("order_id"),
        pl.lit(1).cast(pl.Decimal(18, 4)).alias("amount"),
    )
    each = purchase_gaps(table, as_of=AS_OF, unit=unit)
    assert each.schema["customer_id"] == dtype
    passed = moments[1].astimezone(dt.UTC) - moments[0].astimezone(dt.UTC)
    first = passed if unit == "order" else dt.timedelta(days=34_214)
    gaps = [first, 3 * DAY, *([dt.timedelta(hours=5)] if unit == "order" else [])]
    for who in ids:
        own = each.filter(pl.col("customer_id") == pl.lit(who, dtype=dtype)).sort("order_number")
        assert own["gap"].to_list() == gaps
        assert own["previous_at"].to_list() == moments[: len(gaps)]
        assert own["purchased_at"].to_list() == moments[1 : len(gaps) + 1]
    totals = gap_totals(table, as_of=AS_OF, unit=unit).sort("gap")
    assert dict(totals.select("gap", "gaps").rows())[3 * DAY] == len(ids)
    assert totals["customers"].sum() == len(ids)


def test_a_day_that_the_clock_enters_twice_is_one_day():
    """In Sao Paulo the clock went back from midnight to 23:00 on 17 February 2018."""
    zone = "America/Sao_Paulo"
    instants = [
        dt.datetime(2018, 2, 18, 1, 30, tzinfo=dt.UTC),  # the 17th at 23:30
        dt.datetime(2018, 2, 18, 2, 30, tzinfo=dt.UTC),  # the 17th at 23:30 again
        dt.datetime(2018, 2, 18, 3, 30, tzinfo=dt.UTC),  # the 18th at 00:30
    ]
    table = pl.DataFrame({"order_id": [1, 2, 3], "customer_id": 1, "ordered_at": instants})
    moved = table.with_columns(
        pl.col("ordered_at").dt.convert_time_zone(zone),
        pl.lit(1).cast(pl.Decimal(18, 4)).alias("amount"),
    )
    gaps = purchase_gaps(moved, as_of=AS_OF, unit="day")
    assert gaps.select("gap").rows() == [(DAY,)]
    in_utc = gaps.select(pl.col("previous_at", "purchased_at").dt.convert_time_zone("UTC"))
    assert in_utc.rows() == [(instants[0], instants[2])]


def test_a_shop_of_many_gives_both_engines_the_same_gaps():
    """So many rows that the streaming engine takes them in several parts."""
    n = 150_000
    place = pl.int_range(n, eager=True)
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    table = pl.DataFrame(
        {
            "order_id": place,
            "customer_id": place * 7_919 % 40_009,
            "ordered_at": (place * 104_729 % 50_000_000 * 1_000_000).cast(pl.Duration("us"))
            + start,
            "amount": pl.repeat(1, n, dtype=pl.Decimal(18, 4), eager=True),
        }
    ).with_columns(pl.col("ordered_at").dt.convert_time_zone(LONDON))
    plan = gap_totals(table.lazy(), as_of=AS_OF)
    streamed = plan.collect(engine="streaming")
    assert streamed["gap"].is_sorted()
    gaps = (
        table.sort("customer_id", "ordered_at")
        .select("customer_id", pl.col("ordered_at").diff().over("customer_id").alias("gap"))
        .drop_nulls()
    )
    medians = gaps.group_by("customer_id").agg(
        pl.col("gap").dt.total_microseconds().median().floor().cast(pl.Int64)
    )
    wanted = gaps["gap"].value_counts(name="gaps").sort("gap")
    counted = streamed.filter(pl.col("gaps") > 0).select("gap", pl.col("gaps").cast(pl.UInt32))
    assert counted.equals(wanted)
    of_customers = streamed.filter(pl.col("customers") > 0)
    own = medians["gap"].value_counts(name="customers").sort("gap")
    assert of_customers["gap"].dt.total_microseconds().to_list() == own["gap"].to_list()
    assert of_customers["customers"].to_list() == own["customers"].to_list()
    assert plan.collect().equals(streamed)


def days(microseconds: float) -> float:
    return microseconds / 86_400_000_000


def counted(table: pl.DataFrame, as_of: dt.datetime, unit: str) -> dict[object, list[int]]:
    """Give each customer's gaps in microseconds, in turn."""
    bought: dict[object, list[int]] = {}
    epoch = dt.datetime.fromtimestamp(0, dt.UTC)
    for row in table.to_dicts():
        is_sale = row["kind"] in (None, "sale") and row["status"] in (None, "completed")
        if is_sale and row["ordered_at"].timestamp() < as_of.timestamp():
            at_day = row["ordered_at"].date().toordinal() * 86_400_000_000
            exact = (row["ordered_at"] - epoch) // dt.timedelta(microseconds=1)
            bought.setdefault(row["customer_id"], []).append(exact if unit == "order" else at_day)
    turned = {who: sorted(set(times) if unit == "day" else times) for who, times in bought.items()}
    return {
        who: [later - sooner for sooner, later in pairwise(times)] for who, times in turned.items()
    }


@pytest.mark.parametrize("dtype", [pl.Int32, pl.Int64, pl.UInt64])
@given(st.data(), UNITS)
def test_gaps_counted_by_numbers_are_those_counted_by_text(dtype, data, unit):
    table = data.draw(drawn_orders(max_rows=14))
    as_of = data.draw(arguments_for(gap_totals, time_zone=LONDON))["as_of"]
    number = table["customer_id"].cast(pl.String).rank("dense").cast(dtype)
    numbered, texts = (
        gap_totals(table.with_columns(customer_id=ids), as_of=as_of, unit=unit).sort("gap")
        for ids in (number, number.cast(pl.String))
    )
    assert numbered.equals(texts)
    own = purchase_gaps(table, as_of=as_of, unit=unit)["gap"].sort().to_list()
    assert [gap for gap, times, _ in numbered.rows() for _ in range(times)] == own


@pytest.mark.parametrize("missing", ["order_id", "customer_id", "ordered_at", "amount"])
def test_gaps_of_a_table_without_a_needed_column_say_which(missing):
    table = pl.DataFrame(
        schema={
            "order_id": pl.Int64,
            "customer_id": pl.Int64,
            "ordered_at": pl.Datetime("us", LONDON),
            "amount": pl.Decimal(18, 4),
        }
    )
    assert gap_totals(table, as_of=AS_OF).is_empty()
    with pytest.raises(MissingColumnError, match=missing):
        gap_totals(table.drop(missing), as_of=AS_OF)
