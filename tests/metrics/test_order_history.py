"""Each sale in its customer's history, against a history written row by row."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
from retention_kit.errors import DefinitionError, MissingColumnError
from retention_kit.metrics.orders.history import order_history
from retention_kit.testing import instants, prove, shops

ZONE = ZoneInfo("Europe/London")
AT = dt.datetime(2025, 3, 1, 12, tzinfo=ZONE)
HOUR = dt.timedelta(hours=1)


def orders(*rows: tuple, ids=pl.Int64, people=pl.Int64) -> pl.LazyFrame:
    return pl.LazyFrame(
        [(*row, "1") for row in rows],
        schema={
            "order_id": ids,
            "customer_id": people,
            "ordered_at": pl.Datetime("us", "Europe/London"),
            "amount": pl.String,
        },
        orient="row",
    ).with_columns(pl.col("amount").cast(pl.Decimal(18, 4)))


def told(frame: pl.DataFrame, as_of: dt.datetime) -> list[dict]:
    """The history, customer by customer and sale by sale."""
    sales = defaultdict(list)
    for row in frame.to_dicts():
        is_completed = row.get("status") in (None, "completed")
        is_before = row["ordered_at"].timestamp() < as_of.timestamp()
        if is_before and is_completed and row.get("kind") != "return":
            sales[row["customer_id"]].append(row)
    rows = []
    for bought in sales.values():
        bought.sort(key=lambda row: (row["ordered_at"].astimezone(dt.UTC), row["order_id"]))
        instants_ = [row["ordered_at"] for row in bought]
        for place, row in enumerate(bought):
            at, before = instants_[place], instants_[place - 1] if place else None
            waited = None
            if before is not None:
                waited = (at.astimezone(dt.UTC) - before.astimezone(dt.UTC)) / dt.timedelta(days=1)
            rows.append(
                {name: row[name] for name in ("customer_id", "order_id", "ordered_at", "amount")}
                | {
                    "order_number": place + 1,
                    "previous_order_at": before,
                    "next_order_at": instants_[place + 1] if place + 1 < len(bought) else None,
                    "first_order_at": instants_[0],
                    "days_since_previous_order": waited,
                }
            )
    return rows


@given(data=st.data())
def test_it_is_the_history_told_sale_by_sale(data):
    shop = data.draw(shops(("orders",), max_rows=14))
    as_of = data.draw(instants(time_zone=shop.time_zone))
    frame = shop.tables["orders"]
    found = order_history(frame, as_of=as_of)
    expected = pl.DataFrame(told(frame, as_of), schema=found.schema)
    assert_frame_equal(found, expected, check_row_order=False, rel_tol=1e-15)


@given(data=st.data())
def test_it_keeps_the_law_of_the_house(data):
    shop = data.draw(shops(("orders",)))
    as_of = data.draw(instants(time_zone=shop.time_zone))
    prove(order_history, shop.lazy(), arguments={"as_of": as_of})


@pytest.mark.parametrize(("ids", "people"), [(int, int), (str, int), (int, str), (str, str)])
@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_sales_of_one_instant_are_numbered_by_id(ids, people, engine):
    rows = [(ids(number), people(7), AT) for number in (3, 1, 2)] + [(ids(4), people(7), AT - HOUR)]
    types = {int: pl.Int64, str: pl.String}
    table = orders(*rows, ids=types[ids], people=types[people])
    history = order_history(table, as_of=AT + HOUR).sort("order_number").collect(engine=engine)
    assert history["order_id"].to_list() == [ids(number) for number in (4, 1, 2, 3)]
    assert history["days_since_previous_order"].to_list() == [None, 1 / 24, 0.0, 0.0]


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt64, pl.Int64])
def test_ids_at_the_ends_of_their_types_keep_their_order(dtype):
    least, most = (pl.select(end).item() for end in (dtype.min(), dtype.max()))
    rows = [(order, customer, AT) for order in (most, least) for customer in (most, least)]
    history = order_history(orders(*rows, ids=dtype, people=dtype), as_of=AT + HOUR).collect()
    numbered = history.sort("customer_id", "order_number").select("customer_id", "order_id")
    assert numbered.rows() == [(least, least), (least, most), (most, least), (most, most)]


def test_the_gap_over_a_change_of_clocks_is_the_time_that_passed():
    spring = dt.datetime(2025, 3, 29, 12, tzinfo=ZONE)
    table = orders((1, 1, spring), (2, 1, dt.datetime(2025, 3, 30, 12, tzinfo=ZONE)))
    days = order_history(table, as_of=spring + 48 * HOUR).collect()["days_since_previous_order"]
    assert days.drop_nulls().to_list() == [23 / 24]


def test_the_real_shop_has_as_many_first_sales_as_customers():
    history = order_history(online_retail().orders, as_of=ONLINE_RETAIL_AS_OF).collect()
    assert history.height == 18_532
    assert history.filter(pl.col("order_number") == 1).height == 4_338
    assert history.filter(pl.col("next_order_at").is_null()).height == 4_338
    assert history["days_since_previous_order"].null_count() == 4_338


def test_what_cannot_be_told_is_refused():
    table = orders((1, 1, AT))
    with pytest.raises(MissingColumnError, match="amount"):
        order_history(table.drop("amount"), as_of=AT)
    with pytest.raises(DefinitionError, match="with a time zone"):
        order_history(table, as_of=dt.datetime(2025, 1, 1))


def test_ids_that_no_number_holds_keep_their_order():
    ids = [2**100, -1, 2**70, 5]
    table = orders(*((one, who, AT) for one in ids for who in (7, 8)), ids=pl.Int128)
    history = order_history(table, as_of=AT + HOUR).sort("customer_id", "order_number").collect()
    wanted = [(who, number, one) for who in (7, 8) for number, one in enumerate(sorted(ids), 1)]
    assert history.select("customer_id", "order_number", "order_id").rows() == wanted


@pytest.mark.parametrize(
    ("dtype", "farthest"), [(pl.UInt64, 2**63), (pl.UInt64, 0), (pl.Int64, -(2**63))]
)
def test_the_farthest_ids_before_1970_stay_in_turn(dtype, farthest):
    at = [dt.datetime(1969, 1, 2, tzinfo=dt.UTC), dt.datetime(1970, 4, 11, tzinfo=dt.UTC)]
    orders = pl.LazyFrame(
        {
            "order_id": [1, 2],
            "customer_id": [farthest, farthest],
            "ordered_at": at,
            "amount": [1, 2],
        },
        schema_overrides={"customer_id": dtype, "amount": pl.Decimal(18, 4)},
    ).with_columns(pl.col("ordered_at").dt.cast_time_unit("us"))
    history = order_history(orders, as_of=dt.datetime(2024, 1, 1, tzinfo=dt.UTC)).collect()
    assert sorted(history["order_number"]) == [1, 2]
