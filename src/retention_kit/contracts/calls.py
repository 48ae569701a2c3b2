"""What those ask who call declared functions for others: kinds, and whose arguments are whose."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any

from retention_kit.contracts.law import Kind, kind_of
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DefinitionError, bad_parameter, nearest_names


def splittable(function: Callable[..., Any], *, step: str) -> Kind:
    """Give the kind of a function that runs on parts of the customers.

    Args:
        function: The function.
        step: What to do next with one that does not.

    Raises:
        DefinitionError: It is neither customer-local nor additive.
    """
    kind = kind_of(function)
    if kind is None or kind.name not in ("customer_local", "additive"):
        raise DefinitionError(
            f"{getattr(function, '__name__', 'the function')} is "
            f"{'undeclared' if kind is None else kind.name}. Allowed: customer_local or additive "
            f"functions. Next step: {step}"
        )
    return kind


def made_of(metric: Callable[..., Any], *, step: str) -> tuple[Kind, Callable[..., Any]]:
    """Give the kind of a finisher or a fit, and the function whose result it takes.

    Args:
        metric: The function.
        step: What to do next with one that is neither.

    Raises:
        DefinitionError: It is neither.
    """
    kind = kind_of(metric)
    if kind is None or kind.of is None:
        raise bad_parameter(
            "metric",
            got=getattr(metric, "__name__", metric),
            allowed="a finisher or a fit, which makes figures of sums",
            step=step,
        )
    return kind, kind.of


def arguments_of(function: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Give those of the arguments that a function has."""
    names = inspect.signature(function).parameters
    return {name: value for name, value in arguments.items() if name in names}


def tables_for(
    function: Callable[..., Any], among: Collection[str], held: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the tables that a function takes; one that it can do without may be missing.

    Args:
        function: The function.
        among: The names of its tables that are asked for.
        held: The tables that are there.

    Raises:
        DefinitionError: One that it needs is not there.
    """
    found = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in among:
            continue
        if name in held:
            found[name] = held[name]
        elif parameter.default is inspect.Parameter.empty:
            raise missing_table(function, name, held)
    return found


def missing_table(
    function: Callable[..., Any], name: str, given: Collection[str]
) -> DefinitionError:
    """Make the error of a table that a function needs and is not given."""
    return DefinitionError(
        f"{function.__name__} needs the table {name!r}. Given: {', '.join(given) or 'none'}. "
        "Next step: name it in data.",
        parameter="data",
    )


def check_taken(function: Callable[..., Any], taken: Collection[str]) -> None:
    """Raise where a function has a parameter of a name that who calls it takes for its own.

    Args:
        function: The function.
        taken: The names, whose arguments would not reach it.

    Raises:
        DefinitionError: It has one.
    """
    _check_taken(function, _names_of(function), taken)


def check_call(
    function: Callable[..., Any],
    tables: Collection[str],
    arguments: Mapping[str, Any],
    *,
    taken: Collection[str] = (),
    filled: Collection[str] = (),
) -> None:
    """Raise where a function cannot be called with the arguments.

    Args:
        function: The function.
        tables: Those of its parameters that are tables, which are not looked at.
        arguments: Its other arguments.
        taken: Names that who calls it has for parameters of its own.
        filled: Names of parameters that who calls it fills itself.

    Raises:
        DefinitionError: It has a parameter of a taken name, an argument is not known, with the
            nearest name, or one that it needs is absent.
    """
    known = [name for name in _names_of(function) if name not in tables]
    _check_taken(function, known, taken)
    parameters = inspect.signature(function).parameters.values()
    if all(one.kind is not inspect.Parameter.VAR_KEYWORD for one in parameters):
        names = [name for name in arguments if name not in tables]
        _check_known(f"{function.__name__} has no argument {{!r}}.", names, known)
    _check_given(function, known, {*arguments, *filled})


def check_arguments(
    metric: Callable[..., Any],
    of: Callable[..., Any],
    arguments: Mapping[str, Any],
    *,
    taken: Collection[str] = (),
    filled: Collection[str] = (),
) -> None:
    """Raise where two functions cannot be called with the arguments of both.

    Args:
        metric: A finisher or a fit, whose first parameter takes what the other function gives.
        of: The function whose result it takes.
        arguments: The arguments of both that are no tables.
        taken: Names that who calls them has for parameters of its own.
        filled: Names of parameters that who calls them fills itself.

    Raises:
        DefinitionError: One has a parameter of a taken name, an argument is of neither, with the
            nearest name, or one that either needs is absent.
    """
    own = [name for name in _names_of(metric)[1:] if name not in TABLES]
    summing = [name for name in _names_of(of) if name not in TABLES]
    what = f"{metric.__name__} has no argument {{!r}}, nor has the function that sums for it."
    for function, names in ((metric, own), (of, summing)):
        _check_taken(function, [name for name in names if name not in filled], taken)
    _check_known(what, arguments, list(dict.fromkeys([*own, *summing])))
    for function, names in ((metric, own), (of, summing)):
        _check_given(function, names, {*arguments, *filled})


def _names_of(function: Callable[..., Any]) -> list[str]:
    """Name the parameters that take one value each."""
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(function).parameters.items()
    return [name for name, parameter in parameters if parameter.kind not in variadic]


def _check_taken(
    function: Callable[..., Any], names: Collection[str], taken: Collection[str]
) -> None:
    for name in taken:
        if name in names:
            raise DefinitionError(
                f"{function.__name__} has a parameter {name!r}, which would never reach it: "
                f"{', '.join(taken)} are taken here. Next step: rename it.",
                parameter=name,
            )


def _check_known(what: str, names: Collection[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            nearest = nearest_names(name, known)
            hint = f" Nearest: {', '.join(nearest)}." if nearest else ""
            allowed = ", ".join(known) or "none"
            raise DefinitionError(f"{what.format(name)} Allowed: {allowed}.{hint}", parameter=name)


def _check_given(
    function: Callable[..., Any], names: Collection[str], given: Collection[str]
) -> None:
    parameters = inspect.signature(function).parameters
    for name in names:
        if name not in given and parameters[name].default is inspect.Parameter.empty:
            raise DefinitionError(
                f"{function.__name__} needs the argument {name!r}. Next step: {name}=….",
                parameter=name,
            )
