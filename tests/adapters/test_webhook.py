"""Actions as signed events: what is posted, what its answer means, what comes back."""

import base64
import datetime as dt
import json
from decimal import Decimal

import pydantic
import pytest
import standardwebhooks

from retention_kit.adapters.webhook.channel import WebhookChannel
from retention_kit.adapters.webhook.plugin import retention_kit_channels
from retention_kit.adapters.webhook.settings import WebhookSettings
from retention_kit.adapters.webhook.signatures import check_signature, signed_headers, signing_key
from retention_kit.adapters.yandex_audience.settings import YandexAudienceSettings
from retention_kit.delivery.actions import (
    ACTIONS,
    AddToAudience,
    CreateDeal,
    PluginAction,
    PostEvent,
    SendMessage,
)
from retention_kit.delivery.channels import AdapterContext, Channel, Receives
from retention_kit.delivery.outcomes import Rejection
from retention_kit.delivery.written_actions import action_from_dict
from retention_kit.errors import (
    AuthenticationError,
    DataError,
    DefinitionError,
    RateLimitedError,
    RejectedError,
    UnknownOutcomeError,
)
from retention_kit.testing.clocks import ManualClock

SECRET = "whsec_cmV0ZW50aW9uLWtpdC10ZXN0LXNlY3JldC0wMDE="
OTHER = "whsec_" + base64.b64encode(b"another secret of 32 bytes......").decode()
NOW = 1_795_338_000
DEAL = CreateDeal(
    campaign="win back",
    customer_id=7,
    title="Call back",
    amount=Decimal("1500.50"),
    email="a@b.example",
    phone="+79995551111",
)


class Rows(list):
    group = ""


@pytest.fixture
def make(scripted):
    opened = []

    def make(**settings):
        given = {"url": f"{scripted.url}/in/S3CRET", "allowed_hosts": ["127.0.0.1"]} | settings
        context = AdapterContext(instance="webhook.msk", clock=ManualClock(NOW))
        opened.append(WebhookChannel(WebhookSettings(**given), context))
        return opened[-1]

    yield make
    for channel in opened:
        channel.close()


def submit(channel, *actions, key="batch-1"):
    rows = Rows(channel.prepare(action) for action in actions)
    return channel.submit(rows, idempotency_key=key)


def test_the_published_vector_of_a_signature():
    body = (
        b'{"type":"audience.synced","timestamp":"2026-11-22T09:00:00Z",'
        b'"data":{"audience":"lapsed-90d","rows":3}}'
    )
    headers = signed_headers([signing_key(SECRET)], "msg_0001", 1795338000, body)
    assert headers == {
        "webhook-id": "msg_0001",
        "webhook-timestamp": "1795338000",
        "webhook-signature": "v1,O1eforcYBKKrapzVccGBI+BmRGO37LrWN7VhOAWNQ1A=",
    }


def test_an_event_is_a_cloud_event_that_the_reference_library_signs_alike(scripted, make):
    channel = make(signing_secret=SECRET, token="t0ken")
    receipt = submit(channel, DEAL)
    assert (receipt.rest, receipt.outcomes) == ("accepted", {})
    (asked,) = scripted.asked
    assert asked.headers["content-type"] == "application/cloudevents+json"
    assert asked.headers["authorization"] == "Bearer t0ken"
    assert asked.headers["webhook-id"] == DEAL.id
    event = asked.json()
    assert event == {
        "specversion": "1.0",
        "id": DEAL.id,
        "source": "/retention_kit/win%20back",
        "type": "io.retention-kit.action.create_deal.v1",
        "subject": "7",
        "datacontenttype": "application/json",
        "data": event["data"],
    }
    assert action_from_dict(event["data"]) == DEAL
    reference = standardwebhooks.Webhook(SECRET)
    at = dt.datetime.fromtimestamp(NOW, tz=dt.UTC)
    expected = reference.sign(DEAL.id, at, asked.body.decode())
    assert asked.headers["webhook-signature"] == expected


def test_two_secrets_sign_while_keys_change_over(scripted, make):
    submit(make(signing_secret=SECRET, previous_signing_secret=OTHER), DEAL)
    (asked,) = scripted.asked
    for secret in (SECRET, OTHER):
        check_signature([signing_key(secret)], asked.headers, asked.body, now=NOW + 299)
    with pytest.raises(AuthenticationError, match="no signature"):
        check_signature([b"x" * 32], asked.headers, asked.body, now=NOW)


