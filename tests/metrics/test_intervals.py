"""Wilson's interval against published numbers, alone and as columns of a table."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.errors import DefinitionError
from retention_kit.metrics.base.intervals import normal_quantile, wilson_interval, with_wilson

# Newcombe (1998), Statistics in Medicine 17, table I, method 3 (score, without correction).
NEWCOMBE = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
]
COUNTS = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("successes", "trials", "low", "high"), NEWCOMBE)
def test_intervals_are_those_that_newcombe_published(successes, trials, low, high):
    got = wilson_interval(successes, trials)
    assert (round(got.low, 4), round(got.high, 4)) == (low, high)


def test_columns_of_a_table_are_the_published_intervals():
    frame = pl.DataFrame(NEWCOMBE, orient="row", schema=["back", "all", "from", "to"])
    table = with_wilson(frame, "share", "back", "all", 0.95)
    assert table["share_low"].round(4).to_list() == frame["from"].to_list()
    assert table["share_high"].round(4).to_list() == frame["to"].to_list()


@given(COUNTS, st.floats(0.5, 0.999))
def test_the_table_gives_what_the_formula_gives(counts, confidence):
    successes, trials = counts
    frame = pl.LazyFrame({"back": [successes], "all": [trials]})
    ends = with_wilson(frame, "share", "back", "all", confidence).collect()
    low, high = ends.select("share_low", "share_high").row(0)
    one = wilson_interval(successes, trials, confidence=confidence)
    if one is None:
        assert (low, high) == (None, None)
        return
    assert (low, high) == pytest.approx(one, abs=1e-12)
    assert 0 <= low <= successes / trials <= high <= 1


@given(COUNTS)
def test_the_complement_has_the_mirrored_interval(counts):
    successes, trials = counts
    one, other = wilson_interval(successes, trials), wilson_interval(trials - successes, trials)
    if one is not None:
        assert one == pytest.approx((1 - other.high, 1 - other.low), abs=1e-12)


def test_nobody_and_everybody_have_an_exact_end():
    assert wilson_interval(0, 7).low == 0.0
    assert wilson_interval(7, 7).high == 1.0


def test_without_trials_there_is_no_interval():
    assert wilson_interval(0, 0) is None
    frame = pl.DataFrame({"back": [0, None, 3], "all": [0, 5, 2]})
    table = with_wilson(frame, "share", "back", "all")
    assert table["share_low"].to_list() == table["share_high"].to_list() == [None] * 3


def test_more_confidence_makes_it_wider():
    narrow, wide = wilson_interval(30, 100, confidence=0.8), wilson_interval(30, 100)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_the_normal_quantile_is_the_known_one():
    assert normal_quantile(0.95) == pytest.approx(1.959964, abs=1e-6)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5, True, "0.95", float("nan"), None])
def test_a_confidence_that_is_no_probability_is_refused(confidence):
    with pytest.raises(DefinitionError, match="'confidence'"):
        wilson_interval(1, 2, confidence=confidence)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 2), (3, 2), (1.0, 2), (1, True)])
def test_impossible_counts_are_refused(successes, trials):
    with pytest.raises(DefinitionError, match=r"'successes'|'trials'"):
        wilson_interval(successes, trials)
