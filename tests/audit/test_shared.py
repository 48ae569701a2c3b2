"""What an audit reads off one sorted history is exactly what the public functions say."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from retention_kit import Dataset, make_dataset
from retention_kit.audit import parts as parts_module
from retention_kit.audit.parts import parts_of
from retention_kit.audit.questions import PEOPLE, STANDINGS, first_questions
from retention_kit.audit.shared import calendar
from retention_kit.audit.shared.buyers import STOPPED_SHOWN
from retention_kit.audit.shared.calendar import dated
from retention_kit.audit.shared.people import THEN, summary_of, values_of
from retention_kit.audit.shared.states import lifecycles
from retention_kit.clv.summary import clv_summary
from retention_kit.metrics.base.periods import period_index
from retention_kit.metrics.lifecycle.gap_distribution import gap_totals_by_order
from retention_kit.metrics.lifecycle.gap_figures import gaps_by_order
from retention_kit.metrics.lifecycle.states import lifecycle_flow_totals, lifecycle_totals
from retention_kit.metrics.retention.churned import churned_customers
from retention_kit.rfm.table import rfm_table
from retention_kit.testing import datasets, instants, shops

pytestmark = pytest.mark.once
OPTIONAL = frozenset({"channel", "manager", "delivered_at", "margin"})
SCORED = ("recency_days", "frequency", "monetary")
DAY = dt.timedelta(days=1)
AT = pl.col("ordered_at")


def asked(
    dataset: Dataset,
    as_of: dt.datetime,
    *,
    since=None,
    within="3mo",
    given=OPTIONAL,
    kept=STANDINGS,
):
    """Run an audit's questions; give them, their answers and what was kept."""
    since = since or as_of - 90 * DAY
    questions = first_questions(
        as_of=as_of,
        since=since,
        active_within=None,
        stopped_within=within,
        orders=dataset.orders.select(pl.len()).collect().item(),
        given=given,
        with_costs=True,
    )
    count = dataset.orders.select(pl.len()).collect().item()
    with parts_of(dataset, as_of=as_of, orders=count, given=given) as parts:
        answers = parts.run(questions, lambda _: None)
        kept = parts.kept(kept).collect()
    return questions, answers, kept


def same(left: pl.DataFrame, right: pl.DataFrame) -> None:
    assert left.schema == right.schema
    assert_frame_equal(left, right, check_row_order=False, check_exact=True)


def in_utc(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC)


def dataset_of(shop) -> Dataset:
    return Dataset.from_frames(
        orders=shop.tables["orders"], time_zone=shop.time_zone, currency=shop.currency
    )


@pytest.fixture(params=["one part", "in memory", "on disk"])
def division(request, monkeypatch):
    """The three ways in which a shop is divided."""
    if request.param != "one part":
        monkeypatch.setattr(parts_module, "_ONE_PART", 20)
        monkeypatch.setattr(parts_module, "PART_ORDERS", 40)
    if request.param == "on disk":
        monkeypatch.setattr(parts_module, "IN_MEMORY", 0)
    return request.param


def agrees(dataset: Dataset, as_of: dt.datetime, given=OPTIONAL) -> None:
    questions, answers, _ = asked(dataset, as_of, given=given)
    shared = {name: ask for name, ask in questions.items() if ask.function and ask.shared}
    assert len(shared) == 16
    for name, ask in shared.items():
        same(answers[name], ask.function(dataset.orders, **ask.arguments).collect())


@pytest.mark.filterwarnings("ignore::retention_kit.DataWarning")
@given(data=st.data())
def test_every_shared_answer_is_that_of_the_public_function(data):
    shop = data.draw(shops(("orders",), max_rows=14))
    as_of = data.draw(instants(time_zone=shop.time_zone))
    given = data.draw(st.sampled_from([OPTIONAL, frozenset()]))
    dataset = dataset_of(shop)
    if "margin" not in given:
        orders = shop.tables["orders"].with_columns(margin=pl.lit(None, dtype=pl.Decimal(18, 4)))
        dataset = Dataset.from_frames(orders=orders, time_zone=shop.time_zone, currency="EUR")
    agrees(dataset, as_of, given)


def made(customers: int, seed: int) -> tuple[Dataset, dt.datetime]:
    dataset = make_dataset(customers=customers, seed=seed)
    last = dataset.orders.select(pl.col("ordered_at").max()).collect().item()
    return dataset, last - 40 * DAY


@pytest.mark.usefixtures("division")
def test_the_shared_answers_hold_however_the_shop_is_divided():
    dataset, as_of = made(60, 5)
    agrees(dataset, as_of)


@pytest.mark.parametrize("day", [1, 2, 15, 31])
def test_retention_holds_wherever_in_a_month_the_data_end(day):
    dataset, _ = made(300, 9)
    zone = ZoneInfo(dataset.time_zone)
    month = dataset.orders.select(pl.col("ordered_at").median()).collect().item()
    for hour in (0, 13):
        as_of = dt.datetime(month.year, 3, day, hour, tzinfo=zone)
        agrees(dataset, as_of)


@pytest.mark.filterwarnings("ignore::retention_kit.DataWarning")
@given(data=st.data())
def test_the_median_gap_before_each_purchase_is_that_of_the_finisher(data):
    shop = data.draw(shops(("orders",), max_rows=14))
    as_of = data.draw(instants(time_zone=shop.time_zone))
    dataset = dataset_of(shop)
    _, answers, _ = asked(dataset, as_of)
    totals = gap_totals_by_order(dataset.orders, as_of=as_of).collect()
    same(answers["gaps_by_order"], gaps_by_order(totals))


