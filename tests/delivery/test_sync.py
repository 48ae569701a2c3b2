"""Audiences kept equal to who should be in them, in an outside world that forgets nothing."""

import datetime as dt
import hashlib
import json

import polars as pl
import pytest

from retention_kit.delivery.audiences.forgetting import forget_member
from retention_kit.delivery.audiences.guarding import LargeRemovalError
from retention_kit.delivery.audiences.report import SyncReport
from retention_kit.delivery.audiences.state import AudienceState
from retention_kit.delivery.audiences.synchronising import sync
from retention_kit.delivery.channels import Capabilities
from retention_kit.delivery.journal import Journal
from retention_kit.delivery.outcomes import Outcome, Payload, Receipt, Rejection
from retention_kit.errors import (
    ColumnTypeError,
    DataWarning,
    DefinitionError,
    MissingColumnError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
)
from retention_kit.testing.clocks import ManualClock

AS_OF = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
ALL_MODES = frozenset({"add", "remove", "replace"})


def mark(contact):
    return hashlib.sha256(contact.encode()).hexdigest()[:12]


class Cabinet:
    """An advertising cabinet: audiences are sets of marks, and changes take a while."""

    def __init__(self, polls=0):
        self.audiences = {}
        self.calls = []
        self.polls = polls
        self.left = 0
        self.next = None

    def change(self, what, audience, rows):
        self.calls.append((what, len(rows)))
        marks = {value for row in rows for value in row.values()}
        there = self.audiences.setdefault(audience, set())
        after = {"add": there | marks, "remove": there - marks, "replace": marks}[what]
        if self.polls:
            self.next, self.left = (audience, after), self.polls
        else:
            self.audiences[audience] = after

    def poll(self):
        if self.next is not None:
            self.left -= 1
            if self.left <= 0:
                audience, after = self.next
                self.audiences[audience], self.next = after, None
        return self.next is None


class CabinetChannel:
    """Speaks with a cabinet; `faults` are errors by the number of the call."""

    limiter = None

    def __init__(self, cabinet, *, modes=ALL_MODES, refused=(), smallest=0, looks=False):
        self.name = "cabinet.shop"
        self.cabinet = cabinet
        self.refused = set(refused)
        self.before = []
        self.after = []
        kinds = {"add": "add_to_audience", "remove": "remove_from_audience"}
        self.capabilities = Capabilities(
            actions=frozenset({kinds[one] for one in modes & {"add", "remove"}} | {kinds["add"]}),
            max_rows=1_000,
            idempotent="action",
            results="later" if cabinet.polls else "at_once",
            identifiers=frozenset({"email", "phone", "email_mark", "phone_mark"}),
            smallest_audience=smallest,
            audience_modes=modes,
        )
        if looks:
            self.audience = self._audience

    def prepare(self, action):
        body = {}
        for name in ("email", "phone"):
            kept = action.identifiers.get(f"{name}_mark")
            contact = getattr(action, name)
            if kept or contact:
                body[name] = kept or mark(contact)
        if not body:
            return Rejection(action.id, "no_identifier")
        verb = "remove" if action.kind == "remove_from_audience" else action.mode
        keep = {f"{name}_mark": value for name, value in body.items()}
        return Payload(action.id, body, group=f"{verb}:{action.audience}", keep=keep)

    def submit(self, batch, *, idempotency_key):
        if self.before:
            raise self.before.pop(0)
        if self.cabinet.next is not None:
            raise RetryableError("Still at work.")
        verb, _, audience = batch.group.partition(":")
        taken = [row for row in batch if not self.refused & set(row.body.values())]
        self.cabinet.change(verb, audience, [row.body for row in taken])
        if self.after:
            raise self.after.pop(0)
        named = {row.id for row in taken}
        refused = {
            row.id: Outcome(row.id, "rejected", code="bad_contact")
            for row in batch
            if row.id not in named
        }
        if self.cabinet.polls:
            return Receipt(refused, rest="pending", token="{}", poll_after=30.0)
        return Receipt(refused)

    def poll(self, receipt):
        if self.cabinet.poll():
            return Receipt()
        return Receipt(rest="pending", token="{}", poll_after=30.0)

    def _audience(self, name):
        if name not in self.cabinet.audiences:
            return None
        size = len(self.cabinet.audiences[name])
        return AudienceState("1", "ready", ready=True, failed=False, too_small=False, size=size)

    def close(self):
        pass


