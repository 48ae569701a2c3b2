"""The ready segments of an audit: how many customers each has, and how many any two share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from retention_kit.audit.parts import SPLIT, Ask
from retention_kit.audit.questions import STAGES
from retention_kit.audit.seen import Seen
from retention_kit.contracts.bundle import Bundle
from retention_kit.contracts.dataset import Dataset
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.observed import instant, is_sale, observed
from retention_kit.smart_segments.answers import evaluate_many, given_tables
from retention_kit.smart_segments.definitions.lengths import read_length
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.ready.library import READY, needed_tables

YEAR = "1y"
"""Over which time before the instant of observation their revenue is summed."""
_PAID = "__paid"
_CUSTOMERS = "__customers"


def kinds_asked(dataset: Dataset, seen: Seen) -> Ask | None:
    """Ask each part of a shop for `kinds_of`; None where segments look at what no part has.

    Args:
        dataset: The shop's tables.
        seen: What the audit looks at.
    """
    given = tuple(given_tables(dataset))
    if not set(given) <= set(SPLIT):
        return None
    segments = list(segments_asked(set(given)).values())

    def of_part(part: Bundle) -> pl.DataFrame:
        return kinds_of(segments, {name: getattr(part, name) for name in given}, seen)

    return Ask(STAGES[4], of_all=of_part, together=pl.concat)


def segment_tables(
    dataset: Dataset, seen: Seen, kinds: pl.DataFrame | None = None
) -> dict[str, pl.DataFrame]:
    """Make the tables of ready segments and of what they have in common; none without members.

    What is kept of customers is how many there are of each kind, by the segments they are in.

    Args:
        dataset: The shop's tables.
        seen: What the audit looks at.
        kinds: What `kinds_of` gives of all parts; None asks the shop's tables at once.
    """
    tables = given_tables(dataset)
    asked = segments_asked(set(tables))
    if kinds is None:
        kinds = kinds_of(list(asked.values()), tables, seen)
    if kinds.filter(pl.any_horizontal(list(asked))).is_empty():
        return {}
    return {
        "ready_segments": _sizes(kinds, asked),
        "ready_overlap": _overlap(kinds, list(asked)),
    }


def segments_asked(tables: set[str]) -> dict[str, Segment]:
    """Give the ready segments that some tables can answer, by the names of their functions.

    Left out are those for which something must be said, and those that ask nothing of a table,
    such as a control group.
    """
    found = {}
    for name, function in READY.items():
        if _needs_nothing_said(function):
            segment = function()
            needed = needed_tables(segment)
            if needed and needed <= tables:
                found[name] = segment.with_fields(name=name)
    return found


def _needs_nothing_said(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return all(one.default is not one.empty for one in parameters)


def kinds_of(
    segments: Sequence[Segment], tables: Mapping[str, pl.LazyFrame], seen: Seen
) -> pl.DataFrame:
    """Count customers, and sum what they paid in a year, by the segments they are in.

    Args:
        segments: The segments.
        tables: The tables they look at, of a shop or of a part of its customers.
        seen: What the audit looks at.
    """
    names = [segment.name for segment in segments]
    table = evaluate_many(segments, tables, seen.as_of)
    start = read_length("YEAR", YEAR).before(seen.as_of, ZoneInfo(seen.time_zone))
    lately = pl.col("ordered_at") >= instant(start, seen.time_zone)
    orders = tables["orders"]
    paid = (
        observed(orders.filter(is_sale(orders), lately), as_of=seen.as_of)
        .group_by("customer_id")
        .agg(pl.col("amount").sum().cast(SUM).alias(_PAID))
    )
    return (
        table.join(paid, on="customer_id", how="left")
        .group_by(names)
        .agg(pl.len().cast(pl.Int64).alias(_CUSTOMERS), pl.col(_PAID).sum())
        .collect(engine="streaming")
    )


def _sizes(kinds: pl.DataFrame, asked: dict[str, Segment]) -> pl.DataFrame:
    everybody, revenue = _sums(kinds)
    rows = []
    for name, segment in asked.items():
        customers, paid = _sums(kinds.filter(name))
        share_paid = float(paid) / float(revenue) if revenue else None
        rows.append((name, customers, customers / everybody, paid, share_paid, segment.sentence()))
    return pl.DataFrame(
        rows,
        schema={
            "ready_segment": pl.String,
            "customers": pl.Int64,
            "share_of_customers": pl.Float64,
            "revenue": SUM,
            "share_of_revenue": pl.Float64,
            "meaning": pl.String,
        },
        orient="row",
    )


def _sums(kinds: pl.DataFrame) -> tuple[int, Decimal]:
    """Give how many customers there are of some kinds, and what they paid."""
    customers, paid = kinds.select(pl.col(_CUSTOMERS, _PAID).sum()).row(0)
    return customers, paid


def _overlap(kinds: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Count who is in both of each two segments that have anybody."""
    members = {name: kinds.filter(name) for name in names}
    sizes = {name: _sums(own)[0] for name, own in members.items()}
    some = [name for name in names if sizes[name]]
    rows = []
    for one in some:
        for other in some:
            both = _sums(members[one].filter(other))[0]
            rows.append((one, other, both, both / sizes[one]))
    return pl.DataFrame(
        rows,
        schema={
            "ready_segment": pl.String,
            "other_segment": pl.String,
            "customers": pl.Int64,
            "share_of_segment": pl.Float64,
        },
        orient="row",
    )
