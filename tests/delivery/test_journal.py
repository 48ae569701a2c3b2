"""What a journal promises, in SQLite and in PostgreSQL: states, claims, receipts, recovery."""

import contextlib
import datetime as dt
import threading

import pytest
import sqlalchemy as sql

from retention_kit.delivery.actions import ActionKey, id_of
from retention_kit.delivery.journal import (
    BatchSize,
    Claimed,
    Journal,
    JournalError,
    LostRowsError,
    PendingReceipt,
    Planned,
)
from retention_kit.delivery.journal.tables import is_done
from retention_kit.delivery.limits import Limiter, Window
from retention_kit.delivery.outcomes import DONE, Outcome, Receipt, Rejection, Sent
from retention_kit.errors import DefinitionError, RateLimitedError, RetryableError
from retention_kit.testing.clocks import ManualClock


def planned(number, *, campaign="win back", fingerprint="f0", group="deals", kind="create_deal"):
    key = ActionKey(campaign, number, kind, "")
    return Planned(id_of(key), key, kind, group, fingerprint)


A, B, C, D = map(planned, range(4))


def ids(*several):
    return [one.id for one in several]


def states(journal, *several, channel="crm"):
    known = journal.known(channel, ids(*several))
    return [known[one.id].state for one in several]


def handed(run, batch, *several):
    assert run.plan_and_claim(several, batch=batch).claimed == ids(*several)
    assert run.hand_over(batch) == len(several)


def test_an_action_goes_from_planned_over_claimed_and_handed_over_to_accepted(journal, clock):
    with journal.run("crm") as run:
        assert run.plan([A, B]) == {}
        assert states(journal, A, B) == ["planned", "planned"]
        assert run.claim(ids(A, B), batch="one") == ids(A, B)
        assert states(journal, A, B) == ["claimed", "claimed"]
        assert run.hand_over("one") == 2
        assert states(journal, A, B) == ["handed_over", "handed_over"]
        assert run.settle("one", Receipt()) == {"accepted": 2}
    known = journal.known("crm", ids(A, planned(99)))
    assert list(known) == ids(A)
    told = known[A.id]
    assert (told.state, told.batch, told.attempts) == ("accepted", "one", 1)
    assert (told.kind, told.group, told.fingerprint) == ("create_deal", "deals", "f0")
    assert told.handed_at == told.updated_at == clock.now()
    assert journal.counts() == {"accepted": 2}


def test_what_is_planned_is_planned_once_per_channel(journal):
    with journal.run("crm") as run:
        assert run.plan([A, A]) == {}
        (known,) = run.plan([A._replace(fingerprint="f1"), B]).values()
        assert (known.state, known.fingerprint) == ("planned", "f0")
    with journal.run("mail") as run:
        assert run.plan([A]) == {}
    assert journal.counts("crm") == {"planned": 2}
    assert journal.counts("mail", campaign="win back") == {"planned": 1}
    assert journal.counts("mail", campaign="other") == journal.counts("sms") == {}


def test_what_is_new_is_planned_and_claimed_in_one_step_and_the_rest_is_told(journal):
    with journal.run("crm") as run:
        run.plan([B])
        first = run.plan_and_claim([A, B, C], batch="one")
        assert first.claimed == ids(A, C)
        assert first.known[B.id].state == "planned"
        assert run.plan_and_claim([D], batch="one") == Claimed(ids(D), {})
        assert run.claim(ids(B), batch="one") == ids(B)
        assert run.hand_over("one") == 4
        with pytest.raises(LostRowsError):
            run.plan_and_claim([planned(9)], batch="one")


def test_two_runs_never_claim_one_action_twice(journal):
    with journal.run("crm") as first, journal.run("crm") as second:
        first.plan([A, B, C])
        assert first.claim(ids(A, B), batch="one") == ids(A, B)
        assert second.claim(ids(C, B, A), batch="two") == ids(C)
        assert second.plan_and_claim([A, D], batch="two").claimed == ids(D)
        assert second.hand_over("two") == 2


