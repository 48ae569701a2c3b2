"""The tables that were handed in, and what their columns are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from retention_kit.contracts.tables import TABLES
from retention_kit.errors import (
    ColumnTypeError,
    DefinitionError,
    MissingColumnError,
    nearest_names,
)
from retention_kit.metrics.base.observed import in_zone, zone_of
from retention_kit.smart_segments.definitions.lengths import microseconds
from retention_kit.smart_segments.definitions.plugins import ConditionSpec, check_specs

CUSTOMER = "customer_id"
FROM_ORDER = ("customer_id", "ordered_at", "kind")
"""What the door adds to each line from its order."""
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "orders": ("order_id", CUSTOMER, "ordered_at"),
    "order_items": ("order_id", CUSTOMER, "ordered_at"),
    "customers": (CUSTOMER,),
    "consents": (CUSTOMER, "channel", "status", "decided_at"),
    "events": (CUSTOMER, "occurred_at"),
    "scores": (CUSTOMER,),
    "snapshots": ("segment", "as_of", CUSTOMER),
}
_INSTANT: Mapping[str, str] = {
    "orders": "ordered_at",
    "order_items": "ordered_at",
    "consents": "decided_at",
    "events": "occurred_at",
    "snapshots": "as_of",
}


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        table: The table's name.
        name: The column's name.
        dtype: Its type; None where it is described and absent, or without a value.
        place: Where it is found; None is under its name.
    """

    table: str
    name: str
    dtype: pl.DataType | None
    place: pl.Expr | None = None

    @property
    def value(self) -> pl.Expr:
        """The column's values."""
        if self.dtype is None:
            return pl.lit(None)
        return pl.col(self.name) if self.place is None else self.place

    @property
    def is_always_there(self) -> bool:
        """Whether the contract of the table leaves no row without a value."""
        table = TABLES.get(self.table)
        known = None if table is None else table.columns.get(self.name)
        return self.dtype is not None and known is not None and not known.may_be_null

    @property
    def present(self) -> pl.Expr:
        """The column's values, those that are not a number (NaN) left out."""
        is_float = self.dtype is not None and self.dtype.is_float()
        return self.value.fill_nan(None) if is_float else self.value


@dataclass(frozen=True, slots=True)
class Given:
    """What segments are asked of.

    Attributes:
        frames: The tables by name, without rows of nobody.
        whole: The tables by name, as they were handed in.
        schemas: Their schemas.
        as_of: The instant of observation.
        now: The same in microseconds since 1970 in UTC.
        zone: The name of the shop's zone.
        clock: The shop's zone.
        specs: What plugins give.
        taken: By segment, when it was taken, in microseconds, in order; None is not known.
    """

    frames: Mapping[str, pl.LazyFrame]
    whole: Mapping[str, pl.LazyFrame]
    schemas: Mapping[str, pl.Schema]
    as_of: dt.datetime
    now: int
    zone: str
    clock: ZoneInfo
    specs: tuple[ConditionSpec, ...]
    taken: Mapping[str, tuple[int, ...]] | None

    def column(self, table: str, name: str) -> Column:
        """Find a column; one that is described and absent is without values.

        Raises:
            DefinitionError: There is none of that name, and none is described.
        """
        schema = self.schemas[table]
        if name in schema:
            dtype = schema[name]
            return Column(table, name, None if isinstance(dtype, pl.Null) else dtype)
        if name in described(table):
            return Column(table, name, None)
        raise unknown_column(name, table, schema.names())

    def instant(self, table: str) -> pl.Expr:
        """Give the instants of a table's rows, in microseconds since 1970 in UTC."""
        return pl.col(_INSTANT[table]).dt.epoch("us")

    def before_now(self, table: str) -> pl.Expr:
        """Say which rows are there at the instant of observation."""
        zone = self.zone_in(table)
        # A literal of the column's own type reaches the statistics of a Parquet file.
        now = pl.lit(in_zone(self.as_of, zone), dtype=pl.Datetime("us", zone))
        return pl.col(_INSTANT[table]) < now

    def zone_in(self, table: str) -> str:
        """Name the zone that a table's instants are written in."""
        return str(getattr(self.schemas[table][_INSTANT[table]], "time_zone", self.zone))


