"""What is written into an account of amoCRM: once, row by row, and by the account's own fields."""

import datetime as dt
from decimal import Decimal

import pytest

from retention_kit.adapters.amocrm.channel import AmoCrmChannel
from retention_kit.adapters.amocrm.people import digits_of
from retention_kit.adapters.amocrm.settings import AmoCrmSettings
from retention_kit.delivery import Journal, dispatch, settle
from retention_kit.delivery.actions import CreateDeal, CreateTask, PostEvent, UpsertContact
from retention_kit.delivery.channels import AdapterContext, Channel, LooksUp
from retention_kit.delivery.outcomes import Rejection, Sent
from retention_kit.errors import (
    AuthenticationError,
    DefinitionError,
    RetryableError,
)
from retention_kit.testing.clocks import ManualClock
from retention_kit.testing.emulators.amocrm import AmoCrmEmulator
from retention_kit.testing.emulators.messages import Response

DUE = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)


class Rows(list):
    def __init__(self, rows):
        super().__init__(rows)
        self.group = self[0].group


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def account(clock):
    with AmoCrmEmulator(clock=clock) as emulator:
        emulator.add_field("leads", "retention_kit_id")
        yield emulator


@pytest.fixture
def make(account, clock):
    opened = []

    def make(**settings):
        token = account.issue_long_lived_token()
        given = {"base_url": account.url, "access_token": token} | settings
        context = AdapterContext(instance="amocrm", clock=clock)
        opened.append(AmoCrmChannel(AmoCrmSettings(**given), context))
        return opened[-1]

    yield make
    for channel in opened:
        channel.close()


@pytest.fixture
def journal(clock):
    with Journal("sqlite://", clock=clock) as journal:
        yield journal


def submit(channel, *actions):
    rows = Rows([channel.prepare(action) for action in actions])
    return channel.submit(rows, idempotency_key="k")


def deal(number=1, **more):
    given = {
        "campaign": "win back",
        "customer_id": number,
        "title": "Come back",
        "phone": f"+7900000{number:04d}",
    }
    return CreateDeal(**given | more)


def acts(account, kind, verb="created"):
    return [one for one in account.acts if (one.kind, one.verb) == (kind, verb)]


def custom(row):
    return {
        one["field_name"]: [value["value"] for value in one["values"]]
        for one in row["custom_fields_values"] or ()
    }


def test_a_deal_is_a_lead_with_its_contact_its_id_and_its_comment(account, make):
    account.add_field("leads", "Segment", "select", enums=("gold", "silver"))
    (pipeline,) = account.pipelines.values()
    status = sorted(pipeline["statuses"])[1]
    action = deal(
        amount=Decimal("1500.50"),
        pipeline=str(pipeline["id"]),
        stage=str(status),
        email="a@b.example",
        comment="Likes tea",
        fields={"segment": "gold"},
    )
    receipt = submit(make(), action)
    outcome = receipt.outcomes[action.id]
    lead = account.leads[int(outcome.external_id)]
    assert outcome.state == "accepted"
    assert (lead["name"], lead["price"], lead["status_id"]) == ("Come back", 1501, status)
    assert custom(lead) == {"retention_kit_id": [action.id], "Segment": ["gold"]}
    (contact,) = account.contacts.values()
    assert custom(contact) == {"Phone": ["+79000000001"], "E-mail": ["a@b.example"]}
    (note,) = account.notes.values()
    assert (note["entity_id"], note["params"]) == (lead["id"], {"text": "Likes tea"})
    assert not account.ignored


@pytest.mark.parametrize("filters", ["on", "ignored", "refused"])
def test_a_lead_that_is_there_is_not_made_again(account, make, filters):
    account.filters = filters
    actions = [deal(number) for number in range(1, 6)]
    first = submit(make(), *actions)
    account.add("leads", name="Somebody else's")
    # Another process, whose journal knows of nothing.
    again = submit(make(), *actions, deal(6))
    assert len(acts(account, "leads")) == 7
    for action in actions:
        same = again.outcomes[action.id]
        assert same.external_id == first.outcomes[action.id].external_id
    assert len(account.contacts) == 6


