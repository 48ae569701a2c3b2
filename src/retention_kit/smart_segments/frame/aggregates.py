"""Facts over the rows of one table, all in one pass: each an aggregate of what a mask leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import polars as pl

from retention_kit.contracts.packed import fits_packed, ranked
from retention_kit.errors import DefinitionError
from retention_kit.metrics.base.periods import period_index
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.windows import AllTime, Bounds, Every
from retention_kit.smart_segments.frame.answers import Answer, Part
from retention_kit.smart_segments.frame.comparisons import answered, within
from retention_kit.smart_segments.frame.exact import in_decimal, is_exact, is_number, wide_digits
from retention_kit.smart_segments.frame.existence import Exists
from retention_kit.smart_segments.frame.given import CUSTOMER, Column, Given
from retention_kit.smart_segments.frame.instants import as_instant, period_edges
from retention_kit.smart_segments.frame.packs import Packs
from retention_kit.smart_segments.frame.sources import marked_rows
from retention_kit.smart_segments.frame.texts import as_text
from retention_kit.smart_segments.lowered.facts import (
    Count,
    Distinct,
    EndHas,
    Fact,
    Filled,
    FirstAt,
    LastAt,
    Least,
    OfColumn,
    OfRows,
    Periods,
    Total,
)
from retention_kit.smart_segments.lowered.spans import Span

_DIGITS_OF_64_BITS = 18
_LONG_AGO = 10**17
"""More microseconds than there are between the year 1 and 1970."""


@dataclass(slots=True)
class Aggregates:
    """The facts over rows of one table, as they are collected and then aggregated.

    Attributes:
        table: The table.
        given: The tables.
        prefix: What the names of its columns begin with.
        masks: By rows, the column that marks them.
        widest: By that column, from when and before when a fact looks at them.
        periods: By calendar period, the column that numbers those of the rows.
        counts: By rows and bounds, how many there are.
        packs: The counts and bits that share numbers.
        sums: The aggregates.
        answers: The facts.
    """

    table: str
    given: Given
    prefix: str
    masks: dict[Rows, str] = field(default_factory=dict)
    widest: dict[str, Bounds] = field(default_factory=dict)
    periods: dict[Every, str] = field(default_factory=dict)
    counts: dict[tuple[Rows, Bounds], Answer] = field(default_factory=dict)
    sums: list[pl.Expr] = field(default_factory=list)
    answers: dict[Fact, Answer] = field(default_factory=dict)
    packs: Packs = field(init=False)

    def __post_init__(self) -> None:
        self.packs = Packs(self.prefix, self.instant, self.given.now)

    def add(self, facts: Iterable[Fact]) -> None:
        """Add facts of this table.

        Raises:
            DefinitionError: A column is unknown, or is not of a type that the fact can be of.
        """
        for fact in facts:
            if fact not in self.answers:
                self.answers[fact] = self._answer(fact)

    def part(self, *, whole: bool = False) -> Part:
        """Read the table, and aggregate it by customer.

        Args:
            whole: Whether customers without a row that a fact looks at are wanted too.
        """
        sums = [*self.sums, *self.packs.sums()]
        if not (whole or sums):
            return Part(None, self.answers, self.prefix)
        keep, since = None, None
        if not whole:
            looked_at = [
                pl.col(name) & within(self.instant, bounds, self.given.now)
                for name, bounds in self.widest.items()
            ]
            keep = pl.any_horizontal(looked_at)
            starts = [start for start, _ in self.widest.values()]
            since = min((start for start in starts if start is not None), default=None)
            since = None if None in starts else since
        rows = marked_rows(self.table, self.given, self.masks, since=since, keep=keep)
        numbers = [
            period_index(as_instant(self.instant, self.given.zone), every).alias(name)
            for every, name in self.periods.items()
        ]
        frame = rows.with_columns(numbers).group_by(CUSTOMER).agg(sums)
        return Part(frame, self.answers, self.prefix)

    def _marked(self, rows: Rows, window: Span) -> tuple[pl.Expr, Bounds]:
        """Mark the rows that are asked for, of any time, and give the window's bounds."""
        name = self.masks.setdefault(rows, f"{self.prefix}rows_{len(self.masks)}")
        bounds = window.bounds(self.given.as_of, self.given.clock)
        self.widest[name] = _both(self.widest.get(name, bounds), bounds)
        return pl.col(name), bounds

    def _mask(self, rows: Rows, window: Span) -> pl.Expr:
        """Mark the rows that are asked for, in a window; null is no."""
        mask, bounds = self._marked(rows, window)
        if bounds == (None, self.given.now):
            return mask
        return mask & within(self.instant, bounds, self.given.now)

    @property
    def instant(self) -> pl.Expr:
        """The instants of the rows."""
        return self.given.instant(self.table)

    def _aggregate(self, value: pl.Expr) -> pl.Expr:
        """Have an aggregate computed, and give its column."""
        name = f"{self.prefix}{len(self.sums)}"
        self.sums.append(value.alias(name))
        return pl.col(name)

    def _count(self, rows: Rows, window: Span) -> Answer:
        key = (rows, window.bounds(self.given.as_of, self.given.clock))
        if key not in self.counts:
            self.counts[key] = Answer(self.packs.count(*self._marked(rows, window)), pl.Int64())
        return self.counts[key]

    def _answer(self, fact: Fact) -> Answer:
        match fact:
            case Count():
                return self._count(fact.rows, fact.window)
            case Exists():
                exists = self.packs.exists(*self._marked(fact.rows, fact.window))
                return Answer(exists, pl.Boolean())
            case FirstAt() | LastAt():
                at = pl.when(self._mask(fact.rows, fact.window)).then(self.instant)
                end = at.min() if isinstance(fact, FirstAt) else at.max()
                return Answer(self._aggregate(end), pl.Int64())
            case Periods():
                return self._periods(fact)
            case EndHas():
                return self._end_has(fact)
            case OfColumn():
                return self._of_column(fact)
        raise TypeError(f"{type(fact).__name__} is no fact over rows.")

    def _of_column(self, fact: OfColumn) -> Answer:
        column = self.given.column(self.table, fact.column)
        dtype = column.dtype
        _check(fact, column)
        if dtype is None:
            is_counted = isinstance(fact, Total | Filled | Distinct)
            return Answer(pl.lit(0), pl.Int64()) if is_counted else Answer(pl.lit(None), None)
        mask = self._mask(fact.rows, fact.window)
        value = pl.when(mask).then(column.present)
        match fact:
            case Filled() if column.is_always_there:
                return self._count(fact.rows, fact.window)
            case Filled():
                filled = self.packs.count(mask & column.present.is_not_null())
                return Answer(filled, pl.Int64())
            case Distinct():
                distinct = self._aggregate(value.drop_nulls().n_unique())
                return Answer(distinct.fill_null(0).cast(pl.Int64), pl.Int64())
            case Total() if isinstance(dtype, pl.Decimal):
                total = self._aggregate(value.sum()).fill_null(0)
                return Answer(total, pl.Decimal(38, dtype.scale))
            case Total():
                # A sum of 64 bits would run over where the whole numbers are large.
                return Answer(
                    self._aggregate(value.cast(pl.Int128).sum()).fill_null(0), pl.Int128()
                )
        end = pl.Expr.min if isinstance(fact, Least) else pl.Expr.max
        if isinstance(dtype, pl.Decimal) and dtype.precision <= _DIGITS_OF_64_BITS:
            # Units of 64 bits are aggregated in half the memory of those of 128.
            units = self._aggregate(end(value.to_physical().cast(pl.Int64)))
            return Answer(in_decimal(units, dtype), dtype)
        return Answer(self._aggregate(end(value)), dtype)

    def _periods(self, fact: Periods) -> Answer:
        has_room = self.packs.has_room_for(fact.window.periods)
        edges = period_edges(fact.window, self.given) if has_room else None
        if edges is not None:
            marked, _ = self._marked(fact.rows, fact.window)
            return Answer(self.packs.spans(marked, edges), pl.Int64())
        mask = self._mask(fact.rows, fact.window)
        name = self.periods.setdefault(fact.every, f"{self.prefix}{fact.every}")
        if not has_room:
            index = pl.when(mask).then(pl.col(name))
            count = self._aggregate(index.drop_nulls().n_unique())
            return Answer(count.fill_null(0).cast(pl.Int64), pl.Int64())
        # One bit for each period needs no set of numbers for each customer.
        start, _ = fact.window.bounds(self.given.as_of, self.given.clock)
        first = period_index(as_instant(pl.lit(start, dtype=pl.Int64), self.given.zone), fact.every)
        kinds = self.packs.kinds(mask, pl.col(name) - first, fact.window.periods)
        return Answer(kinds, pl.Int64())

    def _end_has(self, fact: EndHas) -> Answer:
        """Compare the key of the end of all rows with that of the rows that have what is asked."""
        mask = self._mask(fact.rows, AllTime())
        asked = [
            answered(self.given.column(self.table, one.column), one, self.given) for one in fact.has
        ]
        key = self._key()
        if self.table == "events" or self._has_whole_ids:
            # The key and, below it, whether the row has what is asked, in one number.
            has = pl.all_horizontal(asked).fill_null(value=False)
            bit = has if fact.end == "last" else ~has
            held = pl.when(mask).then(key * 2 + bit.cast(pl.Int64))
            best = self._aggregate(held.min() if fact.end == "first" else held.max())
            return Answer(best % 2 == int(fact.end == "last"), pl.Boolean())

        def end(of: pl.Expr) -> pl.Expr:
            held = pl.when(of).then(key)
            return self._aggregate(held.min() if fact.end == "first" else held.max())

        whole, having = end(mask), end(mask & pl.all_horizontal(asked))
        has = pl.when(whole.is_not_null()).then((whole == having).fill_null(value=False))
        return Answer(has, pl.Boolean())

    @property
    def _has_whole_ids(self) -> bool:
        dtype = self.given.column(self.table, "order_id").dtype
        return dtype is not None and fits_packed(dtype)

    def _key(self) -> pl.Expr:
        """Give what orders the rows: the instant, then the order's id."""
        if self.table == "events":
            return self.instant
        column = self.given.column(self.table, "order_id")
        if self._has_whole_ids:
            return ranked(self.instant, column.value)
        # Digits of one length stand in the order of their numbers, and bytes in that of characters.
        digits = (self.instant + _LONG_AGO).cast(pl.String).str.zfill(18)
        dtype = column.dtype or pl.String()
        return digits + (
            wide_digits(column.value, dtype) if dtype.is_integer() else as_text(column.value, dtype)
        )


