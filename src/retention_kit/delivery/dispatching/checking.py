"""Whether what a channel says of rows can be kept; what cannot makes a row unknown, no more."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple, get_args

from retention_kit.delivery.outcomes import Outcome, OutcomeState, Receipt
from retention_kit.errors import PluginError

STATES: Final[frozenset[str]] = frozenset(get_args(OutcomeState))
_LATEST_POLL: Final = 1e9
"""Seconds; a database must be able to hold the instant."""
_POLL_AFTER: Final = 60.0


class Checked(NamedTuple):
    """A receipt as it can be kept.

    Attributes:
        receipt: The receipt; what cannot be kept of it is `unknown`.
        problem: What was wrong with it; None where nothing was.
    """

    receipt: Receipt
    problem: PluginError | None


def checked_receipt(channel: str, receipt: Receipt) -> Checked:
    """Give a receipt without what no receipt may hold.

    Args:
        channel: The channel's name.
        receipt: What the channel gave, of whatever types.
    """
    given: Any = receipt.outcomes
    rest: Any = receipt.rest
    token: Any = receipt.token
    wait: Any = receipt.poll_after
    problem: PluginError | None = None
    if not isinstance(given, Mapping):
        # Nobody knows which rows it meant to speak of.
        mapping = "a mapping of ids to Outcome"
        return Checked(Receipt(rest="unknown"), _problem(channel, "outcomes", given, mapping))
    bad: dict[str, Outcome] = {}
    for id_, one in given.items():
        if fault := fault_of(id_, one):
            problem = problem or faulty(channel, fault)
            bad[id_] = Outcome(id_, "unknown", code="plugin_error")
    outcomes = given
    if bad:
        # What is no text is the id of no row.
        outcomes = {id_: one for id_, one in {**given, **bad}.items() if isinstance(id_, str)}
    if not (isinstance(rest, str) and rest in STATES):
        problem = problem or _problem(channel, "rest", rest, "a state of OutcomeState")
        rest = "unknown"
    if not (isinstance(wait, int | float) and math.isfinite(wait) and wait <= _LATEST_POLL):
        problem = problem or _problem(channel, "poll_after", wait, "seconds, at most 1e9")
        wait = _POLL_AFTER
    if not (token is None or isinstance(token, str)):
        problem = problem or _problem(channel, "token", token, "a text or None")
        token, rest = None, "unknown" if rest == "pending" else rest
        # By nothing else could be asked what became of them.
        outcomes = {
            id_: replace(one, state="unknown") if one.state == "pending" else one
            for id_, one in outcomes.items()
        }
    if problem is None:
        return Checked(receipt, None)
    return Checked(Receipt(outcomes, rest, token, wait), problem)


def fault_of(id_: Any, outcome: Any) -> str:
    """Say what of an outcome cannot be kept; empty where all can.

    Args:
        id_: Of which row it is said to be.
        outcome: What the channel gave.
    """
    if not isinstance(outcome, Outcome):
        return f"{type(outcome).__name__} in place of an Outcome"
    # Nothing is believed of the types of its fields.
    one: Any = outcome
    if not isinstance(id_, str) or one.id != id_:
        return "an outcome under an id that is not its own"
    if not (isinstance(one.state, str) and one.state in STATES):
        return "an outcome whose state is none of OutcomeState"
    for name in ("code", "detail"):
        if not isinstance(getattr(one, name), str):
            return f"an outcome whose {name} is no text"
    if not (one.external_id is None or isinstance(one.external_id, str)):
        return "an outcome whose external_id is neither a text nor None"
    return "" if _is_instant(one.occurred_at) else "an outcome whose occurred_at is no instant"


def faulty(channel: str, fault: str) -> PluginError:
    """Give the error for a channel that gave what cannot be kept."""
    return PluginError(
        f"Channel {channel!r} gave {fault}. What could be kept of its answer was kept; the rest is "
        "listed as unknown. Next step: mend the channel."
    )


def _is_instant(value: Any) -> bool:
    if value is None:
        return True
    if not isinstance(value, dt.datetime):
        return False
    try:
        value.timestamp()
    except (ValueError, OverflowError, OSError):
        return False
    return True


def _problem(channel: str, name: str, got: object, allowed: str) -> PluginError:
    # The value may quote the customer; its type does not.
    shown = repr(got) if isinstance(got, float) else type(got).__name__
    return faulty(channel, f"a receipt whose {name} is not {allowed} (got {shown})")
