"""The checkout service of the documentation: what it answers, and many clients at once."""

import datetime as dt
import importlib.util
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from retention_kit.loyalty_rules.definitions.awards import Proportional
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.triggers import EachOrder
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.store import ConflictError, SqlLedgerStore

DOCS = Path(__file__).parents[2] / "docs"
NOW = dt.datetime(2025, 5, 1, 12, tzinfo=dt.UTC)
PROGRAM = compile_program(
    LoyaltyProgram(
        name="Tea club",
        currency="RUB",
        rounding="down",
        wallets=[Wallet(name="points", spending=Spending(largest_share="0.3"))],
        rules=[
            EarningRule(
                name="Five of a hundred",
                wallet="points",
                trigger=EachOrder(),
                award=Proportional(amount=5, per=100),
            )
        ],
    ),
    time_zone="Europe/Moscow",
)


@pytest.fixture(scope="module")
def checkout():
    spec = importlib.util.spec_from_file_location("checkout", DOCS / "examples" / "checkout.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def store():
    with SqlLedgerStore("sqlite://", PROGRAM) as opened:
        yield opened


@pytest.fixture
def ask(checkout, store):
    application = checkout.application(store, PROGRAM, clock=lambda: NOW)

    def asked(method, path, body=None, *, text=None):
        sent = (json.dumps(body) if text is None else text).encode()
        answers = []
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "CONTENT_LENGTH": str(len(sent)),
            "wsgi.input": io.BytesIO(sent),
        }
        content = b"".join(application(environ, lambda *answer: answers.append(answer)))
        ((status, headers),) = answers
        assert dict(headers)["Content-Length"] == str(len(content))
        return int(status.split()[0]), json.loads(content)

    return asked


def test_the_page_shows_the_service_as_it_is():
    page = (DOCS / "loyalty_checkout.md").read_text(encoding="utf-8")
    code = (DOCS / "examples" / "checkout.py").read_text(encoding="utf-8")
    assert f"```python\n{code}```\n" in page


def test_a_quote_changes_nothing(ask, store):
    body = {"customer_id": 7, "event": {"order_id": 1, "amount": "1000.00"}}
    status, answer = ask("POST", "/quote", body)
    assert status == 200
    assert "50" in json.dumps(answer)
    assert list(store.customer_ids()) == []


def test_an_order_is_written_once(ask, store):
    body = {"customer_id": 7, "event": {"order_id": 1, "amount": "1000.00"}}
    assert ask("POST", "/orders", body) == ask("POST", "/orders", body)
    assert len(store.events(7)) == 1
    status, answer = ask("GET", "/accounts/7")
    assert (status, answer["balances"][0]["held"]) == (200, 50)


def test_money_with_a_point_is_exact(ask, store):
    text = '{"customer_id": 7, "event": {"order_id": 1, "amount": 1000.10}}'
    assert ask("POST", "/orders", text=text)[0] == 200
    assert str(store.events(7)[0].amount) == "1000.10"


def test_an_id_that_is_a_text_is_another_customer(ask):
    ask("POST", "/orders", {"customer_id": "7", "event": {"order_id": 1, "amount": 100}})
    assert ask("GET", "/accounts/%227%22")[1]["version"] == 1
    assert ask("GET", "/accounts/7")[1]["version"] == 0


@pytest.mark.parametrize(
    ("path", "event"),
    [
        ("/orders", {"order_id": 2, "amount": "100", "points_paid": 31}),
        ("/orders", {"order_id": 2, "amount": "-1"}),
        ("/orders", {"order_id": 2, "amount": "1", "colour": "red"}),
        ("/orders", {"order_id": 2, "amount": "1", "currency": "USD"}),
        ("/returns", {"order_id": "r", "original_order_id": 99, "amount": "1"}),
        ("/returns", {"order_id": "r", "original_order_id": 1, "amount": "1000.01"}),
    ],
)
def test_what_the_programme_refuses_is_unprocessable(ask, store, path, event):
    ask("POST", "/orders", {"customer_id": 7, "event": {"order_id": 1, "amount": "1000.00"}})
    status, answer = ask("POST", path, {"customer_id": 7, "event": event})
    assert status == 422
    assert answer["error"]
    assert len(store.events(7)) == 1


@pytest.mark.parametrize("spend", ["lots", 1.5, True])
def test_what_cannot_be_spent_is_unprocessable(ask, spend):
    event = {"order_id": 1, "amount": "1000.00"}
    status, answer = ask("POST", "/quote", {"customer_id": 7, "event": event, "spend": spend})
    assert status == 422
    assert answer["error"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"event": 1}', '{"event": {"order_id": 1}}'])
def test_what_cannot_be_read_is_a_bad_request(ask, text):
    assert ask("POST", "/orders", text=text)[0] == 400


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/orders"), ("POST", "/x")])
def test_there_is_nothing_elsewhere(ask, method, path):
    assert ask(method, path, {"event": {}})[0] == 404


def test_a_conflict_asks_to_try_again(ask, store, monkeypatch):
    def refuse(*_):
        raise ConflictError(20)

    monkeypatch.setattr(store, "post", refuse)
    body = {"customer_id": 7, "event": {"order_id": 1, "amount": "1000.00"}}
    assert ask("POST", "/orders", body)[0] == 503


@pytest.mark.once
def test_eight_clients_at_once_lose_and_double_no_point():
    orders = os.environ.get("LOYALTY_ORDERS", "240")
    command = [sys.executable, "checkout_load.py", "--orders", orders, "--customers", "25"]
    ran = subprocess.run(
        command, cwd=DOCS / "examples", capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "orders lost: 0\n" in ran.stdout
    assert f"orders: {int(orders):,}\n" in ran.stdout
