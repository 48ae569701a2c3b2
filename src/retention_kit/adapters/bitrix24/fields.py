"""Whether the fields that actions name are there: the portal ignores the others without a word."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Final

from retention_kit.adapters.bitrix24.envelope import php_map
from retention_kit.adapters.bitrix24.portal import Portal
from retention_kit.errors import nearest_names

_OUR_OWN: Final = frozenset({"fm", "contactIds"})
"""Fields that are written though descriptions of fields may leave them out."""


class Fields:
    """Knows the fields of a portal's records; asks once for each type.

    Args:
        portal: The portal.
    """

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._known: dict[int, frozenset[str]] = {}
        self._lock = threading.Lock()

    def missing(self, number: int, names: Iterable[str]) -> str | None:
        """Say which of the fields are not there, with those whose names come nearest.

        Args:
            number: The type's `entityTypeId`.
            names: The fields, by their names in `crm.item.*`; those of the owner as `UF_CRM_…`.

        Returns:
            A sentence, or None where all are there.

        Raises:
            ChannelError: The portal does not tell.
        """
        known = self._of(number)
        unknown = sorted(set(names) - known - _OUR_OWN)
        if not unknown:
            return None
        near = nearest_names(unknown[0], known)
        hint = f" Nearest: {', '.join(near)}." if near else ""
        return f"The portal has no field {', '.join(map(repr, unknown))}.{hint}"

    def _of(self, number: int) -> frozenset[str]:
        with self._lock:
            if number not in self._known:
                said = self._portal.read(
                    "crm.item.fields", {"entityTypeId": number, "useOriginalUfNames": "Y"}
                )
                fields = php_map(php_map(said).get("fields"))
                self._known[number] = frozenset(fields) | frozenset(
                    str(described["upperName"])
                    for described in fields.values()
                    if isinstance(described, dict) and _is_own(described)
                )
            return self._known[number]


def _is_own(described: dict[str, Any]) -> bool:
    return str(described.get("upperName", "")).startswith("UF_")
