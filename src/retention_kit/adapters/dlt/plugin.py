"""The source `dlt`, as plugins are found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from retention_kit.adapters.dlt.settings import DltSettings
from retention_kit.contracts.tables import TABLES
from retention_kit.plugins.markers import hookimpl
from retention_kit.plugins.types import Source, SourceSpec

if TYPE_CHECKING:
    from retention_kit.delivery.channels import AdapterContext
    from retention_kit.plugins.hook_types import SourcesHook


@hookimpl
def retention_kit_sources() -> Iterable[SourceSpec]:
    """Give the source of what dlt reads."""
    return [
        SourceSpec(
            name="dlt",
            summary="Resources, sources and loaded datasets of dlt",
            api_version=1,
            settings=DltSettings,
            factory=_open,
            tables=tuple(TABLES),
        )
    ]


def _open(settings: DltSettings, context: AdapterContext) -> Source:
    from retention_kit.adapters.dlt.source import DltSource

    return DltSource(settings, name=context.instance)


if TYPE_CHECKING:
    _: SourcesHook = retention_kit_sources
