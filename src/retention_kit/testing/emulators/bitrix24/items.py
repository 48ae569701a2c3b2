"""The methods `crm.item.*`: one family for every type of records, camel case, numbers as numbers.

Unknown names in fields are ignored silently. An unknown name in a filter, or a value of the wrong
type, is refused with `INVALID_ARG_VALUE`, as documented for some of the methods; that an order is
refused alike, and that an id always comes along, are assumptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from retention_kit.testing.emulators.bitrix24.calls import Call, Method, ordering, start_of
from retention_kit.testing.emulators.bitrix24.contact_fields import merged_new, shown_new
from retention_kit.testing.emulators.bitrix24.entities import ACTIVITY, DEAL, ORDER, EntityType
from retention_kit.testing.emulators.bitrix24.envelope import Answer
from retention_kit.testing.emulators.bitrix24.fields import Field, Writer, taken
from retention_kit.testing.emulators.bitrix24.filtering import parse_filter
from retention_kit.testing.emulators.bitrix24.listing import page_of
from retention_kit.testing.emulators.bitrix24.parameters import as_mapping, as_number
from retention_kit.testing.emulators.bitrix24.records import Row
from retention_kit.testing.emulators.bitrix24.refusals import (
    Refusal,
    invalid_argument,
    missing_parameter,
    not_found,
)

PHONES_AND_ADDRESSES = "fm"


class _Names:
    """How the fields of a type are called in one call: an owner's may keep their own names."""

    def __init__(self, kind: EntityType, original: bool) -> None:
        self.kind = kind
        self.fields: dict[str, Field] = {
            (field.name if field.own and original else field.camel): field
            for field in kind.by_name.values()
            if field.new
        }

    def known(self, name: str) -> Field:
        """Find a field of a filter or an order, or refuse it."""
        field = self.fields.get(name)
        if field is None:
            raise invalid_argument(f"Invalid filter: field '{name}' is not allowed in filter")
        return field


def list_items(call: Call) -> Answer:
    """List records of any type."""
    kind, names = _called(call)
    page = listed(call, kind, names)
    asked = [str(name) for name in call.asked.listed("select")] or ["*"]
    shown = _written(page.rows, _writers(names, asked), phones="*" in asked and _has_phones(kind))
    return Answer({"items": shown}, page.total, page.next)


def listed(call: Call, kind: EntityType, names: _Names) -> Any:
    """Give the page that a call asks for."""
    conditions = as_mapping(call.asked.get("filter"))
    try:
        asked = parse_filter(conditions, names.known, call.portal.zone, nested=True)
    except ValueError:
        raise invalid_argument("Invalid filter: a field has invalid value") from None
    order = [
        (names.known(name).name, descending)
        for name, descending in ordering(call.asked.mapping("order"))
    ]
    return page_of(
        call.portal.records[kind.number],
        asked,
        order=order,
        start=start_of(call.asked),
        conditions=conditions,
    )


def get_item(call: Call) -> Answer:
    """Give one record with all its fields."""
    kind, names = _called(call)
    return _whole(call, kind, names, _existing(call, kind))


def add_item(call: Call) -> Answer:
    """Add a record and give it with all its fields."""
    kind, names = _called(call)
    row = call.portal.add(kind.number, _values(call, kind, names, {}))
    return _whole(call, kind, names, row["ID"])


def update_item(call: Call) -> Answer:
    """Change a record and give it with all its fields."""
    kind, names = _called(call)
    found = _existing(call, kind)
    row = call.portal.records[kind.number].rows[found]
    call.portal.change(kind.number, found, _values(call, kind, names, row))
    return _whole(call, kind, names, found)


def delete_item(call: Call) -> Answer:
    """Delete a record."""
    kind, _ = _called(call)
    call.portal.remove(kind.number, _existing(call, kind))
    return Answer([])