def test_fifty_leads_of_known_contacts_take_three_requests(account, make):
    contacts = [account.add("contacts", name=f"C {number}") for number in range(50)]
    channel = make(customer_id_is_contact_id=True)
    submit(channel, deal(contacts[0]))
    account.requests.clear()
    receipt = submit(channel, *[deal(one, occurrence="2") for one in contacts])
    assert {one.state for one in receipt.outcomes.values()} == {"accepted"}
    assert account.requests.routes() == {"GET leads": 1, "POST leads": 1}


@pytest.mark.parametrize("written", ["8 (900) 000-00-01", "+7 900 000 00 01", "79000000001"])
def test_contacts_are_found_by_their_telephone_however_it_is_written(account, make, written):
    value = [{"value": written, "enum_code": "MOB"}]
    there = account.add(
        "contacts", name="A", custom_fields_values=[{"field_code": "PHONE", "values": value}]
    )
    submit(make(), deal(1))
    assert list(account.contacts) == [there]
    assert digits_of(written) == "79000000001"


def test_contacts_are_found_by_their_address_and_the_oldest_is_taken(account, make):
    def contact(email):
        values = [{"value": email, "enum_code": "WORK"}]
        return account.add(
            "contacts", name="A", custom_fields_values=[{"field_code": "EMAIL", "values": values}]
        )

    contact("xanna@b.example")
    oldest, _ = contact("Anna@B.example"), contact("anna@b.example")
    channel = make(missing_contacts="reject")
    receipt = submit(channel, deal(1, phone=None, email="anna@b.example"), deal(2))
    (lead,) = account.leads
    ((linked, _),) = account._world.linked(("leads", lead), "contacts")
    assert linked == oldest
    assert sorted(one.code for one in receipt.outcomes.values()) == ["", "no_contact"]


def test_one_customers_actions_make_one_contact(account, make):
    submit(make(), deal(1, occurrence="a"), deal(1, occurrence="b"))
    assert len(account.contacts) == 1
    assert len(account.leads) == 2


def test_fields_that_are_not_there_are_told_with_the_nearest(account, make):
    account.add_field("leads", "Segment", "select", enums=("gold", "silver"))
    account.add_field("leads", "Since", "date")
    good = deal(4, fields={"Since": dt.date(2026, 1, 2), "Segment": None})
    actions = [
        deal(1, fields={"Segmet": "gold"}),
        deal(2, fields={"Segment": "bronze"}),
        deal(3, fields={"Since": "soon"}),
        good,
    ]
    outcomes = submit(make(), *actions).outcomes
    assert [(outcomes[one.id].state, outcomes[one.id].code) for one in actions] == [
        ("rejected", "unknown_field"),
        ("rejected", "unknown_choice"),
        ("rejected", "wrong_value"),
        ("accepted", ""),
    ]
    assert "Segment" in outcomes[actions[0].id].detail
    assert "gold, silver" in outcomes[actions[1].id].detail
    (lead,) = account.leads.values()
    (stamp,) = custom(lead)["Since"]
    assert dt.datetime.fromtimestamp(stamp, dt.UTC).date() == dt.date(2026, 1, 2)


def test_what_the_account_refuses_is_named_row_by_row(account, make):
    actions = [deal(number) for number in range(1, 11)]
    actions[3] = deal(4, responsible="999")
    actions[7] = deal(8, pipeline="999")
    outcomes = submit(make(), *actions).outcomes
    assert sorted(one.code for one in outcomes.values() if one.state == "rejected") == [
        "NotSupportedChoice",
        "NotSupportedChoice",
    ]
    assert "responsible_user_id" in outcomes[actions[3].id].detail
    assert len(account.leads) == 8


