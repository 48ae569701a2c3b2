"""What Bitrix24 offers, for the registry. Nothing heavy is imported before it is used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from retention_kit.adapters.bitrix24.settings import Bitrix24Settings
from retention_kit.delivery.channels import AdapterContext, Capabilities, Channel, ChannelSpec
from retention_kit.plugins.markers import hookimpl
from retention_kit.plugins.types import Source, SourceSpec


def _source(settings: Any, context: AdapterContext) -> Source:
    from retention_kit.adapters.bitrix24.sources import Bitrix24Source

    return Bitrix24Source(settings, context)


def _channel(settings: Any, context: AdapterContext) -> Channel:
    from retention_kit.adapters.bitrix24.carrying import Bitrix24Channel

    return Bitrix24Channel(settings, context)


@hookimpl
def retention_kit_sources() -> Iterable[SourceSpec]:
    """Give the source."""
    yield SourceSpec(
        name="bitrix24",
        summary="Deals as orders with their product rows, contacts or companies as customers",
        api_version=1,
        settings=Bitrix24Settings,
        factory=_source,
        tables=("orders", "order_items", "customers"),
    )


@hookimpl
def retention_kit_channels() -> Iterable[ChannelSpec]:
    """Give the channel."""
    yield ChannelSpec(
        name="bitrix24",
        summary="Deals, to-dos for managers, contacts and their fields",
        api_version=1,
        settings=Bitrix24Settings,
        capabilities=Capabilities(
            actions=frozenset({"create_deal", "create_task", "upsert_contact"}),
            max_rows=50,
            idempotent="action",
            lookup=True,
            identifiers=frozenset({"bitrix24_contact", "phone", "email"}),
        ),
        factory=_channel,
    )
