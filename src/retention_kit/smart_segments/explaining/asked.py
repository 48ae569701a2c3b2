"""What a check asks of its facts, in words, one line for each fact."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from retention_kit.smart_segments.definitions.base import Language
from retention_kit.smart_segments.definitions.lengths import EPOCH, microseconds
from retention_kit.smart_segments.definitions.sequences import Sequence
from retention_kit.smart_segments.definitions.values import Comparison
from retention_kit.smart_segments.definitions.windows import AllTime
from retention_kit.smart_segments.explaining.showing import shown
from retention_kit.smart_segments.explaining.words import (
    ASKED,
    FACTS,
    OPERATORS,
    POPULATIONS,
    SOURCES,
)
from retention_kit.smart_segments.lowered.checks import (
    Apart,
    Both,
    Check,
    ComesRound,
    CompareNumber,
    CompareRatio,
    CompareValue,
    Either,
    InRange,
    InWindow,
    IsTrue,
    NoneSince,
    Opposite,
    UnlessTooNew,
)
from retention_kit.smart_segments.lowered.due import due_dates
from retention_kit.smart_segments.lowered.facts import (
    Count,
    EndHas,
    Fact,
    FirstAt,
    Found,
    Granted,
    Hashed,
    InPopulation,
    KnownSince,
    LastAt,
    OfColumn,
    OfColumnOfCustomer,
    OfPlugin,
    OfRows,
    Periods,
    Snapshots,
    Total,
)
from retention_kit.smart_segments.lowered.spans import Span
from retention_kit.smart_segments.sentences.speaking import length_in_words

_NOTHING: dict[type[Fact], str] = {
    FirstAt: "never",
    LastAt: "never",
    OfColumnOfCustomer: "missing",
    KnownSince: "missing",
    EndHas: "never",
}
"""The word for a fact that is not there."""


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """One fact and what is asked of it.

    Attributes:
        fact: The fact, in words.
        value: Its value.
        shown: The value, in words.
        required: What is asked, in words.
        check: The check that asks; None where `holds` says it.
        holds: Whether it holds, where no check of the condition's own asks it.
    """

    fact: str
    value: Any
    shown: str
    required: str
    check: Check | None
    holds: bool | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Asking:
    """When, where and in which language it is asked, and what the facts are.

    Attributes:
        values: The facts' values.
        as_of: The instant of observation.
        zone: The shop's zone.
        language: The language.
    """

    values: dict[Fact, Any]
    as_of: dt.datetime
    zone: ZoneInfo
    language: Language

    def lines(self, check: Check) -> Iterator[Asked]:
        """Give what a check asks, fact by fact."""
        words = ASKED[self.language]
        match check:
            case Both() | Either():
                for one in check.checks:
                    yield from self.lines(one)
            case Opposite():
                yield from self.lines(check.check)
            case InRange():
                yield self._line(check.fact, _range_in_words(check, words), check)
            case CompareNumber():
                yield self._line(check.fact, self._compared(check.operator, check.value), check)
            case CompareRatio():
                required = self._compared(check.operator, check.value)
                above, below = self.values[check.above], self.values[check.below]
                ratio = float(above) / float(below) if below else None
                said = shown(ratio, self.language) if below else words["of_nothing"]
                yield Asked(self._ratio(check), ratio, said, required, check)
            case CompareValue():
                yield self._line(check.fact, self._operands(check.comparison), check)
            case IsTrue(fact=InPopulation(population="everyone")):
                return
            case IsTrue(fact=Found() as found):
                yield self._line(found, words["true"], check)
                yield from self._steps(found.sequence, check)
            case IsTrue(fact=EndHas() as end):
                required = ", ".join(f"{one.column} {self._operands(one)}" for one in end.has)
                yield self._line(end, required, check)
            case IsTrue():
                yield self._line(check.fact, words["true"], check)
            case _:
                yield from self._lines_of_time(check)

    def _lines_of_time(self, check: Check) -> Iterator[Asked]:
        words = ASKED[self.language]
        match check:
            case InWindow():
                yield self._line(check.fact, self._window(check.window), check)
            case Apart():
                earlier = self.values[check.earlier]
                required = words["nothing_before"]
                if earlier is not None:
                    least = check.length.after(earlier, self.zone)
                    required = words["from"].format(
                        start=self._instant(least), earlier=self._instant(earlier)
                    )
                yield self._line(check.later, required, check)
            case NoneSince():
                first = self.values[check.first]
                required = words["nothing_first"]
                if first is not None:
                    required = words["none_since"].format(first=self._instant(first))
                yield self._line(check.last, required, check)
            case ComesRound():
                first, last = due_dates(check.anniversary, self.as_of, self.zone)
                kind = "date_after" if check.anniversary.after else "anniversary"
                after = check.anniversary.after
                said = length_in_words(after, self.language) if after else ""
                required = words[kind].format(first=first, last=last, after=said)
                yield self._line(check.fact, required, check)
            case UnlessTooNew():
                start, _ = check.window.bounds(self.as_of, self.zone)
                if start is not None:
                    required = words["known_before"].format(start=self._microseconds(start))
                    since = self.values[check.known_since]
                    holds = since is not None and microseconds(since) <= start
                    line = self._line(check.known_since, required, check)
                    yield replace(line, check=None, holds=holds)
                yield from self.lines(check.check)

    def _line(self, fact: Fact, required: str, check: Check) -> Asked:
        value = self.values[fact]
        said = shown(value, self.language)
        if value is None:
            said = ASKED[self.language][_NOTHING.get(type(fact), "unknown")]
        return Asked(self._name(fact), value, said, required, check)

    def _steps(self, sequence: Sequence, check: Check) -> Iterator[Asked]:
        """Say of each step how many rows could be it, and when what must not follow was last."""
        words = ASKED[self.language]
        for number, step in enumerate(sequence.steps, start=1):
            window = sequence.window if number == 1 else AllTime()
            for fact in (Count(step.rows, window), LastAt(step.rows, AllTime())):
                line = self._line(fact, words["in_order"], check)
                named = words["step"].format(number=number, fact=line.fact)
                holds = bool(self.values[fact])
                yield replace(line, fact=named, check=None, holds=holds)
            for without in step.without:
                line = self._line(LastAt(without.rows, AllTime()), words["not_after"], check)
                named = words["not_step"].format(number=number, fact=line.fact)
                none = line.value is None
                yield replace(line, fact=named, check=None if none else check, holds=none or None)

    def _ratio(self, check: CompareRatio) -> str:
        """Name a mean or a share, and over how many it is."""
        below = shown(self.values[check.below], self.language)
        rows = self._rows(check.below)
        if isinstance(check.above, Total):
            named = ASKED[self.language]["mean"].format(column=check.above.column, number=below)
        else:
            above = shown(self.values[check.above], self.language)
            named = ASKED[self.language]["share"].format(above=above, number=below)
        return f"{named} ({rows})"

    def _name(self, fact: Fact) -> str:
        named = FACTS[self.language][type(fact).__name__]
        match fact:
            case OfColumn():
                named = named.format(column=fact.column)
            case OfColumnOfCustomer():
                return named.format(column=fact.column)
            case Granted():
                return named.format(channel=fact.channel, purpose=fact.purpose)
            case Hashed():
                return named.format(salt=fact.salt)
            case Snapshots():
                what = ASKED[self.language][f"snapshots_{fact.what}"]
                return named.format(segment=fact.segment, what=what)
            case OfPlugin():
                return named.format(name=fact.condition.name)
            case InPopulation():
                return f"{named}: {POPULATIONS[self.language][fact.population]}"
        rows = self._rows(fact)
        return f"{named} ({rows})" if rows else named

    def _rows(self, fact: Fact) -> str:
        """Say which rows a fact is of, and within which time."""
        if not isinstance(fact, OfRows | Periods | EndHas):
            return ""
        said = [SOURCES[self.language][fact.rows.source]]
        said += [f"{one.column} {self._operands(one)}" for one in fact.rows.where]
        if fact.rows.net:
            said.append(ASKED[self.language]["net"])
        if not isinstance(fact, EndHas) and not isinstance(fact.window, AllTime):
            said.append(self._window(fact.window))
        return ", ".join(said)

    def _compared(self, operator: str, value: Any) -> str:
        return f"{OPERATORS[self.language][operator]} {self._value(value)}"

    def _operands(self, comparison: Comparison) -> str:
        if comparison.window is not None:
            return self._window(comparison.window)
        said = OPERATORS[self.language][comparison.operator]
        if comparison.values:
            return f"{said} {', '.join(self._value(one) for one in comparison.values)}"
        return said if comparison.value is None else f"{said} {self._value(comparison.value)}"

    def _value(self, value: Any) -> str:
        if isinstance(value, dt.datetime):
            return self._instant(value)
        return shown(value, self.language)

    def _window(self, window: Span) -> str:
        start, end = window.bounds(self.as_of, self.zone)
        words = ASKED[self.language]
        if start is None:
            return words["until"].format(end=self._microseconds(end))
        key = "between" if start < end else "empty"
        return words[key].format(start=self._microseconds(start), end=self._microseconds(end))

    def _instant(self, at: dt.datetime) -> str:
        return shown(at.astimezone(self.zone), self.language)

    def _microseconds(self, at: int) -> str:
        return self._instant(EPOCH + dt.timedelta(microseconds=at))


def _range_in_words(check: InRange, words: dict[str, str]) -> str:
    if check.low == check.high:
        return words["exactly"].format(number=check.low)
    if check.high is None:
        return words["at_least"].format(number=check.low)
    if check.low is None:
        return words["at_most"].format(number=check.high)
    return words["range"].format(low=check.low, high=check.high)
