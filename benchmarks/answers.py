"""Answers as small mappings from a label to a value, so that engines can be compared.

A small table becomes one label per cell. A large one becomes its row count and, per column, nulls,
exact sum, minimum and maximum, with a checksum over whole rows that does not depend on their order.
A table that lies in a file is read a stretch at a time.
"""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import polars as pl

from benchmarks.compare import Cell
from benchmarks.job import Job, Shape

SMALL = 5_000
"""Up to so many rows a table is compared cell by cell."""
STRETCH = 2_000_000
"""So many rows of a larger one are in memory at a time."""
SOME = 1_000
"""Of how many customers, at least, a table of floats is compared."""
EXTRA = (
    "known_buyers",
    "margin",
    "orders_with_margin",
    "return_only_customers",
    "returning_customers",
    "returning_revenue",
)
"""What retention_kit gives beyond what was asked of all engines."""
_SCALE = 4
_NULL = np.uint64(0x9E3779B97F4A7C15)


Table = pl.DataFrame | pl.LazyFrame | Mapping[str, Cell]
"""Rows, here or in a file, or figures by their names."""


def normalise(job: Job, presented: Table | Mapping[str, Table]) -> dict[str, Cell]:
    """Turn an engine's answer into labelled values; columns come in order of their names."""
    if not job.tables:
        return _labelled(presented, Shape(job.keys))
    return {
        f"{name}: {label}": cell
        for name, shape in job.tables.items()
        for label, cell in _labelled(presented[name], shape).items()
    }


def sums_and_some(table: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Give what can be compared of a large table of floats: its sums, and some of its customers."""
    customers = table.sort("customer_id")
    values = pl.exclude("customer_id")
    return {
        "sums": customers.select(pl.len().cast(pl.Int64).alias("customers"), values.sum()),
        "customers": customers.gather_every(max(1, table.height // SOME)),
    }


def _labelled(presented: Table, shape: Shape) -> dict[str, Cell]:
    if isinstance(presented, Mapping):
        return dict(presented)
    lazy = presented.lazy()
    columns = lazy.collect_schema().names()
    wanted = [*shape.keys, *shape.values] if shape.values else columns
    table = lazy.select(sorted(set(wanted) - set(EXTRA)))
    rows = lazy.select(pl.len()).collect().item()
    return _digest(table, rows) if rows > SMALL else _cells(shape, table.collect())


def _cells(shape: Shape, table: pl.DataFrame) -> dict[str, Cell]:
    cells: dict[str, Cell] = {"rows": table.height}
    for row in table.iter_rows(named=True):
        place = ", ".join(f"{key} {_day(row[key])}" for key in shape.keys)
        if len(row) == len(shape.keys):
            cells[place] = "is there"
        for name, value in row.items():
            if name not in shape.keys:
                cells[f"{name} of {place}" if place else name] = _cell(value)
    return cells


def _day(value: object) -> str:
    return str(value).removesuffix(" 00:00:00")


def _cell(value: object) -> Cell:
    if isinstance(value, Decimal):
        return str(value.quantize(Decimal(1).scaleb(-_SCALE)))
    if value is None or isinstance(value, int | float):
        return value
    return str(value)


def _digest(table: pl.LazyFrame, rows: int) -> dict[str, Cell]:
    names = table.collect_schema().names()
    cells: dict[str, Cell] = {"rows": rows, "columns": ", ".join(names)}
    nulls, sums = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    found: dict[str, list[int]] = {name: [] for name in names}
    checksum = 0
    for stretch in (table.slice(start, STRETCH).collect() for start in range(0, rows, STRETCH)):
        row_hash = np.zeros(stretch.height, dtype=np.uint64)
        for column in stretch:
            numbers = _whole_numbers(column)
            nulls[column.name] += numbers.null_count()
            sums[column.name] += int(numbers.cast(pl.Int128).sum())
            found[column.name] += [
                end for end in (numbers.min(), numbers.max()) if isinstance(end, int)
            ]
            row_hash = _mix(row_hash ^ _bits(numbers))
        checksum += int(row_hash.sum(dtype=np.uint64))
    for name in names:
        cells[f"nulls of {name}"] = nulls[name]
        cells[f"least {name}"] = min(found[name], default=None)
        cells[f"greatest {name}"] = max(found[name], default=None)
        cells[f"sum of {name}"] = str(sums[name])
    cells["checksum"] = f"{checksum % 2**64:016x}"
    return cells


def _whole_numbers(column: pl.Series) -> pl.Series:
    """Give ids and counts as they are, money in ten-thousandths, instants in microseconds."""
    if column.dtype == pl.Decimal:
        return column.cast(pl.Decimal(38, _SCALE)).to_physical().cast(pl.Int64)
    if column.dtype == pl.Datetime:
        return column.dt.epoch("us")
    return column.cast(pl.Int64)


def _bits(numbers: pl.Series) -> np.ndarray:
    values = numbers.fill_null(0).to_numpy().astype(np.int64).view(np.uint64)
    return np.where(numbers.is_null().to_numpy(), _NULL, values)


def _mix(bits: np.ndarray) -> np.ndarray:
    """Scatter 64 bits as SplitMix64 does (Steele, Lea and Flood 2014)."""
    bits = bits + _NULL
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
