"""A customer and a number as one number: it sorts as the two do, and gives both back."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.contracts.packed import (
    customer_of,
    fits_packed,
    is_customers_first,
    low_of,
    packed,
    ranked,
)

TYPES = [pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64]
NUMBER = pl.col("number")


def ends(dtype):
    return tuple(pl.select(end).item() for end in (dtype.min(), dtype.max()))


def drawn(dtype, lows):
    least, most = ends(dtype)
    ids = st.sampled_from((least, least + 1, 0, 1, most - 1, most))
    return st.lists(st.tuples(ids, lows), max_size=20)


def turned(rows, dtype):
    schema = {"customer_id": dtype, "low": pl.Int64}
    frame = pl.LazyFrame(rows, schema=schema, orient="row")
    return frame.select(number=packed(pl.col("low"), dtype())).sort("number")


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
@pytest.mark.parametrize("dtype", TYPES)
@given(st.data())
def test_numbers_are_sorted_as_customers_and_lows_are_and_give_them_back(dtype, engine, data):
    farthest = st.sampled_from((-(2**63), -1, 0, 1, 2**63 - 1))
    rows = data.draw(drawn(dtype, farthest | st.integers(-(2**63), 2**63 - 1)))
    back = turned(rows, dtype).select(customer_of(NUMBER, dtype()), low=low_of(NUMBER))
    found = back.collect(engine=engine)
    assert found.schema == {"customer_id": dtype, "low": pl.Int64}
    assert found.rows() == sorted(rows)


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
@pytest.mark.parametrize("dtype", TYPES)
@given(st.data())
def test_the_first_number_of_each_customer_is_told(dtype, engine, data):
    near = st.sampled_from((-(2**62), -1, 0, 1, 2**62 - 1))
    rows = sorted(data.draw(drawn(dtype, near)))
    told = turned(rows, dtype).select(is_customers_first(NUMBER)).collect(engine=engine)
    customers = [customer for customer, _ in rows]
    wanted = [number == customers.index(customer) for number, customer in enumerate(customers)]
    assert told.to_series().to_list() == wanted


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_the_lows_of_sorted_numbers_are_not_taken_for_sorted(engine):
    rows = [(customer, -customer) for customer in range(-50, 50)]
    lows = turned(rows, pl.Int64).select(low=low_of(NUMBER))
    assert lows.filter(pl.col("low") > 0).collect(engine=engine).height == 50
    assert lows.select(pl.col("low").max()).collect(engine=engine).item() == 50
    assert not lows.collect(engine=engine)["low"].flags["SORTED_ASC"]


def test_what_is_added_to_a_number_is_added_to_its_low():
    later = turned([(-3, -5), (3, 2**62)], pl.Int8).select(NUMBER + 7)
    found = later.select(customer_of(NUMBER, pl.Int8()), low=low_of(NUMBER)).collect()
    assert found.rows() == [(-3, 2), (3, 2**62 + 7)]


def test_nobodys_number_is_null():
    assert turned([(None, 1)], pl.UInt64).collect().item() is None


@pytest.mark.parametrize("dtype", [pl.Int8, pl.Int64, pl.UInt32, pl.UInt64])
@given(st.data())
def test_ranked_numbers_are_in_the_order_of_both(dtype, data):
    least, most = ends(dtype)
    firsts = st.sampled_from((-(2**62), -1, 0, 1, 2**62))
    ids = st.sampled_from((least, 0, 1, most))
    rows = data.draw(st.lists(st.tuples(firsts, ids), max_size=20))
    frame = pl.DataFrame(rows, schema={"at": pl.Int64, "order_id": dtype}, orient="row")
    assert frame.sort(ranked(pl.col("at"), pl.col("order_id"))).rows() == sorted(rows)


def test_other_types_do_not_fit():
    others = (pl.Int128(), pl.UInt128(), pl.Float64(), pl.String(), pl.Categorical(), pl.Boolean())
    assert not any(fits_packed(one) for one in others)
    assert all(fits_packed(one()) for one in TYPES)
