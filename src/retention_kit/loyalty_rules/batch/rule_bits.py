"""The bits of the rules and of the discounts whose filters a row of a table meets.

Only what the row's own columns decide is asked here. Dates, hours and the programme's version are
asked of the events, in `masks`.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from retention_kit.loyalty_rules.batch.filters import bits, holds
from retention_kit.loyalty_rules.batch.lines import LineSums, both_hold
from retention_kit.loyalty_rules.lowered.parts import Filter
from retention_kit.loyalty_rules.lowered.plan import CompiledProgram
from retention_kit.smart_segments.frame.given import Given


def order_bits(
    plan: CompiledProgram, given: Given, sums: LineSums, gone: pl.Expr | None
) -> pl.Expr | None:
    """Give the bits of the rules that look at orders; None where no row decides.

    Args:
        plan: The programme.
        given: The tables that filters look at.
        sums: What is known of lines.
        gone: Whether the order's promo code had been used up.
    """
    return _of_orders((one for one in plan.rule_filters if one.on == "order"), given, sums, gone)


def discount_bits(
    plan: CompiledProgram, given: Given, sums: LineSums, gone: pl.Expr | None
) -> pl.Expr | None:
    """Give the bits of the discounts, as `order_bits` does."""
    return _of_orders(plan.discount_filters, given, sums, gone)


def activity_bits(plan: CompiledProgram, given: Given) -> pl.Expr | None:
    """Give the bits of the rules that look at events; None where no row decides."""
    asking = (one for one in plan.rule_filters if one.on == "activity")
    return bits({one.bit: holds(one.where, "events", given) for one in asking})


def asks_for_promo(plan: CompiledProgram) -> bool:
    """Say whether any rule or discount asks for a promo code."""
    return any(one.promo for one in (*plan.rule_filters, *plan.discount_filters))


def _of_orders(
    filters: Iterable[Filter], given: Given, sums: LineSums, gone: pl.Expr | None
) -> pl.Expr | None:
    return bits(
        {
            one.bit: both_hold(
                (
                    holds(one.where, "orders", given),
                    sums.any_of(one.lines) if one.lines else None,
                    _promo(one.promo, given, gone),
                )
            )
            for one in filters
        }
    )


def _promo(code: str | None, given: Given, gone: pl.Expr | None) -> pl.Expr | None:
    if code is None:
        return None
    if "promo_code" not in given.schemas["orders"]:
        return pl.lit(value=False)
    used = (pl.col("promo_code").cast(pl.String) == code).fill_null(value=False)
    return used if gone is None else used & ~gone
