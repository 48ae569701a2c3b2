"""Every public function on tables keeps the law it declares; the functions find themselves."""

import datetime as dt
import importlib
import inspect
import pkgutil
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import retention_kit
from retention_kit.clv import BGNBD, MBGNBD, GammaGamma, ParetoNBD, ValueModel
from retention_kit.contracts import Dataset, customer_local, kind_of
from retention_kit.contracts.tables import TABLES
from retention_kit.datasets import example_orders
from retention_kit.kmeans import CustomerKMeans
from retention_kit.loyalty_rules.ready import (
    bronze_silver_gold,
    cashback,
    gamified,
    short_points,
)
from retention_kit.rfm import RFMScorer, RFMSegments
from retention_kit.smart_segments import (
    Segment,
    birthday,
    bought,
    bucket,
    consent,
    did,
    returned,
)
from retention_kit.testing import (
    arguments_for,
    datasets,
    prove,
    shops,
    table_functions,
    tables_needed,
)

FOUND = table_functions()
MBG = MBGNBD(r=0.52, alpha=6.2, a=0.89, b=1.6, time_unit="1w")
BG = BGNBD(r=0.24, alpha=30.9, a=0.79, b=2.4)
PARETO = ParetoNBD(r=0.55, alpha=10.6, s=0.61, beta=11.7, time_unit="1w")
SPEND = GammaGamma(p=6.25, q=3.74, gamma=15.44)
TEA = bought(category=["tea", "чай"])
SEGMENTS = tuple(
    # Such as any shop can be asked; the proof of segments draws all kinds, for the shop they ask.
    Segment(name=f"segment {number}", condition=condition)
    for number, condition in enumerate(
        (
            ~TEA.within("1y"),
            TEA.within("1y").not_followed_by(returned(), within="30d").unfinished("unknown"),
            bought().followed_by(TEA.kept(), within="1mo", without=did("Cart Viewed")),
            (bought().mean("amount") >= 40) | birthday(days=31) | consent("email"),
            bought().active_in(2, of_last=6, every="1mo") & bucket("a", 0, 0.5),
            bought().first().has(channel="site") | bought().reactivated("31d"),
        )
    )
)
PROGRAMS = tuple(
    made(currency="RUB") for made in (bronze_silver_gold, cashback, gamified, short_points)
)
KNOWN = {
    # Models are given to what applies them; any will do.
    "scorer": st.just(
        RFMScorer.from_thresholds(
            recency_days=(30, 90), frequency=(2, 4), monetary=(100, 1000), best="low"
        )
    ),
    "segments": st.just(RFMSegments.three_levels()),
    "model": st.sampled_from(
        (
            ValueModel(transactions=MBG, alive=MBG, spend=SPEND),
            ValueModel(transactions=BG, alive=MBG),
            ValueModel(transactions=PARETO, alive=PARETO, spend=SPEND),
        )
    ),
    "clusters": st.just(
        CustomerKMeans(2).fit(
            pl.DataFrame(
                {
                    "recency_days": [1.0, 2.0, 80.0, 90.0],
                    "frequency": [9.0, 8.0, 1.0, 1.0],
                    "monetary": [900.0, 800.0, 10.0, 9.0],
                }
            )
        )
    ),
    "window": st.sampled_from((None, "1d", "1mo")),
    "channel": st.sampled_from(("email", "sms")),
    "purpose": st.sampled_from(("messages", "advertising")),
    "segment": st.sampled_from(SEGMENTS),
    "program": st.sampled_from(PROGRAMS),
}
KNOWN_TO = {
    # Of one name, and not the same.
    "segment_table": {
        "segments": st.lists(st.sampled_from(SEGMENTS), max_size=3, unique=True),
    },
}
FEWER = {
    "segment_members": 8,
    "segment_table": 8,
    **dict.fromkeys(
        (
            "ledger_entries",
            "loyalty_balances",
            "loyalty_lots",
            "loyalty_tiers",
            "refused_events",
        ),
        15,
    ),
}
"""How many examples those take that have a suite of their own and draw much."""
PROVABLE = [one for one in FOUND if kind_of(one).name in ("customer_local", "additive", "finisher")]
SPLITTABLE = [one for one in PROVABLE if kind_of(one).name != "finisher"]
ROOMS = [
    found.name
    for found in pkgutil.iter_modules(retention_kit.__path__, "retention_kit.")
    if found.ispkg and found.name not in ("retention_kit.contracts", "retention_kit.testing")
]


