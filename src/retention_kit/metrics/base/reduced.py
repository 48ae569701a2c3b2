"""What finishers share: the groups that a reduced table is split by, and rows for what is empty."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.errors import DefinitionError


def sums_by(frame: Frame, keys: Sequence[str], *sums: pl.Expr) -> Frame:
    """Sum by keys, or everything into one row where there are none."""
    return frame.group_by(*keys).agg(*sums) if keys else frame.select(*sums)


def groups_of(totals: Frame, own: Sequence[str]) -> list[str]:
    """Give the columns of a reduced table that are none of its function's own: those of `by`."""
    return [name for name in totals.collect_schema().names() if name not in own]


def sum_of_group(column: str, groups: Sequence[str]) -> pl.Expr:
    """Give a column's sum over the group in each of its rows."""
    # Divided by one value for all rows, the engine in memory multiplies by its inverse, which is
    # another float now and then; a window gives each row its own.
    return pl.col(column).sum().over(groups or pl.lit(0))


def share_of_group(column: str, groups: Sequence[str]) -> pl.Expr:
    """Give a column's share of its sum over the group, null where the sum is 0."""
    whole = sum_of_group(column, groups)
    part = pl.col(column).cast(pl.Float64)
    return pl.when(whole != 0).then(part / whole.cast(pl.Float64))


def with_empty_rows(totals: Frame, slots: Frame, groups: Sequence[str]) -> Frame:
    """Give every group every slot, with 0 in all sums where it had none.

    Args:
        totals: A reduced table.
        slots: The keys that each group should have, as columns of the same names.
        groups: The columns that the table is split by.

    Returns:
        A row per group and slot: the groups, the slots' columns, and the sums of `totals`.
    """
    had: list[str] = totals.collect_schema().names()
    keys: list[str] = [*groups, *(name for name in slots.collect_schema().names() if name in had)]
    sums = [name for name in had if name not in keys]
    grid = totals.select(groups).unique().join(slots, how="cross") if groups else slots
    joined = grid.join(totals, on=keys, how="left", nulls_equal=True)
    return joined.with_columns(pl.col(sums).fill_null(0))


def need_key(totals: Frame, key: str, *, step: str) -> None:
    """Raise where a reduced table lacks a key that a finisher needs.

    Raises:
        DefinitionError: It does.
    """
    names = totals.collect_schema().names()
    if key not in names:
        raise DefinitionError(
            f"The totals have no column {key!r}; they have: {', '.join(names)}. Next step: {step}",
            parameter="totals",
        )
