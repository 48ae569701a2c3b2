"""Every function of the library gives on Spark the same table as on one machine."""

import datetime as dt
import itertools
import os
from decimal import Decimal
from types import SimpleNamespace

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from retention_kit import spark
from retention_kit.contracts import kind_of
from retention_kit.datasets import make_dataset
from retention_kit.kmeans import customer_clusters, customer_features, fit_customer_clusters
from retention_kit.metrics import (
    acquisition_costs,
    measure,
    order_totals,
    purchase_gaps,
    retention_rates,
)
from retention_kit.rfm import rfm_table
from retention_kit.smart_segments import Segment, score, segment_members
from retention_kit.testing import (
    arguments_for,
    known_arguments,
    shops,
    table_functions,
    tables_needed,
)
from retention_kit.testing._compare import difference

pytestmark = [
    pytest.mark.spark,
    pytest.mark.once,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
]
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
ZONE = "America/Sao_Paulo"
AS_OF = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LATE = (AS_OF, dt.datetime(2040, 1, 1, tzinfo=dt.UTC))
PROVABLE = [one for one in table_functions() if kind_of(one).name in ("customer_local", "additive")]
MEASURED = [one for one in table_functions() if kind_of(one).name == "finisher"]
SEVERAL = [one for one in PROVABLE if len(tables_needed(one)) > 1]
# By day, some: a task on a bucket differs from one on rows in where the tables come from alone.
OVER_BUCKETS = PROVABLE if NIGHTLY else [*SEVERAL[::2], order_totals, purchase_gaps]


def each(functions):
    return pytest.mark.parametrize("function", functions, ids=lambda one: one.__name__)


def drawn(strategy, count):
    """Draw a few values, always the same."""
    found = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(value):
        found.append(value)

    draw()
    return found


def fullest_shop(text):
    """Draw a shop of many rows, all of whose ids are text, or whole numbers."""
    wanted = pl.String if text else pl.Int64
    found = [
        shop
        for shop in drawn(shops(time_zone=ZONE, max_rows=25), 12)
        if shop.tables["orders"]["customer_id"].dtype == wanted
    ]
    return max(found, key=lambda shop: sum(frame.height for frame in shop.tables.values()))


@pytest.fixture(scope="module")
def hard_shops(session):
    """Draw two hard shops, whose ids are of different types, and hand their tables to Spark."""
    made = []
    for text in (False, True):
        shop = fullest_shop(text)
        tables = {
            name: spark.from_polars(frame, session=session) for name, frame in shop.tables.items()
        }
        made.append((shop, tables))
    return made


@pytest.fixture(scope="module")
def dataset():
    return make_dataset(customers=120, seed=3)


@pytest.fixture(scope="module")
def full_shop(dataset, session):
    """Give the tables of a shop in which there is something for every function."""
    here = {name: frame.collect() for name, frame in dataset.tables().items()}
    there = {name: spark.from_polars(frame, session=session) for name, frame in here.items()}
    return SimpleNamespace(tables=here, time_zone=dataset.time_zone), there


@pytest.fixture(scope="module")
def buckets(dataset, tmp_path_factory):
    return dataset.bucket(tmp_path_factory.mktemp("shop") / "buckets", buckets=3)


def taken(function, tables):
    return {name: tables[name] for name in tables_needed(function)}


def fullest(function, tables, zone):
    """Give the arguments, of a few that are drawn, with which the answer is longest."""
    known = known_arguments(function)
    found = drawn(arguments_for(function, time_zone=zone, known=known), 4)
    answers = [
        (one, function(**taken(function, tables), **one))
        for one in [*found, *(late(one, at) for one in found[:2] for at in LATE)]
    ]
    return max(answers, key=lambda pair: pair[1].height)


def late(arguments, at):
    """Move what is asked of an early instant, before which little was sold, to a late one."""
    moved = {"as_of": at, "since": at - dt.timedelta(days=100)}
    return arguments | {name: moved[name] for name in moved if arguments.get(name) is not None}


def assert_same(function, wanted, got, arguments):
    keys = (*kind_of(function).keys_with(arguments), "customer_id")
    assert difference(wanted, got, keys=keys) is None


@each(PROVABLE)
def test_tables_of_spark_give_what_one_machine_gives(function, hard_shops, full_shop, session):
    shop, tables = hard_shops[PROVABLE.index(function) % 2]
    arguments, wanted = fullest(function, shop.tables, shop.time_zone)
    if wanted.height == 0:
        # An empty answer would agree with whatever loses all rows.
        shop, tables = full_shop
        arguments, wanted = fullest(function, shop.tables, shop.time_zone)
    assert wanted.height > 0
    result = spark.run(
        function, taken(function, tables), time_zone=shop.time_zone, partitions=2, **arguments
    )
    assert_same(function, wanted, spark.to_polars(result), arguments)


