"""Accounts that are kept: what a store promises, and a store in SQLite or PostgreSQL."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.store.in_database import SqlLedgerStore as SqlLedgerStore
    from retention_kit.loyalty_rules.store.protocol import Checkpoint as Checkpoint
    from retention_kit.loyalty_rules.store.protocol import ConflictError as ConflictError
    from retention_kit.loyalty_rules.store.protocol import Forgotten as Forgotten
    from retention_kit.loyalty_rules.store.protocol import LedgerStore as LedgerStore
    from retention_kit.loyalty_rules.store.protocol import (
        OrderOfAnotherError as OrderOfAnotherError,
    )
    from retention_kit.loyalty_rules.store.protocol import OverturnsError as OverturnsError

_HOME = "retention_kit.loyalty_rules.store"
_BY_MODULE = {
    "in_database": ("SqlLedgerStore",),
    "protocol": (
        "Checkpoint",
        "ConflictError",
        "Forgotten",
        "LedgerStore",
        "OrderOfAnotherError",
        "OverturnsError",
    ),
}
_MODULES = {name: f"{_HOME}.{module}" for module, names in _BY_MODULE.items() for name in names}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
