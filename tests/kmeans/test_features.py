"""The features of customers: what each is, and what stands where nothing is known."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections import defaultdict
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit import Dataset, DefinitionError, MissingColumnError
from retention_kit.datasets import ONLINE_RETAIL_AS_OF, make_dataset, online_retail
from retention_kit.kmeans import FEATURES, customer_features
from retention_kit.metrics import customer_summary
from retention_kit.testing import arguments_for, prove, shops

LONDON = "Europe/London"
AS_OF = dt.datetime(2025, 4, 7, tzinfo=ZoneInfo(LONDON))


def shop(*rows: dict, **tables) -> Dataset:
    """A shop of customer 1, unless a row says otherwise; each order is of 10 pounds."""
    first = {"customer_id": 1, "amount": 10}
    return Dataset.from_frames(
        orders=[{"order_id": place, **first, **row} for place, row in enumerate(rows)],
        date_format="iso8601",
        time_zone=LONDON,
        currency="GBP",
        **tables,
    )


def features(data: Dataset, *names: str, **more) -> dict[int, dict[str, float]]:
    asked = {"features": names} if names else {}
    tables = (data.orders, data.order_items, data.customers)
    table = customer_features(*tables, as_of=AS_OF, **asked, **more).collect()
    assert all(table[name].dtype == pl.Float64 for name in table.columns[1:])
    return {row.pop("customer_id"): row for row in table.to_dicts()}


class TestEachFeature:
    def test_recency_and_tenure_are_days_of_the_shops_zone(self):
        # The clock goes forward on 30 March: 23 hours are a day as well.
        data = shop({"ordered_at": "2025-03-29 23:59"}, {"ordered_at": "2025-04-06 00:00"})
        assert features(data, "recency_days", "tenure_days") == {
            1: {"recency_days": 1.0, "tenure_days": 9.0}
        }

    def test_monetary_is_net_and_the_order_value_is_of_sales(self):
        back = {"ordered_at": "2025-01-03", "amount": -5, "kind": "return"}
        data = shop({"ordered_at": "2025-01-01"}, {"ordered_at": "2025-01-02", "amount": 30}, back)
        got = features(data, "frequency", "monetary", "average_order_value", "share_returned")[1]
        assert got == {
            "frequency": 2.0,
            "monetary": 35.0,
            "average_order_value": 20.0,
            "share_returned": 0.125,
        }

    def test_equal_means_of_money_are_equal_floats(self):
        who = [count for count in range(1, 15) for _ in range(count)]
        table = pl.LazyFrame({"order_id": range(len(who)), "customer_id": who}).with_columns(
            pl.lit(dt.datetime(2025, 1, 1, tzinfo=dt.UTC)).alias("ordered_at"),
            pl.lit("19.99").cast(pl.Decimal(18, 4)).alias("amount"),
        )
        got = customer_features(table, as_of=AS_OF, features=["average_order_value"]).collect()
        assert got.height == 14
        assert set(got["average_order_value"]) == {19.99}

    def test_gaps_like_clockwork_vary_by_nothing(self):
        data = shop(*({"ordered_at": f"2025-0{month}-01"} for month in (1,)), *[
            {"ordered_at": day} for day in ("2025-01-08", "2025-01-15", "2025-01-22")
        ])  # fmt: skip
        assert features(data, "gap_variation")[1] == {"gap_variation": 0.0}

    def test_the_variation_of_gaps_is_their_standard_deviation_by_their_mean_and_a_factor(self):
        days = ["2025-01-01", "2025-01-02", "2025-01-02 18:00", "2025-01-05", "2025-01-16"]
        got = features(shop(*({"ordered_at": day} for day in days)), "gap_variation")[1]
        assert got["gap_variation"] == pytest.approx(
            statistics.pstdev([1, 3, 11]) / 5 * math.sqrt(4 / 2)
        )

    @pytest.mark.parametrize("gaps", [2, 3, 5, 12])
    def test_the_squared_variation_of_gaps_by_chance_is_1_at_the_mean_however_few(self, gaps):
        # Of long gaps, so that whole days are nearly the gaps themselves.
        draw = np.random.default_rng(gaps)
        who, times = 20_000, np.cumsum(draw.exponential(10_000, (20_000, gaps)), axis=1)
        days = np.concatenate([np.zeros((who, 1)), times], axis=1).round().astype(np.int64)
        table = pl.LazyFrame(
            {"customer_id": np.repeat(np.arange(who), gaps + 1), "days": days.ravel()}
        ).select(
            pl.int_range(pl.len()).alias("order_id"),
            "customer_id",
            (pl.datetime(1700, 1, 1, time_zone="UTC") + pl.duration(days="days")).alias(
                "ordered_at"
            ),
            pl.lit(1).cast(pl.Decimal(18, 4)).alias("amount"),
        )
        end = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)
        found = customer_features(table, as_of=end, features=["gap_variation"]).collect()
        assert (found["gap_variation"] ** 2).mean() == pytest.approx(1, abs=0.03)

    def test_the_variation_of_gaps_is_what_a_loop_finds_in_a_shop(self):
        data = make_dataset(customers=150, seed=2)
        until = dt.datetime(2026, 1, 1, tzinfo=ZoneInfo(data.time_zone))
        names = ["gap_variation", "average_order_value"]
        got = customer_features(data.orders, as_of=until, features=names).collect()
        wanted = by_hand(data.orders.collect(), until, data.time_zone)
        assert got.filter(pl.col("gap_variation") != 1).height > 50
        assert {row.pop("customer_id"): row for row in got.to_dicts()} == {
            who: pytest.approx({name: row[name] for name in names}) for who, row in wanted.items()
        }

    @pytest.mark.parametrize("days", [["2025-01-01"], ["2025-01-01", "2025-02-01"]])
    def test_fewer_than_two_gaps_vary_as_chance_does(self, days):
        got = features(shop(*({"ordered_at": day} for day in days)), "gap_variation")
        assert got == {1: {"gap_variation": 1.0}}

    def test_the_share_returned_is_at_most_1_and_0_of_what_was_free(self):
        data = shop(
            {"ordered_at": "2025-01-01"},
            {"ordered_at": "2025-01-02", "amount": -30, "kind": "return"},
            {"ordered_at": "2025-01-01", "customer_id": 2, "amount": 0},
        )
        got = features(data, "share_returned")
        assert got == {1: {"share_returned": 1.0}, 2: {"share_returned": 0.0}}

    def test_the_share_of_discount_is_of_the_full_price(self):
        rows = ({"ordered_at": "2025-01-01", "discount": 30}, {"ordered_at": "2025-01-02"})
        assert features(shop(*rows), "discount_share") == {1: {"discount_share": 0.6}}
        no_column = shop({"ordered_at": "2025-01-01"}).orders.drop("discount", strict=False)
        plain = customer_features(no_column, as_of=AS_OF, features=["discount_share"])
        assert plain.collect().rows() == [(1, 0.0)]

    def test_the_weekend_is_that_of_the_shops_zone(self):
        rows = [{"ordered_at": at} for at in ("2025-01-04 00:00", "2025-01-05 23:59", "2025-01-06")]
        got = features(shop(*rows), "weekend_share")
        assert got[1]["weekend_share"] == pytest.approx(2 / 3)

    def test_the_mix_is_of_the_lines_of_sales_before_the_instant(self):
        orders = [
            {"ordered_at": "2025-01-01", "amount": 10},
            {"ordered_at": "2025-01-02", "amount": -4, "kind": "return"},
            {"ordered_at": "2026-01-01", "amount": 90},
            {"ordered_at": "2025-01-01", "customer_id": 2},
        ]
        lines = [
            {"order_id": 0, "product_id": 1, "quantity": 1, "amount": 4, "category": "lenses"},
            {"order_id": 0, "product_id": 2, "quantity": 1, "amount": 6, "category": None},
            {"order_id": 1, "product_id": 1, "quantity": -1, "amount": -4, "category": "lenses"},
            {"order_id": 2, "product_id": 1, "quantity": 1, "amount": 90, "category": "lenses"},
        ]
        data = shop(*orders, order_items=lines)
        got = features(data, "frequency", categories=["lenses", "frames"])
        assert got[1] == {"frequency": 1.0, "share_of_lenses": 0.4, "share_of_frames": 0.0}
        assert got[2] == {"frequency": 1.0, "share_of_lenses": 0.0, "share_of_frames": 0.0}

    def test_columns_of_customers_come_along_with_what_stands_for_null(self):
        people = [{"customer_id": 1, "age": None}, {"customer_id": 3, "age": 7}]
        data = shop(
            {"ordered_at": "2025-01-01"},
            {"ordered_at": "2025-01-01", "customer_id": 2},
            {"ordered_at": "2025-01-01", "customer_id": 3},
        )
        frame = pl.LazyFrame(people, schema={"customer_id": pl.Int64, "age": pl.Int64})
        given = customer_features(
            data.orders, customers=frame, as_of=AS_OF, features=(), customer_columns={"age": 40}
        )
        assert sorted(given.collect().rows()) == [(1, 40.0), (2, 40.0), (3, 7.0)]
        bare = customer_features(
            data.orders, customers=frame, as_of=AS_OF, features=(), customer_columns="age"
        )
        assert sorted(bare.collect().rows(), key=str) == [(1, None), (2, None), (3, 7.0)]

    def test_returns_alone_make_no_customer_and_no_orders_no_row(self):
        data = shop({"ordered_at": "2025-01-01", "amount": -1, "kind": "return"})
        assert features(data) == {}
        assert customer_features(data.orders.clear(), as_of=AS_OF).collect().columns == [
            "customer_id",
            *FEATURES,
        ]


class TestBadInput:
    def test_an_unknown_feature_names_the_nearest(self):
        with pytest.raises(DefinitionError, match="nearest: recency_days"):
            features(shop({"ordered_at": "2025-01-01"}), "recency")

    @pytest.mark.parametrize(
        "asked",
        [
            {"features": ("monetary", "monetary")},
            {"categories": ("a", "a")},
            {"categories": (None,)},
            {"categories": ("a", 1)},
            {"customer_columns": ("city", "city")},
            {"customer_columns": "city"},
            {"customer_columns": {"age": math.nan}},
        ],
    )
    def test_what_is_asked_twice_or_is_no_number_is_refused(self, asked):
        data = shop({"ordered_at": "2025-01-01"})
        with pytest.raises(DefinitionError, match="Allowed"):
            customer_features(data.orders, data.order_items, data.customers, as_of=AS_OF, **asked)

    @pytest.mark.parametrize("asked", [FEATURES, ("monetary",)])
    def test_a_column_of_customers_named_like_a_feature_is_refused_asked_for_or_not(self, asked):
        data = shop({"ordered_at": "2025-01-01"})
        people = pl.LazyFrame({"customer_id": [1], "frequency": [5]})
        with pytest.raises(DefinitionError, match="'frequency'.*no feature.*rename"):
            customer_features(
                data.orders,
                customers=people,
                as_of=AS_OF,
                features=asked,
                customer_columns=["frequency"],
            )

    def test_a_table_that_is_needed_and_not_given_is_named(self):
        data = shop({"ordered_at": "2025-01-01"})
        with pytest.raises(DefinitionError, match="needs the table order_items"):
            customer_features(data.orders, as_of=AS_OF, categories=["lenses"])
        with pytest.raises(DefinitionError, match="needs the table customers"):
            customer_features(data.orders, as_of=AS_OF, customer_columns=["age"])
        with pytest.raises(MissingColumnError, match="'age'"):
            customer_features(
                data.orders, customers=data.customers, as_of=AS_OF, customer_columns=["age"]
            )


class TestLaws:
    @given(data=st.data())
    def test_the_law_holds_with_every_feature_there_is(self, data):
        drawn = data.draw(shops(("orders", "order_items", "customers")))
        arguments = data.draw(arguments_for(customer_features, time_zone=drawn.time_zone))
        known = drawn.tables["order_items"]["category"].drop_nulls().unique().sort().to_list()
        customers = drawn.lazy()["customers"].with_columns(
            pl.col("city").str.len_chars().cast(pl.Int64).alias("letters")
        )
        arguments |= {"categories": known[:2], "customer_columns": {"letters": 3}}
        tables = drawn.lazy() | {"customers": customers}
        prove(customer_features, tables, arguments=arguments)

    @given(data=st.data())
    def test_no_feature_is_missing_and_all_are_what_a_loop_finds(self, data):
        drawn = data.draw(shops(("orders",)))
        as_of = data.draw(arguments_for(customer_features, time_zone=drawn.time_zone))["as_of"]
        got = customer_features(drawn.tables["orders"], as_of=as_of)
        assert got.null_count().sum_horizontal().item() == 0
        assert got.select(pl.exclude("customer_id").is_finite().all()).row(0) == (True,) * 9
        wanted = by_hand(drawn.tables["orders"], as_of, drawn.time_zone)
        assert {row.pop("customer_id"): row for row in got.to_dicts()} == {
            who: pytest.approx(row) for who, row in wanted.items()
        }


def test_online_retail_has_4338_customers_and_its_features_stand():
    data = online_retail()
    table = customer_features(data.orders, as_of=ONLINE_RETAIL_AS_OF).collect()
    assert table.height == 4_338
    summary = customer_summary(data.orders, as_of=ONLINE_RETAIL_AS_OF).filter(pl.col("orders") > 0)
    known = summary.select("customer_id", "orders", pl.col("net_revenue").cast(pl.Float64))
    both = table.join(known.collect(), on="customer_id")
    assert both.height == 4_338
    assert both["frequency"].equals(both["orders"].cast(pl.Float64))
    assert both["monetary"].equals(both["net_revenue"])
    assert round(table["recency_days"].mean(), 4) == 93.0595


def by_hand(orders: pl.DataFrame, as_of: dt.datetime, zone: str) -> dict:
    """The features by loops over rows."""
    seen = defaultdict(list)
    for row in orders.to_dicts():
        is_completed = row.get("status") in (None, "completed")
        if row["ordered_at"].timestamp() < as_of.timestamp() and is_completed:
            seen[row["customer_id"]].append(row)
    found = {}
    today = as_of.astimezone(ZoneInfo(zone)).date()
    for who, rows in seen.items():
        sales = [row for row in rows if row.get("kind") in (None, "sale")]
        if not sales:
            continue
        days = sorted({row["ordered_at"].date() for row in sales})
        gaps = [(later - earlier).days for earlier, later in pairwise(days)]
        revenue = float(sum(row["amount"] for row in sales))
        net = float(sum(row["amount"] for row in rows))
        taken = float(sum(row.get("discount") or 0 for row in sales))
        weekend = sum(row["ordered_at"].isoweekday() >= 6 for row in sales)
        full = revenue + taken
        found[who] = {
            "recency_days": (today - days[-1]).days,
            "frequency": len(sales),
            "monetary": net,
            "tenure_days": (today - days[0]).days,
            "average_order_value": revenue / len(sales),
            "gap_variation": statistics.pstdev(gaps)
            / statistics.mean(gaps)
            * math.sqrt((len(gaps) + 1) / (len(gaps) - 1))
            if len(gaps) > 1
            else 1,
            "share_returned": min(max((revenue - net) / revenue, 0), 1) if revenue > 0 else 0,
            "discount_share": min(max(taken / full, 0), 1) if full > 0 else 0,
            "weekend_share": weekend / len(sales),
        }
    return found
