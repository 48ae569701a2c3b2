"""The report: counts that add up, as a table, as JSON and as a sentence."""

from __future__ import annotations

import json

import polars as pl
import pytest

from retention_kit.delivery import DeliveryReport, Journal, SendMessage, dispatch
from retention_kit.errors import RetentionKitError
from retention_kit.testing.channels import MemoryChannel


@pytest.fixture
def report():
    letters = [
        SendMessage(campaign="hello", customer_id=one, email=f"{one}@shop.example", text="Hi")
        for one in (1, 2, 3, 3, 4, 5)
    ]
    channel = MemoryChannel(refused={1: "blocked", 2: "blocked", 4: ""})
    with Journal("sqlite://") as journal:
        return dispatch(
            letters,
            channel,
            journal,
            allow=lambda action: "withdrawn" if action.customer_id == 5 else None,
        )


def test_the_table_holds_each_action_once(report):
    assert report.to_frame().sort("what", "reason").rows() == [
        ("accepted", "", 1),
        ("duplicates", "", 1),
        ("rejected", "", 1),
        ("rejected", "blocked", 2),
        ("suppressed", "withdrawn", 1),
    ]


def test_json_says_the_same_and_names_nobody(report):
    read = json.loads(report.to_json())
    assert read == report.to_dict()
    assert read["states"] == {"suppressed": 1, "rejected": 3, "accepted": 1}
    assert read["rejected"] == {"blocked": 2, "": 1}
    assert "shop.example" not in report.to_json() + repr(report) + str(report)


def test_the_sentence_says_what_came_of_it(report):
    assert str(report) == (
        "memory: 6 actions: 1 suppressed (withdrawn), 3 rejected (2 blocked), 1 accepted, "
        "1 duplicates."
    )


def test_a_stop_is_raised_when_it_is_asked_for(report):
    report.raise_for_stop()
    stopped = DeliveryReport(
        channel="memory", handed_in=0, states={}, stopped="Closed.", rejections=pl.DataFrame()
    )
    assert str(stopped) == "memory: 0 actions: none. Stopped: Closed."
    with pytest.raises(RetentionKitError, match="Closed"):
        stopped.raise_for_stop()
