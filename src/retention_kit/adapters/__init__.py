"""What speaks with the outside: sources that fill the tables, channels that carry actions."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.adapters.arrow.source import ArrowSource as ArrowSource
    from retention_kit.adapters.dlt.source import DltSource as DltSource
    from retention_kit.adapters.files.source import FilesSource as FilesSource
    from retention_kit.adapters.identifiers import IdentifierRules as IdentifierRules
    from retention_kit.adapters.sql.source import SqlSource as SqlSource

_HERE = "retention_kit.adapters"
_MODULES = {
    "ArrowSource": f"{_HERE}.arrow.source",
    "DltSource": f"{_HERE}.dlt.source",
    "FilesSource": f"{_HERE}.files.source",
    "IdentifierRules": f"{_HERE}.identifiers",
    "SqlSource": f"{_HERE}.sql.source",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
