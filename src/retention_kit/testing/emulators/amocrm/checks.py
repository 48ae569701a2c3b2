"""Whether the plain fields of an item have the types and name the things they should."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retention_kit.testing.emulators.amocrm.account import main_pipeline
from retention_kit.testing.emulators.amocrm.refusals import Problems
from retention_kit.testing.emulators.amocrm.world import ENTITIES, LOST, WON, Row, World

_STAMPS = {"created_by": "int", "updated_by": "int", "created_at": "int", "updated_at": "int"}
FIELDS: dict[str, dict[str, str]] = {
    "leads": {
        **{"name": "string", "price": "int", "status_id": "int", "pipeline_id": "int"},
        **{"responsible_user_id": "int", "closed_at": "int?", "loss_reason_id": "int?"},
        **{"score": "int?"},
        **_STAMPS,
    },
    "contacts": {
        **{"name": "string", "first_name": "string", "last_name": "string"},
        **{"responsible_user_id": "int"},
        **_STAMPS,
    },
    "companies": {"name": "string", "responsible_user_id": "int", **_STAMPS},
    "customers": {
        **{"name": "string", "next_price": "int", "next_date": "int", "status_id": "int"},
        **{"periodicity": "int", "responsible_user_id": "int"},
        **_STAMPS,
    },
    "tasks": {
        **{"text": "string", "complete_till": "int", "entity_id": "int?", "entity_type": "string?"},
        **{"task_type_id": "int", "responsible_user_id": "int", "duration": "int"},
        **{"is_completed": "bool", "result": "object"},
        **_STAMPS,
    },
    "transactions": {
        **{"price": "int", "completed_at": "int", "comment": "string?"},
        **{"next_price": "int", "next_date": "int", "created_by": "int"},
    },
}
_TYPES: dict[str, type] = {"int": int, "string": str, "bool": bool, "object": dict}
_BESIDE = frozenset(
    {"id", "request_id", "custom_fields_values", "_embedded", "tags_to_add", "tags_to_delete"}
)


def plain_fields(world: World, kind: str, item: Mapping[str, Any], problems: Problems) -> Row:
    """Give the plain fields of an item that may be written.

    Args:
        world: The account's state.
        kind: What the item is.
        item: The item as it was sent.
        problems: Where to note what is wrong.
    """
    known = FIELDS[kind]
    taken: Row = {}
    for name, value in item.items():
        if name not in known:
            continue
        wanted = known[name]
        if value is None and wanted.endswith("?"):
            taken[name] = None
        elif not has_type(value, wanted.rstrip("?")):
            problems.wrong_type(name, wanted.rstrip("?"))
        else:
            taken[name] = value
    for name in ("responsible_user_id", "created_by", "updated_by"):
        if taken.get(name) and taken[name] not in world.tables["users"]:
            problems.no_choice(name)
    return taken


def count_unknown(world: World, kind: str, item: Mapping[str, Any]) -> None:
    """Count the fields of an item that is written which mean nothing, or can only be read."""
    for name in item.keys() - FIELDS[kind].keys() - _BESIDE:
        world.ignored[f"{kind}.field.{name}"] += 1


def has_type(value: object, wanted: str) -> bool:
    """Tell whether a value has a type; true and false are no numbers."""
    return isinstance(value, _TYPES[wanted]) and (wanted == "bool" or not isinstance(value, bool))


def place_in_funnel(world: World, taken: Row, before: Row | None, problems: Problems) -> None:
    """Find the pipeline and status of a lead, from what is sent and what was before.

    A status names its pipeline, besides the two that all pipelines have. A lead that moves to
    another pipeline without a status starts with its first.
    """
    pipelines = world.tables["pipelines"]
    pipeline = None
    if "pipeline_id" in taken:
        pipeline = pipelines.get(taken["pipeline_id"])
        if pipeline is None:
            problems.no_choice("pipeline_id")
            return
    status_id = taken.get("status_id")
    if pipeline is None and status_id is not None and status_id not in {WON, LOST}:
        pipeline = next((one for one in pipelines.values() if status_id in one["statuses"]), None)
        if pipeline is None:
            problems.no_choice("status_id")
            return
    if pipeline is None:
        pipeline = main_pipeline(world) if before is None else pipelines[before["pipeline_id"]]
    moved = before is None or before["pipeline_id"] != pipeline["id"]
    if status_id is None and moved:
        status_id = min(pipeline["statuses"].values(), key=lambda status: status["sort"])["id"]
    if status_id is not None:
        if status_id not in pipeline["statuses"]:
            problems.no_choice("status_id")
            return
        taken["status_id"] = status_id
    taken["pipeline_id"] = pipeline["id"]


def embedded_ids(
    world: World, item: Mapping[str, Any], name: str, problems: Problems
) -> list[tuple[int, bool]] | None:
    """Give the ids and main marks under `_embedded` of an item; None where there is no such part.

    Args:
        world: The account's state.
        item: The item as it was sent.
        name: The part, as `contacts`; the table to look in.
        problems: Where to note what is wrong.
    """
    embedded = item.get("_embedded")
    if not isinstance(embedded, dict) or embedded.get(name) is None:
        if embedded is not None and not isinstance(embedded, dict):
            problems.wrong_type("_embedded", "object")
        return None
    if not isinstance(embedded[name], list):
        problems.wrong_type(f"_embedded.{name}", "array")
        return None
    found = []
    for place, one in enumerate(embedded[name]):
        path = f"_embedded.{name}.{place}.id"
        row_id = one.get("id") if isinstance(one, dict) else None
        if world.find(name, row_id) is None:
            problems.no_choice(path)
        elif isinstance(row_id, int):
            found.append((row_id, bool(one.get("is_main"))))
    return found


def tag_names(
    world: World, kind: str, given: object, path: str, problems: Problems
) -> list[str] | None:
    """Give the names of tags that were sent by name or id; None where none were sent."""
    if given is None:
        return None
    if not isinstance(given, list):
        problems.wrong_type(path, "array")
        return None
    names = []
    for place, tag in enumerate(given):
        name = tag.get("name") if isinstance(tag, dict) else None
        if name is None and isinstance(tag, dict):
            tag_id = tag.get("id")
            known = world.tables["tags"].get(tag_id) if isinstance(tag_id, int) else None
            name = known["name"] if known is not None and known["kind"] == kind else None
        if isinstance(name, str) and name:
            names.append(name)
        else:
            problems.no_choice(f"{path}.{place}.name")
    return names


def known_entity(world: World, entity_type: object, entity_id: object) -> bool:
    """Tell whether there is such an entity."""
    return (
        isinstance(entity_type, str)
        and entity_type in ENTITIES
        and world.find(entity_type, entity_id) is not None
    )
