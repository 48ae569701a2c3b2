"""Predictions as columns: published sums over CDNOW, whole tables, and what cannot be."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.clv import (
    BGNBD,
    MBGNBD,
    GammaGamma,
    ParetoNBD,
    ValueModel,
    clv_summary,
    days_to_next_purchase,
    expected_average_spend,
    expected_purchases,
    fit_value_model,
    lifetime_value,
    predicted_values,
    probability_alive,
    probability_of_purchases,
)
from retention_kit.clv.lengths import days_of, discount_per_day
from retention_kit.errors import DataError, DefinitionError

BG = BGNBD(r=0.2425945, alpha=4.4136019, a=0.7929199, b=2.4258881, time_unit="1w")
MBG = MBGNBD(r=0.5248, alpha=6.1831, a=0.8914, b=1.6140, time_unit="1w")
PARETO = ParetoNBD(r=0.5533, alpha=10.578, s=0.6062, beta=11.668, time_unit="1w")
SPEND = GammaGamma(p=6.25, q=3.74, gamma=15.44)
MODEL = ValueModel(transactions=MBG, alive=MBG, spend=SPEND)
AS_OF = dt.datetime(1997, 10, 1, tzinfo=dt.UTC)
CDNOW = Path(__file__).parents[1] / "data" / "cdnow_sample.csv"
ONE = {"frequency": [2], "t_x_days": [213.0], "T_days": [272.0], "monetary": [50.0]}


@pytest.fixture(scope="module")
def orders():
    day = pl.col("date").str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC")
    money = pl.col("amount").cast(pl.Decimal(18, 4))
    rows = pl.read_csv(CDNOW).with_row_index("order_id")
    ids = pl.col("order_id").cast(pl.Int64)
    return rows.select(ids, "customer_id", day.alias("ordered_at"), money).lazy()


@pytest.fixture(scope="module")
def summary(orders):
    return clv_summary(orders, as_of=AS_OF).collect()


def one(expression, **columns):
    return pl.DataFrame({**ONE, **columns}).select(expression).to_series()[0]


class TestPublished:
    @pytest.mark.parametrize(("model", "printed"), [(BG, 1653.4), (MBG, 1576.7), (PARETO, 1665.6)])
    def test_the_sum_of_conditional_expectations_over_cdnow(self, summary, model, printed):
        total = summary.select(expected_purchases(model, horizon="39w").sum()).item()
        assert total == pytest.approx(printed, abs=0.1)

    def test_one_customer_by_each_column(self):
        """The customer 2, 30.43, 38.86 of Hardie's note; in days 213 and 272."""
        assert round(one(expected_purchases(BG, horizon="39w")), 3) == 1.226
        assert round(one(expected_purchases(BG, horizon="273d")), 3) == 1.226

    def test_a_model_in_days_predicts_what_one_in_weeks_does(self, summary):
        in_days = BGNBD(r=BG.r, alpha=7 * BG.alpha, a=BG.a, b=BG.b)
        of_both = [
            summary.select(
                expected_purchases(model, horizon="39w").alias("expected"),
                probability_alive(model).alias("alive"),
                days_to_next_purchase(model).alias("days"),
                lifetime_value(model, SPEND, horizon="39w").alias("value"),
            )
            for model in (BG, in_days)
        ]
        for column in of_both[0].columns:
            assert of_both[0][column].to_list() == pytest.approx(of_both[1][column].to_list(), 1e-9)


