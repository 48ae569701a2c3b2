"""Histories of customers as arrays: each distinct value once, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.intp]
Flags: TypeAlias = npt.NDArray[np.bool_]


def dot(one: Array, other: Array) -> float:
    """Give the sum of products, the same on every machine.

    That of BLAS depends on how many threads it takes, and on a busy machine they wait for each
    other.
    """
    return float((one * other).sum())


def sums_by(place: Places, of: Array, count: int) -> Array:
    """Sum a column by where its rows stand."""
    return np.bincount(place, of, count).astype(np.float64, copy=False)


@dataclass(frozen=True, slots=True)
class Values:
    """A column whose values repeat: a logarithm need be taken of each distinct one only.

    Attributes:
        values: The distinct values, ascending.
        place: Of each row, which of them it has.
        customers: How many customers have each.
    """

    values: Array
    place: Places
    customers: Array

    @classmethod
    def of(cls, column: Array, customers: Array) -> Values:
        """Find the distinct values of a column, none of them below 0."""
        values, place = _distinct(column)
        return cls(values, place, sums_by(place, customers, len(values)))

    def taken(self, rows: Places) -> Values:
        """Give the same column with its rows in another order."""
        return Values(self.values, self.place[rows], self.customers)

    def scaled(self, factor: float) -> Values:
        """Give the same values in another unit."""
        return Values(self.values * factor, self.place, self.customers)


@dataclass(frozen=True, slots=True)
class Pairs:
    """The distinct pairs of a number of purchases and a time.

    Attributes:
        x: Numbers of purchases.
        time: Times.
        place: Of each row, which pair it has.
    """

    x: Array
    time: Array
    place: Places

    @classmethod
    def of(cls, x: Values, time: Values) -> Pairs:
        """Find the distinct pairs of two columns."""
        both = x.place * len(time.values) + time.place
        pairs, place = np.unique(both, return_inverse=True)
        return cls(
            x.values[pairs // len(time.values)], time.values[pairs % len(time.values)], place
        )


@dataclass(frozen=True)
class Histories:
    """What the transaction models see of customers, equal histories once.

    Attributes:
        x: Repeat purchases.
        last: When the last of them was, from the first purchase on.
        age: How long the customer was seen, from the first purchase on.
        customers: How many customers have each history.
    """

    x: Values
    last: Values
    age: Values
    customers: Array

    @classmethod
    def of(cls, x: Array, last: Array, age: Array, customers: Array | None = None) -> Histories:
        """Make histories of columns; without weights each row is a customer."""
        weights = np.ones(len(x)) if customers is None else customers
        of = Values.of
        return cls(of(x, weights), of(last, weights), of(age, weights), weights)

    def in_order(self) -> Histories:
        """Sort the histories, so that sums over them do not depend on how they came."""
        key = self.x.place * len(self.last.values) + self.last.place
        rows = np.argsort(key * len(self.age.values) + self.age.place)
        x, last, age = (column.taken(rows) for column in (self.x, self.last, self.age))
        return Histories(x, last, age, self.customers[rows])

    def scaled(self, factor: float) -> Histories:
        """Give the same histories in another unit of time."""
        last, age = self.last.scaled(factor), self.age.scaled(factor)
        return Histories(self.x, last, age, self.customers)

    @property
    def mean_age(self) -> float:
        """The mean time that a customer was seen."""
        return dot(self.age.customers, self.age.values) / float(self.age.customers.sum())

    @cached_property
    def purchases_by_age(self) -> Array:
        """How many repeat purchases the customers of each age made."""
        purchases = self.customers * self.x.values[self.x.place]
        return sums_by(self.age.place, purchases, len(self.age.values))

    @cached_property
    def x_and_last(self) -> Pairs:
        """The distinct pairs of x and the time of the last purchase."""
        return Pairs.of(self.x, self.last)

    @cached_property
    def x_and_age(self) -> Pairs:
        """The distinct pairs of x and the age."""
        return Pairs.of(self.x, self.age)

    def coarse(self, steps: int) -> Histories:
        """Put histories that are nearly equal together: times within one of `steps` steps.

        Sums of customers and of times stay what they are. What is fitted to these is near what is
        fitted to all, and quick.
        """
        width = self.age.values[-1] / steps
        last, age = self.last.values[self.last.place], self.age.values[self.age.place]
        cells = np.floor(last / width).astype(np.int64) * (steps + 1)
        cells += np.floor(age / width).astype(np.int64)
        cells += self.x.place * (steps + 1) ** 2
        _, first, place = np.unique(cells, return_index=True, return_inverse=True)
        customers = sums_by(place, self.customers, len(first))
        return Histories.of(
            self.x.values[self.x.place[first]],
            sums_by(place, self.customers * last, len(first)) / customers,
            sums_by(place, self.customers * age, len(first)) / customers,
            customers,
        )


def _distinct(column: Array) -> tuple[Array, Places]:
    """Give the distinct values of a column, ascending, and where each row stands among them."""
    if len(column) and column.max() <= 4 * len(column):
        whole = column.astype(np.intp)
        if np.array_equal(whole, column):
            # Whole days need no sorting: there are few of them.
            is_there = np.bincount(whole) > 0
            return np.flatnonzero(is_there).astype(np.float64), (np.cumsum(is_there) - 1)[whole]
    values, place = np.unique(column, return_inverse=True)
    return values, place
