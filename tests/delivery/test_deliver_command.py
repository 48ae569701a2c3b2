"""The command that carries a file of actions to a channel."""

import json
import re

import pytest
from typer.testing import CliRunner

from retention_kit.cli import app
from retention_kit.delivery import PluginAction, SendMessage, action_to_dict

RUNNER = CliRunner()


@pytest.fixture
def deliver(tmp_path, monkeypatch):
    monkeypatch.setenv("RETENTION_KIT_FILE_FOLDER", str(tmp_path / "out"))

    def run(*more, lines=None, name="actions.jsonl"):
        path = tmp_path / name
        if lines is not None:
            path.write_text("\n".join(lines) + "\n")
        journal = f"sqlite:///{tmp_path / 'journal.db'}"
        given = ["deliver", str(path), "--channel", "file", "--journal", journal, *more]
        return RUNNER.invoke(app, given)

    return run


def messages(count):
    return [
        json.dumps(
            action_to_dict(
                SendMessage(campaign="hello", customer_id=n, email=f"c{n}@example.com", text="Hi")
            )
        )
        for n in range(count)
    ]


def test_actions_of_a_file_are_carried_once_however_often_it_runs(deliver, tmp_path):
    first = deliver("--json", lines=messages(3))
    assert first.exit_code == 0, first.output
    assert json.loads(first.stdout)["states"] == {"accepted": 3}
    again = deliver("--json")
    assert json.loads(again.stdout)["already_done"] == 3
    assert len(list((tmp_path / "out").rglob("*.jsonl"))) == 1


def test_a_dry_run_sends_nothing(deliver, tmp_path):
    told = deliver("--dry-run", "--json", lines=messages(2))
    assert json.loads(told.stdout) == {"send": 2}
    assert not list((tmp_path / "out").rglob("*.jsonl"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "Line 2 of .* is no JSON"),
        ("[1]", "Line 2 of .* is a list, not an action"),
        ('{"kind": "send_mesage", "campaign": "x", "customer_id": 1}', "nearest: send_message"),
    ],
)
def test_a_line_that_is_no_action_is_told_by_its_number(deliver, line, said):
    told = deliver(lines=["", line, *messages(1)])
    assert told.exit_code == 2
    assert re.search(said, told.stderr)


def test_a_channel_that_is_not_there_is_told(deliver, tmp_path):
    (tmp_path / "actions.jsonl").write_text("")
    told = RUNNER.invoke(app, ["deliver", str(tmp_path / "actions.jsonl"), "--channel", "filez"])
    assert told.exit_code == 2
    assert "file" in told.stderr


def test_what_was_rejected_is_told_with_its_reason_and_fails(deliver):
    pokes = [
        json.dumps(
            action_to_dict(PluginAction(campaign="hello", customer_id=n, name="acme.poke", data={}))
        )
        for n in range(7)
    ]
    tried = deliver("--dry-run", lines=pokes)
    assert tried.exit_code == 1
    assert tried.stdout == "file, dry run: 7 actions: 7 rejected (unsupported_action).\n"
    assert "(acme.poke): unsupported_action: The channel carries" in tried.stderr
    assert "and 2 more" in tried.stderr
    done = deliver(lines=pokes[:1])
    assert done.exit_code == 1
    assert done.stdout == "file: 1 action: 1 rejected (unsupported_action).\n"


def test_a_file_that_is_not_there_is_a_wrong_call(deliver):
    told = deliver(name="nowhere.jsonl")
    assert told.exit_code == 2
    assert "there is no file" in told.stderr
