"""What dispatch makes of answers, texts and moments that should not be."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest

from retention_kit.delivery import (
    ACTIONS,
    AddToAudience,
    Capabilities,
    Journal,
    Limiter,
    Outcome,
    Receipt,
    SendMessage,
    Window,
    dispatch,
    forget,
    receive,
    settle,
)
from retention_kit.delivery.dispatching import catching_up, spool
from retention_kit.delivery.journal import JournalError, LostRowsError
from retention_kit.delivery.journal.records import PendingReceipt
from retention_kit.delivery.journal.recovery import Presence
from retention_kit.errors import (
    AuthenticationError,
    DefinitionError,
    PluginError,
    RateLimitedError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
)
from retention_kit.testing.channels import MemoryChannel
from retention_kit.testing.clocks import ManualClock

ANYTHING = Capabilities(actions=frozenset(ACTIONS), max_rows=4, identifiers=frozenset({"email"}))


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def journal(clock):
    with Journal("sqlite://", clock=clock) as made:
        yield made


def letters(*customers):
    return [
        SendMessage(campaign="hello", customer_id=one, email=f"{one}@shop.example", text="Hi")
        for one in customers
    ]


def channel_of(kind=MemoryChannel, *, limiter=None, **changes):
    return kind(capabilities=dataclasses.replace(ANYTHING, **changes), limiter=limiter)


class Late(MemoryChannel):
    """Its first batch happens twenty seconds after the call, and a look-up takes a minute."""

    clock = None
    queued = None

    def submit(self, batch, *, idempotency_key):
        if self.queued is None:
            self.queued = (self.clock.now() + 20, list(batch))
            raise UnknownOutcomeError("silence")
        return super().submit(batch, idempotency_key=idempotency_key)

    def flow(self):
        at, rows = self.queued
        if rows and at <= self.clock.now():
            self.world.carry_out(rows, key="late", by="no")
            self.queued = (at, [])

    def lookup(self, rows):
        self.flow()
        found = super().lookup(rows)
        self.clock.advance(70)
        return found


def test_a_minute_of_quiet_is_over_before_a_look_up_begins_and_not_while_it_takes(journal, clock):
    channel = channel_of(Late, lookup=True)
    channel.clock = clock
    dispatch(letters(1, 2), channel, journal, clock=clock)
    clock.advance(1)
    dispatch(letters(1, 2), channel, journal, clock=clock)
    channel.flow()
    settle(channel, journal, clock=clock)
    dispatch(letters(1, 2), channel, journal, clock=clock)
    assert channel.world.doubles == {}
    assert journal.counts() == {"accepted": 2}


def test_a_look_up_that_speaks_of_another_action_is_not_believed(journal, clock):
    first, second = letters(1, 2)

    class Confused(MemoryChannel):
        def lookup(self, rows):
            return {row.id: Outcome(second.id, "accepted") for row in rows}

    channel = channel_of(Confused, lookup=True, max_rows=1)
    channel.fail_next(UnknownOutcomeError("silence"))
    channel.fail_next(AuthenticationError("who?"))
    dispatch([first, second], channel, journal, clock=clock)
    clock.advance(100)
    report = settle(channel, journal, clock=clock)
    assert isinstance(report.error, PluginError)
    assert journal.counts() == {"planned": 1, "unknown": 1}


UNSOUND = {
    "infinite wait": lambda _: Receipt(rest="pending", token="t", poll_after=float("inf")),
    "rest": lambda _: Receipt(rest="sent"),
    "state of the journal": lambda _: Receipt(rest="claimed"),
    "no outcomes": lambda _: Receipt(None),
    "token": lambda _: Receipt(rest="pending", token={"a": 1}),
    "row's state": lambda row: Receipt({row: Outcome(row, "suppressed")}),
    "row": lambda row: Receipt({row: None}),
    "other row": lambda row: Receipt({row: Outcome("1" * 32, "accepted")}),
    "code": lambda row: Receipt({row: Outcome(row, "accepted", code={"a": 1})}),
    "external id": lambda row: Receipt({row: Outcome(row, "accepted", external_id=2**70)}),
    "instant": lambda row: Receipt({row: Outcome(row, "accepted", occurred_at="today")}),
}


@pytest.mark.parametrize("name", UNSOUND)
def test_what_of_an_answer_cannot_be_kept_is_unknown_and_stops_the_call(journal, clock, name):
    class Unsound(MemoryChannel):
        def submit(self, batch, *, idempotency_key):
            super().submit(batch, idempotency_key=idempotency_key)
            return UNSOUND[name](next(iter(batch)).id)

    channel = channel_of(Unsound)
    report = dispatch(letters(*range(6)), channel, journal, clock=clock)
    assert isinstance(report.error, PluginError)
    assert "'memory' gave" in str(report.stopped)
    of_first = {"infinite wait": {"pending": 4}}.get(name, {"unknown": 4})
    if name not in ("infinite wait", "rest", "state of the journal", "no outcomes", "token"):
        of_first = {"unknown": 1, "accepted": 3}
    assert report.states == {**of_first, "planned": 2}
    assert journal.counts() == {**of_first, "planned": 2}
    assert channel.world.calls == 1


def test_an_answer_that_the_journal_cannot_write_stops_the_call_and_leaves_a_doubt(
    journal, clock, monkeypatch
):
    from retention_kit.delivery.journal.runs import Run

    def settle_badly(*_):
        raise OverflowError("too large")

    monkeypatch.setattr(Run, "settle", settle_badly)
    report = dispatch(letters(*range(6)), channel_of(), journal, clock=clock)
    assert isinstance(report.error, PluginError)
    assert report.states == {"unknown": 4, "planned": 2}
    assert journal.counts() == {"unknown": 4, "planned": 2}


def test_a_poll_that_gives_no_receipt_stops_the_call(journal, clock):
    channel = channel_of(results="later")
    dispatch(letters(1), channel, journal, clock=clock)
    channel.poll = lambda _: None
    clock.advance(10)
    assert "gave NoneType" in str(settle(channel, journal, clock=clock).stopped)
    assert journal.counts() == {"pending": 1}


def test_of_a_receipt_that_nobody_knows_any_more_the_rows_are_in_doubt(journal, clock):
    def gone(_):
        raise RejectedError("no such job", code="404")

    channel = channel_of(results="later")
    dispatch(letters(1, 2), channel, journal, clock=clock)
    channel.poll = gone
    clock.advance(10)
    report = settle(channel, journal, clock=clock)
    assert (report.states, report.is_complete) == ({"unknown": 2}, False)
    assert journal.pending("memory", due=False) == []


def test_settle_counts_what_is_still_pending(journal, clock):
    def later(_):
        raise RetryableError("busy")

    channel = channel_of(results="later")
    dispatch(letters(1, 2), channel, journal, clock=clock)
    channel.poll = later
    report = settle(channel, journal, clock=clock)
    assert (report.states, report.is_complete) == ({"pending": 2}, False)


def test_a_batch_that_was_taken_back_does_not_keep_others_from_being_asked_about(clock):
    asked = []

    class Lost:
        def pending(self):
            return [PendingReceipt(name, name, 0.0) for name in ("lost", "there")]

        def settle(self, batch, receipt):
            asked.append(batch)
            if batch == "lost":
                raise LostRowsError(batch)
            return {"accepted": 1}

    tally = catching_up.catch_up(Lost(), None, channel_of(), clock, lookup=False)
    assert asked == ["lost", "there"]
    assert tally.states == {"accepted": 1}


def test_a_web_hook_that_makes_no_sense_in_part_is_kept_in_part(journal, clock):
    first, second = letters(1, 2)

    class Odd(MemoryChannel):
        def receive(self, headers, body):
            return [Outcome(first.id, "sent"), Outcome(second.id, "delivered"), None]

    channel = channel_of(Odd, receive=True)
    dispatch([first, second], channel, journal, clock=clock)
    with pytest.raises(PluginError, match="none of OutcomeState"):
        receive(channel, journal, {}, b"")
    assert journal.counts() == {"accepted": 1, "delivered": 1}


@pytest.mark.parametrize("how", ["heard of", "forgotten"])
def test_what_is_heard_of_or_forgotten_while_its_batch_waits_is_not_sent(journal, clock, how):
    actions = letters(1, 2, 3)

    class Waiting(ManualClock):
        def sleep(self, seconds):
            super().sleep(seconds)
            if how == "forgotten":
                forget(1, journal=journal)
            else:
                journal.record("memory", [Outcome(actions[0].id, "delivered")])

    channel = channel_of()
    channel.fail_next(RetryableError("busy"))
    report = dispatch(actions, channel, journal, clock=Waiting())
    assert [act.body["customer_id"] for act in channel.world.acts] == [2, 3]
    assert report.states == {"accepted": 2}
    assert report.handed_in == 3
    assert report.already_done == (how == "heard of")


def test_who_was_forgotten_meanwhile_is_in_no_replaced_audience(journal, clock):
    actions = [
        AddToAudience(
            campaign="vip", customer_id=one, email="a@b.example", audience="vip", mode="replace"
        )
        for one in (1, 2)
    ]

    class Waiting(ManualClock):
        def sleep(self, seconds):
            super().sleep(seconds)
            forget(1, journal=journal)

    channel = channel_of(audience_modes=frozenset({"add", "replace"}))
    channel.fail_next(RetryableError("busy"))
    dispatch(actions, channel, journal, clock=Waiting())
    assert [act.body["customer_id"] for act in channel.world.acts] == [2]


@pytest.mark.parametrize("name", ["campaign", "customer_id", "step", "occurrence"])
@pytest.mark.parametrize("text", ["x\ud83d", "a\0b"])
def test_a_key_that_no_database_can_hold_is_refused(name, text):
    fields = {"campaign": "hello", "customer_id": "1", name: text}
    with pytest.raises(DefinitionError, match=name) as caught:
        SendMessage(text="Hi", **fields)
    assert text not in str(caught.value)


class Interrupted(ManualClock):
    def sleep(self, seconds):
        raise KeyboardInterrupt


def test_killed_while_it_waits_for_its_turn_a_batch_is_not_in_doubt(journal):
    clock = Interrupted()
    channel = channel_of(limiter=Limiter("acme", [Window(1, 2.0)], clock=clock))
    with pytest.raises(KeyboardInterrupt):
        dispatch(letters(*range(12)), channel, journal, clock=clock)
    assert journal.counts() == {"accepted": 4, "planned": 8}


def test_a_journal_that_cannot_count_requests_puts_no_batch_in_doubt(journal, clock, monkeypatch):
    @contextlib.contextmanager
    def busy(_):
        raise JournalError("busy", code="busy")
        yield

    monkeypatch.setattr(journal.limit_ledger, "changing", busy)
    channel = channel_of(limiter=Limiter("acme", [Window(1, 2.0)], clock=clock))
    report = dispatch(letters(1, 2), channel, journal, clock=clock)
    assert (report.states, channel.world.calls) == ({"planned": 2}, 0)


def test_a_key_is_not_used_when_its_time_ends_while_the_second_try_waits(journal, clock):
    limiter = Limiter("acme", [Window(1, 400.0)], clock=clock)
    channel = channel_of(idempotent="batch", idempotency_seconds=300, limiter=limiter)
    channel.fail_next(UnknownOutcomeError("silence"), carried_out=None)
    report = dispatch(letters(1, 2), channel, journal, clock=clock)
    assert (report.states, channel.world.calls) == ({"unknown": 2}, 1)


def test_a_key_handed_over_in_the_future_is_not_trusted(journal, clock):
    channel = channel_of(idempotent="batch", idempotency_seconds=3_600)
    channel.fail_next(UnknownOutcomeError("silence"), carried_out=None, times=3)
    dispatch(letters(1), channel, journal, clock=clock)
    before = ManualClock(clock.now() - 86_400)
    assert dispatch(letters(1), channel, journal, clock=before).states == {"unknown": 1}
    assert channel.world.calls == 3


def test_after_a_stop_what_was_done_before_is_told_as_done(journal, clock):
    channel = channel_of(max_rows=100)
    dispatch(letters(*range(200, 300)), channel, journal, clock=clock)
    channel.fail_next(UnknownOutcomeError("silence"))
    dispatch(letters(*range(400, 500)), channel, journal, clock=clock)
    channel.fail_next(AuthenticationError("who?"))
    report = dispatch(letters(*range(500)), channel, journal, clock=clock)
    assert report.states == {"planned": 300, "unknown": 100}
    assert (report.already_done, report.handed_in) == (100, 500)


@pytest.mark.parametrize("call", ["dispatch", "settle"])
def test_a_journal_that_dies_at_the_end_leaves_the_report(journal, clock, monkeypatch, call):
    def dead(*_, **__):
        raise JournalError("the disk failed", code="io")

    monkeypatch.setattr(Presence, "_recovered", dead)
    if call == "dispatch":
        report = dispatch(letters(1, 2), channel_of(), journal, clock=clock)
        assert report.states == {"accepted": 2}
    else:
        report = settle(channel_of(), journal, clock=clock)
    assert report.stopped == "the disk failed"
    with pytest.raises(JournalError):
        report.raise_for_stop()


def test_a_large_batch_goes_again_in_the_order_it_went_in_first(journal, clock, monkeypatch):
    monkeypatch.setattr(spool, "IN_MEMORY", 20)
    monkeypatch.setattr(spool, "SORTED_AT_ONCE", 16)
    orders = []

    class Watched(MemoryChannel):
        def submit(self, batch, *, idempotency_key):
            orders.append((idempotency_key, [row.id for row in batch]))
            return super().submit(batch, idempotency_key=idempotency_key)

    channel = channel_of(Watched, idempotent="batch", max_rows=60)
    channel.fail_next(UnknownOutcomeError("silence"), times=3)
    dispatch(letters(*range(60)), channel, journal, clock=clock)
    report = dispatch(letters(*reversed(range(60))), channel, journal, clock=clock)
    assert report.states == {"accepted": 60}
    assert len(orders) == 4
    assert orders[0] == orders[-1]


def test_an_audience_is_not_replaced_by_more_bytes_than_the_channel_takes(journal, clock):
    channel = channel_of(
        max_bytes=1_000, max_rows=1_000, audience_modes=frozenset({"add", "replace"})
    )
    report = dispatch(
        [
            AddToAudience(
                campaign="vip", customer_id=one, email="a@b.example", audience="vip", mode="replace"
            )
            for one in range(20)
        ],
        channel,
        journal,
        clock=clock,
    )
    assert report.rejected == {"audience_too_large": 20}
    assert channel.world.calls == 0


def test_rows_that_are_refused_one_by_one_never_stop_the_call(journal, clock, monkeypatch):
    from retention_kit.delivery.dispatching import submitting

    monkeypatch.setattr(submitting, "REFUSED", 10)
    channel = channel_of(max_rows=16)
    channel.fail_next(RejectedError("no"), times=31)
    report = dispatch(letters(*range(20)), channel, journal, clock=clock)
    assert report.states == {"rejected": 16, "accepted": 4}


@pytest.mark.parametrize(("asked", "waited"), [("7", 7.0), ("soon", None), (float("nan"), None)])
def test_a_wait_that_is_no_number_is_read_or_passed_over(journal, clock, asked, waited):
    channel = channel_of()
    channel.fail_next(RateLimitedError("slow down", retry_after=asked))
    assert dispatch(letters(1), channel, journal, clock=clock).states == {"accepted": 1}
    assert waited is None or clock.slept == [waited]


def test_dispatch_asks_nobody_about_what_may_still_be_on_its_way(journal, clock):
    asked = []

    class Watched(MemoryChannel):
        def lookup(self, rows):
            asked.append(len(rows))
            return super().lookup(rows)

    channel = channel_of(Watched, lookup=True)
    channel.fail_next(UnknownOutcomeError("silence"), carried_out=1)
    dispatch(letters(1, 2), channel, journal, clock=clock)
    fresh = dispatch(letters(1, 2, 3), channel, journal, clock=clock)
    assert (fresh.states, asked) == ({"unknown": 2, "accepted": 1}, [])
    clock.advance(60)
    later = dispatch(letters(1, 2, 3), channel, journal, clock=clock)
    assert (later.already_done, later.states, asked) == (2, {"accepted": 1}, [2])
    assert channel.world.doubles == {}