def test_a_batch_must_be_handed_over_before_it_is_settled(journal):
    with journal.run("crm") as run:
        run.plan_and_claim([A], batch="one")
        with pytest.raises(DefinitionError, match="not handed over"):
            run.settle("one", Receipt())
        with pytest.raises(DefinitionError, match="'batch' is 'other'"):
            run.hand_over("other")
        assert states(journal, A) == ["claimed"]


def test_the_receipt_tells_of_rows_by_id_and_of_the_rest_together(journal):
    at = dt.datetime(2025, 5, 1, tzinfo=dt.UTC)
    outcomes = {
        A.id: Outcome(A.id, "accepted", external_id="17", occurred_at=at),
        B.id: Outcome(B.id, "rejected", "no_phone", "There is no telephone number."),
        C.id: Outcome(C.id, "planned"),
        planned(77).id: Outcome(planned(77).id, "accepted"),
    }
    with journal.run("crm") as run:
        handed(run, "one", A, B, C, D)
        changed = run.settle("one", Receipt(outcomes=outcomes, rest="unknown"))
        assert changed == {"accepted": 1, "rejected": 1, "planned": 1, "unknown": 1}
        assert run.batch_size("one") == BatchSize(4, 1, whole=False)
        assert run.claim(ids(A, B, C, D), batch="two") == ids(C)
        assert list(run.unknown()) == [[Sent(D.id, "create_deal", "deals")]]
    table = journal.actions("crm").sort("customer_id")
    assert table["state"].to_list() == ["accepted", "rejected", "planned", "unknown"]
    assert table["code"].to_list() == [None, "no_phone", None, None]
    assert table["external_id"].to_list() == ["17", None, None, None]
    assert table["occurred_at"].to_list() == [at, None, None, None]
    assert table["attempts"].to_list() == [1, 1, 1, 1]


def test_a_receipt_with_a_token_is_asked_about_until_all_is_known(journal, clock):
    with journal.run("crm") as run:
        handed(run, "one", A, B, C)
        receipt = Receipt({A.id: Outcome(A.id, "accepted")}, "pending", "job 5", 30.0)
        assert run.settle("one", receipt) == {"accepted": 1, "pending": 2}
        assert run.pending() == []
        begun = clock.now()
        assert run.pending(due=False) == [PendingReceipt("one", "job 5", begun + 30.0)]
    clock.sleep(30.0)
    assert [one.token for one in journal.pending("crm")] == ["job 5"]
    with journal.run("crm") as run:
        assert run.recovered == {"planned": 0, "unknown": 0}
        still = Receipt({B.id: Outcome(B.id, "pending")}, "accepted", "job 5", 60.0)
        assert run.settle("one", still) == {"accepted": 1}
        assert states(journal, A, B, C) == ["accepted", "pending", "accepted"]
        assert run.settle("one", Receipt(rest="rejected")) == {"rejected": 1}
        assert states(journal, A, B, C) == ["accepted", "rejected", "accepted"]
        assert run.pending(due=False) == []


def test_a_clock_that_is_set_back_makes_nobody_wait_longer(journal, url, clock):
    with journal.run("crm") as run:
        handed(run, "one", A)
        run.settle("one", Receipt({}, "pending", "job 5", 30.0))
    yesterday = ManualClock(clock.now() - 86_400)
    with Journal(url, clock=yesterday) as behind:
        assert behind.pending("crm", due=False)[0].poll_at == yesterday.now() + 30.0


def test_leaving_a_run_plans_what_was_claimed_and_doubts_what_was_handed_over(journal):
    def interrupted():
        with journal.run("crm") as left:
            left.plan([D])
            left.plan_and_claim([A], batch="one")
            handed(left, "two", B, C)
            runs.append(left)
            raise KeyboardInterrupt

    runs = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    (run,) = runs
    assert states(journal, A, B, C, D) == ["planned", "unknown", "unknown", "planned"]
    with pytest.raises(JournalError, match="The run is over"):
        run.hand_over("one")


