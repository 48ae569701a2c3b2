"""The checks for authors, on the channels that need little outside, and that none is forgotten."""

import json
from collections import Counter
from pathlib import Path

import pytest

from retention_kit.adapters.actions_file.plugin import retention_kit_channels as file_channels
from retention_kit.adapters.digests import sha256_hex
from retention_kit.adapters.webhook.plugin import retention_kit_channels as webhook_channels
from retention_kit.adapters.webhook.signatures import signed_headers, signing_key
from retention_kit.adapters.yandex_audience.plugin import retention_kit_channels as yandex_channels
from retention_kit.delivery.actions import AddToAudience, SendMessage
from retention_kit.plugins.registries import registry
from retention_kit.testing import ChannelCase, ChannelConformance, ManualClock
from retention_kit.testing.emulators import Emulator, Response, YandexAudienceEmulator

SECRET = "whsec_cmV0ZW50aW9uLWtpdC10ZXN0LXNlY3JldC0wMDE="


def messages(count, label):
    return [
        SendMessage(
            campaign="conformance",
            customer_id=number,
            occurrence=label,
            email=f"customer{number}@example.com",
            text="Your cup is waiting",
        )
        for number in range(1, count + 1)
    ]


class Receiver(Emulator):
    """Whoever posts are sent to: takes an event of one id once, as its specification asks."""

    NAME = "receiver"

    def answer(self, request):
        if request.headers.get("authorization") != "Bearer not-a-real-token":
            return Response.json({}, status=401)
        sent = request.json()
        for event in sent if isinstance(sent, list) else [sent]:
            if event["id"] not in self.acts:
                self.acts.append(event["id"])
        return Response.json({})


class TestFile(ChannelConformance):
    """Actions in files."""

    @pytest.fixture(params=["jsonl", "csv", "parquet"])
    def channel_case(self, tmp_path, request):
        def happened():
            rows = Counter()
            for path in tmp_path.glob(f"*.{request.param}"):
                rows.update(ids_of(path))
            return rows

        return ChannelCase(
            spec=next(iter(file_channels())),
            settings={"folder": str(tmp_path), "format": request.param},
            actions=messages,
            happened=happened,
        )


def ids_of(path):
    import polars as pl

    if path.suffix == ".jsonl":
        return [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()]
    read = pl.read_csv if path.suffix == ".csv" else pl.read_parquet
    return read(path)["id"].to_list()


class TestWebhook(ChannelConformance):
    """Actions as events."""

    @pytest.fixture(params=[1, 20])
    def channel_case(self, request):
        clock = ManualClock()
        key = signing_key(SECRET)

        def incoming(actions):
            told = [
                {"type": "io.retention-kit.outcome.v1", "data": {"id": one.id, "state": "opened"}}
                for one in actions
            ]
            body = json.dumps(told).encode()
            return signed_headers([key], "told-1", int(clock.now()), body), body

        with Receiver(clock=clock) as receiver:
            settings = {
                "url": f"{receiver.url}/in/s3cretPath",
                "signing_secret": SECRET,
                "token": "not-a-real-token",
                "batch_rows": request.param,
                "allowed_hosts": frozenset({"127.0.0.1"}),
            }
            yield ChannelCase(
                spec=next(iter(webhook_channels())),
                settings=settings,
                wrong_settings=settings | {"token": "not-the-right-token"},
                actions=messages,
                happened=lambda: Counter(receiver.acts),
                emulator=receiver,
                incoming=incoming,
                # Whoever answers 2xx has taken an event, whatever else stands in the answer.
                untellable=("html_200",),
            )


class TestYandexAudience(ChannelConformance):
    """Customers in segments: who is in two segments of one name was added twice."""

    @pytest.fixture
    def channel_case(self):
        members = {}

        def actions(count, label):
            # An audience for each of several calls: below a hundred an upload is refused.
            made = [
                AddToAudience(
                    campaign="conformance",
                    customer_id=number,
                    occurrence=label,
                    audience=f"tea drinkers {label}",
                    phone=f"+7900{number:07d}",
                    email=f"customer{number}@example.com",
                )
                for number in range(1, count + 1)
            ]
            members.update((one.id, (one.audience, sha256_hex(one.phone[1:]))) for one in made)
            return made

        with YandexAudienceEmulator(clock=ManualClock(), processing_polls=1) as service:

            def happened():
                return {
                    id_: sum(
                        digest in segment.phones
                        for segment in service.segments.values()
                        if segment.name == audience
                    )
                    for id_, (audience, digest) in members.items()
                }

            settings = {"token": service.access_token, "base_url": service.base_url}
            yield ChannelCase(
                spec=next(iter(yandex_channels())),
                settings=settings,
                wrong_settings=settings | {"token": "not-the-right-token"},
                actions=actions,
                bad_action=lambda: AddToAudience(
                    campaign="conformance", customer_id=1, phone="12", audience="tea drinkers"
                ),
                happened=happened,
                emulator=service,
            )


def test_no_adapter_is_forgotten_by_the_checks():
    texts = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    known = registry()
    named, forgotten = set(), set()
    for kind, claims in (("Source", known.sources), ("Channel", known.channels)):
        ways = (f"check_{kind.lower()}(", f"({kind}Conformance)")
        checking = [text for text in texts if any(way in text for way in ways)]
        for name, found in claims.items():
            if found.distribution == "retention-kit":
                package = found.spec.factory.__module__.removesuffix(".plugin")
                imports = (f"from {package}.plugin import", f"from {package} import plugin")
                named.add(name)
                if not any(one in text for text in checking for one in imports):
                    forgotten.add(f"{kind.lower()} {name}")
    assert {"amocrm", "bitrix24", "file", "files", "sql", "webhook", "yandex_audience"} <= named
    assert not forgotten
