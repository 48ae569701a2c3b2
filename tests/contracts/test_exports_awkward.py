"""Awkward exports: what could silently give wrong numbers is decided by evidence, or refused."""

import datetime as dt
import warnings
from decimal import Decimal

import polars as pl
import pytest
import xlsxwriter

from retention_kit.contracts import Dataset, read_export, suggest_mapping
from retention_kit.errors import (
    ColumnTypeError,
    DataError,
    DataWarning,
    DefinitionError,
    FileFormatError,
    MissingColumnError,
)

SHOP = {"time_zone": "Europe/Moscow", "currency": "RUB"}


@pytest.fixture
def write(tmp_path):
    """Write a text file and read it as an export."""

    def put(text, **options):
        path = tmp_path / "Выгрузка.csv"
        path.write_text(text, encoding="utf-8")
        return read_export(path, **options)

    return put


@pytest.fixture
def workbook(tmp_path):
    """Write sheets of cells, dates as dates, and read them as an export."""

    def put(rows, **sheets):
        path = tmp_path / "Выгрузка.xlsx"
        book = xlsxwriter.Workbook(path)
        date = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        for name, cells in {**sheets, "Лист": rows}.items():
            page = book.add_worksheet(name)
            for place, row in enumerate(cells):
                for column, cell in enumerate(row):
                    if isinstance(cell, dt.datetime):
                        page.write_datetime(place, column, cell, date)
                    elif cell is not None:
                        page.write(place, column, cell)
        book.close()
        return read_export(path)

    return put


def enter(export, **options):
    return Dataset.from_frames(orders=export, **{**SHOP, **options})


def column(dataset, name="amount"):
    return dataset.orders.sort("order_id").collect()[name].to_list()


def amounts(*values, separator=";", name="Сумма"):
    rows = [["Номер", "Клиент", "Дата", name]]
    rows += [
        [str(n), f"к{n}", f"{1 + n % 28:02}.01.2025", one] for n, one in enumerate(values, start=10)
    ]
    quote = '"' if separator == "," else ""
    return "".join(separator.join(f"{quote}{one}{quote}" for one in row) + "\n" for row in rows)


def test_a_comma_in_a_file_of_commas_groups_thousands(write):
    export = write(amounts("1,234", "2,500", "950", separator=","))
    proposal = export.suggest()
    assert (proposal.decimal_mark, proposal.thousands_mark) == (".", ",")
    assert "',' groups thousands" in " ".join(proposal.notes)
    assert column(enter(export)) == [1234, 2500, 950]


@pytest.mark.parametrize(("mark", "other"), [(",", "."), (".", ",")])
def test_thousands_that_may_be_fractions_have_to_be_stated(write, mark, other):
    export = write(amounts(*(one.replace("_", mark) for one in ("1_234", "2_500", "12_000"))))
    proposal = export.suggest()
    assert proposal.unclear == ("Сумма",)
    assert not proposal.is_sure
    assert not {"decimal_mark", "thousands_mark"} & proposal.options.keys()
    with pytest.raises(DataError, match="could be read in two ways.*decimal_mark"):
        enter(export)
    whole = enter(export, decimal_mark=other, thousands_mark=mark)
    assert column(whole) == [1234, 2500, 12000]
    assert column(enter(export, decimal_mark=mark))[0] == Decimal("1.234")


@pytest.mark.parametrize(
    ("values", "first"),
    [
        (["1.234", "12.5"], "1.234"),
        (["1.234", "0.500"], "1.234"),
        (["1.234", "1234.500"], "1.234"),
        (["1.234", "1.234.567"], "1234"),
        (["1.234", "1.234,50"], "1234"),
        (["1,234", "0,500"], "1.234"),
        (["1.234", *[f"{n}.{n}00" for n in range(1, 10)], "950"], "1234"),
    ],
)
def test_another_value_tells_thousands_from_fractions(write, values, first):
    assert column(enter(write(amounts(*values))))[0] == Decimal(first)


def test_another_column_tells_thousands_from_fractions(write):
    text = "Номер;Клиент;Дата;Сумма;Скидка\n1;а;05.01.2025;1.234;\n2;а;26.01.2025;2.500;7.5\n"
    assert column(enter(write(text)))[0] == Decimal("1.234")


