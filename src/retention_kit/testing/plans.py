"""What in a plan runs outside Polars, so that an engine elsewhere could not run it."""

from __future__ import annotations

import re

import polars as pl

_FOREIGN = {
    "a Python function": re.compile(r"\bpython_udf\(|\bPYTHON MAP\b"),
    "a step in Python": re.compile(r"\bOPAQUE_PYTHON\b"),
    "a source in Python": re.compile(r"\bPYTHON(?:\[[^\]]*\])? SCAN\b"),
    "a compiled plugin": re.compile(r"\.(?:so|dll|dylib|pyd):\w"),
}
_PICKLED = (b"cloudpickle", b"PLPYFN")


def foreign_steps(frame: pl.LazyFrame | pl.DataFrame) -> tuple[str, ...]:
    """Name what in a plan is not Polars' own: functions and sources in Python, compiled plugins.

    A plan without any serializes, and runs as it is on Polars' distributed and GPU engines. The
    texts and numbers in a plan do no harm; only data that holds such words itself may mislead.

    Args:
        frame: A plan. Nothing is collected; of a table in memory, nothing is found.

    Returns:
        What was found, each kind once; nothing is the best answer.

    Examples:
        >>> frame = pl.LazyFrame({"amount": [1, 2]})
        >>> foreign_steps(frame.select(pl.col("amount").sum()))
        ()
        >>> foreign_steps(frame.map_batches(lambda rows: rows))
        ('a step in Python',)
    """
    if isinstance(frame, pl.DataFrame):
        return ()
    told = frame.explain(optimized=False)
    found = tuple(name for name, words in _FOREIGN.items() if words.search(told))
    if not found and any(mark in frame.serialize() for mark in _PICKLED):
        return ("something pickled",)
    return found
