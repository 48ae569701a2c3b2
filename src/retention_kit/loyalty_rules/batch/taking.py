"""Rows of events as the kernel takes them: whole numbers, customers one after another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from retention_kit.errors import DataError
from retention_kit.loyalty_rules.batch.account_rows import CUSTOMER
from retention_kit.loyalty_rules.batch.bases import bases_of
from retention_kit.loyalty_rules.batch.columns import EventsOfArrays, Numbers, RulesOfArrays
from retention_kit.loyalty_rules.batch.masks import Clock, discount_masks, rule_masks
from retention_kit.loyalty_rules.batch.repeats import told_before
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.kernel.layout import Events
from retention_kit.loyalty_rules.lowered.plan import CompiledProgram

_NAMED = (layout.RESERVE, layout.CAPTURE, layout.RELEASE, layout.ISSUE, layout.REDEEM)
NOT_WHOLE = -2
"""An order is paid with a part of a unit."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Events of some customers.

    Attributes:
        rows: The rows, in the order of taking, each sale once.
        customers: The customers, in order.
        starts: Where each one's events begin, and where the last one's end.
        events: What the kernel takes.
        names: Of reservations and labels, by number.
    """

    rows: pl.DataFrame
    customers: pl.Series
    starts: Numbers
    events: EventsOfArrays
    names: list[str]


def chunk_of(rows: pl.DataFrame, plan: CompiledProgram, rules: RulesOfArrays, zone: str) -> Chunk:
    """Make the kernel's columns of rows.

    Args:
        rows: Rows of `stream.Stream`, with all rows of each customer in it.
        plan: The programme.
        rules: The same as arrays.
        zone: The shop's zone.
    """
    starts = starts_of(rows[CUSTOMER])
    at = _numbers(rows["at"])
    kind = _numbers(rows["kind"])
    version = np.searchsorted(rules.version_from[1:], at, side="right").astype(np.int64)
    clock = Clock(at, rules, zone)
    names = rows.columns
    key = np.full(len(kind), -1, dtype=np.int64)
    named: list[str] = []
    if "name" in names:
        key, named = _keys(rows, kind, plan)
    mask = rule_masks(plan, kind, key, version, clock)
    offers = discount_masks(plan, kind, version, clock)
    if "filters" in names:
        mask &= _numbers(rows["filters"].fill_null(-1))
    if "offers" in names:
        offers &= _numbers(rows["offers"].fill_null(-1))
    record, place = _records(rows, kind, starts)
    priced = version
    if len(plan.versions) > 1:
        # What comes back of an order is reckoned by what a point was worth then.
        priced = np.where((kind == layout.RETURN) & (place >= 0), version[place], version)
    wallet, spend = _spent(rows, kind, priced, rules, plan)
    events = Events(
        at=at,
        kind=kind,
        version=version,
        mask=mask,
        discounts=offers,
        record=record,
        amount=_numbers(rows["amount"].fill_null(0)),
        wallet=_wallets(rows, plan, wallet),
        spend=spend,
        key=key,
        until=_numbers(rows["until"].fill_null(0)) if "until" in names else np.zeros_like(at),
        bases=bases_of(rows, kind, mask, plan),
        previous=told_before(rows, kind),
    )
    return Chunk(rows, rows[CUSTOMER].gather(starts[:-1]), starts, events, named)


def starts_of(customers: pl.Series) -> Numbers:
    """Give where each customer's rows begin in a sorted column, and its length."""
    if customers.is_empty():
        return np.zeros(1, dtype=np.int64)
    begins = (customers != customers.shift()).fill_null(value=True).arg_true()
    return np.append(begins.cast(pl.Int64).to_numpy(), len(customers)).astype(np.int64)


def _numbers(column: pl.Series) -> Numbers:
    return column.cast(pl.Int64).to_numpy().astype(np.int64, copy=False)


def _keys(rows: pl.DataFrame, kind: Numbers, plan: CompiledProgram) -> tuple[Numbers, list[str]]:
    """Number what events name: activities and segments by the programme, the rest as they come."""
    names = rows["name"]
    found = np.full(len(kind), -1, dtype=np.int64)
    told = names.is_not_null().to_numpy()
    is_named = told & np.isin(kind, _NAMED)
    own: list[str] = []
    if is_named.any():
        # Of one name one number; which, is of no account.
        given = names.filter(is_named)
        own = given.unique().sort().to_list()
        found[is_named] = _numbers(given.rank("dense")) - 1
    activities = pl.Series(list(plan.activities), dtype=pl.String)
    segments = pl.Series([one.segment.name for one in plan.segments], dtype=pl.String)
    for numbered, those in ((activities, (layout.ACTIVITY,)), (segments, _SEGMENTS)):
        of_them = np.isin(kind, those)
        if of_them.any():
            places = pl.DataFrame({"name": numbered}).with_row_index("place")
            told_names = names.filter(of_them).to_frame()
            joined = told_names.join(places, on="name", how="left", maintain_order="left")
            found[of_them] = _numbers(joined["place"].cast(pl.Int64).fill_null(-1))
    return found, own


