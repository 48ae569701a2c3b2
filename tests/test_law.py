"""Every public function on tables keeps the law it declares; the functions find themselves."""

import datetime as dt
import importlib
import inspect
import io
import pkgutil
import random
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from polars.io.plugins import register_io_source

import retention_kit
from retention_kit.contracts import Dataset, customer_local, kind_of, updated
from retention_kit.contracts.tables import TABLES
from retention_kit.datasets import example_orders
from retention_kit.testing import (
    arguments_for,
    datasets,
    foreign_steps,
    instants,
    known_arguments,
    prove,
    shops,
    table_functions,
    tables_needed,
)
from retention_kit.testing._instants import first_to_see

FOUND = table_functions()
PYTHON = {
    **dict.fromkeys(
        (
            "conditional_expectations",
            "cumulative_tracking",
            "normalised_contacts",
            "predicted_values",
            "repeat_frequency",
        ),
        "a Python function",
    ),
    **dict.fromkeys(
        (
            "ledger_entries",
            "loyalty_balances",
            "loyalty_lots",
            "loyalty_tiers",
            "refused_events",
        ),
        "a step in Python",
    ),
    "product_pairs": "a source in Python",
}
"""The functions in whose plans Python has a part, as the page on engines says, and which part."""
AGE_RARELY = ("ledger_entries", "loyalty_lots", "loyalty_tiers")
"""Those that age, and seldom in a drawn shop: points and tiers lapse long after."""
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


def described(function: Callable[..., Any]) -> str:
    kind = kind_of(function)
    keys = f" by {', '.join(kind.keys)}" if kind.keys else ""
    of = f" of {kind.of.__name__}" if kind.of else ""
    return f"{name_of(function)} ({kind.name}{keys}{of})"


