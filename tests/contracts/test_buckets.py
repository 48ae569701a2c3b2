"""Buckets on disk: where each customer is, and functions that run over them."""

import datetime as dt
import importlib
import json
import os
import pickle
from typing import NamedTuple

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from retention_kit.contracts import (
    TABLES,
    Buckets,
    Bundle,
    Dataset,
    additive,
    bucket_running,
    customer_local,
    finisher,
)
from retention_kit.contracts.combining import combine
from retention_kit.contracts.schemas import SUM
from retention_kit.datasets import example_orders
from retention_kit.errors import DefinitionError, FileFormatError, MissingColumnError
from retention_kit.hashing import stable_hash
from retention_kit.metrics import customer_summary, order_totals

MOMENT = dt.datetime(2024, 1, 2, 10)


def shop_of(ids, reviews=()):
    rows = [
        {
            "order_id": n,
            "customer_id": ids[(n * 7) % len(ids)],
            "ordered_at": MOMENT + dt.timedelta(hours=n),
            "amount": n + 0.25,
            "channel": ["web", "shop", None][n % 3],
        }
        for n in range(3 * len(ids))
    ]
    return Dataset.from_frames(
        [*rows, {**rows[0], "order_id": -1, "customer_id": None}],
        order_items=[
            {"order_id": n, "product_id": n % 5, "quantity": 1, "amount": n + 0.25}
            for n in range(len(rows))
        ],
        customers=[{"customer_id": one} for one in ids],
        costs=[{"month": MOMENT, "amount": 100}],
        reviews=reviews,
        time_zone="Europe/London",
        currency="GBP",
    )


@pytest.fixture(scope="module", params=["numbers", "text"])
def shop(request):
    ids = [f"c-{n}é" for n in range(40)] if request.param == "text" else list(range(-20, 20))
    authors = [ids[0], None, ids[1]]
    return shop_of(
        ids,
        [
            {"review_id": n, "published_at": MOMENT, "text": "x", "customer_id": author}
            for n, author in enumerate(authors)
        ],
    )


@pytest.fixture(scope="module")
def buckets(shop, tmp_path_factory):
    return shop.bucket(tmp_path_factory.mktemp("buckets") / "shop", buckets=8)


class Spent(NamedTuple):
    """Two tables of one function."""

    most: pl.LazyFrame
    all: pl.LazyFrame


@customer_local
def spent(orders, *, least=0):
    totals = orders.group_by("customer_id").agg(pl.col("amount").sum().cast(SUM))
    return totals.filter(pl.col("amount") >= least)


@customer_local
def spent_twice(orders, customers):
    everyone = customers.select("customer_id")
    return Spent(
        orders.group_by("customer_id").agg(pl.col("amount").max()),
        everyone.join(orders, on="customer_id").select("customer_id", "amount"),
    )


@additive(keys=("channel",))
def by_channel(orders):
    return orders.group_by("channel").agg(
        pl.len().cast(pl.Int64).alias("orders"), pl.col("amount").sum().cast(SUM)
    )


@additive(keys=())
def count_by(orders, *, by=()):
    keys = [by] if isinstance(by, str) else list(by)
    counts = pl.len().cast(pl.Int64).alias("orders")
    return orders.group_by(keys).agg(counts) if keys else orders.select(counts)


@finisher(of=by_channel)
def mean_by_channel(totals):
    return totals


def undeclared(orders):
    return orders


@customer_local
def scored(orders, scores: pl.LazyFrame):
    return scores.join(orders.select("customer_id").unique(), on="customer_id", how="left")


@customer_local
def failing(orders):
    raise DefinitionError("No such thing.", parameter="thing")


class UnsendableError(Exception):
    """An error that holds what cannot be sent."""

    def __init__(self) -> None:
        super().__init__("odd")
        self.held = lambda: None


def test_every_row_is_in_the_bucket_of_its_customer_and_nowhere_else(shop, buckets):
    assert len(buckets) == 8
    parts = list(buckets)
    assert len(parts) == 8
    for table in ("orders", "order_items", "customers"):
        for index, part in enumerate(parts):
            for customer in getattr(part, table).collect()["customer_id"].unique():
                assert buckets.bucket_of(customer) == index
        together = pl.concat([getattr(part, table).collect() for part in parts])
        assert_frame_equal(together, getattr(shop, table).collect(), check_row_order=False)


