"""A journal that cannot be opened, read or written says so, and nothing is sent."""

import contextlib
import re
import sqlite3
import subprocess
import sys

import psycopg
import pytest
import sqlalchemy as sql

from retention_kit import _databases
from retention_kit.delivery.actions import ActionKey, id_of
from retention_kit.delivery.journal import Journal, JournalError, Planned, book, tables
from retention_kit.delivery.journal.problems import in_plain_words
from retention_kit.delivery.outcomes import Receipt
from retention_kit.errors import DataError, DefinitionError, MissingDependencyError


def planned(number):
    key = ActionKey("win back", number, "create_deal", "")
    return Planned(id_of(key), key, "create_deal", "deals", "f0")


def filled(file):
    with Journal(file) as journal, journal.run("crm") as run:
        run.plan_and_claim([planned(1)], batch="one")
    return journal


def test_tables_of_a_later_version_are_refused(url):
    with Journal(url) as journal, journal.database.writing() as connection:
        connection.execute(tables.SCHEMA.update().values(version=tables.VERSION + 1))
    with pytest.raises(DefinitionError, match=r"version 2; .* up to 1\. Next step: upgrade"):
        Journal(url)


def test_tables_of_an_earlier_version_are_brought_to_this_one(url, monkeypatch):
    with Journal(url) as journal, journal.run("crm") as run:
        run.plan([planned(1)])

    def step(connection):
        connection.exec_driver_sql("ALTER TABLE journal_actions ADD COLUMN mood TEXT")

    monkeypatch.setattr(tables, "VERSION", 2)
    monkeypatch.setattr(book, "VERSION", 2)
    monkeypatch.setattr(tables, "MIGRATIONS", {1: step})
    for _ in range(2):
        with Journal(url) as journal, journal.database.reading() as connection:
            assert tables.version_of(connection) == 2
            asked = sql.text("SELECT mood FROM journal_actions")
            assert connection.execute(asked).scalars().all() == [None]
            assert journal.counts() == {"planned": 1}


def test_a_path_a_text_and_an_engine_lead_to_the_same_journal(tmp_path):
    file = tmp_path / "odd name?.db"
    filled(file)
    engine = sql.create_engine(sql.URL.create("sqlite", database=str(file)))
    for where in (file, str(file), engine):
        with Journal(where) as journal:
            assert journal.counts() == {"planned": 1}
            with journal.run("crm") as run:
                assert run.claim([planned(1).id], batch="one") == [planned(1).id]
                assert run.hand_over("one") == 1
                run.release("one")
    engine.dispose()


def test_a_journal_shows_neither_its_url_nor_its_rows(tmp_path):
    with Journal(tmp_path / "secret.db") as journal, journal.run("crm") as run:
        assert repr(journal) == "Journal(sqlite)"
        assert repr(run) == "Run('crm')"
    with pytest.raises(DefinitionError) as refused:
        Journal("mysql://shop:secret@host/shop")
    assert "secret" not in str(refused.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DefinitionError, match="cannot be opened"):
        Journal(tmp_path / "nowhere" / "journal.db")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    file = tmp_path / "journal.db"
    file.write_text("customer_id;amount\n" * 200)
    with pytest.raises(JournalError, match="damaged, or is no database") as refused:
        Journal(file)
    assert refused.value.code == "damaged"
    assert isinstance(refused.value, DataError)


def test_a_journal_that_may_only_be_read_is_read_and_no_more(tmp_path):
    file = tmp_path / "journal.db"
    filled(file)
    with Journal(f"sqlite:///file:{file}?mode=ro&uri=true") as journal:
        assert journal.counts() == {"planned": 1}
        run = journal.run("crm")
        with pytest.raises(JournalError, match="may only be read") as refused:
            run.__enter__()
    assert refused.value.code == "read_only"


def test_a_full_disk_stops_before_anything_is_handed_over(tmp_path):
    full = False

    def limit(connection, *rest):
        if full:
            connection.execute("PRAGMA max_page_count=1")

    engine = sql.create_engine(f"sqlite:///{tmp_path}/journal.db")
    sql.event.listen(engine, "checkout", limit)
    with Journal(engine) as journal, journal.run("crm") as run:
        run.plan_and_claim([planned(1)], batch="one")
        full = True
        many = [planned(number) for number in range(2, 800)]
        with pytest.raises(JournalError, match="the disk is full") as refused:
            run.plan_and_claim(many, batch="two")
        assert refused.value.code == "full"
        assert journal.counts() == {"claimed": 1}
        # What it knows is not lost with it.
        assert run.hand_over("one") == 1
        run.settle("one", Receipt())
        assert journal.counts() == {"accepted": 1}
    engine.dispose()


