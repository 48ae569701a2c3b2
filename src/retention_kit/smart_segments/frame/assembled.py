"""All facts of many segments side by side: one row per customer, each table read in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from retention_kit.smart_segments.frame.aggregates import Aggregates, of_table
from retention_kit.smart_segments.frame.answers import Answer, Part
from retention_kit.smart_segments.frame.decisions import consents_part
from retention_kit.smart_segments.frame.extensions import plugins_parts
from retention_kit.smart_segments.frame.given import CUSTOMER, Given
from retention_kit.smart_segments.frame.memberships import snapshots_parts
from retention_kit.smart_segments.frame.people import (
    FIRST_SALE,
    ORDERED,
    REGISTERED,
    behind,
    customers_part,
    hashes,
    populations,
    scores_part,
)
from retention_kit.smart_segments.frame.sequences import sequences_parts
from retention_kit.smart_segments.frame.sources import seen_rows
from retention_kit.smart_segments.lowered.facts import Fact


@dataclass(frozen=True, slots=True)
class Assembled:
    """Customers with all facts.

    Attributes:
        frame: One row per customer: `customer_id`, and the columns that the facts are read from.
        facts: The facts as expressions over it.
    """

    frame: pl.LazyFrame
    facts: Mapping[Fact, Answer]


def everybody(given: Given, facts: Iterable[Fact]) -> Assembled:
    """Put the facts of everybody side by side.

    Args:
        given: The tables.
        facts: The facts.

    Returns:
        One row per customer who has an order of any status, or is registered, before the instant
        of observation.
    """
    wanted = behind(facts)
    orders = aggregated("orders", given, wanted)
    frame = orders.frame.with_columns(pl.lit(value=True).alias(ORDERED))
    answers = dict(orders.answers)
    customers = customers_part(given, wanted)
    if customers is not None:
        frame = frame.join(customers.frame, on=CUSTOMER, how="full", coalesce=True).filter(
            pl.col(ORDERED).is_not_null() | pl.col(REGISTERED)
        )
        answers |= customers.answers
    for part in _beside(given, wanted):
        frame = frame.join(part.frame, on=CUSTOMER, how="left")
        answers |= part.answers
    answers |= hashes(wanted)
    answers |= populations(given, answers.get(FIRST_SALE))
    return Assembled(frame, answers)


def _beside(given: Given, wanted: list[Fact]) -> list[Part]:
    """Give the tables that are joined to customers, those without a fact left out."""
    parts = [
        aggregated(table, given, wanted)
        for table in ("order_items", "events")
        if any(True for _ in of_table(wanted, table))
    ]
    one = (scores_part(given, wanted), consents_part(given, wanted))
    return [
        *parts,
        *(part for part in one if part is not None),
        *snapshots_parts(given, wanted),
        *sequences_parts(given, wanted),
        *plugins_parts(given, wanted),
    ]


def aggregated(table: str, given: Given, facts: Iterable[Fact]) -> Part:
    """Aggregate the facts over the rows of one table, in one pass."""
    asked = list(of_table(facts, table))
    sums = Aggregates(table, given, f"__{table}_")
    sums.add(asked)
    rows = sums.with_masks(seen_rows(table, given, sums.masks))
    return Part(rows.group_by(CUSTOMER).agg(sums.sums), sums.answers)
