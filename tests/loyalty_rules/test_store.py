"""What every store promises, in SQLite and in a PostgreSQL server of its own."""

import datetime as dt
import subprocess
import sys
import threading
import traceback

import pytest
import sqlalchemy as sql

from retention_kit.errors import DataError, DefinitionError, MissingDependencyError, RetryableError
from retention_kit.loyalty_rules.definitions.awards import Proportional
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.triggers import EachOrder
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet
from retention_kit.loyalty_rules.ledger import MOVES
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online.account import Account
from retention_kit.loyalty_rules.online.events import (
    Activity,
    Adjustment,
    Order,
    Redemption,
    Return,
    place_of,
)
from retention_kit.loyalty_rules.online.posting import post
from retention_kit.loyalty_rules.online.refusing import LateEventError
from retention_kit.loyalty_rules.store import (
    ConflictError,
    Forgotten,
    LedgerStore,
    OrderOfAnotherError,
    OverturnsError,
    SqlLedgerStore,
    in_database,
)

START = dt.datetime(2025, 3, 1, 9, tzinfo=dt.UTC)
PROGRAM = LoyaltyProgram(
    name="Tea club",
    currency="RUB",
    rounding="down",
    wallets=[Wallet(name="points", spending=Spending())],
    rules=[
        EarningRule(
            name="Five of a hundred",
            wallet="points",
            trigger=EachOrder(),
            award=Proportional(amount=5, per=100),
        )
    ],
)
COMPILED = compile_program(PROGRAM, time_zone="Europe/Moscow")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """Give the URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/points.db"
        return
    server = request.getfixturevalue("postgresql")
    yield server
    engine = sql.create_engine(server.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()


@pytest.fixture
def store(url):
    with SqlLedgerStore(url, COMPILED, checkpoint_every=4, checkpoints_kept=3) as opened:
        yield opened


def order(order_id, hours, *, amount=1000, points_paid=0):
    at = START + dt.timedelta(hours=hours)
    return Order(order_id=order_id, at=at, amount=amount, points_paid=points_paid)


def folded(customer_id, events):
    account = Account.new(customer_id)
    for event in sorted(events, key=place_of):
        account = post(account, event, COMPILED).account
    return account


def held(account):
    return account.balances(COMPILED, account_end())[0].held


def account_end():
    return START + dt.timedelta(days=300)


def moved(entries):
    return sum(entry.units for entry in entries if entry.kind in MOVES)


def check(store, customer_id):
    """Check that the account is the fold of its events, and its balance the sum of its entries."""
    account, entries = store.load(customer_id), store.entries(customer_id)
    assert held(account) == held(folded(customer_id, store.events(customer_id))) == moved(entries)
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))


def test_a_store_is_one_of_the_protocol(store):
    assert isinstance(store, LedgerStore)


def test_an_account_its_entries_and_its_event_come_back_as_they_were(store):
    posted = store.post(7, order(1, 0))
    assert store.load(7) == posted.account == post(Account.new(7), order(1, 0), COMPILED).account
    assert store.entries(7) == posted.entries
    assert store.events(7) == (order(1, 0),)
    assert held(posted.account) == 50


def test_a_customer_who_has_no_account_has_a_new_one(store):
    assert store.load("nobody") == Account.new("nobody")
    assert store.entries("nobody") == store.events("nobody") == ()
    assert list(store.customer_ids()) == []


def test_the_same_event_again_gives_what_it_gave(store):
    first = store.post(7, order(1, 0))
    store.post(7, order(2, 1))
    again = store.post(7, order(1, 0))
    assert again.entries == first.entries
    assert again.account == store.load(7)
    assert len(store.events(7)) == 2
    check(store, 7)


def test_an_id_keeps_its_type(store):
    store.post(7, order(1, 0))
    store.post("7", order(2, 0))
    assert set(store.customer_ids()) == {7, "7"}
    assert [store.load(one).customer_id for one in (7, "7")] == [7, "7"]
    with pytest.raises(DataError, match="type bool"):
        store.load(True)


def test_an_order_is_one_customers(store):
    store.post(7, order(1, 0))
    with pytest.raises(OrderOfAnotherError):
        store.post(8, order(1, 0))
    assert list(store.customer_ids()) == [7]


def test_two_customers_may_have_activities_of_one_key(store):
    activity = Activity(key="survey", name="Survey Filled", at=START)
    store.post(7, activity)
    store.post(8, activity)
    assert store.events(7) == store.events(8) == (activity,)


def test_what_is_refused_leaves_nothing(store):
    store.post(7, order(1, 0))
    before = store.load(7)
    at = START + dt.timedelta(days=1)
    with pytest.raises(DataError, match="50"):
        store.post(7, Redemption(key="r", at=at, units=51, wallet="points"))
    assert store.load(7) == before
    assert len(store.events(7)) == 1
    store.post(7, Redemption(key="r", at=at, units=50, wallet="points"))
    assert held(store.load(7)) == 0


def test_a_late_event_is_replayed_from_the_last_checkpoint_before_it(store):
    for number in range(10):
        store.post(7, order(number, number * 2))
    assert [one.version for one in store.checkpoints(7)] == [4, 8]
    shown = store.entries(7)
    late = store.post(7, order("late", 9))
    assert store.entries(7)[: len(shown)] == shown
    assert moved(late.entries) == 50
    # The second checkpoint lacked the late order.
    assert [one.version for one in store.checkpoints(7)] == [4]
    assert late.account == store.load(7)
    check(store, 7)
    store.post(7, order("after", 30))
    assert [one.version for one in store.checkpoints(7)] == [4, 12]
    store.post(7, order("later still", 29))
    check(store, 7)


def test_an_event_later_than_every_checkpoint_replays_all(store):
    for number in range(24):
        store.post(7, order(number, number + 1))
    assert [one.version for one in store.checkpoints(7)] == [16, 20, 24]
    store.post(7, order("late", 0))
    assert store.checkpoints(7) == ()
    check(store, 7)


def test_late_events_in_any_order_give_what_they_give_in_theirs(store):
    hours = [5, 3, 8, 1, 1, 9, 2, 7, 0, 6, 4, 10]
    for number, hour in enumerate(hours):
        store.post(7, order(number, hour, amount=100 * (number + 1)))
        check(store, 7)
    assert [event.at for event in store.events(7)] == sorted(
        START + dt.timedelta(hours=hour) for hour in hours
    )


def test_a_late_order_does_not_take_the_points_that_another_spent(store):
    store.post(7, order(1, 0))
    store.post(7, order(2, 2, points_paid=50))
    before = store.load(7)
    with pytest.raises(OverturnsError) as refused:
        store.post(7, order(3, 1, points_paid=50))
    assert refused.value.sources == ("order:2",)
    assert store.load(7) == before
    store.post(7, order(3, 1))
    check(store, 7)


def test_a_late_event_overturns_others_where_that_is_asked_for(store):
    store.post(7, order(1, 0))
    store.post(7, order(2, 2, points_paid=50))
    posted = store.post(7, order(3, 1, points_paid=50), overturn=True)
    assert posted.overturned == ("order:2",)
    assert held(posted.account) == 50 - 50 + 47 == moved(store.entries(7))
    assert [event.order_id for event in store.events(7)] == [1, 3]
    # What is overturned stays so, also where there would be points for it again.
    for number, hours in ((4, 0.5), (5, 1.5), (6, 3)):
        store.post(7, order(number, hours))
        check(store, 7)
    assert held(store.load(7)) == 47 + 3 * 50
    assert store.post(7, order(2, 2, points_paid=50)).entries[0].kind == "redeem"
    assert held(store.load(7)) == 47 + 3 * 50


def test_a_checkpoint_is_the_account_as_it_was(store):
    for number in range(5):
        store.post(7, order(number, number))
    (checkpoint,) = store.checkpoints(7)
    assert checkpoint.at == START + dt.timedelta(hours=3)
    assert checkpoint.account == folded(7, [order(number, number) for number in range(4)])


def test_a_transfer_changes_both_accounts_once(store):
    store.post(7, order(1, 0))
    at = START + dt.timedelta(days=1)
    for _ in range(2):
        sender, receiver = store.transfer(7, "friend", key="t1", at=at, units=30, wallet="points")
        assert [held(sender.account), held(receiver.account)] == [20, 30]
    assert [moved(one.entries) for one in (sender, receiver)] == [-30, 30]
    for customer in (7, "friend"):
        check(store, customer)


def test_a_refused_transfer_changes_neither(store):
    store.post(7, order(1, 0))
    before, at = store.load(7), START + dt.timedelta(days=1)
    for receiver, units in ((8, 51), (7, 10)):
        with pytest.raises((DataError, DefinitionError)):
            store.transfer(7, receiver, key="t1", at=at, units=units, wallet="points")
    early = START - dt.timedelta(days=1)
    with pytest.raises(DataError):
        store.transfer(7, 8, key="t1", at=early, units=10, wallet="points")
    assert store.load(7) == before
    assert list(store.customer_ids()) == [7]


def test_a_lost_update_is_refused(url, monkeypatch):
    with SqlLedgerStore(url, COMPILED, attempts=1) as store, SqlLedgerStore(url, COMPILED) as other:
        store.post(7, order(1, 0))

        def overtaken(account, event, program):
            posted = post(account, event, program)
            monkeypatch.setattr(in_database, "post", post)
            other.post(7, order("of somebody else", 1))
            return posted

        monkeypatch.setattr(in_database, "post", overtaken)
        with pytest.raises(ConflictError) as refused:
            store.post(7, order(2, 2))
        assert refused.value.attempts == 1
        assert isinstance(refused.value, RetryableError)
        assert [event.order_id for event in store.events(7)] == [1, "of somebody else"]
        check(store, 7)


def test_a_lost_update_is_tried_again(url, monkeypatch):
    with SqlLedgerStore(url, COMPILED) as store, SqlLedgerStore(url, COMPILED) as other:
        numbers = iter(range(100, 105))

        def overtaken(account, event, program):
            posted = post(account, event, program)
            number = next(numbers, None) if event.order_id == 1 else None
            if number is not None:
                other.post(7, order(number, number - 100))
            return posted

        monkeypatch.setattr(in_database, "post", overtaken)
        store.post(7, order(1, 50))
        assert len(store.events(7)) == 6
        check(store, 7)


def test_two_who_send_one_event_at_once_write_it_once(url, monkeypatch):
    with SqlLedgerStore(url, COMPILED) as store, SqlLedgerStore(url, COMPILED) as other:

        def overtaken(account, event, program):
            monkeypatch.setattr(in_database, "post", post)
            other.post(7, order(1, 0))
            return post(account, event, program)

        monkeypatch.setattr(in_database, "post", overtaken)
        posted = store.post(7, order(1, 0))
        assert posted.entries == store.entries(7)
        assert len(store.events(7)) == 1


def test_many_threads_lose_and_double_nothing(store):
    failures = []

    def work(thread):
        try:
            for number in range(6):
                for _ in range(2):
                    store.post(number % 3, order(f"{number}-{thread}", number * 8 + thread))
        except Exception as problem:
            failures.append(problem)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for customer in range(3):
        assert len(store.events(customer)) == 8
        assert held(store.load(customer)) == 400
        check(store, customer)


PROCESS = """
import datetime as dt, sys
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online.events import Order
from retention_kit.loyalty_rules.store import SqlLedgerStore

