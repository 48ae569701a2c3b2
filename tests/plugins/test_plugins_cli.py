import json
import warnings

import pydantic
import pytest
from typer.testing import CliRunner

from retention_kit.cli import app
from retention_kit.delivery import SendMessage, action_to_dict
from retention_kit.delivery.channels import Capabilities, ChannelSpec
from retention_kit.plugins import SourceSpec, hookimpl, temporarily


class Settings(pydantic.BaseModel):
    base_url: str
    stages: list[str] = []
    token: pydantic.SecretStr = pydantic.SecretStr("s3cr3t")


class Plugin:
    @hookimpl
    def retention_kit_sources(self):
        return [
            SourceSpec(
                name="acme_crm",
                summary="orders [x]",
                api_version=1,
                settings=Settings,
                factory=print,
            )
        ]

    @hookimpl
    def retention_kit_channels(self):
        can = Capabilities(actions=frozenset({"send_message"}), identifiers=frozenset({"email"}))
        return [
            ChannelSpec(
                name="acme_crm",
                summary="letters",
                api_version=1,
                settings=Settings,
                capabilities=can,
                factory=print,
            )
        ]


@pytest.fixture
def run(fresh_default):
    def go(*words):
        with warnings.catch_warnings():
            # What fails is listed.
            warnings.simplefilter("ignore")
            with temporarily(Plugin()):
                pass
        with temporarily(Plugin()):
            return CliRunner().invoke(app, ["plugins", *map(str, words)])

    return go


def test_observers_of_plugins_are_told_of_what_the_command_delivers(fresh_default, tmp_path):
    told = []

    class Watching:
        @hookimpl
        def retention_kit_observers(self):
            return [self]

        def delivered(self, event):
            told.append((event["what"], event["channel"], event["states"]))

    message = SendMessage(campaign="hello", customer_id=1, email="ann@example.com", text="Hi")
    actions = tmp_path / "actions.jsonl"
    actions.write_text(json.dumps(action_to_dict(message)))
    env_file = tmp_path / "shop.env"
    env_file.write_text(f"RETENTION_KIT_FILE_FOLDER={tmp_path / 'out'}")
    words = ["deliver", actions, "--channel", "file", "--env-file", env_file]
    with temporarily(Watching()):
        journal = ["--journal", tmp_path / "journal.db"]
        done = CliRunner().invoke(app, [*map(str, [*words, *journal])])
    assert done.exit_code == 0, done.output
    assert told == [("batch", "file", {"accepted": 1}), ("run", "file", {"accepted": 1})]


@pytest.mark.parametrize("words", [(), ("list",)])
def test_plugins_are_listed_with_what_failed(run, install, words):
    install("acme-broken", "1 / 0", name="broken")
    done = run(*words)
    assert done.exit_code == 0, done.output
    assert "orders [x]" in done.output
    assert "Failed: Plugin 'broken' of acme-broken 1.2" in " ".join(done.output.split())


def test_one_is_shown_with_its_variables_and_no_secret(run, monkeypatch):
    monkeypatch.setenv("RETENTION_KIT_ACME_CRM_MSK_TOKEN", "hush")
    done = run("show", "acme_crm", "--instance", "msk")
    assert done.exit_code == 0, done.output
    joined = "".join(done.output.split())
    for said in ("base_url", "required", "SecretStr", "list[str]", "send_message", "email"):
        assert said in joined
    assert "hush" not in done.output
    assert "s3cr3t" not in done.output


def test_one_that_is_not_there_is_answered_with_the_nearest(run):
    done = run("show", "acme_cmr")
    assert done.exit_code == 2
    assert "nearest: acme_crm" in done.output + done.stderr


def test_a_new_one_is_written_where_one_is(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("new", "my_crm")
    assert done.exit_code == 0, done.output
    assert "retention-kit-my-crm" in done.output
    assert (tmp_path / "retention-kit-my-crm/src/retention_kit_my_crm/plugin.py").is_file()
    again = run("new", "my_crm")
    assert again.exit_code == 2
    assert "empty folder" in again.output + again.stderr
