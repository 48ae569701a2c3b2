"""Lists of a portal, read a page of fifty after another by the last id that was seen.

With `start` at -1 the portal counts nothing, so the last page of millions is as fast as the first.
Pages are asked for fifty at a time: within a `batch`, each page begins after the last id of the one
before. Where a page is not full, what the batch says of later ones means nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final

from retention_kit.adapters.bitrix24.columns import Entity, Family
from retention_kit.adapters.bitrix24.envelope import METHOD_NOT_FOUND, php_list, php_map
from retention_kit.adapters.bitrix24.portal import MOST_COMMANDS, Command, Portal, Result
from retention_kit.delivery.clocks import Clock
from retention_kit.errors import RateLimitedError, RejectedError

PAGE: Final = 50
_TRIES: Final = 5
_PAUSE_SECONDS: Final = 10.0

Row = dict[str, Any]


class Reader:
    """Reads lists, by whichever family of methods the portal knows.

    Args:
        portal: The portal.
        family: The family, or `auto`.
        clock: The time.
    """

    def __init__(self, portal: Portal, family: str, clock: Clock) -> None:
        self._portal = portal
        self._clock = clock
        self._family: Family | None = None if family == "auto" else _known(family)

    def family(self, entity: Entity) -> Family:
        """Give the family that the portal knows; asks once."""
        if self._family is None:
            try:
                self._portal.read(
                    "crm.item.list",
                    {"entityTypeId": entity.number, "select": ["id"], "filter": {"id": 0}},
                )
                self._family = "items"
            except RejectedError as refusal:
                if refusal.code != METHOD_NOT_FOUND:
                    raise
                self._family = "classic"
        return self._family

    def pages(
        self,
        entity: Entity,
        select: list[str],
        *,
        since: dt.datetime | None = None,
        most: int | None = None,
    ) -> Iterator[list[Row]]:
        """Read records by id.

        Args:
            entity: Which.
            select: Their fields.
            since: Only those that were changed at or after this.
            most: How many are needed; more may come.

        Yields:
            A page of records; none is empty.

        Raises:
            ChannelError: The portal does not give them.
        """
        family = self.family(entity)
        last: int | str = 0
        left = most
        at_once = 1
        while left is None or left > 0:
            pages = at_once if left is None else min(at_once, -(-left // PAGE))
            commands = _chained(entity, family, select, since, last, pages)
            for result in self._batch(commands):
                rows = rows_of(result.value, family)
                if rows:
                    yield rows
                    last = int(rows[-1]["id" if family == "items" else "ID"])
                if len(rows) < PAGE:
                    return
                left = None if left is None else left - len(rows)
            at_once = min(MOST_COMMANDS, at_once * 5)

    def listed(self, commands: list[Command], *, tolerated: str = "") -> list[Result]:
        """Make calls that change nothing, fifty in a request, and wait where they come too often.

        Args:
            commands: The calls.
            tolerated: The code of an error that a call may end with.

        Raises:
            ChannelError: One of them fails otherwise.
        """
        found: list[Result] = []
        for first in range(0, len(commands), MOST_COMMANDS):
            found += self._batch(commands[first : first + MOST_COMMANDS], tolerated)
        return found

    def _batch(self, commands: list[Command], tolerated: str = "") -> list[Result]:
        for attempt in range(1, _TRIES + 1):
            results = (
                [Result(self._portal.read(commands[0].method, commands[0].params))]
                if len(commands) == 1 and not tolerated
                else self._portal.batch(commands, changes=False)
            )
            errors = [
                one.error for one in results if one.error is not None and one.code != tolerated
            ]
            if not errors:
                return results
            if attempt == _TRIES or not isinstance(errors[0], RateLimitedError):
                raise errors[0]
            self._clock.sleep(errors[0].retry_after or _PAUSE_SECONDS)
        raise AssertionError("every try either returns or raises")


def rows_of(value: Any, family: Family) -> list[Row]:
    """Give the records in a result."""
    return php_list(php_map(value).get("items")) if family == "items" else php_list(value)


def list_command(
    entity: Entity,
    family: Family,
    select: list[str],
    filter_: Mapping[str, Any],
) -> Command:
    """Make the call that lists the first records, by id, that a filter lets through."""
    if family == "classic":
        params = {"select": select, "order": {"ID": "ASC"}, "filter": filter_, "start": -1}
        return Command(f"crm.{entity.classic}.list", params)
    return Command(
        "crm.item.list",
        {
            "entityTypeId": entity.number,
            "select": select,
            "order": {"id": "ASC"},
            "filter": filter_,
            "start": -1,
            "useOriginalUfNames": "Y",
        },
    )


def _chained(
    entity: Entity,
    family: Family,
    select: list[str],
    since: dt.datetime | None,
    last: int | str,
    pages: int,
) -> list[Command]:
    commands = []
    for place in range(pages):
        after: int | str = last
        if place:
            path = f"[items][{PAGE - 1}][id]" if family == "items" else f"[{PAGE - 1}][ID]"
            after = f"$result[c{place - 1}]{path}"
        filter_: dict[str, Any] = {">id" if family == "items" else ">ID": after}
        if since is not None:
            changed = ">=updatedTime" if family == "items" else ">=DATE_MODIFY"
            filter_[changed] = since.astimezone(dt.UTC).isoformat(timespec="seconds")
        commands.append(list_command(entity, family, select, filter_))
    return commands


def _known(family: str) -> Family:
    return "classic" if family == "classic" else "items"
