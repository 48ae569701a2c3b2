"""What is known of every action: planned, claimed, handed over, settled; kept in a database."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.delivery.journal.in_database import Journal as Journal
    from retention_kit.delivery.journal.problems import JournalError as JournalError
    from retention_kit.delivery.journal.problems import LostRowsError as LostRowsError
    from retention_kit.delivery.journal.records import BatchSize as BatchSize
    from retention_kit.delivery.journal.records import Claimed as Claimed
    from retention_kit.delivery.journal.records import Known as Known
    from retention_kit.delivery.journal.records import PendingReceipt as PendingReceipt
    from retention_kit.delivery.journal.records import Planned as Planned
    from retention_kit.delivery.journal.records import Recorded as Recorded
    from retention_kit.delivery.journal.runs import Run as Run

_HOME = "retention_kit.delivery.journal"
_BY_MODULE = {
    "in_database": ("Journal",),
    "problems": ("JournalError", "LostRowsError"),
    "records": ("BatchSize", "Claimed", "Known", "PendingReceipt", "Planned", "Recorded"),
    "runs": ("Run",),
}
_MODULES = {name: f"{_HOME}.{module}" for module, names in _BY_MODULE.items() for name in names}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
