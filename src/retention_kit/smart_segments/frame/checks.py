"""Checks as expressions over the facts of each customer, in three-valued logic."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.frame.anniversaries import comes_round
from retention_kit.smart_segments.frame.answers import Answer
from retention_kit.smart_segments.frame.comparisons import answered, within
from retention_kit.smart_segments.frame.exact import compared, ratio_compared
from retention_kit.smart_segments.frame.existence import IfKnown
from retention_kit.smart_segments.frame.given import Column, Given
from retention_kit.smart_segments.frame.instants import as_instant, is_passed
from retention_kit.smart_segments.frame.people import customer_column
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
from retention_kit.smart_segments.lowered.facts import Fact, OfColumnOfCustomer

_MOST_ROWS = 2**40
_MISSING = {"unknown": None, "false": False, "true": True}


def check_answer(  # noqa: PLR0911 - one arm for each kind of check
    check: Check, facts: Mapping[Fact, Answer], given: Given
) -> pl.Expr:
    """Answer a check of every customer.

    Args:
        check: The check.
        facts: Its facts, over the joined table.
        given: The tables, the instant of observation and the shop's zone.

    Returns:
        A `Boolean` expression, null where it is unknown.

    Raises:
        DefinitionError: A column is compared with what it cannot be compared with.
    """
    match check:
        case Both():
            return _joined([check_answer(one, facts, given) for one in check.checks], all_=True)
        case Either():
            return _joined([check_answer(one, facts, given) for one in check.checks], all_=False)
        case Opposite():
            return ~check_answer(check.check, facts, given)
        case InRange():
            return _in_range(facts[check.fact].value, check.low, check.high)
        case CompareNumber():
            answer = facts[check.fact]
            if answer.dtype is None:
                return pl.lit(None, dtype=pl.Boolean)
            return compared(answer.value, answer.dtype, check.operator, check.value)
        case CompareRatio():
            return _ratio(check, facts)
        case CompareValue():
            return _compared_value(check, facts, given)
        case InWindow():
            bounds = check.window.bounds(given.as_of, given.clock)
            at = facts[check.fact].value
            return (at.is_not_null() & within(at, bounds, given.now)).fill_null(value=False)
        case Apart():
            earlier, later = facts[check.earlier].value, facts[check.later].value
            return is_passed(earlier, check.length, later, given.zone).fill_null(value=False)
        case NoneSince():
            last, first = facts[check.last].value, facts[check.first].value
            return first.is_not_null() & (last < first).fill_null(value=True)
        case ComesRound():
            return _comes_round(check, facts, given)
        case IsTrue():
            return facts[check.fact].value
        case IfKnown():
            return pl.when(facts[check.known].value).then(check_answer(check.check, facts, given))
        case UnlessTooNew():
            return _unless_too_new(check, facts, given)
    raise TypeError(f"{type(check).__name__} is no check.")


def _joined(checks: list[pl.Expr], *, all_: bool) -> pl.Expr:
    if len(checks) == 1:
        return checks[0]
    return pl.all_horizontal(checks) if all_ else pl.any_horizontal(checks)


def _in_range(number: pl.Expr, low: int | None, high: int | None) -> pl.Expr:
    asked = []
    if low is not None:
        asked.append(number >= min(low, _MOST_ROWS))
    if high is not None:
        asked.append(number <= min(high, _MOST_ROWS))
    return _joined(asked, all_=True) if asked else number.is_not_null()


def _ratio(check: CompareRatio, facts: Mapping[Fact, Answer]) -> pl.Expr:
    above, below = facts[check.above], facts[check.below]
    if above.dtype is None:
        return pl.lit(None, dtype=pl.Boolean)
    return ratio_compared(above.value, above.dtype, below.value, check.operator, check.value)


def _compared_value(check: CompareValue, facts: Mapping[Fact, Answer], given: Given) -> pl.Expr:
    column = customer_column(check.fact, given)
    answer = answered(_joined_column(column, facts[check.fact]), check.comparison, given)
    missing = _MISSING[check.missing]
    return answer if missing is None else answer.fill_null(value=missing)


def _joined_column(column: Column, answer: Answer) -> Column:
    """Give a column under the name that it has in the joined table."""
    return column if column.dtype is None else column._replace(place=answer.value)


def _comes_round(check: ComesRound, facts: Mapping[Fact, Answer], given: Given) -> pl.Expr:
    answer = facts[check.fact]
    if answer.dtype is None:
        return pl.lit(check.without, dtype=pl.Boolean)
    day = answer.value
    if isinstance(check.fact, OfColumnOfCustomer):
        day = _day_of(day, answer.dtype, check.fact.column, given)
    else:
        day = as_instant(day, given.zone).dt.date()
    hit = comes_round(day, check.anniversary, given)
    return pl.when(day.is_null()).then(pl.lit(check.without, dtype=pl.Boolean)).otherwise(hit)


def _day_of(value: pl.Expr, dtype: pl.DataType, name: str, given: Given) -> pl.Expr:
    if isinstance(dtype, pl.Date):
        return value
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return value.dt.convert_time_zone(given.zone).dt.date()
    raise DefinitionError(
        f"Column {name!r} of table 'customers' is {dtype}, and a condition asks when it comes "
        "round. Allowed: a date, or an instant with a time zone. Next step: ask for another "
        "column, or cast it.",
        parameter=name,
    )


def _unless_too_new(check: UnlessTooNew, facts: Mapping[Fact, Answer], given: Given) -> pl.Expr:
    answer = check_answer(check.check, facts, given)
    start, _ = check.window.bounds(given.as_of, given.clock)
    if start is None:
        return answer
    known_since = facts[check.known_since].value
    is_new = known_since.is_null() | (known_since > start)
    otherwise = pl.lit(check.otherwise, dtype=pl.Boolean)
    return pl.when(is_new).then(otherwise).otherwise(answer)
