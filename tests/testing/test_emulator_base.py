"""What all emulators share: the server, the log of requests, faults on demand, the command line."""

import http.client
import importlib
import json
import socket
import sys
import threading

import httpx2
import pytest

from retention_kit.errors import DefinitionError, MissingDependencyError
from retention_kit.testing.clocks import ManualClock
from retention_kit.testing.emulators import (
    EMULATORS,
    Emulator,
    RequestLog,
    Response,
    emulator_class,
)
from retention_kit.testing.emulators.__main__ import main
from retention_kit.testing.emulators.people import invented_orders, invented_people

pytestmark = pytest.mark.once


class Echo(Emulator):
    NAME = "echo"

    def answer(self, request):
        if request.path == "/broken":
            raise RuntimeError("a defect of the emulator")
        if request.path == "/nothing":
            return Response.empty()
        if request.path == "/no":
            return Response.json({}, status=400, refusal="NO")
        self.acts.append(request.body)
        self.requests.counted("all", self.clock.now())
        told = {
            "method": request.method,
            "path": request.path,
            "query": request.query_pairs,
            "body": request.body.decode(),
            "agent": request.headers.get("user-agent"),
            "type": request.content_type,
        }
        return Response.json(told, headers=(("X-Extra", "1"),))

    def route_of(self, request):
        return request.path.strip("/")


@pytest.fixture(scope="module")
def client():
    with httpx2.Client(timeout=10) as client:
        yield client


@pytest.fixture
def echo():
    with Echo(clock=ManualClock()) as emulator:
        yield emulator


def test_a_request_comes_as_it_was_sent(echo, client):
    answer = client.post(
        f"{echo.url}/путь?a=1&b=%D1%8F&a=2",
        content="тело".encode(),
        headers={"User-Agent": "tester/1", "Content-Type": "Text/Plain; charset=utf-8"},
    )
    assert answer.status_code == 200
    assert answer.headers["X-Extra"] == "1"
    assert answer.json() == {
        "method": "POST",
        "path": "/путь",
        "query": [["a", "1"], ["b", "я"], ["a", "2"]],
        "body": "тело",
        "agent": "tester/1",
        "type": "text/plain",
    }


def test_a_body_in_chunks_is_read_to_its_end(echo, client):
    assert client.post(f"{echo.url}/a", content=iter([b"one ", b"two"])).json()["body"] == "one two"
    assert client.post(f"{echo.url}/a", content=b"next").json()["body"] == "next"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_long_body_is_a_stream_that_need_not_be_held_in_memory(client, chunked):
    pieces = [bytes([number]) * 2**20 for number in range(5)]

    class Counting(Emulator):
        def answer(self, request):
            read = 0
            while piece := request.stream.read(100_000):
                read += len(piece)
            return Response.json({"read": read, "whole": request.body == b"".join(pieces)})

    with Counting() as emulator:
        for _ in range(2):
            content = iter(pieces) if chunked else b"".join(pieces)
            answer = client.post(f"{emulator.url}/a", content=content).json()
            assert answer == {"read": 5 * 2**20, "whole": True}


def test_one_connection_serves_many_requests(echo):
    connection = http.client.HTTPConnection("127.0.0.1", int(echo.url.rpartition(":")[2]))
    connection.connect()
    used = connection.sock
    for number in range(5):
        connection.request("POST", "/a", body=str(number))
        assert json.loads(connection.getresponse().read())["body"] == str(number)
        assert connection.sock is used
    connection.close()


def test_an_answer_without_a_body_says_so_and_keeps_the_connection(echo, client):
    answer = client.get(f"{echo.url}/nothing")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Length" not in answer.headers
    assert client.get(f"{echo.url}/a").status_code == 200


def test_a_defect_of_an_emulator_is_a_status_500_and_is_shown(echo, client, capfd):
    assert client.get(f"{echo.url}/broken").status_code == 500
    assert "a defect of the emulator" in capfd.readouterr().err
    assert client.get(f"{echo.url}/a").status_code == 200


def test_an_emulator_without_answers_of_its_own_knows_no_path(client):
    with Emulator() as emulator:
        assert client.get(f"{emulator.url}/a").status_code == 404
        assert emulator.requests.count("GET /a") == 1


def test_a_stop_closes_open_connections_and_a_new_start_has_the_same_address_and_state(client):
    emulator = Echo()
    with emulator:
        url = emulator.url
        client.post(f"{url}/a", content=b"x")
    with pytest.raises(httpx2.TransportError):
        client.post(f"{url}/a", content=b"x")
    with emulator:
        assert emulator.url == url
        client.post(f"{url}/a", content=b"y")
    assert emulator.acts == [b"x", b"y"]
    assert emulator.requests.count() == 2
    emulator.stop()


