"""The channel of Yandex Audience, against the emulator."""

import datetime as dt

import polars as pl
import pytest

from retention_kit.adapters.yandex_audience import (
    YandexAudienceApi,
    YandexAudienceChannel,
    YandexAudienceSettings,
    creating,
)
from retention_kit.adapters.yandex_audience.api import lines
from retention_kit.adapters.yandex_audience.plugin import retention_kit_channels
from retention_kit.adapters.yandex_audience.rows import file_of
from retention_kit.delivery.actions import AddToAudience, RemoveFromAudience, SendMessage
from retention_kit.delivery.audiences.synchronising import sync
from retention_kit.delivery.channels import AdapterContext
from retention_kit.delivery.dispatching.running import dispatch
from retention_kit.delivery.dispatching.settling import settle
from retention_kit.delivery.journal import Journal
from retention_kit.delivery.outcomes import Payload, Receipt, Rejection
from retention_kit.errors import (
    AuthenticationError,
    DefinitionError,
    RateLimitedError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
)
from retention_kit.testing.clocks import ManualClock
from retention_kit.testing.emulators.yandex_audience import YandexAudienceEmulator

EMAIL = "bd93ea95f242f02313eccf0ab0bb7fe5121a052de42d2cb7bd332fb9f537cbfa"
PHONE = "22846ab8f79870871eb44f653419a4a5069301827d8ae75b6c2a88e4989a364e"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def emulator(clock):
    with YandexAudienceEmulator(clock=clock) as emulator:
        yield emulator


@pytest.fixture
def opened(emulator, clock):
    channels = []

    def make(**settings):
        given = {"token": emulator.access_token, "base_url": emulator.base_url} | settings
        context = AdapterContext(instance="yandex_audience", clock=clock)
        channels.append(YandexAudienceChannel(YandexAudienceSettings(**given), context))
        return channels[-1]

    yield make
    for channel in channels:
        channel.close()


@pytest.fixture
def channel(opened):
    return opened()


@pytest.fixture
def journal(clock):
    with Journal("sqlite://", clock=clock) as journal:
        yield journal


def adding(*numbers, audience="vip", mode="add"):
    return [
        AddToAudience(
            campaign="test",
            customer_id=number,
            email=f"{number}@shop.ru",
            phone=f"8 (900) {number:03d}-11-22",
            audience=audience,
            mode=mode,
        )
        for number in numbers
    ]


def removing(*numbers, audience="vip"):
    return [
        RemoveFromAudience(
            campaign="test", customer_id=number, email=f"{number}@shop.ru", audience=audience
        )
        for number in numbers
    ]


class Rows(list):
    """A batch in memory."""

    @property
    def group(self):
        return self[0].group


def prepared(channel, actions):
    return Rows(channel.prepare(action) for action in actions)


def submitted(channel, actions):
    return channel.submit(prepared(channel, actions), idempotency_key="1")


def polled(channel, receipt, times=10):
    for _ in range(times):
        if receipt.token is None:
            return receipt
        receipt = channel.poll(receipt)
    raise AssertionError("It never ends.")


def test_contacts_are_hashed_as_the_service_documents(channel):
    action = AddToAudience(
        campaign="c",
        customer_id=1,
        email=" Mail@Yandex.RU ",
        phone="8 (999) 555-11-11",
        audience="vip",
    )
    row = channel.prepare(action)
    assert row.body == {"phone": PHONE, "email": EMAIL}
    assert row.keep == {"phone_sha256": PHONE, "email_sha256": EMAIL}
    with file_of([row]) as file:
        # As often as it is sent, it is sent whole.
        for _ in range(2):
            sent = b"".join(file.chunks()).decode()
            assert sent.splitlines() == ["phone,email", f"{PHONE},{EMAIL}"]
            assert len(sent) == file.size
    assert row.size == len(f"{PHONE},{EMAIL}\n")


def test_digests_pass_and_are_never_hashed_again(channel):
    kept = RemoveFromAudience(
        campaign="c",
        customer_id=1,
        audience="vip",
        identifiers={"email_sha256": EMAIL.upper(), "phone_sha256": PHONE},
    )
    assert channel.prepare(kept).body == {"phone": PHONE, "email": EMAIL}
    as_contact = AddToAudience(campaign="c", customer_id=1, email=EMAIL, audience="vip")
    assert channel.prepare(as_contact).body == {"email": EMAIL}


