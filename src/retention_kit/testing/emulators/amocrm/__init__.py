"""A local amoCRM: REST API v4 with its tokens, limits, silences and refusals."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.testing.emulators.amocrm.emulator import AmoCrmEmulator as AmoCrmEmulator

_MODULES = {"AmoCrmEmulator": "retention_kit.testing.emulators.amocrm.emulator"}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
