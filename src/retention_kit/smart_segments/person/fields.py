"""Values and rows as they come from a service, read into what the tables hold."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
import math
import uuid
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any

from retention_kit.contracts.tables import TABLES, Column
from retention_kit.errors import DataError
from retention_kit.smart_segments.person.columns import described, missing_key

_DIGITS = Decimal("0.0001")
_LARGEST = Decimal(10) ** 14
_ROUNDING = Context(prec=60, rounding=ROUND_HALF_EVEN)
_SCALARS = (bool, int, float, Decimal, str, dt.date, dt.time, dt.timedelta, uuid.UUID, enum.Enum)


def fields_of(table: str, row: object) -> dict[str, Any]:
    """Give what a row holds: a mapping, a dataclass, or an object with attributes.

    Of an object those attributes are taken that the table is described with, and its other public
    ones that hold plain values; of an ORM's object, its columns.

    Raises:
        DataError: It is none of these, or holds whole objects in place of columns.
    """
    if isinstance(row, Mapping):
        return dict(row)
    # What SQLAlchemy gives for a row of a query.
    inside = getattr(row, "_mapping", None)
    if isinstance(inside, Mapping):
        _check_columns(table, inside)
        return dict(inside)
    if hasattr(row, "_asdict"):
        return dict(row._asdict())
    if row is None or isinstance(row, (*_SCALARS, list, tuple, type)):
        raise DataError(
            f"A row of {table!r} is a {type(row).__name__}. Allowed: a mapping of columns to "
            "values, a dataclass, or an object with attributes. Next step: hand in such rows."
        )
    names = [*described(table), *_own_names(row)]
    found = {name: getattr(row, name) for name in names if hasattr(row, name)}
    known = set(described(table))
    return {
        name: value
        for name, value in found.items()
        if name in known or value is None or isinstance(value, _SCALARS)
    }


def _own_names(row: object) -> list[str]:
    if dataclasses.is_dataclass(row):
        return [field.name for field in dataclasses.fields(row)]
    mapper = getattr(type(row), "__mapper__", None)
    if mapper is not None:
        # Attributes that are not loaded yet are not in the object's own dictionary.
        return list(map(str, mapper.column_attrs.keys()))
    slots = (getattr(kind, "__slots__", ()) for kind in type(row).__mro__)
    slotted = (name for own in slots for name in ([own] if isinstance(own, str) else own))
    names = dict.fromkeys([*getattr(row, "__dict__", ()), *slotted])
    return [name for name in names if not name.startswith("_")]


def _check_columns(table: str, inside: Mapping[Any, Any]) -> None:
    """Raise where a row of a query holds objects of an ORM, whose columns it does not show."""
    for value in inside.values():
        if hasattr(type(value), "__mapper__"):
            raise DataError(
                f"A row of {table!r} holds a whole {type(value).__name__}, as session.execute("
                "select(…)).all() gives it. Allowed: the object itself, or a row of columns. Next "
                "step: session.execute(select(…)).scalars().all() gives the objects."
            )


def value_of(table: str, column: Column, value: Any) -> Any:
    """Read one value of a column that the table is described with.

    Raises:
        DataError: It is missing where it may not be, or cannot be read.
    """
    if isinstance(value, enum.Enum):
        value = value.value
    if value is None or (value == "" and column.kind != "text"):
        if column.required:
            raise _cannot(table, column, "missing", "a value in every row")
        return None
    if column.kind == "choice":
        if value not in column.choices:
            raise _cannot(table, column, "another word", ", ".join(map(repr, column.choices)))
        return value
    return _READ[column.kind](table, column, value)


def _id(table: str, column: Column, value: Any) -> int | str:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise _cannot(table, column, type(value).__name__, "whole numbers or text")
    return value


def _instant(table: str, column: Column, value: Any) -> dt.datetime:
    if not isinstance(value, dt.datetime):
        raise _cannot(table, column, type(value).__name__, "instants with a time zone")
    if value.utcoffset() is None:
        raise _cannot(
            table,
            column,
            "an instant without a time zone",
            "instants with a time zone",
            "give each the zone it was written in: at.replace(tzinfo=ZoneInfo('Europe/Moscow')).",
        )
    # Instants of one zone compare by its clock in Python, which shows some hours twice.
    return value.astimezone(dt.UTC)


def _date(table: str, column: Column, value: Any) -> dt.date:
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
        raise _cannot(table, column, type(value).__name__, "dates")
    return value


def _number(table: str, column: Column, value: Any) -> Decimal:
    exact = None
    if isinstance(value, float):
        # As the door rounds: what is nearest in ten-thousandths of the float.
        if math.isfinite(value) and abs(value) < _LARGEST:
            exact = Decimal(round(value * 10_000)).scaleb(-4, _ROUNDING)
    elif isinstance(value, int | Decimal | str) and not isinstance(value, bool):
        try:
            exact = Decimal(value).quantize(_DIGITS, context=_ROUNDING)
        except (InvalidOperation, ValueError):
            exact = None
    if exact is None or not exact.is_finite() or exact.copy_abs() >= _LARGEST:
        raise _cannot(
            table, column, type(value).__name__, "numbers with at most 14 digits before the point"
        )
    return exact


def _text(table: str, column: Column, value: Any) -> str:
    if not isinstance(value, str):
        raise _cannot(table, column, type(value).__name__, "text")
    return value


_READ: dict[str, Callable[[str, Column, Any], Any]] = {
    "id": _id,
    "instant": _instant,
    "date": _date,
    "month": _date,
    "money": _number,
    "number": _number,
    "text": _text,
}


def row_of(table: str, given: object) -> dict[str, Any]:
    """Read a row of a table that the library describes; further columns come along as they are.

    Raises:
        MissingColumnError: A required column is absent.
        DataError: A value is missing or cannot be read.
    """
    row = fields_of(table, given)
    columns = TABLES[table].columns
    for name in TABLES[table].required:
        if name not in row:
            raise missing_key(table, name, row)
    for name in row:
        if name in columns:
            row[name] = value_of(table, columns[name], row[name])
    for name, default in _defaults(table):
        if row.get(name) is None:
            row[name] = default
    for name, other in _default_columns(table):
        if row.get(name) is None:
            row[name] = row[other]
    return row


@functools.cache
def _defaults(table: str) -> tuple[tuple[str, str], ...]:
    columns = TABLES[table].columns.values()
    return tuple((one.name, one.default) for one in columns if one.default is not None)


@functools.cache
def _default_columns(table: str) -> tuple[tuple[str, str], ...]:
    columns = TABLES[table].columns.values()
    return tuple((one.name, one.default_column) for one in columns if one.default_column)


def _cannot(
    table: str, column: Column, got: str, allowed: str, step: str = "mend the row."
) -> DataError:
    return DataError(
        f"Column {column.name!r} of table {table!r} holds what it cannot hold: {got}. Allowed: "
        f"{allowed}. Next step: {step}"
    )
