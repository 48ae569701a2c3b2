"""Each check fails on an adapter that is broken in just its way, and on no other."""

import contextlib
import dataclasses
import datetime as dt
import hashlib
import hmac
import importlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import pydantic
import pytest

from retention_kit.delivery import Outcome, Payload, Receipt, SendMessage
from retention_kit.delivery.channels import AdapterContext, ChannelSpec
from retention_kit.errors import (
    AuthenticationError,
    ChannelError,
    DataError,
    DefinitionError,
    RetryableError,
    UnknownOutcomeError,
)
from retention_kit.plugins import lazy_source
from retention_kit.testing import (
    ChannelCase,
    ConformanceError,
    ManualClock,
    MemoryChannel,
    OutsideWorld,
    SourceCase,
    check_channel,
    check_source,
)
from retention_kit.testing.conformance.findings import run_checks
from retention_kit.testing.conformance.of_channels import CHANNEL_CHECKS
from retention_kit.testing.conformance.of_sources import SOURCE_CHECKS
from retention_kit.testing.conformance.of_specs import SPEC_CHECKS

SAMPLE = Path(__file__).parents[1] / "plugins" / "samples" / "teahouse" / "src"
IS_NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
WRONG_KEY = "a-key-that-is-wrong"
HOOK_KEY = b"not a real key of web hooks"
pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def teahouse():
    """The good sample, imported from where it lies."""
    sys.path.insert(0, str(SAMPLE))
    try:
        names = ("plugin", "source", "channel", "till", "settings", "emulator")
        yield {name: importlib.import_module(f"retention_kit_teahouse.{name}") for name in names}
    finally:
        sys.path.remove(str(SAMPLE))
        for name in [name for name in sys.modules if name.startswith("retention_kit_teahouse")]:
            del sys.modules[name]


@pytest.fixture
def till(teahouse):
    with teahouse["emulator"].TeahouseEmulator(clock=ManualClock()) as emulator:
        yield emulator


def message(number, label, text="Your cup is waiting"):
    return SendMessage(
        campaign="conformance",
        customer_id=number,
        step=label,
        phone=f"+7900000{number:04d}",
        text=text,
    )


@pytest.fixture
def good(teahouse, till):
    """The good source and the good channel, as cases."""
    settings = {"base_url": till.url, "till_key": teahouse["emulator"].KEY}
    shared = {
        "settings": settings,
        "wrong_settings": settings | {"till_key": WRONG_KEY},
        "emulator": till,
    }
    (source,) = teahouse["plugin"].retention_kit_sources()
    (channel,) = teahouse["plugin"].retention_kit_channels()
    return {
        "source": SourceCase(
            spec=source,
            rows={"bills": 1000, "guests": 40},
            since={"bills": dt.datetime(2026, 6, 1, tzinfo=dt.UTC)},
            **shared,
        ),
        "channel": ChannelCase(
            spec=channel,
            actions=lambda count, label: [message(one, label) for one in range(1, count + 1)],
            bad_action=lambda: message(4000, "bad", text="forbidden words"),
            happened=till.happened,
            **shared,
        ),
    }


def broken(case, made):
    """Give a case of an adapter in place of the good one."""
    return dataclasses.replace(case, spec=dataclasses.replace(case.spec, factory=made))


def findings(case, *ways):
    """Run the checks that are named; a nightly run takes all, to see that no other one fails."""
    checks = SOURCE_CHECKS if isinstance(case, SourceCase) else CHANNEL_CHECKS
    wanted = [one for one in checks if IS_NIGHTLY or one.name in ways]
    report = run_checks(case, wanted)
    return report, {one.check: one.reason for one in report.failures}


