"""How entities are read: what stands in a row itself, and what is embedded when asked for."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from retention_kit.testing.emulators.amocrm.world import ACCOUNT_ID, Row, World

ALWAYS = {
    "leads": ("tags", "companies"),
    "contacts": ("tags", "companies"),
    "companies": ("tags",),
    "customers": ("segments", "tags"),
}
EXTRAS = {
    "leads": frozenset(
        {
            *("catalog_elements", "is_price_modified_by_robot", "loss_reason", "contacts"),
            *("only_deleted", "source_id", "source"),
        }
    ),
    "contacts": frozenset({"catalog_elements", "leads", "customers"}),
    "companies": frozenset({"catalog_elements", "leads", "customers", "contacts"}),
    "customers": frozenset({"catalog_elements", "contacts", "companies", "segments"}),
}
_PLAIN = frozenset({"only_deleted", "is_price_modified_by_robot", "source_id"})
"""Extras that stand in the row itself, or change what a row is."""
DEFAULTS: dict[str, Row] = {
    "leads": {
        "name": "",
        "price": 0,
        "responsible_user_id": None,
        "group_id": 0,
        "status_id": None,
        "pipeline_id": None,
        "loss_reason_id": None,
        "created_by": 0,
        "updated_by": 0,
        "created_at": 0,
        "updated_at": 0,
        "closed_at": None,
        "closest_task_at": None,
        "is_deleted": False,
        "custom_fields_values": None,
        "score": None,
        "account_id": ACCOUNT_ID,
        "labor_cost": None,
    },
    "contacts": {
        "name": "",
        "first_name": "",
        "last_name": "",
        "responsible_user_id": None,
        "group_id": 0,
        "created_by": 0,
        "updated_by": 0,
        "created_at": 0,
        "updated_at": 0,
        "closest_task_at": None,
        "is_deleted": False,
        "is_unsorted": False,
        "custom_fields_values": None,
        "account_id": ACCOUNT_ID,
    },
    "companies": {
        "name": "",
        "responsible_user_id": None,
        "group_id": 0,
        "created_by": 0,
        "updated_by": 0,
        "created_at": 0,
        "updated_at": 0,
        "closest_task_at": None,
        "is_deleted": False,
        "custom_fields_values": None,
        "account_id": ACCOUNT_ID,
    },
    "customers": {
        "name": "",
        "next_price": 0,
        "next_date": None,
        "responsible_user_id": None,
        "status_id": None,
        "periodicity": 0,
        "created_by": 0,
        "updated_by": 0,
        "created_at": 0,
        "updated_at": 0,
        "closest_task_at": None,
        "is_deleted": False,
        "custom_fields_values": None,
        "ltv": 0,
        "purchases_count": 0,
        "average_check": 0,
        "account_id": ACCOUNT_ID,
    },
}


def shape(world: World, kind: str, row: Row, extras: frozenset[str]) -> Row:
    """Give an entity as it is read.

    Args:
        world: The account's state.
        kind: The entity's kind.
        row: Its row.
        extras: What `with` asks for; what the kind does not know is left out.
    """
    own = world.href(f"{kind}/{row['id']}")
    if "only_deleted" in extras and kind == "leads":
        return {
            "id": row["id"],
            "updated_at": row["updated_at"],
            "is_deleted": True,
            "_links": {"self": own},
        }
    shown = row.copy()
    del shown["_tags"], shown["_segments"]
    if kind == "leads" and extras:
        if "is_price_modified_by_robot" in extras:
            shown["is_price_modified_by_robot"] = False
        if "source_id" in extras:
            shown["source_id"] = None
    shown["_links"] = {"self": own}
    shown["_embedded"] = {
        name: _embedded(world, kind, row, name) for name in _embedded_names(kind, extras)
    }
    return shown


@lru_cache(maxsize=512)
def _embedded_names(kind: str, extras: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted({*ALWAYS[kind], *(extras & EXTRAS[kind])} - _PLAIN))


def _embedded(world: World, kind: str, row: Row, name: str) -> Any:
    if name == "tags":
        if not row["_tags"]:
            return []
        tags = world.tables["tags"]
        return [
            {part: tags[tag_id][part] for part in ("id", "name", "color")}
            for tag_id in row["_tags"]
            if tag_id in tags
        ]
    if name == "segments":
        return [
            {"id": segment_id, "_links": {"self": world.href(f"customers/segments/{segment_id}")}}
            for segment_id in row["_segments"]
            if segment_id in world.tables["segments"]
        ]
    if name == "loss_reason":
        reason = world.tables["loss_reasons"].get(row["loss_reason_id"])
        return [] if reason is None else [reason]
    if name == "catalog_elements":
        return []
    if name == "source":
        return {}
    linked = []
    for other_id, about in world.linked((kind, row["id"]), name):
        entry: Row = {"id": other_id, "_links": {"self": world.href(f"{name}/{other_id}")}}
        if name == "contacts":
            entry["is_main"] = about["is_main"]
        linked.append(entry)
    return linked