def given_tables(
    tables: Mapping[str, Any],
    *,
    as_of: dt.datetime,
    taken: Mapping[str, Iterable[dt.datetime]] | None,
    conditions: Iterable[ConditionSpec],
) -> Given:
    """Take what was handed in.

    Args:
        tables: Lazy tables by name; None is not handed in.
        as_of: The instant of observation.
        taken: By segment, when it was taken.
        conditions: What plugins give.

    Raises:
        MissingColumnError: A column without which a table says nothing is absent.
        ColumnTypeError: Instants have no zone, or ids of customers are of different types.
        DefinitionError: `as_of` has no time zone.
    """
    whole = {name: frame for name, frame in tables.items() if frame is not None}
    schemas = {name: frame.collect_schema() for name, frame in whole.items()}
    for name, schema in schemas.items():
        _check(name, schema)
    zone = zone_of(schemas["orders"])
    at = in_zone(as_of, zone)
    id_type = schemas["orders"][CUSTOMER]
    return Given(
        frames={
            name: _of_somebody(name, frame, schemas[name][CUSTOMER], id_type)
            for name, frame in whole.items()
        },
        whole=whole,
        schemas=schemas,
        as_of=at,
        now=microseconds(at),
        zone=zone,
        clock=ZoneInfo(zone),
        specs=check_specs(conditions),
        taken=None if taken is None else {name: _moments(all_) for name, all_ in taken.items()},
    )


def described(table: str) -> tuple[str, ...]:
    """Name the columns that the contract of a table describes."""
    own = tuple(TABLES[table].columns) if table in TABLES else ()
    return (*own, *FROM_ORDER) if table == "order_items" else own


def unknown_column(
    name: str, table: str, present: Iterable[str], *, scores_are_given: bool = True
) -> DefinitionError:
    """Make the error for a column that is not there.

    Args:
        name: The column.
        table: The table.
        present: The columns that it has.
        scores_are_given: False where it is a score, for which the table of scores is missing.
    """
    known = tuple(dict.fromkeys([*present, *described(table)]))
    near = nearest_names(name, known)
    hint = f" Nearest: {', '.join(map(repr, near))}." if near else ""
    step = "mend the name in the condition"
    if not scores_are_given:
        step = f"hand in scores=…, a table of 'customer_id' and {name!r}; or {step}"
    return DefinitionError(
        f"Table {table!r} has no column {name!r}, which a condition asks for. It has: "
        f"{', '.join(map(repr, known))}.{hint} Next step: {step}.",
        parameter="column",
    )


def _check(table: str, schema: pl.Schema) -> None:
    for name in _NEEDED[table]:
        if name not in schema:
            raise MissingColumnError(table, name, schema.names())
    instant = _INSTANT.get(table)
    if instant is None:
        return
    dtype = schema[instant]
    if not isinstance(dtype, pl.Datetime) or dtype.time_zone is None:
        raise ColumnTypeError(
            table,
            instant,
            got=str(dtype),
            allowed="an instant with a time zone",
            step="let the table in through Dataset.from_frames.",
        )


def _of_somebody(
    table: str, frame: pl.LazyFrame, dtype: pl.DataType, id_type: pl.DataType
) -> pl.LazyFrame:
    """Leave out the rows of nobody, and give ids the type that those of the orders have."""
    kept = frame.filter(pl.col(CUSTOMER).is_not_null())
    if dtype == id_type:
        return kept
    both_whole = dtype.is_integer() and id_type.is_integer()
    if not (both_whole or isinstance(dtype, pl.Null)):
        raise ColumnTypeError(
            table,
            CUSTOMER,
            got=str(dtype),
            allowed=f"{id_type}, as in 'orders'",
            step="cast it.",
        )
    return kept.with_columns(pl.col(CUSTOMER).cast(id_type))


def _moments(instants: Iterable[dt.datetime]) -> tuple[int, ...]:
    return tuple(sorted({microseconds(in_zone(at, "UTC", "taken")) for at in instants}))
