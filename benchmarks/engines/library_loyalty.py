"""The loyalty rules of retention_kit: a history in one pass, and one order at a time."""

import datetime as dt
import time
from collections.abc import Callable
from decimal import Decimal
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from benchmarks.engines.sunk import sink
from benchmarks.job import Job
from benchmarks.jobs import AS_OF
from benchmarks.loyalty_jobs import ASKED, DAYS, OPEN_LOTS, PER
from benchmarks.settings import SHOP_ZONE
from retention_kit.loyalty_rules.batch import accruing, compiling
from retention_kit.loyalty_rules.definitions.awards import Proportional
from retention_kit.loyalty_rules.definitions.moments import Rolling
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.tiers import Benefits, Tier, TierLadder
from retention_kit.loyalty_rules.definitions.triggers import EachOrder
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online.account import Account
from retention_kit.loyalty_rules.online.events import Order
from retention_kit.loyalty_rules.online.posting import post
from retention_kit.loyalty_rules.online.quoting import quote

_START = dt.datetime(2024, 12, 1, tzinfo=ZoneInfo(SHOP_ZONE))


def prepare(job: Job, path: str) -> Callable[[], Any]:
    """Compile the kernel, which is kept on disk, before the clock starts."""
    if job.task in ("loyalty_quote", "loyalty_post"):
        program = compile_program(_tiers(), time_zone=SHOP_ZONE)
        return (
            (lambda: _quotes(program)) if job.task == "loyalty_quote" else lambda: _posts(program)
        )
    program = program_of(job.task)
    compiling.compiled("running", "run")
    few = pl.scan_parquet(path).head(10_000)
    _balances(few, program).collect(engine="streaming")
    return lambda: sink(_balances(pl.scan_parquet(path), program))


def _balances(orders: pl.LazyFrame, program: LoyaltyProgram) -> pl.LazyFrame:
    held = accruing.loyalty_balances(orders, program=program, as_of=AS_OF)
    return held.select("customer_id", "held")


def program_of(task: str) -> LoyaltyProgram:
    """Give the program whose balances a job asks for."""
    return _points() if task == "loyalty_expiry" else _tiers()


def _points(tiers: TierLadder | None = None) -> LoyaltyProgram:
    wallet = Wallet(name="points", expiry=Rolling(length=f"{DAYS}d"), spending=Spending())
    rule = EarningRule(
        name="purchases",
        wallet="points",
        trigger=EachOrder(),
        award=Proportional(amount=1, per=PER, with_points=True),
    )
    return LoyaltyProgram(
        name="Points",
        currency="RUB",
        rounding="down",
        wallets=[wallet],
        rules=[rule],
        tiers=tiers,
    )


def _tiers() -> LoyaltyProgram:
    steps = (("Bronze", 0, "1"), ("Silver", 5_000, "1.5"), ("Gold", 20_000, "2"))
    return _points(
        TierLadder(
            by="spend",
            window="1y",
            validity="1y",
            downgrade="recompute",
            tiers=[
                Tier(name=name, at=at, benefits=Benefits(multiplier=Decimal(factor)))
                for name, at, factor in steps
            ],
        )
    )


def _account(program: Any) -> Account:
    """Give an account with open lots."""
    account = Account.new(1)
    for number in range(OPEN_LOTS):
        at = _START + dt.timedelta(hours=number)
        order = Order(order_id=number, at=at, amount=Decimal(2_000))
        account = post(account, order, program).account
    return account


def _order(number: int) -> Order:
    at = _START + dt.timedelta(days=10)
    return Order(order_id=1_000 + number, at=at, amount=Decimal(3_000 + number), points_paid=15)


def _quotes(program: Any) -> dict[str, int | float]:
    account = _account(program)
    taken, checksum = [], 0
    for number in range(ASKED):
        order = _order(number)
        started = time.perf_counter_ns()
        found = quote(account, order, program)
        taken.append(time.perf_counter_ns() - started)
        checksum += found is not None
    return _answer(taken, checksum)


def _posts(program: Any) -> dict[str, int | float]:
    account = _account(program)
    taken, checksum = [], 0
    for number in range(ASKED):
        order = _order(number)
        started = time.perf_counter_ns()
        found = post(account, order, program)
        taken.append(time.perf_counter_ns() - started)
        checksum += sum(one.units for one in found.entries)
    return _answer(taken, checksum)


def _answer(taken: list[int], checksum: int) -> dict[str, int | float]:
    return {
        "rows": len(taken),
        "checksum": checksum,
        "median microseconds": median(taken) / 1000,
    }
