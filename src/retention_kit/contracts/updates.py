"""New figures from old ones: when rows came, changed or went, only their customers count anew.

An order that comes late, a return, a correction or a deletion may move its customer anywhere: from
one cell of a table of sums to another, from one state to the next. It moves nobody else. So what
the customers it touches gave before is taken away, and what they give now is put in.
"""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from retention_kit.contracts.calls import check_taken, splittable
from retention_kit.contracts.law import Kind
from retention_kit.contracts.update_arguments import (
    CUSTOMER,
    Tables,
    check_instant,
    customers_in,
    has_customers,
    is_table,
    not_before,
    tables_by_name,
)
from retention_kit.errors import DefinitionError, bad_parameter

_TIMES = "__times"


def changed_customers(old: Tables, new: Tables) -> pl.LazyFrame:
    """Find the customers any of whose rows are in one version of the tables and not in the other.

    Exact: whole rows are compared, with all their columns, and equal rows are counted. It is as
    dear as a group-by of all rows. Of two folders of as many buckets, each is compared with its
    like: `for old_bucket, new_bucket in zip(old, new, strict=True)`. Who knows from elsewhere whom
    a top-up touches (a queue of changes, a column of modification times) need not ask.

    Args:
        old: The tables as they were. Tables without customers are passed over.
        new: The tables as they are, the same ones with the same columns.

    Returns:
        One row per customer, in no promised order:

        - `customer_id`: as in the tables; null where rows of nobody differ.

    Raises:
        DefinitionError: The versions have not the same tables of customers, or not the same
            columns, or are no tables by name.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, _ = example_orders()
        >>> later = orders.filter(pl.col("order_id") != orders.collect()["order_id"][0])
        >>> changed_customers({"orders": later}, {"orders": orders}).collect().rows()
        [(1,)]
    """
    before, after = tables_by_name("old", old), tables_by_name("new", new)
    names = [name for name in before if has_customers(before[name])]
    if set(names) != {name for name in after if has_customers(after[name])}:
        raise DefinitionError(
            f"The old tables of customers are {', '.join(sorted(names))}; the new ones are others. "
            "Allowed: the same in both. Next step: give an empty table where there was none."
        )
    if not names:
        raise bad_parameter("old", got=sorted(before), allowed="at least one table of customers")
    return pl.concat([_differing(name, before[name], after[name]) for name in names]).unique()


def updated(
    function: Callable[..., Any],
    before: Any,
    /,
    *,
    old: Tables,
    new: Tables,
    changed: pl.LazyFrame | None = None,
    old_as_of: dt.datetime | None = None,
    **arguments: Any,
) -> Any:
    """Bring what a function gave for the old tables up to date with the new ones.

    Of the old and the new tables only rows of customers who changed go into the function. A moved
    `as_of` touches those with a row between the two instants as well.

    Args:
        function: A customer-local or an additive function.
        before: What it gave for the old tables with the same arguments, lazy or eager, as it came
            or from a file.
        old: The tables as they were: of those that the function takes, the ones that `before` was
            made of. Of a dataset all go in, those too that the function can do without.
        new: The tables as they are, the same ones.
        changed: Customers (`customer_id`, each once or more) among whom all are whose rows
            differ; more do no harm. By default they are found with `changed_customers`, among the
            tables that the function takes.
        old_as_of: The `as_of` that `before` was made with, be it the same. Nothing in `before` says
            which it was, and another gives wrong figures.
        **arguments: The function's other arguments, `as_of` of now among them.

    Returns:
        What the function gives for the new tables, lazy, rows in no promised order. Of a function
        that gives a NamedTuple of tables, one.

    Raises:
        DefinitionError: The function is neither; a table is missing; a table without customers is
            among those it takes, since what changes there touches everybody; `as_of` moved, and
            the function's rows age; `before` has not the columns that the function gives now;
            `changed` has no customers of the tables' type; an instant has no time zone, or of the
            two one alone is given; or the function has a parameter of a name of these.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.metrics import order_totals
        >>> new, as_of = example_orders()
        >>> old = new.filter(pl.col("ordered_at") < pl.col("ordered_at").max())
        >>> before = order_totals(old, as_of=as_of)
        >>> now = updated(order_totals, before, old={"orders": old}, new={"orders": new},
        ...               old_as_of=as_of, as_of=as_of)
        >>> now.collect().equals(order_totals(new, as_of=as_of).collect())
        True
    """
    kind = splittable(function, step="update the table that it is made of, and call it again.")
    check_taken(function, ("old", "new", "changed", "old_as_of"))
    as_of: dt.datetime | None = arguments.get("as_of")
    if as_of is None and old_as_of is not None:
        raise bad_parameter("old_as_of", got=old_as_of, allowed="None, without as_of")
    if as_of is not None and old_as_of is None:
        raise bad_parameter(
            "old_as_of",
            got=None,
            allowed="the as_of that before was made with",
            step="old_as_of=as_of, where it has not moved.",
        )
    check_instant("as_of", as_of)
    check_instant("old_as_of", old_as_of)
    instants = sorted(
        (at for at in (old_as_of, as_of) if at is not None), key=dt.datetime.timestamp
    )
    moved = bool(instants) and instants[0].timestamp() != instants[1].timestamp()
    if moved and kind.ages:
        raise DefinitionError(
            f"as_of moved, and what {function.__name__} gives changes with time alone: customers "
            "whose rows stayed the same have other figures. Allowed: the same as_of. Next step: "
            "compute it anew, over buckets: buckets.run(…).",
            parameter="as_of",
        )
    before_tables = _taken(function, kind, tables_by_name("old", old), arguments)
    after_tables = _taken(function, kind, tables_by_name("new", new), arguments)
    if set(before_tables) != set(after_tables):
        raise DefinitionError(
            f"Of the tables that {function.__name__} takes, old has {', '.join(before_tables)} and "
            f"new {', '.join(after_tables)}. Allowed: the same in both, those that before was made "
            "of."
        )
    if changed is None:
        touched = changed_customers(before_tables, after_tables)
    else:
        touched = customers_in(changed, after_tables)
    if moved:
        touched = pl.concat([touched, *_between(after_tables, instants[0], instants[1])])
    touched = touched.unique()
    at_then = {**arguments, "as_of": old_as_of} if as_of is not None else arguments
    gave = function(**_only(before_tables, touched), **at_then)
    gives = function(**_only(after_tables, touched), **arguments)
    return _replaced(before, gave, gives, touched, kind, kind.keys_with(arguments))


