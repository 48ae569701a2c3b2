"""Scales: where one dimension is cut into levels, and the score that a value has by it.

Edges are kept as exact decimals and compared in the type of the column, so that money is scored
without rounding and equal values are always equal.
"""

from __future__ import annotations

import decimal
import numbers
from collections.abc import Iterable, Mapping, Set
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

import polars as pl
import pydantic

from retention_kit.contracts.saved import SavedModel
from retention_kit.errors import DefinitionError, bad_parameter

MOST_LEVELS = 100
_READ = 30
_BEYOND = Decimal(10) ** _READ
_EXACT = decimal.Context(prec=80)
_INT64 = (Decimal(-(2**63)), Decimal(2**63 - 1))
Exact = Annotated[
    Decimal, pydantic.PlainSerializer("{:f}".format, return_type=str, when_used="json-unless-none")
]
"""A number that JSON has in full, without an exponent."""


class RFMScale(SavedModel):
    """How one dimension is cut into levels, from its lowest values up.

    Attributes:
        edges: One fewer than levels, ascending; of two that are equal, the level between them is
            never given.
        edge_is_in: Which level takes a value that is equal to an edge: the `lower` or the `upper`.
        minimum: The smallest value that the scale was fitted to; None where it was given.
        maximum: The largest one.
        customers: How many of those it was fitted to are in each level, from the lowest up; empty
            where it was given.
    """

    FORMAT: ClassVar[str] = "retention_kit.rfm_scale"

    edges: tuple[Exact, ...]
    edge_is_in: Literal["lower", "upper"]
    minimum: Exact | None = None
    maximum: Exact | None = None
    customers: tuple[pydantic.NonNegativeInt, ...] = ()

    @pydantic.model_validator(mode="after")
    def _is_in_order(self) -> RFMScale:
        if not 1 <= len(self.edges) < MOST_LEVELS:
            raise bad_parameter(
                "edges",
                got=len(self.edges),
                allowed=f"1 to {MOST_LEVELS - 1}, one fewer than levels",
            )
        if any(abs(edge) >= _BEYOND for edge in self.edges):
            raise bad_parameter("edges", got=shown(self.edges), allowed="numbers below 10^30")
        if list(self.edges) != sorted(self.edges):
            raise bad_parameter("edges", got=shown(self.edges), allowed="edges in ascending order")
        if (self.minimum is None) != (self.maximum is None):
            raise DefinitionError(
                "A scale has a minimum and a maximum, or neither. Next step: fit it again.",
                parameter="minimum",
            )
        bounds = [one for one in (self.minimum, *self.edges, self.maximum) if one is not None]
        if bounds != sorted(bounds):
            raise bad_parameter(
                "edges", got=shown(self.edges), allowed="edges from the minimum to the maximum"
            )
        if self.customers and len(self.customers) != self.levels:
            raise bad_parameter(
                "customers", got=len(self.customers), allowed=f"a count for each of {self.levels}"
            )
        return self

    @property
    def levels(self) -> int:
        """How many levels there are."""
        return len(self.edges) + 1

    def ascending(self, value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """Give the score of values, 1 for the lowest; null of null, and of what is no number.

        Args:
            value: The values.
            dtype: Their type.

        Returns:
            An `Int8` expression.
        """
        comparable = value.cast(pl.Int64) if dtype.is_integer() else value
        if dtype.is_float():
            comparable = pl.when(value.is_not_nan()).then(value.cast(pl.Float64))
        passed = [self._passed(edge, comparable, dtype).cast(pl.Int8) for edge in self.edges]
        score = pl.lit(1, dtype=pl.Int8)
        for one in passed:
            score = score + one
        return score

    def _passed(self, edge: Decimal, value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """Say of values whether they lie above an edge, or at one that is in the upper level."""
        takes_equal = self.edge_is_in == "upper"
        if self.minimum != self.maximum:
            # Both ends are used: the largest value is at the top, the smallest at the bottom.
            takes_equal = edge == self.maximum or (takes_equal and edge != self.minimum)
        limit = _literal(edge, dtype, up=takes_equal)
        return value >= limit if takes_equal else value > limit


def exact(value: object, scale: int = 0) -> Decimal:
    """Give a number as a decimal, without rounding and without trailing zeros.

    Args:
        value: A whole number of units, a float or a decimal, of Python or NumPy.
        scale: How many digits after the point a unit is.

    Raises:
        TypeError: It is no real number.
    """
    number = _decimal(value)
    plain = f"{number.scaleb(-scale, context=_EXACT):f}"
    return Decimal(plain.rstrip("0").rstrip(".") if "." in plain else plain)


def shown(edges: tuple[Decimal, ...]) -> str:
    """Write edges for a person, in short where they are too large or too small to be read."""
    return ", ".join(
        f"{edge:f}" if -_READ < edge.adjusted() < _READ else f"{edge:.3e}" for edge in edges
    )


def members(given: object) -> tuple[object, ...] | None:
    """Give what a list, a tuple, an array or a column holds, in order; None of anything else."""
    if not isinstance(given, Iterable) or isinstance(given, str | bytes | Set | Mapping):
        return None
    try:
        return tuple(given)
    except TypeError:  # an array of no dimension
        return None


def is_finite_number(value: object) -> bool:
    """Say whether a value is a finite real number, of Python or NumPy, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real | Decimal):
        return False
    return _decimal(value).is_finite()


def _decimal(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, numbers.Integral):
        return Decimal(int(value))
    if isinstance(value, numbers.Real):
        # The shortest text that reads as this float.
        return Decimal(repr(float(value)))
    raise TypeError(f"A {type(value).__name__} is no real number.")


def _literal(edge: Decimal, dtype: pl.DataType, *, up: bool) -> pl.Expr:
    """Give an edge in the type of a column, moved to the next value that the column can hold."""
    if dtype.is_float():
        return pl.lit(float(edge), dtype=pl.Float64)
    rounding = decimal.ROUND_CEILING if up else decimal.ROUND_FLOOR
    places = dtype.scale if isinstance(dtype, pl.Decimal) else 0
    near = edge.quantize(Decimal(1).scaleb(-places), rounding=rounding, context=_EXACT)
    if isinstance(dtype, pl.Decimal):
        return pl.lit(near, dtype=pl.Decimal(38, places))
    low, high = _INT64
    return pl.lit(int(min(max(near, low), high)), dtype=pl.Int64)
