"""A dispatching process is killed again and again, and everything happens once."""

import os

import pytest

from retention_kit.errors import DefinitionError, RetentionKitError
from retention_kit.testing import CrashSummary, crash_test
from retention_kit.testing.crashes.killing import counted, python, run_and_kill
from retention_kit.testing.crashes.scenarios import SCENARIOS

IS_NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"


@pytest.mark.once
def test_nothing_is_doubled_and_nothing_lost_when_the_process_is_killed():
    summary = crash_test(
        "bitrix24", actions=120, kills=3, limits=False, shortest=0.6, longest=1.4, seed=1
    )
    assert summary.is_sound, str(summary)
    assert summary.once == 120
    assert summary.unknown == 0


@pytest.mark.skipif(not IS_NIGHTLY, reason="takes minutes")
@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_doubled_and_nothing_lost_in_two_hundred_kills(name):
    summary = crash_test(name, actions=5_000, kills=200, limits=False)
    assert summary.is_sound, str(summary)
    assert summary.once + summary.unknown == 5_000


def test_a_double_a_loss_and_an_exceeded_limit_are_no_sound_end():
    found = counted(["a", "b", "c", "d"], {"a": 1, "b": 2}, ["c"])
    assert found == {"once": 1, "doubled": 1, "unknown": 1, "missing": 1}
    sound = {"name": "x", "kills": 1, "runs": 2, "actions": 4, "once": 4}
    none = {"doubled": 0, "missing": 0, "unknown": 0}
    assert CrashSummary(**sound, **none, limits={"portal": (7, 7)}).is_sound
    assert CrashSummary(**sound, **{**none, "unknown": 1}).is_sound
    assert not CrashSummary(**sound, **{**none, "doubled": 1}).is_sound
    assert not CrashSummary(**sound, **{**none, "missing": 1}).is_sound
    over = CrashSummary(**sound, **none, limits={"portal": (8, 7)}, faults={"truncate": 2})
    assert not over.is_sound
    assert "limit portal: at most 8 of 7" in str(over)
    assert "truncate 2" in str(over)


def test_a_process_that_fails_is_told_of():
    with pytest.raises(RetentionKitError, match="ended with 3"):
        run_and_kill(python("-c", "raise SystemExit(3)"), kills=0)


def test_a_process_is_killed_as_often_as_was_asked_and_then_let_be():
    # It would sleep for ever, but the last run finds that nothing is left to do.
    runs = []

    def command():
        runs.append(1)
        return len(runs) > 2

    waits = python("-c", "import sys, time; time.sleep(0.05)")
    killed, started = run_and_kill(waits, kills=1, shortest=0.0, longest=0.0, is_done=command)
    assert (killed, started) == (1, 2)


def test_an_emulator_that_is_not_there_is_named():
    with pytest.raises(DefinitionError, match="bitrix24, amocrm, yandex_audience"):
        crash_test("bitrix25")