class TestColumns:
    def test_bg_nbd_calls_every_one_time_buyer_alive_and_the_others_do_not(self):
        never = {"frequency": [0], "t_x_days": [0.0], "T_days": [1000.0]}
        alive = [one(probability_alive(model), **never) for model in (BG, MBG, PARETO)]
        assert alive[0] == 1
        assert max(alive[1:]) < 0.45

    def test_the_probability_of_coming_back_is_that_of_one_purchase_or_more(self):
        for model in (BG, MBG, PARETO):
            none = one(probability_of_purchases(model, purchases=0, horizon="39w"))
            some = probability_of_purchases(model, purchases=1, horizon="39w", or_more=True)
            assert one(some) == pytest.approx(1 - none, abs=1e-12)
            whatever = probability_of_purchases(model, purchases=0, horizon="1d", or_more=True)
            assert one(whatever) == 1

    def test_without_discount_a_value_is_purchases_times_spend_times_margin(self):
        for model in (BG, MBG, PARETO):
            value = lifetime_value(model, SPEND, horizon="1y", discount_rate=0.0, margin=0.3)
            product = expected_purchases(model, horizon="1y") * expected_average_spend(SPEND) * 0.3
            assert one(value) == pytest.approx(one(product), rel=1e-12)

    def test_a_value_is_the_sum_over_short_steps(self):
        """margin × spend × Σ (E(k) − E(k − 1)) / (1 + rate)^(middle of the step), by day."""
        edges = np.arange(0, 365)
        bought = [0.0] + [one(expected_purchases(MBG, horizon=f"{day}d")) for day in edges[1:]]
        steps = np.diff(bought) / 1.15 ** ((edges[1:] - 0.5) / 365.25)
        value = lifetime_value(MBG, SPEND, horizon="364d", discount_rate=0.15)
        assert one(value) == pytest.approx(steps.sum() * one(expected_average_spend(SPEND)), 1e-6)

    def test_a_rate_per_month_and_the_same_per_year_give_one_value(self):
        yearly = lifetime_value(MBG, SPEND, horizon="2y", discount_rate=1.01**12 - 1)
        monthly = lifetime_value(MBG, SPEND, horizon="2y", discount_rate=0.01, rate_period="1mo")
        assert one(yearly) == pytest.approx(one(monthly), rel=1e-12)

    def test_a_purchase_beyond_a_hundred_years_is_none(self):
        never = {"frequency": [0], "t_x_days": [0.0], "T_days": [300.0]}
        rare = MBGNBD(r=0.001, alpha=6.0, a=1.0, b=2.0)
        assert one(days_to_next_purchase(rare), **never) is None
        assert one(days_to_next_purchase(rare, share=1e-6), **never) > 0

    def test_where_a_row_is_null_so_is_the_prediction(self):
        rows = pl.DataFrame(
            {
                "frequency": [None, 2, 2, 0],
                "t_x_days": [1.0, None, 20.0, 0.0],
                "T_days": [30.0, 30.0, 30.0, 30.0],
                "monetary": [5.0, 5.0, None, None],
            }
        )
        found = rows.select(
            probability_alive(MBG).is_null(), expected_average_spend(SPEND).is_null()
        )
        assert found.rows() == [(True, True), (True, False), (False, True), (False, False)]

    def test_what_is_not_above_zero_was_never_spent(self):
        assert one(expected_average_spend(SPEND), monetary=[0.0]) is None
        assert one(lifetime_value(MBG, SPEND, horizon="1y"), monetary=[-3.0]) is None

    @given(
        st.lists(st.tuples(st.integers(0, 300), st.floats(0, 1), st.floats(0, 3000)), max_size=30),
        st.sampled_from((BG, MBG, PARETO)),
        st.integers(0, 30),
    )
    def test_a_row_is_predicted_the_same_in_any_block(self, drawn, model, cut):
        table = {"frequency": [x for x, _, _ in drawn]}
        table["t_x_days"] = [part * age if x else 0.0 for x, part, age in drawn]
        table["T_days"] = [age for _, _, age in drawn]
        summary = pl.DataFrame(table, schema_overrides={"frequency": pl.Int64})
        expressions = [
            expected_purchases(model, horizon="52w"),
            probability_alive(model),
            probability_of_purchases(model, purchases=2, horizon="52w"),
            days_to_next_purchase(model),
        ]
        whole = summary.select(expressions)
        parts = [part.select(expressions) for part in (summary[:cut], summary[cut:])]
        assert pl.concat(parts).equals(whole)
        assert whole["expected_purchases"].is_finite().all()
        assert whole["probability_alive"].is_between(0, 1).all()

    def test_whole_and_broken_days_are_on_one_curve(self):
        ages = [100.0, 100.0 + 1e-9]
        rows = pl.DataFrame({"frequency": [3, 3], "t_x_days": [70.0, 70.0], "T_days": ages})
        for model in (BG, MBG, PARETO):
            for column in (
                expected_purchases(model, horizon="52w"),
                probability_of_purchases(model, purchases=1, horizon="52w"),
            ):
                first, second = rows.select(column).to_series()
                assert first == pytest.approx(second, rel=1e-9)


