"""The emulator of Bitrix24, rule by rule, over HTTP."""

import datetime as dt
import json
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx2
import pytest

from retention_kit.errors import DefinitionError
from retention_kit.testing.clocks import ManualClock
from retention_kit.testing.emulators.bitrix24 import (
    Bitrix24App,
    Bitrix24Assumptions,
    Bitrix24Emulator,
)

pytestmark = pytest.mark.once

NOW = 1_790_000_000
TOLD = "2026-09-21T17:13:20+03:00"
OWN = {
    "deal": {
        "UF_CRM_1747309879": "string",
        "UF_CRM_3_DIGIT": "integer",
        "UF_CRM_SCORE": "double",
        "UF_CRM_VIP": "boolean",
        "UF_CRM_SEEN": "datetime",
    },
    "contact": {"UF_CRM_SEGMENT": "string"},
}


@pytest.fixture(scope="module")
def client():
    with httpx2.Client(timeout=10) as client:
        yield client


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def portal(clock):
    with Bitrix24Emulator(
        clock=clock, user_fields=OWN, funnels={3: "Опт"}, smart_processes={1032: "Подписка"}
    ) as emulator:
        yield emulator


@pytest.fixture
def call(portal, client):
    """Calls a method by the webhook and gives the body, whatever the status."""

    def ask(method, **asked):
        return client.post(portal.webhook_url + method, json=asked).json()

    return ask


@pytest.fixture
def add(call):
    def ask(number, **fields):
        answer = call("crm.item.add", entityTypeId=number, fields=fields)
        return answer["result"]["item"]["id"]

    return ask


def batch(call, commands, **asked):
    return call("batch", cmd=commands, **asked)["result"]


# Who may call


def test_a_webhook_is_called_by_its_path_with_or_without_a_suffix(portal, client):
    assert portal.webhook_url == f"{portal.url}/rest/1/emulatedsecret00/"
    for method in ("profile", "profile.json", "PROFILE"):
        answer = client.post(portal.webhook_url + method)
        assert answer.status_code == 200
        assert answer.json()["result"]["ADMIN"] is True


def test_a_wrong_secret_is_refused(portal, client):
    answer = client.post(f"{portal.url}/rest/1/wrong/profile")
    assert answer.status_code == 403
    assert answer.json()["error"] == "INVALID_CREDENTIALS"


def test_a_call_without_a_token_is_refused(portal, client):
    answer = client.post(portal.rest_url + "profile")
    assert (answer.status_code, answer.json()["error"]) == (401, "NO_AUTH_FOUND")