def test_what_a_living_run_has_is_left_to_it(journal):
    with journal.run("crm") as run:
        run.plan_and_claim([A], batch="one")
        handed(run, "two", B)
        with journal.run("crm") as other:
            assert other.recovered == {"planned": 0, "unknown": 0}
        run.hand_over("one")
        run.settle("one", Receipt())
        run.settle("two", Receipt())
    assert states(journal, A, B) == ["accepted", "accepted"]


def test_a_batch_goes_back_as_it_is_known_to_be(journal):
    with journal.run("crm") as run:
        handed(run, "one", A)
        run.release("one", state="claimed")
        assert states(journal, A) == ["claimed"]
        assert run.hand_over("one") == 1
        run.release("one", state="planned")
        assert states(journal, A) == ["planned"]
        assert run.claim(ids(A), batch="one") == ids(A)
        run.hand_over("one")
        run.release("one", state="unknown")
        assert states(journal, A) == ["unknown"]
    assert journal.known("crm", ids(A))[A.id].attempts == 3


def test_a_batch_is_split_and_its_parts_go_their_own_ways(journal):
    with journal.run("crm") as run:
        handed(run, "one", A, B, C)
        run.release("one", state="claimed")
        run.split("one", ids(B), into="two")
        assert (run.hand_over("one"), run.hand_over("two")) == (2, 1)
        run.settle("two", Receipt(rest="rejected"))
        run.settle("one", Receipt())
        with pytest.raises(LostRowsError):
            run.split("one", ids(A), into="three")
    assert states(journal, A, B, C) == ["accepted", "rejected", "accepted"]
    assert [one.attempts for one in journal.known("crm", ids(A, B)).values()] == [2, 2]


def test_the_unknown_rows_of_a_batch_are_sent_again_under_its_name(journal, clock):
    with journal.run("crm", idempotent="batch") as run:
        handed(run, "one", A, B, C)
        begun = clock.now()
        rejected = {A.id: Outcome(A.id, "rejected")}
        run.settle("one", Receipt(rejected, "unknown"))
        clock.sleep(10.0)
        assert run.batch_size("one") == BatchSize(3, 2, whole=False)
        assert run.reclaim("one") == 2
        assert states(journal, A, B, C) == ["rejected", "handed_over", "handed_over"]
        again = journal.known("crm", ids(B))[B.id]
        assert (again.batch, again.attempts, again.handed_at) == ("one", 2, begun)
        assert run.reclaim("one") == run.reclaim("never") == 0
    # Whoever stops here does not know more than before.
    assert states(journal, A, B, C) == ["rejected", "unknown", "unknown"]
    with journal.run("crm", idempotent="batch") as run:
        assert run.reclaim("one") == 2
        assert run.settle("one", Receipt()) == {"accepted": 2}
        assert list(run.unknown()) == []


def test_only_what_was_not_sent_or_is_in_doubt_is_planned_anew(journal):
    with journal.run("crm") as run:
        run.plan([A])
        run.reject([(B, Rejection(B.id, "no_phone", "There is none."))])
        handed(run, "one", C, D)
        run.settle("one", Receipt({C.id: Outcome(C.id, "unknown")}))
        new = [one._replace(fingerprint="f1", group="others") for one in (A, B, C, D)]
        left = run.replan([*new, planned(8)])
        assert list(left) == ids(D)
        known = run.known(ids(A, B, C, D, planned(8)))
        assert [one.state for one in known.values()].count("planned") == 3
        assert {one.group for one in known.values() if one.fingerprint == "f1"} == {"others"}
        assert known[C.id].attempts == 1
        assert planned(8).id not in known
    assert journal.actions(states=["planned"])["code"].to_list() == [None, None, None]