def people(*numbers, domain="shop.example", phones=False):
    return pl.DataFrame(
        {
            "customer_id": list(numbers),
            "email": [f"{number}@{domain}" for number in numbers],
            "phone": [f"+7900{number:07d}" if phones else None for number in numbers],
        },
        schema={"customer_id": pl.Int64, "email": pl.String, "phone": pl.String},
    )


def marks_of(*numbers, domain="shop.example"):
    return {mark(f"{number}@{domain}") for number in numbers}


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def journal(clock):
    with Journal("sqlite://", clock=clock) as journal:
        yield journal


@pytest.fixture
def cabinet():
    return Cabinet()


@pytest.fixture
def synced(journal, clock, cabinet):
    def run(members, *, channel=None, audience="vip", **options):
        options = {"consents": None, "clock": clock, "largest_removal": 1.0} | options
        chosen = CabinetChannel(cabinet) if channel is None else channel
        return sync(members, chosen, audience, journal, **options)

    return run


def test_who_is_new_joins_and_who_is_there_is_not_sent_again(synced, cabinet):
    first = synced(people(1, 2, 3))
    assert (first.wanted, first.joining, first.added, first.members) == (3, 3, 3, 3)
    again = synced(people(1, 2, 3))
    assert (again.unchanged, again.added, again.is_complete) == (3, 0, True)
    assert cabinet.calls == [("add", 3)]
    assert cabinet.audiences["vip"] == marks_of(1, 2, 3)


def test_who_left_and_comes_back_is_put_in_again_each_time(synced, cabinet):
    for _ in range(3):
        synced(people(1, 2))
        assert cabinet.audiences["vip"] == marks_of(1, 2)
        report = synced(people(2))
        assert (report.leaving, report.removed, report.members) == (1, 1, 1)
        assert cabinet.audiences["vip"] == marks_of(2)


def test_keys_are_compared_as_texts_in_the_database_too(synced, cabinet):
    numbers = [1, 2, 9, 10, 11, 99, 100, 1000, 20000]
    synced(people(*numbers))
    report = synced(people(*numbers[::2]))
    assert (report.unchanged, report.leaving, report.joining) == (5, 4, 0)
    assert cabinet.audiences["vip"] == marks_of(*numbers[::2])
    texts = people(*numbers).with_columns(pl.col("customer_id").cast(pl.String))
    # 7 and "7" are two customers.
    assert synced(texts, audience="other").joining == len(numbers)


def test_old_contacts_leave_before_new_ones_join(synced, cabinet):
    synced(people(1, 2))
    moved = pl.concat([people(1, domain="new.example"), people(2)])
    report = synced(moved)
    assert (report.moved, report.removed, report.added, report.leaving) == (1, 1, 1, 0)
    assert cabinet.calls[1:] == [("remove", 1), ("add", 1)]
    assert cabinet.audiences["vip"] == marks_of(1, domain="new.example") | marks_of(2)


def test_a_contact_shared_with_one_who_leaves_is_put_in_again(synced, cabinet):
    family = people(1, 2, 3).with_columns(email=pl.lit("family@shop.example"))
    synced(family)
    report = synced(family.filter(pl.col("customer_id") != 2))
    assert (report.leaving, report.shared, report.unchanged) == (1, 2, 2)
    assert cabinet.audiences["vip"] == {mark("family@shop.example")}
    assert synced(family.head(1)).leaving == 1
    assert cabinet.audiences["vip"] == {mark("family@shop.example")}


def test_a_kill_between_taking_out_and_putting_in_again_loses_no_shared_contact(synced, cabinet):
    family = people(1, 2).with_columns(email=pl.lit("family@shop.example"))
    synced(family)
    channel = CabinetChannel(cabinet)
    channel.before = [None]

    class OnlyRemovals(CabinetChannel):
        def submit(self, batch, *, idempotency_key):
            if batch.group.startswith("add"):
                raise KeyboardInterrupt
            return super().submit(batch, idempotency_key=idempotency_key)

    with pytest.raises(KeyboardInterrupt):
        synced(family.head(1), channel=OnlyRemovals(cabinet))
    assert cabinet.audiences["vip"] == set()
    synced(family.head(1))
    assert cabinet.audiences["vip"] == {mark("family@shop.example")}


