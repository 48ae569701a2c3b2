"""The channel of Bitrix24: deals, to-dos and contacts, each made once and for the right person."""

import datetime as dt
from collections import Counter
from decimal import Decimal

import pytest

from retention_kit.adapters.bitrix24 import Bitrix24Channel, Bitrix24Settings
from retention_kit.adapters.bitrix24.encoding import command
from retention_kit.adapters.bitrix24.writing import id_in
from retention_kit.delivery import (
    AdapterContext,
    CreateDeal,
    CreateTask,
    Journal,
    Rejection,
    SendMessage,
    Sent,
    UpsertContact,
    dispatch,
    settle,
)
from retention_kit.testing.clocks import ManualClock
from retention_kit.testing.emulators.bitrix24 import Bitrix24Emulator
from retention_kit.testing.emulators.bitrix24 import emulator as methods
from retention_kit.testing.emulators.bitrix24.entities import own_field
from retention_kit.testing.emulators.bitrix24.refusals import Refusal

DEAL, CONTACT, COMPANY = 2, 3, 4
DUE = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
FIELDS = {
    "deal": {"UF_CRM_RFM": "string"},
    "contact": {
        "UF_CRM_SEGMENT": "string",
        "UF_CRM_LTV": "double",
        "UF_CRM_VIP": "boolean",
        "UF_CRM_3_DIGIT": "string",
    },
    "company": {"UF_CRM_SEGMENT": "string"},
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
    """Opens channels to the portal, and closes them at the end."""
    channels = []

    def make(**settings):
        made = Bitrix24Settings(**{"webhook_url": portal.webhook_url, **settings})
        channels.append(Bitrix24Channel(made, AdapterContext(instance="bitrix24", clock=clock)))
        return channels[-1]

    yield make
    for channel in channels:
        channel.close()


@pytest.fixture
def journal(clock):
    with Journal("sqlite://", clock=clock) as journal:
        yield journal


@pytest.fixture
def sent(journal, clock):
    """Dispatches actions and gives the counts by state and by code of refusal."""

    def send(channel, *actions, **options):
        report = dispatch(actions, channel, journal, clock=clock, **options)
        assert report.stopped is None, report.stopped
        states = {state: count for state, count in report.states.items() if count}
        return states | dict(report.rejected)

    return send


@pytest.fixture
def without_items(monkeypatch):
    """A portal that is too old for `crm.item.*`."""
    for name in list(methods.METHODS):
        if name.startswith("crm.item."):
            monkeypatch.delitem(methods.METHODS, name)


def phone_of(customer):
    return f"+7900000{int(customer):04d}" if str(customer).isdecimal() else None


def deal(customer=1, **given):
    usual = {"campaign": "win back", "title": "Вернуть", "phone": phone_of(customer)}
    return CreateDeal(customer_id=customer, **usual | given)


def task(customer=1, **given):
    usual = {"campaign": "win back", "title": "Позвонить", "phone": phone_of(customer)}
    return CreateTask(customer_id=customer, due_at=DUE, **usual | given)


def contact(customer=1, **given):
    return UpsertContact(
        customer_id=customer, **{"campaign": "segments", "phone": phone_of(customer)} | given
    )


def phones(*values):
    return [{"VALUE_TYPE": "WORK", "VALUE": one, "TYPE_ID": "PHONE"} for one in values]


def emails(*values):
    return [{"VALUE_TYPE": "WORK", "VALUE": one, "TYPE_ID": "EMAIL"} for one in values]


def values_of(record, kind):
    return [one["VALUE"] for one in record[kind]]


def created(portal, kind):
    return sum(act.verb == "created" and act.kind == kind for act in portal.acts)


# Deals.


@pytest.mark.parametrize("family", ["items", "classic"])
def test_a_deal_is_made_with_all_that_is_known_and_linked_to_its_contact(
    portal, opened, sent, family
):
    person = portal.portal.add(CONTACT, {"NAME": "Анна", "PHONE": phones("+79000000001")})
    action = deal(
        amount=Decimal("1990.50"),
        currency="RUB",
        pipeline="3",
        stage="C3:PREPARATION",
        responsible="2",
        comment="Не была полгода & ждёт: 100%",
        fields={"UF_CRM_RFM": "5-1-5", "sourceId": "WEB"},
    )
    assert sent(opened(family=family), action) == {"accepted": 1}
    (made,) = portal.deals.values()
    assert made["CONTACT_IDS"] == [person["ID"]]
    assert (made["TITLE"], made["OPPORTUNITY"]) == ("Вернуть", Decimal("1990.50"))
    assert (made["CATEGORY_ID"], made["STAGE_ID"]) == (3, "C3:PREPARATION")
    assert (made["ASSIGNED_BY_ID"], made["UF_CRM_RFM"]) == (2, "5-1-5")
    assert made["COMMENTS"] == "Не была полгода & ждёт: 100%"
    assert made["SOURCE_ID"] == "WEB"
    assert (made["ORIGINATOR_ID"], made["ORIGIN_ID"]) == ("retention_kit", action.id)
    assert len(portal.contacts) == 1


@pytest.mark.parametrize("family", ["items", "classic"])
def test_a_deal_is_looked_up_before_it_is_made(portal, opened, sent, journal, family):
    channel = opened(family=family)
    actions = [deal(one) for one in range(1, 61)]
    assert sent(channel, *actions) == {"accepted": 60}
    with Journal("sqlite://") as forgetful:
        again = dispatch(actions, channel, forgetful)
        assert again.states["accepted"] == 60
        ids = forgetful.actions("bitrix24").select("id", "external_id")
    assert created(portal, "deal") == created(portal, "contact") == 60
    assert journal.actions("bitrix24").select("id", "external_id").sort("id").equals(ids.sort("id"))


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "truncate", "error_502_html"])
@pytest.mark.parametrize("family", ["items", "classic"])
def test_an_answer_that_is_lost_makes_nothing_twice(portal, opened, sent, fault, family):
    channel = opened(family=family)
    actions = [deal(1), deal(2), task(1), task(3), contact(2), contact(4)]
    # The first write of each kind, and look-ups between.
    portal.faults.add(fault, route="batch", times=4)
    sent(channel, *actions)
    portal.faults.clear()
    sent(channel, *actions)
    assert Counter(made["ORIGIN_ID"] for made in portal.deals.values()) == dict.fromkeys(
        (actions[0].id, actions[1].id), 1
    )
    assert len(portal.activities) == 2
    assert len(portal.contacts) == 4


