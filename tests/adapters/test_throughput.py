"""Where a limit binds, at least 90 % of what it allows is used, and never more than all of it.

Time is a clock that only waiting moves: what is measured is the waiting, and not the machine.
"""

from decimal import Decimal

import pytest

from retention_kit.adapters.amocrm.plugin import retention_kit_channels as amocrm
from retention_kit.adapters.bitrix24.plugin import retention_kit_channels as bitrix24
from retention_kit.adapters.yandex_audience.plugin import retention_kit_channels as yandex_audience
from retention_kit.delivery import AddToAudience, CreateDeal, Journal, dispatch
from retention_kit.delivery.channels import AdapterContext
from retention_kit.testing import ManualClock
from retention_kit.testing.emulators import (
    AmoCrmEmulator,
    Bitrix24Emulator,
    YandexAudienceEmulator,
)

pytestmark = pytest.mark.once
LEAST = 0.9


def deals(count):
    return [
        CreateDeal(
            campaign="throughput",
            customer_id=number,
            phone=f"+7900{number:07d}",
            title="Come back",
            amount=Decimal(number),
        )
        for number in range(count)
    ]


def send(plugin, settings, actions, clock, **options):
    (spec,) = plugin()
    channel = spec.factory(
        spec.settings.model_validate(settings), AdapterContext(instance=spec.name, clock=clock)
    )
    try:
        with Journal("sqlite://", clock=clock) as journal:
            report = dispatch(actions, channel, journal, clock=clock, patience=1e6, **options)
            assert report.stopped is None
            assert report.handed_in == len(actions)
            assert set(report.states) <= {"accepted", "pending"}
    finally:
        channel.close()


def rate(emulator, group, *, at_once):
    """Give the requests per second, after those that may come at once."""
    instants = emulator.requests.instants(group)
    assert len(instants) > 2 * at_once
    return (len(instants) - at_once) / (instants[-1] - instants[0])


def test_amocrm_takes_seven_requests_a_second():
    clock = ManualClock()
    with AmoCrmEmulator(clock=clock) as account:
        account.add_field("leads", "retention_kit_id")
        settings = {"base_url": account.url, "access_token": account.issue_long_lived_token()}
        account.requests.clear()
        send(amocrm, settings, deals(75), clock, batch_rows=1)
        assert rate(account, "integration", at_once=7) >= LEAST * 7
        assert account.requests.busiest("integration", 1.0) <= 7
        assert not account.requests.refused(429)


def test_bitrix24_takes_two_requests_a_second_after_fifty_at_once():
    clock = ManualClock()
    with Bitrix24Emulator(clock=clock) as portal:
        settings = {"webhook_url": portal.webhook_url}
        send(bitrix24, settings, deals(70), clock, batch_rows=1)
        assert rate(portal, "portal", at_once=50) >= LEAST * 2
        assert not portal.requests.refused("QUERY_LIMIT_EXCEEDED")


def test_yandex_audience_takes_ten_changes_a_minute():
    clock = ManualClock()
    with YandexAudienceEmulator(clock=clock) as service:
        settings = {"token": service.access_token, "base_url": service.base_url}
        # An upload and its name are two changes; of an hour a hundred are allowed.
        actions = [
            AddToAudience(
                campaign="throughput",
                customer_id=number,
                audience=f"tea drinkers {number}",
                phone=f"+7900{number:07d}",
            )
            for number in range(45)
        ]
        send(yandex_audience, settings, actions, clock)
        assert rate(service, "segment_write", at_once=10) * 60 >= LEAST * 10
        assert service.requests.busiest("segment_write", 60.0) <= 10
        assert not service.requests.refused(429)