def test_an_unknown_token_is_refused(portal, client):
    answer = client.post(portal.rest_url + "profile", json={"auth": "x"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


@pytest.mark.parametrize("where", ["query", "body"])
def test_a_token_is_taken_from_the_query_and_from_the_body(portal, client, where):
    auth = {"auth": portal.issue_tokens()["access_token"]}
    asked = {"params": auth} if where == "query" else {"json": auth}
    answer = client.post(portal.rest_url + "app.info", **asked)
    assert answer.json()["result"]["CODE"] == portal.app.client_id


def test_tokens_come_in_the_shape_that_is_documented(portal):
    tokens = portal.issue_tokens()
    assert tokens["expires_in"] == 3_600
    assert tokens["expires"] == NOW + 3_600
    assert tokens["client_endpoint"] == portal.rest_url
    assert set(tokens) == {
        *("access_token", "expires", "expires_in", "refresh_token", "client_endpoint"),
        *("server_endpoint", "domain", "member_id", "scope", "status", "user_id"),
    }


@pytest.mark.parametrize("how", ["by time", "by hand"])
def test_an_access_token_expires_and_is_renewed_with_a_new_refresh_token(
    portal, client, clock, how
):
    tokens = portal.issue_tokens()
    if how == "by time":
        clock.advance(3_600)
    else:
        portal.expire_access_token()
    refused = client.post(portal.rest_url + "profile", json={"auth": tokens["access_token"]})
    assert (refused.status_code, refused.json()["error"]) == (401, "expired_token")

    asked = {
        "grant_type": "refresh_token",
        "client_id": portal.app.client_id,
        "client_secret": portal.app.client_secret,
        "refresh_token": tokens["refresh_token"],
    }
    renewed = client.get(portal.oauth_url, params=asked).json()
    assert renewed["refresh_token"] != tokens["refresh_token"]
    taken = client.post(portal.rest_url + "profile", json={"auth": renewed["access_token"]})
    assert taken.status_code == 200

    again = client.get(portal.oauth_url, params=asked)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_an_old_refresh_token_may_be_assumed_to_live(client):
    living = Bitrix24Assumptions(old_refresh_token_dies=False)
    with Bitrix24Emulator(assumptions=living) as portal:
        asked = {
            "grant_type": "refresh_token",
            "client_id": portal.app.client_id,
            "client_secret": portal.app.client_secret,
            "refresh_token": portal.issue_tokens()["refresh_token"],
        }
        for _ in range(2):
            assert client.get(portal.oauth_url, params=asked).status_code == 200


def test_a_refresh_token_dies_after_180_days_and_when_the_application_is_removed(
    portal, client, clock
):
    def renew(token):
        asked = {
            "grant_type": "refresh_token",
            "client_id": portal.app.client_id,
            "client_secret": portal.app.client_secret,
            "refresh_token": token,
        }
        return client.post(portal.oauth_url, data=asked).json()

    old = portal.issue_tokens()["refresh_token"]
    clock.advance(180 * 86_400)
    assert renew(old)["error"] == "invalid_grant"
    tokens = portal.issue_tokens()
    portal.revoke()
    assert renew(tokens["refresh_token"])["error"] == "invalid_grant"
    refused = client.post(portal.rest_url + "profile", json={"auth": tokens["access_token"]})
    assert refused.json()["error"] == "invalid_token"


def test_a_wrong_client_and_an_unknown_grant_are_refused(portal, client):
    wrong = {"client_id": portal.app.client_id, "client_secret": "guess"}
    assert client.get(portal.oauth_url, params=wrong).json()["error"] == "invalid_client"
    right = {"client_id": portal.app.client_id, "client_secret": portal.app.client_secret}
    assert client.get(portal.oauth_url, params=right).json()["error"] == "invalid_request"


def test_a_code_is_good_once_and_for_thirty_seconds(portal, client, clock):
    def code():
        asked = {"client_id": portal.app.client_id, "state": "abc"}
        answer = client.get(f"{portal.url}/oauth/authorize/", params=asked)
        assert answer.status_code == 302
        told = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert told["state"] == ["abc"]
        return told["code"][0]

    def exchange(code):
        asked = {
            "grant_type": "authorization_code",
            "client_id": portal.app.client_id,
            "client_secret": portal.app.client_secret,
            "code": code,
        }
        return client.get(portal.oauth_url, params=asked).json()

    first = code()
    assert exchange(first)["expires_in"] == 3_600
    assert exchange(first)["error"] == "invalid_grant"
    late = code()
    clock.advance(30)
    assert exchange(late)["error"] == "invalid_grant"


def test_a_scope_that_was_not_granted_is_refused(client):
    app = Bitrix24App(scope="crm")
    with Bitrix24Emulator(app=app, webhook_scopes=frozenset({"user"})) as portal:
        refused = client.post(portal.webhook_url + "crm.deal.list")
        assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")
        assert client.post(portal.webhook_url + "user.current").status_code == 200
        auth = {"auth": portal.issue_tokens()["access_token"]}
        assert client.post(portal.rest_url + "crm.deal.list", json=auth).status_code == 200
        assert client.post(portal.rest_url + "user.get", json=auth).status_code == 403


def test_an_unknown_method_and_a_body_that_is_no_json_are_refused(portal, client):
    answer = client.post(portal.webhook_url + "crm.nothing")
    assert (answer.status_code, answer.json()["error"]) == (404, "ERROR_METHOD_NOT_FOUND")
    broken = client.post(portal.webhook_url + "profile", content=b"{")
    assert (broken.status_code, broken.json()["error"]) == (400, "INVALID_REQUEST")
    assert client.post(f"{portal.url}/elsewhere").status_code == 404


def test_a_webhook_is_no_application(call):
    assert call("app.info")["error"] == "WRONG_AUTH_TYPE"
    assert call("scope")["result"] == ["crm", "sale", "user"]
    assert call("server.time")["result"] == TOLD


@pytest.mark.parametrize(
    ("code", "status"),
    [("OVERLOAD_LIMIT", 503), ("ACCESS_DENIED", 403), ("PORTAL_DELETED", 410)],
)
def test_a_portal_may_refuse_all_calls(portal, client, code, status):
    portal.block(code)
    answer = client.post(portal.webhook_url + "profile")
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    portal.block(None)
    assert client.post(portal.webhook_url + "profile").status_code == 200
    with pytest.raises(DefinitionError, match="'code' is 'SOMETHING'"):
        portal.block("SOMETHING")


# How parameters come


def test_parameters_may_come_as_a_form_or_in_the_query_with_brackets(portal, client, call):
    form = {
        "fields[NAME]": "Анна",
        "fields[PHONE][0][VALUE]": "+79000000001",
        "fields[PHONE][0][VALUE_TYPE]": "MOBILE",
    }
    number = client.post(portal.webhook_url + "crm.contact.add", data=form).json()["result"]
    query = urlencode({"filter[=NAME]": "Анна", "select[]": "PHONE"})
    answer = client.get(f"{portal.webhook_url}crm.contact.list?{query}").json()
    (found,) = answer["result"]
    assert found["ID"] == str(number)
    assert found["PHONE"][0]["VALUE"] == "+79000000001"


def test_names_of_parameters_are_taken_in_any_case_unless_assumed_otherwise(client, portal, call):
    call("crm.deal.add", FIELDS={"TITLE": "A"})
    call("crm.deal.add", fields={"TITLE": "B"})
    assert call("crm.deal.list", FILTER={"TITLE": "B"})["total"] == 1
    strict = Bitrix24Assumptions(names_ignore_case=False)
    with Bitrix24Emulator(assumptions=strict) as other:
        client.post(other.webhook_url + "crm.deal.add", json={"fields": {"TITLE": "A"}})
        asked = {"FILTER": {"TITLE": "B"}}
        assert client.post(other.webhook_url + "crm.deal.list", json=asked).json()["total"] == 1


# Limits


def test_the_bucket_takes_fifty_at_once_and_two_a_second(portal, client, clock):
    def statuses(number):
        return [client.post(portal.webhook_url + "profile").status_code for _ in range(number)]

    assert statuses(52) == [200] * 50 + [503] * 2
    clock.advance(1)
    assert statuses(3) == [200, 200, 503]
    assert portal.requests.refused("QUERY_LIMIT_EXCEEDED") == 3
    assert portal.requests.busiest("portal", 1.0) == 50
    assert portal.requests.count("profile") == 55


def test_the_refusal_of_the_bucket_is_a_503_with_a_code(portal, client):
    for _ in range(50):
        client.post(portal.webhook_url + "profile")
    answer = client.post(portal.webhook_url + "profile")
    assert answer.json() == {
        "error": "QUERY_LIMIT_EXCEEDED",
        "error_description": "Too many requests",
    }
    assert "Retry-After" not in answer.headers


def test_an_enterprise_portal_takes_250_at_once_and_five_a_second(client, clock):
    with Bitrix24Emulator(clock=clock, enterprise=True) as portal:
        for _ in range(250):
            assert client.post(portal.webhook_url + "profile").status_code == 200
        assert client.post(portal.webhook_url + "profile").status_code == 503
        clock.advance(1)
        found = [client.post(portal.webhook_url + "profile").status_code for _ in range(6)]
        assert found == [200] * 5 + [503]


def test_a_batch_counts_as_one_request(portal, call):
    batch(call, {f"c{number}": "profile" for number in range(50)})
    assert len(portal.requests.instants("portal")) == 1


@pytest.mark.parametrize("settings", [{"cloud": False}, {"limits": False}])
def test_without_limits_nothing_is_refused(client, clock, settings):
    with Bitrix24Emulator(clock=clock, costs={"profile": 100}, **settings) as portal:
        for _ in range(60):
            assert client.post(portal.webhook_url + "profile").status_code == 200


def test_execution_time_of_a_method_is_told_and_blocks_only_this_method(client, clock):
    with Bitrix24Emulator(clock=clock, costs={"crm.deal.list": 200}) as portal:

        def ask(method):
            return client.post(portal.webhook_url + method)

        time = ask("crm.deal.list").json()["time"]
        assert time["operating"] == 200
        assert time["operating_reset_at"] == (NOW // 60 + 10) * 60
        clock.advance(60)
        ask("crm.deal.list")
        assert ask("crm.deal.list").json()["time"]["operating_reset_at"] == (NOW // 60 + 10) * 60
        blocked = ask("crm.deal.list")
        assert (blocked.status_code, blocked.json()["error"]) == (429, "OPERATION_TIME_LIMIT")
        assert ask("crm.contact.list").status_code == 200
        commands = {"cmd": {"a": "crm.deal.list", "b": "crm.contact.list"}}
        inner = client.post(portal.webhook_url + "batch", json=commands).json()["result"]
        assert inner["result_error"]["a"]["error"] == "OPERATION_TIME_LIMIT"
        assert inner["result"] == {"b": []}
        clock.advance(time["operating_reset_at"] - clock.now())
        assert ask("crm.deal.list").status_code == 200


def test_commands_of_a_batch_count_to_their_own_method(client, clock):
    costs = {"crm.deal.list": 5}
    with Bitrix24Emulator(clock=clock, costs=costs) as portal:
        commands = {"cmd": {str(number + 1): "crm.deal.list" for number in range(4)}}
        answer = client.post(portal.webhook_url + "batch", json=commands).json()
        assert answer["result"]["result_time"]["4"]["operating"] == 20
        assert answer["time"]["operating"] == 0


def test_a_server_of_ones_own_says_nothing_of_operating(client, clock):
    with Bitrix24Emulator(clock=clock, cloud=False) as portal:
        time = client.post(portal.webhook_url + "profile").json()["time"]
        assert set(time) == {
            *("start", "finish", "duration", "processing", "date_start", "date_finish")
        }
        assert time["date_start"] == TOLD


# Pages


def test_a_page_has_fifty_rows_and_next_only_where_there_are_more(portal, call):
    portal.populate(customers=10, orders=120)
    first = call("crm.deal.list", select=["ID"])
    assert (len(first["result"]), first["next"], first["total"]) == (50, 50, 120)
    second = call("crm.deal.list", select=["ID"], start=first["next"])
    last = call("crm.deal.list", select=["ID"], start=second["next"])
    assert (len(last["result"]), last["total"]) == (20, 120)
    assert "next" not in last
    ids = [row["ID"] for page in (first, second, last) for row in page["result"]]
    assert ids == [str(number) for number in range(1, 121)]
    beyond = call("crm.deal.list", start=500)
    assert beyond["result"] == []
    assert "next" not in beyond


def test_a_list_of_exactly_one_page_has_no_next(portal, call):
    portal.populate(customers=50, orders=0)
    answer = call("crm.contact.list")
    assert (len(answer["result"]), answer["total"]) == (50, 50)
    assert "next" not in answer


@pytest.mark.parametrize("family", ["old", "item"])
def test_fast_pages_count_nothing_and_go_on_from_the_last_id(portal, call, family):
    portal.populate(customers=10, orders=120)
    found, last = [], 0
    while True:
        if family == "old":
            asked = {"order": {"ID": "ASC"}, "filter": {">ID": last}, "start": -1}
            answer = call("crm.deal.list", **asked)
            ids = [int(row["ID"]) for row in answer["result"]]
        else:
            asked = {"order": {"id": "ASC"}, "filter": {">id": last}, "start": -1}
            answer = call("crm.item.list", entityTypeId=2, **asked)
            ids = [row["id"] for row in answer["result"]["items"]]
        assert answer["total"] == 0
        assert "next" not in answer
        found.extend(ids)
        if len(ids) < 50:
            break
        last = ids[-1]
    assert found == list(range(1, 121))


def test_fast_pages_may_descend_and_be_filtered(portal, call):
    portal.populate(customers=10, orders=200)
    won = [number for number, deal in portal.deals.items() if deal["STAGE_SEMANTIC_ID"] == "S"]
    asked = {"filter": {"stageSemanticId": "S", "<id": 150}, "order": {"id": "DESC"}, "start": -1}
    answer = call("crm.item.list", entityTypeId=2, select=["id"], **asked)
    expected = sorted((number for number in won if number < 150), reverse=True)[:50]
    assert [row["id"] for row in answer["result"]["items"]] == expected


def test_a_list_in_another_order_is_paged_too_and_sees_what_changes_between_pages(portal, call):
    portal.populate(customers=5, orders=70)
    asked = {"order": {"opportunity": "DESC", "id": "ASC"}, "select": ["id", "opportunity"]}
    first = call("crm.item.list", entityTypeId=2, **asked)
    second = call("crm.item.list", entityTypeId=2, **asked, start=50)
    rows = [*first["result"]["items"], *second["result"]["items"]]
    assert rows == sorted(rows, key=lambda row: (-row["opportunity"], row["id"]))
    assert len(rows) == 70
    call("crm.deal.update", id=rows[-1]["id"], fields={"OPPORTUNITY": 10**9})
    now_first = call("crm.item.list", entityTypeId=2, **asked)["result"]["items"][0]
    assert now_first == {"id": rows[-1]["id"], "opportunity": 10**9}
    call("crm.deal.delete", id=rows[0]["id"])
    assert call("crm.item.list", entityTypeId=2, **asked)["total"] == 69


def test_ids_are_texts_in_the_older_methods_and_numbers_in_items(call, add):
    number = add(2, title="A", opportunity=19_999.99, contactIds=[7])
    (old,) = call("crm.deal.list")["result"]
    assert old["ID"] == str(number)
    assert (old["OPPORTUNITY"], old["CONTACT_ID"], old["CLOSED"]) == ("19999.99", "7", "N")
    (item,) = call("crm.item.list", entityTypeId=2)["result"]["items"]
    assert (item["id"], item["opportunity"], item["contactIds"]) == (number, 19_999.99, [7])
    assert item["contactId"] == 7


# Batches


def test_a_batch_answers_200_with_what_was_refused_inside(portal, client, call):
    call("crm.deal.add", fields={"TITLE": "A"})
    commands = {"d1": "crm.deal.list?select[]=ID", "d2": "crm.deal.get?id=99"}
    answer = client.post(portal.webhook_url + "batch", json={"halt": 0, "cmd": commands})
    assert answer.status_code == 200
    inner = answer.json()["result"]
    assert inner["result"] == {"d1": [{"ID": "1"}]}
    assert inner["result_error"] == {"d2": {"error": "", "error_description": "Not found"}}
    assert inner["result_total"] == {"d1": 1}
    assert inner["result_next"] == []
    assert inner["result_time"]["d1"]["duration"] == 0


def test_an_empty_map_and_one_counted_from_0_are_lists(call):
    assert batch(call, {"a": "nothing"})["result"] == []
    inner = batch(call, {"0": "server.time", "1": "server.time"})
    assert inner["result"] == [TOLD, TOLD]
    assert inner["result_error"] == inner["result_total"] == []
    assert isinstance(inner["result_time"], list)
    assert batch(call, ["server.time"])["result"] == [TOLD]
    assert batch(call, {"1": "server.time"})["result"] == {"1": TOLD}
    assert batch(call, {})["result_time"] == []


def test_more_than_fifty_commands_are_too_many(client, call):
    commands = {f"c{number}": "server.time" for number in range(52)}
    inner = batch(call, commands)
    assert len(inner["result"]) == 50
    assert set(inner["result_error"]) == {"c50", "c51"}
    assert inner["result_error"]["c50"]["error"] == "ERROR_BATCH_LENGTH_EXCEEDED"
    whole = Bitrix24Assumptions(surplus_refuses_batch=True)
    with Bitrix24Emulator(assumptions=whole) as portal:
        answer = client.post(portal.webhook_url + "batch", json={"cmd": commands})
        assert (answer.status_code, answer.json()["error"]) == (400, "ERROR_BATCH_LENGTH_EXCEEDED")


def test_a_batch_in_a_batch_is_not_allowed(call):
    inner = batch(call, {"a": "batch?cmd[b]=profile"})
    assert inner["result_error"]["a"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"


def test_halt_ends_a_batch_at_the_first_refusal(portal, call):
    commands = {"a": "nothing", "b": "crm.deal.add?fields[TITLE]=A"}
    assert batch(call, commands, halt=1)["result"] == []
    assert portal.deals == {}
    assert batch(call, commands, halt=0)["result"] == {"b": 1}


def test_a_command_may_use_what_earlier_ones_gave(portal, call):
    commands = {
        "contact": "crm.contact.add?fields[NAME]=Анна",
        "deal": "crm.deal.add?fields[TITLE]=Для $result[contact]"
        "&fields[CONTACT_ID]=$result[contact]",
        "seen": "crm.deal.list?filter[ID]=$result[deal]",
    }
    inner = batch(call, commands)
    assert inner["result"]["seen"][0]["TITLE"] == "Для 1"
    assert portal.deals[1]["CONTACT_ID"] == 1


def test_pages_may_be_chained_in_a_batch(portal, call):
    portal.populate(customers=5, orders=130)
    page = "crm.deal.list?order[ID]=ASC&start=-1&select[]=ID&filter[>ID]="
    commands = {"p0": page + "0", "p1": page + "$result[p0][49][ID]"}
    commands["p2"] = page + "$result[p1][49][ID]"
    inner = batch(call, commands)
    ids = [int(row["ID"]) for key in ("p0", "p1", "p2") for row in inner["result"][key]]
    assert ids == list(range(1, 131))


def test_a_reference_to_what_is_not_there_begins_anew_unless_assumed_otherwise(client, call, add):
    add(2, title="A")
    commands = {
        "p0": "crm.deal.list?start=-1&select[]=ID",
        "p1": "crm.deal.list?start=-1&select[]=ID&filter[>ID]=$result[p0][49][ID]",
        "t": "crm.deal.add?fields[TITLE]=$result[x][y]!",
    }
    assert batch(call, commands)["result"]["p1"] == [{"ID": "1"}]
    assert call("crm.deal.get", id=2)["result"]["TITLE"] == "!"
    kept = Bitrix24Assumptions(missing_reference_is_empty=False)
    with Bitrix24Emulator(assumptions=kept) as portal:
        client.post(portal.webhook_url + "batch", json={"cmd": {"t": commands["t"]}})
        assert portal.deals[1]["TITLE"] == "$result[x][y]!"


def test_a_batch_in_a_query_is_encoded_twice(portal, client, add):
    add(2, title="A & B")
    command = "crm.deal.list?" + urlencode({"filter[TITLE]": "A & B"})
    answer = client.get(f"{portal.webhook_url}batch?cmd%5Ba%5D={quote(command, safe='')}").json()
    assert answer["result"]["result_total"] == {"a": 1}


# The older family


def test_old_refusals_are_a_400_with_an_empty_code(portal, client):
    for method, asked, description in (
        ("crm.deal.get", {"id": 99}, "Not found"),
        ("crm.deal.update", {"id": 99, "fields": {}}, "Not found"),
        ("crm.deal.delete", {}, "ID is not defined or invalid."),
        ("crm.deal.add", {"fields": "x"}, "Parameter 'fields' must be array."),
        ("crm.deal.add", {"fields": {"STAGE_ID": "NOWHERE"}}, "'STAGE_ID' is not valid."),
        ("crm.deal.add", {"fields": {"CLOSEDATE": "soon"}}, "'CLOSEDATE' is not valid."),
        ("crm.deal.list", {"filter": {">DATE_MODIFY": "soon"}}, "Incorrect value in filter"),
    ):
        answer = client.post(portal.webhook_url + method, json=asked)
        assert answer.status_code == 400
        assert answer.json()["error"] == ""
        assert answer.json()["error_description"].endswith(description)
    assert portal.acts == []
    assert portal.requests.refused("") == 7


def test_a_deal_is_added_changed_and_deleted(portal, call, clock):
    fields = {"OPPORTUNITY": "100.5", "ORIGINATOR_ID": "shop", "ORIGIN_ID": "77"}
    assert call("crm.deal.add", fields=fields)["result"] == 1
    deal = call("crm.deal.get", id=1)["result"]
    assert deal["TITLE"] == "Сделка #1"
    assert (deal["OPPORTUNITY"], deal["CURRENCY_ID"], deal["STAGE_ID"]) == ("100.50", "RUB", "NEW")
    assert deal["DATE_CREATE"] == deal["DATE_MODIFY"] == TOLD
    clock.advance(60)
    assert call("crm.deal.update", id=1, fields={"STAGE_ID": "WON"})["result"] is True
    deal = call("crm.deal.get", id=1)["result"]
    assert (deal["STAGE_SEMANTIC_ID"], deal["CLOSED"]) == ("S", "Y")
    assert deal["CLOSEDATE"].startswith("2026-09-21T")
    assert deal["DATE_MODIFY"] == "2026-09-21T17:14:20+03:00"
    assert call("crm.deal.delete", id=1)["result"] is True
    assert portal.deals == {}
    assert [(act.verb, act.kind, act.id) for act in portal.acts] == [
        ("created", "deal", 1),
        ("updated", "deal", 1),
        ("deleted", "deal", 1),
    ]
    assert portal.acts[0].details["ORIGIN_ID"] == "77"
    assert call("crm.deal.add", fields={})["result"] == 2


def test_unknown_and_read_only_fields_are_ignored_silently(portal, call):
    fields = {"TITLE": "A", "NO_SUCH": 1, "ID": 50, "DATE_CREATE": "2020-01-01"}
    assert call("crm.deal.add", fields=fields)["result"] == 1
    assert portal.deals[1]["DATE_CREATE"] == NOW
    assert "NO_SUCH" not in portal.deals[1]
    assert call("crm.deal.list", filter={"NO_SUCH": 5}, order={"NO_SUCH": "ASC"})["total"] == 1
    (row,) = call("crm.deal.list", select=["NO_SUCH", "TITLE"])["result"]
    assert row == {"ID": "1", "TITLE": "A"}


def test_a_retry_finds_what_is_there_by_its_origin(call):
    for origin in ("1", "2"):
        call("crm.deal.add", fields={"ORIGINATOR_ID": "shop", "ORIGIN_ID": origin})
    found = call("crm.deal.list", filter={"=ORIGINATOR_ID": "shop", "=ORIGIN_ID": "2"})
    assert [row["ID"] for row in found["result"]] == ["2"]


def test_masks_leave_out_own_fields_and_phones(call):
    phone = [{"VALUE": "+79000000001", "VALUE_TYPE": "WORK"}]
    call("crm.contact.add", fields={"NAME": "Анна", "PHONE": phone, "UF_CRM_SEGMENT": "vip"})
    (row,) = call("crm.contact.list")["result"]
    assert not {"PHONE", "UF_CRM_SEGMENT"} & set(row)
    assert row["HAS_PHONE"] == "Y"
    (row,) = call("crm.contact.list", select=["*", "UF_*", "PHONE"])["result"]
    assert row["UF_CRM_SEGMENT"] == "vip"
    assert row["PHONE"] == [
        {"ID": "1", "VALUE_TYPE": "WORK", "VALUE": "+79000000001", "TYPE_ID": "PHONE"}
    ]
    whole = call("crm.contact.get", id=1)["result"]
    assert {"PHONE", "UF_CRM_SEGMENT"} < set(whole)


def test_the_contacts_of_a_deal_are_not_seen_by_the_older_methods(call):
    call("crm.deal.add", fields={"CONTACT_IDS": [5, 6]})
    (row,) = call("crm.deal.list", select=["CONTACT_ID", "CONTACT_IDS"])["result"]
    assert row == {"ID": "1", "CONTACT_ID": "5"}
    assert call("crm.deal.list", filter={"CONTACT_IDS": 99})["total"] == 1
    assert call("crm.item.list", entityTypeId=2, filter={"contactIds": 6})["total"] == 1
    assert call("crm.item.list", entityTypeId=2, filter={"contactIds": 7})["total"] == 0


def test_a_phone_without_an_id_is_appended_and_with_one_replaced_or_removed(call):
    phone = {"VALUE": "+79000000001", "VALUE_TYPE": "WORK"}
    call("crm.contact.add", fields={"PHONE": [phone]})
    call("crm.contact.update", id=1, fields={"PHONE": [phone]})
    kept = call("crm.contact.get", id=1)["result"]["PHONE"]
    assert [item["VALUE"] for item in kept] == ["+79000000001", "+79000000001"]
    change = [{"ID": kept[0]["ID"], "VALUE": "+79000000002"}, {"ID": kept[1]["ID"], "DELETE": "Y"}]
    call("crm.contact.update", id=1, fields={"PHONE": change})
    (only,) = call("crm.contact.get", id=1)["result"]["PHONE"]
    assert only == {**kept[0], "VALUE": "+79000000002"}
    call("crm.contact.update", id=1, fields={"PHONE": [{"ID": only["ID"], "VALUE": ""}]})
    assert call("crm.contact.get", id=1)["result"]["HAS_PHONE"] == "N"


def test_phones_are_filtered_by_their_exact_text_only(call):
    call("crm.contact.add", fields={"PHONE": [{"VALUE": "+79000000001"}]})
    assert call("crm.contact.list", filter={"PHONE": "+79000000001"})["total"] == 1
    for other in ("79000000001", "8 900 000-00-01", "+7900"):
        assert call("crm.contact.list", filter={"PHONE": other})["total"] == 0


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"OPPORTUNITY": 200}, [2]),
        ({"=OPPORTUNITY": "200.00"}, [2]),
        ({"!=OPPORTUNITY": 200}, [1, 3]),
        ({">OPPORTUNITY": 100, "<=OPPORTUNITY": 300}, [2, 3]),
        ({"<OPPORTUNITY": 200}, [1]),
        ({">=OPPORTUNITY": 200}, [2, 3]),
        ({"@OPPORTUNITY": [100, 300]}, [1, 3]),
        ({"!@OPPORTUNITY": [100, 300]}, [2]),
        ({"%TITLE": "ай"}, [1, 3]),
        ({"!%TITLE": "ай"}, [2]),
        ({"=%TITLE": "чай%"}, [1]),
        ({"%=TITLE": "%чай"}, [1, 3]),
        ({"TITLE": "кофе"}, [2]),
        ({"!TITLE": "Кофе"}, [1, 3]),
        ({"TITLE": ["Чай", "Кофе"]}, [1, 2]),
        ({"COMMENTS": ""}, [2, 3]),
        ({"!COMMENTS": ""}, [1]),
        ({">ID": 1, "<ID": 3}, [2]),
        ({">=ID": "2", "<=ID": 2}, [2]),
        ({"@ID": ["3", "1", "9"]}, [1, 3]),
        ({"!ID": 2}, [1, 3]),
        ({"ID": [1, 2], "OPPORTUNITY": 200}, [2]),
        ({"STAGE_SEMANTIC_ID": "S"}, [3]),
        ({"CLOSED": "Y"}, [3]),
        ({"UF_CRM_VIP": 1}, [1]),
        ({"UF_CRM_VIP": "0"}, [2]),
        ({"UF_CRM_VIP": "Y"}, []),
    ],
)
def test_filters_have_the_prefixes_that_are_documented(call, condition, found):
    rows = (
        {"TITLE": "Чай", "OPPORTUNITY": 100, "COMMENTS": "x", "UF_CRM_VIP": 1},
        {"TITLE": "Кофе", "OPPORTUNITY": 200, "UF_CRM_VIP": 0},
        {"TITLE": "Крепкий чай", "OPPORTUNITY": 300, "STAGE_ID": "WON"},
    )
    for row in rows:
        call("crm.deal.add", fields=row)
    counted = call("crm.deal.list", filter=condition)
    assert [int(row["ID"]) for row in counted["result"]] == found
    assert counted["total"] == len(found)
    fast = call("crm.deal.list", filter=condition, start=-1)
    assert [int(row["ID"]) for row in fast["result"]] == found


def test_changes_are_found_by_the_instant_in_any_zone(call, clock):
    for _ in range(3):
        call("crm.deal.add", fields={})
        clock.advance(60)
    since = "2026-09-21T14:14:20+00:00"
    for text in (since, "2026-09-21T17:14:20+03:00", "2026-09-21T17:14:20", "21.09.2026 17:14:20"):
        found = call("crm.deal.list", filter={">=DATE_MODIFY": text})["result"]
        assert [row["ID"] for row in found] == ["2", "3"]
    call("crm.deal.update", id=1, fields={"TITLE": "B"})
    items = call("crm.item.list", entityTypeId=2, filter={">updatedTime": since})
    assert [row["id"] for row in items["result"]["items"]] == [1, 3]


def test_fields_are_described(call):
    old = call("crm.deal.fields")["result"]
    assert old["ID"]["isReadOnly"] is True
    assert old["UF_CRM_SCORE"]["isDynamic"] is True
    assert "CONTACT_IDS" not in old
    new = call("crm.item.fields", entityTypeId=3)["result"]["fields"]
    assert new["updatedTime"]["upperName"] == "DATE_MODIFY"
    own = call("crm.contact.userfield.list")["result"]
    assert [(row["FIELD_NAME"], row["USER_TYPE_ID"]) for row in own] == [
        ("UF_CRM_SEGMENT", "string")
    ]


# Items


def test_an_item_is_added_changed_and_deleted(portal, call, clock):
    fields = {"title": "A", "opportunity": "10", "stageId": "C3:NEW", "nothing": 1, "id": 9}
    item = call("crm.item.add", entityTypeId=2, fields=fields)["result"]["item"]
    assert (item["id"], item["opportunity"], item["categoryId"]) == (1, 10, 3)
    assert (item["createdTime"], item["stageSemanticId"]) == (TOLD, "P")
    clock.advance(60)
    changed = call("crm.item.update", entityTypeId=2, id=1, fields={"stageId": "C3:LOSE"})
    item = changed["result"]["item"]
    assert (item["stageSemanticId"], item["closed"]) == ("F", "Y")
    assert item["updatedTime"] == "2026-09-21T17:14:20+03:00"
    assert call("crm.item.get", entityTypeId=2, id=1)["result"]["item"] == item
    assert call("crm.item.delete", entityTypeId=2, id=1)["result"] == []
    assert portal.deals == {}


def test_a_deal_that_moves_to_another_funnel_begins_it_anew(call, add):
    number = add(2, stageId="WON")
    moved = call("crm.item.update", entityTypeId=2, id=number, fields={"categoryId": 3})
    assert moved["result"]["item"]["stageId"] == "C3:NEW"
    call("crm.deal.update", id=number, fields={"CATEGORY_ID": 0})
    assert call("crm.deal.get", id=number)["result"]["CATEGORY_ID"] == "3"


@pytest.mark.parametrize(
    ("method", "asked", "code"),
    [
        ("get", {"entityTypeId": 2, "id": 99}, "NOT_FOUND"),
        ("update", {"entityTypeId": 2, "id": 99, "fields": {}}, "NOT_FOUND"),
        ("list", {"entityTypeId": 999}, "NOT_FOUND"),
        ("list", {}, 100),
        ("get", {"entityTypeId": 2}, 100),
        ("add", {"entityTypeId": 2}, 100),
        ("list", {"entityTypeId": 2, "filter": {"noSuch": 1}}, "INVALID_ARG_VALUE"),
        ("list", {"entityTypeId": 2, "order": {"noSuch": "ASC"}}, "INVALID_ARG_VALUE"),
        ("list", {"entityTypeId": 2, "filter": {">updatedTime": "x"}}, "INVALID_ARG_VALUE"),
        (
            "add",
            {"entityTypeId": 2, "fields": {"stageId": "C9:WON"}},
            "CRM_FIELD_ERROR_VALUE_NOT_VALID",
        ),
        (
            "add",
            {"entityTypeId": 2, "fields": {"categoryId": 9}},
            "CRM_FIELD_ERROR_VALUE_NOT_VALID",
        ),
        (
            "add",
            {"entityTypeId": 2, "fields": {"opportunity": "much"}},
            "CRM_FIELD_ERROR_VALUE_NOT_VALID",
        ),
    ],
)
def test_refusals_of_items_have_codes(portal, client, method, asked, code):
    answer = client.post(f"{portal.webhook_url}crm.item.{method}", json=asked)
    assert answer.status_code == 400
    assert answer.json()["error"] == code


def test_phones_of_an_item_come_only_with_everything(call, add):
    phones = {
        "n0": {"typeId": "PHONE", "valueType": "WORK", "value": "+79000000001"},
        "n1": {"typeId": "EMAIL", "valueType": "HOME", "value": "a@example.com"},
    }
    number = add(3, name="Анна", fm=phones)
    kept = [{"id": 1, **phones["n0"]}, {"id": 2, **phones["n1"]}]
    for select in (["*"], None, ["*", "fm"]):
        asked = {} if select is None else {"select": select}
        (row,) = call("crm.item.list", entityTypeId=3, **asked)["result"]["items"]
        assert row["fm"] == kept
    (row,) = call("crm.item.list", entityTypeId=3, select=["id", "name", "fm"])["result"]["items"]
    assert row == {"id": number, "name": "Анна"}
    assert call("crm.item.get", entityTypeId=3, id=number)["result"]["item"]["fm"] == kept
    (deal,) = [call("crm.item.get", entityTypeId=2, id=add(2))["result"]["item"]]
    assert "fm" not in deal


def test_phones_of_an_item_are_changed_by_id_and_an_empty_value_removes(call, add):
    number = add(
        3,
        fm={
            "n0": {"typeId": "PHONE", "valueType": "WORK", "value": "+79000000001"},
            "n1": {"typeId": "EMAIL", "valueType": "HOME", "value": "a@example.com"},
        },
    )
    change = {
        "1": {"value": "+79000000002", "valueType": "MOBILE"},
        "2": {"value": ""},
        "n0": {"typeId": "PHONE", "value": "+79000000003"},
    }
    item = call("crm.item.update", entityTypeId=3, id=number, fields={"fm": change})
    assert item["result"]["item"]["fm"] == [
        {"id": 1, "typeId": "PHONE", "valueType": "MOBILE", "value": "+79000000002"},
        {"id": 3, "typeId": "PHONE", "valueType": "WORK", "value": "+79000000003"},
    ]


def test_own_fields_have_irregular_names_unless_the_original_ones_are_asked_for(call):
    fields = {"ufCrm_1747309879": "a", "ufCrm3Digit": 5, "ufCrmScore": "0.5", "ufCrmVip": "Y"}
    made = call("crm.item.add", entityTypeId=2, fields=fields)["result"]["item"]
    assert made["ufCrm_1747309879"] == "a"
    assert (made["ufCrm3Digit"], made["ufCrmScore"], made["ufCrmVip"]) == (5, 0.5, "Y")
    fields = {"UF_CRM_3_DIGIT": 6, "ufCrm_1747309879": "ignored", "UF_CRM_SEEN": TOLD}
    changed = call("crm.item.update", entityTypeId=2, id=1, fields=fields, useOriginalUfNames="Y")[
        "result"
    ]["item"]
    assert changed["UF_CRM_3_DIGIT"] == 6
    assert changed["UF_CRM_1747309879"] == "a"
    assert changed["UF_CRM_SEEN"] == TOLD
    assert "ufCrm3Digit" not in changed
    asked = {"filter": {"=UF_CRM_3_DIGIT": 6}, "select": ["id", "UF_CRM_3_DIGIT"]}
    found = call("crm.item.list", entityTypeId=2, **asked, useOriginalUfNames="Y")
    assert found["result"]["items"] == [{"id": 1, "UF_CRM_3_DIGIT": 6}]
    assert call("crm.item.list", entityTypeId=2, **asked)["error"] == "INVALID_ARG_VALUE"
    (own,) = call("crm.item.list", entityTypeId=2, select=["UF_*"])["result"]["items"]
    assert set(own) == {
        *("id", "ufCrm_1747309879", "ufCrm3Digit", "ufCrmScore", "ufCrmVip", "ufCrmSeen")
    }
    old = call("crm.deal.get", id=1)["result"]
    assert (old["UF_CRM_VIP"], old["UF_CRM_SCORE"]) == ("1", "0.5")


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"0": {"logic": "OR", "0": {"title": "A"}, "1": {"title": "C"}}}, [1, 3]),
        ({"0": {"logic": "OR", "0": {"id": 1}, "1": {">opportunity": 250}}}, [1, 3]),
        ({">opportunity": 150, "0": {"logic": "OR", "0": {"title": "A"}, "1": {"id": 2}}}, [2]),
        ([{"logic": "OR", "0": {"title": "A"}, "1": {"title": "B"}}], [1, 2]),
        ({"0": {"logic": "AND", "0": {">id": 1}, "1": {"<id": 3}}}, [2]),
        ({"logic": "OR", "0": {"id": 1}, "1": {"id": 2}}, [1, 2]),
        ({"!%title": "a"}, [2, 3]),
        ({"!=%title": "a%"}, [2, 3]),
        ({"!%=title": "%b"}, [1, 3]),
        ({"@stageId": ["NEW"]}, [1, 2, 3]),
    ],
)
def test_filters_of_items_may_be_nested(call, add, condition, found):
    for title, amount in (("A", 100), ("B", 200), ("C", 300)):
        add(2, title=title, opportunity=amount)
    answer = call("crm.item.list", entityTypeId=2, filter=condition)
    assert [row["id"] for row in answer["result"]["items"]] == found


