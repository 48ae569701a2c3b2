"""The state of a portal in plain Python, for tests to look at."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from retention_kit.testing.emulators.bitrix24.entities import (
    ACTIVITY,
    COMPANY,
    CONTACT,
    DEAL,
    ORDER,
)
from retention_kit.testing.emulators.bitrix24.portal import Portal


class PortalState:
    """Shows what a portal holds; the maps are live, and are not to be written.

    Attributes:
        portal: The state.
    """

    portal: Portal

    @property
    def deals(self) -> Mapping[int, Mapping[str, Any]]:
        """The deals by id; their fields by the names in capitals, kept as `Field` says."""
        return MappingProxyType(self.portal.records[DEAL].rows)

    @property
    def contacts(self) -> Mapping[int, Mapping[str, Any]]:
        """The contacts by id."""
        return MappingProxyType(self.portal.records[CONTACT].rows)

    @property
    def companies(self) -> Mapping[int, Mapping[str, Any]]:
        """The companies by id."""
        return MappingProxyType(self.portal.records[COMPANY].rows)

    @property
    def activities(self) -> Mapping[int, Mapping[str, Any]]:
        """The to-dos by id."""
        return MappingProxyType(self.portal.records[ACTIVITY].rows)

    @property
    def orders(self) -> Mapping[int, Mapping[str, Any]]:
        """The orders of the online shop by id."""
        return MappingProxyType(self.portal.records[ORDER].rows)

    @property
    def product_rows(self) -> Mapping[tuple[str, int], list[dict[str, Any]]]:
        """The rows of products by the type of their owner, `D` for a deal, and its id."""
        return MappingProxyType(self.portal.product_rows)
