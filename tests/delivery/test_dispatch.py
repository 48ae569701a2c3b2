"""What dispatch does with what comes, with what was before, and with what channels answer."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from unittest.mock import Mock

import pytest

from retention_kit.delivery import (
    ACTIONS,
    AddToAudience,
    Capabilities,
    CreateDeal,
    CreateTask,
    Journal,
    Limiter,
    Outcome,
    Payload,
    Receipt,
    SendMessage,
    SetBalance,
    Window,
    dispatch,
    dry_run,
    settle,
)
from retention_kit.delivery.dispatching import submitting
from retention_kit.delivery.journal import JournalError
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


def letters(*customers, text="Hi"):
    return [
        SendMessage(campaign="hello", customer_id=one, email=f"{one}@shop.example", text=text)
        for one in customers
    ]


def channel_that(**changes):
    given = {name: changes.pop(name) for name in list(changes) if name in _OF_THE_CHANNEL}
    return MemoryChannel(capabilities=dataclasses.replace(ANYTHING, **changes), **given)


_OF_THE_CHANNEL = {"refused", "refusal", "limiter", "fault", "world"}


def states(journal):
    return {row["customer_id"]: row["state"] for row in journal.actions().to_dicts()}


def sent_to(channel):
    return [act.body["customer_id"] for act in channel.world.acts]


def test_each_action_is_sent_once_however_often_it_is_handed_in(journal, clock):
    channel = channel_that()
    first = dispatch(letters(*range(10), 3, 3), channel, journal, clock=clock)
    assert (first.states, first.duplicates, first.batches) == ({"accepted": 10}, 2, 3)
    second = dispatch(letters(*range(12)), channel, journal, clock=clock)
    assert (second.states, second.already_done) == ({"accepted": 2}, 10)
    assert sorted(sent_to(channel)) == list(range(12))
    assert first.is_complete
    assert second.is_complete


def test_what_happened_is_not_sent_again_when_its_content_has_changed(journal, clock):
    channel = channel_that()
    dispatch(letters(1), channel, journal, clock=clock)
    report = dispatch(letters(1, text="Hello"), channel, journal, clock=clock)
    assert (report.changed, report.states) == (1, {})
    assert channel.world.calls == 1


def test_what_was_rejected_is_tried_again_when_it_has_changed_or_is_asked_for(journal, clock):
    channel = channel_that(refused={1: "blocked"})
    report = dispatch(letters(1, 2), channel, journal, clock=clock)
    assert report.rejected == {"blocked": 1}
    assert report.rejections.select("customer_id", "kind", "code").rows() == [
        ("1", "send_message", "blocked")
    ]
    mended = MemoryChannel(capabilities=ANYTHING, world=channel.world)
    assert dispatch(letters(1, 2), mended, journal, clock=clock).already_rejected == 1
    assert sent_to(channel) == [2]
    assert dispatch(letters(1, text="New"), mended, journal, clock=clock).states == {"accepted": 1}
    dispatch(letters(5), channel_that(refused={5: "blocked"}), journal, clock=clock)
    report = dispatch(letters(5), mended, journal, retry_rejected=True, clock=clock)
    assert report.states == {"accepted": 1}


def test_what_is_left_out_for_a_reason_goes_when_the_reason_is_gone(journal, clock):
    channel = channel_that()

    def allow(action):
        return "withdrawn" if action.customer_id == 2 else None

    report = dispatch(letters(1, 2), channel, journal, allow=allow, clock=clock)
    assert (report.states, report.suppressed) == (
        {"accepted": 1, "suppressed": 1},
        {"withdrawn": 1},
    )
    assert states(journal) == {"1": "accepted", "2": "suppressed"}
    again = dispatch(letters(1, 2), channel, journal, clock=clock)
    assert (again.states, again.already_done) == ({"accepted": 1}, 1)
    withdrawn_later = dispatch(letters(1), channel, journal, allow=lambda _: "late", clock=clock)
    assert withdrawn_later.already_done == 1
    assert states(journal)["1"] == "accepted"


class Peculiar(MemoryChannel):
    def prepare(self, action):
        match action.customer_id:
            case "bug":
                raise ValueError(f"cannot read {action.email}")
            case "refusal":
                raise RejectedError("no", code="no_consent")
            case "other id":
                return Payload("0" * 32, {})
            case "no json":
                return Payload(action.id, {"when": dt.date(2026, 1, 1)})
            case "large":
                return Payload(action.id, {}, size=101)
        return super().prepare(action)


def test_an_action_that_cannot_be_prepared_concerns_that_one_alone(journal, clock):
    channel = Peculiar(
        capabilities=dataclasses.replace(
            ANYTHING, actions=frozenset({"send_message"}), max_bytes=100_000, max_rows=20
        )
    )
    channel._capabilities = dataclasses.replace(channel.capabilities, max_bytes=100)
    actions = [
        *letters("bug", "refusal", "other id", "no json", "large"),
        SendMessage(campaign="hello", customer_id="nobody", text="Hi"),
        SetBalance(campaign="hello", customer_id="1", wallet="main", balance=1),
    ]
    report = dispatch(actions, channel, journal, clock=clock)
    assert report.rejected == {
        "plugin_error": 3,
        "no_consent": 1,
        "too_large": 1,
        "no_identifier": 1,
        "unsupported_action": 1,
    }
    shown = str(report.rejections.to_dicts()) + repr(report) + str(journal.actions().to_dicts())
    assert "@shop.example" not in shown
    assert states(journal) == dict.fromkeys(
        ["bug", "refusal", "other id", "no json", "large", "nobody", "1"], "rejected"
    )


def test_a_batch_that_was_not_taken_is_sent_again_after_a_while(journal, clock):
    channel = channel_that()
    channel.fail_next(RetryableError("busy"), times=3)
    channel.fail_next(RateLimitedError("slow down", retry_after=90))
    report = dispatch(letters(1, 2), channel, journal, clock=clock)
    assert report.states == {"accepted": 2}
    assert len(clock.slept) == 4
    assert clock.slept[-1] == 90
    assert sorted(clock.slept[:3]) == clock.slept[:3] or max(clock.slept[:3]) < 6
    assert channel.world.doubles == {}


@pytest.mark.parametrize(
    "error", [RetryableError("busy"), RateLimitedError("tomorrow", retry_after=9_000)]
)
def test_when_patience_is_over_what_is_left_stays_planned(journal, clock, error):
    channel = channel_that()
    channel.fail_next(error, times=1_000)
    report = dispatch(letters(*range(9)), channel, journal, patience=120, clock=clock)
    assert report.states == {"planned": 9}
    assert report.stopped == str(error)
    assert sum(clock.slept) <= 120
    assert not report.is_complete
    with pytest.raises(type(error)):
        report.raise_for_stop()
    assert journal.counts() == {"planned": 9}
    after = dispatch(letters(*range(9)), channel_that(world=channel.world), journal, clock=clock)
    assert after.states == {"accepted": 9}


@pytest.mark.parametrize("error", [AuthenticationError("who?"), DefinitionError("no such list")])
def test_what_a_person_must_mend_stops_the_call_and_loses_nothing(journal, clock, error):
    channel = channel_that()
    channel.fail_next(error)
    report = dispatch(letters(*range(6)), channel, journal, clock=clock)
    assert report.states == {"planned": 6}
    assert report.stopped == str(error)
    assert (channel.world.calls, clock.slept) == (1, [])
    assert dispatch(letters(*range(6)), channel, journal, clock=clock).states == {"accepted": 6}


@pytest.mark.parametrize("refusal", ["by_row", "named", "nothing"])
def test_one_bad_row_never_takes_its_batch_down(journal, clock, refusal):
    channel = channel_that(refused={3: "blocked", 11: "blocked"}, refusal=refusal, max_rows=16)
    report = dispatch(letters(*range(16)), channel, journal, clock=clock)
    assert report.states == {"accepted": 14, "rejected": 2}
    assert sorted(report.rejections["customer_id"]) == ["11", "3"]
    assert channel.world.doubles == {}
    # Halved four times for each of two.
    assert channel.world.calls <= {"by_row": 1, "named": 2, "nothing": 17}[refusal]


def test_a_channel_that_refuses_everything_is_not_asked_for_ever(journal, clock, monkeypatch):
    monkeypatch.setattr(submitting, "REFUSED", 5)
    channel = channel_that(max_rows=1_000)
    channel.fail_next(RejectedError("no such list", code="404"), times=10_000)
    report = dispatch(letters(*range(100)), channel, journal, clock=clock)
    assert channel.world.calls == 5
    assert report.states == {"planned": 100}
    assert report.stopped == "no such list"


def test_what_is_in_doubt_is_held_where_it_could_happen_twice(journal, clock):
    channel = channel_that()
    channel.fail_next(UnknownOutcomeError("silence"), carried_out=2)
    report = dispatch(letters(*range(8)), channel, journal, clock=clock)
    assert report.states == {"accepted": 4, "unknown": 4}
    assert not report.is_complete
    again = dispatch(letters(*range(8)), channel, journal, clock=clock)
    assert (again.already_done, again.states) == (4, {"unknown": 4})
    assert channel.world.counts.total() == 6
    listed = journal.actions("memory", states=["unknown"])
    assert listed["customer_id"].to_list() == ["0", "1", "2", "3"]
    journal.resolve("memory", listed["id"].to_list()[2:], "planned")
    journal.resolve("memory", listed["id"].to_list()[:2], "accepted")
    assert dispatch(letters(*range(8)), channel, journal, clock=clock).states == {"accepted": 2}
    assert channel.world.doubles == {}


@pytest.mark.parametrize("idempotent", ["action", "batch"])
def test_what_is_in_doubt_is_sent_again_where_that_does_no_harm(journal, clock, idempotent):
    channel = channel_that(idempotent=idempotent)
    channel.fail_next(UnknownOutcomeError("silence"), carried_out=2, times=2)
    report = dispatch(letters(*range(4)), channel, journal, clock=clock)
    assert report.states == {"accepted": 4}
    assert channel.world.calls == 3
    assert channel.world.doubles == {}
    assert {act.key for act in channel.world.acts} == {channel.world.acts[0].key}


def test_without_any_answer_the_call_stops_before_all_is_in_doubt(journal, clock):
    channel = channel_that(max_rows=1)
    channel.fail_next(UnknownOutcomeError("silence"), times=1_000)
    report = dispatch(letters(*range(50)), channel, journal, clock=clock)
    assert report.states == {"unknown": 5, "planned": 45}
    assert report.stopped == "silence"


def test_what_is_no_error_of_a_channel_stops_the_call_and_names_it(journal, clock):
    channel = channel_that()
    channel.fail_next(KeyError("a@b.example"), carried_out=None)
    report = dispatch(letters(*range(6)), channel, journal, clock=clock)
    assert report.states == {"unknown": 4, "planned": 2}
    assert isinstance(report.error, PluginError)
    assert "'memory' raised KeyError" in str(report.stopped)
    assert "a@b.example" not in str(report.stopped)


def test_a_channel_that_gives_no_receipt_is_told_so(journal, clock):
    channel = channel_that()
    channel.submit = lambda *_, **__: None
    report = dispatch(letters(1), channel, journal, clock=clock)
    assert report.states == {"unknown": 1}
    assert "gave NoneType" in str(report.stopped)


def test_a_look_up_settles_doubts_but_believes_in_nothing_only_after_a_minute(journal, clock):
    channel = channel_that(lookup=True)
    channel.fail_next(UnknownOutcomeError("silence"), carried_out=3)
    dispatch(letters(*range(4)), channel, journal, clock=clock)
    early = settle(channel, journal, clock=clock)
    assert early.states == {"accepted": 3, "unknown": 1}
    clock.advance(60)
    report = dispatch(letters(*range(4)), channel, journal, clock=clock)
    assert (report.already_done, report.states) == (3, {"accepted": 1})
    assert channel.world.doubles == {}


def test_a_batch_in_doubt_goes_again_whole_under_its_key_or_not_at_all(journal, clock):
    channel = channel_that(idempotent="batch", idempotency_seconds=3_600)
    channel.fail_next(UnknownOutcomeError("silence"), carried_out=2, times=3)
    assert dispatch(letters(*range(4)), channel, journal, clock=clock).states == {"unknown": 4}
    key = channel.world.acts[0].key
    part = dispatch(letters(0, 1, 2), channel, journal, clock=clock)
    assert part.states == {"unknown": 3}
    other = dispatch([*letters(0, 1, 2), *letters(3, text="New")], channel, journal, clock=clock)
    assert other.states == {"unknown": 4}
    # In any order, and with others between.
    report = dispatch(letters(3, 9, 2, 1, 8, 0), channel, journal, clock=clock)
    assert report.states == {"accepted": 6}
    assert [act.key for act in channel.world.acts if act.body["customer_id"] < 4] == [key] * 4
    assert channel.world.doubles == {}


def test_a_key_that_the_outside_system_has_forgotten_is_not_used_again(journal, clock):
    channel = channel_that(idempotent="batch", idempotency_seconds=3_600)
    channel.fail_next(UnknownOutcomeError("silence"), carried_out=None, times=3)
    dispatch(letters(*range(4)), channel, journal, clock=clock)
    clock.advance(3_600)
    assert dispatch(letters(*range(4)), channel, journal, clock=clock).states == {"unknown": 4}
    assert channel.world.calls == 3


def test_a_key_is_not_used_any_more_when_it_ends_while_waiting(journal, clock):
    channel = channel_that(idempotent="batch", idempotency_seconds=60)
    channel.fail_next(UnknownOutcomeError("silence"), carried_out=None)
    channel.fail_next(RetryableError("busy"), times=100)
    report = dispatch(letters(*range(4)), channel, journal, clock=clock)
    assert report.states == {"unknown": 4}
    assert channel.world.doubles == {}


def members(*customers, mode="replace", campaign="sync"):
    return [
        AddToAudience(
            campaign=campaign,
            customer_id=one,
            email=f"{one}@shop.example",
            audience="lapsed",
            mode=mode,
        )
        for one in customers
    ]


def last_batch(channel):
    key = channel.world.acts[-1].key
    return [act.body["customer_id"] for act in channel.world.acts if act.key == key]


def test_an_audience_is_replaced_whole_or_not_at_all(journal, clock):
    channel = channel_that(max_rows=20, refused={7: "unknown_person"})
    report = dispatch(members(*range(10)), channel, journal, batch_rows=3, clock=clock)
    assert report.states == {"accepted": 9, "rejected": 1}
    assert report.batches == 1
    # One is new: those that are in it already go along, or they would be out.
    report = dispatch(members(*range(11)), channel, journal, clock=clock)
    assert (report.already_done, report.states) == (9, {"accepted": 1})
    assert last_batch(channel) == [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]
    calls = channel.world.calls
    dispatch(members(*range(11)), channel, journal, clock=clock)
    assert channel.world.calls == calls


@pytest.mark.parametrize("idempotent", ["no", "batch"])
def test_a_replacement_in_doubt_is_made_again_whole(journal, clock, idempotent):
    channel = channel_that(max_rows=20, idempotent=idempotent)
    channel.fail_next(UnknownOutcomeError("silence"), carried_out=0, times=3)
    dispatch(members(*range(5)), channel, journal, clock=clock)
    assert "accepted" not in journal.counts()
    for _ in range(3):
        dispatch(members(*range(6)), channel, journal, clock=clock)
    assert states(journal) == dict.fromkeys("012345", "accepted")
    assert sorted(last_batch(channel)) == [0, 1, 2, 3, 4, 5]


def test_a_replacement_is_not_halved_and_not_cut(journal, clock):
    channel = channel_that(max_rows=20)
    channel.fail_next(RejectedError("too few", code="too_few"))
    report = dispatch(members(*range(10)), channel, journal, clock=clock)
    assert (channel.world.calls, report.rejected) == (1, {"too_few": 10})
    report = dispatch(members(*range(21), campaign="large"), channel, journal, clock=clock)
    assert (channel.world.calls, report.rejected) == (1, {"audience_too_large": 21})


def test_a_replacement_of_which_not_all_was_read_is_not_sent(journal, clock):
    channel = channel_that(max_rows=20)
    channel.fail_next(AuthenticationError("who?"))
    actions = [*members(*range(4)), *letters(*range(4)), *members(5)]
    report = dispatch(actions, channel, journal, clock=clock)
    assert report.states == {"planned": 9}
    assert channel.world.calls == 1


def test_a_task_goes_after_the_deal_that_it_belongs_to(journal, clock):
    due = dt.datetime(2026, 9, 30, tzinfo=dt.UTC)
    actions = []
    for one in range(10):
        contact = {"campaign": "call", "customer_id": one, "email": f"{one}@shop.example"}
        deal = CreateDeal(**contact, title="Call")
        task = CreateTask(**contact, title="Call", due_at=due, deal=deal.id)
        actions += [task, deal] if one % 2 else [deal, task]
    channel = channel_that(max_rows=4, parallel=3)
    report = dispatch(actions, channel, journal, clock=clock)
    assert report.states == {"accepted": 20}
    done = {}
    for place, act in enumerate(channel.world.acts):
        done[(act.group, act.body["customer_id"])] = place
    before = [one for one in range(10) if done["create_deal", one] < done["create_task", one]]
    assert set(range(0, 10, 2)) <= set(before)


@pytest.mark.parametrize("parallel", [1, 4])
def test_batches_keep_to_rows_bytes_and_groups(journal, clock, parallel):
    sizes = []

    class Weighing(MemoryChannel):
        def submit(self, batch, *, idempotency_key):
            sizes.append((batch.group, len(batch), sum(row.size for row in batch)))
            return super().submit(batch, idempotency_key=idempotency_key)

    channel = Weighing(
        capabilities=dataclasses.replace(ANYTHING, max_rows=5, max_bytes=500, parallel=parallel)
    )
    actions = [*letters(*range(30)), *members(*range(30), mode="add")]
    report = dispatch(actions, channel, journal, clock=clock)
    assert report.states == {"accepted": 60}
    assert {group for group, _, _ in sizes} == {"send_message", "add_to_audience:lapsed:add"}
    assert all(rows <= 5 and size <= 500 for _, rows, size in sizes)
    assert report.batches == len(sizes) < 40


def test_a_large_batch_waits_on_disk_and_comes_out_the_same(journal, clock):
    channel = channel_that(max_rows=20_000, refused={11_000: "blocked"}, refusal="named")
    actions = [
        SendMessage(
            campaign="hello", customer_id=one, email="a@b.example", variables={"имя": [one, None]}
        )
        for one in range(6_000, 13_000)
    ]
    report = dispatch((one for one in actions), channel, journal, clock=clock)
    assert report.states == {"accepted": 6_999, "rejected": 1}
    assert [act.body["variables"]["имя"][0] for act in channel.world.acts] == [
        one for one in range(6_000, 13_000) if one != 11_000
    ]
    assert channel.world.calls == 2


def test_progress_adds_up_and_knows_the_whole_where_there_is_one(journal, clock):
    told = []
    channel = channel_that()
    dispatch(letters(*range(10)), channel, journal, on_progress=told.append, clock=clock)
    assert [one.done for one in told] == [4, 8, 10, 10]
    assert {one.total for one in told} == {10}
    assert told[-1].share == 1.0
    assert told[-1].states == {"accepted": 10}
    told.clear()
    dispatch(iter(letters(11)), channel, journal, on_progress=told.append, clock=clock)
    assert told[-1].total is None
    assert told[-1].share is None


def test_observers_are_told_and_can_break_nothing(journal, clock, caplog):
    events = []

    class Watching:
        def delivered(self, event):
            events.append(dict(event))
            event.clear()

    class Broken:
        def delivered(self, event):
            raise RuntimeError(f"secret of {event}")

    with caplog.at_level(logging.WARNING):
        report = dispatch(
            letters(*range(5)),
            channel_that(),
            journal,
            observers=[Broken(), Watching()],
            clock=clock,
        )
    assert report.states == {"accepted": 5}
    assert [(one["what"], one["states"]) for one in events] == [
        ("batch", {"accepted": 4}),
        ("batch", {"accepted": 1}),
        ("run", {"accepted": 5}),
    ]
    assert {(one["channel"], *one["campaigns"]) for one in events} == {("memory", "hello")}
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_counts_of_requests_are_kept_in_the_journal(journal, clock):
    for customer in (1, 2):
        limiter = Limiter("acme", [Window(1, 60)], clock=clock)
        channel = channel_that(limiter=limiter)
        dispatch(letters(customer), channel, journal, clock=clock)
    assert clock.slept == [pytest.approx(60, abs=0.01)]


def test_what_comes_later_is_pending_until_it_is_asked_for(journal, clock):
    channel = channel_that(results="later", refused={2: "blocked"})
    report = dispatch(letters(1, 2, 3), channel, journal, clock=clock)
    assert report.states == {"pending": 2, "rejected": 1}
    assert settle(channel, journal, clock=clock).states == {"accepted": 2}
    assert states(journal) == {"1": "accepted", "2": "rejected", "3": "accepted"}
    assert settle(channel, journal, clock=clock).handed_in == 0
    dispatch(letters(4), channel, journal, clock=clock)
    assert dispatch(letters(4), channel, journal, clock=clock).already_done == 1


@pytest.mark.parametrize(
    ("error", "stops"),
    [(RetryableError("busy"), False), (AuthenticationError("who?"), True), (ValueError("x"), True)],
)
def test_a_poll_that_fails_is_made_another_time(journal, clock, error, stops):
    channel = channel_that(results="later")
    dispatch(letters(1), channel, journal, clock=clock)
    poll, channel.poll = channel.poll, Mock(side_effect=error)
    report = settle(channel, journal, clock=clock)
    assert (report.stopped is not None) == stops
    assert states(journal) == {"1": "pending"}
    channel.poll = poll
    assert settle(channel, journal, clock=clock).states == {"accepted": 1}


def test_rows_of_which_a_receipt_says_that_they_did_not_happen_go_again(journal, clock):
    class Halfhearted(MemoryChannel):
        def submit(self, batch, *, idempotency_key):
            rows = list(batch)
            if len(rows) > 1:
                self.world.came_in()
                self.world.carry_out(rows[:1], key=idempotency_key, by="no")
                left = {row.id: Outcome(row.id, "planned", code="limit") for row in rows[1:]}
                return Receipt(left)
            return super().submit(rows, idempotency_key=idempotency_key)

    channel = Halfhearted(capabilities=ANYTHING)
    report = dispatch(letters(*range(4)), channel, journal, clock=clock)
    assert report.states == {"accepted": 4}
    assert sent_to(channel) == [0, 1, 2, 3]
    assert len(clock.slept) == 3


def test_a_channel_that_never_gets_on_stops_the_call(journal, clock):
    channel = channel_that()
    channel.submit = lambda *_, **__: Receipt(rest="planned")
    report = dispatch(letters(*range(6)), channel, journal, patience=60, clock=clock)
    assert report.states == {"planned": 6}
    assert "did not get on" in str(report.stopped)
    assert states(journal) == dict.fromkeys("012345", "planned")


def test_an_iterable_that_breaks_leaves_everything_to_be_gone_on_with(journal, clock):
    channel = channel_that(max_rows=300)

    def broken():
        yield from letters(*range(1_200))
        raise ConnectionError("the source is gone")

    with pytest.raises(ConnectionError):
        dispatch(broken(), channel, journal, clock=clock)
    assert journal.counts() == {"accepted": 900, "planned": 100}
    report = dispatch(letters(*range(1_200)), channel, journal, clock=clock)
    assert (report.already_done, report.states) == (900, {"accepted": 300})
    assert channel.world.doubles == {}


@pytest.mark.parametrize("at", range(1, 12))
def test_a_journal_that_cannot_be_written_stops_the_call_and_the_counts_add_up(journal, clock, at):
    channel = channel_that()
    write, count = journal._book.write, 0

    def full(change, **given):
        nonlocal count
        count += 1
        if count == at:
            raise JournalError("The journal has no room.", code="full")
        return write(change, **given)

    with journal.run("memory"):
        pass
    journal._book.write = full
    try:
        report = dispatch(letters(*range(8)), channel, journal, clock=clock)
    except JournalError:
        # It could not even begin, or end.
        report = None
    if report is not None:
        assert sum(report.states.values()) == report.handed_in
        assert report.stopped is None or "no room" in report.stopped
    journal._book.write = write
    dispatch(letters(*range(8)), channel, journal, clock=clock)
    in_doubt = journal.counts().get("unknown", 0)
    assert channel.world.doubles == {}
    assert journal.counts().get("accepted", 0) + in_doubt == 8


def test_a_dry_run_says_what_would_be_done_and_does_nothing(journal, clock):
    channel = channel_that(refused={4: "blocked"})
    dispatch(letters(1, 4), channel, journal, clock=clock)
    before, calls = journal.actions().rows(), channel.world.calls
    actions = [
        *letters(1, 2, 2, 4),
        SendMessage(campaign="hello", customer_id=3, text="Hi"),
        *letters(5, 6),
    ]

    def allow(action):
        return "withdrawn" if action.customer_id == 5 else None

    found = dry_run(actions, channel, journal, allow=allow, clock=clock)
    assert found.table.select("customer_id", "what", "code").rows() == [
        ("1", "already_done", ""),
        ("2", "send", ""),
        ("2", "duplicates", ""),
        ("4", "already_rejected", ""),
        ("3", "rejected", "no_identifier"),
        ("5", "suppressed", "withdrawn"),
        ("6", "send", ""),
    ]
    assert found.counts["send"] == 2
    assert "shop.example" not in repr(found)
    assert (journal.actions().rows(), channel.world.calls) == (before, calls)
    assert dry_run([], channel).table.shape == (0, 7)
    report = dispatch(actions, channel, journal, allow=allow, clock=clock)
    assert report.states == {"accepted": 2, "rejected": 1, "suppressed": 1}


@pytest.mark.parametrize("given", [{"batch_rows": 0}, {"patience": -1}, {"patience": float("nan")}])
def test_parameters_are_checked_before_anything_is_sent(journal, clock, given):
    channel = channel_that()
    with pytest.raises(DefinitionError):
        dispatch(letters(1), channel, journal, clock=clock, **given)
    assert channel.world.calls == 0


def test_nothing_handed_in_is_nothing_done(journal, clock):
    report = dispatch([], channel_that(), journal, clock=clock)
    assert (report.handed_in, report.states, report.is_complete) == (0, {}, True)
    assert str(report) == "memory: 0 actions: none."
