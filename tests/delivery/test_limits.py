"""Limits: never more than is allowed, hardly less, and no harm by a clock that was set back."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.delivery.limits import LeakyBucket, Limiter, MemoryLimitLedger, Window
from retention_kit.errors import DataError, DefinitionError, RateLimitedError, RetryableError
from retention_kit.testing.clocks import ManualClock

LEDGER_NEVER_PATIENT = 1e9


class MovableClock(ManualClock):
    """A clock that can be set back."""

    def set_back(self, seconds):
        self._now -= seconds


def taken_at(limits, pauses, *, costs=None):
    """Acquire after each pause, and give when it was allowed and how many."""
    clock = ManualClock()
    limiter = Limiter("acme", limits, clock=clock, patience=LEDGER_NEVER_PATIENT)
    taken = []
    for pause, cost in zip(pauses, costs or [1] * len(pauses), strict=True):
        clock.advance(pause)
        limiter.acquire(cost=cost)
        taken.append((clock.now(), cost))
    return taken


@given(
    count=st.sampled_from([1, 2, 7, 128, 129, 500]),
    seconds=st.sampled_from([0.5, 1.0, 60.0, 86_400.0]),
    shares=st.lists(st.floats(0.0, 0.6), min_size=1, max_size=60),
    cost=st.integers(1, 60),
)
def test_no_window_of_that_length_ever_holds_more_than_the_count(count, seconds, shares, cost):
    cost = min(cost, count)
    taken = taken_at(
        [Window(count, seconds)], [one * seconds for one in shares], costs=[cost] * len(shares)
    )
    for number, (start, _) in enumerate(taken):
        # Instants of this size are told apart to a quarter of a microsecond.
        inside = [one for at, one in taken[number:] if at < start + seconds - 1e-6]
        assert sum(inside) <= count


@given(
    size=st.integers(1, 60),
    drain=st.sampled_from([0.5, 2.0, 5.0]),
    pauses=st.lists(st.floats(0, 3), min_size=1, max_size=80),
)
def test_a_bucket_never_overflows(size, drain, pauses):
    level, before = 0.0, None
    for at, cost in taken_at([LeakyBucket(size, drain)], pauses):
        if before is not None:
            level = max(0.0, level - (at - before) * drain)
        level, before = level + cost, at
        assert level <= size + 1e-4


@pytest.mark.parametrize(
    ("limit", "rate"),
    [
        (Window(7, 1.0), 7.0),
        (Window(128, 60.0), 128 / 60),
        (Window(1_000, 3_600.0), 1_000 / 3_600),
        (LeakyBucket(50, 2.0), 2.0),
    ],
)
def test_at_least_nine_tenths_of_what_is_allowed_get_through(limit, rate):
    requests = 2_500
    taken = taken_at([limit], [0.0] * requests)
    seconds = taken[-1][0] - taken[0][0]
    assert requests / seconds >= 0.9 * rate


def test_all_limits_of_the_group_hold_together_and_others_do_not():
    clock = ManualClock()
    limits = [Window(2, 1.0), Window(3, 60.0), Window(1, 60.0, group="writes")]
    limiter = Limiter("acme", limits, clock=clock)
    start = clock.now()
    for _ in range(4):
        limiter.acquire()
    limiter.acquire("writes")
    limiter.acquire("anything else")
    assert clock.now() - start == pytest.approx(60.0, abs=0.01)


def test_more_waiting_than_the_patience_is_an_error_that_says_how_long():
    clock = ManualClock()
    limiter = Limiter("acme", [Window(1, 86_400.0)], clock=clock, patience=60)
    limiter.acquire()
    with pytest.raises(RateLimitedError, match="86,400 s") as caught:
        limiter.acquire()
    assert caught.value.retry_after == pytest.approx(86_400, abs=1)
    assert clock.slept == []


def test_what_the_outside_system_asks_for_holds_all_its_requests():
    clock = ManualClock()
    ledger = MemoryLimitLedger()
    limiters = [Limiter("acme", [Window(5, 1)], clock=clock, ledger=ledger) for _ in range(2)]
    limiters[0].hold(30)
    limiters[0].hold(10)
    limiters[1].acquire()
    assert clock.slept == [pytest.approx(30)]


@pytest.mark.parametrize("limit", [Window(3, 10.0), Window(300, 10.0), LeakyBucket(3, 1.0)])
def test_a_clock_that_was_set_back_by_a_day_costs_one_window_at_most(limit):
    clock = MovableClock()
    limiter = Limiter("acme", [limit], clock=clock)
    limiter.acquire(cost=3)
    clock.set_back(86_400)
    limiter.acquire(cost=3)
    limiter.acquire(cost=3)
    assert sum(clock.slept) <= 2 * 10.5


def test_a_hold_ends_in_its_time_though_the_clock_was_set_back():
    clock = MovableClock()
    limiter = Limiter("acme", [], clock=clock)
    limiter.hold(20)
    clock.set_back(86_400)
    limiter.acquire()
    assert sum(clock.slept) == pytest.approx(20)


def test_a_hold_lasts_a_day_at_most_and_a_finite_time():
    clock = ManualClock()
    limiter = Limiter("acme", [], clock=clock, patience=LEDGER_NEVER_PATIENT)
    limiter.hold(1e12)
    limiter.acquire()
    assert sum(clock.slept) == pytest.approx(86_400)
    for seconds in (float("inf"), float("nan")):
        with pytest.raises(DefinitionError, match="a finite number"):
            limiter.hold(seconds)
    limiter.acquire()
    assert sum(clock.slept) == pytest.approx(86_400)


def test_who_only_waits_takes_nothing():
    clock = ManualClock()
    limiter = Limiter("acme", [Window(2, 10), Window(1, 99, group="writes")], clock=clock)
    for _ in range(9):
        limiter.wait()
    limiter.acquire(cost=2)
    assert clock.slept == []
    limiter.wait()
    assert clock.slept == [pytest.approx(10, abs=0.01)]
    limiter.acquire(cost=2)
    assert len(clock.slept) == 1
    impatient = Limiter("acme", [Window(1, 86_400.0)], clock=clock, patience=60)
    impatient.acquire()
    with pytest.raises(RateLimitedError, match="86,400 s"):
        impatient.wait()


def test_counts_that_cannot_be_written_mean_that_nothing_was_sent():
    class Away:
        @contextlib.contextmanager
        def changing(self, account):
            raise DataError("The journal has no room.")
            yield

    limiter = Limiter("acme", [Window(2, 10)], clock=ManualClock(), ledger=Away())
    for ask in (limiter.acquire, limiter.wait, lambda: limiter.hold(5)):
        with pytest.raises(RetryableError, match="cannot be counted: The journal has no room"):
            ask()


@pytest.mark.parametrize(
    ("limit", "allowed"), [(Window(7, 1.0), 14), (Window(500, 1.0), 1_000), (LeakyBucket(7, 7), 18)]
)
@pytest.mark.parametrize("ahead", [0.3, 20.0])
def test_two_machines_whose_clocks_differ_a_little_do_not_forget_what_was_counted(
    limit, allowed, ahead
):
    ledger, times = MemoryLimitLedger(), [ManualClock(), ManualClock()]
    times[1].advance(ahead)
    both = [Limiter("acme", [limit], clock=one, ledger=ledger, patience=0) for one in times]
    through = 0
    # Half a second of true time, each asking in turn; what each clock by itself would allow is the
    # most, and what leaves a bucket meanwhile.
    for _ in range(100):
        for one in both:
            for _ in range(20):
                with contextlib.suppress(RateLimitedError):
                    one.acquire()
                    through += 1
        for clock in times:
            clock.advance(0.005)
    assert through <= allowed


def test_counts_move_to_another_ledger():
    clock = ManualClock()
    ledger = MemoryLimitLedger()
    Limiter("acme", [Window(1, 10)], clock=clock, ledger=ledger).acquire()
    limiter = Limiter("acme", [Window(1, 10)], clock=clock)
    limiter.keep_in(ledger)
    limiter.acquire()
    assert clock.slept == [pytest.approx(10, abs=0.01)]


def test_a_cost_that_can_never_be_paid_is_refused():
    limiter = Limiter("acme", [Window(2, 1), LeakyBucket(9, 1, group="bucket")])
    with pytest.raises(DefinitionError, match="at most 2"):
        limiter.acquire(cost=3)
    with pytest.raises(DefinitionError, match="at most 9"):
        limiter.acquire("bucket", cost=10)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Window(0, 1),
        lambda: Window(1, 0),
        lambda: Window(1, float("nan")),
        lambda: LeakyBucket(0, 1),
        lambda: LeakyBucket(1, -1),
    ],
)
def test_a_limit_of_nothing_is_refused(make):
    with pytest.raises(DefinitionError, match="above 0"):
        make()


def test_what_is_refused_is_not_counted():
    clock = ManualClock()
    limiter = Limiter("acme", [Window(2, 10)], clock=clock, patience=0)
    limiter.acquire(cost=2)
    for _ in range(3):
        with contextlib.suppress(RateLimitedError):
            limiter.acquire()
    clock.advance(10.1)
    limiter.acquire(cost=2)
    assert clock.slept == []
