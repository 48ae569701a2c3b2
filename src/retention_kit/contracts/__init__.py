"""The tables everybody speaks, and the door that reads anything into them."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.contracts.buckets import Buckets as Buckets
    from retention_kit.contracts.bundle import Bundle as Bundle
    from retention_kit.contracts.dataset import Dataset as Dataset
    from retention_kit.contracts.exports import Export as Export
    from retention_kit.contracts.exports import read_export as read_export
    from retention_kit.contracts.health import DataHealth as DataHealth
    from retention_kit.contracts.health import TableHealth as TableHealth
    from retention_kit.contracts.law import Frame as Frame
    from retention_kit.contracts.law import Kind as Kind
    from retention_kit.contracts.law import additive as additive
    from retention_kit.contracts.law import customer_local as customer_local
    from retention_kit.contracts.law import finisher as finisher
    from retention_kit.contracts.law import fit as fit
    from retention_kit.contracts.law import kind_of as kind_of
    from retention_kit.contracts.law import report as report
    from retention_kit.contracts.matching import ColumnMatch as ColumnMatch
    from retention_kit.contracts.options import DoorOptions as DoorOptions
    from retention_kit.contracts.proposing import suggest_mapping as suggest_mapping
    from retention_kit.contracts.saved import SavedModel as SavedModel
    from retention_kit.contracts.schemas import dataframely_schema as dataframely_schema
    from retention_kit.contracts.schemas import table_schema as table_schema
    from retention_kit.contracts.suggestions import MappingSuggestion as MappingSuggestion
    from retention_kit.contracts.tables import TABLES as TABLES
    from retention_kit.contracts.tables import Column as Column
    from retention_kit.contracts.tables import Table as Table
    from retention_kit.contracts.updates import changed_customers as changed_customers
    from retention_kit.contracts.updates import updated as updated

_HERE = "retention_kit.contracts"
_MODULES = {
    "Buckets": f"{_HERE}.buckets",
    "Bundle": f"{_HERE}.bundle",
    "Column": f"{_HERE}.tables",
    "ColumnMatch": f"{_HERE}.matching",
    "DataHealth": f"{_HERE}.health",
    "Dataset": f"{_HERE}.dataset",
    "DoorOptions": f"{_HERE}.options",
    "Export": f"{_HERE}.exports",
    "Frame": f"{_HERE}.law",
    "Kind": f"{_HERE}.law",
    "MappingSuggestion": f"{_HERE}.suggestions",
    "SavedModel": f"{_HERE}.saved",
    "TABLES": f"{_HERE}.tables",
    "Table": f"{_HERE}.tables",
    "TableHealth": f"{_HERE}.health",
    "additive": f"{_HERE}.law",
    "changed_customers": f"{_HERE}.updates",
    "customer_local": f"{_HERE}.law",
    "dataframely_schema": f"{_HERE}.schemas",
    "finisher": f"{_HERE}.law",
    "fit": f"{_HERE}.law",
    "kind_of": f"{_HERE}.law",
    "read_export": f"{_HERE}.exports",
    "report": f"{_HERE}.law",
    "suggest_mapping": f"{_HERE}.proposing",
    "table_schema": f"{_HERE}.schemas",
    "updated": f"{_HERE}.updates",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
