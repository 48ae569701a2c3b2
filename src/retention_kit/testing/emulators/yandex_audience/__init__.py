"""A local Yandex Audience: segments from files, their processing, quotas and refusals."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.testing.emulators.yandex_audience.emulator import (
        YandexAudienceEmulator as YandexAudienceEmulator,
    )

_MODULES = {
    "YandexAudienceEmulator": "retention_kit.testing.emulators.yandex_audience.emulator",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
