"""Who there is: the customers of orders and of the table of customers, and what it says of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import polars as pl

from retention_kit.errors import DefinitionError
from retention_kit.hashing import stable_hash_expression
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.windows import AllTime
from retention_kit.smart_segments.frame.answers import Answer, Part
from retention_kit.smart_segments.frame.given import CUSTOMER, Column, Given, unknown_column
from retention_kit.smart_segments.lowered.facts import (
    Fact,
    FirstAt,
    Hashed,
    InPopulation,
    KnownSince,
    OfColumnOfCustomer,
)

FIRST_SALE = FirstAt(Rows(), AllTime())
"""The first completed sale, by which a buyer is known."""
ORDERED = "__ordered"
"""Whether there is an order of any status."""
REGISTERED = "__registered"
"""Whether there is a row of `customers`, registered before the instant of observation."""
_REGISTERED_AT = "__registered_at"


def behind(facts: Iterable[Fact]) -> list[Fact]:
    """Give facts, and those over rows that others of them are made of."""
    found = list(dict.fromkeys(facts))
    asks_first_sale = any(
        isinstance(fact, KnownSince) or fact == InPopulation("buyers") for fact in found
    )
    return list(dict.fromkeys([*found, FIRST_SALE])) if asks_first_sale else found


def customers_part(given: Given, facts: Collection[Fact]) -> Part | None:
    """Give what the table of customers says; None where it is not handed in.

    Returns:
        A table of `customer_id`, `REGISTERED` and a column for each fact.
    """
    if "customers" not in given.frames:
        return None
    at = given.column("customers", "registered_at")
    registered_at = pl.lit(None, dtype=pl.Int64)
    if at.dtype is not None:
        if not isinstance(at.dtype, pl.Datetime):
            raise DefinitionError(
                f"Column 'registered_at' of table 'customers' is {at.dtype}. Allowed: an instant "
                "with a time zone. Next step: let the table in through Dataset.from_frames."
            )
        registered_at = at.value.dt.epoch("us")
    columns: dict[Fact, Column] = {
        fact: column
        for fact in facts
        if isinstance(fact, OfColumnOfCustomer)
        and (column := customer_column(fact, given)).table == "customers"
    }
    frame = given.frames["customers"].select(
        CUSTOMER,
        (registered_at.is_null() | (registered_at < given.now)).alias(REGISTERED),
        registered_at.alias(_REGISTERED_AT),
        *(column.value.alias(_name(number)) for number, column in enumerate(columns.values())),
    )
    answers = {
        fact: Answer(pl.col(_name(number)), column.dtype)
        for number, (fact, column) in enumerate(columns.items())
    }
    return Part(frame, answers)


def scores_part(given: Given, facts: Collection[Fact]) -> Part | None:
    """Give what the table of scores says; None where nothing of it is asked for."""
    columns: dict[Fact, Column] = {
        fact: column
        for fact in facts
        if isinstance(fact, OfColumnOfCustomer)
        and (column := customer_column(fact, given)).table == "scores"
    }
    if not columns:
        return None
    # A customer with two rows of scores that differ has no score that one could go by.
    named = [
        column.value.alias(f"__score_{number}") for number, column in enumerate(columns.values())
    ]
    frame = (
        given.frames["scores"]
        .select(CUSTOMER, *named)
        .group_by(CUSTOMER)
        .agg(
            pl.when(pl.col(name).n_unique() == 1).then(pl.col(name).first())
            for name in (f"__score_{number}" for number in range(len(columns)))
        )
    )
    answers = {
        fact: Answer(pl.col(f"__score_{number}"), column.dtype)
        for number, (fact, column) in enumerate(columns.items())
    }
    return Part(frame, answers)


def customer_column(fact: OfColumnOfCustomer, given: Given) -> Column:
    """Find the column of a customer that a fact is.

    Raises:
        DefinitionError: It is in none of the tables where it is looked for.
    """
    has_customers = "customers" in given.frames
    if not fact.score:
        return given.column("customers", fact.column)
    scores = given.schemas.get("scores")
    if scores is not None and fact.column in scores:
        return given.column("scores", fact.column)
    if scores is None and has_customers:
        return given.column("customers", fact.column)
    if has_customers:
        try:
            return given.column("customers", fact.column)
        except DefinitionError:
            both = [*scores.names(), *given.schemas["customers"].names()] if scores else []
            raise unknown_column(fact.column, "scores", both) from None
    raise unknown_column(fact.column, "scores", scores.names() if scores else ())


def populations(
    given: Given, first_sale: Answer | None, *, has_customers: bool
) -> dict[Fact, Answer]:
    """Say of the joined table who is of which population.

    Args:
        given: The tables.
        first_sale: The fact `FIRST_SALE`, where it is there.
        has_customers: Whether the table of customers is joined.
    """
    found: dict[Fact, Answer] = {
        InPopulation("everyone"): Answer(pl.lit(value=True), pl.Boolean()),
    }
    if has_customers:
        is_registered = pl.col(REGISTERED).fill_null(value=False)
        found[InPopulation("registered")] = Answer(is_registered, pl.Boolean())
    if first_sale is not None:
        bought = first_sale.value
        found[InPopulation("buyers")] = Answer(bought.is_not_null(), pl.Boolean())
        if has_customers:
            at = pl.col(_REGISTERED_AT)
            bought = pl.min_horizontal(bought, pl.when(at < given.now).then(at))
        found[KnownSince()] = Answer(bought, pl.Int64())
    return found


def hashes(facts: Iterable[Fact]) -> dict[Fact, Answer]:
    """Give the stable hashes of the customers' ids."""
    return {
        fact: Answer(
            stable_hash_expression(pl.col(CUSTOMER), salt=fact.salt).cast(pl.Int64), pl.Int64()
        )
        for fact in facts
        if isinstance(fact, Hashed)
    }


def _name(number: int) -> str:
    return f"__customer_{number}"