def test_amounts_in_several_currencies_are_refused_and_named(write):
    export = write(amounts("100 USD", "2500 руб.", "90 EUR"))
    assert export.suggest().currencies == ("eur", "usd", "руб.")
    with pytest.raises(DataError, match="'eur', 'usd', 'руб.'.*a column of its own"):
        enter(export)


def test_one_currency_is_proposed_and_another_stated_one_refused(write):
    export = write(amounts("100 ₽", "2500 руб.", "(90 RUB)"))
    assert export.suggest().currency == "RUB"
    assert column(enter(export, negative_amounts="return")) == [100, 2500, -90]
    with pytest.raises(DataError, match="stated as 'EUR'.*currency='RUB'"):
        enter(export, currency="EUR")
    dollars = write(amounts("$5", "7 $"))
    assert dollars.suggest().currency == "USD"
    assert column(enter(dollars, currency="CAD")) == [5, 7]


def test_a_column_of_currencies_sets_others_aside(write):
    text = "Номер;Клиент;Дата;Сумма;Валюта\n1;а;05.01.2025;100 USD;USD\n2;а;26.01.2025;5 руб.;RUB\n"
    with pytest.warns(DataWarning, match="other_currency"):
        assert column(enter(write(text))) == [5]


def test_ids_stay_as_they_are_written(write):
    text = (
        "Номер;Код клиента;Дата;Сумма\nUSD100;1003-;05.01.2025;5 ₽\nEUR100;(3);26.01.2025;7 ₽\n"
        "(3);$5;27.01.2025;(7 ₽)\n"
    )
    export = write(text)
    assert export.rewritten == ("Сумма",)
    assert "taken off the numbers under 'Сумма'" in " ".join(export.suggest().notes)
    dataset = enter(export, negative_amounts="return")
    assert column(dataset, "order_id") == ["(3)", "EUR100", "USD100"]
    assert column(dataset, "customer_id") == ["$5", "(3)", "1003-"]
    assert column(dataset) == [-7, 7, 5]


def statuses(**words):
    rows = ["Номер;Клиент;Дата;Сумма;Статус"]
    names = [word for word, count in words.items() for _ in range(count)]
    rows += [f"{n};к{n};{1 + n % 28:02}.01.2025;5;{word}" for n, word in enumerate(names)]
    return "\n".join(rows) + "\n"


def test_the_usual_words_of_a_delivered_order_are_known(write):
    words = ["Выполнен", "Вручен_клиенту", "Выдан", "Доставлен", "Отгружен", "delivered", "paid"]
    export = write(statuses(**dict.fromkeys(words, 1), refunded=1).replace("_", " "))
    assert column(enter(export), "status") == ["completed"] * 7 + ["cancelled"]


def test_many_rows_of_unknown_status_are_refused_with_words_to_edit(write):
    export = write(statuses(Выполнен=10, Клац=35, Бряк=5))
    with pytest.raises(DataError) as caught:
        enter(export)
    told = str(caught.value)
    for words in (
        "40 of 50 rows of table 'orders' (80.0%)",
        '[values.status]\n"Клац" = "completed|cancelled|open"  # rows: 35\n"Бряк" = ',
    ):
        assert words in told
    words = {"Клац": "completed", "Бряк": "cancelled"}
    # The words that are known need not be stated again.
    assert column(enter(export, values={"status": words}), "status").count("completed") == 45


def test_a_status_of_which_no_word_is_known_is_refused_until_they_are_stated(write):
    export = write(statuses(Клац=4, Бряк=2))
    with pytest.raises(DataError, match="100.0%"):
        enter(export)
    words = {"Клац": "completed", "Бряк": "cancelled"}
    assert column(enter(export, values={"status": words}), "status").count("completed") == 4
    columns = {
        "order_id": "Номер",
        "customer_id": "Клиент",
        "ordered_at": "Дата",
        "amount": "Сумма",
    }
    assert column(enter(export, columns=columns), "status") == ["completed"] * 6


