"""The checks for authors, on amoCRM and its emulator."""

import datetime as dt
import re
from collections import Counter
from decimal import Decimal

import pytest

from retention_kit.adapters.amocrm.plugin import retention_kit_channels, retention_kit_sources
from retention_kit.delivery.actions import CreateDeal, CreateTask
from retention_kit.testing.clocks import ManualClock
from retention_kit.testing.conformance.cases import ChannelCase, SourceCase
from retention_kit.testing.conformance.pytest_classes import (
    ChannelConformance,
    SourceConformance,
)
from retention_kit.testing.emulators.amocrm import AmoCrmEmulator

DUE = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
MARK = re.compile(r"\[retention_kit ([0-9a-f]{32})\]")


@pytest.fixture
def account():
    with AmoCrmEmulator(clock=ManualClock()) as emulator:
        emulator.add_field("leads", "retention_kit_id")
        yield emulator


def settings(account):
    return {"base_url": account.url, "access_token": account.issue_long_lived_token()}


def wrong(account):
    return {"base_url": account.url, "access_token": "wr0ng-t0ken"}


@pytest.fixture
def source_case(account):
    account.populate(customers=60, orders=420, seed=3)
    middle = sorted(lead["updated_at"] for lead in account.leads.values())[200]
    return SourceCase(
        spec=next(iter(retention_kit_sources())),
        settings=settings(account),
        wrong_settings=wrong(account),
        since={"orders": dt.datetime.fromtimestamp(middle, dt.UTC)},
        emulator=account,
    )


@pytest.fixture
def channel_case(account):
    known = [account.add("contacts", name=f"Contact {number}") for number in range(50)]

    def actions(count, label):
        made = []
        for number in range(1, count + 1):
            who = {
                "campaign": "conformance",
                "customer_id": number,
                "phone": f"+7900000{number:04d}",
                "occurrence": label,
            }
            if number > 3:
                # The others are looked for, each by a request of its own.
                who["identifiers"] = {"amocrm_contact": str(known[number])}
            if number % 3:
                made.append(CreateDeal(title="Come back", amount=Decimal(number), **who))
            else:
                made.append(CreateTask(title="Call", due_at=DUE, **who))
        return made

    def happened():
        found = Counter()
        for lead in account.leads.values():
            for field in lead["custom_fields_values"] or ():
                found.update(str(one["value"]) for one in field["values"])
        for task in account.tasks.values():
            found.update(MARK.findall(task["text"]))
        return found

    return ChannelCase(
        spec=next(iter(retention_kit_channels())),
        settings=settings(account) | {"batch_rows": 12},
        wrong_settings=wrong(account),
        actions=actions,
        bad_action=lambda: CreateDeal(
            campaign="conformance",
            customer_id=1,
            phone="+79000000001",
            title="Bad",
            fields={"Not there": 1},
        ),
        happened=happened,
        emulator=account,
    )


class TestSource(SourceConformance):
    """Leads, contacts, purchases, buyers."""


class TestChannel(ChannelConformance):
    """Leads and tasks."""