def test_without_the_field_for_ids_nothing_is_made(account, make, journal, clock):
    channel = make(external_id_field="rk id")
    with pytest.raises(DefinitionError, match="retention_kit_id"):
        submit(channel, deal(1))
    report = dispatch([deal(1)], channel, journal, clock=clock)
    assert report.stopped is not None
    assert journal.counts("amocrm") == {"planned": 1}
    assert not account.contacts


def test_another_currency_is_refused(account, make):
    actions = [deal(1, currency="USD"), deal(2, currency="RUB"), deal(3)]
    outcomes = submit(make(), *actions).outcomes
    assert [outcomes[one.id].code for one in actions] == ["wrong_currency", "", ""]


@pytest.mark.parametrize("is_done", [False, True])
def test_what_is_too_heavy_is_sent_in_smaller_parts_and_never_twice(make, clock, is_done):
    with AmoCrmEmulator(clock=clock, weight_limit=20, heavy_is_done=is_done) as account:
        account.add_field("leads", "retention_kit_id")
        contacts = [account.add("contacts", name="C") for _ in range(40)]
        channel = make(
            base_url=account.url,
            access_token=account.issue_long_lived_token(),
            customer_id_is_contact_id=True,
        )
        actions = [deal(one) for one in contacts]
        outcomes = submit(channel, *actions).outcomes
        assert {one.state for one in outcomes.values()} == {"accepted"}
        assert len(acts(account, "leads")) == 40
        assert sum(clock.slept) >= 60
        again = [deal(one, occurrence="2") for one in contacts]
        refused = account.requests.refused(504)
        submit(channel, *again)
        assert account.requests.refused(504) == refused or is_done


@pytest.mark.parametrize("fault", ["drop_after", "truncate", "error_502_html", "drop_before"])
def test_a_lost_answer_makes_no_second_lead(account, make, journal, clock, fault):
    actions = [deal(number) for number in range(1, 5)]
    account.faults.add(fault, route="POST leads", times=1)
    report = dispatch(actions, make(), journal, clock=clock)
    assert journal.counts("amocrm") == {"accepted": 4}, str(report)
    assert len(account.leads) == 4


def test_where_nobody_can_tell_it_stays_unknown_until_a_lookup(account, make, journal, clock):
    actions = [deal(number) for number in range(1, 4)]
    account.faults.add("drop_after", route="POST leads", times=1)
    account.faults.add("error_502_html", route="GET leads", after=1, times=20)
    dispatch(actions, make(), journal, clock=clock)
    assert journal.counts("amocrm") == {"unknown": 3}
    account.faults.clear()
    clock.advance(100)
    settle(make(), journal, clock=clock)
    assert journal.counts("amocrm") == {"accepted": 3}
    assert len(account.leads) == 3


def test_tasks_hang_on_contacts_or_on_deals_made_before(account, make):
    channel = make(task_type_id=2)
    about = deal(1)
    submit(channel, about)
    (lead,) = account.leads
    told = {"campaign": "win back", "customer_id": 1, "due_at": DUE, "phone": "+79000000001"}
    on_contact = CreateTask(title="Call", description="Ask why", responsible="9000001", **told)
    on_deal = CreateTask(title="Call", deal=about.id, occurrence="deal", **told)
    on_nothing = CreateTask(title="Call", deal="0" * 32, occurrence="none", **told)
    # A new process remembers nothing.
    outcomes = submit(make(task_type_id=2), on_contact, on_deal, on_nothing).outcomes
    assert outcomes[on_nothing.id].code == "no_deal"
    first = account.tasks[int(outcomes[on_contact.id].external_id)]
    second = account.tasks[int(outcomes[on_deal.id].external_id)]
    assert first["text"] == f"Call\nAsk why\n[retention_kit {on_contact.id}]"
    assert (first["entity_type"], first["task_type_id"]) == ("contacts", 2)
    assert first["complete_till"] == int(DUE.timestamp())
    assert (second["entity_type"], second["entity_id"]) == ("leads", lead)


