"""Who an action is about: a contact by its id, by what we called it, by telephone or address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from retention_kit.adapters.bitrix24.envelope import php_list, php_map
from retention_kit.adapters.bitrix24.portal import Command
from retention_kit.adapters.bitrix24.reading import PAGE, Reader
from retention_kit.adapters.bitrix24.settings import Bitrix24Settings

CONTACT_TYPE: Final = 3
_FIND_BY: Final = (("phone", "PHONE"), ("email", "EMAIL"))


def find(
    reader: Reader, settings: Bitrix24Settings, who: Sequence[Mapping[str, Any]]
) -> dict[int, int]:
    """Find contacts.

    First by the id that is given, then by the external id that contacts get which are made here,
    then by telephone number and e-mail address. Of several contacts that share one, it is the one
    with the smallest id: the oldest.

    Args:
        reader: Reads lists.
        settings: What our contacts say of where they come from.
        who: What payloads say of their customers.

    Returns:
        Ids of contacts, by the place in `who`; who is not there was not found.

    Raises:
        ChannelError: The portal does not tell.
    """
    found = {place: int(one["id"]) for place, one in enumerate(who) if "id" in one}
    by_origin = _by_origin(reader, settings, [one["origin"] for one in who if "id" not in one])
    for place, one in enumerate(who):
        if place not in found and one["origin"] in by_origin:
            found[place] = by_origin[one["origin"]]
    asked = [
        (place, kind, one[name])
        for place, one in enumerate(who)
        if place not in found
        for name, kind in _FIND_BY
        if name in one
    ]
    results = reader.listed([_by_contact(kind, value) for _, kind, value in asked])
    for (place, _, _), result in zip(asked, results, strict=True):
        ids = [int(one) for one in php_list(php_map(result.value).get("CONTACT"))]
        # What was found by telephone stays: it comes first.
        if ids and place not in found:
            found[place] = min(ids)
    return found


def by_origin_command(settings: Bitrix24Settings, number: int, origins: Sequence[str]) -> Command:
    """Make the call that finds records by the external ids that they were made with."""
    return Command(
        "crm.item.list",
        {
            "entityTypeId": number,
            "select": ["id", "originId"],
            "filter": {"=originatorId": settings.originator, "@originId": list(origins)},
            "order": {"id": "ASC"},
            "start": -1,
        },
    )


def by_origin(
    reader: Reader, settings: Bitrix24Settings, number: int, origins: Sequence[str]
) -> dict[str, int]:
    """Find records by the external ids that they were made with.

    Args:
        reader: Reads lists.
        settings: What our records say of where they come from.
        number: The records' `entityTypeId`.
        origins: External ids.

    Returns:
        The records' ids by external id; of several, the oldest.

    Raises:
        ChannelError: The portal does not tell.
    """
    wanted = list(dict.fromkeys(origins))
    # Half a page each, so that even doubles made by somebody else leave room for all.
    half = PAGE // 2
    commands = [
        by_origin_command(settings, number, wanted[first : first + half])
        for first in range(0, len(wanted), half)
    ]
    found: dict[str, int] = {}
    for result in reader.listed(commands):
        for row in php_list(php_map(result.value).get("items")):
            found.setdefault(str(row["originId"]), int(row["id"]))
    return found


def _by_origin(
    reader: Reader, settings: Bitrix24Settings, origins: Sequence[str]
) -> dict[str, int]:
    return by_origin(reader, settings, CONTACT_TYPE, origins) if origins else {}


def _by_contact(kind: str, value: str) -> Command:
    return Command(
        "crm.duplicate.findbycomm", {"type": kind, "values": [value], "entity_type": "CONTACT"}
    )
