"""The checks for authors, on the channels that carry every action: web hooks and files."""

import datetime as dt
import json
from collections import Counter
from decimal import Decimal

import pytest

from retention_kit.adapters.actions_file.plugin import retention_kit_channels as files
from retention_kit.adapters.webhook.plugin import retention_kit_channels as hooks
from retention_kit.adapters.webhook.signatures import signed_headers, signing_key
from retention_kit.delivery.actions import CreateDeal, CreateTask, PluginAction
from retention_kit.testing.clocks import ManualClock
from retention_kit.testing.conformance.cases import ChannelCase
from retention_kit.testing.conformance.pytest_classes import ChannelConformance

DUE = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
CLOCK = ManualClock()
SECRET = "whsec_cmV0ZW50aW9uLWtpdC10ZXN0LXNlY3JldC0wMDE="


def actions(count, label):
    made = []
    for number in range(1, count + 1):
        who = {
            "campaign": "conformance",
            "customer_id": number,
            "phone": f"+7900000{number:04d}",
            "occurrence": label,
        }
        if number % 3:
            made.append(CreateDeal(title="Come back", amount=Decimal(number), **who))
        else:
            made.append(CreateTask(title="Call", due_at=DUE, **who))
    return made


def bad_action():
    return PluginAction(campaign="conformance", customer_id=1, name="acme.gift")


def told_back(sent, now):
    """Make the report of a receiver that delivered them all."""
    body = json.dumps(
        [
            {"type": "io.retention-kit.outcome.v1", "data": {"id": one.id, "state": "delivered"}}
            for one in sent
        ]
    ).encode()
    return signed_headers([signing_key(SECRET)], "m-1", int(now), body), body


class TestWebhook(ChannelConformance):
    """A receiver that knows ids again."""

    @pytest.fixture
    def channel_case(self, scripted):
        taken = set()

        def receive(asked):
            if asked.headers.get("authorization") != "Bearer t0ken":
                return 401, {}, {}
            read = asked.json()
            taken.update(one["id"] for one in (read if isinstance(read, list) else [read]))
            return 204, {}, b""

        scripted.answering = receive
        settings = {
            "url": f"{scripted.url}/in",
            "token": "t0ken",
            "signing_secret": SECRET,
            "allowed_hosts": ["127.0.0.1"],
            "batch_rows": 5,
        }
        return ChannelCase(
            spec=next(iter(hooks())),
            settings=settings,
            wrong_settings=settings | {"token": "wr0ng-t0ken"},
            actions=actions,
            bad_action=bad_action,
            happened=lambda: Counter(taken),
            incoming=lambda sent: told_back(sent, CLOCK.now()),
            clock=CLOCK,
        )


class TestFile(ChannelConformance):
    """A folder."""

    @pytest.fixture
    def channel_case(self, tmp_path):
        def happened():
            lines = [
                line
                for path in tmp_path.glob("*.jsonl")
                for line in path.read_text("utf-8").splitlines()
            ]
            return Counter(json.loads(line)["id"] for line in lines)

        return ChannelCase(
            spec=next(iter(files())),
            settings={"folder": tmp_path, "batch_rows": 50},
            actions=actions,
            bad_action=bad_action,
            happened=happened,
        )
