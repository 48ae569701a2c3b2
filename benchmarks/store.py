"""What was measured, kept as a JSON file per job and size. Standard library only.

Whoever measures one job again, or one engine of it, replaces that and leaves the rest. Each entry
of an engine says when it was measured, on what and of which source; no host names, no paths.
"""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.compare import Cell
from benchmarks.processes import Sample
from benchmarks.settings import HERE, PROJECT

RESULTS = HERE / "results"
_DIGITS = 4
_INNERMOST = re.compile(r"\{[^{}\[\]]*\}")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where figures come from.

    Attributes:
        day: When, as `2026-11-22`.
        revision: Of the source, with a plus sign where it had been changed since; or nothing.
        machine: Labels and values, versions of libraries among them.
    """

    day: str
    revision: str | None
    machine: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One engine's figures for one job at one size.

    Attributes:
        samples: A measurement each.
        shown: Figures of the answer that the report shows.
        origin: Where they come from.
    """

    samples: Sequence[Sample]
    shown: Mapping[str, Cell] = field(default_factory=dict)
    origin: Origin = field(default_factory=lambda: Origin("", None, {}))

    @property
    def seconds(self) -> float:
        """The median on the wall clock."""
        return median(sample.seconds for sample in self.samples)

    @property
    def cpu_seconds(self) -> float:
        """The median of all threads."""
        return median(sample.cpu_seconds for sample in self.samples)

    @property
    def peak_mb(self) -> float:
        """The most of any round."""
        return max(sample.peak_mb for sample in self.samples)

    @property
    def held_mb(self) -> float:
        """The least that was held when the clock started."""
        return min(sample.held_mb for sample in self.samples)


@dataclass(frozen=True, slots=True)
class Result:
    """One job at one size.

    Attributes:
        job: Its name.
        rows: How many orders.
        compared: How many values the engines agreed on.
        entries: By engine.
    """

    job: str
    rows: int
    compared: int
    entries: dict[str, Entry]


class Store:
    """A folder of results."""

    def __init__(self, folder: Path = RESULTS) -> None:
        """Name the folder; it is made when something is kept."""
        self.folder = folder

    def load(self) -> dict[tuple[str, int], Result]:
        """Give all results by job and size."""
        found = {}
        for file in sorted(self.folder.glob("*-*.json")):
            result = _result(json.loads(file.read_text(encoding="utf-8")))
            found[result.job, result.rows] = result
        return found

    def keep(self, result: Result) -> None:
        """Write a result; engines that it lacks stay as they were, and so do their figures."""
        file = self.folder / f"{result.job}-{result.rows}.json"
        entries = dict(result.entries)
        if file.exists():
            before = _result(json.loads(file.read_text(encoding="utf-8")))
            entries = {**before.entries, **entries}
        written = {
            "job": result.job,
            "rows": result.rows,
            "compared": result.compared,
            "engines": {engine: _written(entry) for engine, entry in sorted(entries.items())},
        }
        self.keep_file(file.name, written)

    def keep_file(self, name: str, content: Mapping[str, Any]) -> None:
        """Write what is no job of engines: imports, allocations."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content, indent=1, ensure_ascii=False)
        # A sample or a machine on a line of its own: short to read, short to compare.
        text = _INNERMOST.sub(lambda found: " ".join(found[0].split()), text)
        (self.folder / name).write_text(text + "\n", encoding="utf-8")

    def load_file(self, name: str) -> dict[str, Any]:
        """Read it again; what was never written is empty."""
        file = self.folder / name
        if not file.exists():
            return {}
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return content


def samples_of(written: Sequence[Mapping[str, float]]) -> list[Sample]:
    return [Sample(**one) for one in written]


def written_samples(samples: Sequence[Sample]) -> list[dict[str, float]]:
    return [
        {name: round(value, _DIGITS) for name, value in asdict(sample).items()}
        for sample in samples
    ]


def revision() -> str | None:
    """Name the commit of the source, where it is a checkout; a plus sign says it was changed."""
    head = _git("rev-parse", "--short", "HEAD")
    if head is None:
        return None
    return head + ("+" if _git("status", "--porcelain", "--", "src") else "")


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _written(entry: Entry) -> dict[str, Any]:
    return {
        "samples": written_samples(entry.samples),
        "shown": dict(entry.shown),
        "day": entry.origin.day,
        "revision": entry.origin.revision,
        "machine": dict(entry.origin.machine),
    }


def _result(written: Mapping[str, Any]) -> Result:
    return Result(
        job=written["job"],
        rows=written["rows"],
        compared=written["compared"],
        entries={
            engine: Entry(
                samples=samples_of(one["samples"]),
                shown=one["shown"],
                origin=Origin(one["day"], one["revision"], one["machine"]),
            )
            for engine, one in written["engines"].items()
        },
    )