def decisions(*rows):
    return pl.DataFrame(
        [(customer, "cabinet", status, AS_OF - dt.timedelta(days=1), purpose)
         for customer, status, purpose in rows],
        schema={
            "customer_id": pl.Int64,
            "channel": pl.String,
            "status": pl.String,
            "decided_at": pl.Datetime("us", "UTC"),
            "purpose": pl.String,
        },
        orient="row",
    )  # fmt: skip


def test_who_has_not_consented_to_be_shared_is_left_out_and_counted(synced, cabinet):
    consents = decisions(
        (1, "granted", "advertising"), (2, "granted", "messages"), (3, "withdrawn", "advertising")
    )
    report = synced(people(1, 2, 3, 4), consents=consents, as_of=AS_OF)
    assert (report.wanted, report.without_consent, report.joining) == (4, 3, 1)
    assert cabinet.audiences["vip"] == marks_of(1)


@pytest.mark.parametrize("mode", ["mirror", "add_only", "replace"])
def test_who_withdraws_consent_leaves_in_every_mode(synced, cabinet, mode):
    granted = [(number, "granted", "advertising") for number in range(4)]
    synced(people(*range(4)), consents=decisions(*granted), as_of=AS_OF, mode=mode)
    withdrawn = decisions(*granted[:3], (3, "withdrawn", None))
    # The share that may leave at once says nothing of them.
    still = people(*range(4)) if mode == "mirror" else people(*range(3))
    report = synced(still, consents=withdrawn, as_of=AS_OF, mode=mode, largest_removal=0.0)
    assert (report.leaving, report.withdrawn, report.removed) == (1, 1, 1)
    assert cabinet.audiences["vip"] == marks_of(0, 1, 2)


def test_who_withdrew_consent_leaves_though_it_was_refused_before(synced, cabinet):
    granted = [(number, "granted", "advertising") for number in range(4)]
    synced(people(*range(4)), consents=decisions(*granted), as_of=AS_OF)
    withdrawn = decisions(*granted[:3], (3, "withdrawn", None))
    refusing = CabinetChannel(cabinet, refused=marks_of(3))
    refused = synced(people(*range(4)), consents=withdrawn, as_of=AS_OF, channel=refusing)
    assert (refused.removed, dict(refused.rejected)) == (0, {"bad_contact": 1})
    again = synced(people(*range(4)), consents=withdrawn, as_of=AS_OF)
    assert (again.leaving, again.removed) == (1, 1)
    assert cabinet.audiences["vip"] == marks_of(0, 1, 2)


def test_a_large_removal_is_refused_before_anything_is_sent(synced, cabinet):
    synced(people(*range(10)))
    with pytest.raises(LargeRemovalError, match=r"6 of 10 .*60.0%.*allows 50.0%") as caught:
        synced(people(*range(4), 99), largest_removal=0.5)
    assert (caught.value.leaving, caught.value.members) == (6, 10)
    assert len(cabinet.calls) == 1
    synced(people(*range(5)), largest_removal=0.5)
    assert cabinet.audiences["vip"] == marks_of(*range(5))


def test_add_only_lets_nobody_leave(synced, cabinet):
    synced(people(1, 2), mode="add_only")
    report = synced(people(2, 3), mode="add_only")
    assert (report.kept, report.added, report.leaving) == (1, 1, 0)
    assert cabinet.audiences["vip"] == marks_of(1, 2, 3)


def test_replace_sends_the_whole_where_single_ones_cannot_leave(synced, cabinet):
    channel = CabinetChannel(cabinet, modes=frozenset({"replace"}))
    synced(people(1, 2, 3), mode="replace", channel=channel)
    assert synced(people(1, 2, 3), mode="replace", channel=channel).deliveries == ()
    report = synced(people(2, 3, 4), mode="replace", channel=channel)
    assert (report.unchanged, report.joining, report.leaving, report.removed) == (2, 1, 1, 1)
    assert cabinet.calls == [("replace", 3), ("replace", 3)]
    assert cabinet.audiences["vip"] == marks_of(2, 3, 4)
    with pytest.raises(DefinitionError, match="nothing cannot replace"):
        synced(people(), mode="replace", channel=channel)


