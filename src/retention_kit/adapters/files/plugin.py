"""The source `files`, as plugins are found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from retention_kit.adapters.files.settings import FilesSettings
from retention_kit.contracts.tables import TABLES
from retention_kit.plugins.markers import hookimpl
from retention_kit.plugins.types import Source, SourceSpec

if TYPE_CHECKING:
    from retention_kit.delivery.channels import AdapterContext
    from retention_kit.plugins.hook_types import SourcesHook


@hookimpl
def retention_kit_sources() -> Iterable[SourceSpec]:
    """Give the source of files."""
    return [
        SourceSpec(
            name="files",
            summary="Parquet, CSV and Excel files, folders of them, and patterns",
            api_version=1,
            settings=FilesSettings,
            factory=_open,
            tables=tuple(TABLES),
        )
    ]


def _open(settings: FilesSettings, context: AdapterContext) -> Source:
    from retention_kit.adapters.files.source import FilesSource

    return FilesSource(settings, name=context.instance)


if TYPE_CHECKING:
    _: SourcesHook = retention_kit_sources
