"""What was foretold beside what came: CDNOW's holdout, and the tables behind the plots."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings

from retention_kit.clv import (
    BGNBD,
    MBGNBD,
    ParetoNBD,
    ValueModel,
    clv_patterns,
    clv_summary,
    conditional_expectations,
    cumulative_tracking,
    holdout_summary,
    holdout_totals,
    probability_alive_matrix,
    repeat_frequency,
    tracking_totals,
)
from retention_kit.clv.expectations.of_history import purchases_of_new
from retention_kit.errors import DefinitionError
from retention_kit.metrics import measure
from retention_kit.testing import shops

BG = BGNBD(r=0.2425945, alpha=4.4136019, a=0.7929199, b=2.4258881, time_unit="1w")
MBG = MBGNBD(r=0.5248, alpha=6.1831, a=0.8914, b=1.6140, time_unit="1w")
PARETO = ParetoNBD(r=0.5533, alpha=10.578, s=0.6062, beta=11.668, time_unit="1w")
SINCE = dt.datetime(1997, 10, 1, tzinfo=dt.UTC)
AS_OF = dt.datetime(1998, 7, 1, tzinfo=dt.UTC)
CDNOW = Path(__file__).parents[1] / "data" / "cdnow_sample.csv"


@pytest.fixture(scope="module")
def orders():
    day = pl.col("date").str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC")
    money = pl.col("amount").cast(pl.Decimal(18, 4))
    rows = pl.read_csv(CDNOW).with_row_index("order_id")
    ids = pl.col("order_id").cast(pl.Int64)
    return rows.select(ids, "customer_id", day.alias("ordered_at"), money).lazy()


class TestCDNOW:
    def test_repeat_customer_days_before_and_in_the_holdout(self, orders):
        """Fader, Hardie and Lee 2005: 2,457 in the first 39 weeks, 1,882 in the next."""
        held = holdout_summary(orders, since=SINCE, as_of=AS_OF).collect()
        assert held.height == 2357
        assert held["frequency"].sum() == 2457
        assert held["holdout_purchases"].sum() == 1882
        assert held["holdout_days"].unique().to_list() == [273.0]
        assert (held["frequency"] > 0).sum() == 946

    def test_its_first_half_is_the_summary_as_of_then(self, orders):
        held = holdout_summary(orders, since=SINCE, as_of=AS_OF).collect()
        known = clv_summary(orders, as_of=SINCE).collect()
        assert held.select(known.columns).sort("customer_id").equals(known.sort("customer_id"))

    @pytest.mark.parametrize(("model", "sum_of"), [(BG, 1653.4), (MBG, 1576.7), (PARETO, 1665.6)])
    def test_by_frequency(self, orders, model, sum_of):
        """Those never back bought 0.24 times on the average, those seven times or more back 6.4."""
        table = measure(
            conditional_expectations, {"orders": orders}, model=model, since=SINCE, as_of=AS_OF
        ).collect()
        assert table["frequency"].to_list() == list(range(8))
        assert table["or_more"].to_list() == [False] * 7 + [True]
        assert table["customers"].to_list() == [1411, 439, 214, 100, 62, 38, 29, 64]
        assert table["holdout_purchases"].sum() == 1882
        assert table["expected_holdout_purchases"].sum() == pytest.approx(sum_of, abs=0.1)
        assert table["purchases_per_customer"][0] == pytest.approx(0.24, abs=0.01)
        close = (table["expected_per_customer"] - table["purchases_per_customer"]).abs()
        assert close.max() < 1.0

    def test_customers_by_repeat_purchases(self, orders):
        """Of the same paper: the BG/NBD expects what is seen, to a few customers."""
        table = measure(repeat_frequency, {"orders": orders}, model=BG, as_of=SINCE).collect()
        seen, expected = table["customers"], table["expected_customers"]
        assert seen.to_list() == [1411, 439, 214, 100, 62, 38, 29, 64]
        assert expected.sum() == pytest.approx(2357, abs=1e-6)
        assert ((seen - expected) ** 2 / expected).sum() < 7

    def test_weekly_tracking(self, orders):
        """Of the same paper: after 78 weeks the BG/NBD is some percent below what was bought."""
        for model in (BG, ValueModel(transactions=PARETO, alive=PARETO)):
            table = measure(
                cumulative_tracking, {"orders": orders}, model=model, as_of=AS_OF
            ).collect()
            assert table["new_customers"].sum() == 2357
            last = table.row(-1, named=True)
            assert last["cumulative_repeat_purchases"] == 2457 + 1882
            ratio = last["expected_cumulative"] / last["cumulative_repeat_purchases"]
            assert 0.9 < ratio < 1.0
            assert table["period"].dt.weekday().unique().to_list() == [1]
            assert table["is_complete"].to_list() == [True] * (table.height - 1) + [False]

    def test_what_is_expected_by_the_end_is_the_sum_over_first_days(self, orders):
        totals = tracking_totals(orders, as_of=AS_OF)
        table = cumulative_tracking(totals, model=BG, as_of=AS_OF, time_zone="UTC").collect()
        first = clv_summary(orders, as_of=AS_OF).collect()["T_days"].to_numpy()
        wanted = purchases_of_new(BG, first / 7).sum()
        assert table["expected_cumulative"][-1] == pytest.approx(wanted, rel=1e-9)
        assert table["expected_repeat_purchases"].sum() == pytest.approx(wanted, rel=1e-9)


class TestHoldout:
    def test_a_customer_of_the_holdout_alone_is_left_out(self, orders):
        held = holdout_summary(orders, since=SINCE.replace(month=2), as_of=AS_OF).collect()
        assert held.height < 2357
        assert held["T_days"].min() >= 0

    def test_returns_are_no_purchases(self):
        zone = ZoneInfo("Europe/Moscow")
        at = [dt.datetime(2024, month, 5, 12, tzinfo=zone) for month in (1, 2, 3, 3)]
        table = pl.LazyFrame(
            {
                "order_id": [1, 2, 3, 4],
                "customer_id": [1, 1, 1, 1],
                "ordered_at": at,
                "amount": [10, 20, 40, -40],
                "kind": ["sale", "sale", "sale", "return"],
            },
            schema_overrides={"amount": pl.Decimal(18, 4)},
        ).with_columns(pl.col("ordered_at").dt.convert_time_zone("Europe/Moscow"))
        since, as_of = (dt.datetime(2024, month, 1, tzinfo=zone) for month in (2, 4))
        (row,) = holdout_summary(table, since=since, as_of=as_of).collect().to_dicts()
        assert (row["holdout_purchases"], row["holdout_monetary"]) == (2, 30.0)
        assert row["holdout_days"] == 60

    @pytest.mark.parametrize(("unit", "days", "bought"), [("day", 31.0, 1), ("order", 745 / 24, 2)])
    def test_the_hour_that_comes_twice(self, unit, days, bought):
        """Berlin, October 2024: 31 dates, and an hour more than 31 times 24."""
        zone = ZoneInfo("Europe/Berlin")
        first = dt.datetime(2024, 9, 1, 12, tzinfo=zone)
        twice = [dt.datetime(2024, 10, 27, 2, 30, fold=fold, tzinfo=zone) for fold in (0, 1)]
        table = pl.LazyFrame(
            {
                "order_id": [1, 2, 3],
                "customer_id": ["a", "a", "a"],
                "ordered_at": [at.astimezone(dt.UTC) for at in (first, *twice)],
                "amount": [1, 1, 1],
            },
            schema_overrides={"amount": pl.Decimal(18, 4)},
        ).with_columns(pl.col("ordered_at").dt.convert_time_zone("Europe/Berlin"))
        since, as_of = (dt.datetime(2024, month, 1, tzinfo=zone) for month in (10, 11))
        (row,) = holdout_summary(table, since=since, as_of=as_of, unit=unit).collect().to_dicts()
        assert row["holdout_days"] == pytest.approx(days)
        assert row["holdout_purchases"] == bought

    @settings(max_examples=min(15, settings.default.max_examples))
    @given(shops(("orders",)))
    def test_before_and_after_are_all_that_customers_of_then_bought(self, shop):
        orders = shop.lazy()["orders"]
        as_of = dt.datetime(2400, 1, 1, tzinfo=dt.UTC)
        whole = clv_summary(orders, as_of=as_of, unit="order").collect()
        if whole.is_empty():
            return
        middle = whole["first_order_at"].sort()[whole.height // 2] + dt.timedelta(days=10)
        held = holdout_summary(orders, since=middle, as_of=as_of, unit="order").collect()
        joined = held.join(whole, on="customer_id", suffix="_all")
        assert joined.height == held.height
        together = joined["frequency"] + joined["holdout_purchases"]
        assert together.to_list() == joined["frequency_all"].to_list()

    @pytest.mark.parametrize("function", [holdout_summary, holdout_totals])
    def test_the_holdout_must_come_after(self, orders, function):
        with pytest.raises(DefinitionError, match="'since'.*before as_of"):
            function(orders, since=AS_OF, as_of=AS_OF)


class TestTracking:
    @pytest.mark.parametrize(("unit", "repeats"), [("day", 1), ("order", 3)])
    def test_what_a_purchase_is(self, unit, repeats):
        at = [dt.datetime(2024, 1, day, hour, tzinfo=dt.UTC) for day, hour in [(1, 9), (1, 18)]]
        at += [dt.datetime(2024, 1, 3, hour, tzinfo=dt.UTC) for hour in (9, 10)]
        table = pl.LazyFrame(
            {"order_id": [1, 2, 3, 4], "customer_id": [1] * 4, "ordered_at": at, "amount": [1] * 4},
            schema_overrides={"amount": pl.Decimal(18, 4)},
        )
        totals = tracking_totals(table, as_of=AS_OF.replace(year=2024), unit=unit).collect()
        assert totals["new_customers"].sum() == 1
        assert totals["repeat_purchases"].sum() == repeats
        frequency = clv_summary(table, as_of=AS_OF.replace(year=2024), unit=unit).collect()
        assert frequency["frequency"].to_list() == [repeats]

    def test_a_period_without_purchases_has_a_row(self):
        totals = pl.DataFrame(
            {
                "day": [dt.date(2024, 1, 15), dt.date(2024, 4, 2)],
                "new_customers": [1, 0],
                "repeat_purchases": [0, 1],
            }
        )
        as_of = dt.datetime(2024, 6, 1, tzinfo=dt.UTC)
        table = cumulative_tracking(totals, model=MBG, as_of=as_of, time_zone="UTC", every="1mo")
        assert table["period"].dt.month().to_list() == [1, 2, 3, 4, 5]
        assert table["cumulative_repeat_purchases"].to_list() == [0, 0, 0, 1, 1]
        assert table["is_complete"].all()
        assert (table["expected_repeat_purchases"] > 0).all()

    def test_without_purchases_there_are_no_rows(self):
        empty = tracking_totals(
            pl.LazyFrame(
                schema={
                    "order_id": pl.Int64,
                    "customer_id": pl.Int64,
                    "ordered_at": pl.Datetime("us", "UTC"),
                    "amount": pl.Decimal(18, 4),
                }
            ),
            as_of=AS_OF,
        )
        table = cumulative_tracking(empty, model=MBG, as_of=AS_OF, time_zone="UTC").collect()
        assert table.is_empty()

    def test_a_period_that_is_none(self, orders):
        totals = tracking_totals(orders, as_of=AS_OF)
        with pytest.raises(DefinitionError, match="'every' is '2w'"):
            cumulative_tracking(totals, model=MBG, as_of=AS_OF, time_zone="UTC", every="2w")


class TestMatrix:
    def test_alive_falls_with_silence_and_with_what_was_usual(self):
        matrix = probability_alive_matrix(PARETO, age="39w", step="1w", most=10)
        assert matrix.height == 1 + 10 * 39
        many = matrix.filter(pl.col("frequency") == 10)
        assert many["probability_alive"].is_sorted()
        silent = matrix.filter(pl.col("days_since_last") == 35 * 7)
        assert silent["probability_alive"].is_sorted(descending=True)

    def test_of_a_bundle_the_model_of_leaving_is_taken(self):
        bundle = ValueModel(transactions=BG, alive=MBG)
        assert probability_alive_matrix(bundle).equals(probability_alive_matrix(MBG))
        assert probability_alive_matrix(BG)["probability_alive"][0] == 1

    def test_the_last_purchase_may_be_now(self):
        matrix = probability_alive_matrix(MBG, age="10d", step="3d", most=1)
        assert matrix["t_x_days"].to_list() == [0, 3, 6, 9]

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            ({"age": "old"}, "'age' is 'old'"),
            ({"step": "0d"}, "'step' is '0d'"),
            ({"step": "1h", "age": "20y"}, "'step' is '1h'.*100,000 rows"),
            ({"most": -1}, "'most' is -1"),
            ({"most": True}, "'most' is True"),
        ],
    )
    def test_what_is_not_allowed(self, arguments, says):
        with pytest.raises(DefinitionError, match=says):
            probability_alive_matrix(MBG, **arguments)


def test_a_model_that_is_none_is_refused(orders):
    patterns = clv_patterns(orders, as_of=SINCE)
    with pytest.raises(DefinitionError, match="'model' is 'str'.*ValueModel"):
        repeat_frequency(patterns, model="mbg_nbd")
    with pytest.raises(DefinitionError, match="'most' is 1.5"):
        repeat_frequency(patterns, model=MBG, most=1.5)


def test_a_day_that_is_cut_in_two_is_one_purchase():
    zone = ZoneInfo("Europe/Moscow")
    days = [(1, 10), (2, 9), (2, 15), (5, 9)]
    orders = pl.LazyFrame(
        {
            "order_id": range(4),
            "customer_id": [1] * 4,
            "ordered_at": [dt.datetime(2025, 3, day, hour, tzinfo=zone) for day, hour in days],
            "amount": ["10"] * 4,
        }
    ).with_columns(
        pl.col("ordered_at").cast(pl.Datetime("us", "Europe/Moscow")),
        pl.col("amount").cast(pl.Decimal(18, 4)),
    )
    noon, end = (dt.datetime(2025, 3, day, 12, tzinfo=zone) for day in (2, 9))
    held = holdout_summary(orders, since=noon, as_of=end).collect()
    assert held.select("frequency", "holdout_purchases").rows() == [(1, 1)]