def test_settling_looks_up_deals_that_nobody_knows_of(portal, opened, journal, clock):
    channel = opened()
    done, lost = deal(1), deal(2)
    dispatch([done], channel, journal, clock=clock)
    rows = [Sent(one.id, "create_deal", "create_deal") for one in (done, lost)]
    found = channel.lookup([*rows, Sent(task(1).id, "create_task", "create_task")])
    assert {id_: one.state for id_, one in found.items()} == {
        done.id: "accepted",
        lost.id: "planned",
    }
    assert found[done.id].external_id == "1"
    assert settle(channel, journal, clock=clock).states == {}


def test_many_rows_of_one_new_customer_make_one_contact(portal, opened, sent):
    actions = [deal(7, occurrence=str(number)) for number in range(5)]
    assert sent(opened(), *actions, task(7), contact(7), contact(7, occurrence="2")) == {
        "accepted": 8
    }
    (made,) = portal.contacts.values()
    assert {tuple(one["CONTACT_IDS"]) for one in portal.deals.values()} == {(made["ID"],)}


# Whom it is about.


@pytest.mark.parametrize("written", ["+79000000001", "79000000001", "89000000001"])
def test_a_contact_is_found_by_a_telephone_in_each_usual_form(portal, opened, sent, written):
    portal.portal.add(CONTACT, {"PHONE": phones(written)})
    sent(opened(), deal(1))
    assert len(portal.contacts) == 1


def test_of_several_contacts_the_oldest_is_taken_and_the_telephone_goes_first(portal, opened, sent):
    portal.portal.add(CONTACT, {"EMAIL": emails("one@example.com")})
    for _ in range(2):
        portal.portal.add(CONTACT, {"PHONE": phones("+79000000001")})
    sent(opened(), deal(1, email="one@example.com"))
    assert portal.deals[1]["CONTACT_IDS"] == [2]


def test_who_has_no_contact_is_refused_where_none_may_be_made(portal, opened, sent):
    channel = opened(missing_contacts="reject")
    assert sent(channel, deal(1), task(1), contact(1)) == {"rejected": 3, "no_contact": 3}
    assert portal.acts == []


@pytest.mark.parametrize("family", ["items", "classic"])
def test_a_contact_that_was_deleted_is_not_made_again(portal, opened, sent, family):
    for _ in range(2):
        portal.portal.add(CONTACT, {"NAME": "Анна"})
    portal.portal.remove(CONTACT, 2)
    portal.acts.clear()
    there, gone = {"bitrix24_contact": "1"}, {"bitrix24_contact": "2"}
    channel = opened(family=family)
    counts = sent(
        channel,
        deal(1, identifiers=there),
        deal(2, identifiers=gone),
        task(2, identifiers=gone),
        contact(2, identifiers=gone, first_name="Аня"),
    )
    assert counts == {"accepted": 1, "rejected": 3, "no_contact": 3}
    assert [act.kind for act in portal.acts] == ["deal"]


