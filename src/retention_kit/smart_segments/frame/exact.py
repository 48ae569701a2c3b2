"""Numbers compared exactly: what a column cannot hold is rounded where that changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from retention_kit.smart_segments.definitions import values

COMPARED: Mapping[str, Callable[[pl.Expr, Any], pl.Expr]] = values.COMPARED
_LARGEST = 2**126


def is_number(dtype: pl.DataType | None) -> bool:
    """Say whether a type holds numbers."""
    return dtype is not None and (dtype.is_numeric() or isinstance(dtype, pl.Decimal))


def is_exact(dtype: pl.DataType | None) -> bool:
    """Say whether a type holds numbers whose sums are exact."""
    return is_number(dtype) and dtype is not None and not dtype.is_float()


def compared(
    value: pl.Expr, dtype: pl.DataType, how: str, operand: int | Decimal | float
) -> pl.Expr:
    """Compare a column of numbers with a number, exactly; of floats, with the nearest float.

    Args:
        value: The column.
        dtype: Its type.
        how: One of the operators of numbers.
        operand: The number.

    Returns:
        A `Boolean` expression, null where the number is missing or not a number.
    """
    if dtype.is_float():
        return COMPARED[how](value.fill_nan(None), pl.lit(float(operand), dtype=pl.Float64))
    units, wide, scale = in_units(value, dtype)
    exact = Fraction(operand) * 10**scale
    whole = max(-_LARGEST, min(_LARGEST, exact.numerator // exact.denominator))
    if exact.denominator == 1:
        return COMPARED[how](units, _literal(whole, wide))
    # Between two numbers that the column can hold: it equals neither.
    if how in ("equals", "not_equals"):
        never = units.is_null() & pl.lit(None, dtype=pl.Boolean)
        return never if how == "equals" else ~never
    return COMPARED["at_most" if how in ("less_than", "at_most") else "more_than"](
        units, _literal(whole, wide)
    )


def ratio_compared(
    above: pl.Expr,
    above_type: pl.DataType,
    below: pl.Expr,
    how: str,
    operand: int | Decimal,
) -> pl.Expr:
    """Compare the ratio of an exact number and a count with a number, without dividing.

    Args:
        above: The numerator.
        above_type: Its type.
        below: The denominator, a count.
        how: One of the operators of numbers.
        operand: The number.

    Returns:
        A `Boolean` expression, null where the denominator is 0.

    Notes:
        With the operand's whole part q and its rest r (0 <= r < 1) in units of the numerator,
        above / below ? q + r is asked as (above − q·below) ? r·below. The left side is cut to
        where it surely decides, so that nothing outgrows 128 bits.
    """
    units, _, scale = in_units(above, above_type)
    count = below.cast(pl.Int128)
    exact = Fraction(operand) * 10**scale
    whole = exact.numerator // exact.denominator
    rest = exact - whole
    left = units.cast(pl.Int128) - count * _literal(whole, pl.Int128())
    left = left.clip(_literal(-1, pl.Int128()) - count, count + 1) * _literal(
        rest.denominator, pl.Int128()
    )
    answer = COMPARED[how](left, count * _literal(rest.numerator, pl.Int128()))
    return pl.when(count > 0).then(answer)


def in_units(value: pl.Expr, dtype: pl.DataType) -> tuple[pl.Expr, pl.DataType, int]:
    """Give an exact column as whole numbers of its smallest unit.

    Returns:
        The expression, its type, and how many digits after the point a unit is.
    """
    if isinstance(dtype, pl.Decimal):
        return value.to_physical(), pl.Int128(), dtype.scale
    wide: pl.DataType = pl.Int128() if dtype in (pl.UInt64, pl.Int128) else pl.Int64()
    return value if dtype == wide else value.cast(wide), wide, 0


def in_decimal(units: pl.Expr, dtype: pl.Decimal) -> pl.Expr:
    """Give whole numbers of the smallest unit of a decimal type as that type."""
    one = pl.lit(Decimal(1).scaleb(-dtype.scale), dtype=pl.Decimal(38, dtype.scale))
    return (units.cast(pl.Decimal(38, 0)) * one).cast(dtype)


def _literal(number: int, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Int64):
        number = max(-(2**63), min(2**63 - 1, number))
    return pl.lit(number, dtype=dtype)


def wide_digits(number: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Write whole numbers of any width as texts of one length, which are in the numbers' order."""
    room = pl.lit(2**64, dtype=dtype)
    high, low = number.floordiv(room).cast(pl.Int128), number % room
    digits = ((high + pl.lit(2**63, dtype=pl.Int128)), low)
    return pl.concat_str(one.cast(pl.String).str.zfill(20) for one in digits)
