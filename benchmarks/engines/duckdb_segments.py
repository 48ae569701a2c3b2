"""The text of the queries about segments.

What was found by measuring: what is asked of the last year and a half is added up apart from what
is asked of all time, since a third of the rows are as young; a count of a time between two ages is
the difference of two counts; calendar periods are bits of one number; whether something comes after
something else is cheapest to ask by a join of the few rows that can be either.
"""

import datetime as dt

from benchmarks import hundred as kinds
from benchmarks.jobs import AS_OF

_DAY = 86_400_000_000
_NOW = int(AS_OF.timestamp()) * 1_000_000
_YOUNG = 455
"""Up to how many days ago rows are asked for by windows, the longest time before a silence."""
_MONTH_AGO = AS_OF.replace(year=AS_OF.year - 1, month=12)


def _stamp(at: dt.datetime) -> str:
    return f"TIMESTAMPTZ '{at.isoformat()}'"


_LAST_MONTH = f"ordered_at >= {_stamp(_MONTH_AGO)} AND ordered_at < {_stamp(AS_OF)}"

SEGMENT = f"""
SELECT customer_id
FROM {{order_items}}
ANTI JOIN (
    SELECT order_id FROM {{orders}}
    WHERE kind = 'sale' AND status <> 'completed' AND {_LAST_MONTH}
) USING (order_id)
WHERE kind = 'sale' AND category IN ('mattress', 'cover') AND {_LAST_MONTH}
GROUP BY customer_id
HAVING max(epoch_us(ordered_at)) FILTER (category = 'mattress')
     > coalesce(max(epoch_us(ordered_at)) FILTER (category = 'cover'), 0)
"""
"""Bought a mattress in the last month, and no cover with it or since. An order's lines are of its
instant, so that only the orders of that month are asked whether they were completed."""


class _Facts:
    """Aggregates by their text, each with a name of its own."""

    def __init__(self, letter: str) -> None:
        self._letter = letter
        self.names: dict[str, str] = {}

    def __call__(self, aggregate: str) -> str:
        return self.names.setdefault(aggregate, f"{self._letter}{len(self.names)}")

    def text(self) -> str:
        return ", ".join(f"{aggregate} AS {name}" for aggregate, name in self.names.items())


class _Query:
    """One statement, which grows with each segment."""

    def __init__(self) -> None:
        self._young = _Facts("y")
        self._ever = _Facts("e")
        self._found: dict[str, str] = {}

    def count(self, days: int | None, which: str = "is_sale") -> str:
        if days is None:
            return self._ever(f"count(*) FILTER ({which})")
        name = self._young(f"count(*) FILTER ({which} AND age <= {days * _DAY})")
        return f"coalesce({name}, 0)"

    def total(self, days: int | None) -> str:
        if days is None:
            return self._ever("sum(units) FILTER (is_sale)")
        return self._young(f"sum(units) FILTER (is_sale AND age <= {days * _DAY})")

    def young(self, aggregate: str) -> str:
        return self._young(aggregate)

    def ever(self, aggregate: str) -> str:
        return self._ever(aggregate)

    def found(self, query: str) -> str:
        """Whether a customer is among those that a query gives."""
        name = self._found.setdefault(query, f"found{len(self._found)}")
        return f"{name}.customer_id IS NOT NULL"

    def text(self, conditions: list[str]) -> str:
        asked = ",\n".join(
            f"coalesce({condition}, false) AS {kinds.name_of(place)}"
            for place, condition in enumerate(conditions)
        )
        found = "".join(f", {name} AS ({query})" for query, name in self._found.items())
        joins = "".join(f" LEFT JOIN {name} USING (customer_id)" for name in self._found.values())
        return f"""
WITH seen AS MATERIALIZED (
    SELECT customer_id, order_id, {_NOW} - epoch_us(ordered_at) AS age,
           (amount * 10000)::BIGINT AS units,
           status = 'completed' AND kind = 'sale' AS is_sale,
           status = 'completed' AND kind = 'return' AS is_return
    FROM {{orders}} WHERE ordered_at < {_stamp(AS_OF)}
), ever AS MATERIALIZED (
    SELECT customer_id, {self._ever.text()} FROM seen GROUP BY customer_id
), young AS (
    SELECT customer_id, {self._young.text()} FROM (
        SELECT *, {_periods()} FROM seen WHERE age <= {_YOUNG * _DAY} AND (is_sale OR is_return)
    ) GROUP BY customer_id
){found}
SELECT customer_id, {asked}
FROM ever LEFT JOIN young USING (customer_id){joins}
"""


def _units(amount: int) -> int:
    return amount * 10_000


def _periods() -> str:
    """Number complete months and weeks back from the last one, as bits of two numbers."""
    months = " ".join(
        f"WHEN age <= {_NOW - int(start.timestamp()) * 1_000_000} THEN {1 << ago}"
        for ago, start in enumerate(_month_starts())
    )
    monday = AS_OF - dt.timedelta(AS_OF.weekday())
    into = _NOW - int(monday.timestamp()) * 1_000_000
    return (
        f"CASE WHEN NOT is_sale THEN 0 {months} ELSE 0 END AS month_bit, "
        f"CASE WHEN is_sale AND age > {into} AND age <= {into + 26 * 7 * _DAY} "
        f"THEN 1 << ((age - {into} - 1) // {7 * _DAY})::INTEGER ELSE 0 END AS week_bit"
    )


def _month_starts() -> list[dt.datetime]:
    return [AS_OF.replace(year=AS_OF.year - 1, month=12 - ago) for ago in range(12)]


