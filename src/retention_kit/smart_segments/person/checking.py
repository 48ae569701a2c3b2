"""Checks on facts: each becomes a function that asks no more facts than it needs."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from retention_kit.errors import DefinitionError
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
from retention_kit.smart_segments.person.anniversaries import comes_round, date_of
from retention_kit.smart_segments.person.asking import Ask
from retention_kit.smart_segments.person.comparing import COMPARE, is_missing, testing
from retention_kit.smart_segments.person.filtering import EXACT
from retention_kit.smart_segments.person.plan import Plan
from retention_kit.smart_segments.person.sequences import moved

Answer = Callable[[Ask], bool | None]
Know = Callable[[Fact], Callable[[Ask], Any]]
"""Gives the function that knows a fact."""
_MISSING: dict[str, bool | None] = {"unknown": None, "false": False, "true": True}


def checking(check: Check, plan: Plan, know: Know) -> Answer:  # noqa: PLR0911
    """Give the function that answers a check.

    Args:
        check: The check.
        plan: Where its windows are put.
        know: Where facts come from.
    """
    match check:
        case Both():
            return _both([checking(one, plan, know) for one in check.checks])
        case Either():
            return _either([checking(one, plan, know) for one in check.checks])
        case Opposite():
            return _opposite(checking(check.check, plan, know))
        case InRange():
            return _in_range(check, know(check.fact))
        case CompareNumber():
            return _compare_number(check, know(check.fact))
        case CompareRatio():
            return _compare_ratio(check, know(check.above), know(check.below))
        case CompareValue():
            return _compare_value(check, plan, know(check.fact))
        case InWindow():
            return _in_window(know(check.fact), plan.span(check.window))
        case Apart():
            return _apart(check, know(check.earlier), know(check.later))
        case NoneSince():
            return _none_since(know(check.last), know(check.first))
        case ComesRound():
            return _comes_round(check, know(check.fact))
        case IsTrue():
            return know(check.fact)
        case UnlessTooNew():
            inner, known = checking(check.check, plan, know), know(check.known_since)
            return _unless_too_new(inner, known, plan.span(check.window), check.otherwise)
    raise DefinitionError(f"A {type(check).__name__} is no check that the library knows.")


def _both(answers: list[Answer]) -> Answer:
    def answer(ask: Ask) -> bool | None:
        result: bool | None = True
        for one in answers:
            got = one(ask)
            if got is False:
                return False
            if got is None:
                result = None
        return result

    return answer


def _either(answers: list[Answer]) -> Answer:
    def answer(ask: Ask) -> bool | None:
        result: bool | None = False
        for one in answers:
            got = one(ask)
            if got:
                return True
            if got is None:
                result = None
        return result

    return answer


def _opposite(inner: Answer) -> Answer:
    def answer(ask: Ask) -> bool | None:
        got = inner(ask)
        return None if got is None else not got

    return answer


def _in_range(check: InRange, know: Callable[[Ask], int]) -> Answer:
    low, high = check.low, check.high
    if high is None:
        return lambda ask: know(ask) >= (low or 0)
    if low is None:
        return lambda ask: know(ask) <= high
    return lambda ask: low <= know(ask) <= high


def _compare_number(check: CompareNumber, know: Callable[[Ask], Any]) -> Answer:
    compare, exact, near = COMPARE[check.operator], Decimal(check.value), float(check.value)

    def answer(ask: Ask) -> bool | None:
        value = know(ask)
        if value is None:
            return None
        return compare(value, near if isinstance(value, float) else exact)

    return answer


def _compare_ratio(
    check: CompareRatio, know_above: Callable[[Ask], Any], know_below: Callable[[Ask], int]
) -> Answer:
    compare, wanted = COMPARE[check.operator], Decimal(check.value)

    def answer(ask: Ask) -> bool | None:
        below = know_below(ask)
        if not below:
            return None
        return compare(know_above(ask), EXACT.multiply(wanted, below))

    return answer


def _compare_value(check: CompareValue, plan: Plan, know: Callable[[Ask], Any]) -> Answer:
    comparison, missing = check.comparison, _MISSING[check.missing]
    match comparison.operator:
        case "known":
            return lambda ask: not is_missing(know(ask))
        case "unknown":
            return lambda ask: is_missing(know(ask))
    test = testing(comparison, "customers", plan)

    def answer(ask: Ask) -> bool | None:
        value = know(ask)
        return missing if is_missing(value) else test(value, ask)

    return answer


def _in_window(know: Callable[[Ask], int | None], window: int) -> Answer:
    def answer(ask: Ask) -> bool:
        at = know(ask)
        if at is None:
            return False
        start, end = ask.bounds_of(window)
        return (start is None or start <= at) and at < end

    return answer


def _apart(
    check: Apart, know_earlier: Callable[[Ask], int | None], know_later: Callable[[Ask], int | None]
) -> Answer:
    length = check.length

    def answer(ask: Ask) -> bool:
        later = know_later(ask)
        if later is None:
            return False
        earlier = know_earlier(ask)
        return earlier is not None and moved(earlier, length, ask.zone) <= later

    return answer


def _none_since(
    know_last: Callable[[Ask], int | None], know_first: Callable[[Ask], int | None]
) -> Answer:
    def answer(ask: Ask) -> bool:
        first = know_first(ask)
        if first is None:
            return False
        last = know_last(ask)
        return last is None or last < first

    return answer


def _comes_round(check: ComesRound, know: Callable[[Ask], Any]) -> Answer:
    column = check.fact.column if isinstance(check.fact, OfColumnOfCustomer) else ""

    def answer(ask: Ask) -> bool | None:
        value = know(ask)
        if is_missing(value):
            return check.without
        today = ask.moment.clock.date()
        return comes_round(date_of(value, column, ask), check.anniversary, today)

    return answer


def _unless_too_new(
    inner: Answer, known_since: Callable[[Ask], int | None], window: int, otherwise: bool | None
) -> Answer:
    def answer(ask: Ask) -> bool | None:
        start = ask.bounds_of(window)[0]
        if start is not None:
            since = known_since(ask)
            if since is None or since > start:
                return otherwise
        return inner(ask)

    return answer
