"""Measures of pairs: the five baskets of the textbook, ranks, bounds and the law."""

import datetime as dt
import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_kit.errors import DefinitionError, MissingColumnError
from retention_kit.recommend import product_affinity, product_pairs
from retention_kit.testing import arguments_for, prove, shops, tables_needed

AS_OF = dt.datetime(2024, 3, 1, tzinfo=dt.UTC)
# Tan, Steinbach, Kumar (2005), Introduction to Data Mining, table 6.1.
FIVE_BASKETS = {
    1: ["bread", "milk"],
    2: ["bread", "diapers", "beer", "eggs"],
    3: ["milk", "diapers", "beer", "cola"],
    4: ["bread", "milk", "diapers", "beer"],
    5: ["bread", "milk", "diapers", "cola"],
}


@pytest.fixture(scope="module")
def pairs():
    items = pl.DataFrame(
        [(basket, product) for basket, products in FIVE_BASKETS.items() for product in products],
        schema=["order_id", "product_id"],
        orient="row",
    ).with_columns(
        customer_id=pl.lit(1),
        ordered_at=pl.datetime(2024, 1, 1, time_zone="UTC", time_unit="us"),
        quantity=pl.lit(1).cast(pl.Decimal(18, 4)),
    )
    return product_pairs(items, items.select("order_id"), as_of=AS_OF, basket="order")


def of(affinity, product, other):
    rows = affinity.filter(product=product, with_product=other).to_dicts()
    assert len(rows) == 1
    return rows[0]


class TestFiveBaskets:
    def test_support_and_confidence_are_those_of_the_textbook(self, pairs):
        affinity = product_affinity(pairs)
        milk = of(affinity, "milk", "diapers")
        assert milk["support"] == 3 / 5
        assert milk["confidence"] == 3 / 4
        # {beer} -> {diapers} holds always, the other way round in three of four.
        assert of(affinity, "beer", "diapers")["confidence"] == 1.0
        assert of(affinity, "diapers", "beer")["confidence"] == 0.75

    def test_lift_and_likenesses_are_those_of_their_formulas(self, pairs):
        affinity = product_affinity(pairs)
        milk = of(affinity, "milk", "diapers")
        assert milk["lift"] == 3 * 5 / (4 * 4) == 0.9375
        assert milk["jaccard"] == 3 / 5
        assert milk["cosine"] == 3 / 4
        beer = of(affinity, "beer", "diapers")
        assert beer["lift"] == 1.25
        assert beer["jaccard"] == 0.75
        assert beer["cosine"] == 3 / math.sqrt(12)
        assert (beer["product_baskets"], beer["with_baskets"], beer["baskets"]) == (3, 4, 5)

    def test_every_pair_has_two_rows_of_equal_support_and_lift(self, pairs):
        affinity = product_affinity(pairs)
        different = pairs.filter(pl.col("product_a") != pl.col("product_b"))
        assert affinity.height == 2 * different.height
        turned = affinity.rename({"product": "with_product", "with_product": "product"})
        both = affinity.join(turned, on=["product", "with_product"])
        for name in ("together", "support", "lift", "jaccard", "cosine"):
            assert both[name].equals(both[f"{name}_right"].alias(name))

    def test_top_keeps_the_best_by_the_measure_asked_for(self, pairs):
        best = product_affinity(pairs, top=1, rank_by="lift")
        assert best["rank"].to_list() == [1] * 6
        # Beer, cola and eggs have a lift of 1.25 with diapers, and beer stands with them most.
        assert of(best, "diapers", "beer")["lift"] == 1.25
        assert of(best, "beer", "eggs")["lift"] == 5 / 3
        by_confidence = product_affinity(pairs, top=2).filter(product="eggs")
        # Beer, bread and diapers are all certain with eggs, and stand with it once.
        assert sorted(by_confidence.select("rank", "with_product").rows()) == [
            (1, "beer"),
            (2, "bread"),
        ]

    def test_rare_pairs_are_left_out(self, pairs):
        assert product_affinity(pairs, minimum_together=3)["together"].min() == 3
        support = product_affinity(pairs, minimum_support=0.6)["support"]
        assert support.min() == 0.6
        assert len(support) == len(product_affinity(pairs, minimum_together=3)) == 8

    @pytest.mark.parametrize("engine", ["in-memory", "streaming"])
    @pytest.mark.parametrize("lacking", ["own rows", "one own row", "the row of nulls", "a sum"])
    def test_totals_that_are_not_whole_stop_it(self, pairs, lacking, engine):
        totals = {
            "own rows": pairs.filter(pl.col("product_a").ne_missing(pl.col("product_b"))),
            "one own row": pairs.remove(product_a="eggs", product_b="eggs"),
            "the row of nulls": pairs.drop_nulls(),
            "a sum": pl.concat([pairs, pairs]),
        }[lacking]
        affinity = product_affinity(totals.lazy()).select("product", "lift", "jaccard")
        with pytest.raises(pl.exceptions.InvalidOperationError, match="Next step: filter what"):
            affinity.collect(engine=engine)

    def test_totals_of_parts_are_summed_before(self, pairs):
        parts = pl.concat([pairs, pairs])
        summed = parts.group_by("product_a", "product_b").agg(pl.col("together").sum())
        one, two = product_affinity(pairs), product_affinity(summed)
        names = ["product", "with_product", "confidence", "lift", "jaccard", "cosine", "rank"]
        assert two.select(names).sort(names).equals(one.select(names).sort(names))

    def test_counts_of_any_width_serve(self, pairs):
        narrow = pairs.with_columns(pl.col("together").cast(pl.UInt32))
        one, two = product_affinity(pairs), product_affinity(narrow)
        assert two.sort(two.columns).equals(one.sort(two.columns))

    def test_no_pairs_give_no_rows(self, pairs):
        assert product_affinity(pairs.clear()).height == 0
        alone = pairs.filter(pl.col("product_a").eq_missing(pl.col("product_b")))
        assert product_affinity(alone).height == 0


