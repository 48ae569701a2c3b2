"""The amoCRM emulator does what the vendor documents, refusals and silences included."""

from __future__ import annotations

import datetime as dt
import io
import json
from concurrent.futures import ThreadPoolExecutor
from email.utils import format_datetime

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.testing.clocks import ManualClock
from retention_kit.testing.emulators.amocrm import AmoCrmEmulator
from retention_kit.testing.emulators.messages import Request

pytestmark = pytest.mark.once

START = 1_790_000_000.0
DAY = 86_400

KINDS = ("leads", "contacts", "companies", "customers")
NAMES = st.sampled_from(
    [
        *("id", "name", "price", "status_id", "pipeline_id", "custom_fields_values", "_embedded"),
        *("tags", "tags_to_add", "contacts", "companies", "segments", "request_id", "text"),
        *("complete_till", "entity_id", "entity_type", "task_type_id", "note_type", "params"),
        *("to_entity_id", "to_entity_type", "metadata", "field_id", "field_code", "values"),
        *("value", "enum_id", "enum_code", "type", "enums", "code", "next_date", "result"),
    ]
)
PLAIN = st.none() | st.booleans() | st.integers(-3, 10_020) | st.floats() | st.text(max_size=3)
BODIES = st.lists(
    st.dictionaries(
        NAMES,
        st.recursive(
            PLAIN | st.sampled_from(["leads", "PHONE", "WORK", "common", "select"]),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
            max_leaves=8,
        ),
        max_size=6,
    ),
    max_size=2,
)


class Client:
    """Speaks with an emulator as its integration."""

    def __init__(self, emulator, http, token=None):
        self.emulator = emulator
        self.http = http
        self.token = token

    def __call__(self, method, path, json=None, **headers):
        bearer = f"Bearer {self.token or self.emulator.access_token}"
        return self.http.request(
            method,
            path if path.startswith("http") else f"{self.emulator.url}/api/v4/{path}",
            json=json,
            headers={"Authorization": bearer}
            | {k.replace("_", "-"): v for k, v in headers.items()},
        )

    def made(self, kind, *items):
        answer = self("POST", kind, list(items))
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json()["_embedded"][kind]]

    def names(self, kind, query=""):
        answer = self("GET", f"{kind}?{query}")
        if answer.status_code == 204:
            return []
        assert answer.status_code == 200, answer.text
        return [row["name"] for row in answer.json()["_embedded"][kind]]

    def errors(self, method, path, json):
        answer = self(method, path, json)
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        return [
            (found["request_id"], error["code"], error["path"])
            for found in answer.json()["validation-errors"]
            for error in found["errors"]
        ]


@pytest.fixture(scope="module")
def http():
    with httpx2.Client() as client:
        yield client


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def serve(http, clock):
    running = []

    def start(**options):
        emulator = AmoCrmEmulator(**{"clock": clock, "limits": False, **options}).start()
        running.append(emulator)
        return Client(emulator, http)

    yield start
    for emulator in running:
        emulator.stop()


@pytest.fixture
def ask(serve):
    return serve()


def phone(number, **more):
    return {
        "custom_fields_values": [
            {"field_code": "PHONE", "values": [{"value": number, "enum_code": "MOB"}]}
        ],
        **more,
    }


def exchange(ask, grant, **more):
    integration = ask.emulator.integration
    return ask.http.post(
        f"{ask.emulator.url}/oauth2/access_token",
        json={
            "client_id": integration.client_id,
            "client_secret": integration.client_secret,
            "redirect_uri": integration.redirect_uri,
            "grant_type": grant,
            **more,
        },
    )


