"""Customers' moments in turn, and the waits between them, read off sorted numbers."""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.contracts.packed import (
    customer_of,
    fits_packed,
    is_same_customer,
    low_of,
    packed,
)

_TURN = "__turn"
CUSTOMER = "customer_id"
MOMENT = "__moment"
PERSON = "__person"
WAIT = "__wait"


def fits_turns(schema: pl.Schema) -> bool:
    """Say whether a table's customers are whole numbers of up to 64 bits, as `in_turns` needs."""
    return fits_packed(schema[CUSTOMER])


def in_turns(frame: Frame, moment: pl.Expr) -> Frame:
    """Give customers and moments sorted by both.

    Args:
        frame: A table with `customer_id`, not null, for which `fits_turns` is true.
        moment: `Int64` numbers, not null.

    Returns:
        `customer_id`, known to be sorted, and `MOMENT` (`Int64`), a row per row of the table.
    """
    turn = pl.col(_TURN)
    return (
        _turns(frame, moment)
        .select(customer_of(turn, frame.collect_schema()[CUSTOMER]), low_of(turn).alias(MOMENT))
        .set_sorted(CUSTOMER)
    )


def waits_in_turn(frame: Frame, moment: pl.Expr) -> Frame:
    """Give how much later each of a customer's moments is than the one before.

    Args:
        frame: A table with `customer_id`, not null, for which `fits_turns` is true.
        moment: `Int64` numbers, not null, of instants or days that a calendar has.

    Returns:
        `PERSON`, a number that tells customers apart and is known to be sorted, and `WAIT`
        (`Int64`), >= 0; a row per moment but each customer's first.
    """
    # Customers need not be read off the numbers, which would cost as much as the sort.
    step = pl.col(WAIT)
    is_same = is_same_customer(step)
    return (
        _turns(frame, moment)
        .select(pl.col(_TURN).diff().alias(WAIT))
        .select((~is_same).cum_sum().alias(PERSON), WAIT)
        .filter(is_same)
        .select(PERSON, step.cast(pl.Int64))
        .set_sorted(PERSON)
    )


def since_before(moment: pl.Expr) -> pl.Expr:
    """Give how much later a row's moment is than the customer's before, null in their first."""
    is_same = pl.col(CUSTOMER) == pl.col(CUSTOMER).shift()
    return pl.when(is_same).then(moment - moment.shift())


def _turns(frame: Frame, moment: pl.Expr) -> Frame:
    """Give customers and moments as sorted numbers of 128 bits."""
    dtype = frame.collect_schema()[CUSTOMER]
    return frame.select(packed(moment, dtype).alias(_TURN)).sort(_TURN)
