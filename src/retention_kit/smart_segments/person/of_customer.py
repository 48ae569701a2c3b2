"""Facts that are not of orders, lines or events: columns, consent, the population, snapshots."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from retention_kit.errors import DefinitionError, PluginError, nearest_names
from retention_kit.hashing import stable_hash
from retention_kit.smart_segments.definitions.lengths import EPOCH
from retention_kit.smart_segments.definitions.plugins import spec_of
from retention_kit.smart_segments.lowered.facts import (
    Granted,
    Hashed,
    InPopulation,
    OfColumnOfCustomer,
    OfPlugin,
    Snapshots,
)
from retention_kit.smart_segments.person.asking import Ask, instant_of
from retention_kit.smart_segments.person.columns import (
    is_described,
    reading,
    unknown_column,
)
from retention_kit.smart_segments.person.needs import not_given
from retention_kit.smart_segments.person.plan import Plan

Compute = Callable[[Ask], Any]


def column_of_customer(fact: OfColumnOfCustomer) -> Compute:
    """Read a column of the customer, or a score."""
    column = fact.column
    read, is_known = reading("customers", column), is_described("customers", column)

    def of_customer(ask: Ask) -> Any:
        customer = ask.rows["customer"]
        return None if customer is None else read(customer)

    def of_scores(ask: Ask) -> Any:
        scores, customer = ask.rows.get("scores"), ask.rows.get("customer")
        if scores is not None and column in scores:
            return scores[column]
        if customer is not None and (is_known or column in customer):
            return customer.get(column)
        # Of a table without a row of the customer it cannot be said which columns it has.
        if ("scores" in ask.rows and scores is None) or (
            "customer" in ask.rows and customer is None
        ):
            return None
        given = [*(scores or ()), *(customer or ())]
        if "scores" in ask.rows:
            raise unknown_column("scores", column, given)
        step = f"hand in scores={{{column!r}: …}}, or mend the name"
        raise unknown_column("customers", column, given, step=step)

    return of_scores if fact.score else of_customer


def registered_at(ask: Ask) -> int | None:
    """Give when the customer registered, where that is known."""
    customer = ask.rows.get("customer")
    if not customer or customer.get("registered_at") is None:
        return None
    return instant_of("customers", "registered_at", customer)


def known_since(ask: Ask) -> int | None:
    """Give the earlier of `registered_at` and the first completed sale."""
    sales = ask.source("orders") if "orders" in ask.rows else ()
    first = sales[0][0] if sales else None
    instants = (registered_at(ask), first)
    return min((at for at in instants if at is not None and at < ask.now), default=None)


def in_population(fact: InPopulation, plan: Plan) -> Compute:
    """Say whether the customer is of a population."""

    def registered(ask: Ask) -> bool:
        if not ask.rows.get("customer"):
            return False
        at = registered_at(ask)
        return at is None or at < ask.now

    def buyers(ask: Ask) -> bool:
        sales = ask.source("orders")
        return bool(sales) and sales[0][0] < ask.now

    def everyone(ask: Ask) -> bool:
        if registered(ask):
            return True
        if "orders" not in ask.rows:
            raise not_given(plan.segment, "the population 'everyone'", "orders", ask.rows)
        if buyers(ask):
            return True
        now = ask.now
        return any(instant_of("orders", "ordered_at", row) < now for row in ask.rows["orders"])

    return {"registered": registered, "buyers": buyers, "everyone": everyone}[fact.population]


def granted(fact: Granted) -> Compute:
    """Say whether consent stands: the latest decision wins, and at one instant a withdrawal."""
    channel, purpose = fact.channel, fact.purpose

    def compute(ask: Ask) -> bool:
        latest: tuple[int, bool] | None = None
        for row in ask.rows["consents"]:
            if row.get("channel") != channel:
                continue
            at = instant_of("consents", "decided_at", row)
            withdraws = row.get("status") != "granted"
            named = row.get("purpose")
            concerns = withdraws if named is None else named == purpose
            if named is None and not withdraws:
                concerns = purpose == "messages"
            if concerns and at < ask.now and (latest is None or (at, withdraws) > latest):
                latest = (at, withdraws)
        return latest is not None and not latest[1]

    return compute


def hashed(fact: Hashed) -> Compute:
    """Hash the customer's id."""
    salt = fact.salt
    return lambda ask: stable_hash(ask.rows["customer_id"], salt=salt)


def snapshots(fact: Snapshots, plan: Plan) -> Compute:
    """Count the snapshots of a segment that hold the customer, or that they entered or left."""
    window, name, what = plan.span(fact.window), fact.segment, fact.what
    taken = taken_of(fact, plan)

    def compute(ask: Ask) -> int:
        held = {
            instant_of("snapshots", "as_of", row)
            for row in ask.rows["memberships"]
            if row.get("segment") == name
        }
        start, end = ask.bounds_of(window)

        def lies_in(at: int) -> bool:
            return (start is None or start <= at) and at < end

        if what == "in":
            return sum(map(lies_in, held))
        is_left = what == "left"
        return sum(
            (before in held) is is_left and (at in held) is not is_left
            for before, at in pairwise(taken[: bisect_left(taken, ask.now)])
            if lies_in(at)
        )

    return compute


def taken_of(fact: Snapshots, plan: Plan) -> tuple[int, ...]:
    """Give when snapshots of a segment were taken, where that is asked for.

    Raises:
        DefinitionError: It was not handed in.
    """
    if fact.what == "in":
        return ()
    taken = plan.taken or {}
    if fact.segment not in taken:
        near = nearest_names(fact.segment, taken)
        hint = f" Nearest: {', '.join(map(repr, near))}." if near else ""
        raise DefinitionError(
            f"Segment {plan.segment!r} asks who {fact.what} {fact.segment!r}, for which it must be "
            f"known when its snapshots were taken. Handed in: "
            f"{', '.join(map(repr, taken)) or 'none'}.{hint} Next step: taken=history.taken.",
            parameter="taken",
        )
    return taken[fact.segment]


def of_plugin(fact: OfPlugin, plan: Plan) -> Compute:
    """Ask what a plugin gives for its condition."""
    spec = spec_of(fact.condition, plan.specs)
    settings = spec.read(fact.condition)

    def compute(ask: Ask) -> bool | None:
        result = spec.person(settings, ask.rows, ask.as_of, ask.moment.time_zone)
        if result is not None and not isinstance(result, bool):
            raise PluginError(
                f"The condition {spec.name!r} of {spec.distribution!r} gave a "
                f"{type(result).__name__}. Allowed: True, False or None. Next step: mend the "
                "plugin."
            )
        return result

    return compute


def in_zone(at: int, zone: dt.tzinfo) -> dt.datetime:
    """Give an instant as the clock of a zone shows it."""
    return (EPOCH + dt.timedelta(microseconds=at)).astimezone(zone)