def test_the_good_ones_pass_every_check_that_fits(good):
    source, channel = check_source(good["source"]), check_channel(good["channel"])
    for report in (source, channel):
        assert report.passed, str(report)
        report.raise_for_failures()
    assert {one.result for one in source.findings} == {"passed"}
    left_out = {one.check: one.reason for one in channel.findings if one.result == "left out"}
    assert left_out == {
        "batches_go_side_by_side": "it declares one batch at a time",
        "polling_comes_to_an_end": "it declares that nothing is known later",
        "web_hooks_are_read": "it declares no receive",
        "unsigned_web_hooks_are_refused": "it declares no receive",
        "changed_web_hooks_are_refused": "it declares no receive",
    }


class TestSpecs:
    """What is the same for sources and channels."""

    @pytest.fixture(params=["source", "channel"])
    def case(self, good, request):
        return good[request.param]

    def failed(self, case):
        return findings(case, *(one.name for one in SPEC_CHECKS))[1]

    def test_a_version_that_is_not_there(self, case):
        spec = dataclasses.replace(case.spec, api_version=2)
        failed = self.failed(dataclasses.replace(case, spec=spec))
        assert list(failed) == ["the_spec_is_sound"]
        assert "version 2" in failed["the_spec_is_sound"]

    def test_a_token_in_clear(self, case):
        class Settings(case.spec.settings):
            access_token: str = "nothing"

        spec = dataclasses.replace(case.spec, settings=Settings)
        failed = self.failed(dataclasses.replace(case, spec=spec))
        assert list(failed) == ["secrets_are_secret"]
        assert "access_token" in failed["secrets_are_secret"]

    def test_a_repr_that_shows_the_key(self, case):
        def make(settings, context):
            made = case.spec.factory(settings, context)
            key = settings.till_key.get_secret_value()
            made.__class__ = type("Open", (type(made),), {"__repr__": lambda _: f"Till({key})"})
            return made

        report, failed = findings(broken(case, make), "secrets_are_secret")
        assert failed == {"secrets_are_secret": "the repr of the adapter shows one"}
        assert case.settings["till_key"] not in str(report)

    def test_a_setting_that_no_text_can_give(self, case):
        class Settings(case.spec.settings):
            seconds: float = pydantic.Field(default=1.0, strict=True)

        spec = dataclasses.replace(case.spec, settings=Settings)
        settings = {**case.settings, "seconds": 2.0}
        failed = self.failed(dataclasses.replace(case, spec=spec, settings=settings))
        assert failed == {"settings_come_from_variables": "reading them raised DefinitionError"}

    def test_a_name_of_its_own(self, case):
        def make(settings, context):
            made = case.spec.factory(settings, context)
            made.name = "teahouse"
            return made

        assert list(self.failed(broken(case, make))) == ["it_bears_the_name_it_is_given"]

    def test_closing_only_once(self, case):
        def make(settings, context):
            made = case.spec.factory(settings, context)
            close = made.close

            def once():
                close()
                made.close = stop

            def stop():
                # The kit itself closes what it opened, as a person would at the end.
                made.close = close
                raise RuntimeError("it is closed")

            made.close = once
            return made

        assert self.failed(broken(case, make)) == {
            "closing_again_is_harmless": "close raised RuntimeError"
        }

    def test_one_that_cannot_be_made_fails_all_checks_and_breaks_none(self, case):
        def make(settings, context):
            raise OSError("not-a-real-secret")

        names = [one.name for one in SPEC_CHECKS]
        report, failed = findings(broken(case, make), *names)
        needing_none = {"the_spec_is_sound", "settings_come_from_variables"}
        assert set(names) - set(failed) == needing_none
        assert "not-a-real-secret" not in str(report)
        assert "it raised OSError in make" in str(report)


