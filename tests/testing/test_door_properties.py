"""Whatever comes to the door, nothing is lost: accepted + rejected = read."""

import contextlib
import datetime as dt
import random
import warnings
from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, event, find, given, settings
from hypothesis import strategies as st

from retention_kit.contracts import Dataset, dataframely_schema
from retention_kit.contracts.rules import MEANINGS, meaning
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import DataWarning, RepeatedOrderIdError, RowsRejectedError
from retention_kit.testing import raw_orders

OPTIONS = st.fixed_dictionaries(
    {"negative_amounts": st.sampled_from(("reject", "return"))},
    optional={"guest_ids": st.just((1,)), "ids_as_text": st.booleans()},
)


def let_in(raw: pl.DataFrame, options: dict[str, Any], **more: Any) -> Dataset | None:
    """The dataset, or None where the rows look like lines."""
    with warnings.catch_warnings(), contextlib.suppress(RepeatedOrderIdError):
        warnings.simplefilter("ignore", DataWarning)
        return Dataset.from_frames(
            orders=raw,
            time_zone="Europe/London",
            date_format="iso8601",
            currency="GBP",
            **options,
            **more,
        )
    event("looks like lines")
    return None


def all_accepted(dataset: Dataset) -> pl.DataFrame:
    return pl.concat([dataset.orders, dataset.guest_orders]).collect()


@given(raw_orders(), OPTIONS)
def test_accepted_and_rejected_rows_are_all_that_were_read(raw, options):
    dataset = let_in(raw, options)
    if dataset is None:
        return
    health = dataset.health.tables["orders"]
    accepted, rejected = all_accepted(dataset), dataset.rejected["orders"].collect()
    event(f"rejected: {bool(rejected.height)}, guests: {bool(health.guests)}")
    assert health.read == raw.height
    assert health.accepted == accepted.height
    assert sum(health.rejected.values()) == rejected.height
    assert health.accepted + rejected.height == health.read
    assert health.guests == dataset.guest_orders.collect().height <= health.accepted


def repeated_ids(numbers: list[int]) -> pl.DataFrame:
    at = dt.datetime(2011, 12, 9, tzinfo=dt.UTC)
    rows = len(numbers)
    columns = {"customer_id": [7] * rows, "ordered_at": [at] * rows, "amount": [*range(rows)]}
    return pl.DataFrame({"order_id": numbers, **columns})


