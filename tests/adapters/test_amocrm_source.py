"""An account of amoCRM as tables: what is read, by how many requests, and what when it refuses."""

import datetime as dt
import json
import traceback
from decimal import Decimal

import httpx2
import polars as pl
import pytest

from retention_kit.adapters.amocrm import plugin
from retention_kit.adapters.amocrm.settings import AmoCrmSettings
from retention_kit.adapters.amocrm.sources import AmoCrmSource
from retention_kit.delivery.channels import AdapterContext
from retention_kit.errors import AuthenticationError, DefinitionError, RetryableError
from retention_kit.plugins import Registry, read_source
from retention_kit.testing.clocks import ManualClock
from retention_kit.testing.emulators.amocrm import AmoCrmEmulator

DAY = 86_400


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def account(clock):
    with AmoCrmEmulator(clock=clock) as emulator:
        yield emulator


@pytest.fixture
def make(account, clock):
    opened = []

    def make(**settings):
        token = account.issue_long_lived_token()
        given = {"base_url": account.url, "access_token": token} | settings
        context = AdapterContext(instance="amocrm.msk", clock=clock)
        opened.append(AmoCrmSource(AmoCrmSettings(**given), context))
        return opened[-1]

    yield make
    for source in opened:
        source.close()


def at(seconds):
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def test_leads_become_orders_by_what_became_of_them(account, make, clock):
    now = int(clock.now())
    one = account.add("contacts", name="Anna")
    two = account.add("contacts", name="Boris")
    both = {"contacts": [{"id": one}, {"id": two, "is_main": True}]}
    made = {"created_at": now - 5 * DAY}
    won = account.add(
        "leads", name="Won", price=2500, status_id=142, closed_at=now - DAY, _embedded=both, **made
    )
    lost = account.add("leads", name="Lost", price=10, status_id=143, closed_at=now, **made)
    still = account.add("leads", name="Open", price=0, **made)
    rows = make().scan("orders").collect().sort("order_id")
    assert rows.select("order_id", "customer_id", "ordered_at", "amount", "status").rows() == [
        (won, two, at(now - DAY), Decimal("2500.0000"), "completed"),
        (lost, None, at(now), Decimal("10.0000"), "cancelled"),
        (still, None, at(now - 5 * DAY), Decimal("0.0000"), "open"),
    ]
    created = make(ordered_at="created").scan("orders").select("ordered_at").collect()
    assert created.to_series().unique().to_list() == [at(now - 5 * DAY)]
    assert not account.ignored


def test_contacts_become_customers_with_the_first_of_their_contacts(account, make):
    def multitext(code, *values):
        several = [{"value": one, "enum_code": "WORK"} for one in values]
        return {"field_code": code, "values": several}

    account.add(
        "contacts",
        first_name="Анна",
        last_name="Б",
        custom_fields_values=[
            multitext("PHONE", "+79995551111", "+79995552222"),
            multitext("EMAIL", "a@b.example"),
        ],
    )
    account.add("contacts", name="Nobody")
    rows = make().scan("customers").select("first_name", "last_name", "phone", "email")
    assert set(rows.collect().rows()) == {
        ("Анна", "Б", "+79995551111", "a@b.example"),
        (None, None, None, None),
    }


def test_custom_fields_are_carried_along_as_columns_and_as_json(account, make):
    source_field = account.add_field("leads", "Source of lead")
    tags = account.add_field("leads", "Liked", "multiselect", code="LIKED", enums=("tea", "coffee"))
    account.add(
        "leads",
        name="A",
        custom_fields_values=[
            {"field_id": source_field, "values": [{"value": "site"}]},
            {"field_id": tags, "values": [{"value": "tea"}, {"value": "coffee"}]},
        ],
    )
    account.add("leads", name="B")
    source = make(lead_fields=("source of lead", "LIKED", "Gone"))
    rows = source.scan("orders").sort("title").collect()
    assert rows.select("source of lead", "LIKED", "Gone").rows() == [
        ("site", "tea, coffee", None),
        (None, None, None),
    ]
    assert json.loads(rows["custom_fields"][0]) == {
        "Source of lead": "site",
        "Liked": ["tea", "coffee"],
    }


def test_purchases_and_buyers_are_orders_and_customers_by_choice(account, clock):
    account.populate(customers=20, orders=60, seed=1)
    given = {"base_url": account.url, "access_token": account.access_token}
    read = {
        "registry": Registry.of(plugin),
        "currency": "RUB",
        "time_zone": "Europe/Moscow",
        "clock": clock,
    }
    leads = read_source("amocrm", settings=given, **read)
    bought = read_source(
        "amocrm",
        settings=given,
        tables={"orders": "purchases", "customers": "buyers"},
        guest_ids=(),
        **read,
    )
    won = leads.orders.filter(pl.col("status") == "completed").select(pl.col("amount").sum())
    paid = bought.orders.select(pl.col("amount").sum())
    assert won.collect().item() == paid.collect().item() > 0
    assert leads.customers.collect().height == 20
    buyers = bought.customers.collect()
    known = set(leads.customers.collect()["customer_id"])
    assert set(buyers["contact_id"]) <= known
    assert buyers.select(pl.col("lifetime_value").sum()).item() == paid.collect().item()


