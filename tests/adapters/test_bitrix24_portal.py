"""A portal of Bitrix24: its errors in every disguise, its limits, and who is let in."""

import json

import pytest

from retention_kit.adapters.bitrix24 import Bitrix24Settings
from retention_kit.adapters.bitrix24.envelope import code_of, php_list, php_map
from retention_kit.adapters.bitrix24.portal import Command, Portal
from retention_kit.adapters.bitrix24.reading import Reader
from retention_kit.adapters.bitrix24.sources import Bitrix24Source
from retention_kit.adapters.bitrix24.writing import made
from retention_kit.delivery import AdapterContext
from retention_kit.errors import (
    AuthenticationError,
    DefinitionError,
    RateLimitedError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
)
from retention_kit.testing.clocks import ManualClock
from retention_kit.testing.emulators.bitrix24 import Bitrix24Emulator

SECRET = "notarealsecret00"
LIST = {"entityTypeId": 2, "select": ["id"], "start": -1}


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def opened(clock):
    """Opens portals by their settings, and closes them at the end."""
    portals = []

    def make(**settings):
        portal = Portal(
            Bitrix24Settings(**settings), AdapterContext(instance="bitrix24", clock=clock)
        )
        portals.append(portal)
        return portal

    yield make
    for portal in portals:
        portal.close()


@pytest.fixture
def scripted_portal(scripted, opened):
    return opened(webhook_url=f"{scripted.url}/rest/1/{SECRET}/")


@pytest.fixture
def emulator(clock):
    with Bitrix24Emulator(clock=clock) as emulator:
        yield emulator


def application(emulator, folder, **settings):
    tokens = emulator.issue_tokens()
    return {
        "rest_url": emulator.rest_url,
        "oauth_url": emulator.oauth_url,
        "client_id": emulator.app.client_id,
        "client_secret": emulator.app.client_secret,
        "access_token": tokens["access_token"],
        "refresh_token": tokens["refresh_token"],
        "token_folder": folder,
        **settings,
    }


# Errors.


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error": "", "error_description": "Access denied."}, AuthenticationError),
        (400, {"error": "", "error_description": "Not found"}, RejectedError),
        (400, {"error": 0, "error_description": "?"}, RejectedError),
        (400, {"error": 200040300010, "error_description": "?"}, RejectedError),
        (200, {"error": "ERROR_CORE", "error_description": "?"}, RejectedError),
        (200, {"error": "", "error_description": "ID is not defined"}, RejectedError),
        (401, {"error": "expired_token", "error_description": "?"}, AuthenticationError),
        (401, {"error": "PAYMENT_REQUIRED", "error_description": "?"}, AuthenticationError),
        (403, {"error": "insufficient_scope", "error_description": "?"}, AuthenticationError),
        (400, {"error": "INVALID_REQUEST", "error_description": "?"}, AuthenticationError),
        (503, {"error": "OVERLOAD_LIMIT", "error_description": "?"}, AuthenticationError),
        (500, {"error": "PORTAL_DELETED", "error_description": "?"}, AuthenticationError),
        (503, {"error": "query_limit_exceeded", "error_description": "?"}, RateLimitedError),
        (429, {"error": "OPERATION_TIME_LIMIT", "error_description": "?"}, RateLimitedError),
        (500, {"error": "INTERNAL_SERVER_ERROR", "error_description": "?"}, RetryableError),
    ],
)
def test_an_error_means_what_its_code_says_whatever_its_status(
    scripted, scripted_portal, status, body, error
):
    scripted.replies = [(status, {}, body)] * 5
    with pytest.raises(error):
        scripted_portal.read("crm.item.list", LIST)


@pytest.mark.parametrize("kind", ["text/html", "application/json; charset=utf-8"])
def test_an_error_is_read_as_json_whatever_kind_the_answer_says_it_is(
    scripted, scripted_portal, kind
):
    body = json.dumps({"error": "ERROR_METHOD_NOT_FOUND", "error_description": "?"}).encode()
    scripted.replies = [(404, {"content-type": kind}, body)]
    with pytest.raises(RejectedError) as refusal:
        scripted_portal.read("crm.item.list", LIST)
    assert refusal.value.code == "error_method_not_found"


