"""The checks for authors, on Bitrix24 and its emulator."""

import datetime as dt
import re
from collections import Counter
from decimal import Decimal

import pytest

from retention_kit.adapters.bitrix24.plugin import retention_kit_channels, retention_kit_sources
from retention_kit.delivery.actions import CreateDeal, CreateTask
from retention_kit.testing.clocks import ManualClock
from retention_kit.testing.conformance.cases import ChannelCase, SourceCase
from retention_kit.testing.conformance.pytest_classes import (
    ChannelConformance,
    SourceConformance,
)
from retention_kit.testing.emulators.bitrix24 import Bitrix24Emulator

DUE = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
MARK = re.compile(r"\[retention_kit ([0-9a-f]{32})\]")


@pytest.fixture
def portal():
    with Bitrix24Emulator(clock=ManualClock()) as emulator:
        yield emulator


def wrong(portal):
    return {"webhook_url": portal.webhook_url.replace("emulatedsecret", "wrongsecret")}


@pytest.fixture
def source_case(portal):
    portal.populate(customers=60, orders=420, seed=3)
    middle = sorted(deal["DATE_MODIFY"] for deal in portal.deals.values())[200]
    return SourceCase(
        spec=next(iter(retention_kit_sources())),
        settings={"webhook_url": portal.webhook_url},
        wrong_settings=wrong(portal),
        tables=("orders", "order_items", "contacts"),
        since={"orders": dt.datetime.fromtimestamp(middle, dt.UTC)},
        emulator=portal,
    )


@pytest.fixture
def channel_case(portal):
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

    def happened():
        found = Counter(str(deal.get("ORIGIN_ID")) for deal in portal.deals.values())
        for activity in portal.activities.values():
            found.update(MARK.findall(activity["DESCRIPTION"]))
        return found

    return ChannelCase(
        spec=next(iter(retention_kit_channels())),
        settings={"webhook_url": portal.webhook_url},
        wrong_settings=wrong(portal),
        actions=actions,
        bad_action=lambda: CreateDeal(
            campaign="conformance",
            customer_id=1,
            phone="+79000000001",
            title="Bad",
            fields={"UF_CRM_NOT_THERE": 1},
        ),
        happened=happened,
        emulator=portal,
        too_many=(429, "QUERY_LIMIT_EXCEEDED"),
    )


class TestSource(SourceConformance):
    """Deals, product rows, contacts."""


class TestChannel(ChannelConformance):
    """Deals and to-dos."""
