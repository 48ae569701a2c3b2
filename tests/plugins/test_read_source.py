import datetime as dt

import polars as pl
import pydantic
import pytest

from retention_kit.errors import DefinitionError, PluginError
from retention_kit.plugins import Registry, SourceSpec, SourceTable, hookimpl, read_source
from retention_kit.plugins.marks import mark_of
from retention_kit.plugins.reading import chosen_tables

START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


class Settings(pydantic.BaseModel):
    token: pydantic.SecretStr = pydantic.SecretStr("hush")
    addresses: list[pydantic.SecretStr] = []
    pipeline: int = 0
    timeout: float = 60.0
    retries: int = pydantic.Field(default=3, json_schema_extra={"plumbing": True})
    currency: str = "of the portal"


@pytest.fixture
def known(shop_type, make_order):
    shop = shop_type([make_order(1), make_order(2, customer="b", changed=2)])
    shop.settings = []

    class Plugin:
        @hookimpl
        def retention_kit_sources(self):
            def factory(settings, context):
                shop.settings.append(settings)
                shop.name = context.instance
                return shop

            return [
                SourceSpec(
                    name="shop",
                    summary="invented",
                    api_version=1,
                    settings=Settings,
                    factory=factory,
                )
            ]

    made = Registry.of(Plugin(), strict=True)
    made.shop = shop
    return made


def test_a_source_becomes_a_dataset(known):
    dataset = read_source("shop", currency="RUB", time_zone="Europe/Moscow", registry=known)
    assert dataset.time_zone == "Europe/Moscow"
    assert dataset.currency == "RUB"
    got = dataset.orders.select("order_id", "customer_id").sort("order_id").collect()
    assert got.rows() == [(1, "a"), (2, "b")]
    assert known.shop.closed == 1


def test_it_is_topped_up_in_a_folder(known, make_order, tmp_path, clock):
    for count in (2, 3):
        dataset = read_source(
            "shop", currency="RUB", folder=tmp_path, registry=known, clock=clock, pipeline=7
        )
        assert dataset.health.tables["orders"].accepted == count
        known.shop.rows = [make_order(3, changed=9)]
    assert [since for _, since in known.shop.asked] == [None, START + dt.timedelta(minutes=2)]
    assert {one.pipeline for one in known.shop.settings} == {7}


def test_another_setting_reads_all_anew_and_another_secret_does_not(known, tmp_path, clock):
    def read(**settings):
        read_source(
            "shop", currency="RUB", folder=tmp_path, registry=known, clock=clock, settings=settings
        )
        return known.shop.asked[-1][1]

    assert read(pipeline=1) is None
    assert read(pipeline=1, token="another") is not None
    assert read(pipeline=2, token="another") is None
    assert "hush" not in (tmp_path / "state.json").read_text()


def test_another_address_reads_all_anew_though_it_is_a_secret(known, tmp_path, clock):
    def is_topped_up(address):
        read_source(
            "shop",
            currency="RUB",
            folder=tmp_path,
            registry=known,
            clock=clock,
            settings={"addresses": [address]},
        )
        return known.shop.asked[-1][1] is not None

    assert not is_topped_up("https://ann:one@a.example/rest/1/hush/")
    assert is_topped_up("https://ann:two@A.example/rest/1/another/")
    assert not is_topped_up("https://ann:two@b.example/rest/1/another/")
    assert not is_topped_up("https://ann:two@b.example:8080/rest/1/another/")


