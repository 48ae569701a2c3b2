"""Retention by period: worked numbers, a plain reference beside it, and the laws of its counts."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit import Dataset, DefinitionError, MissingColumnError
from retention_kit.metrics.retention.counts import retention_totals, retention_totals_of
from retention_kit.metrics.retention.customer_months import customer_periods
from retention_kit.metrics.retention.shares import retention_rates
from retention_kit.testing import arguments_for
from retention_kit.testing import orders as drawn_orders

LONDON = "Europe/London"
COUNTS = ["start_customers", "end_customers", "retained", "new_customers", "reactivated", "lost"]
BOUGHT = ["buyers", "known_buyers", "returning_customers", "orders", "revenue", "returning_revenue"]


def at(text: str, zone: str = LONDON) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def orders(*rows: tuple, zone: str = LONDON) -> pl.LazyFrame:
    """Orders of (order_id, customer_id, instant, amount, …channel)."""
    names = ("order_id", "customer_id", "ordered_at", "amount", "channel")
    return Dataset.from_frames(
        orders=[dict(zip(names, row, strict=False)) for row in rows],
        negative_amounts="return",
        date_format="iso8601",
        time_zone=zone,
        currency="GBP",
    ).orders


AS_OF = at("2025-06-01")
SHOP = (
    (1, 1, "2025-01-10", 10, "site"),
    (2, 1, "2025-02-10", 20, "shop"),
    (3, 1, "2025-04-10", 30, "shop"),
    (4, 2, "2025-01-31 23:59", 40, "shop"),
    (5, 2, "2025-03-01 00:00", 50, "shop"),
    (6, 3, "2025-04-01", 60, "site"),
    (7, 3, "2025-04-02", 70, "site"),
)


def totals_of(table, **arguments):
    return retention_totals(table, as_of=AS_OF, **arguments).sort("period").collect()


def rates_of(table, as_of=AS_OF, zone=LONDON, data_from=None, confidence=None, **arguments):
    totals = retention_totals(table, as_of=as_of, **arguments)
    arguments.pop("by", None)
    return retention_rates(
        totals,
        as_of=as_of,
        time_zone=zone,
        data_from=data_from,
        confidence=confidence,
        **arguments,
    ).collect()


def test_customers_of_a_month_are_those_who_bought_in_it():
    rows = totals_of(orders(*SHOP)).select("period", *COUNTS).rows()
    assert rows == [
        (dt.date(2025, 1, 1), 0, 2, 0, 2, 0, 0),
        (dt.date(2025, 2, 1), 2, 1, 1, 0, 0, 1),
        (dt.date(2025, 3, 1), 1, 1, 0, 0, 1, 1),
        (dt.date(2025, 4, 1), 1, 2, 0, 1, 1, 1),
        (dt.date(2025, 5, 1), 2, 0, 0, 0, 0, 2),
    ]


def test_what_was_bought_in_a_month_is_counted_beside():
    rows = totals_of(orders(*SHOP)).select(BOUGHT).rows()
    assert rows == [
        (2, 0, 0, 2, Decimal(50), Decimal(0)),
        (1, 1, 1, 1, Decimal(20), Decimal(20)),
        (1, 1, 1, 1, Decimal(50), Decimal(50)),
        (2, 2, 1, 3, Decimal(160), Decimal(30)),
        (0, 0, 0, 0, Decimal(0), Decimal(0)),
    ]


def test_a_longer_window_keeps_customers_for_longer():
    rows = totals_of(orders(*SHOP), active_within="2mo").select("period", *COUNTS).rows()
    assert rows == [
        (dt.date(2025, 1, 1), 0, 2, 0, 2, 0, 0),
        (dt.date(2025, 2, 1), 2, 2, 2, 0, 0, 0),
        (dt.date(2025, 3, 1), 2, 2, 2, 0, 0, 0),
        (dt.date(2025, 4, 1), 2, 3, 2, 1, 0, 0),
        (dt.date(2025, 5, 1), 3, 2, 2, 0, 0, 1),
    ]


def test_ninety_days_are_ninety_dates_before_the_boundary():
    table = orders((1, 1, "2024-12-02", 10), (2, 2, "2024-12-01 23:59", 10))
    # The 2nd of December and 1 March are 89 days apart, and 90 before 1 March is 1 December.
    march = totals_of(table, active_within="90d").filter(pl.col("period") == dt.date(2025, 3, 1))
    assert march["start_customers"].item() == 2
    shorter = totals_of(table, active_within="89d").filter(pl.col("period") == dt.date(2025, 3, 1))
    assert shorter["start_customers"].item() == 1


def test_the_months_of_a_window_clamp():
    # One month before Monday, 31 March 2025 is 28 February.
    table = orders((1, 1, "2025-02-28 10:00", 10), (2, 2, "2025-02-27 10:00", 10))
    weeks = totals_of(table, every="1w", active_within="1mo")
    week = weeks.filter(pl.col("period") == dt.date(2025, 3, 31))
    assert week["start_customers"].item() == 1


def test_the_period_itself_and_its_name_are_the_same_window():
    for every in ("1d", "1w", "1mo", "1q", "1y"):
        itself = totals_of(orders(*SHOP), every=every)
        assert itself.equals(totals_of(orders(*SHOP), every=every, active_within=every))


def test_the_last_period_ends_at_the_instant_of_observation():
    table = orders((1, 1, "2025-05-20", 10), (2, 2, "2025-05-10", 10), (3, 3, "2025-06-05", 10))
    middle = at("2025-06-15 12:00")
    rates = rates_of(table, as_of=middle)
    june = rates.row(-1, named=True)
    # Who bought in the month before 15 June is a customer then: 1 and 3, and not 2.
    assert [june[name] for name in COUNTS] == [2, 2, 1, 1, 0, 1]
    assert june["buyers"] == 1
    assert rates["is_complete"].to_list() == [True, False]


def test_the_window_at_the_instant_of_observation_is_cut_at_its_time_of_day():
    table = orders((1, 1, "2025-05-15 11:59", 10), (2, 2, "2025-05-15 12:00", 10))
    june = rates_of(table, as_of=at("2025-06-15 12:00")).row(-1, named=True)
    assert (june["start_customers"], june["end_customers"]) == (2, 1)


def test_the_textbooks_example_keeps_eighty_percent():
    """Farris et al.: 200 customers at the start, 210 at the end, 50 of them new."""
    counts = {"start_customers": 200, "end_customers": 210, "retained": 160, "new_customers": 50}
    others = {"reactivated": 0, "lost": 40, "buyers": 210, "known_buyers": 160}
    totals = pl.LazyFrame(
        {"period": [dt.date(2025, 5, 1)], **counts, **others, "returning_customers": 160}
        | {"orders": 210, "revenue": Decimal(0), "returning_revenue": Decimal(0)}
    )
    row = retention_rates(totals, as_of=AS_OF, time_zone=LONDON).collect().row(0, named=True)
    assert row["contract_retention_rate"] == row["customer_retention_rate"] == 0.8
    assert row["churn_rate"] == 0.2


def test_rates_stand_beside_their_denominators():
    rates = rates_of(orders(*SHOP))
    assert rates["customer_retention_rate"].to_list() == [None, 0.5, 0.0, 0.0, 0.0]
    assert rates["churn_rate"].to_list() == [None, 0.5, 1.0, 1.0, 1.0]
    assert rates["contract_retention_rate"].to_list() == [None, 0.5, 1.0, 1.0, 0.0]
    assert rates["previous_buyers"].to_list() == [None, 2, 1, 1, 2]
    assert rates["returning_ratio"].to_list() == [None, 0.5, 1.0, 2.0, 0.0]


def test_intervals_are_wilsons_and_come_on_request():
    plain, sure = rates_of(orders(*SHOP)), rates_of(orders(*SHOP), confidence=0.95)
    assert sure.columns == [
        *plain.columns,
        "customer_retention_rate_low",
        "customer_retention_rate_high",
        "churn_rate_low",
        "churn_rate_high",
    ]
    february = sure.row(1, named=True)
    assert february["customer_retention_rate_low"] == pytest.approx(0.0945, abs=5e-5)
    assert february["churn_rate_high"] == pytest.approx(0.9055, abs=5e-5)


def test_months_without_customers_are_there_with_zeros_and_null_rates():
    table = orders((1, 1, "2025-01-10", 10), (2, 1, "2025-05-10", 10))
    assert totals_of(table)["period"].dt.month().to_list() == [1, 2, 5]
    rates = rates_of(table)
    assert rates["period"].dt.month().to_list() == [1, 2, 3, 4, 5]
    assert rates["start_customers"].to_list() == [0, 1, 0, 0, 0]
    assert rates["customer_retention_rate"].to_list() == [None, 0.0, None, None, None]
    assert rates["orders"].to_list() == [1, 0, 0, 0, 1]


def test_a_period_finer_than_the_data_has_rows_of_zeros():
    table = orders((1, 1, "2025-05-01", 10), (2, 1, "2025-05-29", 10))
    rates = rates_of(table, every="1d")
    assert rates.height == 31
    assert rates["buyers"].sum() == 2
    assert rates["end_customers"].to_list() == [1] + [0] * 27 + [1, 0, 0]


def test_a_period_that_the_start_of_the_data_cuts_short_is_not_complete():
    rates = rates_of(orders(*SHOP), data_from=dt.date(2025, 1, 10))
    assert rates["is_complete"].to_list() == [False, True, True, True, True]
    assert rates["is_left_censored"].to_list() == [True, True, False, False, False]


def test_customers_are_left_censored_while_the_window_reaches_back_before_the_data():
    rates = rates_of(orders(*SHOP), active_within="3mo")
    assert rates["is_left_censored"].to_list() == [True, True, True, False, False]


def test_a_group_is_that_of_the_customers_first_sale():
    split = totals_of(orders(*SHOP), by="channel").filter(pl.col("channel") == "site")
    assert split["buyers"].to_list() == [1, 1, 0, 2, 0]
    both = rates_of(orders(*SHOP), by=["channel"])
    assert both["channel"].to_list() == ["shop"] * 5 + ["site"] * 5


def test_returns_and_orders_that_were_not_completed_make_no_customers():
    table = orders((1, 1, "2025-01-10", 10), (2, 1, "2025-02-10", -5))
    assert totals_of(table)["buyers"].to_list() == [1, 0]
    only_returns = orders((1, 1, "2025-01-10", -10))
    assert totals_of(only_returns).height == rates_of(only_returns).height == 0


def test_a_month_is_that_of_the_shops_zone_where_the_clock_changes_at_midnight():
    zone = "America/Santiago"  # on 4 September 2011 the day began at 01:00
    table = orders((1, 1, "2011-08-31T23:30:00", 10), (2, 1, "2011-09-04T01:00", 5), zone=zone)
    days = rates_of(table, as_of=at("2011-09-06", zone), zone=zone, every="1d")
    assert days["period"].to_list() == [
        dt.date(2011, 8, 31) + dt.timedelta(days=n) for n in range(6)
    ]
    assert days["buyers"].to_list() == [1, 0, 0, 0, 1, 0]


def test_no_orders_give_no_periods_of_the_same_schema():
    table = orders(*SHOP)
    for by in ((), "channel"):
        some, none = (rates_of(one, by=by, confidence=0.9) for one in (table, table.clear()))
        assert none.height == 0
        assert none.schema == some.schema


@pytest.mark.parametrize(
    ("every", "active_within"),
    [("1mo", "30d"), ("1mo", "4w"), ("1q", "2mo"), ("1q", "91d"), ("1y", "365d"), ("1w", "6d")],
)
def test_a_window_that_may_be_shorter_than_the_period_is_refused(every, active_within):
    with pytest.raises(DefinitionError, match="at least the period") as caught:
        retention_totals(orders(*SHOP), as_of=AS_OF, every=every, active_within=active_within)
    assert caught.value.parameter == "active_within"


@pytest.mark.parametrize(
    ("every", "active_within"),
    [("1mo", "31d"), ("1mo", "5w"), ("1q", "92d"), ("1q", "3mo"), ("1y", "4q"), ("1w", "1mo")],
)
def test_a_window_at_least_as_long_as_the_period_is_taken(every, active_within):
    totals = retention_totals(
        orders(*SHOP), as_of=AS_OF, every=every, active_within=active_within
    ).collect()
    assert totals["new_customers"].sum() == len({who for _, who, *_ in SHOP})
    there = totals["retained"] + totals["lost"]
    assert there.equals(totals["start_customers"], check_names=False)


@pytest.mark.parametrize(
    "text", ["", "90", "d", "-90d", "0d", "1.5mo", "36h", "1mo15d", "999y", 90]
)
def test_what_is_no_length_of_the_calendar_is_refused(text):
    with pytest.raises(DefinitionError, match="whole number of days"):
        retention_totals(orders(*SHOP), as_of=AS_OF, active_within=text)


def test_unknown_periods_and_dimensions_are_refused():
    with pytest.raises(DefinitionError, match="'1mo'"):
        retention_totals(orders(*SHOP), as_of=AS_OF, every="2mo")  # type: ignore[arg-type]
    with pytest.raises(DefinitionError, match="chann.*Nearest: channel"):
        retention_totals(orders(*SHOP), as_of=AS_OF, by="chann")
    with pytest.raises(DefinitionError, match="with a time zone"):
        retention_totals(orders(*SHOP), as_of=dt.datetime(2025, 6, 1))
    with pytest.raises(MissingColumnError, match="no column 'amount'"):
        retention_totals(orders(*SHOP).drop("amount"), as_of=AS_OF)


def test_what_each_customer_bought_in_each_month():
    periods = customer_periods(orders(*SHOP), as_of=AS_OF, by="channel")
    assert periods.filter(pl.col("customer_id") != 2).sort(
        "customer_id", "period"
    ).collect().rows() == [
        ("site", 1, dt.date(2025, 1, 1), dt.date(2025, 1, 1), 1, Decimal(10), at("2025-01-10")),
        ("site", 1, dt.date(2025, 2, 1), dt.date(2025, 1, 1), 1, Decimal(20), at("2025-02-10")),
        ("site", 1, dt.date(2025, 4, 1), dt.date(2025, 1, 1), 1, Decimal(30), at("2025-04-10")),
        ("site", 3, dt.date(2025, 4, 1), dt.date(2025, 4, 1), 2, Decimal(130), at("2025-04-02")),
    ]


def test_retention_counted_on_the_shared_table_is_the_same():
    for active_within in (None, "45d"):
        periods = customer_periods(orders(*SHOP), as_of=AS_OF, by="channel").collect().lazy()
        shared = retention_totals_of(
            periods, as_of=AS_OF, every="1mo", active_within=active_within, by=("channel",)
        )
        alone = retention_totals(
            orders(*SHOP), as_of=AS_OF, active_within=active_within, by="channel"
        )
        keys = ["channel", "period"]
        assert shared.sort(keys).collect().equals(alone.sort(keys).collect())


WINDOWS = [
    ("1mo", None), ("1mo", "1mo"), ("1mo", "45d"), ("1mo", "3mo"), ("1w", "1mo"), ("1w", "10d"),
    ("1d", "30d"), ("1d", None), ("1q", "1y"), ("1q", "100d"), ("1y", "1y"), ("1w", None),
]  # fmt: skip
ZONES = st.sampled_from([LONDON, "America/Santiago", "Europe/Moscow"])


@given(st.data(), ZONES, st.sampled_from(WINDOWS))
def test_retention_is_what_a_plain_count_says(data, zone, window):
    every, active_within = window
    table = data.draw(drawn_orders(time_zone=zone, max_rows=14))
    as_of = data.draw(arguments_for(retention_totals, time_zone=zone))["as_of"]
    totals = retention_totals(table, as_of=as_of, every=every, active_within=active_within)
    got = {row["period"]: row for row in totals.to_dicts()}
    wanted = counted(table, as_of.astimezone(ZoneInfo(zone)), every, active_within or every)
    assert set(got) == set(wanted)
    for period, row in wanted.items():
        assert {name: got[period][name] for name in row} == row


@given(st.data(), st.sampled_from(["channel", "promo_code"]))
def test_groups_add_up_to_the_whole_and_the_counts_balance(data, by):
    table = data.draw(drawn_orders(max_rows=14))
    as_of = data.draw(arguments_for(retention_totals, time_zone=LONDON))["as_of"]
    whole = retention_totals(table, as_of=as_of, active_within="2mo").sort("period")
    split = retention_totals(table, as_of=as_of, active_within="2mo", by=by)
    together = split.group_by("period").agg(pl.col(*COUNTS, *BOUGHT).sum()).sort("period")
    assert together.select(whole.columns).equals(whole)
    end = whole["retained"] + whole["new_customers"] + whole["reactivated"]
    assert end.equals(whole["end_customers"], check_names=False)
    start = whole["retained"] + whole["lost"]
    assert start.equals(whole["start_customers"], check_names=False)


def counted(table: pl.DataFrame, as_of: dt.datetime, every: str, window: str) -> dict:
    """Count retention as a person would, instant by instant and customer by customer."""
    customers: dict = {}
    for row in table.to_dicts():
        is_sale = row["kind"] in (None, "sale") and row["status"] in (None, "completed")
        if is_sale and row["ordered_at"].timestamp() < as_of.timestamp():
            customers.setdefault(row["customer_id"], []).append(row)
    if not customers:
        return {}
    sales = [row["ordered_at"].date() for rows in customers.values() for row in rows]
    last = (as_of - dt.timedelta(microseconds=1)).date()
    start, found = first_day(min(sales), every), {}
    while start <= last:
        end = following(start, every)
        begins = {
            who for who, rows in customers.items() if buys(rows, earlier(start, window), start)
        }
        if as_of.date() >= end:
            ends = {who for who, rows in customers.items() if buys(rows, earlier(end, window), end)}
        else:
            since = earlier_instant(as_of, window)
            ends = {
                who
                for who, rows in customers.items()
                if any(r["ordered_at"].timestamp() >= since.timestamp() for r in rows)
            }
        inside = {
            who: [r for r in rows if start <= r["ordered_at"].date() < end]
            for who, rows in customers.items()
        }
        buyers = {who for who, rows in inside.items() if rows}
        new = {
            who for who in buyers if min(r["ordered_at"].date() for r in customers[who]) >= start
        }
        known = {
            who for who in buyers if sum(r["ordered_at"].date() < end for r in customers[who]) >= 2
        }
        if begins or buyers:
            found[start] = {
                "start_customers": len(begins), "end_customers": len(ends),
                "retained": len(begins & ends), "new_customers": len(new),
                "reactivated": len(ends - begins - new), "lost": len(begins - ends),
                "buyers": len(buyers), "known_buyers": len(known),
                "returning_customers": len(buyers - new),
                "orders": sum(map(len, inside.values())),
                "revenue": sum((r["amount"] for rows in inside.values() for r in rows), Decimal(0)),
                "returning_revenue": sum(
                    (r["amount"] for who in buyers - new for r in inside[who]), Decimal(0)
                ),
            }  # fmt: skip
        start = end
    return found


def buys(rows: list[dict], since: dt.date, until: dt.date) -> bool:
    return any(since <= row["ordered_at"].date() < until for row in rows)


def first_day(day: dt.date, every: str) -> dt.date:
    match every:
        case "1d":
            return day
        case "1w":
            return day - dt.timedelta(days=day.weekday())
        case "1mo":
            return day.replace(day=1)
        case "1q":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1)


def following(day: dt.date, every: str) -> dt.date:
    return first_day(
        day + dt.timedelta(days={"1d": 1, "1w": 7, "1mo": 31, "1q": 92}.get(every, 366)), every
    )


def earlier(day: dt.date, window: str) -> dt.date:
    number, unit = re.fullmatch(r"(\d+)(\w+)", window).groups()
    if unit in ("d", "w"):
        return day - dt.timedelta(days=int(number) * (7 if unit == "w" else 1))
    year, month = day.year, day.month
    for _ in range(int(number) * {"mo": 1, "q": 3, "y": 12}[unit]):
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def earlier_instant(instant: dt.datetime, window: str) -> dt.datetime:
    clock = dt.datetime.combine(earlier(instant.date(), window), instant.time())
    return clock.replace(tzinfo=instant.tzinfo).astimezone(dt.UTC)