def describe_fields(call: Call) -> Answer:
    """Describe the fields of a type."""
    _, names = _called(call)
    fields = {
        name: {**field.description(), "upperName": field.name}
        for name, field in names.fields.items()
    }
    return Answer({"fields": fields})


def list_orders(call: Call) -> Answer:
    """List the orders of the online shop; for administrators only."""
    if not call.portal.administrator:
        raise Refusal(400, 200040300010, "Access denied")
    kind = call.portal.types[ORDER]
    names = _Names(kind, original=False)
    page = listed(call, kind, names)
    asked = [str(name) for name in call.asked.listed("select")] or ["*"]
    shown = _written(page.rows, _writers(names, asked), phones=False)
    return Answer({"orders": shown}, page.total, page.next)


def _called(call: Call) -> tuple[EntityType, _Names]:
    number = as_number(call.asked.required("entityTypeId"))
    kind = call.portal.types.get(number)
    if kind is None or number in {ACTIVITY, ORDER}:
        raise not_found(f"Entity type {number} is not supported")
    return kind, _Names(kind, call.asked.flag("useOriginalUfNames"))


def _existing(call: Call, kind: EntityType) -> int:
    found = as_number(call.asked.required("id"))
    if found not in call.portal.records[kind.number].rows:
        raise not_found()
    return found


def _whole(call: Call, kind: EntityType, names: _Names, found: int) -> Answer:
    row = call.portal.records[kind.number].rows[found]
    (shown,) = _written([row], _writers(names, ["*"]), phones=_has_phones(kind))
    return Answer({"item": shown})


def _has_phones(kind: EntityType) -> bool:
    return "PHONE" in kind.by_name


def _writers(names: _Names, asked: Sequence[str]) -> list[tuple[str, str, Writer | None]]:
    """Resolve a selection: `*` has all fields here, the owner's too."""
    write = names.kind.new
    every = [(shown, field.name, write[field.name]) for shown, field in names.fields.items()]
    if "*" in asked:
        return every
    wanted = {"id", *asked}
    own = "UF_*" in wanted or "uf*" in wanted
    return [entry for entry in every if entry[0] in wanted or (own and names.fields[entry[0]].own)]


def _written(
    rows: Sequence[Row], writers: Sequence[tuple[str, str, Writer | None]], *, phones: bool
) -> list[Row]:
    listed = []
    for row in rows:
        shown: Row = {}
        for name, kept, write in writers:
            value = row.get(kept)
            shown[name] = value if write is None or value is None else write(value)
        if phones:
            shown[PHONES_AND_ADDRESSES] = shown_new(row)
        listed.append(shown)
    return listed


def _values(call: Call, kind: EntityType, names: _Names, row: Row) -> Row:
    fields: Any = call.asked.get("fields")
    if fields is None:
        raise missing_parameter("fields")
    values: Row = {}
    for name, value in as_mapping(fields).items():
        if name == PHONES_AND_ADDRESSES and _has_phones(kind):
            values |= merged_new(row, value)
            continue
        field = names.fields.get(name)
        if field is None or field.read_only:
            continue
        try:
            values[field.name] = taken(field, value, call.portal.zone)
        except ValueError:
            raise _invalid(name) from None
    if kind.number == DEAL:
        stage = values.get("STAGE_ID")
        if stage is not None and call.portal.funnels.meaning(stage) is None:
            raise _invalid("stageId")
        if values.get("CATEGORY_ID") and values["CATEGORY_ID"] not in call.portal.funnels.names:
            raise _invalid("categoryId")
    return values


def _invalid(name: str) -> Refusal:
    return Refusal(
        400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", f"The value of field '{name}' is not valid"
    )


METHODS: dict[str, Method] = {
    "crm.item.list": list_items,
    "crm.item.get": get_item,
    "crm.item.add": add_item,
    "crm.item.update": update_item,
    "crm.item.delete": delete_item,
    "crm.item.fields": describe_fields,
    "sale.order.list": list_orders,
}
