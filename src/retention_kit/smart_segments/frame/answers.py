"""What a fact is called in a plan, and of what type it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from retention_kit.smart_segments.lowered.facts import Fact


@dataclass(frozen=True, slots=True)
class Answer:
    """A fact of every customer.

    Attributes:
        value: The fact as an expression over the joined table; instants are microseconds since
            1970 in UTC.
        dtype: Its type; None where it has no value of any.
    """

    value: pl.Expr
    dtype: pl.DataType | None


@dataclass(frozen=True, slots=True)
class Part:
    """A table of one row per customer, and the facts that it answers.

    Attributes:
        frame: `customer_id`, and the columns that the facts are read from; None where they are
            read from none.
        answers: The facts, as they are once the table is joined to customers that it may lack.
        name: What the names of its columns begin with.
    """

    frame: pl.LazyFrame | None
    answers: Mapping[Fact, Answer] = field(default_factory=dict)
    name: str = ""

    @property
    def table(self) -> pl.LazyFrame:
        """The table, where there is one."""
        if self.frame is None:
            raise ValueError("A part without facts over rows has no table.")
        return self.frame
