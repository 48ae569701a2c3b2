"""The command line: arguments and a file of settings in, one call of the library, words out."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.cli.commands import app as app

_MODULES = {
    "app": "retention_kit.cli.commands",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
