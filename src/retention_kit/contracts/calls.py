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


def check_call(
    function: Callable[..., Any],
    tables: Collection[str],
    arguments: Mapping[str, Any],
    *,
    taken: Collection[str] = (),
) -> None:
    """Raise where a function cannot be called with the arguments.

    Args:
        function: The function.
        tables: Those of its parameters that are tables, which are not looked at.
        arguments: Its other arguments.
        taken: Names that who calls it has for parameters of its own.

    Raises:
        DefinitionError: It has a parameter of a taken name, an argument is not known, with the
            nearest name, or one that it needs is absent.
    """
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in tables
    }
    for name in taken:
        if name in parameters:
            raise DefinitionError(
                f"{function.__name__} has a parameter {name!r}, which would never reach it: "
                f"{', '.join(taken)} are taken here. Next step: rename it.",
                parameter=name,
            )
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    known = [name for name, one in parameters.items() if one.kind not in variadic]
    if all(one.kind is not inspect.Parameter.VAR_KEYWORD for one in parameters.values()):
        for name in arguments:
            if name not in known:
                nearest = nearest_names(name, known)
                hint = f" Nearest: {', '.join(nearest)}." if nearest else ""
                raise DefinitionError(
                    f"{function.__name__} has no argument {name!r}. Allowed: "
                    f"{', '.join(known) or 'none'}.{hint}",
                    parameter=name,
                )
    for name in known:
        if name not in arguments and parameters[name].default is inspect.Parameter.empty:
            raise DefinitionError(
                f"{function.__name__} needs the argument {name!r}. Next step: {name}=….",
                parameter=name,
            )


def check_arguments(
    metric: Callable[..., Any], of: Callable[..., Any], arguments: Mapping[str, Any]
) -> None:
    """Raise where an argument is of neither of two functions.

    Args:
        metric: A finisher or a fit.
        of: The function whose result it takes.
        arguments: The arguments of both that are no tables.

    Raises:
        DefinitionError: One is of neither; the nearest name is told.
    """
    known = dict.fromkeys(
        name
        for function in (metric, of)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name not in TABLES
    )
    for name in arguments:
        if name not in known:
            nearest = nearest_names(name, known)
            hint = f" Nearest: {', '.join(nearest)}." if nearest else ""
            raise DefinitionError(
                f"{metric.__name__} has no argument {name!r}, nor has the function that sums for "
                f"it. Allowed: {', '.join(known)}.{hint}",
                parameter=name,
            )
