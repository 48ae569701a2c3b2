"""Pairs of tokens: kept safely, renewed once, by one process at a time."""

import json
import os
import stat
import subprocess
import sys
import threading

import pytest

from retention_kit.adapters.http import (
    FileTokenStore,
    HttpClient,
    MemoryTokenStore,
    QueryToken,
    RotatingTokens,
    StaticToken,
    Tokens,
)
from retention_kit.errors import (
    AuthenticationError,
    DataError,
    DefinitionError,
    RejectedError,
    RetryableError,
)
from retention_kit.testing.clocks import ManualClock

FIRST = Tokens(access="access-0", refresh="refresh-0")
WORKER = """
import os
import sys
from retention_kit.adapters.http import FileTokenStore, HttpClient, RotatingTokens, Tokens

url, folder, calls, how = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]

def renew(client, tokens):
    pair = client.write("POST", "token", json={"refresh": tokens.refresh}).json()
    return Tokens(access=pair["access"], refresh=pair["refresh"])

if how != "live":
    from pathlib import Path
    from retention_kit.adapters import durable_files as module
    moves = []
    move, force = Path.replace, module.force_folder

    def moved(*args):
        # The first is the old pair, kept again to see that keeping works.
        moves.append(args)
        return os._exit(9) if how == "die before the move" and len(moves) > 1 else move(*args)

    Path.replace = moved
    if how == "die after the move":
        module.force_folder = lambda folder: os._exit(9) if len(moves) > 1 else force(folder)

auth = RotatingTokens(
    FileTokenStore(folder), "acme", renew=renew,
    initial=Tokens(access="access-0", refresh="refresh-0"),
)
with HttpClient(url, name="x", auth=auth) as client:
    for number in range(calls):
        client.read("GET", "rows", params={"who": os.getpid()})
"""


class Account:
    """The outside system: a client may use an access token so often, a refresh token works once."""

    def __init__(self, calls_per_token=10**9):
        self.number = 0
        self.calls_per_token = calls_per_token
        self.calls = {}
        self.refresh_used = []
        self.lock = threading.Lock()

    def __call__(self, asked):
        with self.lock:
            if asked.path == "/token":
                return self.exchange(asked.json()["refresh"])
            if asked.headers.get("authorization") != f"Bearer access-{self.number}":
                return 401, {}, {}
            self.calls[asked.query] = self.calls.get(asked.query, 0) + 1
            return (200 if self.calls[asked.query] <= self.calls_per_token else 401), {}, {}

    def exchange(self, refresh):
        self.refresh_used.append(refresh)
        if refresh != f"refresh-{self.number}":
            return 400, {}, {"hint": "used up"}
        self.number += 1
        self.calls.clear()
        return 200, {}, {"access": f"access-{self.number}", "refresh": f"refresh-{self.number}"}


def renew(client, tokens):
    try:
        pair = client.write("POST", "token", json={"refresh": tokens.refresh}).json()
    except RejectedError:
        raise AuthenticationError("Authorise anew.") from None
    return Tokens(access=pair["access"], refresh=pair["refresh"])


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture(params=["memory", "file"])
def store(request, tmp_path):
    return MemoryTokenStore() if request.param == "memory" else FileTokenStore(tmp_path / "tokens")


def rotating(store, clock, initial=FIRST, **options):
    return RotatingTokens(store, "acme", renew=renew, initial=initial, clock=clock, **options)


def worker(url, folder, calls, how="live"):
    command = [sys.executable, "-c", WORKER, url, str(folder), str(calls), how]
    return subprocess.Popen(command)


