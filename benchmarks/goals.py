"""What we hold the library to, and where it misses that. Standard library only."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.job import Job, Limit
from benchmarks.settings import BUCKETS, FLOOR, FLOORS, LIBRARY
from benchmarks.store import Entry, Result

LIMITS_AT = 10_000_000
"""The size at which a job's own limits of memory and time count."""
RATIOS_AT = (LIMITS_AT, 50_000_000)
"""The sizes at which its limits beside the floor and beside other jobs count."""
IMPORT_MS = 30.0
"""How many milliseconds `import retention_kit` may take on top of a bare interpreter."""
LARGEST = 200_000_000
"""The size at which memory is bounded for every job."""
LARGEST_MB = {LIBRARY: 8_000.0, BUCKETS: 2_000.0}
"""How many megabytes it may take there."""
SLOPE = 1.05
"""How cost may grow with size, on logarithmic axes."""


@dataclass(frozen=True, slots=True)
class Missed:
    """A goal that was not reached.

    Attributes:
        mark: One word, for tables.
        text: What was measured and what was wanted.
    """

    mark: str
    text: str


def limit_at(job: Job, rows: int) -> Limit:
    """Give the limits of a job that count at a size."""
    if job.limit is None or rows not in RATIOS_AT:
        return Limit()
    if rows == LIMITS_AT:
        return job.limit
    return Limit(times_floor=job.limit.times_floor, times_job=job.limit.times_job)


def best_peer(result: Result) -> tuple[str, Entry] | None:
    """Give the fastest engine that is neither ours nor a floor."""
    ours = (LIBRARY, BUCKETS, *FLOORS)
    peers = [(engine, entry) for engine, entry in result.entries.items() if engine not in ours]
    return min(peers, key=lambda peer: peer[1].seconds, default=None)


def ratio_to_peer(result: Result) -> float | None:
    """Give our seconds as a multiple of the best peer's."""
    peer = best_peer(result)
    if peer is None or LIBRARY not in result.entries:
        return None
    return result.entries[LIBRARY].seconds / peer[1].seconds


def ratio_to_floor(result: Result) -> float | None:
    """Give our seconds as a multiple of the bare group-by's."""
    if FLOOR not in result.entries or LIBRARY not in result.entries:
        return None
    return result.entries[LIBRARY].seconds / result.entries[FLOOR].seconds


def slope(results: Mapping[int, Result], engine: str = LIBRARY) -> float | None:
    """Fit the logarithm of seconds to that of rows; nothing for a single size."""
    points = [
        (math.log(rows), math.log(result.entries[engine].seconds))
        for rows, result in results.items()
        if engine in result.entries
    ]
    if len(points) < 2:
        return None
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    across = sum((x - middle_x) * (y - middle_y) for x, y in points)
    return across / sum((x - middle_x) ** 2 for x, _ in points)


def missed(job: Job, rows: int, results: Mapping[str, Mapping[int, Result]]) -> list[Missed]:
    """Find what a job misses at a size; how its cost grows counts at the largest size measured.

    Args:
        job: The job.
        rows: The size.
        results: Of all jobs, by name and size.
    """
    result = results[job.name][rows]
    found = []
    ratio, peer = ratio_to_peer(result), best_peer(result)
    if ratio is not None and peer is not None and round(ratio, 2) > 1:
        found.append(Missed("peer", f"{ratio:.2f} × {peer[0]}, wanted at most 1"))
    found += _missed_limits(limit_at(job, rows), result, results)
    if rows == LARGEST:
        found += [
            Missed("memory", f"{entry.peak_mb:,.0f} MB by {engine}, wanted at most {most:,.0f}")
            for engine, most in LARGEST_MB.items()
            if (entry := result.entries.get(engine)) and entry.peak_mb > most
        ]
    if rows == max(results[job.name]):
        found += [
            Missed("growth", f"slope {grown:.2f} of {engine}, wanted at most {SLOPE}")
            for engine in (LIBRARY, BUCKETS)
            if (grown := slope(results[job.name], engine)) is not None and round(grown, 2) > SLOPE
        ]
    return found


def _missed_limits(
    limit: Limit, result: Result, results: Mapping[str, Mapping[int, Result]]
) -> list[Missed]:
    if LIBRARY not in result.entries:
        return []
    entry, found = result.entries[LIBRARY], []
    floor = ratio_to_floor(result)
    if limit.times_floor and floor and round(floor, 2) > limit.times_floor:
        found.append(
            Missed("floor", f"{floor:.2f} × {FLOOR}, wanted at most {limit.times_floor:g}")
        )
    if limit.peak_mb and entry.peak_mb > limit.peak_mb:
        found.append(
            Missed("memory", f"{entry.peak_mb:,.0f} MB, wanted at most {limit.peak_mb:,.0f}")
        )
    if limit.seconds and entry.seconds > limit.seconds:
        found.append(Missed("time", f"{entry.seconds:.3f} s, wanted at most {limit.seconds:g}"))
    if limit.times_job:
        name, times = limit.times_job
        other = results.get(name, {}).get(result.rows)
        if other and LIBRARY in other.entries:
            most = times * other.entries[LIBRARY].seconds
            if entry.seconds > most:
                found.append(
                    Missed(
                        "time",
                        f"{entry.seconds:.3f} s, wanted at most {most:.3f}: {times:g} × {name}",
                    )
                )
    return found
