"""What is dispatched to each emulator, the same in every process, and what must come of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from retention_kit.delivery.actions import Action, AddToAudience, CreateDeal, CreateTask
from retention_kit.delivery.channels import AdapterContext, Channel, ChannelSpec
from retention_kit.testing.emulators.base import Emulator

CAMPAIGN: Final = "crash test"
_DUE: Final = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
_MARK: Final = re.compile(r"\[retention_kit ([0-9a-f]{32})\]")
AUDIENCE: Final = "crash test"


@dataclass(frozen=True)
class Scenario:
    """One emulator, what is sent to it, and how to see what came of it.

    Attributes:
        name: The emulator's name.
        emulator: Makes it.
        prepared: Makes settings of the channel from the emulator once it runs, as JSON can hold.
        spec: Gives the channel's spec.
        actions: Makes so many actions, the same each time.
        happened: Tells how often each action happened, by its id.
        limits: For each limit of the emulator, its seconds and how many requests it allows.
        batch_rows: The most rows of a batch, so that there are several.
    """

    name: str
    emulator: Callable[[], Emulator]
    prepared: Callable[[Any], dict[str, Any]]
    spec: Callable[[], ChannelSpec]
    actions: Callable[[int], Iterator[Action]]
    happened: Callable[[Any, int], Mapping[str, int]]
    limits: Mapping[str, tuple[float, int]]
    batch_rows: int | None = None

    def channel(self, settings: Mapping[str, Any]) -> Channel:
        """Open the channel."""
        spec = self.spec()
        checked = spec.settings.model_validate(dict(settings))
        return spec.factory(checked, AdapterContext(instance=self.name))


def _deals_and_tasks(count: int) -> Iterator[Action]:
    for number in range(count):
        who: dict[str, Any] = {
            "campaign": CAMPAIGN,
            "customer_id": number,
            "phone": f"+7900{number:07d}",
        }
        if number % 4:
            yield CreateDeal(title="Come back", amount=Decimal(1000 + number), **who)
        else:
            yield CreateTask(title="Call", due_at=_DUE, **who)


def _members(count: int) -> Iterator[Action]:
    for number in range(count):
        yield AddToAudience(
            campaign=CAMPAIGN,
            customer_id=number,
            audience=AUDIENCE,
            phone=f"+7900{number:07d}",
            email=f"customer{number}@example.com",
        )


def _bitrix24() -> Emulator:
    from retention_kit.testing.emulators import Bitrix24Emulator

    return Bitrix24Emulator()


def _bitrix24_spec() -> ChannelSpec:
    from retention_kit.adapters.bitrix24.plugin import retention_kit_channels

    (spec,) = retention_kit_channels()
    return spec


def _bitrix24_happened(emulator: Any, count: int) -> Mapping[str, int]:
    del count
    found = Counter(str(deal.get("ORIGIN_ID")) for deal in emulator.deals.values())
    for activity in emulator.activities.values():
        found.update(_MARK.findall(activity["DESCRIPTION"]))
    return found


def _amocrm() -> Emulator:
    from retention_kit.testing.emulators import AmoCrmEmulator

    return AmoCrmEmulator()


def _yandex_audience() -> Emulator:
    from retention_kit.testing.emulators import YandexAudienceEmulator

    return YandexAudienceEmulator(processing_polls=1)


def _yandex_spec() -> ChannelSpec:
    from retention_kit.adapters.yandex_audience.plugin import retention_kit_channels

    (spec,) = retention_kit_channels()
    return spec


def _yandex_happened(emulator: Any, count: int) -> Mapping[str, int]:
    """Count who is in the audience. Somebody in two segments of its name happened twice."""
    from retention_kit.adapters.digests import sha256_hex

    found: Counter[str] = Counter()
    segments = [one for one in emulator.segments.values() if one.name == AUDIENCE]
    for action in _members(count):
        digest = sha256_hex(str(action.phone).lstrip("+"))
        times = sum(digest in segment.phones for segment in segments)
        if times:
            found[action.id] = times
    return found


_FIRST_CONTACT: Final = 10_034
"""The id of the first contact that is added to an emulated account."""
_CONTACTS: Final = 5_000


def _amocrm_actions(count: int) -> Iterator[Action]:
    """Make actions for contacts that are there, so that nobody need be looked for."""
    for number, action in enumerate(_deals_and_tasks(count)):
        contact = _FIRST_CONTACT + number % _CONTACTS
        yield dataclasses.replace(action, identifiers={"amocrm_contact": str(contact)})


def _amocrm_prepared(emulator: Any) -> dict[str, Any]:
    ids = [emulator.add("contacts", name=f"Customer {number}") for number in range(_CONTACTS)]
    assert ids[0] == _FIRST_CONTACT
    emulator.add_field("leads", "retention_kit_id", "text")
    return {
        "base_url": emulator.url,
        "access_token": emulator.issue_long_lived_token(),
        "doubt_seconds": 1.0,
    }


def _amocrm_spec() -> ChannelSpec:
    from retention_kit.adapters.amocrm.plugin import retention_kit_channels

    (spec,) = retention_kit_channels()
    return spec


def _amocrm_happened(emulator: Any, count: int) -> Mapping[str, int]:
    del count
    found: Counter[str] = Counter()
    for lead in emulator.leads.values():
        for field in lead.get("custom_fields_values") or ():
            if field.get("field_name") == "retention_kit_id":
                found.update(str(one["value"]) for one in field["values"])
    for task in emulator.tasks.values():
        found.update(_MARK.findall(str(task.get("text"))))
    return found


SCENARIOS: Final[Mapping[str, Scenario]] = {
    one.name: one
    for one in (
        Scenario(
            name="bitrix24",
            emulator=_bitrix24,
            prepared=lambda emulator: {"webhook_url": emulator.webhook_url},
            spec=_bitrix24_spec,
            actions=_deals_and_tasks,
            happened=_bitrix24_happened,
            # The counter drains 2 a second from 50 at most: in a minute 50 + 120 at most.
            limits={"portal": (60.0, 170)},
        ),
        Scenario(
            name="amocrm",
            emulator=_amocrm,
            prepared=_amocrm_prepared,
            spec=_amocrm_spec,
            actions=_amocrm_actions,
            happened=_amocrm_happened,
            limits={"integration": (1.0, 7)},
        ),
        Scenario(
            name="yandex_audience",
            emulator=_yandex_audience,
            prepared=lambda emulator: {
                "base_url": emulator.base_url,
                "token": emulator.access_token,
                "poll_seconds": 0.2,
            },
            spec=_yandex_spec,
            actions=_members,
            happened=_yandex_happened,
            limits={
                "client_read": (1.0, 30),
                "client_write": (1.0, 30),
                "segment_write": (60.0, 10),
            },
            batch_rows=500,
        ),
    )
}
"""The emulators that a dispatching process is killed against."""