def test_refusals_and_omissions_leave_alone_what_was_sent(journal):
    with journal.run("crm") as run:
        run.plan([A])
        handed(run, "one", B)
        run.settle("one", Receipt())
        pairs = [(one, Rejection(one.id, "no_phone")) for one in (A, B, C)]
        assert {one: known.state for one, known in run.reject(pairs).items()} == {B.id: "accepted"}
        left = run.suppress([(A, "frequency"), (B, "frequency"), (D, "holdout")])
        assert list(left) == ids(B)
    assert states(journal, A, B, C, D) == ["suppressed", "accepted", "rejected", "suppressed"]
    codes = dict(journal.actions().select("id", "code").rows())
    assert codes == {A.id: "frequency", B.id: None, C.id: "no_phone", D.id: "holdout"}


def test_states_only_go_forward(journal):
    with journal.run("crm") as run:
        handed(run, "one", A, B)
        opened = [Outcome(A.id, "opened"), Outcome(A.id, "delivered"), Outcome("?", "opened")]
        told = journal.record("crm", opened)
        assert (told.recorded, told.unchanged, told.unheard) == (1, 1, ("?",))
        assert run.settle("one", Receipt()) == {"accepted": 1}
    assert states(journal, A, B) == ["opened", "accepted"]
    for state, after in [
        ("rejected", "opened"),
        ("unknown", "opened"),
        ("planned", "opened"),
        ("clicked", "clicked"),
        ("delivered", "clicked"),
        ("bounced", "bounced"),
        ("unsubscribed", "unsubscribed"),
    ]:
        journal.record("crm", [Outcome(A.id, state)])
        assert states(journal, A) == [after]
    assert journal.record("nobody", [Outcome(A.id, "opened")]).unheard == (A.id,)


def test_a_person_or_a_look_up_decides_about_what_is_unknown(journal):
    with journal.run("crm") as run:
        handed(run, "one", A, B, C, D)
        run.release("one", state="unknown")
        assert journal.resolve("crm", A.id, "accepted") == 1
        assert journal.resolve("crm", ids(A, B), "rejected") == 1
        assert journal.record("crm", [Outcome(C.id, "planned")]).recorded == 1
        assert states(journal, A, B, C, D) == ["accepted", "rejected", "planned", "unknown"]
        assert run.claim(ids(A, B, C, D), batch="two") == ids(C)
        with pytest.raises(DefinitionError, match="'state' is 'opened'"):
            journal.resolve("crm", D.id, "opened")


def test_actions_are_read_in_tables_of_a_size(journal):
    with journal.run("crm") as run:
        run.plan([planned(number) for number in range(25)])
        run.plan([planned("25", campaign="other")])
    assert [one.height for one in journal.action_frames(rows=10)] == [10, 10, 6]
    assert journal.actions(campaign="other")["customer_id"].to_list() == ["25"]
    none = journal.actions("sms")
    assert (none.height, none.schema) == (0, journal.actions().schema)
    assert journal.actions(states="planned").height == 26
    assert journal.actions(states="accepted").height == 0
    for misspelt in ("aksepted", ["planned", "done"]):
        with pytest.raises(DefinitionError, match="'states' is '(aksepted|done)'"):
            journal.actions(states=misspelt)
    with pytest.raises(DefinitionError, match="'rows' is 0"):
        journal.action_frames(rows=0)


def test_a_forgotten_customer_is_gone_from_every_channel_and_from_the_file(journal, tmp_path):
    secret = planned("customer-to-forget")
    for channel in ("crm", "mail"):
        with journal.run(channel) as run:
            run.plan([secret, planned(7), planned("7")])
    assert journal.forget("customer-to-forget") == {"journal_actions": 2}
    assert journal.forget("customer-to-forget") == {"journal_actions": 0}
    assert journal.forget(7) == {"journal_actions": 2}
    assert journal.actions()["customer_id"].to_list() == ["7", "7"]
    for file in tmp_path.glob("journal.db*"):
        assert b"customer-to-forget" not in file.read_bytes()


