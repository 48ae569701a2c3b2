"""Exports as people have them: found in real files of every kind, and through the door unharmed."""

import datetime as dt
import gzip
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
import xlwt

from retention_kit.contracts import Dataset, read_export
from retention_kit.contracts.exported import open_export
from retention_kit.errors import DefinitionError, FileFormatError

SHOP = {"time_zone": "Europe/Moscow", "currency": "RUB"}
REPORT = """Отчёт по продажам ООО «Пример»;;;;
Период: 01.01.2025 - 31.12.2025;;;;

Дата;Номер;Контрагент;Сумма, руб.;
05.01.2025 10:00:00;00-000001;ООО «Ромашка»;1\u00a0234,50;
06.02.2025 0:00:00;00-000002;Щукин Пётр;200,00;
;;Итого по кварталу:;1\u00a0434,50;

07.04.2025 12:30:00;00-000003;ООО «Ромашка»;12\u00a0000,05;
Итого;;;13\u00a0434,55;
"""
SALES = [
    ("00-000001", "ООО «Ромашка»", "2025-01-05 10:00", Decimal("1234.5000")),
    ("00-000002", "Щукин Пётр", "2025-02-06 00:00", Decimal("200.0000")),
    ("00-000003", "ООО «Ромашка»", "2025-04-07 12:30", Decimal("12000.0500")),
]


@pytest.fixture
def write(tmp_path):
    """Write a file under a name as people give them, and give its path."""

    def put(name, content):
        path = tmp_path / "Мои выгрузки" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    return put


def sales(dataset):
    at = pl.col("ordered_at").dt.strftime("%Y-%m-%d %H:%M")
    rows = dataset.orders.select("order_id", "customer_id", at, "amount").sort("order_id")
    return rows.collect().rows()


@pytest.mark.parametrize(
    ("name", "encoding", "found"),
    [
        ("Продажи 1С.csv", "cp1251", "windows-1251"),
        ("Продажи 1С.csv", "utf-8", "utf-8"),
        ("Продажи 1С.csv", "utf-8-sig", "utf-8"),
        ("Продажи 1С.txt", "utf-16", "utf-16"),
        ("Продажи 1С.xls", "cp1251", "windows-1251"),
    ],
)
def test_a_report_is_found_among_titles_and_totals_in_every_encoding(write, name, encoding, found):
    export = read_export(write(name, REPORT.encode(encoding)), preset="1c")
    assert export.encoding == found
    assert export.separator == ";"
    assert export.header_row == 4
    assert export.title_rows == 3
    assert export.total_rows == (7, 10)
    assert export.blank_rows == 1
    assert export.empty_columns == 1
    assert export.headings == ("Дата", "Номер", "Контрагент", "Сумма, руб.")
    dataset = Dataset.from_frames(orders=export, **SHOP)
    assert sales(dataset) == SALES
    health = dataset.health.tables["orders"]
    assert health.read == health.accepted == 3
    assert health.notes == {"title_rows": 3, "total_rows": 2, "blank_rows": 1}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_separator_is_found_by_the_headings(write, separator):
    text = REPORT.replace(",", "٫").replace(";", separator).replace("٫", ".")
    export = read_export(write("Продажи.csv", text.encode("cp1251")))
    assert export.separator == separator
    assert sales(Dataset.from_frames(orders=export, **SHOP)) == SALES


def test_a_packed_export_is_read(write):
    export = read_export(write("Продажи.csv.gz", gzip.compress(REPORT.encode("cp1251"))))
    assert sales(Dataset.from_frames(orders=export, **SHOP)) == SALES


def test_a_plain_text_file_in_utf_8_stays_where_it_is(write):
    path = write("sales.csv", "Номер;Клиент\n1;Анна\n".encode())
    plan = read_export(path).frame.explain()
    assert "Csv SCAN" in plan
    assert str(path) in plan


def test_what_was_converted_once_is_not_converted_again_unless_it_changed(write):
    path = write("sales.csv", REPORT.encode("cp1251"))
    assert open_export(path) is open_export(path)
    before = open_export(path)
    path.write_bytes(REPORT.replace("00-000003", "00-0000003").encode("cp1251"))
    assert open_export(path) is not before
    assert open_export(path).frame.collect()["Номер"][-1] == "00-0000003"