def test_ids_of_customers_may_be_those_of_the_portal(portal, opened, sent):
    for _ in range(3):
        portal.portal.add(CONTACT, {})
    channel = opened(customer_id_is_portal_id=True)
    assert sent(channel, deal(3, phone=None), task("2", phone=None)) == {"accepted": 2}
    assert portal.deals[1]["CONTACT_IDS"] == [3]
    assert (portal.activities[1]["OWNER_TYPE_ID"], portal.activities[1]["OWNER_ID"]) == (3, 2)
    refusal = channel.prepare(deal("C-7"))
    assert isinstance(refusal, Rejection)
    assert refusal.code == "bad_portal_id"


@pytest.mark.parametrize("family", ["items", "classic"])
def test_companies_get_deals_to_dos_and_fields_where_they_are_the_customers(
    portal, opened, sent, family
):
    portal.portal.add(COMPANY, {"TITLE": "ООО «Чай»", "PHONE": phones("+79000000001")})
    channel = opened(customers="companies", family=family)
    fields = {"UF_CRM_SEGMENT": "vip"}
    counts = sent(channel, deal(1), task(1), contact(1, fields=fields), deal(2))
    assert counts == {"accepted": 3, "rejected": 1, "no_company": 1}
    assert portal.deals[1]["COMPANY_ID"] == 1
    assert portal.activities[1]["OWNER_TYPE_ID"] == COMPANY
    assert portal.companies[1]["UF_CRM_SEGMENT"] == "vip"
    assert not portal.contacts
    assert "bitrix24_company" in channel.capabilities.identifiers


def test_who_cannot_be_reached_is_refused_before_anybody_is_asked(portal, opened):
    channel = opened()
    codes = [
        channel.prepare(action).code
        for action in (
            deal(1, phone=None),
            deal(1, phone="call me"),
            deal(1, pipeline="Опт"),
            task(1, responsible="Анна"),
            SendMessage(campaign="hello", customer_id=1, phone="+79000000001", text="Hi"),
        )
    ]
    assert codes == [
        "no_identifier",
        "unusable_contacts",
        "bad_value",
        "bad_value",
        "unsupported_action",
    ]
    assert portal.requests.count() == 0


# Contacts.


@pytest.mark.parametrize("family", ["items", "classic"])
def test_a_contact_is_made_or_changed_and_never_gets_a_telephone_twice(
    portal, opened, sent, journal, family
):
    portal.portal.add(CONTACT, {"NAME": "Аня", "PHONE": phones("8 (900) 000-00-01")})
    portal.portal.add(CONTACT, {"PHONE": phones("+79000000009")})
    channel = opened(family=family)
    fields = {"UF_CRM_SEGMENT": "loyal", "UF_CRM_LTV": Decimal("12000.5"), "UF_CRM_VIP": True}
    for number in range(3):
        counts = sent(
            channel,
            contact(
                1,
                first_name="Анна",
                last_name="Титова",
                birthday=dt.date(1990, 2, 28),
                email="anna@example.com",
                fields=fields,
                occurrence=str(number),
            ),
            contact(5, email="five@example.com", fields=fields, occurrence=str(number)),
        )
        assert counts == {"accepted": 2}
    anna, _, five = portal.contacts.values()
    assert (anna["NAME"], anna["LAST_NAME"]) == ("Анна", "Титова")
    assert anna["BIRTHDATE"] == dt.date(1990, 2, 28)
    assert (anna["UF_CRM_SEGMENT"], anna["UF_CRM_LTV"]) == ("loyal", Decimal("12000.5"))
    assert anna["UF_CRM_VIP"] is True
    assert values_of(anna, "PHONE") == ["8 (900) 000-00-01"]
    assert values_of(anna, "EMAIL") == ["anna@example.com"]
    assert values_of(five, "PHONE") == ["+79000000005"]
    assert values_of(five, "EMAIL") == ["five@example.com"]
    # What is changed is known by the contact's own id, the first of all as well.
    known = journal.actions("bitrix24").select("customer_id", "external_id").unique().rows()
    assert sorted(known) == [("1", "1"), ("5", "3")]


