"""Custom fields: which there are, and whether a value may stand in one.

Sure of the vendor's pages: the shapes, the types, clearing by `"values": null`, and that phones and
e-mails need an `enum_code` or `enum_id`. Not sure: whether the live system forgives a phone without
either; here it does not.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

from retention_kit.testing.emulators.amocrm.refusals import Problems
from retention_kit.testing.emulators.amocrm.world import ACCOUNT_ID, Row, World

CHOICES = frozenset({"select", "multiselect", "radiobutton"})
DATES = frozenset({"date", "date_time", "birthday"})
TEXTS = frozenset({"text", "textarea", "url", "streetaddress", "tracking_data"})
NUMBERS = frozenset({"numeric", "price", "monetary"})
TYPES = CHOICES | DATES | TEXTS | NUMBERS | {"checkbox", "multitext"}
PHONE_KINDS = ("WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER")
EMAIL_KINDS = ("WORK", "PRIV", "OTHER")
STANDARD = {
    "contacts": (
        ("POSITION", "Position", "text", ()),
        ("PHONE", "Phone", "multitext", PHONE_KINDS),
        ("EMAIL", "E-mail", "multitext", EMAIL_KINDS),
    ),
    "companies": (
        ("PHONE", "Phone", "multitext", PHONE_KINDS),
        ("EMAIL", "E-mail", "multitext", EMAIL_KINDS),
        ("WEB", "Site", "url", ()),
        ("ADDRESS", "Address", "textarea", ()),
    ),
}


def add_field(
    world: World,
    kind: str,
    name: str,
    field_type: str,
    *,
    code: str | None = None,
    enums: tuple[str, ...] = (),
) -> Row:
    """Define a custom field of a kind of entity, and give its definition.

    Args:
        world: The account's state.
        kind: The entity, as `leads`.
        name: What people see.
        field_type: One of `TYPES`.
        code: The code by which it may be named instead of its id.
        enums: The choices; for a `multitext` field their codes.
    """
    field_id = world.new_id()
    field = {
        "id": field_id,
        "name": name,
        "code": code,
        "type": field_type,
        "sort": 500 + len(world.custom_fields[kind]),
        "entity_type": kind,
        "account_id": ACCOUNT_ID,
        "is_predefined": code in {"PHONE", "EMAIL", "POSITION", "WEB", "ADDRESS"},
        "is_deletable": True,
        "is_api_only": False,
        "enums": [
            {"id": world.new_id(), "value": value, "sort": place, "code": _code(field_type, value)}
            for place, value in enumerate(enums)
        ]
        or None,
    }
    world.custom_fields[kind][field_id] = field
    return field


def merged_values(
    world: World, kind: str, given: object, before: list[Row] | None, problems: Problems
) -> list[Row] | None:
    """Give an entity's custom fields after a write, in the shape in which they are read.

    Fields that the write does not name stay as they were.

    Args:
        world: The account's state.
        kind: The entity.
        given: What was sent as `custom_fields_values`.
        before: The entity's fields before, as they are read; None where it has none.
        problems: Where to note what is wrong.
    """
    if given is None:
        return None
    if not isinstance(given, list):
        problems.wrong_type("custom_fields_values", "array")
        return before
    merged = {entry["field_id"]: entry for entry in before or ()}
    for place, entry in enumerate(given):
        path = f"custom_fields_values.{place}"
        if not isinstance(entry, dict):
            problems.wrong_type(path, "object")
            continue
        field = _field(world, kind, entry, path, problems)
        if field is None:
            continue
        if "values" not in entry:
            problems.missing(f"{path}.values")
        elif entry["values"] is None:
            merged.pop(field["id"], None)
        else:
            values = _values(field, entry["values"], f"{path}.values", problems)
            if values:
                merged[field["id"]] = {
                    "field_id": field["id"],
                    "field_name": field["name"],
                    "field_code": field["code"],
                    "field_type": field["type"],
                    "values": values,
                }
    return list(merged.values()) or None


def _field(
    world: World, kind: str, entry: Mapping[str, Any], path: str, problems: Problems
) -> Row | None:
    fields = world.custom_fields[kind]
    if "field_id" in entry:
        field = fields.get(entry["field_id"]) if isinstance(entry["field_id"], int) else None
        if field is None:
            problems.no_choice(f"{path}.field_id")
        return field
    if "field_code" in entry:
        for field in fields.values():
            if field["code"] is not None and field["code"] == entry["field_code"]:
                return field
        problems.no_choice(f"{path}.field_code")
        return None
    problems.missing(f"{path}.field_id")
    return None


def _values(field: Row, given: object, path: str, problems: Problems) -> list[Row]:
    if not isinstance(given, list) or not given:
        problems.wrong_type(path, "non-empty array")
        return []
    if len(given) > 1 and field["type"] not in {"multitext", "multiselect"}:
        problems.add("TooMany", path, "This collection should contain only one element.")
        return []
    values = []
    for place, value in enumerate(given):
        if not isinstance(value, dict):
            problems.wrong_type(f"{path}.{place}", "object")
            continue
        read = _value(field, value, f"{path}.{place}", problems)
        if read is not None:
            values.append(read)
    return values


def _value(field: Row, given: Row, path: str, problems: Problems) -> Row | None:
    if field["type"] in CHOICES:
        return _choice(field, given, path, problems)
    if "value" not in given:
        problems.missing(f"{path}.value")
        return None
    if field["type"] == "multitext":
        kind = _choice(field, {**given, "value": None}, path, problems)
        if not isinstance(given["value"], str) or not given["value"].strip():
            problems.wrong_type(f"{path}.value", "string")
            return None
        return None if kind is None else {**kind, "value": given["value"]}
    value = _simple(field["type"], given["value"])
    if value is None:
        problems.wrong_type(f"{path}.value", _wanted(field["type"]))
        return None
    return {"value": value}


def _choice(field: Row, given: Row, path: str, problems: Problems) -> Row | None:
    named = [
        (name, part)
        for name, part in (("enum_id", "id"), ("enum_code", "code"), ("value", "value"))
        if given.get(name) is not None
    ]
    if not named:
        problems.missing(f"{path}.enum_code" if field["type"] == "multitext" else f"{path}.value")
        return None
    name, part = named[0]
    for enum in field["enums"] or ():
        if enum[part] == given[name]:
            return {"value": enum["value"], "enum_id": enum["id"], "enum_code": enum["code"]}
    problems.no_choice(f"{path}.{name}")
    return None


def _simple(field_type: str, value: object) -> object:
    if field_type == "checkbox":
        return value if isinstance(value, bool) else None
    if field_type in DATES:
        return _instant(value)
    if field_type in NUMBERS:
        return _number(value)
    return value if isinstance(value, str) else None


def _instant(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if moment.tzinfo is None else int(moment.timestamp())


def _number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        finite = math.isfinite(float(value))
    except ValueError:
        return None
    return str(value) if finite else None


def _wanted(field_type: str) -> str:
    if field_type in DATES:
        return "int or RFC 3339 date"
    return {"checkbox": "bool"}.get(field_type, "numeric" if field_type in NUMBERS else "string")


def _code(field_type: str, value: str) -> str | None:
    return value if field_type == "multitext" else None