def test_companies_leads_and_own_types_are_items_too(portal, call, add):
    company = add(4, title="ООО Чай", revenue="10.5")
    assert call("crm.company.get", id=company)["result"]["REVENUE"] == "10.50"
    assert portal.companies[company]["TITLE"] == "ООО Чай"
    lead = add(1, name="Анна", title="Спросила")
    assert call("crm.item.get", entityTypeId=1, id=lead)["result"]["item"]["name"] == "Анна"
    subscription = add(1032, title="Чай раз в месяц", stageId="DT1032_1:NEW")
    found = call("crm.item.list", entityTypeId=1032, filter={"stageId": "DT1032_1:NEW"})
    assert [row["id"] for row in found["result"]["items"]] == [subscription]
    assert call("crm.item.list", entityTypeId=1033)["error"] == "NOT_FOUND"


# Products, duplicates, to-dos, lists


def test_rows_of_products_are_set_and_listed_for_several_owners(portal, call, add):
    first, second = add(2), add(2)
    rows = [
        {"productName": "Чай", "price": 450.5, "quantity": 2, "productId": 7},
        {"productName": "Чашка", "price": 590},
    ]
    made = call("crm.item.productrow.set", ownerType="D", ownerId=first, productRows=rows)
    assert [row["id"] for row in made["result"]["productRows"]] == [1, 2]
    assert call("crm.deal.get", id=first)["result"]["OPPORTUNITY"] == "1491.00"
    assert call(
        "crm.deal.productrows.set", id=second, rows=[{"PRODUCT_NAME": "Мёд", "PRICE": "680.5"}]
    )["result"]
    asked = {"=ownerType": "D", "=ownerId": [second, first]}
    listed = call("crm.item.productrow.list", filter=asked)
    assert listed["total"] == 3
    shown = [(row["ownerId"], row["price"]) for row in listed["result"]["productRows"]]
    assert shown == [(first, 450.5), (first, 590), (second, 680.5)]
    (old,) = call("crm.deal.productrows.get", id=second)["result"]
    assert (old["ID"], old["PRODUCT_NAME"], old["PRICE"]) == ("3", "Мёд", 680.5)
    call("crm.item.productrow.set", ownerType="D", ownerId=first, productRows=[])
    assert call("crm.item.productrow.list", filter=asked)["total"] == 1
    call("crm.deal.delete", id=second)
    assert portal.product_rows == {("D", first): []}


