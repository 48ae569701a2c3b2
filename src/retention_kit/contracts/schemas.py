"""Types and checks made from the table descriptions: Polars schemas and dataframely classes.

Ids may be integers or text, instants carry the shop's zone, and a table may carry columns no
description names, so a schema is made for what came rather than written once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from retention_kit.contracts.rules import row_rules
from retention_kit.contracts.tables import TABLES, Column
from retention_kit.errors import MissingColumnError, bad_parameter

if TYPE_CHECKING:
    import dataframely as dy

MONEY = pl.Decimal(18, 4)
"""The exact type of money and numbers: four digits after the point."""
SUM = pl.Decimal(38, 4)
"""The exact type of sums of money."""


def column_type(column: Column, *, id_type: pl.DataType, time_zone: str) -> pl.DataType:
    """Give the type of a column that came through the door."""
    match column.kind:
        case "id":
            return id_type
        case "instant":
            return pl.Datetime("us", time_zone)
        case "date" | "month":
            return pl.Date()
        case "money" | "number":
            return MONEY
        case "choice":
            return pl.Enum(column.choices)
        case "text":
            return pl.String()


def table_schema(
    table: str,
    *,
    time_zone: str = "UTC",
    id_types: Mapping[str, pl.DataType] | None = None,
) -> pl.Schema:
    """Give the schema of a table that came through the door.

    Args:
        table: One of the seven tables.
        time_zone: The shop's zone.
        id_types: `Int64` or `String` by id column; an absent one is `Int64`.

    Returns:
        Names and types of all its columns, in order. `order_items` has besides the columns that
        the door adds from the order: `customer_id`, `ordered_at` and `kind`.

    Raises:
        DefinitionError: There is no such table.

    Examples:
        >>> table_schema("consents")["decided_at"]
        Datetime(time_unit='us', time_zone='UTC')
    """
    types = dict(id_types or {})
    columns = _columns(table)
    return pl.Schema(
        {
            name: column_type(
                column, id_type=types.get(id_role(name), pl.Int64()), time_zone=time_zone
            )
            for name, column in columns.items()
        }
    )


def _columns(table: str) -> dict[str, Column]:
    if table not in TABLES:
        raise bad_parameter("table", got=table, allowed=", ".join(TABLES))
    columns = dict(TABLES[table].columns)
    if table == "order_items":
        orders = TABLES["orders"].columns
        columns |= {name: orders[name] for name in ("customer_id", "ordered_at", "kind")}
    return columns


def id_role(column: str) -> str:
    """Give the id that a column refers to: `referrer_id` is a customer, and so on."""
    return {
        "original_order_id": "order_id",
        "original_line_id": "line_id",
        "referrer_id": "customer_id",
    }.get(column, column)


def dataframely_schema(
    table: str, incoming: pl.Schema, *, currency: str | None = None
) -> type[dy.Schema]:
    """Make the dataframely class of a table whose columns have been cast.

    The class checks the same rules, under the same names, as the door does; use it to validate
    frames of your own making, or to see which rows fail which rule.

    Args:
        table: One of the seven tables.
        incoming: The frame's schema; columns that the table does not name are left out of the
            class, and dataframely's own `validate` and `filter` would drop them.
        currency: The shop's currency; None leaves out the rule about it.

    Returns:
        A `dataframely.Schema` subclass named after the table.

    Raises:
        DefinitionError: There is no such table.
        MissingColumnError: A required column is absent.

    Examples:
        >>> frame = pl.DataFrame(schema={"month": pl.Date, "amount": MONEY})
        >>> dataframely_schema("costs", frame.schema).is_valid(frame)
        True
    """
    import dataframely as dy

    described = _columns(table)
    for name in TABLES[table].required:
        if name not in incoming:
            raise MissingColumnError(table, name, incoming.names())
    columns = {
        name: _dataframely_column(column, incoming[name])
        for name, column in described.items()
        if name in incoming
    }
    rules = {
        name: dy.rule()(_constant(expression))
        for name, expression in row_rules(table, incoming, currency=currency).items()
    }
    class_name = "".join(part.title() for part in table.split("_"))
    return type(class_name, (dy.Schema,), {**columns, **rules})


def _constant(expression: pl.Expr) -> Any:
    def expression_of_rule(cls: type) -> pl.Expr:  # noqa: ARG001
        return expression

    return expression_of_rule


def _dataframely_column(column: Column, dtype: pl.DataType) -> Any:
    import dataframely as dy

    nullable = True  # the named rules say which nulls are allowed
    match dtype:
        case pl.Decimal():
            return dy.Decimal(dtype.precision, dtype.scale, nullable=nullable)
        case pl.Datetime():
            return dy.Datetime(
                nullable=nullable, time_zone=dtype.time_zone, time_unit=dtype.time_unit
            )
        case pl.Enum():
            return dy.Enum(list(column.choices), nullable=nullable)
        case pl.Date():
            return dy.Date(nullable=nullable)
        case pl.String():
            return dy.String(nullable=nullable)
        case pl.Int64():
            return dy.Int64(nullable=nullable)
        case _:
            return dy.Any()
