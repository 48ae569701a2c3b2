"""Whom an action is about: a contact, found or made, and the buyer that belongs to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from retention_kit.adapters.amocrm.account import Account
from retention_kit.adapters.amocrm.fields import CustomFields, rows_of, values_of
from retention_kit.adapters.amocrm.making import Item, Maker, Results
from retention_kit.adapters.amocrm.reading import by_ids
from retention_kit.adapters.amocrm.settings import AmoCrmSettings
from retention_kit.delivery.clocks import Clock

_NATIONAL: Final = 10
_MONTH: Final = 30 * 86_400


class People:
    """Finds and makes contacts and buyers.

    Args:
        account: Where.
        settings: Whether to make what is missing.
        fields: The account's custom fields.
        maker: Writes.
        clock: The time.
    """

    def __init__(
        self,
        account: Account,
        settings: AmoCrmSettings,
        fields: CustomFields,
        maker: Maker,
        clock: Clock,
    ) -> None:
        self._account = account
        self._settings = settings
        self._fields = fields
        self._maker = maker
        self._clock = clock
        self._made: dict[str, int] = {}

    def find(self, data: Mapping[str, Any]) -> int | None:
        """Find the contact of an action's customer; None where there is none.

        Raises:
            ChannelError: The account cannot be asked.
        """
        if data.get("contact"):
            return int(data["contact"])
        phone, email = digits_of(data.get("phone")), str(data.get("email") or "").strip()
        for query in (phone[-_NATIONAL:], email):
            if not query:
                continue
            found = rows_of(self._account.get("contacts", {"query": query}), "contacts")
            same = [int(row["id"]) for row in found if _is_of(row, phone, email.casefold())]
            if same:
                # The oldest one: whatever a person did about doubles was done to it.
                return min(same)
        return None

    def known(self, item: Item) -> int | None:
        """Find the contact of an item's customer, those first that were made here.

        What was made a moment ago a search may not know of yet.

        Raises:
            ChannelError: The account cannot be asked.
        """
        return self._made.get(_who(item)) or self.find(item.data)

    def remember(self, item: Item, contact: str | None) -> None:
        """Keep in mind which contact was made for an item's customer."""
        if contact:
            self._made[_who(item)] = int(contact)

    def contacts(self, items: Sequence[Item], results: Results) -> dict[str, int]:
        """Give the contact of each item's customer by the item's id, making those that are missing.

        Of an item that is not in it, `results` says what became of it.

        Raises:
            ChannelError: The account takes nothing now.
        """
        found: dict[str, int | None] = {}
        for item in items:
            who = _who(item)
            if who not in found:
                found[who] = self.known(item)
        missing = {_who(item): item for item in reversed(items) if found[_who(item)] is None}
        if missing and self._settings.missing_contacts == "create":
            made = Results()
            new = [Item(one.id, new_contact(one.data), one.data) for one in missing.values()]
            self._maker.write(
                new,
                lambda sent: self._account.post("contacts", sent),
                "contacts",
                made,
                find=self.found,
            )
            for who, item in missing.items():
                outcome = made.outcomes.get(item.id)
                if outcome is not None and outcome.state == "accepted":
                    self.remember(item, outcome.external_id)
                    found[who] = self._made[who]
                elif outcome is not None:
                    for one in items:
                        if _who(one) == who and outcome.state == "rejected":
                            results.reject(one.id, outcome.code, outcome.detail)
                        elif _who(one) == who:
                            # Until it is known whether there is a contact, nothing hangs on it.
                            results.doubt(one.id)
        ready = {}
        for item in items:
            contact = found[_who(item)]
            if contact is not None:
                ready[item.id] = contact
            elif item.id not in results.outcomes:
                results.reject(
                    item.id, "no_contact", "The account has no contact of this customer."
                )
        return ready

    def buyers(
        self, contacts: Mapping[str, int], items: Sequence[Item], results: Results
    ) -> dict[str, int]:
        """Give the buyer that belongs to each contact, by the item's id, making those missing.

        Args:
            contacts: Contacts by the item's id.
            items: The items.
            results: Where to note what became of the others.

        Raises:
            ChannelError: The account takes nothing now.
        """
        rows = by_ids(self._account, "contacts", set(contacts.values()), {"with": "customers"})
        known = {contact: _buyer_of(row) for contact, row in rows.items()}
        missing: dict[int, Item] = {}
        for item in items:
            contact = contacts.get(item.id)
            if contact is not None and known.get(contact) is None:
                missing.setdefault(contact, item)
        if missing and self._settings.missing_contacts == "create":
            made = Results()
            new = [
                Item(item.id, self._new_buyer(contact, item), {"contact": contact})
                for contact, item in missing.items()
            ]
            self._maker.write(
                new,
                lambda sent: self._account.post("customers", sent),
                "customers",
                made,
                find=self._found_buyers,
            )
            for contact, item in missing.items():
                outcome = made.outcomes.get(item.id)
                if outcome is not None and outcome.state == "accepted":
                    known[contact] = int(outcome.external_id or 0)
                elif outcome is not None and outcome.state == "unknown":
                    for one in items:
                        if contacts.get(one.id) == contact:
                            results.doubt(one.id)
        ready = {}
        for item in items:
            buyer = known.get(contacts.get(item.id, 0))
            if buyer is not None:
                ready[item.id] = buyer
            elif item.id not in results.outcomes:
                results.reject(item.id, "no_buyer", "The contact is no buyer in the account.")
        return ready

    def _new_buyer(self, contact: int, item: Item) -> dict[str, Any]:
        return {
            "name": f"{item.data['customer_id']}",
            "next_date": int(self._clock.now()) + _MONTH,
            "_embedded": {"contacts": [{"id": contact, "is_main": True}]},
        }

    def found(self, items: Sequence[Item]) -> dict[str, int]:
        """Find the contacts of items' customers, by the item's id."""
        found = ((item.id, self.find(item.data)) for item in items)
        return {row_id: contact for row_id, contact in found if contact is not None}

    def _found_buyers(self, items: Sequence[Item]) -> dict[str, int]:
        ids = [int(item.data["contact"]) for item in items]
        rows = by_ids(self._account, "contacts", ids, {"with": "customers"})
        found = {contact: _buyer_of(row) for contact, row in rows.items()}
        pairs = ((item.id, found.get(int(item.data["contact"]))) for item in items)
        return {row_id: buyer for row_id, buyer in pairs if buyer is not None}


