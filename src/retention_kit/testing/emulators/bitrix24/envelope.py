"""The shape of Bitrix24's answers: the envelope, the block of times, maps as PHP writes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from retention_kit.testing.emulators.bitrix24.refusals import Refusal
from retention_kit.testing.emulators.messages import Response


class Answer(NamedTuple):
    """What a method gives.

    Attributes:
        result: What stands under `result`.
        total: How many records there are in all, where the method counts them.
        next: Where the next page starts, where there is one.
    """

    result: Any
    total: int | None = None
    next: int | None = None


def php_map(value: Mapping[str, Any]) -> dict[str, Any] | list[Any]:
    """Write a map as PHP does: an empty one, or one with the keys 0, 1, 2 and so on, as a list."""
    if all(key == str(position) for position, key in enumerate(value)):
        return list(value.values())
    return dict(value)


def times(
    start: float, finish: float, zone: dt.timezone, operating: tuple[float, int] | None
) -> dict[str, Any]:
    """Make the block `time`.

    Args:
        start: When the call came, in seconds since 1970-01-01T00:00:00Z.
        finish: When it was answered.
        zone: The portal's zone.
        operating: The seconds of execution that count against the method's limit, and when the
            first of them are forgotten; absent on servers of one's own.
    """
    block: dict[str, Any] = {
        "start": start,
        "finish": finish,
        "duration": finish - start,
        "processing": finish - start,
        "date_start": iso(int(start), zone),
        "date_finish": iso(int(finish), zone),
    }
    if operating is not None:
        block["operating_reset_at"] = operating[1]
        block["operating"] = operating[0]
    return block


def succeeded(answer: Answer, time: Mapping[str, Any]) -> Response:
    """Wrap what a method gave."""
    body: dict[str, Any] = {"result": answer.result}
    if answer.next is not None:
        body["next"] = answer.next
    if answer.total is not None:
        body["total"] = answer.total
    body["time"] = time
    return Response.json(body)


def refused(refusal: Refusal) -> Response:
    """Wrap a refusal."""
    return Response.json(refusal.body(), status=refusal.status, refusal=str(refusal.code))


@lru_cache(maxsize=4096)
def iso(seconds: int, zone: dt.timezone) -> str:
    """Write an instant with the offset of the portal."""
    return dt.datetime.fromtimestamp(seconds, zone).isoformat()
