"""A journal whose processes die, lose their database, or work side by side."""

import itertools
import json
import os
import re
import subprocess
import sys

import pytest
import sqlalchemy as sql

from retention_kit._databases import LostError
from retention_kit.delivery.actions import ActionKey, id_of
from retention_kit.delivery.journal import (
    Journal,
    JournalError,
    LostRowsError,
    Planned,
    book,
    recovery,
)
from retention_kit.delivery.outcomes import Outcome, Receipt
from retention_kit.testing.clocks import ManualClock

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
PRELUDE = """
import sys
from retention_kit.delivery.actions import ActionKey, id_of
from retention_kit.delivery.journal import Journal, Planned
from retention_kit.delivery.outcomes import Receipt

def planned(number):
    key = ActionKey("win back", number, "create_deal", "")
    return Planned(id_of(key), key, "create_deal", "deals", "f0")

journal = Journal(sys.argv[1])
"""
WORKING = """
import contextlib
with contextlib.ExitStack() as stack:
    def begun(channel):
        run = stack.enter_context(journal.run(channel))
        run.plan([planned(1)])
        run.plan_and_claim([planned(2), planned(3)], batch="one")
        return run
    begun("claimed")
    begun("handed_over").hand_over("one")
    run = begun("settled")
    run.hand_over("one")
    run.settle("one", Receipt())
    print("ready", flush=True)
    sys.stdin.read()
"""
CLAIMING = """
import json
print("ready", flush=True)
sys.stdin.readline()
got = []
with journal.run("crm") as run:
    for start in range(0, 200, 20):
        rows = [planned(number) for number in range(start, start + 20)]
        batch = f"{sys.argv[2]} {start}"
        new = run.plan_and_claim(rows[:10], batch=batch).claimed
        run.plan(rows[10:])
        new += run.claim([row.id for row in rows], batch=batch)
        if new:
            assert run.hand_over(batch) == len(new)
            run.settle(batch, Receipt())
        got += new
journal.close()
print(json.dumps(got))
"""


class Killed(BaseException):
    """What stands for the end of the process."""


def planned(number):
    key = ActionKey("win back", number, "create_deal", "")
    return Planned(id_of(key), key, "create_deal", "deals", "f0")


