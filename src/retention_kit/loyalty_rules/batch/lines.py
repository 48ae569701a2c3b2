"""What rules look at in the lines of orders: sums over the lines that match, by order."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from retention_kit.contracts.schemas import MONEY
from retention_kit.errors import DefinitionError, MissingColumnError
from retention_kit.loyalty_rules.batch.faults import same_ids
from retention_kit.loyalty_rules.batch.filters import holds
from retention_kit.loyalty_rules.lowered.plan import CompiledProgram
from retention_kit.metrics.base.observed import is_sale
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.smart_segments.frame.given import Given

HAS_LINES = "has_lines"
OF_SALE = "__of_sale"
"""Whether an order, or what a line is of, is a sale; else it is a return."""
Lines = tuple[Where, ...]
_NEEDED = ("order_id", "amount", "quantity")
_SOLD, _CAME_BACK = "__sold", "__came_back"


@dataclass(frozen=True, slots=True)
class LineSums:
    """Sums over lines, by order.

    Attributes:
        frame: One row per sale and per return that has lines: `order_id`, `OF_SALE`, and the
            columns; None where nothing is asked of lines.
        columns: Those that bases are reckoned from: `has_lines`, and by number of the filters
            `lines_0` (`Int64`), the amount in ten-thousandths; `lines_off_0`, the discount;
            `lines_count_0`, the quantity in ten-thousandths. Of returns too they are above 0.
        numbers: By the filters of lines, their number.
    """

    frame: pl.LazyFrame | None
    columns: tuple[str, ...]
    numbers: Mapping[Lines, int]

    def any_of(self, lines: Lines) -> pl.Expr:
        """Say whether an order has a line that matches."""
        return pl.col(f"lines_any_{self.numbers[lines]}").fill_null(value=False)


def line_sums(
    order_items: pl.LazyFrame | None, orders: pl.LazyFrame, plan: CompiledProgram, given: Given
) -> LineSums:
    """Sum the lines that the rules ask for.

    A return has lines of its own, below 0: filters see them above 0, as they see those of sales.

    Args:
        order_items: The lines of the orders.
        orders: The orders.
        plan: The programme.
        given: The tables that filters look at.

    Returns:
        The sums; without columns where nothing is asked.

    Raises:
        DefinitionError: Lines are asked for, and there is no table of them.
        MissingColumnError: A column of it is absent.
        ColumnTypeError: Its ids are of another type than those of the orders.
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
    ids = same_ids("order_items", "order_id", schema, orders.collect_schema()["order_id"])
    rows = _turned(_by_kind(order_items.with_columns(ids), schema, orders), schema)
    frame = rows.group_by("order_id", OF_SALE).agg(one.alias(name) for name, one in found.items())
    carried = tuple(name for name in found if not name.startswith("lines_any_"))
    return LineSums(frame, carried, numbers)


def _by_kind(order_items: pl.LazyFrame, schema: pl.Schema, orders: pl.LazyFrame) -> pl.LazyFrame:
    """Say of each line whether it is of a sale."""
    is_below = (pl.col("quantity") < 0) | ((pl.col("quantity") == 0) & (pl.col("amount") < 0))
    if "kind" in schema:
        # The door says it of every line.
        came_back = pl.col("kind").is_null() & is_below
        sold = is_sale(order_items) & ~came_back.fill_null(value=False)
        return order_items.with_columns(sold.alias(OF_SALE))
    if "kind" not in orders.collect_schema():
        return order_items.with_columns(pl.lit(value=True).alias(OF_SALE))
    # A sale and a return may have one id: then what is below 0 came back.
    kinds = orders.group_by("order_id").agg(
        is_sale(orders).any().alias(_SOLD), (~is_sale(orders)).any().alias(_CAME_BACK)
    )
    came_back = pl.col(_CAME_BACK) & (~pl.col(_SOLD) | is_below)
    return (
        order_items.join(kinds, on="order_id", how="left", maintain_order="none")
        .with_columns((~came_back).fill_null(value=True).alias(OF_SALE))
        .drop(_SOLD, _CAME_BACK)
    )


def _turned(lines: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    """Turn the signs of what came back; a discount is above 0 however it is written."""
    sold = pl.col(OF_SALE)
    turned = [
        pl.when(sold).then(name).otherwise(-pl.col(name)).cast(schema[name])
        for name in ("amount", "quantity")
    ]
    if "discount" in schema:
        off = pl.col("discount")
        turned.append(pl.when(sold).then(off).otherwise(off.abs()).cast(schema["discount"]))
    return lines.with_columns(turned)


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