def test_modes_follow_each_other_without_sending_anybody_twice(synced, cabinet):
    synced(people(1, 2, 3))
    synced(people(1, 2, 3), mode="replace")
    synced(people(2, 3), mode="replace")
    synced(people(2, 3))
    synced(people(1, 2, 3))
    assert cabinet.calls == [("add", 3), ("replace", 2), ("add", 1)]


@pytest.mark.parametrize("carried_out", [True, False])
def test_after_a_lost_replacement_another_whole_makes_sure(synced, cabinet, carried_out):
    synced(people(1, 2), mode="replace")
    channel = CabinetChannel(cabinet)
    lost = [UnknownOutcomeError("Lost.")] * 3
    channel.after, channel.before = (lost, []) if carried_out else ([], lost)
    moved = pl.concat([people(1, domain="new.example"), people(2)])
    assert synced(moved, channel=channel, mode="replace").unsure == 2
    report = synced(moved)
    assert (report.is_complete, cabinet.calls[-1]) == (True, ("replace", 2))
    assert cabinet.audiences["vip"] == marks_of(1, domain="new.example") | marks_of(2)
    assert synced(moved).deliveries == ()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "retention_kit.delivery.audiences.members.MemberList.is_unsure", lambda _: True
        )
        with pytest.raises(DefinitionError, match="1,001 customers are more than the 1,000"):
            synced(people(*range(1_001)))
    channel.after = list(lost) if carried_out else []
    channel.before = [] if carried_out else list(lost)
    synced(people(2), channel=channel, mode="replace")
    # Nobody is wanted any more, and no whole can be made of nobody.
    synced(people())
    assert cabinet.audiences["vip"] == set()


def test_a_mode_that_the_channel_cannot_is_refused(synced, cabinet):
    channel = CabinetChannel(cabinet, modes=frozenset({"add"}))
    with pytest.raises(DefinitionError, match="'add_only' on cabinet.shop, which can add"):
        synced(people(1), channel=channel)
    assert synced(people(1), channel=channel, mode="add_only").added == 1


def test_a_rejected_row_is_never_marked_as_done(synced, cabinet):
    channel = CabinetChannel(cabinet, refused=marks_of(2))
    report = synced(people(1, 2), channel=channel)
    assert (report.added, report.not_accepted, dict(report.rejected)) == (1, 1, {"bad_contact": 1})
    again = synced(people(1, 2), channel=channel)
    assert (again.unchanged, again.joining, again.added) == (1, 1, 0)
    assert len(cabinet.calls) == 1
    mended = pl.concat([people(1), people(2, domain="mended.example")])
    assert synced(mended, channel=channel).added == 1
    assert cabinet.audiences["vip"] == marks_of(1) | marks_of(2, domain="mended.example")


def test_a_removal_that_was_rejected_is_no_removal(synced, cabinet):
    synced(people(1, 2))
    channel = CabinetChannel(cabinet, refused=marks_of(1))
    report = synced(people(2), channel=channel)
    assert (report.leaving, report.removed, report.members) == (1, 0, 2)
    assert synced(people(2), channel=channel).removed == 0
    assert synced(people(2)).removed == 1


def test_new_contacts_wait_until_the_old_ones_could_be_taken_out(synced, cabinet):
    synced(people(1))
    stuck = CabinetChannel(cabinet, refused=marks_of(1))
    new = people(1, domain="new.example")
    report = synced(new, channel=stuck)
    assert (report.moved, report.removed, report.added) == (1, 0, 0)
    synced(new, retry_rejected=True)
    assert cabinet.audiences["vip"] == marks_of(1, domain="new.example")


def test_a_lost_answer_leaves_nobody_behind_who_is_not_wanted_any_more(synced, cabinet):
    channel = CabinetChannel(cabinet)
    channel.after = [UnknownOutcomeError("Lost.")] * 3
    lost = synced(people(1, 2), channel=channel)
    assert (lost.unsure, lost.added, lost.is_complete) == (2, 0, False)
    report = synced(people(2))
    assert cabinet.audiences["vip"] == marks_of(2)
    assert (report.added, report.removed, report.members) == (1, 1, 1)


