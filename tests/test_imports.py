"""What an import costs, what it serves, and that using the library disturbs nobody."""

import ast
import importlib
import logging
import pkgutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

import retention_kit
from retention_kit import Dataset, cohort_totals, customer_summary, order_totals
from retention_kit.datasets import example_orders

pytestmark = pytest.mark.once
PACKAGES = [
    "retention_kit",
    *(
        found.name
        for found in pkgutil.walk_packages(retention_kit.__path__, "retention_kit.")
        if found.ispkg
    ),
]
SERVING = [
    # A room serves names; a part of a room may leave that to the room.
    one
    for one in PACKAGES
    if one.count(".") < 2 or hasattr(importlib.import_module(one), "__all__")
]
LIGHT = ["retention_kit.errors", "retention_kit.hashing", "retention_kit.contracts.tables"]

FOREIGN_MODULES = """
import sys
before = set(sys.modules)
import {module}
came = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(*sorted(came - sys.stdlib_module_names - {{"retention_kit"}}))
"""

USE = """
import logging, tempfile
import polars as pl
import retention_kit
from retention_kit.datasets import example_orders

orders, as_of = example_orders()
rows = pl.select(order_id=pl.int_range(400)).with_columns(
    customer_id="order_id",
    ordered_at=as_of - pl.duration(days="order_id"),
    amount=pl.when(pl.col("order_id") == 7).then(-1).otherwise(1),
)
dataset = retention_kit.Dataset.from_frames(orders=rows, currency="RUB")
assert dataset.health.tables["orders"].rejected == {"negative_sale": 1}
retention_kit.cohort_retention(
    retention_kit.cohort_totals(dataset.orders, as_of=as_of), as_of=as_of, time_zone="UTC"
).collect()
with tempfile.TemporaryDirectory() as folder:
    dataset.bucket(folder, buckets=2).run(retention_kit.customer_summary, as_of=as_of)
repr(dataset), repr(dataset.health)
logging.getLogger("retention_kit.contracts").warning("nobody listens")
"""

FIRST_USE_BY_MANY = """
import threading
from concurrent.futures import ThreadPoolExecutor

import retention_kit

together = threading.Barrier(8)

def first_use(number):
    together.wait()
    name = retention_kit.__all__[number % len(retention_kit.__all__)]
    getattr(retention_kit, name)
    from retention_kit.datasets import example_orders
    orders, as_of = example_orders()
    return retention_kit.order_totals(orders, as_of=as_of).collect().row(0)

with ThreadPoolExecutor(8) as pool:
    print(len(set(pool.map(first_use, range(8)))))
"""


def python(program: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done


class TestAnImport:
    @pytest.mark.parametrize("module", [*PACKAGES, *LIGHT])
    def test_loads_nothing_beyond_the_standard_library_and_itself(self, module):
        assert python(FOREIGN_MODULES.format(module=module)).stdout.split() == []

    def test_of_polars_would_be_noticed(self):
        assert "polars" in python(FOREIGN_MODULES.format(module="polars")).stdout.split()

    def test_of_the_library_leaves_the_first_name_to_load_its_own_module(self):
        program = (
            "import sys, retention_kit; retention_kit.DataError; print('polars' in sys.modules)"
        )
        assert python(program).stdout.strip() == "False"


@pytest.mark.parametrize("package", SERVING)
class TestThePublicNames:
    def test_are_sorted_and_all_resolve(self, package):
        module = importlib.import_module(package)
        assert list(module.__all__) == sorted(set(module.__all__))
        for name in module.__all__:
            assert getattr(module, name) is not None

    def test_are_what_dir_shows_and_others_are_attribute_errors(self, package):
        module = importlib.import_module(package)
        beside = getattr(module, "_WITH_DELIVERY", ())
        assert dir(module) == sorted({*module.__all__, *beside})
        with pytest.raises(AttributeError, match=r"no attribute 'no_such_name'"):
            _ = module.no_such_name

    def test_are_told_alike_to_type_checkers_and_at_run_time(self, package):
        module = importlib.import_module(package)
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        (guarded,) = [
            node
            for node in tree.body
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        ]
        told = {}
        for line in guarded.body:
            assert isinstance(line, ast.ImportFrom)
            for alias in line.names:
                assert alias.asname == alias.name, "a re-export is written 'name as name'"
                told[alias.name] = line.module
        assert told == module._MODULES


class TestUsingTheLibrary:
    def test_prints_nothing_and_logs_to_nobody(self):
        done = python(USE)
        assert (done.stdout, done.stderr) == ("", "")

    def test_leaves_the_loggers_of_others_alone(self):
        library = logging.getLogger("retention_kit")
        assert [type(one) for one in library.handlers] == [logging.NullHandler]
        assert library.level == logging.NOTSET
        assert library.propagate

    def test_tells_a_listener_how_many_rows_came_and_shows_none(self, caplog):
        rows = [
            {
                "order_id": 1,
                "customer_id": "ann@example.com",
                "ordered_at": "2025-01-01",
                "amount": 7,
            }
        ]
        with caplog.at_level(logging.INFO, logger="retention_kit"):
            Dataset.from_frames(orders=rows, date_format="iso8601", time_zone="UTC", currency="RUB")
        assert "orders: 1 read, 0 rejected" in caplog.text
        assert "ann@example.com" not in caplog.text

    def test_for_the_first_time_from_many_threads_gives_one_answer(self):
        assert python(FIRST_USE_BY_MANY).stdout.strip() == "1"

    def test_from_many_threads_gives_the_answers_of_one(self):
        orders, as_of = example_orders()
        rows = orders.collect()

        def answers(times: int) -> list[list[tuple[object, ...]]]:
            # Each thread has data of its own, so that a mix-up would show.
            own = rows.with_columns(pl.col("amount") * times)
            dataset = Dataset.from_frames(orders=own, currency="RUB")
            plans = [
                function(dataset.orders, as_of=as_of)
                for function in (customer_summary, cohort_totals, order_totals)
            ]
            return [plan.collect().sort(pl.all()).rows() for plan in plans]

        alone = [answers(times) for times in range(1, 17)]
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(answers, range(1, 17)))
        assert together == alone
        assert len({str(one) for one in alone}) == 16
