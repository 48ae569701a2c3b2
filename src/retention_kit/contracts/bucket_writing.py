"""How tables are written as buckets: split by customer, each part sorted, in bounded memory."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from retention_kit.contracts.packed import fits_packed, packed
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import bad_parameter
from retention_kit.hashing import stable_hash_expression

if TYPE_CHECKING:
    from retention_kit.contracts.bundle import Bundle

SALT = "retention_kit.bucket"
FORMAT = 1
ABOUT = "buckets.json"
WHOLE = "whole"
GUESTS = ("guest_orders", "guest_order_items")
IN_TURN = {
    "orders": "ordered_at",
    "order_items": "ordered_at",
    "consents": "decided_at",
    "events": "occurred_at",
    "reviews": "published_at",
}
"""By table, the instant that a customer's rows are sorted by inside a bucket."""

_BUCKET = "__bucket"
_WAITING = 2**20
"""Rows that wait in memory for the files of all buckets together, before they are sorted."""


def write_buckets(dataset: Bundle, folder: Path, *, buckets: int) -> Path:
    """Write a dataset's tables as `Dataset.bucket` says.

    One pass over each table splits it into files, of which each is then sorted by itself, so that
    memory holds one bucket and what waits to be written.
    """
    if isinstance(buckets, bool) or not isinstance(buckets, int) or buckets < 1:
        raise bad_parameter("buckets", got=buckets, allowed="a whole number of at least 1")
    folder = empty_folder(folder, "folder")
    (folder / WHOLE).mkdir()
    for name, frame in dataset.tables().items():
        if name in dataset.given and TABLES[name].by_customer:
            _write_table(frame, folder / name, buckets, IN_TURN.get(name))
        else:
            frame.sink_parquet(folder / WHOLE / f"{name}.parquet")
    for name in GUESTS:
        getattr(dataset, name).sink_parquet(folder / WHOLE / f"{name}.parquet")
    about = {
        "format": FORMAT,
        "count": buckets,
        "time_zone": dataset.time_zone,
        "currency": dataset.currency,
        "given": sorted(dataset.given),
        "in_turn": True,
    }
    (folder / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    return folder


def bucket_expression(buckets: int) -> pl.Expr:
    """Give the number of the bucket that a row's customer is in; rows without one are in the first.

    Args:
        buckets: How many there are.
    """
    return (stable_hash_expression(pl.col("customer_id"), salt=SALT) % buckets).fill_null(0)


def empty_folder(folder: str | Path, parameter: str) -> Path:
    """Make a folder, which must be empty if it is there.

    Args:
        folder: Where.
        parameter: The caller's parameter, for the message.

    Raises:
        DefinitionError: It is a file, or it holds something.
    """
    path = Path(folder)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise bad_parameter(
            parameter,
            got=str(folder),
            allowed="a folder that is empty or not there",
            step="name another one, or empty it.",
        )
    path.mkdir(parents=True, exist_ok=True)
    return path


def _write_table(frame: pl.LazyFrame, folder: Path, buckets: int, then: str | None) -> None:
    unsorted = folder / "unsorted"
    # An empty table writes no file, and so makes no folder.
    folder.mkdir()
    # What is read once and thrown away is not worth compressing. All buckets' open row groups
    # wait in memory together: the more there are, the smaller each.
    frame.with_columns(bucket_expression(buckets).alias(_BUCKET)).sink_parquet(
        pl.PartitionBy(unsorted, key=_BUCKET, include_key=False),
        mkdir=True,
        compression="uncompressed",
        statistics=False,
        row_group_size=max(1024, _WAITING // buckets),
    )
    empty = pl.DataFrame(schema=frame.collect_schema())
    for index in range(buckets):
        parts = sorted((unsorted / f"{_BUCKET}={index}").glob("*.parquet"))
        part = pl.read_parquet(parts) if parts else empty
        # They take more disk than with "zstd", and are written and read faster.
        _sorted(part, then).write_parquet(folder / f"{index:05d}.parquet", compression="lz4")
        for path in parts:
            path.unlink()
    shutil.rmtree(unsorted, ignore_errors=True)


def _sorted(part: pl.DataFrame, then: str | None) -> pl.DataFrame:
    if then is None:
        return part.sort("customer_id", maintain_order=True)
    id_type = part.schema["customer_id"]
    has_nulls = part["customer_id"].has_nulls() or part[then].has_nulls()
    if has_nulls or not fits_packed(id_type):
        return part.sort("customer_id", then, maintain_order=True)
    return part.sort(packed(pl.col(then).to_physical(), id_type), maintain_order=True)
