"""Which values the arguments of a function on tables may take, read from its annotations."""

from __future__ import annotations

import datetime as dt
import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from retention_kit.contracts.law import kind_of
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DefinitionError
from retention_kit.testing._instants import after_all
from retention_kit.testing.discovery import reduced_parameter, tables_needed
from retention_kit.testing.strategies import instants


def arguments_for(
    function: Callable[..., Any],
    *,
    time_zone: str = "UTC",
    known: Mapping[str, SearchStrategy[Any]] | None = None,
) -> SearchStrategy[dict[str, Any]]:
    """Draw the arguments of a function that are not tables, and those of the function it finishes.

    `as_of` is an instant among those that the tables are drawn from, or long after them, `since`
    one before it, and `data_from` a day; `time_zone` is the one given; `active_within`, `horizon`,
    `within` and `gap_days` are lengths of time, `confidence` is a share; a parameter annotated
    with `Literal` or `bool` takes each of its values; `by` takes text columns of the first table.
    What else has a default keeps it.

    Args:
        function: A function that declares its kind.
        time_zone: The shop's zone.
        known: Strategies for parameters by name, before all that.

    Returns:
        Dictionaries of arguments by name; some leave out what has a default.

    Raises:
        DefinitionError: A parameter without a default has a type that says too little.
    """
    required: dict[str, SearchStrategy[Any]] = {}
    optional: dict[str, SearchStrategy[Any]] = {}
    for name, parameter, hint in _parameters(function):
        strategy = (known or {}).get(name, _strategy(function, name, hint, time_zone))
        has_default = parameter.default is not inspect.Parameter.empty
        if strategy is None and not has_default:
            raise DefinitionError(
                f"What parameter {name!r} of {function.__name__} may be is not known. Next step: "
                f"say it: known={{{name!r}: a strategy}}.",
                parameter=name,
            )
        if strategy is None or name in required:
            continue
        if has_default:
            optional.setdefault(name, strategy)
        else:
            optional.pop(name, None)
            required[name] = strategy
    return st.fixed_dictionaries(required, optional=optional).map(_in_order)


def _in_order(arguments: dict[str, Any]) -> dict[str, Any]:
    """Put `since` before `as_of`."""
    since, as_of = arguments.get("since"), arguments.get("as_of")
    # In one zone Python would compare wall clocks, of which one hour comes twice.
    if since is not None and as_of is not None and since.timestamp() >= as_of.timestamp():
        return {**arguments, "since": as_of - dt.timedelta(days=30)}
    return arguments


def _parameters(
    function: Callable[..., Any],
) -> list[tuple[str, inspect.Parameter, Any]]:
    """Give the parameters that are not tables, of a function and of those before it."""
    kind = kind_of(function)
    tables = {*TABLES, *(kind.tables if kind else ()), reduced_parameter(function)}
    hints = get_type_hints(function)
    own = [
        (name, parameter, hints.get(name))
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in tables
    ]
    return own + (_parameters(kind.of) if kind is not None and kind.of is not None else [])


def _strategy(
    function: Callable[..., Any], name: str, hint: Any, time_zone: str
) -> SearchStrategy[Any] | None:
    named: dict[str, Callable[[], SearchStrategy[Any]]] = {
        "as_of": lambda: st.one_of(st.just(after_all(time_zone)), instants(time_zone=time_zone)),
        "since": lambda: instants(time_zone=time_zone),
        "data_from": lambda: instants(time_zone=time_zone).map(dt.datetime.date),
        "time_zone": lambda: st.just(time_zone),
        # At least as long as the longest period.
        "active_within": lambda: st.sampled_from(("366d", "2y")),
        "horizon": lambda: st.sampled_from(
            ("90d", "1mo", "1y") if hint is str else (None, "90d", "1mo", "1y")
        ),
        "within": lambda: st.sampled_from(("1d", "90d", "1mo")),
        "gap_days": lambda: st.floats(0.5, 120),
        "confidence": lambda: st.sampled_from((0.5, 0.95)),
    }
    if name in named:
        return named[name]()
    if name == "by":
        first = TABLES[tables_needed(function)[0]]
        texts = [column.name for column in first.columns.values() if column.kind == "text"]
        return st.lists(st.sampled_from(texts), unique=True, max_size=2).map(tuple)
    return _of_type(hint)


def _of_type(hint: Any) -> SearchStrategy[Any] | None:
    if hint is bool:
        return st.booleans()
    if hint is type(None):
        return st.none()
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        arms = [_of_type(arm) for arm in get_args(hint)]
        known = [arm for arm in arms if arm is not None]
        return st.one_of(known) if len(known) == len(arms) else None
    return None
