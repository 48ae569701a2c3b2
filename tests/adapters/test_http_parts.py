"""Pages, addresses, and texts in which nothing is secret any more."""

import base64
import json
import logging
import traceback
from urllib.parse import quote, quote_plus

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retention_kit.adapters.http import (
    AddressGuard,
    HttpClient,
    Multipart,
    QueryToken,
    StaticToken,
    by_last_id,
    by_link,
    by_number,
    redact,
)
from retention_kit.adapters.http.redaction import Hidden
from retention_kit.adapters.webhook.signatures import signing_key
from retention_kit.errors import DefinitionError, RetentionKitError, RetryableError
from retention_kit.testing.clocks import ManualClock

VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=20)


@pytest.fixture
def client(scripted):
    with HttpClient(scripted.url, name="x", clock=ManualClock()) as client:
        yield client


def rows_of(answer):
    return answer.json()["rows"]


def test_pages_by_number_end_with_a_short_one(scripted, client):
    scripted.replies = [(200, {}, {"rows": [1, 2]}), (200, {}, {"rows": [3]})]
    pages = by_number(client, "rows", rows_of=rows_of, params={"a": "b"}, size=("limit", 2))
    assert list(pages) == [[1, 2], [3]]
    assert [one.query for one in scripted.asked] == ["a=b&limit=2&page=1", "a=b&limit=2&page=2"]


def test_pages_of_unknown_size_end_with_an_empty_one(scripted, client):
    scripted.replies = [(200, {}, {"rows": [1]}), (200, {}, {"rows": []})]
    assert list(by_number(client, "rows", rows_of=rows_of, first=0)) == [[1]]


def test_pages_are_asked_for_when_they_are_wanted(scripted, client):
    scripted.replies = [(200, {}, {"rows": [1, 2]})] * 5
    pages = by_number(client, "rows", rows_of=rows_of)
    assert scripted.asked == []
    next(pages)
    assert len(scripted.asked) == 1


def test_links_are_followed_by_their_query_alone(scripted, client):
    links = iter(["https://elsewhere.example/steal?page=2&filter%5Ba%5D=1", None])
    scripted.replies = [(200, {}, {"rows": [1]}), (200, {}, {"rows": [2]})]
    pages = by_link(
        client, "rows", rows_of=rows_of, next_of=lambda _: next(links), params={"page": 1}
    )
    assert list(pages) == [[1], [2]]
    assert [one.target for one in scripted.asked] == [
        "/rows?page=1",
        "/rows?page=2&filter%5Ba%5D=1",
    ]


def test_links_that_lead_in_a_circle_are_told(scripted, client):
    scripted.replies = [(200, {}, {"rows": [1]})] * 3
    with pytest.raises(RetryableError, match="read before"):
        list(by_link(client, "rows", rows_of=rows_of, next_of=lambda _: "/rows?page=2"))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pages_by_the_last_id_skip_nothing(scripted, client, method):
    scripted.replies = [(200, {}, {"rows": [3, 5]}), (200, {}, {"rows": [9]})]
    pages = by_last_id(
        client,
        "rows",
        rows_of=rows_of,
        id_of=int,
        params_after=lambda last: {">id": last},
        size=2,
        method=method,
    )
    assert list(pages) == [[3, 5], [9]]
    if method == "GET":
        assert [one.query for one in scripted.asked] == ["%3Eid=0", "%3Eid=5"]
    else:
        assert [one.json() for one in scripted.asked] == [{">id": 0}, {">id": 5}]


def test_pages_that_do_not_go_forward_are_told(scripted, client):
    scripted.replies = [(200, {}, {"rows": [3, 5]})] * 2
    pages = by_last_id(
        client, "rows", rows_of=rows_of, id_of=int, params_after=lambda last: {"a": last}, size=2
    )
    assert next(pages) == [3, 5]
    with pytest.raises(RetryableError, match="after id 5"):
        next(pages)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.5.5",
        "169.254.169.254",
        "0.0.0.0",
        "::1",
        "fd00::1",
        "fe80::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "::a00:1",
        "2002:a00:1::1",
        "64:ff9b:1::1",
        "fec0::1",
        "100.64.0.1",
        "224.0.0.1",
        "2130706433",
    ],
)
def test_private_addresses_are_refused_however_they_are_written(host):
    with pytest.raises(DefinitionError, match="not public"):
        AddressGuard().addresses_of(host, 80)


def test_public_and_allowed_addresses_are_let_through():
    assert AddressGuard().addresses_of("8.8.8.8", 443) == ("8.8.8.8",)
    assert AddressGuard(frozenset({"10.0.0.0/8"})).addresses_of("10.1.2.3", 80) == ("10.1.2.3",)
    assert "127.0.0.1" in AddressGuard(frozenset({"LocalHost"})).addresses_of("localhost", 80)
    with pytest.raises(DefinitionError):
        AddressGuard(frozenset({"10.0.0.0/8"})).addresses_of("192.168.0.1", 80)
    with pytest.raises(RetryableError, match="looked up"):
        AddressGuard().addresses_of("nowhere.invalid", 80)


def test_a_guarded_client_connects_to_the_address_that_was_looked_at(scripted):
    port = scripted.url.rpartition(":")[2]
    guard = AddressGuard(frozenset({"localhost"}))
    with HttpClient(f"http://localhost:{port}/in", name="x", guard=guard) as client:
        client.write("POST", "", json={})
    assert scripted.asked[0].headers["host"] == f"localhost:{port}"
    assert scripted.asked[0].path == "/in"
    with (
        HttpClient(scripted.url, name="x", guard=AddressGuard()) as client,
        pytest.raises(DefinitionError, match="not public"),
    ):
        client.write("POST", "", json={})
    assert len(scripted.asked) == 1


