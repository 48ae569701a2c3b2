"""The calls of retention_kit that answer segments."""

import importlib
import pkgutil
from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl

from benchmarks.customers_asked import answers_in_turn, customers
from benchmarks.engines.segments_said import segment_of_month, segments_of, ten_conditions
from benchmarks.engines.sunk import sink
from benchmarks.hundred import Rule
from benchmarks.job import Job
from benchmarks.jobs import AS_OF
from benchmarks.segment_jobs import RULES
from benchmarks.settings import beside
from retention_kit import smart_segments as say


def prepare(job: Job, path: str) -> Callable[[], Any]:
    """Import all of the room, and make what is said before it is asked."""
    for module in pkgutil.walk_packages(say.__path__, f"{say.__name__}."):
        importlib.import_module(module.name)
    if job.task == "person":
        ask = say.compile_segment(ten_conditions()).is_member
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


def _table(path: str, rules: tuple[Rule, ...]) -> Callable[[], pl.LazyFrame]:
    segments = segments_of(rules)
    return lambda: sink(say.segment_table(pl.scan_parquet(path), segments=segments, as_of=AS_OF))


TASKS: dict[str, Callable[[str], Callable[[], pl.LazyFrame]]] = {
    "segment": _segment,
    **{task: partial(_table, rules=rules) for task, rules in RULES.items()},
}
