"""The four things that an account can be asked to do, each for the rows of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from retention_kit.adapters.amocrm.account import Account
from retention_kit.adapters.amocrm.fields import CustomField, CustomFields, UnknownFieldError
from retention_kit.adapters.amocrm.finding import leads_of, marked
from retention_kit.adapters.amocrm.making import Item, Maker, Results
from retention_kit.adapters.amocrm.people import People, new_contact
from retention_kit.adapters.amocrm.records import contact_of, lead_of, purchase_of, task_of
from retention_kit.adapters.amocrm.settings import AmoCrmSettings
from retention_kit.delivery.clocks import Clock
from retention_kit.errors import ChannelError, DefinitionError

_REMEMBERED: Final = 100_000
_NEWEST_TASKS: Final = {"order[created_at]": "desc"}
_NEWEST_PURCHASES: Final = {"order[id]": "desc"}


class Carrier:
    """Carries out actions in an account.

    Args:
        account: Where.
        settings: How.
        clock: The time.
    """

    def __init__(self, account: Account, settings: AmoCrmSettings, clock: Clock) -> None:
        self._account = account
        self._settings = settings
        self._fields = CustomFields(account)
        self._maker = Maker(clock, most=settings.batch_rows, doubt_seconds=settings.doubt_seconds)
        self._people = People(account, settings, self._fields, self._maker, clock)
        self._currency: str | None = None
        self._leads: dict[str, int] = {}

    def create_deals(self, rows: Sequence[Item], results: Results) -> None:
        """Make leads, unless they are there; their comments become notes."""
        kept = self._id_field()
        items = [
            Item(row.id, body, row.data)
            for row in self._of_our_currency(rows, results)
            if (body := self._checked(row, results, lambda data: lead_of(data, kept, self._fields)))
        ]
        if self._settings.search_first:
            items = _without(
                items, self._leads_of([item.id for item in items], sure=False), results
            )
        contacts = self._people.contacts(items, results)
        ready = [
            Item(item.id, {**item.body, "_embedded": _linked(contacts[item.id])}, item.data)
            for item in items
            if item.id in contacts
        ]
        self._maker.write(
            ready,
            lambda sent: self._account.post("leads", sent),
            "leads",
            results,
            find=lambda some: self.leads_of([item.id for item in some], sure=True),
        )
        self._remember(results)
        self._comment(ready, results)

    def create_tasks(self, rows: Sequence[Item], results: Results) -> None:
        """Make tasks about leads or contacts."""
        about_leads = [row for row in rows if row.data.get("deal")]
        leads = self._leads_of([str(row.data["deal"]) for row in about_leads], sure=True)
        people = [row for row in rows if not row.data.get("deal")]
        contacts = self._people.contacts(people, results)
        task_type = self._settings.task_type_id
        items = []
        for row in rows:
            lead = leads.get(str(row.data.get("deal")))
            if row.data.get("deal") and lead is None:
                results.reject(row.id, "no_deal", "The account has no lead of that action.")
            elif lead is not None:
                items.append(Item(row.id, task_of(row, "leads", lead, task_type), row.data))
            elif row.id in contacts:
                items.append(
                    Item(row.id, task_of(row, "contacts", contacts[row.id], task_type), row.data)
                )
        self._maker.write(
            items,
            lambda sent: self._account.post("tasks", sent),
            "tasks",
            results,
            find=lambda some: _if_all(self.tasks_of([item.id for item in some])),
        )

    def upsert_contacts(self, rows: Sequence[Item], results: Results) -> None:
        """Change contacts, or make them."""
        checked = [
            Item(row.id, body, row.data)
            for row in rows
            if (body := self._checked(row, results, lambda data: contact_of(data, self._fields)))
            is not None
        ]
        new: list[Item] = []
        rounds: list[dict[int, Item]] = []
        making: set[str] = set()
        for item in checked:
            contact = self._people.known(item)
            who = str(item.data["customer_id"])
            if contact is None and self._settings.missing_contacts == "reject":
                results.reject(
                    item.id, "no_contact", "The account has no contact of this customer."
                )
            elif contact is None and who not in making:
                making.add(who)
                made = new_contact(item.data)
                own = [*made.pop("custom_fields_values"), *item.body["custom_fields_values"]]
                names = {**made, **item.body, "custom_fields_values": own}
                new.append(Item(item.id, names, item.data))
            elif contact is not None:
                # A record may stand in an array once: what comes second comes in the next one.
                place = next((one for one in rounds if contact not in one), None)
                if place is None:
                    rounds.append(place := {})
                place[contact] = Item(item.id, {**item.body, "id": contact}, item.data)
        self._maker.write(
            new,
            lambda sent: self._account.post("contacts", sent),
            "contacts",
            results,
            find=self._people.found,
        )
        for item in new:
            outcome = results.outcomes.get(item.id)
            if outcome is not None and outcome.state == "accepted":
                self._people.remember(item, outcome.external_id)
        for one in rounds:
            self._maker.write(
                list(one.values()),
                lambda sent: self._account.patch("contacts", sent),
                "contacts",
                results,
                find=None,
            )

    def post_events(self, rows: Sequence[Item], results: Results) -> None:
        """Add purchases to buyers, unless they are there."""
        contacts = self._people.contacts(rows, results)
        known = [row for row in rows if row.id in contacts]
        buyers = self._people.buyers(contacts, known, results)
        by_buyer: dict[int, list[Item]] = {}
        for row in known:
            if row.id in buyers:
                item = Item(row.id, purchase_of(row), row.data)
                by_buyer.setdefault(buyers[row.id], []).append(item)
        for buyer, wanted in by_buyer.items():
            path = f"customers/{buyer}/transactions"
            items = wanted

            def find(some: Sequence[Item], path: str = path) -> dict[str, int] | None:
                return _if_all(self.purchases_of([item.id for item in some], path))

            if self._settings.search_first:
                there = self.purchases_of([item.id for item in items], path)[0]
                items = _without(items, there, results)
            self._maker.write(
                items,
                lambda sent, path=path: self._account.post(path, sent),  # type: ignore[misc]
                "transactions",
                results,
                find=find,
            )

    def leads_of(self, ids: Sequence[str], *, sure: bool) -> dict[str, int]:
        """Find leads by the actions' ids, in the account itself; `sure` as in `finding`."""
        return leads_of(self._account, self._id_field(), ids, sure=sure)

    def tasks_of(self, ids: Sequence[str]) -> tuple[dict[str, int], bool]:
        """Find tasks by the actions' ids; say whether all tasks were looked through."""
        return marked(
            self._account,
            "tasks",
            "tasks",
            ids,
            column="text",
            params=_NEWEST_TASKS,
            pages_at_most=self._settings.lookup_pages,
        )

    def purchases_of(
        self, ids: Sequence[str], path: str = "customers/transactions"
    ) -> tuple[dict[str, int], bool]:
        """Find purchases by the actions' ids; say whether all of them were looked through."""
        return marked(
            self._account,
            path,
            "transactions",
            ids,
            column="comment",
            params=_NEWEST_PURCHASES,
            pages_at_most=self._settings.lookup_pages,
        )

    def _id_field(self) -> CustomField:
        name = self._settings.external_id_field
        try:
            return self._fields.find("leads", name)
        except UnknownFieldError as problem:
            raise DefinitionError(
                f"{problem} It is to keep the ids by which leads are made once. Next step: add a "
                "text field of that name to leads, or name another as external_id_field.",
                parameter="external_id_field",
            ) from None

    def _leads_of(self, ids: Sequence[str], *, sure: bool) -> dict[str, int]:
        known = {one: self._leads[one] for one in ids if one in self._leads}
        missing = [one for one in ids if one not in known]
        return {**known, **(self.leads_of(missing, sure=sure) if missing else {})}

    def _remember(self, results: Results) -> None:
        if len(self._leads) > _REMEMBERED:
            self._leads.clear()
        for row_id, outcome in results.outcomes.items():
            if outcome.state == "accepted" and outcome.external_id:
                self._leads[row_id] = int(outcome.external_id)

    def _of_our_currency(self, rows: Sequence[Item], results: Results) -> list[Item]:
        if not any(row.data.get("currency") for row in rows):
            return list(rows)
        if self._currency is None:
            self._currency = str((self._account.get("account") or {}).get("currency") or "")
        ours = self._currency
        good = []
        for row in rows:
            if row.data.get("currency") in (None, ours) or not ours:
                good.append(row)
            else:
                results.reject(row.id, "wrong_currency", f"The account counts in {ours}.")
        return good

    def _checked(self, row: Item, results: Results, make: Any) -> dict[str, Any] | None:
        try:
            body: dict[str, Any] = make(row.data)
        except UnknownFieldError as problem:
            results.reject(row.id, problem.code, str(problem))
            return None
        return body

    def _comment(self, items: Sequence[Item], results: Results) -> None:
        """Leave comments as notes; a lead without its note is a lead all the same."""
        notes = [
            (item.id, int(results.outcomes[item.id].external_id or 0), item.data["comment"])
            for item in items
            if item.data.get("comment")
            and item.id in results.outcomes
            and results.outcomes[item.id].state == "accepted"
        ]
        if not notes:
            return
        sent = [
            {"entity_id": lead, "note_type": "common", "params": {"text": text}}
            for _, lead, text in notes
        ]
        try:
            self._account.post("leads/notes", sent)
        except ChannelError:
            for row_id, _, _ in notes:
                results.remark(
                    row_id, "no_comment", "The lead was made; its comment may be missing."
                )


def _linked(contact: int) -> dict[str, Any]:
    return {"contacts": [{"id": contact}]}


def _without(items: list[Item], there: Mapping[str, int], results: Results) -> list[Item]:
    """Take out what is there already."""
    for item in items:
        if item.id in there:
            results.accept(item.id, there[item.id])
    return [item for item in items if item.id not in there]


def _if_all(found: tuple[dict[str, int], bool]) -> dict[str, int] | None:
    """Give what was found, if everything was looked through."""
    return found[0] if found[1] else None