def _condition(rule: kinds.Rule, query: _Query) -> str:
    match rule:
        case kinds.Counted(days, None, at_most):
            return f"{query.count(days)} <= {at_most}"
        case kinds.Counted(days, at_least, None):
            return f"{query.count(days)} >= {at_least}"
        case kinds.Counted(days, at_least, at_most):
            return f"{query.count(days)} BETWEEN {at_least} AND {at_most}"
        case kinds.Returned(days, at_least):
            return f"{query.count(days, 'is_return')} >= {at_least}"
        case kinds.Summed(days, at_least):
            return f"{query.total(days)} >= {_units(at_least)}"
        case kinds.Averaged(days, low, high, sales):
            count, total = query.count(days), query.total(days)
            return (
                f"({count} >= {sales} AND {total} >= {_units(low)} * {count} "
                f"AND {total} <= {_units(high)} * {count})"
            )
        case kinds.Shared(days, amount, share):
            part = query.count(days, f"is_sale AND units >= {_units(amount)}")
            whole = query.count(days)
            return f"({whole} > 0 AND {part} >= {share} * {whole})"
        case kinds.Extreme(days, which, amount):
            found = query.young(f"{which}(units) FILTER (is_sale AND age <= {days * _DAY})")
            return f"{found} {'>=' if which == 'max' else '<='} {_units(amount)}"
        case kinds.Regular(every, periods, at_least):
            return f"{_active(query, every, periods)} >= {at_least}"
        case kinds.Stopped(silent, active, at_least):
            since = query.count(silent)
            upto = query.count(None if active is None else silent + active)
            return f"({since} = 0 AND {upto} >= {at_least})"
        case kinds.Back(gap, within):
            first = query.young(f"max(age) FILTER (is_sale AND age <= {within * _DAY})")
            before = query.ever(f"min(age) FILTER (is_sale AND age > {within * _DAY})")
            return f"{before} - {first} >= {gap * _DAY}"
        case kinds.End():
            return _end(rule, query)
        case kinds.NotAfter(days, amount):
            last = query.ever(f"min(age) FILTER (is_sale AND units >= {_units(amount)})")
            back = query.ever("min(age) FILTER (is_return)")
            return f"({last} <= {days * _DAY} AND coalesce({back} > {last}, true))"
    return query.found(_pairs(rule, query))


def _active(query: _Query, every: str, periods: int) -> str:
    """Count the periods with a sale: those are bits, the youngest the lowest."""
    if every == "1w":
        bits = query.young("bit_or(week_bit)")
        return f"bit_count({bits} & {(1 << periods) - 1})"
    bits = query.young("bit_or(month_bit)")
    if every == "1mo":
        return f"bit_count({bits} & {(1 << periods) - 1})"
    quarters = (f"(({bits} & {7 << 3 * ago}) > 0)::INTEGER" for ago in range(periods))
    return f"({' + '.join(quarters)})"


def _end(rule: kinds.End, query: _Query) -> str:
    is_first = rule.which == "first"
    at = query.ever(f"{'max' if is_first else 'min'}(age) FILTER (is_sale)")
    asked = [f"{at} > {rule.youngest * _DAY}"] if rule.youngest else []
    if rule.oldest is not None:
        asked.append(f"{at} <= {rule.oldest * _DAY}")
    if rule.amount is not None:
        # The smallest instant and id, or the greatest, as one number.
        key, way = "(-age)::HUGEINT * 18446744073709551616 + order_id", "min" if is_first else "max"
        of_all = query.ever(f"{way}({key}) FILTER (is_sale)")
        large = f"is_sale AND units >= {_units(rule.amount)}"
        asked.append(f"{of_all} = {query.ever(f'{way}({key}) FILTER ({large})')}")
    return f"({' AND '.join(asked)})"


def _pairs(rule: kinds.Rule, query: _Query) -> str:
    """Give the customers with one row after another, or without one."""
    match rule:
        case kinds.Then(days, amount, within, then):
            return f"""
    SELECT DISTINCT customer_id FROM seen one SEMI JOIN (
        SELECT customer_id, age FROM seen
        WHERE is_sale AND units >= {_units(then)} AND age < {days * _DAY}
    ) other ON one.customer_id = other.customer_id AND other.age < one.age
           AND other.age > one.age - {within * _DAY}
    WHERE is_sale AND units >= {_units(amount)} AND age <= {days * _DAY}"""
        case kinds.Kept(days, amount, quiet):
            return f"""
    SELECT DISTINCT customer_id FROM seen one ANTI JOIN (
        SELECT customer_id, age FROM seen WHERE is_return AND age <= {days * _DAY}
    ) other ON one.customer_id = other.customer_id AND other.age <= one.age
           AND other.age > one.age - {quiet * _DAY}
    WHERE is_sale AND units >= {_units(amount)}
      AND age BETWEEN {quiet * _DAY} AND {days * _DAY}"""
        case kinds.SecondWithin(within):
            first = query.ever("max(age) FILTER (is_sale)")
            return f"""
    SELECT DISTINCT customer_id FROM seen JOIN ever USING (customer_id)
    WHERE is_sale AND age < {first} AND age > {first} - {within * _DAY}"""
    raise AssertionError(rule)


def statement(rules: tuple[kinds.Rule, ...]) -> str:
    """Write the statement that answers all rules, a row for each customer."""
    query = _Query()
    return query.text([_condition(rule, query) for rule in rules])
