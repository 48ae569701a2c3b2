"""Whether the fields that actions name are there: the portal ignores the others without a word."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from retention_kit.adapters.bitrix24.families import Calls
from retention_kit.adapters.bitrix24.portal import Portal
from retention_kit.delivery.clocks import Clock
from retention_kit.errors import nearest_names

_APPENDED: Final = frozenset({"FM", "PHONE", "EMAIL", "WEB", "IM", "LINK"})
"""Fields of several values, to which the portal appends."""
_ASKED_AGAIN_SECONDS: Final = 60.0
"""After which time a field that is missing is looked for again: somebody may have added it."""


@dataclass(frozen=True)
class Named:
    """Fields by the names that the portal takes.

    Attributes:
        fields: They.
        problem: Why they cannot be written, a sentence; None where they can.
    """

    fields: Mapping[str, Any]
    problem: str | None


class Fields:
    """Knows the fields of a portal's records; asks once for each type, and again for new ones.

    Args:
        portal: The portal.
        clock: The time.
    """

    def __init__(self, portal: Portal, clock: Clock) -> None:
        self._portal = portal
        self._clock = clock
        self._known: dict[int, tuple[float, Mapping[str, tuple[str, bool]]]] = {}
        self._lock = threading.Lock()

    def named(self, calls: Calls, fields: Mapping[str, Any]) -> Named:
        """Give fields by the names that the portal takes.

        Args:
            calls: The type of records, and the family of methods.
            fields: By their names in either family; those of the owner as `UF_CRM_…`.

        Raises:
            ChannelError: The portal does not tell.
        """
        if not fields:
            return Named({}, None)
        appended = sorted(field for field in fields if field.upper() in _APPENDED)
        if appended:
            return Named(
                {},
                f"What is written to the field {_listed(appended)} is added to what is there, each "
                "time anew: give it as the action's phone and email.",
            )
        known = self._of(calls)
        if any(calls.name(field) not in known for field in fields):
            known = self._of(calls, anew=True)
        unknown = sorted(field for field in fields if calls.name(field) not in known)
        if unknown:
            names = {name for name, _ in known.values()}
            near = nearest_names(unknown[0], names)
            hint = f" Nearest: {', '.join(near)}." if near else ""
            return Named({}, f"The portal has no field {_listed(unknown)}.{hint}")
        fixed = sorted(field for field in fields if not known[calls.name(field)][1])
        if fixed:
            return Named({}, f"The portal does not let the field {_listed(fixed)} be written.")
        return Named({known[calls.name(one)][0]: value for one, value in fields.items()}, None)

    def _of(self, calls: Calls, *, anew: bool = False) -> Mapping[str, tuple[str, bool]]:
        """Give by each name that a field goes by the portal's own, and whether it is written."""
        with self._lock:
            asked_at, known = self._known.get(calls.number, (0.0, {}))
            now = self._clock.now()
            if not known or (anew and now - asked_at >= _ASKED_AGAIN_SECONDS):
                ask = calls.describe()
                known = _read(calls.described(self._portal.read(ask.method, ask.params)))
                self._known[calls.number] = (now, known)
            return known


def _read(described: Mapping[str, Any]) -> dict[str, tuple[str, bool]]:
    known: dict[str, tuple[str, bool]] = {}
    for name, about in described.items():
        details = about if isinstance(about, Mapping) else {}
        field = (name, details.get("isReadOnly") not in (True, "Y"))
        known[name] = field
        if (upper := details.get("upperName")) is not None:
            known.setdefault(str(upper), field)
    return known


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))
