"""What is computed of one customer's rows: each a frozen value, equal where it is the same.

A fact over rows looks at those of its `rows` within the bounds of its `window`, both on completed
orders and before the instant of observation. Equal facts of many conditions are computed once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from retention_kit.smart_segments.definitions.plugins import PluginCondition
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.segment import Population
from retention_kit.smart_segments.definitions.sequences import Sequence
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.smart_segments.definitions.windows import Every
from retention_kit.smart_segments.lowered.spans import LastPeriods, Span


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to know of a customer."""


@dataclass(frozen=True, slots=True)
class OfRows(Fact):
    """Something to know of a customer's rows.

    Attributes:
        rows: Which rows.
        window: Within which time.
    """

    rows: Rows
    window: Span


@dataclass(frozen=True, slots=True)
class Count(OfRows):
    """How many rows; 0 without any."""


@dataclass(frozen=True, slots=True)
class OfColumn(OfRows):
    """Something to know of a column of a customer's rows.

    Attributes:
        column: The column.
    """

    column: str


@dataclass(frozen=True, slots=True)
class Total(OfColumn):
    """The exact sum of an exact column, missing values passed over; 0 without any."""


@dataclass(frozen=True, slots=True)
class Filled(OfColumn):
    """How many rows have a value in the column."""


@dataclass(frozen=True, slots=True)
class Least(OfColumn):
    """The smallest value of a column of numbers; None without any."""


@dataclass(frozen=True, slots=True)
class Greatest(OfColumn):
    """The greatest value of a column of numbers; None without any."""


@dataclass(frozen=True, slots=True)
class Distinct(OfColumn):
    """How many different values a column has, missing ones left out."""


@dataclass(frozen=True, slots=True)
class Periods(Fact):
    """In how many of the calendar periods of the window there is a row.

    Attributes:
        rows: Which rows.
        window: The periods.
    """

    rows: Rows
    window: LastPeriods

    @property
    def every(self) -> Every:
        """Which period."""
        return self.window.every


@dataclass(frozen=True, slots=True)
class FirstAt(OfRows):
    """The instant of the first row; None without any."""


@dataclass(frozen=True, slots=True)
class LastAt(OfRows):
    """The instant of the last row; None without any."""


@dataclass(frozen=True, slots=True)
class EndHas(Fact):
    """Whether the first or last of all rows has what it should; None without any.

    Of orders at one instant the first has the smallest id, the last the greatest; of lines, those
    of that order, any one will do; of events, any one at that instant.

    Attributes:
        rows: Which rows.
        end: First or last.
        has: Filters that hold on it together.
    """

    rows: Rows
    end: Literal["first", "last"]
    has: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Found(Fact):
    """Whether there is a match of a sequence: True, False, or None where one is unfinished.

    Attributes:
        sequence: The sequence.
    """

    sequence: Sequence


@dataclass(frozen=True, slots=True)
class OfColumnOfCustomer(Fact):
    """The value of a column of the customer; None where it is missing.

    Attributes:
        column: The column.
        score: Whether it is looked for in `scores` first, then in `customers`.
    """

    column: str
    score: bool = False


@dataclass(frozen=True, slots=True)
class KnownSince(Fact):
    """The earlier of `registered_at` and the first completed sale; None without both."""


@dataclass(frozen=True, slots=True)
class InPopulation(Fact):
    """Whether the customer is of a population.

    Attributes:
        population: Which.
    """

    population: Population


@dataclass(frozen=True, slots=True)
class Granted(Fact):
    """Whether consent stands: False also without a decision.

    Attributes:
        channel: For which channel.
        purpose: For which purpose.
    """

    channel: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Hashed(Fact):
    """The stable hash of the customer's id, from 0 to 2**32 − 1.

    Attributes:
        salt: The salt.
    """

    salt: str


@dataclass(frozen=True, slots=True)
class Snapshots(Fact):
    """In how many snapshots of a segment within the window the customer is, entered, or left.

    Attributes:
        segment: The segment's name.
        what: `in` counts snapshots that hold the customer; `entered` those whose predecessor
            does not; `left` those that do not, and whose predecessor does.
        window: When the snapshot was taken.
    """

    segment: str
    what: Literal["in", "entered", "left"]
    window: Span


@dataclass(frozen=True, slots=True)
class OfPlugin(Fact):
    """What a plugin's condition is: True, False or None where unknown.

    Attributes:
        condition: The condition, as it stands in the definition.
    """

    condition: PluginCondition


def rows_of(fact: Fact) -> Iterator[Rows]:
    """Give the rows that a fact looks at."""
    match fact:
        case OfRows() | Periods() | EndHas():
            yield fact.rows
        case Found():
            for step in fact.sequence.steps:
                yield step.rows
                for without in step.without:
                    yield without.rows


def tables_of(fact: Fact) -> tuple[str, ...]:
    """Name the tables that a fact cannot do without, `scores` and `snapshots` among them."""
    match fact:
        case OfRows() | Periods() | EndHas() | Found():
            tables = [rows.table for rows in rows_of(fact)]
            # Whether the order of a line was completed is known from the orders alone.
            more = ["orders"] if "order_items" in tables else []
            return tuple(dict.fromkeys([*tables, *more]))
        case OfColumnOfCustomer(score=False):
            return ("customers",)
        case Granted():
            return ("consents",)
        case Snapshots():
            return ("snapshots",)
    return ()
