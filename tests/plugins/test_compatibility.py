"""What version 1 of the interfaces promises: whoever breaks it must raise the number."""

import dataclasses
import inspect
import re
from pathlib import Path
from typing import get_args

import pytest

from retention_kit.delivery import channels
from retention_kit.delivery.actions import ACTIONS
from retention_kit.delivery.channels import Capabilities, Channel, ChannelSpec
from retention_kit.delivery.outcomes import OutcomeState
from retention_kit.loyalty_rules.definitions import plugins as earning_rules
from retention_kit.plugins import SectionSpec, Source, SourceSpec, SourceTable, hookspecs, types
from retention_kit.plugins.configured import variable_prefix
from retention_kit.smart_segments.definitions import plugins as conditions

PAGE = Path(__file__).parents[2] / "docs" / "plugins_compatibility.md"
VERSIONS = {
    "SourceSpec": types.SOURCE_API_VERSION,
    "ChannelSpec": channels.CHANNEL_API_VERSION,
    "SectionSpec": types.SECTION_API_VERSION,
    "ConditionSpec": conditions.API_VERSION,
    "EarningRuleSpec": earning_rules.API_VERSION,
}
FIRST_FIELDS = {
    SourceSpec: ["name", "summary", "api_version", "settings", "factory"],
    ChannelSpec: ["name", "summary", "api_version", "settings", "capabilities", "factory"],
    SectionSpec: ["name", "summary", "api_version", "tables", "text"],
    SourceTable: ["name"],
    Capabilities: ["actions"],
    conditions.ConditionSpec: [
        "name",
        "summary",
        "distribution",
        "settings",
        "frame",
        "person",
        "sentence",
    ],
    earning_rules.EarningRuleSpec: [
        "name",
        "summary",
        "distribution",
        "settings",
        "frame",
        "units",
    ],
}


def test_the_page_says_the_versions_that_are_spoken():
    text = PAGE.read_text(encoding="utf-8")
    told = {name: int(number) for name, number in re.findall(r"\(`(\w+)`\) \| (\d+) \|", text)}
    assert told == VERSIONS
    assert set(told.values()) == {1}


@pytest.mark.parametrize("spec", FIRST_FIELDS, ids=lambda spec: spec.__name__)
def test_fields_that_came_later_have_a_default(spec):
    required = [
        field.name
        for field in dataclasses.fields(spec)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    assert required == FIRST_FIELDS[spec]


def test_hooks_keep_their_names_and_take_no_arguments():
    there = {
        name: inspect.signature(value).parameters
        for name, value in vars(hookspecs).items()
        if name.startswith("retention_kit_")
    }
    assert there.keys() >= {
        "retention_kit_sources",
        "retention_kit_channels",
        "retention_kit_conditions",
        "retention_kit_earning_rules",
        "retention_kit_report_sections",
        "retention_kit_observers",
    }
    assert not any(there.values())


def test_adapters_are_asked_nothing_new():
    def members(protocol):
        return {name for name in vars(protocol) if not name.startswith("_")}

    assert members(Source) == {"name", "tables", "scan", "close"}
    assert members(Channel) == {
        "name",
        "capabilities",
        "limiter",
        "prepare",
        "submit",
        "poll",
        "close",
    }


def test_actions_and_outcomes_are_added_and_never_renamed():
    assert ACTIONS.keys() >= {
        "add_to_audience",
        "create_deal",
        "create_task",
        "issue_promo_code",
        "post_event",
        "remove_from_audience",
        "send_message",
        "set_balance",
        "upsert_contact",
    }
    assert set(get_args(OutcomeState)) >= {
        "planned",
        "pending",
        "accepted",
        "rejected",
        "unknown",
        "delivered",
        "bounced",
        "opened",
        "clicked",
        "unsubscribed",
    }


def test_variables_keep_their_names():
    assert variable_prefix("amocrm") == "RETENTION_KIT_AMOCRM_"
    assert variable_prefix("amocrm", "msk") == "RETENTION_KIT_AMOCRM_MSK_"
