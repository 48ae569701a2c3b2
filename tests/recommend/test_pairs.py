"""Pairs of products: counted as by hand, netted, split, deferred."""

import datetime as dt
import pickle
import subprocess
import sys
from collections import Counter
from itertools import combinations_with_replacement

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.contracts import Dataset
from retention_kit.errors import ColumnTypeError, DefinitionError, MissingColumnError
from retention_kit.recommend import product_pairs
from retention_kit.testing import shops

AS_OF = dt.datetime(2024, 3, 1, tzinfo=dt.UTC)
BASKETS = ("customer", "order")
ORDERS = [
    # order, customer, day, kind, status, the sale a return is of
    (1, 10, 1, "sale", "completed", None),
    (2, 10, 2, "sale", None, None),
    (3, 20, 3, "sale", "completed", None),
    (4, 20, 4, "sale", "cancelled", None),
    (5, 20, 5, "sale", "open", None),
    (6, 30, 6, None, "completed", None),
    (7, 30, 7, "return", "completed", 6),
    (3, 20, 8, "return", "completed", None),
    (8, 30, 9, "return", "cancelled", 6),
    (9, 40, 100, "sale", "completed", None),
]
ITEMS = [
    (1, "sale", "bed", 1),
    (1, "sale", "lamp", 1),
    (1, "sale", "lamp", 2),
    (2, "sale", "rug", 1),
    (3, "sale", "bed", 1),
    (3, "sale", "rug", 1),
    (3, "return", "bed", -1),
    (4, "sale", "lamp", 1),
    (5, "sale", "sofa", 1),
    (6, None, "bed", 2),
    (6, None, "lamp", 1),
    (7, "return", "bed", -1),
    (8, "return", "lamp", -1),
    (9, "sale", "sofa", 1),
]


@pytest.fixture
def shop():
    day = pl.datetime(2024, 1, 1, time_zone="UTC", time_unit="us") + pl.duration(days="day")
    orders = pl.DataFrame(
        ORDERS,
        schema=["order_id", "customer_id", "day", "kind", "status", "original_order_id"],
        orient="row",
    ).select(pl.exclude("day"), day.alias("ordered_at"))
    items = pl.DataFrame(ITEMS, schema=["order_id", "kind", "product_id", "quantity"], orient="row")
    whole = items.join(
        orders.select("order_id", "kind", "customer_id", "ordered_at"),
        on=["order_id", "kind"],
        nulls_equal=True,
    ).with_columns(
        pl.col("quantity").cast(pl.Decimal(18, 4)),
        pl.col("product_id").replace({"rug": None, "sofa": None}).alias("category"),
    )
    assert whole.height == len(ITEMS)
    return whole, orders


def counted(pairs):
    return {(a, b): together for a, b, together in pairs.rows()}


def test_what_one_customer_cancels_is_not_anothers_that_shares_the_id():
    day = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    orders = pl.DataFrame(
        {
            "order_id": [1, 2, 9, 9],
            "customer_id": [10, 20, 10, 20],
            "ordered_at": [day] * 4,
            "kind": ["sale", "sale", "return", "return"],
            "status": ["completed", "completed", "cancelled", "completed"],
            "original_order_id": [None, None, 1, 2],
        }
    )
    items = pl.DataFrame(
        {
            "order_id": [1, 1, 2, 2, 9],
            "customer_id": [10, 10, 20, 20, 20],
            "ordered_at": [day] * 5,
            "kind": ["sale"] * 4 + ["return"],
            "product_id": ["a", "b", "a", "b", "a"],
            "quantity": [1, 1, 1, 1, -1],
        }
    )
    for basket in ("customer", "order"):
        pairs = counted(product_pairs(items, orders, as_of=AS_OF, basket=basket))
        # Customer 20 has brought the only a of theirs back.
        assert (pairs["a", "a"], pairs["a", "b"], pairs["b", "b"]) == (1, 1, 2)


def test_a_return_by_somebody_else_takes_nothing_out_of_an_order(tmp_path):
    day = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    orders = pl.DataFrame(
        {
            "order_id": [1, 2],
            "customer_id": [10, 12],
            "ordered_at": [day, day],
            "amount": [30, -10],
            "kind": ["sale", "return"],
            "original_order_id": [None, 1],
        }
    )
    lines = pl.DataFrame(
        {
            "order_id": [1, 1, 2],
            "product_id": ["a", "b", "a"],
            "quantity": [1, 1, -1],
            "amount": [10, 20, -10],
        }
    )
    shop = Dataset.from_frames(
        orders=orders, order_items=lines, time_zone="UTC", currency="RUB", negative_amounts="reject"
    )
    whole = product_pairs(shop.order_items, shop.orders, as_of=AS_OF, basket="order").collect()
    wanted = {(None, None): 1, ("a", "a"): 1, ("a", "b"): 1, ("b", "b"): 1}
    assert counted(whole) == wanted
    buckets = shop.bucket(tmp_path / "buckets", buckets=4)
    assert counted(buckets.run(product_pairs, as_of=AS_OF, basket="order")) == wanted