_SEGMENTS = (layout.JOINED, layout.PARTED)


def _records(rows: pl.DataFrame, kind: Numbers, starts: Numbers) -> tuple[Numbers, Numbers]:
    """Number each customer's orders from 0, and find the orders that other events concern.

    Returns:
        The numbers, and of events that concern an order the row of that order; -1 for none.
    """
    is_order = kind == layout.ORDER
    before = np.cumsum(is_order) - is_order
    counts = np.diff(starts)
    number = before - np.repeat(before[starts[:-1]], counts)
    found = np.where(is_order, number, -1).astype(np.int64)
    places = np.full(len(kind), -1, dtype=np.int64)
    refs = orders_concerned(rows)
    refers = refs.is_not_null().to_numpy()
    if not refers.any():
        return found, places
    # Only those who have such events are asked for their orders.
    asked = np.repeat(np.logical_or.reduceat(refers, starts[:-1]), counts)
    orders = rows.filter(asked & is_order).select(
        CUSTOMER,
        pl.col("order_id").alias("ref"),
        pl.Series("number", number[asked & is_order]),
        pl.Series("place", np.flatnonzero(asked & is_order)),
    )
    joined = (
        rows.filter(refers)
        .select(CUSTOMER, refs.filter(refers).alias("ref"))
        .join(orders, on=[CUSTOMER, "ref"], how="left", maintain_order="left")
    )
    # What is told of an order before the order itself is told of none.
    there = joined["place"].fill_null(len(kind)).to_numpy()
    later = there > np.flatnonzero(refers)
    concerned = np.where(later, -1, _numbers(joined["number"].fill_null(-1)))
    found[refers & ~is_order] = concerned[~is_order[refers]]
    places[refers & ~is_order] = np.where(later, -1, there)[~is_order[refers]]
    return found, places


def orders_concerned(rows: pl.DataFrame) -> pl.Series:
    """Give the orders that events concern."""
    own = pl.when(pl.col("kind") == layout.RETURN).then("order_id")
    ref = pl.coalesce("ref", own) if "ref" in rows.columns else own
    return rows.select(ref.alias("ref")).to_series()


def _spent(
    rows: pl.DataFrame, kind: Numbers, version: Numbers, rules: RulesOfArrays, plan: CompiledProgram
) -> tuple[Numbers, Numbers]:
    """Give the wallet that orders are paid from, and how many units of it."""
    wallet = np.array(plan.paying, dtype=np.int64)[version]
    spend = np.zeros(len(kind), dtype=np.int64)
    is_return = kind == layout.RETURN
    spend[is_return] = -1
    if "points" not in rows.columns or not rules.wallets:
        # Without a wallet, what was paid in points is money like any other.
        return wallet, spend
    points = _numbers(rows["points"].fill_null(-1))
    told = (points >= 0) & (wallet >= 0) & ((kind == layout.ORDER) | is_return)
    spend[told] = 0
    places = np.flatnonzero(told & (points > 0))
    points = points[places]
    settings = version[places] * rules.wallets + wallet[places]
    if len(plan.paying) == 1:
        # By one number all are divided much faster.
        settings = settings[0] if len(settings) else 0
    top, bottom = rules.wallet_top[settings], rules.wallet_bottom[settings]
    # Whole multiples apart, so that the product stays small.
    whole = points // top
    rest = (points - whole * top) * bottom
    more = rest // top
    spend[places] = np.where(more * top == rest, whole * bottom + more, NOT_WHOLE)
    return wallet, spend


def _wallets(rows: pl.DataFrame, plan: CompiledProgram, first: Numbers) -> Numbers:
    if "wallet" not in rows.columns:
        return first
    named = rows["wallet"]
    numbers = {name: number for number, name in enumerate(plan.wallet_names)}
    told = named.replace_strict(numbers, default=-1, return_dtype=pl.Int64)
    if ((told == -1) & named.is_not_null()).any():
        raise DataError(
            "Rows of 'loyalty_events' name a wallet that the programme does not have. It has: "
            f"{', '.join(map(repr, plan.wallet_names)) or 'none'}. Next step: mend their wallet."
        )
    return np.where(named.is_not_null().to_numpy(), _numbers(told.fill_null(-1)), first)
