"""The six hooks: each gives data, and none registers anything by a call back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from retention_kit.plugins.markers import hookspec

if TYPE_CHECKING:
    from retention_kit.delivery.channels import ChannelSpec, Observer
    from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec
    from retention_kit.plugins.types import SectionSpec, SourceSpec
    from retention_kit.smart_segments.definitions.plugins import ConditionSpec


@hookspec
def retention_kit_sources() -> Iterable[SourceSpec]:  # type: ignore[empty-body]
    """Give the sources that the plugin brings."""


@hookspec
def retention_kit_channels() -> Iterable[ChannelSpec]:  # type: ignore[empty-body]
    """Give the channels that the plugin brings."""


@hookspec
def retention_kit_conditions() -> Iterable[ConditionSpec]:  # type: ignore[empty-body]
    """Give the conditions of smart segments that the plugin brings."""


@hookspec
def retention_kit_earning_rules() -> Iterable[EarningRuleSpec]:  # type: ignore[empty-body]
    """Give the awards of loyalty programmes that the plugin brings."""


@hookspec
def retention_kit_report_sections() -> Iterable[SectionSpec]:  # type: ignore[empty-body]
    """Give the sections of the audit's report that the plugin brings."""


@hookspec
def retention_kit_observers() -> Iterable[Observer]:  # type: ignore[empty-body]
    """Give those whom the plugin wants to be told of deliveries; they can change nothing."""
