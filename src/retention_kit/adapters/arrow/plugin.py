"""The source `arrow`, as plugins are found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from retention_kit.adapters.arrow.settings import ArrowSettings
from retention_kit.contracts.tables import TABLES
from retention_kit.plugins.markers import hookimpl
from retention_kit.plugins.types import Source, SourceSpec

if TYPE_CHECKING:
    from retention_kit.delivery.channels import AdapterContext
    from retention_kit.plugins.hook_types import SourcesHook


@hookimpl
def retention_kit_sources() -> Iterable[SourceSpec]:
    """Give the source of whatever holds rows."""
    return [
        SourceSpec(
            name="arrow",
            summary="Frames, Arrow streams and iterables of mappings in this process",
            api_version=1,
            settings=ArrowSettings,
            factory=_open,
            tables=tuple(TABLES),
        )
    ]


def _open(settings: ArrowSettings, context: AdapterContext) -> Source:
    from retention_kit.adapters.arrow.source import ArrowSource

    return ArrowSource(settings, name=context.instance)


if TYPE_CHECKING:
    _: SourcesHook = retention_kit_sources