def test_few_rows_of_unknown_status_are_a_warning(write):
    export = write(statuses(Выполнен=99, Клац=1))
    with pytest.warns(DataWarning, match=r"1 of 100 rows of table 'orders' \(1.0%\)") as caught:
        dataset = enter(export)
    assert "Клац" in str(caught[0].message)
    assert dataset.health.tables["orders"].notes == {"open": 1}


def test_at_most_ten_words_are_told_and_no_contacts(write):
    counts = {f"Клац_{'абвгдежзиклмн'[n]}": 1 for n in range(12)}
    text = statuses(**counts, x=1).replace(";x\n", ";anna@example.com\n")
    with pytest.raises(DataError, match="and 3 more") as caught:
        enter(write(text))
    assert "anna" not in str(caught.value)


@pytest.mark.parametrize(
    "row",
    [
        "1;Иванов Иван;+79161234567;ivan@mail.ru;03.01.2025;1000,50",
        "Иванов Иван;ivan@mail.ru;Москва;Тверская",
        "Иванов;8 (916) 123-45-67;Москва;Тверская",
        "Иванов;А-1;03.01.2025 10:00;Москва",
        "1;Иванов;1000,50",
    ],
)
def test_a_file_without_headings_shows_no_cells(tmp_path, row):
    path = tmp_path / "a.csv"
    path.write_text(f"{row}\n{row}\n", encoding="utf-8")
    for read in (
        read_export,
        suggest_mapping,
        lambda one: Dataset.from_frames(orders=one, **SHOP),
    ):
        with pytest.raises(FileFormatError, match="has no header line") as caught:
            read(path)
        assert "Иванов" not in str(caught.value)
        assert "916" not in str(caught.value)


LINES = [
    ["Дата", "Номер", "Контрагент", "Номенклатура", "Количество", "Цена", "Сумма"],
    [dt.datetime(2025, 1, 3), "1", "А", "Стол", 2, 50, 100],
    [dt.datetime(2025, 1, 3), "1", "А", "Стул", 1, 20, 20],
    [dt.datetime(2025, 2, 3), "2", "А", "Стул", 1, 20, 20],
    ["Итого", None, None, None, 4, None, 140],
]


@pytest.mark.parametrize("preset", [None, "1c"])
def test_the_plainest_report_of_1c_is_lines(workbook, preset):
    export = workbook(LINES)
    proposal = suggest_mapping(export, "lines", preset=preset)
    assert proposal.missing == ()
    assert proposal.columns["product_id"] == proposal.columns["name"] == "Номенклатура"
    assert export.suggest().grain == "lines"
    dataset = Dataset.from_lines(export, **SHOP)
    assert column(dataset) == [120, 20]
    assert sorted(dataset.order_items.collect()["name"]) == ["Стол", "Стул", "Стул"]
    with pytest.raises(DataError, match="from_lines"):
        enter(export)


GROUPS = [
    ["Продажи по контрагентам"],
    ["Контрагент", "Документ", "Дата", "Номер", "Сумма"],
    ["Ромашка", None, None, None, 3000],
    [None, "Реализация 1", dt.datetime(2025, 1, 3), "0001", 1000],
    [None, "Реализация 2", dt.datetime(2025, 1, 23), "0002", 2000],
    ["Иванов", None, None, None, 500],
    [None, "Реализация 3", dt.datetime(2025, 2, 3), "0003", 500],
    ["Итого", None, None, None, 3500],
]


def as_text(rows):
    cells = [
        [f"{one:%d.%m.%Y}" if isinstance(one, dt.datetime) else str(one or "") for one in row]
        for row in rows
    ]
    return "\n".join(";".join(row) for row in cells) + "\n"


@pytest.mark.parametrize("kind", ["workbook", "text"])
def test_the_customers_of_a_grouped_report_are_filled_in(write, workbook, kind):
    export = workbook(GROUPS) if kind == "workbook" else write(as_text(GROUPS))
    assert export.group_rows == (3, 6)
    dataset = enter(export)
    assert column(dataset, "customer_id") == ["Ромашка", "Ромашка", "Иванов"]
    assert column(dataset) == [1000, 2000, 500]
    health = dataset.health.tables["orders"]
    assert (health.read, health.guests) == (3, 0)
    assert health.notes == {"title_rows": 1, "total_rows": 1, "group_rows": 2}