def test_a_head_makes_one_request_and_asks_for_what_it_needs(account, make):
    account.populate(customers=30, orders=600, seed=1)
    source = make()
    account.requests.clear()
    assert source.scan("orders").head(100).collect().height == 100
    assert account.requests.routes() == {"GET leads": 1}
    account.requests.clear()
    assert source.scan("orders").collect()["order_id"].n_unique() == 600
    assert account.requests.routes() == {"GET leads": 3}
    assert source.scan("orders").select("order_id").head(3).collect().width == 1
    assert not account.ignored


@pytest.mark.parametrize("filters", ["on", "ignored", "refused"])
@pytest.mark.parametrize("table", ["orders", "customers"])
def test_changes_are_read_with_filters_and_without(account, make, clock, filters, table):
    account.populate(customers=20, orders=600, seed=1)
    kind = "leads" if table == "orders" else "contacts"
    rows = account.leads if table == "orders" else account.contacts
    clock.advance(DAY)
    since = clock.now()
    changed = sorted(rows)[5:9]
    for one in changed:
        account.change(kind, one, name="Changed")
    account.filters = filters
    account.requests.clear()
    found = make().scan(table, since=at(since)).collect()
    assert sorted(found.to_series(0)) == changed
    assert account.requests.count() <= 6
    later = make().scan(table, since=at(since + 1)).collect()
    assert later.is_empty()


def test_deleted_leads_are_told_of(account, make, clock):
    account.populate(customers=5, orders=20, seed=1)
    clock.advance(DAY)
    since = at(clock.now())
    gone = sorted(account.leads)[3]
    account.delete("leads", gone)
    source = make()
    found = source.scan("orders", since=since).select("order_id", "is_deleted").collect()
    assert found.rows() == [(gone, True)]
    assert source.tables["orders"].deletions == "is_deleted"
    assert gone not in set(source.scan("orders").collect()["order_id"])


@pytest.mark.parametrize("table", ["orders", "customers"])
@pytest.mark.parametrize(("since", "filters"), [(False, "on"), (True, "on"), (True, "refused")])
def test_what_is_deleted_meanwhile_hides_nothing_else(
    account, make, clock, monkeypatch, table, since, filters
):
    account.filters = filters
    now = int(clock.now())
    kind = "leads" if table == "orders" else "contacts"
    made = {"created_at": now - 5 * DAY}
    ids = [account.add(kind, name=f"{n}", updated_at=now - DAY + n, **made) for n in range(900)]
    gone = [*ids[:300], *ids[-2:]]
    answer, lists = account.answer, []

    def answering(request):
        if request.path.endswith(f"/{kind}") and "only_deleted" not in str(request.query):
            lists.append(request)
            if len(lists) == 3:
                for one in gone:
                    account.delete(kind, one)
        return answer(request)

    monkeypatch.setattr(account, "answer", answering)
    lazy = make().scan(table, since=at(now - 2 * DAY) if since else None)
    key = "order_id" if table == "orders" else "customer_id"
    rows = lazy.select(key).collect().to_series()
    assert set(ids) - set(gone) <= set(rows)
    assert len(lists) <= 9
    if not since:
        assert rows.is_unique().all()
    assert not account.ignored


def test_pages_that_overlap_cost_next_to_nothing(account, make, clock):
    ids = [account.add("leads", name=f"{number}") for number in range(5_000)]
    rows = make().scan("orders").select("order_id").collect().to_series()
    assert rows.to_list() == sorted(ids)
    assert account.requests.count("GET leads") <= 22


def test_nothing_is_an_empty_table(make):
    for table in make().tables:
        assert make().scan(table).collect().is_empty()


def test_what_is_no_table_or_cursor_is_told(make):
    with pytest.raises(DefinitionError, match="nearest: orders"):
        make().scan("order")
    with pytest.raises(DefinitionError, match="time zone"):
        make().scan("orders", since=5)
    with pytest.raises(DefinitionError, match="None for 'purchases'"):
        make().scan("purchases", since=at(0))


def test_no_second_ever_holds_more_than_seven_requests(account, make):
    account.populate(customers=5, orders=20, seed=1)
    source = make()
    for _ in range(30):
        source.scan("orders").head(1).collect()
    assert account.requests.busiest("integration", 1.0) <= 7
    assert account.requests.refused() == 0


def test_all_that_one_process_asks_counts_together(account, make):
    account.populate(customers=5, orders=20, seed=1)
    for _ in range(20):
        make().scan("orders").head(1).collect()
    assert account.requests.busiest("integration", 1.0) <= 7
    assert account.requests.refused() == 0


