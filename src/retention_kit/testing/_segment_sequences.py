"""Drawn sequences: steps at random, or along what one customer did, at the boundaries of time."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.definitions.rows import TABLE_OF, Rows, Source
from retention_kit.smart_segments.definitions.sequences import Same, Sequence, Step, Without
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.smart_segments.definitions.windows import AllTime
from retention_kit.testing._segment_parts import (
    draw_comparison,
    draw_length,
    draw_rows,
    draw_window,
    lengths_between,
)
from retention_kit.testing._segment_worlds import Done, Kind, SegmentWorld

_SOURCES: tuple[Source, ...] = ("order_items", "orders", "events")
_TOLD: tuple[Kind, ...] = ("text", "exact", "bool", "date", "instant")
_NAMES = ("product_id", "order_id", "channel", "category", "campaign", "name", "amount", "note")
_PAIRS = (
    *((name, name) for name in _NAMES),
    ("original_order_id", "order_id"),
    ("order_id", "original_order_id"),
)


def draw_sequence(draw: DrawFn, world: SegmentWorld) -> Sequence:
    """Draw a sequence of one to three steps."""
    count = draw(st.sampled_from((1, 2, 2, 3)))
    done = draw_done(draw, world, count) if draw(st.integers(0, 2)) else []
    quiet: list[str] = []
    if done:
        steps, quiet = _along(draw, world, done)
    else:
        steps = _at_random(draw, world, count)
    which: Any = draw(st.sampled_from(("any", "last", "first")))
    quiet_for = None
    may_be_over: bool = draw(st.booleans())
    if steps[-1].without and may_be_over:
        # Where something follows, its instant is the end of a time that it is not in.
        is_exact = bool(quiet) and draw(st.integers(0, 3)) < 3
        quiet_for = draw(st.sampled_from(quiet)) if is_exact else _time_between(draw, world)
    return Sequence(
        steps=tuple(steps),
        window=draw_window(draw, world) if draw(st.integers(0, 2)) == 2 else AllTime(),
        which=which,
        among="window" if which == "any" else draw(st.sampled_from(("window", "all"))),
        quiet_for=quiet_for,
        unfinished=draw(st.sampled_from(("no", "unknown", "yes", "unknown"))),
    )


def draw_done(draw: DrawFn, world: SegmentWorld, most: int) -> list[Done]:
    """Draw up to so many things that one customer did, in order; at one instant there may be two.

    Returns:
        None where nobody did two things.
    """
    if not world.timelines:
        return []
    timeline = draw(st.sampled_from(world.timelines))
    places = st.sets(st.integers(0, len(timeline) - 1), min_size=min(most, 2), max_size=most)
    return [timeline[place] for place in sorted(draw(places))][:most]


def _along(draw: DrawFn, world: SegmentWorld, done: list[Done]) -> tuple[list[Step], list[str]]:
    """Draw steps that are, or just are not, what a customer did.

    Returns:
        The steps; and how long after the last of them something came that must not.
    """
    timeline = next(one for one in world.timelines if done[0] in one)
    rows = [_rows_like(draw, world, one) for one in done]
    steps = []
    quiet: list[str] = []
    for place, own in enumerate(rows):
        at, is_last = done[place].at, place == len(rows) - 1
        within = None
        if place and draw(st.booleans()):
            within = draw(st.sampled_from(lengths_between(done[place - 1].at, at, world)))
        without: tuple[Without, ...] = ()
        if len(rows) == 1 or draw(st.sampled_from((False, is_last, True))):
            later = [one for one in timeline if one.at > at and is_last]
            follower = draw(st.sampled_from(later or timeline))
            other = _rows_like(draw, world, follower)
            same = _draw_same(draw, world, other, rows[: place + 1])
            without = (_not_itself(own, Without(rows=other, same=same)),)
            if follower.at > at:
                quiet = list(lengths_between(at, follower.at, world))
        common = _draw_same(draw, world, own, rows[:place])
        steps.append(Step(rows=own, within=within, same=common, without=without))
    return steps, quiet


def _at_random(draw: DrawFn, world: SegmentWorld, count: int) -> list[Step]:
    rows = [draw_rows(draw, world, _SOURCES) for _ in range(count)]
    steps = []
    for place, own in enumerate(rows):
        last = place == count - 1
        # Most steps ask for little, so that some sequences are found.
        quiet = draw(st.sampled_from((0, 0, 1, 2) if last else (0, 0, 0, 1))) if count > 1 else 1
        has_limit = place > 0 and draw(st.integers(0, 2)) == 2
        without = []
        for _ in range(quiet):
            other = draw_rows(draw, world, _SOURCES)
            if not other.where:
                other = other.also(draw_comparison(draw, world, other.table, Where))
            same = _draw_same(draw, world, other, rows[: place + 1])
            without.append(_not_itself(own, Without(rows=other, same=same)))
        steps.append(
            Step(
                rows=own,
                within=draw_length(draw, world) if has_limit else None,
                same=_draw_same(draw, world, own, rows[:place]),
                without=tuple(without),
            )
        )
    return steps


def _time_between(draw: DrawFn, world: SegmentWorld) -> str:
    """Draw how long it was between two things that one customer did, or up to the observation."""
    if not world.timelines or draw(st.integers(0, 3)) == 3:
        return draw(st.sampled_from((draw_length(draw, world), "1mo", "2y")))
    timeline = draw(st.sampled_from(world.timelines))
    one = draw(st.sampled_from(timeline)).at
    other = world.now if draw(st.booleans()) else draw(st.sampled_from(timeline)).at
    return draw(st.sampled_from(lengths_between(one, other, world)))


def _rows_like(draw: DrawFn, world: SegmentWorld, done: Done) -> Rows:
    """Draw rows of which a given one is one."""
    columns = world.columns(TABLE_OF[done.source], _TOLD)
    told = [one for one in columns if done.row[one] is not None]
    where: tuple[Where, ...] = ()
    if draw(st.booleans()):
        column = draw(st.sampled_from(told))
        value = done.row[column]
        if not isinstance(value, int) or abs(value) < 10**18:
            where = (Where(column=column, value=value),)
    return Rows(source=done.source, where=where)


def _not_itself(rows: Rows, without: Without) -> Without:
    """Give what must not follow a step, or something else where the step itself is that."""
    if not without.same:
        try:
            Sequence(steps=(Step(rows=rows, without=(without,)),))
        except DefinitionError:
            other: Source = "returns" if rows.source in _SOURCES else "orders"
            return Without(rows=Rows(source=other))
    return without


def _draw_same(
    draw: DrawFn, world: SegmentWorld, rows: Rows, before: list[Rows]
) -> tuple[Same, ...]:
    """Draw columns in common with earlier steps: of the same name and type, or ids of orders."""
    if not before or draw(st.integers(0, 2)) < 2:
        return ()
    step = draw(st.integers(0, len(before) - 1))
    here, there = world.tables[rows.table].schema, world.tables[before[step].table].schema
    possible = [
        Same(column=one, of=None if one == other else other, step=step)
        for one, other in _PAIRS
        if one in here and other in there and here[one] == there[other]
    ]
    if not possible:
        return ()
    return tuple(draw(st.lists(st.sampled_from(possible), max_size=2, unique=True)))
