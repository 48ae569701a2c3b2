"""Whatever holds the rows, the dataset is the same."""

import datetime as dt
import types
from decimal import Decimal

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from retention_kit.contracts import Dataset

ROWS = [
    {
        "order_id": f"A-{n:03}",
        "customer_id": f"c{n % 5}" if n % 7 else None,
        "ordered_at": dt.datetime(2024, 3, 30, 22) + dt.timedelta(hours=5 * n),
        "amount": n * 1.25,
        "status": ["completed", "cancelled", "open", None][n % 4],
        "shop": ["north", "south", None][n % 3],
    }
    for n in range(40)
] + [{**dict.fromkeys(["customer_id", "ordered_at", "amount", "status", "shop"]), "order_id": "x"}]
FRAME = pl.DataFrame(ROWS, infer_schema_length=None)
TEXT = FRAME.with_columns(pl.col("ordered_at").dt.to_string("%Y-%m-%d %H:%M"))


class OnlyAStream:
    """Shows nothing of a table but its Arrow stream."""

    def __init__(self, frame):
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema=None):
        return self._frame.__arrow_c_stream__(requested_schema)


def numpy_backed():
    frame = pd.DataFrame(ROWS).astype({"amount": "float64"})
    texts = ["order_id", "customer_id", "status", "shop"]
    return frame.astype(dict.fromkeys(texts, object))


def with_index():
    frame = numpy_backed().set_index("order_id")
    return frame.iloc[::-1]


def with_an_index_of_no_name():
    frame = numpy_backed()
    frame.index = frame.index * 10 + 3
    return frame


