"""Rows for what is empty, and none lost of what has no place among them."""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.metrics.base.reduced import with_empty_rows


def with_empty_and_other_rows(totals: Frame, slots: Frame, groups: list[str]) -> Frame:
    """Give every group every slot, and keep the rows that are in none.

    A finisher cannot look into a lazy table to refuse what was made with other segments or another
    scorer; but no customer may be lost.

    Args:
        totals: A reduced table.
        slots: The keys that each group should have, with other columns of theirs.
        groups: The columns that the table is split by.

    Returns:
        A row per group and slot, with 0 in all sums where it had none, and the rows of `totals`
        whose keys are no slot, with null in the slots' other columns.
    """
    had: list[str] = totals.collect_schema().names()
    keys: list[str] = [name for name in slots.collect_schema().names() if name in had]
    others = totals.join(slots, on=keys, how="anti", nulls_equal=True)
    return pl.concat([with_empty_rows(totals, slots, groups), others], how="diagonal")
