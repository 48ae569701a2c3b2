"""Polars tables as Arrow in the types that every Spark reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 65_536
"""How many rows go to Spark at a time."""


def outgoing(frame: pl.DataFrame) -> Iterator[pa.RecordBatch]:
    """Give a table in batches.

    Args:
        frame: A table whose columns have types that go to Spark.
    """
    for rows in frame.iter_slices(_ROWS):
        yield from narrowed(rows).combine_chunks().to_batches()


def narrowed(frame: pl.DataFrame) -> pa.Table:
    """Give a table as Arrow, with text and lists of the kinds that count up to 2 GB.

    Args:
        frame: A table whose columns have types that go to Spark.
    """
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    return table.cast(_narrow_schema(table.schema))


def _narrow_schema(schema: pa.Schema) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([pa.field(one.name, _narrow(one.type)) for one in schema])


def _narrow(dtype: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_large_string(dtype):
        return pa.string()
    if pa.types.is_large_binary(dtype):
        return pa.binary()
    if pa.types.is_large_list(dtype):
        return pa.list_(_narrow(dtype.value_type))
    if pa.types.is_struct(dtype):
        fields = [dtype.field(place) for place in range(dtype.num_fields)]
        return pa.struct([pa.field(one.name, _narrow(one.type)) for one in fields])
    return dtype