def source_mutations(good, schemas):
    """Give classes of sources, each broken in the way of the check that it is named by."""

    guests = good.tables["guests"]

    class TablesAreSound(good):
        tables = good.tables | {"guests": dataclasses.replace(guests, name="people")}

    class DeclaredColumnsAreThere(good):
        tables = good.tables | {"guests": dataclasses.replace(guests, cursor="nothing_at")}

    class TablesComeThroughTheDoor(good):
        def _pages(self, table, since, most):
            for page in super()._pages(table, since, most):
                blank = {"at": None} if table == "bills" else {}
                yield page.with_columns(
                    pl.lit(None, page[name].dtype).alias(name) for name in blank
                )

    class UnknownTablesAreTold(good):
        def scan(self, table, *, since=None):
            if table not in self.tables:
                raise KeyError(table)
            return super().scan(table, since=since)

    class NothingIsReadBeforeItIsNeeded(good):
        def scan(self, table, *, since=None):
            scan = super().scan(table, since=since)
            return scan.collect().lazy() if table == "guests" else scan

    class BatchesFitTheSchema(good):
        def _pages(self, table, since, most):
            for page in super()._pages(table, since, most):
                yield pl.concat([page, page]) if table == "guests" and most is None else page

    class EveryRowIsGiven(good):
        def _pages(self, table, since, most):
            for page in super()._pages(table, since, most):
                yield page.filter(pl.col("id") != 40) if table == "guests" else page

    class OnlyWantedColumnsAreGiven(good):
        def scan(self, table, *, since=None):
            scan = super().scan(table, since=since)

            def batches(columns, most):
                for page in self._pages(table, None, most):
                    forget = table == "guests" and columns is not None
                    yield page.with_columns(phone=pl.lit("none")) if forget else page

            return scan if since else lazy_source(schemas[table], batches, name=table)

    class AHeadIsCheap(good):
        def _pages(self, table, since, most):
            yield from list(super()._pages(table, since, None))

    class SinceGivesLaterRows(good):
        def _pages(self, table, since, most):
            since = since and since + dt.timedelta(seconds=1)
            return super()._pages(table, since, most)

    class SeveralMayReadAtOnce(good):
        met = threading.Event()
        inside = 0

        def _pages(self, table, since, most):
            self.inside += 1
            if self.inside > 1:
                self.met.set()
                raise RuntimeError("somebody reads already")
            try:
                self.met.wait(0.3)
                yield from super()._pages(table, since, most)
            finally:
                self.inside -= 1

    class RefusedCredentialsAreTold(good):
        def _pages(self, table, since, most):
            try:
                yield from super()._pages(table, since, most)
            except AuthenticationError:
                raise DataError("Something is wrong.") from None

    class ReadsAreTriedAgain(good):
        def _pages(self, table, since, most):
            self._client._attempts = 1
            return super()._pages(table, since, most)

    class ADeadSystemIsTold(good):
        def _pages(self, table, since, most):
            try:
                yield from super()._pages(table, since, most)
            except RetryableError:
                raise ValueError("no answer") from None

    return locals()


SOURCE_WAYS = [one.name for one in SOURCE_CHECKS[5:]]
CHANNEL_WAYS = [one.name for one in CHANNEL_CHECKS[5:]]


def named(name):
    return "".join(word.capitalize() for word in name.split("_"))


@pytest.mark.parametrize("way", SOURCE_WAYS)
def test_a_source_that_is_broken_in_one_way_fails_one_check(good, teahouse, way):
    module = teahouse["source"]
    made = source_mutations(module.TeahouseSource, module.SCHEMAS)[named(way)]
    # Without a second try, what is asked too soon is an error.
    good["source"].emulator.limits = way != "reads_are_tried_again"
    report, failed = findings(broken(good["source"], made), way)
    assert set(failed) == {way}, str(report)
    assert failed[way]
    with pytest.raises(ConformanceError, match=way):
        report.raise_for_failures()


