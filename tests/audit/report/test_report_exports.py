"""The workbook and the folder, read back by others than wrote them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import openpyxl
import polars as pl
import pytest

from retention_kit.audit.report import write_excel, write_folder
from retention_kit.audit.report.folder import star
from retention_kit.audit.report.safe import DANGEROUS, escape_formulas, is_dangerous
from retention_kit.audit.report.words import texts


@pytest.fixture(scope="module", params=["en", "ru"])
def language(request):
    return request.param


@pytest.fixture(scope="module")
def book(full_audit, language, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "audit.xlsx"
    write_excel(full_audit, path, language=language)
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def folder(full_audit, language, tmp_path_factory):
    path = tmp_path_factory.mktemp("folder") / "deep" / "audit"
    write_folder(full_audit, path, language=language)
    return path


class TestTheWorkbook:
    def test_has_a_sheet_for_every_table_named_in_the_language(self, book, full_audit, language):
        assert len(book.sheetnames) == len(full_audit.tables)
        assert book.sheetnames[0] == texts(language)["tables"]["key_figures"]
        assert all(len(name) <= 31 for name in book.sheetnames)

    def test_has_headings_in_the_language_that_stay_in_sight_and_filter(self, book, language):
        sheet = book[texts(language)["tables"]["channels"]]
        columns = texts(language)["columns"]
        assert [cell.value for cell in sheet[1]][:3] == [
            columns["channel"],
            columns["new_customers"],
            columns["paid_cost"],
        ]
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref == "A1:O7"

    def test_holds_no_formula_and_marks_what_looks_like_one(self, book, language):
        cells = [cell for sheet in book for row in sheet for cell in row]
        assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
        looking = [c for c in cells if isinstance(c.value, str) and is_dangerous(c.value)]
        assert len(looking) >= 5
        assert all(cell.quotePrefix for cell in looking if cell.row > 1)

    def test_writes_money_shares_and_dates_as_such(self, book, language):
        sheet = book[texts(language)["tables"]["order_values"]]
        formats = {cell.column_letter: cell.number_format for cell in sheet[3]}
        assert formats["A"] == "yyyy-mm"
        assert formats["C"] == '#,##0.00 "₽"'
        assert formats["I"] == "0.0%"
        assert sheet["C2"].value == 500_000
        assert sheet["A2"].value.isoformat() == "2024-01-01T00:00:00"

    def test_tells_advice_and_states_in_words(self, book, language):
        sheet = book[texts(language)["tables"]["actions"]]
        assert sheet["B2"].value == texts(language)["rules"]["raise_average_order_value"]["title"]
        states = book[texts(language)["tables"]["lifecycle"]]
        assert states["A2"].value == texts(language)["values"]["state"]["new"]

    def test_writes_ids_and_numbers_longer_than_excel_keeps_as_text(self, bare_audit, tmp_path):
        ids = pl.DataFrame({"customer_id": [7], "orders": [3], "net_revenue": [10**17]})
        write_excel(replace(bare_audit, tables={"churned_customers": ids}), tmp_path / "ids.xlsx")
        book = openpyxl.load_workbook(tmp_path / "ids.xlsx")
        sheet = book[texts("en")["tables"]["churned_customers"]]
        assert [cell.value for cell in sheet[2]] == ["7", 3, "1" + "0" * 17]

    def test_can_be_written_of_a_shop_that_has_hardly_anything(
        self, bare_audit, language, tmp_path
    ):
        write_excel(bare_audit, tmp_path / "bare.xlsx", language=language)
        assert openpyxl.load_workbook(tmp_path / "bare.xlsx").sheetnames


class TestTheFolder:
    def test_holds_the_same_tables_as_csv_and_as_parquet(self, folder):
        csvs = {path.stem for path in (folder / "csv").iterdir()}
        assert csvs == {path.stem for path in (folder / "parquet").iterdir()}
        for name in csvs:
            stored = pl.read_parquet(folder / "parquet" / f"{name}.parquet")
            assert (
                pl.read_csv(folder / "csv" / f"{name}.csv", infer_schema=False).shape
                == stored.shape
            )

    def test_has_no_formula_in_any_csv(self, folder):
        for path in (folder / "csv").iterdir():
            frame = pl.read_csv(path, infer_schema_length=None)
            for name, dtype in frame.schema.items():
                assert not name.startswith(DANGEROUS)
                if dtype == pl.String:
                    assert not any(map(is_dangerous, frame[name].drop_nulls()))
            assert path.read_bytes().startswith(b"\xef\xbb\xbf")

    def test_keeps_text_as_it_is_in_parquet(self, folder):
        channels = pl.read_parquet(folder / "parquet" / "dim_channel.parquet")
        assert "=cmd|' /C calc'!A0" in channels["channel"].to_list()

    def test_holds_every_picture(self, folder):
        pictures = sorted(path.name for path in (folder / "pictures").iterdir())
        assert len(pictures) == 26
        for name in pictures:
            ET.fromstring((folder / "pictures" / name).read_text(encoding="utf-8"))

    def test_relates_facts_to_dimensions_many_to_one(self, folder):
        model = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        assert model["relationships"]
        for relationship in model["relationships"]:
            (fact, own), (dimension, key) = (
                relationship[end].rsplit(".", 1) for end in ("from", "to")
            )
            rows = pl.read_parquet(folder / "parquet" / f"{fact}.parquet")
            known = pl.read_parquet(folder / "parquet" / f"{dimension}.parquet")
            assert known[key].is_unique().all()
            assert known[key].null_count() == 0
            lost = rows.filter(pl.col(own).is_not_null()).join(
                known, left_on=own, right_on=key, how="anti"
            )
            assert lost.is_empty(), relationship

    def test_names_its_columns_the_same_in_every_language(self, full_audit):
        english, russian = (star(full_audit, language=each) for each in ("en", "ru"))
        assert english.relationships == russian.relationships
        for name, frame in english.tables.items():
            assert frame.schema == russian.tables[name].schema
        assert russian.tables["dim_state"]["title"].to_list()[0] == "неизвестно"


def test_only_text_that_may_be_a_formula_is_changed():
    frame = pl.DataFrame({"=a": ["=1", "+1", "-1", "@x", "\tx", "a=1", "", None], "n": [-1] * 8})
    escaped = escape_formulas(frame)
    assert escaped.columns == ["'=a", "n"]
    assert escaped["'=a"].to_list() == ["'=1", "+1", "-1", "'@x", "'\tx", "a=1", "", None]
    assert escaped["n"].to_list() == [-1] * 8
