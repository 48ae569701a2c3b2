"""What the door reads, how often, and what it leaves in the plan."""

import datetime as dt
from collections.abc import Iterator

import polars as pl
import pytest
from polars.io.plugins import register_io_source

from retention_kit.contracts import Dataset
from retention_kit.errors import MissingColumnError

OPTIONS = {"time_zone": "Europe/London", "currency": "GBP"}
SCHEMA = {
    "order_id": pl.Int64,
    "customer_id": pl.Int64,
    "ordered_at": pl.Datetime("us"),
    "amount": pl.Float64,
    "note": pl.String,
}


class Counted:
    """A lazy table that counts how often it is opened, and remembers what was asked of it."""

    def __init__(self, frame):
        self.frame = frame
        self.asked = []
        self.lazy = register_io_source(self._read, schema=frame.schema)

    @property
    def opened(self):
        return len(self.asked)

    def _read(self, with_columns, predicate, n_rows, batch_size) -> Iterator[pl.DataFrame]:
        self.asked.append(with_columns)
        frame = self.frame
        if with_columns is not None:
            frame = frame.select(with_columns)
        if predicate is not None:
            frame = frame.filter(predicate)
        yield frame if n_rows is None else frame.head(n_rows)


def orders(rows=50):
    return pl.DataFrame(
        {
            "order_id": range(rows),
            "customer_id": [n % 200 for n in range(rows)],
            "ordered_at": [dt.datetime(2024, 1, 2, 10)] * rows,
            "amount": [5.5] * rows,
            "note": ["x"] * rows,
        },
        schema=SCHEMA,
    )


def test_clean_orders_are_read_once_and_not_again_until_they_are_used():
    source = Counted(orders())
    dataset = Dataset.from_frames(source.lazy, **OPTIONS)
    assert source.opened == 1
    dataset.orders.collect_schema()
    dataset.rejected["orders"].collect_schema()
    repr(dataset)
    assert source.opened == 1
    assert dataset.orders.collect().height == 50
    assert source.opened == 2


def test_the_door_reads_the_columns_it_needs_and_no_other():
    source = Counted(orders())
    Dataset.from_frames(source.lazy, **OPTIONS)
    assert set(source.asked[0]) == {"order_id", "customer_id", "ordered_at", "amount"}


@pytest.mark.parametrize(
    "changes",
    [
        {"customer_id": pl.when(pl.col("order_id") > 9).then(pl.col("customer_id"))},
        {"status": pl.lit("cancelled")},
        {"kind": pl.when(pl.col("order_id") > 45).then(pl.lit("return")), "amount": pl.lit(0.0)},
        {"order_id": pl.col("order_id").reverse()},
        {"order_id": pl.col("order_id").cast(pl.String)},
    ],
    ids=["guests", "cancelled", "returns", "ids in another order", "ids of text"],
)
def test_what_is_no_fault_is_read_once_too(changes):
    frame = orders().with_columns(**changes)
    source = Counted(frame)
    dataset = Dataset.from_frames(source.lazy, **OPTIONS)
    assert dataset.health.tables["orders"].rejected == {}
    assert source.opened == 1


def test_no_orders_are_read_once():
    source = Counted(orders(0))
    Dataset.from_frames(source.lazy, **OPTIONS)
    assert source.opened == 1


@pytest.mark.parametrize(
    ("table", "frame"),
    [
        ("customers", pl.DataFrame({"customer_id": range(10), "city": ["x"] * 10})),
        (
            "events",
            orders().select("customer_id", pl.lit("Seen").alias("name"), occurred_at="ordered_at"),
        ),
        ("costs", pl.DataFrame({"month": [dt.date(2024, 1, 1)], "amount": [5]})),
        (
            "order_items",
            pl.DataFrame({"order_id": range(50), "product_id": 1, "quantity": 1, "amount": 5.5}),
        ),
    ],
)
def test_every_other_clean_table_is_read_once(table, frame):
    source = Counted(frame)
    dataset = Dataset.from_frames(orders(), **{table: source.lazy}, **OPTIONS)
    assert dataset.health.tables[table].rejected == {}
    assert source.opened == 1
    getattr(dataset, table).collect()
    assert source.opened == 2


def test_lines_are_read_once_to_make_orders_and_once_to_be_judged():
    frame = orders().with_columns(product_id=1, quantity=1)
    source = Counted(frame)
    dataset = Dataset.from_lines(source.lazy, **OPTIONS)
    assert source.opened == 2
    dataset.orders.collect()
    assert source.opened == 2
    dataset.order_items.collect()
    assert source.opened == 3


def test_a_table_that_is_wrong_by_its_schema_is_not_read_at_all():
    source = Counted(orders().drop("amount"))
    with pytest.raises(MissingColumnError):
        Dataset.from_frames(source.lazy, **OPTIONS)
    assert source.opened == 0


def test_a_deferred_table_is_produced_once():
    calls = []

    def produce():
        calls.append(1)
        return orders()

    Dataset.from_frames(pl.defer(produce, schema=SCHEMA), **OPTIONS)
    assert calls == [1]


def test_the_plan_of_clean_orders_is_the_bare_scan(tmp_path):
    orders().write_parquet(tmp_path / "orders.parquet")
    dataset = Dataset.scan(tmp_path, **OPTIONS)
    plan = dataset.orders.explain()
    assert "Parquet SCAN" in plan
    for word in ("FILTER", "SELECTION", "UNION", "JOIN", "CACHE", "python"):
        assert word not in plan
    narrow = dataset.orders.select("order_id").explain()
    assert "PROJECT 1/5 COLUMNS" in narrow


def test_only_the_plan_of_orders_with_faults_has_a_filter(tmp_path):
    frame = orders(500).with_columns(
        amount=pl.when(pl.col("order_id") == 3).then(None).otherwise(pl.col("amount"))
    )
    frame.write_parquet(tmp_path / "orders.parquet")
    dataset = Dataset.scan(tmp_path, **OPTIONS)
    plan = dataset.orders.explain()
    assert "FILTER" in plan or "SELECTION" in plan
    for word in ("UNION", "JOIN", "CACHE", "python"):
        assert word not in plan
    assert dataset.orders.collect().height == 499


def test_what_was_let_in_is_lazy_and_runs_on_either_engine(tmp_path):
    frame = pl.concat([orders(500), orders(500)[:2], orders(500)[:1].with_columns(note=None)])
    frame.write_parquet(tmp_path / "orders.parquet")
    dataset = Dataset.scan(tmp_path, **OPTIONS)
    assert isinstance(dataset.orders, pl.LazyFrame)
    assert isinstance(dataset.rejected["orders"], pl.LazyFrame)
    for engine in ("in-memory", "streaming"):
        assert dataset.orders.collect(engine=engine).height == 500
        assert dataset.rejected["orders"].collect(engine=engine).height == 3


@pytest.mark.filterwarnings("ignore::retention_kit.errors.DataWarning")
def test_a_fault_in_one_table_costs_the_other_tables_nothing():
    source = Counted(orders())
    events = pl.DataFrame({"customer_id": [None], "name": ["Seen"], "occurred_at": [None]})
    Dataset.from_frames(source.lazy, events=events, **OPTIONS)
    assert source.opened == 1