def test_a_report_grouped_in_two_columns_is_refused(workbook):
    deeper = [None, "Договор 1", None, None, 3000]
    rows = [*GROUPS[:3], deeper, *GROUPS[3:]]
    with pytest.raises(FileFormatError, match="the report is grouped.*as a list"):
        workbook(rows)


def test_guests_in_the_first_column_are_no_groups(write):
    text = "Клиент;Номер;Дата;Сумма\nАнна;1;05.01.2025;5\n;2;06.01.2025;6\n;3;27.01.2025;7\n"
    export = write(text)
    assert export.group_rows == ()
    assert enter(export).health.tables["orders"].guests == 2


RETURNS = (
    "Дата;Номер;Контрагент;Вид документа;Сумма;Скидка\n"
    "03.01.2025;1;Ромашка;Реализация товаров и услуг;1000,00;10\n"
    "25.01.2025;3;Ромашка;Возврат товаров от покупателя;500,00;5\n"
)


def test_returns_without_a_minus_are_turned_where_all_are(write):
    export = write(RETURNS)
    assert export.options["positive_returns"] == "negate"
    dataset = enter(export)
    assert column(dataset) == [1000, -500]
    assert column(dataset, "discount") == [10, -5]
    with pytest.warns(DataWarning, match="positive_returns='negate'"):
        rejecting = enter(export, positive_returns="reject")
    assert rejecting.health.tables["orders"].rejected == {"positive_return": 1}
    assert rejecting.rejected["orders"].collect()["amount"].to_list() == ["500,00"]


def test_returns_of_which_some_have_a_minus_are_not_turned(write):
    mixed = RETURNS + "26.01.2025;4;Ромашка;Возврат товаров от покупателя;-1,00;\n"
    assert "positive_returns" not in write(mixed).options


def row(number, kind, amount, **more):
    at = dt.datetime(2025, 1, number)
    return {"order_id": number, "customer_id": 1, "ordered_at": at, "kind": kind,
            "amount": amount, **more}  # fmt: skip


def test_the_door_turns_returns_above_zero_alone():
    orders = [row(1, "sale", 10), row(2, "return", 4), row(3, "return", -3), row(4, "return", 0)]
    dataset = Dataset.from_frames(orders, positive_returns="negate", **SHOP)
    assert column(dataset) == [10, -4, -3, 0]
    assert not dataset.health.tables["orders"].rejected
    with pytest.raises(DefinitionError, match="'reject' or 'negate'"):
        Dataset.from_frames(orders, positive_returns="turn", **SHOP)


def test_lines_of_returns_are_turned_with_their_quantity():
    lines = [
        row(1, "sale", 10, product_id="a", quantity=2),
        row(2, "return", 5, product_id="a", quantity=1),
    ]
    dataset = Dataset.from_lines(lines, positive_returns="negate", **SHOP)
    items = dataset.order_items.sort("order_id").select("quantity", "amount").collect()
    assert items.rows() == [(2, 10), (-1, -5)]
    assert column(dataset) == [10, -5]
    priced = [{**one, "amount": None, "price": 5} for one in lines]
    assert column(Dataset.from_lines(priced, positive_returns="negate", **SHOP)) == [10, -5]


def test_lines_of_their_own_follow_their_orders():
    orders = [row(1, "sale", 10), row(2, "return", 5)]
    items = [
        {"order_id": n, "product_id": "a", "quantity": q, "amount": a}
        for n, q, a in ((1, 2, 10), (2, 1, 5))
    ]
    dataset = Dataset.from_frames(orders, items, positive_returns="negate", **SHOP)
    found = dataset.order_items.sort("order_id").select("quantity", "amount").collect()
    assert found.rows() == [(2, 10), (-1, -5)]


