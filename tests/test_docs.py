"""What is public is documented: names in the reference, rules and options on the tables' page.

A name has a place in the reference where a `::: dotted.path` directive covers it.
"""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest

import retention_kit.errors
import retention_kit.hashing
from retention_kit.contracts import TABLES, DoorOptions
from retention_kit.contracts.rules import MEANINGS

DOCS = Path(__file__).parents[1] / "docs"
REFERENCE = DOCS / "reference"
ROOMS = [
    "retention_kit",
    "retention_kit.adapters",
    "retention_kit.adapters.bitrix24",
    "retention_kit.adapters.http",
    "retention_kit.adapters.yandex_audience",
    "retention_kit.audit",
    "retention_kit.cli",
    "retention_kit.clv",
    "retention_kit.contracts",
    "retention_kit.datasets",
    "retention_kit.delivery",
    "retention_kit.kmeans",
    "retention_kit.loyalty_rules",
    "retention_kit.loyalty_rules.online",
    "retention_kit.loyalty_rules.store",
    "retention_kit.metrics",
    "retention_kit.plugins",
    "retention_kit.profiles",
    "retention_kit.recommend",
    "retention_kit.rfm",
    "retention_kit.smart_segments",
    "retention_kit.spark",
    "retention_kit.testing",
    "retention_kit.testing.emulators",
]
DIRECTIVES = [
    directive
    for page in sorted(REFERENCE.glob("*.md"))
    for directive in re.findall(r"^::: (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
]


def paths(room: str, name: str) -> list[str]:
    """Give every dotted path of a public name, from the room's own to where it is defined."""
    found = [f"{room}.{name}"]
    served = getattr(importlib.import_module(room), "_MODULES", {})
    return found + (paths(served[name], name) if name in served else [])


def is_covered(room: str, name: str, directives: list[str]) -> bool:
    """Tell whether a directive names it, or the module that defines it.

    A room that only serves a name does not show it: its own page would be empty.
    """
    every = paths(room, name)
    defined_in = every[-1].rpartition(".")[0]
    return any(directive in (*every, defined_in) for directive in directives)


def defined_in(module: object) -> list[str]:
    """Give the public classes of a module of errors, or the public functions of another."""
    wanted = inspect.isclass if module is retention_kit.errors else inspect.isfunction
    return [
        name
        for name, one in inspect.getmembers(module, wanted)
        if one.__module__ == module.__name__ and not name.startswith("_")
    ]


PUBLIC = [
    *((room, name) for room in ROOMS for name in importlib.import_module(room).__all__),
    *(
        (module.__name__, name)
        for module in (retention_kit.errors, retention_kit.hashing)
        for name in defined_in(module)
    ),
]


@pytest.mark.parametrize(("room", "name"), PUBLIC)
def test_a_public_name_is_on_a_page_of_the_reference(room, name):
    assert is_covered(room, name, DIRECTIVES), f"add '::: {room}.{name}' to docs/reference"


@pytest.mark.parametrize("directive", DIRECTIVES)
def test_what_the_reference_names_exists_and_stands_there_once(directive):
    assert DIRECTIVES.count(directive) == 1
    module, _, name = directive.rpartition(".")
    try:
        importlib.import_module(directive)
    except ModuleNotFoundError:
        assert getattr(importlib.import_module(module), name) is not None


def test_every_room_that_serves_names_is_looked_at():
    served = {
        f"retention_kit.{found.parent.name}"
        for found in Path(retention_kit.errors.__file__).parent.glob("*/__init__.py")
    }
    assert served == {room for room in ROOMS if room.count(".") == 1}


def test_a_name_without_a_page_would_be_noticed():
    without = [one for one in DIRECTIVES if not one.endswith(".customer_summary")]
    assert not is_covered("retention_kit.metrics", "customer_summary", without)
    assert not is_covered("retention_kit", "customer_summary", without)


@pytest.mark.parametrize("rule", MEANINGS)
def test_a_rule_is_explained_where_the_tables_are(rule):
    written = rule.replace("{column}", "…")
    assert f"\n| `{written}` |" in (DOCS / "tables.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("option", DoorOptions.__annotations__)
def test_an_option_of_the_door_is_explained_where_the_tables_are(option):
    page = (DOCS / "tables.md").read_text(encoding="utf-8")
    assert f"\n| `{option}` |" in page or f"\n| **`{option}`** |" in page


@pytest.mark.parametrize(("table", "column"), [(t, c) for t in TABLES for c in TABLES[t].columns])
def test_a_column_is_explained_under_its_table(table, column):
    page = (DOCS / "tables.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## `{table}`.*?(?=^## )", page, re.MULTILINE | re.DOTALL)
    assert f"`{column}`" in section
