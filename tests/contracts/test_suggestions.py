"""What is proposed for a foreign table: sure headings are taken, others named, none guessed."""

import datetime as dt

import polars as pl
import pytest

from retention_kit.contracts import Dataset, suggest_mapping
from retention_kit.errors import DefinitionError

ROW = {"Номер": "A-1", "Дата": "31.01.2025", "Контрагент": "Ромашка", "Сумма": "1 234,50"}


def table(rows=3, **columns):
    return pl.DataFrame(
        {name: [one] * rows if not isinstance(one, list) else one for name, one in columns.items()}
    )


@pytest.mark.parametrize(
    "headings",
    [
        ("Номер", "Контрагент", "Дата", "Сумма"),
        ("Номер заказа", "Клиент", "Дата заказа", "Сумма заказа"),
        ("№", "ПОКУПАТЕЛЬ", "Дата и время", "Сумма, руб."),
        ("ID", "Контакт", "Дата создания", "Сумма"),
        ("ID сделки", "Основной контакт", "Дата создания", "Бюджет"),
        ("Order ID", "Customer ID", "Order Date", "Total"),
        ("InvoiceNo", "CustomerID", "InvoiceDate", "Revenue"),
        ("order_id", "customer_id", "ordered_at", "amount"),
        ("Чек", "Номер карты", "Дата чека", "Сумма чека"),
    ],
)
def test_russian_and_english_headings_are_known(headings):
    order, customer, date, amount = headings
    frame = pl.DataFrame(
        {date: ["05.01.2025", "26.02.2025"], amount: ["1,5", "2,5"], order: ["1", "2"],
         customer: ["а", "б"]}
    )  # fmt: skip
    proposal = suggest_mapping(frame)
    assert proposal.missing == ()
    assert proposal.is_sure
    assert proposal.columns == {
        "order_id": order, "customer_id": customer, "ordered_at": date, "amount": amount,
    }  # fmt: skip
    assert all(match.confidence >= 0.75 for match in proposal.matches)


def test_the_deals_of_bitrix24_are_read_with_their_stages():
    frame = pl.DataFrame(
        {
            "ID": ["1", "2", "3"],
            "Название сделки": ["Сайт", "Сайт", "Сайт"],
            "Стадия сделки": ["Сделка успешна", "Сделка провалена", "Наша особая стадия"],
            "Сумма": ["1000.00", "2000.00", "3000.50"],
            "Валюта": ["RUB", "RUB", "RUB"],
            "Ответственный": ["Яна", "Яна", "Яна"],
            "Контакт": ["Анна", "Борис", "Анна"],
            "Дата создания": ["05.01.2025 10:00:00", "06.01.2025 10:00:00", "26.01.2025 10:00:00"],
            "Источник": ["Сайт", "Звонок", "Сайт"],
        }
    )
    proposal = suggest_mapping(frame, preset="bitrix24")
    assert proposal.is_sure
    assert proposal.columns == {
        "order_id": "ID",
        "customer_id": "Контакт",
        "ordered_at": "Дата создания",
        "amount": "Сумма",
        "status": "Стадия сделки",
        "channel": "Источник",
        "manager": "Ответственный",
        "currency": "Валюта",
    }
    assert proposal.values == {
        "status": {
            "Сделка успешна": "completed",
            "Сделка провалена": "cancelled",
            "Наша особая стадия": "open",
        }
    }
    assert "not known, taken as 'open': 1 of 3" in " ".join(proposal.notes)


def test_the_deals_of_amocrm_are_read_with_their_stages():
    frame = pl.DataFrame(
        {
            "ID": ["1", "2"],
            "Название сделки": ["Сайт", "Сайт"],
            "Основной контакт": ["Анна", "Борис"],
            "Ответственный": ["Яна", "Яна"],
            "Этап сделки": ["Успешно реализовано", "Закрыто и не реализовано"],
            "Воронка": ["Воронка", "Воронка"],
            "Бюджет": ["1000", "2000"],
            "Дата создания": ["05.01.2025 10:00:00", "26.01.2025 10:00:00"],
            "Дата закрытия": ["не закрыта", "26.01.2025 10:00:00"],
        }
    )
    proposal = suggest_mapping(frame, preset="amocrm")
    assert proposal.is_sure
    assert proposal.columns["customer_id"] == "Основной контакт"
    assert proposal.columns["amount"] == "Бюджет"
    assert set(proposal.values["status"].values()) == {"completed", "cancelled"}