url, name, text = sys.argv[1:]
program = compile_program(LoyaltyProgram.from_json(text), time_zone="Europe/Moscow")
at = dt.datetime(2025, 3, 1, 9, tzinfo=dt.UTC)
with SqlLedgerStore(url, program) as store:
    for number in range(20):
        order_id = number if number % 4 == 0 else f"{name}{number}"
        store.post(7, Order(order_id=order_id, at=at + dt.timedelta(hours=number), amount=1000))
"""


@pytest.mark.once
def test_two_processes_lose_and_double_nothing(url):
    command = [sys.executable, "-c", PROCESS, url]
    started = [
        subprocess.Popen([*command, name, PROGRAM.to_json()], stderr=subprocess.PIPE, text=True)
        for name in "ab"
    ]
    for process in started:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    with SqlLedgerStore(url, COMPILED) as store:
        # Every fourth order is sent by both.
        assert len(store.events(7)) == 15 + 15 + 5
        assert held(store.load(7)) == 35 * 50
        check(store, 7)


def test_transfers_both_ways_at_once_do_not_wait_for_each_other(store):
    for customer in (1, 2):
        store.post(customer, order(customer, 0, amount=100_000))
    failures = []

    def work(sender, receiver):
        try:
            for number in range(10):
                # All at one instant, and their keys decide which comes first.
                key = f"{number}-{sender}"
                try:
                    store.transfer(
                        sender, receiver, key=key, at=account_end(), units=1, wallet="points"
                    )
                except LateEventError:
                    continue
        except Exception as problem:
            failures.append(problem)

    threads = [threading.Thread(target=work, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for customer in (1, 2):
        check(store, customer)
    assert held(store.load(1)) + held(store.load(2)) == 10_000


def test_a_customer_is_forgotten(store):
    for number in range(5):
        store.post(7, order(number, number))
    store.post(8, order("other", 0))
    at = START + dt.timedelta(days=1)
    store.transfer(7, 8, key="t1", at=at, units=30, wallet="points")
    entries = len(store.entries(7))
    assert store.forget(7) == Forgotten(
        accounts=1, entries=entries, events=6, checkpoints=1, mentions=1
    )
    assert store.load(7) == Account.new(7)
    assert store.entries(7) == store.events(7) == store.checkpoints(7) == ()
    assert [event.other for event in store.events(8)[1:]] == [None]
    check(store, 8)
    assert store.forget(7) == Forgotten(0, 0, 0, 0, 0)


def test_a_second_store_finds_what_the_first_wrote(url):
    with SqlLedgerStore(url, COMPILED) as first:
        posted = first.post(7, order(1, 0))
    with SqlLedgerStore(url, COMPILED) as second:
        assert second.load(7) == posted.account
        returned = Return(
            order_id="r1", original_order_id=1, at=START + dt.timedelta(days=1), amount=1000
        )
        assert held(second.post(7, returned).account) == 0
        check(second, 7)


def test_an_engine_of_ones_own_is_used_as_it_is_and_not_closed(tmp_path):
    engine = sql.create_engine(f"sqlite:///{tmp_path}/own.db")
    with SqlLedgerStore(engine, COMPILED) as store:
        store.post(7, order(1, 0))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT sum(units) FROM loyalty_entries").scalar() == 50
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
    engine.dispose()


def test_a_store_in_memory_serves_many_threads():
    with SqlLedgerStore("sqlite://", COMPILED) as store:
        threads = [
            threading.Thread(target=lambda n=n: store.post(n, order(n, 0))) for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert list(store.customer_ids()) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "wrong",
    [
        "secret",
        "mysql://shop:secret@host/shop",
        "postgresql://shop:secret@host:port/shop",
        "://secret",
        7,
    ],
)
def test_what_is_no_url_is_refused_without_being_shown(wrong):
    with pytest.raises(DefinitionError, match="no URL") as refused:
        SqlLedgerStore(wrong, COMPILED)
    assert "secret" not in str(refused.value)
    shown = traceback.format_exception(refused.value)
    assert not any("secret" in line for line in shown if "SqlLedgerStore(" not in line)


def test_a_store_shows_no_password_and_no_customer(url):
    with SqlLedgerStore(url, COMPILED) as store:
        assert repr(store) in ("SqlLedgerStore(sqlite)", "SqlLedgerStore(postgresql)")
        store.post("Anna", order(1, 0))
        with pytest.raises(OrderOfAnotherError) as refused:
            store.post("Berta", order(1, 0))
        assert "Anna" not in str(refused.value)
        assert "Berta" not in str(refused.value)


@pytest.mark.parametrize("name", ["attempts", "checkpoint_every", "checkpoints_kept"])
@pytest.mark.parametrize("wrong", [0, True, 1.5])
def test_numbers_below_one_are_refused(name, wrong):
    with pytest.raises(DefinitionError, match=name):
        SqlLedgerStore("sqlite://", COMPILED, **{name: wrong})


def test_a_transaction_that_waits_too_long_may_be_tried_again(tmp_path):
    path = tmp_path / "busy.db"
    engine = sql.create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.01})
    store = SqlLedgerStore(engine, COMPILED, attempts=2)
    blocker = sql.create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT")
    with blocker.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(ConflictError):
            store.post(7, order(1, 0))
        connection.exec_driver_sql("ROLLBACK")
    store.post(7, order(1, 0))
    check(store, 7)
    engine.dispose()
    blocker.dispose()


def test_an_adjustment_by_hand_is_an_event_like_others(store):
    store.post(7, order(1, 0))
    at = START + dt.timedelta(days=1)
    store.post(7, Adjustment(key="a1", at=at, units=-20, wallet="points", reason="a mistake"))
    assert held(store.load(7)) == 30
    check(store, 7)


def test_without_the_library_the_extra_is_named():
    code = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from retention_kit.errors import MissingDependencyError\n"
        "try:\n    from retention_kit.loyalty_rules.store import SqlLedgerStore\n"
        "except MissingDependencyError as missing:\n    print(missing.extra)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout == "loyalty\n"


def test_without_its_driver_postgresql_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingDependencyError, match="postgres"):
        SqlLedgerStore("postgresql://shop@host/shop", COMPILED)


def test_the_protocol_loads_no_library_of_databases():
    code = (
        "import sys; from retention_kit.loyalty_rules.store import LedgerStore\n"
        "print({'sqlalchemy', 'polars', 'numpy'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout == "set()\n"
