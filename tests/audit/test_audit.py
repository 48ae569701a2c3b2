"""The audit of the real shop, and of shops that are hardly any."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from decimal import Decimal
from zoneinfo import ZoneInfo

import jsonschema
import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

from retention_kit import DataError, Dataset, DefinitionError, make_dataset
from retention_kit.audit import audit
from retention_kit.audit.run import STAGES

ZONE = ZoneInfo("Europe/Moscow")
END = dt.datetime(2025, 6, 1, tzinfo=ZONE)

FIGURE = {
    "type": "object",
    "required": [
        "value",
        "unit",
        "numerator",
        "denominator",
        "low",
        "high",
        "definition",
        "benchmark",
    ],
    "properties": {
        "value": {"type": ["number", "null"]},
        "numerator": {"type": ["number", "null"]},
        "denominator": {"type": ["number", "null"]},
        "low": {"type": ["number", "null"]},
        "high": {"type": ["number", "null"]},
        "unit": {"enum": ["customers", "orders", "money", "share", "ratio", "days", "months"]},
        "benchmark": {"type": ["object", "null"], "required": ["low", "high", "source", "note"]},
        "definition": {"type": "string", "minLength": 10},
    },
    "additionalProperties": False,
}
TABLES = (
    "actions",
    "buyers",
    "churned_customers",
    "churned_totals",
    "cohorts",
    "concentration",
    "gap_summary",
    "gaps",
    "gaps_by_order",
    "lifetime_values",
    "next_purchase",
    "order_conversion",
    "order_values",
    "ready_overlap",
    "ready_segments",
    "retention",
    "rfm_levels",
    "rfm_map",
    "rfm_migration",
    "rfm_segments",
    "seasonality",
    "trends",
    "value_trend",
    "views",
    "what_if",
    "worth_a_call",
)
SCHEMA = {
    "type": "object",
    "required": [
        "schema_version",
        "as_of",
        "data_from",
        "data_to",
        "time_zone",
        "currency",
        "active_within",
        "gap_days",
        "confidence",
        "warnings",
        "notes",
        "data_health",
        "key_figures",
        *TABLES,
        "products",
        "lifecycle",
        "lifecycle_flow",
        "clusters",
        "value_models",
        "value_parameters",
        "repeat_frequency",
        "purchase_tracking",
    ],
    "properties": {
        "schema_version": {"const": 2},
        "notes": {"type": "array", "items": {"type": "object", "required": ["code"]}},
        "key_figures": {
            "type": "object",
            "required": ["sales", "net", "with_guests"],
            "additionalProperties": {"type": "object", "additionalProperties": FIGURE},
        },
        "cohorts": {"type": "array", "items": {"type": "object"}},
    },
}


def shop(*rows: tuple, **more) -> Dataset:
    names = ("order_id", "customer_id", "ordered_at", "amount")
    return Dataset.from_frames(
        orders=[dict(zip(names, row, strict=True)) for row in rows],
        negative_amounts="return",
        date_format="iso8601",
        time_zone="Europe/Moscow",
        currency="RUB",
        **more,
    )


def test_the_real_shop_has_the_published_figures(real_audit):
    expected = {
        ("customers", "sales"): 4_338,
        ("orders", "sales"): 18_532,
        ("revenue", "sales"): Decimal("8911407.904"),
        ("average_order_value", "sales"): pytest.approx(480.866, abs=5e-4),
        ("first_average_order_value", "sales"): pytest.approx(425.6565, abs=5e-5),
        ("repeat_average_order_value", "sales"): pytest.approx(497.7392, abs=5e-5),
        ("repeat_purchase_rate", "sales"): pytest.approx(0.655832, abs=5e-7),
        ("share_of_repeat_sales", "sales"): pytest.approx(0.793, abs=5e-4),
        ("revenue", "net"): Decimal("8300065.814"),
        ("returns", "net"): 3_654,
        ("return_only_customers", "net"): 33,
        ("revenue", "with_guests"): Decimal("10666684.544"),
    }
    assert {key: real_audit.figure(*key).value for key in expected} == expected


def test_every_quotient_shows_what_was_divided_by_what(real_audit):
    quotients = [figure for figure in real_audit.key_figures if figure.numerator is not None]
    assert len(quotients) == 11
    for figure in quotients:
        assert float(figure.value) == pytest.approx(
            float(figure.numerator) / float(figure.denominator)
        )


def test_what_winning_customers_costs_shows_what_was_divided_by_what():
    costs = [
        {"month": "2025-01-01", "amount": 30, "channel": "ads"},
        {"month": "2025-02-01", "amount": 10, "channel": None},
    ]
    rows = [(1, 1, "2025-01-05", 100), (2, 2, "2025-02-05", 50), (3, 1, "2025-03-05", 10)]
    result = audit(shop(*rows, costs=costs), as_of=END)
    cost = result.figure("customer_acquisition_cost", "net")
    assert (cost.numerator, cost.denominator, cost.value) == (40, 2, 20.0)
    ratio = result.figure("ltv_to_cac", "net")
    assert (ratio.numerator, ratio.denominator, ratio.value) == (80, 20, 4.0)
    assert result.figure("payback_months", "net").numerator is None


def test_without_costs_of_winning_there_is_no_quotient_of_them():
    costs = [{"month": "2025-01-01", "amount": 30, "purpose": "retention"}]
    result = audit(shop((1, 1, "2025-01-05", 100), costs=costs), as_of=END)
    for name in ("customer_acquisition_cost", "ltv_to_cac"):
        figure = result.figure(name, "net")
        assert (figure.value, figure.numerator, figure.denominator) == (None, None, None)


def test_each_view_says_which_rows_it_counts(real_audit):
    views = {row["view"]: row for row in real_audit.tables["views"].to_dicts()}
    assert (views["sales"]["orders"], views["sales"]["order_items"]) == (18_532, 397_884)
    # 406,829 lines have a customer; 40 of them are given away at a price of zero.
    assert (views["net"]["orders"], views["net"]["returns"]) == (18_532, 3_654)
    assert views["net"]["order_items"] == 406_829 - 40
    assert views["net"]["revenue"] == Decimal("8300065.8140")
    assert views["with_guests"]["order_items"] == 397_884 + 132_220


def test_the_json_holds_to_its_schema_and_comes_back_as_it_went(real_audit):
    loaded = json.loads(real_audit.to_json())
    jsonschema.validate(loaded, SCHEMA)
    assert set(loaded) == set(SCHEMA["required"])
    assert loaded == json.loads(json.dumps(real_audit.to_dict()))
    assert loaded["as_of"] == "2011-12-10T00:00:00+00:00"
    assert loaded["key_figures"]["sales"]["revenue"]["value"] == 8911407.904


def test_the_health_in_the_json_adds_up(real_audit):
    for table in real_audit.to_dict()["data_health"].values():
        assert table["accepted"] + sum(table["rejected"].values()) == table["read"]


def test_an_audit_is_frozen_and_its_text_shows_no_rows(real_audit):
    with pytest.raises(dataclasses.FrozenInstanceError):
        real_audit.currency = "EUR"
    with pytest.raises(TypeError):
        real_audit.tables["cohorts"] = pl.DataFrame()
    assert "17850" not in repr(real_audit)
    assert repr(real_audit).startswith("Audit(as_of=2011-12-10T00:00:00+00:00, ")


def test_a_figure_that_is_not_there_is_named_with_those_that_are(real_audit):
    with pytest.raises(KeyError, match="average_order_value \\(net\\)"):
        real_audit.figure("churn")


def test_months_that_the_data_does_not_cover_whole_are_marked(real_audit):
    cohorts = real_audit.tables["cohorts"]
    december = cohorts.filter(pl.col("cohort") == pl.date(2010, 12, 1))
    assert december["is_complete"].to_list() == [True] * 12 + [False]


def test_progress_is_told_of_every_stage_in_order():
    told = []
    audit(shop((1, 1, "2025-01-01", 10)), as_of=END, progress=told.append)
    assert tuple(told) == STAGES


def test_an_instant_before_the_first_order_is_refused_with_the_first_order():
    early = dt.datetime(2025, 1, 1, tzinfo=ZONE)
    with pytest.raises(DefinitionError, match="after the first order, 2025-01-01T00:00:00"):
        audit(shop((1, 1, "2025-01-01", 10)), as_of=early)


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(DefinitionError, match="with a time zone"):
        audit(shop((1, 1, "2025-01-01", 10)), as_of=dt.datetime(2025, 6, 1))


def test_no_accepted_order_is_an_error_that_counts_what_was_rejected():
    with pytest.warns(UserWarning, match="rejected"):
        empty = shop((None, 1, "2025-01-01", 10), (2, 1, "yesterday", 10))
    with pytest.raises(DataError, match="2 rows were read") as caught:
        audit(empty, as_of=END)
    assert "null_order_id 1" in str(caught.value)
    assert "yesterday" not in str(caught.value)


def test_an_empty_table_is_an_error_that_says_so():
    with pytest.raises(DataError, match="no order to audit: 0 rows were read"):
        audit(shop(), as_of=END)


def test_one_customer_is_enough():
    result = audit(shop((1, 1, "2025-01-01", 10), (2, 1, "2025-02-01", 30)), as_of=END)
    assert result.figure("repeat_purchase_rate").value == 1.0
    assert result.figure("repeat_average_order_value").value == 30.0


def test_only_returns_give_counts_and_no_averages():
    result = audit(shop((1, 1, "2025-01-01", -10)), as_of=END)
    assert result.figure("customers").value == 0
    assert result.figure("average_order_value").value is None
    assert result.figure("revenue", "net").value == Decimal(-10)
    assert result.tables["cohorts"].height == 0
    assert any("averages and shares have no value" in note for note in result.warnings)
    json.loads(result.to_json())


def test_only_guests_give_revenue_with_guests_alone():
    result = audit(shop((1, None, "2025-01-01", 10)), as_of=END)
    assert result.figure("customers").value == 0
    assert result.figure("revenue", "with_guests").value == Decimal(10)


def test_orders_at_or_after_the_instant_are_counted_in_a_note():
    result = audit(
        shop((1, 1, "2025-01-01", 10), (2, 1, "2025-06-01", 10), (3, 1, "2025-07-01", 10)),
        as_of=END,
    )
    assert result.figure("orders").value == 1
    assert "2 orders at or after as_of do not count." in result.warnings


def test_contacts_among_rejected_rows_are_masked_unless_asked_for():
    people = [
        {"customer_id": 1, "email": "anna@example.com", "phone": "+1 555 0100"},
        {"customer_id": None, "email": "boris@example.com", "phone": "+1 555 0123"},
    ]
    with pytest.warns(UserWarning, match="rejected"):
        dataset = shop((1, 1, "2025-01-01", 10), customers=people)
    hidden = audit(dataset, as_of=END)
    shown = audit(dataset, as_of=END, show_contacts=True)
    assert hidden.tables["rejected_customers"].select("email", "phone").rows() == [
        ("b***@example.com", "***23")
    ]
    assert shown.tables["rejected_customers"].select("email", "phone").rows() == [
        ("boris@example.com", "+1 555 0123")
    ]
    assert "boris" not in hidden.to_json() + shown.to_json()


def test_a_made_shop_with_all_tables_can_be_audited():
    made = make_dataset(customers=300, seed=7)
    last = made.orders.select(pl.col("ordered_at").max()).collect().item()
    result = audit(made, as_of=last)
    assert 0 < result.figure("repeat_purchase_rate").value < 1
    assert result.figure("orders").value > result.figure("customers").value


def test_a_shop_in_several_parts_has_the_figures_of_the_whole(monkeypatch):
    dataset = make_dataset(customers=400, seed=3)
    as_of = dataset.orders.select(pl.col("ordered_at").max()).collect().item()
    whole = audit(dataset, as_of=as_of)
    monkeypatch.setattr("retention_kit.audit.parts._ONE_PART", 100)
    monkeypatch.setattr("retention_kit.audit.parts.PART_ORDERS", 300)
    told = []
    parts = audit(dataset, as_of=as_of, progress=told.append)
    assert any("part 2 of" in stage for stage in told)
    assert set(parts.tables) == set(whole.tables)
    for name, table in whole.tables.items():
        order = [column for column, dtype in table.schema.items() if not dtype.is_float()]
        assert_frame_equal(parts.tables[name].sort(order), table.sort(order), rel_tol=1e-12)


def test_where_nobody_leaves_nothing_is_predicted_and_the_model_says_so(real_audit):
    status = dict(real_audit.tables["value_models"].select("part", "status").rows())
    assert status == {"transactions": "degenerate", "spend": "converged"}
    reasons = dict(real_audit.tables["value_models"].select("part", "verdict_of_fit").rows())
    assert reasons["transactions"] == "nobody_leaves"
    assert "predicted_segments" not in real_audit.tables
    called = real_audit.tables["worth_a_call"]
    assert "predicted_value" not in called.columns
    assert set(called["segment"]) <= {"cannot lose", "need attention", "at risk"}
    assert called["net_revenue"].is_sorted(descending=True)


def test_customers_are_divided_wholly_and_in_order(real_audit):
    segments, levels = real_audit.tables["rfm_segments"], real_audit.tables["rfm_levels"]
    assert segments["customers"].sum() == real_audit.figure("customers").value
    assert segments["revenue"].sum() == real_audit.figure("revenue").value
    assert segments["segment"][0] == "best"
    assert (
        levels.group_by("dimension").agg(pl.col("customers").sum())["customers"].unique().item()
        == 4_338
    )
    assert real_audit.tables["rfm_map"]["customers"].sum() == 4_338
    assert real_audit.tables["rfm_migration"]["customers"].sum() == 4_338
    clusters = real_audit.tables["clusters"]
    assert clusters["customers"].sum() == 4_338
    assert clusters["cluster_name"].to_list() == ["loyal", "potential", "one-off"]
    assert clusters["mean_monetary"].is_sorted(descending=True)


def test_a_model_that_holds_says_what_customers_will_bring():
    made = make_dataset(customers=1_500, seed=3, tables=("orders", "customers"))
    end = made.orders.select(pl.col("ordered_at").max()).collect().item()
    result = audit(made, as_of=end, show_contacts=True)
    assert set(result.tables["value_models"]["status"]) == {"converged"}
    predicted = result.tables["predicted_segments"]
    assert predicted["customers"].sum() == result.figure("customers").value
    assert (predicted["expected_alive"] <= predicted["customers"]).all()
    called = result.tables["worth_a_call"]
    stakes = called["predicted_value"] * (1 - called["probability_alive"])
    assert_series_equal(called["value_at_stake"], stakes, check_names=False)
    assert called["value_at_stake"].is_sorted(descending=True)
    tracked = result.tables["purchase_tracking"]
    made_last, expected = tracked.select("cumulative_repeat_purchases", "expected_cumulative").row(
        -1
    )
    assert expected == pytest.approx(made_last, rel=0.15)


def test_a_shop_where_nobody_came_back_has_no_models_and_still_its_scores():
    orders = [(n, n, f"2025-0{1 + n % 5}-11T10:00:00", 10 * n + 10) for n in range(20)]
    result = audit(shop(*orders), as_of=END)
    assert "value_models" not in result.tables
    assert result.tables["rfm_segments"]["customers"].sum() == 20
    assert "worth_a_call" in result.tables
