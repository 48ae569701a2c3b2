"""What Spark gives as Arrow, as a Polars table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import pyarrow as pa


def incoming(table: pa.Table) -> pl.DataFrame:
    """Give a table of Arrow as a Polars one, with instants in UTC.

    Spark shows instants in the zone of the session, whose names Polars does not all know: `GMT+3`
    and `PST` are no names of the IANA database.

    Args:
        table: The table as Spark gave it.
    """
    import pyarrow as pa

    fields = [pa.field(one.name, _in_utc(one.type)) for one in table.schema]
    frame = pl.from_arrow(table.cast(pa.schema(fields)))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _in_utc(dtype: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_timestamp(dtype) and dtype.tz is not None:
        return pa.timestamp(dtype.unit, "UTC")
    if pa.types.is_list(dtype):
        return pa.list_(_in_utc(dtype.value_type))
    if pa.types.is_struct(dtype):
        fields = [dtype.field(place) for place in range(dtype.num_fields)]
        # All may be null: Spark calls fields of a struct required where the struct itself is null.
        return pa.struct([pa.field(one.name, _in_utc(one.type)) for one in fields])
    return dtype
