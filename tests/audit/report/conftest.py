"""An audit made by hand, with every table that an audit may hold and awkward names in them."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from retention_kit.audit import Audit, KeyFigure
from retention_kit.audit.model import Benchmark, Note
from retention_kit.contracts.health import DataHealth, TableHealth

ZONE = ZoneInfo("Europe/Moscow")
HTML = "<script>alert('x')</script>"
FORMULA = "=cmd|' /C calc'!A0"
LONG = "a very long name of a channel that nobody would write by hand " * 2
MONTHS = [dt.date(2024 + (m // 12), m % 12 + 1, 1) for m in range(14)]
READY_SEGMENTS = (
    "new_customers",
    "second_order_due",
    "one_time_buyers",
    "repeat_buyers",
    "regulars",
    "lapsed_regulars",
    "no_purchase_for",
    "reactivated",
    "discount_seekers",
    "returned_often",
    "birthday_within",
    "registered_without_purchase",
    "abandoned_cart",
    "consented",
)
STATES = ("new", "active", "loyal", "sleeping", "lost", "returned")
MONEY = pl.Decimal(38, 4)


def figures() -> tuple[KeyFigure, ...]:
    def figure(name, value, unit, *parts, view="sales", **more):
        return KeyFigure(name, view, value, unit, f"About {name}.", *parts, **more)

    usual = Benchmark(0.2, 0.4, "Somebody (2020)", "In most studies.")

    return (
        figure("customers", 4_338, "customers"),
        figure("orders", 18_532, "orders"),
        figure("revenue", Decimal("8911407.904"), "money"),
        figure(
            "average_order_value",
            480.866,
            "money",
            Decimal("8911407.904"),
            18_532,
            low=455.1,
            high=507.9,
        ),
        figure("first_average_order_value", 425.66, "money", Decimal(1_846_498), 4_338),
        figure("repeat_average_order_value", 497.74, "money", Decimal(7_064_910), 14_194),
        figure(
            "repeat_purchase_rate",
            0.655832,
            "share",
            2_845,
            4_338,
            low=0.6416,
            high=0.6698,
            benchmark=usual,
        ),
        figure("purchase_frequency", 4.272, "ratio", 18_532, 4_338),
        figure("share_of_repeat_sales", 0.793, "share", Decimal(7_064_910), Decimal(8_911_407)),
        figure("customer_retention_rate", None, "share", 0, 0),
        figure("ltv_to_cac", 1.0, "ratio"),
        figure("a_figure_of_tomorrow", 7.5, "days"),
        figure("returns", 3_654, "orders", view="net"),
        figure("revenue", Decimal("8300065.814"), "money", view="net"),
        figure("revenue", Decimal("10666684.544"), "money", view="with_guests"),
    )


def monthly(name: str) -> list[dict]:
    return [
        {
            "name": name,
            "period": month,
            "value": 400 + 30 * math.sin(number),
            "is_complete": number < len(MONTHS) - 1,
        }
        for number, month in enumerate(MONTHS)
    ]


def by_month() -> dict[str, pl.DataFrame]:
    whole = [number not in (0, len(MONTHS) - 1) for number in range(len(MONTHS))]
    n = len(MONTHS)
    order_values = pl.DataFrame(
        {
            "period": MONTHS,
            "orders": [1_200 + 90 * i for i in range(n)],
            "revenue": pl.Series([Decimal(500_000 + 30_000 * i) for i in range(n)], dtype=MONEY),
            "average_order_value": [430.0 + 5 * i for i in range(n)],
            "first_orders": [400 - 20 * i for i in range(n)],
            "first_average_order_value": [400.0 + 9 * math.sin(i) for i in range(n)],
            "repeat_orders": [800 + 110 * i for i in range(n)],
            "repeat_average_order_value": [None, *(450.0 + 6 * i for i in range(1, n))],
            "share_of_repeat_sales": [0.4 + 0.03 * i for i in range(n)],
            "is_complete": whole,
        }
    )
    rates = [None, *(0.35 + 0.01 * i for i in range(1, n))]
    retention = pl.DataFrame(
        {
            "period": MONTHS,
            "start_customers": [0, *(900 + 20 * i for i in range(1, n))],
            "end_customers": [900 + 20 * i for i in range(n)],
            "retained": [0, *(330 + 10 * i for i in range(1, n))],
            "new_customers": [900, *(400 - 20 * i for i in range(1, n))],
            "reactivated": [0, *(100 + 8 * i for i in range(1, n))],
            "lost": [0, *(560 + 7 * i for i in range(1, n))],
            "buyers": [900 + 20 * i for i in range(n)],
            "customer_retention_rate": rates,
            "customer_retention_rate_low": [r and r - 0.03 for r in rates],
            "customer_retention_rate_high": [r and r + 0.03 for r in rates],
            "churn_rate": [r and 1 - r for r in rates],
            "contract_retention_rate": [r and r * 2.3 for r in rates],
            "returning_ratio": [r and r * 1.7 for r in rates],
            "is_complete": whole,
            "is_left_censored": [True, *[False] * (n - 1)],
        }
    )
    cohorts = pl.DataFrame(
        [
            {
                "cohort": month,
                "period": k,
                "cohort_customers": 900 - 50 * i,
                "customers": int((900 - 50 * i) * (1 if k == 0 else 0.38 / (1 + 0.1 * k))),
                "orders": 1000,
                "revenue": Decimal(9_000),
                "retained_in_period": 1.0 if k == 0 else 0.38 / (1 + 0.1 * k) + 0.01 * i,
                "retained_from_period": 1.0 if k == 0 else 0.6,
                "revenue_per_customer": 100.0,
                "cumulative_revenue_per_customer": 300.0 + 100 * k,
                "is_complete": i + k < n - 1,
            }
            for i, month in enumerate(MONTHS)
            for k in range(n - i)
        ],
        schema_overrides={"revenue": MONEY},
    )
    value_trend = pl.DataFrame(
        {
            "period": MONTHS,
            "customers": [900 + 200 * i for i in range(n)],
            "net_revenue": pl.Series([Decimal(500_000 * (i + 1)) for i in range(n)], dtype=MONEY),
            "lifetime_value": [500 + 90.0 * i for i in range(n)],
            "is_complete": whole,
        }
    )
    trends = [
        row
        for name in ("average_order_value", "repeat_average_order_value", "revenue")
        for row in monthly(name)
    ]
    return {
        "order_values": order_values,
        "retention": retention,
        "cohorts": cohorts,
        "value_trend": value_trend,
        "trends": pl.DataFrame(trends),
    }


def of_customers() -> dict[str, pl.DataFrame]:
    return {
        "buyers": pl.DataFrame(
            {
                "buyer_type": ["one_time", "repeat"],
                "customers": [1_493, 2_845],
                "orders": [1_493, 17_039],
                "revenue": pl.Series([Decimal(613_000), Decimal(8_298_407)], dtype=MONEY),
                "share_of_customers": [0.344, 0.656],
                "share_of_revenue": [0.069, 0.931],
                "average_order_value": [410.6, 487.0],
                "revenue_per_customer": [410.6, 2_916.8],
            }
        ),
        "gaps": pl.DataFrame(
            {"days": list(range(300)), "gaps": [int(400 * math.exp(-d / 40)) for d in range(300)]}
        ),
        "gap_summary": pl.DataFrame(
            {
                "gaps": [14_194],
                "zero_gaps": [31],
                "customers": [2_845],
                "mean_days": [43.2],
                "median_days": [27.9],
                "lower_quartile_days": [11.0],
                "upper_quartile_days": [57.1],
                "ninetieth_percentile_days": [105.4],
                "median_of_customer_medians_days": [48.5],
            }
        ),
        "gaps_by_order": pl.DataFrame(
            {
                "order_number": [2, 3, 4],
                "gaps": [2_845, 2_001, 1_500],
                "median_days": [50.1, 41.0, 33],
            }
        ),
        "next_purchase": pl.DataFrame(
            [
                {
                    "days": d,
                    "at_risk": 4_338 - 7 * d,
                    "bought_again": 6,
                    "censored": 1,
                    "share_bought_again": 0.75 * (1 - math.exp(-d / 110)),
                    "share_low": 0.75 * (1 - math.exp(-d / 110)) - 0.0001 * d,
                    "share_high": 0.75 * (1 - math.exp(-d / 110)) + 0.0001 * d,
                }
                for d in range(373)
            ]
        ),
        "order_conversion": pl.DataFrame(
            {
                "order_number": list(range(1, 13)),
                "customers": [4_338, 2_845, 2_010, 1_502, 1_132, 898, 712, 572, 470, 396, 330, 0],
                "next_customers": [2_845, 2_010, 1_502, 1_132, 898, 712, 572, 470, 396, 330, 0, 0],
                "conversion": [
                    0.656,
                    0.706,
                    0.747,
                    0.754,
                    0.79,
                    0.79,
                    0.8,
                    0.82,
                    0.84,
                    0.83,
                    0,
                    None,
                ],
                "conversion_low": [0.64] * 11 + [None],
                "conversion_high": [0.66] * 11 + [None],
            }
        ),
        "lifecycle": pl.DataFrame(
            {
                "state": STATES,
                "customers": [611, 402, 1_003, 866, 1_301, 155],
                "share_of_customers": [0.141, 0.093, 0.231, 0.2, 0.3, 0.036],
                "net_revenue": pl.Series([Decimal(900_000)] * 6, dtype=MONEY),
                "share_of_net_revenue": [1 / 6] * 6,
            }
        ),
        "lifecycle_flow": pl.DataFrame(
            [
                {
                    "state_before": before,
                    "state": state,
                    "customers": 100,
                    "share_of_state_before": 0.6 if before == state else 0.08,
                }
                for before in (*STATES, None)
                for state in (STATES if before else ("new",))
            ]
        ),
        "concentration": pl.DataFrame(
            {
                "top_share": [0.01, 0.05, 0.1, 0.2, 0.5],
                "customers": [44, 217, 434, 868, 2_169],
                "revenue": pl.Series([Decimal(2_800_000)] * 5, dtype=MONEY),
                "share_of_revenue": [0.31, 0.51, 0.61, 0.74, 0.93],
            }
        ),
        "seasonality": pl.DataFrame(
            [
                {
                    "unit": unit,
                    "slot": slot,
                    "occurrences": 10,
                    "orders": 100,
                    "revenue": Decimal(1_000),
                    "orders_per_occurrence": 10.0,
                    "index": None if (unit, slot) == ("weekday", 6) else 1 + 0.5 * math.sin(slot),
                }
                for unit, slots in (
                    ("month", range(1, 13)),
                    ("weekday", range(1, 8)),
                    ("hour", range(24)),
                )
                for slot in slots
            ],
            schema_overrides={"revenue": MONEY},
        ),
        "churned_customers": pl.DataFrame(
            [
                {
                    "customer_id": f"C-{i}" if i else HTML,
                    "net_revenue": Decimal(90_000 - 70 * i),
                    "orders": 30 - i % 20,
                    "last_order_at": dt.datetime(2024, 11, 1 + i % 20, 12, tzinfo=ZONE),
                    "days_since_last_order": 100 + i,
                    "usual_gap_days": None if i % 7 == 0 else 20.5,
                    "gap_multiple": None if i % 7 == 0 else 5.2,
                    "manager": FORMULA if i == 1 else "Иванова",
                    "email": "a***@example.com",
                    "phone": "***01",
                    "first_name": None,
                    "last_name": "Петров",
                    "city": "Санкт-Петербург",
                }
                for i in range(1_000)
            ],
            schema_overrides={"net_revenue": MONEY, "first_name": pl.String},
        ),
    }


SEGMENTS = ("best", "loyal", "need attention", "cannot lose", "lost", "at risk", "no purchases")


def of_groups() -> dict[str, pl.DataFrame]:
    counts = [659, 75, 507, 165, 1_251, 0, 12]
    calls = [
        {
            "customer_id": f"C-{i}" if i else HTML,
            "segment": "need attention",
            "net_revenue": Decimal(50_000 - 300 * i),
            "orders": 20 - i % 15,
            "days_since_last_order": 30 + i,
            "value_at_stake": 9_000.0 - i,
            "predicted_value": 20_000.0 - i,
            "probability_alive": 0.6,
            "expected_purchases": 7.5,
            "next_purchase_at": dt.date(2025, 3, 1),
            "email": "a***@example.com",
            "phone": "***01",
            "first_name": None,
            "last_name": FORMULA if i == 1 else "Петров",
            "city": None,
        }
        for i in range(100)
    ]
    return {
        "rfm_segments": pl.DataFrame(
            {
                "segment": SEGMENTS,
                "customers": counts,
                "repeat_customers": [count // 2 for count in counts],
                "orders": [count * 4 for count in counts],
                "revenue": pl.Series([Decimal(count * 900) for count in counts], dtype=MONEY),
                "net_revenue": pl.Series([Decimal(count * 880) for count in counts], dtype=MONEY),
                "share_of_customers": [count / sum(counts) for count in counts],
                "share_of_revenue": [count / sum(counts) for count in counts],
                "average_order_value": [225.0 if count else None for count in counts],
                "repeat_purchase_rate": [0.5 if count else None for count in counts],
                "revenue_per_customer": [900.0 if count else None for count in counts],
                "mean_recency_days": [40.5 if count else None for count in counts],
                "mean_frequency": [4.0 if count else None for count in counts],
                "play": ["Thank them.", *[None] * 4, "My own play.", None],
            }
        ),
        "rfm_map": pl.DataFrame(
            [
                {
                    "recency_score": recency,
                    "frequency_score": frequency,
                    "customers": 100 * recency,
                    "repeat_customers": 50,
                    "orders": 400,
                    "revenue": Decimal(90_000 * frequency),
                    "net_revenue": Decimal(80_000 * frequency),
                    "share_of_customers": recency / 18,
                    "share_of_revenue": frequency / 18,
                    "mean_recency_days": 30.0 * recency,
                    "mean_frequency": 9.0 / frequency,
                }
                for recency in (1, 2, 3)
                for frequency in (1, 2, 3)
            ],
            schema_overrides={"revenue": MONEY, "net_revenue": MONEY},
        ),
        "rfm_levels": pl.DataFrame(
            [
                (name, score, low, high, 900, False)
                for name, edges in (
                    ("recency_days", ((None, 26.0), (26.0, 92.0), (92.0, None))),
                    ("frequency", ((4.0, None), (1.0, 4.0), (None, 1.0))),
                    ("monetary", ((1_154.26, None), (380.0, 1_154.26), (None, 380.0))),
                )
                for score, (low, high) in enumerate(edges, start=1)
            ],
            schema=[
                "dimension",
                "score",
                "from_value",
                "to_value",
                "customers",
                "is_high_best",
            ],
            orient="row",
        ),
        "rfm_migration": pl.DataFrame(
            [
                {
                    "segment_before": before,
                    "segment": after,
                    "customers": 40,
                    "orders_since": 60,
                    "revenue_since": Decimal(9_000),
                    "net_revenue_since": Decimal(8_000),
                    "net_revenue": Decimal(30_000),
                    "share_of_segment_before": 0.25,
                    "revenue_since_per_customer": 225.0,
                }
                for before in (*SEGMENTS[:4], None)
                for after in SEGMENTS[:4]
            ],
            schema_overrides=dict.fromkeys(
                ("revenue_since", "net_revenue_since", "net_revenue"), MONEY
            ),
        ),
        "clusters": pl.DataFrame(
            {
                "cluster": [0, 1, 2],
                "cluster_name": ["loyal", "potential", "one-off"],
                "customers": [800, 1_724, 1_814],
                "share_of_customers": [0.184, 0.397, 0.418],
                "net_revenue": pl.Series(
                    [Decimal(5_653_493), Decimal(2_015_130), Decimal(641_854)], dtype=MONEY
                ),
                "share_of_net_revenue": [0.68, 0.242, 0.077],
                "mean_recency_days": [16.9, 44.0, 173.3],
                "mean_frequency": [13.1, 3.2, 1.4],
                "mean_monetary": [7_067.0, 1_169.0, 354.0],
                "median_recency_days": [10.0, 31.0, 168.0],
                "median_frequency": [9.0, 3.0, 1.0],
                "median_monetary": [3_427.0, 907.0, 282.0],
            }
        ),
        "value_models": pl.DataFrame(
            {
                "part": ["transactions", "spend"],
                "model": ["mbg_nbd", "gamma_gamma"],
                "status": ["converged", "boundary"],
                "verdict_of_fit": ["converged", "same_spend"],
                "customers": [4_338, 2_790],
                "log_likelihood": [-37_645.6, -19_083.3],
                "share_left": [0.31, None],
                "correlation": [None, 0.12],
            }
        ),
        "value_parameters": pl.DataFrame(
            {
                "part": ["transactions", "spend"],
                "model": ["mbg_nbd", "gamma_gamma"],
                "parameter": ["r", "p"],
                "value": [0.8274, 2.1034],
                "standard_error": [0.0268, None],
            }
        ),
        "predicted_segments": pl.DataFrame(
            {
                "segment": SEGMENTS[:3],
                "customers": [659, 75, 507],
                "expected_alive": [640.2, 70.1, 300.5],
                "expected_purchases": [7_391.2, 459.4, 2_648.8],
                "predicted_value": [4_367_000.0, 95_288.2, 1_227_300.0],
                "predicted_value_per_customer": [6_626.7, 1_270.5, 2_420.6],
            }
        ),
        "purchase_tracking": pl.DataFrame(
            [
                {
                    "period": dt.date(2024, 1, 1) + dt.timedelta(weeks=week),
                    "is_complete": week < 58,
                    "new_customers": 60,
                    "repeat_purchases": 40 + week,
                    "expected_repeat_purchases": 41.5 + week,
                    "cumulative_repeat_purchases": 40 * week + week**2 // 2,
                    "expected_cumulative": 41.5 * week + week**2 / 2,
                    "is_holdout": week >= 46,
                }
                for week in range(59)
            ]
        ),
        "repeat_frequency": pl.DataFrame(
            {
                "frequency": list(range(8)),
                "or_more": [*[False] * 7, True],
                "customers": [1_548, 874, 501, 389, 227, 184, 132, 483],
                "expected_customers": [1_590.3, 792.4, 498.2, 343.7, 249.2, 186.1, 141.8, 536.1],
            }
        ),
        "alive_matrix": pl.DataFrame(
            [
                {
                    "frequency": frequency,
                    "days_since_last": days,
                    "probability_alive": math.exp(-days * (1 + frequency) / 900),
                }
                for frequency in range(9)
                for days in ((364.0,) if not frequency else (28.0 * n for n in range(13)))
            ]
        ),
        **ready(),
        "worth_a_call": pl.DataFrame(
            calls,
            schema_overrides={"net_revenue": MONEY, "first_name": pl.String, "city": pl.String},
        ),
    }


def ready() -> dict[str, pl.DataFrame]:
    counts = {name: 3_900 - 300 * place for place, name in enumerate(READY_SEGMENTS)}
    return {
        "ready_segments": pl.DataFrame(
            {
                "ready_segment": READY_SEGMENTS,
                "customers": counts.values(),
                "share_of_customers": [count / 4_372 for count in counts.values()],
                "revenue": pl.Series([Decimal(one * 900) for one in counts.values()], dtype=MONEY),
                "share_of_revenue": [count / 8_000 for count in counts.values()],
                "meaning": ["Customers of some kind."] * len(counts),
            }
        ),
        "ready_overlap": pl.DataFrame(
            [
                (one, other, min(counts[one], counts[other]), 1 / (1 + abs(place - number)))
                for place, one in enumerate(READY_SEGMENTS[:-1])
                for number, other in enumerate(READY_SEGMENTS[:-1])
            ],
            schema=["ready_segment", "other_segment", "customers", "share_of_segment"],
            orient="row",
        ),
    }


def of_the_trade() -> dict[str, pl.DataFrame]:
    channels = ["search", "social", None, HTML, FORMULA, LONG]
    return {
        "channels": pl.DataFrame(
            {
                "channel": channels,
                "new_customers": [1_300, 900, 800, 0, 40, 13],
                "paid_cost": pl.Series(
                    [Decimal(400_000), Decimal(900_000), None, Decimal(10), None, Decimal(40_000)],
                    dtype=MONEY,
                ),
                "fully_loaded_cost": pl.Series(
                    [Decimal(500_000), Decimal(990_000), None, Decimal(11), None, Decimal(40_001)],
                    dtype=MONEY,
                ),
                "paid_cac": [307.7, 1_000.0, None, None, None, 3_076.9],
                "fully_loaded_cac": [384.6, 1_100.0, None, None, None, 3_077.0],
                "lifetime_value": [2_100.0, 800.0, 1_900.0, None, 12.5, 3_000.0],
                "lifetime_value_basis": ["margin"] * 6,
                "ltv_to_cac": [5.5, 0.7, None, None, None, 1.0],
                "verdict": ["good", "loses_money", None, None, None, "needs_work"],
                "payback_months": [2, None, None, None, None, 9],
                "acquisition_roi": [4.46, -0.27, None, None, None, -0.02],
                "retention_cost": pl.Series([Decimal(5)] * 6, dtype=MONEY),
                "retention_roi": [1.0] * 6,
                "reason": [None, None, "no_costs", "no_new_customers", "no_costs", None],
            }
        ),
        "acquisition": pl.DataFrame(
            [
                {
                    "period": month,
                    "channel": channel,
                    "new_customers": 60 + i,
                    "orders": 100,
                    "paid_cost": Decimal(30_000),
                    "fully_loaded_cost": Decimal(36_000 + 100 * i),
                    "paid_cac": 500.0,
                    "fully_loaded_cac": 600.0,
                    "cost_per_order": 360.0,
                    "reason": None,
                    "is_complete": i < 13,
                }
                for i, month in enumerate(MONTHS)
                for channel in ("search", None)
            ],
            schema_overrides={"paid_cost": MONEY, "fully_loaded_cost": MONEY, "reason": pl.String},
        ),
        "lifetime_values": pl.DataFrame(
            {
                "method": ["aov_orders", "aov_frequency_lifespan", "historic", "profit"],
                "value": [2_054.3, 2_700.0, 1_913.3, None],
                "customers": [4_338] * 4,
                "horizon": [None, None, "12mo", None],
                "basis": ["revenue", "revenue", "revenue", "margin"],
                "reason": [None, None, None, "no_margin"],
            }
        ),
        "what_if": pl.DataFrame(
            {
                "scenario": ["retention_plus_5_points", "average_order_value_plus_10_percent"],
                "change": [0.05, 0.1],
                "extra_customers": [480.0, None],
                "extra_revenue": [310_000.0, 891_140.0],
            }
        ),
        "categories": pl.DataFrame(
            {
                "category": ["tea", HTML, FORMULA, None],
                "orders": [900, 800, 700, 5_000],
                "customers": [600, 500, 400, 3_000],
                "revenue": pl.Series([Decimal(90_000)] * 4, dtype=MONEY),
                "share_of_revenue": [0.1, 0.1, 0.1, 0.7],
                "is_rest": [False, False, False, True],
                "members": [1, 1, 1, 99_997],
            }
        ),
        "products": pl.DataFrame(
            {
                "product_id": [*(f"P{i}" for i in range(50)), None],
                "name": [HTML, *(f"Product {i}" for i in range(1, 50)), None],
                "orders": [100] * 51,
                "customers": [90] * 51,
                "quantity": pl.Series([Decimal(300)] * 51, dtype=MONEY),
                "revenue": pl.Series([Decimal(9_000)] * 51, dtype=MONEY),
                "share_of_revenue": [0.01] * 51,
                "average_order_value": [90.0] * 51,
                "basket_value": [480.0] * 51,
                "is_rest": [*([False] * 50), True],
                "members": [*([1] * 50), 3_877],
            }
        ),
        "managers": pl.DataFrame(
            {
                "manager": ["Иванова", HTML, None],
                "customers": [600, 500, 30],
                "repeat_customers": [400, 300, 2],
                "repeat_purchase_rate": [0.667, 0.6, 0.067],
                "repeat_revenue": pl.Series([Decimal(300_000)] * 3, dtype=MONEY),
                "share_of_repeat_sales": [0.8, 0.7, 0.1],
                "start_customers": [300, 200, 0],
                "retained": [120, 90, 0],
                "customer_retention_rate": [0.4, 0.45, None],
                "lifetime_value": [2_000.0, 1_900.0, 10.0],
                "lifetime_value_before": [1_500.0, 1_950.0, None],
                "lifetime_value_growth": [0.333, -0.026, None],
            }
        ),
        "funnel": pl.DataFrame(
            {
                "step": ["viewed", "added_to_cart", "ordered", "ordered_again"],
                "customers": [50_000, 12_000, 4_338, 2_845],
                "conversion_from_previous": [None, 0.24, 0.3615, 0.6558],
                "conversion_from_first": [1.0, 0.24, 0.0868, 0.0569],
                "lost": [None, 38_000, 7_662, 1_493],
                "is_largest_leak": [False, True, False, False],
                "unseen_customers": [0, 0, 310, 120],
                "skipped_customers": [0, 0, 95, 0],
            }
        ),
        "delivery": pl.DataFrame(
            {
                "delivery_days_from": [0, 2, 4, 8, 15],
                "delivery_days_to": [2, 4, 8, 15, None],
                "customers": [900, 1_200, 1_000, 700, 100],
                "came_back": [650, 800, 600, 380, 40],
                "share_came_back": [0.722, 0.667, 0.6, 0.543, 0.4],
                "share_came_back_low": [0.69, 0.64, 0.57, 0.5, 0.31],
                "share_came_back_high": [0.75, 0.69, 0.63, 0.58, 0.5],
            }
        ),
    }


STEPS = {
    "call_churned": (
        410_000.0,
        {"customers": 1_301, "net_revenue": 4_100_000.0, "response": 0.1},
    ),
    "second_purchase": (
        107_000.0,
        {"customers": 4_300, "conversion": 0.656, "points": 0.05, "months": 12},
    ),
    "reactivate_sleeping": (43_000.0, {"customers": 866, "share": 0.2, "response": 0.1}),
    "keep_five_points": (310_000.0, {"change": 0.05, "extra_customers": 480.0}),
    "raise_average_order_value": (891_140.0, {"change": 0.1, "extra_customers": None}),
    "channel_loses_money": (270_000.0, {"channel": HTML, "ratio": 0.7, "cost": 990_000.0}),
    "channel_needs_work": (26_000.0, {"channel": None, "ratio": 1.0, "cost": 40_001.0}),
    "slow_delivery": (
        16_000.0,
        {"days": 15, "share_fast": 0.72, "share_slow": 0.4, "customers": 100},
    ),
    "return_rate": (61_000.0, {"share": 0.0686}),
    "concentration_risk": (
        450_000.0,
        {"top_share": 0.05, "share_of_revenue": 0.51, "customers": 217},
    ),
    "name_guests": (175_000.0, {"orders": 1_400, "share": 0.16}),
    "funnel_leak": (140_000.0, {"step": "added_to_cart", "lost": 38_000, "conversion": 0.24}),
    "seasonal_peak": (146_000.0, {"month": 11, "index": 1.6}),
    "fix_data": (None, {"table": "orders", "rows": 2_517, "share": 0.12}),
}


def actions() -> pl.DataFrame:
    ordered = sorted(STEPS.items(), key=lambda step: -(step[1][0] or 0))
    return pl.DataFrame(
        [
            (rank, rule, money, None, None, json.dumps(details, ensure_ascii=False))
            for rank, (rule, (money, details)) in enumerate(ordered, start=1)
        ],
        schema={
            "rank": pl.Int64,
            "rule": pl.String,
            "money_at_stake": pl.Float64,
            "customers": pl.Int64,
            "figure": pl.Float64,
            "parameters": pl.String,
        },
        orient="row",
    )


def health() -> DataHealth:
    return DataHealth(
        {
            "orders": TableHealth(
                "orders",
                read=22_000,
                accepted=19_483,
                rejected={"negative_sale": 2_500, "unreadable_amount": 12, "own": 5},
                guests=1_400,
                notes={"returns": 3_654, "cancelled": 12},
            ),
            "order_items": TableHealth("order_items", read=530_000, accepted=530_000),
        }
    )


VIEWS = pl.DataFrame(
    {
        "view": ["sales", "net", "with_guests"],
        "counts": ["a", "b", "c"],
        "orders": [18_532, 18_532, 19_900],
        "returns": [0, 3_654, 0],
        "order_items": [397_884, None, 530_104],
        "revenue": [Decimal("8911407.9"), Decimal("8300065.8"), Decimal("10666684.5")],
    },
    schema_overrides={"revenue": MONEY},
)


def make(tables: dict[str, pl.DataFrame], *, currency: str = "RUB") -> Audit:
    known = figures()
    return Audit(
        as_of=dt.datetime(2025, 2, 15, tzinfo=ZONE),
        data_from=dt.datetime(2024, 1, 5, 10, tzinfo=ZONE),
        data_to=dt.datetime(2025, 2, 14, 20, tzinfo=ZONE),
        time_zone="Europe/Moscow",
        currency=currency,
        active_within="3mo",
        gap_days=43.8,
        confidence=0.95,
        health=health(),
        key_figures=known,
        tables={
            "key_figures": pl.DataFrame(
                [
                    (f.name, f.view, None if f.value is None else float(f.value), f.unit)
                    for f in known
                ],
                schema=["name", "view", "value", "unit"],
                orient="row",
            ),
            "views": VIEWS,
            "data_health": health().to_frame(),
            **tables,
        },
        notes=(
            Note("guests", {"orders": 1_400}),
            Note(
                "rejected_rows", {"table": "orders", "rows": 2_517, "read": 22_000, "share": 0.114}
            ),
            Note("later_orders", {"orders": 21}),
            Note("heavy_customers", {"customers": 2}),
            Note("no_sales", {}),
        ),
    )


def everything() -> dict[str, pl.DataFrame]:
    rejected = pl.DataFrame(
        {
            "Номер": ["1", FORMULA],
            "=SUM(A1)": [HTML, "-7"],
            "amount": [1.5, None],
            "rule": ["a", "b"],
        }
    )
    return {
        **by_month(),
        **of_customers(),
        **of_groups(),
        **of_the_trade(),
        "actions": actions(),
        "rejected_orders": rejected,
    }


@pytest.fixture(scope="session")
def full_audit() -> Audit:
    return make(everything())


@pytest.fixture(scope="session")
def bare_audit() -> Audit:
    """A shop of one month, with nothing but orders: most tables are absent or empty."""
    tables = {name: frame.clear() for name, frame in by_month().items()}
    one = {name: by_month()[name].head(1) for name in ("order_values", "retention", "cohorts")}
    return make({**tables, **one, "actions": actions().clear()}, currency="GBP")
