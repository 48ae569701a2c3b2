"""The command line as a person meets it: words, files and exit codes."""

from __future__ import annotations

import json
import subprocess
import sys

import polars as pl
import pytest
from typer.testing import CliRunner

from retention_kit.cli import app

ORDERS = """id;client;when;total;state;mail
1;a;05.01.2025 10:00;1 234,50;Done;anna@example.com
2;a;06.02.2025 11:00;200,00;Done;anna@example.com
3;b;07.02.2025 12:00;50,00;Gone;boris@example.com
4;;08.02.2025 13:00;10,00;Done;
5;c;yesterday;10,00;Done;vera@example.com
6;c;09.02.2025 14:00;ten;Done;vera@example.com
7;c;10.02.2025 15:00;30,00;Done;vera@example.com
"""
COLUMNS = ["--customer", "client", "--order", "id", "--date", "when", "--amount", "total"]
SHOP = ["--time-zone", "Europe/Moscow", "--currency", "RUB", "--as-of", "2025-03-01"]
WRITTEN = ["--date-format", "%d.%m.%Y %H:%M", "--decimal-mark", ",", "--thousands-mark", " "]
STATES = [
    "--column", "status=state", "--value", "status:Done=completed", "--value",
    "status:Gone=cancelled", "--column", "channel=mail",
]  # fmt: skip


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS, encoding="utf-8")
    return str(path)


def run(*arguments: str):
    return CliRunner().invoke(app, ["audit", *arguments])


def test_a_file_of_orders_becomes_figures(file):
    result = run(file, *COLUMNS, *SHOP, *WRITTEN, *STATES, "--json", "-")
    assert result.exit_code == 0
    audit = json.loads(result.stdout)
    sales = {name: one["value"] for name, one in audit["key_figures"]["sales"].items()}
    assert sales["customers"] == 2
    assert sales["orders"] == 3
    assert sales["revenue"] == 1464.5
    assert audit["as_of"] == "2025-03-01T00:00:00+03:00"
    assert audit["data_health"]["orders"] == {
        "read": 7,
        "accepted": 5,
        "guests": 1,
        "rejected": {"unreadable_ordered_at": 1, "unreadable_amount": 1},
        "notes": {"cancelled": 1},
    }


def test_the_report_prints_figures_cohorts_and_health_on_stdout(file):
    result = run(file, *COLUMNS, *SHOP, *WRITTEN, *STATES)
    assert result.exit_code == 0
    for words in ("repeat purchase rate", "1,464.50", "2025-01", "unreadable amount 1"):
        assert words in result.stdout
    assert "reading" in result.stderr
    assert "example.com" not in result.output


def test_quiet_says_nothing_on_stderr(file):
    result = run(file, *COLUMNS, *SHOP, *WRITTEN, *STATES, "--quiet")
    assert result.exit_code == 0
    assert result.stderr == ""


def test_json_goes_to_a_file_beside_the_report(file, tmp_path):
    out = tmp_path / "audit.json"
    result = run(file, *COLUMNS, *SHOP, *WRITTEN, *STATES, "--json", str(out))
    assert "Key figures" in result.stdout
    assert json.loads(out.read_text(encoding="utf-8"))["currency"] == "RUB"


def test_rejected_rows_are_written_as_they_came(file, tmp_path):
    folder = tmp_path / "rejected"
    result = run(file, *COLUMNS, *SHOP, *WRITTEN, *STATES, "--rejected", str(folder))
    assert result.exit_code == 0
    rows = pl.read_csv(folder / "orders.csv", infer_schema=False)
    assert rows.select("order_id", "ordered_at", "amount", "rule").rows() == [
        ("5", "yesterday", "10,00", "unreadable_ordered_at"),
        ("6", "09.02.2025 14:00", "ten", "unreadable_amount"),
    ]


def test_contacts_in_rejected_rows_are_masked_unless_asked_for(file, tmp_path):
    mapped = [*COLUMNS, *SHOP, *WRITTEN, *STATES[:-2]]
    run(file, *mapped, "--rejected", str(tmp_path / "hidden"))
    run(file, *mapped, "--rejected", str(tmp_path / "shown"), "--show-contacts")
    hidden = (tmp_path / "hidden" / "orders.csv").read_text(encoding="utf-8")
    shown = (tmp_path / "shown" / "orders.csv").read_text(encoding="utf-8")
    assert "vera@example.com" not in hidden
    assert "v***@example.com" in hidden
    assert "vera@example.com" in shown