def test_a_guarded_client_tries_the_next_address_where_one_is_dead(scripted):
    class Guard(AddressGuard):
        def addresses_of(self, host, port):
            return ("127.0.0.9", "127.0.0.1")

    port = scripted.url.rpartition(":")[2]
    with HttpClient(f"http://shop.example:{port}", name="x", guard=Guard()) as client:
        client.write("POST", "in", json={})
    assert scripted.asked[0].headers["host"] == f"shop.example:{port}"


@given(st.text(min_size=4), st.text(), st.text())
def test_no_form_of_a_secret_survives(secret, before, after):
    try:
        data = secret.encode()
    except UnicodeEncodeError:
        return
    for form in (
        secret,
        quote(data, safe=""),
        quote_plus(data),
        json.dumps(secret)[1:-1],
        base64.b64encode(data).decode(),
    ):
        struck = redact(f"{before}{form}{after}", [secret, ""])
        assert "***" in struck
        assert struck.count(form) <= f"{before}***{after}".count(form)


class Listener(logging.Handler):
    """Keeps all that is logged anywhere."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def listener():
    listener = Listener()
    root = logging.getLogger()
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    yield listener
    root.removeHandler(listener)
    root.setLevel(level)


REPLIES = {
    "fine": (200, {}, {}),
    "refused": (401, {}, {}),
    "wrong": (400, {}, {}),
    "html": (200, {}, b"<html>"),
    "gateway": (502, {}, b""),
    "lost": None,
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=VISIBLE, where=st.sampled_from(["base", "path", "query", "header"]), reply=st.data())
def test_no_secret_is_logged_or_raised(secret, where, reply, scripted, listener, drops):
    kind = reply.draw(st.sampled_from(sorted(REPLIES)))
    scripted.reset().replies = [REPLIES[kind] or drops] * 3
    listener.lines.clear()
    base, path, auth = scripted.url, "rows", None
    if where == "base":
        base = f"{base}/rest/1/{quote(secret, safe='')}"
    elif where == "path":
        path = f"rows/{quote(secret, safe='')}"
    elif where == "query":
        auth = QueryToken(secret)
    else:
        auth = StaticToken(secret)
    told = [repr(auth)]
    with HttpClient(
        base,
        name="the shop",
        auth=auth,
        secrets=[secret],
        clock=ManualClock(),
        attempts=2,
        read_answer=lambda answer: answer.json() and None,
    ) as client:
        told.append(repr(client))
        for call in (client.read, client.write):
            try:
                call("POST", path, json={"a": 1})
            except RetentionKitError as error:
                told += [str(error), repr(error), *traceback.format_exception(error)]
    told += listener.lines
    assert any("the shop" in one or "/rows" in one or "***" in one for one in told)
    assert not [one for one in told if secret in one or quote(secret, safe="") in one]


@pytest.mark.parametrize("where", ["base", "query", "header", "body"])
@pytest.mark.parametrize("kind", ["lost", "refused"])
def test_tracebacks_that_print_local_variables_show_no_secret(scripted, drops, where, kind):
    secret = "S3cr3tS3cr3t"
    base = f"{scripted.url}/rest/1/{secret}/" if where == "base" else scripted.url
    auth = {"query": QueryToken(secret), "header": StaticToken(secret)}.get(where)
    body = Hidden(token=secret if where == "body" else "")
    guard = AddressGuard(frozenset({"127.0.0.1"}))
    with HttpClient(base, name="x", auth=auth, clock=ManualClock(), guard=guard) as client:
        for call in (client.read, client.write):
            scripted.replies = [REPLIES[kind] or drops] * 5
            with pytest.raises(RetentionKitError) as raised:
                call("POST", "rows", json=body)
            told = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
            frames = [one for one in told.stack if one.filename != __file__]
            assert any(one.locals for one in frames)
            shown = [text for one in frames for text in (one.locals or {}).values()]
            assert not [text for text in shown if secret in text]
    assert scripted.asked


@pytest.mark.parametrize(
    "make",
    [
        lambda secret: HttpClient(f"no://{secret}/{secret}", name="x"),
        lambda secret: StaticToken(f"{secret}\n"),
        lambda secret: QueryToken(f"{secret} "),
        signing_key,
    ],
)
def test_secrets_that_are_refused_are_no_readable_local_variables(make):
    secret = "S3cr3tS3cr3t"
    with pytest.raises(DefinitionError) as raised:
        make(secret)
    told = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    ours = [one for one in told.stack if one.filename != __file__]
    shown = [text for one in ours for text in (one.locals or {}).values()]
    assert any("Hidden" in one for one in shown)
    assert not [one for one in shown if secret in one]


def test_a_client_whose_address_is_refused_may_be_looked_at():
    client = HttpClient.__new__(HttpClient)
    with pytest.raises(DefinitionError):
        client.__init__("no address", name="x")
    assert repr(client) == "HttpClient(None, name='x')"


def test_libraries_below_speak_of_others_calls(scripted, listener):
    with HttpClient(f"{scripted.url}/hidden", name="x") as client:
        client.read("GET", "rows")
    assert not [one for one in listener.lines if "hidden" in one]
    with httpx2.Client() as other:
        other.get(f"{scripted.url}/open")
    assert [one for one in listener.lines if "open" in one]


def test_an_upload_cannot_smuggle_headers():
    with pytest.raises(DefinitionError):
        Multipart(name="a", filename="b", chunks=list, content_type="x\r\ny: z")
    form = Multipart(name='a"\r\n', filename="b\r\nc", chunks=list, size=0)
    assert b'\r\nc"' not in b"".join(form)
    assert form.headers["content-length"] == str(len(b"".join(form)))
