"""Definitions: custom fields, tags, pipelines, users."""

from __future__ import annotations

from retention_kit.testing.emulators.amocrm.account import (
    account_shape,
    pipeline_shape,
    statuses_shape,
)
from retention_kit.testing.emulators.amocrm.calls import Call, paged, wanted_extras
from retention_kit.testing.emulators.amocrm.custom_fields import CHOICES, TYPES, add_field
from retention_kit.testing.emulators.amocrm.refusals import Problems, Refusal, invalid, objects
from retention_kit.testing.emulators.amocrm.world import Row, World

FIELDS_A_PAGE = 50


class Catalogue:
    """Serves what an account defines.

    Args:
        world: The account's state.
        most: How many items one request may hold.
    """

    def __init__(self, world: World, *, most: int) -> None:
        self._world = world
        self._most = most
        self.customers = "off"

    def account(self, call: Call) -> Row:
        """Give the account."""
        return account_shape(self._world, wanted_extras(call), customers=self.customers)

    def list_users(self, call: Call) -> Row | None:
        """List the users."""
        rows = [self._linked("users", user) for user in self._world.tables["users"].values()]
        return paged(self._world, call, "users", rows)

    def read_user(self, call: Call) -> Row | None:
        """Give one user."""
        user = self._world.tables["users"].get(call.ids[0])
        return None if user is None else self._linked("users", user)

    def list_pipelines(self, call: Call) -> Row:
        """List the pipelines with their statuses; this list has no pages."""
        rows = [
            pipeline_shape(self._world, one) for one in self._world.tables["pipelines"].values()
        ]
        return {
            "_total_items": len(rows),
            "_links": {"self": self._world.href(call.path)},
            "_embedded": {"pipelines": rows},
        }

    def read_pipeline(self, call: Call) -> Row | None:
        """Give one pipeline."""
        pipeline = self._world.tables["pipelines"].get(call.ids[0])
        return None if pipeline is None else pipeline_shape(self._world, pipeline)

    def list_statuses(self, call: Call) -> Row | None:
        """List the statuses of a pipeline."""
        pipeline = self._world.tables["pipelines"].get(call.ids[0])
        if pipeline is None:
            return None
        rows = statuses_shape(self._world, pipeline)
        links = {"self": self._world.href(call.path)}
        return {"_total_items": len(rows), "_links": links, "_embedded": {"statuses": rows}}

    def read_status(self, call: Call) -> Row | None:
        """Give one status of a pipeline."""
        pipeline = self._world.tables["pipelines"].get(call.ids[0])
        status = None if pipeline is None else pipeline["statuses"].get(call.ids[1])
        return (
            None if status is None else {**status, "_links": {"self": self._world.href(call.path)}}
        )

    def list_loss_reasons(self, call: Call) -> Row | None:
        """List the reasons for which deals are lost."""
        rows = list(self._world.tables["loss_reasons"].values())
        return paged(self._world, call, "loss_reasons", rows)

    def list_fields(self, call: Call, kind: str) -> Row | None:
        """List the custom fields of a kind of entity, at most 50 a page."""
        rows = [self._field(kind, one) for one in self._world.custom_fields[kind].values()]
        return paged(self._world, call, "custom_fields", rows, most=FIELDS_A_PAGE)

    def read_field(self, call: Call, kind: str) -> Row | None:
        """Give one custom field."""
        field = self._world.custom_fields[kind].get(call.ids[0])
        return None if field is None else self._field(kind, field)

    def create_fields(self, call: Call, kind: str) -> Row:
        """Define the custom fields of an array."""
        items = objects(call.body, most=self._most)
        codes = {field["code"] for field in self._world.custom_fields[kind].values()}
        wrong = []
        for place, item in enumerate(items):
            problems = Problems()
            if not isinstance(item.get("name"), str) or not item["name"]:
                problems.missing("name")
            if not isinstance(item.get("type"), str) or item["type"] not in TYPES:
                problems.no_choice("type")
            elif item["type"] in CHOICES and not item.get("enums"):
                problems.missing("enums")
            if not _are_choices(item.get("enums")):
                problems.wrong_type("enums", "array of objects with a value")
            if not isinstance(item.get("code"), str | None):
                problems.wrong_type("code", "string")
            elif item.get("code") in codes - {None}:
                problems.add("NotUnique", "code", "This value is already used.")
            if problems:
                wrong.append((str(item.get("request_id", place)), problems))
        if wrong:
            raise invalid(wrong)
        rows = []
        for place, item in enumerate(items):
            enums = tuple(str(enum["value"]) for enum in item.get("enums") or ())
            field = add_field(
                self._world, kind, item["name"], item["type"], code=item.get("code"), enums=enums
            )
            self._world.wrote("created", "custom_fields", field["id"], entity_type=kind)
            echo = {"request_id": item.get("request_id", str(place))}
            rows.append({**self._field(kind, field), **echo})
        return {
            "_total_items": len(rows),
            "_links": {"self": self._world.href(call.path)},
            "_embedded": {"custom_fields": rows},
        }

    def delete_field(self, call: Call, kind: str) -> None:
        """Delete a custom field; what stood in it is gone."""
        if self._world.custom_fields[kind].pop(call.ids[0], None) is None:
            raise Refusal(404, "There is no such field.")
        for row in self._world.tables[kind].values():
            kept = [
                entry
                for entry in row["custom_fields_values"] or ()
                if entry["field_id"] != call.ids[0]
            ]
            row["custom_fields_values"] = kept or None
        self._world.wrote("deleted", "custom_fields", call.ids[0], entity_type=kind)

    def list_tags(self, call: Call, kind: str) -> Row | None:
        """List the tags of a kind of entity."""
        wanted = call.pairs and dict(call.pairs).get("query", "")
        rows = [
            {name: value for name, value in tag.items() if name != "kind"}
            for tag in self._world.tables["tags"].values()
            if tag["kind"] == kind and (not wanted or wanted.casefold() in tag["name"].casefold())
        ]
        return paged(self._world, call, "tags", rows)

    def create_tags(self, call: Call, kind: str) -> Row:
        """Define the tags of an array; one that exists is given as it is."""
        items = objects(call.body, most=self._most)
        for place, item in enumerate(items):
            if not isinstance(item.get("name"), str) or not item["name"]:
                problems = Problems()
                problems.missing("name")
                raise invalid([(str(item.get("request_id", place)), problems)])
        rows = []
        for place, item in enumerate(items):
            tag = self._world.tag(kind, item["name"])
            self._world.wrote("created", "tags", tag["id"], entity_type=kind)
            echo = item.get("request_id", str(place))
            rows.append({"id": tag["id"], "name": tag["name"], "color": None, "request_id": echo})
        return {
            "_total_items": len(rows),
            "_links": {"self": self._world.href(call.path)},
            "_embedded": {"tags": rows},
        }

    def _field(self, kind: str, field: Row) -> Row:
        shown = self._linked(f"{kind}/custom_fields", field)
        if shown["enums"] is not None:
            hidden = "code" if field["type"] != "multitext" else "sort"
            shown["enums"] = [
                {name: value for name, value in enum.items() if name != hidden or value is not None}
                for enum in shown["enums"]
            ]
        return shown

    def _linked(self, path: str, row: Row) -> Row:
        return {**row, "_links": {"self": self._world.href(f"{path}/{row['id']}")}}


def _are_choices(enums: object) -> bool:
    return enums is None or (
        isinstance(enums, list)
        and all(isinstance(one, dict) and isinstance(one.get("value"), str) for one in enums)
    )