def test_a_lost_task_is_looked_for_and_made_once(account, make, journal, clock):
    actions = [
        CreateTask(
            campaign="c", customer_id=one, title="Call", due_at=DUE, phone=f"+7900000{one:04d}"
        )
        for one in range(1, 4)
    ]
    for fault in ("drop_after", "drop_before"):
        account.faults.add(fault, route="POST tasks", times=1)
    dispatch(actions, make(), journal, clock=clock)
    assert journal.counts("amocrm") == {"accepted": 3}
    assert len(account.tasks) == 3


def test_a_lookup_says_nothing_of_what_it_did_not_look_through(account, make):
    channel = make(lookup_pages=1)
    who = account.add("contacts", name="A")
    task = CreateTask(
        campaign="c", customer_id=1, title="T", due_at=DUE, identifiers={"amocrm_contact": str(who)}
    )
    submit(channel, task)
    rows = [Sent(task.id, "create_task", "create_task"), Sent("f" * 32, "create_task", "")]
    found = channel.lookup(rows)
    assert (found[task.id].state, found["f" * 32].state) == ("accepted", "planned")
    for number in range(250):
        other = CreateTask(
            campaign="c", customer_id=1, title="T", due_at=DUE, occurrence=str(number),
            identifiers={"amocrm_contact": str(who)},
        )  # fmt: skip
        account._world.tables["tasks"][10**6 + number] = {
            **next(iter(account.tasks.values())),
            "id": 10**6 + number,
            "text": f"[retention_kit {other.id}]",
        }
    account._world.version += 1
    assert channel.lookup(rows) == {}
    assert make(lookup_pages=2).lookup(rows)[task.id].state == "accepted"


def test_lookup_tells_of_every_kind(account, make):
    channel = make()
    sent = [deal(1), purchase(2), UpsertContact(campaign="c", customer_id=1, phone="+79000000001")]
    for action in sent:
        submit(channel, action)
    rows = [Sent(one.id, one.kind, one.kind) for one in [*sent, deal(9), purchase(9)]]
    found = make().lookup(rows)
    states = [found[one.id].state for one in rows]
    assert states == ["accepted", "accepted", "planned", "planned", "planned"]
    assert isinstance(channel, LooksUp)
    assert isinstance(channel, Channel)


def test_contacts_are_changed_and_nothing_is_added_twice(account, make):
    account.add_field("contacts", "Segment")
    account.add_field("contacts", "LTV", "numeric")
    account.add_field("contacts", "Birthday", "birthday", code="BIRTHDAY")
    account.add_field("contacts", "VIP", "checkbox")
    channel = make()
    first = UpsertContact(
        campaign="c", customer_id=1, first_name="Anna", phone="+79000000001", email="a@b.example",
        birthday=dt.date(1990, 5, 6), fields={"Segment": "gold", "VIP": True},
    )  # fmt: skip
    second = UpsertContact(
        campaign="c", customer_id=1, occurrence="2", phone="+79000000001", email="a@b.example",
        fields={"LTV": Decimal("1500.5"), "Segment": "silver"},
    )  # fmt: skip
    third = UpsertContact(
        campaign="c", customer_id=1, occurrence="3", phone="+79000000001",
        fields={"Segment": None},
    )  # fmt: skip
    submit(channel, first)
    outcomes = submit(channel, second, third).outcomes
    assert [one.state for one in outcomes.values()] == ["accepted", "accepted"]
    (contact,) = account.contacts.values()
    assert contact["first_name"] == "Anna"
    held = custom(contact)
    assert held["Phone"] == ["+79000000001"]
    assert held["E-mail"] == ["a@b.example"]
    assert held["LTV"] == ["1500.5"]
    assert "Segment" not in held or held["Segment"] == []
    assert not account.ignored


