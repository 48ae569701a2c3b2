"""An emulator of Bitrix24's REST interface, in the cloud and on a server of one's own."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.testing.emulators.bitrix24.assumptions import (
        Bitrix24Assumptions as Bitrix24Assumptions,
    )
    from retention_kit.testing.emulators.bitrix24.credentials import Bitrix24App as Bitrix24App
    from retention_kit.testing.emulators.bitrix24.emulator import (
        Bitrix24Emulator as Bitrix24Emulator,
    )

_HERE = "retention_kit.testing.emulators.bitrix24"
_MODULES = {
    "Bitrix24App": f"{_HERE}.credentials",
    "Bitrix24Assumptions": f"{_HERE}.assumptions",
    "Bitrix24Emulator": f"{_HERE}.emulator",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