def test_documents_of_1c_tell_sales_from_returns_and_guests_from_customers():
    frame = pl.DataFrame(
        {
            "Дата": ["05.01.2025", "06.01.2025", "27.01.2025"],
            "Номер": ["1", "2", "3"],
            "Контрагент": ["Ромашка", "Розничный покупатель", "Ромашка"],
            "Сумма": ["1\u00a0000,00", "5,00", "-5,00"],
            "Валюта": ["руб.", "руб.", "руб."],
            "Вид операции": [
                "Реализация товаров", "Реализация товаров", "Возврат товаров от покупателя",
            ],
        }
    )  # fmt: skip
    proposal = suggest_mapping(frame, preset="1c")
    assert proposal.values["kind"]["Возврат товаров от покупателя"] == "return"
    assert proposal.guest_ids == ("Розничный покупатель",)
    assert "currency" not in proposal.columns
    assert "'Валюта' does not hold codes" in " ".join(proposal.notes)
    assert proposal.options["thousands_mark"] == " "


def test_headings_that_are_only_similar_are_named_and_not_taken():
    frame = table(**{"Номерр": "1", "Контрагенты": "а", "Даата": "05.01.2025", "Суммма": "5"})
    proposal = suggest_mapping(frame)
    assert proposal.columns == {}
    assert set(proposal.missing) == {"order_id", "customer_id", "ordered_at", "amount"}
    named = {match.column: match.heading for match in proposal.matches}
    assert named["customer_id"] == "Контрагенты"
    assert "0.6" in proposal.explain()
    assert "not taken" in proposal.explain()


def test_a_telephone_may_be_the_customer_but_not_surely():
    frame = table(**{"Номер": "1", "Телефон": "7999", "Дата": "05.01.2025", "Сумма": "5"})
    proposal = suggest_mapping(frame)
    assert proposal.missing == ("customer_id",)
    (match,) = [one for one in proposal.matches if one.column == "customer_id"]
    assert match.heading == "Телефон"
    assert not match.is_sure


def test_a_known_heading_over_the_wrong_content_is_not_taken():
    frame = table(**{**ROW, "Сумма": "по договору", "Дата": "вчера"})
    proposal = suggest_mapping(frame)
    assert set(proposal.missing) == {"ordered_at", "amount"}


@pytest.mark.parametrize(
    ("dates", "found"),
    [
        (["05.01.2025", "26.02.2025"], "%d.%m.%Y"),
        (["5.1.25", "26.2.25"], "%d.%m.%y"),
        (["05.01.2025 10:00", "26.02.2025 0:00"], "%d.%m.%Y %H:%M"),
        (["05.01.2025 10:00:59"], "%d.%m.%Y %H:%M:%S"),
        (["2025-01-05", "2025-01-05T10:00:00+03:00"], "iso8601"),
        (["26/02/2025"], "%d/%m/%Y"),
        (["02/26/2025"], "%m/%d/%Y"),
    ],
)
def test_a_date_format_is_proposed_where_it_reads_every_value(dates, found):
    frame = pl.DataFrame({"Дата": dates, "Номер": "1", "Клиент": "а", "Сумма": "5"})
    assert suggest_mapping(frame).date_format == {"ordered_at": found}


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (["01/02/2025", "03/04/2025"], "could be read in several ways: '%d/%m/%Y', '%m/%d/%Y'"),
        (["05.01.2025", "2025-01-06", "06.01.2025"], "not all written in one known way"),
        (["05.01.2025"] * 10_000 + ["06.01.2025 10:00"], "1 of them are not read by it"),
    ],
)
def test_a_date_format_that_is_not_certain_is_not_proposed(dates, words):
    frame = pl.DataFrame({"ordered_at": dates, "Номер": "1", "Клиент": "а", "Сумма": "5"})
    proposal = suggest_mapping(frame)
    assert proposal.date_format == {}
    assert words in " ".join(proposal.notes)
    assert not proposal.is_sure


@pytest.mark.parametrize(
    ("numbers", "decimal", "thousands"),
    [
        (["1 234,50", "5"], ",", " "),
        (["1\u202f234,50"], ",", " "),
        (["1.234,50", "7,1"], ",", "."),
        (["1,234.50", "7.1"], ".", ","),
        (["12.5", "7"], ".", None),
        (["12,5", "7"], ",", None),
    ],
)
def test_the_marks_in_numbers_are_found(numbers, decimal, thousands):
    frame = pl.DataFrame({"Сумма": numbers, "Номер": "1", "Клиент": "а", "Дата": "05.01.2025"})
    proposal = suggest_mapping(frame)
    assert (proposal.decimal_mark, proposal.thousands_mark) == (decimal, thousands)


