"""The compiled kernel: the same text, the same answers, and what happens without numba."""

import ctypes
import datetime as dt
import sys

import numpy as np
import pytest

from retention_kit.datasets import make_dataset
from retention_kit.errors import DataWarning
from retention_kit.loyalty_rules.batch import compiling, reckoning
from retention_kit.loyalty_rules.batch.accruing import accrue
from retention_kit.loyalty_rules.batch.packing import column_of, pack, places
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
    monkeypatch.setattr(reckoning, "ENOUGH", 0)
    monkeypatch.setattr(reckoning, "SPARE", 1)
    assert_same(plain, accrue(SHOP, program, as_of=AS_OF))


def _never(rules, events):
    return None


def word(address, place):
    return ctypes.c_int64.from_address(address + 8 * place)


def number_of(group, field):
    return word(group, field).value


def fixed_cell(group, field, row):
    assert row >= 0
    return word(number_of(group, field), row).value


def one_of_several(group, field, column, row):
    assert column >= 0
    assert row >= 0
    return word(number_of(number_of(group, field), column), row).value


def write_cell(group, field, row, value):
    assert row >= 0
    word(number_of(group, field), row).value = value


def test_the_translated_kernel_runs_without_a_compiler(monkeypatch):
    text, entrance = translated("running", "run", compiling.KERNEL)
    names = {one.__name__: one for one in (number_of, fixed_cell, one_of_several, write_cell)}
    names |= {"read_cell": fixed_cell, "plain": int}
    exec(text, names)  # the kernel's own text
    program = gamified(currency=SHOP.currency)
    monkeypatch.setattr("retention_kit.loyalty_rules.batch.histories.packed_rules", _never)
    plain = accrue(SHOP, program, as_of=AS_OF)
    monkeypatch.undo()
    monkeypatch.setattr(reckoning, "compiled", lambda module, name: names[entrance])  # noqa: ARG005
    monkeypatch.setattr(reckoning, "FEW", 0)
    monkeypatch.setattr(reckoning, "ENOUGH", 0)
    assert_same(plain, accrue(SHOP, program, as_of=AS_OF))


@pytest.mark.usefixtures("_fresh")
def test_without_numba_the_kernel_runs_as_it_is_and_says_so(monkeypatch):
    program = short_points(currency=SHOP.currency)
    with_it = accrue(SHOP, program, as_of=AS_OF)
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setattr(reckoning, "FEW", 0)
    monkeypatch.setattr(reckoning, "ENOUGH", 0)
    with pytest.warns(DataWarning, match="numba is not installed"):
        without = accrue(SHOP, program, as_of=AS_OF)
    assert_same(with_it, without)


def test_code_is_compiled_for_many_events_or_taken_where_it_is_kept(monkeypatch):
    monkeypatch.setattr(reckoning, "is_ready", lambda: False)
    monkeypatch.setattr(reckoning, "is_installed", lambda: True)
    monkeypatch.setattr(reckoning, "compiled", lambda module, name: print)  # noqa: ARG005
    monkeypatch.setattr(reckoning, "pack", lambda rules: rules)
    for is_kept, events, packed in (
        (True, reckoning.FEW, None),
        (True, reckoning.FEW + 1, "rules"),
        (False, reckoning.ENOUGH, None),
        (False, reckoning.ENOUGH + 1, "rules"),
    ):
        monkeypatch.setattr(reckoning, "is_kept", lambda *_, kept=is_kept: kept)
        assert reckoning.packed_rules("rules", events) == packed


def test_a_packed_group_is_a_table_of_addresses():
    where = places(Entries)
    packed = pack(Entries(**{name: np.zeros(40, dtype=np.int64) for name in Entries._fields}))
    about = where["units"].about
    write_cell(packed.address, about, 3, 7)
    assert column_of(packed, "units").tolist() == [0, 0, 0, 7] + [0] * 36
    assert number_of(packed.address, where["units"].length) == 40
    state = pack(State(**{name: [1, 2, 3] for name in State._fields}))
    assert column_of(state, "lot_id").tolist() == [1, 2, 3]
    assert column_of(state, "lot_id").dtype == np.int64
    assert fixed_cell(state.address, places(State)["lot_expires"].about, 2) == 3
