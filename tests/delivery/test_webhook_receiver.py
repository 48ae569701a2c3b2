"""The web hook receiver of the documentation, behind WSGI and behind ASGI."""

from __future__ import annotations

import asyncio
import importlib.util
import io
import json
from pathlib import Path
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from retention_kit.delivery import (
    ACTIONS,
    Capabilities,
    Journal,
    JournalError,
    SendMessage,
    dispatch,
)
from retention_kit.testing.channels import MemoryChannel

PATH = Path(__file__).parents[2] / "docs" / "examples" / "webhook_receiver.py"
LETTER = SendMessage(campaign="hello", customer_id=1, text="Hi")


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("webhook_receiver", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "journal.db") as made:
        yield made


@pytest.fixture
def channel(journal):
    able = Capabilities(actions=frozenset(ACTIONS), receive=True)
    made = MemoryChannel(capabilities=able, secret="s3cret")
    dispatch([LETTER], made, journal)
    return made


def over_wsgi(module, channel, journal, secret, body):
    environ = {
        "REQUEST_METHOD": "POST",
        "HTTP_X_SECRET": secret,
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/json",
        "QUERY_STRING": "",
        "wsgi.input": io.BytesIO(body),
    }
    setup_testing_defaults(environ)
    told = []
    application = validator(module.wsgi_application(channel, journal))
    answer = application(environ, lambda *said: told.append(said[0]))
    assert b"".join(answer) == b""
    answer.close()
    return int(told[0].split()[0])


def over_asgi(module, channel, journal, secret, body):
    half = len(body) // 2
    events = [
        {"type": "http.request", "body": body[:half], "more_body": True},
        {"type": "http.request", "body": body[half:]},
    ]
    sent = []

    async def receive_event():
        return events.pop(0)

    async def send(event):
        sent.append(event)

    scope = {"type": "http", "headers": [(b"x-secret", secret.encode())]}
    application = module.asgi_application(channel, journal)
    asyncio.run(application(scope, receive_event, send))
    asyncio.run(application({"type": "lifespan"}, receive_event, send))
    assert [event["type"] for event in sent] == ["http.response.start", "http.response.body"]
    return sent[0]["status"]


@pytest.mark.parametrize("over", [over_wsgi, over_asgi])
def test_what_is_told_is_kept_before_it_is_answered(example, channel, journal, over, monkeypatch):
    body = json.dumps([{"id": LETTER.id, "state": "opened"}]).encode()
    assert over(example, channel, journal, "guess", body) == 401
    assert over(example, channel, journal, "s3cret", b"nonsense") == 400
    assert over(example, channel, journal, "s3cret", b" " * 1_000_001) == 413
    assert journal.counts() == {"accepted": 1}
    assert over(example, channel, journal, "s3cret", body) == 204
    assert over(example, channel, journal, "s3cret", body) == 204
    assert journal.counts() == {"opened": 1}

    def full(channel, outcomes):
        raise JournalError("The journal has no room.", code="full")

    monkeypatch.setattr(journal, "record", full)
    assert over(example, channel, journal, "s3cret", body) == 503
