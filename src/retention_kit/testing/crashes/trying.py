"""The crash test: an emulator with faults, a process killed again and again, and a count."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from retention_kit.delivery.journal.in_database import Journal
from retention_kit.errors import bad_parameter
from retention_kit.testing.crashes.killing import CrashSummary, counted, python, run_and_kill
from retention_kit.testing.crashes.scenarios import SCENARIOS, Scenario
from retention_kit.testing.emulators.base import Emulator
from retention_kit.testing.emulators.faults import FaultKind

FAULTS: Final[Mapping[FaultKind, float]] = {
    "drop_before": 0.02,
    "drop_after": 0.02,
    "error_500": 0.01,
    "error_502_html": 0.01,
    "error_503_html": 0.01,
    "truncate": 0.01,
    "html_200": 0.005,
}
"""Which share of requests meets which fault."""


def crash_test(
    name: str,
    *,
    actions: int = 5_000,
    kills: int = 200,
    seed: int = 0,
    limits: bool = True,
    faults: bool = True,
    shortest: float = 0.3,
    longest: float = 2.5,
    journal: str | None = None,
) -> CrashSummary:
    """Kill a process that dispatches to an emulator, start it again, and count what happened.

    Args:
        name: The emulator: `bitrix24`, `amocrm` or `yandex_audience`.
        actions: How many actions are dispatched.
        kills: How often the process is killed.
        seed: For the instants of killing and the faults.
        limits: Whether the emulator's limits hold, by real time.
        faults: Whether connections drop and gateways fail meanwhile.
        shortest: The fewest seconds between two kills.
        longest: The most.
        journal: Where the journal is; in a file of SQLite that goes afterwards unless given.

    Returns:
        What was seen; `is_sound` says whether all is well.

    Raises:
        DefinitionError: There is no such emulator.
        RetentionKitError: The process does not come to its end.
    """
    if name not in SCENARIOS:
        raise bad_parameter("name", got=name, allowed=", ".join(SCENARIOS))
    scenario = SCENARIOS[name]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, scenario.emulator() as emulator:
        emulator.limits = limits
        where = journal or f"sqlite:///{Path(folder) / 'journal.db'}"
        settings = scenario.prepared(emulator)
        emulator.requests.clear()
        if faults:
            for kind, share in FAULTS.items():
                emulator.faults.add(kind, share=share)
        told = {"scenario": name, "settings": settings, "journal": where, "actions": actions}
        killed, runs = run_and_kill(
            python("-m", "retention_kit.testing.crashes.worker", json.dumps(told)),
            kills=kills,
            seed=seed,
            shortest=shortest,
            longest=longest,
        )
        return _summary(scenario, emulator, where, actions, killed, runs, time.monotonic() - began)


def _summary(
    scenario: Scenario,
    emulator: Emulator,
    where: str,
    actions: int,
    killed: int,
    runs: int,
    seconds: float,
) -> CrashSummary:
    with Journal(where) as journal:
        unknown = journal.actions(scenario.name, states=["unknown"])["id"].to_list()
    ids = [one.id for one in scenario.actions(actions)]
    found = counted(ids, scenario.happened(emulator, actions), unknown)
    return CrashSummary(
        name=scenario.name,
        kills=killed,
        runs=runs,
        actions=actions,
        once=found["once"],
        doubled=found["doubled"],
        missing=found["missing"],
        unknown=found["unknown"],
        limits={
            f"{group}: {allowed} in {window:g} s": (
                emulator.requests.busiest(group, window),
                allowed,
            )
            for group, (window, allowed) in scenario.limits.items()
        },
        faults=dict(emulator.faults.happened),
        requests=emulator.requests.count(),
        seconds=seconds,
    )