def test_static_tokens_stand_where_they_should(scripted):
    for auth, where in [
        (StaticToken("t1"), lambda one: one.headers["authorization"] == "Bearer t1"),
        (StaticToken("t1", scheme="OAuth"), lambda one: one.headers["authorization"] == "OAuth t1"),
        (StaticToken("t1", scheme="", header="X-Key"), lambda one: one.headers["x-key"] == "t1"),
        (QueryToken("t1", name="key"), lambda one: one.query == "a=b&key=t1"),
    ]:
        with HttpClient(scripted.url, name="x", auth=auth) as client:
            client.read("GET", "rows", params={"a": "b"})
        assert where(scripted.asked[-1])


@pytest.mark.parametrize("token", ["", "a b", "a\n", "ключ"])
def test_a_token_that_cannot_be_sent_is_refused_unseen(token):
    for make in (StaticToken, QueryToken):
        with pytest.raises(DefinitionError) as raised:
            make(token)
        assert not token or repr(token) not in str(raised.value)


def test_a_static_token_that_is_refused_is_not_tried_again(scripted):
    scripted.replies = [(401, {}, {})]
    with (
        HttpClient(scripted.url, name="x", auth=StaticToken("t")) as client,
        pytest.raises(AuthenticationError),
    ):
        client.read("GET", "rows")
    assert len(scripted.asked) == 1


def test_a_refused_token_is_renewed_once_and_the_call_repeated(scripted, clock, store):
    scripted.answering = Account()
    auth = rotating(store, clock, Tokens(access="old", refresh="refresh-0"))
    with HttpClient(scripted.url, name="x", auth=auth, clock=clock) as client:
        client.write("POST", "rows", json={})
        client.read("GET", "rows")
    assert [one.path for one in scripted.asked] == ["/rows", "/token", "/rows", "/rows"]
    assert "authorization" not in scripted.asked[1].headers
    assert store.load("acme").refresh == "refresh-1"


def test_a_token_that_has_run_out_is_renewed_before_it_is_used(scripted, clock, store):
    scripted.answering = Account()
    initial = Tokens(access="old", refresh="refresh-0", expires_at=clock.now() + 30)
    auth = rotating(store, clock, initial)
    with HttpClient(scripted.url, name="x", auth=auth, clock=clock) as client:
        client.read("GET", "rows")
    assert [one.path for one in scripted.asked] == ["/token", "/rows"]


def test_what_a_renewal_gives_is_kept_before_it_is_used(scripted, clock, store):
    kept_when_asked = []
    account = Account()

    def answering(asked):
        if asked.path == "/rows":
            kept_when_asked.append(store.load("acme"))
        return account(asked)

    scripted.answering = answering
    auth = rotating(store, clock, Tokens(access="old", refresh="refresh-0"))
    with HttpClient(scripted.url, name="x", auth=auth, clock=clock) as client:
        client.read("GET", "rows")
    assert kept_when_asked[0] is None
    assert kept_when_asked[1].access == "access-1"


def test_a_second_refusal_comes_out(scripted, clock, store):
    scripted.answering = lambda asked: (
        (200, {}, {"access": "a", "refresh": "r"}) if asked.path == "/token" else (401, {}, {})
    )
    with (
        HttpClient(scripted.url, name="x", auth=rotating(store, clock), clock=clock) as client,
        pytest.raises(AuthenticationError),
    ):
        client.read("GET", "rows")
    assert [one.path for one in scripted.asked] == ["/rows", "/token", "/rows"]


def test_a_pair_without_a_refresh_token_is_not_renewed(scripted, clock, store):
    scripted.replies = [(401, {}, {})]
    initial = Tokens(access="long-lived", expires_at=0)
    with (
        HttpClient(scripted.url, name="x", auth=rotating(store, clock, initial)) as client,
        pytest.raises(AuthenticationError),
    ):
        client.read("GET", "rows")
    assert len(scripted.asked) == 1


def test_a_renewal_without_a_new_refresh_token_keeps_the_old_one(scripted, clock, store):
    auth = RotatingTokens(
        store, "acme", renew=lambda *_: Tokens(access="new"), initial=FIRST, clock=clock
    )
    scripted.replies = [(401, {}, {})]
    with HttpClient(scripted.url, name="x", auth=auth, clock=clock) as client:
        client.read("GET", "rows")
    assert (auth.tokens.access, auth.tokens.refresh) == ("new", "refresh-0")