class TestTokens:
    def test_a_refresh_token_serves_once(self, ask):
        old = ask.emulator.refresh_token
        renewed = exchange(ask, "refresh_token", refresh_token=old)
        assert renewed.status_code == 200
        assert renewed.json()["expires_in"] == DAY
        assert renewed.json()["refresh_token"] != old
        again = exchange(ask, "refresh_token", refresh_token=old)
        assert again.status_code == 401
        assert again.headers["content-type"] == "application/problem+json"
        assert again.json()["hint"] == "Token has been revoked"
        second = exchange(ask, "refresh_token", refresh_token=renewed.json()["refresh_token"])
        assert second.status_code == 200

    def test_of_many_who_refresh_at_once_one_gets_the_pair(self, ask):
        token = ask.emulator.refresh_token
        with ThreadPoolExecutor(8) as pool:
            answers = pool.map(
                lambda _: exchange(ask, "refresh_token", refresh_token=token), range(8)
            )
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7

    def test_the_status_for_a_dead_refresh_token_can_be_chosen(self, serve):
        ask = serve(refused_refresh_status=400)
        assert exchange(ask, "refresh_token", refresh_token="never").status_code == 400

    def test_a_refresh_token_dies_after_three_months(self, ask, clock):
        clock.sleep(91 * DAY)
        answer = exchange(ask, "refresh_token", refresh_token=ask.emulator.refresh_token)
        assert answer.status_code == 401

    def test_a_code_serves_once_and_for_twenty_minutes(self, ask, clock):
        code = ask.emulator.issue_code()
        assert exchange(ask, "authorization_code", code=code).status_code == 200
        assert exchange(ask, "authorization_code", code=code).status_code == 400
        late = ask.emulator.issue_code()
        clock.sleep(20 * 60)
        assert exchange(ask, "authorization_code", code=late).status_code == 400

    @pytest.mark.parametrize(
        ("more", "status"),
        [
            ({"redirect_uri": "https://elsewhere.example.com"}, 400),
            ({"redirect_uri": None}, 400),
            ({"client_secret": "guessed"}, 401),
            ({"grant_type": "password"}, 400),
        ],
    )
    def test_what_names_the_integration_has_to_match(self, ask, more, status):
        token = ask.emulator.refresh_token
        assert exchange(ask, "refresh_token", refresh_token=token, **more).status_code == status
        assert exchange(ask, "refresh_token", refresh_token=token).status_code == 200

    def test_an_access_token_lives_a_day(self, ask, clock):
        clock.sleep(DAY - 1)
        assert ask("GET", "account").status_code == 200
        clock.sleep(1)
        refused = ask("GET", "account")
        assert refused.status_code == 401
        assert refused.json()["title"] == "Unauthorized"

    def test_an_expired_token_is_renewed_by_the_pair_that_came_with_it(self, ask):
        ask.emulator.expire_access_token()
        assert ask("GET", "account").status_code == 401
        exchange(ask, "refresh_token", refresh_token=ask.emulator.refresh_token)
        assert ask("GET", "account").status_code == 200

    def test_a_token_of_long_life_outlives_the_others_but_not_the_integration(self, ask, clock):
        ask.token = ask.emulator.issue_long_lived_token(seconds=1_000 * DAY)
        ask.emulator.expire_access_token()
        clock.sleep(900 * DAY)
        assert ask("GET", "account").status_code == 200
        ask.emulator.revoke()
        assert ask("GET", "account").status_code == 401

    def test_only_the_form_bearer_is_taken(self, ask):
        headers = {"Authorization": f"OAuth {ask.emulator.access_token}"}
        url = f"{ask.emulator.url}/api/v4/account"
        assert ask.http.get(url, headers=headers).status_code == 401

    def test_new_tokens_can_be_handed_out_in_plain_python(self, ask):
        pair = ask.emulator.issue_tokens()
        assert ask.emulator.access_token == pair["access_token"]
        assert ask("GET", "account").json()["customers_mode"] == "segments"


