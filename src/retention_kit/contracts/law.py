"""The law of the house: what every public function on tables declares itself to be.

A declared function takes lazy tables and gives lazy tables; in a notebook eager ones may go in, and
then eager ones come out. The parameter names of tables are the table names of
`retention_kit.contracts.tables`. `retention_kit.testing.law` finds declared functions by
introspection and proves that they keep what they declare.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, ParamSpec, TypeVar, get_args, overload

import polars as pl

from retention_kit.contracts.origins import check_origin, remember
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DefinitionError

P = ParamSpec("P")
R = TypeVar("R")
Frame = TypeVar("Frame", pl.LazyFrame, pl.DataFrame)
"""A lazy or an eager table; a function gives the kind it was given."""

KindName = Literal["customer_local", "additive", "finisher", "fit", "report"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a function on tables is.

    Attributes:
        name: `customer_local`, `additive`, `finisher`, `fit` or `report`.
        keys: Of an additive function, the columns its sums always stand under.
        when: By argument that has one, the further key that is there where it is not None.
        ages: Whether a customer's part in the result may change as `as_of` moves, though nothing
            of theirs happened in between.
        defaults: What the arguments that decide on keys are where a call leaves them out.
        of: Of a finisher or a fit, the function whose result it takes.
        tables: The function's parameters that are tables, in order.
    """

    name: KindName
    keys: tuple[str, ...] = ()
    of: Callable[..., Any] | None = None
    tables: tuple[str, ...] = ()
    when: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ages: bool = False
    defaults: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def keys_with(self, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        """Give the keys of the result that a call with these arguments has.

        Args:
            arguments: The call's arguments by name, without those left to their defaults or with
                them; columns named by `by` are keys too.
        """
        values = {**self.defaults, **arguments}
        by = values.get("by") or ()
        given = [key for name, key in self.when.items() if values.get(name) is not None]
        return (*((by,) if isinstance(by, str) else by), *self.keys, *given)

    @property
    def whole(self) -> tuple[str, ...]:
        """The tables among `tables` that have no customer, and so are never split."""
        return tuple(
            name for name in self.tables if name in TABLES and not TABLES[name].by_customer
        )


@overload
def customer_local(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def customer_local(*, ages: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def customer_local(
    function: Callable[P, R] | None = None, /, *, ages: bool = False
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare that a customer's rows in the result depend on that customer's rows alone.

    Split the data by customer, and the answer is the concatenation.

    Args:
        function: The function, where nothing more is declared: `@customer_local`.
        ages: Whether a customer's rows may change as `as_of` moves, though nothing of theirs
            happened in between: days since the last order grow, points expire.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        return _declare(function, Kind("customer_local", tables=_tables_of(function), ages=ages))

    return decorate if function is None else decorate(function)


def additive(
    *, keys: tuple[str, ...], when: Mapping[str, str] | None = None, ages: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare that the result holds counts and sums by `keys`.

    Split the data by customer, and the answer is the sum by the keys. Every column that is not a
    key is summed, and so is an integer, a duration or a decimal. Of a row that is there, at least
    one of them is not zero.

    Args:
        keys: The key columns that the result always has. Those that an argument `by` names come
            before them.
        when: By the name of an argument, the key column that the result has besides where that
            argument is not None.
        ages: Whether what a customer adds may change as `as_of` moves, though nothing of theirs
            happened in between.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        optional = MappingProxyType(dict(when or {}))
        kind = Kind(
            "additive",
            keys=keys,
            tables=_tables_of(function),
            when=optional,
            ages=ages,
            defaults=_defaults_of(function, ("by", *optional)),
        )
        return _declare(function, kind)

    return decorate


def finisher(*, of: Callable[..., Any]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare that the function turns the reduced table made by `of` into ratios and the like."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        return _declare(function, Kind("finisher", of=of, tables=_tables_of(function)))

    return decorate


def fit(*, of: Callable[..., Any]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare that the function turns the table made by `of` into a small frozen model."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        return _declare(function, Kind("fit", of=of, tables=_tables_of(function)))

    return decorate


def report(function: Callable[P, R]) -> Callable[P, R]:
    """Declare that the function may collect, because a person reads what it gives."""
    function.__retention_kit_kind__ = Kind("report", tables=_tables_of(function))  # type: ignore[attr-defined]
    return function


def kind_of(function: Callable[..., Any]) -> Kind | None:
    """Give what a function declared itself to be, or None where it declared nothing."""
    kind = getattr(function, "__retention_kit_kind__", None)
    return kind if isinstance(kind, Kind) else None


def _tables_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Name the parameters that are tables: by the name, or by what they are annotated with."""
    return tuple(
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if name in TABLES or _is_frame(parameter.annotation)
    )


def _defaults_of(function: Callable[..., Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    parameters = inspect.signature(function).parameters
    return MappingProxyType(
        {
            name: parameters[name].default
            for name in names
            if name in parameters and parameters[name].default is not inspect.Parameter.empty
        }
    )


def _is_frame(annotation: Any) -> bool:
    if not isinstance(annotation, str):
        # A module without `from __future__ import annotations` has the types themselves.
        arms = get_args(annotation) or (annotation,)
        return any(arm is Frame or arm in (pl.LazyFrame, pl.DataFrame) for arm in arms)
    return annotation.removesuffix(" | None") in ("Frame", "pl.LazyFrame", "LazyFrame")


def _declare(function: Callable[P, R], kind: Kind) -> Callable[P, R]:
    signature = inspect.signature(function)
    reduced = _reduced(signature, kind)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        values = (*args, *kwargs.values())
        _check_tables(function, kind, args, kwargs)
        beside = _arguments(signature, kind, args, kwargs)
        if reduced is not None and kind.of is not None:
            table = args[0] if args else kwargs.get(reduced)
            check_origin(function.__name__, table, kind.of, beside)
        eager = any(isinstance(value, pl.DataFrame) for value in values)
        if eager and any(isinstance(value, pl.LazyFrame) for value in values):
            raise DefinitionError(
                f"{function.__name__} got eager and lazy tables together. Allowed: all eager or "
                "all lazy. Next step: call .lazy() on the eager ones."
            )
        result: R
        if eager:
            lazy_args = [_lazy(value) for value in args]
            lazy_kwargs = {name: _lazy(value) for name, value in kwargs.items()}
            result = _eager(function(*lazy_args, **lazy_kwargs))
        else:
            result = function(*args, **kwargs)
        if kind.name == "additive":
            remember(result, call, beside)
        return result

    call.__retention_kit_kind__ = kind  # type: ignore[attr-defined]
    return call


def _reduced(signature: inspect.Signature, kind: Kind) -> str | None:
    """Name the parameter of a finisher or a fit that takes what another function gave."""
    if kind.of is None:
        return None
    return next((name for name in signature.parameters if name not in TABLES), None)


def _arguments(
    signature: inspect.Signature, kind: Kind, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Give the arguments of a call that are no tables, defaults included."""
    given = {**dict(zip(signature.parameters, args, strict=False)), **kwargs}
    return {
        name: given.get(name, parameter.default)
        for name, parameter in signature.parameters.items()
        if name not in kind.tables and name not in TABLES
    }


def _check_tables(
    function: Callable[..., Any], kind: Kind, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    given = {**dict(zip(inspect.signature(function).parameters, args, strict=False)), **kwargs}
    for name in kind.tables:
        value = given.get(name)
        if value is not None and not isinstance(value, pl.LazyFrame | pl.DataFrame):
            holder = f"pass its .{name}" if hasattr(value, name) else "let it in by the door"
            raise DefinitionError(
                f"{function.__name__} got a {type(value).__name__} for {name!r}. Allowed: a lazy "
                f"or an eager Polars table. Next step: {holder}.",
                parameter=name,
            )


def _lazy(value: Any) -> Any:
    return value.lazy() if isinstance(value, pl.DataFrame) else value


def _eager(value: Any) -> Any:
    """Collect a lazy result, or every lazy table in a NamedTuple of them, in one go."""
    if isinstance(value, pl.LazyFrame):
        return value.collect()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        lazy = [item for item in value if isinstance(item, pl.LazyFrame)]
        collected = iter(pl.collect_all(lazy))
        return type(value)(
            *(next(collected) if isinstance(item, pl.LazyFrame) else item for item in value)
        )
    return value
