"""The compiled kernel: the same text, the same answers, and what happens without numba."""

import datetime as dt
import sys

import numpy as np
import pytest

from retention_kit.datasets import make_dataset
from retention_kit.errors import DataWarning
from retention_kit.loyalty_rules.batch import compiling, reckoning
from retention_kit.loyalty_rules.batch.accruing import accrue
from retention_kit.loyalty_rules.batch.packing import column_of, pack, places, room_for
from retention_kit.loyalty_rules.batch.translating import translated
from retention_kit.loyalty_rules.kernel.layout import Entries, State
from retention_kit.loyalty_rules.ready import cashback, gamified, short_points

AS_OF = dt.datetime(2025, 9, 1, tzinfo=dt.UTC)
SHOP = make_dataset(60, seed=5)
TABLES = ("ledger", "balances", "lots", "tiers", "refused")


def assert_same(one, other):
    for name in TABLES:
        assert getattr(one, name).equals(getattr(other, name)), name


@pytest.fixture
def _fresh():
    compiling._compiled.cache_clear()
    yield
    compiling._compiled.cache_clear()


@pytest.mark.parametrize("preset", [cashback, gamified, short_points], ids=lambda one: one.__name__)
def test_the_compiled_kernel_gives_what_the_kernel_gives(preset, monkeypatch):
    pytest.importorskip("numba")
    program = preset(currency=SHOP.currency)
    monkeypatch.setattr("retention_kit.loyalty_rules.batch.histories.packed_rules", _never)
    plain = accrue(SHOP, program, as_of=AS_OF)
    monkeypatch.undo()
    monkeypatch.setattr(reckoning, "FEW", 0)
    monkeypatch.setattr(reckoning, "SPARE", 1)
    assert_same(plain, accrue(SHOP, program, as_of=AS_OF))


def _never(rules, events):
    return None


def test_the_translated_kernel_runs_without_a_compiler(monkeypatch):
    text, entrance = translated("running", "run", compiling.KERNEL)
    names = {}
    exec(text, names)  # the kernel's own text
    program = gamified(currency=SHOP.currency)
    monkeypatch.setattr("retention_kit.loyalty_rules.batch.histories.packed_rules", _never)
    plain = accrue(SHOP, program, as_of=AS_OF)
    monkeypatch.undo()
    monkeypatch.setattr(reckoning, "compiled", lambda module, name: names[entrance])  # noqa: ARG005
    monkeypatch.setattr(reckoning, "FEW", 0)
    assert_same(plain, accrue(SHOP, program, as_of=AS_OF))


@pytest.mark.usefixtures("_fresh")
def test_without_numba_the_kernel_runs_as_it_is_and_says_so(monkeypatch):
    program = short_points(currency=SHOP.currency)
    with_it = accrue(SHOP, program, as_of=AS_OF)
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setattr(reckoning, "FEW", 0)
    with pytest.warns(DataWarning, match="numba is not installed"):
        without = accrue(SHOP, program, as_of=AS_OF)
    assert_same(with_it, without)


def test_a_packed_group_has_its_columns_in_rows():
    where = places(Entries)
    packed = room_for(Entries, 40)
    assert packed.shape == (1 + len(where), 40)
    column_of(packed, Entries, "units")[3] = 7
    assert packed[where["units"].row, 3] == 7
    state = State(**{name: [1, 2, 3] for name in State._fields})
    assert column_of(pack(state), State, "lot_id").tolist() == [1, 2, 3]
    assert pack(state, width=100).shape[1] == 100
    assert pack(state).dtype == np.int64