def test_a_lost_removal_of_one_who_comes_back_is_made_good(synced, cabinet):
    synced(people(1, 2))
    channel = CabinetChannel(cabinet)
    channel.after = [UnknownOutcomeError("Lost.")] * 3
    assert synced(people(2), channel=channel).unsure == 1
    report = synced(people(1, 2))
    assert (report.moved, report.added) == (1, 1)
    assert cabinet.audiences["vip"] == marks_of(1, 2)


def test_what_certainly_did_not_happen_is_tried_again(synced, cabinet):
    channel = CabinetChannel(cabinet)
    channel.before = [RetryableError("Later.")] * 40
    report = synced(people(1), channel=channel, patience=60.0)
    assert report.stopped is not None
    assert (report.added, report.not_accepted, report.members) == (0, 1, 0)
    with pytest.raises(RetryableError):
        report.raise_for_stop()
    assert synced(people(1)).added == 1
    assert len(cabinet.calls) == 1


def test_a_change_waits_until_the_one_before_it_is_worked_out(journal, clock, synced):
    cabinet = Cabinet(polls=5)
    channel = CabinetChannel(cabinet)
    first = synced(people(1, 2), channel=channel, patience=0.0)
    assert (first.pending, first.added, first.waiting, first.is_complete) == (2, 0, False, False)
    waiting = synced(people(2, 3), channel=channel, patience=0.0)
    assert (waiting.waiting, waiting.wanted, len(cabinet.calls)) == (True, 0, 1)
    second = synced(people(2, 3), channel=channel, patience=10_000.0)
    assert (second.caught_up, second.removed, second.added, second.pending) == (2, 1, 1, 0)
    assert cabinet.audiences["vip"] == marks_of(2, 3)
    assert cabinet.calls == [("add", 2), ("remove", 1), ("add", 1)]
    assert max(clock.slept) <= 60.0


def test_those_who_join_wait_for_those_who_leave(synced):
    cabinet = Cabinet(polls=1)
    channel = CabinetChannel(cabinet)
    synced(people(1, 2), channel=channel)
    cabinet.polls = 4
    report = synced(people(2, 3), channel=channel, patience=40.0)
    assert (report.waiting, report.pending, report.added) == (True, 1, 0)
    assert "call again later" in str(report)
    assert synced(people(2, 3), channel=channel).added == 1
    assert cabinet.audiences["vip"] == marks_of(2, 3)


def test_an_audience_is_not_made_of_fewer_than_are_of_use(synced, cabinet):
    channel = CabinetChannel(cabinet, smallest=3)
    report = synced(people(1, 2), channel=channel)
    assert (report.held, report.below_minimum, cabinet.calls) == (2, True, [])
    assert "Below the minimum of 3" in str(report)
    assert synced(people(1, 2), channel=channel, allow_small=True).below_minimum
    assert synced(people(1, 2, 3), channel=channel).below_minimum is False
    # Where it is there, it may shrink: who is not wanted does not stay to fill it.
    assert synced(people(1), channel=channel).removed == 2


def test_an_audience_that_is_gone_is_not_made_of_a_mere_difference(synced, cabinet):
    channel = CabinetChannel(cabinet, looks=True)
    synced(people(1, 2), channel=channel)
    with pytest.raises(DefinitionError, match="False while the audience is there"):
        synced(people(1, 2), channel=channel, recreate=True)
    del cabinet.audiences["vip"]
    with pytest.raises(DefinitionError, match=r"gone outside, and 2 customers"):
        synced(people(1, 2, 3), channel=channel)
    report = synced(people(1, 2, 3), channel=channel, recreate=True)
    assert (report.added, report.state.size) == (3, 3)
    assert cabinet.audiences["vip"] == marks_of(1, 2, 3)


def test_one_who_is_forgotten_leaves_with_the_next_synchronisation(journal, synced, cabinet):
    assert forget_member(journal, 7) == {"audience_members": 0, "audience_members_nameless": 0}
    synced(people(1, 2, 3))
    synced(people(1, 2))
    assert forget_member(journal, 3) == {"audience_members": 1, "audience_members_nameless": 0}
    assert forget_member(journal, 2) == {"audience_members": 0, "audience_members_nameless": 1}
    journal.forget(2)
    report = synced(people(1), mode="add_only", largest_removal=0.0)
    assert (report.leaving, report.removed, report.members) == (1, 1, 1)
    assert cabinet.audiences["vip"] == marks_of(1)
    # Nothing is left of them, so they may come back as anybody.
    assert synced(people(1, 2)).added == 1
    assert cabinet.audiences["vip"] == marks_of(1, 2)


