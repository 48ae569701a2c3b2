"""Which consents stand: the latest decision before the instant of observation wins."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from retention_kit.smart_segments.frame.answers import Answer, Part
from retention_kit.smart_segments.frame.given import CUSTOMER, Given
from retention_kit.smart_segments.lowered.facts import Fact, Granted

_PURPOSE_OF_A_BARE_GRANT = "messages"


def consents_part(given: Given, facts: Iterable[Fact]) -> Part | None:
    """Give the consents that are asked for; None where there are none.

    A grant without a purpose concerns messages, a withdrawal without one every purpose; of several
    decisions at one instant a withdrawal wins.
    """
    asked = [fact for fact in facts if isinstance(fact, Granted)]
    if not asked:
        return None
    at = given.instant("consents")
    sums: list[pl.Expr] = []
    answers: dict[Fact, Answer] = {}
    has_purposes = given.column("consents", "purpose").dtype is not None
    for number, fact in enumerate(asked):
        names = f"__granted_{number}", f"__withdrawn_{number}"
        purpose = pl.col("purpose") if has_purposes else pl.lit(None, dtype=pl.String)
        is_bare = purpose.is_null()
        named = (purpose.cast(pl.String) == fact.purpose).fill_null(value=False)
        granted = named | is_bare if fact.purpose == _PURPOSE_OF_A_BARE_GRANT else named
        in_channel = pl.col("channel").cast(pl.String) == fact.channel
        status = pl.col("status").cast(pl.String)
        masks = (
            in_channel & (status == "granted") & granted,
            in_channel & (status == "withdrawn") & (named | is_bare),
        )
        sums.extend(
            pl.when(mask).then(at).max().alias(name)
            for mask, name in zip(masks, names, strict=True)
        )
        given_at, taken_back_at = (pl.col(name) for name in names)
        stands = given_at.is_not_null() & (
            taken_back_at.is_null() | (given_at > taken_back_at)
        ).fill_null(value=False)
        answers[fact] = Answer(stands, pl.Boolean())
    frame = given.frames["consents"].filter(given.before_now("consents"))
    return Part(frame.group_by(CUSTOMER).agg(sums), answers)