def test_rows_of_products_ask_for_both_the_type_and_the_id_of_the_owner(call):
    for asked in ({"=ownerType": "D"}, {"=ownerId": 1}, {}):
        assert call("crm.item.productrow.list", filter=asked)["error"] == "INVALID_ARG_VALUE"
    refused = call("crm.item.productrow.set", ownerType="D", ownerId=99, productRows=[])
    assert refused["error"] == "NOT_FOUND"


def test_an_amount_that_was_set_by_hand_does_not_follow_the_rows(call, add):
    number = add(2, opportunity=5, isManualOpportunity="Y")
    rows = [{"productName": "Чай", "price": 450}]
    call("crm.item.productrow.set", ownerType="D", ownerId=number, productRows=rows)
    item = call("crm.item.get", entityTypeId=2, id=number)["result"]["item"]
    assert item["opportunity"] == 5


def test_duplicates_are_found_by_phone_and_address(call, add):
    phone = {"n0": {"typeId": "PHONE", "valueType": "WORK", "value": "8 (900) 000-00-01"}}
    mail = {"n0": {"typeId": "EMAIL", "valueType": "WORK", "value": "A@example.com"}}
    first, second = add(3, fm=phone), add(3, fm=phone)
    company = add(4, fm=mail)

    def find(**asked):
        return call("crm.duplicate.findbycomm", **asked)

    assert find(type="PHONE", values=["+79000000001"])["result"] == {"CONTACT": [first, second]}
    assert find(type="EMAIL", values=["a@EXAMPLE.com"])["result"] == {"COMPANY": [company]}
    none = find(type="EMAIL", values=["a@example.com"], entity_type="CONTACT")
    assert none["result"] == []
    assert find(type="PHONE", values=["+79000000009"])["result"] == []
    call("crm.item.update", entityTypeId=3, id=first, fields={"fm": {"1": {"value": ""}}})
    assert find(type="PHONE", values=["+79000000001"])["result"] == {"CONTACT": [second]}
    call("crm.contact.delete", id=second)
    assert find(type="PHONE", values=["+79000000001"])["result"] == []
    assert find(type="PHONE", values=["1"] * 21)["error"] == ""
    assert find(type="FAX", values=["1"])["error"] == ""
    assert find(type="PHONE")["error"] == ""