def test_a_lost_renewal_is_tried_again_and_says_nothing_of_the_write(scripted, clock, store, drops):
    scripted.replies = [(401, {}, {}), drops, (401, {}, {})]
    account = Account()
    scripted.replies.append(lambda handler, asked: answer_by(handler, account(asked)))
    with HttpClient(scripted.url, name="x", auth=rotating(store, clock), clock=clock) as client:
        client.write("POST", "rows", json={})
    assert [one.path for one in scripted.asked] == ["/rows", "/token"] * 2 + ["/rows"]
    assert clock.slept


def answer_by(handler, reply):
    body = json.dumps(reply[2]).encode()
    handler.send_response(reply[0])
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def test_without_any_pair_nothing_is_asked(scripted, clock, store):
    auth = rotating(store, clock, None)
    with (
        HttpClient(scripted.url, name="x", auth=auth) as client,
        pytest.raises(AuthenticationError, match="no tokens of 'acme'"),
    ):
        client.read("GET", "rows")
    assert scripted.asked == []


def test_the_store_goes_before_the_settings_until_somebody_authorises_anew(scripted, clock, store):
    scripted.answering = Account()
    with HttpClient(scripted.url, name="x", auth=rotating(store, clock, FIRST)) as client:
        scripted.answering.calls_per_token = 0
        with pytest.raises(AuthenticationError):
            client.read("GET", "rows")
        scripted.answering.calls_per_token = 9
        client.read("GET", "rows")
    assert rotating(store, clock, FIRST).tokens.access == "access-1"
    assert rotating(store, clock, None).tokens.access == "access-1"
    anew = Tokens(access="another", refresh="another-refresh")
    assert rotating(store, clock, anew).tokens.access == "another"