def test_marks_that_could_be_either_are_noted():
    frame = pl.DataFrame({"Сумма": ["1,234"], "Номер": "1", "Клиент": "а", "Дата": "05.01.2025"})
    assert "could be read in two ways" in " ".join(suggest_mapping(frame).notes)


def test_lines_are_told_from_orders():
    columns = {"Номер": ["1", "1", "2"], "Дата": "05.01.2025", "Клиент": "а", "Сумма": "5"}
    lines = {**columns, "Артикул": ["a", "b", "a"], "Количество": ["1", "2", "1"]}
    assert suggest_mapping(pl.DataFrame(lines)).grain == "lines"
    proposal = suggest_mapping(pl.DataFrame(columns))
    assert proposal.grain == "orders"
    assert "33% of the order ids under 'Номер' repeat" in " ".join(proposal.notes)
    whole = suggest_mapping(pl.DataFrame(lines), "lines")
    assert whole.missing == ()
    assert whole.columns["product_id"] == "Артикул"


def test_of_lines_a_price_stands_in_for_the_amount():
    frame = table(
        **{"Номер": "1", "Дата": "05.01.2025", "Клиент": "а", "Товар": "a", "Кол-во": 1, "Цена": 5}
    )
    assert suggest_mapping(frame, "lines").missing == ()
    assert suggest_mapping(frame.drop("Цена"), "lines").missing == ("amount",)


@pytest.mark.parametrize(
    ("name", "headings", "columns"),
    [
        (
            "costs",
            {"Месяц": "2025-01", "Статья расходов": "Реклама", "Канал": "Сайт", "Сумма": 5},
            ["month", "category", "channel", "amount"],
        ),
        (
            "customers",
            {"Код": "1", "E-mail": "a@b.ru", "Телефон": "7", "Имя": "Анна", "Фамилия": "Щ",
             "Дата рождения": "05.01.1990", "Город": "Тула", "Пол": "ж"},
            ["customer_id", "email", "phone", "first_name", "last_name", "birthday", "city",
             "gender"],
        ),
        (
            "events",
            {"ID клиента": "1", "Событие": "Cart Viewed", "Дата и время": dt.datetime(2025, 1, 1)},
            ["customer_id", "name", "occurred_at"],
        ),
    ],
)  # fmt: skip
def test_the_other_tables_are_known_too(name, headings, columns):
    proposal = suggest_mapping(table(**headings), name)
    assert proposal.missing == ()
    assert proposal.columns == dict(zip(columns, headings, strict=True)) or set(
        proposal.columns
    ) == set(columns)


def test_what_is_stated_is_not_proposed_again():
    frame = table(**ROW, Клиент="Анна")
    proposal = suggest_mapping(frame, columns={"customer_id": "Клиент"})
    assert proposal.columns["customer_id"] == "Клиент"
    (match,) = [one for one in proposal.matches if one.column == "customer_id"]
    assert (match.confidence, match.why) == (1.0, "named by you")


def test_a_proposal_can_be_taken_whole():
    frame = table(1, **ROW)
    proposal = suggest_mapping(frame)
    dataset = Dataset.from_frames(
        frame, time_zone="Europe/Moscow", currency="RUB", **proposal.options
    )
    assert dataset.orders.collect()["amount"].to_list()[0] == pytest.approx(1234.5)


def test_no_value_of_a_customer_is_told():
    secret = "secret@example.com"
    frame = pl.DataFrame(
        {"Номер": ["1", "2"], "Клиент": secret, "Дата": ["05.01.2025", secret], "Сумма": secret,
         "Статус": [secret, "x"], "Тип": secret, "Валюта": secret}
    )  # fmt: skip
    proposal = suggest_mapping(frame)
    for told in (repr(proposal), proposal.explain(), str(proposal.notes), str(proposal.options)):
        assert "secret" not in told


def test_an_empty_table_is_judged_by_its_headings():
    frame = pl.DataFrame(schema=dict.fromkeys(ROW, pl.String))
    proposal = suggest_mapping(frame)
    assert proposal.missing == ()
    assert proposal.date_format == {}


def test_a_path_of_an_export_is_read(tmp_path):
    path = tmp_path / "Выгрузка.csv"
    path.write_bytes("Отчёт;\nНомер;Дата;Клиент;Сумма\n1;05.01.2025;Анна;5\n".encode("cp1251"))
    assert suggest_mapping(path).missing == ()


def test_an_unknown_table_names_those_there_are():
    with pytest.raises(DefinitionError, match="'orders', 'lines'"):
        suggest_mapping([ROW], "reviews")