def each(functions: list[Callable[..., Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("function", functions, ids=name_of)


def tables_of(
    function: Callable[..., Any], tables: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    return {name: tables[name] for name in kind_of(function).tables if name in TABLES}


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
                arguments_for(function, time_zone=shop.time_zone, known=known_arguments(function)),
                "arguments",
            )
            parts, seed = data.draw(st.integers(2, 7), "parts"), data.draw(st.integers(0, 99))
            prove(function, shop.lazy(), parts=parts, arguments=arguments, seed=seed)

        most = FEWER.get(function.__name__, settings.default.max_examples)
        settings(max_examples=most)(keeps_it)()
        record_property("law", described(function))

    @each([one for one in SPLITTABLE if "as_of" in inspect.signature(one).parameters])
    @settings(max_examples=min(settings.default.max_examples, 10))
    @given(data=st.data())
    def test_an_instant_of_observation_is_the_same_in_any_zone(self, function, data):
        shop = data.draw(shops(tables_needed(function)))
        arguments = data.draw(
            arguments_for(function, time_zone=shop.time_zone, known=known_arguments(function))
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


@pytest.mark.once
class TestTime:
    @each([one for one in SPLITTABLE if kind_of(one).ages and one.__name__ not in AGE_RARELY])
    def test_what_is_declared_to_age_does(self, function):
        def ages(drawn):
            shop, arguments, later = drawn
            tables = tables_of(function, shop.tables)
            now = function(**tables, **arguments)
            then = function(**tables, **{**arguments, "as_of": later})
            return not _same_rows(now, then)

        quick = settings(max_examples=300, database=None, derandomize=True, phases=[Phase.generate])
        find(_shops_later(function), ages, settings=quick)


@pytest.mark.once
class TestUpdates:
    @each(SPLITTABLE)
    @settings(max_examples=6 if settings.default.max_examples <= 100 else 200)
    @given(data=st.data())
    def test_an_update_gives_what_a_full_recomputation_gives(self, function, data):
        shop = data.draw(shops(tables_needed(function)), "shop")
        now = data.draw(
            arguments_for(function, time_zone=shop.time_zone, known=known_arguments(function)),
            "arguments",
        )
        then = dict(now)
        if "as_of" in now and not kind_of(function).ages:
            since = now.get("since")
            at = data.draw(instants(time_zone=shop.time_zone), "old as_of")
            if since is None or since.timestamp() < at.timestamp():
                then["as_of"] = at
        new = tables_of(function, shop.tables)
        old = _as_they_were(new, data.draw(st.integers(0, 2**16), "what happened since"))
        if data.draw(st.booleans(), "undone"):
            old, new = new, old
        update = updated(
            function,
            function(**old, **then),
            old={name: frame.lazy() for name, frame in old.items()},
            new={name: frame.lazy() for name, frame in new.items()},
            old_as_of=then.get("as_of"),
            **now,
        )
        _assert_same_rows(function(**new, **now), update.collect())


@pytest.mark.once
class TestPlans:
    @each(PROVABLE)
    @settings(max_examples=2)
    @given(data=st.data())
    def test_a_plan_serializes_and_holds_nothing_foreign(self, function, data):
        shop = data.draw(shops(tables_needed(function)))
        arguments = data.draw(
            arguments_for(function, time_zone=shop.time_zone, known=known_arguments(function))
        )
        plan = _plan(function, shop.lazy(), arguments)
        # Some need a step in Python for some arguments alone.
        allowed = {PYTHON[function.__name__]} if function.__name__ in PYTHON else set()
        assert set(foreign_steps(plan)) <= allowed
        again = pl.LazyFrame.deserialize(io.BytesIO(plan.serialize()))
        _assert_same_rows(plan.collect(), again.collect())

    def test_what_is_not_of_polars_is_seen_in_a_plan(self):
        import dataframely as dy

        class Positive(dy.Schema):
            amount = dy.Int64(min=1)

        frame = pl.LazyFrame({"amount": [1, 2]})
        doubled = pl.col("amount").map_batches(lambda column: column * 2)
        filtered, _ = Positive.filter(frame)
        source = register_io_source(lambda *_: iter(()), schema={"amount": pl.Int64})
        assert foreign_steps(frame.select(doubled)) == ("a Python function",)
        assert foreign_steps(frame.map_batches(lambda rows: rows)) == ("a step in Python",)
        assert foreign_steps(source.select("amount")) == ("a source in Python",)
        assert foreign_steps(filtered.lazy()) == ("a compiled plugin",)
        assert foreign_steps(frame.filter(pl.col("amount") > 0)) == ()


@pytest.fixture(scope="module")
def shops_in_buckets(tmp_path_factory):
    """Draw hard shops, and put each into buckets once for all functions.

    They are always the same, so that what fails here fails again: an almost empty one, and those
    of many that have most rows.
    """
    count = 5 if settings.default.max_examples <= 100 else 50
    found = _drawn(datasets(), 3 * count)
    fullest = sorted(found[1:], key=_rows_of)[-count:]
    folder = tmp_path_factory.mktemp("buckets")
    return [
        (one, one.bucket(folder / str(number), buckets=1 + number % 5))
        for number, one in enumerate([found[0], *fullest])
    ]


class TestBuckets:
    @each(SPLITTABLE)
    @settings(max_examples=4 if settings.default.max_examples <= 100 else 50)
    @given(data=st.data())
    def test_bucket_by_bucket_gives_what_the_whole_gives(self, function, shops_in_buckets, data):
        dataset, buckets = data.draw(st.sampled_from(shops_in_buckets[::-1]), "shop")
        arguments = data.draw(
            arguments_for(function, time_zone=dataset.time_zone, known=known_arguments(function)),
            "arguments",
        )
        whole = _run(function, dataset, arguments)
        _assert_same_rows(whole, buckets.run(function, **arguments))
        if kind_of(function).name == "customer_local":
            with tempfile.TemporaryDirectory() as folder:
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


def _drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """Draw some values, always the same."""
    found: list[Any] = []

    @settings(max_examples=count, derandomize=True, database=None, phases=[Phase.generate])
    @given(strategy)
    def draw(value: Any) -> None:
        found.append(value)

    draw()
    return found


def _rows_of(dataset: Dataset) -> int:
    return sum(frame.collect().height for frame in dataset.tables().values())


def _in_zone(at: dt.datetime, zone: str) -> dt.datetime:
    return at.astimezone(ZoneInfo(zone))


def _run(function: Callable[..., Any], dataset: Dataset, arguments: dict[str, Any]) -> pl.DataFrame:
    tables = {name: getattr(dataset, name) for name in kind_of(function).tables if name in TABLES}
    return function(**tables, **arguments).collect()


def _plan(
    function: Callable[..., Any], tables: Mapping[str, pl.LazyFrame], arguments: dict[str, Any]
) -> pl.LazyFrame:
    """Call a function, and those before it, on lazy tables."""
    kind = kind_of(function)
    given = {name: tables[name] for name in kind.tables if name in TABLES}
    own = {
        n: value for n, value in arguments.items() if n in inspect.signature(function).parameters
    }
    if kind.of is None:
        return function(**given, **own)
    return function(_plan(kind.of, tables, arguments).collect().lazy(), **given, **own)


@st.composite
def _shops_later(draw, function: Callable[..., Any]) -> tuple[Any, dict[str, Any], dt.datetime]:
    """Draw a shop, arguments whose `as_of` follows its last row, and a later instant."""
    shop = draw(shops(tables_needed(function)))
    arguments = draw(
        arguments_for(function, time_zone=shop.time_zone, known=known_arguments(function))
    )
    zone = ZoneInfo(shop.time_zone)
    far = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    as_of = first_to_see(tables_of(function, shop.tables).values(), far)
    if "since" in arguments and arguments["since"].timestamp() >= as_of.timestamp():
        arguments["since"] = as_of - dt.timedelta(days=1)
    later = as_of + dt.timedelta(days=draw(st.sampled_from((1, 40, 400))))
    return shop, {**arguments, "as_of": as_of.astimezone(zone)}, later.astimezone(zone)


def _as_they_were(new: Mapping[str, pl.DataFrame], seed: int) -> dict[str, pl.DataFrame]:
    """Take rows away, as if they came since, and let others have another status and amount."""
    chance = random.Random(seed)
    old = {}
    for name, frame in new.items():
        share = chance.choice((0, 0.3))
        old[name] = _chosen(frame, chance, 1 - share)
        if name == "orders":
            other = _chosen(frame, chance, 0.2)["order_id"]
            is_other = pl.col("order_id").is_in(other.implode())
            old[name] = old[name].with_columns(
                pl.when(is_other).then(pl.lit("cancelled")).otherwise("status").alias("status"),
                pl.when(~is_other).then("amount").fill_null(0).cast(frame.schema["amount"]),
            )
    return old


def _chosen(frame: pl.DataFrame, chance: random.Random, share: float) -> pl.DataFrame:
    chosen = [chance.random() < share for _ in range(frame.height)]
    return frame.filter(pl.Series(chosen, dtype=pl.Boolean))


def _same_rows(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return one.sort(one.columns).equals(other.sort(one.columns))


def _assert_same_rows(whole: pl.DataFrame, together: pl.DataFrame) -> None:
    assert together.schema == whole.schema
    columns = whole.columns
    assert together.sort(columns).equals(whole.sort(columns))