def test_several_events_are_posted_together(scripted, make):
    channel = make(batch_rows=10, signing_secret=SECRET)
    message = SendMessage(campaign="news", customer_id="c-1", text="Привет", html="<b>")
    submit(channel, DEAL, message, key="batch-7")
    (asked,) = scripted.asked
    assert asked.headers["content-type"] == "application/cloudevents-batch+json"
    assert asked.headers["webhook-id"] == "batch-7"
    assert [one["id"] for one in asked.json()] == [DEAL.id, message.id]
    check_signature([signing_key(SECRET)], asked.headers, asked.body, now=NOW)


def test_sizes_count_what_is_posted(scripted, make):
    channel = make(batch_rows=10)
    payloads = Rows(channel.prepare(one) for one in (DEAL, DEAL))
    channel.submit(payloads, idempotency_key="b")
    assert sum(one.size for one in payloads) + 1 == len(scripted.asked[0].body)
    assert channel.capabilities.max_bytes == 1_000_000


def test_the_same_action_makes_the_same_event(make):
    channel = make()
    assert channel.prepare(DEAL) == channel.prepare(
        action_from_dict(channel.prepare(DEAL).body["data"])
    )
    event = PostEvent(
        campaign="c", customer_id=1, name="Order Completed",
        occurred_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
    )  # fmt: skip
    assert channel.prepare(event).body["time"] == "2026-01-02T00:00:00+00:00"


def test_contacts_stay_at_home_when_told_to(make):
    data = make(contacts=False).prepare(DEAL).body["data"]
    assert "email" not in data
    assert "phone" not in data
    assert data["customer_id"] == 7


def test_what_no_json_holds_is_rejected(make):
    action = PluginAction(campaign="c", customer_id=1, name="acme.gift", data={"x": {1, 2}})
    rejection = make().prepare(action)
    assert isinstance(rejection, Rejection)
    assert rejection.code == "not_json"


def test_all_actions_and_those_of_named_plugins_are_carried(make):
    channel = make(plugin_actions=["acme.gift"], batch_rows=5)
    assert channel.capabilities.actions == frozenset(ACTIONS) | {"acme.gift"}
    assert channel.capabilities.max_rows == 5
    assert (channel.capabilities.idempotent, channel.capabilities.receive) == ("action", False)
    assert isinstance(channel, Channel)
    assert isinstance(channel, Receives)
    assert (channel.name, channel.limiter) == ("webhook.msk", None)
    (spec,) = retention_kit_channels()
    assert (spec.name, spec.api_version) == ("webhook", 1)


def test_a_lost_answer_is_tried_again_where_receivers_know_ids_again(scripted, make, drops):
    scripted.replies = [drops, (502, {}, b""), (202, {}, b"")]
    submit(make(), DEAL)
    assert len({one.body for one in scripted.asked}) == 1
    assert len(scripted.asked) == 3
    scripted.reset().replies = [drops]
    with pytest.raises(UnknownOutcomeError):
        submit(make(receiver_deduplicates=False), DEAL)
    assert len(scripted.asked) == 1
    assert make(receiver_deduplicates=False).capabilities.idempotent == "no"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, AuthenticationError),
        (400, RejectedError),
        (401, AuthenticationError),
        (404, AuthenticationError),
        (410, AuthenticationError),
        (413, RejectedError),
        (415, RejectedError),
        (422, RejectedError),
    ],
)
def test_what_is_refused_is_posted_once(scripted, make, status, error):
    scripted.replies = [(status, {"location": "/elsewhere"}, b"")]
    with pytest.raises(error) as raised:
        submit(make(), DEAL)
    assert len(scripted.asked) == 1
    assert "S3CRET" not in str(raised.value)


def test_the_receivers_own_pause_is_kept(scripted, make):
    scripted.replies = [(429, {"retry-after": "5000"}, b"")]
    with pytest.raises(RateLimitedError) as raised:
        submit(make(), DEAL)
    assert raised.value.retry_after == 5000