def channel_mutations(good, till_module, emulator):
    """Give classes of channels, each broken in the way of the check that it is named by."""
    can = good.capabilities

    def with_(**changes):
        return dataclasses.replace(can, **changes)

    class CapabilitiesAgree(good):
        capabilities = with_(audience_modes=frozenset({"add"}))

    class TheLimiterShowsNoSecret(good):
        def __init__(self, settings, context):
            super().__init__(settings, context)
            key = settings.till_key.get_secret_value()
            self.limiter = context.limiter_for(key, till_module.LIMITS)

    class PrepareAsksNobody(good):
        def prepare(self, action):
            with contextlib.suppress(AuthenticationError):
                self._client.read("GET", "/v1/guests")
            return super().prepare(action)

    class EachDeclaredActionIsPrepared(good):
        capabilities = with_(actions=frozenset({"send_message", "create_task"}))

    class NothingThatIsKeptShowsAContact(good):
        def prepare(self, action):
            made = super().prepare(action)
            if isinstance(made, Payload):
                return dataclasses.replace(made, keep={"phone": action.phone})
            return made

    class PeopleWithoutContactsAreRefused(good):
        def prepare(self, action):
            if action.phone is None:
                action = dataclasses.replace(action, phone="+79000000000")
            return super().prepare(action)

    class ForeignActionsAreRefused(good):
        def prepare(self, action):
            if not isinstance(action, SendMessage):
                raise TypeError(type(action).__name__)
            return super().prepare(action)

    class EachActionHappensOnce(good):
        def submit(self, batch, *, idempotency_key):
            return super().submit(list(batch)[:20], idempotency_key=idempotency_key)

    class ABatchSentAgainChangesNothing(good):
        def submit(self, batch, *, idempotency_key):
            emulator.messages.clear()
            return super().submit(batch, idempotency_key=idempotency_key)

    class BatchesGoSideBySide(good):
        capabilities = with_(parallel=3)
        thread = None

        def submit(self, batch, *, idempotency_key):
            self.thread = self.thread or threading.get_ident()
            if self.thread != threading.get_ident():
                raise UnknownOutcomeError("This is another thread's.")
            return super().submit(batch, idempotency_key=idempotency_key)

    class PollingComesToAnEnd(good):
        capabilities = with_(results="later")

        def submit(self, batch, *, idempotency_key):
            receipt = super().submit(batch, idempotency_key=idempotency_key)
            return dataclasses.replace(receipt, rest="pending", token="no JSON")

        def poll(self, receipt):
            return Receipt()

    class ABadRowStandsAlone(good):
        def submit(self, batch, *, idempotency_key):
            super().submit(batch, idempotency_key=idempotency_key)
            return Receipt()

    class LookupTellsWhatHappened(good):
        def lookup(self, rows):
            return {row.id: Outcome(row.id, "planned") for row in rows}

    class RefusedCredentialsStopTheRun(good):
        def submit(self, batch, *, idempotency_key):
            try:
                return super().submit(batch, idempotency_key=idempotency_key)
            except AuthenticationError:
                raise RetryableError("Not now.") from None

    class Receiving(good):
        capabilities = with_(receive=True)

        def receive(self, headers, body):
            if not hmac.compare_digest(headers.get("signature", ""), signature(body)):
                raise AuthenticationError("It is not signed.")
            return [Outcome(one, "opened") for one in json.loads(body)]

    class WebHooksAreRead(Receiving):
        def receive(self, headers, body):
            super().receive(headers, body)
            return []

    class UnsignedWebHooksAreRefused(Receiving):
        def receive(self, headers, body):
            # Whoever signs nothing is believed.
            return super().receive(headers, body) if "signature" in headers else []

    class ChangedWebHooksAreRefused(Receiving):
        def receive(self, headers, body):
            body = body.strip()
            return super().receive(headers, body)

    class Once(good):
        def submit(self, batch, *, idempotency_key):
            body = {"messages": [row.body for row in batch]}
            refused = self._client.write("POST", "/v1/messages", json=body).json()["refused"]
            return Receipt({one: Outcome(one, "rejected", code="words") for one in refused})

    class FaultsNeitherDoubleNorLose(Once):
        def submit(self, batch, *, idempotency_key):
            try:
                return super().submit(batch, idempotency_key=idempotency_key)
            except (UnknownOutcomeError, RetryableError):
                return Receipt()

    class WhatLeftIsNeverCalledUndone(Once):
        def submit(self, batch, *, idempotency_key):
            try:
                return super().submit(batch, idempotency_key=idempotency_key)
            except UnknownOutcomeError:
                raise RetryableError("Once more.") from None

    class ErrorsShowNoSecret(good):
        def submit(self, batch, *, idempotency_key):
            try:
                return super().submit(batch, idempotency_key=idempotency_key)
            except AuthenticationError:
                raise
            except ChannelError as error:
                raise type(error)(f"{error} It was {next(iter(batch)).body}") from None

    class LimitsAreKept(good):
        def __init__(self, settings, context):
            super().__init__(settings, context)
            aside = AdapterContext(
                instance=context.instance, clock=context.clock, limiter=lambda *_, **__: None
            )
            self._client.close()
            self._client, _ = till_module.open_till(settings, aside)

    return locals()


