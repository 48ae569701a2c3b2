"""The desk between the gate and the state: which method serves a request, and who may."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

from retention_kit.testing.emulators.amocrm.account import furnish
from retention_kit.testing.emulators.amocrm.calls import Call
from retention_kit.testing.emulators.amocrm.catalogue import Catalogue
from retention_kit.testing.emulators.amocrm.custom_fields import STANDARD, add_field
from retention_kit.testing.emulators.amocrm.entities import Entities
from retention_kit.testing.emulators.amocrm.follow_up import FollowUp
from retention_kit.testing.emulators.amocrm.lists import Lists
from retention_kit.testing.emulators.amocrm.purchases import MODES, Purchases
from retention_kit.testing.emulators.amocrm.refusals import Refusal
from retention_kit.testing.emulators.amocrm.routes import BASE, ids_of, pattern_of, routes
from retention_kit.testing.emulators.amocrm.world import ACCOUNT_ID, Row, World
from retention_kit.testing.emulators.messages import Request

CustomersMode = Literal["segments", "periodicity", "off", "unavailable"]
FilterMode = Literal["on", "ignored", "refused"]

_STATUSES = ("New", "Active", "Sleeping", "Lost")


class Desk:
    """Serves the API's methods over the account's state.

    Args:
        world: The account's state.
        customers_mode: How customers work.
        newest_first: The order of lists that ask for none.
        clamp: Whether a `limit` over 250 is cut.
        most: How many items one write may hold.
        pipelines: Names of statuses by the name of the pipeline.
        users: Names of users.
    """

    def __init__(
        self,
        world: World,
        *,
        customers_mode: CustomersMode,
        newest_first: bool,
        clamp: bool,
        most: int,
        pipelines: Mapping[str, Iterable[str]],
        users: Iterable[str],
    ) -> None:
        self.world = world
        lists = Lists(world, newest_first=newest_first, clamp=clamp)
        self.entities = Entities(world, most=most)
        self.purchases = Purchases(world, lists, most=most)
        self._catalogue = Catalogue(world, most=most)
        follow_up = FollowUp(world, lists, most=most)
        self._routes = routes(lists, self.entities, self.purchases, follow_up, self._catalogue)
        self._routes["PATCH customers/mode"] = self._set_mode
        self._verbs: dict[str, set[str]] = {}
        for name in self._routes:
            verb, _, pattern = name.partition(" ")
            self._verbs.setdefault(pattern, set()).add(verb)
        self._customers: CustomersMode = customers_mode
        self._turn(customers_mode)
        furnish(world, dict(pipelines), users)
        for kind, fields in STANDARD.items():
            for code, name, field_type, enums in fields:
                add_field(world, kind, name, field_type, code=code, enums=enums)
        for place, name in enumerate(_STATUSES):
            status_id = world.new_id()
            world.tables["customer_statuses"][status_id] = {
                **{"id": status_id, "name": name, "sort": 10 * place, "color": "#99CCFF"},
                **{"is_default": place == 0, "type": int(place == 0), "account_id": ACCOUNT_ID},
            }

    @property
    def customers_mode(self) -> CustomersMode:
        """How customers work."""
        return self._customers

    def serve(
        self,
        request: Request,
        body: object,
        *,
        user_id: int,
        filters: FilterMode,
        forbidden: Collection[str],
    ) -> Any:
        """Answer a request that passed the gate; None is 204.

        Raises:
            Refusal: It cannot be done.
        """
        pattern = pattern_of(request.path)
        method = self._routes.get(f"{request.method} {pattern}")
        if not request.path.startswith(BASE) or pattern not in self._verbs:
            raise Refusal(404, "Cannot find such a resource.")
        if method is None:
            raise Refusal(
                405, f"The method is not allowed; allowed: {sorted(self._verbs[pattern])}."
            )
        kind = pattern.partition("/")[0]
        if kind in forbidden:
            raise Refusal(403, "You have no rights for this.")
        if kind == "customers":
            self._check_customers(pattern)
        return method(
            Call(
                path=request.path.removeprefix(BASE).rstrip("/"),
                ids=ids_of(request.path),
                pairs=request.query_pairs,
                modified_since=request.headers.get("if-modified-since", ""),
                body=body,
                user_id=user_id,
                filtered=filters,
            )
        )

    def add_field(
        self, kind: str, name: str, field_type: str, *, code: str | None, enums: tuple[str, ...]
    ) -> int:
        """Define a custom field, and give its id."""
        field = add_field(self.world, kind, name, field_type, code=code, enums=enums)
        return int(field["id"])

    def delete(self, kind: str, row_id: int) -> None:
        """Delete an entity; only a lead can still be listed, with `only_deleted`."""
        row = self.world.tables[kind][row_id]
        row["is_deleted"] = True
        row["updated_at"] = self.world.now()
        self.world.wrote("deleted", kind, row_id)

    def empty_trash(self) -> None:
        """Remove the deleted leads for good."""
        leads = self.world.tables["leads"]
        for lead_id in [row["id"] for row in leads.values() if row["is_deleted"]]:
            del leads[lead_id]
            self.world.wrote("removed", "leads", lead_id)

    def merge_contacts(self, *, kept: int, merged: int) -> None:
        """Give a contact's links and missing fields to another, and delete it."""
        world = self.world
        winner, loser = (world.tables["contacts"][one] for one in (kept, merged))
        for other, about in list(world.links.get(("contacts", merged), {}).items()):
            is_main = about["is_main"]
            world.unlink(("contacts", merged), other)
            world.link(("contacts", kept), other, is_main=is_main)
        had = {entry["field_id"] for entry in winner["custom_fields_values"] or ()}
        more = [one for one in loser["custom_fields_values"] or () if one["field_id"] not in had]
        winner["custom_fields_values"] = [*(winner["custom_fields_values"] or ()), *more] or None
        winner["updated_at"] = world.now()
        self.delete("contacts", merged)
        world.wrote("merged", "contacts", kept, merged=merged)

    def _check_customers(self, pattern: str) -> None:
        if self._customers == "unavailable":
            raise Refusal(402, "The tariff has no customers.")
        if pattern == "customers/mode":
            return
        if self._customers == "off":
            raise Refusal(422, "Customers are switched off.")
        if pattern == "customers/statuses" and self._customers != "periodicity":
            raise Refusal(422, "Statuses are there in the mode of periodicity only.")

    def _set_mode(self, call: Call) -> Row:
        body = call.body if isinstance(call.body, dict) else {}
        if body.get("mode") not in MODES or not isinstance(body.get("is_enabled"), bool):
            raise Refusal(400, "Both mode and is_enabled are needed.")
        if not self.world.tables["users"][call.user_id]["rights"]["is_admin"]:
            raise Refusal(403, "Only an administrator may do this.")
        self._turn(body["mode"] if body["is_enabled"] else "off")
        self.world.wrote("changed", "customers_mode", ACCOUNT_ID, mode=self._customers)
        return {"mode": body["mode"], "is_enabled": body["is_enabled"]}

    def _turn(self, mode: CustomersMode) -> None:
        self._customers = self._catalogue.customers = mode
        self.entities.dated = mode == "periodicity"