def test_errors_show_neither_what_was_sent_nor_the_secret_nor_the_description(
    scripted, scripted_portal
):
    told = {"error": "BAD", "error_description": "The phone +79000000001 is bad"}
    scripted.replies = [(400, {}, told)]
    with pytest.raises(RejectedError) as refusal:
        scripted_portal.read("crm.duplicate.findbycomm", {"values": ["+79000000001"]})
    assert "7900" not in str(refusal.value)
    assert SECRET not in str(refusal.value)
    assert "'bad'" in str(refusal.value)


def test_a_page_of_a_gateway_is_asked_again_for_reads_and_leaves_writes_in_doubt(
    scripted, scripted_portal
):
    page = (b"<html>Bad gateway</html>", {"content-type": "text/html"})
    scripted.replies = [(502, page[1], page[0]), (200, page[1], page[0])]
    scripted.replies.append((200, {}, {"result": {"items": []}}))
    assert scripted_portal.read("crm.item.list", LIST) == {"items": []}
    scripted.replies = [(200, page[1], page[0])]
    with pytest.raises(UnknownOutcomeError):
        scripted_portal.batch([Command("crm.item.add", {})], changes=True)
    assert len(scripted.asked) == 4


def test_empty_maps_may_come_as_lists(scripted, scripted_portal):
    parts = {
        "result": {"c0": [{"ID": "1"}]},
        "result_error": [],
        "result_total": [],
        "result_next": [],
        "result_time": [],
    }
    scripted.replies = [(200, {}, {"result": parts, "time": []})]
    first, second = scripted_portal.batch([Command("a"), Command("b")], changes=False)
    assert (first.value, first.error, first.total) == ([{"ID": "1"}], None, None)
    assert (second.code, type(second.error)) == ("no_answer", RetryableError)
    assert php_map([]) == {}
    assert php_map(["a"]) == {"0": "a"}
    assert php_list({"1": "a", "7": "b"}) == ["a", "b"]


def test_errors_inside_of_a_successful_batch_stand_with_their_commands(scripted, scripted_portal):
    parts = {
        "result": [],
        "result_error": {
            "c0": {"error": "", "error_description": "Not found"},
            "c1": {"error": "OPERATION_TIME_LIMIT", "error_description": "?"},
        },
    }
    scripted.replies = [(200, {}, {"result": parts})]
    first, second = scripted_portal.batch([Command("a"), Command("b")], changes=True)
    assert (first.code, type(first.error)) == ("not_found", RejectedError)
    assert isinstance(second.error, RateLimitedError)
    assert second.error.retry_after == 600


def test_an_empty_code_is_told_by_two_known_descriptions_alone():
    assert code_of({"error": "", "error_description": "Доступ запрещён."}) == "access_denied"
    assert code_of({"error": "", "error_description": "Parameter must be array."}) == "no_code"
    assert code_of({"error": 100}) == "100"


# The wrong portal, and nobody there.


def test_where_nobody_answers_the_setting_is_named_and_not_its_secret(opened):
    portal = opened(webhook_url=f"http://127.0.0.1:9/rest/1/{SECRET}/")
    with pytest.raises(RetryableError, match="'webhook_url'") as problem:
        portal.read("crm.item.list", LIST)
    assert SECRET not in str(problem.value)


def test_a_server_that_is_no_portal_is_no_fault_of_the_rows(scripted, scripted_portal):
    page = (404, {"content-type": "text/html"}, b"<html>Not found</html>")
    scripted.replies = [page, page]
    with pytest.raises(AuthenticationError, match="look up webhook_url"):
        scripted_portal.read("crm.item.list", LIST)
    with pytest.raises(AuthenticationError, match="look up webhook_url"):
        scripted_portal.batch([Command("crm.item.add", {})], changes=True)


