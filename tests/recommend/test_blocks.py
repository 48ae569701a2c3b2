"""Counting of pairs, batch by batch: the same in whatever way lines are cut up and counted."""

from collections import Counter
from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.recommend import blocks, triangle
from retention_kit.recommend.blocks import BasketLines, Lines
from retention_kit.recommend.triangle import PairCounter

LINES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9), st.integers(-2, 3)), max_size=60)


def lines_of(rows):
    baskets, products, quantities = zip(*rows, strict=True) if rows else ((), (), ())
    return Lines(
        np.array(baskets, dtype=np.uint64),
        np.array(products, dtype=np.uint32),
        np.array(quantities, dtype=np.int64),
    )


def count(batches, *, products, dense_cells=triangle.DENSE_CELLS, size=7):
    held = BasketLines()
    for batch in batches:
        held.add(lines_of(batch))
    counter = PairCounter(products, dense_cells=dense_cells)
    for part in held.parts():
        counter.add(part)
    found = {}
    for pairs in counter.pairs(size=size):
        for first, second, together in zip(*(one.tolist() for one in pairs), strict=True):
            assert (first, second) not in found
            found[first, second] = together
    return found, counter.baskets


def by_hand(rows):
    sums = Counter()
    for basket, product, quantity in rows:
        sums[basket, product] += quantity
    bought = {}
    for (basket, product), quantity in sums.items():
        if quantity > 0:
            bought.setdefault(basket, set()).add(product)
    pairs = Counter()
    for held in bought.values():
        pairs.update(combinations_with_replacement(sorted(held), 2))
    return dict(pairs), len(bought)


@pytest.mark.parametrize("dense_cells", [0, triangle.DENSE_CELLS])
@given(rows=LINES, cut=st.integers(0, 60))
def test_it_is_what_counting_by_hand_gives(dense_cells, rows, cut):
    got = count([rows[:cut], rows[cut:]], products=10, dense_cells=dense_cells)
    assert got == by_hand(rows)


@pytest.mark.parametrize("dense_cells", [0, 50, 200, triangle.DENSE_CELLS])
def test_scattered_lines_give_the_same(monkeypatch, dense_cells):
    monkeypatch.setattr(blocks, "_SCATTERED_ROWS", 50)
    monkeypatch.setattr(triangle, "_COUNTED_ROWS", 200)
    monkeypatch.setattr(triangle, "_KEYS_AT_ONCE", 10)
    monkeypatch.setattr(triangle, "_SORTED_KEYS", 100)
    rng = np.random.default_rng(5)
    drawn = rng.integers([0, 0, -1], [90, 30, 3], (1_030, 3)).tolist()
    batches = [drawn[start : start + 80] for start in range(0, len(drawn), 80)]
    got = count(batches, products=30, dense_cells=dense_cells, size=100)
    assert got == by_hand(drawn)


def test_more_products_than_a_word_holds_are_told_apart():
    rows = [(1, 3, 1), (1, 65_539, 1), (2, 65_539, 1), (2, 3, 1), (2, 3, 1), (3, 131_075, 1)]
    pairs, baskets = count([rows], products=131_076)
    assert pairs == by_hand(rows)[0]
    assert baskets == 3


def test_baskets_whose_hashes_are_alike_are_told_apart():
    inverse = pow(int(blocks._FACTOR), -1, 2**64)
    alike = [number * inverse % 2**64 for number in range(6)]
    rows = [(alike[place % 6], place % 4, 1) for place in range(40)]
    assert count([rows], products=4) == by_hand(rows)


def test_sums_beyond_64_bits_keep_their_sign():
    most = 2**62
    rows = [(1, 0, most)] * 3 + [(1, 1, -most)] * 3 + [(1, 2, most)] * 2 + [(1, 2, -most)] * 2
    assert count([rows], products=3) == ({(0, 0): 1}, 1)
    assert count([[*rows, (1, 2, 1)]], products=3)[0] == {(0, 0): 1, (2, 2): 1, (0, 2): 1}


def test_nothing_gives_nothing():
    assert count([], products=0) == ({}, 0)
    assert count([[]], products=0) == ({}, 0)
    assert count([[(1, 0, -1)]], products=1) == ({}, 0)