def test_the_bucket_of_a_customer_is_the_published_hash(buckets):
    for customer in (1, "1", "c-1é", -7):
        expected = stable_hash(customer, salt="retention_kit.bucket") % 8
        assert buckets.bucket_of(customer) == expected
    assert {buckets.bucket_of(n) for n in range(100)} == set(range(8))


def test_reviews_of_nobody_are_kept(shop, buckets):
    together = pl.concat([part.reviews.collect() for part in buckets])
    assert_frame_equal(together, shop.reviews.collect(), check_row_order=False)
    assert together["customer_id"].null_count() == 1


def test_inside_a_bucket_rows_are_sorted_by_customer_and_said_to_be(buckets):
    for part in buckets:
        for table in ("orders", "order_items", "customers", "reviews"):
            customers = getattr(part, table).collect()["customer_id"]
            assert customers.is_sorted()
    plan = buckets[0].orders.group_by("customer_id").agg(pl.len()).explain()
    assert "SORTED" in plan.upper()


def test_inside_a_bucket_a_customers_rows_are_in_turn_and_no_sort_is_done_again(buckets):
    for part in buckets:
        rows = part.orders.select("customer_id", "ordered_at").collect()
        assert rows.equals(rows.sort("customer_id", "ordered_at"))
    sales = buckets[0].orders.filter(pl.col("kind") == "sale").sort("customer_id", "ordered_at")
    assert "SORT BY" not in sales.explain(engine="streaming")
    assert "SORT BY" in sales.sort("amount").explain(engine="streaming")


def test_the_farthest_customers_are_in_turn_before_1970_too(tmp_path):
    ids, long_ago = (-(2**63), -1, 2**63 - 1), MOMENT.replace(year=1931)
    rows = [
        {"order_id": n, "customer_id": who, "ordered_at": at, "amount": 1}
        for n, (at, who) in enumerate((at, who) for at in (MOMENT, long_ago) for who in ids)
    ]
    shop = Dataset.from_frames(pl.DataFrame(rows), time_zone="UTC", currency="EUR")
    (part,) = shop.bucket(tmp_path / "x", buckets=1)
    found = part.orders.select("customer_id", pl.col("ordered_at").dt.year()).collect()
    assert found.rows() == [(who, year) for who in ids for year in (1931, MOMENT.year)]


def test_buckets_of_an_early_version_are_not_said_to_be_in_turn(shop, tmp_path):
    folder = shop.bucket(tmp_path / "x", buckets=1).folder
    about = json.loads((folder / "buckets.json").read_text())
    del about["in_turn"]
    (folder / "buckets.json").write_text(json.dumps(about))
    sales = Buckets.open(folder)[0].orders.sort("customer_id", "ordered_at")
    assert "SORT BY" in sales.explain(engine="streaming")


def test_a_bucket_is_a_dataset_with_the_tables_without_customers_whole(shop, buckets):
    part = buckets[3]
    assert isinstance(part, Bundle)
    assert part.given == shop.given
    assert (part.time_zone, part.currency) == ("Europe/London", "GBP")
    assert_frame_equal(part.costs.collect(), shop.costs.collect())
    for table in TABLES:
        assert getattr(part, table).collect_schema() == getattr(shop, table).collect_schema()
    assert part.events.collect().height == 0
    assert part.guest_orders.collect().height == part.guest_order_items.collect().height == 0


@pytest.mark.parametrize("index", [8, -1])
def test_there_is_no_bucket_beyond_the_last(buckets, index):
    with pytest.raises(IndexError, match=f"bucket {index} of 8"):
        buckets[index]


def test_buckets_are_found_again(buckets):
    again = Buckets.open(str(buckets.folder))
    assert again == buckets
    assert again.given == buckets.given


def test_a_customer_local_function_runs_bucket_by_bucket(shop, buckets):
    whole = spent(shop.orders).collect()
    assert_frame_equal(buckets.run(spent), whole, check_row_order=False)
    some = spent(shop.orders, least=200).collect()
    assert 0 < some.height < whole.height
    assert_frame_equal(buckets.run(spent, least=200), some, check_row_order=False)


