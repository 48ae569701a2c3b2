"""The subset of regular expressions that Rust's and Python's engines read alike."""

from __future__ import annotations


def check_pattern(pattern: object) -> None:
    """Raise where a pattern is outside the subset."""


def for_python(pattern: str, *, fold: bool = False) -> str:
    return pattern


def for_rust(pattern: str, *, fold: bool = False) -> str:
    return pattern
