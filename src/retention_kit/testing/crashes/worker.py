"""The process that is killed: dispatches what a scenario says until all of it is settled."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from retention_kit.delivery.dispatching.running import dispatch
from retention_kit.delivery.dispatching.settling import settle
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.testing.crashes.scenarios import SCENARIOS

OPEN = ("planned", "claimed", "handed_over", "pending")
_PAUSE_SECONDS = 0.2
_DOUBT_SECONDS = 90.0
"""For how long the unknown are looked up: an absence is believed after a minute."""


def work(told: dict[str, Any]) -> None:
    """Dispatch until nothing is open; what is unknown may stay so.

    Args:
        told: `scenario`, `settings`, `journal` and `actions` (how many).
    """
    scenario = SCENARIOS[told["scenario"]]
    channel = scenario.channel(told["settings"])
    with Journal(told["journal"]) as journal:
        unknown, since = -1, time.monotonic()
        while True:
            report = dispatch(
                scenario.actions(told["actions"]),
                channel,
                journal,
                batch_rows=scenario.batch_rows,
            )
            settle(channel, journal)
            counts = journal.counts(channel.name)
            waiting = any(counts.get(state) for state in OPEN) or report.stopped
            if counts.get("unknown", 0) != unknown:
                unknown, since = counts.get("unknown", 0), time.monotonic()
            in_doubt = unknown and time.monotonic() - since < _DOUBT_SECONDS
            if not waiting and not in_doubt:
                break
            time.sleep(_PAUSE_SECONDS)
    channel.close()


if __name__ == "__main__":
    work(json.loads(sys.argv[1]))
