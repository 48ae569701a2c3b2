"""The customers of a shop in parts that fit into memory, each with all that its figures need.

A customer is in one part, so that what a customer-local or an additive function says of the parts
is put together to what it says of the whole.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from retention_kit.contracts.buckets import combine, write_buckets
from retention_kit.contracts.bundle import Bundle
from retention_kit.contracts.dataset import Dataset
from retention_kit.contracts.law import kind_of
from retention_kit.contracts.tables import TABLES

PART_ORDERS = 1_000_000
"""About how many orders a part has."""
_ONE_PART = 3_000_000
_NEEDED = ("order_id", "customer_id", "ordered_at", "amount", "kind")
_OPTIONAL = ("channel", "manager", "delivered_at", "margin")
_SPLIT = frozenset({"orders", "customers"})
_TABLES = (*TABLES, "guest_orders", "guest_order_items")


@dataclass(frozen=True, slots=True)
class Ask:
    """A customer-local or an additive function, and what it is to be called with.

    Attributes:
        stage: What it belongs to, told while it is answered.
        function: The function.
        arguments: Its arguments that are no tables.
    """

    stage: str
    function: Callable[..., Any]
    arguments: Mapping[str, Any]


class Parts:
    """The parts of a dataset, of which any number of questions may be asked."""

    def __init__(self, bundles: list[Bundle]) -> None:
        self._bundles = bundles

    def __len__(self) -> int:
        return len(self._bundles)

    def run(self, asks: Mapping[str, Ask], tell: Callable[[str], None]) -> dict[str, pl.DataFrame]:
        """Answer all questions, part by part.

        Args:
            asks: The questions by name; those of one stage stand together.
            tell: Called with each stage as it begins, and of several parts with the part's number.

        Returns:
            By name, the answer for the whole, eager.
        """
        answers: dict[str, list[pl.DataFrame]] = {name: [] for name in asks}
        for number, bundle in enumerate(self._bundles, start=1):
            # Read once, and then asked many times.
            held = replace(bundle, orders=bundle.orders.collect().lazy())
            stage = ""
            for name, ask in asks.items():
                if ask.stage != stage:
                    stage = ask.stage
                    tell(stage if len(self) == 1 else f"{stage}, part {number} of {len(self)}")
                answers[name].append(_answer(ask, held))
        return {
            name: combine(answers[name], _kind(ask), dict(ask.arguments))
            for name, ask in asks.items()
        }


@contextlib.contextmanager
def parts_of(dataset: Dataset, *, orders: int, given: frozenset[str]) -> Iterator[Parts]:
    """Divide a dataset by customers.

    Args:
        dataset: The shop's tables.
        orders: How many orders it has.
        given: The optional columns of `orders` that hold anything.

    Yields:
        The parts. A shop of up to three million orders is one part, in memory; a larger one is
        written to a temporary folder, which is gone afterwards.
    """
    columns = [*_NEEDED, *(name for name in _OPTIONAL if name in given)]
    completed = pl.col("status").is_null() | (pl.col("status") == "completed")
    lean = replace(
        _bare(dataset), orders=dataset.orders.filter(completed).select(columns), given=_SPLIT
    )
    if orders <= _ONE_PART:
        held = lean.orders.collect(engine="streaming").sort("customer_id")
        yield Parts([replace(lean, orders=held.lazy())])
        return
    with tempfile.TemporaryDirectory(prefix="retention_kit_") as folder:
        count = -(-orders // PART_ORDERS)
        yield Parts(list(write_buckets(lean, Path(folder, "parts"), buckets=count)))


def _bare(dataset: Dataset) -> Bundle:
    """Give the tables of customers and their orders; the others, and guests, are empty."""
    tables = {name: getattr(dataset, name) for name in _TABLES}
    empty = {name: frame if name in _SPLIT else frame.clear() for name, frame in tables.items()}
    return Bundle(
        **empty,
        time_zone=dataset.time_zone,
        currency=dataset.currency,
        given=dataset.given,
        health=dataset.health,
    )


def _answer(ask: Ask, bundle: Bundle) -> pl.DataFrame:
    kind = _kind(ask)
    names = [name for name in kind.tables if name in TABLES]
    tables = {name: getattr(bundle, name) for name in names}
    answer: pl.DataFrame = ask.function(**tables, **ask.arguments).collect()
    return answer


def _kind(ask: Ask) -> Any:
    return kind_of(ask.function)
