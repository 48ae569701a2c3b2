"""The source of Bitrix24: deals as orders, product rows, contacts and companies as customers."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from retention_kit.adapters.bitrix24 import Bitrix24Settings, Bitrix24Source
from retention_kit.delivery import AdapterContext
from retention_kit.errors import DataError, DefinitionError, RejectedError, RetryableError
from retention_kit.plugins import read_source
from retention_kit.testing.clocks import ManualClock
from retention_kit.testing.emulators.bitrix24 import Bitrix24Assumptions, Bitrix24Emulator
from retention_kit.testing.emulators.bitrix24 import emulator as methods

DEAL, CONTACT, COMPANY = 2, 3, 4
FIELDS = {
    "deal": {
        "UF_CRM_RFM": "string",
        "UF_CRM_GIFT": "boolean",
        "UF_CRM_1747309879": "integer",
        "UF_CRM_3_DIGIT": "string",
    },
    "contact": {"UF_CRM_TIER": "string"},
}


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def portal(clock):
    with Bitrix24Emulator(clock=clock, user_fields=FIELDS, funnels={3: "Опт"}) as emulator:
        yield emulator


@pytest.fixture
def opened(portal, clock):
    """Opens sources of the portal, and closes them at the end."""
    sources = []

    def make(**settings):
        made = Bitrix24Settings(**{"webhook_url": portal.webhook_url, **settings})
        sources.append(Bitrix24Source(made, AdapterContext(instance="bitrix24", clock=clock)))
        return sources[-1]

    yield make
    for source in sources:
        source.close()


@pytest.fixture
def without_items(monkeypatch):
    """A portal that is too old for `crm.item.*`."""
    for name in list(methods.METHODS):
        if name.startswith("crm.item."):
            monkeypatch.delitem(methods.METHODS, name)


def read(source, table, **since):
    return source.scan(table, **since).collect()


# What becomes what.


def test_a_deal_is_an_order(portal, opened):
    closed = dt.date(2026, 5, 1)
    portal.portal.add(
        DEAL,
        {
            "TITLE": "Чай",
            "OPPORTUNITY": Decimal("1990.50"),
            "CURRENCY_ID": "EUR",
            "STAGE_ID": "C3:WON",
            "CONTACT_ID": 17,
            "CLOSEDATE": closed,
            "SOURCE_ID": "WEB",
            "ASSIGNED_BY_ID": 2,
        },
        at=1_777_000_000,
    )
    (order,) = read(opened(), "orders").to_dicts()
    assert order == {
        "order_id": 1,
        "customer_id": 17,
        "ordered_at": dt.datetime(2026, 5, 1, tzinfo=dt.UTC),
        "amount": Decimal("1990.5000"),
        "currency": "EUR",
        "status": "completed",
        "channel": "WEB",
        "manager": "2",
        "title": "Чай",
        "pipeline_id": 3,
        "stage_id": "C3:WON",
        "created_at": dt.datetime.fromtimestamp(1_777_000_000, dt.UTC),
        "updated_at": dt.datetime.fromtimestamp(1_777_000_000, dt.UTC),
    }


def test_a_deal_is_won_by_the_meaning_of_its_stage_in_every_funnel(portal, opened):
    for stage in ("WON", "C3:WON", "LOSE", "C3:APOLOGY", "NEW", "C3:EXECUTING"):
        portal.portal.add(DEAL, {"STAGE_ID": stage})
    found = read(opened(), "orders").sort("order_id")["status"].to_list()
    assert found == ["completed", "completed", "cancelled", "cancelled", "open", "open"]


def test_which_instant_is_the_orders_can_be_chosen(portal, opened):
    days = {"BEGINDATE": dt.date(2026, 1, 2), "CLOSEDATE": dt.date(2026, 3, 4)}
    portal.portal.add(DEAL, {"STAGE_ID": "WON", **days}, at=1_767_400_000)
    at = {
        said: read(opened(ordered_at=said), "orders")["ordered_at"][0]
        for said in ("closed", "begun", "created")
    }
    assert at["closed"].date() == dt.date(2026, 3, 4)
    assert at["begun"].date() == dt.date(2026, 1, 2)
    assert at["created"].timestamp() == 1_767_400_000


def test_a_deal_without_a_contact_is_nobodys_and_one_of_a_company_its_companys(portal, opened):
    portal.portal.add(DEAL, {"STAGE_ID": "WON", "COMPANY_ID": 5})
    assert read(opened(), "orders")["customer_id"].to_list() == [None]
    assert read(opened(customers="companies"), "orders")["customer_id"].to_list() == [5]


def test_contacts_have_names_telephones_and_birthdays(portal, opened):
    portal.portal.add(
        CONTACT,
        {
            "NAME": "Анна",
            "LAST_NAME": "Титова",
            "BIRTHDATE": dt.date(1990, 2, 28),
            "PHONE": [
                {"VALUE_TYPE": "WORK", "VALUE": "+79000000001", "TYPE_ID": "PHONE"},
                {"VALUE_TYPE": "HOME", "VALUE": "+79000000002", "TYPE_ID": "PHONE"},
            ],
            "EMAIL": [{"VALUE_TYPE": "WORK", "VALUE": "anna@example.com", "TYPE_ID": "EMAIL"}],
            "UF_CRM_TIER": "gold",
        },
    )
    portal.portal.add(CONTACT, {"NAME": "Олег"})
    source = opened(customer_fields=("UF_CRM_TIER",))
    anna, oleg = read(source, "contacts").sort("customer_id").to_dicts()
    assert (anna["first_name"], anna["last_name"]) == ("Анна", "Титова")
    assert anna["birthday"] == dt.date(1990, 2, 28)
    assert (anna["phone"], anna["email"]) == ("+79000000001", "anna@example.com")
    assert anna["UF_CRM_TIER"] == "gold"
    assert oleg["phone"] is oleg["email"] is oleg["birthday"] is None


@pytest.mark.parametrize("utc_hours", [-5, 0, 3, 12])
@pytest.mark.parametrize("family", ["items", "classic"])
def test_a_day_stays_that_day_whatever_the_portals_zone(clock, utc_hours, family):
    day = dt.date(1990, 2, 28)
    with Bitrix24Emulator(clock=clock, utc_hours=utc_hours) as portal:
        portal.portal.add(CONTACT, {"BIRTHDATE": day})
        settings = Bitrix24Settings(webhook_url=portal.webhook_url, family=family)
        source = Bitrix24Source(settings, AdapterContext(instance="bitrix24", clock=clock))
        assert source.scan("contacts").collect()["birthday"].to_list() == [day]
        source.close()


def test_companies_are_customers_where_the_settings_say_so(portal, opened):
    portal.portal.add(COMPANY, {"TITLE": "ООО «Чай»"})
    source = opened(customers="companies")
    assert source.tables["companies"].becomes == "customers"
    assert source.tables["contacts"].becomes is None
    (company,) = read(source, "companies").to_dicts()
    assert (company["customer_id"], company["title"]) == (1, "ООО «Чай»")


def test_fields_of_the_owner_come_along_by_their_own_names(portal, opened):
    portal.portal.add(
        DEAL,
        {"UF_CRM_RFM": "5-5-5", "UF_CRM_GIFT": True, "UF_CRM_1747309879": 7, "UF_CRM_3_DIGIT": "x"},
    )
    names = tuple(FIELDS["deal"])
    assert read(opened(user_fields=names), "orders").select(names).rows() == [
        ("5-5-5", "Y", "7", "x")
    ]


def test_product_rows_are_read_whatever_their_number_and_the_number_of_deals(portal, opened):
    for number in range(1, 62):
        portal.portal.add(DEAL, {"STAGE_ID": "WON"})
        rows = [
            {"productId": 0 if row else 9, "productName": f"Чай {row}", "price": Decimal("99.90"),
             "quantity": Decimal("0.5")}
            for row in range(3 if number > 1 else 120)
        ]  # fmt: skip
        portal.portal.set_product_rows("D", number, rows)
    lines = read(opened(), "order_items")
    assert lines.height == lines["line_id"].n_unique() == 120 + 60 * 3
    assert lines.filter(order_id=1).height == 120
    assert lines.sort("line_id").row(0, named=True) == {
        "line_id": 1,
        "order_id": 1,
        "product_id": "9",
        "name": "Чай 0",
        "quantity": Decimal("0.5000"),
        "price": Decimal("99.9000"),
        "amount": Decimal("49.9500"),
    }
    # What was typed by hand is of no product, and goes by its name.
    assert lines.filter(order_id=2).sort("line_id")["product_id"].to_list() == [
        "9",
        "Чай 1",
        "Чай 2",
    ]


# Both families.


@pytest.mark.parametrize("table", ["orders", "contacts", "companies", "order_items"])
def test_both_families_give_the_same_tables(portal, opened, table):
    portal.populate(customers=60, orders=130, seed=1)
    portal.portal.add(COMPANY, {"TITLE": "ООО «Чай»"})
    portal.portal.add(DEAL, {"UF_CRM_RFM": "1-1-1"})
    key = "line_id" if table == "order_items" else next(iter(opened().scan(table).collect_schema()))
    new, old = (
        read(opened(family=family, user_fields=("UF_CRM_RFM",)), table).sort(key)
        for family in ("items", "classic")
    )
    assert new.height > 0
    assert_frame_equal(new, old)


@pytest.mark.usefixtures("without_items")
def test_a_portal_without_the_newer_methods_is_read_by_the_older_ones(portal, opened):
    portal.populate(customers=10, orders=70, seed=1)
    source = opened()
    assert read(source, "orders").height == 70
    assert read(source, "contacts").height == 10
    assert read(source, "order_items").height > 70
    assert portal.requests.count("crm.item.list") == 1
    with pytest.raises(RejectedError, match="error_method_not_found"):
        read(opened(family="items"), "orders")


# Paging, selecting, since.


def test_each_record_comes_once_in_few_requests(portal, opened):
    portal.populate(customers=10, orders=2_025, seed=1)
    for gone in (3, 50, 51, 1_000):
        portal.portal.remove(DEAL, gone)
    orders = read(opened(), "orders")
    assert orders.height == orders["order_id"].n_unique() == 2_021
    assert portal.requests.count() <= 5


def test_a_full_last_page_ends_the_list_as_well(portal, opened):
    portal.populate(customers=5, orders=100, seed=1)
    assert read(opened(), "orders").height == 100


@pytest.mark.parametrize("empty", [True, False])
def test_what_follows_a_page_that_is_not_full_means_nothing(clock, empty):
    assumptions = Bitrix24Assumptions(missing_reference_is_empty=empty)
    with Bitrix24Emulator(clock=clock, assumptions=assumptions) as portal:
        portal.populate(customers=5, orders=77, seed=1)
        settings = Bitrix24Settings(webhook_url=portal.webhook_url)
        source = Bitrix24Source(settings, AdapterContext(instance="bitrix24", clock=clock))
        assert sorted(read(source, "orders")["order_id"]) == list(range(1, 78))
        source.close()


def test_a_portal_that_chains_no_pages_is_read_one_page_at_a_time(portal, opened, monkeypatch):
    portal.populate(customers=5, orders=333, seed=1)
    whole = methods.run_batch

    def run_batch(commands, run, **options):
        # References are left as they are, and count as the id 0.
        unfilled = {key: text.replace("%24result", "0") for key, text in commands.items()}
        return whole(unfilled, run, **options)

    monkeypatch.setattr(methods, "run_batch", run_batch)
    assert sorted(read(opened(), "orders")["order_id"]) == list(range(1, 334))


def test_a_list_that_begins_anew_for_ever_is_an_error(scripted, clock):
    page = [{"id": one} for one in range(1, 51)]

    def answering(asked):
        if not asked.path.endswith("batch"):
            return 200, {}, {"result": {"items": page}}
        results = {key: {"items": page} for key in asked.json()["cmd"]}
        return 200, {}, {"result": {"result": results}}

    scripted.answering = answering
    settings = Bitrix24Settings(webhook_url=f"{scripted.url}/rest/1/notarealsecret00/")
    source = Bitrix24Source(settings, AdapterContext(instance="bitrix24", clock=clock))
    with pytest.raises(RetryableError, match="lists records of type 2 again"):
        source.scan("orders").select("order_id").collect()
    source.close()


def test_a_few_rows_cost_a_request_or_two_and_only_the_columns_needed(portal, opened, monkeypatch):
    portal.populate(customers=5, orders=700, seed=1)
    asked = []
    listing = methods.METHODS["crm.item.list"]
    monkeypatch.setitem(
        methods.METHODS,
        "crm.item.list",
        lambda call: (asked.append(call.asked.listed("select")), listing(call))[1],
    )
    source = opened(family="items")
    assert source.scan("orders").select("amount").head(60).collect().height == 60
    assert portal.requests.count() == 1
    assert asked == [["id", "opportunity"]] * 2
    source.scan("contacts").select("phone").collect()
    assert asked[-1] == ["*"]


@pytest.mark.parametrize("family", ["items", "classic"])
def test_since_gives_what_was_changed_at_or_after_an_instant(portal, opened, clock, family):
    portal.populate(customers=5, orders=120, seed=1)
    clock.advance(100)
    now = dt.datetime.fromtimestamp(int(clock.now()), dt.UTC)
    for number in range(40, 100):
        portal.portal.change(DEAL, number, {"STAGE_ID": "WON"})
    source = opened(family=family)
    assert sorted(read(source, "orders", since=now)["order_id"]) == list(range(40, 100))
    assert read(source, "orders", since=now + dt.timedelta(seconds=1)).height == 0
    # Any zone will do.
    local = now.astimezone(dt.timezone(dt.timedelta(hours=9)))
    assert read(source, "orders", since=local).height == 60


def test_deletions_are_not_told_and_product_rows_have_no_cursor(opened):
    source = opened()
    assert {table.deletions for table in source.tables.values()} == {None}
    assert source.tables["order_items"].cursor is None
    with pytest.raises(DefinitionError, match="None for 'order_items'"):
        source.scan("order_items", since=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    with pytest.raises(DefinitionError, match="an instant with a time zone"):
        source.scan("orders", since=7)
    with pytest.raises(DefinitionError, match="nearest: orders"):
        source.scan("order")


# What is no value.


def test_a_value_that_cannot_be_read_is_told_without_being_quoted(scripted, clock):
    rows = [{"id": 1, "birthdate": "somewhen in May"}, {"id": 2, "birthdate": ""}]
    scripted.answering = lambda _: (200, {}, {"result": {"items": rows}})
    settings = Bitrix24Settings(webhook_url=f"{scripted.url}/rest/1/notarealsecret00/")
    source = Bitrix24Source(settings, AdapterContext(instance="bitrix24", clock=clock))
    with pytest.raises(DataError, match="1 of 2 values of 'birthday'") as problem:
        source.scan("contacts").select("birthday").collect()
    assert "somewhen" not in str(problem.value)
    assert source.scan("contacts").select("first_name").collect().height == 2
    source.close()


def test_money_is_exact_and_large_numbers_are_no_powers_of_ten(scripted, clock):
    body = (
        b'{"result":{"items":[{"id":1,"opportunity":0.1},{"id":2,"opportunity":1.0e+7},'
        b'{"id":3,"opportunity":99.990000000000009},{"id":4,"opportunity":null}]}}'
    )
    scripted.answering = lambda _: (200, {}, body)
    settings = Bitrix24Settings(webhook_url=f"{scripted.url}/rest/1/notarealsecret00/")
    source = Bitrix24Source(settings, AdapterContext(instance="bitrix24", clock=clock))
    amounts = source.scan("orders").select("amount").collect()["amount"].to_list()
    assert amounts == [Decimal("0.1"), Decimal(10_000_000), Decimal("99.99"), None]
    source.close()


# Into a dataset.


# A few people have most of the few orders.
@pytest.mark.filterwarnings("ignore::retention_kit.errors.DataWarning")
def test_a_portal_becomes_a_dataset_and_what_changed_later_is_read_alone(portal, clock, tmp_path):
    portal.populate(customers=30, orders=150, seed=2)
    options = {
        "currency": "RUB",
        "time_zone": "Europe/Moscow",
        "webhook_url": portal.webhook_url,
        "folder": tmp_path,
        "clock": clock,
    }
    dataset = read_source("bitrix24", **options)
    won = sum(deal["STAGE_SEMANTIC_ID"] == "S" for deal in portal.deals.values())
    orders = dataset.orders.collect()
    assert orders.filter(pl.col("status") == "completed").height == won
    assert dataset.customers.collect().height == 30
    assert dataset.order_items.collect().height == sum(map(len, portal.product_rows.values()))
    clock.advance(3_600)
    lost = next(one for one, deal in portal.deals.items() if deal["STAGE_SEMANTIC_ID"] == "S")
    portal.portal.change(DEAL, lost, {"STAGE_ID": "LOSE"})
    again = read_source("bitrix24", **options).orders.collect()
    assert again.height == orders.height
    assert again.filter(pl.col("status") == "completed").height == won - 1
