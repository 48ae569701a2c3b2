"""Figures brought up to date: who changed, what is refused, and that only they are read."""

import datetime as dt
from typing import NamedTuple

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from retention_kit.contracts import (
    Dataset,
    additive,
    changed_customers,
    customer_local,
    finisher,
    updated,
)
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import DefinitionError

JANUARY, MARCH = dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 3, 1, tzinfo=dt.UTC)


class Both(NamedTuple):
    """Two tables of one function."""

    totals: pl.LazyFrame
    rows: pl.LazyFrame


@customer_local
def spent(orders):
    return orders.group_by("customer_id").agg(pl.col("amount").sum().cast(SUM))


@customer_local
def spent_by(orders, *, as_of):
    return spent(orders.filter(pl.col("ordered_at") < as_of))


@customer_local(ages=True)
def days_ago(orders, *, as_of):
    return orders.group_by("customer_id").agg((as_of - pl.col("ordered_at").max()).dt.total_days())


@additive(keys=("channel",))
def by_channel(orders):
    return orders.group_by("channel").agg(
        pl.len().cast(pl.Int64).alias("orders"), pl.col("amount").sum().cast(SUM)
    )


@additive(keys=())
def counted(orders):
    return orders.select(pl.len().cast(pl.Int64).alias("orders"))


@customer_local
def both(orders):
    return Both(spent(orders), orders.select("customer_id", "order_id"))


@customer_local
def nameless(orders):
    return orders.select("amount")


@customer_local
def with_costs(orders, costs):
    return orders.join(costs, how="cross")


@finisher(of=by_channel)
def finished(totals):
    return totals


def shop_of(*rows):
    """Make a shop of orders: id, customer, month, amount, channel."""
    names = ("order_id", "customer_id", "ordered_at", "amount", "channel")
    orders = [
        {**dict(zip(names, row, strict=True)), "ordered_at": dt.datetime(2024, row[2], 15)}
        for row in rows
    ]
    return Dataset.from_frames(orders, time_zone="UTC", currency="GBP")


OLD = shop_of((1, 7, 1, 10, "web"), (2, 7, 2, 20, "shop"), (3, 8, 1, 30, "web"), (4, 9, 1, 5, "tv"))
# Order 2 was corrected, order 4 deleted, order 5 came late, and a new customer came.
NEW = shop_of((1, 7, 1, 10, "web"), (2, 7, 2, 25, "web"), (3, 8, 1, 30, "web"), (5, 10, 1, 1, None))
ROWS = {"old": OLD, "new": NEW}


def test_customers_changed_whose_rows_came_went_or_were_corrected():
    assert sorted(changed_customers(OLD, NEW).collect()["customer_id"]) == [7, 9, 10]
    assert sorted(changed_customers(NEW, OLD).collect()["customer_id"]) == [7, 9, 10]
    assert changed_customers(OLD, OLD).collect().height == 0


def test_equal_rows_are_counted():
    once = {"orders": OLD.orders}
    twice = {"orders": pl.concat([OLD.orders, OLD.orders.filter(pl.col("customer_id") == 8)])}
    assert changed_customers(once, twice).collect().rows() == [(8,)]


@pytest.mark.parametrize("function", [spent, by_channel, counted])
@pytest.mark.parametrize("way", ["lazy", "eager"])
def test_an_update_gives_what_is_computed_anew(function, way):
    before = function(OLD.orders) if way == "lazy" else function(OLD.orders.collect())
    now = updated(function, before, **ROWS)
    assert isinstance(now, pl.LazyFrame)
    assert_frame_equal(now, function(NEW.orders), check_row_order=False)


def test_a_cell_that_nobody_is_in_any_more_is_gone():
    before = by_channel(OLD.orders)
    assert set(before.collect()["channel"]) == {"web", "shop", "tv"}
    now = updated(by_channel, before, **ROWS).collect()
    assert set(now["channel"]) == {"web", None}
    assert now.schema == before.collect_schema()


def test_a_function_of_several_tables_gives_several():
    now = updated(both, both(OLD.orders), **ROWS)
    assert isinstance(now, Both)
    for got, wanted in zip(now, both(NEW.orders), strict=True):
        assert_frame_equal(got, wanted, check_row_order=False)


def test_only_rows_of_customers_who_changed_go_in():
    seen = []

    @customer_local
    def watching(orders):
        seen.append(orders)
        return spent(orders)

    everybody = pl.LazyFrame({"customer_id": [7, 7, 9, 10]})
    now = updated(watching, spent(OLD.orders), changed=everybody, **ROWS)
    assert [sorted(one.collect()["order_id"]) for one in seen] == [[1, 2, 4], [1, 2, 5]]
    assert_frame_equal(now, spent(NEW.orders), check_row_order=False)


def test_as_of_may_move_where_nothing_ages():
    before = spent_by(OLD.orders, as_of=JANUARY.replace(day=20))
    now = updated(spent_by, before, old_as_of=JANUARY.replace(day=20), as_of=MARCH, **ROWS)
    assert_frame_equal(now, spent_by(NEW.orders, as_of=MARCH), check_row_order=False)
    back = updated(spent_by, now, old=NEW, new=OLD, old_as_of=MARCH, as_of=JANUARY)
    assert_frame_equal(back, spent_by(OLD.orders, as_of=JANUARY), check_row_order=False)


