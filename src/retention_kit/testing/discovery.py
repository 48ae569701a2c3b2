"""Which functions of a package declare what they are, and which tables each of them needs."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from retention_kit.contracts.law import kind_of
from retention_kit.contracts.tables import TABLES


def table_functions(package: str = "retention_kit") -> list[Callable[..., Any]]:
    """Find every public function of a package that declares its kind, each once.

    All modules of the package are imported; one that needs a library that is not installed is
    passed over.

    Args:
        package: An importable package, for example that of a plugin.

    Returns:
        The functions, by module and name.

    Examples:
        >>> found = table_functions("retention_kit.metrics.orders.customers")
        >>> [function.__name__ for function in found]
        ['customer_summary']
    """
    found: dict[tuple[str, str], Callable[..., Any]] = {}
    for module in _modules(package):
        for name, value in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(value) or kind_of(value) is None:
                continue
            home = value.__module__
            if home == package or home.startswith(f"{package}."):
                found.setdefault((home, value.__qualname__), value)
    return [found[place] for place in sorted(found)]


def tables_needed(function: Callable[..., Any]) -> tuple[str, ...]:
    """Give the tables that a function takes, and those that the function it finishes takes.

    Args:
        function: A function that declares its kind.

    Returns:
        Names of the seven tables.

    Examples:
        >>> from retention_kit.metrics import average_order_value
        >>> tables_needed(average_order_value)
        ('orders',)
    """
    kind = kind_of(function)
    if kind is None:
        return ()
    own = [name for name in kind.tables if name in TABLES]
    return tuple(dict.fromkeys([*own, *(tables_needed(kind.of) if kind.of else ())]))


def reduced_parameter(function: Callable[..., Any]) -> str | None:
    """Give the parameter of a finisher or a fit that takes what another function gave.

    Args:
        function: A function that declares its kind.

    Returns:
        The first parameter that is none of the seven tables; None of other functions.

    Examples:
        >>> from retention_kit.metrics import average_order_value
        >>> reduced_parameter(average_order_value)
        'totals'
    """
    kind = kind_of(function)
    if kind is None or kind.of is None:
        return None
    names = (name for name in inspect.signature(function).parameters if name not in TABLES)
    return next(names, None)


def _modules(package: str) -> Iterator[ModuleType]:
    root = importlib.import_module(package)
    yield root
    for found in pkgutil.walk_packages(getattr(root, "__path__", []), f"{package}."):
        if found.name.rpartition(".")[2] == "__main__":
            continue
        try:
            yield importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            top = package.partition(".")[0]
            if error.name is None or error.name.partition(".")[0] == top:
                raise
