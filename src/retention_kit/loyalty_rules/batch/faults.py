"""Rows that cannot be: they are set aside with the rule that they break, and change nothing."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from retention_kit.errors import ColumnTypeError

FAULT = "__fault"
"""The column of the rule that a row breaks, by its number in `FAULTS`; null for none."""
FAULTS = (
    "unknown_kind",
    "no_key",
    "no_wallet",
    "no_order",
    "bad_units",
    "bad_until",
    "bad_amount",
    "bad_instant",
)
"""What rows may break."""
LARGEST = 10**12
"""Below how much money, and how many units, a row must stay."""
_FIRST, _LAST = 31_536_000_000_000, 6_942_672_000_000_000
"""The beginnings of 1971 and of 2190 in microseconds: the years that programmes are made for."""


def fault_of(broken: Iterable[tuple[str, pl.Expr]], at: pl.Expr) -> pl.Expr:
    """Say which rule a row breaks, the first of several; `bad_instant` is asked of every row.

    Args:
        broken: By the rule's name, whether a row breaks it.
        at: The row's instant in microseconds.

    Returns:
        An `Int8` expression named `FAULT`; null where none is broken.
    """
    out_of_years = ~at.is_between(_FIRST, _LAST, closed="left")
    cases = (*broken, ("bad_instant", out_of_years))
    # What is not known is not right either.
    found = [
        pl.when(is_broken.fill_null(value=True)).then(FAULTS.index(name))
        for name, is_broken in cases
    ]
    return pl.coalesce(found).cast(pl.Int8).alias(FAULT)


def set_aside(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part rows into those that can be and those that break a rule."""
    if FAULT not in rows.columns:
        return rows, rows.clear()
    faults = rows[FAULT]
    if faults.null_count() == rows.height:
        return rows.drop(FAULT), rows.clear()
    return rows.filter(faults.is_null()).drop(FAULT), rows.filter(faults.is_not_null())


def same_ids(
    table: str, column: str, schema: pl.Schema, dtype: pl.DataType, *, of: str | None = None
) -> pl.Expr:
    """Give a column of ids as the orders have them.

    Args:
        table: The table.
        column: Its column; null where it is absent.
        schema: Its columns.
        dtype: The type of the ids in the orders.
        of: The column of the orders; None for one of the same name.

    Raises:
        ColumnTypeError: They are of another type.
    """
    own = schema.get(column, pl.Null())
    if own == dtype:
        return pl.col(column)
    if isinstance(own, pl.Null):
        return pl.lit(None, dtype=dtype).alias(column)
    if own.is_integer() and dtype.is_integer():
        return pl.col(column).cast(dtype)
    raise ColumnTypeError(
        table,
        column,
        got=str(own),
        allowed=f"{dtype}, as {of or column!r} of 'orders' is",
        step="cast it.",
    )