def test_a_to_do_is_added_to_a_record_and_can_be_looked_up(portal, call, add):
    deal = add(2)
    asked = {
        "ownerTypeId": 2,
        "ownerId": deal,
        "deadline": "2026-09-22T10:00:00+03:00",
        "title": "Позвонить",
        "description": "Давно не заказывала",
        "responsibleId": 2,
    }
    assert call("crm.activity.todo.add", **asked)["result"] == {"id": 1}
    owner = {"OWNER_TYPE_ID": 2, "OWNER_ID": deal}
    (row,) = call("crm.activity.list", filter=owner)["result"]
    assert (row["ID"], row["SUBJECT"], row["PROVIDER_ID"]) == ("1", "Позвонить", "CRM_TODO")
    assert (row["DEADLINE"], row["COMPLETED"]) == ("2026-09-22T10:00:00+03:00", "N")
    assert row["RESPONSIBLE_ID"] == "2"
    assert call("crm.activity.get", id=1)["result"] == row
    assert portal.activities[1]["OWNER_ID"] == deal
    assert [act.kind for act in portal.acts] == ["deal", "activity"]
    call("crm.activity.delete", id=1)
    assert call("crm.activity.list", filter=owner)["result"] == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"deadline": None}, 100),
        ({"ownerId": None}, 100),
        ({"deadline": "tomorrow"}, "WRONG_DATETIME_FORMAT"),
        ({"ownerId": 99}, "OWNER_NOT_FOUND"),
        ({"ownerTypeId": 77}, "OWNER_NOT_FOUND"),
    ],
)
def test_a_to_do_that_cannot_be_is_refused(portal, call, add, change, code):
    asked = {"ownerTypeId": 2, "ownerId": add(2), "deadline": "2026-09-22T10:00:00+03:00"}
    assert call("crm.activity.todo.add", **asked | change)["error"] == code
    assert portal.activities == {}


