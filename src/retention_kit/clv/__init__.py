"""What customers will buy: models of purchases and of leaving, fitted and applied to tables."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

_HERE = "retention_kit.clv"
_MODULES: dict[str, str] = {}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
