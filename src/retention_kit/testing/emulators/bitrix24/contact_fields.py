"""Phones and e-mail addresses of a record: how a write changes the list of them."""

from __future__ import annotations

from typing import Any

from retention_kit.testing.emulators.bitrix24.parameters import as_list, as_mapping, as_number
from retention_kit.testing.emulators.bitrix24.records import Row

TYPES = ("PHONE", "EMAIL")


def merged_old(kind: str, before: list[Row], written: Any) -> list[Row]:
    """Change a list as the older methods do.

    An element without `ID` is appended, however often the same comes; with it, it replaces; with
    `DELETE` or an empty `VALUE` it goes.
    """
    kept = {item["ID"]: dict(item) for item in before}
    added: list[Row] = []
    for raw in as_list(written):
        item = as_mapping(raw)
        number = as_number(item.get("ID") or 0)
        value = str(item.get("VALUE") or "")
        if number in kept:
            if item.get("DELETE") == "Y" or ("VALUE" in item and not value):
                del kept[number]
            else:
                kept[number] |= {key: item[key] for key in ("VALUE", "VALUE_TYPE") if key in item}
        elif value:
            added.append(_made(kind, value, item.get("VALUE_TYPE")))
    return [*kept.values(), *added]


def merged_new(row: Row, written: Any) -> Row:
    """Give the lists of a record as `crm.item.*` changes them by `fm`.

    A key that is an id of an element replaces it, or removes it where the value is empty; any other
    key, as `n0`, appends.
    """
    lists = {kind: {item["ID"]: dict(item) for item in row.get(kind) or ()} for kind in TYPES}
    added: dict[str, list[Row]] = {kind: [] for kind in TYPES}
    for key, raw in as_mapping(written).items():
        item = as_mapping(raw)
        number = as_number(key) if key.isdigit() else as_number(item.get("id") or 0)
        value = str(item.get("value") or "")
        holder = next((kept for kept in lists.values() if number in kept), None)
        if holder is not None:
            if not value:
                del holder[number]
            else:
                holder[number]["VALUE"] = value
                if "valueType" in item:
                    holder[number]["VALUE_TYPE"] = item["valueType"]
        elif value and item.get("typeId") in added:
            kind = str(item["typeId"])
            added[kind].append(_made(kind, value, item.get("valueType")))
    return {kind: [*lists[kind].values(), *added[kind]] for kind in TYPES}


def shown_new(row: Row) -> list[Row]:
    """Write phones and addresses as `crm.item.*` does."""
    return [
        {
            "id": item["ID"],
            "typeId": item["TYPE_ID"],
            "valueType": item["VALUE_TYPE"],
            "value": item["VALUE"],
        }
        for kind in TYPES
        for item in row.get(kind) or ()
    ]


def _made(kind: str, value: str, value_type: Any) -> Row:
    return {"VALUE_TYPE": str(value_type or "WORK"), "VALUE": value, "TYPE_ID": kind}
