"""Segments in Polars by hand, by the ways found for SQL: see `duckdb_segments`.

What a group-by adds up is made a column before it, which is cheaper than a filter inside.
"""

import datetime as dt
from collections.abc import Callable

import polars as pl

from benchmarks import hundred as kinds
from benchmarks.engines.polars_orders import (
    AT,
    DAY,
    IS_SALE,
    MONTHS_BEGUN,
    NOW,
    UNITS,
    collect,
    month_bit,
)
from benchmarks.jobs import AS_OF
from benchmarks.settings import beside

_YOUNG = 455
_WEEKS = 26
_MONDAY = AS_OF - dt.timedelta(AS_OF.weekday())
_INTO = NOW - int(_MONDAY.timestamp()) * 1_000_000
_AGE, _MONEY = pl.col("age"), pl.col("units")
_SOLD, _BACK = pl.col("is_sale"), pl.col("is_return")


def segment(path: str) -> pl.LazyFrame:
    """Bought a mattress in the last month, and no cover with it or since."""
    month_ago = AS_OF.replace(year=AS_OF.year - 1, month=12)
    in_month = IS_SALE & pl.col("ordered_at").is_between(month_ago, AS_OF, closed="left")
    not_sold = (
        pl.scan_parquet(beside(path, "orders"))
        .filter(in_month, pl.col("status") != "completed")
        .select("order_id")
    )
    is_cover = pl.col("category") == "cover"
    return (
        pl.scan_parquet(path)
        .filter(in_month, pl.col("category").is_in(["mattress", "cover"]))
        .select("order_id", "customer_id", AT.alias("at"), is_cover.alias("is_cover"))
        .join(not_sold, on="order_id", how="anti")
        .group_by("customer_id")
        .agg(
            pl.col("at").filter(~pl.col("is_cover")).max().alias("last"),
            pl.col("at").filter("is_cover").max().fill_null(0).alias("cover"),
        )
        .filter(pl.col("last") > pl.col("cover"))
        .select("customer_id")
    )