class TestLists:
    def test_nothing_found_is_204_without_a_body(self, ask):
        for path in ("leads", "leads/5", "contacts?page=9", "leads?query=nobody"):
            answer = ask("GET", path)
            assert (answer.status_code, answer.content) == (204, b"")

    def test_pages_are_linked_until_the_last(self, ask):
        ask.made("leads", *({"name": f"deal {n}"} for n in range(5)))
        path, seen = "leads?limit=2&order[id]=asc", []
        while path:
            body = ask("GET", path).json()
            seen.append([row["name"] for row in body["_embedded"]["leads"]])
            assert "_total_items" not in body
            path = body["_links"].get("next", {}).get("href")
        assert seen == [["deal 0", "deal 1"], ["deal 2", "deal 3"], ["deal 4"]]

    def test_a_last_page_that_is_full_has_no_next(self, ask):
        ask.made("leads", {"name": "a"}, {"name": "b"})
        assert "next" not in ask("GET", "leads?limit=2").json()["_links"]
        assert ask("GET", "leads?limit=2&page=2").status_code == 204

    def test_fifty_rows_are_a_page_and_250_the_most(self, serve):
        ask = serve()
        ask.made("leads", *({"name": str(n)} for n in range(250)))
        ask.made("leads", {"name": "one more"})
        assert len(ask.names("leads")) == 50
        assert len(ask.names("leads", "limit=500")) == 250
        strict = serve(clamp_limit=False)
        assert strict("GET", "leads?limit=500").status_code == 400

    def test_the_order_is_the_newest_first_unless_asked(self, serve, clock):
        ask = serve()
        first, _ = ask.made("leads", {"name": "a"}, {"name": "b"})
        clock.sleep(5)
        ask("PATCH", f"leads/{first}", {"price": 1})
        assert ask.names("leads") == ["b", "a"]
        assert ask.names("leads", "order[updated_at]=desc") == ["a", "b"]
        assert ask.names("leads", "order[updated_at]=asc") == ["b", "a"]
        other = serve(newest_first=False)
        other.made("leads", {"name": "a"}, {"name": "b"})
        assert other.names("leads") == ["a", "b"]

    def test_an_order_the_entity_does_not_know_is_counted(self, ask):
        ask.made("contacts", {"name": "a"})
        ask.names("contacts", "order[created_at]=asc")
        assert ask.emulator.ignored == {"contacts.order.created_at": 1}

    def test_changes_since_an_instant_are_listed_by_date_header(self, ask, clock):
        ask.made("contacts", {"name": "old"})
        clock.sleep(100)
        ask.made("contacts", {"name": "new"})
        since = format_datetime(dt.datetime.fromtimestamp(START + 50, dt.UTC), usegmt=True)
        answer = ask("GET", "contacts", If_Modified_Since=since)
        assert [row["name"] for row in answer.json()["_embedded"]["contacts"]] == ["new"]
        late = format_datetime(dt.datetime.fromtimestamp(START + 200, dt.UTC), usegmt=True)
        assert ask("GET", "contacts", If_Modified_Since=late).status_code == 204

    def test_a_search_finds_phones_whatever_their_formatting(self, ask):
        ask.made("contacts", phone("+7 (900) 123-45-67", name="Anna"), {"name": "Oleg"})
        assert ask.names("contacts", "query=79001234567") == ["Anna"]
        assert ask.names("contacts", "query=%2B79001234567") == ["Anna"]
        assert ask.names("contacts", "query=oLE") == ["Oleg"]

    def test_extras_are_embedded_when_asked_for(self, ask):
        (contact,) = ask.made("contacts", {"name": "Anna"})
        (lead,) = ask.made("leads", {"name": "deal", "_embedded": {"contacts": [{"id": contact}]}})
        plain = ask("GET", f"leads/{lead}").json()
        assert plain["_embedded"] == {"companies": [], "tags": []}
        full = ask("GET", f"leads/{lead}?with=contacts,loss_reason").json()["_embedded"]
        assert [(one["id"], one["is_main"]) for one in full["contacts"]] == [(contact, True)]
        assert full["loss_reason"] == []
        theirs = ask("GET", "contacts?with=leads").json()["_embedded"]["contacts"][0]
        assert [one["id"] for one in theirs["_embedded"]["leads"]] == [lead]

    def test_deleted_leads_are_listed_bare_and_only_when_asked_for(self, ask, clock):
        gone, _ = ask.made("leads", {"name": "gone"}, {"name": "kept"})
        clock.sleep(10)
        ask.emulator.delete("leads", gone)
        assert ask.names("leads") == ["kept"]
        assert ask("GET", f"leads/{gone}").status_code == 204
        (row,) = ask("GET", "leads?with=only_deleted").json()["_embedded"]["leads"]
        assert row.keys() == {"id", "updated_at", "is_deleted", "_links"}
        assert (row["id"], row["is_deleted"], row["updated_at"]) == (gone, True, START + 10)
        ask.emulator.empty_trash()
        assert ask("GET", "leads?with=only_deleted").status_code == 204

    def test_a_row_changed_by_hand_is_seen_by_the_next_listing(self, ask):
        (lead,) = ask.made("leads", {"name": "a", "price": 1})
        assert ask.names("leads", "filter[price][from]=5") == []
        ask.emulator.leads[lead]["price"] = 7
        assert ask.names("leads", "filter[price][from]=5") == ["a"]

    def test_a_page_is_as_of_the_last_write(self, ask):
        ask.made("leads", *({"name": str(n)} for n in range(3)))
        assert ask.names("leads", "limit=1&order[id]=desc") == ["2"]
        ask.made("leads", {"name": "3"})
        assert ask.names("leads", "limit=1&page=2&order[id]=desc") == ["2"]


class TestFilters:
    @pytest.fixture
    def shop(self, ask, clock):
        self.pipeline = next(iter(ask.emulator.pipelines.values()))
        self.field = ask.emulator.add_field("leads", "Size", "numeric")
        self.colour = ask.emulator.add_field("leads", "Colour", "select", enums=("red", "blue"))
        size = {"field_id": self.field, "values": [{"value": 42}]}
        red = {"field_id": self.colour, "values": [{"value": "red"}]}
        ask.made("leads", {"name": "won", "price": 10, "status_id": 142})
        clock.sleep(100)
        ask.made("leads", {"name": "lost", "price": 20, "status_id": 143})
        clock.sleep(100)
        ask.made("leads", {"name": "open", "price": 30, "custom_fields_values": [size, red]})
        return ask

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("filter[name]=won", ["won"]),
            ("filter[name][]=won&filter[name][]=open", ["open", "won"]),
            ("filter[price][from]=15&filter[price][to]=25", ["lost"]),
            ("filter[price][from]=20", ["open", "lost"]),
            (f"filter[updated_at][from]={START + 100:.0f}", ["open", "lost"]),
            (f"filter[created_at][to]={START + 99:.0f}", ["won"]),
            (f"filter[closed_at][from]={START:.0f}", ["lost", "won"]),
            ("filter[created_by]=9000001&filter[price]=30", ["open"]),
            ("filter[responsible_user_id][]=1", []),
        ],
    )
    def test_narrow_a_list(self, shop, query, names):
        assert shop.names("leads", query) == names

    def test_take_statuses_with_their_pipelines(self, shop):
        status = "filter[statuses][{}][pipeline_id]={}&filter[statuses][{}][status_id]={}"
        own = self.pipeline["id"]
        both = "&".join(status.format(n, own, n, s) for n, s in enumerate((142, 143)))
        assert shop.names("leads", both) == ["lost", "won"]
        assert shop.names("leads", status.format(0, 1, 0, 142)) == []

    def test_take_custom_fields_by_value_choice_and_range(self, shop):
        enum = shop.emulator.custom_fields["leads"][self.colour]["enums"][0]["id"]
        prefix = "filter[custom_fields_values]"
        assert shop.names("leads", f"{prefix}[{self.field}][]=42") == ["open"]
        assert shop.names("leads", f"{prefix}[{self.field}][from]=40") == ["open"]
        assert shop.names("leads", f"{prefix}[{self.field}][to]=40") == []
        assert shop.names("leads", f"{prefix}[{self.colour}][]={enum}") == ["open"]
        assert shop.names("leads", f"{prefix}[{self.colour}][]=blue") == []

    def test_can_be_ignored_or_refused_as_in_accounts_without_them(self, shop):
        shop.emulator.filters = "ignored"
        assert shop.names("leads", "filter[price][from]=25") == ["open", "lost", "won"]
        shop.emulator.filters = "refused"
        assert shop("GET", "leads?filter[price][from]=25").status_code == 403
        assert shop.names("leads", "limit=1") == ["open"]

    def test_of_unknown_names_are_counted(self, shop):
        shop.names("leads", "filter[prise]=5")
        assert shop.emulator.ignored["leads.filter.prise"] == 1


