"""Actions as rows, and rows as bytes of the three formats."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from retention_kit.delivery.actions import Action
from retention_kit.delivery.written_actions import action_to_dict

_OF_ALL: Final = ("kind", "campaign", "customer_id", "step", "occurrence", "email", "phone")
COLUMNS: Final = ("id", *_OF_ALL, "identifiers", "fields")
"""What a row of CSV and Parquet has, all of it text; `identifiers` and `fields` are JSON."""


def row_of(action: Action) -> dict[str, Any]:
    """Give an action as what JSON can hold, under its id. Contacts are in it."""
    return {"id": action.id, **action_to_dict(action)}


def line_of(row: Mapping[str, Any]) -> bytes:
    """Give a row as one line of JSON.

    Raises:
        TypeError: Something in it is nothing that JSON has.
        ValueError: A number is none.
    """
    return _json(row).encode() + b"\n"


def content_of(rows: Iterable[Mapping[str, Any]], form: str) -> Iterator[bytes]:
    """Give a file's content, piece by piece where the format allows it."""
    if form == "jsonl":
        yield from map(line_of, rows)
    elif form == "csv":
        yield from _csv(rows)
    else:
        yield _parquet(rows)


def _csv(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for row in rows:
        flat = _flat(row)
        writer.writerow("" if flat[name] is None else flat[name] for name in COLUMNS)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()


def _parquet(rows: Iterable[Mapping[str, Any]]) -> bytes:
    import polars as pl

    frame = pl.DataFrame([_flat(row) for row in rows], schema=dict.fromkeys(COLUMNS, pl.String))
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def _flat(row: Mapping[str, Any]) -> dict[str, str | None]:
    own = {name: value for name, value in row.items() if name not in COLUMNS}
    flat: dict[str, str | None] = {
        name: None if row.get(name) is None else str(row[name]) for name in ("id", *_OF_ALL)
    }
    flat["identifiers"] = _json(row["identifiers"]) if "identifiers" in row else None
    flat["fields"] = _json(own) if own else None
    return flat


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
