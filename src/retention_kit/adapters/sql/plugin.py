"""The source `sql`, as plugins are found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from retention_kit.adapters.sql.settings import SqlSettings
from retention_kit.contracts.tables import TABLES
from retention_kit.plugins.markers import hookimpl
from retention_kit.plugins.types import Source, SourceSpec

if TYPE_CHECKING:
    from retention_kit.delivery.channels import AdapterContext
    from retention_kit.plugins.hook_types import SourcesHook


@hookimpl
def retention_kit_sources() -> Iterable[SourceSpec]:
    """Give the source of databases."""
    return [
        SourceSpec(
            name="sql",
            summary="Tables, views and queries of any database that SQLAlchemy speaks with",
            api_version=1,
            settings=SqlSettings,
            factory=_open,
            tables=tuple(TABLES),
        )
    ]


def _open(settings: SqlSettings, context: AdapterContext) -> Source:
    from retention_kit.adapters.sql.source import SqlSource

    return SqlSource(settings, name=context.instance)


if TYPE_CHECKING:
    _: SourcesHook = retention_kit_sources
