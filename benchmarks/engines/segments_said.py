"""The segments that are measured, said in the language of retention_kit."""

from typing import Any

from benchmarks import hundred as kinds
from retention_kit import smart_segments as say

_RETURNS = say.Rows(source="returns")
_EVER = say.AllTime()


def segment_of_month() -> say.Segment:
    """Say the segment of a single month."""
    month = say.Last(length="1mo")
    return say.Segment(name="no cover for it", condition=_no_cover_for_it(month))


def segments_of(rules: tuple[kinds.Rule, ...]) -> list[say.Segment]:
    """Say segments in the library's language."""
    return [
        say.Segment(name=kinds.name_of(place), condition=_condition(rule))
        for place, rule in enumerate(rules)
    ]


def ten_conditions() -> say.Segment:
    """Say the ten conditions that are asked of one customer at a time."""
    lines, year, half = "order_items", say.Last(length="365d"), say.Last(length="180d")
    coffee = say.Rows(source=lines, where=(say.Where(column="category", value="coffee"),))
    seen = say.Where(column="name", value="Product Viewed")
    conditions = (
        say.Attribute(column="city", operator="in", values=("Moscow", "Kazan", "Samara")),
        say.EventCount(window=year, at_least=3),
        say.EventAggregate(window=year, aggregate="mean", column="amount", value=500, to=20_000),
        say.EventAggregate(aggregate="sum", column="amount", value=5_000),
        say.EventCount(rows=_RETURNS, window=say.Last(length="90d"), at_most=0),
        say.LastEvent(window=say.Last(length="200d")),
        say.EventCount(rows=coffee, window=half, at_least=1),
        _no_cover_for_it(half),
        say.Regularity(every="1mo", periods=6, at_least=2),
        say.EventCount(
            rows=say.Rows(source="events", where=(seen,)),
            window=say.Last(length="30d"),
            at_least=2,
        ),
    )
    return say.Segment(name="ten", condition=say.All(conditions=conditions))


def _no_cover_for_it(window: say.Last) -> say.Condition:
    """Bought a mattress in a window, and no cover with the last one or since."""
    mattress, cover = (
        say.Rows(source="order_items", where=(say.Where(column="category", value=name),))
        for name in ("mattress", "cover")
    )
    step = say.Step(rows=mattress, without=(say.Without(rows=cover),))
    return say.Sequence(steps=(step,), window=window, which="last")


def _sales(at_least: int | None = None) -> say.Rows:
    if at_least is None:
        return say.Rows()
    large = say.Where(column="amount", operator="at_least", value=at_least)
    return say.Rows(where=(large,))


def _last(days: int | None) -> Any:
    return _EVER if days is None else say.Last(length=f"{days}d")


def _days(days: int | None) -> str | None:
    return None if days is None else f"{days}d"


def _condition(rule: kinds.Rule) -> say.Condition:
    match rule:
        case kinds.Counted(days, at_least, at_most):
            return say.EventCount(window=_last(days), at_least=at_least, at_most=at_most)
        case kinds.Returned(days, at_least):
            return say.EventCount(rows=_RETURNS, window=_last(days), at_least=at_least)
        case kinds.Summed(days, at_least):
            return say.EventAggregate(
                window=_last(days), aggregate="sum", column="amount", value=at_least
            )
        case kinds.Averaged(days, low, high, sales):
            mean = say.EventAggregate(
                window=_last(days), aggregate="mean", column="amount", value=low, to=high
            )
            return mean & say.EventCount(window=_last(days), at_least=sales)
        case kinds.Shared(days, amount, share):
            large = say.Where(column="amount", operator="at_least", value=amount)
            return say.EventAggregate(
                window=_last(days), aggregate="share", of=(large,), value=float(share)
            )
        case kinds.Extreme(days, which, amount):
            return say.EventAggregate(
                window=_last(days),
                aggregate=which,
                column="amount",
                operator="at_least" if which == "max" else "at_most",
                value=amount,
            )
        case kinds.Regular(every, periods, at_least):
            return say.Regularity(every=every, periods=periods, at_least=at_least)
        case kinds.Stopped(silent, active, at_least):
            return say.Lapsed(silent=f"{silent}d", active=_days(active), at_least=at_least)
        case kinds.Back(gap, within):
            return say.Reactivated(gap=f"{gap}d", within=f"{within}d")
        case kinds.End():
            return _end(rule)
    return _sequence(rule)


def _end(rule: kinds.End) -> say.Condition:
    kind = say.FirstEvent if rule.which == "first" else say.LastEvent
    window = _last(rule.oldest)
    if rule.youngest:
        window = say.BetweenAges(oldest=f"{rule.oldest}d", youngest=f"{rule.youngest}d")
    return kind(window=window, has=_sales(rule.amount).where)


def _sequence(rule: kinds.Rule) -> say.Condition:
    none_back = (say.Without(rows=_RETURNS),)
    match rule:
        case kinds.NotAfter(days, amount):
            step = say.Step(rows=_sales(amount), without=none_back)
            return say.Sequence(steps=(step,), window=_last(days), which="last")
        case kinds.Kept(days, amount, quiet):
            step = say.Step(rows=_sales(amount), without=none_back)
            return say.Sequence(steps=(step,), window=_last(days), quiet_for=f"{quiet}d")
        case kinds.Then(days, amount, within, then):
            steps = (
                say.Step(rows=_sales(amount)),
                say.Step(rows=_sales(then), within=f"{within}d"),
            )
            return say.Sequence(steps=steps, window=_last(days))
        case kinds.SecondWithin(within):
            steps = (say.Step(rows=_sales()), say.Step(rows=_sales(), within=f"{within}d"))
            return say.Sequence(steps=steps, which="first")
    raise AssertionError(rule)