def test_a_redirect_to_a_login_is_not_followed(scripted, scripted_portal):
    scripted.replies = [(302, {"location": "https://elsewhere.example/login"}, b"")]
    with pytest.raises(AuthenticationError, match="redirect"):
        scripted_portal.read("crm.item.list", LIST)


def test_a_wrong_secret_is_told_without_showing_it(emulator, opened):
    wrong = emulator.webhook_url.replace("emulatedsecret00", "someothersecret")
    with pytest.raises(AuthenticationError, match="not of this portal") as problem:
        opened(webhook_url=wrong).read("crm.item.list", LIST)
    assert "someothersecret" not in str(problem.value)


def test_a_webhook_that_lacks_the_right_is_told_to_get_it(clock, opened):
    with Bitrix24Emulator(clock=clock, webhook_scopes=frozenset({"user"})) as emulator:
        portal = opened(webhook_url=emulator.webhook_url)
        with pytest.raises(AuthenticationError, match=r"tick CRM \(crm\)"):
            portal.read("crm.item.list", LIST)


@pytest.mark.parametrize("code", ["OVERLOAD_LIMIT", "PAYMENT_REQUIRED", "PORTAL_DELETED"])
def test_a_portal_that_takes_no_calls_is_asked_once(emulator, opened, code):
    emulator.block(code)
    with pytest.raises(AuthenticationError, match=code.lower()):
        opened(webhook_url=emulator.webhook_url).read("crm.item.list", LIST)
    assert emulator.requests.count() == 1


# Tokens of an application.


def test_an_expired_token_is_renewed_once_and_the_call_repeated(emulator, opened, tmp_path):
    settings = application(emulator, tmp_path)
    portal = opened(**settings)
    portal.read("crm.item.list", LIST)
    emulator.expire_access_token()
    assert portal.read("crm.item.list", LIST) == {"items": []}
    assert emulator.requests.routes() == {"crm.item.list": 3, "oauth/token": 1}
    # Another process finds the new pair, though its settings still hold the old one.
    opened(**settings).read("crm.item.list", LIST)
    assert emulator.requests.count("oauth/token") == 1


def test_tokens_are_not_renewed_before_the_portal_refuses_them(emulator, opened, clock, tmp_path):
    portal = opened(**application(emulator, tmp_path))
    clock.advance(3_599)
    portal.read("crm.item.list", LIST)
    assert emulator.requests.count("oauth/token") == 0
    clock.advance(2)
    portal.read("crm.item.list", LIST)
    assert emulator.requests.count("oauth/token") == 1


def test_a_new_pair_is_on_the_disk_before_it_is_used(scripted, opened, tmp_path):
    kept = []

    def answering(asked):
        if asked.path.startswith("/oauth"):
            return 200, {}, {"access_token": "new-access-1", "refresh_token": "new-refresh-1"}
        if "auth=new-access-1" in asked.query:
            kept.append("".join(path.read_text() for path in tmp_path.glob("*.json")))
            return 200, {}, {"result": {"items": []}}
        return 401, {}, {"error": "expired_token", "error_description": "?"}

    scripted.answering = answering
    portal = opened(
        rest_url=f"{scripted.url}/rest/",
        oauth_url=f"{scripted.url}/oauth/token/",
        client_id="app.1",
        client_secret="not-a-real-client-secret",
        refresh_token="first-refresh-0",
        token_folder=tmp_path,
    )
    portal.read("crm.item.list", LIST)
    assert len(kept) == 1
    assert "new-access-1" in kept[0]
    assert "new-refresh-1" in kept[0]
    assert "first-refresh-0" not in kept[0]


def test_revoked_tokens_ask_for_a_person(emulator, opened, tmp_path):
    settings = application(emulator, tmp_path)
    emulator.revoke()
    with pytest.raises(AuthenticationError, match=r"\(invalid_grant\).*authorise") as problem:
        opened(**settings).read("crm.item.list", LIST)
    for name in ("client_secret", "access_token", "refresh_token"):
        assert settings[name] not in str(problem.value)