def test_an_emulator_has_no_address_before_it_is_started():
    with pytest.raises(DefinitionError, match=r"call start\(\)"):
        _ = Echo().url
    assert Echo(port=8123).url == "http://127.0.0.1:8123"


def test_a_port_that_is_taken_is_refused(echo):
    port = int(echo.url.rpartition(":")[2])
    with pytest.raises(DefinitionError, match=f"'port' is {port}"):
        Echo(port=port).start()


def test_starting_twice_is_starting_once(echo):
    url = echo.url
    assert echo.start() is echo
    assert echo.url == url


def test_requests_are_counted_by_route_and_refusals_by_status_and_code(echo, client):
    for path in ("a", "a", "b", "no"):
        client.get(f"{echo.url}/{path}")
    log = echo.requests
    assert log.count() == 4
    assert log.routes() == {"a": 2, "b": 1, "no": 1}
    assert (log.count("a"), log.count("c")) == (2, 0)
    assert (log.refused(), log.refused(400), log.refused("NO"), log.refused(503)) == (1, 1, 1, 0)
    assert log.groups() == ["all"]
    log.clear()
    assert (log.count(), log.refused(), log.groups()) == (0, 0, [])


def test_the_busiest_stretch_holds_its_first_instant_and_not_its_last():
    log = RequestLog()
    for instant in (0.0, 0.5, 1.0, 1.25, 3.0):
        log.counted("x", instant)
    assert log.instants("x") == [0.0, 0.5, 1.0, 1.25, 3.0]
    assert log.busiest("x", 1.0) == 3
    assert log.busiest("x", 0.5) == 2
    assert log.busiest("x", 10) == 5
    assert log.busiest("y", 10) == 0