def test_copies_go_when_the_process_ends(write):
    path = write("sales.csv", REPORT.encode("cp1251"))
    code = (
        "import sys\nfrom pathlib import Path\nfrom retention_kit import read_export\n"
        "export = read_export(sys.argv[1])\n"
        "from retention_kit.contracts.temporary import _FOLDERS\n"
        "(folder,) = _FOLDERS.values()\n"
        "assert [one.suffix for one in folder.iterdir()] == ['.parquet']\n"
        "print(oct(folder.stat().st_mode)[-3:], folder)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    mode, folder = done.stdout.strip().split(" ", 1)
    assert mode == "700"
    assert not Path(folder).exists()


@pytest.fixture
def workbook(tmp_path):
    """Write a sheet of cells, dates as dates, and give its path."""

    def put(rows, name="Выгрузка за год.xlsx", sheet="Лист 1", merged=()):
        path = tmp_path / name
        book = xlsxwriter.Workbook(path)
        date = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        book.add_worksheet("Пусто")
        page = book.add_worksheet(sheet)
        for place, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, dt.datetime):
                    page.write_datetime(place, column, cell, date)
                elif cell is not None:
                    page.write(place, column, cell)
        for area in merged:
            page.merge_range(*area)
        book.close()
        return path

    return put


CELLS = [
    ["Отчёт по продажам"],
    [],
    ["Дата", "Номер", "Контрагент", "Сумма"],
    [dt.datetime(2025, 1, 5, 10), "00-000001", "ООО «Ромашка»", 1234.5],
    [dt.datetime(2025, 2, 6), "00-000002", "Щукин Пётр", 200],
    ["Итого за I квартал", None, None, 1434.5],
    [dt.datetime(2025, 4, 7, 12, 30), "00-000003", "ООО «Ромашка»", 12000.05],
    ["Всего", None, None, 13434.55],
]


def test_a_workbook_is_read_by_the_types_of_its_cells(workbook):
    export = read_export(workbook(CELLS))
    assert export.sheet == "Лист 1"
    assert export.sheets == ("Пусто", "Лист 1")
    assert export.header_row == 3
    assert export.total_rows == (6, 8)
    types = dict(export.frame.collect_schema())
    assert types == {
        "Дата": pl.Datetime("us"),
        "Номер": pl.String,
        "Контрагент": pl.String,
        "Сумма": pl.Float64,
    }
    assert sales(Dataset.from_frames(orders=export, **SHOP)) == SALES


def test_a_workbook_of_1997_is_read(tmp_path):
    book = xlwt.Workbook(encoding="utf-8")
    page = book.add_sheet("Продажи")
    date = xlwt.easyxf(num_format_str="DD.MM.YYYY HH:MM")
    for place, row in enumerate(CELLS):
        for column, cell in enumerate(row):
            page.write(place, column, cell, *([date] if isinstance(cell, dt.datetime) else []))
    book.save(str(tmp_path / "Продажи.xls"))
    export = read_export(tmp_path / "Продажи.xls")
    assert export.total_rows == (6, 8)
    assert sales(Dataset.from_frames(orders=export, **SHOP)) == SALES


def test_an_xls_that_is_html_is_read(write):
    rows = [line.split(";")[:4] for line in REPORT.splitlines()]
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    page = f'<html><head><meta charset="UTF-8"></head><body><table>{body}</table></body></html>'
    export = read_export(write("Сделки.xls", page.encode()))
    assert export.header_row == 4
    assert export.total_rows == (7, 10)
    assert sales(Dataset.from_frames(orders=export, **SHOP)) == SALES


def test_a_path_of_a_workbook_is_read_by_the_door_itself(workbook):
    columns = {
        "order_id": "Номер", "customer_id": "Контрагент", "ordered_at": "Дата", "amount": "Сумма",
    }  # fmt: skip
    for make in (Dataset.from_frames, Dataset.scan):
        dataset = make(workbook(CELLS), columns=columns, **SHOP)
        assert sales(dataset) == SALES
        assert dataset.health.tables["orders"].notes == {
            "title_rows": 2,
            "total_rows": 2,
        }


def test_a_folder_of_workbooks_is_one_table(workbook, tmp_path):
    workbook(CELLS, "январь.xlsx")
    later = [CELLS[2], [dt.datetime(2025, 5, 1), "00-000004", "Анна", 7]]
    workbook(later, "май.xlsx")
    columns = {
        "order_id": "Номер", "customer_id": "Контрагент", "ordered_at": "Дата", "amount": "Сумма",
    }  # fmt: skip
    dataset = Dataset.from_frames(tmp_path, columns=columns, **SHOP)
    assert [row[0] for row in sales(dataset)][-1] == "00-000004"
    assert dataset.health.tables["orders"].read == 4