def test_one_bad_cell_leaves_the_other_days_of_excel_readable(workbook):
    head = ["Дата", "Номер", "Клиент", "Сумма"]
    export = workbook([head, [45660, "1", "А", 5], [4566, "2", "А", 6], [45670.5, "3", "Б", 7]])
    assert export.rewritten == ("Дата",)
    with pytest.warns(DataWarning, match="unreadable_ordered_at"):
        dataset = enter(export)
    at = dataset.orders.sort("order_id").collect()["ordered_at"].dt.strftime("%Y-%m-%d %H:%M")
    assert at.to_list() == ["2025-01-03 00:00", "2025-01-13 12:00"]


@pytest.mark.parametrize(("heading", "named"), [("Дата", {}), ("Когда", {"ordered_at": "Когда"})])
@pytest.mark.parametrize("kind", ["workbook", "text"])
def test_days_of_excel_are_dates_wherever_a_date_is_meant(write, workbook, heading, named, kind):
    rows = [["Номер", "Клиент", heading, "Сумма"], ["1", "А", 45660, 5], ["2", "Б", 45661.5, 6]]
    export = workbook(rows) if kind == "workbook" else write(as_text(rows))
    at = column(enter(export, columns=named), "ordered_at")
    assert [f"{one:%Y-%m-%d %H}" for one in at] == ["2025-01-03 00", "2025-01-04 12"]


def test_an_unnamed_column_of_days_is_offered_with_its_reason(workbook):
    export = workbook([["Когда", "Номер", "Клиент", "Сумма"], [45660, "1", "А", 5]])
    with pytest.raises(MissingColumnError, match="'Когда'.*Excel's numbers of days"):
        enter(export)


@pytest.mark.parametrize("stated", [None, "%d.%m.%Y", {"ordered_at": "iso8601"}])
def test_dates_in_text_among_cells_of_dates_are_read(workbook, stated):
    head = ["Дата", "Номер", "Клиент", "Сумма"]
    rows = [[dt.datetime(2025, 1, 3, 10), "1", "А", 5], ["04.01.2025", "2", "А", 6]]
    export = workbook([head, *rows, [45662, "3", "Б", 7]])
    at = column(enter(export, date_format=stated), "ordered_at")
    assert [f"{one:%m-%d %H}" for one in at] == ["01-03 10", "01-04 00", "01-05 00"]


def test_dates_that_could_be_read_in_several_ways_say_so_in_the_error(write):
    text = "Номер;Клиент;Дата;Сумма\n1;а;01/02/2025;5\n2;а;03/04/2025;5\n"
    export = write(text)
    with pytest.raises(ColumnTypeError, match="several ways: '%d/%m/%Y', '%m/%d/%Y'.*date_format"):
        enter(export)
    assert column(enter(export, date_format="%d/%m/%Y"), "ordered_at")[0].month == 2


def test_a_footer_is_cut_and_does_not_blur_what_is_full(workbook):
    rows = [
        ["Отчет по продажам"],
        ["Дата", "Номер", "Контрагент", "Сумма, руб.", "Менеджер"],
        ["03.01.2025 9:05:00", "ЦБ-1", "Ромашка", "1 000,00", "Петрова"],
        ["04.01.2025 9:05:00", "ЦБ-2", "Василёк", "2 000,50", "Петрова"],
        ["Итого по январю", None, None, "3 000,50", None],
        ["05.02.2025 9:05:00", "ЦБ-3", "Ромашка", "1 500,00", "Орлов"],
        ["Итого", None, None, "4 500,50", None],
        [],
        ["Исполнитель: Сидорова"],
    ]
    export = workbook(rows)
    assert export.total_rows == (5, 7)
    assert export.footer_rows == 1
    dataset = enter(export)
    assert column(dataset) == [1000, Decimal("2000.5"), 1500]
    assert dataset.health.tables["orders"].notes["footer_rows"] == 1


@pytest.mark.parametrize("ending", [" г.", "г.", " года"])
def test_the_word_year_behind_dates_is_no_matter(write, ending):
    text = f"Номер;Клиент;Дата;Сумма\n1;а;05.01.2025{ending};5\n2;б;31.01.2025{ending};6\n"
    export = write(text)
    assert export.suggest().date_format == {"ordered_at": "%d.%m.%Y"}
    assert column(enter(export), "ordered_at")[1].day == 31