def _taken(
    function: Callable[..., Any],
    kind: Kind,
    tables: Mapping[str, pl.LazyFrame],
    arguments: Mapping[str, Any],
) -> dict[str, pl.LazyFrame]:
    """Give the tables that a function takes; one that it can do without may be missing."""
    taken, needs = {}, inspect.signature(function).parameters
    for name in kind.tables:
        if name in arguments:
            raise DefinitionError(
                f"Table {name!r} is among the arguments. Allowed: tables in old and new. Next "
                "step: name it there, in both.",
                parameter=name,
            )
        if name not in tables:
            if needs[name].default is inspect.Parameter.empty:
                raise DefinitionError(
                    f"Table {name!r}, which {function.__name__} takes, is not given. Next step: "
                    "name it in old and in new.",
                    parameter=name,
                )
            continue
        if not has_customers(tables[name]):
            raise DefinitionError(
                f"Table {name!r}, which {function.__name__} takes, has no customers: what changes "
                "there may touch everybody. Next step: compute it anew.",
                parameter=name,
            )
        taken[name] = tables[name]
    return taken


def _differing(name: str, old: pl.LazyFrame, new: pl.LazyFrame) -> pl.LazyFrame:
    schema, other = old.collect_schema(), new.collect_schema()
    if dict(schema) != dict(other):
        columns = sorted(n for n in {**schema, **other} if schema.get(n) != other.get(n))
        raise DefinitionError(
            f"Columns {', '.join(columns)} of table {name!r} differ between old and new. Allowed: "
            "the same columns of the same types. Next step: let both in by the same door."
        )
    columns = schema.names()
    once = pl.lit(1, dtype=pl.Int64)
    return (
        pl.concat(
            [
                old.select(*columns, once.alias(_TIMES)),
                new.select(*columns, (-once).alias(_TIMES)),
            ]
        )
        .group_by(columns)
        .agg(pl.col(_TIMES).sum())
        .filter(pl.col(_TIMES) != 0)
        .select(CUSTOMER)
        .unique()
    )


def _between(
    tables: Mapping[str, pl.LazyFrame], since: dt.datetime, until: dt.datetime
) -> list[pl.LazyFrame]:
    """Give the customers with a row of which some instant is in between, `until` exclusive."""
    found = []
    for frame in tables.values():
        instants = [
            pl.col(name).is_between(
                pl.lit(since.astimezone(dt.UTC)).dt.convert_time_zone(dtype.time_zone),
                pl.lit(until.astimezone(dt.UTC)).dt.convert_time_zone(dtype.time_zone),
                closed="left",
            )
            for name, dtype in frame.collect_schema().items()
            if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
        ]
        if instants:
            found.append(frame.filter(pl.any_horizontal(instants)).select(CUSTOMER))
    return found


def _only(tables: Mapping[str, pl.LazyFrame], touched: pl.LazyFrame) -> dict[str, pl.LazyFrame]:
    return {
        name: frame.join(touched, on=CUSTOMER, how="semi", nulls_equal=True)
        for name, frame in tables.items()
    }


def _replaced(
    before: Any, gave: Any, gives: Any, touched: pl.LazyFrame, kind: Kind, keys: tuple[str, ...]
) -> Any:
    if isinstance(gives, tuple):
        if not isinstance(before, tuple) or len(before) != len(gives):
            raise not_before(before, type(gives).__name__)
        return type(gives)(
            *(
                _replaced(*frames, touched, kind, keys)
                for frames in zip(before, gave, gives, strict=True)
            )
        )
    if not is_table(before):
        raise not_before(before, "a table")
    columns = gives.collect_schema()
    if dict(before.collect_schema()) != dict(columns):
        raise not_before(before, f"the columns {', '.join(map(str, columns))}")
    if kind.name == "additive":
        return _summed(before.lazy(), gave, gives, keys)
    if not has_customers(gives):
        raise DefinitionError(
            "The result has no column 'customer_id', so that nobody's rows can be replaced. Next "
            "step: compute it anew."
        )
    kept = before.lazy().join(touched, on=CUSTOMER, how="anti", nulls_equal=True)
    return pl.concat([kept.select(columns.names()), gives])


def _summed(
    before: pl.LazyFrame, gave: pl.LazyFrame, gives: pl.LazyFrame, keys: tuple[str, ...]
) -> pl.LazyFrame:
    columns = gives.collect_schema().names()
    sums = [name for name in columns if name not in keys]
    together = pl.concat([before.select(columns), gave.with_columns(-pl.col(sums)), gives])
    if not keys:
        return together.select(pl.all().sum())
    # Of a row that is there some sum is not zero: where all are, nobody is left.
    return (
        together.group_by(keys)
        .agg(pl.col(sums).sum())
        .filter(pl.any_horizontal(pl.col(sums).to_physical() != 0))
        .select(columns)
    )
