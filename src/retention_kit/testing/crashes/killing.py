"""A process that is killed at random instants until it was killed often enough."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from retention_kit.errors import RetentionKitError


@dataclass(frozen=True)
class CrashSummary:
    """What was seen.

    Attributes:
        name: What was tried.
        kills: How often the process was killed in the midst of its work.
        runs: How often it was started.
        actions: How many actions it was given, each time the same.
        once: How many happened once.
        doubled: How many happened more than once.
        missing: How many did not happen and are not listed as unknown.
        unknown: How many did not happen and are listed as unknown.
        limits: For each limit, the most requests that fell into its time, and how many may.
        faults: How often each fault met a request.
        requests: How many requests came.
        seconds: How long all of it took.
    """

    name: str
    kills: int
    runs: int
    actions: int
    once: int
    doubled: int
    missing: int
    unknown: int
    limits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0
    seconds: float = 0.0

    @property
    def is_sound(self) -> bool:
        """Whether nothing was doubled, nothing lost, and no limit exceeded."""
        exceeded = any(seen > allowed for seen, allowed in self.limits.values())
        return not self.doubled and not self.missing and not exceeded

    def __str__(self) -> str:
        lines = [
            f"{self.name}: {self.actions:,} actions, {self.kills} kills in {self.runs} runs, "
            f"{self.requests:,} requests, {self.seconds:,.0f} s",
            f"  once {self.once:,}, doubled {self.doubled}, missing {self.missing}, "
            f"listed as unknown {self.unknown}",
        ]
        for name, (seen, allowed) in self.limits.items():
            lines.append(f"  limit {name}: at most {seen} of {allowed}")
        met = ", ".join(f"{kind} {number}" for kind, number in sorted(self.faults.items()))
        lines.append(f"  faults: {met or 'none'}")
        return "\n".join(lines)


def run_and_kill(
    command: Sequence[str],
    *,
    kills: int,
    seed: int = 0,
    shortest: float = 0.3,
    longest: float = 2.5,
    most_runs: int = 5_000,
    is_done: Callable[[], bool] = lambda: False,
) -> tuple[int, int]:
    """Start a process, kill it at a random instant, and so on; at last let it come to its end.

    Args:
        command: What to run. It must go on where the one before it was killed, and end with 0.
        kills: How often it is killed.
        seed: For the instants.
        shortest: The fewest seconds that it may work.
        longest: The most.
        most_runs: After how many starts it is given up.
        is_done: Whether no work is left, so that killing shows nothing more.

    Returns:
        How often it was killed in the midst of its work, and how often it was started.

    Raises:
        RetentionKitError: It ended otherwise than with 0, or never.
    """
    chance = random.Random(seed)
    killed = runs = 0
    while runs < most_runs:
        runs += 1
        process = subprocess.Popen(command)
        if killed >= kills or is_done():
            code = process.wait()
            if code:
                raise RetentionKitError(f"The process ended with {code}. Next step: run it alone.")
            return killed, runs
        deadline = time.monotonic() + chance.uniform(shortest, longest)
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        code = process.wait()
        if code not in (0, -signal.SIGKILL):
            raise RetentionKitError(f"The process ended with {code}. Next step: run it alone.")
    raise RetentionKitError(f"The process did not come to its end in {most_runs} runs.")


def counted(
    ids: Sequence[str], happened: Mapping[str, int], unknown: Sequence[str]
) -> Counter[str]:
    """Count the actions that happened once, more than once, never, and never but told.

    Args:
        ids: The actions' ids.
        happened: How often each happened, by id.
        unknown: The ids that the journal lists as unknown.
    """
    listed = set(unknown)
    found: Counter[str] = Counter()
    for id_ in ids:
        times = happened.get(id_, 0)
        if times > 1:
            found["doubled"] += 1
        elif times == 1:
            found["once"] += 1
        else:
            found["unknown" if id_ in listed else "missing"] += 1
    return found


def python(*arguments: str) -> list[str]:
    """Give the command that runs this Python with arguments."""
    return [sys.executable, *arguments]
