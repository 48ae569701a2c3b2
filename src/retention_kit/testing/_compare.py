"""How two tables differ, whatever the order of their rows, told without showing a row."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def difference(wanted: pl.DataFrame, got: pl.DataFrame, *, keys: Sequence[str] = ()) -> str | None:
    """Say how two tables differ, or give None where they hold the same rows.

    Values are compared exactly, and so are the columns, their order and their types.

    Args:
        wanted: The one table.
        got: The other.
        keys: Columns by which rows are paired, where there are such; it makes for a better answer.
    """
    schemas = schema_difference(wanted.schema, got.schema)
    if schemas is not None:
        return schemas
    if wanted.height != got.height:
        return f"{got.height} rows instead of {wanted.height}"
    first = [name for name in keys if name in wanted.columns]
    order = [*first, *(name for name in wanted.columns if name not in first)]
    if not order:
        return None
    one, other = (frame.sort(order, nulls_last=True) for frame in (wanted, got))
    differing = {name: int(one[name].ne_missing(other[name]).sum()) for name in wanted.columns}
    told = [f"{name!r} in {rows}" for name, rows in differing.items() if rows]
    return f"of {wanted.height} rows, {', '.join(told)} differ" if told else None


def schema_difference(wanted: pl.Schema, got: pl.Schema) -> str | None:
    """Say how two schemas differ, or give None where they do not."""
    if wanted == got:
        return None
    if wanted.names() != got.names():
        return f"columns {got.names()} instead of {wanted.names()}"
    told = [
        f"{name!r} is {got[name]} instead of {dtype}"
        for name, dtype in wanted.items()
        if got[name] != dtype
    ]
    return f"column {', '.join(told)}"