def test_a_customer_local_function_may_write_its_answer_to_a_folder(shop, buckets, tmp_path):
    answer = buckets.run(spent, into=tmp_path / "spent")
    assert isinstance(answer, pl.LazyFrame)
    assert len(list((tmp_path / "spent").glob("*.parquet"))) == 8
    assert_frame_equal(answer.collect(), spent(shop.orders).collect(), check_row_order=False)


@pytest.mark.parametrize("to_disk", [False, True])
def test_a_function_that_gives_several_tables_gives_them_here_too(shop, buckets, tmp_path, to_disk):
    answer = buckets.run(spent_twice, into=tmp_path / "out" if to_disk else None)
    whole = spent_twice(shop.orders, shop.customers)
    assert isinstance(answer, Spent)
    for got, wanted in zip(answer, whole, strict=True):
        assert isinstance(got, pl.LazyFrame) == to_disk
        assert_frame_equal(got.lazy().collect(), wanted.collect(), check_row_order=False)


def test_an_additive_function_is_summed_by_its_keys(shop, buckets):
    whole = by_channel(shop.orders).collect()
    assert whole.height == 3
    answer = buckets.run(by_channel)
    assert_frame_equal(answer, whole, check_row_order=False)
    assert answer.schema == whole.schema


@pytest.mark.parametrize("by", [(), "channel", ("channel", "kind")])
def test_columns_named_by_the_caller_are_keys_too(shop, buckets, by):
    assert_frame_equal(
        buckets.run(count_by, by=by), count_by(shop.orders, by=by).collect(), check_row_order=False
    )


@pytest.mark.parametrize(
    ("function", "said"), [(mean_by_channel, "finisher"), (undeclared, "undeclared")]
)
def test_other_functions_are_refused(buckets, function, said):
    with pytest.raises(DefinitionError) as caught:
        buckets.run(function)
    assert str(caught.value) == (
        f"{function.__name__} is {said}. Allowed: customer_local or additive functions. Next "
        "step: run the additive function, and the finisher on its result."
    )


def test_sums_are_not_written_to_a_folder(buckets, tmp_path):
    with pytest.raises(DefinitionError) as caught:
        buckets.run(by_channel, into=tmp_path / "out")
    assert "Allowed: None, for an additive function." in str(caught.value)
    assert caught.value.parameter == "into"


@pytest.mark.parametrize("parameter", ["folder", "into"])
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_place_that_is_taken_is_not_written_to(shop, buckets, tmp_path, parameter, kind):
    taken = tmp_path / "taken"
    if kind == "folder":
        taken.mkdir()
        (taken / "mine.txt").write_text("x")
    else:
        taken.write_text("x")
    write = shop.bucket if parameter == "folder" else lambda into: buckets.run(spent, into=into)
    with pytest.raises(DefinitionError) as caught:
        write(taken)
    assert str(caught.value) == (
        f"Parameter {parameter!r} is {str(taken)!r}. Allowed: a folder that is empty or not "
        "there. Next step: name another one, or empty it."
    )
    assert caught.value.parameter == parameter
    assert kind == "file" or [file.name for file in taken.iterdir()] == ["mine.txt"]


def test_a_folder_that_is_there_and_empty_will_do(shop, tmp_path):
    assert shop.bucket(tmp_path, buckets=2).folder == tmp_path


@pytest.mark.parametrize("count", [0, -1, 2.5, "8", None])
def test_a_number_of_buckets_is_a_whole_number_of_at_least_one(shop, tmp_path, count):
    with pytest.raises(DefinitionError) as caught:
        shop.bucket(tmp_path / "x", buckets=count)
    assert str(caught.value) == (
        f"Parameter 'buckets' is {count!r}. Allowed: a whole number of at least 1."
    )
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("count", [1, 60])
def test_one_bucket_and_more_buckets_than_customers_serve_as_well(shop, tmp_path, count):
    buckets = shop.bucket(tmp_path / "x", buckets=count)
    assert len(buckets) == count
    assert_frame_equal(buckets.run(spent), spent(shop.orders).collect(), check_row_order=False)
    assert_frame_equal(
        buckets.run(by_channel), by_channel(shop.orders).collect(), check_row_order=False
    )