class TestPredictedValues:
    def test_the_table_has_what_it_says(self, orders):
        table = predicted_values(orders, as_of=AS_OF, model=MODEL, horizon="39w").collect()
        assert table.height == 2357
        assert dict(table.schema) == {
            "customer_id": pl.Int64,
            "frequency": pl.Int64,
            **dict.fromkeys(("t_x_days", "T_days", "monetary"), pl.Float64),
            "probability_alive": pl.Float64,
            **dict.fromkeys(("expected_purchases", "expected_average_spend"), pl.Float64),
            "lifetime_value": pl.Float64,
            **dict.fromkeys(
                ("next_purchase_at", "next_purchase_from", "next_purchase_to"), pl.Date
            ),
        }
        assert table["expected_purchases"].sum() == pytest.approx(1576.7, abs=0.1)

    def test_its_columns_are_those_of_the_expressions(self, summary):
        table = MODEL.predict(summary, horizon="39w", discount_rate=0.12, margin=0.4)
        wanted = summary.select(
            probability_alive(MBG),
            expected_purchases(MBG, horizon="39w"),
            expected_average_spend(SPEND),
            lifetime_value(MBG, SPEND, horizon="39w", discount_rate=0.12, margin=0.4),
            days_to_next_purchase(MBG),
        )
        for name in wanted.columns:
            assert table[name].to_list() == pytest.approx(wanted[name].to_list(), rel=1e-12)

    def test_one_time_buyers_are_expected_to_spend_what_all_do(self, orders):
        table = predicted_values(orders, as_of=AS_OF, model=MODEL).collect()
        spent = table.filter(pl.col("frequency") == 0)["expected_average_spend"]
        assert spent.n_unique() == 1
        assert spent[0] == pytest.approx(6.25 * 15.44 / 2.74)

    def test_alive_is_told_by_its_own_model(self, orders):
        both = ValueModel(transactions=BG, alive=MBG)
        table = predicted_values(orders, as_of=AS_OF, model=both).collect()
        assert table["probability_alive"].max() < 1
        assert table["expected_average_spend"].null_count() == table.height
        assert table["lifetime_value"].null_count() == table.height

    def test_dates_stand_in_order_and_after_what_was_observed(self, orders):
        table = predicted_values(orders, as_of=AS_OF, model=MODEL, confidence=0.5).collect()
        dates = table.select("next_purchase_from", "next_purchase_at", "next_purchase_to")
        ordered = (pl.col(dates.columns[i]) <= pl.col(dates.columns[i + 1]) for i in (0, 1))
        assert dates.drop_nulls().select(pl.all_horizontal(*ordered).all()).item()
        assert dates["next_purchase_from"].min() >= AS_OF.date()
        wider = predicted_values(orders, as_of=AS_OF, model=MODEL, confidence=0.9).collect()
        joined = table.join(wider, on="customer_id")
        assert (joined["next_purchase_from_right"] <= joined["next_purchase_from"]).all()

    def test_the_first_day_of_the_future_is_that_of_as_of(self):
        fast = MBGNBD(r=500.0, alpha=50.0, a=1e-3, b=2.0)
        model = ValueModel(transactions=fast, alive=fast)
        rows = pl.DataFrame({"frequency": [9], "t_x_days": [9.0], "T_days": [9.0]})
        table = model.predict(rows, last_day=dt.date(2024, 2, 28))
        assert table["next_purchase_at"].to_list() == [dt.date(2024, 2, 29)]

    def test_the_hour_that_comes_twice_is_not_counted_twice(self, orders):
        """Havana has midnight twice on 3 November 2024: the day before is the 2nd, then the 3rd."""
        zone = ZoneInfo("America/Havana")
        moved = orders.with_columns(
            pl.lit(dt.datetime(2024, 10, 1, tzinfo=zone)).alias("ordered_at")
        ).head(1)
        midnights = [dt.datetime(2024, 11, 3, 0, 0, fold=fold, tzinfo=zone) for fold in (0, 1)]
        ages = [
            predicted_values(moved, as_of=at, model=MODEL).collect()["T_days"][0]
            for at in midnights
        ]
        assert ages == [32.0, 33.0]

    def test_columns_of_ones_own_stay_and_a_prediction_replaces_an_older_one(self, summary):
        named = summary.with_columns(pl.lit("a").alias("city"))
        once = MODEL.predict(named)
        twice = MODEL.predict(once)
        assert once["city"].to_list() == ["a"] * once.height
        assert twice.equals(once)

    def test_lazy_in_lazy_out(self, summary):
        assert isinstance(MODEL.predict(summary.lazy()), pl.LazyFrame)
        assert isinstance(MODEL.predict(summary), pl.DataFrame)
        empty = MODEL.predict(summary.clear())
        assert empty.height == 0
        assert empty.schema == MODEL.predict(summary).schema

    @pytest.mark.parametrize("engine", ["in-memory", "streaming"])
    def test_fitted_and_applied(self, orders, engine):
        model = fit_value_model(clv_summary(orders, as_of=AS_OF), transactions="pareto_nbd")
        assert model.status == "converged"
        table = predicted_values(orders, as_of=AS_OF, model=model, horizon="39w")
        total = table.select(pl.col("expected_purchases").sum()).collect(engine=engine).item()
        assert total == pytest.approx(1665.6, abs=0.2)