@given(st.lists(st.integers(0, 300), unique=True, min_size=2, max_size=250), st.integers(0, 3))
def test_so_many_repeated_ids_as_lines_have_are_an_error_and_few_are_rejected(numbers, again):
    raw = repeated_ids([*numbers, *numbers[:again]])
    dataset = let_in(raw, {})
    repeated = min(again, len(numbers))
    if repeated > max(1, len(numbers) // 100):
        assert dataset is None
    else:
        assert dataset is not None
        wanted = {"repeated_order_id": repeated} if repeated else {}
        assert dict(dataset.health.tables["orders"].rejected) == wanted


@given(raw_orders(), OPTIONS)
def test_each_row_goes_one_way_and_a_rejected_one_stays_as_it_came(raw, options):
    numbered = raw.with_row_index("row")
    dataset = let_in(numbered, options)
    if dataset is None:
        return
    rejected = dataset.rejected["orders"].collect()
    rows = [*all_accepted(dataset)["row"], *rejected["row"]]
    assert sorted(rows) == list(range(raw.height))
    came = numbered.filter(pl.col("row").is_in(rejected["row"].implode()))
    assert rejected.drop("rule").sort("row").equals(came)


@given(raw_orders(), OPTIONS)
def test_a_rejected_row_names_a_rule_and_health_counts_it(raw, options):
    dataset = let_in(raw, options)
    if dataset is None:
        return
    rules = dataset.rejected["orders"].collect()["rule"].value_counts().rows()
    assert dict(rules) == dict(dataset.health.tables["orders"].rejected)
    for rule, _ in rules:
        assert meaning(rule) in MEANINGS.values(), rule


@given(raw_orders(), OPTIONS)
def test_of_rows_that_are_alike_one_is_judged_and_the_others_are_copies(raw, options):
    dataset = let_in(raw, options)
    if dataset is None or raw.is_empty():
        return
    rejected = dataset.rejected["orders"].collect()
    came = Counter(raw.hash_rows())
    rows = rejected.drop("rule").hash_rows()
    copies = Counter(rows.filter(rejected["rule"] == "duplicate_row"))
    repeated = Counter(rows.filter(rejected["rule"] == "repeated_order_id"))
    assert all(count < came[row] for row, count in copies.items())
    assert all(count == 1 == came[row] - copies[row] for row, count in repeated.items())


@given(raw_orders(), OPTIONS)
def test_no_accepted_row_breaks_a_rule_of_the_dataframely_schema(raw, options):
    dataset = let_in(raw, options)
    if dataset is None:
        return
    accepted = all_accepted(dataset)
    schema = dataframely_schema("orders", accepted.schema)
    _, failures = schema.filter(accepted)
    assert failures.counts() == {}
    assert accepted["order_id"].null_count() == 0
    assert set(accepted["currency"].drop_nulls()) <= {"GBP"}
    assert accepted.filter((pl.col("kind") == "sale") & (pl.col("amount") < 0)).height == 0
    assert accepted.filter((pl.col("kind") == "return") & (pl.col("amount") > 0)).height == 0
    assert accepted.filter(pl.col("kind") == "sale")["order_id"].is_unique().all()


@given(raw_orders(), OPTIONS)
def test_a_guest_is_nobody_or_an_id_that_was_named(raw, options):
    dataset = let_in(raw, options)
    if dataset is None:
        return
    named = {str(one) for one in options.get("guest_ids", ())}
    guests = dataset.guest_orders.collect()["customer_id"].cast(pl.String)
    known = dataset.orders.collect()["customer_id"].cast(pl.String)
    assert set(guests.drop_nulls()) <= named
    assert known.null_count() == 0
    assert not set(known) & named


@given(raw_orders(), OPTIONS, st.integers(0, 99))
def test_the_order_of_rows_changes_no_count(raw, options, seed):
    dataset = let_in(raw, options)
    again = let_in(raw.sample(fraction=1.0, shuffle=True, seed=seed), options)
    assert (dataset is None) == (again is None)
    if dataset is None or again is None:
        return
    before, after = dataset.health.tables["orders"], again.health.tables["orders"]
    assert after.accepted == before.accepted
    assert dict(after.rejected) == dict(before.rejected)


@given(raw_orders(), OPTIONS)
def test_strict_lets_all_rows_in_or_none(raw, options):
    dataset = let_in(raw, options)
    if dataset is None:
        return
    rejected = dict(dataset.health.tables["orders"].rejected)
    if not rejected:
        assert let_in(raw, options, strict=True) is not None
        return
    with pytest.raises(RowsRejectedError) as caught:
        let_in(raw, options, strict=True)
    assert caught.value.rejected == rejected
    assert caught.value.read == raw.height


@given(raw_orders())
def test_what_was_accepted_is_accepted_again_unchanged(raw):
    dataset = let_in(raw, {"negative_amounts": "return"})
    if dataset is None:
        return
    accepted = all_accepted(dataset)
    if accepted.is_duplicated().any():
        return  # two returns that were written differently, and read alike
    again = let_in(accepted, {})
    assert again is not None
    assert again.health.tables["orders"].rejected == {}
    order = accepted.columns
    assert all_accepted(again).sort(order).equals(accepted.sort(order))


ABOUT_ORDERS = {
    "duplicate_row",
    "fractional_customer_id",
    "fractional_order_id",
    "negative_sale",
    "nonexistent_ordered_at",
    "not_finite_amount",
    "null_amount",
    "null_order_id",
    "null_ordered_at",
    "other_currency",
    "out_of_range_amount",
    "positive_return",
    "repeated_order_id",
    "unknown_kind",
    "unknown_status",
    "unreadable_amount",
    "unreadable_customer_id",
    "unreadable_ordered_at",
}


@pytest.mark.once
def test_between_them_the_drawn_tables_break_every_rule_about_orders():
    left = set(ABOUT_ORDERS)

    def was_the_last(raw: pl.DataFrame) -> bool:
        dataset = let_in(raw, {})
        if dataset is not None:
            left.difference_update(dataset.health.tables["orders"].rejected)
        return not left

    # It stops where all have been seen, and raises where 5,000 tables do not suffice.
    looked = settings(max_examples=5_000, database=None, phases=[Phase.generate])
    find(raw_orders(), was_the_last, settings=looked, random=random.Random(1))
    assert left == set()


LINES = st.lists(
    st.tuples(st.integers(0, 15), st.sampled_from((1.0, 0.0, -1.0, 2.5, float("nan"), None))),
    max_size=12,
)


def lines_of(raw: pl.DataFrame, drawn: list[tuple[int, float | None]]) -> pl.DataFrame:
    """Lines of the raw orders; some name an order that is not there."""
    ids = pl.Series("order_id", raw["order_id"].to_list() or [None], dtype=raw["order_id"].dtype)
    places = [place % len(ids) for place, _ in drawn]
    unknown = pl.Series([place > 13 for place, _ in drawn], dtype=pl.Boolean)
    quantities = pl.Series("quantity", [one for _, one in drawn], dtype=pl.Float64)
    return pl.DataFrame(
        [
            ids.gather(places).zip_with(~unknown, pl.Series([99], dtype=pl.Int64).cast(ids.dtype)),
            quantities,
            (quantities * 3).alias("amount"),
            pl.Series("product_id", [f"p{place % 3}" for place, _ in drawn], dtype=pl.String),
        ]
    )


@given(raw_orders(), LINES, OPTIONS)
def test_no_line_is_lost_and_those_of_rejected_orders_are_rejected_too(raw, drawn, options):
    lines = lines_of(raw, drawn)
    dataset = let_in(raw, options, order_items=lines.with_row_index("row"))
    if dataset is None:
        return
    health = dataset.health.tables["order_items"]
    accepted = pl.concat([dataset.order_items, dataset.guest_order_items]).collect()
    rejected = dataset.rejected["order_items"].collect()
    assert sorted([*accepted["row"], *rejected["row"]]) == list(range(lines.height))
    assert (health.read, health.accepted) == (lines.height, accepted.height)
    assert dict(rejected["rule"].value_counts().rows()) == dict(health.rejected)
    orders = all_accepted(dataset).select("order_id", "kind")
    assert accepted.join(orders, on=["order_id", "kind"], how="anti").height == 0
    assert dataset.order_items.collect()["customer_id"].null_count() == 0


@given(raw_orders(), LINES, OPTIONS)
def test_an_export_by_line_loses_no_line_and_its_orders_are_their_sums(raw, drawn, options):
    height = min(raw.height, len(drawn))
    more = lines_of(raw.head(height), drawn[:height]).drop("order_id", "amount")
    lines = raw.head(height).hstack(more).with_row_index("row")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        dataset = Dataset.from_lines(
            lines, time_zone="Europe/London", date_format="iso8601", currency="GBP", **options
        )
    accepted = pl.concat([dataset.order_items, dataset.guest_order_items]).collect()
    rejected = dataset.rejected["order_items"].collect()
    assert sorted([*accepted["row"], *rejected["row"]]) == list(range(height))
    health = dataset.health.tables["order_items"]
    assert (health.read, health.accepted) == (height, accepted.height)
    assert dict(rejected["rule"].value_counts().rows()) == dict(health.rejected)
    orders = all_accepted(dataset).select("order_id", "kind", pl.col("amount").cast(SUM))
    sums = accepted.group_by("order_id", "kind").agg(pl.col("amount").sum())
    order = ["order_id", "kind"]
    assert sums.sort(order).rows() == orders.sort(order).rows()
