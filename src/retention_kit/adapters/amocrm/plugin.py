"""What amoCRM offers, as plugins are found. Nothing heavy is imported before it is used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from retention_kit.adapters.amocrm.capable import CAPABILITIES
from retention_kit.adapters.amocrm.settings import AmoCrmSettings
from retention_kit.delivery.channels import AdapterContext, Channel, ChannelSpec
from retention_kit.plugins.markers import hookimpl
from retention_kit.plugins.types import Source, SourceSpec

if TYPE_CHECKING:
    from retention_kit.plugins.hook_types import ChannelsHook, SourcesHook


@hookimpl
def retention_kit_sources() -> Iterable[SourceSpec]:
    """Give the source."""
    return [
        SourceSpec(
            name="amocrm",
            summary="Leads as orders and contacts as customers, or purchases and their buyers",
            api_version=1,
            settings=AmoCrmSettings,
            factory=_source,
            tables=("orders", "customers"),
        )
    ]


@hookimpl
def retention_kit_channels() -> Iterable[ChannelSpec]:
    """Give the channel."""
    return [
        ChannelSpec(
            name="amocrm",
            summary="Leads, tasks for managers, contacts and their fields, buyers' purchases",
            api_version=1,
            settings=AmoCrmSettings,
            capabilities=CAPABILITIES,
            factory=_channel,
        )
    ]


def _source(settings: AmoCrmSettings, context: AdapterContext) -> Source:
    from retention_kit.adapters.amocrm.sources import AmoCrmSource

    return AmoCrmSource(settings, context)


def _channel(settings: AmoCrmSettings, context: AdapterContext) -> Channel:
    from retention_kit.adapters.amocrm.channel import AmoCrmChannel

    return AmoCrmChannel(settings, context)


if TYPE_CHECKING:
    _sources: SourcesHook = retention_kit_sources
    _channels: ChannelsHook = retention_kit_channels