class TestTheLaw:
    @pytest.mark.parametrize("function", [product_pairs, product_affinity])
    @settings(max_examples=6)
    @given(data=st.data())
    def test_it_is_kept(self, function, data):
        shop = data.draw(shops(tables_needed(function)))
        arguments = data.draw(arguments_for(function, time_zone=shop.time_zone))
        prove(function, shop.lazy(), arguments=arguments)

    def test_the_pairs_are_counted_once_for_all_that_reads_them(self, pairs, monkeypatch):
        from retention_kit.recommend import deferred

        counted = []

        class Counter(deferred.PairCounter):
            def __init__(self, products):
                counted.append(products)
                super().__init__(products)

        monkeypatch.setattr(deferred, "PairCounter", Counter)
        orders = pl.LazyFrame({"order_id": [1]})
        items = pl.LazyFrame(
            {
                "order_id": [1, 1],
                "customer_id": [1, 1],
                "product_id": [1, 2],
                "ordered_at": [AS_OF - dt.timedelta(days=1)] * 2,
                "quantity": [1, 1],
            },
            schema_overrides={"ordered_at": pl.Datetime("us", "UTC")},
        )
        affinity = product_affinity(product_pairs(items, orders, as_of=AS_OF))
        for engine in ("in-memory", "streaming"):
            counted.clear()
            assert affinity.collect(engine=engine).height == 2
            assert counted == [2]


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"minimum_together": 0},
            {"minimum_together": True},
            {"minimum_support": 1.5},
            {"minimum_support": math.nan},
            {"top": 0},
            {"top": 1.0},
            {"rank_by": "leverage"},
        ],
        ids=str,
    )
    def test_a_value_out_of_bounds_is_named(self, pairs, wrong):
        (name,) = wrong
        with pytest.raises(DefinitionError, match=f"{name}.*Allowed"):
            product_affinity(pairs, **wrong)

    def test_what_are_no_pairs_are_refused(self, pairs):
        with pytest.raises(MissingColumnError, match="together"):
            product_affinity(pairs.drop("together"))
        with pytest.raises(DefinitionError, match="product_pairs"):
            product_affinity(pl.DataFrame({"a": [1]}).pipe(_as_if_made_by_another))


def _as_if_made_by_another(table):
    from retention_kit.contracts.origins import remember
    from retention_kit.metrics import order_totals

    remember(table, order_totals, {})
    return table
