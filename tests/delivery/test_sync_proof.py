"""Whatever fails and wherever it is killed, the audience ends as who should be in it.

The nightly profile kills at every step: `HYPOTHESIS_PROFILE=nightly pytest
tests/delivery/test_sync_proof.py`.
"""

import contextlib
import dataclasses
import hashlib
import itertools
import os
import random

import polars as pl
import pytest
import sqlalchemy
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.pool import StaticPool

from retention_kit.delivery.audiences.members import MemberList
from retention_kit.delivery.audiences.synchronising import sync
from retention_kit.delivery.channels import Capabilities
from retention_kit.delivery.journal import Journal, Run
from retention_kit.delivery.outcomes import Outcome, Payload, Receipt
from retention_kit.errors import RateLimitedError, RetryableError, UnknownOutcomeError
from retention_kit.testing.clocks import ManualClock

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
CUSTOMERS = range(6)
CONTACTS = range(4)
STEPS = {
    MemberList: ("intend", "fold", "doubt", "next_round"),
    Run: ("plan", "claim", "hand_over", "settle", "release"),
}


class Killed(BaseException):
    """The process ends here."""


class Fate:
    """Lets a step fail: the kill comes before or after what the step does."""

    def __init__(self, at, kind):
        self.left = at
        self.kind = kind

    def step(self):
        self.left -= 1
        if self.left == 0 and self.kind == "kill":
            raise Killed

    def call(self):
        """Fail a call to the outside world, perhaps."""
        if self.left <= 0 and self.kind in ("lost", "later", "slower"):
            kind, self.kind = self.kind, "none"
            errors = {"lost": UnknownOutcomeError, "later": RetryableError}
            raise errors.get(kind, RateLimitedError)("It failed.")


NOTHING = Fate(0, "none")
"""Nothing fails."""


class World:
    def __init__(self, polls, most=4):
        self.most = most
        self.marks = set()
        self.rows = 0
        self.polls = polls
        self.next = None

    def passes(self):
        """Let a while pass; say whether nothing is worked on any more."""
        if self.next is not None:
            left, after = self.next
            self.next = (left - 1, after) if left > 1 else None
            self.marks = self.marks if left > 1 else after
        return self.next is None


class Channel:
    name = "world"
    limiter = None
    capabilities = Capabilities(
        actions=frozenset({"add_to_audience", "remove_from_audience"}),
        max_rows=4,
        idempotent="action",
        results="later",
        identifiers=frozenset({"email", "mark"}),
        audience_modes=frozenset({"add", "remove", "replace"}),
    )

    def __init__(self, world, fate, refused):
        self.capabilities = dataclasses.replace(self.capabilities, max_rows=world.most)
        self.world = world
        self.fate = fate
        self.refused = refused

    def prepare(self, action):
        mark = action.identifiers.get("mark") or digest(action.email)
        verb = "remove" if action.kind == "remove_from_audience" else action.mode
        return Payload(action.id, mark, group=verb, keep={"mark": mark})

    def submit(self, batch, *, idempotency_key):
        self.fate.step()
        if not self.world.passes():
            raise RetryableError("Still at work.")
        lost = self.fate.kind == "lost" and random.random() < 0.5
        if not lost:
            self.fate.call()
        rows = [row for row in batch if row.body not in self.refused]
        marks = {row.body for row in rows}
        there = self.world.marks
        after = {"add": there | marks, "remove": there - marks, "replace": marks}[batch.group]
        self.world.rows += len(rows)
        if self.world.polls:
            self.world.next = (self.world.polls, after)
        else:
            self.world.marks = after
        self.fate.step()
        self.fate.call()
        refused = {
            row.id: Outcome(row.id, "rejected", code="refused")
            for row in batch
            if row.body in self.refused
        }
        return Receipt(
            refused,
            rest="pending" if self.world.polls else "accepted",
            token="{}" if self.world.polls else None,
        )

    def poll(self, receipt):
        self.fate.step()
        if self.world.passes():
            return Receipt()
        return Receipt(rest="pending", token="{}", poll_after=10.0)

    def close(self):
        pass