def test_names_that_are_not_given_stay_and_empty_values_empty_a_field(portal, opened, sent):
    portal.portal.add(
        CONTACT,
        {"NAME": "Анна", "PHONE": phones("+79000000001"), "UF_CRM_SEGMENT": "loyal"},
    )
    sent(opened(), contact(1, fields={"UF_CRM_SEGMENT": ""}))
    assert portal.contacts[1]["NAME"] == "Анна"
    assert not portal.contacts[1]["UF_CRM_SEGMENT"]
    assert command("x", {"fields": {"A": [], "B": None}}) == "x?fields%5BA%5D=&fields%5BB%5D="


def test_an_id_of_one_is_not_taken_for_yes():
    assert id_in(1) == id_in({"id": 1}) == id_in({"item": {"id": 1}}) == "1"
    assert id_in(True) is id_in(None) is None


# Fields that are not there.


@pytest.mark.parametrize("family", ["items", "classic"])
def test_fields_that_do_not_exist_refuse_the_row_with_those_that_come_near(
    portal, opened, journal, clock, family
):
    report = dispatch(
        [
            deal(1, fields={"UF_CRM_RFN": "5"}),
            contact(1, fields={"UF_CRM_SEGMENTS": "vip"}),
            contact(2, fields={"UF_CRM_SEGMENT": "vip"}),
            contact(3, fields={"id": 7}),
            contact(4, fields={"PHONE": [{"VALUE": "+79000000004"}]}),
        ],
        opened(family=family),
        journal,
        clock=clock,
    )
    assert dict(report.rejected) == {"unknown_field": 4}
    told = " ".join(report.rejections["detail"])
    assert "no field 'UF_CRM_RFN'. Nearest: UF_CRM_RFM" in told
    assert "no field 'UF_CRM_SEGMENTS'. Nearest: UF_CRM_SEGMENT" in told
    assert "does not let the field 'id' be written" in told
    assert "give it as the action's phone and email" in told
    assert not portal.deals
    assert len(portal.contacts) == 1


@pytest.mark.parametrize("family", ["items", "classic"])
def test_fields_go_by_their_names_in_either_family(portal, opened, sent, family):
    fields = {"SOURCE_ID": "WEB", "utmSource": "mail", "UF_CRM_3_DIGIT": "x"}
    assert sent(opened(family=family), contact(1, fields=fields)) == {"accepted": 1}
    made = portal.contacts[1]
    assert (made["SOURCE_ID"], made["UTM_SOURCE"], made["UF_CRM_3_DIGIT"]) == ("WEB", "mail", "x")


def test_a_field_that_was_added_since_is_found_a_minute_later(portal, opened, sent, clock):
    channel = opened()
    action = contact(1, fields={"UF_CRM_NEW": "x"})
    assert sent(channel, action) == {"rejected": 1, "unknown_field": 1}
    kind = portal.portal.types[CONTACT]
    kind.by_name["UF_CRM_NEW"] = own_field("UF_CRM_NEW", "string")
    kind.new["UF_CRM_NEW"] = None
    clock.advance(61)
    assert sent(channel, action, retry_rejected=True) == {"accepted": 1}
    assert portal.contacts[1]["UF_CRM_NEW"] == "x"


def test_a_value_that_the_portal_refuses_leaves_the_other_rows_alone(portal, opened, sent):
    counts = sent(opened(), deal(1), deal(2, stage="C9:NOWHERE"), deal(3))
    assert counts == {"accepted": 2, "rejected": 1, "crm_field_error_value_not_valid": 1}
    assert len(portal.deals) == 2


# To-dos.


def test_a_to_do_belongs_to_the_deal_or_to_the_contact(portal, opened, sent):
    first = deal(1)
    counts = sent(
        opened(),
        first,
        task(1, step="call", deal=first.id, phone=None, description="Спросить о чае"),
        task(1, responsible="3"),
        task(2, deal="0" * 32),
    )
    assert counts == {"accepted": 3, "rejected": 1, "no_deal": 1}
    owners = {(one["OWNER_TYPE_ID"], one["OWNER_ID"]): one for one in portal.activities.values()}
    of_deal, of_contact = owners[DEAL, 1], owners[CONTACT, 1]
    assert of_deal["DESCRIPTION"].startswith("Спросить о чае\n[retention_kit ")
    assert of_deal["DEADLINE"] == DUE.timestamp()
    assert of_contact["RESPONSIBLE_ID"] == 3


@pytest.mark.parametrize("wrap", ["{}", "<p>{}</p>", "{} \n\n(перенесено)"])
def test_a_to_do_is_found_among_many_and_in_whatever_the_portal_makes_of_its_text(
    portal, opened, sent, journal, clock, wrap
):
    channel = opened()
    action = task(1)
    sent(channel, action)
    first = portal.activities[1]
    first["DESCRIPTION"] = wrap.format(first["DESCRIPTION"])
    for _ in range(120):
        portal.portal.add(6, {**first, "ID": None, "DESCRIPTION": "", "PROVIDER_ID": "CRM_CALL"})
    with Journal("sqlite://") as forgetful:
        assert dispatch([action], channel, forgetful).states["accepted"] == 1
    assert len(portal.activities) == 121


