"""Answers for disjoint sets of customers become that for all of them, as the law allows."""

from __future__ import annotations

from typing import Any

import polars as pl

from retention_kit.contracts.law import Kind


def combine(answers: list[Any], kind: Kind, arguments: dict[str, Any] | None = None) -> Any:
    """Put the answers for disjoint sets of customers together, as their kind allows.

    Args:
        answers: One table, or one NamedTuple of tables, per set of customers.
        kind: What the function declared.
        arguments: The function's arguments; columns named by `by` are keys too.
    """
    if isinstance(answers[0], tuple):
        return type(answers[0])(
            *(combine(list(parts), kind, arguments) for parts in zip(*answers, strict=True))
        )
    together = pl.concat(answers)
    if kind.name == "customer_local":
        return together
    keys = kind.keys_with(arguments or {})
    if not keys:
        return together.select(pl.all().sum())
    columns = answers[0].collect_schema().names()
    return together.group_by(keys).agg(pl.all().sum()).select(columns)
