"""Whatever lines come to the door, none is lost, and orders are the sums of theirs."""

import warnings
from collections import Counter
from decimal import Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.contracts import Dataset
from retention_kit.errors import DataWarning, RepeatedOrderIdError

IDS = st.sampled_from((1, 2, 3, None))
AMOUNTS = st.sampled_from(("1", "-2.5", "0", "0.33335", "many", "", None))
LINE = st.fixed_dictionaries(
    {
        "order_id": IDS,
        "product_id": st.sampled_from((1, 2, None)),
        "quantity": st.sampled_from(("1", "-1", "0", "2", "two", None)),
        "amount": AMOUNTS,
    }
)
PLACE = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from((7, 7, 7, 8, 0, None)),
        "ordered_at": st.sampled_from(("2024-01-02", "2024-10-27 01:30", "soon", None)),
        "kind": st.sampled_from((None, None, "sale", "return", "gift")),
        "status": st.sampled_from((None, None, "completed", "cancelled", "open", "lost")),
    }
)
FULL_LINE = st.builds(lambda line, place: {**line, **place}, LINE, PLACE)
ORDER = st.builds(
    lambda one, amount, place: {"order_id": one, "amount": amount, **place}, IDS, AMOUNTS, PLACE
)
OPTIONS = st.fixed_dictionaries(
    {
        "negative_amounts": st.sampled_from(("reject", "return")),
        "duplicate_lines": st.sampled_from(("keep", "reject")),
        "guest_ids": st.sampled_from(((), (0,))),
    }
)
LINE_COLUMNS = (
    "order_id",
    "product_id",
    "quantity",
    "amount",
    "customer_id",
    "ordered_at",
    "kind",
    "status",
)
PLACE_COLUMNS = ("customer_id", "ordered_at", "kind", "status")
TYPES = {
    "order_id": pl.Int64,
    "product_id": pl.Int64,
    "customer_id": pl.Int64,
    **dict.fromkeys(["quantity", "amount", "ordered_at", "kind", "status"], pl.String),
    "line_id": pl.Int64,
    "place": pl.Int64,
}


def table(rows, columns):
    types = {name: TYPES[name] for name in columns}
    return pl.DataFrame(rows, schema=types, orient="row") if rows else pl.DataFrame(schema=types)


def let_in(make, *tables, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return make(
            *tables,
            time_zone="Europe/London",
            currency="GBP",
            date_format="iso8601",
            **options,
        )


def lines_of(dataset):
    return pl.concat([dataset.order_items, dataset.guest_order_items]).collect()


def books_balance(dataset, name, read):
    health = dataset.health.tables[name]
    rejected = dataset.rejected[name].collect()
    accepted = pl.concat([getattr(dataset, name), getattr(dataset, f"guest_{name}")]).collect()
    assert health.read == read == accepted.height + rejected.height
    assert dict(Counter(rejected["rule"])) == dict(health.rejected)
    assert getattr(dataset, f"guest_{name}").collect().height == health.guests
    return accepted, rejected


@given(st.lists(FULL_LINE, max_size=10), OPTIONS, st.booleans())
def test_of_an_export_by_line_nothing_is_lost_and_orders_are_sums_of_lines(rows, options, with_ids):
    ids = ["line_id"] if with_ids else []
    columns = [*LINE_COLUMNS, *ids]
    numbered = [{**row, "line_id": n // 2} if with_ids else row for n, row in enumerate(rows)]
    raw = table(numbered, columns)
    dataset = let_in(Dataset.from_lines, raw, **options)
    accepted, _ = books_balance(dataset, "order_items", raw.height)
    made = dataset.health.tables["orders"].read
    orders, _ = books_balance(dataset, "orders", made)
    sums = accepted.group_by("order_id", "kind").agg(pl.col("amount").sum())
    expected = {(one, kind): amount for one, kind, amount in sums.rows()}
    told = orders.select("order_id", "kind", "amount").rows()
    assert {(one, kind): amount for one, kind, amount in told} == expected
    assert len(told) == len(expected)


@given(st.lists(ORDER, max_size=6), st.lists(LINE, max_size=8), OPTIONS)
def test_of_orders_and_their_lines_nothing_is_lost_and_each_line_has_its_order(
    orders, lines, options
):
    raw_orders = table(orders, ["order_id", "amount", *PLACE_COLUMNS])
    numbered = [{**row, "place": n} for n, row in enumerate(lines)]
    raw_lines = table(numbered, ["order_id", "product_id", "quantity", "amount", "place"])
    options = {**options, "duplicate_lines": "keep"}
    try:
        dataset = let_in(Dataset.from_frames, raw_orders, raw_lines, **options)
    except RepeatedOrderIdError:
        return
    books_balance(dataset, "orders", raw_orders.height)
    accepted, rejected = books_balance(dataset, "order_items", raw_lines.height)
    places = [*accepted["place"], *rejected["place"]]
    assert sorted(places) == list(range(raw_lines.height))
    keys = ["order_id", "kind", "customer_id", "ordered_at"]
    known = pl.concat([dataset.orders, dataset.guest_orders]).select(keys).collect().rows()
    assert set(accepted.select(keys).rows()) <= set(known)
    backs = accepted.filter(kind="return")
    assert all(amount <= Decimal(0) for amount in backs["amount"])
