"""Each sale in its customer's history: which one it was, and when those beside it were."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, customer_local
from retention_kit.contracts.packed import fits_packed, ranked
from retention_kit.metrics.base.by_customer import following, in_turn, previous
from retention_kit.metrics.base.observed import is_sale, observed
from retention_kit.metrics.base.weighted import in_days

_ROW = "__row"
_FIRST_ROW = "__first_row"


@customer_local
def order_history(orders: Frame, *, as_of: dt.datetime) -> Frame:
    """Number each customer's sales, and put the ones before, after and first beside each.

    Customer-local. Orders at or after `as_of`, and those not completed, do not count; returns
    neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.

    Returns:
        One row per sale, in no promised order:

        - `customer_id`, `order_id`, `ordered_at`, `amount`: as in `orders`.
        - `order_number` (`Int64`): which sale of the customer it is, 1 for the first.
        - `previous_order_at`, `next_order_at`: the instants of the customer's sale before and of
            the one after; null where there is none.
        - `first_order_at`: the instant of the customer's first sale.
        - `days_since_previous_order` (`Float64`): the time since the sale before, in days of 24
            hours, >= 0; null of a first sale.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone.

    Notes:
        A customer's sales are numbered by instant, and those of one instant by `order_id`. Rows
        with `order_number` 1 are the first sales, rows without `next_order_at` the last ones.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> history = order_history(orders, as_of=as_of).sort("customer_id", "order_number")
        >>> shown = ("customer_id", "order_number", "days_since_previous_order")
        >>> history.select(shown).collect().rows()
        [(1, 1, None), (1, 2, 48.354166666666664), (2, 1, None)]
    """
    sales = observed(orders, as_of=as_of).filter(is_sale(orders))
    at, row = pl.col("ordered_at"), pl.col(_ROW).cast(pl.Int64)
    turned = by_order(in_turn(sales.select("customer_id", "order_id", at, "amount"), "ordered_at"))
    is_first = previous(pl.col("customer_id")).is_null()
    since = at - pl.col("previous_order_at")
    return (
        turned.with_row_index(_ROW)
        .with_columns(
            pl.when(is_first).then(row).forward_fill().alias(_FIRST_ROW),
            pl.when(is_first).then(at).forward_fill().alias("first_order_at"),
            previous(at).alias("previous_order_at"),
            following(at).alias("next_order_at"),
        )
        .select(
            "customer_id",
            "order_id",
            "ordered_at",
            "amount",
            (row - pl.col(_FIRST_ROW) + 1).alias("order_number"),
            "previous_order_at",
            "next_order_at",
            "first_order_at",
            in_days(since.dt.total_microseconds()).alias("days_since_previous_order"),
        )
    )


def by_order(turned: Frame) -> Frame:
    """Put the sales of one customer and one instant in the order of their ids.

    Args:
        turned: Sales in turn, as `in_turn` gives them by `ordered_at`.

    Returns:
        The same rows, whose order is now told whole.
    """
    schema = turned.collect_schema()
    if not all(fits_packed(schema[name]) for name in ("customer_id", "order_id")):
        return turned.sort("customer_id", "ordered_at", "order_id")
    # All but those rows are in order already, and then one more sort of one number costs little.
    run = pl.when(~is_tied()).then(_ROW).forward_fill()
    return turned.with_row_index(_ROW).sort(ranked(run, pl.col("order_id"))).drop(_ROW)


def is_tied() -> pl.Expr:
    """Say of rows in turn which are of the same customer and instant as the one before them."""
    same = [pl.col(name) == pl.col(name).shift() for name in ("customer_id", "ordered_at")]
    return (same[0] & same[1]).fill_null(value=False)
