"""How long customers wait before they buy again, as a table of waits and how often each occurs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from retention_kit.contracts.law import Frame, additive
from retention_kit.metrics.base.by_customer import with_first_sale
from retention_kit.metrics.base.dimensions import By, dimensions
from retention_kit.metrics.base.observed import is_sale, observed
from retention_kit.metrics.lifecycle.gaps import (
    GAP,
    Unit,
    median_gap,
    purchase_gaps,
    purchases,
    waits,
)
from retention_kit.metrics.lifecycle.turns import PERSON

_RESULT = ("customer_id", "order_number", "gap", "gaps", "customers")
_ROWS = "__rows"


@additive(keys=("gap",))
def gap_totals(orders: Frame, *, as_of: dt.datetime, unit: Unit = "order", by: By = ()) -> Frame:
    """Count the gaps between purchases by their length, and customers by their median gap.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        unit: What a purchase is: each `order`, or all orders of one shop-zone `day` together.
        by: Columns of `orders`; a customer stands in the group of their first sale.

    Returns:
        One row per group and length that occurs, in no promised order:

        - the columns of `by`: as in `orders`.
        - `gap` (`Duration`): the length, exact to the microsecond, >= 0.
        - `gaps` (`Int64`): how many gaps of all customers are that long.
        - `customers` (`Int64`): how many customers have it as the median of their own gaps; half
            a microsecond is rounded down.

        Without repeat purchases there are zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `unit` is neither of the two, or `by` names what
            cannot be split by.

    Notes:
        Both distributions are there because the first counts frequent buyers often: who buys every
        week has fifty gaps a year, who buys every spring has one.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> gap_totals(orders, as_of=as_of).collect().rows()
        [(datetime.timedelta(days=48, seconds=30600), 1, 1)]
    """
    names = dimensions(by, orders, reserved=_RESULT)
    if not names:
        return gap_totals_of(waits(orders, as_of=as_of, unit=unit), customer=PERSON)
    gaps = purchases(orders, as_of=as_of, unit=unit).filter(pl.col(GAP).is_not_null())
    sales = observed(orders, as_of=as_of).filter(is_sale(orders))
    return gap_totals_of(with_first_sale(gaps.select("customer_id", GAP), sales, names), by=names)


def gap_totals_of(gaps: Frame, *, by: Sequence[str] = (), customer: str = "customer_id") -> Frame:
    """Give `gap_totals` of the orders whose `purchase_gaps` are given.

    Args:
        gaps: What `purchase_gaps` gives, or its columns `customer_id` and `gap`.
        by: Columns of `gaps` to split by, of which each customer has one value.
        customer: The column that tells customers apart.
    """
    # The medians and the gaps ask for other columns, and without the cache each would read the
    # orders.
    shared = gaps.select(customer, *by, GAP)
    if isinstance(shared, pl.LazyFrame):
        shared = shared.cache()
    medians = shared.group_by(customer, *by).agg(median_gap().floor().cast(pl.Int64).alias(GAP))
    # Medians go among the gaps, as odd numbers among even ones, so that they are counted together.
    lengths = pl.concat(
        [
            shared.select(*by, pl.col(GAP).to_physical() * 2),
            medians.select(*by, pl.col(GAP) * 2 + 1),
        ]
    )
    return _counted_by(lengths, by) if by else _counted(lengths)


def _counted_by(lengths: Frame, by: Sequence[str]) -> Frame:
    """Count the even numbers and the odd ones by group and half."""
    medians = pl.col("customers").sum()
    return (
        lengths.select(*by, *_told())
        .group_by(*by, GAP)
        .agg((pl.len() - medians).cast(pl.Int64).alias("gaps"), medians)
        .with_columns(pl.col(GAP).cast(pl.Duration("us")))
    )


def _counted(lengths: Frame) -> Frame:
    """Count the even numbers and the odd ones by half, in order, which finishers need."""
    # A sort of one number costs less than a group-by of many. What is counted up to the last row
    # of a length, less what was up to the last row of the one before, is the count of the length.
    is_last = pl.col(GAP).ne_missing(pl.col(GAP).shift(-1))
    rows, medians = pl.col(_ROWS).cast(pl.Int64), pl.col("customers")
    of_length = [
        (up_to - up_to.shift(fill_value=0)).alias(name)
        for name, up_to in (("gaps", rows - medians), ("customers", medians))
    ]
    return (
        lengths.sort(GAP)
        .select(*_told())
        .with_columns(medians.cum_sum())
        .with_row_index(_ROWS, offset=1)
        .filter(is_last)
        .select(pl.col(GAP).cast(pl.Duration("us")), *of_length)
        .set_sorted(GAP)
    )


def _told() -> tuple[pl.Expr, pl.Expr]:
    """Tell lengths from whether they are medians."""
    return pl.col(GAP).floordiv(2), pl.col(GAP).mod(2).alias("customers")


@additive(keys=("order_number", "gap"))
def gap_totals_by_order(
    orders: Frame, *, as_of: dt.datetime, unit: Unit = "order", by: By = ()
) -> Frame:
    """Count the gaps between purchases by the number of the later purchase and by their length.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        unit: What a purchase is: each `order`, or all orders of one shop-zone `day` together.
        by: Columns of `orders`; a customer stands in the group of their first sale.

    Returns:
        One row per group, number and length that occur, in no promised order:

        - the columns of `by`: as in `orders`.
        - `order_number` (`Int64`): of the later purchase, >= 2.
        - `gap` (`Duration`): the length, exact to the microsecond, >= 0.
        - `gaps` (`Int64`): how many gaps are that long.

        Without repeat purchases there are zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `unit` is neither of the two, or `by` names what
            cannot be split by.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> gap_totals_by_order(orders, as_of=as_of).collect().rows()
        [(2, datetime.timedelta(days=48, seconds=30600), 1)]
    """
    names = dimensions(by, orders, reserved=_RESULT)
    gaps = purchase_gaps(orders, as_of=as_of, unit=unit)
    sales = observed(orders, as_of=as_of).filter(is_sale(orders))
    waits = gaps.select("customer_id", "order_number", GAP)
    return gap_totals_by_order_of(with_first_sale(waits, sales, names), by=names)


def gap_totals_by_order_of(gaps: Frame, *, by: Sequence[str] = ()) -> Frame:
    """Give `gap_totals_by_order` of the orders whose `purchase_gaps` are given.

    Args:
        gaps: What `purchase_gaps` gives, or its columns `order_number` and `gap`.
        by: Columns of `gaps` to split by.
    """
    return gaps.group_by(*by, "order_number", GAP).agg(pl.len().cast(pl.Int64).alias("gaps"))
