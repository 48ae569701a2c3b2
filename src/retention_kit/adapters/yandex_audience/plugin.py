"""What the plugin registry is told of Yandex Audience."""

from __future__ import annotations

from collections.abc import Iterable

from retention_kit.adapters.yandex_audience.settings import CAPABILITIES, YandexAudienceSettings
from retention_kit.delivery.channels import AdapterContext, Channel, ChannelSpec
from retention_kit.plugins.markers import hookimpl


@hookimpl
def retention_kit_channels() -> Iterable[ChannelSpec]:
    """Give the channel."""
    return (
        ChannelSpec(
            name="yandex_audience",
            summary="Puts customers into audiences of Yandex advertising and takes them out",
            api_version=1,
            settings=YandexAudienceSettings,
            capabilities=CAPABILITIES,
            factory=open_yandex_audience,
        ),
    )


def open_yandex_audience(settings: YandexAudienceSettings, context: AdapterContext) -> Channel:
    """Make the channel. Asks nobody outside."""
    # Late, so that to list plugins loads no HTTP client.
    from retention_kit.adapters.yandex_audience.channel import YandexAudienceChannel

    return YandexAudienceChannel(settings, context)
