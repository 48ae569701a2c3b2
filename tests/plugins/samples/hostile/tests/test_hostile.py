"""What becomes of everybody else when hostile plugins are installed beside them."""

import warnings

import pytest
from retention_kit_hostile import lies

from retention_kit.errors import PluginError
from retention_kit.plugins import Registry, open_source, registry
from retention_kit.testing import ChannelCase, SourceCase, check_channel, check_source


@pytest.fixture
def found():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return registry()


def test_good_plugins_are_all_there(found):
    assert {"amocrm", "files", "sql", "teahouse"} <= set(found.sources)
    assert {"bitrix24", "amocrm", "yandex_audience", "webhook", "teahouse"} <= set(found.channels)
    assert "teahouse.born_on_even_day" in found.conditions
    assert "teahouse.per_bill" in found.earning_rules


def test_each_failure_is_listed_with_its_distribution_and_shows_no_secret(found):
    hostile = [
        one for one in found.failures if one.distribution.startswith("retention-kit-hostile ")
    ]
    entries = {one.entry_point for one in hostile}
    assert entries == {
        "explodes_on_import",
        "is_from_the_future",
        "is_not_there",
        "lies",
        "misbehaves",
        "misspells",
    }
    assert not [one for one in found.failures if one not in hostile]
    assert "not-a-real-secret" not in "".join(map(str, found.failures))


def test_what_came_before_a_hook_broke_is_not_used(found):
    assert "half" not in found.sources
    said = [str(one) for one in found.failures if one.entry_point == "misbehaves"]
    assert any("retention_kit_sources: it raised a KeyError" in one for one in said)
    assert any("retention_kit_conditions: it raised a SystemExit" in one for one in said)


def test_a_plugin_of_another_version_says_which(found):
    (failure,) = [one for one in found.failures if one.entry_point == "is_from_the_future"]
    assert "version 99 of the interface, and this library speaks version 1" in str(failure)


def test_a_name_of_two_is_an_error_that_names_both_when_it_is_used(found):
    with pytest.raises(PluginError, match="retention-kit-hostile") as told:
        open_source("bitrix24", registry=found, webhook_url="https://x.example/rest/1/secret01/")
    assert "of retention-kit 0." in str(told.value)
    assert "secret01" not in str(told.value)
    assert "bitrix24" in found.sources.contested
    assert "bitrix24" in found.channels


def test_a_secret_in_clear_keeps_an_adapter_out(found):
    assert "lying" not in found.sources
    assert "lying" not in found.channels


def test_a_distribution_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("RETENTION_KIT_PLUGINS_DISABLED", "retention-kit-hostile")
    found = Registry.load()
    assert not found.failures
    assert found.sources["bitrix24"].spec.name == "bitrix24"


def test_the_checks_fail_on_a_source_that_lies_and_say_how():
    report = check_source(SourceCase(spec=lies.SOURCE, settings={}))
    failed = {one.check for one in report.failures}
    assert {
        "secrets_are_secret",
        "declared_columns_are_there",
        "batches_fit_the_schema",
        "tables_come_through_the_door",
        "unknown_tables_are_told",
    } == failed
    assert "not-a-real-secret" not in str(report)
    print(report)


def test_the_checks_fail_on_a_channel_that_lies_and_say_how():
    case = ChannelCase(
        spec=lies.CHANNEL, settings={}, actions=lies.actions, happened=lambda: lies.OUTSIDE
    )
    report = check_channel(case)
    failed = {one.check for one in report.failures}
    assert {
        "secrets_are_secret",
        "capabilities_agree",
        "prepare_asks_nobody",
        "people_without_contacts_are_refused",
        "a_batch_sent_again_changes_nothing",
        "each_action_happens_once",
        "lookup_tells_what_happened",
    } == failed
    assert "not-a-real-secret" not in str(report)
    print(report)
