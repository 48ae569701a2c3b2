"""Finding what stands twice: by ticking off numbers that lie close, by sorting the others."""

from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.contracts.repeats import find_repeats, sort_key
from retention_kit.contracts.signals import take_signals

CLOSE = st.lists(st.integers(-30, 30), max_size=60)
FAR = st.lists(st.sampled_from((-(2**63), -1, 0, 1, 2**62, 2**63 - 1)), max_size=12)


def check(keys):
    counts = Counter(keys.to_list())
    found = find_repeats(keys)
    assert found.rows == len(keys)
    assert found.extra == sum(counts.values()) - len(counts)
    assert sorted(found.keys.to_list()) == sorted(key for key, n in counts.items() if n > 1)
    assert found.keys.dtype == keys.dtype


@given(CLOSE | FAR, st.booleans(), st.integers(0, 10))
def test_what_repeats_is_found_wherever_it_stands(numbers, in_order, cut):
    keys = pl.Series("key", sorted(numbers) if in_order else numbers, dtype=pl.Int64)
    check(keys)
    check(pl.concat([keys[:cut], keys[cut:]], rechunk=False))


@given(st.lists(st.sampled_from(("a", "b", "ab", "Ж", "")), max_size=20))
def test_texts_are_compared_by_their_hashes(texts):
    frame = pl.DataFrame({"order_id": texts}, schema={"order_id": pl.String})
    keys = frame.select(sort_key("order_id", pl.String())).to_series()
    assert keys.dtype == pl.UInt64
    counts = Counter(texts)
    found = find_repeats(keys)
    assert found.extra == len(texts) - len(counts)
    assert len(found.keys) == sum(n > 1 for n in counts.values())


def test_a_number_is_its_own_key():
    frame = pl.DataFrame({"order_id": [3, 1]})
    assert frame.select(sort_key("order_id", pl.Int64())).to_series().to_list() == [3, 1]


@pytest.mark.parametrize("flags", [1, 8, 9, 16])
def test_signals_are_counted_by_any_of_their_flags(flags):
    rows = 100
    frame = pl.DataFrame({"n": range(rows)}).lazy()
    conditions = {f"by_{k}": pl.col("n") % k == 0 for k in range(1, flags + 1)}
    conditions["by_1"] = pl.when(pl.col("n") < 90).then(True)  # null counts as false
    signals = take_signals(frame, conditions, {"n": pl.col("n")}, run=lambda plan: plan.collect())
    assert signals.count() == rows
    assert signals.count("by_1") == 90
    for k in range(2, flags + 1):
        expected = [n for n in range(90) if n % k == 0]
        assert signals.count("by_1", f"by_{k}") == len(expected)
        assert signals.column("n", "by_1", f"by_{k}").to_list() == expected


def test_sizes_of_groups_are_counted_by_flags_too():
    frame = pl.DataFrame({"part": [0, 0, 1, 1, 1], "kept": [True, True, True, False, None]})
    signals = take_signals(
        frame.lazy(),
        {"kept": pl.col("kept")},
        {"part": pl.col("part")},
        run=lambda plan: plan.collect(),
    )
    assert sorted(signals.sizes("part", "kept").rows()) == [(0, 2), (1, 1)]
