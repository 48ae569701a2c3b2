"""Serve a package's public names on first use (PEP 562), so that importing it stays cheap."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def late(module: str, name: str) -> Any:
    """Give a name of a module that stands above the caller's, when it is asked for and not before.

    Args:
        module: The module's full name.
        name: The name in it.
    """
    return getattr(importlib.import_module(module), name)


def attach(
    package: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make the `__getattr__` and `__dir__` of a package whose names live in other modules.

    Args:
        package: The package's `__name__`.
        modules: For each public name, the full name of the module that defines it.

    Returns:
        The two functions to bind in the package as `__getattr__` and `__dir__`.
    """

    def load(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return late(modules[name], name)

    def names() -> list[str]:
        return sorted(modules)

    return load, names