def signature(body):
    return hmac.new(HOOK_KEY, body, hashlib.sha256).hexdigest()


def incoming(actions):
    body = json.dumps([one.id for one in actions]).encode()
    return {"signature": signature(body)}, body


@pytest.mark.parametrize("way", CHANNEL_WAYS)
def test_a_channel_that_is_broken_in_one_way_fails_one_check(good, teahouse, till, way):
    channel = teahouse["channel"].TeahouseChannel
    made = channel_mutations(channel, teahouse["till"], till)[named(way)]
    case = dataclasses.replace(broken(good["channel"], made), incoming=incoming)
    report, failed = findings(case, way)
    assert way in failed, str(report)
    assert failed[way]
    # Another thread's connection is in the way of every run of several batches.
    assert set(failed) == {way} or way == "batches_go_side_by_side", str(report)


def test_a_channel_that_calls_done_what_never_came_through_fails(good, teahouse):
    class Silent(teahouse["channel"].TeahouseChannel):
        def submit(self, batch, *, idempotency_key):
            # Two faults the client gets over by itself; those that last are swallowed.
            try:
                return super().submit(batch, idempotency_key=idempotency_key)
            except AuthenticationError:
                raise
            except Exception:
                return Receipt()

    way = "faults_neither_double_nor_lose"
    report, failed = findings(broken(good["channel"], Silent), way)
    assert failed.get(way) == (
        "while 'drop_before' lasted, submit called 12 of 12 rows done that had not happened"
    ), str(report)


def test_a_token_that_shows_an_identifier_fails(good, teahouse):
    class Later(teahouse["channel"].TeahouseChannel):
        capabilities = dataclasses.replace(
            teahouse["channel"].TeahouseChannel.capabilities, results="later"
        )

        def submit(self, batch, *, idempotency_key):
            receipt = super().submit(batch, idempotency_key=idempotency_key)
            return dataclasses.replace(receipt, rest="pending", token='["guest-of-1905"]')

        def poll(self, receipt):
            return Receipt()

    def actions(count, label):
        return [
            dataclasses.replace(message(one, label), identifiers={"guest": "guest-of-1905"})
            for one in range(1, count + 1)
        ]

    case = dataclasses.replace(broken(good["channel"], Later), actions=actions)
    _, failed = findings(case, "polling_comes_to_an_end")
    assert failed["polling_comes_to_an_end"] == "the receipt's token shows one"


def test_a_channel_that_takes_web_hooks_passes(good, teahouse, till):
    channel = teahouse["channel"].TeahouseChannel
    made = channel_mutations(channel, teahouse["till"], till)["Receiving"]
    case = dataclasses.replace(broken(good["channel"], made), incoming=incoming)
    hooks = [one.name for one in CHANNEL_CHECKS if "_hooks_are_" in one.name]
    report, failed = findings(case, *hooks)
    assert not failed, str(report)
    assert set(hooks) <= {one.check for one in report.findings if one.result == "passed"}