def test_one_who_is_forgotten_while_their_addition_is_pending_leaves_too(journal, clock, synced):
    cabinet = Cabinet(polls=3)
    channel = CabinetChannel(cabinet)
    synced(people(1, 2), channel=channel, patience=0.0)
    assert forget_member(journal, 2) == {"audience_members": 0, "audience_members_nameless": 1}
    journal.forget(2)
    synced(people(1), channel=channel, patience=10_000.0)
    assert cabinet.audiences["vip"] == marks_of(1)


def test_a_dry_run_counts_and_sends_nothing(synced, cabinet):
    synced(people(1, 2))
    report = synced(people(2, 3), dry_run=True)
    assert (report.joining, report.leaving, report.unchanged) == (1, 1, 1)
    assert (report.dry_run, report.is_complete, report.members) == (True, False, 2)
    assert len(cabinet.calls) == 1


def test_rows_that_cannot_be_used_are_counted_and_the_sum_is_whole(synced):
    rows = pl.concat([people(1, 2, 2), people(3).with_columns(email=pl.lit(None, pl.String))])
    report = synced(rows.lazy())
    assert (report.wanted, report.duplicates, dict(report.unusable)) == (
        3, 1, {"no_identifier": 1},
    )  # fmt: skip
    parts = (report.without_consent, report.unchanged, report.moved, report.joining)
    assert report.wanted == sum(parts) + sum(report.unusable.values())
    written = json.loads(report.to_json())
    assert (written["joining"], written["deliveries"][0]["channel"]) == (2, "cabinet.shop")
    assert "@" not in report.to_json()


def test_which_of_several_rows_counts_does_not_hang_on_their_order(synced, cabinet):
    rows = pl.concat([people(1, domain=domain) for domain in ("b.example", "a.example")])
    for table in (rows, rows.reverse(), rows):
        synced(table)
    assert cabinet.calls == [("add", 1)]
    assert cabinet.audiences["vip"] == marks_of(1, domain="a.example")


def test_one_whose_contacts_are_gone_is_taken_out_by_what_was_kept(synced, cabinet):
    synced(people(1, 2, phones=True))
    gone = people(1, 2).with_columns(
        pl.when(pl.col("customer_id") == 1).then("email").alias("email")
    )
    report = synced(gone)
    assert (report.leaving, report.moved, report.unusable["no_identifier"]) == (1, 1, 1)
    assert cabinet.audiences["vip"] == marks_of(1)


def test_kept_identifiers_hold_no_contact(journal, synced):
    synced(people(1, phones=True))
    with journal.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM audience_members").all()
    assert mark("1@shop.example") in str(rows)
    assert "shop.example" not in str(rows)
    assert "7900" not in str(rows)


def test_a_refusal_of_the_whole_batch_takes_nobody_else_down(synced, cabinet):
    channel = CabinetChannel(cabinet)
    channel.before = [RejectedError("Refused.", code="bad")]
    report = synced(people(1, 2), channel=channel)
    assert (report.added, cabinet.audiences["vip"]) == (2, marks_of(1, 2))


def test_two_processes_do_not_synchronise_one_audience_at_once(journal, synced):
    with journal.holding("audience:cabinet.shop:vip"), pytest.raises(RetryableError):
        synced(people(1))
    assert synced(people(1)).added == 1


def test_what_makes_no_sense_is_refused(synced, cabinet):
    for options in (
        {"mode": "mirrored"},
        {"audience": " "},
        {"largest_removal": 1.5},
        {"patience": -1.0},
        {"consents": decisions(), "as_of": None},
    ):
        with pytest.raises(DefinitionError):
            synced(people(1), **options)
    with pytest.raises(MissingColumnError, match="email"):
        synced(people(1).select("customer_id"))
    with pytest.raises(MissingColumnError, match="customer_id"):
        synced(people(1).select("email"))
    with pytest.raises(ColumnTypeError, match="whole numbers or texts"):
        synced(people(1).with_columns(pl.col("customer_id").cast(pl.Float64)))
    synced(people(1), campaign="spring")
    with pytest.raises(DefinitionError, match="'spring', under which this audience was begun"):
        synced(people(1), campaign="summer")
    assert len(cabinet.calls) == 1


