"""What is retried, what is not, and what comes out of a call whose answer never came."""

import email.utils
import socket
import time

import pytest

from retention_kit.adapters.http import Answer, HttpClient, Multipart, status_error
from retention_kit.delivery.limits import Limiter, Window
from retention_kit.errors import (
    AuthenticationError,
    DefinitionError,
    RateLimitedError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
)
from retention_kit.testing.clocks import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def client(scripted, clock):
    with HttpClient(scripted.url, name="the shop", clock=clock) as client:
        yield client


def test_a_read_gives_the_answer_and_sends_what_was_asked(scripted, client):
    scripted.replies = [(200, {"x-page": "1"}, {"rows": [1, 2.50]})]
    params = {"ids": [1, 2], "on": True, "none": None, "filter[a][from]": "x y&z"}
    answer = client.read("GET", "/v1/rows", params=params, headers={"X-One": "1"})
    assert answer.json() == {"rows": [1, 2.5]}
    assert str(answer.json(exact=True)["rows"][1]) == "2.5"
    assert answer.headers["x-page"] == "1"
    assert answer.status == 200
    assert answer.is_json
    (asked,) = scripted.asked
    assert asked.path == "/v1/rows"
    assert asked.query == "ids=1&ids=2&on=true&filter%5Ba%5D%5Bfrom%5D=x+y%26z"
    assert asked.headers["x-one"] == "1"
    assert asked.headers["user-agent"].startswith("retention-kit")


def test_the_base_address_keeps_its_path_and_query(scripted, clock):
    with HttpClient(f"{scripted.url}/rest/1/key/?app=2", name="x", clock=clock) as client:
        client.read("GET", "profile?part=1", params={"a": "b"})
        client.write("POST", "", json={"a": "ы"})
    assert scripted.asked[0].target == "/rest/1/key/profile?app=2&part=1&a=b"
    assert scripted.asked[1].target == "/rest/1/key/?app=2"
    assert scripted.asked[1].body == '{"a":"ы"}'.encode()
    assert scripted.asked[1].headers["content-type"] == "application/json"


def test_forms_bytes_and_streams_are_sent_as_they_are(scripted, client):
    client.write("POST", "form", data={"a": "1 2", "b": "я"})
    client.write("POST", "bytes", content=b"\x00\x01", headers={"Content-Type": "x/y"})
    client.write("POST", "stream", content=lambda: (b"one", b"two"))
    form, raw, stream = scripted.asked
    assert form.body == b"a=1+2&b=%D1%8F"
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"
    assert (raw.body, raw.headers["content-type"]) == (b"\x00\x01", "x/y")
    assert stream.body == b"onetwo"


@pytest.mark.parametrize("size", [6, None])
def test_a_streamed_upload_is_made_anew_for_each_try(scripted, client, size):
    made = []

    def chunks():
        made.append(1)
        yield b"abc"
        yield b"def"

    form = Multipart(
        name="file", filename='a"b.csv', chunks=chunks, size=size, fields={"k": "v"}, boundary="B"
    )
    scripted.replies = [(429, {"retry-after": "0"}, b""), (200, {}, {})]
    client.write("POST", "up", files=form)
    first, second = scripted.asked
    assert len(made) == 2
    assert (
        first.body
        == second.body
        == (
            b'--B\r\nContent-Disposition: form-data; name="k"\r\n\r\nv\r\n'
            b'--B\r\nContent-Disposition: form-data; name="file"; filename="a%22b.csv"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\nabcdef\r\n--B--\r\n"
        )
    )
    assert ("content-length" in first.headers) == (size is not None)
    assert first.headers["content-type"] == "multipart/form-data; boundary=B"


@pytest.mark.parametrize("status", [408, 420, 425, 429, 500, 502, 503, 504])
def test_a_read_is_tried_again_after_what_may_pass(scripted, client, clock, status):
    scripted.replies = [(status, {}, b"<html>"), (status, {}, b"<html>"), (200, {}, {"a": 1})]
    assert client.read("GET", "x").json() == {"a": 1}
    first, second = clock.slept
    assert 0.25 <= first <= 0.5
    assert 0.5 <= second <= 1.0