class TestWrites:
    def test_take_arrays_and_echo_the_request_id(self, ask):
        answer = ask("POST", "leads", [{"name": "a", "request_id": "r1"}, {"name": "b"}])
        rows = answer.json()["_embedded"]["leads"]
        assert [row["request_id"] for row in rows] == ["r1", "1"]
        assert answer.headers["content-type"] == "application/hal+json"
        assert answer.headers["x-request-id"]
        assert "request_id" not in ask.emulator.leads[rows[0]["id"]]
        assert [act[:2] for act in ask.emulator.acts] == [("created", "leads")] * 2

    def test_are_all_or_nothing(self, ask):
        items = [
            {"name": "fine", "request_id": "a"},
            {
                "request_id": "b",
                "price": "12",
                "custom_fields_values": [{"field_id": 5, "values": [{"value": "x"}]}],
            },
            {"status_id": 77},
        ]
        assert ask.errors("POST", "leads", items) == [
            ("b", "InvalidType", "price"),
            ("b", "NotSupportedChoice", "custom_fields_values.0.field_id"),
            ("2", "NotSupportedChoice", "status_id"),
        ]
        assert ask.emulator.leads == {}
        assert ask.emulator.acts == []

    @pytest.mark.parametrize("body", [{"name": "a"}, [], ["a"], [{"name": "a"}] * 251])
    def test_of_anything_but_one_to_250_objects_are_refused(self, ask, body):
        answer = ask("POST", "leads", body)
        assert answer.status_code == 400
        assert ask.emulator.leads == {}

    def test_of_no_json_are_refused(self, ask):
        url = f"{ask.emulator.url}/api/v4/leads"
        headers = {"Authorization": f"Bearer {ask.emulator.access_token}"}
        assert ask.http.post(url, content=b"{", headers=headers).status_code == 400

    def test_change_one_or_many(self, ask, clock):
        one, two = ask.made("leads", {"name": "a", "price": 1}, {"name": "b", "price": 2})
        clock.sleep(60)
        single = ask("PATCH", f"leads/{one}", {"price": 5}).json()
        assert (single["id"], single["updated_at"]) == (one, START + 60)
        body = [{"id": one, "price": 6}, {"id": two, "price": 7, "request_id": "q"}]
        rows = ask("PATCH", "leads", body).json()["_embedded"]["leads"]
        assert [(row["id"], row["request_id"]) for row in rows] == [(one, "0"), (two, "q")]
        assert [row["price"] for row in ask.emulator.leads.values()] == [6, 7]

    def test_of_an_entity_that_is_not_there_are_validation_errors(self, ask):
        expected = [("0", "NotSupportedChoice", "id")]
        assert ask.errors("PATCH", "leads", [{"id": 5, "price": 1}]) == expected
        assert ask.errors("PATCH", "leads/5", {"price": 1}) == expected

    def test_set_the_day_a_deal_is_closed_and_clear_it(self, ask):
        (lead,) = ask.made("leads", {"name": "a"})
        ask("PATCH", f"leads/{lead}", {"status_id": 142})
        assert ask.emulator.leads[lead]["closed_at"] == START
        (pipeline,) = ask.emulator.pipelines.values()
        opened = next(one for one in pipeline["statuses"] if one not in {142, 143})
        ask("PATCH", f"leads/{lead}", {"status_id": opened})
        assert ask.emulator.leads[lead]["closed_at"] is None

    def test_with_unknown_fields_pass_and_are_counted(self, ask):
        ask.made("customers", {"name": "a", "ltv": 500, "nickname": "b"})
        assert ask.emulator.ignored == {"customers.field.ltv": 1, "customers.field.nickname": 1}
        assert next(iter(ask.emulator.customers.values()))["ltv"] == 0

    def test_over_the_weight_limit_are_504_done_or_not(self, serve):
        for done in (False, True):
            ask = serve(weight_limit=2, heavy_is_done=done)
            answer = ask("POST", "leads", [{"name": "a"}] * 3)
            assert (answer.status_code, "nginx" in answer.text) == (504, True)
            assert len(ask.emulator.leads) == (3 if done else 0)
            assert ask("POST", "leads", [{"name": "a"}] * 2).status_code == 200

    def test_of_a_lead_with_its_contact_come_back_as_a_bare_array(self, ask):
        item = {
            "name": "deal",
            "request_id": "z",
            "_embedded": {"contacts": [phone("+79000000001", first_name="Anna")]},
        }
        (made,) = ask("POST", "leads/complex", [item]).json()
        assert made["request_id"] == ["z"]
        assert ask.emulator.contacts[made["contact_id"]]["name"] == "Anna"
        embedded = ask("GET", f"leads/{made['id']}?with=contacts").json()["_embedded"]
        assert embedded["contacts"][0]["id"] == made["contact_id"]
        wrong = {"name": "x", "_embedded": {"contacts": [{"first_name": 5}]}}
        assert ask.errors("POST", "leads/complex", [wrong]) == [("0", "InvalidType", "first_name")]
        assert len(ask.emulator.leads) == 1


