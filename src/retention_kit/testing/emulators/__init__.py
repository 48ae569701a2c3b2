"""Local servers that answer as outside systems document: for testing what speaks with them.

Each keeps state, counts limits by its own clock and produces faults on demand. They are written
from what the vendors publish; their docstrings say what of it is uncertain.
"""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.testing.emulators.amocrm import AmoCrmEmulator as AmoCrmEmulator
    from retention_kit.testing.emulators.base import Emulator as Emulator
    from retention_kit.testing.emulators.bitrix24 import Bitrix24Emulator as Bitrix24Emulator
    from retention_kit.testing.emulators.faults import FaultKind as FaultKind
    from retention_kit.testing.emulators.faults import Faults as Faults
    from retention_kit.testing.emulators.messages import Request as Request
    from retention_kit.testing.emulators.messages import Response as Response
    from retention_kit.testing.emulators.registry import EMULATORS as EMULATORS
    from retention_kit.testing.emulators.registry import emulator_class as emulator_class
    from retention_kit.testing.emulators.request_log import RequestLog as RequestLog
    from retention_kit.testing.emulators.yandex_audience import (
        YandexAudienceEmulator as YandexAudienceEmulator,
    )

_HERE = "retention_kit.testing.emulators"
_MODULES = {
    "EMULATORS": f"{_HERE}.registry",
    "AmoCrmEmulator": f"{_HERE}.amocrm",
    "Bitrix24Emulator": f"{_HERE}.bitrix24",
    "Emulator": f"{_HERE}.base",
    "FaultKind": f"{_HERE}.faults",
    "Faults": f"{_HERE}.faults",
    "Request": f"{_HERE}.messages",
    "RequestLog": f"{_HERE}.request_log",
    "Response": f"{_HERE}.messages",
    "YandexAudienceEmulator": f"{_HERE}.yandex_audience",
    "emulator_class": f"{_HERE}.registry",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