def test_files_and_servers_keep_members_alike(url, clock, cabinet):
    channel = CabinetChannel(cabinet)
    numbers = [*range(1, 12), 100, 1_000]
    options = {"consents": None, "clock": clock, "largest_removal": 1.0}
    with Journal(url, clock=clock) as journal:
        sync(people(*numbers), channel, "vip", journal, **options)
        channel.after = [UnknownOutcomeError("Lost.")] * 3
        assert sync(people(*numbers[2:]), channel, "vip", journal, **options).unsure == 2
    with Journal(url, clock=clock) as journal:
        moved = pl.concat([people(*numbers[3:]), people(3, domain="new.example")])
        report = sync(moved, channel, "vip", journal, **options)
        assert (report.leaving, report.moved, report.unchanged) == (2, 1, len(numbers) - 3)
        expected = marks_of(*numbers[3:]) | marks_of(3, domain="new.example")
        assert cabinet.audiences["vip"] == expected
        sync(people(*numbers), channel, "vip", journal, mode="replace", **options)
        forget_member(journal, 100)
        journal.forget(100)
        left = [number for number in numbers if number != 100]
        report = sync(people(*left), channel, "vip", journal, **options)
        assert (report.withdrawn, report.unchanged) == (1, len(left))
    assert cabinet.audiences["vip"] == marks_of(*left)


@pytest.mark.parametrize("rows", [9, 10, 11, 250])
def test_parts_that_are_sorted_one_by_one_come_in_order(synced, cabinet, monkeypatch, rows):
    monkeypatch.setattr("retention_kit.delivery.audiences.wanted._PART", 10)
    monkeypatch.setattr("retention_kit.delivery.audiences.wanted._SLICE", 3)
    monkeypatch.setattr("retention_kit.delivery.audiences.members._PAGE", 7)
    shuffled = people(*range(rows)).sample(fraction=1.0, shuffle=True, seed=rows)
    twice = pl.concat([shuffled, shuffled.head(5)])
    report = synced(twice)
    assert (report.wanted, report.duplicates, report.added) == (rows, 5, rows)
    again = synced(twice.reverse())
    assert (again.unchanged, again.deliveries) == (rows, ())
    assert synced(people(*range(1, rows))).removed == 1
    assert cabinet.audiences["vip"] == marks_of(*range(1, rows))


def test_consents_that_are_about_nothing_asked_are_told(synced, cabinet):
    consents = decisions((1, "granted", "messages"), (2, "granted", "messages"))
    with pytest.warns(DataWarning, match=r"'cabinet'.*'advertising'.*\('cabinet', 'messages'\)"):
        report = synced(people(1, 2), consents=consents, as_of=AS_OF)
    assert (report.without_consent, cabinet.calls) == (2, [])


def test_an_audience_that_is_not_made_is_not_complete(synced, cabinet):
    channel = CabinetChannel(cabinet, smallest=3)
    assert not synced(people(1, 2), channel=channel).is_complete
    assert synced(people(1, 2, 3), channel=channel).is_complete


def test_a_call_that_stopped_before_anybody_was_counted_says_the_stop_alone():
    report = SyncReport(
        channel="cabinet",
        audience="vip",
        campaign="audience:vip",
        mode="mirror",
        stopped="The token is not accepted.",
    )
    assert str(report) == "cabinet, audience 'vip': stopped: The token is not accepted."


@pytest.mark.parametrize("name", ["members", "channel", "journal", "consents"])
def test_arguments_of_another_kind_are_refused_with_the_next_step(journal, cabinet, name):
    given = {
        "members": people(1),
        "channel": CabinetChannel(cabinet),
        "audience": "vip",
        "journal": journal,
        "consents": None,
        name: "something",
    }
    with pytest.raises(DefinitionError, match=f"'{name}' is 'str'.*Next step"):
        sync(**given)
