"""A segment compiled: what can be asked of one customer after another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from retention_kit.errors import UnknownMembershipError
from retention_kit.smart_segments.definitions.lengths import microseconds
from retention_kit.smart_segments.definitions.plugins import ConditionSpec
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.lowered.checks import Check
from retention_kit.smart_segments.lowered.facts import Fact, FirstAt, KnownSince, LastAt
from retention_kit.smart_segments.lowered.lowering import lower_segment
from retention_kit.smart_segments.person.asking import Ask
from retention_kit.smart_segments.person.checking import checking
from retention_kit.smart_segments.person.columns import missing_key
from retention_kit.smart_segments.person.computing import computing
from retention_kit.smart_segments.person.filtering import filtering
from retention_kit.smart_segments.person.needs import check_rows, keys_needed, lacks
from retention_kit.smart_segments.person.of_customer import in_zone
from retention_kit.smart_segments.person.plan import Plan
from retention_kit.smart_segments.person.spans import Moment, as_of_microseconds
from retention_kit.smart_segments.person.typed_rows import CustomerRows

WhatIfUnknown = Literal["exclude", "include", "keep", "raise"]
"""What `is_member` gives for a customer of whom it is unknown: False, True, None, or an error."""
Taken = Mapping[str, Iterable[dt.datetime]]
"""When snapshots were taken, by the segment's name."""
_ALWAYS = frozenset({"customer_id", "time_zone"})
_IF_UNKNOWN: dict[str, bool | None] = {"exclude": False, "include": True, "keep": None}


