"""Declared functions find themselves, in the library and in packages of others."""

import sys

import pytest

from retention_kit.metrics import average_order_value, cohort_totals
from retention_kit.testing import table_functions, tables_needed

PLUGIN = {
    "__init__.py": "from shop_plugin.counts import visits",
    "counts.py": """
        import polars as pl
        from retention_kit.contracts import additive, customer_local, finisher
        from retention_kit.metrics import cohort_totals, order_totals

        @additive(keys=("name",))
        def visits(events: pl.LazyFrame) -> pl.LazyFrame:
            return events.group_by("name").agg(pl.len().cast(pl.Int64))

        @finisher(of=visits)
        def spend(totals: pl.LazyFrame, costs: pl.LazyFrame) -> pl.LazyFrame:
            return totals.join(costs, how="cross")

        @customer_local
        def _private(events: pl.LazyFrame) -> pl.LazyFrame:
            return events

        def undeclared(events: pl.LazyFrame) -> pl.LazyFrame:
            return events
    """,
    "needs_more.py": "import a_library_that_is_not_installed",
    "__main__.py": "raise SystemExit(1)",
}


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    def write(**files):
        folder = tmp_path / "shop_plugin"
        folder.mkdir()
        for name, text in files.items():
            lines = text.strip("\n").splitlines()
            indent = len(lines[0]) - len(lines[0].lstrip())
            folder.joinpath(name).write_text("\n".join(line[indent:] for line in lines))
        monkeypatch.syspath_prepend(tmp_path)
        return "shop_plugin"

    yield write
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop_plugin"]:
        del sys.modules[name]


def test_the_public_functions_of_a_plugin_are_found_once_and_those_of_others_not(plugin):
    names = [one.__name__ for one in table_functions(plugin(**PLUGIN))]
    assert names == ["spend", "visits"]


def test_the_tables_before_a_finisher_are_needed_too(plugin):
    spend, visits = table_functions(plugin(**PLUGIN))
    assert tables_needed(spend) == ("costs", "events")
    assert tables_needed(visits) == ("events",)
    assert tables_needed(average_order_value) == tables_needed(cohort_totals) == ("orders",)


def test_a_module_that_breaks_on_its_own_fault_is_not_passed_over(plugin):
    broken = {**PLUGIN, "needs_more.py": "import shop_plugin.no_such_module"}
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        table_functions(plugin(**broken))
