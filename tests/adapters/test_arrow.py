"""The source of whatever holds rows: streams frame by frame, again where that is possible."""

from __future__ import annotations

import datetime as dt
import sys

import duckdb
import pandas
import polars as pl
import pyarrow
import pydantic
import pytest

from retention_kit.adapters.arrow.plugin import retention_kit_sources
from retention_kit.adapters.arrow.settings import ArrowSettings
from retention_kit.adapters.arrow.source import ArrowSource
from retention_kit.delivery.channels import AdapterContext
from retention_kit.errors import DataError, DefinitionError
from retention_kit.plugins.types import Source

ROWS = [{"order_id": number, "email": f"a{number}@mail.ru"} for number in range(5)]
FRAME = pl.DataFrame(ROWS)
AT = dt.datetime(2025, 5, 1, tzinfo=dt.UTC)


def source(value, declared=None, **settings) -> ArrowSource:
    declared = {} if declared is None else {"orders": declared}
    return ArrowSource(ArrowSettings(data={"orders": value}, declared=declared, **settings))


def batches():
    return pyarrow.RecordBatchReader.from_batches(
        FRAME.to_arrow().schema, iter(FRAME.to_arrow().to_batches(max_chunksize=2))
    )


HOLDERS = {
    "a frame": lambda: FRAME,
    "a lazy frame": FRAME.lazy,
    "a list": lambda: ROWS,
    "columns": lambda: FRAME.to_dict(as_series=False),
    "a generator": lambda: (row for row in ROWS),
    "a function": lambda: lambda: (row for row in ROWS),
    "lists": lambda: iter([ROWS[:2], ROWS[2:]]),
    "tables": lambda: iter([FRAME[:2].to_arrow(), ROWS[2], FRAME[3:].to_arrow()]),
    "pyarrow": FRAME.to_arrow,
    "pandas": lambda: pandas.DataFrame(ROWS),
    "a reader": batches,
    "a function of readers": lambda: batches,
    "DuckDB": lambda: duckdb.sql(
        "SELECT i AS order_id, 'a' || i || '@mail.ru' AS email FROM range(5) t(i)"
    ),
}


class TestATable:
    @pytest.mark.parametrize("holder", HOLDERS)
    @pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")
    def test_is_the_same_whatever_holds_it(self, holder):
        opened = source(HOLDERS[holder](), batch_rows=2)
        frame = opened.scan("orders")
        assert frame.collect_schema() == FRAME.schema
        assert frame.collect().equals(FRAME)

    @pytest.mark.parametrize("holder", ["a function", "pyarrow", "a function of readers"])
    def test_is_read_again_where_that_is_possible(self, holder):
        frame = source(HOLDERS[holder]()).scan("orders")
        assert frame.collect().equals(FRAME)
        assert frame.select(pl.len()).collect().item() == 5

    @pytest.mark.parametrize("holder", ["a generator", "a reader", "lists"])
    def test_that_can_be_read_once_says_so_the_second_time(self, holder):
        frame = source(HOLDERS[holder]()).scan("orders")
        assert frame.collect().height == 5
        with pytest.raises(DefinitionError, match="a function"):
            frame.collect()

    def test_is_not_taken_further_than_is_needed(self):
        taken = []

        def rows():
            for row in ROWS * 1000:
                taken.append(row)
                yield row

        frame = source(rows(), batch_rows=10).scan("orders")
        assert len(taken) == 10
        assert frame.head(15).collect().height == 15
        assert len(taken) == 20

    def test_has_the_types_of_its_first_rows_and_whole_numbers_become_them(self):
        rows = ({"amount": value, "note": None} for value in (1.5, 2, None, 3))
        frame = source(rows, batch_rows=1).scan("orders").collect()
        assert frame["amount"].to_list() == [1.5, 2.0, None, 3.0]
        assert frame.schema == {"amount": pl.Float64, "note": pl.String}

    def test_whose_later_rows_do_not_fit_is_refused_without_showing_them(self):
        for later in ({"amount": "a@mail.ru"}, {"amount": 1, "mail": "a@mail.ru"}):
            frame = source(iter([{"amount": 1}, later]), batch_rows=1).scan("orders")
            with pytest.raises(DataError) as caught:
                frame.collect()
            assert "a@mail.ru" not in str(caught.value)

    def test_whose_later_rows_lack_a_column_has_nulls_there(self):
        rows = iter([{"a": 1, "b": 1}, {"a": 2}])
        assert source(rows, batch_rows=1).scan("orders").collect().rows() == [(1, 1), (2, None)]

    def test_without_rows_is_told_or_has_the_columns_that_the_stream_has(self):
        with pytest.raises(DataError, match="No rows came"):
            source(iter([])).scan("orders")
        empty = FRAME.clear().to_arrow()
        assert source(empty).scan("orders").collect().equals(FRAME.clear())
        assert "order_id" in source([]).scan("orders").collect_schema()

    @pytest.mark.parametrize("value", [7, "orders.csv", [7], iter(["a@mail.ru"]), b"rows"])
    def test_that_is_none_is_refused_without_being_shown(self, value):
        with pytest.raises(Exception, match="Allowed") as caught:
            source(value).scan("orders").collect()
        assert "a@mail.ru" not in str(caught.value)

    def test_is_read_at_once_where_pyarrow_is_not_installed(self, monkeypatch):
        table = FRAME.to_arrow()
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        assert source(table).scan("orders").collect().equals(FRAME)


class TestSince:
    @pytest.mark.parametrize("holder", ["a frame", "a generator", "a function of readers"])
    def test_is_the_declared_cursor(self, holder):
        declared = {"cursor": "order_id", "cursor_kind": "id"}
        opened = source(HOLDERS[holder](), declared, batch_rows=2)
        assert opened.scan("orders", since=3).collect()["order_id"].to_list() == [3, 4]

    def test_may_be_an_instant_and_a_limit_counts_what_is_kept(self):
        rows = [{"n": number, "at": AT + dt.timedelta(days=number)} for number in range(9)]
        opened = source(iter(rows), {"cursor": "at"}, batch_rows=2)
        frame = opened.scan("orders", since=AT + dt.timedelta(days=4))
        assert frame.head(3).collect()["n"].to_list() == [4, 5, 6]

    def test_that_cannot_be_compared_is_told_before_it_is_collected(self):
        with pytest.raises(DefinitionError, match="since"):
            source(iter(ROWS), {"cursor": "order_id"}).scan("orders", since=AT)
        with pytest.raises(DefinitionError, match="no cursor"):
            source(iter(ROWS)).scan("orders", since=3)


class TestTheSettings:
    def test_show_no_rows(self):
        opened = source(ROWS)
        assert "mail.ru" not in f"{opened!r}{opened._settings!r}"

    def test_declare_what_is_there(self):
        with pytest.raises(pydantic.ValidationError, match="not among data: sales"):
            ArrowSettings(data={"orders": ROWS}, declared={"sales": {}})

    def test_open_a_source_as_a_plugin(self):
        (spec,) = retention_kit_sources()
        settings = spec.settings(data={"orders": FRAME, "mine": FRAME})
        opened = spec.factory(settings, AdapterContext(instance="arrow"))
        assert isinstance(opened, Source)
        assert {name: one.becomes for name, one in opened.tables.items()} == {
            "orders": "orders",
            "mine": None,
        }
        assert opened.close() is None
