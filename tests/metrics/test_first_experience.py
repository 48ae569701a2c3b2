"""From a first look to a second order, and what delivery has to do with coming back."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings

from retention_kit import Dataset, DefinitionError, MissingColumnError
from retention_kit.datasets import make_dataset
from retention_kit.metrics.base.intervals import wilson_interval
from retention_kit.metrics.orders.deliveries import delivery_effect, delivery_totals
from retention_kit.metrics.orders.first_experience import STEPS, funnel, funnel_totals
from retention_kit.testing import shops

LONDON = "Europe/London"
AS_OF = dt.datetime(2025, 6, 1, tzinfo=ZoneInfo(LONDON))
LOOK, ADD = "Product Viewed", "Product Added"


def shop(orders: list[tuple], events: list[tuple]) -> Dataset:
    """Orders of (customer_id, instant, …) and events of (customer_id, name, instant)."""
    return Dataset.from_frames(
        orders=[
            {"order_id": place, "customer_id": who, "ordered_at": at, "amount": 10, **more}
            for place, (who, at, more) in enumerate((*one, {})[:3] for one in orders)
        ],
        events=[{"customer_id": who, "name": name, "occurred_at": at} for who, name, at in events],
        date_format="iso8601",
        time_zone=LONDON,
        currency="GBP",
    )


def counted(orders: list[tuple], events: list[tuple]) -> dict[str, tuple[int, int]]:
    data = shop(orders, events)
    rows = funnel_totals(data.events, data.orders, as_of=AS_OF).collect().rows()
    return {step: numbers for step, *numbers in rows}


class TestFunnel:
    def test_each_step_comes_after_the_one_before(self):
        events = [(1, LOOK, "2025-01-01 10:00"), (1, ADD, "2025-01-01 10:05")]
        orders = [(1, "2025-01-01 10:10"), (1, "2025-02-01")]
        assert counted(orders, events) == {step: [1, 0, 0] for step in STEPS}

    def test_a_cart_before_the_first_look_is_no_step(self):
        events = [(1, ADD, "2025-01-01 09:00"), (1, LOOK, "2025-01-01 10:00")]
        assert counted([(1, "2025-01-02")], events) == {"viewed": [1, 0, 0], "ordered": [0, 0, 1]}

    def test_who_looked_and_bought_without_a_cart_on_record_is_counted_apart(self):
        events = [(who, LOOK, "2025-01-01") for who in (1, 2, 3)]
        orders = [(1, "2025-01-02"), (2, "2025-01-02"), (2, "2025-01-03"), (4, "2025-01-02")]
        assert counted(orders, events) == {
            "viewed": [3, 0, 0],
            "ordered": [0, 1, 2],
            "ordered_again": [0, 0, 1],
        }

    def test_a_sale_between_the_look_and_the_cart_does_not_count_after_the_cart(self):
        events = [(1, LOOK, "2025-01-01"), (1, ADD, "2025-03-01")]
        orders = [(1, "2025-02-01"), (1, "2025-04-01")]
        assert counted(orders, events) == {
            "viewed": [1, 0, 0],
            "added_to_cart": [1, 0, 0],
            "ordered": [1, 0, 0],
            "ordered_again": [0, 0, 1],
        }

    def test_steps_at_one_instant_are_in_order(self):
        at = "2025-01-01 10:00"
        got = counted([(1, at), (1, at)], [(1, ADD, at), (1, LOOK, at)])
        assert got == {step: [1, 0, 0] for step in STEPS}

    def test_who_bought_before_the_first_look_or_never_looked_is_counted_apart(self):
        events = [(1, LOOK, "2025-02-01"), (1, ADD, "2025-02-01"), (4, ADD, "2025-01-01")]
        orders = [(1, "2025-01-01"), (1, "2025-03-01"), (2, "2025-01-01"), (4, "2025-01-02")]
        assert counted(orders, events) == {"ordered": [0, 3, 0], "ordered_again": [0, 1, 0]}

    def test_what_happens_from_the_instant_on_does_not_exist(self):
        events = [(1, LOOK, "2025-05-31 23:59"), (1, ADD, "2025-06-01 00:00")]
        assert counted([(2, "2025-06-01")], events) == {"viewed": [1, 0, 0]}

    def test_cancelled_orders_and_returns_are_no_steps(self):
        events = [(1, LOOK, "2025-01-01"), (1, ADD, "2025-01-01")]
        orders = [
            (1, "2025-01-02", {"status": "cancelled"}),
            (1, "2025-01-03", {"kind": "return", "amount": -5}),
        ]
        assert set(counted(orders, events)) == {"viewed", "added_to_cart"}

    def test_the_funnel_says_where_it_leaks(self):
        totals = pl.LazyFrame(
            {
                "step": ["ordered", "viewed", "added_to_cart"],
                "customers": [100, 1_000, 400],
                "unseen_customers": [7, 0, 0],
                "skipped_customers": [5, 0, 0],
            }
        )
        table = funnel(totals, confidence=0.95).collect()
        assert table["step"].to_list() == list(STEPS)
        assert table["customers"].to_list() == [1_000, 400, 100, 0]
        assert table["conversion_from_previous"].to_list() == [None, 0.4, 0.25, 0.0]
        assert table["conversion_from_first"].to_list() == [1.0, 0.4, 0.1, 0.0]
        assert table["lost"].to_list() == [None, 600, 300, 100]
        assert table["is_largest_leak"].to_list() == [False, False, False, True]
        assert table["unseen_customers"].to_list() == [0, 0, 7, 0]
        assert table["skipped_customers"].to_list() == [0, 0, 5, 0]
        low, high = wilson_interval(400, 1_000)
        assert table["conversion_from_previous_low"][1] == pytest.approx(low)
        assert table["conversion_from_previous_high"][1] == pytest.approx(high)

    @pytest.mark.parametrize(
        ("customers", "leak"),
        [
            ([5, 5, 5, 5], []),
            ([8, 4, 2, 1], ["added_to_cart"]),
            ([8, 8, 4, 2], ["ordered"]),
            ([5, 0, 0, 0], ["added_to_cart"]),
        ],
    )
    def test_the_largest_leak_is_one_step_and_none_where_nobody_is_lost(self, customers, leak):
        totals = pl.LazyFrame({"step": STEPS, "customers": customers})
        apart = totals.with_columns(unseen_customers=0, skipped_customers=0)
        table = funnel(apart).filter(pl.col("is_largest_leak")).collect()
        assert table["step"].to_list() == leak

    def test_a_funnel_of_nobody_has_four_empty_steps(self):
        counts = dict.fromkeys(("customers", "unseen_customers", "skipped_customers"), pl.Int64)
        empty = {"step": pl.String, **counts}
        table = funnel(pl.LazyFrame(schema=empty)).collect()
        assert table["customers"].to_list() == [0] * 4
        assert table["conversion_from_first"].to_list() == [None] * 4
        assert not table["is_largest_leak"].any()

    def test_events_without_instants_are_refused(self):
        data = shop([(1, "2025-01-01")], [(1, LOOK, "2025-01-01")])
        with pytest.raises(MissingColumnError, match="'occurred_at'"):
            funnel_totals(data.events.drop("occurred_at"), data.orders, as_of=AS_OF)

    @settings(max_examples=min(40, settings.default.max_examples))
    @given(shops(("events", "orders")))
    def test_steps_equal_walking_each_customers_path(self, drawn):
        as_of = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
        sold, looks, adds = defaultdict(list), defaultdict(list), defaultdict(list)
        for row in drawn.tables["orders"].to_dicts():
            if row["status"] in (None, "completed") and row["kind"] != "return":
                sold[row["customer_id"]].append(row["ordered_at"].astimezone(dt.UTC))
        for row in drawn.tables["events"].to_dicts():
            place = {LOOK: looks, ADD: adds}.get(row["name"])
            if place is not None:
                place[row["customer_id"]].append(row["occurred_at"].astimezone(dt.UTC))
        wanted = defaultdict(lambda: [0, 0, 0])
        for who in {*sold, *looks}:
            bought = sorted(sold[who])
            if not looks[who] or (bought and bought[0] < min(looks[who])):
                for step, needed in (("ordered", 1), ("ordered_again", 2)):
                    if len(bought) >= needed:
                        wanted[step][1] += 1
                continue
            wanted["viewed"][0] += 1
            added = [one for one in adds[who] if one >= min(looks[who])]
            wanted["added_to_cart"][0] += bool(added)
            after = [one for one in bought if added and one >= min(added)]
            for step, needed in (("ordered", 1), ("ordered_again", 2)):
                if len(bought) >= needed:
                    wanted[step][0 if len(after) >= needed else 2] += 1
        got = funnel_totals(drawn.tables["events"], drawn.tables["orders"], as_of=as_of)
        found = {step: numbers for step, *numbers in got.rows()}
        assert found == {step: numbers for step, numbers in wanted.items() if any(numbers)}
        for step, needed in (("ordered", 1), ("ordered_again", 2)):
            buyers = sum(len(times) >= needed for times in sold.values())
            assert sum(found.get(step, [0])) == buyers

    def test_the_invented_shop_loses_customers_on_the_way(self):
        data = make_dataset(500, seed=2, event_share=0.5)
        as_of = dt.datetime(2026, 1, 1, tzinfo=ZoneInfo(data.time_zone))
        table = funnel(funnel_totals(data.events, data.orders, as_of=as_of)).collect()
        assert table["customers"].is_sorted(descending=True)
        assert table["customers"][3] > 0


def delivered(*rows: tuple) -> pl.LazyFrame:
    """Orders of (customer_id, ordered, delivered or None)."""
    orders = [(who, at, {"delivered_at": then}) for who, at, then in rows]
    return shop(orders, [(1, LOOK, "2025-01-01")]).orders


class TestDelivery:
    def test_the_first_orders_delivery_is_set_against_coming_back(self):
        table = delivered(
            (1, "2025-01-01 10:00", "2025-01-04 09:00"),
            (1, "2025-02-01", "2025-02-20"),
            (2, "2025-01-01 10:00", "2025-01-04 23:00"),
            (3, "2025-01-01 23:00", "2025-01-02 01:00"),
            (4, "2025-01-01", None),
        )
        got = delivery_totals(table, as_of=AS_OF, within="90d").sort("delivery_days").collect()
        assert got.rows() == [(1, 1, 0), (3, 2, 1)]

    def test_who_has_not_had_the_time_to_come_back_does_not_count(self):
        table = delivered((1, "2025-04-30", "2025-05-02"), (2, "2025-04-30", "2025-05-03"))
        got = delivery_totals(table, as_of=AS_OF, within="30d").collect()
        assert got.rows() == [(2, 1, 0)]

    def test_a_purchase_before_delivery_or_after_the_time_is_no_coming_back(self):
        table = delivered(
            (1, "2025-01-01", "2025-01-10"),
            (1, "2025-01-05", None),
            (1, "2025-02-09", None),
            (2, "2025-01-01", "2025-01-10"),
            (2, "2025-02-08 23:59", None),
        )
        got = delivery_totals(table, as_of=AS_OF, within="30d").collect()
        assert got.rows() == [(9, 2, 1)]

    def test_days_are_those_of_the_shops_calendar_when_clocks_change(self):
        table = delivered((1, "2025-03-29 23:30", "2025-03-30 23:45"))
        got = delivery_totals(table, as_of=AS_OF, within="1mo").collect()
        assert got["delivery_days"].to_list() == [1]

    def test_without_deliveries_there_are_no_rows(self):
        table = delivered((1, "2025-01-01", "2025-01-10")).drop("delivered_at")
        assert delivery_totals(table, as_of=AS_OF).collect().height == 0

    def test_bins_hold_all_days_and_shares_have_intervals(self):
        totals = pl.LazyFrame(
            {
                "delivery_days": [0, 1, 2, 8, 14, 15, 400],
                "customers": [10, 20, 5, 4, 6, 1, 1],
                "came_back": [5, 10, 2, 1, 1, 0, 1],
            }
        )
        table = delivery_effect(totals, confidence=0.95).collect()
        assert table.select("delivery_days_from", "delivery_days_to", "customers").rows() == [
            (0, 1, 30),
            (2, 3, 5),
            (4, 7, 0),
            (8, 14, 10),
            (15, None, 2),
        ]
        assert table["share_came_back"].to_list() == [0.5, 0.4, None, 0.2, 0.5]
        ends = table.select("share_came_back_low", "share_came_back_high")
        assert ends.row(0) == pytest.approx(wilson_interval(15, 30))
        assert ends.row(2) == (None, None)
        assert delivery_effect(totals).collect().columns == table.columns[:-2]

    def test_a_customer_stands_in_the_group_of_the_first_sale(self):
        table = delivered(
            (1, "2025-01-01", "2025-01-04"),
            (1, "2025-02-01", "2025-02-20"),
            (2, "2025-01-01", "2025-01-04"),
            (3, "2025-01-01", "2025-01-02"),
        ).with_columns(
            city=pl.col("order_id").replace_strict({0: "a", 1: "b", 2: "b"}, default=None)
        )
        totals = delivery_totals(table, as_of=AS_OF, by="city")
        assert sorted(totals.collect().rows(), key=str) == [
            ("a", 3, 1, 1),
            ("b", 3, 1, 0),
            (None, 1, 1, 0),
        ]
        effect = delivery_effect(totals, bins=(0, 2)).collect()
        assert effect.rows() == [
            (None, 0, 1, 1, 0, 0.0),
            (None, 2, None, 0, 0, None),
            ("a", 0, 1, 0, 0, None),
            ("a", 2, None, 1, 1, 1.0),
            ("b", 0, 1, 0, 0, None),
            ("b", 2, None, 1, 0, 0.0),
        ]

    def test_other_bins_may_be_asked_for(self):
        totals = pl.LazyFrame({"delivery_days": [0, 5], "customers": [3, 4], "came_back": [1, 2]})
        table = delivery_effect(totals, bins=(1, 7)).collect()
        assert table["customers"].to_list() == [4, 0]

    @pytest.mark.parametrize("bins", [(), (3, 2), (1, 1), (-1, 2), (0, 1.5)])
    def test_bins_that_are_none_are_refused(self, bins):
        totals = pl.LazyFrame({"delivery_days": [0], "customers": [3], "came_back": [1]})
        with pytest.raises(DefinitionError) as caught:
            delivery_effect(totals, bins=bins)
        assert caught.value.parameter == "bins"

    @settings(max_examples=min(40, settings.default.max_examples))
    @given(shops(("orders",)))
    def test_counts_equal_looking_at_each_first_order(self, drawn):
        zone = ZoneInfo(drawn.time_zone)
        as_of = dt.datetime(2012, 3, 1, tzinfo=zone)
        lives = defaultdict(list)
        for row in drawn.tables["orders"].sort("ordered_at", "order_id").to_dicts():
            counts = row["status"] in (None, "completed") and row["kind"] != "return"
            if counts and row["ordered_at"].timestamp() < as_of.timestamp():
                lives[row["customer_id"]].append(row)
        wanted = defaultdict(lambda: [0, 0])
        for first, *others in lives.values():
            if first["delivered_at"] is None:
                continue
            came = first["delivered_at"].date()
            last = came + dt.timedelta(days=20)
            if last > as_of.date():
                continue
            cell = wanted[(came - first["ordered_at"].date()).days]
            cell[0] += 1
            cell[1] += any(
                row["ordered_at"].timestamp() >= first["delivered_at"].timestamp()
                and row["ordered_at"].date() < last
                for row in others
            )
        got = delivery_totals(drawn.tables["orders"], as_of=as_of, within="20d")
        assert {days: numbers for days, *numbers in got.rows()} == wanted
