"""Which emulators there are, by the names the command line takes."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from retention_kit.errors import bad_parameter, nearest_names

if TYPE_CHECKING:
    from retention_kit.testing.emulators.base import Emulator

EMULATORS = {
    "amocrm": "retention_kit.testing.emulators.amocrm:AmoCrmEmulator",
    "bitrix24": "retention_kit.testing.emulators.bitrix24:Bitrix24Emulator",
    "yandex_audience": "retention_kit.testing.emulators.yandex_audience:YandexAudienceEmulator",
}
"""For each name, the module and the class."""


def emulator_class(name: str) -> type[Emulator]:
    """Give the class of an emulator by its name.

    Raises:
        DefinitionError: There is none of that name.
        MissingDependencyError: Werkzeug is not installed.
    """
    if name not in EMULATORS:
        near = ", ".join(nearest_names(name, EMULATORS))
        raise bad_parameter(
            "name",
            got=name,
            allowed=", ".join(sorted(EMULATORS)),
            step=f"take one of them; nearest: {near}." if near else "take one of them.",
        )
    module, _, attribute = EMULATORS[name].partition(":")
    found: type[Emulator] = getattr(importlib.import_module(module), attribute)
    return found
