"""What the account holds, who is linked to whom, and what really happened to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

Row = dict[str, Any]
Place = tuple[str, int]

ENTITIES = ("leads", "contacts", "companies", "customers")
WON, LOST = 142, 143
ACCOUNT_ID = 31_000_001
ADMINISTRATOR = 9_000_001


class World:
    """The state of one account.

    Attributes:
        tables: By kind, the rows by id.
        links: By entity, the entities linked to it and the link's metadata; both ways.
        ignored: Names of fields and parameters that were sent and mean nothing, with counts.
        version: Grows with each write.
        base_url: Where the account is served.
    """

    def __init__(self, now: Callable[[], float], record: Callable[[str, str, int, Row], None]):
        self._now = now
        self._record = record
        self.tables: dict[str, dict[int, Row]] = {
            kind: {}
            for kind in (
                *ENTITIES,
                *("tasks", "notes", "transactions", "segments", "tags"),
                *("pipelines", "users", "customer_statuses", "loss_reasons"),
            )
        }
        self.custom_fields: dict[str, dict[int, Row]] = {
            kind: {} for kind in (*ENTITIES, "segments")
        }
        self.links: dict[Place, dict[Place, Row]] = {}
        self.ignored: Counter[str] = Counter()
        self.version = 0
        self.base_url = ""
        self._next_id = 10_001

    def now(self) -> int:
        """Give the whole Unix seconds by the emulator's clock."""
        return int(self._now())

    def new_id(self) -> int:
        """Give an id that nothing else in the account has, of whatever kind."""
        self._next_id += 1
        return self._next_id - 1

    def wrote(self, verb: str, kind: str, row_id: int, **details: Any) -> None:
        """Record something that really happened."""
        self.version += 1
        self._record(verb, kind, row_id, details)

    def href(self, path: str) -> Row:
        """Give a HAL link to a path of the API."""
        return {"href": f"{self.base_url}/api/v4/{path}"}

    def find(self, kind: str, row_id: object) -> Row | None:
        """Give a row that exists and was not deleted."""
        row = self.tables[kind].get(row_id) if isinstance(row_id, int) else None
        return None if row is None or row.get("is_deleted") else row

    def link(self, one: Place, other: Place, *, is_main: bool = False) -> None:
        """Link two entities; the first main contact stays so until another takes its place."""
        contact_first = one[0] == "contacts"
        owner, contact = (other, one) if contact_first else (one, other)
        if contact[0] == "contacts":
            others = [
                about
                for place, about in self.links.get(owner, {}).items()
                if place[0] == "contacts"
            ]
            if is_main:
                for about in others:
                    about["is_main"] = False
            is_main = is_main or not any(about["is_main"] for about in others)
        about = {"is_main": is_main}
        self.links.setdefault(one, {})[other] = about
        self.links.setdefault(other, {})[one] = about

    def unlink(self, one: Place, other: Place) -> bool:
        """Take a link away, and tell whether there was one."""
        was = self.links.get(one, {}).pop(other, None) is not None
        self.links.get(other, {}).pop(one, None)
        return was

    def linked(self, place: Place, kind: str) -> Iterator[tuple[int, Row]]:
        """Give the linked entities of a kind that still exist, with the links' metadata."""
        for (other, other_id), about in self.links.get(place, {}).items():
            if other == kind and self.find(kind, other_id) is not None:
                yield other_id, about

    def tag(self, kind: str, name: str) -> Row:
        """Give the tag of this name for this kind of entity, made where there is none."""
        for tag in self.tables["tags"].values():
            if tag["kind"] == kind and tag["name"] == name:
                return tag
        tag = {"id": self.new_id(), "name": name, "color": None, "kind": kind}
        self.tables["tags"][tag["id"]] = tag
        return tag
