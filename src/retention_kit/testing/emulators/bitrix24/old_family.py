"""The older methods `crm.deal.*`, `crm.contact.*`, `crm.company.*`: capitals, and values as text.

Unknown names in fields, filters and selections are ignored silently. Deprecated by the vendor, and
still documented and served.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from retention_kit.testing.emulators.bitrix24.calls import Call, Method, ordering, start_of
from retention_kit.testing.emulators.bitrix24.contact_fields import merged_old
from retention_kit.testing.emulators.bitrix24.entities import (
    DEAL,
    LEAD,
    NAMES,
    EntityType,
)
from retention_kit.testing.emulators.bitrix24.envelope import Answer
from retention_kit.testing.emulators.bitrix24.fields import Field, taken
from retention_kit.testing.emulators.bitrix24.filtering import parse_filter
from retention_kit.testing.emulators.bitrix24.listing import page_of
from retention_kit.testing.emulators.bitrix24.parameters import as_mapping, as_number
from retention_kit.testing.emulators.bitrix24.records import Row
from retention_kit.testing.emulators.bitrix24.refusals import old_refusal


def list_records(call: Call, number: int) -> Answer:
    """List records of a type."""
    kind = call.portal.types[number]
    conditions = call.asked.mapping("filter")
    try:
        asked = parse_filter(conditions, partial(_known, kind), call.portal.zone, nested=False)
    except ValueError:
        raise old_refusal("Incorrect value in filter") from None
    page = page_of(
        call.portal.records[number],
        asked,
        order=[pair for pair in ordering(call.asked.mapping("order")) if _known(kind, pair[0])],
        start=start_of(call.asked),
        conditions=conditions,
    )
    names = _selected(kind, [str(name) for name in call.asked.listed("select")])
    return Answer(written(kind, page.rows, names), page.total, page.next)


def get_record(call: Call, number: int) -> Answer:
    """Give one record with all its fields."""
    kind = call.portal.types[number]
    row = call.portal.records[number].rows[existing(call, number)]
    names = [field.name for field in kind.by_name.values() if field.old]
    return Answer(written(kind, [row], names)[0])


def add_record(call: Call, number: int) -> Answer:
    """Add a record and give its id."""
    values = _values(call, call.portal.types[number], None)
    return Answer(call.portal.add(number, values)["ID"])


def update_record(call: Call, number: int) -> Answer:
    """Change a record."""
    found = existing(call, number)
    kind = call.portal.types[number]
    row = call.portal.records[number].rows[found]
    call.portal.change(number, found, _values(call, kind, row))
    return Answer(True)


def delete_record(call: Call, number: int) -> Answer:
    """Delete a record."""
    call.portal.remove(number, existing(call, number))
    return Answer(True)


def describe_fields(call: Call, number: int) -> Answer:
    """Describe the fields of a type."""
    fields = call.portal.types[number].by_name.values()
    return Answer({field.name: field.description() for field in fields if field.old})


def list_own_fields(call: Call, number: int) -> Answer:
    """List the fields that the portal's owner added to a type."""
    kind = call.portal.types[number]
    rows = [
        {
            "ID": str(position),
            "ENTITY_ID": f"CRM_{kind.name.upper()}",
            "FIELD_NAME": field.name,
            "USER_TYPE_ID": field.type,
            "MULTIPLE": "N",
            "MANDATORY": "N",
        }
        for position, field in enumerate(
            (field for field in kind.by_name.values() if field.own), start=1
        )
    ]
    return Answer(rows, len(rows))


def existing(call: Call, number: int) -> int:
    """Give the id that a call names, or refuse it where there is no such record."""
    found = as_number(call.asked.get("id", 0))
    if found <= 0:
        raise old_refusal("ID is not defined or invalid.")
    if found not in call.portal.records[number].rows:
        raise old_refusal("Not found")
    return found


def written(kind: EntityType, rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """Write records with some of their fields, by their names in capitals."""
    writers = [(name, kind.old[name]) for name in names]
    listed = []
    for row in rows:
        shown: Row = {}
        for name, write in writers:
            value = row.get(name)
            shown[name] = value if write is None or value is None else write(value)
        listed.append(shown)
    return listed


def _known(kind: EntityType, name: str) -> Field | None:
    known = kind.by_name.get(name)
    return known if known is not None and known.old else None


def _selected(kind: EntityType, asked: Sequence[str]) -> list[str]:
    """Resolve masks: `*` has neither the owner's fields nor phones and addresses."""
    names = {"ID": None}
    for name in asked or ["*"]:
        if name == "*":
            names |= dict.fromkeys(
                field.name
                for field in kind.by_name.values()
                if field.old and not field.own and field.kind != "contacts"
            )
        elif name == "UF_*":
            names |= dict.fromkeys(field.name for field in kind.by_name.values() if field.own)
        elif _known(kind, name):
            names[name] = None
    return list(names)


def _values(call: Call, kind: EntityType, row: Row | None) -> Row:
    """Take the fields that a call may write."""
    fields: Any = call.asked.get("fields")
    if not isinstance(fields, dict | list):
        raise old_refusal("Parameter 'fields' must be array.")
    values: Row = {}
    for name, value in as_mapping(fields).items():
        # `CONTACT_IDS` can be written here, though it can be neither selected nor filtered by.
        field = kind.by_name.get(name)
        if field is None or field.read_only or (field.immutable and row is not None):
            continue
        if field.kind == "contacts":
            values[name] = merged_old(name, (row or {}).get(name) or [], value)
            continue
        try:
            values[name] = taken(field, value, call.portal.zone)
        except ValueError:
            raise old_refusal(f"The value of field '{name}' is not valid.") from None
    stage = values.get("STAGE_ID") if kind.number == DEAL else None
    if stage and call.portal.funnels.meaning(stage) is None:
        raise old_refusal("The value of field 'STAGE_ID' is not valid.")
    return values


def _methods() -> dict[str, Method]:
    made: dict[str, Method] = {}
    for name, number in NAMES.items():
        if number == LEAD:
            continue
        for verb, method in (
            ("list", list_records),
            ("get", get_record),
            ("add", add_record),
            ("update", update_record),
            ("delete", delete_record),
            ("fields", describe_fields),
            ("userfield.list", list_own_fields),
        ):
            made[f"crm.{name}.{verb}"] = partial(method, number=number)
    return made


METHODS = _methods()
