"""Customers and moments as one whole number, so that a single column is sorted, and taken apart.

A sort of one column moves nothing beside it: customers and moments are read off the sorted numbers.
"""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.law import Frame

_ROOM = pl.lit(2**64, dtype=pl.Int128)
_HALF = pl.lit(2**63, dtype=pl.Int128)
_FIT = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
_TURN = "__turn"
_OTHERS = 2**62
"""A customer's moments are nearer to each other than this, and two customers' numbers are not."""
CUSTOMER = "customer_id"
MOMENT = "__moment"
PERSON = "__person"
WAIT = "__wait"


def fits_turns(schema: pl.Schema) -> bool:
    """Say whether a table's customers are whole numbers of up to 64 bits, as `in_turns` needs."""
    return schema[CUSTOMER] in _FIT


def in_turns(frame: Frame, moment: pl.Expr) -> Frame:
    """Give customers and moments sorted by both.

    Args:
        frame: A table with `customer_id`, not null, for which `fits_turns` is true.
        moment: `Int64` numbers, not null.

    Returns:
        `customer_id`, known to be sorted, and `MOMENT` (`Int64`), a row per row of the table.
    """
    dtype = frame.collect_schema()[CUSTOMER]
    # The lower half of a number is its moment, bit by bit, but for the highest bit. Taking all bits
    # changes none, but lets Polars forget that the number was sorted: its half is not.
    low = (pl.col(_TURN) - _HALF).cast(pl.Int64, wrap_numerical=True) & pl.lit(-1, dtype=pl.Int64)
    back = pl.col(_TURN).floordiv(_ROOM)
    if dtype == pl.UInt64:
        back = back + _HALF
    return (
        _turns(frame, moment)
        .select(back.cast(dtype).alias(CUSTOMER), low.alias(MOMENT))
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
    # Customers need not be read off the numbers, which would cost as much as the sort. The farthest
    # ones are farther apart than 128 bits hold, which then say something below 0.
    step = pl.col(WAIT)
    is_same = (step >= 0) & (step < _OTHERS)
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
    # Signed numbers times 2⁶⁴ stay within 128 bits; unsigned ones of 64 bits are moved there.
    signed = pl.col(CUSTOMER).cast(pl.Int128)
    if frame.collect_schema()[CUSTOMER] == pl.UInt64:
        signed = signed - _HALF
    # The lower half is never below 0, so that taking it off leaves the customer as it was.
    turn = signed * _ROOM + (moment.cast(pl.Int128) + _HALF)
    return frame.select(turn.alias(_TURN)).sort(_TURN)
