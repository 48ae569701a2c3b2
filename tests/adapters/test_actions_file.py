"""Actions in files: whole or not at all, once for each batch, for their owner alone."""

import csv
import datetime as dt
import json
import os
import stat
import subprocess
import sys
import time
from decimal import Decimal

import polars as pl
import pytest

from retention_kit.adapters import durable_files
from retention_kit.adapters.actions_file.channel import ActionsFileChannel
from retention_kit.adapters.actions_file.plugin import retention_kit_channels
from retention_kit.adapters.actions_file.settings import ActionsFileSettings
from retention_kit.delivery.actions import ACTIONS, CreateDeal, CreateTask, PluginAction
from retention_kit.delivery.channels import AdapterContext, Channel
from retention_kit.delivery.written_actions import action_from_dict
from retention_kit.errors import RetryableError, UnknownOutcomeError

DEAL = CreateDeal(
    campaign="win back",
    customer_id=7,
    title='Quotes " and, commas\nand lines',
    amount=Decimal("1500.50"),
    email="a@b.example",
    phone="+79995551111",
    identifiers={"crm": "5"},
)
TASK = CreateTask(
    campaign="win back",
    customer_id="c-1",
    title="Позвонить",
    due_at=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
)


DYING = """
import os, sys
from pathlib import Path
from retention_kit.adapters.durable_files import write_whole

Path.replace = lambda *_: os._exit(9)
write_whole(Path(sys.argv[1]) / "b-1.jsonl", [b"half"])
"""


class Rows(list):
    group = ""


@pytest.fixture
def make(tmp_path):
    def make(form="jsonl", **settings):
        given = ActionsFileSettings(folder=tmp_path / "out", format=form, **settings)
        return ActionsFileChannel(given, AdapterContext(instance="file"))

    return make


def rows(channel, *actions):
    return Rows(channel.prepare(action) for action in actions)


def read(path):
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            flat = list(csv.DictReader(file))
    else:
        flat = pl.read_parquet(path).to_dicts()
    return [
        {name: one[name] for name in one if one[name] and name not in ("fields", "identifiers")}
        | json.loads(one["fields"] or "{}")
        | ({"identifiers": json.loads(one["identifiers"])} if one["identifiers"] else {})
        for one in flat
    ]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_every_format_holds_every_action_whole(make, tmp_path, form):
    channel = make(form)
    receipt = channel.submit(rows(channel, DEAL, TASK), idempotency_key="b-1")
    assert receipt.rest == "accepted"
    (path,) = (tmp_path / "out").iterdir()
    assert path.name == f"b-1.{form}"
    deal, task = read(path)
    assert (deal.pop("id"), task.pop("id")) == (DEAL.id, TASK.id)
    deal["customer_id"] = int(deal["customer_id"])
    assert action_from_dict(deal) == DEAL
    assert action_from_dict(task) == TASK


def test_a_batch_that_is_submitted_again_is_written_once(make, tmp_path):
    channel = make()
    channel.submit(rows(channel, DEAL), idempotency_key="b-1")
    (path,) = (tmp_path / "out").iterdir()
    before = path.stat().st_ino
    channel.submit(rows(channel, DEAL), idempotency_key="b-1")
    channel.submit(rows(channel, TASK), idempotency_key="b-2")
    assert path.stat().st_ino == before
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == ["b-1.jsonl", "b-2.jsonl"]


def test_files_are_their_owners_alone(make, tmp_path):
    channel = make()
    channel.submit(rows(channel, DEAL), idempotency_key="b-1")
    (path,) = (tmp_path / "out").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_key_that_is_no_file_name_leads_nowhere_else(make, tmp_path):
    channel = make()
    for key in ("../escape", "a/b", "", ".", "x" * 500, "ключ"):
        channel.submit(rows(channel, DEAL), idempotency_key=key)
    assert [one.name for one in tmp_path.iterdir()] == ["out"]
    assert len(list((tmp_path / "out").iterdir())) == 6