def test_two_changes_of_one_new_customer_make_one_contact(account, make, journal, clock):
    actions = [
        UpsertContact(campaign="c", customer_id=1, occurrence=str(one), phone="+79000000001")
        for one in range(3)
    ]
    dispatch(actions, make(), journal, clock=clock)
    assert journal.counts("amocrm") == {"accepted": 3}
    assert len(account.contacts) == 1


def blind(account, monkeypatch):
    """Let the account's search know nothing of what was made a moment ago."""
    answer = account.answer

    def answering(request):
        if request.method == "GET" and request.path.endswith("/contacts"):
            return Response.empty(204)
        return answer(request)

    monkeypatch.setattr(account, "answer", answering)


def test_a_customer_is_made_once_though_the_search_lags(account, make, journal, clock, monkeypatch):
    blind(account, monkeypatch)
    who = {"campaign": "c", "customer_id": "anna", "phone": "+79161234567"}
    rows = [
        UpsertContact(**who, first_name="Anna", step="1"),
        UpsertContact(**who, last_name="B", step="2"),
        CreateDeal(**who, title="T", step="3"),
    ]
    channel = make()
    for _ in range(2):
        report = dispatch(rows, channel, journal, clock=clock)
    assert report.stopped is None
    assert len(account.contacts) == 1
    assert len(acts(account, "leads")) == 1


def test_a_read_that_is_refused_is_no_rows_fault(account, make, journal, clock, monkeypatch):
    answer = account.answer

    def answering(request):
        if request.method == "GET" and request.path.endswith("/leads"):
            problem = {"title": "Bad Request", "status": 400}
            kind = "application/problem+json"
            return Response.json(problem, status=400, content_type=kind)
        return answer(request)

    monkeypatch.setattr(account, "answer", answering)
    report = dispatch([deal(1), deal(2)], make(), journal, clock=clock)
    assert "answered 400" in report.stopped
    assert journal.counts() == {"planned": 2}


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "error_502_html"])
def test_a_lost_change_is_simply_made_again(account, make, journal, clock, fault):
    account.add_field("contacts", "Segment")
    ids = [account.add("contacts", name="A") for _ in range(4)]
    actions = [
        UpsertContact(campaign="c", customer_id=one, fields={"Segment": "gold"}) for one in ids
    ]
    account.faults.add(fault, route="PATCH contacts", times=2)
    dispatch(actions, make(customer_id_is_contact_id=True), journal, clock=clock)
    assert journal.counts("amocrm") == {"accepted": 4}
    assert all(custom(one) == {"Segment": ["gold"]} for one in account.contacts.values())


def purchase(number=1, **more):
    given = {
        "campaign": "sync",
        "customer_id": number,
        "name": "Order Completed",
        "occurred_at": DUE,
        "value": Decimal("1500"),
        "order_id": 77,
        "phone": f"+7900000{number:04d}",
    }
    return PostEvent(**given | more)


def test_purchases_raise_what_a_buyer_is_worth_once(account, make):
    actions = [purchase(1), purchase(1, occurrence="2", value=Decimal("499.5")), purchase(2)]
    submit(make(), *actions)
    submit(make(), *actions)
    assert sorted(one["ltv"] for one in account.customers.values()) == [1500, 2000]
    assert len(account.contacts) == len(account.customers) == 2
    comments = {one["comment"] for one in account.transactions.values()}
    assert f"77 [retention_kit {actions[0].id}]" in comments
    assert {one["completed_at"] for one in account.transactions.values()} == {int(DUE.timestamp())}
    assert not account.ignored


@pytest.mark.parametrize("route", ["POST customers/{id}/transactions", "POST customers"])
def test_a_lost_purchase_or_buyer_is_not_made_twice(account, make, journal, clock, route):
    account.faults.add("drop_after", route=route, times=1)
    actions = [purchase(1), purchase(1, occurrence="2")]
    for _ in range(3):
        dispatch(actions, make(), journal, clock=clock)
        clock.advance(100)
    assert journal.counts("amocrm") == {"accepted": 2}
    assert len(account.transactions) == 2
    assert len(account.customers) == 1


