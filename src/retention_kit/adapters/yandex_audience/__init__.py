"""Yandex Audience: customers as advertising audiences, by digests of their contacts.

The channel is opened by name, `open_channel("yandex_audience")`; the calls under it are public too.
"""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.adapters.yandex_audience.api import YandexAudienceApi as YandexAudienceApi
    from retention_kit.adapters.yandex_audience.channel import (
        YandexAudienceChannel as YandexAudienceChannel,
    )
    from retention_kit.adapters.yandex_audience.segments import Segment as Segment
    from retention_kit.adapters.yandex_audience.settings import (
        YandexAudienceSettings as YandexAudienceSettings,
    )

_HERE = "retention_kit.adapters.yandex_audience"
_MODULES = {
    "Segment": f"{_HERE}.segments",
    "YandexAudienceApi": f"{_HERE}.api",
    "YandexAudienceChannel": f"{_HERE}.channel",
    "YandexAudienceSettings": f"{_HERE}.settings",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
