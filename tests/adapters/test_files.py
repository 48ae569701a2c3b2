"""The source of files: what the door opens, by table, and since a point without losing a row."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pydantic
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retention_kit.adapters.cursors import point_for, rows_since
from retention_kit.adapters.files.plugin import retention_kit_sources
from retention_kit.adapters.files.settings import FilesSettings
from retention_kit.adapters.files.source import FilesSource
from retention_kit.delivery.channels import AdapterContext
from retention_kit.errors import DefinitionError, FileFormatError
from retention_kit.plugins.types import Source, SourceTable

ORDERS = pl.DataFrame(
    {
        "order_id": ["001", "002", "010"],
        "changed": ["2025-05-01", "2025-05-02T10:00:00+03:00", None],
        "amount": [1.5, 2.5, 3.5],
    }
)
LONDON = ZoneInfo("Europe/London")


def source(path, **settings) -> FilesSource:
    return FilesSource(FilesSettings(path=path, **settings))


class TestTheTables:
    def test_of_a_folder_are_those_named_as_a_dataset_s(self, tmp_path):
        ORDERS.write_parquet(tmp_path / "orders.parquet")
        ORDERS.write_csv(tmp_path / "events.csv")
        ORDERS.write_csv(tmp_path / "others.csv")
        tables = source(tmp_path).tables
        assert {name: one.becomes for name, one in tables.items()} == {
            "orders": "orders",
            "events": "events",
        }

    def test_of_one_file_are_orders(self, tmp_path):
        ORDERS.write_csv(tmp_path / "sales.csv")
        opened = source(tmp_path / "sales.csv")
        assert list(opened.tables) == ["orders"]
        assert opened.scan("orders").collect().height == 3

    def test_that_are_declared_may_stand_anywhere_below(self, tmp_path):
        (tmp_path / "crm").mkdir()
        for part in (1, 2):
            ORDERS.write_csv(tmp_path / "crm" / f"deals-{part}.csv")
        declared = {"deals": {"path": "crm/deals-*.csv", "becomes": "orders", "key": ["order_id"]}}
        opened = source(tmp_path, declared=declared)
        assert opened.tables["deals"].becomes == "orders"
        assert opened.tables["deals"].key == ("order_id",)
        assert opened.scan("deals").collect()["order_id"].to_list() == ["001", "002", "010"] * 2

    def test_that_are_not_there_are_told_with_what_is(self, tmp_path):
        ORDERS.write_csv(tmp_path / "orders.csv")
        with pytest.raises(DefinitionError, match="nearest: orders"):
            source(tmp_path).scan("order")
        with pytest.raises(FileFormatError, match="nothing named 'reviews'"):
            source(tmp_path, declared={"reviews": {}}).scan("reviews")
        with pytest.raises(FileFormatError, match="not there"):
            source(tmp_path / "nowhere").scan("orders")

    def test_of_csv_keep_leading_zeros_and_take_a_separator(self, tmp_path):
        ORDERS.write_csv(tmp_path / "orders.csv", separator="#")
        opened = source(tmp_path, csv_separator="#")
        assert opened.scan("orders").collect()["order_id"].to_list() == ["001", "002", "010"]
        with pytest.raises(DefinitionError, match="separator"):
            source(tmp_path, csv_separator="##")

    def test_of_workbooks_are_read(self, tmp_path):
        ORDERS.write_excel(tmp_path / "orders.xlsx")
        assert source(tmp_path).scan("orders").collect()["amount"].to_list() == [1.5, 2.5, 3.5]

    def test_become_only_what_a_dataset_has(self, tmp_path):
        with pytest.raises(pydantic.ValidationError, match="allowed: orders"):
            source(tmp_path, declared={"deals": {"becomes": "deals"}})
        with pytest.raises(pydantic.ValidationError, match="IANA"):
            source(tmp_path, naive_zone="Moscow")

    def test_reach_the_file_with_their_columns_and_limits(self, tmp_path):
        ORDERS.write_parquet(tmp_path / "orders.parquet")
        plan = source(tmp_path).scan("orders").select("amount").head(1).explain()
        assert "PROJECT 1/3 COLUMNS" in plan
        assert "SLICE" in plan


class TestSince:
    def test_texts_are_compared_by_what_they_say_and_what_says_nothing_comes(self, tmp_path):
        ORDERS.write_csv(tmp_path / "orders.csv")
        declared = {"orders": {"cursor": "changed"}}
        opened = source(tmp_path, declared=declared)
        at = dt.datetime(2025, 5, 2, 7, tzinfo=dt.UTC)
        for since in (at, at.isoformat(), at.astimezone(LONDON)):
            found = opened.scan("orders", since=since).collect()
            assert found["order_id"].to_list() == ["002", "010"]
        later = opened.scan("orders", since=at + dt.timedelta(seconds=1)).collect()
        assert later["order_id"].to_list() == ["010"]

    def test_ids_of_text_are_compared_as_numbers(self, tmp_path):
        ORDERS.write_csv(tmp_path / "orders.csv")
        declared = {"orders": {"cursor": "order_id", "cursor_kind": "id"}}
        for since in (9, "9", "009"):
            found = source(tmp_path, declared=declared).scan("orders", since=since).collect()
            assert found["order_id"].to_list() == ["010"]

    @pytest.mark.parametrize(
        ("declared", "since"),
        [
            ({}, 5),
            ({"cursor": "nowhere"}, 5),
            ({"cursor": "changed"}, 5),
            ({"cursor": "changed"}, "yesterday"),
            ({"cursor": "order_id", "cursor_kind": "id"}, "A-17"),
            ({"cursor": "order_id", "cursor_kind": "id"}, dt.datetime(2025, 1, 1, tzinfo=dt.UTC)),
        ],
    )
    def test_what_cannot_be_compared_is_refused(self, tmp_path, declared, since):
        ORDERS.write_csv(tmp_path / "orders.csv")
        with pytest.raises(DefinitionError, match="cursor"):
            source(tmp_path, declared={"orders": declared}).scan("orders", since=since)

    @pytest.mark.parametrize(
        ("dtype", "since", "point"),
        [
            (pl.Int32(), "7", 7),
            (pl.Float64(), 7, 7),
            (pl.Date(), "2025-05-01T23:30:00+00:00", dt.date(2025, 5, 2)),
            (pl.Datetime("ms"), "2025-05-01T12:00:00Z", dt.datetime(2025, 5, 1, 13)),
            (
                pl.Datetime("us", "Asia/Tokyo"),
                dt.datetime(2025, 5, 1, 12),
                dt.datetime(2025, 5, 1, 11, tzinfo=dt.UTC),
            ),
        ],
    )
    def test_is_given_as_the_column_has_it(self, dtype, since, point):
        table = SourceTable(name="orders", cursor="at")
        assert point_for(since, dtype, table, naive_zone="Europe/London") == point

    @given(
        st.lists(st.integers(-40, 40), max_size=6),
        st.integers(-40, 40),
        st.sampled_from(("Europe/London", "UTC", "Australia/Lord_Howe", "Europe/Moscow")),
        st.sampled_from(("naive", "aware", "text", "naive text")),
    )
    @example([4, 5, 6, 7], 5, "Europe/London", "naive")
    @example([4, 5, 6, 7], 5, "Europe/London", "naive text")
    def test_no_row_is_lost_when_clocks_are_put_back(self, quarters, asked, zone, written):
        turn = dt.datetime(2025, 10, 26, 1, tzinfo=dt.UTC)
        turn = dt.datetime(2025, 4, 5, 15, tzinfo=dt.UTC) if "Lord" in zone else turn
        quarter = dt.timedelta(minutes=15)
        instants = [(turn + one * quarter).astimezone(ZoneInfo(zone)) for one in quarters]
        since = turn + asked * quarter
        values = {
            "naive": [one.replace(tzinfo=None) for one in instants],
            "aware": instants,
            "text": [one.isoformat() for one in instants],
            "naive text": [one.replace(tzinfo=None).isoformat() for one in instants],
        }[written]
        dtype = {"naive": pl.Datetime("us"), "aware": pl.Datetime("us", zone)}.get(
            written, pl.String()
        )
        frame = pl.LazyFrame({"n": range(len(values)), "at": pl.Series(values, dtype=dtype)})
        table = SourceTable(name="orders", cursor="at")
        kept = rows_since(frame, frame.collect_schema(), since, table, naive_zone=zone)
        found = set(kept.collect()["n"])
        wanted = {number for number, one in enumerate(instants) if one >= since}
        assert wanted <= found
        if written in ("aware", "text"):
            near = dt.timedelta(hours=1) if written == "text" else dt.timedelta(0)
            assert all(instants[number] >= since - near for number in found)


class TestThePlugin:
    def test_gives_a_source_of_its_settings(self, tmp_path):
        (spec,) = retention_kit_sources()
        opened = spec.factory(spec.settings(path=tmp_path), AdapterContext(instance="files.shop"))
        assert isinstance(opened, Source)
        assert (spec.name, opened.name, spec.api_version) == ("files", "files.shop", 1)
        assert opened.close() is None
