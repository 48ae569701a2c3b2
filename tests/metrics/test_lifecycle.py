"""Lifecycle states at an instant, their totals, and the flow between two instants."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from retention_kit import Dataset, DefinitionError
from retention_kit.metrics.lifecycle.figures import lifecycle_flow, lifecycle_shares
from retention_kit.metrics.lifecycle.gap_distribution import gap_totals
from retention_kit.metrics.lifecycle.states import (
    lifecycle_flow_totals,
    lifecycle_states,
    lifecycle_totals,
    lifecycle_totals_of,
)
from retention_kit.testing import instants
from retention_kit.testing import orders as drawn_orders

LONDON = "Europe/London"
STATES = ["new", "active", "loyal", "sleeping", "lost", "returned"]
DAY = dt.timedelta(days=1)
GAPS = st.sampled_from([0.5, 1.0, 7.75, 31.0, 100.0])


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(LONDON))


def orders(*rows: tuple) -> pl.LazyFrame:
    """Orders of (order_id, customer_id, instant, amount, …channel)."""
    names = ("order_id", "customer_id", "ordered_at", "amount", "channel")
    return Dataset.from_frames(
        orders=[dict(zip(names, row, strict=False)) for row in rows],
        negative_amounts="return",
        date_format="iso8601",
        time_zone=LONDON,
        currency="GBP",
    ).orders


AS_OF = at("2025-03-01")


def state_of(*sold: str, as_of: dt.datetime = AS_OF, gap_days: float = 10) -> str:
    table = orders(*((number, 1, instant, 1) for number, instant in enumerate(sold)))
    return lifecycle_states(table, as_of=as_of, gap_days=gap_days).collect()["state"].item()


def test_one_two_and_three_sales_of_late_are_new_active_and_loyal():
    assert state_of("2025-02-20") == "new"
    assert state_of("2025-02-10", "2025-02-20") == "active"
    assert state_of("2025-01-31", "2025-02-10", "2025-02-20") == "loyal"


def test_thresholds_are_passed_and_not_touched():
    assert state_of("2025-02-09") == "new"  # 20 days, twice the usual gap
    assert state_of("2025-02-08 23:59:59.999999") == "sleeping"
    assert state_of("2025-01-20") == "sleeping"  # 40 days, four times
    assert state_of("2025-01-19 23:59:59.999999") == "lost"


def test_who_comes_back_after_four_usual_gaps_has_returned():
    assert state_of("2025-01-01", "2025-02-20") == "returned"
    assert state_of("2025-01-11", "2025-02-20") == "active"  # a gap of exactly four
    assert state_of("2025-01-01", "2025-02-19", "2025-02-20") == "loyal"
    assert state_of("2025-01-01", "2025-02-05") == "sleeping"


def test_two_orders_at_one_instant_have_a_gap_of_zero_between_them():
    assert state_of("2025-01-01", "2025-02-20", "2025-02-20") == "loyal"
    table = orders((1, 1, "2025-02-20", 1), (2, 1, "2025-02-20", 1))
    states = lifecycle_states(table, as_of=AS_OF, gap_days=10).collect()
    assert states["last_gap_days"].to_list() == [0.0]
    assert states["state"].item() == "active"


def test_days_are_of_24_hours_where_the_clock_changes():
    # From the 29th at noon to the 31st at noon, 47 hours pass.
    noon = at("2025-03-31 12:00")
    assert state_of("2025-03-29 12:00", as_of=noon, gap_days=47 / 48) == "new"
    table = orders((1, 1, "2025-03-29 12:00", 1))
    states = lifecycle_states(table, as_of=noon, gap_days=1).collect()
    assert states["days_since_last_order"].item() == 47 / 24


def test_each_customer_has_a_row_and_returns_lower_the_value_alone():
    table = orders(
        (1, 1, "2025-02-01", 100),
        (2, 1, "2025-02-11", 50),
        (3, 1, "2025-02-27", -30),
        (4, 2, "2025-02-27", -5),
    )
    states = lifecycle_states(table, as_of=AS_OF, gap_days=10)
    assert states.collect().rows() == [
        (1, "active", 2, at("2025-02-11"), 18.0, 10.0, Decimal(120)),
    ]


SHOP = (
    (1, 1, "2025-02-20", 100, "site"),
    (2, 2, "2025-02-21", 50, "shop"),
    (3, 3, "2025-01-01", 30, "site"),
    (4, 3, "2025-01-05", 20, "shop"),
)


def test_totals_and_shares_of_the_states():
    totals = lifecycle_totals(orders(*SHOP), as_of=AS_OF, gap_days=10)
    assert lifecycle_shares(totals).collect().rows() == [
        ("new", 2, 2 / 3, Decimal(150), 0.75),
        ("active", 0, 0.0, Decimal(0), 0.0),
        ("loyal", 0, 0.0, Decimal(0), 0.0),
        ("sleeping", 0, 0.0, Decimal(0), 0.0),
        ("lost", 1, 1 / 3, Decimal(50), 0.25),
        ("returned", 0, 0.0, Decimal(0), 0.0),
    ]


def test_groups_are_those_of_the_first_sale_and_each_has_all_states():
    totals = lifecycle_totals(orders(*SHOP), as_of=AS_OF, gap_days=10, by="channel")
    shares = lifecycle_shares(totals).collect()
    assert shares["state"].to_list() == STATES * 2
    site = shares.filter(pl.col("channel") == "site", pl.col("customers") > 0)
    assert site.select("state", "share_of_customers").rows() == [("new", 0.5), ("lost", 0.5)]


def test_totals_of_shared_states_are_the_same():
    states = lifecycle_states(orders(*SHOP), as_of=AS_OF, gap_days=10)
    alone = lifecycle_totals(orders(*SHOP), as_of=AS_OF, gap_days=10)
    assert lifecycle_totals_of(states).sort("state").collect().equals(alone.sort("state").collect())


def test_the_flow_says_where_customers_came_from():
    totals = lifecycle_flow_totals(orders(*SHOP), since=at("2025-01-15"), as_of=AS_OF, gap_days=10)
    assert lifecycle_flow(totals).collect().rows() == [
        ("active", "lost", 1, 1.0),
        (None, "new", 2, 1.0),
    ]


def test_the_flow_of_a_group_is_that_of_the_customers_whose_first_sale_was_in_it():
    totals = lifecycle_flow_totals(
        orders(*SHOP), since=at("2025-01-15"), as_of=AS_OF, gap_days=10, by="channel"
    )
    assert lifecycle_flow(totals).collect().rows() == [
        ("shop", None, "new", 1, 1.0),
        ("site", "active", "lost", 1, 1.0),
        ("site", None, "new", 1, 1.0),
    ]


@given(drawn_orders(max_rows=14), instants(), GAPS)
def test_the_flows_of_groups_add_up_to_the_whole(table, as_of, gap_days):
    given_ = {"since": as_of - 40 * DAY, "as_of": as_of, "gap_days": gap_days}
    whole = lifecycle_flow_totals(table, **given_)
    split = lifecycle_flow_totals(table, **given_, by=["channel", "manager"])
    keys = ["state_before", "state"]
    together = split.group_by(keys).agg(pl.col("customers").sum()).sort(keys)
    assert together.equals(whole.sort(keys))


@pytest.mark.parametrize("since", [AS_OF, AS_OF + DAY, AS_OF.astimezone(dt.UTC)])
def test_the_flow_needs_an_earlier_instant(since):
    with pytest.raises(DefinitionError, match="before as_of") as caught:
        lifecycle_flow_totals(orders(*SHOP), since=since, as_of=AS_OF, gap_days=10)
    assert caught.value.parameter == "since"


@pytest.mark.parametrize("gap_days", [0, -1, float("nan"), float("inf"), True, "10", None])
def test_what_is_no_usual_gap_is_refused(gap_days):
    for function in (lifecycle_states, lifecycle_totals):
        with pytest.raises(DefinitionError, match="above 0") as caught:
            function(orders(*SHOP), as_of=AS_OF, gap_days=gap_days)
        assert caught.value.parameter == "gap_days"


def test_a_usual_gap_longer_than_history_makes_nobody_late():
    assert state_of("1950-01-01", gap_days=1e300) == "new"


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_the_flow_is_the_same_whether_customers_are_numbers_or_texts(engine):
    # Customers below and above 0 with instants in no common order: what is sorted by customer must
    # not be taken for sorted by instant.
    table = orders(
        *(
            (number, number * 7 % 101 - 50, (AS_OF - DAY * (number * 37 % 400 + 1)).isoformat(), 1)
            for number in range(600)
        )
    )
    numbers = table.with_columns(pl.col("customer_id").cast(pl.String).cast(pl.Int64))
    texts = table.with_columns(pl.col("customer_id").cast(pl.String))
    since = AS_OF - 30 * DAY
    one, other = (
        lifecycle_flow(lifecycle_flow_totals(of, since=since, as_of=AS_OF, gap_days=15.5)).collect(
            engine=engine
        )
        for of in (numbers, texts)
    )
    assert one.height > 5
    assert one.rows() == other.rows()


@pytest.mark.parametrize("year", [1931, 2021])
@pytest.mark.parametrize(
    ("dtype", "ids"),
    [
        (pl.Int64, (-(2**63), 2**63 - 1)),
        (pl.UInt64, (0, 2**64 - 1)),
        (pl.UInt64, (2**63 - 1, 2**63)),
        (pl.String, ("a", "b")),
    ],
)
def test_the_flow_keeps_the_farthest_customers_apart(dtype, ids, year):
    sold = {ids[0]: [f"{year}-05-01", f"{year}-05-02", f"{year}-05-30"], ids[1]: [f"{year}-05-04"]}
    table = pl.LazyFrame(
        [(who, at(day)) for who, days in sold.items() for day in days],
        schema={"customer_id": dtype, "ordered_at": pl.Datetime("us", LONDON)},
        orient="row",
    ).with_columns(
        pl.lit(1).cast(pl.Decimal(18, 4)).alias("amount"),
        pl.col("customer_id").alias("own"),
        order_id=pl.int_range(pl.len()),
    )
    flow = lifecycle_flow_totals(
        table, since=at(f"{year}-05-10"), as_of=at(f"{year}-06-04"), gap_days=10, by="own"
    )
    assert sorted(flow.collect().rows()) == [
        (ids[0], "active", "loyal", 1),
        (ids[1], "new", "sleeping", 1),
    ]


def test_no_customers_give_states_of_zeros_and_no_flow():
    none = orders(*SHOP).clear()
    totals = lifecycle_totals(none, as_of=AS_OF, gap_days=10)
    shares = lifecycle_shares(totals).collect()
    assert shares["customers"].to_list() == [0] * 6
    assert shares["share_of_customers"].to_list() == [None] * 6
    flow = lifecycle_flow_totals(none, since=AS_OF - DAY, as_of=AS_OF, gap_days=10)
    assert lifecycle_flow(flow).collect().height == 0


@given(drawn_orders(max_rows=14), instants(), instants(), GAPS)
def test_states_and_flows_are_what_a_plain_count_says(table, one, other, gap_days):
    # In one zone Python would compare wall clocks, of which one hour comes twice.
    since, as_of = sorted((one.astimezone(dt.UTC), other.astimezone(dt.UTC)))
    if since == as_of:
        since -= DAY
    before, now = counted(table, since, gap_days), counted(table, as_of, gap_days)
    states = lifecycle_states(table, as_of=as_of, gap_days=gap_days)
    assert dict(states.select("customer_id", "state").iter_rows()) == now
    flow = lifecycle_flow_totals(table, since=since, as_of=as_of, gap_days=gap_days)
    wanted = Counter((before.get(who), state) for who, state in now.items())
    assert {row[:2]: row[2] for row in flow.rows()} == dict(wanted)


@given(drawn_orders(max_rows=14), instants(), GAPS)
def test_totals_are_those_of_the_customers_states(table, as_of, gap_days):
    states = lifecycle_states(table, as_of=as_of, gap_days=gap_days)
    counted_ = states.group_by("state").agg(
        pl.len().cast(pl.Int64).alias("customers"), pl.col("net_revenue").sum()
    )
    totals = lifecycle_totals(table, as_of=as_of, gap_days=gap_days)
    assert totals.sort("state").equals(counted_.sort("state"))


@given(drawn_orders(max_rows=14), instants(), GAPS)
def test_groups_add_up_to_the_whole(table, as_of, gap_days):
    whole = lifecycle_totals(table, as_of=as_of, gap_days=gap_days).sort("state")
    split = lifecycle_totals(table, as_of=as_of, gap_days=gap_days, by=["channel", "manager"])
    together = split.group_by("state").agg(pl.col("customers", "net_revenue").sum()).sort("state")
    assert together.equals(whole)


def counted(table: pl.DataFrame, until: dt.datetime, gap_days: float) -> dict[object, str]:
    """Give each customer's state by the definition, in elapsed time."""
    sold: dict[object, list[dt.datetime]] = {}
    for row in table.to_dicts():
        is_sale = row["kind"] in (None, "sale") and row["status"] in (None, "completed")
        sold_at = row["ordered_at"].astimezone(dt.UTC)
        if is_sale and sold_at < until.astimezone(dt.UTC):
            sold.setdefault(row["customer_id"], []).append(sold_at)
    found = {}
    for who, instants_of in sold.items():
        times = sorted(instants_of)
        since = (until.astimezone(dt.UTC) - times[-1]) / DAY
        if since > 4 * gap_days:
            found[who] = "lost"
        elif since > 2 * gap_days:
            found[who] = "sleeping"
        elif len(times) > 1 and (times[-1] - times[-2]) / DAY > 4 * gap_days:
            found[who] = "returned"
        else:
            found[who] = {1: "new", 2: "active"}.get(len(times), "loyal")
    return found


