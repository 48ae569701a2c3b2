"""A hundred segments over orders, as figures alone: each engine turns them into its own language.

Amounts are in the shop's currency, lengths in days before the instant of observation unless a name
says otherwise. Standard library only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True, slots=True)
class Counted:
    """So many sales in the last `days`; without `days` ever."""

    days: int | None
    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """So many returns in the last `days`."""

    days: int
    at_least: int


@dataclass(frozen=True, slots=True)
class Summed:
    """Sales of so much together in the last `days`; without `days` ever."""

    days: int | None
    at_least: int


@dataclass(frozen=True, slots=True)
class Averaged:
    """A mean sale of `low` to `high`, both included, and so many sales, in the last `days`."""

    days: int | None
    low: int
    high: int
    sales: int


@dataclass(frozen=True, slots=True)
class Shared:
    """Of the sales in the last `days` at least `share` were of `amount` or more."""

    days: int | None
    amount: int
    share: str


@dataclass(frozen=True, slots=True)
class Extreme:
    """The largest sale in the last `days` at least, or the smallest at most, so much."""

    days: int
    which: str
    amount: int


@dataclass(frozen=True, slots=True)
class Regular:
    """A sale in at least so many of the last complete calendar periods."""

    every: str
    periods: int
    at_least: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """So many sales in the `active` days before the last `silent` ones, and none in those."""

    silent: int
    active: int | None
    at_least: int


@dataclass(frozen=True, slots=True)
class Back:
    """The first sale in the last `within` days comes `gap` days or more after the one before."""

    gap: int
    within: int


@dataclass(frozen=True, slots=True)
class End:
    """The first or the last sale was `oldest` to `youngest` days ago, and was of so much."""

    which: str
    oldest: int | None
    youngest: int = 0
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class NotAfter:
    """The last sale of `amount` or more lies in the last `days`, and nothing came back since."""

    days: int
    amount: int


@dataclass(frozen=True, slots=True)
class Then:
    """A sale of `amount` in the last `days`, and later, within `within` days, one of `then`."""

    days: int
    amount: int
    within: int
    then: int


@dataclass(frozen=True, slots=True)
class SecondWithin:
    """The first sale of all, and later, within `within` days, another."""

    within: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A sale of `amount` in the last `days` with no return from it on for `quiet` days."""

    days: int
    amount: int
    quiet: int


Rule = (
    Counted
    | Returned
    | Summed
    | Averaged
    | Shared
    | Extreme
    | Regular
    | Stopped
    | Back
    | End
    | NotAfter
    | Then
    | SecondWithin
    | Kept
)


def _rules() -> Iterator[Rule]:
    for days, at_least in product((30, 60, 90, 180, 365), (1, 2, 3, 5)):
        yield Counted(days, at_least=at_least)
    for days, at_most in product((30, 90, 180, 365), (0, 1)):
        yield Counted(days, at_most=at_most)
    for at_least in (1, 2, 5):
        yield Counted(None, at_least=at_least)
    yield Counted(None, at_least=1, at_most=1)
    yield from (Returned(days, 1) for days in (30, 90, 365))
    for days, at_least in product((90, 365, None), (1_000, 3_000, 10_000)):
        yield Summed(days, at_least)
    for days, (low, high) in product((90, 365, None), ((1_000, 2_000), (2_000, 5_000))):
        yield Averaged(days, low, high, sales=2)
    for days, share in product((180, 365, None), ("0.5", "0.25")):
        yield Shared(days, 2_000, share)
    for days in (90, 180, 365):
        yield Extreme(days, "max", 5_000)
        yield Extreme(days, "min", 500)
    yield from (Regular("1mo", 12, 3), Regular("1mo", 12, 6), Regular("1mo", 6, 3))
    yield from (Regular("1w", 12, 2), Regular("1w", 26, 4), Regular("1q", 4, 3))
    for silent, active, at_least in product((60, 90), (365, None), (2, 4)):
        yield Stopped(silent, active, at_least)
    for gap, within in product((90, 180, 365), (14, 30)):
        yield Back(gap, within)
    yield from (End("first", oldest) for oldest in (30, 90, 180))
    yield from (End("first", 180, amount=2_000), End("last", None, amount=3_000))
    yield from (End("last", 60, 30), End("last", 90, 60), End("last", 365, 180))
    yield from (NotAfter(days, 2_000) for days in (30, 90, 180))
    yield from (Then(90, 2_000, 30, 1_000), Then(180, 3_000, 60, 500), Then(30, 1_000, 14, 1_000))
    yield from (SecondWithin(30), SecondWithin(90), Kept(90, 2_000, 30), Kept(180, 3_000, 14))


HUNDRED = tuple(_rules())
"""The segments, in order."""


def name_of(place: int) -> str:
    """Give the name of a segment, which is a column's too."""
    return f"s{place:03}"