def test_statuses_and_funnels_are_listed(call):
    assert {row["id"]: row["isDefault"] for row in _categories(call)} == {0: "Y", 3: "N"}
    stages = call("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE_3"})["result"]
    assert [(row["STATUS_ID"], row["SEMANTICS"]) for row in stages][-3:] == [
        ("C3:WON", "S"),
        ("C3:LOSE", "F"),
        ("C3:APOLOGY", "F"),
    ]
    sources = call("crm.status.list", filter={"ENTITY_ID": "SOURCE"})["result"]
    assert [row["STATUS_ID"] for row in sources] == ["CALL", "EMAIL", "WEB"]
    assert call("crm.category.list", entityTypeId=3)["error"] == "ENTITY_TYPE_NOT_SUPPORTED"


def _categories(call):
    return call("crm.category.list", entityTypeId=2)["result"]["categories"]


def test_users_are_listed(call):
    assert call("user.get")["total"] == 3
    (one,) = call("user.get", filter={"ID": 2})["result"]
    assert (one["ID"], one["ACTIVE"]) == ("2", True)
    assert call("user.get", ID=[1, 2])["total"] == 2
    assert call("user.get", filter={"ACTIVE": False})["result"] == []
    assert call("user.current")["result"]["ID"] == "1"


def test_orders_of_the_shop_are_for_administrators(client, clock):
    with Bitrix24Emulator(clock=clock) as portal:
        portal.populate(customers=5, orders=40)
        asked = {"filter": {"payed": "Y"}, "order": {"dateInsert": "DESC"}}
        answer = client.post(portal.webhook_url + "sale.order.list", json=asked).json()
        orders = answer["result"]["orders"]
        assert answer["total"] == len(orders) == len(portal.orders) > 0
        assert {row["payed"] for row in orders} == {"Y"}
        assert isinstance(orders[0]["price"], int | float)
        assert orders[0]["dateInsert"] == max(row["dateInsert"] for row in orders)
    with Bitrix24Emulator(clock=clock, administrator=False) as portal:
        answer = client.post(portal.webhook_url + "sale.order.list")
        assert (answer.status_code, answer.json()["error"]) == (400, 200040300010)


