"""The tables that an account gives, and the records that become their rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

import polars as pl

from retention_kit.adapters.amocrm.fields import is_called, text_of, values_of
from retention_kit.adapters.amocrm.settings import AmoCrmSettings

INSTANT: Final = pl.Datetime("us", "UTC")
MONEY: Final = pl.Decimal(18, 4)
WON, LOST = 142, 143
_ENCODE = json.JSONEncoder(ensure_ascii=False).encode
Row = Mapping[str, Any]
Column = tuple[Any, Callable[[Row], Any]]
Columns = dict[str, Column]


def orders(settings: AmoCrmSettings) -> Columns:
    """Describe leads as orders, whatever became of them."""
    return {
        "order_id": (pl.Int64, _field("id")),
        "customer_id": (pl.Int64, _main_contact),
        "ordered_at": (INSTANT, _ordered_at(settings.ordered_at)),
        "amount": (MONEY, _field("price")),
        "status": (pl.String, _outcome),
        "manager": (pl.String, _text("responsible_user_id")),
        "title": (pl.String, _text("name")),
        "pipeline_id": (pl.Int64, _field("pipeline_id")),
        "status_id": (pl.Int64, _field("status_id")),
        "loss_reason_id": (pl.Int64, _field("loss_reason_id")),
        "created_at": (INSTANT, _instant("created_at")),
        "updated_at": (INSTANT, _instant("updated_at")),
        "is_deleted": (pl.Boolean, _is_deleted),
        **_custom(settings.lead_fields),
    }


def customers(settings: AmoCrmSettings) -> Columns:
    """Describe contacts as customers."""
    return {
        "customer_id": (pl.Int64, _field("id")),
        "email": (pl.String, _first("EMAIL")),
        "phone": (pl.String, _first("PHONE")),
        "first_name": (pl.String, _text("first_name")),
        "last_name": (pl.String, _text("last_name")),
        "name": (pl.String, _text("name")),
        "registered_at": (INSTANT, _instant("created_at")),
        "manager": (pl.String, _text("responsible_user_id")),
        "updated_at": (INSTANT, _instant("updated_at")),
        **_custom(settings.contact_fields),
    }


def purchases(settings: AmoCrmSettings) -> Columns:
    """Describe buyers' purchases as orders."""
    del settings
    return {
        "order_id": (pl.Int64, _field("id")),
        "customer_id": (pl.Int64, _buyer),
        "ordered_at": (INSTANT, _instant("completed_at")),
        "amount": (MONEY, _field("price")),
        "comment": (pl.String, _text("comment")),
    }


def buyers(settings: AmoCrmSettings) -> Columns:
    """Describe buyers, whom purchases belong to, as customers."""
    del settings
    return {
        "customer_id": (pl.Int64, _field("id")),
        "contact_id": (pl.Int64, _main_contact),
        "name": (pl.String, _text("name")),
        "registered_at": (INSTANT, _instant("created_at")),
        "lifetime_value": (MONEY, _field("ltv")),
        "purchases": (pl.Int64, _field("purchases_count")),
        "next_at": (INSTANT, _instant("next_date")),
        "updated_at": (INSTANT, _instant("updated_at")),
        **_custom(()),
    }


def schema_of(columns: Columns) -> pl.Schema:
    """Give the columns' types."""
    return pl.Schema({name: kind for name, (kind, _) in columns.items()})


def frame_of(rows: Iterable[Row], columns: Columns) -> pl.DataFrame:
    """Make a table of records."""
    known = list(rows)
    return pl.DataFrame(
        [
            _series(name, kind, [read(row) for row in known])
            for name, (kind, read) in columns.items()
        ]
    )


def _series(name: str, kind: Any, values: list[Any]) -> pl.Series:
    if kind == MONEY:
        if all(type(value) is int or value is None for value in values):
            return pl.Series(name, values, dtype=pl.Int64).cast(MONEY)
        values = [None if value is None else Decimal(str(value)) for value in values]
    if kind != INSTANT:
        return pl.Series(name, values, dtype=kind)
    # Instants come as Unix seconds: turned into Python's own first, they take ten times as long.
    seconds = pl.Series(name, values, dtype=pl.Int64)
    return (seconds * 1_000_000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _field(name: str) -> Callable[[Row], Any]:
    return lambda row: row.get(name)


def _text(name: str) -> Callable[[Row], str | None]:
    return lambda row: None if row.get(name) in (None, "") else str(row[name])


def _instant(name: str) -> Callable[[Row], int | None]:
    return lambda row: row.get(name) or None


def _ordered_at(which: str) -> Callable[[Row], int | None]:
    closed, created = _instant("closed_at"), _instant("created_at")
    return created if which == "created" else lambda row: closed(row) or created(row)


def _outcome(row: Row) -> str | None:
    status = row.get("status_id")
    return None if status is None else {WON: "completed", LOST: "cancelled"}.get(status, "open")


def _is_deleted(row: Row) -> bool:
    return bool(row.get("is_deleted"))


def _main_contact(row: Row) -> int | None:
    contacts = (row.get("_embedded") or {}).get("contacts") or []
    main = [one for one in contacts if one.get("is_main")] or contacts
    return int(main[0]["id"]) if main else None


def _buyer(row: Row) -> int | None:
    embedded = (row.get("_embedded") or {}).get("customer") or {}
    found = row.get("customer_id") or embedded.get("id")
    return int(found) if found else None


def _first(code: str) -> Callable[[Row], str | None]:
    def read(row: Row) -> str | None:
        for field, values in values_of(row):
            if field.get("field_code") == code and values and values[0]:
                return str(values[0])
        return None

    return read


def _custom(names: Iterable[str]) -> Columns:
    chosen: Columns = {name: (pl.String, _named(name)) for name in names}
    return {**chosen, "custom_fields": (pl.String, _all_custom)}


def _named(name: str) -> Callable[[Row], str | None]:
    def read(row: Row) -> str | None:
        for field, values in values_of(row):
            if is_called(field, name):
                return text_of(values)
        return None

    return read


def _all_custom(row: Row) -> str | None:
    if not row.get("custom_fields_values"):
        return None
    said = {
        str(field.get("field_name") or field.get("field_id")): values[0]
        if len(values) == 1
        else values
        for field, values in values_of(row)
    }
    return _ENCODE(said)