def digest(contact):
    return hashlib.sha256(contact.encode()).hexdigest()[:8]


def table(wanted):
    rows = [(customer, f"{contact}@shop.example") for customer, contact in sorted(wanted.items())]
    return pl.DataFrame(rows, schema={"customer_id": pl.Int64, "email": pl.String}, orient="row")


def stumbling(fate, patch):
    """Let the process be killed before and after each step that writes something down."""
    for owner, names in STEPS.items():
        for name in names:
            done = getattr(owner, name)

            def step(self, *given, done=done, **named):
                fate.step()
                found = done(self, *given, **named)
                fate.step()
                return found

            patch.setattr(owner, name, step)


wanted_ones = st.dictionaries(st.sampled_from(CUSTOMERS), st.sampled_from(CONTACTS))
rounds = st.tuples(
    wanted_ones,
    st.integers(1, 60),
    st.sampled_from(["none", "kill", "kill", "lost", "later", "slower"]),
    st.sampled_from(["mirror", "mirror", "replace", "add_only"]),
    st.sets(st.sampled_from(CONTACTS), max_size=1),
)


def synchronise(engine, world, clock, wanted, *, fate, refused=(), **options):
    """Synchronise as a process of its own does: with a journal that it opens and closes."""
    channel = Channel(world, fate, {digest(f"{one}@shop.example") for one in refused})
    given = {"consents": None, "largest_removal": 1.0, "retry_rejected": True, "clock": clock}
    with Journal(engine, clock=clock) as journal:
        return sync(table(wanted), channel, "all", journal, **given | options)


def in_memory():
    return sqlalchemy.create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )


@given(
    history=st.lists(rounds, min_size=1, max_size=5),
    polls=st.sampled_from([0, 2]),
    luck=st.randoms(use_true_random=False),
)
def test_the_audience_ends_as_who_should_be_in_it(history, polls, luck):
    random.seed(luck.getrandbits(32))
    # A whole is one batch; differences are several.
    most = 6 if any(mode == "replace" for _, _, _, mode, _ in history) else 4
    world, clock, engine = World(polls, most), ManualClock(), in_memory()
    for wanted, at, kind, mode, refused in history:
        fate = Fate(at, kind)
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Killed):
            stumbling(fate, patch)
            options = {"mode": mode if wanted else "mirror", "patience": 100.0}
            synchronise(engine, world, clock, wanted, fate=fate, refused=refused, **options)
    wanted = history[-1][0]
    for _ in range(3):
        report = synchronise(engine, world, clock, wanted, fate=NOTHING, patience=10_000.0)
    assert report.is_complete
    assert report.unchanged == report.wanted == len(wanted)
    assert (report.leaving, report.deliveries) == (0, ())
    assert world.marks == {digest(f"{contact}@shop.example") for contact in wanted.values()}
    engine.dispose()


def test_a_kill_at_any_step_of_a_change_is_made_good():
    old, new = {0: 0, 1: 1, 2: 0}, {0: 0, 1: 2, 3: 3}
    kills = 0
    for at in itertools.count(1, 1 if NIGHTLY else 5):
        world, clock, engine = World(0), ManualClock(), in_memory()
        synchronise(engine, world, clock, old, fate=NOTHING)
        fate = Fate(at, "kill")
        with pytest.MonkeyPatch.context() as patch:
            stumbling(fate, patch)
            with contextlib.suppress(Killed):
                synchronise(engine, world, clock, new, fate=fate)
        report = synchronise(engine, world, clock, new, fate=NOTHING)
        assert report.is_complete
        assert world.marks == {digest(f"{contact}@shop.example") for contact in new.values()}
        assert not synchronise(engine, world, clock, new, fate=NOTHING).deliveries
        engine.dispose()
        if fate.left > 0:
            break
        kills += 1
    assert kills >= 5
