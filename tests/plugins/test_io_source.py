import gc
import threading

import polars as pl
import pytest

from retention_kit.errors import AuthenticationError, PluginError, RateLimitedError
from retention_kit.plugins import lazy_source
from retention_kit.plugins.io_source import schema_of

SCHEMA = {"id": pl.Int64, "name": pl.String}


class Asked:
    """Reads invented rows, and remembers what was asked for."""

    def __init__(self, rows=10, batch=3):
        self.rows, self.batch = rows, batch
        self.calls, self.given, self.closed = [], 0, 0

    def __call__(self, columns, rows):
        self.calls.append((columns, rows))
        try:
            for first in range(0, self.rows, self.batch):
                ids = range(first, min(first + self.batch, self.rows))
                self.given += len(ids)
                frame = pl.DataFrame({"name": [f"n{one}" for one in ids], "id": list(ids)})
                yield frame.with_columns(pl.col("id").cast(pl.Int64))
        finally:
            self.closed += 1


@pytest.fixture(params=["in-memory", "streaming"])
def engine(request):
    return request.param


def test_nothing_is_asked_before_it_is_collected():
    asked = Asked()
    table = lazy_source(SCHEMA, asked, name="acme.rows")
    assert table.collect_schema() == pl.Schema(SCHEMA)
    table.filter(pl.col("id") > 3).select("name").explain()
    assert asked.calls == []


def test_rows_come_in_order_with_the_columns_of_the_schema(engine):
    table = lazy_source(SCHEMA, Asked(), name="acme.rows")
    assert table.collect(engine=engine).rows() == [(one, f"n{one}") for one in range(10)]


def test_only_the_columns_that_are_needed_are_asked_for(engine):
    asked = Asked()
    lazy_source(SCHEMA, asked, name="acme.rows").select("name").collect(engine=engine)
    assert asked.calls == [(["name"], None)]


def test_a_head_reaches_the_outside_system_and_the_rest_is_not_read(engine):
    asked = Asked(rows=1_000)
    got = lazy_source(SCHEMA, asked, name="acme.rows").head(4).collect(engine=engine)
    assert got.height == 4
    assert asked.calls == [(None, 4)]
    assert asked.given <= 6
    gc.collect()
    assert asked.closed == 1


def test_a_head_after_a_filter_takes_the_rows_that_pass(engine):
    asked = Asked()
    table = lazy_source(SCHEMA, asked, name="acme.rows")
    got = table.filter(pl.col("id") % 2 == 1).head(3).collect(engine=engine)
    assert got["id"].to_list() == [1, 3, 5]
    assert all(rows is None for _, rows in asked.calls)


def test_a_filter_may_look_at_a_column_that_is_not_shown(engine):
    table = lazy_source(SCHEMA, Asked(), name="acme.rows")
    got = table.filter(pl.col("id") > 7).select("name").collect(engine=engine)
    assert got["name"].to_list() == ["n8", "n9"]


def test_no_rows_are_an_empty_table(engine):
    assert lazy_source(SCHEMA, Asked(rows=0), name="x").collect(engine=engine).shape == (0, 2)


def test_an_error_of_the_library_comes_out_as_it_is(engine):
    def batches(columns, rows):
        raise RateLimitedError("later", retry_after=7.0)
        yield

    with pytest.raises(RateLimitedError) as caught:
        lazy_source(SCHEMA, batches, name="x").collect(engine=engine)
    assert caught.value.retry_after == 7.0
    # An error that is its own cause never ends when it is told.
    assert caught.value.__cause__ is not caught.value


def test_another_error_names_the_source_and_keeps_its_words_to_the_cause(engine):
    def batches(columns, rows):
        yield pl.DataFrame({"id": [1], "name": ["Ann"]})
        raise KeyError("ann@example.com")

    with pytest.raises(PluginError, match=r"source 'acme\.rows' raised a KeyError") as caught:
        lazy_source(SCHEMA, batches, name="acme.rows").collect(engine=engine)
    assert "ann@" not in str(caught.value)
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        ({"id": [1]}, "'name' is missing"),
        ({"id": ["1"], "name": ["a"]}, "'id' is String"),
        (None, "gave a NoneType"),
    ],
)
def test_a_batch_of_another_schema_is_told(batch, said):
    def batches(columns, rows):
        yield batch if batch is None else pl.DataFrame(batch)

    with pytest.raises(PluginError, match=said):
        lazy_source(SCHEMA, batches, name="x").collect()


def test_a_schema_that_must_be_asked_for_is_asked_for_once_by_many_threads():
    calls = []

    def schema():
        calls.append(1)
        return SCHEMA

    table = lazy_source(schema, Asked(), name="x")
    assert calls == []
    threads = [threading.Thread(target=table.collect_schema) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(table.collect()) == 10
    assert calls == [1]


def test_a_schema_that_cannot_be_had_names_the_source():
    def schema():
        raise RuntimeError("secret")

    table = lazy_source(schema, Asked(), name="x")
    with pytest.raises(pl.exceptions.ComputeError, match="source 'x'") as told:
        table.collect_schema()
    assert "secret" not in str(told.value)
    with pytest.raises(PluginError, match="where its schema were read") as caught:
        schema_of(table)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_an_error_of_the_library_about_a_schema_keeps_its_kind():
    def schema():
        raise AuthenticationError("who are you")

    with pytest.raises(AuthenticationError) as caught:
        schema_of(lazy_source(schema, Asked(), name="x"))
    assert caught.value.__cause__ is None
