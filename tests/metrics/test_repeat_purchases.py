"""The repeat purchase rate of a period, of a cohort, and of groups."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit import (
    Dataset,
    DefinitionError,
    repeat_purchase_rate,
    repeat_purchase_totals,
)
from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
from retention_kit.metrics.base.periods import period_index
from retention_kit.testing import arguments_for
from retention_kit.testing import orders as drawn_orders

LONDON = "Europe/London"


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(LONDON))


def orders(*rows: tuple) -> pl.LazyFrame:
    """Orders of (order_id, customer_id, instant, …channel); a whole pound each."""
    names = ("order_id", "customer_id", "ordered_at", "channel")
    return Dataset.from_frames(
        orders=[dict(zip(names, row, strict=False)) | {"amount": 1} for row in rows],
        date_format="iso8601",
        time_zone=LONDON,
        currency="GBP",
    ).orders


AS_OF = at("2025-06-01")
JANUARY, FEBRUARY, MARCH = (dt.date(2025, month, 1) for month in (1, 2, 3))
SHOP = (
    (1, 1, "2025-01-01", "site"),
    (2, 1, "2025-01-31 23:59", "site"),
    (3, 1, "2025-02-01", "shop"),
    (4, 2, "2025-01-05", "shop"),
    (5, 2, "2025-03-05", "site"),
    (6, 3, "2025-03-01 10:00", "shop"),
    (7, 3, "2025-03-01 11:00", "shop"),
    (8, 4, "2025-03-09", None),
)


def totals_of(*keys, **arguments):
    return repeat_purchase_totals(orders(*SHOP), as_of=AS_OF, **arguments).sort(keys).collect()


def test_of_a_period_both_purchases_lie_inside_it():
    assert totals_of("period", every="1mo").rows() == [
        (JANUARY, 2, 1),
        (FEBRUARY, 1, 0),
        (MARCH, 3, 1),
    ]


def test_of_a_cohort_the_later_purchase_may_come_at_any_time():
    assert totals_of("cohort", cohort="1mo").rows() == [(JANUARY, 2, 2), (MARCH, 2, 1)]


def test_period_and_cohort_go_together():
    assert totals_of("period", "cohort", every="1mo", cohort="1q").rows() == [
        (JANUARY, JANUARY, 2, 1),
        (FEBRUARY, JANUARY, 1, 0),
        (MARCH, JANUARY, 3, 1),
    ]


def test_a_group_is_that_of_the_first_sale_and_null_is_one():
    assert totals_of("channel", by="channel").rows() == [
        (None, 1, 0),
        ("shop", 2, 2),
        ("site", 1, 1),
    ]
    by_month = totals_of("channel", "period", by="channel", every="1mo")
    assert by_month.filter(pl.col("channel") == "site").select("period", "customers").rows() == [
        (JANUARY, 1),
        (FEBRUARY, 1),
    ]


def test_by_day_two_orders_of_one_day_are_no_repeat():
    assert totals_of("period", every="1mo", unit="day").rows()[-1] == (MARCH, 3, 0)


def test_rates_keep_their_keys_and_have_intervals_on_request():
    totals = repeat_purchase_totals(orders(*SHOP), as_of=AS_OF, every="1mo")
    rates = repeat_purchase_rate(totals, confidence=0.95).collect()
    assert rates.columns == [
        "period",
        "customers",
        "repeat_customers",
        "repeat_purchase_rate",
        "repeat_purchase_rate_low",
        "repeat_purchase_rate_high",
    ]
    january = rates.row(0)
    assert january[:4] == (JANUARY, 2, 1, 0.5)
    assert january[4:] == pytest.approx((0.0945, 0.9055), abs=5e-5)


def test_young_cohorts_of_the_real_shop_have_had_less_time_to_come_back():
    totals = repeat_purchase_totals(online_retail().orders, as_of=ONLINE_RETAIL_AS_OF, cohort="1q")
    rates = repeat_purchase_rate(totals).collect()
    assert rates["customers"].sum() == 4_338
    assert rates["repeat_customers"].sum() == 2_845
    assert rates["repeat_purchase_rate"].is_sorted(descending=True)


def test_periods_that_there_are_not_are_refused():
    for arguments in ({"every": "2mo"}, {"cohort": "90d"}):
        with pytest.raises(DefinitionError, match="'1mo'"):
            repeat_purchase_totals(orders(*SHOP), as_of=AS_OF, **arguments)
    with pytest.raises(DefinitionError, match="Nearest: channel"):
        repeat_purchase_totals(orders(*SHOP), as_of=AS_OF, by="chann")


EVERY = st.sampled_from([None, "1d", "1w", "1mo", "1q", "1y"])


@given(st.data(), EVERY, EVERY, st.sampled_from(["order", "day"]))
def test_counts_are_what_a_plain_count_says(data, every, cohort, unit):
    table = data.draw(drawn_orders(max_rows=14))
    as_of = data.draw(arguments_for(repeat_purchase_totals, time_zone=LONDON))["as_of"]
    sold: dict[object, list[dt.datetime]] = {}
    for row in table.to_dicts():
        is_sale = row["kind"] in (None, "sale") and row["status"] in (None, "completed")
        if is_sale and row["ordered_at"].timestamp() < as_of.timestamp():
            sold.setdefault(row["customer_id"], []).append(row["ordered_at"])
    wanted: dict[tuple, list[int]] = {}
    for times in sold.values():
        inside: dict[tuple, list] = {}
        for time in times:
            key = (number(time, every), number(min(times, key=dt.datetime.timestamp), cohort))
            inside.setdefault(key, []).append(time.date())
        for key, ones in inside.items():
            count = len(ones) if unit == "order" else len(set(ones))
            both = wanted.setdefault(key, [0, 0])
            both[0] += 1
            both[1] += count >= 2
    totals = repeat_purchase_totals(table, as_of=as_of, every=every, cohort=cohort, unit=unit)
    got = {
        (number(row.get("period"), every), number(row.get("cohort"), cohort)): [
            row["customers"],
            row["repeat_customers"],
        ]
        for row in totals.to_dicts()
    }
    assert got == (wanted or ({} if every or cohort else {(None, None): [0, 0]}))


@given(st.data(), EVERY)
def test_groups_and_cohorts_add_up_to_the_whole(data, every):
    table = data.draw(drawn_orders(max_rows=14))
    as_of = data.draw(arguments_for(repeat_purchase_totals, time_zone=LONDON))["as_of"]
    whole = repeat_purchase_totals(table, as_of=as_of, every=every)
    split = repeat_purchase_totals(
        table, as_of=as_of, every=every, cohort="1w", by=["channel", "manager"]
    )
    sums = pl.col("customers", "repeat_customers").sum()
    together = split.select(sums) if every is None else split.group_by("period").agg(sums)
    assert together.sort(whole.columns).equals(whole.sort(whole.columns))


def number(time: dt.datetime | dt.date | None, every: str | None) -> int | None:
    if every is None or time is None:
        return None
    return pl.select(period_index(pl.lit(dt.date(time.year, time.month, time.day)), every)).item()