def memory_case(world, **options):
    def make(settings, context):
        return MemoryChannel(context.instance, world=world, **options)

    class Nothing(pydantic.BaseModel):
        """No settings."""

    capabilities = MemoryChannel(**options).capabilities
    return ChannelCase(
        spec=ChannelSpec(
            name="memory",
            summary="In memory",
            api_version=1,
            settings=Nothing,
            capabilities=capabilities,
            factory=make,
        ),
        settings={},
        actions=lambda count, label: [message(one, label) for one in range(count)],
        happened=lambda: world.counts,
    )


def test_a_channel_without_a_server_is_checked_in_memory():
    can = dataclasses.replace(
        MemoryChannel().capabilities,
        idempotent="batch",
        lookup=True,
        parallel=4,
        results="later",
        audience_modes=frozenset({"add", "remove"}),
    )
    report = check_channel(memory_case(OutsideWorld(), capabilities=can))
    assert report.passed, str(report)
    passed = {one.check for one in report.findings if one.result == "passed"}
    assert {"batches_go_side_by_side", "polling_comes_to_an_end"} <= passed


class TestExpectedFailures:
    """They are strict: what is listed must fail, and must exist."""

    def report(self, **expected):
        case = memory_case(OutsideWorld())
        return check_channel(case, expected_failures=expected)

    def test_one_that_fails_is_no_failure(self):
        report = self.report(capabilities_agree="audiences come later")
        assert report.passed
        text = "expected  capabilities_agree: should declare what it has, and have what it declares"
        assert text in str(report)
        assert "audiences come later" in str(report)
        assert str(report).startswith("memory: ")

    def test_one_that_passes_is_one(self):
        report = self.report(capabilities_agree="so", the_spec_is_sound="it was not")
        (failure,) = report.failures
        assert failure.check == "the_spec_is_sound"
        assert failure.reason == "it passed, though it is listed as expected to fail"

    def test_one_that_is_left_out_is_one(self):
        report = self.report(capabilities_agree="so", limits_are_kept="no time")
        (failure,) = report.failures
        assert failure.check == "limits_are_kept"
        assert "was left out" in failure.reason

    def test_one_that_does_not_exist_is_an_error_that_names_the_nearest(self):
        with pytest.raises(DefinitionError, match="nearest: the_spec_is_sound"):
            self.report(the_spec_is_sounds="so")


AUTHORS_TESTS = """
import pydantic
import pytest
from retention_kit.delivery import ChannelSpec
from retention_kit.testing import ChannelCase, ChannelConformance, MemoryChannel, OutsideWorld

class Settings(pydantic.BaseModel):
    pass

class Strange(MemoryChannel):
    name = "strange"

class TestIt(ChannelConformance):
    expected_failures = {"capabilities_agree": "audiences come later"}

    @pytest.fixture
    def channel_case(self, manual_clock, bitrix24_emulator):
        assert bitrix24_emulator.clock is manual_clock
        world = OutsideWorld()
        spec = ChannelSpec(
            name="memory", summary="In memory", api_version=1, settings=Settings,
            capabilities=MemoryChannel().capabilities,
            factory=lambda settings, context: Strange(world=world),
        )
        return ChannelCase(
            spec=spec, settings={}, actions=lambda count, label: [], happened=dict,
            clock=manual_clock,
        )

def test_a_journal_is_there(journal):
    assert journal.counts() == {}
"""


def test_authors_opt_in_to_fixtures_and_inherit_the_checks(tmp_path):
    (tmp_path / "test_strange.py").write_text(AUTHORS_TESTS)
    wanted = "name_it_is_given or capabilities_agree or limits_are_kept or spec_is_sound or journal"
    command = [sys.executable, "-m", "pytest", "-rA", "-k", wanted, "-p", "no:cacheprovider"]
    plugin = ["-p", "retention_kit.testing.pytest_plugin", str(tmp_path)]
    done = subprocess.run(
        [*command, *plugin], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    said = done.stdout
    for what in ("1 failed", "2 passed", "1 skipped", "1 xfailed"):
        assert what in said, said + done.stderr
    assert "the instance 'memory.second' is named 'strange'" in said
    assert "audiences come later" in said
    assert "the case has no emulator" in said