class TestWhatIsCounted:
    def test_a_customer_is_counted_once_for_all_that_was_bought_and_kept(self, shop):
        assert counted(product_pairs(*shop, as_of=AS_OF)) == {
            (None, None): 3,
            ("bed", "bed"): 2,
            ("lamp", "lamp"): 2,
            ("rug", "rug"): 2,
            ("bed", "lamp"): 2,
            ("bed", "rug"): 1,
            ("lamp", "rug"): 1,
        }

    def test_an_order_is_counted_less_what_was_returned_of_it(self, shop):
        assert counted(product_pairs(*shop, as_of=AS_OF, basket="order")) == {
            (None, None): 4,
            ("bed", "bed"): 2,
            ("lamp", "lamp"): 2,
            ("rug", "rug"): 2,
            ("bed", "lamp"): 2,
        }

    def test_lines_without_a_category_are_in_no_pair_of_categories(self, shop):
        pairs = counted(product_pairs(*shop, as_of=AS_OF, level="category"))
        assert pairs == {
            (None, None): 2,
            ("bed", "bed"): 2,
            ("lamp", "lamp"): 2,
            ("bed", "lamp"): 2,
        }

    def test_nothing_at_or_after_the_instant_counts(self, shop):
        first = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
        assert product_pairs(*shop, as_of=first).is_empty()
        after = product_pairs(*shop, as_of=first + dt.timedelta(microseconds=1))
        assert counted(after) == {
            (None, None): 1,
            ("bed", "bed"): 1,
            ("bed", "lamp"): 1,
            ("lamp", "lamp"): 1,
        }

    def test_products_may_be_choices_and_customers_text(self, shop):
        items, orders = shop
        as_texts, orders_of_texts = (
            one.with_columns(pl.col("customer_id").cast(pl.String)) for one in shop
        )
        plain = counted(product_pairs(items, orders, as_of=AS_OF))
        for dtype in (pl.Categorical(), pl.Enum(["bed", "lamp", "rug", "sofa"])):
            chosen = as_texts.with_columns(pl.col("product_id").cast(dtype))
            pairs = product_pairs(chosen, orders_of_texts, as_of=AS_OF)
            assert pairs.schema["product_a"] == dtype
            assert counted(pairs) == plain

    def test_orders_without_status_kind_and_original_are_completed_sales(self, shop):
        items, orders = shop
        bare = orders.select("order_id")
        pairs = counted(product_pairs(items.drop("kind"), bare, as_of=AS_OF, basket="order"))
        assert pairs["sofa", "sofa"] == 1

    @pytest.mark.parametrize(
        ("dtype", "bed", "lamp"),
        [
            (pl.Int8, -128, 127),
            (pl.UInt64, 0, 2**64 - 1),
            (pl.UInt64, 2**64 - 2, 2**64 - 1),
            (pl.Int64, -(2**63), 2**63 - 1),
            (pl.Int64, 2**63 - 2, 2**63 - 1),
            (pl.Int128, 2**63, 2**64),
        ],
        ids=str,
    )
    def test_ids_may_be_any_whole_numbers(self, shop, dtype, bed, lamp):
        items, orders = shop
        numbers = {"bed": bed, "lamp": lamp, "rug": 3, "sofa": 4}
        numbered = items.with_columns(
            pl.col("product_id").replace_strict(numbers, return_dtype=dtype),
            pl.col("customer_id").cast(dtype),
        )
        pairs = product_pairs(numbered, orders, as_of=AS_OF)
        assert pairs.schema["product_b"] == dtype
        found = counted(pairs)
        assert found[bed, lamp] == found[bed, bed] == found[lamp, lamp] == 2
        assert found[min(3, bed), max(3, bed)] == found[min(3, lamp), max(3, lamp)] == 1
        assert found[None, None] == 3

    @pytest.mark.parametrize("basket", BASKETS)
    @given(data=st.data())
    def test_it_is_what_counting_basket_by_basket_gives(self, basket, data):
        shop = data.draw(shops(("orders", "order_items")))
        as_of = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
        items, orders = shop.tables["order_items"], shop.tables["orders"]
        got = counted(product_pairs(items, orders, as_of=as_of, basket=basket))
        assert got == _by_hand(items, orders, basket)


