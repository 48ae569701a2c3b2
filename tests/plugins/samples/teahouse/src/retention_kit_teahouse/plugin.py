"""What this distribution offers. It is imported when plugins are looked for: nothing heavy here."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from retention_kit.delivery import AdapterContext, Channel, ChannelSpec
from retention_kit.plugins import (
    ConditionSpec,
    EarningRuleSpec,
    Source,
    SourceSpec,
    hookimpl,
)
from retention_kit_teahouse.settings import CAPABILITIES, TeahouseSettings

if TYPE_CHECKING:
    from retention_kit.plugins import (
        ChannelsHook,
        ConditionsHook,
        EarningRulesHook,
        SourcesHook,
    )


def make_source(settings: TeahouseSettings, context: AdapterContext) -> Source:
    """Make the source."""
    from retention_kit_teahouse.source import TeahouseSource

    return TeahouseSource(settings, context)


def make_channel(settings: TeahouseSettings, context: AdapterContext) -> Channel:
    """Make the channel."""
    from retention_kit_teahouse.channel import TeahouseChannel

    return TeahouseChannel(settings, context)


@hookimpl
def retention_kit_sources() -> Iterable[SourceSpec]:
    """Give the source."""
    yield SourceSpec(
        name="teahouse",
        summary="Bills and guests of a teahouse's till",
        api_version=1,
        settings=TeahouseSettings,
        factory=make_source,
        tables=("orders", "customers"),
    )


@hookimpl
def retention_kit_channels() -> Iterable[ChannelSpec]:
    """Give the channel."""
    yield ChannelSpec(
        name="teahouse",
        summary="Messages on a guest's next bill",
        api_version=1,
        settings=TeahouseSettings,
        capabilities=CAPABILITIES,
        factory=make_channel,
    )


@hookimpl
def retention_kit_conditions() -> Iterable[ConditionSpec]:
    """Give the condition."""
    from retention_kit_teahouse.condition import CONDITION

    yield CONDITION


@hookimpl
def retention_kit_earning_rules() -> Iterable[EarningRuleSpec]:
    """Give the award."""
    from retention_kit_teahouse.earning_rule import EARNING_RULE

    yield EARNING_RULE


# A type checker sees here whether the hooks are what they must be.
if TYPE_CHECKING:
    _sources: SourcesHook = retention_kit_sources
    _channels: ChannelsHook = retention_kit_channels
    _conditions: ConditionsHook = retention_kit_conditions
    _earning_rules: EarningRulesHook = retention_kit_earning_rules
