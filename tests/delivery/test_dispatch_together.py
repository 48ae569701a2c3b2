"""Several dispatches of the same actions at the same time, on each kind of database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from retention_kit.delivery import ACTIONS, Capabilities, Journal, SendMessage, dispatch
from retention_kit.testing.channels import MemoryChannel, OutsideWorld

AT_ONCE = 3


@pytest.mark.once
@pytest.mark.parametrize("parallel", [1, 3])
def test_each_action_happens_once_though_several_dispatch_it(url, parallel):
    world = OutsideWorld()
    able = Capabilities(actions=frozenset(ACTIONS), max_rows=20, parallel=parallel)
    letters = [
        SendMessage(campaign="hello", customer_id=one, email=f"{one}@shop.example", text="Hi")
        for one in range(400)
    ]
    with Journal(url):
        pass
    together = threading.Barrier(AT_ONCE)

    def dispatched(number):
        # Each begins elsewhere, so that they meet.
        mine = letters[number * 100 :] + letters[: number * 100]
        with Journal(url) as journal:
            together.wait(60)
            return dispatch(mine, MemoryChannel(world=world, capabilities=able), journal)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        reports = list(pool.map(dispatched, range(AT_ONCE)))
    with Journal(url) as journal:
        last = dispatch(letters, MemoryChannel(world=world, capabilities=able), journal)
        assert journal.counts() == {"accepted": 400}
    assert world.doubles == {}
    assert len(world.acts) == 400
    for report in [*reports, last]:
        assert report.stopped is None
        assert report.handed_in == 400
        done = sum(report.states.values()) + report.already_done + report.elsewhere
        assert done == 400
    assert sum(one.states.get("accepted", 0) for one in [*reports, last]) == 400
