"""The customers of a shop in parts that fit into memory, each with all that its figures need.

A customer is in one part, so that what a customer-local or an additive function says of the parts
is put together to what it says of the whole.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from retention_kit.audit.shared.history import History, history_of
from retention_kit.contracts.bundle import Bundle
from retention_kit.contracts.combining import combine
from retention_kit.contracts.dataset import Dataset
from retention_kit.contracts.law import kind_of
from retention_kit.contracts.tables import TABLES
from retention_kit.metrics.base.observed import instant

PART_ORDERS = 1_000_000
"""About how many orders a part has."""
IN_MEMORY = 600_000_000
"""How many bytes of orders are kept in memory at most; more are written to a temporary folder."""
_ONE_PART = 3_000_000
_TEXT_BYTES = 48
_NEEDED = ("order_id", "customer_id", "ordered_at", "amount", "kind", "status")
_OPTIONAL = ("channel", "manager", "delivered_at", "margin", "promo_code")
_OF_CUSTOMERS = ("customer_id", "acquisition_channel", "registered_at", "birthday")
_CHOICES = ("kind", "status")
SPLIT = ("orders", "customers")
"""The tables that are divided by customers; in a part the others are empty."""
_TABLES = (*TABLES, "guest_orders", "guest_order_items")
_PART = "__part"


@dataclass(frozen=True, slots=True)
class Ask:
    """Something asked of every part.

    Attributes:
        stage: What it belongs to, told while it is answered.
        function: A customer-local or an additive function; None where `shared` or `of_all` knows.
        arguments: Its arguments that are no tables.
        shared: Gives the same answer from the history that the questions of a part share.
        together: Makes one answer of those of all parts; None joins them as `function` declares.
        is_kept: Whether the answers are left for `Parts.kept` instead.
        of_all: Gives the answer from the part's tables with orders of every status.
    """

    stage: str
    function: Callable[..., Any] | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    shared: Callable[[History], pl.DataFrame] | None = None
    together: Callable[[Sequence[pl.DataFrame]], pl.DataFrame] | None = None
    is_kept: bool = False
    of_all: Callable[[Bundle], pl.DataFrame] | None = None


class _Held(NamedTuple):
    """A part that was read.

    Attributes:
        everything: Its tables, with orders of every status.
        completed: The same with completed orders alone.
        history: What its customers bought.
    """

    everything: Bundle
    completed: Bundle
    history: History


class Parts:
    """The parts of a dataset, of which questions may be asked."""

    def __init__(
        self,
        parts: Sequence[Callable[[], Bundle]],
        *,
        as_of: dt.datetime,
        folder: Path | None = None,
    ) -> None:
        self._parts = parts
        self._as_of = as_of
        self._folder = folder
        self._kept: dict[str, list[pl.LazyFrame]] = {}

    def __len__(self) -> int:
        return len(self._parts)

    def run(self, asks: Mapping[str, Ask], tell: Callable[[str], None]) -> dict[str, pl.DataFrame]:
        """Answer all questions, part by part; once, for the orders are gone afterwards.

        Args:
            asks: The questions by name; those of one stage stand together.
            tell: Called with each stage as it begins, and of several parts with the part's number.

        Returns:
            By name, the answer for the whole, eager; those that are kept are not among them.
        """
        answers: dict[str, list[pl.DataFrame]] = {name: [] for name in asks}
        for number, held in enumerate(self._all_held(), start=1):
            stage = ""
            for name, ask in asks.items():
                if ask.stage != stage:
                    stage = ask.stage
                    tell(stage if len(self) == 1 else f"{stage}, part {number} of {len(self)}")
                answer = _answer(ask, held.result())
                if ask.is_kept:
                    self._keep(name, answer)
                else:
                    answers[name].append(answer)
        self._parts = ()
        return {
            name: _together(ask, answers.pop(name)) for name, ask in asks.items() if not ask.is_kept
        }

    def kept(self, name: str) -> pl.LazyFrame:
        """Give the answers of all parts to a question whose answers are kept."""
        return pl.concat(self._kept[name])

    def _all_held(self) -> Iterator[Future[_Held]]:
        """Give each part, read and sorted once, and make the next one ready meanwhile."""
        with ThreadPoolExecutor(max_workers=1) as background:
            following = None
            for number in range(len(self)):
                held = following or background.submit(self._held, number)
                is_last = number + 1 == len(self)
                following = None if is_last else background.submit(self._held, number + 1)
                yield held

    def _held(self, number: int) -> _Held:
        part = self._parts[number]()
        orders = part.orders.collect()
        completed = orders.filter(pl.col("status") == "completed").drop("status")
        return _Held(
            everything=replace(part, orders=orders.lazy()),
            completed=replace(part, orders=completed.lazy()),
            history=history_of(completed, as_of=self._as_of),
        )

    def _keep(self, name: str, answer: pl.DataFrame) -> None:
        pieces = self._kept.setdefault(name, [])
        if self._folder is None:
            pieces.append(answer.lazy())
            return
        file = self._folder / f"{name}-{len(pieces)}.arrow"
        answer.write_ipc(file)
        pieces.append(pl.scan_ipc(file))


@contextlib.contextmanager
def parts_of(
    dataset: Dataset, *, as_of: dt.datetime, orders: int, given: frozenset[str]
) -> Iterator[Parts]:
    """Divide a dataset by customers.

    Args:
        dataset: The shop's tables.
        as_of: Observation instant, exclusive, with a time zone.
        orders: How many orders it has.
        given: The optional columns of `orders` that hold anything.

    Yields:
        The parts. Orders of up to `IN_MEMORY` bytes stay in memory; more are written to a temporary
        folder, which is gone afterwards.
    """
    lean = _lean(dataset, as_of, given)
    if orders <= _ONE_PART:
        yield Parts([lambda: lean], as_of=as_of)
        return
    count = -(-orders // PART_ORDERS)
    tables = {name: _with_part(getattr(lean, name), count) for name in SPLIT}
    if orders * _row_bytes(lean.orders) <= IN_MEMORY:
        held = {name: frame.collect(engine="streaming") for name, frame in tables.items()}
        parts = Parts([_filtered(lean, held, number) for number in range(count)], as_of=as_of)
        # Its orders are gone once they were asked.
        del held
        yield parts
        return
    with tempfile.TemporaryDirectory(prefix="retention_kit_") as name:
        folder = Path(name)
        for table, frame in tables.items():
            target = pl.PartitionBy(folder / table, key=_PART, include_key=False)
            frame.sink_ipc(target, mkdir=True)
        written = [_written(lean, folder, number) for number in range(count)]
        yield Parts(written, as_of=as_of, folder=folder)


def _lean(dataset: Dataset, as_of: dt.datetime, given: frozenset[str]) -> Bundle:
    """Give what is asked of alone: orders before the instant, and what is known of customers."""
    columns = [*_NEEDED, *(name for name in _OPTIONAL if name in given)]
    is_before = pl.col("ordered_at") < instant(as_of, dataset.time_zone)
    # One byte instead of sixteen.
    short = (
        pl.col(name).fill_null(one.default).cast(pl.Enum(one.choices))
        for name, one in TABLES["orders"].columns.items()
        if name in _CHOICES
    )
    known = [name for name in _OF_CUSTOMERS if name in dataset.customers.collect_schema()]
    return replace(
        _bare(dataset),
        orders=dataset.orders.filter(is_before).select(columns).with_columns(short),
        customers=dataset.customers.select(known),
    )


def _bare(dataset: Dataset) -> Bundle:
    """Give the tables of customers and their orders; the others, and guests, are empty."""
    tables = {name: getattr(dataset, name) for name in _TABLES}
    empty = {name: frame if name in SPLIT else frame.clear() for name, frame in tables.items()}
    return Bundle(
        **empty,
        time_zone=dataset.time_zone,
        currency=dataset.currency,
        given=frozenset(SPLIT),
        health=dataset.health,
    )


def _with_part(frame: pl.LazyFrame, count: int) -> pl.LazyFrame:
    # Any hash will do that puts a customer of both tables into one part; this one is cheap.
    part = (pl.col("customer_id").hash(0) % count).cast(pl.UInt32)
    return frame.with_columns(part.alias(_PART))


def _filtered(lean: Bundle, held: Mapping[str, pl.DataFrame], number: int) -> Callable[[], Bundle]:
    def part() -> Bundle:
        orders, customers = (
            held[name].lazy().filter(pl.col(_PART) == number).drop(_PART) for name in SPLIT
        )
        return replace(lean, orders=orders, customers=customers)

    return part


def _written(lean: Bundle, folder: Path, number: int) -> Callable[[], Bundle]:
    def table(name: str) -> pl.LazyFrame:
        # Without rows there is no file.
        files = sorted((folder / name / f"{_PART}={number}").glob("*.ipc"))
        empty = pl.LazyFrame(schema=getattr(lean, name).collect_schema())
        return pl.scan_ipc(files) if files else empty

    def part() -> Bundle:
        return replace(lean, orders=table("orders"), customers=table("customers"))

    return part


def _row_bytes(frame: pl.LazyFrame) -> int:
    return sum(map(_bytes, frame.collect_schema().dtypes()))


def _bytes(dtype: pl.DataType) -> int:
    if dtype == pl.String:
        return _TEXT_BYTES
    if dtype == pl.Enum:
        return 1
    return 16 if dtype.is_decimal() else 8


def _answer(ask: Ask, held: _Held) -> pl.DataFrame:
    if ask.shared is not None:
        return ask.shared(held.history)
    if ask.of_all is not None:
        return ask.of_all(held.everything)
    function, kind = _declared(ask)
    tables = {name: getattr(held.completed, name) for name in kind.tables if name in TABLES}
    answer: pl.DataFrame = function(**tables, **ask.arguments).collect()
    return answer


def _together(ask: Ask, answers: list[pl.DataFrame]) -> pl.DataFrame:
    if ask.together is not None:
        return ask.together(answers)
    together: pl.DataFrame = combine(answers, _declared(ask)[1], dict(ask.arguments))
    return together


def _declared(ask: Ask) -> tuple[Callable[..., Any], Any]:
    assert ask.function is not None, "a question has a function, or another way and together"
    return ask.function, kind_of(ask.function)