def name_of(function: Callable[..., Any]) -> str:
    return f"{function.__module__.removeprefix('retention_kit.')}.{function.__name__}"


def known_to(function: Callable[..., Any]) -> dict[str, Any]:
    return {**KNOWN, **KNOWN_TO.get(function.__name__, {})}


def described(function: Callable[..., Any]) -> str:
    kind = kind_of(function)
    keys = f" by {', '.join(kind.keys)}" if kind.keys else ""
    of = f" of {kind.of.__name__}" if kind.of else ""
    return f"{name_of(function)} ({kind.name}{keys}{of})"


def each(functions: list[Callable[..., Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("function", functions, ids=name_of)


def public_functions(room: str) -> list[Callable[..., Any]]:
    package = importlib.import_module(room)
    served = [getattr(package, name) for name in package.__all__]
    return [one for one in served if inspect.isfunction(one)]


def takes_a_table(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(re.search("Frame|Dataset", str(parameter.annotation)) for parameter in parameters)


@pytest.mark.once
class TestTheFunctionsOfTheLibrary:
    @each(PROVABLE)
    def test_a_function_keeps_the_law_it_declares(self, function, record_property):
        @given(st.data())
        def keeps_it(data):
            shop = data.draw(shops(tables_needed(function)), "shop")
            arguments = data.draw(
                arguments_for(function, time_zone=shop.time_zone, known=known_to(function)),
                "arguments",
            )
            parts, seed = data.draw(st.integers(2, 7), "parts"), data.draw(st.integers(0, 99))
            prove(function, shop.lazy(), parts=parts, arguments=arguments, seed=seed)

        most = FEWER.get(function.__name__, settings.default.max_examples)
        settings(max_examples=most)(keeps_it)()
        record_property("law", described(function))

    @each([one for one in SPLITTABLE if "as_of" in inspect.signature(one).parameters])
    @settings(max_examples=10)
    @given(data=st.data())
    def test_an_instant_of_observation_is_the_same_in_any_zone(self, function, data):
        shop = data.draw(shops(tables_needed(function)))
        arguments = data.draw(
            arguments_for(function, time_zone=shop.time_zone, known=known_to(function))
        )
        as_of = arguments.pop("as_of").astimezone(dt.UTC)
        tables = {name: shop.tables[name] for name in kind_of(function).tables if name in TABLES}
        here = function(**tables, as_of=_in_zone(as_of, shop.time_zone), **arguments)
        elsewhere = function(**tables, as_of=as_of, **arguments)
        assert here.sort(here.columns).equals(elsewhere.sort(here.columns))

    def test_the_functions_of_the_metrics_are_found(self):
        print("\n".join(described(one) for one in FOUND))  # seen with -s
        names = {name_of(one) for one in FOUND}
        metrics = {one.__name__ for one in FOUND if "metrics" in one.__module__}
        assert metrics >= {
            "acquisition_totals",
            "bootstrap_order_totals",
            "buyer_totals",
            "churned_customers",
            "cohort_totals",
            "customer_summary",
            "delivery_totals",
            "funnel_totals",
            "gap_totals",
            "lifecycle_flow_totals",
            "lifecycle_states",
            "manager_totals",
            "next_purchase_totals",
            "order_number_totals",
            "order_totals",
            "product_totals",
            "purchase_gaps",
            "repeat_purchase_totals",
            "retention_totals",
            "revenue_distribution",
            "seasonality_totals",
            "value_totals",
        }
        assert len(names) == len(FOUND), "each is found once"

    @pytest.mark.parametrize("room", ROOMS)
    def test_a_public_function_that_takes_a_table_declares_its_kind(self, room):
        undeclared = [
            one.__name__
            for one in public_functions(room)
            if takes_a_table(one) and kind_of(one) is None
        ]
        assert undeclared == []

    @each(FOUND)
    def test_a_declared_function_is_public_in_its_room(self, function):
        room = ".".join(function.__module__.split(".")[:2])
        assert function in public_functions(room)

    @each([one for one in FOUND if kind_of(one).of is not None])
    def test_what_a_finisher_finishes_is_declared_and_found(self, function):
        assert kind_of(function).of in FOUND


class TestBuckets:
    @each(SPLITTABLE)
    @settings(max_examples=4)
    @given(data=st.data())
    def test_bucket_by_bucket_gives_what_the_whole_gives(self, function, data):
        dataset = data.draw(datasets())
        arguments = data.draw(
            arguments_for(function, time_zone=dataset.time_zone, known=known_to(function))
        )
        whole = _run(function, dataset, arguments)
        with tempfile.TemporaryDirectory() as folder:
            buckets = dataset.bucket(Path(folder, "buckets"), buckets=data.draw(st.integers(1, 5)))
            together = buckets.run(function, **arguments)
            _assert_same_rows(whole, together)
            if kind_of(function).name == "customer_local":
                lazy = buckets.run(function, into=Path(folder, "result"), **arguments)
                _assert_same_rows(whole, lazy.collect())

    @settings(max_examples=8)
    @given(datasets(), st.integers(1, 5))
    def test_buckets_hold_every_row_once_and_a_customer_in_one(self, dataset, count):
        with tempfile.TemporaryDirectory() as folder:
            buckets = dataset.bucket(folder, buckets=count)
            for name, table in TABLES.items():
                whole = getattr(dataset, name).collect()
                parts = [getattr(bucket, name).collect() for bucket in buckets]
                if not table.by_customer:
                    assert all(part.equals(whole) for part in parts)
                    continue
                _assert_same_rows(whole, pl.concat(parts))
                for index, part in enumerate(parts):
                    known = part["customer_id"].drop_nulls().unique()
                    assert {buckets.bucket_of(one) for one in known} <= {index}

    def test_a_function_that_gives_several_tables_gives_them_from_buckets(self, tmp_path):
        class Two(NamedTuple):
            sums: pl.LazyFrame
            rows: pl.LazyFrame

        @customer_local
        def two(orders: pl.LazyFrame) -> Two:
            sums = orders.group_by("customer_id").agg(pl.col("amount").sum())
            return Two(sums, orders.select("order_id"))

        orders, _ = example_orders()
        dataset = Dataset.from_frames(orders=orders, currency="RUB")
        whole = two(dataset.orders.collect())
        buckets = dataset.bucket(tmp_path / "buckets", buckets=3)
        together = buckets.run(two)
        stored = buckets.run(two, into=tmp_path / "result")
        for name in Two._fields:
            _assert_same_rows(getattr(whole, name), getattr(together, name))
            _assert_same_rows(getattr(whole, name), getattr(stored, name).collect())


def _in_zone(at: dt.datetime, zone: str) -> dt.datetime:
    return at.astimezone(ZoneInfo(zone))


def _run(function: Callable[..., Any], dataset: Dataset, arguments: dict[str, Any]) -> pl.DataFrame:
    tables = {name: getattr(dataset, name) for name in kind_of(function).tables if name in TABLES}
    return function(**tables, **arguments).collect()


def _assert_same_rows(whole: pl.DataFrame, together: pl.DataFrame) -> None:
    assert together.schema == whole.schema
    columns = whole.columns
    assert together.sort(columns).equals(whole.sort(columns))