class CompiledSegment:
    """A segment that can be asked of one customer after another.

    Made by `compile_segment`. It holds no customer, may be shared by threads and processes, and
    can be pickled where its segment and plugins can.

    Attributes:
        segment: The segment.
        check: What it asks, as checks on facts.
        unknown: What `is_member` gives where it is unknown.
        plan: Its windows, filters and facts.
    """

    def __init__(
        self,
        segment: Segment,
        *,
        others: tuple[Segment, ...] = (),
        taken: Mapping[str, tuple[dt.datetime, ...]] | None = None,
        conditions: tuple[ConditionSpec, ...] = (),
        unknown: WhatIfUnknown = "exclude",
    ) -> None:
        self.segment = segment
        self.unknown: WhatIfUnknown = unknown
        self._others, self._taken, self._conditions = others, taken, conditions
        self.check = lower_segment(segment, others)
        self.plan = _plan(segment, taken=_in_order(taken), specs=conditions)
        self._answer = checking(self.check, self.plan, self._know)
        self._needs = keys_needed(self.plan.facts, conditions) | _ALWAYS
        self._last: Moment | None = None

    def is_member(self, rows: CustomerRows, as_of: dt.datetime) -> bool | None:
        """Say whether a customer is a member.

        Args:
            rows: The customer's rows, as `CustomerRows` describes them.
            as_of: The instant of observation, with a time zone; rows at or after it do not exist.

        Returns:
            True or False; where it is unknown, what `unknown` says: None with `keep`.

        Raises:
            DefinitionError: `rows` are no `CustomerRows`; or a table or a column that the segment
                needs is not given, or has another type than it needs.
            DataError: An instant has no time zone.
            UnknownMembershipError: It is unknown, and the segment was compiled to raise.
        """
        answer = self.evaluate(rows, as_of)
        return self.said(answer) if answer is None else answer

    def evaluate(self, rows: CustomerRows, as_of: dt.datetime) -> bool | None:
        """Say whether a customer is a member: True, False, or None where it is unknown."""
        return self._answer(self.ask(rows, as_of))

    def said(self, answer: bool | None) -> bool | None:
        """Give what `is_member` gives for an answer.

        Raises:
            UnknownMembershipError: It is unknown, and the segment was compiled to raise.
        """
        if answer is not None:
            return answer
        if self.unknown == "raise":
            raise UnknownMembershipError(self.segment.name)
        return _IF_UNKNOWN[self.unknown]

    def facts(self, rows: CustomerRows, as_of: dt.datetime) -> dict[Fact, Any]:
        """Work out every fact that the segment asks for.

        Returns:
            The values by fact. Instants are in the shop's zone.
        """
        ask = self.ask(rows, as_of)
        return {
            fact: _shown(fact, ask.value(place), ask) for place, fact in enumerate(self.plan.facts)
        }

    def answer(
        self, check: Check, facts: Mapping[Fact, Any], as_of: dt.datetime, zone: str
    ) -> bool | None:
        """Answer one check, such as a part of `check`, by facts that are known.

        Args:
            check: The check.
            facts: The values of the facts that it asks for, as `facts` gives them.
            as_of: The instant of observation.
            zone: The shop's zone, by name.
        """
        plan = _plan(self.segment)

        def know(fact: Fact) -> Callable[[Ask], Any]:
            value = facts[fact]
            if isinstance(fact, _INSTANTS) and value is not None:
                value = microseconds(value)
            return lambda _: value

        answer = checking(check, plan, know)
        moment = Moment(as_of, zone, len(plan.spans))
        return answer(Ask({}, moment, spans=plan.spans, selects=(), computes=()))

    def ask(self, rows: CustomerRows, as_of: dt.datetime) -> Ask:
        """Begin a question.

        Raises:
            DefinitionError: A table that the segment needs is not given, or `as_of` or the zone
                is none.
        """
        self.check_given(rows)
        plan, moment = self.plan, self.moment(as_of, rows["time_zone"])
        return Ask(rows, moment, spans=plan.spans, selects=plan.selects, computes=plan.computes)

    def check_given(self, rows: CustomerRows) -> None:
        """Raise where a table that the segment needs is not given, or no rows are.

        Raises:
            DefinitionError: It is not; the message says which condition needs it.
        """
        check_rows(rows)
        if not self._needs <= rows.keys():
            missing = next(key for key in sorted(self._needs) if key not in rows)
            if missing in _ALWAYS:
                raise missing_key("CustomerRows", missing, rows)
            raise lacks(self.segment, self._others, missing, rows, self._conditions)

    def answered(self, ask: Ask) -> bool | None:
        """Answer a question that was begun: True, False, or None where it is unknown."""
        return self._answer(ask)

    def moment(self, as_of: dt.datetime, time_zone: str) -> Moment:
        """Give the instant of observation, with the windows found at it so far.

        Raises:
            DefinitionError: It has no time zone, or there is no such zone.
        """
        last = self._last
        # Many customers are asked at one instant: its windows are the same for all of them.
        if last is None or last.as_of is not as_of or last.time_zone != time_zone:
            last = self._last = Moment(as_of, time_zone, len(self.plan.spans))
        return last

    def __reduce__(self) -> tuple[Any, ...]:
        fields = (self.segment, self._others, self._taken, self._conditions, self.unknown)
        return _compiled_again, fields

    def __repr__(self) -> str:
        return f"CompiledSegment({self.segment.name!r}, unknown={self.unknown!r})"

    def _know(self, fact: Fact) -> Callable[[Ask], Any]:
        place = self.plan.fact(fact)
        return lambda ask: ask.value(place)


_INSTANTS = (FirstAt, LastAt, KnownSince)


def _plan(
    segment: Segment,
    *,
    taken: dict[str, tuple[int, ...]] | None = None,
    specs: tuple[ConditionSpec, ...] = (),
) -> Plan:
    return Plan(segment.name, filtering=filtering, computing=computing, taken=taken, specs=specs)


def _compiled_again(
    segment: Segment,
    others: tuple[Segment, ...],
    taken: Mapping[str, tuple[dt.datetime, ...]] | None,
    conditions: tuple[ConditionSpec, ...],
    unknown: WhatIfUnknown,
) -> CompiledSegment:
    return CompiledSegment(
        segment, others=others, taken=taken, conditions=conditions, unknown=unknown
    )


def _in_order(
    taken: Mapping[str, tuple[dt.datetime, ...]] | None,
) -> dict[str, tuple[int, ...]] | None:
    if taken is None:
        return None
    return {
        name: tuple(sorted({as_of_microseconds(at, "taken") for at in instants}))
        for name, instants in taken.items()
    }


def _shown(fact: Fact, value: Any, ask: Ask) -> Any:
    """Give a fact's value as it is shown: an instant in the shop's zone."""
    if isinstance(fact, _INSTANTS) and value is not None:
        return in_zone(value, ask.zone)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(ask.zone)
    return value
