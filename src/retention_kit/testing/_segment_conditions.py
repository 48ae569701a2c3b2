"""Drawn conditions that stand alone, one function for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.definitions.base import Condition
from retention_kit.smart_segments.definitions.counting import (
    EventAggregate,
    EventCount,
    Lapsed,
    Reactivated,
    Regularity,
)
from retention_kit.smart_segments.definitions.customers import (
    Attribute,
    Bucket,
    Consent,
    Member,
    MessageEngagement,
    Score,
)
from retention_kit.smart_segments.definitions.moments import (
    Anniversary,
    FirstEvent,
    LastEvent,
    OfCustomer,
    OfEvent,
)
from retention_kit.smart_segments.definitions.plugins import PluginCondition
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.testing._segment_parts import (
    EVERY,
    draw_comparison,
    draw_filters,
    draw_length,
    draw_number,
    draw_number_operator,
    draw_rows,
    draw_window,
    lengths_between,
)
from retention_kit.testing._segment_sequences import draw_done, draw_sequence
from retention_kit.testing._segment_worlds import SNAPSHOTS_OF, SegmentWorld

_TOO_NEW = ("evaluate", "evaluate", "unknown", "false", "true")
_MISSING = ("unknown", "unknown", "false", "true")
_COUNTS = (1, 0, 2, 3)
_SHARES = (Decimal("0.5"), 0, 1, Decimal("0.25"), Decimal("0.333333333333"), Decimal("0.1"))
_GAPS = (("1mo", "1mo"), ("30d", "30d"), ("24h", "1h"), ("1d", "1d"), ("3mo", "30d"), ("1y", "6mo"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a condition may ask for.

    Attributes:
        world: The tables, scores and snapshots.
        plugins: Conditions of plugins.
        others: Segments by name.
    """

    world: SegmentWorld
    plugins: SearchStrategy[PluginCondition] | None = None
    others: tuple[str, ...] = ()


def _event_count(draw: DrawFn, asked: Asked) -> Condition:
    rows, window = draw_rows(draw, asked.world), draw_window(draw, asked.world)
    bounds: Any = _draw_bounds(draw)
    return EventCount(rows=rows, window=window, too_new=draw(st.sampled_from(_TOO_NEW)), **bounds)


def _event_aggregate(draw: DrawFn, asked: Asked) -> Condition:
    world = asked.world
    rows = draw_rows(draw, world)
    fields: dict[str, Any] = {
        "rows": rows,
        "window": draw_window(draw, world),
        "aggregate": draw(st.sampled_from(("sum", "mean", "distinct", "min", "max", "share"))),
        "operator": draw_number_operator(draw),
        "too_new": draw(st.sampled_from(_TOO_NEW)),
    }
    match fields["aggregate"]:
        case "share":
            fields["of"] = draw_filters(draw, world, rows.source, 1) or (
                draw_comparison(draw, world, rows.table, Where),
            )
            fields["value"] = draw(st.sampled_from(_SHARES))
        case "distinct":
            fields["column"] = draw(st.sampled_from(world.columns(rows.table)))
            fields["value"] = draw(st.sampled_from(_COUNTS))
        case "sum" | "mean":
            fields["column"] = draw(st.sampled_from(world.columns(rows.table, ("exact",))))
            fields["value"] = draw_number(draw, _added_up(world, rows.table, fields["column"]))
        case _:
            columns = world.columns(rows.table, ("exact", "float"))
            fields["column"] = draw(st.sampled_from(columns))
            fields["value"] = draw_number(draw, world.values(rows.table, fields["column"]))
    if fields["operator"] == "at_least" and draw(st.booleans()):
        # Of two numbers, the greater ends the range.
        more: Any = draw(st.sampled_from((0, 1, Decimal("0.5"), 100)))
        end = Decimal(str(fields["value"])) + more
        fields["to"] = min(end, 1) if fields["aggregate"] == "share" else end
    return EventAggregate(**fields)


