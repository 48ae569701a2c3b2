"""The tables that a portal gives: their columns, and the fields that hold them in both families."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import NoneType
from typing import Any, Final, Literal

import polars as pl

from retention_kit.adapters.bitrix24.envelope import php_list
from retention_kit.adapters.bitrix24.settings import Bitrix24Settings
from retention_kit.errors import DataError

Family = Literal["items", "classic"]
Kind = Literal["id", "text", "money", "instant", "day", "phone", "email", "outcome"]

MONEY: Final = pl.Decimal(18, 4)
INSTANT: Final = pl.Datetime("us", "UTC")
_TYPES: Final[Mapping[Kind, pl.DataType]] = {
    "id": pl.Int64(),
    "text": pl.String(),
    "money": MONEY,
    "instant": INSTANT,
    "day": pl.Date(),
    "phone": pl.String(),
    "email": pl.String(),
    "outcome": pl.String(),
}
_ISO: Final = "%Y-%m-%dT%H:%M:%S%#z"
_OUTCOMES: Final = {"S": "completed", "F": "cancelled", "P": "open"}
"""What the meaning of a deal's stage says of its order; stages differ from funnel to funnel."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: What it is called here.
        items: The field of `crm.item.*`.
        classic: The field of the older methods.
        kind: What is in it.
    """

    name: str
    items: str
    classic: str
    kind: Kind

    def field(self, family: Family) -> str:
        """Give the field that holds it."""
        return self.items if family == "items" else self.classic


@dataclass(frozen=True)
class Entity:
    """A type of records.

    Attributes:
        number: Its `entityTypeId`.
        classic: What the older methods call it.
        columns: Its columns.
    """

    number: int
    classic: str
    columns: tuple[Column, ...]

    def schema(self) -> pl.Schema:
        """Give the columns' types."""
        return pl.Schema({column.name: _TYPES[column.kind] for column in self.columns})

    def of(self, names: Iterable[str] | None) -> tuple[Column, ...]:
        """Give the columns of these names, or all of them; always the first, the id."""
        wanted = None if names is None else set(names)
        return tuple(
            column
            for place, column in enumerate(self.columns)
            if wanted is None or place == 0 or column.name in wanted
        )


_MADE: Final = (
    Column("created_at", "createdTime", "DATE_CREATE", "instant"),
    Column("updated_at", "updatedTime", "DATE_MODIFY", "instant"),
)
_WHEN: Final = {
    "closed": ("closedate", "CLOSEDATE"),
    "created": ("createdTime", "DATE_CREATE"),
    "begun": ("begindate", "BEGINDATE"),
}
_REACHED: Final = (
    Column("phone", "fm", "PHONE", "phone"),
    Column("email", "fm", "EMAIL", "email"),
)


def deals(settings: Bitrix24Settings) -> Entity:
    """Describe deals as orders."""
    who = ("contactId", "CONTACT_ID") if settings.customers == "contacts" else _COMPANY
    return Entity(
        2,
        "deal",
        (
            Column("order_id", "id", "ID", "id"),
            Column("customer_id", *who, "id"),
            Column("ordered_at", *_WHEN[settings.ordered_at], "instant"),
            Column("amount", "opportunity", "OPPORTUNITY", "money"),
            Column("currency", "currencyId", "CURRENCY_ID", "text"),
            Column("status", "stageSemanticId", "STAGE_SEMANTIC_ID", "outcome"),
            Column("channel", "sourceId", "SOURCE_ID", "text"),
            Column("manager", "assignedById", "ASSIGNED_BY_ID", "text"),
            Column("title", "title", "TITLE", "text"),
            Column("pipeline_id", "categoryId", "CATEGORY_ID", "id"),
            Column("stage_id", "stageId", "STAGE_ID", "text"),
            *_MADE,
            *_own(settings.user_fields),
        ),
    )


_COMPANY: Final = ("companyId", "COMPANY_ID")


def contacts(settings: Bitrix24Settings) -> Entity:
    """Describe contacts as customers."""
    own = settings.customer_fields if settings.customers == "contacts" else ()
    return Entity(
        3,
        "contact",
        (
            Column("customer_id", "id", "ID", "id"),
            Column("first_name", "name", "NAME", "text"),
            Column("last_name", "lastName", "LAST_NAME", "text"),
            Column("birthday", "birthdate", "BIRTHDATE", "day"),
            *_REACHED,
            Column("acquisition_channel", "sourceId", "SOURCE_ID", "text"),
            Column("registered_at", "createdTime", "DATE_CREATE", "instant"),
            _MADE[1],
            *_own(own),
        ),
    )