@pytest.mark.filterwarnings("ignore::retention_kit.DataWarning")
@given(data=st.data(), gap_days=st.sampled_from([1.0, 30.0, 1 / 3, 1e9]))
def test_the_lifecycle_of_what_was_kept_is_that_of_the_public_functions(data, gap_days):
    shop = data.draw(shops(("orders",), max_rows=14))
    ends = st.lists(instants(time_zone=shop.time_zone), min_size=2, max_size=2, unique_by=in_utc)
    since, as_of = sorted(data.draw(ends), key=in_utc)
    dataset = dataset_of(shop)
    _, _, kept = asked(dataset, as_of, since=since)
    found = lifecycles(kept.lazy(), as_of=as_of, since=since, gap_days=gap_days)
    known = {"as_of": as_of, "gap_days": gap_days}
    same(found["lifecycle"], lifecycle_totals(dataset.orders, **known).collect())
    flow = lifecycle_flow_totals(dataset.orders, since=since, **known).collect()
    same(found["lifecycle_flow"], flow)


@pytest.mark.filterwarnings("ignore::retention_kit.DataWarning")
@given(data=st.data())
def test_what_is_kept_of_people_is_what_the_public_functions_say(data):
    shop = data.draw(shops(("orders",), max_rows=14))
    ends = st.lists(instants(time_zone=shop.time_zone), min_size=2, max_size=2, unique_by=in_utc)
    since, as_of = sorted(data.draw(ends), key=in_utc)
    dataset = dataset_of(shop)
    _, _, kept = asked(dataset, as_of, since=since, kept=PEOPLE)
    for which, at in (("", as_of), (THEN, since)):
        table = rfm_table(dataset.orders, as_of=at).select("customer_id", *SCORED).collect()
        found = values_of(kept.lazy(), which).drop_nulls("orders" + which)
        named = {one + which: one for one in SCORED}
        same(found.select("customer_id", *named).rename(named, strict=False).collect(), table)
        summary = clv_summary(dataset.orders, as_of=at).drop("first_order_at")
        known = summary_of(kept.lazy(), which).collect()
        same(known, summary.select(known.columns).collect())


def list_of(dataset: Dataset, answers: dict, as_of: dt.datetime, within: str) -> pl.DataFrame:
    orders = answers["stopped"].lazy()
    return churned_customers(orders, dataset.customers, as_of=as_of, active_within=within).collect()


@pytest.mark.filterwarnings("ignore::retention_kit.DataWarning")
@given(data=st.data(), within=st.sampled_from(["1d", "1mo", "3mo", "1y"]))
def test_those_who_stopped_are_listed_as_the_public_function_does(data, within):
    dataset = data.draw(datasets(max_rows=14))
    as_of = data.draw(instants(time_zone=dataset.time_zone))
    _, answers, _ = asked(dataset, as_of, within=within)
    expected = churned_customers(
        dataset.orders, dataset.customers, as_of=as_of, active_within=within
    ).collect()
    assert_frame_equal(list_of(dataset, answers, as_of, within), expected, check_exact=True)
    totals = answers["churned_totals"].row(0, named=True)
    assert totals["customers"] == expected.height
    assert totals["net_revenue"] == float(expected["net_revenue"].sum())


@pytest.mark.usefixtures("division")
def test_of_many_who_stopped_each_part_keeps_the_most_valuable(monkeypatch):
    monkeypatch.setattr("retention_kit.audit.shared.buyers.STOPPED_SHOWN", 3)
    dataset, as_of = made(80, 11)
    _, answers, _ = asked(dataset, as_of)
    expected = churned_customers(
        dataset.orders, dataset.customers, as_of=as_of, active_within="3mo"
    ).collect()
    listed = list_of(dataset, answers, as_of, "3mo")
    assert expected.height > 3 < STOPPED_SHOWN
    assert_frame_equal(listed.head(3), expected.head(3), check_exact=True)
    assert answers["churned_totals"]["customers"].item() == expected.height


def test_parts_on_disk_leave_nothing_behind(division, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dataset, as_of = made(60, 5)
    with parts_of(dataset, as_of=as_of, orders=60, given=frozenset()):
        assert bool(list(tmp_path.iterdir())) == (division == "on disk")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "zone", ["America/St_Johns", "Asia/Gaza", "Australia/Lord_Howe", "Africa/Monrovia", "UTC"]
)
@pytest.mark.parametrize("years", [(1969, 1973), (2010, 2013), (1850, 2030)])
def test_the_clock_is_read_alike_whether_or_not_it_is_looked_up(monkeypatch, zone, years):
    first, last = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in years)
    minutes = pl.datetime_range(first, last, "12347s", time_unit="us", eager=True)
    # Around the changes of clocks, minute by minute.
    change = dt.datetime(2011, 3, 13, 3, tzinfo=dt.UTC)
    near = pl.datetime_range(change, change + 2 * DAY, "1m", time_unit="us", eager=True)
    at = pl.concat([minutes, near]).dt.convert_time_zone(zone).alias("ordered_at").to_frame()
    expected = dated(at)
    monkeypatch.setattr(calendar, "LOOKED_UP_FROM", 0)
    assert_frame_equal(dated(at), expected)
    assert expected["month"].to_list() == at.select(period_index(AT, "1mo")).to_series().to_list()
    assert expected["slot"].equals(
        at.select((AT.dt.weekday() - 1).cast(pl.Int16) * 24 + AT.dt.hour()).to_series(),
        check_dtypes=False,
    )
