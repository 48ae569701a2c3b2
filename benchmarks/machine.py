"""What the measurements were made on: only what a reader needs to judge them."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.peers import Peers

_LIBRARIES = {
    "Polars": "polars",
    "DuckDB": "duckdb",
    "pandas": "pandas",
    "pyarrow": "pyarrow",
    "NumPy": "numpy",
    "SciPy": "scipy",
    "scikit-learn": "scikit-learn",
}
_OF_PEERS = (
    "lifetimes",
    "pymc-marketing",
    "pymc",
    "duckdb",
    "scikit-learn",
    "numpy",
    "scipy",
    "pandas",
)


def describe(peers: Peers | None) -> list[tuple[str, str]]:
    """Give labels and values, in the order they are shown; `peers` only where they took part."""
    return [
        ("Processor", _processor()),
        ("Cores", str(os.cpu_count())),
        ("Memory", _memory()),
        ("System", f"{platform.system()} {platform.machine()}"),
        ("Python", platform.python_version()),
        *((label, _version(package)) for label, package in _LIBRARIES.items()),
        *([("In the environment of the peers", _versions(peers))] if peers else []),
    ]


def _versions(peers: Peers) -> str:
    return ", ".join(f"{package} {peers.version(package)}" for package in _OF_PEERS)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    for line in _lines(Path("/proc/cpuinfo")):
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or "unknown"


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return "unknown"
    return f"{size / 2**30:.0f} GiB"


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
