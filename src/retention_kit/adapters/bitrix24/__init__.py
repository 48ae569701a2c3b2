"""Bitrix24: deals as orders, contacts as customers; deals, to-dos and contacts written back."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.adapters.bitrix24.carrying import Bitrix24Channel as Bitrix24Channel
    from retention_kit.adapters.bitrix24.settings import Bitrix24Settings as Bitrix24Settings
    from retention_kit.adapters.bitrix24.sources import Bitrix24Source as Bitrix24Source

_HERE = "retention_kit.adapters.bitrix24"
_MODULES = {
    "Bitrix24Channel": f"{_HERE}.carrying",
    "Bitrix24Settings": f"{_HERE}.settings",
    "Bitrix24Source": f"{_HERE}.sources",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
