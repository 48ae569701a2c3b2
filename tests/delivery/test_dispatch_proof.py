"""The law of delivery: killed at any step, and whatever fails, nothing is done twice or lost.

How many cases are drawn is the profile's; the nightly one draws thousands:
`HYPOTHESIS_PROFILE=nightly pytest tests/delivery/test_dispatch_proof.py`.
"""

from __future__ import annotations

import os
from collections import Counter
from unittest import mock

from hypothesis import given, note, settings
from hypothesis import strategies as st

from retention_kit.delivery import ACTIONS, Capabilities, Journal, SendMessage, dispatch
from retention_kit.delivery.dispatching import running
from retention_kit.delivery.outcomes import DONE
from retention_kit.errors import (
    AuthenticationError,
    RateLimitedError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
)
from retention_kit.testing.channels import Fault, MemoryChannel, OutsideWorld
from retention_kit.testing.clocks import ManualClock

PROOF = (
    settings(settings.get_profile("modest"), max_examples=4_000)
    if os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
    else settings()
)


class Killed(BaseException):
    """The process is gone at this instant."""


class Mortal:
    """A journal that dies with its process: from the given write on, nothing is written."""

    def __init__(self, clock):
        self.journal = Journal("sqlite://", clock=clock)
        self._write = self.journal._book.write
        self.journal._book.write = self.write
        self.live()

    def live(self, *, until=None, after=False):
        self.writes, self.until, self.after, self.dead = 0, until, after, False

    def write(self, change, **given_):
        self.writes += 1
        dies = self.until is not None and self.writes >= self.until
        if self.dead or (dies and not self.after):
            self.dead = True
            raise Killed
        result = self._write(change, **given_)
        if dies:
            self.dead = True
            raise Killed
        return result


CERTAIN = [
    lambda: RetryableError("busy"),
    lambda: RateLimitedError("slow down", retry_after=700),
    lambda: RateLimitedError("slow down", retry_after=3),
    lambda: AuthenticationError("who?"),
    lambda: RejectedError("no", code="whole"),
]
DOUBTFUL = [lambda: UnknownOutcomeError("silence"), lambda: ValueError("a bug"), Killed]

faults = st.none() | st.one_of(
    st.tuples(st.sampled_from(CERTAIN), st.just(0)),
    st.tuples(st.sampled_from(DOUBTFUL), st.none() | st.integers(0, 3)),
)
deaths = st.none() | st.tuples(st.integers(1, 14), st.booleans())


@st.composite
def stories(draw):
    return {
        "customers": draw(st.lists(st.integers(0, 9), max_size=14)),
        "idempotent": draw(st.sampled_from(["action", "batch", "no"])),
        "lookup": draw(st.booleans()),
        "max_rows": draw(st.integers(1, 6)),
        "refused": draw(st.sets(st.integers(0, 9), max_size=3)),
        "refusal": draw(st.sampled_from(["by_row", "named", "nothing"])),
        "faults": draw(st.lists(faults, max_size=12)),
        "claimed_at_once": draw(st.sampled_from([1, 20])),
        "deaths": draw(st.lists(deaths, max_size=4)),
    }


@PROOF
@given(stories())
def test_whatever_fails_each_action_happens_once_or_is_listed_as_unknown(story):
    clock = ManualClock()
    world = OutsideWorld()
    mortal = Mortal(clock)
    script = iter(story["faults"])

    def fault(number, batch):
        made = next(script, None)
        if made is None:
            return None
        error = made[0]()
        if isinstance(error, RejectedError) and story["idempotent"] == "action":
            # It would not refuse what it has done: idempotent means that it says yes again.
            done = world.counts
            if any(row.id in done for row in batch):
                return None
        mortal.dead = mortal.dead or isinstance(error, Killed)
        return Fault(error, made[1])

    channel = MemoryChannel(
        world=world,
        capabilities=Capabilities(
            actions=frozenset(ACTIONS),
            max_rows=story["max_rows"],
            idempotent=story["idempotent"],
            lookup=story["lookup"],
        ),
        refused=dict.fromkeys(story["refused"], "blocked"),
        refusal=story["refusal"],
        fault=fault,
    )
    actions = [
        SendMessage(campaign="c", customer_id=one, email=f"{one}@shop.example", text="Hi")
        for one in story["customers"]
    ]
    ids = {action.id: action.customer_id for action in actions}

    with (
        mortal.journal as journal,
        mock.patch.object(running, "CLAIMED_AT_ONCE", story["claimed_at_once"]),
    ):
        for death in [*story["deaths"], *[None] * 16]:
            if death is None:
                mortal.live()
            else:
                mortal.live(until=death[0], after=death[1])
            try:
                report = dispatch(actions, channel, journal, clock=clock)
            except Killed:
                note("killed")
                # A crash is over, and so is the call that was under way.
                clock.advance(61)
                continue
            note(str(report))
            check_counts(report, actions)
            clock.advance(61)
        mortal.live()
        states = {row["id"]: row["state"] for row in journal.actions().to_dicts()}

    assert world.doubles == {}
    assert report.stopped is None
    assert states.keys() == ids.keys()
    for id_, customer in ids.items():
        happened = world.counts[id_]
        if customer in story["refused"]:
            assert happened == 0
            assert states[id_] in ("rejected", "unknown")
        elif states[id_] == "unknown":
            # Nobody can know, and it is listed.
            assert story["idempotent"] != "action"
            assert not story["lookup"]
        elif states[id_] == "rejected":
            # A whole refusal out of the blue, of one row.
            assert happened == 0
        else:
            assert states[id_] in DONE
            assert happened == 1
    if not story["faults"] and story["refusal"] != "nothing" and not any(story["deaths"]):
        assert Counter(states.values())["unknown"] == 0


def check_counts(report, actions):
    besides = (
        report.already_done
        + report.already_rejected
        + report.changed
        + report.duplicates
        + report.elsewhere
    )
    assert sum(report.states.values()) + besides == report.handed_in
    assert all(count >= 0 for count in report.states.values())
    assert report.handed_in + report.unread == len(actions)
    assert sum(report.rejected.values()) == report.states.get("rejected", 0)
    assert report.elsewhere == 0
    assert report.duplicates <= len(actions) - len({action.id for action in actions})
