"""What became of earlier batches: receipts that are due are polled, rows in doubt looked up."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from retention_kit._logging import get_logger
from retention_kit.delivery.channels import Channel, LooksUp
from retention_kit.delivery.clocks import Clock
from retention_kit.delivery.dispatching.tally import Tally
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.delivery.journal.runs import Run
from retention_kit.delivery.outcomes import Outcome, Receipt, Sent
from retention_kit.errors import (
    AuthenticationError,
    ChannelError,
    DefinitionError,
    PluginError,
    RetentionKitError,
)

QUIET: Final = 60.0
"""Seconds after which a call that got no answer is no longer under way, so that "it is not there"
means that it never will be."""

_T = TypeVar("_T")
_log = get_logger(__name__)


def catch_up(run: Run, journal: Journal, channel: Channel, clock: Clock, *, lookup: bool) -> Tally:
    """Ask what became of what was sent before; send nothing.

    Args:
        run: The run.
        journal: Its journal.
        channel: The channel.
        clock: The time.
        lookup: Whether rows in doubt are looked up, where the channel can.

    Returns:
        Counts of the rows that were asked about.

    Raises:
        RetentionKitError: The channel's credentials or settings are wrong, or it is broken.
    """
    tally = Tally()
    for waiting in run.pending():
        ask = functools.partial(channel.poll, Receipt(token=waiting.token))
        receipt = _asked(channel, ask)
        if receipt is not None:
            tally.states.update(run.settle(waiting.batch, receipt))
            tally.batches += 1
    if lookup and channel.capabilities.lookup and isinstance(channel, LooksUp):
        for rows in run.unknown():
            _look_up(run, journal, channel, clock, rows, tally)
    return tally


def _look_up(
    run: Run, journal: Journal, channel: Channel, clock: Clock, rows: list[Sent], tally: Tally
) -> None:
    ask: Callable[[Sequence[Sent]], Mapping[str, Outcome]] = channel.lookup  # type: ignore[attr-defined]
    found = _asked(channel, functools.partial(ask, rows)) or {}
    wanted = {row.id for row in rows}
    answers = {id_: one for id_, one in found.items() if id_ in wanted and one.state != "unknown"}
    absent = [id_ for id_, one in answers.items() if one.state == "planned"]
    known = run.known(absent)
    quiet_since = clock.now() - QUIET
    gone = [id_ for id_ in absent if id_ in known and known[id_].updated_at <= quiet_since]
    there: list[Outcome] = [one for one in answers.values() if one.state != "planned"]
    if there:
        journal.record(channel.name, there)
    if gone:
        journal.resolve(channel.name, gone, "planned")
    tally.states.update(one.state for one in there)
    tally.states["planned"] += len(gone)
    tally.states["unknown"] += len(rows) - len(there) - len(gone)


def _asked(channel: Channel, ask: Callable[[], _T]) -> _T | None:
    """Ask a channel something; None where it cannot be said now.

    Raises:
        RetentionKitError: Asking again will not help.
    """
    try:
        return ask()
    except (AuthenticationError, DefinitionError):
        raise
    except ChannelError as error:
        _log.warning("%s cannot say what became of rows: %s", channel.name, type(error).__name__)
        return None
    except RetentionKitError:
        raise
    except Exception as error:
        raise PluginError(
            f"Channel {channel.name!r} raised {type(error).__name__} when it was asked what became "
            "of rows. Next step: mend the channel; nothing was sent."
        ) from error
