"""Whose arguments are whose, where declared functions are called for others."""

import re

import polars as pl
import pytest

from retention_kit.contracts import Dataset, additive, customer_local, finisher
from retention_kit.contracts.calls import check_arguments, check_call
from retention_kit.contracts.source_rows import rows_asked
from retention_kit.datasets import example_orders
from retention_kit.errors import DefinitionError
from retention_kit.metrics import measure


@additive(keys=())
def sums(orders: pl.LazyFrame, *, as_of: int, time_zone: str) -> pl.LazyFrame:
    shown = pl.lit(time_zone).str.len_bytes().cast(pl.Int64)
    return orders.select(pl.len().cast(pl.Int64).alias("rows") + as_of, shown.alias("zone"))


@finisher(of=sums)
def made(totals: pl.LazyFrame, *, times: int, time_zone: str = "") -> pl.LazyFrame:
    return totals.select(pl.col("rows", "zone") * times, pl.lit(time_zone).alias("zone_here"))


@pytest.fixture(scope="module")
def dataset():
    return Dataset.from_frames(orders=example_orders()[0], currency="RUB", time_zone="UTC")


@pytest.fixture(scope="module")
def buckets(dataset, tmp_path_factory):
    return dataset.bucket(tmp_path_factory.mktemp("shop") / "buckets", buckets=2)


@pytest.mark.parametrize("name", ["into", "processes"])
def test_buckets_refuse_a_function_whose_argument_would_not_reach_it(buckets, name):
    space: dict[str, object] = {}
    exec(f"def swallowed(orders, *, {name}=None): return orders.head({name})", space)
    message = f"swallowed has a parameter '{name}'.*into, processes are taken.*rename it"
    with pytest.raises(DefinitionError, match=message) as caught:
        buckets.run(customer_local(space["swallowed"]))
    assert caught.value.parameter == name


def test_a_function_may_call_a_parameter_of_its_own_function_or_metric(dataset, buckets):
    @additive(keys=())
    def counted(orders: pl.LazyFrame, *, function: int) -> pl.LazyFrame:
        return orders.select(pl.len().cast(pl.Int64).alias("rows") * function)

    @finisher(of=counted)
    def named(totals: pl.LazyFrame, *, metric: str) -> pl.LazyFrame:
        return totals.select(pl.lit(metric).alias("metric"), "rows")

    once = buckets.run(counted, function=1)["rows"].item()
    assert buckets.run(counted, function=3)["rows"].item() == 3 * once
    got = measure(named, dataset, metric="sales", function=2)
    assert got.collect().rows() == [("sales", 2 * once)]


def test_a_metric_may_not_call_a_parameter_data():
    @finisher(of=sums)
    def named(totals: pl.LazyFrame, *, data: str) -> pl.LazyFrame:
        return totals.select(pl.lit(data))

    with pytest.raises(DefinitionError, match="named has a parameter 'data'"):
        measure(named, {}, as_of=1)


def test_what_a_metric_takes_the_sums_by_may_have_any_name(dataset):
    @finisher(of=sums)
    def doubled(data: pl.LazyFrame) -> pl.LazyFrame:
        return data.select(pl.col("rows") * 2)

    (rows,) = measure(doubled, dataset, as_of=0).collect().row(0)
    assert rows == 2 * dataset.orders.collect().height


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"times": 1}, "sums needs the argument 'as_of'. Next step: as_of=…."),
        ({"as_of": 1}, "made needs the argument 'times'. Next step: times=…."),
        (
            {"as_off": 1, "times": 1},
            "made has no argument 'as_off', nor has the function that sums for it. Allowed: "
            "times, time_zone, as_of. Nearest: as_of.",
        ),
        (
            {"as_of": 1, "times": 1, "totals": None},
            "made has no argument 'totals', nor has the function that sums for it. Allowed: "
            "times, time_zone, as_of.",
        ),
    ],
)
def test_arguments_of_two_functions_are_known_and_there(arguments, message):
    with pytest.raises(DefinitionError, match=f"^{re.escape(message)}$"):
        check_arguments(made, sums, arguments, filled=("time_zone",))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "sums needs the argument 'as_of'. Next step: as_of=…."),
        (
            {"as_off": 1},
            "sums has no argument 'as_off'. Allowed: as_of, time_zone. Nearest: as_of.",
        ),
        ({"as_of": 1}, "sums needs the argument 'time_zone'. Next step: time_zone=…."),
    ],
)
def test_arguments_of_one_function_are_known_and_there(arguments, message):
    with pytest.raises(DefinitionError, match=f"^{re.escape(message)}$"):
        check_call(sums, ("orders",), arguments)


def test_both_functions_get_the_zone_of_the_shop(dataset):
    got = measure(made, dataset, as_of=0, times=1).collect()
    assert got.select("zone", "zone_here").rows() == [(len("UTC"), "UTC")]


def test_what_is_no_mapping_of_tables_is_told(dataset):
    with pytest.raises(DefinitionError, match=r"'data' is 'LazyFrame'.*\{\"orders\": orders\}"):
        measure(made, dataset.orders, as_of=1, times=1)


def test_a_source_gives_the_rows_that_are_asked_for_and_reads_no_more():
    taken = []

    def frames():
        for number in range(4):
            taken.append(number)
            yield pl.DataFrame({"n": [10 * number, 10 * number + 1]})

    assert [one.rows() for one in rows_asked(frames(), pl.col("n") % 10 == 1, 2)] == [
        [(1,)],
        [(11,)],
    ]
    assert taken == [0, 1]
    assert pl.concat(rows_asked(frames(), None, None)).height == 8
