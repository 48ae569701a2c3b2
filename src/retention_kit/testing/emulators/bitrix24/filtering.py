"""The filters of lists: prefixes of names, and in `crm.item.*` nested conditions with a logic."""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from retention_kit.testing.emulators.bitrix24.fields import Field, taken
from retention_kit.testing.emulators.bitrix24.parameters import as_mapping, as_number

Test = Callable[[Mapping[str, Any]], bool]
Finder = Callable[[str], Field | None]
"""Finds a field by its name in a filter; None where the name is to be ignored."""

_PREFIXED = re.compile(r"(!=%|!%=|>=|<=|!@|!%|!=|=%|%=|[<>@%=!]|)(.+)", re.DOTALL)
_ORDERINGS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


@dataclass(slots=True)
class Filter:
    """What a list is asked for: bounds of the id, for speed, and tests for all else.

    Attributes:
        above: Only ids greater than this.
        below: Only ids less than this, if given.
        ids: Only these, if given.
        tests: What a record must pass.
    """

    above: int = 0
    below: int | None = None
    ids: set[int] | None = None
    tests: list[Test] = field(default_factory=list)

    def allows(self, row: Mapping[str, Any]) -> bool:
        """Tell whether a record passes the tests."""
        return all(test(row) for test in self.tests)

    def bound(self, prefix: str, value: Any) -> bool:
        """Take a condition on the id as a bound, and tell whether it could be taken."""
        if prefix in _ORDERINGS:
            number = as_number(value)
            if prefix.startswith(">"):
                self.above = max(self.above, number - (prefix == ">="))
            else:
                most = number + (prefix == "<=")
                self.below = most if self.below is None else min(self.below, most)
        elif prefix in {"", "=", "@"}:
            wanted = {as_number(item) for item in _several(value)}
            self.ids = wanted if self.ids is None else self.ids & wanted
        else:
            return False
        return True


def parse_filter(
    conditions: Mapping[str, Any], find: Finder, zone: dt.timezone, *, nested: bool
) -> Filter:
    """Read a filter.

    Args:
        conditions: Names with prefixes, and values.
        find: Finds a field by its name.
        zone: The portal's zone, for instants without an offset.
        nested: Whether conditions may be nested under numbers.

    Raises:
        ValueError: A value cannot be compared with its field.
    """
    parsed = Filter()
    if nested and str(conditions.get("logic", "AND")).upper() == "OR":
        parsed.tests.append(_grouped(conditions, find, zone))
        return parsed
    for name, value in conditions.items():
        if nested and name == "logic":
            continue
        if nested and name.isdigit():
            parsed.tests.append(_grouped(as_mapping(value), find, zone))
            continue
        prefix, known = _known(name, find)
        if known is None or (known.name == "ID" and parsed.bound(prefix, value)):
            continue
        parsed.tests.append(_test(known, prefix, value, zone))
    return parsed


def _grouped(conditions: Mapping[str, Any], find: Finder, zone: dt.timezone) -> Test:
    tests: list[Test] = []
    for name, value in conditions.items():
        if name == "logic":
            continue
        if name.isdigit():
            tests.append(_grouped(as_mapping(value), find, zone))
            continue
        prefix, known = _known(name, find)
        if known is not None:
            tests.append(_test(known, prefix, value, zone))
    either = str(conditions.get("logic", "AND")).upper() == "OR"
    if either and tests:
        return lambda row: any(test(row) for test in tests)
    return lambda row: all(test(row) for test in tests)


def _known(name: str, find: Finder) -> tuple[str, Field | None]:
    match = _PREFIXED.fullmatch(name)
    if match is None:
        return "", find(name)
    return match.group(1), find(match.group(2))


def _test(known: Field, prefix: str, value: Any, zone: dt.timezone) -> Test:
    name = known.name
    if prefix in _ORDERINGS:
        compare, wanted = _ORDERINGS[prefix], _comparable(known, value, zone)
        if wanted is None:
            return lambda _: False
        return lambda row: (kept := _kept(row.get(name))) is not None and compare(kept, wanted)
    if "%" in prefix:
        matches = _matching(prefix.lstrip("!"), str(value))
        if prefix.startswith("!"):
            return lambda row: not matches(row.get(name))
        return lambda row: matches(row.get(name))
    if value in ("", None):
        empty = _is_empty(name)
        return (lambda row: not empty(row)) if prefix.startswith("!") else empty
    options = {_comparable(known, item, zone) for item in _several(value)} - {None}
    equal = _equal(known, options)
    return (lambda row: not equal(row)) if prefix.startswith("!") else equal


def _is_empty(name: str) -> Test:
    return lambda row: row.get(name) in (None, "", [], 0)


def _equal(known: Field, options: set[Any]) -> Test:
    name = known.name
    if known.kind == "numbers":
        return lambda row: not options.isdisjoint(row.get(name) or ())
    if known.kind == "contacts":
        return lambda row: any(_kept(item["VALUE"]) in options for item in row.get(name) or ())
    if len(options) == 1:
        (only,) = options
        return lambda row: _kept(row.get(name)) == only
    return lambda row: _kept(row.get(name)) in options


def _matching(prefix: str, pattern: str) -> Callable[[Any], bool]:
    sought = pattern.casefold()
    if prefix == "%":
        return lambda value: value is not None and sought in str(value).casefold()
    like = re.compile(".*".join(map(re.escape, sought.split("%"))), re.DOTALL)
    return lambda value: value is not None and like.fullmatch(str(value).casefold()) is not None


def _comparable(known: Field, value: Any, zone: dt.timezone) -> Any:
    if known.kind == "flag" and known.own:
        # An owner's yes and no is asked for by 1 and 0; letters find nothing.
        return {"1": True, "0": False}.get(str(int(value) if value in (0, 1) else value))
    if known.kind == "numbers":
        return as_number(value)
    return _kept(str(value) if known.kind == "contacts" else taken(known, value, zone))


def _kept(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _several(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else [value]