def _added_up(world: SegmentWorld, table: str, column: str) -> list[Any]:
    """Give sums and means of a column by customer, near which sums and means are asked for."""
    key = ("sums", table, column)
    if key not in world.cached:
        exact = pl.col(column).cast(pl.Decimal(38, 4))
        each = pl.struct(exact.sum().alias("sum"), pl.len().alias("rows"))
        totals = world.tables[table].group_by("customer_id", maintain_order=True).agg(to=each)
        pairs = [(one["sum"], one["rows"]) for one in totals["to"].head(4)]
        sums = [one for one, _ in pairs]
        means = [one / count for one, count in pairs if (one.scaleb(4) % count) == 0]
        world.cached[key] = [*sums, *(one.quantize(Decimal("0.0001")) for one in means)]
    found: list[Any] = world.cached[key]
    return [*found, *world.values(table, column)]


def _end_event(draw: DrawFn, asked: Asked) -> Condition:
    world = asked.world
    rows = draw_rows(draw, world)
    has = draw_filters(draw, world, rows.source, 2)
    window = draw_window(draw, world, all_time=bool(has))
    kind: Any = draw(st.sampled_from((LastEvent, FirstEvent)))
    condition: Condition = kind(rows=rows, window=window, has=has)
    return condition


def _regularity(draw: DrawFn, asked: Asked) -> Condition:
    periods = draw(st.sampled_from((3, 1, 2, 12, 400)))
    return Regularity(
        rows=draw_rows(draw, asked.world),
        every=draw(st.sampled_from(EVERY)),
        periods=periods,
        at_least=min(periods, draw(st.sampled_from((1, 2, 3)))),
        current=draw(st.booleans()),
        too_new=draw(st.sampled_from(_TOO_NEW)),
    )


def _lapsed(draw: DrawFn, asked: Asked) -> Condition:
    world = asked.world
    return Lapsed(
        rows=draw_rows(draw, world),
        silent=draw_length(draw, world),
        active=draw_length(draw, world) if draw(st.booleans()) else None,
        at_least=draw(st.sampled_from((1, 2, 1, 3))),
    )


def _reactivated(draw: DrawFn, asked: Asked) -> Condition:
    world = asked.world
    done = draw_done(draw, world, 2)
    if len(done) == 2 and draw(st.booleans()):
        rows = Rows(source=done[1].source)
        one = draw(st.sampled_from(lengths_between(done[0].at, done[1].at, world)))
    else:
        rows, one = draw_rows(draw, world), draw_length(draw, world)
    other = one if draw(st.booleans()) else draw_length(draw, world)
    for gap, within in ((one, other), (other, one)):
        try:
            return Reactivated(rows=rows, gap=gap, within=within)
        except DefinitionError:
            continue
    gap, within = draw(st.sampled_from(_GAPS))
    return Reactivated(rows=rows, gap=gap, within=within)


def _anniversary(draw: DrawFn, asked: Asked) -> Condition:
    world = asked.world
    of: OfCustomer | OfEvent
    if "customers" in world.tables and draw(st.booleans()):
        columns = world.columns("customers", ("date", "instant"))
        of = OfCustomer(column=draw(st.sampled_from(columns)))
    else:
        of = OfEvent(rows=draw_rows(draw, world), which=draw(st.sampled_from(("last", "first"))))
    after, ahead = (
        draw_length(draw, world, of_days=True) if draw(st.booleans()) else None for _ in range(2)
    )
    leap_day: Any = draw(st.sampled_from(("28_february", "1_march")))
    return Anniversary(
        of=of,
        after=after,
        ahead=ahead,
        days=draw(st.sampled_from((1, 7, 31, 365, 2, 100, 200))),
        # A date moved by months clamps.
        leap_day="28_february" if after else leap_day,
    )


def _attribute(draw: DrawFn, asked: Asked) -> Condition:
    missing = draw(st.sampled_from(_MISSING))
    return draw_comparison(draw, asked.world, "customers", Attribute, missing=missing)


