"""What speaks with the outside: sources that fill the tables, channels that carry actions."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.adapters.identifiers import IdentifierRules as IdentifierRules

_HERE = "retention_kit.adapters"
_MODULES = {
    "IdentifierRules": f"{_HERE}.identifiers",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
