"""Lists of a portal, read a page of fifty after another by the last id that was seen.

With `start` at -1 the portal counts nothing, so the last page of millions is as fast as the first.
Pages are asked for fifty at a time: within a `batch`, each page begins after the last id of the one
before. Where a page is not full, what the batch says of later ones means nothing.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from retention_kit.adapters.bitrix24.columns import Entity, Family
from retention_kit.adapters.bitrix24.envelope import METHOD_NOT_FOUND, php_list, php_map
from retention_kit.adapters.bitrix24.pace import Pace
from retention_kit.adapters.bitrix24.portal import Command, Portal, Result
from retention_kit.delivery.clocks import Clock
from retention_kit.errors import RateLimitedError, RejectedError, RetryableError

PAGE: Final = 50
_TRIES: Final = 5
_PAUSE_SECONDS: Final = 10.0

Row = dict[str, Any]
_T = TypeVar("_T")


class Reader:
    """Reads lists, by whichever family of methods the portal knows.

    Args:
        portal: The portal.
        family: The family, or `auto`.
        clock: The time.
        patient: Whether it waits where the portal asks for fewer calls; else that is raised, for
            whoever can wait without holding anything.
    """

    def __init__(self, portal: Portal, family: str, clock: Clock, *, patient: bool = True) -> None:
        self._portal = portal
        self._clock = clock
        self._patient = patient
        self._pace = Pace()
        self._chains = True
        self._family: Family | None = None if family == "auto" else _known(family)

    def family(self, number: int) -> Family:
        """Give the family that the portal knows; asks once.

        Args:
            number: The `entityTypeId` of the records that are wanted.
        """
        if self._family is None:
            params = {"entityTypeId": number, "select": ["id"], "filter": {"id": 0}}
            try:
                self._waited(lambda: self._portal.read("crm.item.list", params))
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
            The records of one request; never none.

        Raises:
            ChannelError: The portal does not give them.
        """
        family = self.family(entity.number)
        id_field = "id" if family == "items" else "ID"
        last = 0
        left = most
        # Without a bound it grows, so that the first rows of a small table cost little.
        at_once = 1 if left is None else self._pace.most
        while left is None or left > 0:
            count = at_once if left is None else min(at_once, -(-left // PAGE))
            commands = _chained(entity, family, select, since, last, count)
            pages = self._asked(count, functools.partial(self._chain, commands, family)) or []
            found: list[Row] = []
            ended = bool(pages) and len(pages[-1]) < PAGE
            for rows in pages:
                if rows and int(rows[0][id_field]) <= last:
                    if not found:
                        raise RetryableError(
                            f"Bitrix24 lists records of type {entity.number} again that it had "
                            "listed. Next step: try again; if it stays so, ask the vendor."
                        )
                    # The portal does not take an earlier page's last id: one page at a time then.
                    self._chains = ended = False
                    break
                found += rows
                last = int(found[-1][id_field]) if found else last
            if found:
                yield found
            if ended:
                return
            left = None if left is None else left - len(found)
            at_once = min(self._pace.most, at_once * 5) if self._chains else 1

    def listed(self, commands: list[Command], *, tolerated: str = "") -> list[Result]:
        """Make calls that change nothing, fifty in a request, and wait where they come too often.

        Args:
            commands: The calls.
            tolerated: The code of an error that a call may end with.

        Raises:
            ChannelError: One of them fails otherwise.
        """
        found: list[Result] = []
        while len(found) < len(commands):
            some = commands[len(found) : len(found) + self._pace.most]
            found += self._asked(len(some), functools.partial(self._sound, some, tolerated)) or ()
        return found

    def _chain(self, commands: list[Command], family: Family) -> list[list[Row]]:
        """Ask for pages each of which begins after the one before; give those that mean anything.

        What comes after a page that is not full, or failed, began nowhere.
        """
        results = self._results(commands)
        if results[0].error is not None:
            raise results[0].error
        pages = []
        for result in results:
            if result.error is not None:
                break
            pages.append(rows_of(result.value, family))
            if len(pages[-1]) < PAGE:
                break
        return pages

    def _sound(self, commands: list[Command], tolerated: str) -> list[Result]:
        """Make calls none of which may fail."""
        results = self._results(commands, in_batch=bool(tolerated))
        for one in results:
            if one.error is not None and one.code != tolerated:
                raise one.error
        return results

    def _results(self, commands: list[Command], *, in_batch: bool = False) -> list[Result]:
        if len(commands) == 1 and not in_batch:
            return [Result(self._portal.read(commands[0].method, commands[0].params))]
        return self._portal.batch(commands, changes=False)

    def _asked(self, count: int, ask: Callable[[], _T]) -> _T | None:
        """Ask, and go by how long it took; None where so many calls at once take too long."""
        began = self._clock.now()
        try:
            answer = self._waited(ask)
        except RetryableError:
            if not self._pace.took(count, self._clock.now() - began):
                raise
            return None
        self._pace.took(count, self._clock.now() - began)
        return answer

    def _waited(self, ask: Callable[[], _T]) -> _T:
        """Ask, and where the portal wants fewer calls, wait and ask again."""
        for attempt in range(1, _TRIES + 1):
            try:
                return ask()
            except RateLimitedError as limit:
                if not self._patient or attempt == _TRIES:
                    raise
                self._clock.sleep(limit.retry_after or _PAUSE_SECONDS * attempt)
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