def test_a_condition_tells_other_tables_what_is_done(journal):
    with journal.run("crm") as run:
        run.plan([D])
        handed(run, "one", A, B, C)
        run.settle("one", Receipt({A.id: Outcome(A.id, "rejected")}))
    journal.record("crm", [Outcome(C.id, "opened")])
    wanted = sql.union_all(*(sql.select(sql.literal(one.id).label("id")) for one in (A, B, C, D)))
    rows = wanted.subquery()
    with journal.database.reading() as connection:
        asked = sql.select(rows.c.id).where(is_done("crm", rows.c.id))
        assert set(connection.execute(asked).scalars()) == set(ids(B, C))
        asked = sql.select(rows.c.id).where(is_done("mail", rows.c.id))
        assert connection.execute(asked).scalars().all() == []
    assert {"accepted", "opened"} <= DONE


def test_counts_of_requests_hold_for_all_who_share_the_journal(journal, url, clock):
    ledger = journal.limit_ledger
    with Journal(url, clock=clock) as other:
        limits = [Window(3, 60.0)]
        mine = Limiter("acme", limits, clock=clock, ledger=ledger, patience=1.0)
        others = Limiter("acme", limits, clock=clock, ledger=other.limit_ledger, patience=1.0)
        mine.acquire()
        others.acquire(cost=2)
        with pytest.raises(RateLimitedError):
            mine.acquire()
        with contextlib.suppress(RuntimeError), ledger.changing("acme") as counts:
            counts.clear()
            raise RuntimeError
        with pytest.raises(RateLimitedError):
            others.acquire()
        Limiter("other", limits, clock=clock, ledger=ledger).acquire()


def test_a_name_is_held_by_one_at_a_time(journal, url):
    with Journal(url) as other:
        with journal.holding("audience"), other.holding("another"):
            taken = other.holding("audience")
            with pytest.raises(RetryableError, match="'audience' is in the hands"):
                taken.__enter__()
        with other.holding("audience"):
            pass


def test_many_threads_share_one_run_and_claim_each_action_once(journal):
    everything = [planned(number) for number in range(400)]
    claimed, problems = [], []

    def work(name):
        try:
            for start in range(0, 400, 40):
                batch = f"{name} {start}"
                got = run.plan_and_claim(everything[start : start + 40], batch=batch).claimed
                if got:
                    assert run.hand_over(batch) == len(got)
                    run.settle(batch, Receipt())
                    claimed.extend(got)
        except BaseException as problem:
            problems.append(problem)

    with journal.run("crm") as run:
        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert problems == []
    assert sorted(claimed) == sorted(ids(*everything))
    assert journal.counts() == {"accepted": 400}


def test_single_rows_of_a_planned_batch_are_asked_about_until_all_is_known(journal):
    taken = {one.id: Outcome(one.id, "pending") for one in (A, B)}
    with journal.run("crm") as run:
        handed(run, "one", A, B, C)
        changed = run.settle("one", Receipt(taken, "planned", "job 5"))
        assert changed == {"pending": 2, "planned": 1}
    with journal.run("crm") as run:
        assert [one.batch for one in run.pending()] == ["one"]
        assert run.claim(ids(A, B, C), batch="two") == ids(C)
        still = Receipt({A.id: Outcome(A.id, "accepted")}, "pending", "job 5")
        assert run.settle("one", still) == {"accepted": 1}
        assert states(journal, A, B, C) == ["accepted", "pending", "claimed"]
        assert run.settle("one", Receipt()) == {"accepted": 1}
        assert run.pending(due=False) == []
        with pytest.raises(LostRowsError):
            run.settle("one", Receipt())
        assert states(journal, A, B, C) == ["accepted", "accepted", "claimed"]