# Limits, rights, portals that are too old or none.


def test_a_method_that_ran_for_too_long_in_a_batch_delays_only_its_own_rows(
    portal, opened, sent, clock
):
    portal.costs["crm.activity.todo.add"] = 100.0
    began = clock.now()
    assert sent(opened(), *[task(one) for one in range(1, 9)]) == {"accepted": 8}
    # Five were made at once; the portal said when to come again, and nobody came before.
    assert len(portal.activities) == 8
    assert 300 < clock.now() - began < 700
    assert portal.requests.count() < 40


@pytest.mark.parametrize("method", ["crm.item.add", "crm.activity.todo.add"])
def test_a_user_who_may_make_nothing_stops_the_run_and_rejects_nobody(
    portal, opened, journal, clock, monkeypatch, method
):
    def denied(_):
        raise Refusal(400, "ACCESS_DENIED", "Access denied.")

    for _ in range(2):
        portal.portal.add(CONTACT, {})
    actions = [
        (deal if method == "crm.item.add" else task)(
            one, identifiers={"bitrix24_contact": str(one)}
        )
        for one in (1, 2)
    ]
    channel = opened()
    with monkeypatch.context() as patched:
        patched.setitem(methods.METHODS, method, denied)
        report = dispatch(actions, channel, journal, clock=clock)
    assert "let the webhook's user see and change the records" in report.stopped
    assert journal.counts("bitrix24") == {"planned": 2}
    assert dispatch(actions, channel, journal, clock=clock).states["accepted"] == 2


def test_a_right_that_lacks_for_one_record_refuses_that_row_alone(
    portal, opened, sent, monkeypatch
):
    for _ in range(2):
        portal.portal.add(CONTACT, {})
    update = methods.METHODS["crm.item.update"]

    def sometimes(call):
        if call.asked.number("id") == 2:
            raise Refusal(400, "ACCESS_DENIED", "Access denied.")
        return update(call)

    monkeypatch.setitem(methods.METHODS, "crm.item.update", sometimes)
    actions = [
        contact(one, first_name="Анна", identifiers={"bitrix24_contact": str(one)})
        for one in (1, 2)
    ]
    assert sent(opened(), *actions) == {"accepted": 1, "rejected": 1, "access_denied": 1}


@pytest.mark.usefixtures("without_items")
def test_a_portal_without_the_newer_methods_is_written_by_the_older_ones(portal, opened, sent):
    channel = opened()
    actions = [deal(1), contact(2, first_name="Олег"), task(1)]
    assert sent(channel, *actions) == {"accepted": 3}
    assert sent(channel, deal(3), contact(1, occurrence="2", first_name="Анна")) == {"accepted": 2}
    assert len(portal.deals) == 2
    assert portal.contacts[1]["NAME"] == "Анна"


def test_a_portal_that_is_too_old_for_to_dos_says_so(portal, opened, journal, clock, monkeypatch):
    monkeypatch.delitem(methods.METHODS, "crm.activity.todo.add")
    report = dispatch([task(1)], opened(), journal, clock=clock)
    assert dict(report.rejected) == {"error_method_not_found": 1}
    assert "does not know crm.activity.todo.add" in report.rejections["detail"][0]


def test_a_wrong_address_leaves_every_row_as_it_was(scripted, opened, journal, clock):
    scripted.answering = lambda _: (404, {"content-type": "text/html"}, b"<html></html>")
    channel = opened(webhook_url=f"{scripted.url}/rest/1/notarealsecret00/")
    report = dispatch([deal(1), deal(2)], channel, journal, clock=clock)
    assert "look up webhook_url" in report.stopped
    assert "notarealsecret00" not in report.stopped
    assert journal.counts("bitrix24") == {"planned": 2}


def test_a_webhook_without_the_right_leaves_every_row_as_it_was(clock, opened, journal):
    with Bitrix24Emulator(clock=clock, webhook_scopes=frozenset({"user"})) as portal:
        channel = opened(webhook_url=portal.webhook_url)
        report = dispatch([deal(1), task(2)], channel, journal, clock=clock)
    assert "tick CRM (crm)" in report.stopped
    assert journal.counts("bitrix24") == {"planned": 2}


def test_nothing_that_is_shown_of_a_channel_is_secret(opened):
    assert "emulatedsecret" not in repr(opened())
    assert "emulatedsecret" not in repr(opened().limiter)