@pytest.mark.parametrize(
    "contact", ["", "  ", "3c56ff8fef0f6c65b36b2d25720fe276", "no address", None]
)
def test_nothing_and_md5_and_what_is_no_contact_never_leave(channel, contact):
    action = AddToAudience(
        campaign="c", customer_id=1, email=contact, phone=contact, audience="vip"
    )
    refused = channel.prepare(action)
    assert isinstance(refused, Rejection)
    assert refused.code == "no_identifier"


def test_other_actions_are_refused(channel):
    action = SendMessage(campaign="c", customer_id=1, email="a@shop.ru", text="Hi")
    assert channel.prepare(action).code == "unsupported_action"


def test_a_segment_is_uploaded_confirmed_and_waited_for(channel, emulator):
    receipt = submitted(channel, adding(*range(120)))
    assert (receipt.rest, receipt.poll_after) == ("pending", 60.0)
    assert "@" not in receipt.token
    assert polled(channel, receipt) == Receipt()
    (segment,) = emulator.segments.values()
    assert (segment.name, segment.status, len(segment.emails)) == ("vip", "processed", 120)
    assert emulator.empty_hashes == 0
    state = channel.audience("vip")
    assert (state.status, state.ready, state.size) == ("processed", True, 120)
    assert channel.audience("other") is None


def test_a_segment_is_changed_in_all_three_ways(channel, emulator):
    polled(channel, submitted(channel, adding(*range(120))))
    (segment,) = emulator.segments.values()
    polled(channel, submitted(channel, adding(*range(110, 130))))
    assert len(segment.emails) == 130
    polled(channel, submitted(channel, removing(*range(20))))
    assert len(segment.emails) == 110
    polled(channel, submitted(channel, adding(*range(200, 350), mode="replace")))
    assert len(segment.emails) == 150
    assert [act.verb for act in emulator.acts] == [
        "uploaded",
        "confirmed",
        "addition",
        "subtraction",
        "replace",
    ]


def test_nobody_is_taken_out_of_what_is_not_there(channel, emulator):
    assert submitted(channel, removing(1)) == Receipt()
    assert emulator.acts == []


def test_nothing_is_sent_while_a_segment_is_worked_out(channel, emulator):
    receipt = submitted(channel, adding(*range(120)))
    with pytest.raises(RetryableError, match="nothing was sent"):
        submitted(channel, adding(200))
    assert emulator.requests.count("POST segment/{id}/modify_data") == 0
    assert polled(channel, receipt) == Receipt()


def test_too_few_are_a_normal_outcome(channel, emulator):
    assert polled(channel, submitted(channel, adding(1, 2, 3))) == Receipt()
    state = channel.audience("vip")
    assert (state.status, state.ready, state.too_small, state.size) == ("few_data", True, True, 3)
    polled(channel, submitted(channel, adding(*range(150))))
    assert channel.audience("vip").too_small is False


def test_a_segment_that_failed_leaves_its_rows_to_be_sent_again(channel, emulator):
    emulator.fail_processing()
    receipt = submitted(channel, adding(*range(120)))
    assert polled(channel, receipt) == Receipt(rest="planned")
    with pytest.raises(DefinitionError, match=r"processing_failed.*reprocess"):
        submitted(channel, adding(*range(120)))
    (number,) = emulator.segments
    channel.api.reprocess(number)
    emulator.finish_processing()
    polled(channel, submitted(channel, adding(*range(120))))
    assert channel.audience("vip").size == 120


def test_a_deleted_segment_leaves_its_rows_to_be_sent_again(channel, emulator):
    receipt = submitted(channel, adding(*range(120)))
    channel.api.delete(int(channel.audience("vip").external_id))
    assert channel.poll(receipt) == Receipt(rest="planned")


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "truncate"])
def test_an_upload_without_an_answer_is_no_audience_and_is_made_again(channel, emulator, fault):
    emulator.faults.add(fault, route="POST segments/upload_csv_file", times=1)
    with pytest.raises(RetryableError):
        submitted(channel, adding(*range(120)))
    polled(channel, submitted(channel, adding(*range(120))))
    named = [one for one in emulator.segments.values() if one.name == "vip"]
    assert [len(one.emails) for one in named] == [120]


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "error_500"])
def test_a_confirmation_without_an_answer_is_looked_up(channel, emulator, fault):
    emulator.faults.add(fault, route="POST segment/{id}/confirm", times=1)
    polled(channel, submitted(channel, adding(*range(120))))
    (segment,) = emulator.segments.values()
    assert (segment.name, segment.status) == ("vip", "processed")
    assert [act.verb for act in emulator.acts] == ["uploaded", "confirmed"]