def test_a_sheet_is_picked_by_name_or_place(workbook):
    path = workbook(CELLS)
    assert read_export(path, sheet="Лист 1").sheet == "Лист 1"
    assert read_export(path, sheet=1).sheet == "Лист 1"
    with pytest.raises(DefinitionError, match="'Пусто', 'Лист 1'"):
        read_export(path, sheet="Лист 9")
    with pytest.raises(FileFormatError, match="its sheet 'Пусто' is empty"):
        read_export(path, sheet="Пусто")


def test_dates_that_lost_their_format_are_numbers_of_days(workbook):
    # Excel counts days from 30 December 1899; 45662.4375 is 5 January 2025, 10:30.
    rows = [["Дата", "Номер", "Клиент", "Сумма"], [45662.4375, 1, "Анна", 5], [45663, 2, "Яна", 6]]
    export = read_export(workbook(rows))
    assert export.rewritten == ("Дата",)
    dataset = Dataset.from_frames(orders=export, **SHOP)
    assert [row[2] for row in sales(dataset)] == ["2025-01-05 10:30", "2025-01-06 00:00"]


def test_merged_headings_are_told_apart(workbook):
    rows = [
        [None, "Документ", None, None, None],
        ["Клиент", "Номер", "Дата", None, "Сумма"],
        ["Анна", 1, dt.datetime(2025, 1, 5), "x", 5],
    ]
    export = read_export(workbook(rows, merged=[(0, 1, 0, 2, "Документ")]))
    assert export.header_row == 2
    assert export.headings == ("Клиент", "Номер", "Дата", "column 4", "Сумма")


def test_repeated_headings_get_a_number_and_nameless_columns_a_place(write):
    text = "Сумма;Сумма;Сумма 2;;Клиент\n1;2;3;x;Анна\n"
    export = read_export(write("a.csv", text.encode()))
    assert export.headings == ("Сумма", "Сумма 3", "Сумма 2", "column 4", "Клиент")
    assert export.repeated_headings == ("Сумма",)
    assert export.frame.collect().rows() == [("1", "2", "3", "x", "Анна")]


def test_a_customer_called_total_is_no_total(write):
    text = "Клиент;Номер;Дата;Сумма\nИтого ООО;1;05.01.2025;5\nTotal;2;06.01.2025;6\n"
    export = read_export(write("a.csv", text.encode()))
    assert export.total_rows == ()
    assert export.frame.collect().height == 2


def test_a_sale_whose_comment_begins_with_total_is_no_total(write):
    rows = "".join(f"{n};0{n}.01.2025;Анна;5;79990000001;\n" for n in range(1, 10))
    text = "Номер;Дата;Клиент;Сумма;Телефон;Комментарий\n" + rows
    last = "10;10.01.2025;Яна;5;;Итого три позиции\n"
    export = read_export(write("a.csv", (text + last + "Итого;;;50 руб.;;\n").encode()))
    assert export.total_rows == (12,)


@pytest.mark.parametrize(
    "label",
    [
        "Итого", "ИТОГО:", "Всего", "Общий итог", "Ромашка Итог", "Total", "Grand Total",
        "Subtotal", "Промежуточный итог",
    ],
)  # fmt: skip
def test_a_total_is_known_by_its_label_wherever_it_stands(write, label):
    rows = "".join(f"{n};0{n}.01.2025;Анна;5\n" for n in range(1, 6))
    for total in (f"{label};;;25\n", f";;{label};25\n"):
        export = read_export(write("a.csv", ("Номер;Дата;Клиент;Сумма\n" + rows + total).encode()))
        assert export.total_rows == (7,)


def test_numbers_with_currency_brackets_and_a_minus_behind_are_read(write):
    text = (
        "Номер;Дата;Клиент;Сумма\n"
        '1;05.01.2025;а;"1\u202f234,50 ₽"\n2;05.01.2025;а;(200,00)\n3;05.01.2025;а;50,00-\n'
        "4;05.01.2025;а;7 руб.\n5;05.01.2025;а;−1\u00a0000\n"
    )
    export = read_export(write("a.csv", text.encode()))
    assert export.rewritten == ("Сумма",)
    dataset = Dataset.from_frames(orders=export, negative_amounts="return", **SHOP)
    assert [str(row[3]) for row in sales(dataset)] == [
        "1234.5000", "-200.0000", "-50.0000", "7.0000", "-1000.0000",
    ]  # fmt: skip