def test_a_wrong_client_is_told_as_such(emulator, opened, tmp_path):
    settings = application(emulator, tmp_path, client_secret="some-other-secret")
    emulator.expire_access_token()
    with pytest.raises(AuthenticationError, match=r"\(invalid_client\)"):
        opened(**settings).read("crm.item.list", LIST)


def test_a_pair_that_was_authorised_anew_takes_the_place_of_a_dead_one(emulator, opened, tmp_path):
    emulator.revoke()
    portal = opened(**application(emulator, tmp_path))
    portal.read("crm.item.list", LIST)
    emulator.revoke()
    with pytest.raises(AuthenticationError):
        portal.read("crm.item.list", LIST)
    opened(**application(emulator, tmp_path)).read("crm.item.list", LIST)


def test_an_oauth_server_that_fails_leaves_the_pair_for_another_try(emulator, opened, tmp_path):
    portal = opened(**application(emulator, tmp_path))
    emulator.expire_access_token()
    emulator.faults.add("error_502_html", route="oauth/token", times=1)
    assert portal.read("crm.item.list", LIST) == {"items": []}


# Limits.


def test_the_cloud_is_never_asked_more_often_than_it_takes(emulator, opened, clock):
    portal = opened(webhook_url=emulator.webhook_url)
    for _ in range(120):
        portal.read("crm.item.list", LIST)
    assert emulator.requests.refused() == 0
    assert emulator.requests.busiest("portal", 1.0) <= 50
    assert 30 < sum(clock.slept) < 45


def test_a_server_of_ones_own_is_asked_as_fast_as_its_owner_says(clock, opened):
    with Bitrix24Emulator(clock=clock, cloud=False) as emulator:
        free = opened(webhook_url=emulator.webhook_url, cloud=False)
        for _ in range(60):
            free.read("crm.item.list", LIST)
        assert clock.slept == []
        slow = opened(webhook_url=emulator.webhook_url, cloud=False, requests_per_second=4)
        for _ in range(9):
            slow.read("crm.item.list", LIST)
        assert sum(clock.slept) == pytest.approx(2.0, abs=0.01)


def test_enterprise_is_asked_more_often(clock, opened):
    with Bitrix24Emulator(clock=clock, enterprise=True) as emulator:
        portal = opened(webhook_url=emulator.webhook_url, enterprise=True)
        for _ in range(245):
            portal.read("server.time", {})
        assert clock.slept == []
        assert emulator.requests.refused() == 0


def test_a_source_waits_where_others_use_up_what_the_portal_takes(emulator, clock):
    emulator.populate(customers=5, orders=120)
    for _ in range(49):
        emulator._bucket.take("127.0.0.1", clock.now())
    emulator._bucket.rate = 0.01
    settings = Bitrix24Settings(webhook_url=emulator.webhook_url)
    source = Bitrix24Source(settings, AdapterContext(instance="bitrix24", clock=clock))
    try:
        assert source.scan("orders").collect().height == 120
    finally:
        source.close()
    assert emulator.requests.refused("QUERY_LIMIT_EXCEEDED") > 0


def test_a_method_that_ran_for_too_long_blocks_no_other_method(emulator, opened, clock):
    emulator.costs["crm.item.list"] = 240.0
    portal = opened(webhook_url=emulator.webhook_url)
    portal.read("crm.item.list", LIST)
    portal.read("crm.item.list", LIST)
    with pytest.raises(RateLimitedError) as limit:
        portal.read("crm.item.list", LIST)
    assert 530 < limit.value.retry_after <= 602
    assert portal.read("profile", {})["ID"] == "1"
    assert clock.slept == []
    clock.advance(limit.value.retry_after)
    portal.read("crm.item.list", LIST)


