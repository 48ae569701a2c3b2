"""Tasks, notes and links: what hangs on an entity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retention_kit.testing.emulators.amocrm.account import TASK_TYPES
from retention_kit.testing.emulators.amocrm.calls import Call, paged
from retention_kit.testing.emulators.amocrm.checks import count_unknown, known_entity, plain_fields
from retention_kit.testing.emulators.amocrm.lists import Lists
from retention_kit.testing.emulators.amocrm.refusals import Problems, Refusal, invalid, objects
from retention_kit.testing.emulators.amocrm.world import ACCOUNT_ID, ENTITIES, Row, World

NOTE_TYPES = {
    "common": ("text",),
    "call_in": ("uniq", "duration", "source", "phone"),
    "call_out": ("uniq", "duration", "source", "phone"),
    "service_message": ("service", "text"),
    "extended_service_message": ("service", "text"),
    "message_cashier": ("status", "text"),
    "geolocation": ("text", "address", "longitude", "latitude"),
    "sms_in": ("text", "phone"),
    "sms_out": ("text", "phone"),
}
"""What each kind of note needs among its parameters."""


class FollowUp:
    """Serves tasks, notes and links.

    Args:
        world: The account's state.
        lists: Serves lists.
        most: How many items one request may hold.
    """

    def __init__(self, world: World, lists: Lists, *, most: int) -> None:
        self._world = world
        self._lists = lists
        self._most = most
        self._tasks_of: dict[tuple[str, int], dict[int, int]] = {}

    def list_tasks(self, call: Call) -> Row | None:
        """List tasks."""
        return self._lists.rows(call, "tasks", lambda row, _: self._shown("tasks", row))

    def read_task(self, call: Call) -> Row | None:
        """Give one task."""
        row = self._world.find("tasks", call.ids[0])
        return None if row is None else self._shown("tasks", row)

    def create_tasks(self, call: Call) -> Row:
        """Add the tasks of an array; each needs a text and a deadline."""
        now, user = self._world.now(), call.user_id
        made = []
        for values, echo in self._checked_tasks(call.body, changing=False):
            row = {
                "id": self._world.new_id(),
                **{"created_by": user, "updated_by": user, "created_at": now, "updated_at": now},
                **{"responsible_user_id": user, "group_id": 0, "entity_id": None},
                **{"entity_type": None, "duration": 0, "is_completed": False, "task_type_id": 1},
                **{"result": [], "account_id": ACCOUNT_ID},
                **values,
            }
            self._world.tables["tasks"][row["id"]] = row
            self._nearest(row)
            self._world.wrote("created", "tasks", row["id"], request_id=echo)
            made.append({"id": row["id"], "request_id": echo})
        return self._made("tasks", "tasks", made)

    def change_tasks(self, call: Call) -> Row:
        """Change or close the tasks of an array, or the one that the path names."""
        if call.ids:
            (item,) = objects([call.body], most=1)
            body: object = [{**item, "id": call.ids[0]}]
        else:
            body = call.body
        made = []
        for values, echo in self._checked_tasks(body, changing=True):
            row = self._world.tables["tasks"][values.pop("id")]
            row.update({"updated_at": self._world.now(), "updated_by": call.user_id, **values})
            self._nearest(row)
            self._world.wrote("changed", "tasks", row["id"], fields=sorted(values))
            one = {"id": row["id"], "updated_at": row["updated_at"]}
            made.append(one if call.ids else {**one, "request_id": echo})
        if call.ids:
            own = self._world.href(f"tasks/{call.ids[0]}")
            return {**made[0], "_links": {"self": own}}
        return self._made("tasks", "tasks", made)

    def list_notes(self, call: Call, kind: str) -> Row | None:
        """List the notes of a kind of entity, or of the entity in the path."""
        entity = call.ids[0] if call.ids else None
        return self._lists.rows(
            call,
            "notes",
            lambda row, _: self._shown(f"{kind}/notes", row),
            among=lambda row: row["_kind"] == kind and entity in {None, row["entity_id"]},
        )

    def read_note(self, call: Call, kind: str) -> Row | None:
        """Give one note."""
        row = self._world.tables["notes"].get(call.ids[-1])
        if row is None or row["_kind"] != kind:
            return None
        return self._shown(f"{kind}/notes", row)

    def create_notes(self, call: Call, kind: str) -> Row:
        """Add the notes of an array."""
        wrong, checked = [], []
        for place, given in enumerate(objects(call.body, most=self._most)):
            item = {**given, "entity_id": call.ids[0]} if call.ids else given
            problems = self._note_problems(item, kind)
            request_id = item.get("request_id", str(place))
            if problems:
                wrong.append((str(request_id), problems))
            checked.append((item, request_id))
        if wrong:
            raise invalid(wrong)
        now, made = self._world.now(), []
        for item, echo in checked:
            row = {
                "id": self._world.new_id(),
                "entity_id": item["entity_id"],
                **{"created_by": call.user_id, "updated_by": call.user_id},
                **{"created_at": now, "updated_at": now},
                "responsible_user_id": call.user_id,
                "group_id": 0,
                "note_type": item["note_type"],
                "params": item["params"],
                "account_id": ACCOUNT_ID,
                "_kind": kind,
            }
            self._world.tables["notes"][row["id"]] = row
            self._world.wrote("created", "notes", row["id"], request_id=echo, entity_type=kind)
            made.append({"id": row["id"], "entity_id": row["entity_id"], "request_id": echo})
        return self._made("notes", f"{kind}/notes", made)

    def list_links(self, call: Call, kind: str) -> Row | None:
        """List what an entity is linked to."""
        links = self._links_of((kind, call.ids[0]))
        return paged(self._world, call, "links", links)

    def link(self, call: Call, kind: str) -> Row:
        """Link an entity to others; a link that exists keeps its place."""
        targets = self._targets(call.body)
        place = self._owner(call, kind)
        for target, metadata in targets:
            self._world.link(place, target, is_main=bool(metadata.get("is_main")))
            self._world.wrote("linked", kind, place[1], to_kind=target[0], to_id=target[1])
        links = [
            one
            for one in self._links_of(place)
            if (one["to_entity_type"], one["to_entity_id"]) in dict(targets)
        ]
        return {
            "_total_items": len(links),
            "_links": {"self": self._world.href(call.path)},
            "_embedded": {"links": links},
        }

    def unlink(self, call: Call, kind: str) -> None:
        """Take links of an entity away."""
        targets = self._targets(call.body)
        place = self._owner(call, kind)
        for target, _ in targets:
            if self._world.unlink(place, target):
                self._world.wrote("unlinked", kind, place[1], to_kind=target[0], to_id=target[1])

    def _nearest(self, task: Row) -> None:
        """Write the nearest deadline of its open tasks into an entity."""
        about = (task["entity_type"], task["entity_id"])
        entity = None if about[0] is None else self._world.tables[about[0]].get(about[1])
        if entity is None:
            return
        tasks = self._tasks_of.setdefault(about, {})
        tasks.pop(task["id"], None)
        if not task["is_completed"]:
            tasks[task["id"]] = task["complete_till"]
        entity["closest_task_at"] = min(tasks.values(), default=None)

    def _checked_tasks(self, body: object, *, changing: bool) -> list[tuple[Row, Any]]:
        wrong, checked = [], []
        for place, item in enumerate(objects(body, most=self._most)):
            problems = Problems()
            values = plain_fields(self._world, "tasks", item, problems)
            count_unknown(self._world, "tasks", item)
            for name in () if changing else ("text", "complete_till"):
                if name not in item:
                    problems.missing(name)
            if changing:
                values["id"] = item.get("id")
                if self._world.find("tasks", item.get("id")) is None:
                    problems.no_choice("id")
            if "task_type_id" in values and values["task_type_id"] not in {
                one for one, _, _ in TASK_TYPES
            }:
                problems.no_choice("task_type_id")
            about = (item.get("entity_type"), item.get("entity_id"))
            if about != (None, None) and not known_entity(self._world, *about):
                problems.no_choice("entity_id" if about[0] in ENTITIES else "entity_type")
            request_id = item.get("request_id", str(place))
            if problems:
                wrong.append((str(request_id), problems))
            checked.append((values, request_id))
        if wrong:
            raise invalid(wrong)
        return checked

    def _note_problems(self, item: Mapping[str, Any], kind: str) -> Problems:
        problems = Problems()
        if self._world.find(kind, item.get("entity_id")) is None:
            problems.no_choice("entity_id")
        note_type = item.get("note_type")
        if not isinstance(note_type, str) or note_type not in NOTE_TYPES:
            problems.no_choice("note_type")
        elif not isinstance(item.get("params"), dict):
            problems.missing("params")
        else:
            for name in NOTE_TYPES[note_type]:
                if name not in item["params"]:
                    problems.missing(f"params.{name}")
        return problems

    def _targets(self, body: object) -> list[tuple[tuple[str, int], Row]]:
        wrong, targets = [], []
        for place, item in enumerate(objects(body, most=self._most)):
            problems = Problems()
            kind, row_id = item.get("to_entity_type"), item.get("to_entity_id")
            metadata = item.get("metadata")
            if not known_entity(self._world, kind, row_id):
                problems.no_choice("to_entity_id" if kind in ENTITIES else "to_entity_type")
                wrong.append((str(place), problems))
            else:
                target = (str(kind), int(row_id or 0))
                targets.append((target, metadata if isinstance(metadata, dict) else {}))
        if wrong:
            raise invalid(wrong)
        return targets

    def _owner(self, call: Call, kind: str) -> tuple[str, int]:
        if self._world.find(kind, call.ids[0]) is None:
            raise Refusal(404, "There is no such entity.")
        return kind, call.ids[0]

    def _links_of(self, place: tuple[str, int]) -> list[Row]:
        return [
            {
                "entity_id": place[1],
                "entity_type": place[0],
                "to_entity_id": other_id,
                "to_entity_type": other,
                "metadata": {"main_contact": about["is_main"]} if other == "contacts" else None,
            }
            for (other, other_id), about in self._world.links.get(place, {}).items()
            if self._world.find(other, other_id) is not None
        ]

    def _shown(self, path: str, row: Row) -> Row:
        shown = {name: value for name, value in row.items() if not name.startswith("_")}
        return {**shown, "_links": {"self": self._world.href(f"{path}/{row['id']}")}}

    def _made(self, name: str, path: str, made: list[Row]) -> Row:
        href = self._world.href
        rows = [{**one, "_links": {"self": href(f"{path}/{one['id']}")}} for one in made]
        return {"_links": {"self": href(path)}, "_embedded": {name: rows}}