def test_months_in_words_are_months_of_costs(workbook, write):
    orders = read_export(write("a.csv", REPORT.encode()))
    rows = [["Месяц", "Статья", "Канал", "Сумма"], ["Январь 2025 г.", "Реклама", "Сайт", 100.5]]
    costs = read_export(
        workbook([*rows, ["Май 2025", "Аренда", None, 7], ["Итого", None, None, 8]])
    )
    dataset = Dataset.from_frames(orders=orders, costs=costs, **SHOP)
    columns = ("month", "category", "channel", "amount")
    assert dataset.costs.select(columns).sort("month").collect().rows() == [
        (dt.date(2025, 1, 1), "advertising", "Сайт", Decimal("100.5000")),
        (dt.date(2025, 5, 1), "rent", None, Decimal("7.0000")),
    ]


def test_each_export_is_read_by_its_own_marks(write):
    orders = read_export(write("a.csv", REPORT.encode()))
    costs = read_export(write("b.csv", b"month,amount\n2025-01,1234.5\n"))
    dataset = Dataset.from_frames(orders=orders, costs=costs, **SHOP)
    assert dataset.costs.collect()["amount"].to_list() == [Decimal("1234.5000")]
    assert sales(dataset) == SALES


def test_what_is_stated_goes_before_what_is_proposed(write):
    text = "Номер;Дата;Клиент;Телефон;Сумма;Статус\n1;05.01.2025;Анна;79990000001;5,5;Отменён\n"
    export = read_export(write("a.csv", text.encode()))
    proposed = Dataset.from_frames(orders=export, **SHOP).orders.collect()
    assert proposed.select("customer_id", "status").row(0) == ("Анна", "cancelled")
    stated = Dataset.from_frames(orders=export, columns={"customer_id": "Телефон"}, **SHOP)
    assert stated.orders.collect().select("customer_id", "status").row(0) == (
        "79990000001",
        "cancelled",
    )
    columns = {
        "customer_id": "Телефон", "order_id": "Номер", "ordered_at": "Дата", "amount": "Сумма",
    }  # fmt: skip
    # Who names all that is required has said what counts.
    whole = Dataset.from_frames(orders=export, columns=columns, **SHOP).orders.collect()
    assert whole.select("amount", "status").row(0) == (Decimal("5.5000"), "completed")
    assert whole["Статус"].to_list() == ["Отменён"]


def test_an_export_shows_no_rows(write):
    export = read_export(write("a.csv", REPORT.encode("cp1251")))
    shown = repr(export)
    assert "Щукин" not in shown
    assert "header_row=4" in shown
    assert "encoding='windows-1251'" in shown


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.xls"])
def test_what_is_no_table_is_refused_without_its_content(write, name):
    with pytest.raises(FileFormatError) as caught:
        read_export(write(name, b"PK\x03\x04" + b"secret@example.com" * 9))
    assert "secret" not in str(caught.value)
    with pytest.raises(FileFormatError, match="it is empty"):
        read_export(write(name, b""))


def test_a_stated_encoding_is_taken_and_a_wrong_one_is_refused(write):
    path = write("a.csv", "n;Kunde\n1;Müller\n".encode("latin-1"))
    with pytest.raises(FileFormatError, match="neither UTF-8 text nor certainly Windows-1251"):
        read_export(path)
    export = read_export(path, encoding="cp1252")
    assert export.frame.collect()["Kunde"].to_list() == ["Müller"]
    with pytest.raises(FileFormatError, match="not all utf-16 text"):
        read_export(write("d.csv", b"\xff\xfea"), encoding="utf-16")
    for encoding in ("no-such", "base64"):
        with pytest.raises(DefinitionError, match="'cp1251'"):
            read_export(path, encoding=encoding)


def test_what_is_no_export_says_what_to_do(write, tmp_path):
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "a.parquet")
    for path, words in (
        (tmp_path / "none.xlsx", "it is not there"),
        (tmp_path / "a.parquet", "pass the path itself"),
        (tmp_path, "pass the path itself"),
        (write("a.json", b"{}"), "files ending in '.json'"),
    ):
        with pytest.raises(FileFormatError, match=words):
            read_export(path)


@pytest.mark.parametrize("preset", ["1C", "bitrix", "amo", 7])
def test_an_unknown_preset_names_those_there_are(write, preset):
    with pytest.raises(DefinitionError, match="'1c', 'bitrix24', 'amocrm'"):
        read_export(write("a.csv", b"a;b\n1;2\n"), preset)


def test_without_the_extra_a_workbook_says_what_to_install(workbook):
    code = (
        "import sys; sys.modules['fastexcel'] = None\n"
        "from retention_kit import read_export\n"
        "read_export(sys.argv[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(workbook(CELLS))],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert "pip install 'retention-kit[files]'" in done.stderr
