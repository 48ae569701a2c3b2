"""What a job is: its file, who does it, and the shape of its answer. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.settings import TABLE_ENGINES

Shown = Literal["plain", "difference", "ratio"]
"""How the report shows a figure: alone, or beside the library's as a difference or a multiple."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table of an answer looks like.

    Attributes:
        keys: The columns that identify a row; none for a table of one row.
        values: The columns that are compared; none means all but the keys.
    """

    keys: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """What we hold the library to; the report shows it and enforces nothing.

    Multiples count at 10 and 50 million orders, the others at 10 million alone.

    Attributes:
        times_floor: As a multiple of the bare group-by by customer.
        peak_mb: Megabytes of resident memory.
        seconds: On the wall clock.
        times_job: As a multiple of what the library takes for another job, named first.
    """

    times_floor: float | None = None
    peak_mb: float | None = None
    seconds: float | None = None
    times_job: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to measure.

    Attributes:
        name: What it is called on the command line.
        title: What it is called in the report.
        task: What an engine does; jobs that differ only in their file share it.
        variant: The file, one of `settings.VARIANTS` or `settings.MODEL_TABLES`, or
            `settings.POINTS`; its companions lie beside it.
        columns: The columns of that file that the answer needs.
        keys: The columns that identify a row of the answer; empty for one row or for counts.
        tables: Where the answer is several tables, their shapes by name.
        engines: The engines that do it.
        limit: What we hold the library to.
        compared: The labels that must agree; none means all.
        tolerance: How far floats may lie apart, as a share.
        tolerances: The same for single columns.
        shown: Figures of the answer that the report shows, and how.
        in_memory: Whether the table has been loaded before the clock starts.
    """

    name: str
    title: str
    task: str
    variant: str
    columns: tuple[str, ...]
    keys: tuple[str, ...] = ()
    tables: Mapping[str, Shape] = field(default_factory=dict)
    engines: tuple[str, ...] = TABLE_ENGINES
    limit: Limit | None = None
    compared: tuple[str, ...] = ()
    tolerance: float = 1e-9
    tolerances: Mapping[str, float] = field(default_factory=dict)
    shown: Mapping[str, Shown] = field(default_factory=dict)
    in_memory: bool = False
