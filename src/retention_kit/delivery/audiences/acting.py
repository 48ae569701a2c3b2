"""The actions by which customers join an audience and leave it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from retention_kit.delivery.actions import Action, AddToAudience, RemoveFromAudience
from retention_kit.delivery.audiences.members import Intent, MemberList
from retention_kit.delivery.audiences.spooling import Change, Changes
from retention_kit.delivery.audiences.tables import id_of
from retention_kit.delivery.audiences.wanted import contacts_in

_AT_ONCE: Final = 1_000


class Acting:
    """Makes actions of changes, and writes down what each is meant to bring about.

    The occurrence of an action is how often something was accepted of the customer before: what
    is done over keeps its key, and who comes back has a new one.

    Args:
        members: The members as they are known.
        campaign: Under which name the actions are in the journal.
        audience: The audience's name.
    """

    def __init__(self, members: MemberList, campaign: str, audience: str) -> None:
        self._members = members
        self._campaign = campaign
        self._audience = audience

    def removals(self, changes: Changes) -> Iterator[Action]:
        """Give the actions by which customers leave."""
        return (self._removal(change) for change in changes)

    def mean_removals(self, changes: Changes) -> None:
        """Write down that customers are to leave."""
        self._mean(
            Intent(change.customer, "remove", self._removal(change).id) for change in changes
        )

    def additions(self, changes: Changes) -> Iterator[Action]:
        """Give the actions by which customers join."""
        return (action for _, action in self._additions(changes))

    def mean_additions(self, changes: Changes) -> None:
        """Write down that customers are to join."""
        self._mean(
            Intent(change.customer, "add", action.id, change.fingerprint, change.identifiers)
            for change, action in self._additions(changes)
        )

    def replacements(self, changes: Changes, number: int) -> Iterator[Action]:
        """Give the actions by which customers become the new whole.

        Args:
            changes: All who are to be in it.
            number: Which replacement it is.
        """
        return (self._replacement(change, number) for change in changes)

    def mean_replacements(self, joining: Changes, leaving: Changes, number: int) -> None:
        """Write down that customers are to be the new whole, and that others are left out by it."""
        first = next(self.replacements(joining, number)).id
        self._mean(
            Intent(
                change.customer,
                "replace",
                self._replacement(change, number).id,
                change.fingerprint,
                change.identifiers,
            )
            for change in joining
        )
        self._mean(Intent(change.customer, "leave", first) for change in leaving)

    def _mean(self, intents: Iterator[Intent]) -> None:
        while piece := list(islice(intents, _AT_ONCE)):
            self._members.intend(piece)

    def _removal(self, change: Change) -> Action:
        return RemoveFromAudience(
            campaign=self._campaign,
            customer_id=id_of(change.customer),
            occurrence=str(change.generation),
            identifiers=json.loads(change.identifiers or "{}"),
            audience=self._audience,
        )

    def _additions(self, changes: Changes) -> Iterator[tuple[Change, Action]]:
        for piece in changes.pieces():
            moved = [change.customer for change in piece if change.moved]
            # Whose old contacts were not taken out cannot be put in with the new ones yet.
            stuck = self._members.still_members(moved) if moved else frozenset()
            for change in piece:
                if change.customer not in stuck:
                    yield change, self._addition(change, change.generation + change.moved)

    def _replacement(self, change: Change, number: int) -> Action:
        return self._addition(change, number, step="replace_audience", mode="replace")

    def _addition(self, change: Change, occurrence: int, **more: Any) -> Action:
        email, phone, others = contacts_in(change.names)
        return AddToAudience(
            campaign=self._campaign,
            customer_id=id_of(change.customer),
            occurrence=str(occurrence),
            email=email,
            phone=phone,
            identifiers=others,
            audience=self._audience,
            **more,
        )