def _score(draw: DrawFn, asked: Asked) -> Condition:
    tables = [one for one in ("scores", "scores", "customers") if one in asked.world.tables]
    missing = draw(st.sampled_from(_MISSING))
    return draw_comparison(draw, asked.world, draw(st.sampled_from(tables)), Score, missing=missing)


def _member(draw: DrawFn, asked: Asked) -> Condition:
    if asked.others and ("snapshots" not in asked.world.tables or draw(st.booleans())):
        return Member(segment=draw(st.sampled_from(asked.others)))
    return Member(
        segment=draw(st.sampled_from(SNAPSHOTS_OF)),
        when=draw(st.sampled_from(("ever", "never", "entered", "left"))),
        window=draw_window(draw, asked.world),
    )


def _consent(draw: DrawFn, _: Asked) -> Condition:
    return Consent(
        channel=draw(st.sampled_from(("email", "sms", "email", "sms", "push"))),
        purpose=draw(st.sampled_from(("messages", "sharing"))),
    )


def _message_engagement(draw: DrawFn, asked: Asked) -> Condition:
    engagement: Any = draw(st.sampled_from(("received", "ignored", "opened", "clicked")))
    bounds = {"at_least": draw(st.sampled_from((1, 2)))}
    return MessageEngagement(
        engagement=engagement,
        channel=draw(st.sampled_from(("email", "email", "email", "push", "sms"))),
        campaign=draw(st.sampled_from((None, None, "spring"))),
        message_id=draw(st.sampled_from((None, None, "m1"))),
        window=draw_window(draw, asked.world),
        **(bounds if engagement == "ignored" else _draw_bounds(draw)),
    )


def _bucket(draw: DrawFn, _: Asked) -> Condition:
    shares: list[Any] = draw(
        st.lists(st.sampled_from(_SHARES), min_size=2, max_size=2, unique=True)
    )
    start, end = sorted(shares)
    return Bucket(salt=draw(st.sampled_from(("spring", "соль"))), start=start, end=end)


def _plugin(draw: DrawFn, asked: Asked) -> Condition:
    return draw(asked.plugins) if asked.plugins is not None else Consent(channel="email")


def _draw_bounds(draw: DrawFn) -> dict[str, int | None]:
    low, high = draw(st.sampled_from(_COUNTS)), draw(st.sampled_from(_COUNTS))
    match draw(st.integers(0, 3)):
        case 0:
            return {"at_least": low}
        case 1:
            return {"at_most": high}
        case 2:
            return {"at_least": low, "at_most": low}
    return {"at_least": min(low, high), "at_most": max(low, high)}


def _with_tables(*names: str) -> Callable[[Asked], bool]:
    return lambda asked: all(name in asked.world.tables for name in names)


_OF_ROWS = _with_tables("orders", "order_items", "events")
LEAVES: Mapping[str, tuple[Callable[[DrawFn, Asked], Condition], Callable[[Asked], bool]]] = {
    "event_count": (_event_count, _OF_ROWS),
    "event_aggregate": (_event_aggregate, _OF_ROWS),
    "sequence": (lambda draw, asked: draw_sequence(draw, asked.world), _OF_ROWS),
    "end_event": (_end_event, _OF_ROWS),
    "attribute": (_attribute, _with_tables("customers")),
    "anniversary": (_anniversary, _OF_ROWS),
    "regularity": (_regularity, _OF_ROWS),
    "lapsed": (_lapsed, _OF_ROWS),
    "reactivated": (_reactivated, _OF_ROWS),
    "score": (_score, _with_tables("scores")),
    "member": (_member, lambda asked: bool(asked.others) or "snapshots" in asked.world.tables),
    "consent": (_consent, _with_tables("consents")),
    "message_engagement": (_message_engagement, _with_tables("events")),
    "bucket": (_bucket, _with_tables()),
    "plugin": (_plugin, lambda asked: asked.plugins is not None),
}
"""By kind, what draws it, and whether what is asked for is there."""
