"""Customers who stay in an audience and share a contact with one who leaves it.

An outside system that knows people by their contacts takes the contact out, whoever else has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from retention_kit.delivery.audiences.members import Member
from retention_kit.delivery.audiences.spooling import Change


def staying_with_shared(leaving: Iterable[Change], members: Iterable[Member]) -> Iterator[Member]:
    """Give the members who stay and have an identifier that is taken out.

    Args:
        leaving: Who is taken out, in the order of their keys; may be read twice.
        members: The members, in the order of their keys.

    Yields:
        Members, and very rarely one more, since identifiers are compared by a short hash.
    """
    taken = {mark for change in leaving for mark in _marks(change.identifiers)}
    leavers = (change.customer for change in leaving)
    next_leaver = next(leavers, None)
    for member in members:
        while next_leaver is not None and next_leaver < member.customer:
            next_leaver = next(leavers, None)
        stays = member.is_member and member.customer != next_leaver
        # Of whom nobody is sure is put in again as it is.
        if stays and member.fingerprint and not taken.isdisjoint(_marks(member.identifiers)):
            yield member


def _marks(identifiers: str) -> list[int]:
    return [hash(pair) for pair in json.loads(identifiers or "{}").items()]