def test_a_connection_dropped_before_the_act_leaves_nothing_done(echo, client):
    echo.faults.add("drop_before", times=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        client.post(f"{echo.url}/a", content=b"x")
    assert echo.acts == []
    assert client.post(f"{echo.url}/a", content=b"y").status_code == 200
    assert echo.acts == [b"y"]
    assert echo.faults.happened == {"drop_before": 1}


def test_a_connection_dropped_after_the_act_leaves_it_done(echo, client):
    echo.faults.add("drop_after", times=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        client.post(f"{echo.url}/a", content=b"x")
    assert echo.acts == [b"x"]


@pytest.mark.parametrize(("kind", "acts"), [("stall_before", []), ("stall_after", [b"x"])])
def test_a_stall_holds_the_client_until_it_gives_up(echo, client, kind, acts):
    echo.faults.add(kind, times=1)
    with pytest.raises(httpx2.ReadTimeout):
        client.post(f"{echo.url}/a", content=b"x", timeout=0.05)
    assert echo.acts == acts


def test_a_stall_ends_when_its_seconds_have_passed_or_the_emulator_stops(echo, client):
    echo.faults.add("stall_before", times=1, seconds=0.01)
    with pytest.raises(httpx2.RemoteProtocolError):
        client.get(f"{echo.url}/a")
    echo.faults.add("stall_before", times=1)
    failed = []

    def ask():
        with pytest.raises(httpx2.TransportError):
            client.get(f"{echo.url}/held")
        failed.append(True)

    thread = threading.Thread(target=ask)
    thread.start()
    while not echo.requests.count("held"):
        thread.join(0.001)
    echo.stop()
    thread.join()
    assert failed == [True]


@pytest.mark.parametrize(
    ("kind", "status", "type_"),
    [
        ("error_500", 500, "application/json"),
        ("error_502_html", 502, "text/html"),
        ("error_503_html", 503, "text/html"),
        ("html_200", 200, "text/html"),
    ],
)
def test_an_error_or_a_page_comes_instead_of_the_answer_and_nothing_is_done(
    echo, client, kind, status, type_
):
    echo.faults.add(kind, times=1)
    answer = client.post(f"{echo.url}/a", content=b"x")
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith(type_)
    assert echo.acts == []
    assert echo.requests.refused() == 0


def test_a_truncated_answer_promises_more_than_it_holds(echo, client):
    echo.faults.add("truncate", times=1)
    with pytest.raises(httpx2.RemoteProtocolError, match="incomplete|complete"):
        client.post(f"{echo.url}/a", content=b"x")
    assert echo.acts == [b"x"]


def test_a_drip_brings_the_whole_answer_byte_by_byte(echo, client):
    echo.faults.add("drip", times=1, seconds=0)
    assert client.post(f"{echo.url}/a", content=b"x").json()["body"] == "x"
    assert echo.faults.happened["drip"] == 1


def test_a_fault_meets_the_route_after_so_many_and_so_many_times(echo, client):
    echo.faults.add("error_500", route="a*", after=1, times=2)
    statuses = [client.get(f"{echo.url}/{path}").status_code for path in ("a", "b", "a", "a", "a")]
    assert statuses == [200, 200, 500, 500, 200]


def test_a_share_of_requests_is_the_same_for_the_same_seed_and_clearing_ends_it():
    def met(seed):
        emulator = Echo(seed=seed)
        emulator.faults.add("error_500", share=0.25)
        found = [emulator.faults.pick("a") is not None for _ in range(400)]
        emulator.faults.clear()
        assert emulator.faults.pick("a") is None
        assert emulator.faults.happened["error_500"] == sum(found)
        return found

    assert met(1) == met(1) != met(2)
    assert 60 <= sum(met(1)) <= 140


@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [
        ({"kind": "explode"}, "kind"),
        ({"kind": "drip", "times": 0}, "times"),
        ({"kind": "drip", "share": 1.5}, "share"),
        ({"kind": "drip", "after": -1}, "after"),
        ({"kind": "drip", "seconds": -1}, "seconds"),
        ({"kind": "error_500", "seconds": 1}, "seconds"),
    ],
)
def test_a_fault_that_cannot_happen_is_refused(arguments, parameter):
    with pytest.raises(DefinitionError) as caught:
        Echo().faults.add(**arguments)
    assert caught.value.parameter == parameter


def test_invented_people_have_phones_and_addresses_of_nobody_and_their_own():
    people = invented_people(500, seed=3)
    assert people == invented_people(500, seed=3) != invented_people(500, seed=4)
    assert len({person.phone for person in people}) == 500
    assert len({person.email for person in people}) == 500
    assert all(person.phone.startswith("+7900") and len(person.phone) == 12 for person in people)
    assert {person.email.partition("@")[2] for person in people} == {"example.com", "example.ru"}


def test_invented_orders_belong_to_these_people_and_lie_in_the_time_asked_for():
    people = invented_people(20)
    orders = invented_orders(people, 300, before=10**9, days=30)
    assert len(orders) == 300
    assert {order.person for order in orders} <= set(range(1, 21))
    assert all(10**9 - 30 * 86_400 - 1 <= order.ordered_at < 10**9 for order in orders)
    assert [order.ordered_at for order in orders] == sorted(order.ordered_at for order in orders)
    assert {order.outcome for order in orders} == {"won", "lost", "open"}
    assert all(order.kopecks > 0 for order in orders)
    assert invented_orders([], 5, before=0) == []


def test_an_unknown_emulator_is_refused_with_the_nearest_name():
    with pytest.raises(DefinitionError, match="nearest: bitrix24"):
        emulator_class("bitrix")
    assert sorted(EMULATORS) == ["amocrm", "bitrix24", "yandex_audience"]


def test_the_command_line_serves_until_it_is_told_to_stop(client, capfd):
    until = threading.Event()
    code = []
    arguments = ["bitrix24", "--seed-data", "4", "--seed", "7", "--no-limits"]
    thread = threading.Thread(target=lambda: code.append(main(arguments, until=until)))
    thread.start()
    printed = ""
    while "refresh_token: " not in printed:
        thread.join(0.002)
        printed += capfd.readouterr().out
    told = dict(line.split(": ", 1) for line in printed.splitlines())
    answer = client.get(told["webhook_url"] + "crm.contact.list").json()
    assert answer["total"] == 4
    until.set()
    thread.join()
    assert code == [0]


def test_ctrl_c_ends_the_command_line_without_an_error(capfd):
    class Interrupted(threading.Event):
        def wait(self, timeout=None):
            raise KeyboardInterrupt

    assert main(["bitrix24"], until=Interrupted()) == 0
    assert "Traceback" not in capfd.readouterr().err


def test_the_command_line_says_that_a_port_is_taken(capfd):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["bitrix24", "--port", str(taken.getsockname()[1])]) == 1
    assert "Allowed: a free port" in capfd.readouterr().err


def test_without_werkzeug_the_extra_that_brings_it_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "retention_kit.testing.emulators.serving")
    monkeypatch.setitem(sys.modules, "werkzeug.serving", None)
    with pytest.raises(MissingDependencyError, match="testing"):
        importlib.import_module("retention_kit.testing.emulators.serving")