def test_what_a_model_calls_its_identity_wins_over_addresses():
    class Named(Settings):
        @property
        def identity(self):
            return str(self.pipeline // 10)

    first = mark_of(Named(addresses=["https://a.example"]))
    assert mark_of(Named(addresses=["https://b.example"])) == first
    assert mark_of(Named(pipeline=10)) != mark_of(Settings(pipeline=10))


def test_settings_that_only_say_how_rows_are_fetched_do_not_read_all_anew():
    assert mark_of(Settings(timeout=5, retries=9)) == mark_of(Settings())


def test_an_error_where_the_source_is_closed_takes_no_rows_away(known, caplog):
    def close():
        raise ConnectionResetError("hush")

    known.shop.close = close
    dataset = read_source("shop", currency="RUB", registry=known)
    assert dataset.health.tables["orders"].accepted == 2
    assert "raised a ConnectionResetError where it was closed" in caplog.text
    assert "hush" not in caplog.text
    with pytest.raises(DefinitionError, match="one is orders|tables of"):
        read_source("shop", currency="RUB", registry=known, tables=["nothing"])


def test_an_option_of_the_door_that_is_a_setting_too_is_told_apart(known):
    read_source(
        "shop", currency="RUB", registry=known, settings={"currency": "EUR"}, instance="msk"
    )
    assert known.shop.settings[0].currency == "EUR"
    assert known.shop.name == "shop.msk"


def test_an_option_that_is_neither_is_told(known):
    with pytest.raises(DefinitionError, match="no setting 'pipelines'"):
        read_source("shop", currency="RUB", registry=known, pipelines=1)


@pytest.mark.parametrize("columns", [{"amount": "id"}, {"orders": {"amount": "id"}}])
def test_a_mapping_that_is_given_wins_over_the_source_s(known, columns):
    dataset = read_source("shop", currency="RUB", registry=known, columns=columns)
    assert dataset.orders.select(pl.col("amount").sum()).collect().item() == 3


def test_the_source_says_how_its_words_are_meant_and_the_user_says_more(
    known, shop_type, make_order
):
    known.shop.schema |= {"status": pl.String}
    known.shop.rows = [make_order(1, status="WON"), make_order(2, status="LOST")]
    table = known.shop.table
    known.shop.table = SourceTable(
        name="orders",
        becomes="orders",
        columns=table.columns,
        mapping_options={"values": {"status": {"WON": "completed"}}},
    )
    dataset = read_source(
        "shop",
        currency="RUB",
        registry=known,
        values={"status": {"WON": "completed", "LOST": "cancelled"}},
    )
    assert dataset.health.tables["orders"].accepted == 2


def test_options_that_the_door_does_not_have_are_the_plugin_s_mistake(known):
    table = known.shop.table
    known.shop.table = SourceTable(
        name="orders", becomes="orders", columns=table.columns, mapping_options={"colour": 1}
    )
    with pytest.raises(PluginError, match="'colour' is no option"):
        read_source("shop", currency="RUB", registry=known)


def test_the_source_is_closed_whatever_happens(known):
    with pytest.raises(DefinitionError):
        read_source("shop", currency="RUB", registry=known, tables=["nothing"])
    assert known.shop.closed == 1


THERE = {
    name: SourceTable(name=name, becomes=becomes)
    for name, becomes in {
        "orders": "orders",
        "purchases": "orders",
        "contacts": "customers",
        "raw": None,
    }.items()
}


class TestTheTablesThatAreChosen:
    def chosen(self, wanted):
        found = chosen_tables("shop", THERE, wanted)
        return {of: table.name for of, table in found.items()}

    def test_are_by_default_those_that_are_tables_of_a_dataset(self):
        assert self.chosen(None) == {"orders": "orders", "customers": "contacts"}

    def test_may_be_named_by_what_they_are_to_be(self):
        assert self.chosen({"orders": "purchases"}) == {"orders": "purchases"}
        assert self.chosen({"orders": "raw"}) == {"orders": "raw"}

    def test_may_be_named_alone(self):
        assert self.chosen("orders") == {"orders": "orders"}
        assert self.chosen(["contacts", "purchases"]) == {
            "customers": "contacts",
            "orders": "purchases",
        }

    @pytest.mark.parametrize(
        ("wanted", "said"),
        [
            (["contacts"], "one is orders"),
            (["orders", "purchases"], "Two tables of 'shop' are to be 'orders'"),
            (["orders", "raw"], "say what it is to be"),
            ({"orders": "order"}, "nearest: orders"),
            ({"sales": "orders"}, "one of orders"),
        ],
    )
    def test_must_make_a_dataset(self, wanted, said):
        with pytest.raises(DefinitionError, match=said):
            self.chosen(wanted)


def test_a_misspelt_option_of_the_door_is_told_as_such():
    spec = SourceSpec(
        name="acme",
        summary="x",
        api_version=1,
        settings=pydantic.BaseModel,
        factory=print,
    )

    class Plugin:
        @hookimpl
        def retention_kit_sources(self):
            return [spec]

    with pytest.raises(DefinitionError, match="nearest: time_zone"):
        read_source("acme", currency="RUB", registry=Registry.of(Plugin()), time_zon="UTC")