def _both(a: Bounds, b: Bounds) -> Bounds:
    """Give the shortest bounds that hold both."""
    starts = [start for start, _ in (a, b) if start is not None]
    return (min(starts) if len(starts) == 2 else None), max(a[1], b[1])


def _check(fact: OfColumn, column: Column) -> None:
    if column.dtype is None or isinstance(fact, Distinct):
        return
    if isinstance(fact, Total | Filled):
        fits, allowed = is_exact(column.dtype), "whole numbers and decimals"
        step = (
            "cast it to Decimal before: a sum of floats depends on the order of rows."
            if column.dtype.is_float()
            else "ask for a column of numbers."
        )
        asked = "the sum or mean"
    else:
        fits, allowed = is_number(column.dtype), "numbers"
        step, asked = "ask for a column of numbers.", "the least or greatest value"
    if not fits:
        raise DefinitionError(
            f"Column {column.name!r} of table {column.table!r} is {column.dtype}, and a condition "
            f"asks for {asked}. Allowed: {allowed}. Next step: {step}",
            parameter=column.name,
        )


def starts(fact: Fact, given: Given) -> bool:
    """Say whether a fact looks at no row before a certain instant."""
    if not isinstance(fact, OfRows | Periods):
        return False
    return fact.window.bounds(given.as_of, given.clock)[0] is not None


def of_table(facts: Iterable[Fact], table: str) -> Iterator[Fact]:
    """Give the facts over the rows of one table."""
    for fact in facts:
        if isinstance(fact, OfRows | Periods | EndHas) and fact.rows.table == table:
            yield fact
