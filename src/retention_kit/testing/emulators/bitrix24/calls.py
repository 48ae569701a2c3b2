"""What a method is called with, and the steps that methods share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from retention_kit.testing.emulators.bitrix24.credentials import Caller
from retention_kit.testing.emulators.bitrix24.envelope import Answer
from retention_kit.testing.emulators.bitrix24.parameters import Parameters
from retention_kit.testing.emulators.bitrix24.portal import Portal


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a method.

    Attributes:
        portal: The state.
        asked: The parameters.
        caller: Who calls.
    """

    portal: Portal
    asked: Parameters
    caller: Caller


Method = Callable[[Call], Answer]


def ordering(order: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """Read `order`: names, and whether they descend."""
    return [(name, str(way).upper().startswith("DESC")) for name, way in order.items()]


def start_of(asked: Parameters) -> int:
    """Read `start`: how many records stand before the page, or -1 for a page without a count."""
    return asked.number("start")
