"""Which tables a segment needs, and which of its conditions needs each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.smart_segments.definitions.base import Condition
from retention_kit.smart_segments.definitions.customers import Member
from retention_kit.smart_segments.definitions.plugins import (
    ConditionSpec,
    PluginCondition,
    spec_of,
)
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.lowered.checks import facts_of
from retention_kit.smart_segments.lowered.facts import Fact, InPopulation, OfPlugin, tables_of
from retention_kit.smart_segments.lowered.lowering import by_name, lower

KEYS: Mapping[str, str] = {
    "orders": "orders",
    "order_items": "order_items",
    "events": "events",
    "consents": "consents",
    "customers": "customer",
    "scores": "scores",
    "snapshots": "memberships",
}
"""Under which key of `CustomerRows` each table stands."""


def check_rows(rows: object) -> None:
    """Raise where something else than a customer's rows is given.

    Raises:
        DefinitionError: It is.
    """
    if not isinstance(rows, Mapping):
        raise bad_parameter(
            "rows",
            got=type(rows).__name__,
            allowed="one customer's rows",
            step="customer_rows(…) makes them of a service's rows, rows_of_customer(shop, "
            "customer_id) takes them out of a shop's tables.",
        )


def keys_needed(facts: Iterable[Fact], specs: Iterable[ConditionSpec] = ()) -> frozenset[str]:
    """Name the keys of `CustomerRows` that facts cannot do without."""
    specs = tuple(specs)
    return frozenset(KEYS.get(table, table) for one in facts for table in _tables(one, specs))


def lacks(
    segment: Segment,
    others: Iterable[Segment],
    key: str,
    given: Iterable[str],
    specs: Iterable[ConditionSpec],
) -> DefinitionError:
    """Say which condition of a segment needs a table that is not given."""
    who, condition = _who_needs(segment, tuple(others), key, tuple(specs))
    said = f" ({_said(condition)})" if condition is not None else ""
    return not_given(segment.name, who, key, given, said=said)


def not_given(
    segment: str, who: str, key: str, given: Iterable[str], *, said: str = ""
) -> DefinitionError:
    """Say what of a segment needs a table that is not given."""
    known = {key: table for table, key in KEYS.items()}
    names = ", ".join(known[one] for one in given if one in known) or "none"
    return DefinitionError(
        f"Segment {segment!r}: {who} needs the table {known.get(key, key)!r}{said}; given: "
        f"{names}. Next step: hand it in ({key}=…), empty where the customer has none of it.",
        parameter=key,
    )


def _tables(fact: Fact, specs: tuple[ConditionSpec, ...]) -> tuple[str, ...]:
    match fact:
        case InPopulation(population="registered"):
            return ("customers",)
        case InPopulation(population="buyers"):
            return ("orders",)
        case OfPlugin():
            return spec_of(fact.condition, specs).tables
    return tables_of(fact)


def _who_needs(
    segment: Segment, others: tuple[Segment, ...], key: str, specs: tuple[ConditionSpec, ...]
) -> tuple[str, Condition | None]:
    named: dict[str, Any] = by_name((*others, segment))
    waiting, seen = [segment], {segment.name}
    while waiting:
        one = waiting.pop()
        inside = "" if one is segment else f" of segment {one.name!r}"
        for condition in one.conditions():
            if isinstance(condition, Member) and condition.when == "now":
                if condition.segment not in seen:
                    seen.add(condition.segment)
                    waiting.append(named[condition.segment])
            elif not condition.children and key in keys_needed(facts_of(lower(condition)), specs):
                return f"the condition {condition.TYPE!r}{inside}", condition
        if key in keys_needed((InPopulation(one.population),)):
            return f"the population {one.population!r}{inside}", None
    return f"the population {segment.population!r}", None


def _said(condition: Condition) -> str:
    """Say a condition, which tells it from others of its type."""
    if isinstance(condition, PluginCondition):
        # Its settings are not said: there may be a secret in them.
        return f"{condition.name!r} of {condition.distribution!r}"
    return condition.sentence().rstrip(".")
