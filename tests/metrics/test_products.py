"""Products and categories, counted by hand and row by row, and on the real shop."""

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
from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
from retention_kit.errors import DefinitionError, MissingColumnError
from retention_kit.metrics.orders.products import product_totals, product_values
from retention_kit.testing import prove, shops

LONDON = "Europe/London"
AS_OF = dt.datetime(2025, 6, 1, tzinfo=ZoneInfo(LONDON))
AFTER_ALL = dt.datetime(2030, 1, 1, tzinfo=ZoneInfo(LONDON))


@pytest.fixture(scope="module")
def shop() -> Dataset:
    orders = [
        (1, 1, "2025-04-01", 500, "sale", "completed"),
        (1, 1, "2025-04-09", -100, "return", "completed"),  # under its sale's id
        (2, 1, "2025-04-05", 100, "sale", "completed"),
        (3, 2, "2025-04-06", 120, "sale", "completed"),
        (4, 2, "2025-04-07", 999, "sale", "cancelled"),
        (5, 2, "2025-06-01", 999, "sale", "completed"),
    ]
    lines = [
        (1, "bed", 1, 400, "beds"),
        (1, "cover", 1, 50, "covers"),
        (1, "cover", 1, 50, "covers"),
        (1, "cover", -2, -100, "covers"),
        (2, "cover", 2, 100, "covers"),
        (3, "cover", 1, 60, "covers"),
        (3, "lamp", 1, 60, None),
        (4, "bed", 1, 999, "beds"),
        (5, "bed", 1, 999, "beds"),
    ]
    names = ("order_id", "customer_id", "ordered_at", "amount", "kind", "status")
    of_line = ("order_id", "product_id", "quantity", "amount", "category")
    return Dataset.from_frames(
        orders=[dict(zip(names, row, strict=True)) for row in orders],
        order_items=[dict(zip(of_line, row, strict=True)) for row in lines],
        date_format="iso8601",
        time_zone=LONDON,
        currency="GBP",
    )


def totals_of(shop: Dataset, by, as_of=AS_OF) -> pl.LazyFrame:
    return product_totals(shop.order_items, shop.orders, as_of=as_of, by=by)


def test_products_counted_by_hand(shop):
    totals = totals_of(shop, "product_id").sort("product_id").collect()
    assert totals.rows() == [
        ("bed", 1, 1, 1, 400, 500, 0, 0),
        ("cover", 3, 2, 5, 260, 720, 2, 100),
        ("lamp", 1, 1, 1, 60, 120, 0, 0),
    ]


def test_the_average_order_value_of_a_product_is_its_own_revenue_and_the_basket_is_another(shop):
    values = product_values(totals_of(shop, "product_id")).sort("product_id").collect()
    assert values["average_order_value"].to_list() == [400, 260 / 3, 60]
    assert values["basket_value"].to_list() == [500, 240, 120]
    assert values["share_of_revenue"].to_list() == [400 / 720, 260 / 720, 60 / 720]


def test_categories_have_a_group_for_products_without_one(shop):
    values = product_values(totals_of(shop, "category")).sort("category").collect()
    assert values.select("category", "orders", "revenue").rows() == [
        (None, 1, Decimal(60)),
        ("beds", 1, Decimal(400)),
        ("covers", 3, Decimal(260)),
    ]


def test_all_lines_together_are_the_orders_themselves(shop):
    whole = product_values(totals_of(shop, ())).collect().row(0, named=True)
    assert (whole["orders"], whole["customers"], whole["revenue"]) == (3, 2, Decimal(720))
    assert whole["average_order_value"] == whole["basket_value"] == 240
    assert whole["share_of_revenue"] == 1


def test_a_return_alone_is_a_row_without_orders(shop):
    only_return = shop.order_items.filter(pl.col("kind") == "return")
    totals = product_totals(only_return, shop.orders, as_of=AS_OF, by="product_id")
    values = product_values(totals).collect().row(0, named=True)
    assert (values["orders"], values["returned_quantity"], values["returned_revenue"]) == (
        0,
        2,
        100,
    )
    assert values["average_order_value"] is values["share_of_revenue"] is None


def test_an_unknown_dimension_or_a_missing_column_is_named(shop):
    with pytest.raises(DefinitionError, match="categori.*category"):
        totals_of(shop, "categori")
    with pytest.raises(MissingColumnError, match="quantity"):
        product_totals(shop.order_items.drop("quantity"), shop.orders, as_of=AS_OF, by="category")


@given(shops(("orders", "order_items")), st.sampled_from(["product_id", "category", ()]))
def test_totals_are_those_counted_line_by_line(shop, by):
    orders, lines = shop.tables["orders"], shop.tables["order_items"]
    whole = {
        (row["order_id"], row["kind"] == "return"): row
        for row in orders.to_dicts()
        if row["status"] in (None, "completed")
    }
    want: dict = defaultdict(lambda: [Decimal()] * 4)
    containing: dict = defaultdict(set)
    for line in lines.to_dicts():
        place = (line["order_id"], line["kind"] == "return")
        if place not in whole:
            continue
        group = line[by] if by else None
        sums, back = want[group], 2 * place[1]
        sign = -1 if back else 1
        sums[back] += sign * line["quantity"]
        sums[back + 1] += sign * line["amount"]
        if not back:
            containing[group].add(place)
    got = product_totals(lines, orders, as_of=AFTER_ALL, by=by)
    if not by:
        want[None]  # one row even without lines
        got = got.with_columns(pl.lit(None).alias("all"))
    for row in got.to_dicts():
        group = row[by or "all"]
        sums = want.pop(group)
        baskets = [whole[place] for place in containing[group]]
        assert row["orders"] == len(baskets)
        assert row["customers"] == len({basket["customer_id"] for basket in baskets})
        assert row["basket_revenue"] == sum(basket["amount"] for basket in baskets)
        names = ("quantity", "revenue", "returned_quantity", "returned_revenue")
        assert [row[name] for name in names] == sums
    assert not want


@given(shops(("orders", "order_items")), st.integers(2, 5))
def test_the_law_is_kept_by_ids_of_products_as_well(shop, parts):
    arguments = {"as_of": AFTER_ALL, "by": ["product_id", "order_id"]}
    prove(product_totals, shop.lazy(), parts=parts, arguments=arguments)


def test_online_retail_products_sum_to_the_revenue_of_all_orders():
    shop = online_retail()
    values = product_values(totals_of(shop, "product_id", ONLINE_RETAIL_AS_OF)).collect()
    assert values["revenue"].sum() == Decimal("8911407.9040")
    assert values["share_of_revenue"].sum() == pytest.approx(1)
    # The invoice of 80,995 paper birdies held nothing else.
    birdies = values.filter(pl.col("product_id") == "23843").row(0, named=True)
    assert birdies["basket_value"] == birdies["average_order_value"] == 168_469.6
    assert (values["basket_value"] >= values["average_order_value"]).all()
