"""A real process, killed in the middle of its work by SIGKILL, and a real file as outside world.

How often is a matter of the profile; the nightly one kills dozens of times:
`HYPOTHESIS_PROFILE=nightly pytest tests/delivery/test_dispatch_killed.py`.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
from collections import Counter

import pytest

from retention_kit.delivery import DONE, Journal

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of POSIX"),
]

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
ACTIONS_IN_ALL = 120

WORKER = """
import os, sys
from pathlib import Path
from retention_kit.delivery import *

folder, idempotent, parallel = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def step():
    os.write(1, b".")

class OutsideWorld:
    name = "world"
    limiter = None
    capabilities = Capabilities(
        actions=frozenset({"send_message"}), max_rows=7, idempotent=idempotent, parallel=parallel
    )
    def prepare(self, action):
        return Payload(action.id, {"to": action.email})
    def submit(self, batch, *, idempotency_key):
        step()
        place = os.open(folder / "acts", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for row in batch:
            os.write(place, f"{idempotency_key} {row.id}\\n".encode())
            step()
        os.close(place)
        return Receipt()
    def poll(self, receipt):
        return receipt
    def close(self):
        pass

journal = Journal(folder / "journal.db")
write = journal._book.write
def watched(change, **given):
    step()
    result = write(change, **given)
    step()
    return result
journal._book.write = watched
actions = [
    SendMessage(campaign="c", customer_id=n, email=f"{n}@shop.example", text="Hi")
    for n in range(int(sys.argv[4]))
]
report = dispatch(actions, OutsideWorld(), journal)
journal.close()
os.write(1, b"\\n" + report.to_json().encode())
"""


def worker(folder, idempotent, parallel):
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder), idempotent, str(parallel), str(ACTIONS_IN_ALL)],
        stdout=subprocess.PIPE,
    )


def killed_after(steps, *given_):
    """Let a worker do some steps, and kill it. Gives whether it was alive."""
    with worker(*given_) as process:
        assert process.stdout is not None
        seen = os.read(process.stdout.fileno(), 1)
        while seen and len(seen) < steps:
            more = os.read(process.stdout.fileno(), steps - len(seen))
            if not more:
                break
            seen += more
        process.send_signal(signal.SIGKILL)
    return process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("idempotent", "parallel", "seed"),
    [("no", 2, 1)]
    if not NIGHTLY
    else list(itertools.product(("no", "batch", "action"), (1, 3), range(10))),
)
def test_a_killed_process_leaves_nothing_done_twice_and_nothing_lost(
    tmp_path, idempotent, parallel, seed
):
    chance = random.Random(seed)
    given_ = (tmp_path, idempotent, parallel)
    kills = sum(killed_after(chance.randint(5, 120), *given_) for _ in range(4 if NIGHTLY else 1))
    assert kills
    with worker(*given_) as process:
        assert process.stdout is not None
        process.stdout.read()
    assert process.returncode == 0

    acts = [tuple(line.split()) for line in (tmp_path / "acts").read_text().splitlines()]
    # An outside world that recognises a batch by its key, or a row by its id, acts once.
    happened = Counter(id_ for _, id_ in (acts if idempotent == "no" else dict.fromkeys(acts)))
    if idempotent == "action":
        happened = Counter(set(happened))
    with Journal(tmp_path / "journal.db") as journal:
        states = {row["id"]: row["state"] for row in journal.actions("world").to_dicts()}
    assert len(states) == ACTIONS_IN_ALL
    assert set(happened.values()) == {1}
    assert {id_ for id_, state in states.items() if state in DONE} <= happened.keys()
    in_doubt = {id_ for id_, state in states.items() if state not in DONE}
    assert {states[id_] for id_ in in_doubt} <= {"unknown"}
    if idempotent == "no":
        # Of each kill, at most the batches that were on their way.
        assert len(in_doubt) <= 7 * parallel * kills
    else:
        assert in_doubt == set()