def test_a_source_waits_for_a_method_that_ran_for_too_long_also_inside_of_a_batch(emulator, clock):
    emulator.populate(customers=5, orders=700)
    emulator.costs["crm.item.list"] = 60.0
    settings = Bitrix24Settings(webhook_url=emulator.webhook_url)
    source = Bitrix24Source(settings, AdapterContext(instance="bitrix24", clock=clock))
    try:
        orders = source.scan("orders").collect()
    finally:
        source.close()
    assert orders.height == orders["order_id"].n_unique() == 700
    assert max(clock.slept) > 300


def test_requests_that_take_too_long_are_made_smaller(scripted, scripted_portal, clock, drops):
    sizes = []

    def answering(asked):
        commands = asked.json()["cmd"]
        sizes.append(len(commands))
        clock.advance(1.0 * len(commands))
        if len(commands) > 40:
            return drops
        return 200, {}, {"result": {"result": {key: [] for key in commands}}}

    scripted.answering = answering
    reader = Reader(scripted_portal, "items", clock)
    assert len(reader.listed([Command("slow", {"id": one}) for one in range(60)])) == 60
    # Tried five times whole, then by halves; what is quick enough stays as it is.
    assert sizes == [50] * 5 + [25, 25, 10]


@pytest.mark.parametrize(
    ("failing", "state"), [("drops", "unknown"), ("refuses", "planned"), ("nobody", "planned")]
)
def test_what_an_earlier_request_has_made_is_told_though_a_later_one_fails(
    scripted, scripted_portal, clock, drops, failing, state
):
    sizes = []

    def answering(asked):
        commands = asked.json()["cmd"]
        sizes.append(len(commands))
        clock.advance(1.0 * len(commands))
        if len(sizes) > 2:
            return {
                "drops": drops,
                "refuses": (429, {"content-type": "text/html"}, b"<html></html>"),
                "nobody": (401, {}, {"error": "expired_token"}),
            }[failing]
        return 200, {}, {"result": {"result": dict.fromkeys(commands, 7)}}

    scripted.answering = answering
    rows = [(f"row {number}", Command("crm.deal.add")) for number in range(50)]
    assert {one.state for one in made(scripted_portal, rows).values()} == {"accepted"}
    # Fifty seconds are close to what the vendor breaks off at: the next ones go by halves.
    states = [one.state for one in made(scripted_portal, rows).values()]
    assert sizes[:3] == [50, 25, 25]
    assert states == ["accepted"] * 25 + [state] * 25


def test_a_channel_is_told_of_limits_in_place_of_waiting(emulator, opened, clock):
    emulator.costs["crm.item.list"] = 480.0
    reader = Reader(opened(webhook_url=emulator.webhook_url), "items", clock, patient=False)
    reader.listed([Command("crm.item.list", LIST)])
    with pytest.raises(RateLimitedError):
        reader.listed([Command("crm.item.list", LIST)] * 3)
    assert clock.slept == []


# Settings.


@pytest.mark.parametrize(
    "written",
    [
        "https://acme.bitrix24.example/rest/1/notarealsecret00",
        "https://acme.bitrix24.example/rest/1/notarealsecret00/",
        " https://acme.bitrix24.example/rest/1/notarealsecret00/profile.json\n",
    ],
)
def test_a_webhook_is_taken_as_the_portal_shows_it(written):
    settings = Bitrix24Settings(webhook_url=written)
    assert settings.base_url == "https://acme.bitrix24.example/rest/1/notarealsecret00/"
    assert settings.portal == "acme.bitrix24.example"
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Neither webhook_url nor rest_url"),
        ({"webhook_url": f"https://a.example/rest/1/{SECRET}/", "rest_url": "x"}, "Both"),
        ({"webhook_url": "https://a.example/rest/"}, "webhook_url is not like"),
        ({"webhook_url": f"a.example/rest/1/{SECRET}/"}, "webhook_url is no address"),
        ({"rest_url": "https://a.example/rest/"}, "rest_url is set without client_id"),
    ],
)
def test_settings_that_lead_nowhere_say_what_is_missing_and_no_secret(given, said):
    with pytest.raises(DefinitionError, match=said) as problem:
        Bitrix24Settings(**given)
    assert SECRET not in str(problem.value)