def test_a_cover_sheet_is_passed_over(workbook):
    cover = [["Отчёт о продажах магазина"], ["Сформирован 01.02.2025"]]
    export = workbook(LINES, Обложка=cover)
    assert export.sheet == "Лист"
    assert export.sheets == ("Обложка", "Лист")
    with pytest.raises(MissingColumnError, match="read is 'Обложка'; the workbook also has 'Лист'"):
        enter(read_export(export.path, sheet="Обложка"))


def test_names_that_differ_in_capitals_and_spaces_are_counted(write):
    names = ["Ромашка", "Ромашка ", " ромашка", "РОМАШКА", "Ромашка\u00a0 Юг", "ромашка юг", "Щука"]
    rows = "".join(f"{n};{name};0{n}.01.2025;5\n" for n, name in enumerate(names, start=1))
    export = write("Номер;Клиент;Дата;Сумма\n" + rows)
    with pytest.warns(DataWarning, match="5 ids under 'Клиент' differ") as caught:
        enter(export)
    assert "омашка" not in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        enter(write("Номер;Клиент;Дата;Сумма\n1;Анна;05.01.2025;5\n2;Анна ;26.01.2025;5\n"))


@pytest.mark.parametrize("total", ["ИТОГО;28.01.2025;28 заказов;{whole}", "Итого;7;28;{more}"])
def test_a_total_with_a_date_is_no_sale(write, total):
    rows = "".join(f"К{n};{n:02}.01.2025;{n};{n}\n" for n in range(1, 29))
    last = total.format(whole=sum(range(1, 29)), more=sum(range(1, 29)) + 7)
    export = write(f"Клиент;Дата;Номер;Сумма\n{rows}{last}\n")
    assert export.total_rows == (30,)
    assert sum(column(enter(export))) == sum(range(1, 29))


def test_a_sale_to_a_customer_called_total_stays(write):
    rows = "".join(f"К{n};{n:02}.01.2025;{n};{n}\n" for n in range(1, 28))
    export = write(f"Клиент;Дата;Номер;Сумма\n{rows}Total;28.01.2025;28;28\n")
    assert export.total_rows == ()


def test_a_column_of_text_may_hold_months_where_none_is_meant(write):
    export = write("Номер;Клиент;Дата;Сумма\nМай 2025;Май 2025;31.01.2025;5\n")
    assert enter(export).orders.collect().select("order_id", "customer_id").row(0) == (
        "Май 2025",
        "Май 2025",
    )


def test_a_frame_is_judged_as_the_door_reads_it():
    frame = pl.DataFrame({"Номер": ["1"], "Клиент": "а", "Дата": "31.01.2025", "Сумма": "5 ₽"})
    assert suggest_mapping(frame).missing == ("amount",)


def test_a_sale_without_a_date_before_a_guest_is_no_group(write):
    text = "Клиент;Номер;Дата;Сумма\nАнна;1;;5\n;2;06.01.2025;6\n;3;27.01.2025;7\n"
    assert write(text).group_rows == ()


def test_words_beside_numbers_are_no_currency(write):
    text = amounts("100 ₽", *["5"] * 30, "по договору")
    with pytest.warns(DataWarning, match="unreadable_amount"):
        assert enter(write(text), currency="RUB").orders.collect().height == 31


def test_dates_under_their_own_name_say_why_they_are_not_read(write):
    text = "order_id;customer_id;ordered_at;amount\n1;а;01/02/2025;5\n2;б;03/04/2025;5\n"
    with pytest.raises(ColumnTypeError, match="could be read in several ways"):
        enter(write(text))


def test_numbers_that_are_not_used_need_not_be_clear(write):
    text = "Номер;Клиент;Дата;Сумма;Скидка\n1;а;31.01.2025;5;1.234\n2;б;31.01.2025;6;2.500\n"
    columns = {
        "order_id": "Номер",
        "customer_id": "Клиент",
        "ordered_at": "Дата",
        "amount": "Сумма",
    }
    assert column(enter(write(text), columns=columns)) == [5, 6]
    with pytest.raises(DataError, match="under 'Скидка'"):
        enter(write(text))
