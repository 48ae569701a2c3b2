"""Who an action is about: a contact or company by its id, our name for it, telephone or address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from retention_kit.adapters.bitrix24.access import Access
from retention_kit.adapters.bitrix24.envelope import php_list, php_map
from retention_kit.adapters.bitrix24.families import CONTACT
from retention_kit.adapters.bitrix24.portal import Command
from retention_kit.adapters.bitrix24.reading import PAGE

REACHED_BY: Final = (("phone", "PHONE"), ("email", "EMAIL"))
"""What payloads call telephone and address, and what the portal does."""


def find(access: Access, who: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Find contacts, or companies where these are the customers.

    First by the id that is given, which counts alone; then by the external id that contacts get
    which are made here, then by telephone number and e-mail address. Of several that share one, it
    is the one with the smallest id: the oldest.

    Args:
        access: The portal.
        who: What payloads say of their customers.

    Returns:
        Ids by the place in `who`; who is not there was not found.

    Raises:
        ChannelError: The portal does not tell.
    """
    kind_of_record = "CONTACT" if access.customer_type == CONTACT else "COMPANY"
    there = _existing(access, [one["id"] for one in who if "id" in one])
    found = {place: one["id"] for place, one in enumerate(who) if one.get("id") in there}
    sought = {place: one for place, one in enumerate(who) if "id" not in one}
    # Companies are never made here, so none has an external id of ours.
    origins = [one["origin"] for one in sought.values()] if kind_of_record == "CONTACT" else []
    known = by_origin(access, CONTACT, origins) if origins else {}
    found |= {
        place: known[one["origin"]] for place, one in sought.items() if one["origin"] in known
    }
    asked = [
        (place, kind, one[name])
        for place, one in sought.items()
        if place not in found
        for name, kind in REACHED_BY
        if name in one
    ]
    results = access.reader.listed(
        [_by_contact(kind_of_record, kind, value) for _, kind, value in asked]
    )
    for (place, _, _), result in zip(asked, results, strict=True):
        ids = [int(one) for one in php_list(php_map(result.value).get(kind_of_record))]
        # What was found by telephone stays: it comes first.
        if ids and place not in found:
            found[place] = min(ids)
    return found


def by_origin(access: Access, number: int, origins: Sequence[str]) -> dict[str, int]:
    """Find records by the external ids that they were made with.

    Args:
        access: The portal.
        number: The records' `entityTypeId`.
        origins: External ids.

    Returns:
        The records' ids by external id; of several, the oldest.

    Raises:
        ChannelError: The portal does not tell.
    """
    wanted = dict.fromkeys(origins)
    calls = access.calls(number)
    # Half a page each, so that even doubles made by somebody else leave room for all.
    results = access.reader.listed(
        [
            calls.find(
                ["originId"],
                {"=originatorId": access.settings.originator, "@originId": some},
            )
            for some in _parts(list(wanted), PAGE // 2)
        ]
    )
    found: dict[str, int] = {}
    for result in results:
        for row in calls.rows(result.value):
            origin = str(row.get(calls.name("originId")))
            if origin in wanted:
                found.setdefault(origin, int(row[calls.name("id")]))
    return found


def _existing(access: Access, ids: Sequence[int]) -> set[int]:
    """Say which contacts or companies of these ids are there."""
    calls = access.calls(access.customer_type) if ids else None
    if calls is None:
        return set()
    results = access.reader.listed(
        [calls.find([], {"@id": some}) for some in _parts(list(dict.fromkeys(ids)), PAGE)]
    )
    return {int(row[calls.name("id")]) for result in results for row in calls.rows(result.value)}


def _parts(values: list[Any], size: int) -> Iterator[list[Any]]:
    for first in range(0, len(values), size):
        yield values[first : first + size]


def _by_contact(record: str, kind: str, value: str) -> Command:
    return Command(
        "crm.duplicate.findbycomm",
        {"type": kind, "values": _written_as(kind, value), "entity_type": record},
    )


def _written_as(kind: str, value: str) -> list[str]:
    """Give the ways in which people write a Russian number: how the portal compares is not said."""
    if kind == "PHONE" and value.startswith("+7") and len(value) == len("+79001234567"):
        return [value, value[1:], f"8{value[2:]}"]
    return [value]
