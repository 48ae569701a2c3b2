"""What rules look at in the lines of orders: sums over the lines that match, by order."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from retention_kit.contracts.schemas import MONEY
from retention_kit.errors import DefinitionError, MissingColumnError
from retention_kit.loyalty_rules.batch.filters import holds
from retention_kit.loyalty_rules.lowered.plan import CompiledProgram
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.smart_segments.frame.given import Given

HAS_LINES = "has_lines"
Lines = tuple[Where, ...]
_NEEDED = ("order_id", "amount", "quantity")


@dataclass(frozen=True, slots=True)
class LineSums:
    """Sums over lines, by order.

    Attributes:
        frame: One row per order that has lines: `order_id`, and the columns; None where nothing is
            asked of lines.
        columns: Those that bases are reckoned from: `has_lines`, and by number of the filters
            `lines_0` (`Int64`), the amount in ten-thousandths; `lines_off_0`, the discount;
            `lines_count_0`, the quantity in ten-thousandths.
        numbers: By the filters of lines, their number.
    """

    frame: pl.LazyFrame | None
    columns: tuple[str, ...]
    numbers: Mapping[Lines, int]

    def any_of(self, lines: Lines) -> pl.Expr:
        """Say whether an order has a line that matches."""
        return pl.col(f"lines_any_{self.numbers[lines]}").fill_null(value=False)


def line_sums(order_items: pl.LazyFrame | None, plan: CompiledProgram, given: Given) -> LineSums:
    """Sum the lines that the rules ask for.

    Args:
        order_items: The lines of the orders.
        plan: The programme.
        given: The tables that filters look at.

    Returns:
        The sums; without columns where nothing is asked.

    Raises:
        DefinitionError: Lines are asked for, and there is no table of them.
        MissingColumnError: A column of it is absent.
    """
    if not numbers_of_lines(plan):
        return LineSums(None, (), {})
    if order_items is None:
        raise DefinitionError(
            "A rule of the programme looks at lines of orders, and no lines are given. Next step: "
            "hand in order_items=…",
            parameter="order_items",
        )
    schema = order_items.collect_schema()
    for name in _NEEDED:
        if name not in schema:
            raise MissingColumnError("order_items", name, schema.names())
    numbers = numbers_of_lines(plan)
    found: dict[str, pl.Expr] = {HAS_LINES: pl.lit(value=True)}
    for lines, number in numbers.items():
        match = holds(lines, "order_items", given)
        off = _parts("discount", schema) if "discount" in schema else pl.lit(0, dtype=pl.Int64)
        for name, column in (
            (f"lines_{number}", _parts("amount", schema)),
            (f"lines_off_{number}", off.abs()),
            (f"lines_count_{number}", _parts("quantity", schema)),
        ):
            found[name] = (column if match is None else column.filter(match)).sum()
        found[f"lines_any_{number}"] = pl.lit(value=True) if match is None else match.any()
    frame = order_items.group_by("order_id").agg(one.alias(name) for name, one in found.items())
    carried = tuple(name for name in found if not name.startswith("lines_any_"))
    return LineSums(frame, carried, numbers)


def numbers_of_lines(plan: CompiledProgram) -> dict[Lines, int]:
    """Number the filters of lines that a programme has."""
    return {lines: number for number, lines in enumerate(dict.fromkeys(_asked(plan)))}


def _asked(plan: CompiledProgram) -> Iterable[Lines]:
    for one in (*plan.rule_filters, *plan.discount_filters):
        if one.lines:
            yield one.lines
    for base in plan.bases:
        if base.lines or base.kind == "count":
            yield base.lines
        if base.excluded:
            yield base.excluded


def plugin_column(base: int) -> str:
    """Name the column in which a plug-in gives a base."""
    return f"given_{base}"


def both_hold(conditions: Iterable[pl.Expr | None]) -> pl.Expr | None:
    """Give what holds where all do; None holds always."""
    found = [one for one in conditions if one is not None]
    return functools.reduce(operator.and_, found) if found else None


def _parts(column: str, schema: pl.Schema) -> pl.Expr:
    money = pl.col(column)
    if schema[column] != MONEY:
        money = money.cast(MONEY)
    return money.to_physical().cast(pl.Int64)