def test_a_read_is_tried_again_after_a_lost_connection(scripted, client, drops):
    scripted.replies = [drops, drops, (200, {}, {"a": 1})]
    assert client.read("GET", "x").json() == {"a": 1}


def test_a_read_gives_up_after_its_attempts(scripted, client, drops):
    scripted.replies = [drops] * 9
    with pytest.raises(RetryableError, match="no whole answer came"):
        client.read("GET", "x")
    assert len(scripted.asked) == 5


def test_the_server_says_how_long_to_wait_in_seconds_or_as_a_date(scripted, client, clock):
    date = email.utils.formatdate(clock.now() + 7 + 30, usegmt=True)
    scripted.replies = [
        (429, {"retry-after": "7"}, b""),
        (503, {"retry-after": date}, b""),
        (200, {}, {}),
    ]
    client.write("POST", "x", json={})
    assert clock.slept == [7.0, pytest.approx(30, abs=1)]


def test_a_longer_wait_than_the_patience_comes_out_at_once(scripted, client, clock):
    scripted.replies = [(429, {"retry-after": "3600"}, b"")]
    with pytest.raises(RateLimitedError) as raised:
        client.read("GET", "x")
    assert raised.value.retry_after == 3600
    assert clock.slept == []


def test_others_wait_as_well_when_the_server_asks_for_fewer_calls(scripted, clock):
    limiter = Limiter("acme", [Window(100, 1.0)], clock=clock)
    with HttpClient(scripted.url, name="x", clock=clock, limiter=limiter, attempts=1) as client:
        scripted.replies = [(429, {"retry-after": "20"}, b"")]
        with pytest.raises(RateLimitedError):
            client.read("GET", "x")
        began = clock.now()
        client.read("GET", "x")
    assert clock.now() - began >= 20


def test_each_group_is_waited_for(scripted, clock):
    limits = [Window(2, 1.0), Window(1, 60.0, group="writes")]
    limiter = Limiter("acme", limits, clock=clock)
    with HttpClient(scripted.url, name="x", clock=clock, limiter=limiter) as client:
        client.write("POST", "x", group=("requests", "writes"))
        client.read("GET", "x")
        assert clock.slept == []
        client.write("POST", "x", group=("requests", "writes"))
    assert sum(clock.slept) >= 60


def test_a_write_is_tried_once_when_its_answer_is_lost(scripted, client, drops):
    scripted.replies = [drops]
    with pytest.raises(UnknownOutcomeError, match="nobody knows"):
        client.write("POST", "x", json={})
    assert len(scripted.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_write_that_a_gateway_gave_up_is_unknown(scripted, client, status):
    scripted.replies = [(status, {}, b"<html>")]
    with pytest.raises(UnknownOutcomeError):
        client.write("POST", "x", json={})
    assert len(scripted.asked) == 1


def test_a_repeatable_write_is_tried_again(scripted, client, drops):
    scripted.replies = [drops, (502, {}, b""), (200, {}, {})]
    client.write("PUT", "x", json={}, repeatable=True)
    assert len(scripted.asked) == 3


def test_a_refusal_after_a_doubtful_try_leaves_the_doubt(scripted, clock, drops):
    with HttpClient(scripted.url, name="x", clock=clock, attempts=2) as client:
        scripted.replies = [drops, (429, {}, b"")]
        with pytest.raises(UnknownOutcomeError, match="earlier try"):
            client.write("PUT", "x", json={}, repeatable=True)


def test_a_write_is_tried_again_where_nobody_listens(clock):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with (
            HttpClient(url, name="the shop", clock=clock, attempts=3) as client,
            pytest.raises(RetryableError, match="cannot be reached, nothing was sent"),
        ):
            client.write("POST", "x", json={})
    assert len(clock.slept) == 2


def test_a_write_whose_answer_takes_too_long_is_unknown(scripted, client):
    def wait(handler, asked):
        handler.connection.recv(1)  # Until the client hangs up.

    scripted.replies = [wait]
    with pytest.raises(UnknownOutcomeError):
        client.write("POST", "x", json={}, timeout=0.05)


def test_a_body_that_drips_is_cut_off(scripted, client):
    def drip(handler, asked):
        handler.send_response(200)
        handler.send_header("content-length", "100000")
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b" ")
                time.sleep(0.01)
        except OSError:
            handler.close_connection = True

    scripted.replies = [drip]
    with pytest.raises(UnknownOutcomeError):
        client.write("POST", "x", json={}, timeout=0.05)