class TestCustomFields:
    def test_are_read_with_names_types_and_choices(self, ask):
        (contact,) = ask.made("contacts", phone("+79000000001", name="Anna"))
        (entry,) = ask("GET", f"contacts/{contact}").json()["custom_fields_values"]
        assert (entry["field_code"], entry["field_type"]) == ("PHONE", "multitext")
        (value,) = entry["values"]
        assert (value["value"], value["enum_code"]) == ("+79000000001", "MOB")
        enums = ask.emulator.custom_fields["contacts"][entry["field_id"]]["enums"]
        assert value["enum_id"] in {enum["id"] for enum in enums}

    @pytest.mark.parametrize(
        ("kind", "enums", "value", "read"),
        [
            ("text", (), "x", "x"),
            ("numeric", (), 12, "12"),
            ("numeric", (), "12.5", "12.5"),
            ("checkbox", (), True, True),
            ("date", (), 1_600_000_000, 1_600_000_000),
            ("birthday", (), "2020-09-13T12:26:40+00:00", 1_600_000_000),
            ("select", ("red", "blue"), "blue", "blue"),
        ],
    )
    def test_keep_values_of_their_type(self, ask, kind, enums, value, read):
        field = ask.emulator.add_field("leads", "Field", kind, enums=enums)
        sent = {"field_id": field, "values": [{"value": value}]}
        (lead,) = ask.made("leads", {"custom_fields_values": [sent]})
        (entry,) = ask("GET", f"leads/{lead}").json()["custom_fields_values"]
        assert entry["values"][0]["value"] == read

    @pytest.mark.parametrize(
        ("kind", "value", "code", "path"),
        [
            ("text", {"value": 5}, "InvalidType", ".value"),
            ("numeric", {"value": "many"}, "InvalidType", ".value"),
            ("checkbox", {"value": "yes"}, "InvalidType", ".value"),
            ("date", {"value": "yesterday"}, "InvalidType", ".value"),
            ("select", {"value": "green"}, "NotSupportedChoice", ".value"),
            ("select", {"enum_id": 1}, "NotSupportedChoice", ".enum_id"),
            ("multitext", {"value": "+7900"}, "FieldMissing", ".enum_code"),
            (
                "multitext",
                {"value": "+7900", "enum_code": "ZZ"},
                "NotSupportedChoice",
                ".enum_code",
            ),
            ("text", {}, "FieldMissing", ".value"),
        ],
    )
    def test_refuse_values_of_another(self, ask, kind, value, code, path):
        field = ask.emulator.add_field("leads", "Field", kind, enums=("red", "blue"))
        item = {"custom_fields_values": [{"field_id": field, "values": [value]}]}
        expected = [("0", code, f"custom_fields_values.0.values.0{path}")]
        assert ask.errors("POST", "leads", [item]) == expected

    def test_that_a_change_does_not_name_stay_and_null_clears(self, ask):
        one, two = (ask.emulator.add_field("leads", name) for name in ("One", "Two"))
        values = [{"field_id": field, "values": [{"value": "x"}]} for field in (one, two)]
        (lead,) = ask.made("leads", {"custom_fields_values": values})
        change = {"custom_fields_values": [{"field_id": one, "values": None}]}
        ask("PATCH", f"leads/{lead}", change)
        (left,) = ask.emulator.leads[lead]["custom_fields_values"]
        assert left["field_id"] == two
        ask("PATCH", f"leads/{lead}", {"custom_fields_values": None})
        assert ask("GET", f"leads/{lead}").json()["custom_fields_values"] is None

    def test_are_listed_fifty_a_page(self, ask):
        for number in range(60):
            ask.emulator.add_field("leads", f"Field {number}")
        first = ask("GET", "leads/custom_fields?limit=250").json()
        assert len(first["_embedded"]["custom_fields"]) == 50
        second = ask("GET", first["_links"]["next"]["href"]).json()
        assert len(second["_embedded"]["custom_fields"]) == 10
        assert first["_total_items"] == 60

    def test_can_be_defined_and_deleted(self, ask):
        fields = [{"name": "External id", "type": "text", "code": "EXTERNAL_ID"}]
        (made,) = ask("POST", "contacts/custom_fields", fields).json()["_embedded"]["custom_fields"]
        entry = {"field_code": "EXTERNAL_ID", "values": [{"value": "c1"}]}
        (contact,) = ask.made("contacts", {"custom_fields_values": [entry]})
        assert ask.errors("POST", "contacts/custom_fields", [{"type": "poem", "name": "x"}]) == [
            ("0", "NotSupportedChoice", "type")
        ]
        assert ask("DELETE", f"contacts/custom_fields/{made['id']}").status_code == 204
        assert ask.emulator.contacts[contact]["custom_fields_values"] is None


