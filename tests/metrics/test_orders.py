"""Order totals by period and by dimension, and the values made of them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.contracts import Dataset
from retention_kit.datasets import ONLINE_RETAIL_AS_OF, example_orders, online_retail
from retention_kit.errors import DefinitionError
from retention_kit.metrics.economics.contract_formulas import contract_retention_rate
from retention_kit.metrics.orders.totals import (
    average_order_value,
    order_totals,
    purchase_frequency,
    share_of_repeat_sales,
)
from retention_kit.metrics.orders.trends import order_values
from retention_kit.testing import shops

LONDON = "Europe/London"
ADDING = (
    "orders",
    "returns",
    "revenue",
    "net_revenue",
    "first_orders",
    "first_revenue",
    "repeat_orders",
    "repeat_revenue",
    "margin",
    "orders_with_margin",
)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(LONDON))


def orders(*rows: tuple, names=("channel",)) -> pl.LazyFrame:
    columns = ("order_id", "customer_id", "ordered_at", "amount", *names)
    return Dataset.from_frames(
        orders=[dict(zip(columns, row, strict=True)) for row in rows],
        negative_amounts="return",
        date_format="iso8601",
        time_zone=LONDON,
        currency="GBP",
    ).orders


AS_OF = at("2025-06-01")


def counted(frame: pl.DataFrame, as_of: dt.datetime, key) -> dict:
    """What order_totals says, counted row by row."""
    rows = [
        row
        for row in frame.to_dicts()
        if row["ordered_at"].timestamp() < as_of.timestamp()
        and row["status"] in (None, "completed")
    ]
    firsts: dict = {}
    for row in rows:
        if row["kind"] != "return":
            place = (row["ordered_at"].astimezone(dt.UTC), row["order_id"], id(row))
            firsts[row["customer_id"]] = min(firsts.get(row["customer_id"], place), place)
    found: dict = defaultdict(lambda: defaultdict(Decimal))
    seen: dict = defaultdict(set)
    for row in rows:
        group, sums, who = key(row), found[key(row)], row["customer_id"]
        amount, margin = row["amount"], row["margin"]
        sums["net_revenue"] += amount
        sums["margin"] += margin or 0
        if row["kind"] == "return":
            sums["returns"] += 1
            if who not in firsts:
                seen[group, "return_only_customers"].add(who)
            continue
        seen[group, "customers"].add(who)
        rank = "first" if firsts[who][2] == id(row) else "repeat"
        sums["orders"] += 1
        sums["revenue"] += amount
        sums[f"{rank}_orders"] += 1
        sums[f"{rank}_revenue"] += amount
        sums["orders_with_margin"] += margin is not None
    for (group, name), who in seen.items():
        found[group][name] = Decimal(len(who))
    return found


@given(shops(("orders",)), st.data())
def test_totals_are_those_counted_row_by_row(shop, data):
    frame = shop.tables["orders"]
    as_of = data.draw(st.sampled_from([*frame["ordered_at"], at("2030-01-01")]))
    monthly = data.draw(st.booleans())
    by = data.draw(st.sampled_from([(), ("channel",), ("manager", "kind")]))

    def key(row):
        month = (row["ordered_at"].date().replace(day=1),) if monthly else ()
        return (*(row[name] for name in by), *month)

    want = counted(frame, as_of, key)
    got = order_totals(frame, as_of=as_of, every="1mo" if monthly else None, by=by)
    width = len(by) + monthly
    assert {row[:width] for row in got.rows()} == (set(want) if width else {()})
    for row in got.rows():
        named = dict(zip(got.columns[width:], row[width:], strict=True))
        assert named == {name: want[row[:width]][name] for name in named}


@given(shops(("orders",)), st.sampled_from(["1d", "1w", "1mo", "1q", "1y", None]))
def test_periods_and_groups_add_up_to_the_whole(shop, every):
    frame, as_of = shop.tables["orders"], at("2030-01-01")
    whole = order_totals(frame, as_of=as_of).select(ADDING)
    parts = order_totals(frame, as_of=as_of, every=every, by="channel")
    assert parts.select(pl.col(ADDING).sum()).equals(whole)


def test_a_first_order_is_first_over_all_time_and_in_its_own_group():
    table = orders(
        (1, 1, "2025-03-31 10:00", 10, "shop"),
        (2, 1, "2025-04-01 10:00", 30, "site"),
        (3, 2, "2025-04-02 10:00", 50, None),
    )
    totals = order_totals(table, as_of=AS_OF, by="channel").sort("channel").collect()
    assert totals.select("channel", "customers", "first_orders", "repeat_orders").rows() == [
        (None, 1, 1, 0),
        ("shop", 1, 1, 0),
        ("site", 1, 0, 1),
    ]


def test_of_two_sales_at_one_instant_the_smaller_id_is_first_for_numbers_and_for_text():
    rows = [(10, 1, "2025-04-01 10:00", 30, "b"), (9, 1, "2025-04-01 10:00", 5, "a")]
    numbers = order_totals(orders(*rows), as_of=AS_OF, by="channel").sort("channel").collect()
    assert numbers["first_revenue"].to_list() == [5, 0]
    texts = [(f"no {number}", *rest) for number, *rest in rows]
    as_text = order_totals(orders(*texts), as_of=AS_OF, by="channel").sort("channel").collect()
    assert as_text["first_revenue"].to_list() == [0, 30], "as text 'no 10' is before 'no 9'"


def test_the_hour_before_a_month_ends_is_cut_by_the_clock_of_the_shop():
    # 31 March 23:30 in London is 22:30 in UTC, summer time having begun the day before.
    table = orders(
        (1, 1, "2025-03-31 23:30", 1, None),
        (2, 1, "2025-03-30 03:30", 1, None),
        (3, 1, "2025-04-01 00:00", 1, None),
    )
    totals = order_totals(table, as_of=AS_OF, every="1mo").sort("period").collect()
    assert totals.select("period", "orders").rows() == [
        (dt.date(2025, 3, 1), 2),
        (dt.date(2025, 4, 1), 1),
    ]


def test_who_has_returns_alone_is_counted_where_the_returns_are():
    table = orders((1, 1, "2025-04-01 10:00", -10, "shop"), (2, 2, "2025-05-01 10:00", 5, "shop"))
    totals = order_totals(table, as_of=AS_OF, every="1mo").sort("period").collect()
    assert totals.select("customers", "return_only_customers", "net_revenue").rows() == [
        (0, 1, Decimal(-10)),
        (1, 0, Decimal(5)),
    ]


def test_margins_are_summed_where_they_are_known_and_returns_take_theirs_off():
    table = orders(
        (1, 1, "2025-04-01 10:00", 100, 40),
        (2, 1, "2025-04-02 10:00", 100, None),
        (3, 1, "2025-04-03 10:00", -100, -40),
        names=("margin",),
    )
    totals = order_totals(table, as_of=AS_OF).select("margin", "orders_with_margin")
    assert totals.collect().rows() == [(Decimal(0), 1)]
    absent = order_totals(table.drop("margin"), as_of=AS_OF).select("margin", "orders_with_margin")
    assert absent.collect().rows() == [(Decimal(0), 0)]
    assert absent.collect_schema() == totals.collect_schema()


def test_an_unknown_dimension_is_named_with_those_nearest():
    table, as_of = example_orders()
    with pytest.raises(DefinitionError, match="chann.*channel"):
        order_totals(table, as_of=as_of, by="chann")
    with pytest.raises(DefinitionError, match="orders"):
        order_totals(table.with_columns(orders=pl.lit("x")), as_of=as_of, by="orders")
    with pytest.raises(DefinitionError, match="'every'"):
        order_totals(table, as_of=as_of, every="1h")


def test_finishers_keep_the_groups_and_the_periods():
    table, as_of = example_orders()
    totals = order_totals(table, as_of=as_of, every="1mo", by="channel")
    for finisher in (average_order_value, purchase_frequency, share_of_repeat_sales):
        assert finisher(totals).collect_schema().names()[:2] == ["channel", "period"]


class TestOrderValues:
    ROWS = (
        (1, 1, "2025-01-15 10:00", 100, "shop"),
        (2, 1, "2025-03-15 10:00", 300, "shop"),
        (3, 2, "2025-03-16 10:00", 50, "site"),
    )

    def values(self, as_of=AS_OF, every="1mo", by=(), **more):
        totals = order_totals(orders(*self.ROWS), as_of=as_of, every=every, by=by)
        return order_values(totals, as_of=as_of, time_zone=LONDON, every=every, **more).collect()

    def test_empty_periods_are_there_up_to_the_instant_of_observation(self):
        got = self.values(at("2025-05-10"))
        assert got.select("period", "orders", "average_order_value", "is_complete").rows() == [
            (dt.date(2025, 1, 1), 1, 100.0, True),
            (dt.date(2025, 2, 1), 0, None, True),
            (dt.date(2025, 3, 1), 2, 175.0, True),
            (dt.date(2025, 4, 1), 0, None, True),
            (dt.date(2025, 5, 1), 0, None, False),
        ]

    def test_every_group_has_every_period_and_groups_add_up(self):
        groups, whole = self.values(by="channel"), self.values()
        assert groups.height == 2 * whole.height
        assert groups["channel"].to_list() == ["shop"] * 5 + ["site"] * 5
        added = groups.group_by("period", maintain_order=True).agg(
            pl.col("orders", "revenue").sum()
        )
        assert added.equals(whole.select("period", "orders", "revenue"))

    def test_a_period_that_began_before_the_data_is_not_complete(self):
        got = self.values(data_from=dt.date(2025, 1, 2))
        assert got["is_complete"].to_list() == [False, True, True, True, True]

    def test_repeat_orders_of_a_period_are_of_customers_who_had_bought(self):
        got = self.values().row(2, named=True)
        assert got["first_average_order_value"] == 50
        assert got["repeat_average_order_value"] == 300
        assert got["share_of_repeat_sales"] == 300 / 350
        assert got["purchase_frequency"] == 1

    def test_totals_without_periods_are_refused(self):
        totals = order_totals(orders(*self.ROWS), as_of=AS_OF)
        with pytest.raises(DefinitionError, match="every='1mo'"):
            order_values(totals, as_of=AS_OF, time_zone=LONDON, every="1mo")


class TestOnlineRetail:
    @pytest.fixture
    def monthly(self):
        return order_totals(
            online_retail().orders, as_of=ONLINE_RETAIL_AS_OF, every="1mo"
        ).collect()

    def test_the_average_order_is_480_87_the_first_425_66_and_others_497_74(self):
        totals = order_totals(online_retail().orders, as_of=ONLINE_RETAIL_AS_OF)
        values = average_order_value(totals).collect().row(0, named=True)
        assert values["average_order_value"] == pytest.approx(480.866, abs=5e-4)
        assert values["first_average_order_value"] == pytest.approx(425.6565, abs=5e-5)
        assert values["repeat_average_order_value"] == pytest.approx(497.7392, abs=5e-5)

    def test_repeat_orders_bring_79_3_percent_of_the_revenue(self):
        totals = order_totals(online_retail().orders, as_of=ONLINE_RETAIL_AS_OF)
        share = share_of_repeat_sales(totals).collect()["share_of_repeat_sales"].item()
        assert share == pytest.approx(0.793, abs=5e-4)

    def test_months_add_up_to_the_whole(self, monthly):
        whole = order_totals(online_retail().orders, as_of=ONLINE_RETAIL_AS_OF).collect()
        assert monthly.select(pl.col(ADDING).sum()).equals(whole.select(ADDING))
        assert monthly["first_orders"].sum() == whole["customers"].item()
        assert monthly.height == 13

    def test_the_textbook_retention_of_september_2011_exceeds_1(self, monthly):
        by_month = {row["period"]: row for row in monthly.to_dicts()}
        august, september = by_month[dt.date(2011, 8, 1)], by_month[dt.date(2011, 9, 1)]
        rate = contract_retention_rate(
            august["customers"], september["first_orders"], september["customers"]
        )
        assert rate == pytest.approx(1.034, abs=5e-4)

    def test_december_2011_is_not_complete(self, monthly):
        values = order_values(monthly, as_of=ONLINE_RETAIL_AS_OF, time_zone=LONDON, every="1mo")
        assert values["is_complete"].to_list() == [True] * 12 + [False]