@each(OVER_BUCKETS)
def test_buckets_give_what_one_machine_gives(function, dataset, buckets, session):
    tables = {name: frame.collect() for name, frame in dataset.tables().items()}
    arguments, wanted = fullest(function, tables, dataset.time_zone)
    assert wanted.height > 0
    result = spark.run(function, buckets, session=session, **arguments)
    assert_same(function, wanted, spark.to_polars(result), arguments)


@each(MEASURED if NIGHTLY else [retention_rates, acquisition_costs])
def test_a_finisher_gives_what_it_gives_here(function, hard_shops, session):
    shop, tables = hard_shops[0]
    known = known_arguments(function)
    (arguments,) = drawn(arguments_for(function, time_zone=ZONE, known=known), 1)
    got = spark.measure(function, taken(function, tables), **{**arguments, "time_zone": ZONE})
    wanted = measure(function, shop.tables, **arguments)
    assert difference(wanted, got) is None


def test_a_finisher_gives_over_buckets_what_it_gives_here(dataset, buckets, session):
    tables = {name: frame.collect() for name, frame in dataset.tables().items()}
    wanted = measure(acquisition_costs, tables, as_of=AS_OF)
    got = spark.measure(acquisition_costs, str(buckets.folder), session=session, as_of=AS_OF)
    assert wanted.height > 0
    assert difference(wanted, got) is None


def test_a_model_is_fitted_here_and_applied_there(dataset, buckets, session):
    clusters = spark.measure(
        fit_customer_clusters, buckets, session=session, as_of=AS_OF, n_clusters=3
    )
    here = fit_customer_clusters(customer_features(dataset.orders, as_of=AS_OF), n_clusters=3)
    assert clusters.to_json() == here.to_json()
    wanted = customer_clusters(dataset.orders.collect(), as_of=AS_OF, clusters=here)
    got = spark.run(customer_clusters, buckets, session=session, as_of=AS_OF, clusters=clusters)
    assert difference(wanted, spark.to_polars(got)) is None


def test_scores_are_handed_in_beside_tables_and_beside_buckets(dataset, buckets, session):
    zone = dataset.time_zone
    scores = rfm_table(dataset.orders, as_of=AS_OF).select("customer_id", "frequency").collect()
    asked = Segment(name="frequent", condition=score("frequency") >= 3)
    orders = dataset.orders.collect()
    wanted = segment_members(orders, scores=scores, segment=asked, as_of=AS_OF)
    over = spark.run(
        segment_members, buckets, session=session, scores=scores, segment=asked, as_of=AS_OF
    )
    tables = {
        "orders": spark.from_polars(orders, session=session),
        "scores": spark.from_polars(scores, session=session),
    }
    of_tables = spark.run(segment_members, tables, time_zone=zone, segment=asked, as_of=AS_OF)
    assert 0 < wanted.height < scores.height
    assert difference(wanted, spark.to_polars(over), keys=("customer_id",)) is None
    assert difference(wanted, spark.to_polars(of_tables), keys=("customer_id",)) is None


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Europe/Berlin"])
def test_the_same_instants_are_seen_whatever_the_zone_of_the_session(hard_shops, session, zone):
    shop, tables = hard_shops[0]
    arguments = {"as_of": AS_OF, "every": "1d", "by": ("channel",)}
    wanted = order_totals(shop.tables["orders"], **arguments)
    session.conf.set("spark.sql.session.timeZone", zone)
    try:
        run = spark.run(order_totals, {"orders": tables["orders"]}, time_zone=ZONE, **arguments)
        got = spark.to_polars(run)
    finally:
        session.conf.set("spark.sql.session.timeZone", "UTC")
    assert wanted["channel"].null_count() > 1, "null keys are one group for each day"
    assert_same(order_totals, wanted, got, arguments)


def test_sums_that_nothing_stands_under_are_zero_of_nothing(hard_shops, session):
    _, tables = hard_shops[0]
    nothing = {"orders": tables["orders"].limit(0)}
    got = spark.to_polars(spark.run(order_totals, nothing, time_zone=ZONE, as_of=AS_OF))
    assert set(itertools.chain.from_iterable(got.rows())) == {0, Decimal(0)}
    assert got.height == 1
