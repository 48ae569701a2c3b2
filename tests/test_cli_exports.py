"""The command line with exports as people have them, and with its own file of settings."""

from __future__ import annotations

import datetime as dt
import json
import tomllib

import pytest
import xlsxwriter
from typer.testing import CliRunner

from retention_kit.audit.model import KeyFigure
from retention_kit.audit.terminal import format_value
from retention_kit.cli import app

pytestmark = pytest.mark.once

REPORT = """Отчёт по продажам;;;;
Дата;Номер;Контрагент;Сумма, руб.;Статус
05.01.2025;1;Ромашка;1\u00a0234,50;Оплачен
06.01.2025;2;Щукин;200,00;Оплачен
07.02.2025;3;Ромашка;50,00;Отменён
08.02.2025;4;Ромашка;10,00;Ожидает оплаты
09.02.2025;5;Розничный покупатель;5,00;Оплачен
26.02.2025;6;Ромашка;100,00;Оплачен
Итого;;;1\u00a0599,50;
"""
SHOP = ["--time-zone", "Europe/Moscow", "--currency", "RUB", "--as-of", "2025-03-01"]


@pytest.fixture
def sales(tmp_path):
    path = tmp_path / "Продажи за год.csv"
    path.write_bytes(REPORT.encode("cp1251"))
    return path


@pytest.fixture
def costs(tmp_path):
    path = tmp_path / "Расходы.xlsx"
    book = xlsxwriter.Workbook(path)
    page = book.add_worksheet()
    page.write_row(0, 0, ["Месяц", "Статья", "Канал", "Сумма"])
    page.write_row(1, 0, ["Январь 2025", "Реклама", "Сайт", 1000])
    page.write_row(2, 0, ["Итого", None, None, 1000])
    book.close()
    return path


def run(*arguments: object):
    return CliRunner().invoke(app, ["audit", *map(str, arguments)])


def audit(*arguments: object):
    result = run(*arguments, "--json", "-")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout), result.stderr


def figures(found):
    return {name: one["value"] for name, one in found["key_figures"]["sales"].items()}


def test_an_export_is_audited_by_its_headings_and_what_was_taken_is_said(sales):
    found, told = audit(sales, *SHOP)
    assert figures(found)["revenue"] == 1534.5
    assert figures(found)["customers"] == 2
    assert found["data_health"]["orders"]["notes"] == {
        "cancelled": 1,
        "open": 1,
        "title_rows": 1,
        "total_rows": 1,
    }
    assert found["data_health"]["orders"]["guests"] == 1
    for words in (
        "left out: title rows 1, total rows 1",
        "order_id = 'Номер'",
        "dates read by ordered_at '%d.%m.%Y'",
        "taken for guests: Розничный покупатель",
    ):
        assert words in told
    assert "Щукин" not in told


def test_quiet_says_nothing_of_it(sales):
    assert run(sales, *SHOP, "--quiet").stderr == ""


def test_who_names_all_columns_has_said_what_counts(sales):
    named = ["--order", "Номер", "--customer", "Контрагент", "--date", "Дата"]
    found, told = audit(sales, *SHOP, *named, "--amount", "Сумма, руб.")
    assert figures(found)["orders"] == 6
    assert "columns taken" not in told


def test_other_tables_are_given_beside_the_orders(sales, costs, tmp_path):
    people = tmp_path / "Клиенты.csv"
    people.write_text("Контрагент,Телефон\nРомашка,79990000001\n", encoding="utf-8")
    found, told = audit(sales, *SHOP, "--costs", costs, "--customers", people)
    assert found["data_health"]["costs"]["accepted"] == 1
    assert found["data_health"]["costs"]["notes"] == {"total_rows": 1}
    assert found["data_health"]["customers"]["accepted"] == 1
    assert "month = 'Месяц'" in told


def test_lines_are_recognised(tmp_path):
    path = tmp_path / "Строки.csv"
    path.write_text(
        "Номер;Дата;Клиент;Артикул;Количество;Цена\n1;05.01.2025;а;mug;2;3,25\n"
        "1;05.01.2025;а;tea;1;4,00\n2;06.02.2025;а;tea;1;4,00\n",
        encoding="utf-8",
    )
    found, told = audit(path, *SHOP)
    assert figures(found)["orders"] == 2
    assert figures(found)["revenue"] == 14.5
    assert "--grain lines" in told