def test_threads_renew_once(scripted, clock, store):
    account = scripted.answering = Account()
    auth = rotating(store, clock, Tokens(access="old", refresh="refresh-0"))
    with HttpClient(scripted.url, name="x", auth=auth) as client:
        threads = [threading.Thread(target=client.read, args=("GET", "rows")) for _ in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert account.refresh_used == ["refresh-0"]


def test_two_processes_never_use_a_refresh_token_twice(scripted, tmp_path):
    account = scripted.answering = Account(calls_per_token=3)
    workers = [worker(scripted.url, tmp_path, 15) for _ in range(2)]
    assert [one.wait(60) for one in workers] == [0, 0]
    assert len(account.refresh_used) >= 4
    assert len(set(account.refresh_used)) == len(account.refresh_used)


def test_a_process_killed_between_keeping_and_using_loses_nothing(scripted, tmp_path):
    account = scripted.answering = Account(calls_per_token=0)
    assert worker(scripted.url, tmp_path, 1, "die after the move").wait(60) == 9
    account.calls_per_token = 5
    assert worker(scripted.url, tmp_path, 1).wait(60) == 0
    assert account.refresh_used == ["refresh-0"]


def test_a_process_killed_before_keeping_leaves_the_old_pair_and_no_lock(scripted, clock, tmp_path):
    account = scripted.answering = Account(calls_per_token=0)
    assert worker(scripted.url, tmp_path, 1, "die before the move").wait(60) == 9
    store = FileTokenStore(tmp_path, patience=1)
    with (
        HttpClient(scripted.url, name="x", auth=rotating(store, clock), clock=clock) as client,
        pytest.raises(AuthenticationError, match="Authorise anew"),
    ):
        client.read("GET", "rows")
    assert account.refresh_used == ["refresh-0", "refresh-0"]


class FullDisk(MemoryTokenStore):
    """A store that cannot be written when somebody says so."""

    def __init__(self):
        super().__init__()
        self.saves = 0
        self.full_from = 1

    def save(self, account, tokens):
        self.saves += 1
        if self.saves >= self.full_from:
            raise DataError("Cannot write: No space left on device.")
        super().save(account, tokens)


def test_no_refresh_token_is_spent_while_the_disk_is_full(scripted, clock):
    account = scripted.answering = Account(calls_per_token=0)
    store = FullDisk()
    with HttpClient(scripted.url, name="x", auth=rotating(store, clock), clock=clock) as client:
        with pytest.raises(DataError, match="No space"):
            client.read("GET", "rows")
        assert account.refresh_used == []
        store.full_from, account.calls_per_token = 10**9, 1
        client.read("GET", "rows")
    assert account.refresh_used == ["refresh-0"]


def test_a_pair_that_cannot_be_kept_when_it_comes_is_kept_before_anything_else(scripted, clock):
    account = scripted.answering = Account(calls_per_token=0)
    store = FullDisk()
    store.full_from = 2  # The trial works, the new pair does not fit.
    with HttpClient(scripted.url, name="x", auth=rotating(store, clock), clock=clock) as client:
        with pytest.raises(DataError, match="No space"):
            client.read("GET", "rows")
        asked = len(scripted.asked)
        with pytest.raises(DataError, match="No space"):
            client.read("GET", "rows")
        assert len(scripted.asked) == asked
        store.full_from, account.calls_per_token = 10**9, 5
        client.read("GET", "rows")
    assert account.refresh_used == ["refresh-0"]
    assert store.load("acme").access == "access-1"


def test_a_pair_that_waits_to_be_kept_gives_way_to_one_authorised_meanwhile(scripted, clock):
    account = scripted.answering = Account(calls_per_token=0)
    store = FullDisk()
    store.full_from = 2
    with HttpClient(scripted.url, name="x", auth=rotating(store, clock), clock=clock) as client:
        with pytest.raises(DataError, match="No space"):
            client.read("GET", "rows")
        store.full_from, account.calls_per_token = 10**9, 5
        kept = store.load("acme")
        store.save("acme", Tokens(access="access-1", refresh="by hand", origin=kept.origin))
        client.read("GET", "rows")
    assert store.load("acme").refresh == "by hand"


def test_a_lock_that_is_held_too_long_is_told(tmp_path):
    store = FileTokenStore(tmp_path, patience=0.01)
    with (
        store.locked("acme"),
        pytest.raises(RetryableError, match="another process|Another process"),
        store.locked("acme"),
    ):
        pass
    with store.locked("acme"), store.locked("other"):
        assert store.load("acme") is None


def test_files_are_their_owners_alone(tmp_path):
    store = FileTokenStore(tmp_path / "deep" / "down")
    store.save("https://acme.example/ключ", FIRST)
    (path,) = (tmp_path / "deep" / "down").glob("*.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert store.load("https://acme.example/ключ") == FIRST
    assert store.load("https://acme.example/другой") is None
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_file_that_holds_no_tokens_is_told_without_its_content(tmp_path):
    store = FileTokenStore(tmp_path)
    store.save("acme", FIRST)
    (path,) = tmp_path.glob("*.json")
    for content in ("{", '{"access": "a", "secret": "b"}', "[]"):
        path.write_text(content)
        with pytest.raises(DataError, match="holds no tokens"):
            store.load("acme")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="/proc refuses even root")
def test_a_folder_that_cannot_be_made_is_told():
    store = FileTokenStore("/proc/tokens")
    with pytest.raises(DataError, match="Cannot write"):
        store.save("acme", FIRST)
    with pytest.raises(DataError, match="Cannot lock"), store.locked("acme"):
        pass


def test_nothing_shows_a_token(store, clock):
    for shown in (FIRST, StaticToken("secret"), rotating(store, clock), store):
        assert "access-0" not in repr(shown)
        assert "secret" not in repr(shown)
