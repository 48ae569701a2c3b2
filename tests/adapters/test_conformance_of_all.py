"""The checks for authors: on Yandex Audience, and that no adapter is forgotten."""

from pathlib import Path

import pytest

from retention_kit.adapters.digests import sha256_hex
from retention_kit.adapters.yandex_audience.plugin import retention_kit_channels
from retention_kit.delivery.actions import AddToAudience
from retention_kit.plugins.registries import registry
from retention_kit.testing import ChannelCase, ChannelConformance, ManualClock
from retention_kit.testing.emulators import YandexAudienceEmulator


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
                spec=next(iter(retention_kit_channels())),
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