IN_MEMORY = {
    "Polars, eager": lambda: FRAME,
    "Polars, lazy": FRAME.lazy,
    "pandas, backed by numpy": numpy_backed,
    "pandas, backed by pyarrow": lambda: FRAME.to_pandas(use_pyarrow_extension_array=True),
    "pandas, with an index": with_index,
    "pandas, with an index of no name": with_an_index_of_no_name,
    "pandas, with categories": lambda: numpy_backed().astype({"customer_id": "category"}),
    "pyarrow, a table": FRAME.to_arrow,
    "pyarrow, a reader of batches": lambda: FRAME.to_arrow().to_reader(max_chunksize=7),
    "pyarrow, dictionaries": lambda: pa.Table.from_pandas(
        numpy_backed().astype({"status": "category"})
    ),
    "a class of your own": lambda: OnlyAStream(FRAME),
    "a list of dicts": lambda: ROWS,
    "a tuple of read-only mappings": lambda: tuple(types.MappingProxyType(row) for row in ROWS),
    "a generator of dicts": lambda: (dict(row) for row in ROWS),
    "a dict of lists": lambda: FRAME.to_dict(as_series=False),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Write the rows in every shape a folder may have."""
    folder = tmp_path_factory.mktemp("shop")
    FRAME.write_parquet(folder / "orders.parquet")
    TEXT.write_csv(folder / "orders.csv")
    for kind in ("parquet", "csv"):
        (folder / kind).mkdir()
        for part in range(3):
            rows = (FRAME if kind == "parquet" else TEXT)[part * 15 : part * 15 + 15]
            getattr(rows, f"write_{kind}")(folder / kind / f"part-{part}.{kind}")
        for name in ("whole", "parted"):
            (folder / f"{name}_{kind}").mkdir()
        (folder / f"whole_{kind}" / f"orders.{kind}").write_bytes(
            (folder / f"orders.{kind}").read_bytes()
        )
        (folder / kind).rename(folder / f"parted_{kind}" / "orders")
    return folder


PATHS = [
    "orders.parquet",
    "orders.csv",
    "parted_parquet/orders",
    "parted_csv/orders",
    "parted_parquet/orders/*.parquet",
    "parted_csv/*/part-*.csv",
]
FOLDERS = ["whole_parquet", "whole_csv", "parted_parquet", "parted_csv"]
# One row of the 41 is broken on purpose, which is more than 1%.
pytestmark = pytest.mark.filterwarnings("ignore::retention_kit.errors.DataWarning")
OPTIONS = {"time_zone": "Europe/London", "currency": "GBP", "date_format": "iso8601"}


@pytest.fixture(scope="module")
def expected():
    """What each input must become, written out by hand."""
    clocks = pl.col("ordered_at").dt.replace_time_zone("Europe/London", non_existent="null")
    good = FRAME.filter(pl.col("order_id") != "x").select(
        "order_id",
        "customer_id",
        clocks,
        pl.col("amount").cast(pl.Decimal(18, 4)),
        pl.col("status").fill_null("completed").cast(pl.Enum(["completed", "cancelled", "open"])),
        "shop",
    )
    assert good["amount"].sum() == Decimal("975.0000")
    return good


def check(dataset, expected):
    columns = expected.columns
    together = pl.concat([dataset.orders, dataset.guest_orders]).select(columns).collect()
    assert_frame_equal(together.sort("order_id"), expected.sort("order_id"))
    guests = expected.filter(pl.col("customer_id").is_null()).height
    assert dataset.guest_orders.collect().height == guests == 6
    assert dataset.health.tables["orders"].rejected == {"null_ordered_at": 1}
    assert dataset.rejected["orders"].collect()["order_id"].to_list() == ["x"]
    assert dataset.orders.collect_schema().names()[-1] == "shop"
    assert len(dataset.orders.collect_schema()) == 18


@pytest.mark.parametrize("kind", IN_MEMORY)
def test_every_kind_of_table_in_memory_gives_the_same_dataset(kind, expected):
    check(Dataset.from_frames(IN_MEMORY[kind](), **OPTIONS), expected)


def test_a_relation_of_duckdb_gives_the_same_dataset(expected):
    with duckdb.connect() as connection:
        connection.register("source", FRAME.to_arrow())
        relation = connection.sql("select * from source")
        dataset = Dataset.from_frames(relation, **OPTIONS)
    check(dataset, expected)


@pytest.mark.parametrize("path", PATHS)
def test_every_kind_of_path_gives_the_same_dataset(files, path, expected):
    check(Dataset.from_frames(files / path, **OPTIONS), expected)
    check(Dataset.from_frames(str(files / path), **OPTIONS), expected)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_scanned_folder_gives_the_same_dataset(files, folder, expected):
    check(Dataset.scan(files / folder, **OPTIONS), expected)


def test_the_rows_of_a_generator_are_there_a_second_time():
    dataset = Dataset.from_frames((dict(row) for row in ROWS), **OPTIONS)
    assert dataset.orders.collect().height == dataset.orders.collect().height == 34


def test_lines_come_from_every_kind_of_table_too(line):
    lines = [line(1), line(1, "tea"), line(2)]
    frame = pl.DataFrame(lines)
    for source in (lines, iter(lines), frame, frame.lazy(), frame.to_arrow(), frame.to_pandas()):
        dataset = Dataset.from_lines(source, **OPTIONS)
        assert dataset.orders.sort("order_id").collect()["amount"].to_list() == [
            Decimal(10),
            Decimal(5),
        ]


def test_a_named_index_of_pandas_of_several_levels_is_columns(order):
    frame = pd.DataFrame([order(1), order(2)]).set_index(["order_id", "customer_id"])
    dataset = Dataset.from_frames(frame, **OPTIONS)
    assert dataset.orders.sort("order_id").select("order_id", "customer_id").collect().rows() == [
        (1, 7),
        (2, 7),
    ]


def test_an_index_that_is_a_range_with_a_name_is_a_column(order):
    frame = pd.DataFrame([order(), order()]).drop(columns="order_id")
    frame.index.name = "order_id"
    dataset = Dataset.from_frames(frame, **OPTIONS)
    assert dataset.orders.collect()["order_id"].sort().to_list() == [0, 1]


def test_columns_that_stand_twice_in_pandas_are_told_of(order):
    from retention_kit.errors import DataError

    frame = pd.DataFrame([[1, 7, 424242, 5]], columns=["order_id", "a", "a", "amount"])
    with pytest.raises(DataError, match="or no one name") as caught:
        Dataset.from_frames(frame, **OPTIONS)
    assert "424242" not in str(caught.value)
