"""Leads, contacts, companies and customers: created and changed in arrays, all or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from retention_kit.testing.emulators.amocrm.calls import Call, wanted_extras
from retention_kit.testing.emulators.amocrm.checks import (
    count_unknown,
    embedded_ids,
    place_in_funnel,
    plain_fields,
    tag_names,
)
from retention_kit.testing.emulators.amocrm.custom_fields import merged_values
from retention_kit.testing.emulators.amocrm.refusals import Problems, invalid, objects
from retention_kit.testing.emulators.amocrm.shapes import DEFAULTS, shape
from retention_kit.testing.emulators.amocrm.world import LOST, WON, Row, World

LINKED = {
    "leads": ("contacts", "companies"),
    "contacts": ("companies",),
    "companies": (),
    "customers": ("contacts", "companies"),
}


class Entities:
    """Reads and writes entities.

    Args:
        world: The account's state.
        most: How many items one request may hold.
        dated: Whether a customer needs a `next_date`, as in the mode of periodicity.
    """

    def __init__(self, world: World, *, most: int) -> None:
        self._world = world
        self._most = most
        self.dated = False

    def read(self, call: Call, kind: str) -> Row | None:
        """Give one entity; None, which is 204, where there is none."""
        row = self._world.find(kind, call.ids[0])
        return None if row is None else shape(self._world, kind, row, wanted_extras(call))

    def create(self, call: Call, kind: str) -> Row:
        """Create the entities of an array."""
        items = objects(call.body, most=self._most)
        made = [
            {"id": self.add(kind, item, call.user_id), **echo}
            for item, echo in self._checked(kind, items)
        ]
        return self._answer(kind, kind, made)

    def change(self, call: Call, kind: str) -> Row:
        """Change the entities of an array, each named by its id."""
        items = objects(call.body, most=self._most)
        made = []
        for item, echo in self._checked(kind, items, changing=True):
            row = self.update(kind, item, call.user_id)
            made.append({"id": row["id"], "updated_at": row["updated_at"], **echo})
        return self._answer(kind, kind, made)

    def change_one(self, call: Call, kind: str) -> Row:
        """Change one entity, named in the path."""
        (item,) = objects([call.body], most=1)
        item = {**item, "id": call.ids[0]}
        list(self._checked(kind, [item], changing=True))
        row = self.update(kind, item, call.user_id)
        own = self._world.href(f"{kind}/{row['id']}")
        return {"id": row["id"], "updated_at": row["updated_at"], "_links": {"self": own}}

    def create_complex(self, call: Call) -> list[Row]:
        """Create leads each with one contact and one company, new or named by their ids."""
        items = objects(call.body, most=self._most)
        wrong = []
        for place, item in enumerate(items):
            problems = Problems()
            self._check("leads", {**item, "_embedded": _tags_of(item)}, None, problems)
            for part in ("contacts", "companies"):
                for inner in _parts(item, part, problems):
                    if "id" not in inner:
                        self._check(part, inner, None, problems)
                    elif self._world.find(part, inner["id"]) is None:
                        problems.no_choice(f"_embedded.{part}.0.id")
            if problems:
                wrong.append((str(item.get("request_id", place)), problems))
        if wrong:
            raise invalid(wrong)
        return [self._add_complex(item, place, call.user_id) for place, item in enumerate(items)]

    def add(self, kind: str, item: Mapping[str, Any], user_id: int = 0) -> int:
        """Put an entity into the account, and give its id.

        Raises:
            Refusal: Something is wrong with it.
        """
        world, problems = self._world, Problems()
        values = self._check(kind, item, None, problems)
        if problems:
            raise invalid([("0", problems)])
        count_unknown(world, kind, item)
        now = world.now()
        row = {
            "id": world.new_id(),
            **DEFAULTS[kind],
            **{"created_at": now, "updated_at": now, "created_by": user_id, "updated_by": user_id},
            "responsible_user_id": user_id or next(iter(world.tables["users"])),
            "_tags": [],
            "_segments": [],
            **values,
        }
        world.tables[kind][row["id"]] = row
        _dress(kind, row, values, now)
        self._attach(kind, row, item)
        world.wrote("created", kind, row["id"], request_id=item.get("request_id"))
        return int(row["id"])

    def update(self, kind: str, item: Mapping[str, Any], user_id: int = 0) -> Row:
        """Change an entity that its id names, and give its row.

        Raises:
            Refusal: Something is wrong with the change.
        """
        world, problems = self._world, Problems()
        row = world.tables[kind][item["id"]]
        values = self._check(kind, item, row, problems)
        if problems:
            raise invalid([("0", problems)])
        count_unknown(world, kind, item)
        now = world.now()
        row.update({"updated_at": now, "updated_by": user_id})
        row.update(values)
        _dress(kind, row, values, now)
        self._attach(kind, row, item)
        world.wrote("changed", kind, row["id"], fields=sorted(values))
        return row

    def _checked(
        self, kind: str, items: Sequence[Mapping[str, Any]], *, changing: bool = False
    ) -> list[tuple[Mapping[str, Any], Row]]:
        """Check every item before the first is written."""
        wrong, checked = [], []
        for place, item in enumerate(items):
            problems, before = Problems(), None
            if changing:
                before = self._world.find(kind, item.get("id"))
                if "id" not in item:
                    problems.missing("id")
                elif before is None:
                    problems.no_choice("id")
            if not problems:
                self._check(kind, item, before, problems)
            request_id = item.get("request_id", str(place))
            if problems:
                wrong.append((str(request_id), problems))
            checked.append((item, {"request_id": request_id}))
        if wrong:
            raise invalid(wrong)
        return checked

    def _check(
        self, kind: str, item: Mapping[str, Any], before: Row | None, problems: Problems
    ) -> Row:
        world = self._world
        values = plain_fields(world, kind, item, problems)
        if kind == "leads":
            place_in_funnel(world, values, before, problems)
        if kind == "customers" and before is None:
            for name in ("name", "next_date") if self.dated else ("name",):
                if name not in item:
                    problems.missing(name)
        if kind == "customers":
            self._place_customer(values, before, problems)
        if "custom_fields_values" in item:
            had = None if before is None else before["custom_fields_values"]
            given = item["custom_fields_values"]
            values["custom_fields_values"] = merged_values(world, kind, given, had, problems)
        for name in (*LINKED[kind], *(("segments",) if kind == "customers" else ())):
            embedded_ids(world, item, name, problems)
        tag_names(world, kind, _tags_of(item).get("tags"), "_embedded.tags", problems)
        for name in ("tags_to_add", "tags_to_delete"):
            tag_names(world, kind, item.get(name), name, problems)
        return values

    def _place_customer(self, values: Row, before: Row | None, problems: Problems) -> None:
        """Check the status of a customer; a new one starts with the first where there are any."""
        statuses = self._world.tables["customer_statuses"]
        if values.get("status_id") is not None and values["status_id"] not in statuses:
            problems.no_choice("status_id")
        elif self.dated and before is None:
            values.setdefault("status_id", next(iter(statuses)))

    def _attach(self, kind: str, row: Row, item: Mapping[str, Any]) -> None:
        world, fine = self._world, Problems()
        place = (kind, row["id"])
        for name in LINKED[kind]:
            found = embedded_ids(world, item, name, fine) or ()
            if found and name == "companies":
                for other, _ in list(world.linked(place, "companies")):
                    world.unlink(place, ("companies", other))
            for other, is_main in found:
                world.link(place, (name, other), is_main=is_main)
        segments = embedded_ids(world, item, "segments", fine) if kind == "customers" else None
        if segments is not None:
            row["_segments"] = [segment_id for segment_id, _ in segments]
        names = tag_names(world, kind, _tags_of(item).get("tags"), "", fine)
        if names is not None:
            row["_tags"] = [world.tag(kind, name)["id"] for name in dict.fromkeys(names)]
        for name in tag_names(world, kind, item.get("tags_to_add"), "", fine) or ():
            tag_id = world.tag(kind, name)["id"]
            row["_tags"] += [tag_id] if tag_id not in row["_tags"] else []
        for name in tag_names(world, kind, item.get("tags_to_delete"), "", fine) or ():
            tag_id = world.tag(kind, name)["id"]
            row["_tags"] = [one for one in row["_tags"] if one != tag_id]

    def _add_complex(self, item: Mapping[str, Any], place: int, user_id: int) -> Row:
        fine = Problems()
        ids = {
            part: [
                inner["id"] if "id" in inner else self.add(part, inner, user_id)
                for inner in _parts(item, part, fine)
            ]
            for part in ("contacts", "companies")
        }
        lead_id = self.add("leads", {**item, "_embedded": _tags_of(item)}, user_id)
        for part, found in ids.items():
            for other in found:
                self._world.link(("leads", lead_id), (part, other))
        return {
            "id": lead_id,
            "contact_id": next(iter(ids["contacts"]), None),
            "company_id": next(iter(ids["companies"]), None),
            "request_id": [item.get("request_id", str(place))],
            "merged": False,
        }

    def _answer(self, kind: str, path: str, made: list[Row]) -> Row:
        href = self._world.href
        rows = [{**one, "_links": {"self": href(f"{path}/{one['id']}")}} for one in made]
        return {"_links": {"self": href(path)}, "_embedded": {kind: rows}}


def _dress(kind: str, row: Row, values: Row, now: int) -> None:
    """Fill in what the system itself writes into a row."""
    if kind == "leads":
        if not row["name"]:
            row["name"] = f"Сделка #{row['id']}"
        if "status_id" in values and "closed_at" not in values:
            closed = row["status_id"] in {WON, LOST}
            row["closed_at"] = (row["closed_at"] or now) if closed else None
    if kind == "contacts" and "name" not in values and values.keys() & {"first_name", "last_name"}:
        row["name"] = f"{row['first_name']} {row['last_name']}".strip()


def _tags_of(item: Mapping[str, Any]) -> Row:
    embedded = item.get("_embedded")
    tags = embedded.get("tags") if isinstance(embedded, dict) else None
    return {} if tags is None else {"tags": tags}


def _parts(item: Mapping[str, Any], part: str, problems: Problems) -> list[Row]:
    embedded = item.get("_embedded")
    given = embedded.get(part) if isinstance(embedded, dict) else None
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        problems.wrong_type(f"_embedded.{part}", "array of objects")
        return []
    if len(given) > 1:
        problems.add("TooMany", f"_embedded.{part}", "At most one is taken.")
    return given
