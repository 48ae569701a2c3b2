"""Web hooks: kept once in whatever order, refused where they are not whose they say."""

from __future__ import annotations

import dataclasses
import json

import pytest

from retention_kit.delivery import (
    ACTIONS,
    Capabilities,
    Journal,
    Outcome,
    SendMessage,
    dispatch,
    receive,
)
from retention_kit.errors import AuthenticationError, DataError, DefinitionError, PluginError
from retention_kit.testing.channels import MemoryChannel
from retention_kit.testing.clocks import ManualClock

ABLE = Capabilities(actions=frozenset(ACTIONS), max_rows=9, receive=True)
SECRET = {"X-Secret": "s3cret"}
LETTERS = [SendMessage(campaign="hello", customer_id=one, text="Hi") for one in range(3)]


@pytest.fixture
def journal():
    with Journal("sqlite://", clock=ManualClock()) as made:
        yield made


@pytest.fixture
def channel(journal):
    made = MemoryChannel(capabilities=ABLE, secret="s3cret")
    dispatch(LETTERS, made, journal, clock=ManualClock())
    return made


def told(*said):
    return json.dumps([{"id": action.id, "state": state} for action, state in said]).encode()


def states(journal):
    return {row["customer_id"]: row["state"] for row in journal.actions().to_dicts()}


def test_what_an_outside_system_tells_is_kept_and_goes_only_forward(journal, channel):
    one, two, three = LETTERS
    first = receive(channel, journal, SECRET, told((one, "opened"), (two, "bounced")))
    assert (first.recorded, first.unchanged, first.unheard) == (2, 0, 0)
    late = receive(channel, journal, SECRET, told((one, "delivered"), (two, "bounced")))
    assert (late.recorded, late.unchanged, late.unheard) == (0, 2, 0)
    stranger = dataclasses.replace(three, campaign="another")
    receive(channel, journal, SECRET, told((three, "unsubscribed")))
    assert receive(channel, journal, SECRET, told((stranger, "opened"))).unheard == 1
    assert states(journal) == {"0": "opened", "1": "bounced", "2": "unsubscribed"}


def test_who_does_not_know_the_secret_is_not_believed(journal, channel):
    for headers in ({}, {"x-secret": "guess"}, {"x-secret": "секрет"}):
        with pytest.raises(AuthenticationError):
            receive(channel, journal, headers, told((LETTERS[0], "bounced")))
    assert set(states(journal).values()) == {"accepted"}


@pytest.mark.parametrize("body", [b"", b"\xff", b"{}x", b'[{"state": "opened"}]', b"[3]"])
def test_what_cannot_be_read_is_said_without_quoting_it(journal, channel, body):
    with pytest.raises(DataError, match="cannot be read"):
        receive(channel, journal, SECRET, body)


def test_a_channel_that_receives_nothing_is_not_asked(journal):
    with pytest.raises(DefinitionError, match="receives no web hooks"):
        receive(MemoryChannel(), journal, SECRET, b"[]")


def test_a_channel_that_breaks_over_a_web_hook_is_named(journal, channel):
    def broken(headers, body):
        raise KeyError("a@b.example")

    channel.receive = broken
    with pytest.raises(PluginError, match="'memory' raised KeyError") as caught:
        receive(channel, journal, SECRET, b"[]")
    assert "a@b.example" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_an_outcome_may_come_before_the_receipt(journal):
    class Quick(MemoryChannel):
        def submit(self, batch, *, idempotency_key):
            receive(self, journal, SECRET, told((LETTERS[0], "delivered")))
            return super().submit(batch, idempotency_key=idempotency_key)

        def receive(self, headers, body):
            return [Outcome(one["id"], one["state"]) for one in json.loads(body)]

    report = dispatch(LETTERS, Quick(capabilities=ABLE), journal, clock=ManualClock())
    assert report.handed_in == 3
    assert states(journal) == {"0": "delivered", "1": "accepted", "2": "accepted"}
