"""Short names of facts, for the columns of tables that show them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.windows import Last
from retention_kit.smart_segments.lowered.facts import (
    Count,
    Distinct,
    EndHas,
    Fact,
    Filled,
    FirstAt,
    Found,
    Granted,
    Greatest,
    Hashed,
    InPopulation,
    KnownSince,
    LastAt,
    Least,
    OfColumn,
    OfColumnOfCustomer,
    OfPlugin,
    OfRows,
    Periods,
    Snapshots,
    Total,
)

TAKEN = ("customer_id", "is_member")
"""Names that stand beside facts already."""
_LONGEST = 24
_OF_COLUMNS: dict[type[OfColumn], str] = {
    Total: "sum",
    Filled: "count_of",
    Least: "min",
    Greatest: "max",
    Distinct: "distinct",
}


def labels(facts: Iterable[Fact]) -> dict[Fact, str]:
    """Name facts: each of equal ones the same, and no two different ones.

    Args:
        facts: The facts.

    Returns:
        Names such as `orders_count_30d`, `order_items_tea_last_at` or `city`, in lower case, of
        letters, digits and underscores; those that are alike are numbered from the second on.

    Examples:
        >>> from retention_kit.smart_segments.definitions.windows import AllTime, Last
        >>> facts = Count(Rows(), Last(length="30d")), LastAt(Rows(), AllTime())
        >>> list(labels(facts).values())
        ['orders_count_30d', 'orders_last_at']
    """
    found: dict[Fact, str] = {}
    taken = set(TAKEN)
    for fact in facts:
        if fact in found:
            continue
        base = name = _slug(_name(fact), longest=100) or "fact"
        number = 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        found[fact] = name
    return found


def _name(fact: Fact) -> str:  # noqa: PLR0911 - one arm for each kind of fact
    match fact:
        case OfColumn():
            return f"{_of(fact.rows)} {fact.column} {_OF_COLUMNS[type(fact)]}{_in(fact)}"
        case Count():
            return f"{_of(fact.rows)} count{_in(fact)}"
        case FirstAt() | LastAt():
            end = "first" if isinstance(fact, FirstAt) else "last"
            return f"{_of(fact.rows)} {end} at{_in(fact)}"
        case Periods():
            return f"{_of(fact.rows)} periods {fact.window.periods}x{fact.every}"
        case EndHas():
            return f"{_of(fact.rows)} {fact.end} has {_values(fact.has)}"
        case Found():
            return "then ".join(f"{_of(step.rows)} " for step in fact.sequence.steps) + "found"
        case OfColumnOfCustomer():
            return fact.column
        case KnownSince():
            return "known since"
        case InPopulation():
            return f"is of {fact.population}"
        case Granted():
            return f"consent {fact.channel} {fact.purpose}"
        case Hashed():
            return f"bucket {fact.salt}"
        case Snapshots():
            return f"snapshots {fact.what} {fact.segment}"
        case OfPlugin():
            return fact.condition.name
    return type(fact).__name__


def _of(rows: Rows) -> str:
    return f"{'net ' if rows.net else ''}{rows.source} {_values(rows.where)}"


def _values(where: Iterable[object]) -> str:
    """Give the texts that columns are equal to, which say best what is asked for."""
    found = [getattr(one, "value", None) for one in where]
    return " ".join(_slug(one, longest=_LONGEST) for one in found if isinstance(one, str))


def _in(fact: OfRows) -> str:
    return f" {fact.window.length}" if isinstance(fact.window, Last) else ""


def _slug(text: str, *, longest: int) -> str:
    """Write a text in lower case, with underscores for all that is no letter or digit."""
    return re.sub(r"[\W_]+", "_", text.lower()).strip("_")[:longest].rstrip("_")