class TestTagsAndLinks:
    def test_tags_are_replaced_added_and_taken_away(self, ask):
        def tags():
            found = ask("GET", f"leads/{lead}").json()["_embedded"]["tags"]
            return [tag["name"] for tag in found]

        (lead,) = ask.made("leads", {"_embedded": {"tags": [{"name": "vip"}]}})
        ask("PATCH", f"leads/{lead}", {"tags_to_add": [{"name": "new"}]})
        assert tags() == ["vip", "new"]
        ask("PATCH", f"leads/{lead}", {"tags_to_delete": [{"name": "vip"}]})
        assert tags() == ["new"]
        ask("PATCH", f"leads/{lead}", {"_embedded": {"tags": [{"name": "only"}]}})
        assert tags() == ["only"]
        listed = ask("GET", "leads/tags?query=vip").json()["_embedded"]["tags"]
        assert [tag["name"] for tag in listed] == ["vip"]

    def test_links_are_made_listed_and_taken_away(self, ask):
        one, two = ask.made("contacts", {"name": "a"}, {"name": "b"})
        (lead,) = ask.made("leads", {"name": "deal"})
        assert ask("GET", f"leads/{lead}/links").status_code == 204
        body = [
            {"to_entity_id": one, "to_entity_type": "contacts"},
            {"to_entity_id": two, "to_entity_type": "contacts", "metadata": {"is_main": True}},
        ]
        assert ask("POST", f"leads/{lead}/link", body).json()["_total_items"] == 2
        contacts = ask("GET", f"leads/{lead}?with=contacts").json()["_embedded"]["contacts"]
        assert {row["id"]: row["is_main"] for row in contacts} == {one: False, two: True}
        assert ask("POST", f"leads/{lead}/unlink", body[1:]).status_code == 204
        links = ask("GET", f"leads/{lead}/links").json()["_embedded"]["links"]
        assert [link["to_entity_id"] for link in links] == [one]
        missing = [{"to_entity_id": 5, "to_entity_type": "contacts"}]
        assert ask.errors("POST", f"leads/{lead}/link", missing) == [
            ("0", "NotSupportedChoice", "to_entity_id")
        ]

    def test_a_merged_contact_is_gone_and_its_deals_are_the_others(self, ask):
        kept, merged = ask.made("contacts", phone("+79000000001", name="a"), {"name": "b"})
        (lead,) = ask.made("leads", {"_embedded": {"contacts": [{"id": merged}]}})
        ask.emulator.merge_contacts(kept=kept, merged=merged)
        assert ask("GET", f"contacts/{merged}").status_code == 204
        assert ask.names("contacts") == ["a"]
        (contact,) = ask("GET", f"leads/{lead}?with=contacts").json()["_embedded"]["contacts"]
        assert contact["id"] == kept


class TestTasksAndNotes:
    def test_tasks_are_made_found_and_closed(self, ask):
        (lead,) = ask.made("leads", {"name": "a"})
        task = {
            "text": "Call",
            "complete_till": 1_800_000_000,
            "entity_id": lead,
            "entity_type": "leads",
            "request_id": "t1",
        }
        answer = ask("POST", "tasks", [task]).json()["_embedded"]["tasks"]
        assert answer[0]["request_id"] == "t1"
        assert ask.emulator.leads[lead]["closest_task_at"] == 1_800_000_000
        path = f"tasks?filter[entity_type]=leads&filter[entity_id][]={lead}&filter[is_completed]=0"
        (found,) = ask("GET", path).json()["_embedded"]["tasks"]
        assert (found["text"], found["task_type_id"]) == ("Call", 1)
        done = {"is_completed": True, "result": {"text": "reached"}}
        assert ask("PATCH", f"tasks/{found['id']}", done).json()["id"] == found["id"]
        assert ask("GET", path).status_code == 204
        assert ask.emulator.tasks[found["id"]]["result"] == {"text": "reached"}
        assert ask.emulator.leads[lead]["closest_task_at"] is None

    def test_tasks_need_a_text_a_deadline_and_an_entity_that_exists(self, ask):
        wrong = [
            {"text": "a"},
            {"complete_till": 5, "text": "b", "entity_id": 7, "entity_type": "leads"},
            {"complete_till": "soon", "text": "c", "task_type_id": 9},
        ]
        assert ask.errors("POST", "tasks", wrong) == [
            ("0", "FieldMissing", "complete_till"),
            ("1", "NotSupportedChoice", "entity_id"),
            ("2", "InvalidType", "complete_till"),
            ("2", "NotSupportedChoice", "task_type_id"),
        ]
        assert ask.emulator.tasks == {}

    def test_notes_stand_at_their_entity(self, ask):
        (contact,) = ask.made("contacts", {"name": "a"})
        note = {"entity_id": contact, "note_type": "common", "params": {"text": "likes tea"}}
        (made,) = ask("POST", "contacts/notes", [note]).json()["_embedded"]["notes"]
        assert made["entity_id"] == contact
        (read,) = ask("GET", f"contacts/{contact}/notes").json()["_embedded"]["notes"]
        assert read["params"] == {"text": "likes tea"}
        assert ask("GET", "leads/notes").status_code == 204
        bare = {"entity_id": contact, "note_type": "common", "params": {}}
        assert ask.errors("POST", "contacts/notes", [bare]) == [
            ("0", "FieldMissing", "params.text")
        ]