@pytest.mark.parametrize("allowed", [[], ["10.0.0.0/8"], ["other.example"]])
def test_nothing_inside_is_reached_unless_it_is_allowed(scripted, make, allowed):
    with pytest.raises(DefinitionError, match="not public") as raised:
        submit(make(allowed_hosts=allowed), DEAL)
    assert scripted.asked == []
    assert "S3CRET" not in str(raised.value)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", "not base64 at all!", "a" * 200]
)
def test_a_secret_that_is_none_is_refused_unseen(make, secret):
    with pytest.raises(DefinitionError, match="signing_secret") as raised:
        make(signing_secret=secret)
    assert not secret or secret not in str(raised.value) or secret == "whsec_"


def test_settings_show_no_secret(make):
    settings = WebhookSettings(url="https://a.example/S3CRET", signing_secret=SECRET, token="t0ken")
    for secret in ("S3CRET", SECRET, "t0ken"):
        assert secret not in repr(settings)


def report(**data):
    return {
        "specversion": "1.0",
        "id": "r-1",
        "source": "/receiver",
        "type": "io.retention-kit.outcome.v1",
        "time": "2026-11-22T09:00:00Z",
        "data": {"id": DEAL.id, "state": "delivered"} | data,
    }


def signed(body, key=SECRET, at=NOW):
    return {
        name.title(): value
        for name, value in signed_headers([signing_key(key)], "m-1", at, body).items()
    }


def test_signed_reports_become_outcomes(make):
    channel = make(signing_secret=SECRET)
    body = json.dumps([report(), report(state="bounced", code=550, external_id=9)]).encode()
    first, second = channel.receive(signed(body), body)
    assert (first.id, first.state) == (DEAL.id, "delivered")
    assert first.occurred_at == dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC)
    assert (second.state, second.code, second.external_id) == ("bounced", "550", "9")
    alone = json.dumps(report(state="opened")).encode()
    (only,) = channel.receive(signed(alone), alone)
    assert only.state == "opened"


@pytest.mark.parametrize(
    "change",
    [
        lambda headers, body: (headers, body + b" "),
        lambda headers, body: (headers | {"Webhook-Id": "m-2"}, body),
        lambda headers, body: (headers | {"Webhook-Timestamp": str(NOW + 1)}, body),
        lambda headers, body: (headers | {"Webhook-Timestamp": "soon"}, body),
        lambda headers, body: (headers | {"Webhook-Signature": "v1,ы v2 ,"}, body),
        lambda _, body: ({}, body),
        lambda _, body: (signed(body, key=OTHER), body),
        lambda _, body: (signed(body, at=NOW - 301), body),
        lambda _, body: (signed(body, at=NOW + 301), body),
    ],
)
def test_what_was_not_signed_lately_by_us_is_refused(make, change):
    body = json.dumps(report()).encode()
    headers, body = change(signed(body), body)
    with pytest.raises(AuthenticationError):
        make(signing_secret=SECRET).receive(headers, body)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"1",
        b"[1]",
        b"\xff",
        json.dumps(report() | {"type": "other"}).encode(),
        json.dumps(report() | {"data": None}).encode(),
        json.dumps(report() | {"time": "soon"}).encode(),
        json.dumps(report(id=5)).encode(),
        json.dumps(report(state="planned")).encode(),
        json.dumps(report(state=["x"])).encode(),
    ],
)
def test_what_is_no_report_is_told(make, body):
    with pytest.raises(DataError, match="cannot be read"):
        make(signing_secret=SECRET).receive(signed(body), body)


def test_without_a_secret_nothing_is_taken_in(make):
    with pytest.raises(DefinitionError, match="signing_secret"):
        make().receive({}, b"")


def test_polling_changes_nothing(make):
    channel = make()
    receipt = submit(channel, AddToAudience(campaign="c", customer_id=1, audience="a"))
    assert channel.poll(receipt) is receipt


@pytest.mark.parametrize("settings", [WebhookSettings, YandexAudienceSettings])
def test_settings_that_are_wrong_are_told_without_what_was_given(settings):
    with pytest.raises(pydantic.ValidationError) as raised:
        settings(signing_secret="S3cr3t", tokn="S3cr3t", timeout="S3cr3t")
    assert raised.value.error_count() >= 2
    assert "S3cr3t" not in str(raised.value)
