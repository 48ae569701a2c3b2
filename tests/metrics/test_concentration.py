"""How much of the revenue the best customers bring, ties included."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from math import ceil
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.contracts.schemas import SUM
from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
from retention_kit.errors import DefinitionError
from retention_kit.metrics.orders.concentrate import (
    gini_coefficient,
    revenue_concentration,
    revenue_distribution,
)
from retention_kit.metrics.orders.customers import customer_summary
from retention_kit.testing import shops

AFTER_ALL = dt.datetime(2030, 1, 1, tzinfo=ZoneInfo("Europe/London"))
PAID = st.lists(st.integers(0, 40), min_size=1, max_size=60)


def distribution(paid: list[int]) -> pl.LazyFrame:
    """What each customer paid, counted as `revenue_distribution` counts it."""
    return (
        pl.LazyFrame({"revenue": paid}, schema={"revenue": pl.Int64})
        .with_columns(pl.col("revenue").cast(SUM))
        .group_by("revenue")
        .agg(pl.len().cast(pl.Int64).alias("customers"))
    )


def test_one_of_ten_who_pays_half_brings_half():
    got = revenue_concentration(distribution([9, *[1] * 9]), top_shares=(0.1, 0.2, 1)).collect()
    assert got.rows() == [
        (0.1, 1, Decimal(9), 0.5),
        (0.2, 2, Decimal(10), 10 / 18),
        (1.0, 10, Decimal(18), 1.0),
    ]


def test_a_tenth_of_thirty_customers_is_three_though_floats_say_more():
    assert 0.1 * 30 <= 3 < 0.7 * 10 + 0.0000001  # and 0.07 * 100 is 7.000000000000001
    assert ceil(0.07 * 100) == 8
    got = revenue_concentration(distribution([1] * 100), top_shares=(0.07,)).collect()
    assert got["customers"].item() == 7


def test_part_of_a_customer_counts_as_one():
    got = revenue_concentration(distribution([5, 4, 3]), top_shares=(0.01, 0.34)).collect()
    assert got["customers"].to_list() == [1, 2]


@given(PAID, st.lists(st.sampled_from([0.01, 0.05, 0.1, 0.25, 0.5, 1.0]), min_size=1, unique=True))
def test_the_best_are_those_that_sorting_gives(paid, shares):
    got = revenue_concentration(distribution(paid), top_shares=shares).collect()
    best = sorted(paid, reverse=True)
    assert got["top_share"].to_list() == sorted(shares)
    for share, customers, revenue, part in got.rows():
        count = ceil(Fraction(str(share)) * len(paid))
        assert (customers, revenue) == (count, sum(best[:count]))
        assert part == (sum(best[:count]) / sum(paid) if sum(paid) else None)


@given(PAID)
def test_gini_is_the_mean_difference_over_twice_the_mean(paid):
    got = gini_coefficient(distribution(paid)).collect().row(0, named=True)
    differences = sum(abs(one - other) for one in paid for other in paid)
    if sum(paid) == 0:
        assert got["gini"] is None
    else:
        assert got["gini"] == pytest.approx(differences / (2 * len(paid) * sum(paid)), abs=1e-12)
        assert 0 <= got["gini"] <= 1 - 1 / len(paid) + 1e-12


def test_all_alike_is_0_and_one_who_pays_all_is_1_less_their_share():
    assert gini_coefficient(distribution([7] * 5)).collect()["gini"].item() == 0
    assert gini_coefficient(distribution([7, 0, 0, 0])).collect()["gini"].item() == 0.75


@given(shops(("orders",)), st.booleans())
def test_the_distribution_counts_what_the_summaries_say(shop, net):
    frame = shop.tables["orders"]
    summary = customer_summary(frame, as_of=AFTER_ALL).filter(pl.col("orders") > 0)
    want = summary["net_revenue" if net else "revenue"].to_list()
    got = revenue_distribution(frame, as_of=AFTER_ALL, net=net)
    paid = [revenue for revenue, count in got.rows() for _ in range(count)]
    assert sorted(paid) == sorted(want)
    groups = revenue_distribution(frame, as_of=AFTER_ALL, net=net, by="channel")
    together = groups.group_by("revenue").agg(pl.col("customers").sum())
    assert together.sort("revenue").equals(got.sort("revenue"))


def test_groups_stand_apart():
    totals = pl.concat(
        [
            distribution([9, 1]).select(pl.lit("shop").alias("channel"), "revenue", "customers"),
            distribution([1, 1]).select(pl.lit("site").alias("channel"), "revenue", "customers"),
        ]
    )
    got = revenue_concentration(totals, top_shares=(0.5,)).collect()
    assert got.rows() == [("shop", 0.5, 1, Decimal(9), 0.9), ("site", 0.5, 1, Decimal(1), 0.5)]
    assert dict(gini_coefficient(totals).select("channel", "gini").collect().rows()) == {
        "shop": 0.4,
        "site": 0.0,
    }


def test_nobody_has_no_share_and_losses_have_none():
    empty = revenue_concentration(distribution([]), top_shares=(0.1,)).collect()
    assert empty.rows() == [(0.1, 0, Decimal(0), None)]
    loss = revenue_concentration(distribution([5, -5]), top_shares=(0.5,)).collect()
    assert loss.rows() == [(0.5, 1, Decimal(5), None)]


@pytest.mark.parametrize("shares", [(0,), (1.5,), (20,), ("0.1",), (), (0.1, 0.1), (True,)])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(DefinitionError, match="'top_shares'"):
        revenue_concentration(distribution([1]), top_shares=shares)


def test_online_retail_a_fifth_of_the_customers_brings_three_quarters_of_the_revenue():
    shop = online_retail()
    totals = revenue_distribution(shop.orders, as_of=ONLINE_RETAIL_AS_OF).collect()
    paid = sorted(
        customer_summary(shop.orders, as_of=ONLINE_RETAIL_AS_OF)
        .filter(pl.col("orders") > 0)
        .collect()["revenue"]
        .to_list(),
        reverse=True,
    )
    got = {row[0]: row[1:] for row in revenue_concentration(totals).rows()}
    assert got[0.2][0] == 868
    assert got[0.2][1] == sum(paid[:868])
    assert got[0.2][2] == pytest.approx(0.7465, abs=5e-4)
    assert got[1.0 if 1.0 in got else 0.5][0] == 2_169
