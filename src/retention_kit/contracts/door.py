"""The door: a foreign table goes in, good rows come out, and the others with the rule each broke.

It collects once, in one streaming pass that counts. With nothing to reject, the bare scan goes on,
cast and renamed; otherwise a native filter is attached, and the rejected rows are a table as lazy
as the accepted ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from retention_kit.contracts.casts import cast_column
from retention_kit.contracts.mapping import require
from retention_kit.contracts.reading import Cast, Reading
from retention_kit.contracts.rules import row_rules
from retention_kit.contracts.schemas import MONEY, column_type, id_role
from retention_kit.contracts.signals import Collect
from retention_kit.contracts.tables import DESCRIPTIONS, Column

RAW = "__raw_"
"""Before the name of a foreign column that a cast replaces."""
READ = "__read_"
"""Before the name of a check that a foreign value could be read."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A foreign table with its columns cast and its rules ready, nothing filtered, nothing read.

    Attributes:
        table: The table's name.
        frame: All rows: cast columns under their names, foreign ones under `RAW` names.
        columns: The columns of the accepted table, in order.
        foreign: The foreign columns, by the name each has in `frame`.
        rules: Boolean expressions by rule name, true where a row keeps the rule.
    """

    table: str
    frame: pl.LazyFrame
    columns: tuple[str, ...]
    foreign: Mapping[str, str]
    rules: Mapping[str, pl.Expr]

    @property
    def keeps_all(self) -> pl.Expr:
        """True where a row keeps every rule."""
        return pl.all_horizontal(*self.rules.values()) if self.rules else pl.lit(value=True)

    @property
    def first_broken(self) -> pl.Expr:
        """The name of the first rule that a row breaks, or null."""
        names = list(self.rules)
        chain: Any = pl
        for name in names:
            chain = chain.when(~self.rules[name]).then(pl.lit(name))
        broken: pl.Expr = chain.otherwise(None) if names else pl.lit(None, dtype=pl.String)
        return broken.alias("rule")

    def kept(self, some_break: bool = True) -> pl.LazyFrame:
        """Give the rows that keep their own rules; where all do, without a filter."""
        return self.frame.filter(self.keeps_all) if some_break else self.frame

    def foreign_columns(self) -> list[pl.Expr]:
        """Give the foreign columns under their own names; one called `rule` is `given_rule`."""
        names = set(self.foreign.values())
        free = "given_rule"
        while free in names:
            free = f"given_{free}"
        return [
            pl.col(staged).alias(free if name == "rule" else name)
            for staged, name in self.foreign.items()
        ]

    def rejected(self) -> pl.LazyFrame:
        """Give the rows that break a rule of their own, as they came, with the rule."""
        return self.frame.filter(~self.keeps_all).select(*self.foreign_columns(), self.first_broken)


@dataclass(frozen=True, slots=True)
class Admission:
    """What the door made of one table.

    Attributes:
        accepted: The good rows, cast; guests included.
        rejected: The others as they came, with the column `rule`.
        read: Rows read.
        counts: Rejected rows by rule.
    """

    accepted: pl.LazyFrame
    rejected: pl.LazyFrame
    read: int
    counts: Mapping[str, int]


def stage(
    table: str,
    raw: pl.LazyFrame,
    schema: pl.Schema,
    reading: Reading,
    id_types: Mapping[str, pl.DataType],
) -> Staged:
    """Cast a foreign table and gather its rules, from its schema alone.

    Args:
        table: The table's name.
        raw: The foreign table, its columns already under the library's names.
        schema: The schema of `raw`.
        reading: How to read it.
        id_types: `Int64` or `String` by id column.

    Raises:
        MissingColumnError: A required column is absent.
        ColumnTypeError: A column's type cannot hold what is needed.
    """
    require(table, schema)
    described = DESCRIPTIONS[table].columns
    casts = {
        name: cast_column(table, column, schema[name], reading)
        for name, column in described.items()
        if name in schema
    }
    raw, casts, helpers = _in_steps(raw, casts)
    checks = {rule: check for cast in casts.values() for rule, check in cast.checks.items()}
    types = {
        name: column_type(
            column,
            id_type=id_types.get(id_role(name), pl.Int64()),
            time_zone=reading.time_zone,
        )
        for name, column in described.items()
    }
    turned = _turned(table, described, schema, reading)
    replaced = [
        name
        for name in casts
        if schema[name] != types[name]
        or not _is_bare(casts[name], name)
        or _has_default(table, described[name])
        or name in turned
    ]
    frame = raw.with_columns(
        *(pl.col(name).alias(RAW + name) for name in replaced),
        *(casts[name].value.cast(types[name]).alias(name) for name in replaced),
        *(check.alias(READ + rule) for rule, check in checks.items()),
        *(pl.lit(None, dtype=types[name]).alias(name) for name in described if name not in schema),
    ).drop(helpers)
    given = frozenset(schema.names())
    frame = frame.with_columns(*_defaults(table, described.values(), reading, given=given))
    if turned and table != "order_items":
        # Lines that stand alone learn of their kind from their orders.
        frame = frame.with_columns(turned_over(turned))
    extra = [name for name in schema.names() if name not in described]
    rules = {rule: pl.col(READ + rule) for rule in checks}
    known = [*schema.names(), *(["kind"] if table in ("orders", "lines") else [])]
    rules |= row_rules(table, known, currency=reading.currency)
    return Staged(
        table=table,
        frame=frame,
        columns=(*described, *extra),
        foreign={RAW + name if name in replaced else name: name for name in schema.names()},
        rules=rules,
    )


def admit(staged: Staged, *, read: int, kept: int, run: Collect) -> Admission:
    """Attach a filter where rows break rules of their own, and count them by rule.

    Args:
        staged: The table with its rules.
        read: How many rows it has.
        kept: How many of them keep every rule.
        run: What collects; it is called only where some do not.
    """
    counts: dict[str, int] = {}
    if kept < read:
        found = run(staged.rejected().group_by("rule").agg(pl.len().alias("rows")))
        by_rule = dict(found.rows())
        counts = {rule: by_rule[rule] for rule in staged.rules if rule in by_rule}
    return Admission(
        accepted=staged.kept(kept < read).select(staged.columns),
        rejected=staged.rejected(),
        read=read,
        counts=counts,
    )


def turned_over(names: Sequence[str]) -> list[pl.Expr]:
    """Give the numbers of a row with the other sign, where it is a return above zero."""
    is_return = (pl.col("kind") == "return").fill_null(value=False)
    above = pl.any_horizontal([pl.col(name) > 0 for name in names if name in _SIGNED])
    is_wrong = is_return & above.fill_null(value=False)
    return [pl.when(is_wrong).then(-pl.col(name)).otherwise(name).alias(name) for name in names]


_SIGNED = ("amount", "quantity")


def _in_steps(
    raw: pl.LazyFrame, casts: Mapping[str, Cast]
) -> tuple[pl.LazyFrame, dict[str, Cast], list[str]]:
    """Add the columns that casts are made in steps by, and give those casts, and their names."""
    helpers: list[str] = []
    for cast in casts.values():
        for step in cast.steps:
            raw = raw.with_columns(expression.alias(name) for name, expression in step.items())
            helpers += step
    return raw, {name: cast.in_steps or cast for name, cast in casts.items()}, helpers


def _turned(
    table: str, described: Mapping[str, Column], schema: pl.Schema, reading: Reading
) -> list[str]:
    """Name the columns of returns that change sign, where the reader says so."""
    if table not in ("orders", "lines", "order_items") or reading.positive_returns != "negate":
        return []
    # Of a line, the amount may be made of the price, which has no sign.
    return [
        name
        for name, column in described.items()
        if (name in schema or name == "amount")
        and (column.kind == "money" or (table != "orders" and name == "quantity"))
    ]


def _is_bare(cast: Cast, name: str) -> bool:
    return not cast.checks and cast.value.meta.eq(pl.col(name))


def _has_default(table: str, column: Column) -> bool:
    """Tell whether nulls of a column are filled, so that what came must be set aside."""
    is_computed = table == "lines" and column.name == "amount"
    return is_computed or column.default is not None or column.default_column is not None


def _defaults(
    table: str, columns: Any, reading: Reading, *, given: frozenset[str]
) -> list[pl.Expr]:
    """Give the columns whose nulls have a meaning, with that meaning in their place."""
    filled: list[pl.Expr] = []
    column: Column
    amount = pl.col("amount")
    if table == "lines":
        whole = pl.col("price") * pl.col("quantity")
        amount = amount.fill_null(whole.cast(MONEY, strict=False))
        filled.append(amount)
    for column in columns:
        value = pl.col(column.name)
        wanted = pl.Enum(column.choices)
        if (
            table in ("orders", "lines")
            and column.name == "kind"
            and reading.negative_amounts == "return"
        ):
            negative = value.is_null() & (amount < 0)
            value = pl.when(negative).then(pl.lit("return", dtype=wanted)).otherwise(value)
        if column.default is not None:
            default = pl.lit(column.default, dtype=wanted)
            is_simple = column.name not in given and reading.negative_amounts != "return"
            filled.append((default if is_simple else value.fill_null(default)).alias(column.name))
        elif column.default_column is not None:
            filled.append(value.fill_null(pl.col(column.default_column)).alias(column.name))
    return filled
