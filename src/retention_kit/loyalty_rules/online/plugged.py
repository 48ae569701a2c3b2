"""What plug-ins give for one event."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.lowered.plan import CompiledProgram

Plugged = tuple[tuple[int, int, EarningRuleSpec, Any], ...]
"""By base that a plug-in gives: its number, the bits of the rules that look at it, the award."""
_MONEY = ("amount", "discount", "points_paid", "value")


def plugged_with(program: CompiledProgram) -> Plugged:
    """Give the bases of a programme that plug-ins give."""
    found: list[tuple[int, int, EarningRuleSpec, Any]] = []
    for place, base in enumerate(program.bases):
        if base.plugin is None:
            continue
        looking = program.rules_of_base(place)
        found.append((place, looking, *program.specs[base.plugin]))
    return tuple(found)


def put_units(
    plugged: Plugged, bases: list[list[int]], mask: int, row: Any, program: CompiledProgram
) -> None:
    """Put what plug-ins give for an event into its bases; only what a rule looks at is asked for.

    Raises:
        PluginError: One raised something, or gave no number of units.
    """
    asked = [one for one in plugged if one[1] & mask]
    if not asked:
        return
    shown = row_shown(row, program)
    for place, _, spec, settings in asked:
        bases[place] = [spec.units_of(settings, shown)]


def row_shown(row: Mapping[str, Any], program: CompiledProgram) -> dict[str, Any]:
    """Give a row as plug-ins see it, in both evaluators alike; see `EarningRuleSpec`."""
    zone = ZoneInfo(program.time_zone)
    shown = {
        name: value.astimezone(zone)
        if isinstance(value, dt.datetime) and value.tzinfo is not None
        else value
        for name, value in row.items()
    }
    for name in _MONEY:
        value = shown.get(name)
        if isinstance(value, int):
            shown[name] = Decimal(value)
    if "order_id" in shown and "ordered_at" in shown:
        shown["currency"] = program.currency
    return shown