@pytest.mark.parametrize("fault", ["drop_after", "truncate", "error_502_html"])
def test_a_change_without_an_answer_is_unknown_and_may_be_sent_again(
    channel, emulator, journal, clock, fault
):
    polled(channel, submitted(channel, adding(*range(120))))
    emulator.faults.add(fault, route="POST segment/{id}/modify_data", times=1)
    with pytest.raises(UnknownOutcomeError):
        submitted(channel, adding(500))
    report = dispatch(adding(500, 501), channel, journal, clock=clock)
    assert dict(report.states) == {"pending": 2}
    clock.sleep(60.0)
    emulator.finish_processing()
    assert dict(settle(channel, journal, clock=clock).states) == {"accepted": 2}
    (segment,) = emulator.segments.values()
    assert len(segment.emails) == 122


def test_a_file_that_is_refused_stops_the_call_instead_of_being_halved(channel, emulator):
    polled(channel, submitted(channel, adding(*range(120))))
    plain = Rows([Payload("1", {"email": "plain@shop.ru"}, group="addition:vip", size=15)])
    with pytest.raises(DefinitionError, match=r"answered 400.*'vip'"):
        channel.submit(plain, idempotency_key="1")
    new = Rows([Payload("1", {"email": "plain@shop.ru"}, group="addition:new", size=15)])
    with pytest.raises(DefinitionError):
        channel.submit(new, idempotency_key="1")
    # What was uploaded for it is taken away again.
    assert [one.name for one in emulator.segments.values()] == ["vip"]


def test_an_audience_may_be_given_by_its_number(channel, emulator):
    polled(channel, submitted(channel, adding(*range(120))))
    (number,) = emulator.segments
    polled(channel, submitted(channel, adding(500, audience=str(number))))
    assert channel.audience(str(number)).size == 121
    with pytest.raises(DefinitionError, match="no segment number 12"):
        submitted(channel, adding(1, audience="12"))


def test_two_segments_of_one_name_are_told_apart_by_a_person(channel, emulator):
    emulator.populate(customers=120, seed=1)
    emulator.populate(customers=120, seed=2)
    with pytest.raises(DefinitionError, match="2 segments named 'Invented people'"):
        channel.audience("Invented people")


def test_the_token_is_refused_without_being_shown(opened, emulator):
    channel = opened(token="emulated-wrong-token")
    with pytest.raises(AuthenticationError) as caught:
        channel.audience("vip")
    assert "emulated-wrong-token" not in str(caught.value)
    assert "emulated-wrong-token" not in repr(channel)
    emulator.revoke()
    with pytest.raises(AuthenticationError):
        opened().audience("vip")


def test_a_client_is_represented_by_login(opened, clock):
    with YandexAudienceEmulator(clock=clock, represented=["acme"]) as emulator:
        channel = opened(
            login="acme", token=emulator.access_token, base_url=emulator.base_url
        )  # fmt: skip
        submitted(channel, adding(*range(120)))
        assert [one.owner for one in emulator.segments.values()] == ["acme"]


def test_no_quota_is_ever_exceeded_and_all_of_it_may_be_used(channel, emulator, clock):
    start = clock.now()
    with file_of(prepared(channel, adding(1))) as file:
        for _ in range(15):
            upload = channel.api.upload_contacts(file)
            channel.api.rename(channel.api.confirm(upload.id, "one").id, "other")
    writes = 45
    assert emulator.requests.refused(429) == 0
    assert emulator.requests.busiest("segment_write", 60.0) <= 10
    assert clock.now() - start <= writes / 10 * 61.0 * 1.1


def test_a_quota_that_others_used_up_is_waited_for(channel, emulator, clock):
    channel.limiter.limits = ()
    with YandexAudienceApi(
        YandexAudienceSettings(token=emulator.access_token, base_url=emulator.base_url),
        clock=clock,
        limiter=channel.limiter,
    ) as api:
        for _ in range(12):
            api.upload_identifiers(lines(lambda: ["1"]))
    assert emulator.requests.refused(429) >= 1
    assert sum(clock.slept) >= 10.0


