"""Actions: by their key they are one and the same, and they survive being written down."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.delivery import (
    ACTIONS,
    Action,
    ActionKey,
    AddToAudience,
    CreateDeal,
    CreateTask,
    IssuePromoCode,
    PluginAction,
    PostEvent,
    RemoveFromAudience,
    SendMessage,
    SetBalance,
    UpsertContact,
    action_from_dict,
    action_to_dict,
)
from retention_kit.delivery.actions import id_of
from retention_kit.errors import DefinitionError

NOON = dt.datetime(2026, 9, 21, 12, tzinfo=dt.UTC)
WHO = {"campaign": "win back", "customer_id": 7}
ONE_OF_EACH = [
    AddToAudience(**WHO, audience="lapsed", mode="replace", email="a@b.example"),
    CreateDeal(**WHO, title="Call", amount=Decimal("10.50"), fields={"UF_X": [1, "два"]}),
    CreateTask(**WHO, title="Call", due_at=NOON, deal="0" * 32),
    IssuePromoCode(**WHO, code="AUTUMN", valid_until=NOON),
    PluginAction(**WHO, name="acme.wave", data={"times": 3}),
    PostEvent(**WHO, name="Order Completed", occurred_at=NOON, value=Decimal(5), order_id=3),
    RemoveFromAudience(**WHO, audience="lapsed", identifiers={"email_sha256": "ab"}),
    SendMessage(**WHO, text="Hello", variables={"name": "Аня"}, phone="+79991234567"),
    SetBalance(**WHO, wallet="main", balance=0, occurrence="2026-09-21"),
    UpsertContact(**WHO, first_name="Аня", birthday=dt.date(1990, 2, 28)),
]


def test_there_is_an_example_of_each_action():
    assert {type(one) for one in ONE_OF_EACH} == {*ACTIONS.values(), PluginAction}


@pytest.mark.parametrize("action", ONE_OF_EACH, ids=lambda one: one.kind)
def test_an_action_is_the_same_after_json(action):
    written = json.loads(json.dumps(action_to_dict(action)))
    again = action_from_dict(written)
    assert again == action
    assert again.id == action.id


@pytest.mark.parametrize("action", ONE_OF_EACH, ids=lambda one: one.kind)
def test_a_repr_shows_no_contact_and_no_text(action):
    shown = repr(action)
    for secret in ("a@b.example", "+79991234567", "Аня", "Hello", "1990", "AUTUMN", "email_sha256"):
        assert secret not in shown


def test_an_id_is_made_of_the_key_alone():
    # Worked out by hand: BLAKE2b-128 of '["win back",7,"create_deal",""]'.
    deal = CreateDeal(**WHO, title="Call", email="a@b.example")
    assert deal.id == "799e7b77185a53c2aa219a67e20312c1"
    assert deal.id == CreateDeal(**WHO, title="Another").id
    assert deal.key == ActionKey("win back", 7, "create_deal", "")


@given(
    st.lists(
        st.builds(
            ActionKey,
            campaign=st.text(min_size=1, max_size=4),
            customer_id=st.integers() | st.text(min_size=1, max_size=4),
            step=st.text(max_size=4),
            occurrence=st.text(max_size=4),
        ),
        max_size=30,
        unique=True,
    )
)
def test_different_keys_have_different_ids(keys):
    assert len({id_of(key) for key in keys}) == len(keys)


def test_a_number_and_its_text_are_different_customers():
    assert SetBalance(campaign="c", customer_id=7, wallet="w", balance=1).id != (
        SetBalance(campaign="c", customer_id="7", wallet="w", balance=1).id
    )


@pytest.mark.parametrize(
    ("given_", "parameter"),
    [
        ({"campaign": " "}, "campaign"),
        ({"campaign": 3}, "campaign"),
        ({"customer_id": ""}, "customer_id"),
        ({"customer_id": True}, "customer_id"),
        ({"customer_id": 1.5}, "customer_id"),
        ({"customer_id": None}, "customer_id"),
        ({"occurrence": 2026}, "occurrence"),
        ({"step": None}, "step"),
    ],
)
def test_a_key_that_could_be_another_elsewhere_is_refused(given_, parameter):
    with pytest.raises(DefinitionError) as caught:
        SetBalance(**{**WHO, **given_}, wallet="w", balance=1)
    assert caught.value.parameter == parameter


def test_an_instant_needs_a_zone():
    naive = dt.datetime(2026, 9, 21)
    with pytest.raises(DefinitionError, match="time zone"):
        CreateTask(**WHO, title="Call", due_at=naive)
    with pytest.raises(DefinitionError, match="time zone"):
        PostEvent(**WHO, name="Order Completed", occurred_at=naive)


@pytest.mark.parametrize("name", ["wave", "Acme.wave", "acme.", "acme.wave.more", "acme.wave\n", 3])
def test_an_action_of_a_plugin_is_named_after_its_vendor(name):
    with pytest.raises(DefinitionError, match=r"vendor\.action"):
        PluginAction(**WHO, name=name)


@pytest.mark.parametrize(
    ("written", "parameter", "says"),
    [
        ({"kind": "create_dael", **WHO, "title": "x"}, "kind", "create_deal"),
        ({**WHO, "title": "x"}, "kind", "Allowed"),
        ({"kind": "create_deal", **WHO, "title": "x", "tytle": "y"}, "tytle", "'tytle'"),
        ({"kind": "create_deal", **WHO}, "title", "title"),
        ({"kind": "create_deal", **WHO, "title": "x", "amount": "a@b.example"}, "amount", "amount"),
    ],
)
def test_what_is_no_action_is_refused_without_quoting_values(written, parameter, says):
    with pytest.raises(DefinitionError, match=says) as caught:
        action_from_dict(written)
    assert caught.value.parameter == parameter
    assert "a@b.example" not in str(caught.value)


def test_an_action_is_frozen():
    with pytest.raises(AttributeError):
        ONE_OF_EACH[0].campaign = "another"  # type: ignore[misc]
    assert isinstance(ONE_OF_EACH[0], Action)


@pytest.mark.parametrize(
    ("make", "field", "value"),
    [
        (SendMessage, "email", 7),
        (SendMessage, "phone", b"+79991234567"),
        (SendMessage, "text", None),
        (SendMessage, "variables", [("name", "secret")]),
        (SendMessage, "identifiers", {"card": 17}),
        (CreateDeal, "title", None),
        (CreateDeal, "amount", 10.5),
        (CreateDeal, "amount", "twelve"),
        (CreateDeal, "amount", Decimal("NaN")),
        (CreateDeal, "amount", True),
        (CreateDeal, "fields", "secret"),
        (SetBalance, "balance", 1.5),
        (UpsertContact, "birthday", "1990-02-28"),
        (AddToAudience, "audience", None),
    ],
)
def test_a_field_that_no_channel_could_send_is_refused_by_name_and_not_quoted(make, field, value):
    needed = {"title": "Call", "wallet": "main", "balance": 0, "audience": "lapsed"}
    names = {one.name for one in dataclasses.fields(make)}
    given_ = {name: one for name, one in needed.items() if name in names}
    with pytest.raises(DefinitionError, match=field) as caught:
        make(**{**WHO, **given_, field: value})
    assert caught.value.parameter == field
    assert "secret" not in str(caught.value)


def test_an_amount_may_be_a_whole_number():
    assert repr(CreateDeal(**WHO, title="Call", amount=10).amount) == "Decimal('10')"


@given(
    st.text(),
    st.integers() | st.text(min_size=1),
    st.text(),
    st.text(),
)
def test_an_id_is_of_the_key_as_json(campaign, customer, step, occurrence):
    key = ActionKey(campaign, customer, step, occurrence)
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    assert id_of(key) == hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def test_a_required_text_that_is_empty_is_written_and_read_back():
    deal = CreateDeal(**WHO, title="")
    assert action_from_dict(action_to_dict(deal)) == deal
