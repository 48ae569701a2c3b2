"""What the account holds, for a test to look at in plain Python."""

from __future__ import annotations

from collections import Counter

from retention_kit.testing.emulators.amocrm.world import Row, World


class Holdings:
    """Gives the account's rows by id, as they are: hold the emulator's `lock` to read several.

    A name that starts with an underscore, as `_tags`, is the emulator's own and never sent.
    """

    _world: World

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
