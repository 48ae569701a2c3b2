"""The actions by which customers join an audience and leave it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from retention_kit.delivery.actions import Action, ActionKey, AddToAudience, RemoveFromAudience
from retention_kit.delivery.actions import id_of as id_of_key
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
            Intent(change.customer, "remove", self._id(change, "remove_from_audience"))
            for change in changes
        )

    def additions(self, changes: Changes) -> Iterator[Action]:
        """Give the actions by which customers join."""
        return (
            self._addition(change, change.generation + change.moved)
            for change in self._ready(changes)
        )

    def mean_additions(self, changes: Changes) -> None:
        """Write down that customers are to join."""
        self._mean(
            Intent(
                change.customer,
                "add",
                change.id or self._id(change, "add_to_audience"),
                change.fingerprint,
                change.identifiers,
            )
            for change in self._ready(changes)
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

    def _id(self, change: Change, step: str) -> str:
        """Give the id of an action that is not made yet."""
        occurrence = str(change.generation + change.moved)
        return id_of_key(ActionKey(self._campaign, id_of(change.customer), step, occurrence))

    def _ready(self, changes: Changes) -> Iterator[Change]:
        for piece in changes.pieces():
            moved = [change.customer for change in piece if change.moved]
            # Whose old contacts were not taken out cannot be put in with the new ones yet.
            stuck = self._members.still_members(moved) if moved else frozenset()
            yield from (change for change in piece if change.customer not in stuck)

    def _replacement(self, change: Change, number: int) -> Action:
        return self._addition(change, number, step="replace_audience", mode="replace")

    def _addition(self, change: Change, occurrence: int, **more: Any) -> Action:
        email, phone, others = contacts_in(change.names)
        action = AddToAudience(
            campaign=self._campaign,
            customer_id=id_of(change.customer),
            occurrence=str(occurrence),
            email=email,
            phone=phone,
            identifiers=others,
            audience=self._audience,
            **more,
        )
        if change.id:
            # It was reckoned when the difference was taken, of the same key.
            vars(action)["id"] = change.id
        return action