def test_a_shop_without_orders_has_buckets(tmp_path):
    empty = Dataset.from_frames([], time_zone="UTC", currency="GBP")
    buckets = empty.bucket(tmp_path / "x", buckets=2)
    assert buckets.run(spent).height == 0
    assert buckets.run(spent).schema == spent(empty.orders).collect_schema()
    assert buckets.run(count_by).rows() == [(0,)]


def test_nothing_but_the_tables_is_left_in_the_folder(shop, tmp_path):
    shop.bucket(tmp_path / "x", buckets=2)
    left = sorted(path.relative_to(tmp_path / "x").as_posix() for path in tmp_path.rglob("*"))
    tables = ["customers", "order_items", "orders", "reviews"]
    whole = ["consents", "costs", "events", "guest_order_items", "guest_orders"]
    assert left == sorted(
        [
            ".",
            "buckets.json",
            *tables,
            *(f"{table}/{part:05d}.parquet" for table in tables for part in range(2)),
            "whole",
            *(f"whole/{table}.parquet" for table in whole),
        ]
    )


@pytest.mark.parametrize("content", [None, "no json", "[]", "{}", "3"])
def test_a_folder_without_buckets_is_told_how_to_have_them(tmp_path, content):
    if content is not None:
        (tmp_path / "buckets.json").write_text(content)
    with pytest.raises(FileFormatError) as caught:
        Buckets.open(tmp_path)
    assert str(caught.value) == (
        f"Cannot read {str(tmp_path)!r}: it holds no buckets. Next step: write them: "
        "dataset.bucket(folder)."
    )


def test_buckets_of_a_newer_format_are_not_misread(shop, tmp_path):
    folder = shop.bucket(tmp_path / "x", buckets=1).folder
    about = json.loads((folder / "buckets.json").read_text())
    (folder / "buckets.json").write_text(json.dumps({**about, "format": 2}))
    with pytest.raises(FileFormatError) as caught:
        Buckets.open(folder)
    assert caught.value.reason == "its buckets are of format 2, not 1."
    assert caught.value.path == str(folder)
    assert "write them again with this version." in str(caught.value)


def test_guests_orders_are_in_the_first_bucket_alone(tmp_path):
    shop = Dataset.from_frames(
        orders=[
            {"order_id": 1, "customer_id": 7, "ordered_at": dt.date(2025, 1, 1), "amount": 10},
            {"order_id": 2, "customer_id": None, "ordered_at": dt.date(2025, 1, 2), "amount": 20},
        ],
        time_zone="Europe/Moscow",
        currency="RUB",
    )
    parts = shop.bucket(tmp_path / "parts", buckets=3)
    assert [part.guest_orders.collect()["order_id"].to_list() for part in parts] == [[2], [], []]


def test_a_further_table_of_customers_is_split_as_the_buckets_are(shop, buckets):
    scores = shop.customers.select("customer_id", pl.lit(1).alias("score"))
    wanted = scores.collect()
    for given in (scores, wanted):
        assert_frame_equal(buckets.run(scored, scores=given), wanted, check_row_order=False)


def test_sums_are_added_up_as_they_come(shop, tmp_path, monkeypatch):
    most = []

    def watched(answers, *rest):
        most.append(len(answers))
        return combine(answers, *rest)

    @additive(keys=("order_id",))
    def by_order(orders):
        return orders.group_by("order_id").agg(pl.len().cast(pl.Int64).alias("orders"))

    monkeypatch.setattr(bucket_running, "combine", watched)
    monkeypatch.setattr(bucket_running, "_FEW_ROWS", 8)
    buckets = shop.bucket(tmp_path / "x", buckets=60)
    assert_frame_equal(
        buckets.run(by_order), by_order(shop.orders).collect(), check_row_order=False
    )
    assert len(most) > 2
    assert max(most) < 30


@pytest.fixture(scope="module")
def of_two(tmp_path_factory):
    orders, as_of = example_orders()
    dataset = Dataset.from_frames(orders=orders, currency="RUB")
    buckets = dataset.bucket(tmp_path_factory.mktemp("processes") / "shop", buckets=3)
    return dataset, buckets, {"as_of": as_of, "processes": 2}


