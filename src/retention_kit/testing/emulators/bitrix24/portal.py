"""The state of a portal, and the only place where it changes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from retention_kit.delivery.clocks import Clock
from retention_kit.testing.emulators.acts import Act
from retention_kit.testing.emulators.bitrix24.entities import (
    CONTACT,
    DEAL,
    LEAD,
    OWNERS,
    EntityType,
)
from retention_kit.testing.emulators.bitrix24.funnels import UNDER_WAY, Funnels
from retention_kit.testing.emulators.bitrix24.records import Records, Row


@dataclass(eq=False)
class Portal:
    """What a portal holds.

    Attributes:
        clock: Tells the time.
        zone: In which dates are written.
        types: The types of records by number.
        funnels: The funnels of deals.
        users: The users by id, as `user.get` shows them.
        user: As whom all calls act.
        administrator: Whether that is an administrator.
        acts: What calls really did.
        records: The records of each type.
        product_rows: The rows of products by the type and the id of their owner.
        duplicates: The records that have a phone or an address, by its type and normal form.
    """

    clock: Clock
    zone: dt.timezone
    types: dict[int, EntityType]
    funnels: Funnels
    users: dict[int, dict[str, Any]]
    user: int
    administrator: bool
    acts: list[Act]
    records: dict[int, Records] = field(default_factory=lambda: defaultdict(Records))
    product_rows: dict[tuple[str, int], list[Row]] = field(default_factory=dict)
    duplicates: defaultdict[tuple[str, str], set[tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    last_product_row: int = 0
    last_contact_field: int = 0

    def now(self) -> int:
        """Give the present in whole seconds, as the database keeps it."""
        return int(self.clock.now())

    def add(self, number: int, values: Row, *, at: int | None = None, noted: bool = True) -> Row:
        """Add a record of a type and give what is kept.

        Args:
            number: The type.
            values: Fields as they are kept.
            at: When it is added; now unless given.
            noted: Whether it is an act.
        """
        now = self.now() if at is None else at
        row = dict(values)
        if number in {DEAL, LEAD, CONTACT} or "createdTime" in self.types[number].by_camel:
            row |= {
                "DATE_CREATE": now,
                "DATE_MODIFY": now,
                "CREATED_BY_ID": self.user,
                "MODIFY_BY_ID": self.user,
            }
            row.setdefault("ASSIGNED_BY_ID", self.user)
            row.setdefault("OPENED", True)
        if number == DEAL:
            self._settle_deal(row, row, now)
        self._settle_links(row)
        self._settle_contacts(number, row)
        found = self.records[number].add(row)
        if number == DEAL:
            row.setdefault("TITLE", f"Сделка #{found}")
        self._index(number, row)
        if noted:
            self._note("created", number, found, values)
        return row

    def change(self, number: int, found: int, values: Row) -> Row:
        """Change a record that is there and give what is kept."""
        records = self.records[number]
        row = records.rows[found]
        new = dict(values)
        if "DATE_MODIFY" in self.types[number].by_name:
            new |= {"DATE_MODIFY": self.now(), "MODIFY_BY_ID": self.user}
        if number == DEAL:
            self._settle_deal(new, {**row, **new}, self.now())
        self._settle_links(new)
        self._unindex(number, row)
        records.change(found, new)
        self._settle_contacts(number, row)
        self._index(number, row)
        self._note("updated", number, found, values)
        return row

    def remove(self, number: int, found: int) -> None:
        """Delete a record that is there, and its rows of products."""
        self._unindex(number, self.records[number].rows[found])
        self.records[number].remove(found)
        self.product_rows.pop((OWNERS.get(number, f"T{number:x}"), found), None)
        self._note("deleted", number, found, {})

    def set_product_rows(
        self, owner_type: str, owner: int, rows: list[Row], *, noted: bool = True
    ) -> list[Row]:
        """Replace the rows of products of a record; a deal's amount follows, unless set by hand."""
        kept = []
        for position, row in enumerate(rows):
            self.last_product_row += 1
            kept.append(
                {
                    **row,
                    "id": self.last_product_row,
                    "ownerId": owner,
                    "ownerType": owner_type,
                    "sort": 10 * (position + 1),
                }
            )
        self.product_rows[owner_type, owner] = kept
        deal = self.records[DEAL].rows.get(owner) if owner_type == OWNERS[DEAL] else None
        if deal is not None and not deal.get("IS_MANUAL_OPPORTUNITY"):
            total = sum((row["price"] * row["quantity"] for row in kept), Decimal(0))
            values: Row = {"OPPORTUNITY": total}
            if noted:
                values["DATE_MODIFY"] = self.now()
            self.records[DEAL].change(owner, values)
        if noted:
            entity = next((number for number, name in OWNERS.items() if name == owner_type), DEAL)
            self._note("rows_set", entity, owner, {"rows": kept})
        return kept

    def _settle_deal(self, new: Row, whole: Row, now: int) -> None:
        """Set what follows from the stage: the funnel, the meaning, and the day it was closed."""
        funnel = whole.get("CATEGORY_ID") or 0
        funnel = funnel if funnel in self.funnels.names else 0
        stage = whole.get("STAGE_ID")
        if not stage or ("STAGE_ID" not in new and self.funnels.funnel_of(stage) != funnel):
            stage = self.funnels.stage(funnel, "NEW")
        meaning = self.funnels.meaning(stage) or UNDER_WAY
        closed = meaning != UNDER_WAY
        if closed and not whole.get("CLOSED") and "CLOSEDATE" not in new:
            new["CLOSEDATE"] = dt.datetime.fromtimestamp(now, self.zone).date()
        new |= {
            "CATEGORY_ID": self.funnels.funnel_of(stage),
            "STAGE_ID": stage,
            "STAGE_SEMANTIC_ID": meaning,
            "CLOSED": closed,
        }
        for name, value in _DEAL_DEFAULTS.items():
            whole.setdefault(name, value)

    def _settle_links(self, row: Row) -> None:
        """Keep the first contact and the list of contacts together."""
        if "CONTACT_IDS" in row:
            row["CONTACT_ID"] = row["CONTACT_IDS"][0] if row["CONTACT_IDS"] else None
        elif "CONTACT_ID" in row:
            row["CONTACT_IDS"] = [row["CONTACT_ID"]] if row["CONTACT_ID"] else []

    def _settle_contacts(self, number: int, row: Row) -> None:
        """Number new phones and addresses, and say whether there are any."""
        if "PHONE" not in self.types[number].by_name:
            return
        for kind in ("PHONE", "EMAIL"):
            for item in row.get(kind) or ():
                if "ID" not in item:
                    self.last_contact_field += 1
                    item["ID"] = self.last_contact_field
            row[f"HAS_{kind}"] = bool(row.get(kind))

    def _index(self, number: int, row: Row) -> None:
        for key in _keys(row):
            self.duplicates[key].add((number, row["ID"]))

    def _unindex(self, number: int, row: Row) -> None:
        for key in _keys(row):
            self.duplicates[key].discard((number, row["ID"]))

    def _note(self, verb: str, number: int, found: int, values: Mapping[str, Any]) -> None:
        self.acts.append(Act(verb, self.types[number].name, found, dict(values)))


_DEAL_DEFAULTS = {
    "CURRENCY_ID": "RUB",
    "OPPORTUNITY": Decimal(0),
    "IS_MANUAL_OPPORTUNITY": False,
    "IS_RETURN_CUSTOMER": False,
    "IS_REPEATED_APPROACH": False,
}


def normal_contact(kind: str, value: str) -> str:
    """Give the form by which duplicates are found; for phones how exactly is not documented."""
    if kind != "PHONE":
        return value.strip().casefold()
    digits = "".join(filter(str.isdigit, value))
    return "7" + digits[1:] if len(digits) == 11 and digits[0] == "8" else digits


def _keys(row: Row) -> list[tuple[str, str]]:
    return [
        (kind, normal_contact(kind, item["VALUE"]))
        for kind in ("PHONE", "EMAIL")
        for item in row.get(kind) or ()
    ]
