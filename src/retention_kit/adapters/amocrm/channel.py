"""The channel: leads, tasks, contacts with their fields, and buyers' purchases."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from retention_kit.adapters.amocrm.account import Account
from retention_kit.adapters.amocrm.capable import CAPABILITIES
from retention_kit.adapters.amocrm.carrying import Carrier
from retention_kit.adapters.amocrm.making import Item, Results
from retention_kit.adapters.amocrm.settings import AmoCrmSettings
from retention_kit.delivery.actions import Action, CreateTask, PostEvent
from retention_kit.delivery.channels import AdapterContext, Capabilities
from retention_kit.delivery.limits import Limiter
from retention_kit.delivery.outcomes import Batch, Outcome, Payload, Receipt, Rejection, Sent
from retention_kit.delivery.written_actions import action_to_dict
from retention_kit.errors import (
    AuthenticationError,
    DefinitionError,
    RateLimitedError,
    RejectedError,
    RetryableError,
)
from retention_kit.profiles.normalise import normalise_email, normalise_phone

PURCHASE: Final = "Order Completed"
"""The one event that the account has a place for."""
_NUMBERS: Final = ("pipeline", "stage", "responsible")


class AmoCrmChannel:
    """Carries actions to an account.

    A deal is a lead whose custom field keeps the action's id; a task has the id at the end of its
    text, a purchase in its comment. By these they are found again where an answer was lost.

    Args:
        settings: How the account is reached and written.
        context: The instance's name and the clock.
    """

    def __init__(self, settings: AmoCrmSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._name = context.instance
        self._account = Account(settings, context)
        carrier = self._carrier = Carrier(self._account, settings, context.clock)
        self._doing: Mapping[str, Callable[[Sequence[Item], Results], None]] = {
            "create_deal": carrier.create_deals,
            "create_task": carrier.create_tasks,
            "upsert_contact": carrier.upsert_contacts,
            "post_event": carrier.post_events,
        }

    def __repr__(self) -> str:
        return f"AmoCrmChannel({self._settings.host!r})"

    @property
    def name(self) -> str:
        """The instance's name."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """What this account can do."""
        limits = self._account.limiter.limits
        return dataclasses.replace(CAPABILITIES, max_rows=self._settings.batch_rows, limits=limits)

    @property
    def limiter(self) -> Limiter | None:
        """What all requests to the account wait for."""
        return self._account.limiter

    def prepare(self, action: Action) -> Payload | Rejection:
        """Make what an action asks for; the account is not asked yet."""
        data: dict[str, Any] = {"id": action.id, **action_to_dict(action)}
        contact = action.identifiers.get("amocrm_contact")
        if contact is None and self._settings.customer_id_is_contact_id:
            contact = str(action.customer_id)
        if contact is not None and not contact.isdecimal():
            return Rejection(action.id, "wrong_identifier", "A contact's id is a number.")
        about_deal = isinstance(action, CreateTask) and action.deal is not None
        reached = {
            "phone": normalise_phone(action.phone),
            "email": normalise_email(action.email),
        }
        if contact is None and not (any(reached.values()) or about_deal):
            code = "unusable_contacts" if action.phone or action.email else "no_identifier"
            detail = "Give amocrm_contact among the identifiers, a phone or an e-mail address."
            return Rejection(action.id, code, detail)
        for name in _NUMBERS:
            if data.get(name) is not None and not str(data[name]).isdecimal():
                return Rejection(action.id, f"wrong_{name}", f"Here a {name} has a number as id.")
        if isinstance(action, PostEvent) and action.name != PURCHASE:
            return Rejection(action.id, "unsupported_event", f"It takes {PURCHASE!r} alone.")
        if isinstance(action, PostEvent) and action.value is None:
            return Rejection(action.id, "no_value", "A purchase needs a value.")
        if contact is not None:
            data["contact"] = int(contact)
        data.pop("identifiers", None)
        for name, value in reached.items():
            data.pop(name, None)
            if value is not None:
                data[name] = value
        try:
            size = len(json.dumps(data, allow_nan=False))
        except (TypeError, ValueError):
            return Rejection(action.id, "not_json", "A field holds what JSON has not.")
        return Payload(action.id, data, group=action.kind, size=size)

    def submit(self, batch: Batch, *, idempotency_key: str) -> Receipt:
        """Carry out the rows of one kind."""
        del idempotency_key  # The account knows none; each row carries its own id.
        rows = [Item(payload.id, {}, payload.body) for payload in batch]
        results = Results()
        try:
            self._doing[batch.group](rows, results)
        except (AuthenticationError, DefinitionError, RateLimitedError, RetryableError):
            # What came before it is done all the same; what did not come is told of next time.
            if not results.outcomes:
                raise
        except RejectedError as problem:
            # Refused writes are told of row by row, so this was a read, and no row's fault.
            if not results.outcomes:
                raise DefinitionError(str(problem)) from None
        return Receipt(results.outcomes, rest="planned")

    def poll(self, receipt: Receipt) -> Receipt:
        """Give the receipt back: nothing more comes."""
        return receipt

    def lookup(self, rows: Sequence[Sent]) -> Mapping[str, Outcome]:
        """Say what became of rows, by the ids that their records keep.

        A contact that was to be changed may be changed again: it is `planned`.
        """
        by_kind: dict[str, list[str]] = {}
        for row in rows:
            by_kind.setdefault(row.kind, []).append(row.id)
        told: dict[str, Outcome] = {}
        for kind, ids in by_kind.items():
            found, complete = self._look_up(kind, ids)
            for one in ids:
                if one in found:
                    told[one] = Outcome(one, "accepted", external_id=str(found[one]))
                elif complete:
                    told[one] = Outcome(one, "planned")
        return told

    def close(self) -> None:
        """Let go of connections."""
        self._account.close()

    def _look_up(self, kind: str, ids: Sequence[str]) -> tuple[Mapping[str, int], bool]:
        if kind == "create_deal":
            return self._carrier.leads_of(ids, sure=True), True
        if kind == "create_task":
            return self._carrier.tasks_of(ids)
        if kind == "post_event":
            return self._carrier.purchases_of(ids)
        return {}, kind == "upsert_contact"
