"""What the account holds, for a test to look at and to change in plain Python."""

from __future__ import annotations

from collections import Counter
from typing import Any

from retention_kit.testing.emulators.amocrm.desk import Desk
from retention_kit.testing.emulators.amocrm.world import Row, World
from retention_kit.testing.emulators.base import Emulator


class Holdings(Emulator):
    """Gives the account's rows by id, as they are: hold the emulator's `lock` to read several.

    A name that starts with an underscore, as `_tags`, is the emulator's own and never sent.
    """

    _world: World
    _desk: Desk

    @property
    def leads(self) -> dict[int, Row]:
        """Leads by id, deleted ones among them."""
        return self._world.tables["leads"]

    @property
    def contacts(self) -> dict[int, Row]:
        """Contacts by id, deleted ones among them."""
        return self._world.tables["contacts"]

    @property
    def companies(self) -> dict[int, Row]:
        """Companies by id, deleted ones among them."""
        return self._world.tables["companies"]

    @property
    def customers(self) -> dict[int, Row]:
        """Customers by id, deleted ones among them."""
        return self._world.tables["customers"]

    @property
    def tasks(self) -> dict[int, Row]:
        """Tasks by id."""
        return self._world.tables["tasks"]

    @property
    def notes(self) -> dict[int, Row]:
        """Notes by id."""
        return self._world.tables["notes"]

    @property
    def transactions(self) -> dict[int, Row]:
        """Customers' purchases by id."""
        return self._world.tables["transactions"]

    @property
    def segments(self) -> dict[int, Row]:
        """Segments of customers by id."""
        return self._world.tables["segments"]

    @property
    def pipelines(self) -> dict[int, Row]:
        """Pipelines by id; `statuses` of each are by id too."""
        return self._world.tables["pipelines"]

    @property
    def users(self) -> dict[int, Row]:
        """Users by id."""
        return self._world.tables["users"]

    @property
    def custom_fields(self) -> dict[str, dict[int, Row]]:
        """Definitions of custom fields by id, by the kind of entity."""
        return self._world.custom_fields

    @property
    def ignored(self) -> Counter[str]:
        """Fields and parameters that were sent and mean nothing, as `leads.field.prise`."""
        return self._world.ignored

    def add(self, kind: str, **item: Any) -> int:
        """Put an entity into the account, as a person at the screen does, and give its id.

        Args:
            kind: `leads`, `contacts`, `companies` or `customers`.
            **item: What a request would send.
        """
        with self.lock:
            return self._desk.entities.add(kind, item)

    def change(self, kind: str, row_id: int, **item: Any) -> None:
        """Change an entity, as a person at the screen does."""
        with self.lock:
            self._desk.entities.update(kind, {**item, "id": row_id})

    def add_field(
        self,
        kind: str,
        name: str,
        field_type: str = "text",
        *,
        code: str | None = None,
        enums: tuple[str, ...] = (),
    ) -> int:
        """Define a custom field, and give its id."""
        with self.lock:
            return self._desk.add_field(kind, name, field_type, code=code, enums=enums)

    def add_segment(self, name: str) -> int:
        """Define a segment of customers, and give its id."""
        with self.lock:
            return int(self._desk.purchases.add_segment(name)["id"])

    def delete(self, kind: str, row_id: int) -> None:
        """Delete an entity, as a person at the screen does; a lead goes to the trash."""
        with self.lock:
            self._desk.delete(kind, row_id)

    def empty_trash(self) -> None:
        """Remove the deleted leads for good."""
        with self.lock:
            self._desk.empty_trash()

    def merge_contacts(self, *, kept: int, merged: int) -> None:
        """Merge a contact into another: it is gone, and its links are the other's."""
        with self.lock:
            self._desk.merge_contacts(kept=kept, merged=merged)