class TestCustomers:
    def test_totals_are_summed_from_purchases(self, ask):
        (customer,) = ask.made("customers", {"name": "Anna"})
        purchases = [
            {"price": 1_500, "request_id": "77"},
            {"price": 800, "next_date": 1_800_000_000},
        ]
        answer = ask("POST", f"customers/{customer}/transactions", purchases).json()
        first, second = answer["_embedded"]["transactions"]
        assert (first["request_id"], second["request_id"]) == ("77", "1")
        read = ask("GET", f"customers/{customer}").json()
        assert (read["ltv"], read["purchases_count"], read["average_check"]) == (2_300, 2, 1_150)
        assert read["next_date"] == 1_800_000_000
        assert ask("DELETE", f"customers/transactions/{first['id']}").status_code == 204
        read = ask("GET", f"customers/{customer}").json()
        assert (read["ltv"], read["purchases_count"], read["average_check"]) == (800, 1, 800)
        everybody = ask("GET", "customers/transactions").json()["_embedded"]["transactions"]
        assert [row["customer_id"] for row in everybody] == [customer]

    def test_purchases_need_a_price_and_a_customer(self, ask):
        (customer,) = ask.made("customers", {"name": "Anna"})
        path = f"customers/{customer}/transactions"
        assert ask.errors("POST", path, [{"price": 5}, {"comment": "x"}]) == [
            ("1", "FieldMissing", "price")
        ]
        assert ask("POST", "customers/5/transactions", [{"price": 5}]).status_code == 404
        assert ask("GET", path).status_code == 204

    def test_are_put_into_segments(self, ask):
        segment = ask("POST", "customers/segments", {"name": "VIP"}).json()
        (customer,) = ask.made("customers", {"name": "a", "_embedded": {"segments": [segment]}})
        read = ask("GET", f"customers/{customer}").json()["_embedded"]["segments"]
        assert [one["id"] for one in read] == [segment["id"]]
        (listed,) = ask("GET", "customers/segments").json()["_embedded"]["segments"]
        assert listed["customers_count"] == 1
        unknown = {"name": "b", "_embedded": {"segments": [{"id": 5}]}}
        assert ask.errors("POST", "customers", [unknown]) == [
            ("0", "NotSupportedChoice", "_embedded.segments.0.id")
        ]
        ask("PATCH", f"customers/{customer}", {"_embedded": {"segments": []}})
        assert ask("GET", f"customers/segments/{segment['id']}").json()["customers_count"] == 0

    def test_need_a_name_and_with_periodicity_a_date(self, serve):
        assert serve().errors("POST", "customers", [{}]) == [("0", "FieldMissing", "name")]
        ask = serve(customers_mode="periodicity")
        assert ask.errors("POST", "customers", [{"name": "a"}]) == [
            ("0", "FieldMissing", "next_date")
        ]
        assert ask("GET", "customers/statuses").status_code == 200
        assert serve()("GET", "customers/statuses").status_code == 422

    def test_can_be_switched_off_or_lacking(self, serve):
        ask = serve(customers_mode="off")
        assert ask("GET", "customers").status_code == 422
        on = {"mode": "segments", "is_enabled": True}
        assert ask("PATCH", "customers/mode", on).json() == on
        assert ask("GET", "customers").status_code == 204
        lacking = serve(customers_mode="unavailable")
        assert lacking("GET", "customers").status_code == 402
        assert lacking("PATCH", "customers/mode", on).status_code == 402
        assert lacking("GET", "account").json()["customers_mode"] == "unavailable"


class TestLimits:
    def test_the_eighth_request_of_a_second_is_429_in_html(self, serve, clock):
        ask = serve(limits=True)
        assert [ask("GET", "account").status_code for _ in range(8)] == [200] * 7 + [429]
        refused = ask("GET", "account")
        assert refused.headers["content-type"].startswith("text/html")
        assert "nginx" in refused.text
        assert "retry-after" not in refused.headers
        clock.sleep(1)
        assert ask("GET", "account").status_code == 200
        assert ask.emulator.requests.busiest("integration", 1.0) == 7
        assert ask.emulator.requests.refused(429) == 2

    def test_the_account_takes_fifty_a_second_of_all_integrations(self, serve):
        ask = serve(limits=True)
        answers = []
        for number in range(8):
            ask.emulator.add_integration(f"other {number}", "secret", "https://other.example.com")
            ask.token = ask.emulator.issue_tokens(f"other {number}")["access_token"]
            answers += [ask("GET", "account").status_code for _ in range(7)]
        assert answers == [200] * 50 + [429] * 6

    def test_repeated_offences_block_everything_until_support_helps(self, serve, clock):
        ask = serve(limits=True, offences_before_block=3)
        for _ in range(10):
            ask("GET", "account")
        clock.sleep(3_600)
        blocked = ask("GET", "account")
        assert (blocked.status_code, "nginx" in blocked.text) == (403, True)
        token = ask.emulator.refresh_token
        assert exchange(ask, "refresh_token", refresh_token=token).status_code == 403
        assert ask.emulator.blocked
        ask.emulator.unblock()
        assert exchange(ask, "refresh_token", refresh_token=token).status_code == 200
        ask.emulator.block()
        assert ask("GET", "account").status_code == 403

    def test_can_be_switched_off(self, ask):
        assert {ask("GET", "account").status_code for _ in range(30)} == {200}