def started(text, *arguments):
    command = [sys.executable, "-c", PRELUDE + text, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def states(journal, channel, *numbers):
    known = journal.known(channel, [planned(one).id for one in numbers])
    return [known[planned(one).id].state for one in numbers]


@pytest.mark.once
def test_what_a_killed_process_left_is_taken_back_by_the_next(url, tmp_path):
    with started(WORKING, url) as process:
        assert process.stdout.readline() == "ready\n"
        with Journal(url) as journal, journal.run("handed_over") as run:
            # It is alive, so nothing is taken from it.
            assert run.recovered == {"planned": 0, "unknown": 0}
        process.kill()
    with Journal(url) as journal:
        found = {}
        for channel in ("claimed", "handed_over", "settled"):
            with journal.run(channel) as run:
                found[channel] = dict(run.recovered)
        assert found == {
            "claimed": {"planned": 2, "unknown": 0},
            "handed_over": {"planned": 0, "unknown": 2},
            "settled": {"planned": 0, "unknown": 0},
        }
        assert states(journal, "claimed", 1, 2, 3) == ["planned"] * 3
        assert states(journal, "handed_over", 1, 2, 3) == ["planned", "unknown", "unknown"]
        assert states(journal, "settled", 1, 2, 3) == ["planned", "accepted", "accepted"]
    assert list(tmp_path.glob("*.lock")) == []


@pytest.mark.once
def test_two_processes_claim_each_action_once(url):
    Journal(url).close()
    with started(CLAIMING, url, "first") as first, started(CLAIMING, url, "second") as second:
        both = (first, second)
        assert [one.stdout.readline() for one in both] == ["ready\n"] * 2
        for one in both:
            one.stdin.write("go\n")
            one.stdin.flush()
        got = [json.loads(one.stdout.read()) for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert sorted(got[0] + got[1]) == sorted(planned(number).id for number in range(200))
    with Journal(url) as journal:
        assert journal.counts() == {"accepted": 200}


@pytest.mark.once
def test_a_process_that_ends_at_any_statement_neither_doubles_nor_loses(url, tmp_path):
    """Whoever dispatches sends what was handed over, and does not touch what is unknown."""
    numbers = range(1, 5)
    often = {"sqlite": 2, "postgresql": 5}[url.split(":")[0]]
    for moment in itertools.count(1, 1 if NIGHTLY else often):
        channel = f"after {moment}"
        world, clock = [], ManualClock()
        ended = ends_at(url, clock, channel, world, numbers, moment)
        # Those who are not certainly dead are waited for.
        clock.sleep(1_000.0)
        with Journal(url, clock=clock) as journal, journal.run(channel) as run:
            send(run, world, numbers, "again")
            known = run.known([planned(one).id for one in numbers])
            assert len(known) == len(numbers)
            doubtful = {one for one, told in known.items() if told.state == "unknown"}
            assert all(told.state in ("accepted", "unknown") for told in known.values())
        assert len(world) == len(set(world))
        assert set(world) | doubtful == {planned(one).id for one in numbers}
        if not ended:
            break
    assert moment > 15
    assert list(tmp_path.glob("*.lock")) == []


def ends_at(url, clock, channel, world, numbers, moment):
    """Send in two batches; the process ends before its n-th statement. Say whether it did."""
    count = itertools.count(1)

    def end(*arguments):
        if next(count) >= moment:
            raise Killed

    with Journal(url, clock=clock) as journal:
        sql.event.listen(journal.database.engine, "before_cursor_execute", end)
        try:
            with journal.run(channel) as run:
                half = len(numbers) // 2
                send(run, world, numbers[:half], "one")
                send(run, world, numbers[half:], "two")
        except Killed:
            return True
        finally:
            sql.event.remove(journal.database.engine, "before_cursor_execute", end)
    return False


def send(run, world, numbers, batch):
    rows = [planned(one) for one in numbers]
    claimed = run.plan_and_claim(rows, batch=batch)
    again = [one for one, known in claimed.known.items() if known.state == "planned"]
    mine = claimed.claimed + run.claim(again, batch=batch)
    if mine:
        run.hand_over(batch)
        world += mine
        run.settle(batch, Receipt({mine[0]: Outcome(mine[0], "accepted", external_id="1")}))


def test_a_run_whose_lock_was_taken_does_not_send_what_is_no_longer_its_own(tmp_path):
    with Journal(tmp_path / "journal.db") as journal:
        with journal.run("crm") as run:
            run.plan_and_claim([planned(1)], batch="one")
            (lock,) = tmp_path.glob("*.lock")
            lock.unlink()
            with journal.run("crm") as other:
                assert other.recovered == {"planned": 1, "unknown": 0}
            with pytest.raises(LostRowsError, match="'one' is no longer this run's"):
                run.hand_over("one")
            with pytest.raises(LostRowsError):
                run.release("one", state="claimed")
        assert states(journal, "crm", 1) == ["planned"]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_lost_connection_lets_nothing_be_sent_that_others_could_send(url, clock):
    with Journal(url, clock=clock) as journal, Journal(url, clock=clock) as other:
        run = journal.run("crm")
        run.__enter__()
        run.plan_and_claim([planned(1)], batch="one")
        run.plan_and_claim([planned(2)], batch="two")
        run.hand_over("two")
        cut_off(url)
        with pytest.raises(JournalError) as lost:
            run.hand_over("one")
        assert lost.value.code == "lost"
        # The call of the second is under way, and the process may live: that is waited for.
        with other.run("crm", idempotent="no") as next_one:
            assert next_one.recovered == {"planned": 1, "unknown": 0}
        assert states(other, "crm", 1, 2) == ["planned", "handed_over"]
        clock.sleep(1_000.0)
        with other.run("crm", idempotent="no") as next_one:
            assert next_one.recovered == {"planned": 0, "unknown": 1}
            # What it hears of that call is believed all the same.
            assert run.settle("two", Receipt()) == {"accepted": 1}
        with pytest.raises(JournalError) as ended:
            run.hand_over("one")
        run.__exit__(None, None, None)
        assert ended.value.code == "lost"
        assert states(other, "crm", 1, 2) == ["planned", "accepted"]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_where_repeating_does_no_harm_nobody_is_waited_for(url, clock):
    with Journal(url, clock=clock) as journal, journal.run("crm", idempotent="action") as run:
        run.plan_and_claim([planned(1)], batch="one")
        run.hand_over("one")
        cut_off(url)
        with journal.run("crm", idempotent="action") as next_one:
            assert next_one.recovered == {"planned": 0, "unknown": 1}
        assert run.settle("one", Receipt()) == {"accepted": 1}


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_process_is_only_dead_for_certain_where_its_number_was_given(url, tmp_path, monkeypatch):
    with started(WORKING, url) as process:
        assert process.stdout.readline() == "ready\n"
        process.kill()
    (tmp_path / "_BOOT").write_text("another start of another machine")
    (tmp_path / "_NAMESPACE").symlink_to("pid:[7]")
    with Journal(url) as journal:
        for elsewhere in ("_BOOT", "_NAMESPACE"):
            with monkeypatch.context() as patched:
                patched.setattr(recovery, elsewhere, tmp_path / elsewhere)
                with journal.run("handed_over") as run:
                    assert run.recovered == {"planned": 0, "unknown": 0}
        with journal.run("handed_over") as run:
            assert run.recovered == {"planned": 0, "unknown": 2}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_forked_child_speaks_to_the_server_by_a_connection_of_its_own(url):
    script = """
import os
def backend():
    with journal.database.reading() as connection:
        return connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
mine = backend()
child = os.fork()
if child == 0:
    os._exit(1 if backend() == mine else 0)
print(os.waitpid(child, 0)[1], backend() == mine)
journal.close()
"""
    with started(script, url) as process:
        assert process.stdout.read() == "0 True\n"


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_who_hears_of_rows_takes_their_batches_first_as_who_settles_does(journal):
    said = []

    def hear(connection, cursor, statement, *rest):
        found = re.search(r"SELECT .*? FROM (journal_\w+) .*FOR [A-Z ]*UPDATE", statement)
        said.extend([found[1]] if found else [])

    with journal.run("crm") as run:
        run.plan_and_claim([planned(1)], batch="one")
        run.hand_over("one")
        sql.event.listen(journal.database.engine, "before_cursor_execute", hear)
        journal.record("crm", [Outcome(planned(1).id, "delivered")])
        heard = said.copy()
        said.clear()
        run.settle("one", Receipt({planned(1).id: Outcome(planned(1).id, "accepted")}))
        sql.event.remove(journal.database.engine, "before_cursor_execute", hear)
    assert heard == ["journal_batches", "journal_actions", "journal_batches"]
    assert said == ["journal_batches", *heard]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_what_was_heard_is_written_though_others_come_first_again_and_again(journal, monkeypatch):
    monkeypatch.setattr(book, "_LONGEST_PAUSE", 0.0)
    tries = itertools.count(1)

    def lose(connection, cursor, statement, *rest):
        if statement.startswith("UPDATE journal_actions") and next(tries) <= 30:
            raise LostError

    with journal.run("crm") as run:
        run.plan_and_claim([planned(1)], batch="one")
        run.hand_over("one")
        engine = journal.database.engine
        sql.event.listen(engine, "before_cursor_execute", lose)
        told = Receipt({planned(1).id: Outcome(planned(1).id, "accepted", external_id="7")})
        tries = itertools.count(1)
        assert run.settle("one", told) == {"accepted": 1}
        tries = itertools.count(1)
        assert journal.record("crm", [Outcome(planned(1).id, "opened")]).recorded == 1
        sql.event.remove(engine, "before_cursor_execute", lose)
    assert states(journal, "crm", 1) == ["opened"]


def cut_off(url):
    """End all sessions of PostgreSQL but one's own."""
    engine = sql.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    engine.dispose()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_forked_child_that_ends_takes_no_lock_away(tmp_path):
    script = """
import os
with journal.run("crm") as run:
    run.plan_and_claim([planned(1)], batch="one")
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    with Journal(sys.argv[1]) as other, other.run("crm") as second:
        print(dict(second.recovered))
    print(run.hand_over("one"))
journal.close()
"""
    with started(script, f"sqlite:///{tmp_path}/journal.db") as process:
        assert process.stdout.read() == "{'planned': 0, 'unknown': 0}\n1\n"