def test_lines_become_orders(tmp_path):
    path = tmp_path / "lines.csv"
    path.write_text(
        "bill,who,day,sku,n,each\n1,7,2025-01-05,mug,2,3.25\n1,7,2025-01-05,tea,1,4.00\n"
        "2,7,2025-02-05,tea,-1,4.00\n",
        encoding="utf-8",
    )
    result = run(
        str(path), "--grain", "lines", "--customer", "who", "--order", "bill", "--date", "day",
        "--product", "sku", "--quantity", "n", "--price", "each", *SHOP, "--date-format",
        "iso8601", "--negative-amounts", "return", "--json", "-",
    )  # fmt: skip
    assert result.exit_code == 0
    figures = json.loads(result.stdout)["key_figures"]
    assert figures["sales"]["revenue"]["value"] == 10.5
    assert figures["net"]["revenue"]["value"] == 6.5


def test_guests_under_a_shared_id_are_set_apart(file):
    result = run(file, *COLUMNS, *SHOP, *WRITTEN, *STATES, "--guest", "a", "--json", "-")
    audit = json.loads(result.stdout)
    assert audit["key_figures"]["sales"]["customers"]["value"] == 1
    assert audit["data_health"]["orders"]["guests"] == 3


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["missing.csv", *SHOP], 1, "it is not there"),
        ([], 2, "Name a file of orders, or --demo"),
        (["x.csv", "--demo"], 2, "not both"),
        (["x.csv", "--currency", "RUB"], 2, "--as-of"),
        (["x.csv", "--as-of", "2025-01-01"], 2, "--currency"),
        (["x.csv", "--as-of", "soon", "--currency", "RUB", "--time-zone", "UTC"], 2, "'soon'"),
        (["x.csv", *SHOP, "--time-zone", "Mars/Base"], 2, "IANA"),
        (["x.csv", *SHOP, "--column", "status"], 2, "NAME=COLUMN"),
        (["x.csv", *SHOP, "--value", "status=Done"], 2, "COLUMN:WORD=VALUE"),
        (["--demo", "--as-of", "2009-01-01"], 2, "after the first order"),
        (["--demo", "--no-such-option"], 2, "No such option"),
        (["--demo", "--strict"], 2, "strict"),
        (["--demo", "--grain", "lines"], 2, "grain"),
    ],
)
def test_a_mistake_gives_a_sentence_and_a_code_and_no_traceback(arguments, code, words):
    result = run(*arguments)
    assert result.exit_code == code
    assert words in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        (["--customer", "clients"], 1, "Nearest: 'client'"),
        (["--date-format", ""], 2, "date_format"),
        (["--date-format", "%d.%m.%Y %H"], 2, "date_format"),
        (["--date-format", "%d.%m.%Y"], 1, "unreadable_ordered_at"),
        (["--value", "kind:Refund=return"], 2, "--column kind="),
        (["--duplicate-lines", "reject"], 2, "without lines"),
        (["--strict"], 1, "unreadable_ordered_at 1"),
        (["--decimal-mark", ";"], 2, "decimal_mark"),
        (["--currency", "rubles"], 2, "ISO 4217"),
    ],
)
def test_a_mistake_about_the_file_names_the_next_step(file, changed, code, words):
    result = run(file, *COLUMNS, *SHOP, *WRITTEN, *STATES, *changed)
    assert result.exit_code == code
    assert words in result.stderr
    assert "example.com" not in result.output


def test_text_dates_without_a_format_point_to_the_option(file):
    result = run(file, *COLUMNS, *SHOP)
    assert result.exit_code == 1
    assert "--date-format" in result.stderr


def test_the_demo_runs_as_a_module_in_a_process_of_its_own():
    done = subprocess.run(
        [sys.executable, "-m", "retention_kit", "audit", "--demo", "--json", "-"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    audit = json.loads(done.stdout)
    assert audit["key_figures"]["sales"]["orders"]["value"] == 18_532
    assert "as_of" in audit


def test_without_the_extra_the_command_line_says_what_to_install():
    code = (
        "import sys; sys.modules['typer'] = None; sys.argv = ['retention-kit'];"
        "from retention_kit.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'retention-kit[cli]'" in done.stderr
    assert "Traceback" not in done.stderr
