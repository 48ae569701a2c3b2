"""Scores, clusters and predicted value in an audit: what was read wrongly once."""

from __future__ import annotations

import datetime as dt
import random
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from retention_kit import Dataset, RFMScorer, RFMSegments, make_dataset
from retention_kit.audit import audit
from retention_kit.audit.report import report_sections
from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail

ZONE = ZoneInfo("Europe/Moscow")
END = dt.datetime(2026, 1, 1, tzinfo=ZONE)


def shop_of(rows: list[tuple]) -> Dataset:
    return Dataset.from_frames(
        orders=pl.DataFrame(
            rows, schema=["order_id", "customer_id", "ordered_at", "amount"], orient="row"
        ),
        negative_amounts="return",
        time_zone="Europe/Moscow",
        currency="RUB",
    )


def at(day: int) -> dt.datetime:
    return dt.datetime(2025, 1, 1, 12, tzinfo=ZONE) + dt.timedelta(days=day)


@pytest.mark.parametrize("segments", [RFMSegments.three_levels(), RFMSegments.five_levels()])
def test_the_best_are_called_recent_and_frequent_whichever_score_is_best(segments):
    made = make_dataset(customers=300, seed=4, tables=("orders",))
    result = audit(made, as_of=END, segments=segments)
    section = report_sections(result, language="en")["rfm"]
    best = "1" if segments.best == "low" else "5"
    assert f"{best} is the best" in section.intro
    summary = section.pictures[0].summary
    assert f"recency {best} (bought recently), frequency {best} (bought often)" in summary


def test_a_level_is_told_by_the_least_and_the_most_that_its_customers_have():
    rows = [(n, n % 79, at(n % 200), 10 + n % 7) for n in range(150)]
    result = audit(shop_of(rows), as_of=END)
    levels = result.tables["rfm_levels"].filter(pl.col("dimension") == "frequency")
    known = levels.filter(pl.col("customers") > 0)
    assert known.select("from_value", "to_value", "customers").rows() == [
        (2.0, 2.0, 71),
        (1.0, 1.0, 8),
    ]
    assert levels.filter(pl.col("customers") == 0)["from_value"].to_list() == [None]


def test_of_thresholds_the_table_of_levels_shows_who_is_in_each():
    made = make_dataset(customers=300, seed=4, tables=("orders",))
    result = audit(made, as_of=END, scorer=RFMScorer.furniture())
    levels = result.tables["rfm_levels"].filter(pl.col("dimension") == "frequency")
    best = levels.row(0, named=True)
    assert best["from_value"] == 4.0


def test_without_a_model_of_spend_nothing_is_predicted_and_the_drifting_are_called():
    # Money came back on one day alone, so that there is no spend to fit.
    rows = [(n, n, at(n), 50 + n) for n in range(80)]
    rows += [(1_000 + n, n, at(n + 40), 0) for n in range(0, 80, 2)]
    result = audit(shop_of(rows), as_of=END)
    models = {row["part"]: row for row in result.tables["value_models"].to_dicts()}
    assert models["spend"]["verdict_of_fit"] == "no_spend"
    assert "predicted_segments" not in result.tables
    assert result.tables["worth_a_call"].height > 0


def test_a_model_of_few_who_came_back_is_not_believed():
    made = make_dataset(customers=25, seed=4, tables=("orders",))
    result = audit(made, as_of=END)
    assert set(result.tables["value_models"]["status"]) & {"converged", "boundary"} == set()
    assert "predicted_segments" not in result.tables


def test_segments_of_ones_own_names_have_customers_to_call_too():
    preset = RFMSegments.three_levels()
    rules = [rule.model_copy(update={"segment": f"my {rule.segment}"}) for rule in preset.rules]
    mine = RFMSegments(best="low", levels=(3, 3, 3), rules=rules)
    result = audit(online_retail(), as_of=ONLINE_RETAIL_AS_OF, segments=mine)
    called = result.tables["worth_a_call"]
    assert called.height == 100
    assert called["days_since_last_order"].min() > 26


def test_nobody_is_called_who_brought_nothing_or_is_surely_a_customer():
    made = make_dataset(customers=1_500, seed=3, tables=("orders",))
    called = audit(made, as_of=END).tables["worth_a_call"]
    assert called["probability_alive"].max() < 0.8
    assert called["net_revenue"].min() > 0


@pytest.mark.filterwarnings("ignore::retention_kit.DataWarning")
def test_a_correlation_of_number_and_size_is_told():
    rows = []
    chance = random.Random(1)
    for customer in range(150):
        often = 2 + customer % 10
        own = often * chance.gammavariate(3, 20)
        for purchase in range(often):
            at_ = at((customer * 7 + purchase * (13 + customer % 5)) % 350)
            amount = round(own * chance.gammavariate(4, 0.25), 2) + 1
            rows.append((len(rows), customer, at_, amount))
    models = audit(shop_of(rows), as_of=END).tables["value_models"]
    spend = models.filter(pl.col("part") == "spend").row(0, named=True)
    assert spend["correlation"] > 0.3
    assert (spend["status"], spend["verdict_of_fit"]) == ("boundary", "correlated")


def test_of_very_many_customers_models_are_fitted_to_a_part_and_applied_to_all(monkeypatch):
    monkeypatch.setattr("retention_kit.audit.foreseen.FITTED_TO", 500)
    made = make_dataset(customers=1_500, seed=3, tables=("orders",))
    result = audit(made, as_of=END)
    customers = result.figure("customers").value
    fitted = result.tables["value_models"].row(0, named=True)["customers"]
    assert 0.2 * customers < fitted < 0.5 * customers
    assert result.tables["predicted_segments"]["customers"].sum() == customers
    assert result.tables["repeat_frequency"]["customers"].sum() == customers
