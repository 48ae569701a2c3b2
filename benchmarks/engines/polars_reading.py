"""Reading an export of orders in Polars by hand: CSV read, checked, cast and kept as Parquet."""

import polars as pl

from benchmarks.engines.polars_door import COLUMNS, checked
from benchmarks.engines.polars_orders import collect
from benchmarks.engines.sunk import COMPRESSION, answer_file
from benchmarks.settings import SHOP_ZONE

_TYPES = {
    "order_id": pl.Int64,
    "customer_id": pl.Int64,
    "ordered_at": pl.String,
    "amount": pl.Float64,
    "kind": pl.String,
    "status": pl.String,
}


def reading(path: str) -> dict[str, object]:
    instant = pl.col("ordered_at").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us")
    read = collect(
        pl.scan_csv(path, schema=_TYPES)
        .select(COLUMNS)
        .with_columns(instant.dt.convert_time_zone(SHOP_ZONE))
    )
    counts, rejected = checked(read.lazy())
    accepted = read.lazy()
    if rejected.height:
        accepted = (
            accepted.with_row_index("place")
            .join(rejected.lazy(), on="place", how="anti")
            .drop("place")
        )
    (
        accepted.filter(pl.col("customer_id").is_not_null())
        .with_columns(pl.col("amount").cast(pl.Decimal(18, 4)))
        .sink_parquet(answer_file(), compression=COMPRESSION, engine="streaming")
    )
    return {"health": counts, "orders": pl.scan_parquet(answer_file()).select(COLUMNS[:4])}
