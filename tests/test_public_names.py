"""A name that a package serves must not be one of its modules, which would hide it."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import retention_kit

PACKAGES = [
    "retention_kit",
    *(
        module.name
        for module in pkgutil.walk_packages(retention_kit.__path__, "retention_kit.")
        if module.ispkg
    ),
]


@pytest.mark.parametrize("name", PACKAGES)
def test_no_public_name_is_also_a_module(name):
    package = importlib.import_module(name)
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert modules & set(getattr(package, "__all__", ())) == set()
