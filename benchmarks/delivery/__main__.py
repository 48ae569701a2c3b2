"""Runs every job in processes of its own, taking turns, and writes a table in Markdown."""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.delivery.jobs import DEALS, JOBS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delivery", description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="rounds")
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=list(JOBS), metavar="JOB")
    parser.add_argument("--worker", nargs=3, metavar=("JOB", "ENGINE", "SETTINGS"))
    asked = parser.parse_args()
    if asked.worker:
        _work(*asked.worker)
        return
    print("| job | engine | median s | min–max s | rows a second | CPU s | peak MB |")
    print("|---|---|---|---|---|---|---|")
    for job in asked.jobs:
        for line in _measured(job, asked.repeat):
            print(line, flush=True)
    print(f"\n{_head()}")


def _measured(job: str, repeat: int) -> list[str]:
    taken: dict[str, list[dict]] = {engine: [] for engine in JOBS[job]}
    for _ in range(repeat):
        for engine, results in taken.items():
            with Outside(job) as settings:
                command = [sys.executable, "-m", "benchmarks.delivery", "--worker", job, engine]
                done = subprocess.run(
                    [*command, json.dumps(settings)], check=True, capture_output=True, text=True
                )
            results.append(json.loads(done.stdout.splitlines()[-1]))
    lines = []
    for engine, results in taken.items():
        seconds = [one["seconds"] for one in results]
        median = statistics.median(seconds)
        lines.append(
            f"| {job} | {engine} | {median:.2f} | {min(seconds):.2f}–{max(seconds):.2f} | "
            f"{results[0]['rows'] / median:,.0f} | "
            f"{statistics.median(one['cpu'] for one in results):.2f} | "
            f"{max(one['peak_mb'] for one in results):,.0f} |"
        )
    return lines


def _work(job: str, engine: str, settings: str) -> None:
    run = JOBS[job][engine](json.loads(settings))
    began, cpu = time.perf_counter(), time.process_time()
    rows = run()
    taken = {
        "rows": rows,
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "peak_mb": _peak_mb(),
    }
    print(json.dumps(taken))


def _peak_mb() -> float:
    """Give the process's own peak: that of `getrusage` is its parent's where that was larger."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Outside:
    """The outside system of a job, if it has one, and the settings to reach it."""

    kept = None

    def __init__(self, job: str) -> None:
        self._job = job
        self._emulator = None

    def __enter__(self) -> dict[str, str]:
        if "Yandex" in self._job:
            from retention_kit.testing.emulators import YandexAudienceEmulator

            self._emulator = YandexAudienceEmulator(processing_polls=1, limits=False).start()
            emulator = self._emulator
            return {
                "base_url": emulator.base_url,
                "token": emulator.access_token,
                "poll_seconds": 0.1,
            }
        if "Bitrix24" in self._job:
            return {"webhook_url": _portal().webhook_url}
        return {}

    def __exit__(self, *problem: object) -> None:
        if self._emulator is not None:
            self._emulator.stop()


def _portal():
    if Outside.kept is None:
        from retention_kit.testing.emulators import Bitrix24Emulator

        portal = Bitrix24Emulator(limits=False).start()
        portal.populate(customers=20_000, orders=DEALS, seed=1)
        Outside.kept = portal
    return Outside.kept


def _head() -> str:
    from retention_kit.plugins import open_source

    portal = _portal()
    with open_source("bitrix24", webhook_url=portal.webhook_url) as source:
        before = portal.requests.count()
        rows = source.scan("orders").head(100).collect().height
        asked = portal.requests.count() - before
    portal.stop()
    return f"`head({rows})` of {DEALS:,} deals: {asked} requests."


if __name__ == "__main__":
    main()