def test_where_people_are_not_made_they_are_told_of(account, make):
    account.add("contacts", name="A")
    channel = make(missing_contacts="reject", customer_id_is_contact_id=True)
    (known,) = account.contacts
    outcomes = submit(channel, purchase(known)).outcomes
    assert [one.code for one in outcomes.values()] == ["no_buyer"]
    upsert = UpsertContact(campaign="c", customer_id=1, phone="+79000000009")
    outcomes = submit(make(missing_contacts="reject"), upsert).outcomes
    assert [one.code for one in outcomes.values()] == ["no_contact"]


def test_customers_that_are_switched_off_stop_the_run(make, journal, clock):
    with AmoCrmEmulator(clock=clock, customers_mode="off") as account:
        token = account.issue_long_lived_token()
        channel = make(base_url=account.url, access_token=token)
        report = dispatch([purchase(1)], channel, journal, clock=clock)
    assert "switched off" in str(report.stopped)
    assert journal.counts("amocrm") == {"planned": 1}


def test_what_was_done_counts_though_the_rest_must_wait(account, make):
    known = account.add("contacts", name="A")
    actions = [purchase(known), purchase(2)]
    channel = make(customer_id_is_contact_id=True)
    account.faults.add("error_502_html", route="GET customers/{id}/transactions", after=1)
    other = account.add("contacts", name="B")
    actions[1] = purchase(other)
    receipt = submit(channel, *actions)
    assert [one.state for one in receipt.outcomes.values()] == ["accepted"]
    assert receipt.rest == "planned"


def test_when_nothing_was_done_the_error_comes_out(account, make):
    account.block()
    with pytest.raises(AuthenticationError, match="banned"):
        submit(make(), deal(1))
    account.unblock()
    account.faults.add("error_502_html", route="GET *")
    with pytest.raises(RetryableError):
        submit(make(), deal(1))


def test_a_comment_that_may_be_missing_is_told_of(account, make):
    account.faults.add("drop_before", route="POST leads/notes")
    action = deal(1, comment="Likes tea")
    outcome = submit(make(), action).outcomes[action.id]
    assert (outcome.state, outcome.code) == ("accepted", "no_comment")


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (deal(1, phone=None), "no_identifier"),
        (deal(1, identifiers={"amocrm_contact": "x"}), "wrong_identifier"),
        (deal(1, responsible="Anna"), "wrong_responsible"),
        (deal(1, pipeline="Sales"), "wrong_pipeline"),
        (deal(1, stage="New"), "wrong_stage"),
        (deal(1, fields={"A": {1, 2}}), "not_json"),
        (purchase(1, name="Product Viewed"), "unsupported_event"),
        (purchase(1, value=None), "no_value"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anybody_is_asked(account, make, action, code):
    rejection = make().prepare(action)
    assert isinstance(rejection, Rejection)
    assert rejection.code == code
    assert account.requests.count() == 0
    assert "+7900" not in rejection.detail


def test_many_deals_are_delivered_within_the_limits(account, make, journal, clock):
    contacts = [account.add("contacts", name="C") for _ in range(300)]
    channel = make(customer_id_is_contact_id=True)
    account.requests.clear()
    report = dispatch((deal(one) for one in contacts), channel, journal, clock=clock)
    assert journal.counts("amocrm") == {"accepted": 300}, str(report)
    assert account.requests.busiest("integration", 1.0) <= 7
    assert account.requests.refused() == 0
    assert account.requests.count() <= 15
    assert channel.limiter.account == f"amocrm {account.url.partition('//')[2]}"


def test_a_telephone_number_that_is_none_makes_no_contact(make):
    nobody = CreateDeal(campaign="x", customer_id=1, title="Come back", phone="abc")
    assert make().prepare(nobody).code == "unusable_contacts"
