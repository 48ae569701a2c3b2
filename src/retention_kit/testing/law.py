"""The law's proof: whether a function on tables keeps what it declares itself to be.

It knows nothing of the function but its declaration, and so serves the functions of a plugin as
well. Combine it with `strategies.shops` and `arguments.arguments_for` in a property test.
"""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from retention_kit.contracts.combining import combine
from retention_kit.contracts.law import Kind, kind_of
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DefinitionError
from retention_kit.hashing import stable_hash_expression
from retention_kit.testing._compare import difference, schema_difference
from retention_kit.testing._instants import first_to_see
from retention_kit.testing.discovery import reduced_parameter

Tables = Mapping[str, pl.DataFrame]
_ENGINES: tuple[Any, ...] = ("in-memory", "streaming")
_SALT = "retention_kit.testing"


class LawBroken(AssertionError):  # noqa: N818 - it says what happened, as an assertion does
    """A function on tables does not keep what it declares.

    Attributes:
        function: The function's name.
        law: Which law it breaks.
        finding: How it shows: columns and counts, never rows.
    """

    def __init__(self, function: str, law: str, finding: str) -> None:
        self.function = function
        self.law = law
        self.finding = finding
        super().__init__(f"{function} breaks the law {law!r}: {finding}.")


def prove(
    function: Callable[..., Any],
    tables: Mapping[str, pl.LazyFrame] | Tables,
    *,
    parts: int = 3,
    arguments: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> None:
    """Prove on given tables that a function keeps the law it declares.

    All functions: nothing is collected, and the schema is known beforehand; the order of rows
    changes nothing, on either engine; empty tables give the same schema, without rows, or, of an
    additive function without keys, one row of zeros; eager tables give the same in eager ones, and
    do not go together with lazy ones; counts are signed. Customer-local and additive ones: split
    by customer, the answers are put together to that for the whole; with an `as_of` before which
    nothing happened since the one that is given they give the same, unless they declare that they
    age. Additive ones: what is summed is an integer, a duration or a decimal, and of each row that
    has keys something is not zero. Finishers: the same for sums put together.

    Args:
        function: A customer-local or an additive function, or a finisher.
        tables: At least the tables that `tables_needed` names, as they come through the door.
            Tables that have no column `customer_id` are never split.
        parts: Into how many parts the customers are split.
        arguments: The function's other arguments, and those of the function it finishes.
        seed: For the order of rows.

    Raises:
        LawBroken: It does not keep it.
        DefinitionError: It declares nothing that can be proven, or a table is missing.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.metrics import customer_summary
        >>> orders, as_of = example_orders()
        >>> prove(customer_summary, {"orders": orders}, arguments={"as_of": as_of})
    """
    eager = {name: frame.lazy().collect() for name, frame in tables.items()}
    case = _case(function, eager, dict(arguments or {}))
    whole = case.collect(case.tables)
    _collects_nothing(case, whole)
    _ignores_row_order(case, whole, seed)
    _keeps_schema_when_empty(case, whole)
    _serves_eager_tables(case, whole)
    _sums_exact_types(case, whole)
    _splits_by_customer(case, whole, eager, parts)
    _ages_as_declared(case, whole)
    _has_no_row_of_zeros(case, whole)


@dataclass(frozen=True, slots=True)
class _Case:
    """A function with all that it is called with.

    Attributes:
        function: The function.
        kind: What it declares.
        tables: Its tables, by parameter.
        arguments: Its other arguments.
        beyond: All arguments, those of the functions before it included.
    """

    function: Callable[..., Any]
    kind: Kind
    tables: Tables
    arguments: dict[str, Any]
    beyond: dict[str, Any]

    def broken(self, law: str, finding: str, frame: str = "") -> LawBroken:
        where = f"in {frame!r}, " if frame else ""
        return LawBroken(self.function.__name__, law, where + finding)

    def plan(self, tables: Mapping[str, pl.LazyFrame]) -> dict[str, pl.LazyFrame]:
        """Call the function, and give its lazy tables by name; a single one is nameless."""
        answer = self.function(**tables, **self.arguments)
        frames = _by_name(answer)
        for name, frame in frames.items():
            if not isinstance(frame, pl.LazyFrame):
                got = type(frame).__name__
                raise self.broken("lazy in, lazy out", f"lazy tables gave a {got}", name)
        return frames

    def collect(self, tables: Tables, engine: Any = "in-memory") -> dict[str, pl.DataFrame]:
        plans = self.plan({name: frame.lazy() for name, frame in tables.items()})
        return {name: frame.collect(engine=engine) for name, frame in plans.items()}

    def compare(
        self, law: str, wanted: Mapping[str, pl.DataFrame], got: Mapping[str, pl.DataFrame]
    ) -> None:
        for name, frame in wanted.items():
            found = difference(frame, got[name], keys=(*self.keys, "customer_id"))
            if found is not None:
                raise self.broken(law, found, name)

    @property
    def keys(self) -> tuple[str, ...]:
        return self.kind.keys_with(self.arguments)


def _case(function: Callable[..., Any], tables: Tables, arguments: dict[str, Any]) -> _Case:
    kind = kind_of(function)
    if kind is None or kind.name not in ("customer_local", "additive", "finisher"):
        raise DefinitionError(
            f"{getattr(function, '__name__', 'the function')} is "
            f"{'undeclared' if kind is None else kind.name}. Allowed: customer_local, additive and "
            "finisher. Next step: declare it; of a fit or a report there is nothing to prove."
        )
    given: dict[str, pl.DataFrame] = {}
    reduced = reduced_parameter(function)
    for name in kind.tables:
        if name == reduced:
            continue
        if name not in tables and name not in TABLES and _may_lack(function, name):
            continue
        if name not in tables:
            raise DefinitionError(
                f"Table {name!r}, which {function.__name__} takes, is not given. Next step: "
                "name it in tables."
            )
        given[name] = tables[name]
    parameters = inspect.signature(function).parameters
    own = {name: value for name, value in arguments.items() if name in parameters}
    case = _Case(function, kind, given, own, arguments)
    if reduced is not None:
        before = _case(_before(kind), tables, arguments)
        (frame,) = before.collect(before.tables).values()
        case = replace(case, tables={reduced: frame, **given})
    return case


def _before(kind: Kind) -> Callable[..., Any]:
    if kind.of is None:
        raise DefinitionError("A finisher must say what it finishes: finisher(of=…).")
    return kind.of


def _by_name(answer: Any) -> dict[str, Any]:
    fields = getattr(answer, "_asdict", None)
    return fields() if fields is not None else {"": answer}


def _collects_nothing(case: _Case, whole: Tables) -> None:
    law = "nothing is collected"
    reads: list[str] = []
    traps = {name: _trap(name, frame.schema, reads) for name, frame in case.tables.items()}
    try:
        schemas = {name: frame.collect_schema() for name, frame in case.plan(traps).items()}
    except LawBroken:
        raise
    except Exception as error:
        if not reads:
            raise
        raise case.broken(law, f"the call alone reads {reads[0]!r}") from error
    if reads:
        raise case.broken(law, f"the call alone reads {reads[0]!r}")
    for name, schema in schemas.items():
        found = schema_difference(schema, whole[name].schema)
        if found is not None:
            raise case.broken("the schema is known beforehand", found, name)


def _trap(name: str, schema: pl.Schema, reads: list[str]) -> pl.LazyFrame:
    """Make a lazy table that notes that it is read, and raises."""

    def read(
        columns: list[str] | None,  # noqa: ARG001
        predicate: pl.Expr | None,  # noqa: ARG001
        rows: int | None,  # noqa: ARG001
        batch: int | None,  # noqa: ARG001
    ) -> Iterator[pl.DataFrame]:
        reads.append(name)
        raise RuntimeError(f"table {name!r} was read")

    return register_io_source(read, schema=dict(schema))


def _ignores_row_order(case: _Case, whole: Tables, seed: int) -> None:
    shuffled = {
        name: frame.sample(fraction=1.0, shuffle=True, seed=seed + place)
        for place, (name, frame) in enumerate(case.tables.items())
    }
    for engine in _ENGINES:
        got = case.collect(shuffled, engine)
        case.compare(f"the order of rows changes nothing ({engine})", whole, got)


def _keeps_schema_when_empty(case: _Case, whole: Tables) -> None:
    law = "empty tables give the same schema"
    got = case.collect({name: frame.clear() for name, frame in case.tables.items()})
    for name, frame in got.items():
        found = schema_difference(whole[name].schema, frame.schema)
        if found is not None:
            raise case.broken(law, found, name)
        if case.kind.name == "finisher":
            continue
        rows = int(case.kind.name == "additive" and not case.keys)
        if frame.height != rows:
            raise case.broken(law, f"{frame.height} rows instead of {rows}", name)
        for column in frame.iter_columns():
            if rows and (column.item() is None or column.item()):
                raise case.broken(law, f"column {column.name!r} is not 0", name)


def _serves_eager_tables(case: _Case, whole: Tables) -> None:
    law = "eager in, eager out"
    got = _by_name(case.function(**case.tables, **case.arguments))
    for name, frame in got.items():
        if not isinstance(frame, pl.DataFrame):
            raise case.broken(law, f"eager tables gave a {type(frame).__name__}", name)
    case.compare(law, whole, got)
    if len(case.tables) < 2:
        return
    mixed: dict[str, Any] = dict(case.tables)
    first = next(iter(mixed))
    mixed[first] = mixed[first].lazy()
    try:
        case.function(**mixed, **case.arguments)
    except DefinitionError:
        return
    raise case.broken(law, "eager and lazy tables together raised no DefinitionError")


def _sums_exact_types(case: _Case, whole: Tables) -> None:
    came = {name for frame in case.tables.values() for name in frame.columns}
    for name, frame in whole.items():
        for column, dtype in frame.schema.items():
            if dtype.is_unsigned_integer() and column not in came:
                raise case.broken("counts are signed", f"column {column!r} is {dtype}", name)
            exact = dtype in (pl.Int64, pl.Duration) or isinstance(dtype, pl.Decimal)
            if case.kind.name == "additive" and column not in case.keys and not exact:
                raise case.broken("sums are exact", f"column {column!r} is {dtype}", name)


def _has_no_row_of_zeros(case: _Case, whole: Tables) -> None:
    if case.kind.name != "additive" or not case.keys:
        return
    for name, frame in whole.items():
        sums = pl.exclude(case.keys).to_physical()
        zeros = frame.filter(~pl.any_horizontal(sums != 0)).height
        if zeros:
            raise case.broken("of each row something is not zero", f"{zeros} rows are zeros", name)


def _ages_as_declared(case: _Case, whole: Tables) -> None:
    as_of = case.arguments.get("as_of")
    if case.kind.name == "finisher" or case.kind.ages or not isinstance(as_of, dt.datetime):
        return
    earliest = first_to_see(case.tables.values(), as_of)
    since = case.arguments.get("since")
    if isinstance(since, dt.datetime) and since.timestamp() >= earliest.timestamp():
        return
    arguments = {**case.arguments, "as_of": earliest.astimezone(as_of.tzinfo)}
    got = replace(case, arguments=arguments).collect(case.tables)
    case.compare("time alone changes nothing (or declare: ages=True)", whole, got)


def _may_lack(function: Callable[..., Any], name: str) -> bool:
    """Tell whether a function does without a table of its own, which nobody can draw."""
    default = inspect.signature(function).parameters[name].default
    return default is not inspect.Parameter.empty


def _splits_by_customer(case: _Case, whole: Tables, tables: Tables, parts: int) -> None:
    law = f"split by customer into {parts}"
    split = {name: _split(frame, parts) for name, frame in tables.items()}
    each = [{name: frames[part] for name, frames in split.items()} for part in range(parts)]
    first, last = case, case
    if case.kind.name == "finisher":
        first = _case(_before(case.kind), tables, case.beyond)
        if first.kind.name == "finisher":
            return
    answers = [first.collect({name: part[name] for name in first.tables}) for part in each]
    together = {
        name: combine([answer[name] for answer in answers], first.kind, first.arguments)
        for name in answers[0]
    }
    if last is not first:
        (frame,) = together.values()
        reduced = str(reduced_parameter(last.function))
        together = last.collect({**last.tables, reduced: frame})
    case.compare(law, whole, together)


def _split(frame: pl.DataFrame, parts: int) -> list[pl.DataFrame]:
    if "customer_id" not in frame.columns:
        return [frame] * parts
    hashed = stable_hash_expression(pl.col("customer_id"), salt=_SALT)
    part = frame.select((hashed % parts).fill_null(0)).to_series()
    return [frame.filter(part == number) for number in range(parts)]
