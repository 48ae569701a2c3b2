"""Histories of customers as arrays: each distinct value once, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.intp]


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
        """Find the distinct values of a column."""
        values, place = np.unique(column, return_inverse=True)
        return cls(values, place, np.bincount(place, customers, len(values)))

    def scaled(self, factor: float) -> Values:
        """Give the same values in another unit."""
        return Values(self.values * factor, self.place, self.customers)


@dataclass(frozen=True, slots=True)
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

    def scaled(self, factor: float) -> Histories:
        """Give the same histories in another unit of time."""
        last, age = self.last.scaled(factor), self.age.scaled(factor)
        return Histories(self.x, last, age, self.customers)

    @property
    def mean_age(self) -> float:
        """The mean time that a customer was seen."""
        return float(self.age.customers @ self.age.values / self.age.customers.sum())

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
        customers = np.bincount(place, self.customers)
        return Histories.of(
            self.x.values[self.x.place[first]],
            np.bincount(place, self.customers * last) / customers,
            np.bincount(place, self.customers * age) / customers,
            customers,
        )