@pytest.mark.parametrize("how", ["forgotten", "decided", "planned anew"])
def test_a_batch_that_rows_have_left_is_not_whole(journal, how):
    with journal.run("crm", idempotent="batch") as run:
        handed(run, "one", A, B, C)
        run.release("one", state="unknown")
        assert run.batch_size("one") == BatchSize(3, 3, whole=True)
        assert run.reclaim("one") == 3
        run.release("one", state="unknown")
        assert run.batch_size("one") == BatchSize(3, 3, whole=True)
        if how == "forgotten":
            journal.forget(0)
        elif how == "decided":
            journal.resolve("crm", A.id, "planned")
            assert not run.batch_size("one").whole
            assert run.claim(ids(A), batch="two") == ids(A)
        else:
            run.replan([A])
        assert run.batch_size("one") == BatchSize(2, 2, whole=False)
        assert run.reclaim("one") == 2
        run.release("one", state="unknown")
        assert run.batch_size("one") == BatchSize(2, 2, whole=False)


def test_what_certainly_did_not_happen_may_go_out_in_other_batches_that_are_whole(journal):
    with journal.run("crm", idempotent="batch") as run:
        handed(run, "one", A, B, C)
        run.release("one", state="claimed")
        run.split("one", ids(B), into="two")
        for name in ("one", "two"):
            run.hand_over(name)
            run.release(name, state="unknown")
        assert run.batch_size("one") == BatchSize(2, 2, whole=True)
        assert run.batch_size("two") == BatchSize(1, 1, whole=True)
        assert run.batch_size("never") == BatchSize(0, 0, whole=False)


def test_what_no_database_can_take_is_kept_as_far_as_it_can_be_read(journal):
    half, naught = "ok \ud83d", "a\0b"
    outcomes = {
        A.id: Outcome(A.id, "rejected", naught, half, half),
        B.id: Outcome(B.id, "accepted", 400, naught * 5_000, 17),
        half: Outcome(half, "accepted"),
        naught: Outcome(naught, "accepted"),
    }
    with journal.run("crm") as run:
        handed(run, "one", A, B, C)
        changed = run.settle("one", Receipt(outcomes, "pending", naught))
        assert changed == {"rejected": 1, "accepted": 1, "pending": 1}
        assert [one.token for one in run.pending()] == ["ab"]
        assert run.reject([(D, Rejection(D.id, half, naught))]) == {}
    heard = [Outcome(C.id, "accepted", detail=half), Outcome(half, "opened"), Outcome(7, "opened")]
    assert journal.record("crm", heard).unheard == (half, 7)
    table = journal.actions().sort("customer_id")
    assert table["code"].to_list() == ["ab", "400", None, "ok ?"]
    assert table["external_id"].to_list() == ["ok ?", "17", None, None]
    assert table["detail"].to_list() == ["ok ?", ("ab" * 5_000)[:1_333], "ok ?", "ab"]


def test_a_person_decides_about_what_stays_pending_for_ever(journal):
    with journal.run("crm") as run:
        handed(run, "one", A, B, C, D)
        run.settle("one", Receipt({D.id: Outcome(D.id, "accepted")}, "pending", "job 5"))
    told = journal.record("crm", [Outcome(A.id, "planned")])
    assert (told.recorded, states(journal, A)) == (0, ["pending"])
    assert journal.resolve("crm", ids(A, D), "planned") == 1
    assert journal.resolve("crm", ids(B), "rejected") == 1
    assert journal.resolve("crm", ids(C), "accepted") == 1
    assert journal.resolve("crm", ids(A, B, C, D), "rejected") == 0
    assert states(journal, A, B, C, D) == ["planned", "rejected", "accepted", "accepted"]
    assert journal.resolve("sms", A.id, "accepted") == 0


def test_a_journal_in_memory_serves_one_process():
    with Journal("sqlite://") as journal, journal.run("crm") as run:
        handed(run, "one", A)
        assert run.settle("one", Receipt()) == {"accepted": 1}
        taken = journal.holding("audience")
        with journal.holding("audience"), pytest.raises(RetryableError):
            taken.__enter__()