def test_half_an_answer_is_no_answer(scripted, client):
    def half(handler, asked):
        handler.send_response(200)
        handler.send_header("content-length", "100")
        handler.end_headers()
        handler.wfile.write(b'{"a":')
        handler.close_connection = True

    scripted.replies = [half, (200, {}, {"a": 1}), half]
    assert client.read("GET", "x").json() == {"a": 1}
    with pytest.raises(UnknownOutcomeError):
        client.write("POST", "x", json={})


@pytest.mark.parametrize("body", [b'{"a": [1, 2', b"<html>Bad gateway</html>", b"\xff\xfe"])
def test_what_is_no_json_is_retried_by_reads_and_unknown_to_writes(scripted, clock, body):
    def look(answer):
        answer.json()

    with HttpClient(scripted.url, name="x", clock=clock, read_answer=look) as client:
        scripted.replies = [(200, {}, body), (200, {}, {"a": 1})]
        assert client.read("GET", "x").json() == {"a": 1}
        scripted.replies = [(200, {}, body)]
        with pytest.raises(UnknownOutcomeError, match="no JSON"):
            client.write("POST", "x", json={})


def test_an_adapter_reads_errors_out_of_a_success(scripted, clock):
    def look(answer):
        said = answer.json() or {}
        if said.get("error") == "SLOW":
            return RateLimitedError("slow down", retry_after=3)
        return RejectedError("no", code=said["error"]) if said.get("error") else None

    with HttpClient(scripted.url, name="x", clock=clock, read_answer=look) as client:
        scripted.replies = [(200, {}, {"error": "SLOW"}), (200, {}, {"error": "BAD"})]
        with pytest.raises(RejectedError) as raised:
            client.write("POST", "x", json={})
        assert raised.value.code == "BAD"
        assert clock.slept == [3.0]
        scripted.replies = [(404, {}, {})]
        with pytest.raises(RejectedError) as raised:
            client.write("POST", "x", json={})
        assert raised.value.code == "404"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(scripted, client, status):
    scripted.replies = [(status, {"location": "/elsewhere"}, b"")]
    with pytest.raises(AuthenticationError, match="redirect"):
        client.read("GET", "x")
    assert [one.path for one in scripted.asked] == ["/x"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, RejectedError),
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, RejectedError),
        (409, RejectedError),
        (413, RejectedError),
        (422, RejectedError),
    ],
)
def test_what_is_refused_is_asked_once(scripted, client, status, error):
    for call in (client.read, client.write):
        scripted.reset().replies = [(status, {}, {"why": "because"})]
        with pytest.raises(error):
            call("POST", "x", json={})
        assert len(scripted.asked) == 1


def test_nothing_is_none(scripted, client):
    scripted.replies = [(204, {}, b"")]
    answer = client.read("GET", "x")
    assert (answer.json(), answer.text) == (None, "")


def test_cookies_are_not_kept(scripted, client):
    scripted.replies = [(200, {"set-cookie": "who=me"}, {})]
    client.read("GET", "x")
    client.read("GET", "x")
    assert "cookie" not in scripted.asked[1].headers


@pytest.mark.parametrize("url", ["", "shop.example", "ftp://a.example", "http:///x", "http://a:b/"])
def test_what_is_no_address_is_refused_without_being_shown(url):
    with pytest.raises(DefinitionError, match="http://") as raised:
        HttpClient(url, name="x")
    assert not url or url not in str(raised.value)


def test_a_closed_client_opens_again(scripted, client):
    client.read("GET", "x")
    client.close()
    client.close()
    assert client.read("GET", "x").status == 200


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("5", 5.0),
        ("0", 0.0),
        ("soon", None),
        ("-1", None),
        ("", None),
        ("9" * 400, None),
        ("1795338000", 86_400.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
    ],
)
def test_a_wait_that_cannot_be_read_is_none_and_none_is_longer_than_a_day(header, expected):
    answer = Answer(429, {"retry-after": header}, b"", "GET", "http://a/x", True, 0.0)
    assert answer.retry_after == expected
    error = status_error(answer)
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == expected
