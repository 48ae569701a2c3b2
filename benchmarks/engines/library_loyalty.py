"""The loyalty rules of retention_kit: a history in one pass, and one order at a time."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import polars as pl

from benchmarks.engines.loyalty_said import account_of, order_of, program_of, tiered
from benchmarks.engines.sunk import sink
from benchmarks.job import Job
from benchmarks.jobs import AS_OF
from benchmarks.loyalty_jobs import ASKED
from benchmarks.settings import SHOP_ZONE
from retention_kit.loyalty_rules.batch import accruing, compiling
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online.posting import post
from retention_kit.loyalty_rules.online.quoting import quote


def prepare(job: Job, path: str) -> Callable[[], Any]:
    """Compile the kernel, which is kept on disk, before the clock starts."""
    if job.task in _CALLS:
        compiled = compile_program(tiered(), time_zone=SHOP_ZONE)
        return lambda: _in_turn(compiled, *_CALLS[job.task])
    program = program_of(job.task)
    compiling.compiled("running", "run")
    few = pl.scan_parquet(path).head(10_000)
    _balances(few, program).collect(engine="streaming")
    return lambda: sink(_balances(pl.scan_parquet(path), program))


def _balances(orders: pl.LazyFrame, program: LoyaltyProgram) -> pl.LazyFrame:
    held = accruing.loyalty_balances(orders, program=program, as_of=AS_OF)
    return held.select("customer_id", "held")


def _in_turn(
    program: Any, call: Callable[..., Any], checked: Callable[[Any], int]
) -> dict[str, int | float]:
    """Time a call for one order after another, and add up what is checked of the answers."""
    account = account_of(program)
    taken, checksum = [], 0
    for number in range(ASKED):
        order = order_of(number)
        started = time.perf_counter_ns()
        found = call(account, order, program)
        taken.append(time.perf_counter_ns() - started)
        checksum += checked(found)
    return {
        "rows": len(taken),
        "checksum": checksum,
        "median microseconds": median(taken) / 1000,
    }


_CALLS: dict[str, tuple[Callable[..., Any], Callable[[Any], int]]] = {
    "loyalty_quote": (quote, lambda found: found is not None),
    "loyalty_post": (post, lambda found: sum(one.units for one in found.entries)),
}
