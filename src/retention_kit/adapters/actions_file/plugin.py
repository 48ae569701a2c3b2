"""The channel `file`, as plugins are found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from retention_kit.adapters.actions_file.settings import ActionsFileSettings
from retention_kit.delivery.actions import ACTIONS
from retention_kit.delivery.channels import AdapterContext, Capabilities, Channel, ChannelSpec
from retention_kit.plugins.markers import hookimpl

if TYPE_CHECKING:
    from retention_kit.plugins.hook_types import ChannelsHook


@hookimpl
def retention_kit_channels() -> Iterable[ChannelSpec]:
    """Give the channel that writes files."""
    return [
        ChannelSpec(
            name="file",
            summary="Any action as a row of a JSON-lines, CSV or Parquet file in a folder",
            api_version=1,
            settings=ActionsFileSettings,
            capabilities=Capabilities(
                actions=frozenset(ACTIONS),
                max_rows=10_000,
                idempotent="batch",
                audience_modes=frozenset({"add", "remove"}),
            ),
            factory=_open,
        )
    ]


def _open(settings: ActionsFileSettings, context: AdapterContext) -> Channel:
    from retention_kit.adapters.actions_file.channel import ActionsFileChannel

    return ActionsFileChannel(settings, context)


if TYPE_CHECKING:
    _: ChannelsHook = retention_kit_channels
