"""Drawn parts of conditions: lengths, windows, comparisons and rows, near to what a shop holds."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.definitions.customers import Score
from retention_kit.smart_segments.definitions.lengths import EPOCH, read_length
from retention_kit.smart_segments.definitions.rows import TABLE_OF, Rows, Source
from retention_kit.smart_segments.definitions.values import OF_ORDER, OF_TEXT, Comparison, Where
from retention_kit.smart_segments.definitions.windows import (
    AllTime,
    BetweenAges,
    CalendarPeriod,
    Last,
    Since,
    Window,
)
from retention_kit.testing._instants import to_datetime
from retention_kit.testing._segment_worlds import Kind, SegmentWorld

C = TypeVar("C", bound=Comparison)
EVERY = ("1mo", "1d", "1w", "1q", "1y")
LENGTHS = ("1mo", "30d", "24h", "1d", "1y", "1w", "31d", "3mo", "90d", "1h", "1mo1d", "6mo", "12mo")
LONGER = ("2y", "365d", "366d", "1q", "30m", "1s", "1d1h", "9000h", "4y", "2mo29d", "23h", "25h")
_OF_DAYS = ("1mo", "1d", "1w", "30d", "1y", "3mo", "11mo", "365d", "1mo1d")
_LONGEST = 900_000
_SOURCES: tuple[Source, ...] = ("orders", "order_items", "events", "returns", "returned_items")
_NUMBER: tuple[Any, ...] = ("equals", "at_least", "at_most", "more_than", "less_than", "not_equals")
_LISTS: tuple[Any, ...] = ("in", "not_in")
_KNOWN: tuple[Any, ...] = ("known", "unknown")
_OPERATORS: dict[Kind, tuple[Any, ...]] = {
    "text": (*_NUMBER, *_LISTS, *_KNOWN, *OF_TEXT),
    "exact": (*_NUMBER, *_LISTS, *_KNOWN),
    "float": (*_NUMBER, *_LISTS, *_KNOWN),
    "bool": ("equals", "not_equals", *_LISTS, *_KNOWN),
    "date": (*_NUMBER, *_LISTS, *_KNOWN, "during"),
    "instant": (*_NUMBER, *_LISTS, *_KNOWN, "during"),
}
_TEXTS = ("tea", "чай", "", "é", "e\u0301", "ЁЛКА", "елка", "K", "σας", "€", "Product Added")
_FAR = (-1, 300, 10**17, Decimal("0.000000000001"), -(10**10))
_PATTERNS = (
    "a",
    "^t",
    "ча|ёл",
    "^.$",
    "[a-z]+",
    r"\d",
    "(tea|чай)$",
    r"^\w+$",
    "^$",
    "[^a]",
    r"\s",
)
_MOMENTS_APART = (0, 1, -1, 86_400_000_000, -86_400_000_000)


def draw_number_operator(draw: DrawFn) -> Any:
    """Draw how a number is compared."""
    return draw(st.sampled_from(_NUMBER))


def draw_length(draw: DrawFn, world: SegmentWorld, *, of_days: bool = False) -> str:
    """Draw a length: a usual one, or the time between two things that happened."""
    choice = draw(st.integers(0, 3))
    if of_days:
        return draw(st.sampled_from(_OF_DAYS))
    if choice < 2:
        return draw(st.sampled_from(LENGTHS if choice == 0 else LONGER))
    later = world.now if choice == 2 else _an_instant(draw, world)
    earlier = _an_instant(draw, world)
    return draw(st.sampled_from(lengths_between(earlier, later, world)))


def draw_window(draw: DrawFn, world: SegmentWorld, *, all_time: bool = True) -> Any:
    """Draw a window of any kind."""
    kind = draw(st.integers(0 if all_time else 2, 7))
    if kind <= 1:
        return AllTime()
    if kind <= 4:
        return Last(length=draw_length(draw, world))
    if kind == 5:
        return CalendarPeriod(
            every=draw(st.sampled_from(EVERY)), ago=draw(st.sampled_from((0, 1, 2, 12)))
        )
    return draw_since(draw, world) if kind == 6 else _draw_between_ages(draw, world)


def draw_since(draw: DrawFn, world: SegmentWorld) -> Since:
    """Draw a window from a date or an instant on."""
    start = _draw_moment(draw, world)
    until = _draw_moment(draw, world) if draw(st.booleans()) else None
    for ends in ((start, until), (until, start)):
        if ends[0] is not None:
            try:
                return Since(start=ends[0], until=ends[1])
            except DefinitionError:
                continue
    return Since(start=start)


def draw_comparison(draw: DrawFn, world: SegmentWorld, table: str, kind: type[C], **more: Any) -> C:
    """Draw a comparison of a column of a table with what the column holds, or nearly so."""
    columns = world.columns(table)
    if kind is Score:
        # Both tables have it, and who has no row in one of them would get it from the other.
        columns = [one for one in columns if one != "customer_id"]
    column = draw(st.sampled_from(columns))
    of_column = world.kind(table, column)
    operator = draw(st.sampled_from(_OPERATORS[of_column]))
    fields: dict[str, Any] = {"column": column, "operator": operator, **more}
    if operator in _KNOWN:
        return kind(**fields)
    if operator == "during":
        return kind(**fields, window=draw_window(draw, world))
    if operator == "matches":
        return kind(**fields, value=draw(st.sampled_from(_PATTERNS)), fold=draw(st.booleans()))
    operands = _operands(draw, world, table, column)
    if of_column == "text":
        fields["fold"] = draw(st.booleans())
    if operator in OF_TEXT:
        whole = draw(st.sampled_from(operands)) or "a"
        return kind(**fields, value=draw(st.sampled_from((whole, whole[:1], whole[-1:]))))
    if operator in _LISTS:
        return kind(**fields, values=draw(st.lists(st.sampled_from(operands), min_size=1)))
    if operator in OF_ORDER:
        operands = [one for one in operands if not isinstance(one, bool)]
    return kind(**fields, value=draw(st.sampled_from(operands)))


def draw_filters(draw: DrawFn, world: SegmentWorld, source: Source, most: int) -> tuple[Where, ...]:
    """Draw filters on the rows of a source, mostly none or one."""
    table = TABLE_OF[source]
    count = draw(st.sampled_from((0, 0, 0, 1, 1, most)))
    found = [draw_comparison(draw, world, table, Where) for _ in range(min(count, most))]
    if table == "events" and draw(st.integers(0, 3)) == 3:
        names = world.values("events", "name") or ["Product Added"]
        found.append(Where(column="name", value=draw(st.sampled_from(names))))
    return tuple(found)


def draw_rows(draw: DrawFn, world: SegmentWorld, sources: tuple[Source, ...] = _SOURCES) -> Rows:
    """Draw which rows: of a source, by filters, net of returns or not."""
    source: Source = draw(st.sampled_from(sources))
    where = draw_filters(draw, world, source, 2)
    net = source in ("orders", "order_items") and draw(st.integers(0, 2)) == 2
    return Rows(source=source, where=where, net=net)


def draw_number(draw: DrawFn, values: list[Any]) -> Any:
    """Draw a number at or near some others."""
    possible = [*(one for one in values if abs(one) < 10**17), 0, 1, 10, Decimal("0.5")]
    near = draw(st.sampled_from(possible))
    if isinstance(near, float):
        return round(near, 6)  # a definition has twelve digits after the point at most
    off = draw(st.sampled_from((0, 0, 0, Decimal("0.0001"), -1)))
    return near + off


def _operands(draw: DrawFn, world: SegmentWorld, table: str, column: str) -> list[Any]:
    """Give values of one kind to compare a column with."""
    held = world.values(table, column)
    match world.kind(table, column):
        case "text":
            return [*held, *_TEXTS]
        case "exact":
            near = [one + Decimal("0.0001") for one in held[:2]]
            return [one for one in (*held, 0, 1, *near, *_FAR) if abs(one) < 10**18]
        case "float":
            return [0.5, 0.1, 0, 2, -1.25]
        case "bool":
            return [True, False]
        case "date":
            return [*held, *(one + dt.timedelta(days=1) for one in held), dt.date(2012, 2, 28)]
    moments = [_an_instant(draw, world), *(_since_1970(one) for one in held[:3])]
    instants = [to_datetime(one, world.zone) for one in moments]
    if draw(st.booleans()):
        return list(dict.fromkeys(one.date() for one in instants))
    return [*instants, instants[0] + dt.timedelta(microseconds=1)]


def _an_instant(draw: DrawFn, world: SegmentWorld) -> int:
    return draw(st.sampled_from(world.instants))


def _draw_moment(draw: DrawFn, world: SegmentWorld) -> dt.date | dt.datetime:
    at = _an_instant(draw, world) + draw(st.sampled_from(_MOMENTS_APART))
    instant = to_datetime(at, world.zone)
    if draw(st.booleans()):
        return instant.date()
    return instant.astimezone(dt.UTC) if draw(st.booleans()) else instant


def _draw_between_ages(draw: DrawFn, world: SegmentWorld) -> Window:
    one, other = draw_length(draw, world), draw_length(draw, world)
    # A length and one more is surely longer than the one.
    for oldest, youngest in ((one, other), (other, one), (f"{one}{other}", other)):
        try:
            return BetweenAges(oldest=oldest, youngest=youngest)
        except DefinitionError:
            continue
    return Last(length=one)


def lengths_between(one: int, other: int, world: SegmentWorld) -> tuple[str, ...]:
    """Say how far two instants lie apart: elapsed, in days and in months of the clock."""
    first, last = sorted((one, other))
    seconds, rest = divmod(last - first, 1_000_000)
    hours, minutes = divmod(seconds // 60, 60)
    start, end = to_datetime(first, world.zone), to_datetime(last, world.zone)
    days = (end.date() - start.date()).days
    months = (end.year - start.year) * 12 + end.month - start.month
    elapsed = f"{hours}h{minutes}m{seconds % 60}s"
    near = (f"{hours}h", f"{days}d", f"{months}mo", f"{days + 1}d", f"{hours + 1}h")
    # What ends on no whole second has no exact length; the others are of the boundary mostly.
    exact = () if rest else (elapsed, elapsed, elapsed)
    return tuple(text for text in (*exact, *near) if _is_length(text)) or ("1s",)


def _is_length(text: str) -> bool:
    try:
        read_length("length", text)
    except DefinitionError:
        return False
    return True


def _since_1970(at: dt.datetime) -> int:
    return (at - EPOCH) // dt.timedelta(microseconds=1)