def test_what_breaks_while_it_is_written_leaves_nothing(make, tmp_path, monkeypatch):
    channel = make()

    def full(handle):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(durable_files.os, "fsync", full)
        with pytest.raises(RetryableError, match="No space left"):
            channel.submit(rows(channel, DEAL), idempotency_key="b-1")
    assert list((tmp_path / "out").iterdir()) == []
    channel.submit(rows(channel, DEAL), idempotency_key="b-1")
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_file_that_may_not_be_on_the_disk_is_unknown_until_it_is(make, tmp_path, monkeypatch):
    channel = make()

    def broken(folder):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(durable_files, "force_folder", broken)
        with pytest.raises(UnknownOutcomeError, match="Input/output"):
            channel.submit(rows(channel, DEAL), idempotency_key="b-1")
    assert channel.submit(rows(channel, DEAL), idempotency_key="b-1").rest == "accepted"
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "taken").write_text("")
    settings = ActionsFileSettings(folder=tmp_path / "taken" / "out")
    channel = ActionsFileChannel(settings, AdapterContext(instance="file"))
    with pytest.raises(RetryableError, match="nothing was written"):
        channel.submit(rows(channel, DEAL), idempotency_key="b-1")


def test_a_process_killed_while_writing_leaves_no_file_of_that_name(make, tmp_path):
    command = [sys.executable, "-c", DYING, str(tmp_path / "out")]
    assert subprocess.run(command, check=False).returncode == 9
    channel = make()
    left = [one.name for one in (tmp_path / "out").iterdir()]
    assert [one for one in left if not one.startswith(".")] == []
    channel.submit(rows(channel, DEAL), idempotency_key="b-1")
    assert len(read(tmp_path / "out" / "b-1.jsonl")) == 1


def test_what_killed_processes_left_half_written_is_removed_and_nothing_else(make, tmp_path):
    folder = tmp_path / "out"
    command = [sys.executable, "-c", DYING, str(folder)]
    for _ in range(2):
        assert subprocess.run(command, check=False).returncode == 9
    assert len(list(folder.iterdir())) == 2
    now = time.time()
    ours, parent = os.getpid(), os.getppid()
    ages = {
        f".b-3.jsonl.{ours}.1": 0,
        f".b-4.jsonl.{ours}.1": 90_000,
        f".b-5.jsonl.{parent}.1": 60,
        f".b-6.jsonl.{parent}.1": 90_000,
        ".mine.jsonl": 90_000,
        f".b-7.csv.{ours}.1": 90_000,
    }
    for name, age in ages.items():
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (now - age, now - age))
    channel = make()
    channel.submit(rows(channel, DEAL), idempotency_key="b-2")
    left = {one.name for one in folder.iterdir()}
    stay = {f".b-3.jsonl.{ours}.1", f".b-5.jsonl.{parent}.1", ".mine.jsonl"}
    assert left == stay | {f".b-7.csv.{ours}.1", "b-2.jsonl"}


def test_all_actions_and_those_of_named_plugins_are_carried(make):
    channel = make(plugin_actions=["acme.gift"], batch_rows=5)
    capabilities = channel.capabilities
    assert capabilities.actions == frozenset(ACTIONS) | {"acme.gift"}
    assert (capabilities.idempotent, capabilities.max_rows) == ("batch", 5)
    assert isinstance(channel, Channel)
    assert (channel.name, channel.limiter, channel.close()) == ("file", None, None)
    (spec,) = retention_kit_channels()
    assert (spec.name, spec.api_version) == ("file", 1)
    gift = PluginAction(campaign="c", customer_id=1, name="acme.gift", data={"x": {1, 2}})
    assert channel.prepare(gift).code == "not_json"
    receipt = channel.submit(rows(channel, DEAL), idempotency_key="b")
    assert channel.poll(receipt) is receipt
