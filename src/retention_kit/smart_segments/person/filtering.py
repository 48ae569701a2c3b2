"""The rows of one source that match all filters, and of which nothing has been brought back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from typing import Any

from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.person.asking import Ask, Entries, must
from retention_kit.smart_segments.person.comparing import selecting
from retention_kit.smart_segments.person.plan import Plan

EXACT = Context(prec=60)
"""Enough digits for any sum of columns that are exact."""
_LINES = "order_items"


def filtering(rows: Rows, plan: Plan) -> Callable[[Ask], Entries]:
    """Give the function that finds the rows of one source that match, in the order of time."""
    source = rows.source
    selects = [selecting(where, rows.table, plan) for where in rows.where]
    kept = {"orders": _kept_orders, "order_items": _kept_lines}.get(source) if rows.net else None

    def select(ask: Ask) -> Entries:
        entries = ask.source(source)
        if kept is not None:
            entries = kept(ask)
        for one in selects:
            entries = one(entries, ask)
        return entries

    return select


def _kept_orders(ask: Ask) -> Entries:
    """Leave out sales of which returns have brought back as much as they were worth."""
    back: dict[Any, Decimal] = {}
    for at, row in ask.source("returns"):
        if at < ask.now:
            sale = _sale_of(row)
            back[sale] = EXACT.subtract(back.get(sale, Decimal(0)), must(row, "amount", "orders"))
    return [
        entry
        for entry in ask.source("orders")
        if (sale := must(entry[1], "order_id", "orders")) not in back
        or back[sale] < must(entry[1], "amount", "orders")
    ]


def _kept_lines(ask: Ask) -> Entries:
    """Leave out lines of which as many were brought back as their order holds of the product."""
    named = {
        must(row, "order_id", "orders"): _sale_of(row)
        for row in ask.rows["orders"]
        if row.get("kind") == "return" and row.get("status") in (None, "completed")
    }
    back: dict[Any, Decimal] = {}
    for at, row in ask.source("returned_items"):
        if at < ask.now:
            order_id, product = _product_of(row)
            key = (named.get(order_id, order_id), product)
            back[key] = EXACT.subtract(back.get(key, Decimal(0)), must(row, "quantity", _LINES))
    if not back:
        return ask.source("order_items")
    held: dict[Any, Decimal] = {}
    for at, row in ask.source("order_items"):
        if at < ask.now:
            key = _product_of(row)
            held[key] = EXACT.add(held.get(key, Decimal(0)), must(row, "quantity", _LINES))
    gone = {key for key, quantity in back.items() if quantity >= held.get(key, Decimal(0))}
    return [entry for entry in ask.source(_LINES) if _product_of(entry[1]) not in gone]


def _sale_of(row: Mapping[str, Any]) -> Any:
    """Give the sale that a return belongs to: the one that it names, else that of its id."""
    original = row.get("original_order_id")
    return must(row, "order_id", "orders") if original is None else original


def _product_of(line: Mapping[str, Any]) -> tuple[Any, Any]:
    return must(line, "order_id", _LINES), must(line, "product_id", _LINES)