# What it is filled with, and what goes wrong


def test_it_is_filled_with_people_deals_and_rows_that_agree(portal, call):
    portal.populate(customers=20, orders=100, seed=5)
    assert (len(portal.contacts), len(portal.deals)) == (20, 100)
    assert portal.acts == []
    for number, deal in portal.deals.items():
        rows = portal.product_rows["D", number]
        assert deal["OPPORTUNITY"] == sum(row["price"] * row["quantity"] for row in rows)
        assert deal["CONTACT_ID"] in portal.contacts
        assert deal["DATE_CREATE"] <= NOW
        assert (
            deal["CLOSEDATE"]
            == dt.datetime.fromtimestamp(
                deal["DATE_CREATE"], dt.timezone(dt.timedelta(hours=3))
            ).date()
        )
    assert {deal["STAGE_SEMANTIC_ID"] for deal in portal.deals.values()} == {"S", "F", "P"}
    assert {deal["CATEGORY_ID"] for deal in portal.deals.values()} == {0, 3}
    again = Bitrix24Emulator(clock=ManualClock(NOW), user_fields=OWN, funnels={3: "Опт"})
    again.populate(customers=20, orders=100, seed=5)
    assert dict(again.deals) == dict(portal.deals)


def test_a_gateway_may_answer_a_call_with_a_page(portal, client):
    portal.faults.add("error_502_html", route="crm.deal.*", times=1)
    answer = client.post(portal.webhook_url + "crm.deal.add", json={"fields": {}})
    assert answer.status_code == 502
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert portal.deals == {}


def test_an_act_whose_answer_is_lost_is_done_once_and_can_be_found(portal, client, call):
    portal.faults.add("drop_after", route="crm.deal.add", times=1)
    fields = {"ORIGINATOR_ID": "shop", "ORIGIN_ID": "77"}
    with pytest.raises(httpx2.RemoteProtocolError):
        call("crm.deal.add", fields=fields)
    found = call("crm.deal.list", filter={"=ORIGINATOR_ID": "shop", "=ORIGIN_ID": "77"})
    assert found["total"] == 1
    assert len(portal.acts) == 1
    assert portal.requests.count("oauth/token") == 0


def test_what_a_client_needs_can_be_printed(portal):
    told = portal.credentials()
    assert told["webhook_url"] == portal.webhook_url
    assert set(told) == {
        *("url", "webhook_url", "rest_url", "oauth_url"),
        *("client_id", "client_secret", "access_token", "refresh_token"),
    }
