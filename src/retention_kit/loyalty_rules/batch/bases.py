"""The money and the counts that rules look at, a column of whole numbers for each."""

from __future__ import annotations

import numpy as np
import polars as pl

from retention_kit.loyalty_rules.batch.columns import Numbers
from retention_kit.loyalty_rules.batch.lines import HAS_LINES, numbers_of_lines, plugin_column
from retention_kit.loyalty_rules.batch.plugged import checked_units, spec_of_base
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.lowered.plan import CompiledProgram


def bases_of(rows: pl.DataFrame, kind: Numbers, mask: Numbers, plan: CompiledProgram) -> Numbers:
    """Give the bases of events, by base and event; never below 0, and -1 in proportion.

    What is paid from wallets is still in them: the kernel takes it off.

    Args:
        rows: Rows of `stream.Stream`.
        kind: Their kinds.
        mask: The bits of the rules that look at each.
        plan: The programme, which says what each base is.

    Raises:
        PluginError: What a plug-in gives is no number of units.
    """
    found = np.zeros((max(1, len(plan.bases)), len(kind)), dtype=np.int64)
    is_return = kind == layout.RETURN
    bought = is_return | (kind == layout.ORDER)
    goods = np.where(bought, _column(rows, "amount"), 0)
    numbers = numbers_of_lines(plan)
    without_lines = is_return & (_column(rows, HAS_LINES) == 0)
    for place, base in enumerate(plan.bases):
        if base.kind == "plugin":
            asked = mask & plan.rules_of_base(place) != 0
            units = _column(rows, plugin_column(place))
            found[place] = checked_units(units, asked, spec_of_base(base, plan)[0])
            if base.on == "order":
                found[place][is_return] = -1
            continue
        if base.kind == "count":
            value = _column(rows, f"lines_count_{numbers[base.lines]}") // layout.MONEY
        elif base.lines:
            value = _money(rows, numbers[base.lines], before_discount=base.before_discount)
        else:
            off = _column(rows, "discount") if base.before_discount else np.zeros_like(goods)
            value = goods + off
        if base.excluded:
            value = value - _money(
                rows, numbers[base.excluded], before_discount=base.before_discount
            )
        found[place] = np.maximum(value, 0)
        if base.by_lines:
            found[place][without_lines] = -1
    is_activity = kind == layout.ACTIVITY
    if is_activity.any():
        found[0, is_activity] = _column(rows, "amount")[is_activity]
    return found


def _money(rows: pl.DataFrame, number: int, *, before_discount: bool) -> Numbers:
    money = _column(rows, f"lines_{number}")
    return money + _column(rows, f"lines_off_{number}") if before_discount else money


def _column(rows: pl.DataFrame, name: str) -> Numbers:
    if name not in rows.columns:
        return np.zeros(rows.height, dtype=np.int64)
    values: Numbers = rows[name].cast(pl.Int64).fill_null(0).to_numpy()
    return values