class _Facts:
    """Columns and what is made of them, each by its text, with a name of its own."""

    def __init__(self, letter: str) -> None:
        self._letter = letter
        self._names: dict[str, str] = {}
        self.columns: list[pl.Expr] = []
        self.aggregates: list[pl.Expr] = []

    def __call__(self, column: pl.Expr, of: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
        text = str(of(column).meta.serialize(format="json"))
        if text not in self._names:
            name = self._names[text] = f"{self._letter}{len(self._names)}"
            self.columns.append(column.alias(name))
            self.aggregates.append(of(pl.col(name)))
        return pl.col(self._names[text])


class _Query:
    """What all segments ask of sums, and of pairs of rows."""

    def __init__(self) -> None:
        self.young, self.ever = _Facts("y"), _Facts("e")
        self.found: dict[str, kinds.Rule] = {}

    def count(self, days: int | None, which: pl.Expr = _SOLD) -> pl.Expr:
        return self._sum(days, which.cast(pl.UInt32))

    def total(self, days: int | None) -> pl.Expr:
        return self._sum(days, pl.when(_SOLD).then(_MONEY).otherwise(0))

    def _sum(self, days: int | None, column: pl.Expr) -> pl.Expr:
        if days is None:
            return self.ever(column, pl.Expr.sum)
        recent = pl.when(days * DAY >= _AGE).then(column).otherwise(0)
        return self.young(recent, pl.Expr.sum).fill_null(0)

    def has(self, rule: kinds.Rule) -> pl.Expr:
        self.found[repr(rule)] = rule
        return pl.col(repr(rule)).is_not_null()


def table_of(path: str, rules: tuple[kinds.Rule, ...]) -> pl.LazyFrame:
    query = _Query()
    conditions = [
        _condition(rule, query).fill_null(value=False).alias(kinds.name_of(place))
        for place, rule in enumerate(rules)
    ]
    first = query.ever(pl.when(_SOLD).then(_AGE), pl.Expr.max)
    completed = pl.col("status") == "completed"
    seen = (
        pl.scan_parquet(path)
        .filter(pl.col("ordered_at") < AS_OF)
        .select(
            "customer_id",
            "order_id",
            (NOW - AT).alias("age"),
            UNITS.alias("units"),
            (completed & IS_SALE).alias("is_sale"),
            (completed & ~IS_SALE).alias("is_return"),
            month_bit().alias("month_bit"),
        )
    )
    ever = seen.select("customer_id", *query.ever.columns)
    ever = collect(ever.group_by("customer_id").agg(query.ever.aggregates)).lazy()
    young = seen.filter(_AGE <= _YOUNG * DAY, _SOLD | _BACK)
    young = young.select("customer_id", *query.young.columns)
    firsts = ever.select("customer_id", first.alias("first"))
    plans = [
        young.group_by("customer_id").agg(query.young.aggregates),
        *(_pairs(rule, seen, firsts) for rule in query.found.values()),
    ]
    facts, *found = pl.collect_all(plans, engine="streaming")
    table = ever.join(facts.lazy(), on="customer_id", how="left")
    for name, members in zip(query.found, found, strict=True):
        flagged = members.lazy().select("customer_id", pl.lit(value=True).alias(name))
        table = table.join(flagged, on="customer_id", how="left")
    return table.select("customer_id", *conditions)


def _condition(rule: kinds.Rule, query: _Query) -> pl.Expr:
    match rule:
        case kinds.Counted(days, at_least, at_most):
            count = query.count(days)
            least = count >= (0 if at_least is None else at_least)
            return least if at_most is None else least & (count <= at_most)
        case kinds.Returned(days, at_least):
            return query.count(days, _BACK) >= at_least
        case kinds.Summed(days, at_least):
            return query.total(days) >= at_least * 10_000
        case kinds.Averaged(days, low, high, sales):
            count, total = query.count(days), query.total(days)
            within = total.is_between(low * 10_000 * count, high * 10_000 * count)
            return (count >= sales) & within
        case kinds.Shared(days, amount, share):
            part = query.count(days, _SOLD & (amount * 10_000 <= _MONEY))
            whole = query.count(days)
            return (whole > 0) & (part >= float(share) * whole)
        case kinds.Extreme(days, which, amount):
            of_sales = pl.when(_SOLD & (days * DAY >= _AGE)).then(_MONEY)
            if which == "max":
                return query.young(of_sales, pl.Expr.max) >= amount * 10_000
            return query.young(of_sales, pl.Expr.min) <= amount * 10_000
        case kinds.Regular(every, periods, at_least):
            return _active(query, every, periods) >= at_least
        case kinds.Stopped(silent, active, at_least):
            upto = query.count(None if active is None else silent + active)
            return (query.count(silent) == 0) & (upto >= at_least)
        case kinds.Back(gap, within):
            recent = _SOLD & (within * DAY >= _AGE)
            first = query.young(pl.when(recent).then(_AGE), pl.Expr.max)
            older = _SOLD & (within * DAY < _AGE)
            before = query.ever(pl.when(older).then(_AGE), pl.Expr.min)
            return before - first >= gap * DAY
        case kinds.End():
            return _end(rule, query)
        case kinds.NotAfter(days, amount):
            large = _SOLD & (amount * 10_000 <= _MONEY)
            last = query.ever(pl.when(large).then(_AGE), pl.Expr.min)
            back = query.ever(pl.when(_BACK).then(_AGE), pl.Expr.min)
            return (last <= days * DAY) & (back > last).fill_null(value=True)
    return query.has(rule)


def _active(query: _Query, every: str, periods: int) -> pl.Expr:
    """Count the periods with a sale, which are bits."""
    if every == "1w":
        place = ((_AGE - _INTO - 1) // (7 * DAY)).clip(0, _WEEKS - 1).cast(pl.UInt32)
        asked = _SOLD & (_AGE > _INTO) & (_AGE <= _INTO + _WEEKS * 7 * DAY)
        week = pl.lit(pl.Series([1 << ago for ago in range(_WEEKS)])).gather(place)
        bits = query.young(pl.when(asked).then(week).otherwise(0), pl.Expr.bitwise_or)
        return (bits & ((1 << periods) - 1)).bitwise_count_ones()
    bits = query.young(pl.when(_SOLD).then("month_bit").otherwise(0), pl.Expr.bitwise_or)
    if every == "1mo":
        return (bits & (((1 << periods) - 1) << (MONTHS_BEGUN - periods))).bitwise_count_ones()
    quarters = (7 << (MONTHS_BEGUN - 3 * (ago + 1)) for ago in range(periods))
    return pl.sum_horizontal((bits & quarter != 0).cast(pl.UInt32) for quarter in quarters)


def _end(rule: kinds.End, query: _Query) -> pl.Expr:
    is_first = rule.which == "first"
    at = query.ever(pl.when(_SOLD).then(_AGE), pl.Expr.max if is_first else pl.Expr.min)
    asked = at > (rule.youngest * DAY if rule.youngest else -1)
    if rule.oldest is not None:
        asked &= at <= rule.oldest * DAY
    if rule.amount is not None:
        # The smallest instant and id, or the greatest, as one number.
        key = pl.col("order_id") - _AGE.cast(pl.Int128) * 2**64
        of = pl.Expr.min if is_first else pl.Expr.max
        large = _SOLD & (rule.amount * 10_000 <= _MONEY)
        of_large = query.ever(pl.when(large).then(key), of)
        asked &= query.ever(pl.when(_SOLD).then(key), of) == of_large
    return asked


def _pairs(rule: kinds.Rule, seen: pl.LazyFrame, firsts: pl.LazyFrame) -> pl.LazyFrame:
    """Give the customers with one row after another, or without one."""
    sales = seen.filter(_SOLD)
    other = pl.col("other")
    match rule:
        case kinds.Then(days, amount, within, then):
            one = sales.filter(amount * 10_000 <= _MONEY, days * DAY >= _AGE)
            later = sales.filter(then * 10_000 <= _MONEY, days * DAY > _AGE)
            found = (
                one.select("customer_id", "age")
                .join(later.select("customer_id", _AGE.alias("other")), on="customer_id")
                .filter(other < _AGE, other > _AGE - within * DAY)
            )
        case kinds.Kept(days, amount, quiet):
            asked = _AGE.is_between(quiet * DAY, days * DAY)
            one = sales.filter(amount * 10_000 <= _MONEY, asked).select("customer_id", "age")
            back = seen.filter(_BACK, days * DAY >= _AGE)
            brought = one.join(
                back.select("customer_id", _AGE.alias("other")), on="customer_id"
            ).filter(other <= _AGE, other > _AGE - quiet * DAY)
            found = one.join(brought, on=["customer_id", "age"], how="anti")
        case kinds.SecondWithin(within):
            first = pl.col("first")
            found = (
                sales.select("customer_id", "age")
                .join(firsts, on="customer_id")
                .filter(first > _AGE, first - within * DAY < _AGE)
            )
        case _:
            raise AssertionError(rule)
    return found.group_by("customer_id").agg()