@pytest.mark.parametrize("unit", ["ms", "ns"])
@pytest.mark.parametrize("id_type", [pl.Int64, pl.String])
def test_instants_of_any_unit_say_the_same(unit, id_type):
    day = dt.datetime(2024, 1, 5, tzinfo=dt.UTC)
    rows = [(1, 1, day, 10), (2, 1, day + 31 * DAY, 20), (3, 2, day + 32 * DAY, 1)]
    plain = pl.DataFrame(
        rows,
        schema={
            "order_id": pl.Int64,
            "customer_id": pl.Int64,
            "ordered_at": pl.Datetime("us", "UTC"),
            "amount": pl.Decimal(18, 4),
        },
        orient="row",
    ).with_columns(pl.col("customer_id").cast(id_type))
    other = plain.with_columns(pl.col("ordered_at").dt.cast_time_unit(unit))
    as_of, since = day + 36 * DAY, day + 27 * DAY
    for figures in (
        partial(lifecycle_totals, as_of=as_of, gap_days=10.0),
        partial(lifecycle_flow_totals, since=since, as_of=as_of, gap_days=10.0),
        partial(gap_totals, as_of=as_of),
        partial(gap_totals, as_of=as_of, unit="day"),
    ):
        wanted = figures(plain)
        assert wanted.height > 0
        assert_frame_equal(figures(other), wanted, check_row_order=False)
    states = ["customer_id", "state"]
    assert_frame_equal(
        lifecycle_states(other, as_of=as_of, gap_days=10.0).select(states),
        lifecycle_states(plain, as_of=as_of, gap_days=10.0).select(states),
        check_row_order=False,
    )
