"""The channel: deals, to-dos for managers, contacts.

A portal knows no idempotency keys. So each row is looked up before it is made: deals and contacts
by the external id that they are made with, to-dos by a mark in their description. With the journal,
which hands a row to one process at a time, nothing is made twice, though an answer was lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from retention_kit.adapters.bitrix24.access import Access
from retention_kit.adapters.bitrix24.deals import make_deals
from retention_kit.adapters.bitrix24.families import DEAL
from retention_kit.adapters.bitrix24.fields import Fields
from retention_kit.adapters.bitrix24.limits import limits_of
from retention_kit.adapters.bitrix24.pace import MOST_COMMANDS
from retention_kit.adapters.bitrix24.payloads import CONTACT, identifier_of, prepare
from retention_kit.adapters.bitrix24.people import by_origin
from retention_kit.adapters.bitrix24.portal import Portal
from retention_kit.adapters.bitrix24.reading import Reader
from retention_kit.adapters.bitrix24.settings import Bitrix24Settings
from retention_kit.adapters.bitrix24.to_dos import make_to_dos
from retention_kit.adapters.bitrix24.upserting import upsert_contacts
from retention_kit.delivery.actions import Action
from retention_kit.delivery.channels import AdapterContext, Capabilities
from retention_kit.delivery.limits import Limiter
from retention_kit.delivery.outcomes import Batch, Outcome, Payload, Receipt, Rejection, Sent

CAPABILITIES: Final = Capabilities(
    actions=frozenset({"create_deal", "create_task", "upsert_contact"}),
    max_rows=MOST_COMMANDS,
    idempotent="action",
    lookup=True,
    identifiers=frozenset({CONTACT, "phone", "email"}),
)
"""What the channel can do, but for limits, which are the portal's."""

_MAKERS: Final = {
    "create_deal": make_deals,
    "create_task": make_to_dos,
    "upsert_contact": upsert_contacts,
}


class Bitrix24Channel:
    """Writes to a portal.

    Args:
        settings: How the portal is reached.
        context: The instance's name and the clock.
    """

    def __init__(self, settings: Bitrix24Settings, context: AdapterContext) -> None:
        self.name = context.instance
        self._settings = settings
        self._portal = Portal(settings, context)
        # Where the portal wants fewer calls, delivery waits, and holds no rows meanwhile.
        reader = Reader(self._portal, settings.family, context.clock, patient=False)
        fields = Fields(self._portal, context.clock)
        self._access = Access(self._portal, reader, fields, settings)

    def __repr__(self) -> str:
        return f"Bitrix24Channel({self._settings.portal!r})"

    @property
    def capabilities(self) -> Capabilities:
        """What this portal can do."""
        return Capabilities(
            actions=CAPABILITIES.actions,
            max_rows=CAPABILITIES.max_rows,
            limits=limits_of(self._settings),
            idempotent=CAPABILITIES.idempotent,
            lookup=CAPABILITIES.lookup,
            identifiers=frozenset({identifier_of(self._settings), "phone", "email"}),
        )

    @property
    def limiter(self) -> Limiter:
        """What its requests wait for."""
        return self._portal.limiter

    def prepare(self, action: Action) -> Payload | Rejection:
        """Make what will be sent for an action, or say why it cannot be."""
        return prepare(action, self._settings)

    def submit(self, batch: Batch, *, idempotency_key: str) -> Receipt:
        """Send rows: those that are there already are not made again."""
        del idempotency_key
        rows = list(batch)
        return Receipt(_MAKERS[batch.group](self._access, rows), rest="unknown")

    def poll(self, receipt: Receipt) -> Receipt:
        """Give the receipt back: everything is known at once."""
        return receipt

    def lookup(self, rows: Sequence[Sent]) -> Mapping[str, Outcome]:
        """Say which deals are there.

        Of to-dos and contacts nothing is said: they are looked up when they are sent again.
        """
        ids = [row.id for row in rows if row.kind == "create_deal"]
        there = by_origin(self._access, DEAL, ids) if ids else {}
        return {
            id_: Outcome(id_, "accepted", external_id=str(there[id_]))
            if id_ in there
            else Outcome(id_, "planned")
            for id_ in ids
        }

    def close(self) -> None:
        """Let go of connections."""
        self._portal.close()
