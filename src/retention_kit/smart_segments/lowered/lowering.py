"""Turn conditions into checks on facts; neither evaluator knows conditions, both know these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

from retention_kit.errors import DefinitionError, nearest_names
from retention_kit.smart_segments.definitions.base import All, AnyOf, Condition, Not
from retention_kit.smart_segments.definitions.counting import (
    EventAggregate,
    EventCount,
    Lapsed,
    Reactivated,
    Regularity,
    TooNew,
)
from retention_kit.smart_segments.definitions.customers import (
    Attribute,
    Bucket,
    Consent,
    Member,
    MessageEngagement,
    Score,
)
from retention_kit.smart_segments.definitions.lengths import read_length
from retention_kit.smart_segments.definitions.moments import (
    Anniversary,
    EndEvent,
    FirstEvent,
    OfCustomer,
)
from retention_kit.smart_segments.definitions.plugins import PluginCondition
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.sequences import Sequence
from retention_kit.smart_segments.definitions.values import NumberOperator, Where
from retention_kit.smart_segments.definitions.windows import AllTime, Last
from retention_kit.smart_segments.lowered.checks import (
    Apart,
    Both,
    Check,
    ComesRound,
    CompareNumber,
    CompareRatio,
    CompareValue,
    Either,
    InRange,
    InWindow,
    IsTrue,
    NoneSince,
    Opposite,
    UnlessTooNew,
)
from retention_kit.smart_segments.lowered.facts import (
    Count,
    Distinct,
    EndHas,
    Fact,
    Filled,
    FirstAt,
    Found,
    Granted,
    Greatest,
    Hashed,
    InPopulation,
    LastAt,
    Least,
    OfColumnOfCustomer,
    OfPlugin,
    Periods,
    Snapshots,
    Total,
)
from retention_kit.smart_segments.lowered.spans import BeforeSilence, LastPeriods, Span

MESSAGE_EVENTS: Mapping[str, Mapping[str, str]] = {
    "email": {
        "received": "Email Delivered",
        "opened": "Email Opened",
        "clicked": "Email Link Clicked",
    },
    "push": {
        "received": "Push Notification Received",
        "opened": "Push Notification Opened",
        "clicked": "Push Notification Tapped",
    },
    "sms": {"received": "SMS Delivered", "opened": "SMS Opened", "clicked": "SMS Link Clicked"},
}
"""How the events of each channel are named."""
_TOO_NEW: Mapping[TooNew, bool | None] = {"unknown": None, "false": False, "true": True}


def lower_segment(segment: Segment, others: Iterable[Segment] = ()) -> Check:
    """Turn a segment into a check: of its population, and its condition.

    Args:
        segment: The segment.
        others: Segments that `Member` may name.

    Raises:
        DefinitionError: `Member` names a segment that is not handed in, or segments ask for each
            other in a circle, or two segments have one name.
    """
    return _segment(segment, by_name((*others, segment)), ())


def lower(condition: Condition, others: Iterable[Segment] = ()) -> Check:
    """Turn a condition into a check on facts.

    Raises:
        DefinitionError: As of `lower_segment`.
    """
    return _lower(condition, by_name(others), ())


def by_name(segments: Iterable[Segment]) -> dict[str, Segment]:
    """Give segments by name.

    Raises:
        DefinitionError: Two different ones have the same name.
    """
    found: dict[str, Segment] = {}
    for segment in segments:
        if found.setdefault(segment.name, segment) != segment:
            raise DefinitionError(
                f"Two segments are named {segment.name!r} and say different things. Next step: "
                "rename one.",
                parameter="name",
            )
    return found


def _segment(segment: Segment, others: Mapping[str, Segment], path: tuple[str, ...]) -> Check:
    if segment.name in path:
        circle = " → ".join((*path[path.index(segment.name) :], segment.name))
        raise DefinitionError(
            f"Segments ask for each other in a circle: {circle}. Allowed: a segment that does not "
            "come back to itself. Next step: when='ever' asks of a snapshot taken before.",
            parameter="segment",
        )
    condition = _lower(segment.condition, others, (*path, segment.name))
    return Both((IsTrue(InPopulation(segment.population)), condition))


def _lower(  # noqa: PLR0911, PLR0912 - one arm for each kind of condition
    condition: Condition, others: Mapping[str, Segment], path: tuple[str, ...]
) -> Check:
    match condition:
        case All():
            return Both(tuple(_lower(one, others, path) for one in condition.children))
        case AnyOf():
            return Either(tuple(_lower(one, others, path) for one in condition.children))
        case Not():
            return Opposite(_lower(condition.condition, others, path))
        case Attribute() | Score():
            column = OfColumnOfCustomer(condition.column, score=isinstance(condition, Score))
            return CompareValue(column, condition, condition.missing)
        case EventCount():
            count = Count(condition.rows, condition.window)
            bounds = InRange(count, condition.at_least, condition.at_most)
            return _unless_too_new(bounds, condition.window, condition.too_new)
        case EventAggregate():
            return _unless_too_new(_aggregate(condition), condition.window, condition.too_new)
        case EndEvent():
            return _end(condition)
        case Sequence():
            return _sequence(condition)
        case Regularity():
            window = LastPeriods(condition.every, condition.periods, condition.current)
            active = InRange(Periods(condition.rows, window), condition.at_least, None)
            return _unless_too_new(active, window, condition.too_new)
        case Lapsed():
            before = Count(condition.rows, BeforeSilence(condition.silent, condition.active))
            since = Count(condition.rows, Last(length=condition.silent))
            return Both((InRange(before, condition.at_least, None), InRange(since, None, 0)))
        case Reactivated():
            earlier = LastAt(condition.rows, BeforeSilence(condition.within, None))
            back = FirstAt(condition.rows, Last(length=condition.within))
            return Apart(earlier, back, read_length("gap", condition.gap))
        case Anniversary():
            return _anniversary(condition)
        case Member():
            return _member(condition, others, path)
        case Consent():
            return IsTrue(Granted(condition.channel, condition.purpose))
        case MessageEngagement():
            return _engagement(condition)
        case Bucket():
            start, end = condition.numbers
            return InRange(Hashed(condition.salt), start, end - 1)
        case PluginCondition():
            return IsTrue(OfPlugin(condition))
    raise DefinitionError(
        f"A {type(condition).__name__} is no condition that the library knows. Next step: a "
        "plugin's conditions are PluginCondition."
    )


def _unless_too_new(check: Check, window: Span, too_new: TooNew) -> Check:
    if too_new == "evaluate" or isinstance(window, AllTime):
        return check
    return UnlessTooNew(check, window, _TOO_NEW[too_new])


def _aggregate(condition: EventAggregate) -> Check:
    rows, window, column = condition.rows, condition.window, condition.column or ""
    below: Fact | None = None
    match condition.aggregate:
        case "share":
            above: Fact = Count(rows.also(*condition.of), window)
            below = Count(rows, window)
        case "mean":
            above, below = Total(rows, window, column), Filled(rows, window, column)
        case "sum":
            above = Total(rows, window, column)
        case "min":
            above = Least(rows, window, column)
        case "max":
            above = Greatest(rows, window, column)
        case "distinct":
            above = Distinct(rows, window, column)

    def compared(operator: NumberOperator, value: int | Decimal) -> Check:
        if below is None:
            return CompareNumber(above, operator, value)
        return CompareRatio(above, below, operator, value)

    check = compared(condition.operator, condition.value)
    return check if condition.to is None else Both((check, compared("at_most", condition.to)))


def _end(condition: EndEvent) -> Check:
    end: Literal["first", "last"] = "first" if isinstance(condition, FirstEvent) else "last"
    fact = (FirstAt if end == "first" else LastAt)(condition.rows, AllTime())
    checks: list[Check] = [InWindow(fact, condition.window)]
    if condition.has:
        checks.append(IsTrue(EndHas(condition.rows, end, condition.has)))
    return checks[0] if len(checks) == 1 else Both(tuple(checks))


def _sequence(condition: Sequence) -> Check:
    """Ask two instants where that is enough: the last row, and the last of what must not follow."""
    step = condition.steps[0]
    is_simple = (
        len(condition.steps) == 1
        and condition.which == "last"
        and condition.quiet_for is None
        and not any(without.same for without in step.without)
    )
    if not is_simple:
        return IsTrue(Found(condition))
    last = LastAt(step.rows, AllTime() if condition.among == "all" else condition.window)
    quiet = tuple(NoneSince(LastAt(one.rows, AllTime()), last) for one in step.without)
    return Both((InWindow(last, condition.window), *quiet))


def _anniversary(condition: Anniversary) -> Check:
    if isinstance(condition.of, OfCustomer):
        return ComesRound(OfColumnOfCustomer(condition.of.column), condition, None)
    at = FirstAt if condition.of.which == "first" else LastAt
    return ComesRound(at(condition.of.rows, AllTime()), condition, without=False)


def _member(condition: Member, others: Mapping[str, Segment], path: tuple[str, ...]) -> Check:
    if condition.when == "now":
        if condition.segment not in others:
            known = ", ".join(repr(name) for name in others) or "none"
            near = nearest_names(condition.segment, others)
            hint = f" Nearest: {', '.join(map(repr, near))}." if near else ""
            raise DefinitionError(
                f"The segment {condition.segment!r} is asked for and is not handed in. Handed in: "
                f"{known}.{hint} Next step: others=[…].",
                parameter="segment",
            )
        return _segment(others[condition.segment], others, path)
    if condition.when == "never":
        return InRange(Snapshots(condition.segment, "in", condition.window), None, 0)
    what = "in" if condition.when == "ever" else condition.when
    return InRange(Snapshots(condition.segment, what, condition.window), 1, None)


def _engagement(condition: MessageEngagement) -> Check:
    names = MESSAGE_EVENTS[condition.channel]

    def events(what: str) -> Rows:
        where = [Where(column="name", value=names[what])]
        if condition.campaign is not None:
            where.append(Where(column="campaign", value=condition.campaign))
        if condition.message_id is not None:
            where.append(Where(column="message_id", value=condition.message_id))
        return Rows(source="events", where=tuple(where))

    if condition.engagement != "ignored":
        count = Count(events(condition.engagement), condition.window)
        return InRange(count, condition.at_least, condition.at_most)
    received = events("received")
    first = FirstAt(received, condition.window)
    return Both(
        (
            InRange(Count(received, condition.window), condition.at_least, None),
            NoneSince(LastAt(events("opened"), AllTime()), first),
            NoneSince(LastAt(events("clicked"), AllTime()), first),
        )
    )
