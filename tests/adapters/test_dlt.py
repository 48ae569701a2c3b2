"""The source of what dlt reads: resources, and a dataset that was loaded into DuckDB."""

from __future__ import annotations

import datetime as dt
import os
import sys
import warnings

import polars as pl
import pydantic
import pytest

from retention_kit.adapters.dlt.plugin import retention_kit_sources
from retention_kit.adapters.dlt.settings import DltSettings
from retention_kit.adapters.dlt.source import DltSource
from retention_kit.delivery.channels import AdapterContext
from retention_kit.errors import DefinitionError, MissingDependencyError
from retention_kit.plugins.types import Source

# As the source does, before dlt is imported for the first time.
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
dlt = pytest.importorskip("dlt")

pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")
AT = dt.datetime(2025, 5, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
ORDERS = {"cursor": "changed", "key": ["order_id"]}


def rows(count=5):
    for number in range(count):
        yield {
            "order_id": number,
            "changed": AT + number * DAY,
            "written": (AT + number * DAY).isoformat(),
            "items": [{"sku": "tea"}],
        }


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Give a dataset that dlt loaded into a file of DuckDB."""
    folder = tmp_path_factory.mktemp("dlt")
    destination = dlt.destinations.duckdb(str(folder / "loaded.duckdb"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = dlt.pipeline(
            "shop", destination=destination, dataset_name="shop", pipelines_dir=str(folder)
        )
        pipeline.run(dlt.resource(rows, name="orders"))
        yield pipeline.dataset()


def source(data, declared=None, **settings) -> DltSource:
    declared = {} if declared is None else {"orders": declared}
    return DltSource(DltSettings(data=data, declared=declared, **settings))


class TestAResource:
    def test_is_read_as_it_yields_and_again(self):
        opened = source(dlt.resource(rows, name="orders"), batch_rows=2)
        frame = opened.scan("orders")
        assert frame.collect()["order_id"].to_list() == [0, 1, 2, 3, 4]
        assert frame.collect()["items"].to_list() == [[{"sku": "tea"}]] * 5
        opened.close()

    def test_of_a_source_is_one_of_its_tables(self):
        @dlt.source
        def shop():
            return [dlt.resource(rows, name="orders"), dlt.resource(rows, name="deals")]

        opened = source(shop())
        assert {name: one.becomes for name, one in opened.tables.items()} == {
            "orders": "orders",
            "deals": None,
        }
        renamed = source(shop(), {"resource": "deals"})
        assert list(renamed.tables) == ["orders"]
        assert renamed.scan("orders").collect().height == 5

    def test_may_yield_arrow_tables(self):
        tables = [pl.DataFrame({"order_id": [1, 2]}).to_arrow()] * 2
        opened = source(dlt.resource(tables, name="orders"))
        assert opened.scan("orders").collect()["order_id"].to_list() == [1, 2, 1, 2]

    def test_is_filtered_from_a_point_on(self):
        opened = source(dlt.resource(rows, name="orders"), ORDERS)
        found = opened.scan("orders", since=AT + 3 * DAY).collect()
        assert found["order_id"].to_list() == [3, 4]

    def test_that_is_not_there_is_told_with_the_nearest(self):
        opened = source(dlt.resource(rows, name="orders"), {"resource": "order"})
        with pytest.raises(DefinitionError, match="nearest: orders"):
            opened.scan("orders")
        with pytest.raises(DefinitionError, match="nearest: orders"):
            opened.scan("order")


class TestADataset:
    def test_has_its_tables_without_those_of_dlt_and_of_nested_lists(self, dataset):
        assert list(source(dataset).tables) == ["orders"]
        items = source(dataset, {"resource": "orders__items", "becomes": "order_items"})
        assert items.scan("orders").collect()["sku"].to_list() == ["tea"] * 5

    def test_is_read_in_batches_with_the_columns_and_the_limit_that_are_needed(
        self, dataset, monkeypatch
    ):
        opened = source(dataset, batch_rows=2)
        frame = opened.scan("orders")
        assert frame.collect_schema()["changed"] == pl.Datetime("us", "UTC")
        assert sorted(frame.collect()["order_id"]) == [0, 1, 2, 3, 4]
        assert frame.select(pl.len()).collect().item() == 5
        asked = []
        relation = type(dataset["orders"])
        read = relation.iter_arrow

        def hear(self, *arguments, **options):
            asked.append(self.to_sql())
            return read(self, *arguments, **options)

        monkeypatch.setattr(relation, "iter_arrow", hear)
        assert frame.select("order_id").head(2).collect().height == 2
        assert "LIMIT 2" in asked[-1]
        assert "written" not in asked[-1]

    @pytest.mark.parametrize("cursor", ["changed", "written"])
    def test_is_read_from_a_point_on_that_is_bound(self, dataset, cursor, monkeypatch):
        asked = []
        client = type(dataset.sql_client)
        execute = client.execute_query

        def hear(self, query, *arguments, **options):
            asked.append((query, arguments))
            return execute(self, query, *arguments, **options)

        monkeypatch.setattr(client, "execute_query", hear)
        opened = source(dataset, {"cursor": cursor})
        found = opened.scan("orders", since=AT + 3 * DAY).select("order_id").collect()
        assert sorted(found["order_id"]) == [3, 4]
        query, arguments = asked[-1]
        assert "2025" not in query
        assert "2025" in str(arguments)
        assert opened.scan("orders", since=AT).select("order_id").head(1).collect().height == 1

    def test_is_read_from_an_id_on_and_not_from_a_text(self, dataset):
        numbers = source(dataset, {"cursor": "order_id", "cursor_kind": "id"})
        assert sorted(numbers.scan("orders", since=4).collect()["order_id"]) == [4]
        texts = source(dataset, {"cursor": "_dlt_id", "cursor_kind": "id"})
        with pytest.raises(DefinitionError, match="is text"):
            texts.scan("orders", since="x")


class TestTheSettings:
    @pytest.mark.parametrize(
        "given",
        [{}, {"destination": "duckdb"}, {"dataset": "shop"}, {"data": 7, "dataset": "shop"}],
    )
    def test_say_what_is_read_in_one_way(self, given):
        with pytest.raises(pydantic.ValidationError, match="allowed: data, or"):
            DltSettings(**given)

    def test_of_nothing_of_dlts_are_refused(self):
        with pytest.raises(DefinitionError, match="'data' is 'function'"):
            source(rows)

    def test_open_a_source_as_a_plugin(self, dataset):
        (spec,) = retention_kit_sources()
        opened = spec.factory(spec.settings(data=dataset), AdapterContext(instance="dlt.shop"))
        assert isinstance(opened, Source)
        assert (opened.name, spec.api_version) == ("dlt.shop", 1)
        assert "loaded.duckdb" not in repr(opened)

    def test_leave_telemetry_off(self):
        assert os.environ["RUNTIME__DLTHUB_TELEMETRY"] == "false"

    def test_without_dlt_name_the_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "dlt", None)
        (spec,) = retention_kit_sources()
        with pytest.raises(MissingDependencyError, match=r"retention-kit\[dlt\]"):
            spec.factory(spec.settings(data=rows), AdapterContext(instance="dlt"))
