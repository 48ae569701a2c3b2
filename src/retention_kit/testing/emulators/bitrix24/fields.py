"""The fields of records: how a value is taken from a call, kept, and written in both families."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from retention_kit.testing.emulators.bitrix24.envelope import iso
from retention_kit.testing.emulators.bitrix24.parameters import as_list, as_number

Writer = Callable[[Any], Any]
"""Writes a kept value that is not None."""

_KINDS = {
    "integer": "integer",
    "user": "integer",
    "enumeration": "integer",
    "crm_contact": "integer",
    "crm_company": "integer",
    "crm_lead": "integer",
    "crm_category": "integer",
    "double": "number",
    "money": "number",
    "char": "flag",
    "boolean": "flag",
    "datetime": "instant",
    "date": "day",
    "numbers": "numbers",
    "crm_multifield": "contacts",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a type of records.

    What is kept, by the kind of the vendor's type: `int` for whole numbers, `Decimal` for others,
    `bool` for yes and no, seconds since 1970 for `datetime`, `datetime.date` for `date`, a list of
    `int` for several links, a list of maps for phones and addresses, and `str` for all else.

    Attributes:
        name: In the older methods, in capitals.
        camel: In `crm.item.*`.
        type: The vendor's type.
        read_only: Whether a call may not write it.
        immutable: Whether a call may write it only when a record is added.
        old: Whether the older methods know it.
        new: Whether `crm.item.*` knows it.
        own: Whether the portal's owner added it.
    """

    name: str
    camel: str
    type: str = "string"
    read_only: bool = False
    immutable: bool = False
    old: bool = True
    new: bool = True
    own: bool = False

    @property
    def kind(self) -> str:
        """How it is kept."""
        return _KINDS.get(self.type, "text")

    def description(self) -> dict[str, Any]:
        """Describe it as the methods `fields` do."""
        return {
            "type": self.type if self.type != "numbers" else "crm_contact",
            "isRequired": False,
            "isReadOnly": self.read_only,
            "isImmutable": self.immutable,
            "isMultiple": self.kind in {"numbers", "contacts"},
            "isDynamic": self.own,
            "title": self.name,
        }


def own_field(name: str, kind: str) -> Field:
    """Make a field that the portal's owner added."""
    return Field(name, camel_name(name), kind, own=True)


def camel_name(name: str) -> str:
    """Give the name of an owner's field in `crm.item.*`: irregular where it ends in digits.

    Examples:
        >>> camel_name("UF_CRM_3_DIGIT"), camel_name("UF_CRM_1747309879")
        ('ufCrm3Digit', 'ufCrm_1747309879')
    """
    first, *others = name.lower().split("_")
    last = len(others) - 1
    return first + "".join(
        f"_{part}" if part.isdigit() and position == last else part.capitalize()
        for position, part in enumerate(others)
    )


def taken(field: Field, value: Any, zone: dt.timezone) -> Any:
    """Turn a value of a call into what is kept; an empty text is nothing, except in texts.

    Raises:
        ValueError: It is no value of the field.
    """
    kind = field.kind
    if kind == "numbers":
        return [as_number(item) for item in as_list(value) if item not in ("", None)]
    if value is None or (value == "" and kind != "text"):
        return None
    if kind == "integer":
        return as_number(value)
    if kind == "number":
        try:
            # An owner's money comes as `100.00|RUB`.
            return Decimal(str(value).partition("|")[0].strip())
        except InvalidOperation:
            raise ValueError("no number") from None
    if kind == "flag":
        return value in (True, 1, "1", "Y", "y")
    if kind == "instant":
        return seconds_of(str(value), zone)
    if kind == "day":
        return moment_of(str(value), zone).date()
    return str(value)


@lru_cache(maxsize=1024)
def seconds_of(text: str, zone: dt.timezone) -> int:
    """Read an instant; where it has no offset, the portal's counts.

    Raises:
        ValueError: It is none.
    """
    return int(moment_of(text, zone).timestamp())


def moment_of(text: str, zone: dt.timezone) -> dt.datetime:
    """Read a date, or an instant with or without an offset, in ISO 8601 or the Russian way."""
    text = text.strip()
    if len(text) >= 10 and text[2] == text[5] == ".":
        text = f"{text[6:10]}-{text[3:5]}-{text[:2]}{text[10:]}"
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def old_writer(field: Field, zone: dt.timezone) -> Writer | None:
    """Give what writes the field in the older methods: everything as text; None for as it is."""
    kind = field.kind
    if kind == "integer":
        return str
    if kind == "number":
        return _two_digits if field.name in {"OPPORTUNITY", "REVENUE", "TAX_VALUE"} else _plain
    if kind == "flag":
        return _one_or_zero if field.own else _yes_or_no
    if kind == "numbers":
        return lambda value: [str(item) for item in value]
    if kind == "contacts":
        return lambda value: [{**item, "ID": str(item["ID"])} for item in value]
    return _dated(kind, zone)


def new_writer(field: Field, zone: dt.timezone) -> Writer | None:
    """Give what writes the field in `crm.item.*`: numbers as numbers; None for as it is.

    How an owner's yes and no is written there is uncertain; here it is `Y` and `N`.
    """
    kind = field.kind
    if kind == "number":
        return _number
    if kind == "flag":
        return _yes_or_no
    return _dated(kind, zone)


def _dated(kind: str, zone: dt.timezone) -> Writer | None:
    if kind == "instant":
        return lambda value: iso(value, zone)
    if kind == "day":
        # A day is written as the instant in the portal's zone at which it begins in UTC.
        return lambda value: (
            dt.datetime.combine(value, dt.time(), dt.UTC).astimezone(zone).isoformat()
        )
    return None


def _two_digits(value: Decimal) -> str:
    return f"{value:.2f}"


def _plain(value: Decimal) -> str:
    return f"{value:f}"


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _yes_or_no(value: bool) -> str:
    return "Y" if value else "N"


def _one_or_zero(value: bool) -> str:
    return "1" if value else "0"
