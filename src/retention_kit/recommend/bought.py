"""The lines that pairs are counted from, each with the basket it belongs to."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.contracts.schemas import MONEY
from retention_kit.errors import ColumnTypeError, MissingColumnError, bad_parameter
from retention_kit.metrics.base.observed import instant, is_sale, zone_of
from retention_kit.recommend.deferred import BASKET, PRODUCT, QUANTITY

Basket = Literal["customer", "order"]
Level = Literal["product_id", "category"]

_NEEDED = ("order_id", "customer_id", "ordered_at", "quantity")
_TEXTS = (pl.String, pl.Categorical, pl.Enum)
_IS_SALE = "__is_sale"
_SALE_ID = "__sale_id"


def basket_lines(
    order_items: Frame,
    orders: Frame,
    *,
    as_of: dt.datetime,
    basket: Basket,
    level: Level,
) -> Frame:
    """Give the lines of completed orders before `as_of`, with their baskets.

    Args:
        order_items: The `order_items` table with what the door adds of the order.
        orders: The `orders` table, for statuses and for the sales that returns are of.
        as_of: Observation instant, exclusive, with a time zone.
        basket: Whether a basket is all that a customer bought, or one order.
        level: The column that says what was bought.

    Returns:
        `BASKET`, `PRODUCT` (of the type of the column) and `QUANTITY` (`Int64`, in
        ten-thousandths), none of them null. A return's lines are in the
        basket of their sale, if that is the same customer's.

    Raises:
        MissingColumnError: A required column is absent.
        ColumnTypeError: The column of products is of a type that does not group.
        DefinitionError: `as_of` has no time zone, or a parameter is none of its values.
    """
    _check(basket, level)
    schema = order_items.collect_schema()
    for name in (*_NEEDED, level):
        if name not in schema:
            raise MissingColumnError("order_items", name, schema.names())
    if not (schema[level].is_integer() or schema[level] in _TEXTS):
        raise ColumnTypeError(
            "order_items",
            level,
            got=str(schema[level]),
            allowed="a whole number, text or a choice",
            step="let the table in through Dataset.from_frames.",
        )
    now = instant(as_of, zone_of(schema))
    pieces = pl.col("quantity").cast(MONEY).to_physical().cast(pl.Int64)
    lines = order_items.filter(
        pl.col("ordered_at") < now,
        pl.col(level).is_not_null(),
        pl.col("quantity").is_not_null(),
    ).with_columns(is_sale(order_items).alias(_IS_SALE), pieces.alias(QUANTITY))
    lines = _completed(lines, orders)
    if basket == "customer":
        owner = pl.col("customer_id")
    else:
        lines, owner = _with_sale(lines, orders)
    return lines.filter(owner.is_not_null()).select(
        owner.alias(BASKET), pl.col(level).alias(PRODUCT), QUANTITY
    )


def _check(basket: str, level: str) -> None:
    for name, got, allowed in (
        ("basket", basket, ("customer", "order")),
        ("level", level, ("product_id", "category")),
    ):
        if got not in allowed:
            raise bad_parameter(name, got=got, allowed=" or ".join(map(repr, allowed)))


def _completed(lines: Frame, orders: Frame) -> Frame:
    """Leave out the lines of orders that are cancelled or open; a null status is completed."""
    schema: pl.Schema = orders.collect_schema()
    if "order_id" not in schema:
        raise MissingColumnError("orders", "order_id", schema.names())
    if "status" not in schema:
        return lines
    # A sale and its return may share an id: they are told apart by their kind. Returns of two
    # customers may, too: what one of them cancels is not the other's.
    keys: list[str] = [name for name in ("order_id", "customer_id") if name in schema]
    undone = orders.filter(pl.col("status") != "completed").select(
        *keys, is_sale(orders).alias(_IS_SALE)
    )
    return lines.join(undone, on=[*keys, _IS_SALE], how="anti", nulls_equal=True)


def _with_sale(lines: Frame, orders: Frame) -> tuple[Frame, pl.Expr]:
    """Give the order that a line was bought in: of a return, the sale that it is of.

    A return takes nothing out of a sale of somebody else: it could not be seen where customers
    are split.
    """
    own, schema = pl.col("order_id"), orders.collect_schema()
    if "kind" not in schema:
        return lines, own
    if "customer_id" not in schema:
        raise MissingColumnError("orders", "customer_id", schema.names())
    sale_id = own
    if "original_order_id" in schema:
        sale_id = pl.coalesce(pl.col("original_order_id").cast(schema["order_id"]), own)
    sales = orders.filter(is_sale(orders)).select(own.alias(_SALE_ID), "customer_id")
    returns = (
        orders.filter(~is_sale(orders))
        .select("order_id", "customer_id", sale_id.alias(_SALE_ID))
        .join(sales, on=[_SALE_ID, "customer_id"], how="semi")
        # A sale may have come back in several parts under one id, always of that sale.
        .group_by("order_id", "customer_id")
        .agg(pl.col(_SALE_ID).min())
        .with_columns(pl.lit(value=False).alias(_IS_SALE))
    )
    found = lines.join(returns, on=["order_id", "customer_id", _IS_SALE], how="left")
    is_known = pl.col(_IS_SALE) | pl.col(_SALE_ID).is_not_null()
    return found.filter(is_known), pl.coalesce(_SALE_ID, own)