def companies(settings: Bitrix24Settings) -> Entity:
    """Describe companies, which may be the customers too."""
    own = settings.customer_fields if settings.customers == "companies" else ()
    return Entity(
        4,
        "company",
        (
            Column("customer_id", "id", "ID", "id"),
            Column("title", "title", "TITLE", "text"),
            *_REACHED,
            Column("registered_at", "createdTime", "DATE_CREATE", "instant"),
            _MADE[1],
            *_own(own),
        ),
    )


def selected(columns: Iterable[Column], family: Family) -> list[str]:
    """Give what to select: `crm.item.list` gives telephones and addresses with all fields only."""
    fields = [column.field(family) for column in columns]
    if "fm" in fields:
        return ["*", *(column.items for column in columns if column.items.startswith("UF_"))]
    return list(dict.fromkeys(fields))


def frame(rows: list[dict[str, Any]], columns: Iterable[Column], family: Family) -> pl.DataFrame:
    """Make a table of records."""
    made = []
    for column in columns:
        name = column.field(family)
        made.append(_series(column, [row.get(name) for row in rows]))
    return pl.DataFrame(made)


def _own(names: Iterable[str]) -> tuple[Column, ...]:
    return tuple(Column(name, name, name, "text") for name in names)


def _series(column: Column, values: list[Any]) -> pl.Series:
    kind, name = column.kind, column.name
    if kind == "id":
        ids = _ids(name, values)
        # Zero is a pipeline of its own, and nobody of all else.
        return ids if name == "pipeline_id" else ids.set(ids == 0, None)
    if kind in ("phone", "email"):
        return pl.Series(name, [_first(one, kind) for one in values], pl.String)
    if kind == "outcome":
        return pl.Series(name, [_OUTCOMES.get(str(one)) for one in values], pl.String)
    texts = _texts(name, values)
    if kind == "text":
        return texts
    if kind == "money":
        return _read(texts, texts.cast(MONEY, strict=False), "amount")
    instants = texts.str.to_datetime(_ISO, time_unit="us", time_zone="UTC", strict=False)
    instants = _read(texts, instants, "instant with its offset")
    # Days come as midnights of one zone or another: half a day later is that day in UTC.
    return instants.dt.offset_by("12h").dt.date() if kind == "day" else instants


def _ids(name: str, values: list[Any]) -> pl.Series:
    if set(map(type, values)) <= {int, NoneType}:
        return pl.Series(name, values, pl.Int64)
    texts = _texts(name, values)
    return _read(texts, texts.cast(pl.Int64, strict=False), "id")


def _texts(name: str, values: list[Any]) -> pl.Series:
    """Make texts of values; those of one type, as nearly all columns are, without looking at each.

    An empty text is none.
    """
    kinds = set(map(type, values)) - {NoneType}
    if kinds <= {str}:
        texts = pl.Series(name, values, pl.String)
        return texts.set(texts == "", None)
    if kinds == {int}:
        return pl.Series(name, values, pl.Int64).cast(pl.String)
    return pl.Series(name, [_text(one) for one in values], pl.String)


def _read(texts: pl.Series, made: pl.Series, what: str) -> pl.Series:
    """Give what was made of texts, if something was made of each; Polars would quote the others."""
    lost = made.null_count() - texts.null_count()
    if lost:
        raise DataError(
            f"{lost:,} of {len(texts):,} values of {texts.name!r} that Bitrix24 gave are no {what}."
            " Next step: read without this column, or see what the portal has in that field."
        )
    return made


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, list | dict):
        return ", ".join(str(one) for one in php_list(value)) or None
    return str(value)


def _first(value: Any, kind: str) -> str | None:
    """Give the first telephone or address of what either family writes."""
    wanted = kind.upper()
    for one in php_list(value):
        if not isinstance(one, dict):
            continue
        typed = one.get("typeId", one.get("TYPE_ID", wanted))
        said = one.get("value", one.get("VALUE"))
        if typed == wanted and said:
            return str(said)
    return None