class TestProcesses:
    """Functions of the library: a process finds a function again by its name."""

    def test_sums_are_the_same(self, of_two):
        dataset, buckets, options = of_two
        whole = order_totals(dataset.orders, as_of=options["as_of"]).collect()
        assert_frame_equal(buckets.run(order_totals, **options), whole)

    @pytest.mark.parametrize("to_disk", [False, True])
    def test_rows_are_the_same_in_memory_and_in_a_folder(self, of_two, tmp_path, to_disk):
        dataset, buckets, options = of_two
        into = tmp_path / "out" if to_disk else None
        answer = buckets.run(customer_summary, into=into, **options)
        whole = customer_summary(dataset.orders, as_of=options["as_of"]).collect()
        assert isinstance(answer, pl.LazyFrame) == to_disk
        assert_frame_equal(answer.lazy().collect(), whole, check_row_order=False)

    def test_an_error_of_a_process_is_raised_with_its_bucket(self, of_two):
        _, buckets, options = of_two
        with pytest.raises(DefinitionError) as caught:
            buckets.run(customer_summary, **{**options, "as_of": dt.datetime(2024, 1, 1)})
        assert caught.value.parameter == "as_of"
        assert caught.value.__notes__[0].endswith("of 3.")

    def test_a_function_that_has_no_place_cannot_be_sent(self, of_two):
        _, buckets, _ = of_two
        with pytest.raises(DefinitionError) as caught:
            buckets.run(customer_local(lambda orders: orders), processes=2)
        assert "Next step: move the function into a module" in str(caught.value)
        assert caught.value.parameter == "processes"

    def test_they_share_the_threads(self, of_two, tmp_path, monkeypatch):
        _, buckets, _ = of_two
        (tmp_path / "asking_for_threads.py").write_text(THREADS_HERE, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        function = importlib.import_module("asking_for_threads").threads_here
        monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)
        shared = buckets.run(function, processes=2)
        assert shared["threads"].to_list() == [max(1, pl.thread_pool_size() // 2)]
        assert "POLARS_MAX_THREADS" not in os.environ
        monkeypatch.setenv("POLARS_MAX_THREADS", "3")
        assert buckets.run(function, processes=2)["threads"].to_list() == [3]


THREADS_HERE = """
import polars as pl
from retention_kit.contracts import additive

@additive(keys=("threads",))
def threads_here(orders):
    here = pl.lit(pl.thread_pool_size()).cast(pl.Int64).alias("threads")
    return orders.group_by(here).agg(pl.len().cast(pl.Int64).alias("orders"))
"""


def test_an_error_says_in_which_bucket_it_came_up(buckets):
    with pytest.raises(DefinitionError) as caught:
        buckets.run(failing)
    assert caught.value.__notes__ == ["It came up in bucket 0 of 8."]


def test_an_error_is_sent_whole_or_in_words():
    missing = MissingColumnError("orders", "amount", ["sum"])
    missing.add_note("It came up in bucket 1 of 2.")
    again = pickle.loads(pickle.dumps(bucket_running._Failure.of(missing))).again()
    assert type(again) is MissingColumnError
    assert (str(again), again.available, again.__notes__) == (
        str(missing),
        ("sum",),
        missing.__notes__,
    )
    told = pickle.loads(pickle.dumps(bucket_running._Failure.of(UnsendableError()))).again()
    assert (type(told), str(told)) == (RuntimeError, "UnsendableError: odd")
    with pytest.raises(UnicodeDecodeError) as caught:
        b"\xff".decode()
    told = pickle.loads(pickle.dumps(bucket_running._Failure.of(caught.value))).again()
    assert str(caught.value) in str(told)


@pytest.mark.parametrize("processes", [0, -1, 1.5, True, None])
def test_a_number_of_processes_is_a_whole_number_of_at_least_one(buckets, processes):
    with pytest.raises(DefinitionError) as caught:
        buckets.run(spent, processes=processes)
    assert str(caught.value) == (
        f"Parameter 'processes' is {processes!r}. Allowed: a whole number of at least 1."
    )
