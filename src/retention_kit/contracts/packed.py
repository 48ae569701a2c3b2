"""A customer and a whole number as one number of 128 bits, which sorts as the two do.

One column sorts several times as fast as two, and what stands beside a sorted column is moved,
which takes longer than the sort: both are read off the sorted numbers instead.

A number is (customer · 2⁶⁴ + 2⁶³) + low. The lower half is never below 0 so, and the farthest
customers with the farthest lows stay within 128 bits.
"""

from __future__ import annotations

import polars as pl

_CUSTOMER = "customer_id"
_FITTING = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
_ROOM = pl.lit(2**64, dtype=pl.Int128)
_HALF = pl.lit(2**63, dtype=pl.Int128)
_NONE = pl.lit(0, dtype=pl.Int128)
_HIGHEST_BIT = pl.lit(-(2**63), dtype=pl.Int64)


def fits_packed(id_type: pl.DataType) -> bool:
    """Say whether ids are whole numbers of up to 64 bits, as all here needs.

    Args:
        id_type: The type of the ids.

    Examples:
        >>> [fits_packed(one) for one in (pl.Int8(), pl.UInt64(), pl.Int128(), pl.String())]
        [True, True, False, False]
    """
    return id_type in _FITTING


def packed(low: pl.Expr, id_type: pl.DataType) -> pl.Expr:
    """Give `customer_id` and a number as one, null where either is.

    What is added to it later is added to the low, as long as that stays within 64 bits.

    Args:
        low: Whole numbers of up to 64 signed bits.
        id_type: The type of the customers' ids, which fits.

    Returns:
        Numbers (`Int128`) in the order of customers, and of lows within each.

    Examples:
        >>> frame = pl.DataFrame({"customer_id": [2, 2, 1], "at": [-5, -7, 3]})
        >>> turned = frame.select(number=packed(pl.col("at"), pl.Int64())).sort("number")
        >>> number = pl.col("number")
        >>> turned.select(customer_of(number, pl.Int64()), low=low_of(number)).rows()
        [(1, 3), (2, -7), (2, -5)]
    """
    customer = pl.col(_CUSTOMER).cast(pl.Int128)
    if id_type == pl.UInt64:
        # Signed numbers times 2⁶⁴ stay within 128 bits; these are moved there.
        customer -= _HALF
    return customer * _ROOM + (low.cast(pl.Int128) + _HALF)


def low_of(number: pl.Expr) -> pl.Expr:
    """Give the low (`Int64`) that a number was packed from."""
    # The lower half is the low bit by bit, but for the highest one, which 2⁶³ turned. Turning it
    # back is also what makes Polars forget that the number was sorted: it takes a cast for sorted
    # too, and would look for lows by halves.
    return number.cast(pl.Int64, wrap_numerical=True) ^ _HIGHEST_BIT


def customer_of(number: pl.Expr, id_type: pl.DataType) -> pl.Expr:
    """Give the `customer_id`, of the type it had, that a number was packed from.

    Dear: about as much as making the number. `is_customers_first` tells customers apart for less.

    Args:
        number: Packed numbers.
        id_type: The type of the customers' ids.
    """
    customer = number.floordiv(_ROOM)
    if id_type == pl.UInt64:
        customer += _HALF
    return customer.cast(id_type).alias(_CUSTOMER)


def is_customers_first(number: pl.Expr) -> pl.Expr:
    """Say which of sorted numbers are the first of their customer.

    Args:
        number: Sorted numbers, whose lows are all less than 2⁶³ apart, as are instants in
            microseconds.
    """
    return (~is_same_customer(number.diff())).fill_null(value=True)


def is_same_customer(step: pl.Expr) -> pl.Expr:
    """Say which sorted numbers are of the same customer as the one before them.

    Args:
        step: How far each is from the one before, under the condition of `is_customers_first`.
    """
    # The farthest customers are farther apart than 128 bits hold, which then say something below 0.
    return step.is_between(_NONE, _HALF, closed="left")


def ranked(first: pl.Expr, then: pl.Expr) -> pl.Expr:
    """Give two numbers as one whose order alone is asked for: the least, the greatest or a sort.

    Args:
        first: Whole numbers between -2⁶² and 2⁶², as are instants in microseconds and rows.
        then: Whole numbers of up to 64 bits, signed or not, as are ids that fit.

    Returns:
        Numbers (`Int128`), null where either is.

    Examples:
        >>> sales = pl.DataFrame({"at": [7, 7, 9], "order_id": [12, 11, 10]})
        >>> sales.select(pl.col("order_id").min_by(ranked(pl.col("at"), pl.col("order_id")))).item()
        11
    """
    return first.cast(pl.Int128) * _ROOM + then
