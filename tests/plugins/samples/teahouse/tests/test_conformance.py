"""The conformance kit on this distribution."""

import datetime as dt

import pytest
from retention_kit_teahouse.emulator import KEY, TeahouseEmulator

from retention_kit import make_dataset
from retention_kit.delivery import SendMessage
from retention_kit.loyalty_rules import EarningRuleSpec
from retention_kit.plugins import registry
from retention_kit.testing import (
    ChannelCase,
    ChannelConformance,
    ManualClock,
    SourceCase,
    SourceConformance,
    check_earning_rule,
)


@pytest.fixture
def till():
    with TeahouseEmulator(clock=ManualClock()) as emulator:
        yield emulator


@pytest.fixture
def source_case(till):
    return SourceCase(
        spec=registry().sources["teahouse"].spec,
        settings={"base_url": till.url, "till_key": KEY},
        wrong_settings={"base_url": till.url, "till_key": "a-key-that-is-wrong"},
        emulator=till,
        rows={"bills": len(till.bills), "guests": len(till.guests)},
        since={"bills": dt.datetime(2026, 6, 1, tzinfo=dt.UTC)},
        clock=till.clock,
    )


@pytest.fixture
def channel_case(till):
    def message(number, label, text="Your cup is waiting"):
        return SendMessage(
            campaign="conformance",
            customer_id=number,
            step=label,
            phone=f"+7900000{number:04d}",
            text=text,
        )

    return ChannelCase(
        spec=registry().channels["teahouse"].spec,
        settings={"base_url": till.url, "till_key": KEY},
        wrong_settings={"base_url": till.url, "till_key": "a-key-that-is-wrong"},
        actions=lambda count, label: [message(number, label) for number in range(1, count + 1)],
        bad_action=lambda: message(4000, "bad", text="forbidden words"),
        happened=till.happened,
        emulator=till,
        clock=till.clock,
    )


class TestSource(SourceConformance):
    """Bills and guests."""


class TestChannel(ChannelConformance):
    """Messages."""


def test_the_award_gives_the_same_for_a_table_as_for_one_bill():
    spec = registry().earning_rules["teahouse.per_bill"].spec
    assert isinstance(spec, EarningRuleSpec)
    check_earning_rule(spec, {"points": 3}, make_dataset(20, seed=1).orders)