def test_what_is_not_sure_is_an_error_that_lists_the_proposal(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Номер;Дата;Телефон;Сумма\n1;05.01.2025;79990000001;5\n", encoding="utf-8")
    result = run(path, *SHOP)
    assert result.exit_code == 1
    for words in (
        "needs 'customer_id'", "customer_id = 'Телефон' (0.60, not taken",
        "--column orders.customer_id=", "audit --init FILE",
    ):  # fmt: skip
        assert words in result.stderr
    assert "7999" not in result.stderr
    found, _ = audit(path, *SHOP, "--customer", "Телефон")
    assert figures(found)["customers"] == 1


def test_init_writes_settings_that_give_the_same_audit(sales, costs, tmp_path):
    out = tmp_path / "shop.toml"
    direct, _ = audit(sales, *SHOP, "--costs", costs)
    done = run(sales, *SHOP, "--costs", costs, "--init", "--config", out)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    again, _ = audit("--config", out)
    assert again == direct


def test_init_draws_up_what_nobody_stated_to_be_checked(sales):
    result = run("--init", sales)
    assert result.exit_code == 0, result.stderr
    written = tomllib.loads(result.stdout)
    assert written["as_of"] == dt.date(2025, 2, 27)
    assert written["time_zone"] == "Europe/Moscow"
    assert written["currency"] == "RUB"
    assert written["grain"] == "orders"
    assert written["guest_ids"] == ["Розничный покупатель"]
    assert written["date_format"] == {"ordered_at": "%d.%m.%Y"}
    assert (written["decimal_mark"], written["thousands_mark"]) == (",", " ")
    assert written["columns"]["orders"]["amount"] == "Сумма, руб."
    assert written["values"]["status"] == {
        "Оплачен": "completed",
        "Отменён": "cancelled",
        "Ожидает оплаты": "open",
    }
    for words in ("windows-1251", "check: the shop's currency", "# 0.93: heading known"):
        assert words in result.stdout
    assert "Щукин" not in result.stdout


def test_init_leaves_open_what_it_cannot_know(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Number;Phone;When;Total\n1;7;01/02/2025;5\n", encoding="utf-8")
    written = run("--init", path).stdout
    assert set(tomllib.loads(written)) >= {"orders", "grain"}
    for words in (
        '# currency = "GBP"', '# time_zone = "Europe/London"', '# customer_id = "Phone"  # check',
        '# ordered_at = "When"  # check: 0.35', "# as_of",
    ):  # fmt: skip
        assert words in written


def test_names_that_are_hard_to_quote_survive(tmp_path):
    path = tmp_path / 'Sales "x" \\ y.csv'
    path.write_text(
        'Номер;Клиент;Дата;Сумма;Статус\n1;а;05.01.2025;5;"Готов ""да"" \\ # = [x]"\n'
        "2;а;06.01.2025;5;Оплачен\n",
        encoding="utf-8",
    )
    out = tmp_path / "shop.toml"
    assert run("--init", path, "--config", out).exit_code == 0
    written = tomllib.loads(out.read_text(encoding="utf-8"))
    assert written["orders"] == path.name
    assert written["values"]["status"]['Готов "да" \\ # = [x]'] == "open"
    found, _ = audit("--config", out)
    assert figures(found)["orders"] == 1


def test_settings_are_not_written_over(sales, tmp_path):
    out = tmp_path / "shop.toml"
    out.write_text("# mine\n", encoding="utf-8")
    result = run("--init", sales, "--config", out)
    assert result.exit_code == 2
    assert "is there already" in result.stderr
    assert out.read_text(encoding="utf-8") == "# mine\n"


def test_flags_go_before_the_settings(sales, tmp_path):
    out = tmp_path / "shop.toml"
    run("--init", sales, *SHOP, "--config", out)
    found, _ = audit("--config", out, "--as-of", "2025-02-01", "--guest", "Щукин")
    assert found["as_of"] == "2025-02-01T00:00:00+03:00"
    assert figures(found)["revenue"] == 1234.5
    other, _ = audit("--config", out, "--column", "manager=Статус", "--customer", "Номер")
    assert figures(other)["customers"] == 4


def test_paths_in_settings_are_meant_from_their_folder(sales, tmp_path, monkeypatch):
    (tmp_path / "settings").mkdir()
    out = tmp_path / "settings" / "shop.toml"
    run("--init", sales, *SHOP, "--config", out)
    assert tomllib.loads(out.read_text(encoding="utf-8"))["orders"] == "../Продажи за год.csv"
    monkeypatch.chdir("/")
    found, _ = audit("--config", out)
    assert figures(found)["orders"] == 3


@pytest.mark.parametrize(
    ("written", "code", "words"),
    [
        ("timezone = 'UTC'", 2, "Nearest: 'time_zone'"),
        ("currency = 5", 2, "Parameter 'currency' is 'int'. Allowed: text"),
        ("strict = 'yes'", 2, "Allowed: true or false"),
        ("gap_days = true", 2, "Allowed: a whole number or a number"),
        ("grain = 'rows'", 2, "'orders', 'lines'"),
        ("columns = 'x'", 2, "Allowed: a table, [name]"),
        ("currency 'RUB'", 1, "it is not TOML"),
        ("[columns.orders]\nclient = 'x'", 2, "customer_id"),
        ("[values.kin]\nx = 'sale'", 2, "'kin'"),
    ],
)
def test_a_mistake_in_the_settings_is_named(sales, tmp_path, written, code, words):
    out = tmp_path / "shop.toml"
    out.write_text(written, encoding="utf-8")
    result = run(sales, *SHOP, "--config", out)
    assert result.exit_code == code
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_settings_that_are_not_there_say_so(tmp_path):
    result = run("--config", tmp_path / "none.toml")
    assert result.exit_code == 1
    assert "none.toml" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--init"], "no file to begin with"),
        (["--demo", "--costs", "x.csv"], "costs"),
        (["x.csv", "--preset", "sap"], "preset"),
        (["x.csv", "--language", "de"], "language"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(arguments, words):
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_lines_and_items_at_once_are_refused(sales, tmp_path):
    result = run(sales, *SHOP, "--grain", "lines", "--items", sales)
    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.output


def test_a_sheet_and_an_encoding_are_passed_on(costs, sales):
    result = run(costs, *SHOP, "--sheet", "Лист 7")
    assert result.exit_code == 2
    assert "'Sheet1'" in result.stderr
    result = run(sales, *SHOP, "--encoding", "utf-16")
    assert result.exit_code == 1


UNKNOWN = """Номер;Клиент;Дата;Сумма;Статус
1;а;05.01.2025;5;Выполнен
2;б;06.01.2025;6;Клац
3;а;27.01.2025;7;Клац
"""


def test_an_unknown_status_is_an_error_to_be_edited_and_stated(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(UNKNOWN, encoding="utf-8")
    result = run(path, *SHOP)
    assert result.exit_code == 1
    for words in ("2 of 3 rows", "(66.7%)", '"Клац" = "completed|cancelled|open"', "--value"):
        assert words in result.stderr
    found, _ = audit(path, *SHOP, "--value", "status:Клац=completed")
    assert figures(found)["revenue"] == 18
    drawn = run("--init", path).stdout
    assert '"Клац" = "open" # check: not known' in drawn
    assert "in 2 of 3 rows (66.7%)" in drawn


def test_a_status_of_unknown_words_alone_is_drawn_up_to_be_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(UNKNOWN.replace("Выполнен", "Бряк"), encoding="utf-8")
    assert '# status = "Статус"  # check: say what its words mean' in run("--init", path).stdout
    out = tmp_path / "shop.toml"
    out.write_text(
        '[values.status]\n"Клац" = "completed"\n"Бряк" = "cancelled"\n', encoding="utf-8"
    )
    found, _ = audit(path, *SHOP, "--config", out)
    assert figures(found)["revenue"] == 13


def test_a_date_after_today_is_no_last_day(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    rows = "1;а;05.01.2025;5\n2;б;26.01.2025;6\n3;а;27.01.2052;7\n"
    path.write_text("Номер;Клиент;Дата;Сумма\n" + rows, encoding="utf-8")
    monkeypatch.setattr("retention_kit.cli.draft._today", lambda: dt.date(2025, 2, 1))
    drawn = run("--init", path).stdout
    assert tomllib.loads(drawn)["as_of"] == dt.date(2025, 1, 27)
    assert "check: orders dated after today, which do not count: 1" in drawn


def test_returns_without_a_minus_and_a_currency_are_drawn_up(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "Номер;Клиент;Дата;Сумма;Вид операции\n1;а;05.01.2025;5 €;Реализация\n"
        "2;а;26.01.2025;2 €;Возврат\n",
        encoding="utf-8",
    )
    written = tomllib.loads(run("--init", path).stdout)
    assert written["positive_returns"] == "negate"
    assert written["currency"] == "EUR"
    shop = [*SHOP[:2], "--currency", "EUR", *SHOP[4:]]
    found, _ = audit(path, *shop)
    assert found["key_figures"]["net"]["revenue"]["value"] == 3
    found, _ = audit(path, *shop, "--positive-returns", "reject")
    assert found["data_health"]["orders"]["rejected"] == {"positive_return": 1}


def test_numbers_of_two_readings_are_stated_on_the_command_line(tmp_path):
    path = tmp_path / "a.csv"
    rows = "1;а;05.01.2025;1.234\n2;б;26.01.2025;2.500\n"
    path.write_text("Номер;Клиент;Дата;Сумма\n" + rows, encoding="utf-8")
    result = run(path, *SHOP)
    assert result.exit_code == 1
    assert "--decimal-mark" in result.stderr
    found, _ = audit(path, *SHOP, "--decimal-mark", ",", "--thousands-mark", ".")
    assert figures(found)["revenue"] == 3734
    drawn = run("--init", path).stdout
    assert "decimal_mark" not in tomllib.loads(drawn)
    assert '# decimal_mark = ","  # check' in drawn


def test_all_sheets_are_told_where_one_is_not_enough(tmp_path):
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(path)
    for name in ("Первый", "Второй"):
        page = book.add_worksheet(name)
        page.write_row(0, 0, ["Дата", "Сумма"])
        page.write_row(1, 0, ["05.01.2025", 5])
    book.close()
    assert "of the sheets 'Первый', 'Второй'" in run("--init", path).stdout
    result = run(path, *SHOP)
    assert "the workbook also has 'Второй'" in result.stderr


def test_days_and_months_are_told_with_one_decimal():
    for unit in ("days", "months"):
        assert format_value(KeyFigure("x", "sales", 12.583333333333334, unit, "")) == "12.6"
