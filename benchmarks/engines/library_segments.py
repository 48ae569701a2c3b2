"""The calls of retention_kit that answer segments."""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import polars as pl

from benchmarks.customers_asked import answers_in_turn, customers
from benchmarks.engines.sunk import sink
from benchmarks.hundred import (
    HUNDRED,
    Averaged,
    Back,
    Counted,
    End,
    Extreme,
    Kept,
    NotAfter,
    Regular,
    Returned,
    Rule,
    SecondWithin,
    Shared,
    Stopped,
    Summed,
    Then,
    name_of,
)
from benchmarks.job import Job
from benchmarks.jobs import AS_OF
from benchmarks.segment_jobs import ONE, TEN
from benchmarks.settings import beside
from retention_kit import smart_segments as say

_RETURNS = say.Rows(source="returns")
_EVER = say.AllTime()


def prepare(job: Job, path: str) -> Callable[[], Any]:
    """Import all of the room, and make what is said before it is asked."""
    for module in pkgutil.walk_packages(say.__path__, f"{say.__name__}."):
        importlib.import_module(module.name)
    if job.task == "person":
        ask = say.compile_segment(_ten()).is_member
        people = customers()
        return lambda: answers_in_turn(ask, people)
    return TASKS[job.task](path)


def _segment(path: str) -> Callable[[], pl.LazyFrame]:
    members = segment_of_month()
    return lambda: sink(
        say.segment_members(
            pl.scan_parquet(beside(path, "orders")),
            pl.scan_parquet(path),
            segment=members,
            as_of=AS_OF,
        )
    )


def segment_of_month() -> say.Segment:
    """Say the segment of a single month."""
    month = say.Last(length="1mo")
    return say.Segment(name="no cover for it", condition=_no_cover_for_it(month))


def _table(path: str, rules: tuple[Rule, ...]) -> Callable[[], pl.LazyFrame]:
    segments = segments_of(rules)
    return lambda: sink(say.segment_table(pl.scan_parquet(path), segments=segments, as_of=AS_OF))


def segments_of(rules: tuple[Rule, ...]) -> list[say.Segment]:
    """Say segments in the library's language."""
    return [
        say.Segment(name=name_of(place), condition=_condition(rule))
        for place, rule in enumerate(rules)
    ]


def _ten() -> say.Segment:
    """Say the ten conditions that are asked of one customer at a time."""
    lines, year, half = "order_items", say.Last(length="365d"), say.Last(length="180d")
    coffee = say.Rows(source=lines, where=(say.Where(column="category", value="coffee"),))
    seen = say.Where(column="name", value="Product Viewed")
    conditions = (
        say.Attribute(column="city", operator="in", values=("Moscow", "Kazan", "Samara")),
        say.EventCount(window=year, at_least=3),
        say.EventAggregate(window=year, aggregate="mean", column="amount", value=500, to=20_000),
        say.EventAggregate(aggregate="sum", column="amount", value=5_000),
        say.EventCount(rows=_RETURNS, window=say.Last(length="90d"), at_most=0),
        say.LastEvent(window=say.Last(length="200d")),
        say.EventCount(rows=coffee, window=half, at_least=1),
        _no_cover_for_it(half),
        say.Regularity(every="1mo", periods=6, at_least=2),
        say.EventCount(
            rows=say.Rows(source="events", where=(seen,)),
            window=say.Last(length="30d"),
            at_least=2,
        ),
    )
    return say.Segment(name="ten", condition=say.All(conditions=conditions))


def _no_cover_for_it(window: say.Last) -> say.Condition:
    """Bought a mattress in a window, and no cover with the last one or since."""
    mattress, cover = (
        say.Rows(source="order_items", where=(say.Where(column="category", value=name),))
        for name in ("mattress", "cover")
    )
    step = say.Step(rows=mattress, without=(say.Without(rows=cover),))
    return say.Sequence(steps=(step,), window=window, which="last")


def _sales(at_least: int | None = None) -> say.Rows:
    if at_least is None:
        return say.Rows()
    large = say.Where(column="amount", operator="at_least", value=at_least)
    return say.Rows(where=(large,))


def _last(days: int | None) -> Any:
    return _EVER if days is None else say.Last(length=f"{days}d")


def _days(days: int | None) -> str | None:
    return None if days is None else f"{days}d"


def _condition(rule: Rule) -> say.Condition:
    match rule:
        case Counted(days, at_least, at_most):
            return say.EventCount(window=_last(days), at_least=at_least, at_most=at_most)
        case Returned(days, at_least):
            return say.EventCount(rows=_RETURNS, window=_last(days), at_least=at_least)
        case Summed(days, at_least):
            return say.EventAggregate(
                window=_last(days), aggregate="sum", column="amount", value=at_least
            )
        case Averaged(days, low, high, sales):
            mean = say.EventAggregate(
                window=_last(days), aggregate="mean", column="amount", value=low, to=high
            )
            return mean & say.EventCount(window=_last(days), at_least=sales)
        case Shared(days, amount, share):
            large = say.Where(column="amount", operator="at_least", value=amount)
            return say.EventAggregate(
                window=_last(days), aggregate="share", of=(large,), value=float(share)
            )
        case Extreme(days, which, amount):
            return say.EventAggregate(
                window=_last(days),
                aggregate=which,
                column="amount",
                operator="at_least" if which == "max" else "at_most",
                value=amount,
            )
        case Regular(every, periods, at_least):
            return say.Regularity(every=every, periods=periods, at_least=at_least)
        case Stopped(silent, active, at_least):
            return say.Lapsed(silent=f"{silent}d", active=_days(active), at_least=at_least)
        case Back(gap, within):
            return say.Reactivated(gap=f"{gap}d", within=f"{within}d")
        case End():
            return _end(rule)
    return _sequence(rule)


def _end(rule: End) -> say.Condition:
    kind = say.FirstEvent if rule.which == "first" else say.LastEvent
    window = _last(rule.oldest)
    if rule.youngest:
        window = say.BetweenAges(oldest=f"{rule.oldest}d", youngest=f"{rule.youngest}d")
    return kind(window=window, has=_sales(rule.amount).where)


def _sequence(rule: Rule) -> say.Condition:
    none_back = (say.Without(rows=_RETURNS),)
    match rule:
        case NotAfter(days, amount):
            step = say.Step(rows=_sales(amount), without=none_back)
            return say.Sequence(steps=(step,), window=_last(days), which="last")
        case Kept(days, amount, quiet):
            step = say.Step(rows=_sales(amount), without=none_back)
            return say.Sequence(steps=(step,), window=_last(days), quiet_for=f"{quiet}d")
        case Then(days, amount, within, then):
            steps = (
                say.Step(rows=_sales(amount)),
                say.Step(rows=_sales(then), within=f"{within}d"),
            )
            return say.Sequence(steps=steps, window=_last(days))
        case SecondWithin(within):
            steps = (say.Step(rows=_sales()), say.Step(rows=_sales(), within=f"{within}d"))
            return say.Sequence(steps=steps, which="first")
    raise AssertionError(rule)


RULES = {
    "segment_table": HUNDRED,
    "segment_table_of_ten": TEN,
    "segment_table_of_one": (ONE,),
}
"""The segments of a job's table."""
TASKS: dict[str, Callable[[str], Callable[[], pl.LazyFrame]]] = {
    "segment": _segment,
    "segment_table": lambda path: _table(path, HUNDRED),
    "segment_table_of_ten": lambda path: _table(path, TEN),
    "segment_table_of_one": lambda path: _table(path, (ONE,)),
}
