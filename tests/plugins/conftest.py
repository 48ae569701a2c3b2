"""Distributions that are installed for one test, and a source whose rows a test decides."""

import datetime as dt
import importlib
import sys
import textwrap

import polars as pl
import pytest

from retention_kit.errors import DefinitionError
from retention_kit.plugins import SourceTable, lazy_source
from retention_kit.plugins.registries import _DEFAULT

collect_ignore_glob = ["samples/*"]


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a distribution with one module and its entry points on the path, as pip would."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    modules = []

    def put(distribution, code, *, name="acme", version="1.2", group="retention_kit", points=None):
        module = f"module_of_{distribution.replace('-', '_')}"
        modules.append(module)
        (site / f"{module}.py").write_text(textwrap.dedent(code))
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        lines = points or f"{name} = {module}"
        (info / "entry_points.txt").write_text(f"[{group}]\n{lines.format(module=module)}\n")
        importlib.invalidate_caches()
        return module

    yield put
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def fresh_default():
    """The default registry is built anew for the test, and once more after it."""
    _DEFAULT.forget()
    yield
    _DEFAULT.forget()


SCHEMA = {
    "id": pl.Int64,
    "customer": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "total": pl.Int64,
    "changed": pl.Datetime("us", "UTC"),
}
START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


class FakeClock:
    """A clock that a test sets."""

    def __init__(self, at=START):
        self.at = at.timestamp()

    def now(self):
        return self.at

    def sleep(self, seconds):
        self.at += seconds


class Shop:
    """A source whose rows a test decides; it remembers what it was asked for."""

    def __init__(self, rows=(), *, name="shop", table=None, schema=None, batch=2):
        self.rows = list(rows)
        self.name = name
        self.table = table or SourceTable(
            name="orders",
            becomes="orders",
            key=("id",),
            cursor="changed",
            deletions="deleted",
            columns={
                "order_id": "id",
                "customer_id": "customer",
                "ordered_at": "at",
                "amount": "total",
            },
        )
        self.schema = dict(schema or SCHEMA)
        self.batch = batch
        self.asked = []
        self.closed = 0

    @property
    def tables(self):
        return {self.table.name: self.table}

    def scan(self, table, *, since=None):
        if table not in self.tables:
            raise DefinitionError("no such table")
        schema = dict(self.schema)
        if since is not None and self.table.deletions:
            schema[self.table.deletions] = pl.Boolean

        def batches(columns, rows):
            self.asked.append((table, since))
            found = [
                row
                for row in self.rows
                if (since is None and not row.get("deleted"))
                or (since is not None and row[self.table.cursor] >= since)
            ]
            for first in range(0, len(found), self.batch):
                part = found[first : first + self.batch]
                yield pl.DataFrame(
                    [{name: row.get(name) for name in schema} for row in part],
                    schema=schema,
                )

        return lazy_source(schema, batches, name=f"{self.name}.{table}")

    def close(self):
        self.closed += 1


def order(number, *, total=10, changed=0, customer="a", **more):
    return {
        "id": number,
        "customer": customer,
        "at": START,
        "total": total,
        "changed": START + dt.timedelta(minutes=changed),
        **more,
    }


@pytest.fixture(scope="session")
def shop_type():
    return Shop


@pytest.fixture(scope="session")
def make_order():
    return order


@pytest.fixture
def clock():
    # Later than whatever the rows say, so that what was seen decides from where to go on.
    return FakeClock(START + dt.timedelta(days=30))
