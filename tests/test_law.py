"""Every public function on tables keeps the law it declares; the functions find themselves."""

import datetime as dt
import importlib
import inspect
import pkgutil
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import retention_kit
from retention_kit.contracts import Dataset, additive, customer_local, finisher, kind_of, report
from retention_kit.contracts.tables import TABLES
from retention_kit.datasets import example_orders
from retention_kit.errors import DefinitionError
from retention_kit.testing import (
    LawBroken,
    arguments_for,
    datasets,
    prove,
    shops,
    table_functions,
    tables_needed,
)

FOUND = table_functions()
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


def public_functions(room: str) -> list[Callable[..., Any]]:
    package = importlib.import_module(room)
    served = [getattr(package, name) for name in package.__all__]
    return [one for one in served if inspect.isfunction(one)]


def takes_a_table(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(re.search("Frame|Dataset", str(parameter.annotation)) for parameter in parameters)


class TestTheFunctionsOfTheLibrary:
    @each(PROVABLE)
    def test_a_function_keeps_the_law_it_declares(self, function, record_property):
        @given(st.data())
        def keeps_it(data):
            shop = data.draw(shops(tables_needed(function)), "shop")
            arguments = data.draw(arguments_for(function, time_zone=shop.time_zone), "arguments")
            parts, seed = data.draw(st.integers(2, 7), "parts"), data.draw(st.integers(0, 99))
            prove(function, shop.lazy(), parts=parts, arguments=arguments, seed=seed)

        keeps_it()
        record_property("law", described(function))

    @each([one for one in SPLITTABLE if "as_of" in inspect.signature(one).parameters])
    @settings(max_examples=10)
    @given(data=st.data())
    def test_an_instant_of_observation_is_the_same_in_any_zone(self, function, data):
        shop = data.draw(shops(tables_needed(function)))
        arguments = data.draw(arguments_for(function, time_zone=shop.time_zone))
        as_of = arguments.pop("as_of").astimezone(dt.UTC)
        tables = {name: shop.tables[name] for name in kind_of(function).tables}
        here = function(**tables, as_of=_in_zone(as_of, shop.time_zone), **arguments)
        elsewhere = function(**tables, as_of=as_of, **arguments)
        assert here.sort(here.columns).equals(elsewhere.sort(here.columns))

    def test_the_functions_of_the_metrics_are_found(self):
        print("\n".join(described(one) for one in FOUND))  # seen with -s
        names = {name_of(one) for one in FOUND}
        assert names >= {
            "metrics.cohorts.cohort_retention",
            "metrics.cohorts.cohort_totals",
            "metrics.customers.customer_summary",
            "metrics.orders.average_order_value",
            "metrics.orders.order_totals",
            "metrics.orders.purchase_frequency",
            "metrics.repeat_purchases.repeat_purchase_rate",
            "metrics.repeat_purchases.repeat_purchase_totals",
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
        arguments = data.draw(arguments_for(function, time_zone=dataset.time_zone))
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
            sums: Frame
            rows: Frame

        @customer_local
        def two(orders: Frame) -> Two:
            sums = orders.group_by("customer_id").agg(pl.col("amount").sum())
            return Two(sums, orders.select("order_id"))

        dataset = Dataset.from_frames(orders=SHOP["orders"], currency="RUB")
        whole = two(dataset.orders.collect())
        buckets = dataset.bucket(tmp_path / "buckets", buckets=3)
        together = buckets.run(two)
        stored = buckets.run(two, into=tmp_path / "result")
        for name in Two._fields:
            _assert_same_rows(getattr(whole, name), getattr(together, name))
            _assert_same_rows(getattr(whole, name), getattr(stored, name).collect())


class TestTheProver:
    """What breaks the law is caught, so that a green run says something."""

    def test_an_honest_function_is_proven(self):
        @customer_local
        def honest(orders: Frame) -> Frame:
            return orders.select("customer_id", "amount")

        prove(honest, SHOP)

    def test_ranking_over_the_whole_table_is_not_customer_local(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            last = orders.group_by("customer_id").agg(pl.col("amount").sum())
            return last.with_columns(pl.col("amount").rank("min").cast(pl.Int64).alias("rank"))

        caught(cheat, "split by customer into 4", "'rank' in 2")

    def test_a_mean_is_not_additive(self):
        @additive(keys=())
        def cheat(orders: Frame) -> Frame:
            return orders.select(pl.col("amount").cast(pl.Float64).mean().fill_null(0))

        caught(cheat, "sums are exact", "'amount' is Float64")

    def test_a_mean_that_pretends_to_be_a_sum_is_not_additive(self):
        @additive(keys=())
        def cheat(orders: Frame) -> Frame:
            return orders.select(pl.col("amount").mean().fill_null(0).cast(pl.Decimal(38, 4)))

        caught(cheat, "split by customer into 4", "'amount' in 1")

    def test_a_count_of_what_parts_share_is_not_additive(self):
        @additive(keys=())
        def cheat(orders: Frame) -> Frame:
            return orders.select(pl.col("ordered_at").n_unique().cast(pl.Int64))

        caught(cheat, "split by customer into 4", "'ordered_at' in 1")

    def test_collecting_is_caught(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            most = orders.select(pl.col("amount").max()).collect().item()
            return orders.filter(pl.col("amount") <= (most or 0))

        caught(cheat, "nothing is collected", "reads 'orders'")

    def test_collecting_is_caught_where_the_error_is_swallowed(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            try:
                orders.collect()
            except Exception:
                return orders
            return orders

        caught(cheat, "nothing is collected", "reads 'orders'")

    def test_an_eager_table_for_a_lazy_one_is_caught(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            return orders.collect()

        caught(cheat, "lazy in, lazy out", "gave a DataFrame")

    def test_relying_on_the_order_of_rows_is_caught(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            return orders.group_by("customer_id").agg(pl.col("order_id").first())

        caught(cheat, "the order of rows changes nothing (in-memory)", "'order_id' in")

    @pytest.mark.parametrize("declare", [customer_local, additive(keys=("customer_id",))])
    def test_unsigned_counts_are_caught(self, declare):
        @declare
        def cheat(orders: Frame) -> Frame:
            return orders.group_by("customer_id").agg(pl.len().alias("orders"))

        caught(cheat, "counts are signed", "'orders' is UInt32")

    def test_a_row_for_no_rows_is_caught(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            return orders.select(pl.len().cast(pl.Int64))

        caught(cheat, "empty tables give the same schema", "1 rows instead of 0")

    def test_a_null_where_nothing_was_summed_is_caught(self):
        @additive(keys=())
        def cheat(orders: Frame) -> Frame:
            return orders.select(pl.col("amount").max().cast(pl.Decimal(38, 4)))

        caught(cheat, "empty tables give the same schema", "'amount' is not 0")

    def test_a_schema_that_depends_on_the_rows_is_caught(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            return orders.select("customer_id").map_batches(
                lambda frame: frame if frame.height else frame.cast(pl.String),
                validate_output_schema=False,
            )

        caught(cheat, "empty tables give the same schema", "'customer_id' is String")

    def test_a_lie_about_the_schema_is_caught(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            return orders.select("customer_id").map_batches(
                lambda frame: frame.cast(pl.String),
                schema={"customer_id": pl.Int32},
                validate_output_schema=False,
            )

        caught(cheat, "the schema is known beforehand", "'customer_id' is String instead of Int32")

    def test_lazy_out_for_eager_in_is_caught(self):
        def cheat(orders: Frame) -> Frame:
            return orders.lazy().select("customer_id")

        cheat.__retention_kit_kind__ = kind_of(customer_local(cheat))
        caught(cheat, "eager in, eager out", "gave a LazyFrame")

    def test_mixing_eager_and_lazy_is_caught(self):
        @customer_local
        def honest(orders: Frame, events: Frame) -> Frame:
            return orders.select("customer_id")

        def cheat(orders: Frame, events: Frame) -> Frame:
            return orders.select("customer_id")

        cheat.__retention_kit_kind__ = kind_of(honest)
        caught(cheat, "eager in, eager out", "raised no DefinitionError")
        prove(honest, SHOP)

    def test_a_finisher_that_sums_nothing_but_collects_is_caught(self):
        @finisher(of=counted)
        def cheat(totals: Frame) -> Frame:
            return totals.with_columns(share=pl.lit(totals.collect().height))

        caught(cheat, "nothing is collected", "reads 'totals'")

    def test_a_finisher_that_relies_on_the_order_of_cells_is_caught(self):
        @finisher(of=counted)
        def cheat(totals: Frame) -> Frame:
            return totals.with_columns(pl.col("orders").cum_sum())

        caught(cheat, "the order of rows changes nothing (in-memory)", "'orders' in")

    def test_one_of_several_tables_is_named(self):
        class Two(NamedTuple):
            right: Frame
            wrong: Frame

        @customer_local
        def cheat(orders: Frame) -> Two:
            rows = orders.select("customer_id")
            return Two(rows, rows.with_columns(pl.len().cast(pl.Int64).alias("all")))

        caught(cheat, "split by customer into 4", "in 'wrong', of 6 rows, 'all' in")

    def test_columns_named_by_an_argument_are_keys(self):
        @additive(keys=("kind",))
        def split_by(orders: Frame, *, by: tuple[str, ...] = ()) -> Frame:
            return orders.group_by("kind", *by).agg(pl.len().cast(pl.Int64).alias("orders"))

        prove(split_by, SHOP, arguments={"by": ("channel",)})
        prove(split_by, SHOP, arguments={"by": ()})

    def test_tables_without_customers_are_not_split(self):
        @customer_local
        def spread(orders: Frame, costs: Frame) -> Frame:
            spent = costs.select(pl.col("amount").sum().alias("spent"))
            return orders.select("customer_id").join(spent, how="cross")

        costs = pl.LazyFrame({"amount": [1, 2]}, schema={"amount": pl.Decimal(18, 4)})
        prove(spread, {**SHOP, "costs": costs})

    def test_no_message_shows_a_row(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            return orders.group_by("customer_id").agg(pl.col("channel").first())

        with pytest.raises(LawBroken) as caught_one:
            prove(cheat, SHOP)
        assert "secret" not in str(caught_one.value)

    @pytest.mark.parametrize("declare", [report, lambda function: function])
    def test_what_promises_nothing_cannot_be_proven(self, declare):
        @declare
        def anything(orders: Frame) -> Frame:
            return orders

        with pytest.raises(DefinitionError, match="declare it"):
            prove(anything, SHOP)

    def test_a_table_that_is_missing_is_named(self):
        @customer_local
        def visits(events: Frame) -> Frame:
            return events

        with pytest.raises(DefinitionError, match="'events'"):
            prove(visits, {"orders": SHOP["orders"]})


class TestTheArguments:
    def test_literals_take_each_of_their_values_and_defaults_may_stay(self):
        @customer_local
        def sample(
            orders: Frame,
            *,
            unit: Literal["order", "day"] = "order",
            every: Literal["1d"] | None,
            net: bool,
            window: str = "90d",
        ) -> Frame:
            return orders

        drawn = []

        @settings(max_examples=60, derandomize=True, database=None)
        @given(arguments_for(sample))
        def draw(arguments):
            drawn.append(arguments)

        draw()
        assert {one.get("unit") for one in drawn} == {"order", "day", None}
        assert {one["every"] for one in drawn} == {"1d", None}
        assert {one["net"] for one in drawn} == {True, False}
        assert not any("window" in one for one in drawn)

    def test_a_parameter_that_says_too_little_is_named(self):
        @customer_local
        def sample(orders: Frame, *, window: str) -> Frame:
            return orders

        with pytest.raises(DefinitionError, match="'window'") as caught_one:
            arguments_for(sample)
        assert caught_one.value.parameter == "window"
        known = {"window": st.just("90d")}

        @given(arguments_for(sample, known=known))
        def draw(arguments):
            assert arguments == {"window": "90d"}

        draw()


Frame = pl.LazyFrame


def _shop() -> dict[str, pl.LazyFrame]:
    orders, _ = example_orders()
    again = orders.with_columns(pl.col("order_id") + 4, pl.col("customer_id") + 2)
    events = pl.LazyFrame({"customer_id": [1, 2]})
    table = pl.concat([orders, again]).filter(pl.col("order_id") != 8, pl.col("order_id") != 7)
    return {
        "orders": table.with_columns(
            channel=pl.format("secret {}", "order_id"),
            ordered_at=pl.col("ordered_at").dt.truncate("1mo"),
        ),
        "events": events,
    }


SHOP = _shop()


@additive(keys=("kind", "customer_id"))
def counted(orders: Frame) -> Frame:
    return orders.group_by("kind", "customer_id").agg(pl.len().cast(pl.Int64).alias("orders"))


def caught(cheat: Callable[..., Any], law: str, finding: str) -> None:
    with pytest.raises(LawBroken) as one:
        prove(cheat, SHOP, parts=4, seed=1)
    assert one.value.law == law
    assert finding in one.value.finding
    assert one.value.function == cheat.__name__


def _in_zone(at: dt.datetime, zone: str) -> dt.datetime:
    from zoneinfo import ZoneInfo

    return at.astimezone(ZoneInfo(zone))


def _run(function: Callable[..., Any], dataset: Dataset, arguments: dict[str, Any]) -> pl.DataFrame:
    tables = {name: getattr(dataset, name) for name in kind_of(function).tables}
    return function(**tables, **arguments).collect()


def _assert_same_rows(whole: pl.DataFrame, together: pl.DataFrame) -> None:
    assert together.schema == whole.schema
    columns = whole.columns
    assert together.sort(columns).equals(whole.sort(columns))