class TestRefusals:
    def test_an_unpaid_account_is_402_first_for_writes(self, ask):
        ask.emulator.payment = "reads_only"
        assert ask("POST", "leads", [{"name": "a"}]).status_code == 402
        assert ask("GET", "leads").status_code == 204
        ask.emulator.payment = "unpaid"
        assert ask("GET", "leads").status_code == 402

    def test_rights_routes_and_verbs_are_told_apart(self, ask):
        ask.emulator.forbidden.add("customers")
        assert ask("GET", "customers").status_code == 403
        assert ask("GET", "poems").status_code == 404
        assert ask("DELETE", "leads/5").status_code == 405
        assert ask("GET", "poems").headers["content-type"] == "application/problem+json"

    def test_a_fault_after_the_act_leaves_the_act(self, ask):
        ask.emulator.faults.add("drop_after", route="POST leads", times=1)
        with pytest.raises(httpx2.TransportError):
            ask("POST", "leads", [{"name": "a"}])
        assert ask.names("leads") == ["a"]
        assert [act.verb for act in ask.emulator.acts] == ["created"]


class TestTheAccount:
    def test_tells_its_users_pipelines_and_task_types(self, serve):
        ask = serve(pipelines={"Shop": ("New",), "Wholesale": ("Asked",)}, users=("A", "B"))
        users = ask("GET", "users").json()["_embedded"]["users"]
        assert [user["name"] for user in users] == ["A", "B"]
        pipelines = ask("GET", "leads/pipelines").json()["_embedded"]["pipelines"]
        for pipeline in pipelines:
            ids = [status["id"] for status in pipeline["_embedded"]["statuses"]]
            assert ids[-2:] == [142, 143]
        types = ask("GET", "account?with=task_types").json()["_embedded"]["task_types"]
        assert [one["id"] for one in types] == [1, 2]
        ask(
            "POST",
            "leads",
            [{"pipeline_id": pipelines[1]["id"]}],
            X_Context_User_ID=str(users[1]["id"]),
        )
        (lead,) = ask.emulator.leads.values()
        assert (lead["pipeline_id"], lead["created_by"]) == (pipelines[1]["id"], users[1]["id"])

    def test_is_populated_with_people_who_do_not_exist(self, serve):
        ask = serve()
        ask.emulator.populate(customers=20, orders=60, seed=3)
        emulator = ask.emulator
        assert (len(emulator.contacts), len(emulator.leads), emulator.acts) == (20, 60, [])
        won = [row["price"] for row in emulator.leads.values() if row["status_id"] == 142]
        assert sum(row["ltv"] for row in emulator.customers.values()) == sum(won)
        assert all(row["created_at"] < START for row in emulator.leads.values())
        again = serve()
        again.emulator.populate(customers=20, orders=60, seed=3)
        assert again.emulator.leads == emulator.leads

    def test_gives_the_credentials_a_client_needs(self, ask):
        found = ask.emulator.credentials()
        assert found["url"] == ask.emulator.url
        assert found.keys() >= {"access_token", "refresh_token", "client_id", "redirect_uri"}

    def test_tells_where_it_lives(self, ask):
        answer = ask("GET", f"{ask.emulator.url}/oauth2/account/subdomain").json()
        assert ask.emulator.url.endswith(answer["domain"])

    @given(
        body=BODIES,
        route=st.sampled_from(
            [
                *("POST {}", "PATCH {}", "POST {}/notes", "POST {}/custom_fields", "POST {}/tags"),
                *("PATCH {}/10100", "POST {}/10100/link", "POST {}/10100/unlink"),
                *("POST tasks", "PATCH tasks", "POST leads/complex", "POST customers/segments"),
                *("POST customers/10100/transactions", "PATCH customers/mode"),
            ]
        ),
        kind=st.sampled_from(KINDS),
    )
    def test_answers_whatever_is_sent(self, body, route, kind):
        emulator = AmoCrmEmulator(clock=ManualClock(START), limits=False, port=1)
        emulator.populate(customers=3, orders=5)
        method, _, path = route.format(kind).partition(" ")
        answer = emulator.answer(
            Request(
                method,
                f"/api/v4/{path}",
                headers={"authorization": f"Bearer {emulator.access_token}"},
                stream=io.BytesIO(json.dumps(body).encode()),
            )
        )
        assert answer.status in {200, 204, 400, 404}
        assert (answer.status in {200, 204}) or not emulator.acts