def test_a_quota_of_the_day_says_how_long_to_wait(channel, emulator, clock):
    channel.limiter.limits = ()
    day = int((clock.now() + 3 * 3_600) // 86_400)
    emulator._quotas._by_day[emulator.login, "client_read", day] = 5_000
    with pytest.raises(RateLimitedError) as caught:
        channel.audience("vip")
    midnight = (day + 1) * 86_400 - 3 * 3_600
    assert caught.value.retry_after == pytest.approx(midnight - clock.now(), abs=5.0)


def test_what_the_service_has_itself_becomes_segments(channel, emulator):
    polled(channel, submitted(channel, adding(*range(1_200))))
    (source,) = emulator.segments
    for kind, segment in (
        creating.lookalike("Alike", source, likeness=2),
        creating.of_metrica("Goal", "goal_id", 17),
        creating.of_appmetrica("App", "api_key", 18),
        creating.of_places("Shop", [(55.75, 37.62)], metres=500),
        creating.of_places("Often", [(55.7, 37.6)], metres=500, kind="condition", times=3, days=30),
        creating.of_areas("Yard", [[(55.7, 37.6), (55.8, 37.6), (55.8, 37.7)]]),
    ):
        assert channel.api.create(kind, segment).name == segment["name"]
    assert len(list(channel.api.segments())) == 7


@pytest.mark.parametrize(
    "ask",
    [
        lambda: creating.lookalike("A", 1, likeness=6),
        lambda: creating.lookalike(" ", 1),
        lambda: creating.of_places("A", [], metres=500),
        lambda: creating.of_places("A", [(137.0, 55.0)], metres=500),
        lambda: creating.of_places("A", [(55.0, 37.0)], metres=500, kind="condition"),
        lambda: creating.of_areas("A", []),
    ],
)
def test_what_cannot_be_a_segment_is_refused_here(ask):
    with pytest.raises(DefinitionError):
        ask()


def test_files_of_client_ids_are_confirmed_with_their_counter(channel, emulator):
    upload = channel.api.upload_identifiers(lines(lambda: map(str, range(10**9, 10**9 + 150))))
    segment = channel.api.confirm_client_ids(upload.id, "Visitors", counter=77)
    assert segment.name == "Visitors"
    with pytest.raises(RejectedError):
        channel.api.confirm_client_ids(999, "Nobody", counter=77)
    assert list(channel.api.segments(pixel=5)) == []


def test_actions_go_through_dispatch_in_batches_without_a_synchronisation(
    channel, emulator, journal, clock
):
    actions = adding(*range(700))
    for _ in range(6):
        report = dispatch(actions, channel, journal, batch_rows=250, clock=clock)
        clock.sleep(60.0)
    assert report.already_done == 700
    (segment,) = emulator.segments.values()
    assert len(segment.emails) == 700


def shop(*numbers):
    return pl.DataFrame(
        {
            "customer_id": numbers,
            "email": [f"{number}@shop.ru" for number in numbers],
            "phone": [f"+7900{number:07d}" for number in numbers],
        }
    )


def test_a_synchronisation_holds_through_faults_of_every_kind(channel, emulator, journal, clock):
    sizes = []
    for kind, wanted in (
        ("drop_after", range(150)),
        ("error_500", range(30, 180)),
        ("truncate", range(10, 160)),
        ("html_200", range(50, 200)),
        ("error_503_html", range(150)),
    ):
        emulator.faults.add(kind, share=0.2, times=3)
        for _ in range(8):
            report = sync(shop(*wanted), channel, "vip", journal, consents=None, clock=clock)
            emulator.finish_processing()
        assert report.is_complete, str(report)
        sizes.append(report.state.size)
        emulator.faults.clear()
    (segment,) = [one for one in emulator.segments.values() if one.name == "vip"]
    assert sizes == [150] * 5
    expected = {channel.prepare(one).body["email"] for one in adding(*range(150))}
    assert set(segment.emails) == expected
    assert emulator.requests.busiest("segment_write", 60.0) <= 10


def test_consent_is_looked_at_under_the_channels_own_name(channel, journal, clock):
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    consents = pl.DataFrame(
        {
            "customer_id": list(range(110)),
            "channel": ["yandex_audience"] * 105 + ["email"] * 5,
            "status": ["granted"] * 110,
            "decided_at": [day] * 110,
            "purpose": ["advertising"] * 110,
        }
    )
    report = sync(
        shop(*range(120)), channel, "vip", journal,
        consents=consents, as_of=day + dt.timedelta(days=1), clock=clock,
    )  # fmt: skip
    assert (report.without_consent, report.added, report.below_minimum) == (15, 105, False)


def test_the_plugin_says_what_the_channel_can(emulator, clock):
    (spec,) = retention_kit_channels()
    assert (spec.name, spec.api_version) == ("yandex_audience", 1)
    settings = spec.settings(token=emulator.access_token, base_url=emulator.base_url)
    assert emulator.access_token not in repr(settings)
    channel = spec.factory(settings, AdapterContext(instance="yandex_audience.msk", clock=clock))
    assert (channel.name, channel.capabilities) == ("yandex_audience.msk", spec.capabilities)
    channel.close()
