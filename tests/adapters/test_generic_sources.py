"""The generic sources as anybody uses them: by name, into a dataset that is topped up."""

from __future__ import annotations

import datetime as dt
import sqlite3

import polars as pl
import pytest

from retention_kit.adapters.arrow import plugin as arrow_plugin
from retention_kit.adapters.bitrix24.settings import Bitrix24Settings
from retention_kit.adapters.dlt import plugin as dlt_plugin
from retention_kit.adapters.files import plugin as files_plugin
from retention_kit.adapters.sql import plugin as sql_plugin
from retention_kit.errors import DefinitionError
from retention_kit.plugins.marks import mark_of
from retention_kit.plugins.opening import open_source
from retention_kit.plugins.reading import read_source
from retention_kit.plugins.registries import Registry
from retention_kit.testing.conformance.cases import SourceCase
from retention_kit.testing.conformance.of_sources import check_source

pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")
REGISTRY = Registry.of(arrow_plugin, dlt_plugin, files_plugin, sql_plugin, strict=True)
NOON = dt.datetime(2025, 5, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
DECLARED = {"orders": {"key": ["order_id"], "cursor": "changed", "columns": {"amount": "total"}}}
KINDS = ("files", "sql", "arrow", "dlt")


def orders(first: int, last: int, total: int = 100) -> pl.DataFrame:
    """Give orders by number, each changed a day after the one before."""
    numbers = range(first, last)
    return pl.DataFrame(
        {
            "order_id": numbers,
            "customer_id": [number % 3 for number in numbers],
            "ordered_at": [NOON - 9 * DAY] * len(numbers),
            "changed": [NOON + number * DAY for number in numbers],
            "total": [total] * len(numbers),
        }
    )


class Shop:
    """Orders where a source reads them, written anew as often as is wanted."""

    def __init__(self, kind, folder) -> None:
        self.kind = kind
        self._folder = folder
        self._rows = orders(0, 0)

    def write(self, rows: pl.DataFrame) -> None:
        self._rows = rows
        if self.kind == "files":
            rows.write_parquet(self._folder / "orders.parquet")
        if self.kind == "sql":
            naive = rows.with_columns(
                pl.col("ordered_at", "changed").dt.replace_time_zone(None).dt.to_string("iso")
            )
            with sqlite3.connect(self._folder / "shop.db") as connection:
                connection.execute("DROP TABLE IF EXISTS orders")
                connection.execute(
                    "CREATE TABLE orders (order_id integer PRIMARY KEY, customer_id integer, "
                    "ordered_at datetime, changed datetime, total numeric(10, 2))"
                )
                values = "?, ?, ?, ?, ?"
                connection.executemany(f"INSERT INTO orders VALUES ({values})", naive.rows())
            connection.close()

    @property
    def settings(self) -> dict:
        given = {
            "files": lambda: {"path": self._folder},
            "sql": lambda: {"url": f"sqlite:///{self._folder}/shop.db"},
            "arrow": lambda: {"data": {"orders": lambda: iter(self._rows.to_dicts())}},
            "dlt": self._resource,
        }[self.kind]()
        return {**given, "declared": DECLARED}

    def _resource(self) -> dict:
        dlt = pytest.importorskip("dlt")
        return {"data": dlt.resource(self._rows.to_dicts(), name="orders")}


@pytest.fixture(params=KINDS)
def shop(request, tmp_path):
    return Shop(request.param, tmp_path)


def test_a_source_conforms(shop):
    shop.write(orders(0, 9))
    spec = REGISTRY.sources.find(shop.kind).spec
    since = NOON + 4 * DAY
    # The database keeps instants without a zone.
    since = since.replace(tzinfo=None) if shop.kind == "sql" else since
    case = SourceCase(spec=spec, settings=shop.settings, since={"orders": since})
    report = check_source(case)
    report.raise_for_failures()


def test_a_dataset_is_read_and_topped_up_by_what_has_changed(shop, tmp_path):
    landed = tmp_path / "landed"

    def read():
        dataset = read_source(
            shop.kind,
            currency="RUB",
            time_zone="UTC",
            folder=landed,
            registry=REGISTRY,
            settings=shop.settings,
        )
        found = dataset.orders.select("order_id", "amount").sort("order_id").collect()
        return [(number, int(amount)) for number, amount in found.rows()]

    shop.write(orders(0, 3))
    assert read() == [(0, 100), (1, 100), (2, 100)]
    shop.write(pl.concat([orders(0, 1), orders(1, 2, 70), orders(2, 5, 50)]))
    # What changed before the last time is not read again.
    assert read() == [(0, 100), (1, 100), (2, 50), (3, 50), (4, 50)]


def test_two_databases_in_one_folder_are_not_one(tmp_path):
    landed = tmp_path / "landed"

    def read(name):
        (tmp_path / name).mkdir(exist_ok=True)
        shop = Shop("sql", tmp_path / name)
        # Those of the second changed long before the first was read.
        shop.write(
            orders(0, 2)
            if name == "new"
            else orders(10, 12).with_columns(pl.col("changed") - 99 * DAY)
        )
        dataset = read_source(
            "sql",
            currency="RUB",
            time_zone="UTC",
            folder=landed,
            registry=REGISTRY,
            settings=shop.settings,
        )
        return sorted(dataset.orders.select("order_id").collect()["order_id"])

    assert read("new") == [0, 1]
    assert read("old") == [10, 11]
    assert "old" not in (landed / "state.json").read_text()


def test_two_portals_are_not_one_though_their_addresses_are_secret():
    marks = [
        mark_of(Bitrix24Settings(webhook_url=f"https://{one}/rest/1/hush/"))
        for one in ("a.bitrix24.ru", "b.bitrix24.ru", "A.bitrix24.ru")
    ]
    assert marks[0] == marks[2] != marks[1]


@pytest.mark.parametrize("what", ["key", "cursor", "deletions"])
def test_a_misspelt_column_in_a_declaration_is_answered_with_the_nearest(shop, what):
    shop.write(orders(0, 2))
    misspelt = {"orders": {what: ["changd"] if what == "key" else "changd"}}
    settings = {**shop.settings, "declared": misspelt}
    with (
        open_source(shop.kind, registry=REGISTRY, **settings) as source,
        pytest.raises(DefinitionError, match=f"'changd'.*as its {what}.*nearest: 'changed'"),
    ):
        source.scan("orders")


def test_since_a_day_is_told_to_be_no_instant(shop):
    shop.write(orders(0, 2))
    source = open_source(shop.kind, registry=REGISTRY, **shop.settings)
    with source, pytest.raises(DefinitionError, match="'since' is a date"):
        source.scan("orders", since=NOON.date()).collect()


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_without_settings_says_which_it_needs_and_how_they_are_set(kind):
    with pytest.raises(DefinitionError, match=f"RETENTION_KIT_{kind.upper()}|together"):
        open_source(kind, registry=REGISTRY)


def test_a_source_is_set_by_the_environment(tmp_path, monkeypatch):
    orders(0, 2).write_csv(tmp_path / "orders.csv", separator="#")
    monkeypatch.setenv("RETENTION_KIT_FILES_SHOP_PATH", str(tmp_path))
    monkeypatch.setenv("RETENTION_KIT_FILES_SHOP_CSV_SEPARATOR", "#")
    source = open_source("files", instance="shop", registry=REGISTRY)
    assert source.name == "files.shop"
    assert source.scan("orders").collect().height == 2
