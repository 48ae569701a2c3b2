"""The channel `webhook`, as plugins are found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from retention_kit.adapters.webhook.settings import WebhookSettings
from retention_kit.delivery.actions import ACTIONS
from retention_kit.delivery.channels import AdapterContext, Capabilities, Channel, ChannelSpec
from retention_kit.plugins.markers import hookimpl

if TYPE_CHECKING:
    from retention_kit.plugins.hook_types import ChannelsHook


@hookimpl
def retention_kit_channels() -> Iterable[ChannelSpec]:
    """Give the channel that posts events."""
    return [
        ChannelSpec(
            name="webhook",
            summary="Any action as a signed CloudEvent, posted to an address of yours",
            api_version=1,
            settings=WebhookSettings,
            capabilities=Capabilities(
                actions=frozenset(ACTIONS),
                idempotent="action",
                receive=True,
                audience_modes=frozenset({"add", "remove"}),
            ),
            factory=_open,
        )
    ]


def _open(settings: WebhookSettings, context: AdapterContext) -> Channel:
    from retention_kit.adapters.webhook.channel import WebhookChannel

    return WebhookChannel(settings, context)


if TYPE_CHECKING:
    _: ChannelsHook = retention_kit_channels