def test_who_is_not_let_in_is_told(tmp_path, monkeypatch):
    file = tmp_path / "journal.db"
    filled(file)
    monkeypatch.setattr(_databases, "_WAIT_SECONDS", 0.001)
    with Journal(file) as journal, Journal(file) as other, contextlib.ExitStack() as stack:
        stack.enter_context(journal.database.writing())
        with pytest.raises(JournalError, match="in the hands of others") as refused:
            other.forget(1)
    assert refused.value.code == "busy"


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_server_that_is_away_is_told(url):
    with pytest.raises(JournalError, match="lost its connection") as refused:
        Journal(url.replace("host=", "host=/nowhere"))
    assert refused.value.code == "lost"


def test_answers_that_got_out_of_order_are_a_lost_connection():
    confused = psycopg.ProgrammingError("the last operation didn't produce a result")
    with pytest.raises(JournalError, match="lost its connection") as told, in_plain_words():
        raise sql.exc.ProgrammingError("SELECT 1", {}, confused)
    assert told.value.code == "lost"
    wrong = sqlite3.ProgrammingError("Incorrect number of bindings supplied")
    with pytest.raises(sql.exc.ProgrammingError), in_plain_words():
        raise sql.exc.ProgrammingError("SELECT 1", {}, wrong)


def test_a_lock_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    with Journal(tmp_path / "journal.db") as journal:
        engine = journal.database.engine
        elsewhere = str(tmp_path / "journal.db" / "file")
        monkeypatch.setattr(engine, "url", engine.url.set(database=elsewhere))
        with pytest.raises(JournalError, match="not allowed") as refused:
            Journal(engine).run("crm").__enter__()
    assert refused.value.code == "denied"


def test_what_is_no_customer_is_not_forgotten(tmp_path):
    with Journal(tmp_path / "journal.db") as journal, pytest.raises(DataError, match="type bool"):
        journal.forget(True)


def test_sqlite_waits_for_the_disk_where_something_is_about_to_be_sent(tmp_path):
    said = []

    def hear(connection, cursor, statement, *rest):
        said.append(statement)

    with Journal(tmp_path / "journal.db") as journal:
        sql.event.listen(journal.database.engine, "before_cursor_execute", hear)
        with journal.run("crm", idempotent="action") as run:
            for batch in ("one", "two"):
                run.plan_and_claim([planned(batch)], batch=batch)
                run.hand_over(batch)
                assert waits(said, "state = 'handed_over'") == "FULL"
                run.settle(batch, Receipt())
                assert waits(said, "SET state = ?") == "NORMAL"
        with journal.database.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def waits(said, wanted):
    last = max(number for number, one in enumerate(said) if wanted in one)
    told = [re.match(r"PRAGMA synchronous=(\w+)", one) for one in said[:last]]
    return [one[1] for one in told if one][-1]


def test_without_sqlalchemy_the_extra_is_named():
    script = """
import sys
sys.modules["sqlalchemy"] = None
from retention_kit.delivery.journal import Planned
try:
    from retention_kit.delivery.journal import Journal
except ImportError as problem:
    print(problem.module, problem.extra)
"""
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True)
    assert done.stdout.decode() == "sqlalchemy delivery\n"
    assert MissingDependencyError("sqlalchemy", "delivery").extra == "delivery"


def test_by_whatever_name_a_file_is_opened_a_living_run_is_seen(tmp_path):
    file = tmp_path / "journal.db"
    (tmp_path / "other").symlink_to(tmp_path)
    names = [tmp_path / "other" / "journal.db", f"sqlite:///file:{file}?mode=rw&uri=true"]
    with Journal(file) as journal, journal.run("crm") as run:
        run.plan_and_claim([planned(1)], batch="one")
        for name in names:
            with Journal(name) as other, other.run("crm") as second:
                assert second.recovered == {"planned": 0, "unknown": 0}
        assert run.hand_over("one") == 1
        run.settle("one", Receipt())