class TestBadInput:
    @pytest.mark.parametrize(
        "length", ["", "39", "w", "0d", "-3w", "3 w", "1.5w", "3w ", "3f", 39, None, "1w;2d"]
    )
    def test_a_horizon_that_is_no_length(self, length):
        with pytest.raises(DefinitionError, match="'horizon'.*length of time.*Next step"):
            expected_purchases(MBG, horizon=length)

    def test_lengths_in_days(self):
        assert days_of("horizon", "39w") == 273
        assert days_of("horizon", "1y") == 365.25
        assert days_of("horizon", "12mo") == days_of("horizon", "4q") == 365.25
        assert days_of("horizon", "1w2d12h") == 9.5
        assert discount_per_day(0.15, "1y") * 7 == pytest.approx(0.0027, abs=5e-5)

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            ({"discount_rate": -0.1}, "'discount_rate' is -0.1.*from 0 on"),
            ({"discount_rate": float("nan")}, "'discount_rate'"),
            ({"discount_rate": "10%"}, "'discount_rate' is '10%'"),
            ({"rate_period": "year"}, "'rate_period' is 'year'"),
            ({"margin": -1}, "'margin' is -1"),
            ({"confidence": 1.0}, "'confidence' is 1.0.*below 1"),
            ({"confidence": 95}, "'confidence' is 95"),
            ({"horizon": "soon"}, "'horizon' is 'soon'"),
        ],
    )
    def test_terms_that_are_not_allowed(self, orders, arguments, says):
        with pytest.raises(DefinitionError, match=says):
            predicted_values(orders, as_of=AS_OF, model=MODEL, **arguments)

    def test_parameters_of_columns_that_are_not_allowed(self):
        with pytest.raises(DefinitionError, match="'purchases' is -1"):
            probability_of_purchases(MBG, purchases=-1, horizon="1w")
        with pytest.raises(DefinitionError, match="'purchases' is 1.5"):
            probability_of_purchases(MBG, purchases=1.5, horizon="1w")
        with pytest.raises(DefinitionError, match="'share' is 0"):
            days_to_next_purchase(MBG, share=0)
        with pytest.raises(DefinitionError, match="'model' is 'GammaGamma'"):
            probability_alive(SPEND)
        with pytest.raises(DefinitionError, match="'model' is 'MBGNBD'.*GammaGamma"):
            expected_average_spend(MBG)
        with pytest.raises(DefinitionError, match="'model' is 'MBGNBD'.*ValueModel.*Next step"):
            predicted_values(pl.LazyFrame(), as_of=AS_OF, model=MBG)

    def test_a_summary_that_lacks_a_column(self):
        rows = pl.LazyFrame({"frequency": [1], "recency": [3.0], "T_days": [5.0]})
        with pytest.raises(DefinitionError, match="'t_x_days'.*clv_summary"):
            MODEL.predict(rows)
        with pytest.raises(DefinitionError, match="'monetary'"):
            MODEL.predict(rows.rename({"recency": "t_x_days"}))

    @pytest.mark.parametrize("engine", ["in-memory", "streaming"])
    @pytest.mark.parametrize(
        ("columns", "says"),
        [
            ({"t_x_days": [300.0]}, "t_x_days above T_days in 1 row"),
            ({"frequency": [-1]}, "a frequency below 0 or not whole"),
            ({"frequency": [1.5]}, "a frequency below 0 or not whole"),
            ({"frequency": [0]}, "t_x_days above 0 with frequency 0"),
            ({"t_x_days": [-1.0]}, "t_x_days below 0"),
            ({"T_days": [float("nan")]}, "T_days"),
            ({"T_days": [float("inf")]}, "T_days not finite"),
        ],
    )
    def test_a_row_that_cannot_be(self, columns, says, engine):
        rows = pl.LazyFrame({**ONE, **columns})
        with pytest.raises(DataError, match=f"{says}.*Next step"):
            rows.select(probability_alive(MBG)).collect(engine=engine)
        with pytest.raises(DataError, match=says):
            MODEL.predict(rows).collect(engine=engine)