def new_contact(data: Mapping[str, Any]) -> dict[str, Any]:
    """Make the record of a contact that there is not yet."""
    names = {name: data[name] for name in ("first_name", "last_name") if data.get(name)}
    reached = [
        {"field_code": code, "values": [{"value": data[name], "enum_code": "WORK"}]}
        for name, code in (("phone", "PHONE"), ("email", "EMAIL"))
        if data.get(name)
    ]
    return {**(names or {"name": str(data["customer_id"])}), "custom_fields_values": reached}


def digits_of(phone: Any) -> str:
    """Give a telephone number's digits, a Russian 8 at its beginning as 7."""
    digits = re.sub(r"\D", "", str(phone or ""))
    return f"7{digits[1:]}" if len(digits) == 11 and digits[0] == "8" else digits


def _who(item: Item) -> str:
    return f"{item.data.get('contact') or ''} {item.data['customer_id']}"


def _is_of(row: Mapping[str, Any], phone: str, email: str) -> bool:
    for field, values in values_of(row):
        code = field.get("field_code")
        if code == "PHONE" and phone and phone in {digits_of(one) for one in values}:
            return True
        if code == "EMAIL" and email and email in _small(values):
            return True
    return False


def _small(values: Iterable[Any]) -> set[str]:
    return {str(one).strip().casefold() for one in values}


def _buyer_of(row: Mapping[str, Any]) -> int | None:
    customers = rows_of(row, "customers")
    return min(int(one["id"]) for one in customers) if customers else None
