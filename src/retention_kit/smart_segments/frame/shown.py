"""The facts behind a segment as columns that a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from retention_kit.smart_segments.frame.answers import Answer
from retention_kit.smart_segments.frame.given import Given
from retention_kit.smart_segments.frame.instants import as_instant
from retention_kit.smart_segments.lowered.facts import (
    Fact,
    FirstAt,
    InPopulation,
    KnownSince,
    LastAt,
)
from retention_kit.smart_segments.lowered.labels import labels


def shown(facts: Iterable[Fact], answers: Mapping[Fact, Answer], given: Given) -> list[pl.Expr]:
    """Give a column for each fact but who is of which population, named as `labels` does."""
    asked = [fact for fact in facts if not isinstance(fact, InPopulation)]
    return [_column(fact, answers[fact], given).alias(name) for fact, name in labels(asked).items()]


def _column(fact: Fact, answer: Answer, given: Given) -> pl.Expr:
    if isinstance(fact, FirstAt | LastAt | KnownSince):
        return as_instant(answer.value, given.zone)
    if answer.dtype is None:
        return pl.lit(None, dtype=pl.String)
    if answer.dtype == pl.Int128 or answer.dtype.is_unsigned_integer():
        # Whole numbers have a sign and 64 bits; what those cannot say is left out, not wrong.
        return answer.value.cast(pl.Int64, strict=False)
    return answer.value
