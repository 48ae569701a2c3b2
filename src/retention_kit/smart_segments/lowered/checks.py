"""What is asked of facts: each a frozen value whose answer is true, false or unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import Decimal

from retention_kit.smart_segments.definitions.customers import Missing
from retention_kit.smart_segments.definitions.lengths import Length
from retention_kit.smart_segments.definitions.moments import Anniversary
from retention_kit.smart_segments.definitions.values import Comparison, NumberOperator
from retention_kit.smart_segments.lowered.facts import Fact, KnownSince, OfColumnOfCustomer
from retention_kit.smart_segments.lowered.spans import Span

_KNOWN_SINCE = KnownSince()


@dataclass(frozen=True, slots=True)
class Check:
    """A question about facts."""


@dataclass(frozen=True, slots=True)
class Both(Check):
    """All of them: false as soon as one is, else unknown as soon as one is, else true.

    Attributes:
        checks: At least one.
    """

    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Either(Check):
    """Any of them: true as soon as one is, else unknown as soon as one is, else false.

    Attributes:
        checks: At least one.
    """

    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Opposite(Check):
    """True where it is false, false where it is true; unknown stays unknown.

    Attributes:
        check: The other.
    """

    check: Check


@dataclass(frozen=True, slots=True)
class InRange(Check):
    """A whole number lies in a range, both ends included; the fact is never None.

    Attributes:
        fact: A count, a hash.
        low: The lower end; None is no end.
        high: The upper end; None is no end.
    """

    fact: Fact
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class CompareNumber(Check):
    """A number compared exactly (of floats: with the nearest float); unknown where it is None.

    Attributes:
        fact: The number.
        operator: How.
        value: With what.
    """

    fact: Fact
    operator: NumberOperator
    value: int | Decimal


@dataclass(frozen=True, slots=True)
class CompareRatio(Check):
    """A ratio of two exact numbers compared without dividing; unknown where the lower one is 0.

    Attributes:
        above: The numerator.
        below: The denominator: a count, never below 0.
        operator: How.
        value: With what.
    """

    above: Fact
    below: Fact
    operator: NumberOperator
    value: int | Decimal


@dataclass(frozen=True, slots=True)
class CompareValue(Check):
    """A column of the customer compared as `Comparison` says.

    Attributes:
        fact: The column.
        comparison: How and with what.
        missing: What it is where the value is None (not for `known` and `unknown`).
    """

    fact: OfColumnOfCustomer
    comparison: Comparison
    missing: Missing


@dataclass(frozen=True, slots=True)
class InWindow(Check):
    """An instant lies in a window; false where it is None.

    Attributes:
        fact: The instant.
        window: The window.
    """

    fact: Fact
    window: Span


@dataclass(frozen=True, slots=True)
class Apart(Check):
    """One instant comes at least so long after another; false where either is None.

    Attributes:
        earlier: The one.
        later: The other.
        length: How long: `earlier` moved by it is not after `later`.
    """

    earlier: Fact
    later: Fact
    length: Length


@dataclass(frozen=True, slots=True)
class NoneSince(Check):
    """The last of one kind is before the first of another, or there is none of it.

    Attributes:
        last: The instant of the last, or None.
        first: The instant of the other; false where it is None.
    """

    last: Fact
    first: Fact


@dataclass(frozen=True, slots=True)
class ComesRound(Check):
    """A date comes round on one of the days asked for; see `Anniversary`.

    Attributes:
        fact: The date, or an instant whose date in the shop's zone is meant.
        anniversary: When.
        without: What it is where the fact is None.
    """

    fact: Fact
    anniversary: Anniversary
    without: bool | None


@dataclass(frozen=True, slots=True)
class IsTrue(Check):
    """A fact that is true, false or None is true; unknown where it is None.

    Attributes:
        fact: The fact.
    """

    fact: Fact


@dataclass(frozen=True, slots=True)
class UnlessTooNew(Check):
    """A check, or else an answer of its own where the customer is younger than a window.

    Too new is who is known since after the window's start, or of whom that is not known. A window
    from the beginning makes nobody too new.

    Attributes:
        check: The check.
        window: The window.
        otherwise: The answer for who is too new.
        known_since: Since when the customer is known.
    """

    check: Check
    window: Span
    otherwise: bool | None
    known_since: KnownSince = _KNOWN_SINCE


def facts_of(check: Check) -> Iterator[Fact]:
    """Give every fact that a check asks of, some more than once, in the order they stand."""
    for field in fields(check):
        value = getattr(check, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, Fact):
                yield one
            elif isinstance(one, Check):
                yield from facts_of(one)