def test_too_many_requests_are_answered_by_a_pause_not_by_more(account, make, clock):
    account.populate(customers=5, orders=20, seed=1)
    # Another program of the same integration has used the second up.
    with httpx2.Client(headers={"authorization": f"Bearer {account.access_token}"}) as other:
        for _ in range(7):
            other.get(f"{account.url}/api/v4/account")
    assert make().scan("orders").head(1).collect().height == 1
    assert account.requests.refused(429) == 1
    assert max(clock.slept) >= 2
    assert not account.blocked


def test_once_banned_nothing_more_is_asked(account, make):
    source = make()
    account.block()
    with pytest.raises(AuthenticationError, match="banned"):
        source.scan("orders").collect()
    asked = account.requests.count()
    with pytest.raises(AuthenticationError, match="support"):
        source.scan("customers").collect()
    assert account.requests.count() == asked == 1


def test_an_unpaid_account_and_missing_customers_are_told(account, make):
    account.payment = "unpaid"
    with pytest.raises(AuthenticationError, match="not paid"):
        make().scan("orders").collect()
    with (
        AmoCrmEmulator(clock=account.clock, customers_mode="off") as off,
        pytest.raises(AuthenticationError, match="switched off"),
    ):
        make(base_url=off.url, access_token=off.access_token).scan("buyers").collect()


def test_half_answers_and_gateways_are_asked_again(account, make):
    account.populate(customers=5, orders=20, seed=1)
    for kind in ("drop_before", "truncate", "html_200", "error_502_html"):
        account.faults.add(kind, times=1)
        assert make().scan("orders").collect().height == 20
    account.faults.add("error_502_html")
    with pytest.raises(RetryableError):
        make().scan("orders").collect()


def oauth(account, folder, **changes):
    credentials = account.credentials()
    given = {
        name: credentials[name]
        for name in ("access_token", "refresh_token", "client_id", "client_secret", "redirect_uri")
    }
    return given | {"token_folder": folder} | changes


def test_tokens_are_renewed_once_and_kept(account, make, tmp_path):
    account.populate(customers=5, orders=20, seed=1)
    given = oauth(account, tmp_path)
    account.expire_access_token()
    assert make(**given).scan("orders").collect().height == 20
    assert make(**given).scan("customers").collect().height == 5
    assert account.requests.count("POST /oauth2/access_token") == 1
    # After a day the stored pair is renewed before it is used.
    account.clock.advance(2 * DAY)
    refused = account.requests.refused(401)
    assert make(**given).scan("orders").collect().height == 20
    assert account.requests.refused(401) == refused
    assert account.requests.count("POST /oauth2/access_token") == 2


def test_a_refresh_token_alone_will_do(account, make, tmp_path):
    account.populate(customers=5, orders=20, seed=1)
    given = oauth(account, tmp_path, access_token=None)
    assert make(**given).scan("orders").collect().height == 20
    assert account.requests.refused() == 0


def test_a_refresh_token_that_is_used_up_asks_for_a_person(account, make, tmp_path):
    given = oauth(account, tmp_path)
    account.revoke()
    with pytest.raises(AuthenticationError, match="authorise the integration anew") as raised:
        make(**given).scan("orders").collect()
    assert given["refresh_token"] not in str(raised.value)
    assert account.requests.count("POST /oauth2/access_token") == 1


def test_where_tokens_are_not_renewed_no_traceback_shows_them(account, make, tmp_path):
    given = oauth(account, tmp_path)
    account.revoke()
    source = make(**given)
    with pytest.raises(AuthenticationError) as raised:
        source.scan("orders").collect()
    told = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    values = [
        text
        for frame in told.stack
        if frame.filename != __file__
        for text in (frame.locals or {}).values()
    ]
    assert any("Hidden" in one for one in values)
    for name in ("access_token", "refresh_token", "client_secret"):
        assert not [one for one in values if given[name] in one]


def test_a_long_lived_token_is_never_renewed(account, make):
    token = account.issue_long_lived_token()
    account.revoke()
    with pytest.raises(AuthenticationError):
        make(access_token=token).scan("orders").collect()
    assert account.requests.count() == 1


def test_settings_say_what_is_missing_and_show_no_secret():
    with pytest.raises(ValueError, match="base_url"):
        AmoCrmSettings()
    for given, said in (
        ({"base_url": "acme"}, "base_url is not of the form"),
        ({"base_url": "https://acme.example"}, "RETENTION_KIT_AMOCRM_ACCESS_TOKEN"),
        ({"base_url": "https://acme.example", "refresh_token": "s3cret"}, "needs client_id"),
    ):
        with pytest.raises(DefinitionError, match=said) as raised:
            AmoCrmSettings(**given)
        assert "s3cret" not in str(raised.value)
    settings = AmoCrmSettings(base_url="https://acme.example", access_token="s3cret")
    assert "s3cret" not in repr(settings)
    assert settings.host == "acme.example"
