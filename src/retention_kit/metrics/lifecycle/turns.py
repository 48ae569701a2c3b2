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
CUSTOMER = "customer_id"
MOMENT = "__moment"


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
    # Signed numbers times 2⁶⁴ stay within 128 bits; unsigned ones of 64 bits are moved there.
    signed = pl.col(CUSTOMER).cast(pl.Int128)
    back = pl.col(_TURN).floordiv(_ROOM)
    if dtype == pl.UInt64:
        signed, back = signed - _HALF, back + _HALF
    # The lower half is never below 0, so that taking it off leaves the customer as it was.
    return (
        frame.select((signed * _ROOM + (moment.cast(pl.Int128) + _HALF)).alias(_TURN))
        .sort(_TURN)
        .select(
            back.cast(dtype).alias(CUSTOMER),
            (pl.col(_TURN).mod(_ROOM) - _HALF).cast(pl.Int64).alias(MOMENT),
        )
        .set_sorted(CUSTOMER)
    )


def since_before(moment: pl.Expr) -> pl.Expr:
    """Give how much later a row's moment is than the customer's before, null in their first."""
    is_same = pl.col(CUSTOMER) == pl.col(CUSTOMER).shift()
    return pl.when(is_same).then(moment - moment.shift())
