"""The clocks for tests: one moved by hand, one that runs faster."""

import threading

import pytest

from retention_kit.delivery.clocks import Clock
from retention_kit.errors import DefinitionError
from retention_kit.testing.clocks import ManualClock, ScaledClock


@pytest.mark.parametrize("clock", [ManualClock(), ScaledClock(2)])
def test_both_are_clocks(clock):
    assert isinstance(clock, Clock)


def test_a_manual_clock_stands_still_until_somebody_sleeps_or_moves_it():
    clock = ManualClock(10)
    assert clock.now() == clock.now() == 10
    clock.sleep(1.5)
    clock.advance(3)
    assert clock.now() == 14.5
    assert clock.slept == [1.5]


def test_sleeping_less_than_nothing_moves_no_clock_back():
    clock = ManualClock(10)
    clock.sleep(-5)
    assert clock.now() == 10
    scaled = ScaledClock(1_000, now=10)
    scaled.sleep(-5)
    assert scaled.now() >= 10


def test_a_clock_cannot_be_moved_back():
    with pytest.raises(DefinitionError, match="'seconds' is -1"):
        ManualClock().advance(-1)


def test_threads_that_sleep_at_the_same_time_move_a_manual_clock_by_the_sum():
    clock = ManualClock(0)
    threads = [
        threading.Thread(target=lambda: [clock.sleep(1) for _ in range(200)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now() == 1_600
    assert len(clock.slept) == 1_600


def test_a_sleep_on_a_scaled_clock_lasts_at_least_as_long_as_was_asked():
    clock = ScaledClock(10_000, now=0)
    before = clock.now()
    clock.sleep(20)
    assert clock.now() >= before + 20


def test_a_scaled_clock_starts_where_it_is_told():
    assert ScaledClock(1, now=1_000_000).now() == pytest.approx(1_000_000, abs=60)


@pytest.mark.parametrize("factor", [0, -1, float("nan")])
def test_a_clock_that_does_not_run_forward_is_refused(factor):
    with pytest.raises(DefinitionError, match="'factor'"):
        ScaledClock(factor)