def test_as_of_may_not_move_where_rows_age():
    before = days_ago(OLD.orders, as_of=MARCH)
    same = updated(days_ago, before, old_as_of=MARCH, as_of=MARCH, **ROWS)
    assert_frame_equal(same, days_ago(NEW.orders, as_of=MARCH), check_row_order=False)
    with pytest.raises(DefinitionError) as caught:
        updated(days_ago, before, old_as_of=JANUARY, as_of=MARCH, **ROWS)
    assert "what days_ago gives changes with time alone" in str(caught.value)
    assert "Next step: compute it anew, over buckets" in str(caught.value)
    assert caught.value.parameter == "as_of"


def test_an_old_instant_without_one_of_now_is_refused():
    with pytest.raises(DefinitionError, match="Parameter 'old_as_of'"):
        updated(spent, spent(OLD.orders), old_as_of=JANUARY, **ROWS)


def test_the_instant_of_the_old_figures_is_never_guessed():
    before = spent_by(OLD.orders, as_of=JANUARY)
    with pytest.raises(DefinitionError, match="where it has not moved") as caught:
        updated(spent_by, before, as_of=MARCH, **ROWS)
    assert caught.value.parameter == "old_as_of"
    for wrong in (dt.datetime(2024, 1, 1), dt.date(2024, 1, 1)):
        with pytest.raises(DefinitionError, match="a datetime with a time zone") as caught:
            updated(spent_by, before, old_as_of=wrong, as_of=MARCH, **ROWS)
        assert caught.value.parameter == "old_as_of"


@pytest.mark.parametrize(
    "given", [[7], pl.Series("customer_id", [7]), pl.LazyFrame({"client": [7]})]
)
def test_changed_customers_are_a_table_of_them(given):
    with pytest.raises(DefinitionError, match="Allowed: a lazy table with this column"):
        updated(spent, spent(OLD.orders), changed=given, **ROWS)


def test_changed_customers_are_of_the_tables_type():
    given = pl.LazyFrame({"customer_id": ["7"]})
    with pytest.raises(DefinitionError, match="of type String, those of table 'orders' of Int64"):
        updated(spent, spent(OLD.orders), changed=given, **ROWS)


@pytest.mark.parametrize("given", [OLD.orders, [OLD.orders], {"orders": [1]}])
def test_tables_are_given_by_name(given):
    with pytest.raises(DefinitionError, match="lazy tables by name") as caught:
        updated(spent, spent(OLD.orders), old=given, new=NEW)
    assert caught.value.parameter == "old"


@pytest.mark.parametrize("given", [None, [1], by_channel(OLD.orders)])
def test_the_old_figures_are_those_of_the_function(given):
    with pytest.raises(DefinitionError, match="Parameter 'before' is of type"):
        updated(spent, given, **ROWS)
    with pytest.raises(DefinitionError, match="it gives Both"):
        updated(both, given, **ROWS)


def test_a_function_whose_parameters_are_taken_is_refused():
    @customer_local
    def of_changed(orders, *, changed):
        return spent(orders)

    with pytest.raises(DefinitionError, match="has a parameter 'changed'"):
        updated(of_changed, spent(OLD.orders), **ROWS)


def test_buckets_are_compared_one_by_one(tmp_path):
    old, new = (shop.bucket(tmp_path / name, buckets=3) for shop, name in ((OLD, "o"), (NEW, "n")))
    found = pl.concat([changed_customers(*pair) for pair in zip(old, new, strict=True)]).collect()
    assert sorted(found["customer_id"]) == [7, 9, 10]


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (finished, "finished is finisher"),
        (shop_of, "shop_of is undeclared"),
        (nameless, "no column 'customer_id'"),
        (with_costs, "Table 'costs', which with_costs takes, has no customers"),
    ],
)
def test_what_cannot_be_updated_is_refused(function, said):
    with pytest.raises(DefinitionError, match=said):
        updated(function, OLD.orders.select("amount"), **ROWS)


def test_versions_that_do_not_go_together_are_refused():
    with pytest.raises(DefinitionError, match="The old tables of customers are orders"):
        changed_customers({"orders": OLD.orders}, {"events": OLD.events})
    with pytest.raises(DefinitionError, match="at least one table of customers"):
        changed_customers({"costs": OLD.costs}, {"costs": OLD.costs})
    wider = NEW.orders.with_columns(pl.lit(1).alias("extra"))
    with pytest.raises(DefinitionError, match="Columns extra of table 'orders' differ"):
        changed_customers({"orders": OLD.orders}, {"orders": wider})
    with pytest.raises(DefinitionError, match="Table 'orders', which spent takes, is not given"):
        updated(spent, spent(OLD.orders), old={}, new=NEW)
    with pytest.raises(DefinitionError, match="Table 'orders' is among the arguments"):
        updated(spent, spent(OLD.orders), orders=NEW.orders, **ROWS)


@additive(keys=())
def counted_with_some(orders, customers=None):
    counted = orders.select(pl.len().cast(pl.Int64).alias("orders"))
    if customers is None:
        return counted
    known = customers.select(pl.len().cast(pl.Int64).alias("orders"))
    return pl.concat([counted, known]).sum()


def test_a_table_that_a_function_can_do_without_may_be_missing_in_both():
    old, new = ({"orders": shop.orders} for shop in (OLD, NEW))
    now = updated(counted_with_some, counted_with_some(OLD.orders), old=old, new=new)
    assert_frame_equal(now, counted_with_some(NEW.orders))
    both = counted_with_some(OLD.orders, OLD.customers)
    now = updated(counted_with_some, both, old=OLD, new=NEW)
    assert_frame_equal(now, counted_with_some(NEW.orders, NEW.customers))


def test_a_table_that_is_missing_in_one_is_told():
    with pytest.raises(DefinitionError, match="old has orders and new orders, customers"):
        updated(counted_with_some, spent(OLD.orders), old={"orders": OLD.orders}, new=NEW)
