"""What a worker does: it runs a function on the rows of its customers, or on its buckets.

Nothing here needs a session of Spark; a task is data, and is made on the driver.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from retention_kit.contracts.bucket_writing import bucket_expression
from retention_kit.contracts.buckets import Buckets
from retention_kit.errors import FileFormatError
from retention_kit.spark.given import CUSTOMER, cast_table
from retention_kit.spark.incoming import incoming
from retention_kit.spark.outgoing import outgoing

if TYPE_CHECKING:
    import pyarrow as pa

KEY = "__customer"
"""The column by which several tables are split together."""


class Task(Protocol):
    """What is pickled on the driver, and run where the rows are."""

    def run(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Give the answer for one partition."""


@dataclass(frozen=True, slots=True)
class Call:
    """A function with what it is called with besides tables that are split.

    Attributes:
        function: The function.
        arguments: Its arguments that are not tables.
        field: Which of a NamedTuple of tables is wanted; None where it gives one.
        wire: The types that the answer is cast to for Spark.
    """

    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    field: str | None
    wire: pl.Schema

    def batches(self, tables: Mapping[str, pl.LazyFrame]) -> Iterator[pa.RecordBatch]:
        """Run the function, and give the answer as Spark reads it."""
        answer = self.function(**tables, **self.arguments)
        frame = answer if self.field is None else getattr(answer, self.field)
        yield from outgoing(frame.cast(dict(self.wire)).collect(engine="streaming"))


@dataclass(frozen=True, slots=True)
class OfRows:
    """A call on the rows of a partition, which has all of each of its customers.

    Attributes:
        call: The call.
        types: By table that is split, the types of all its columns.
        columns: By table that is split, the columns that come.
        whole: Tables without customers.
    """

    call: Call
    types: Mapping[str, pl.Schema]
    columns: Mapping[str, tuple[str, ...]]
    whole: Mapping[str, pl.DataFrame]

    def run(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Give the answer for one partition."""
        tables = {name: frame.lazy() for name, frame in self.whole.items()}
        came = _incoming(batches)
        for name in self.types:
            tables[name] = self._table(name, None if came is None else self._rows(name, came))
        yield from self.call.batches(tables)

    def _rows(self, name: str, came: pl.DataFrame) -> pl.DataFrame:
        if len(self.types) == 1:
            # They came by place: not every name of a column goes through Spark.
            return came.rename(dict(zip(came.columns, sent(self.columns[name]), strict=True)))
        rows = came.filter(pl.col(name).is_not_null())
        parts = rows.get_column(name).struct.unnest()
        return parts.with_columns(rows.get_column(KEY).alias(CUSTOMER))

    def _table(self, name: str, rows: pl.DataFrame | None) -> pl.LazyFrame:
        types, columns = self.types[name], self.columns[name]
        if rows is None:
            return pl.LazyFrame(schema=types)
        wanted = {column: types[column] for column in columns}
        frame = cast_table(name, rows.select(columns), wanted)
        # The plan does not read the others; they are there because it may ask whether they are.
        absent = [pl.lit(None, types[one]).alias(one) for one in types if one not in wanted]
        return frame.lazy().with_columns(absent).select(list(types))


@dataclass(frozen=True, slots=True)
class OfBuckets:
    """A call on buckets, whose numbers come as rows.

    Attributes:
        call: The call.
        folder: Where the buckets are, for every worker.
        tables: The tables that the function takes of the buckets.
        further: Further tables of customers, such as scores, which are split as the buckets are.
    """

    call: Call
    folder: Path
    tables: tuple[str, ...]
    further: Mapping[str, pl.DataFrame]

    def run(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Give the answers for the buckets of one partition, one after another."""
        buckets: Buckets | None = None
        for number in itertools.chain.from_iterable(one.column(0).to_pylist() for one in batches):
            buckets = self._opened() if buckets is None else buckets
            bucket = buckets[number]
            tables: dict[str, pl.LazyFrame] = {name: getattr(bucket, name) for name in self.tables}
            here = bucket_expression(buckets.count) == number
            tables |= {name: frame.lazy().filter(here) for name, frame in self.further.items()}
            yield from self.call.batches(tables)

    def _opened(self) -> Buckets:
        try:
            return Buckets.open(self.folder)
        except FileFormatError:
            raise FileFormatError(
                str(self.folder),
                reason="a worker of Spark finds no buckets there.",
                step="put them where the driver and every worker see them under one path.",
            ) from None


def sent(columns: Iterable[str]) -> list[str]:
    """Give the columns of a single table that go to the workers, the customer first."""
    return list(dict.fromkeys([CUSTOMER, *columns]))


def _incoming(batches: Iterable[pa.RecordBatch]) -> pl.DataFrame | None:
    """Put the batches of a partition together; None of a partition without rows."""
    import pyarrow as pa

    some = [batch for batch in batches if batch.num_rows]
    if not some:
        return None
    return incoming(pa.Table.from_batches(some))
