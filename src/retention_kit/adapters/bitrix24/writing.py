"""Records made and changed in batches, and what became of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from retention_kit.adapters.bitrix24.envelope import (
    ACCESS_DENIED,
    METHOD_NOT_FOUND,
    is_undone,
    php_map,
)
from retention_kit.adapters.bitrix24.portal import Command, Portal, Result
from retention_kit.delivery.outcomes import Outcome
from retention_kit.errors import (
    AuthenticationError,
    ChannelError,
    RateLimitedError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
)


def made(
    portal: Portal,
    rows: Sequence[tuple[str, Command]],
    *,
    known: Mapping[str, int] | None = None,
) -> dict[str, Outcome]:
    """Make calls that change something, and say what became of each row.

    Args:
        portal: The portal.
        rows: The ids of actions, and the call for each.
        known: The portal's ids of records that are changed, by the ids of actions.

    Raises:
        ChannelError: The request failed whole; or none of its calls were carried out, because the
            portal lets nobody in or has had enough for now.
    """
    if not rows:
        return {}
    results = _results(portal, [command for _, command in rows])
    _raise_where_none_was_let_in(results)
    changed = known or {}
    return {
        id_: _outcome(id_, command, result, changed.get(id_))
        for (id_, command), result in zip(rows, results, strict=True)
    }


def accepted(id_: str, external_id: object) -> Outcome:
    """Say that a row is there."""
    return Outcome(id_, "accepted", external_id=str(external_id))


def refused(id_: str, code: str, detail: str) -> Outcome:
    """Say that a row will not be sent."""
    return Outcome(id_, "rejected", code=code, detail=detail)


def id_in(result: Any) -> str | None:
    """Find the id of what was made: `{"item": {"id": 7}}`, `{"id": 7}` or 7."""
    said = php_map(result)
    inner = php_map(said.get("item")) or said
    value = inner.get("id") if inner else result
    # To be compared by identity: 1 == True.
    return None if value is None or value is True or value == "" else str(value)


def _results(portal: Portal, commands: Sequence[Command]) -> list[Result]:
    """Make the calls in as many requests as it takes.

    Raises:
        ChannelError: The first request failed whole. Where a later one does, the earlier ones were
            carried out all the same, and that must be told.
    """
    results: list[Result] = []
    while len(results) < len(commands):
        some = commands[len(results) : len(results) + portal.pace.most]
        try:
            results += portal.batch(some, changes=True)
        except ChannelError as problem:
            if not results:
                raise
            # A refusal of a whole request says nothing of its rows; sent again, they come first.
            doubtful = isinstance(problem, UnknownOutcomeError)
            error = problem if doubtful else RetryableError("Not sent.")
            results += [Result(error=error, code="no_answer")] * len(some)
            left = len(commands) - len(results)
            results += [Result(error=RetryableError("Not sent."), code="not_sent")] * left
    return results


def _raise_where_none_was_let_in(results: Sequence[Result]) -> None:
    """Raise what says that nothing was carried out, where it says so of all calls alike.

    Where some were carried out, the others are told row by row, and come again by themselves.
    """
    limits = [one.error for one in results if isinstance(one.error, RateLimitedError)]
    if len(limits) == len(results):
        raise max(limits, key=lambda limit: limit.retry_after or 0.0)
    refusals = [one.error for one in results if isinstance(one.error, AuthenticationError)]
    if len(refusals) == len(results):
        raise refusals[0]


def _outcome(id_: str, command: Command, result: Result, changed: int | None) -> Outcome:
    error = result.error
    if error is None:
        external_id = id_in(result.value) if changed is None else str(changed)
        return Outcome(id_, "accepted", external_id=external_id)
    if result.code == METHOD_NOT_FOUND:
        return refused(id_, result.code, f"The portal does not know {command.method}: too old.")
    # Rights may be lacking for this one record alone.
    if isinstance(error, RejectedError) or result.code == ACCESS_DENIED:
        return refused(id_, result.code, f"Bitrix24 refused it ({command.method}).")
    if isinstance(error, AuthenticationError) or is_undone(error):
        return Outcome(id_, "planned", code=result.code)
    return Outcome(id_, "unknown", code=result.code, detail=type(error).__name__)