class TestTheDeferredStep:
    def test_what_comes_after_it_gets_the_columns_and_rows_it_wants(self, shop):
        items, orders = (frame.lazy() for frame in shop)
        pairs = product_pairs(items, orders, as_of=AS_OF)
        for engine in ("in-memory", "streaming"):
            wanted = pairs.filter(pl.col("product_a") == "bed").select("together")
            assert sorted(wanted.collect(engine=engine)["together"]) == [1, 2, 2]
            assert pairs.head(2).collect(engine=engine).height == 2
            assert pairs.select(pl.len()).collect(engine=engine).item() == 7

    def test_a_plan_travels_to_another_process(self, shop, tmp_path):
        for name, frame in zip(("items", "orders"), shop, strict=True):
            frame.write_parquet(tmp_path / name)
        items, orders = (pl.scan_parquet(tmp_path / name) for name in ("items", "orders"))
        pairs = product_pairs(items, orders, as_of=AS_OF)
        (tmp_path / "plan").write_bytes(pairs.serialize())
        code = (
            "import sys, polars as pl; "
            "print(pl.LazyFrame.deserialize(sys.argv[1]).collect()['together'].sum())"
        )
        ran = subprocess.run(
            [sys.executable, "-c", code, tmp_path / "plan"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert int(ran.stdout) == pairs.collect()["together"].sum() == 13
        assert pickle.loads(pickle.dumps(pairs)).collect()["together"].sum() == 13

    def test_several_are_collected_at_once(self, shop):
        items, orders = (frame.lazy() for frame in shop)
        plans = [
            product_pairs(items, orders, as_of=AS_OF, basket=one)
            for one in (*BASKETS, *BASKETS, *BASKETS)
        ]
        together = pl.concat(plans).select(pl.col("together").sum())
        assert together.collect(engine="streaming").item() == 3 * (13 + 12)
        found = pl.collect_all(plans, engine="streaming")
        assert [one["together"].sum() for one in found] == [13, 12] * 3


class TestOverBuckets:
    @pytest.mark.parametrize("basket", BASKETS)
    def test_buckets_give_what_the_whole_gives(self, basket, tmp_path):
        from retention_kit.datasets import make_dataset

        dataset: Dataset = make_dataset(customers=60, seed=3)
        as_of = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        whole = product_pairs(
            dataset.order_items, dataset.orders, as_of=as_of, basket=basket
        ).collect()
        parts = dataset.bucket(tmp_path / "buckets", buckets=3)
        got = parts.run(product_pairs, as_of=as_of, basket=basket)
        assert counted(got) == counted(whole)
        assert len(counted(got)) == got.height > 10


class TestWhatIsRefused:
    def test_a_missing_column_is_named(self, shop):
        items, orders = shop
        with pytest.raises(MissingColumnError, match="category"):
            product_pairs(items.drop("category"), orders, as_of=AS_OF, level="category")
        with pytest.raises(MissingColumnError, match="order_id"):
            product_pairs(items, orders.drop("order_id"), as_of=AS_OF)

    def test_a_product_must_be_a_number_or_text(self, shop):
        items, orders = shop
        halves = items.with_columns(pl.lit(0.5).alias("product_id"))
        with pytest.raises(ColumnTypeError, match="Float64"):
            product_pairs(halves, orders, as_of=AS_OF)

    @pytest.mark.parametrize("name", ["basket", "level"])
    def test_a_value_that_is_not_allowed_is_named_with_those_that_are(self, shop, name):
        with pytest.raises(DefinitionError, match=f"{name}.*'shelf'.*Allowed"):
            product_pairs(*shop, as_of=AS_OF, **{name: "shelf"})

    def test_the_instant_needs_a_zone(self, shop):
        with pytest.raises(DefinitionError, match="as_of"):
            product_pairs(*shop, as_of=dt.datetime(2024, 1, 1))


def _by_hand(items, orders, basket):
    """Count pairs one basket after another."""
    kept = {}
    original = {}
    for row in orders.to_dicts():
        key = row["order_id"], row.get("kind") == "return"
        kept[key] = (row.get("status") or "completed") == "completed"
        if key[1] and row.get("original_order_id") is not None:
            original[row["order_id"]] = row["original_order_id"]
    sums = Counter()
    for row in items.to_dicts():
        is_return = row.get("kind") == "return"
        order = row["order_id"]
        if not kept[order, is_return]:
            continue
        sale = original.get(order, order) if is_return else order
        who = row["customer_id"] if basket == "customer" else sale
        sums[who, row["product_id"]] += row["quantity"]
    bought = {}
    for (who, product), quantity in sums.items():
        if who is not None and quantity > 0:
            bought.setdefault(who, set()).add(product)
    pairs = Counter()
    for products in bought.values():
        pairs.update(combinations_with_replacement(sorted(products), 2))
    return {**pairs, **({(None, None): len(bought)} if bought else {})}
