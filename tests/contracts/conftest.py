"""Rows to send through the door, and ways to look at what became of them."""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest

from retention_kit.contracts import Dataset
from retention_kit.errors import DataWarning

SHOP = {"time_zone": "Europe/London", "currency": "GBP", "date_format": "iso8601"}


@contextlib.contextmanager
def in_silence() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        yield


@pytest.fixture
def order() -> Callable[..., dict[str, Any]]:
    """Make a row of orders; what is named differs from the usual one."""

    def make(order_id=1, customer_id=7, ordered_at="2024-01-02 10:00", amount=5.0, **others):
        return {
            "order_id": order_id,
            "customer_id": customer_id,
            "ordered_at": ordered_at,
            "amount": amount,
            **others,
        }

    return make


@pytest.fixture
def item() -> Callable[..., dict[str, Any]]:
    """Make a row of order_items."""

    def make(order_id=1, product_id="mug", quantity=1, amount=5.0, **others):
        return {
            "order_id": order_id,
            "product_id": product_id,
            "quantity": quantity,
            "amount": amount,
            **others,
        }

    return make


@pytest.fixture
def line() -> Callable[..., dict[str, Any]]:
    """Make a row of an export by line."""

    def make(order_id=1, product_id="mug", quantity=1, price=5.0, **others):
        return {
            "order_id": order_id,
            "customer_id": 7,
            "ordered_at": "2024-01-02 10:00",
            "product_id": product_id,
            "quantity": quantity,
            "price": price,
            **others,
        }

    return make


@pytest.fixture
def enter() -> Callable[..., Dataset]:
    """Let tables in, in London, without the warnings."""

    def let_in(orders: Any, **options: Any) -> Dataset:
        with in_silence():
            return Dataset.from_frames(orders, **{**SHOP, **options})

    return let_in


@pytest.fixture
def enter_lines() -> Callable[..., Dataset]:
    """Let an export by line in, in London, without the warnings."""

    def let_in(lines: Any, **options: Any) -> Dataset:
        with in_silence():
            return Dataset.from_lines(lines, **{**SHOP, **options})

    return let_in


@pytest.fixture
def rules_of() -> Callable[..., dict[str, int]]:
    """Count the rejected rows of a table by rule, having made sure that the books balance."""

    def count(dataset: Dataset, table: str = "orders") -> dict[str, int]:
        health = dataset.health.tables[table]
        rejected = dataset.rejected[table].collect()
        by_rule = dict(rejected.group_by("rule").agg(pl.len()).rows())
        assert by_rule == dict(health.rejected)
        assert health.read == health.accepted + rejected.height
        accepted = getattr(dataset, table).collect().height
        if table in ("orders", "order_items"):
            guests = getattr(dataset, f"guest_{table}").collect().height
            assert guests == health.guests
            accepted += guests
        assert accepted == health.accepted
        return dict(health.rejected)

    return count
