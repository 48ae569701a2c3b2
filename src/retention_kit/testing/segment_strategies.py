"""Hypothesis strategies for segments: every condition, window and operator, over hard shops.

What they ask for is what the drawn tables hold, or nearly so: values, ids, instants, and the times
between two things that happened. So conditions are often true, and often just not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from retention_kit.smart_segments.definitions.base import All, AnyOf, Condition, Not
from retention_kit.smart_segments.definitions.lengths import zone_named
from retention_kit.smart_segments.definitions.plugins import ConditionSpec, PluginCondition
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.testing._segment_conditions import LEAVES, Asked
from retention_kit.testing._segment_shops import crowded, returned_whole, with_less_said
from retention_kit.testing._segment_worlds import SegmentWorld, draw_as_of, draw_world
from retention_kit.testing._shop import Shop, drawn_shops
from retention_kit.testing.strategies import shops

TABLES = ("orders", "order_items", "customers", "consents", "events")
_NAMES = ("Tea", "Чай", "a b", "Regulars")
_POPULATIONS = ("everyone", "everyone", "everyone", "buyers", "registered")


@dataclass(frozen=True, slots=True, repr=False)
class SegmentCase:
    """Segments, and all that they are asked of.

    Attributes:
        tables: The tables by name: those of the shop, `scores` and `snapshots`.
        time_zone: The shop's zone.
        as_of: The instant of observation.
        segments: The segments.
        others: Segments that they may ask for.
        taken: By segment, when snapshots of it were taken.
        conditions: What plugins give.
    """

    tables: Mapping[str, pl.DataFrame]
    time_zone: str
    as_of: dt.datetime
    segments: tuple[Segment, ...]
    others: tuple[Segment, ...] = ()
    taken: Mapping[str, tuple[dt.datetime, ...]] | None = None
    conditions: tuple[ConditionSpec, ...] = ()

    def __repr__(self) -> str:
        shop = Shop(self.tables, self.time_zone)
        taken = {name: [str(at) for at in when] for name, when in (self.taken or {}).items()}
        said = [f"as_of={self.as_of}", f"segments={self.segments}", f"others={self.others}"]
        return f"SegmentCase({shop}, {', '.join(said)}, taken={taken})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002
        """Let Hypothesis report it as `repr` does."""
        printer.text(repr(self))

    @property
    def besides(self) -> dict[str, Any]:
        """What both evaluators take besides: `others`, `taken` and `conditions`."""
        return {"others": self.others, "taken": self.taken, "conditions": self.conditions}


def conditions(
    shop: Shop | None = None,
    *,
    as_of: dt.datetime | None = None,
    others: Collection[str] = (),
    plugins: SearchStrategy[PluginCondition] | None = None,
    kinds: Collection[str] | None = None,
    max_depth: int = 2,
) -> SearchStrategy[Condition]:
    """Draw conditions of every kind, joined by `&`, `|` and `~` up to a depth.

    Args:
        shop: Whose tables they ask for; by default one is drawn. Scores and snapshots are asked
            for where the shop has tables `scores` and `snapshots`.
        as_of: The instant of observation that windows are drawn for; by default it is drawn.
        others: Names of segments that `Member` may ask for as they are now.
        plugins: Conditions of plugins that are drawn too.
        kinds: Which kinds are drawn, by their `type`; by default all.
        max_depth: How many joins may stand inside each other.

    Returns:
        Conditions.

    Examples:
        >>> from hypothesis import given
        >>> @given(conditions())
        ... def property_of_conditions(condition):
        ...     segment = Segment(name="any", condition=condition)
        ...     assert Segment.from_json(segment.to_json()) == segment
        >>> property_of_conditions()
    """
    return _conditions(shop, as_of, tuple(others), plugins, kinds, max_depth)


def segments(
    shop: Shop | None = None,
    *,
    as_of: dt.datetime | None = None,
    others: Collection[str] = (),
    plugins: SearchStrategy[PluginCondition] | None = None,
    kinds: Collection[str] | None = None,
    max_depth: int = 2,
    name: str = "Tea",
) -> SearchStrategy[Segment]:
    """Draw segments: `conditions` of every kind, asked of every population.

    Args:
        shop: Whose tables they ask for; by default one is drawn.
        as_of: The instant of observation that windows are drawn for; by default it is drawn.
        others: Names of segments that `Member` may ask for as they are now.
        plugins: Conditions of plugins that are drawn too.
        kinds: Which kinds of conditions are drawn, by their `type`; by default all.
        max_depth: How many joins may stand inside each other.
        name: The segment's name.

    Returns:
        Segments.

    Examples:
        >>> from hypothesis import given
        >>> @given(segments())
        ... def property_of_segments(segment):
        ...     assert type(segment).from_json(segment.to_json()) == segment
        >>> property_of_segments()
    """
    drawn = _conditions(shop, as_of, tuple(others), plugins, kinds, max_depth)
    return st.builds(
        Segment, name=st.just(name), condition=drawn, population=st.sampled_from(_POPULATIONS)
    )


def segment_cases(
    *,
    plugins: SearchStrategy[PluginCondition] | None = None,
    specs: Collection[ConditionSpec] = (),
    kinds: Collection[str] | None = None,
    max_segments: int = 3,
    max_depth: int = 2,
    max_rows: int = 16,
    time_zone: str | None = None,
) -> SearchStrategy[SegmentCase]:
    """Draw segments together with the tables, snapshots and other segments that they need.

    Both evaluators must agree on every case, for every customer; so must a plugin's two ways to
    answer its condition, whose author hands in `plugins` and `specs`.

    Args:
        plugins: Conditions of plugins that are drawn too.
        specs: What the plugins give for them.
        kinds: Which kinds of conditions are drawn, by their `type`; by default all.
        max_segments: How many segments there are at most, up to 4.
        max_depth: How many joins may stand inside each other.
        max_rows: How many rows each table has at most.
        time_zone: The shop's zone; by default it is drawn.

    Returns:
        Cases.
    """
    zone = time_zone if time_zone is None else zone_named(time_zone).key
    with_guests, without = (
        drawn_shops(TABLES, zone, max_rows, guests=guests) for guests in (True, False)
    )
    return _cases(
        plugins, tuple(specs), kinds, max_segments, max_depth, st.one_of(without, with_guests)
    )


@st.composite
def _cases(
    draw: DrawFn,
    plugins: SearchStrategy[PluginCondition] | None,
    specs: tuple[ConditionSpec, ...],
    kinds: Collection[str] | None,
    max_segments: int,
    max_depth: int,
    any_shop: SearchStrategy[Shop],
) -> SegmentCase:
    shop, few = draw(any_shop), draw(st.sampled_from((0, 2, 1)))
    if few:
        shop = crowded(shop, few)
    if draw(st.booleans()):
        shop = returned_whole(shop)
    if draw(st.booleans()):
        shop = with_less_said(shop)
    as_of = draw_as_of(draw, shop)
    world = draw_world(draw, shop, as_of)
    asked = Asked(world, plugins=plugins)
    others = []
    if draw(st.integers(0, 2)) == 2:
        # The second may ask for the first, so that there is no circle.
        for name in ("Other", "Another")[: draw(st.integers(1, 2))]:
            others.append(_draw_segment(draw, asked, name, kinds, 1))
            asked = Asked(world, plugins=plugins, others=tuple(one.name for one in others))
    count = draw(st.integers(1, max_segments))
    found = [_draw_segment(draw, asked, name, kinds, max_depth) for name in _NAMES[:count]]
    return SegmentCase(
        world.tables, shop.time_zone, as_of, tuple(found), tuple(others), world.taken, specs
    )


@st.composite
def _conditions(
    draw: DrawFn,
    shop: Shop | None,
    as_of: dt.datetime | None,
    others: tuple[str, ...],
    plugins: SearchStrategy[PluginCondition] | None,
    kinds: Collection[str] | None,
    max_depth: int,
) -> Condition:
    whose = draw(shops(TABLES, max_rows=5)) if shop is None else shop
    at = draw_as_of(draw, whose) if as_of is None else as_of
    # What is not in the shop that was given is not asked for.
    given = SegmentWorld(whose.tables, whose.time_zone, at, {})
    world = draw_world(draw, whose, at) if shop is None else given
    return _draw_condition(draw, Asked(world, plugins=plugins, others=others), kinds, max_depth)


def _draw_segment(
    draw: DrawFn, asked: Asked, name: str, kinds: Collection[str] | None, max_depth: int
) -> Segment:
    population: Literal["everyone", "buyers", "registered"] = draw(st.sampled_from(_POPULATIONS))
    condition = _draw_condition(draw, asked, kinds, max_depth)
    return Segment(name=name, condition=condition, population=population)


def _draw_condition(
    draw: DrawFn, asked: Asked, kinds: Collection[str] | None, max_depth: int
) -> Condition:
    joins: tuple[str, ...] = (
        ("leaf", "leaf", "leaf", "all", "any", "not") if max_depth else ("leaf",)
    )
    join = draw(st.sampled_from(joins))
    if join == "not":
        return Not(condition=_draw_condition(draw, asked, kinds, max_depth - 1))
    if join != "leaf":
        count = draw(st.sampled_from((2, 2, 1, 3)))
        found = tuple(_draw_condition(draw, asked, kinds, max_depth - 1) for _ in range(count))
        return All(conditions=found) if join == "all" else AnyOf(conditions=found)
    drawers = _drawers(asked, kinds)
    return draw(st.sampled_from(drawers))(draw, asked)


def _drawers(
    asked: Asked, kinds: Collection[str] | None
) -> list[Callable[[DrawFn, Asked], Condition]]:
    return [
        drawer
        for kind, (drawer, is_possible) in LEAVES.items()
        if is_possible(asked) and (kinds is None or kind in kinds)
    ]
