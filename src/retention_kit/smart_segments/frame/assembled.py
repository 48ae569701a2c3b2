"""All facts of many segments side by side: one row per customer, each table read in one pass."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from retention_kit.smart_segments.frame.aggregates import Aggregates, of_table, starts
from retention_kit.smart_segments.frame.answers import Answer, Part
from retention_kit.smart_segments.frame.decisions import consents_part
from retention_kit.smart_segments.frame.emptiness import outcomes
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
from retention_kit.smart_segments.frame.settled import settle
from retention_kit.smart_segments.lowered.checks import Check, facts_of
from retention_kit.smart_segments.lowered.facts import (
    Fact,
    Found,
    InPopulation,
    KnownSince,
    OfColumnOfCustomer,
)

_WORTH_A_PASS = 4
"""From how many facts over young rows on the table is read once more, and those rows alone kept."""
_BY_ROWS = ("order_items", "orders", "events")


@dataclass(frozen=True, slots=True)
class Assembled:
    """Customers with all facts.

    Attributes:
        frame: One row per customer: `customer_id`, and the columns that the facts are read from.
        facts: The facts as expressions over it.
    """

    frame: pl.LazyFrame
    facts: Mapping[Fact, Answer]


def everybody(given: Given, checks: Iterable[Check]) -> tuple[Assembled, list[Check]]:
    """Put the facts of everybody side by side.

    Args:
        given: The tables.
        checks: The checks that ask for them.

    Returns:
        One row per customer who has an order of any status, or is registered, before the instant
        of observation; and the checks, of which some may ask for answers instead of facts.
    """
    asked = list(checks)
    wanted = behind(fact for check in asked for fact in facts_of(check))
    by_rows: list[Part] = []
    for part in _of_all_rows(given, wanted):
        settled, asked = settle(part, asked, given)
        by_rows.append(settled)
    orders, *others = by_rows
    frame = orders.table.with_columns(pl.lit(value=True).alias(ORDERED))
    answers = dict(orders.answers)
    customers = customers_part(given, wanted)
    if customers is not None:
        frame = frame.join(customers.table, on=CUSTOMER, how="full", coalesce=True).filter(
            pl.col(ORDERED).is_not_null() | pl.col(REGISTERED)
        )
        answers |= customers.answers
    # Those of many columns last, since a join moves all that is there already.
    parts = [*_beside(given, wanted), *others]
    return _with(Assembled(frame, answers), parts, given, wanted), asked


def _of_all_rows(given: Given, wanted: list[Fact]) -> list[Part]:
    """Give what is known of the rows of all tables; the first part has everybody with orders."""
    return [
        part
        for table in ("orders", "order_items", "events")
        if table == "orders" or any(True for _ in of_table(wanted, table))
        for part in _parts(table, given, wanted, whole=table == "orders")
    ]


def possible_members(given: Given, check: Check, *, but: bool | None) -> Assembled:
    """Put the facts of those side by side of whom a check can be true.

    Where nobody without certain rows can be a member, the rows alone are looked at, and of the
    other customers nothing is read.

    Args:
        given: The tables.
        check: The check.
        but: What it may be besides false for who is left out: false is nothing, None is unknown.

    Returns:
        One row per customer; who is left out is not one of whom it is true.
    """
    facts = list(dict.fromkeys(facts_of(check)))
    allowed = {False, but}
    for fact in facts:
        if isinstance(fact, Found) and outcomes(check, (fact,)) <= allowed:
            return _of_part(given, facts, sequences_parts(given, [fact], "__base_")[0], fact)
    for table in _BY_ROWS:
        of_rows = list(of_table(facts, table))
        if of_rows and outcomes(check, frozenset(of_rows)) <= allowed:
            sums = _aggregates(table, given, behind(facts))
            if sums.masks:
                return _of_part(given, facts, sums.part(), table)
    return everybody(given, (check,))[0]


def _of_part(given: Given, facts: Iterable[Fact], base: Part, of: str | Fact) -> Assembled:
    """Put beside a part what else there is of the customers in it."""
    wanted = behind(facts)
    parts = _beside(given, [fact for fact in wanted if fact != of])
    for other in ("order_items", "events"):
        if other != of and any(True for _ in of_table(wanted, other)):
            parts += _parts(other, given, wanted, whole=False)
    # Who bought is one of everyone; who only did something may not be a customer at all.
    is_known = of in ("orders", "order_items")
    customers = customers_part(given, wanted)
    if of != "orders" and (not is_known or any(True for _ in of_table(wanted, "orders"))):
        orders, *younger = _parts("orders", given, wanted, whole=not is_known)
        marked = orders.table.with_columns(pl.lit(value=True).alias(ORDERED))
        parts += [Part(marked, orders.answers), *younger]
    if customers is not None and (not is_known or _asks_customers(wanted)):
        parts.append(customers)
    table = _with(Assembled(base.table, base.answers), parts, given, wanted)
    if is_known:
        return table
    somebody = pl.col(ORDERED)
    if customers is not None:
        somebody = somebody | pl.col(REGISTERED)
    return Assembled(table.frame.filter(somebody), table.facts)


def _with(table: Assembled, parts: Iterable[Part], given: Given, wanted: list[Fact]) -> Assembled:
    frame, answers = table.frame, dict(table.facts)
    for part in parts:
        if part.frame is not None:
            frame = frame.join(part.frame, on=CUSTOMER, how="left")
        answers |= part.answers
    answers |= hashes(wanted)
    has_customers = REGISTERED in frame.collect_schema()
    answers |= populations(given, answers.get(FIRST_SALE), has_customers=has_customers)
    return Assembled(frame, answers)


def _beside(given: Given, wanted: Collection[Fact]) -> list[Part]:
    """Give the facts that are not aggregates of one table's rows."""
    found = (scores_part(given, wanted), consents_part(given, wanted))
    return [
        *(part for part in found if part is not None),
        *snapshots_parts(given, wanted),
        *sequences_parts(given, wanted),
        *plugins_parts(given, wanted),
    ]


def _parts(table: str, given: Given, facts: Iterable[Fact], *, whole: bool) -> list[Part]:
    """Aggregate the facts over the rows of one table, those over young rows apart where many are.

    Args:
        table: The table.
        given: The tables.
        facts: Facts, those over other tables among them.
        whole: Whether the first part has all customers of the table.
    """
    asked = list(of_table(facts, table))
    young = [fact for fact in asked if starts(fact, given)]
    if len(young) < _WORTH_A_PASS or (len(young) == len(asked) and not whole):
        return [_aggregates(table, given, asked).part(whole=whole)]
    ever = _aggregates(table, given, (fact for fact in asked if fact not in set(young)))
    return [ever.part(whole=whole), _aggregates(table, given, young, "young_").part()]


def _aggregates(table: str, given: Given, facts: Iterable[Fact], mark: str = "") -> Aggregates:
    sums = Aggregates(table, given, f"__{table}_{mark}")
    sums.add(of_table(facts, table))
    return sums


def _asks_customers(wanted: Iterable[Fact]) -> bool:
    """Say whether a fact is read from the table of customers."""
    return any(
        isinstance(fact, OfColumnOfCustomer | KnownSince) or fact == InPopulation("registered")
        for fact in wanted
    )
