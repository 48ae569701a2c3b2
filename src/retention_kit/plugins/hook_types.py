"""The hooks as types, by which a type checker tells that a plugin's functions are what they must.

At the end of a plugin's module, `_: SourcesHook = retention_kit_sources` has mypy and pyright check
the function; it costs nothing when the module runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from retention_kit.delivery.channels import ChannelSpec, Observer
    from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec
    from retention_kit.plugins.types import SectionSpec, SourceSpec
    from retention_kit.smart_segments.definitions.plugins import ConditionSpec


class SourcesHook(Protocol):
    """What `retention_kit_sources` is."""

    def __call__(self) -> Iterable[SourceSpec]:
        """Give the sources that the plugin brings."""
        ...


class ChannelsHook(Protocol):
    """What `retention_kit_channels` is."""

    def __call__(self) -> Iterable[ChannelSpec]:
        """Give the channels that the plugin brings."""
        ...


class ConditionsHook(Protocol):
    """What `retention_kit_conditions` is."""

    def __call__(self) -> Iterable[ConditionSpec]:
        """Give the conditions of smart segments that the plugin brings."""
        ...


class EarningRulesHook(Protocol):
    """What `retention_kit_earning_rules` is."""

    def __call__(self) -> Iterable[EarningRuleSpec]:
        """Give the awards of loyalty programmes that the plugin brings."""
        ...


class ReportSectionsHook(Protocol):
    """What `retention_kit_report_sections` is."""

    def __call__(self) -> Iterable[SectionSpec]:
        """Give the sections of the audit's report that the plugin brings."""
        ...


class ObserversHook(Protocol):
    """What `retention_kit_observers` is."""

    def __call__(self) -> Iterable[Observer]:
        """Give those whom the plugin wants to be told of deliveries."""
        ...
