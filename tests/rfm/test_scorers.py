"""Scorers: ties stay together, order is kept, both ends are used, and edges are kept as JSON."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import warnings
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import jsonschema
import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retention_kit import Dataset
from retention_kit.errors import DataError, DataWarning, DefinitionError
from retention_kit.metrics import measure
from retention_kit.rfm import RFMScale, RFMScorer, fit_rfm_scorer, rfm_scores, rfm_table
from retention_kit.rfm.scales import exact

CDNOW = Path(__file__).parents[1] / "data" / "cdnow_sample.csv"
DIMENSIONS = ("recency_days", "frequency", "monetary")
SCORES = ("recency_score", "frequency_score", "monetary_score")
MONEY = pl.Decimal(38, 4)


def fitted(rfm: pl.DataFrame, **options: object) -> RFMScorer:
    """Fit without a word about levels that stay empty."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return fit_rfm_scorer(rfm, **options)


def table(values: list, dtype: pl.DataType | None = None) -> pl.DataFrame:
    """A table whose monetary values are these."""
    money = pl.Series("monetary", values, dtype=dtype)
    return pl.DataFrame({"monetary": money}).with_columns(
        recency_days=pl.lit(1, dtype=pl.Int64), frequency=pl.lit(1, dtype=pl.Int64)
    )


def ascending(scorer: RFMScorer, rfm: pl.DataFrame, dimension: str = "monetary") -> list[int]:
    score = dimension.removesuffix("_days") + "_score"
    found = scorer.score(rfm)[score].to_list()
    levels = dict(zip(DIMENSIONS, scorer.levels, strict=True))[dimension]
    return [levels + 1 - one if scorer.is_falling(dimension) else one for one in found]


few = st.integers(-3, 12)
amounts = st.one_of(
    few.map(Decimal),
    st.decimals(-(10**15), 10**15, places=4),
    # Neighbours that a float cannot tell apart.
    st.integers(0, 3).map(lambda n: Decimal("99999999999999.9990") + n * Decimal("0.0001")),
)
kinds = st.sampled_from([(few, pl.Int64), (amounts, MONEY), (st.floats(-1e12, 1e12), pl.Float64)])


def lists(count: int) -> st.SearchStrategy:
    """Draw lists of values of one kind, and then their type."""
    return kinds.flatmap(
        lambda kind: st.tuples(
            *(st.lists(kind[0], min_size=1, max_size=40) for _ in range(count)), st.just(kind[1])
        )
    )


samples = lists(1)


class TestTies:
    @given(samples, st.sampled_from(["quantile", "rank"]), st.integers(2, 7), st.booleans())
    def test_equal_values_score_equal_order_is_kept_and_both_ends_are_used(
        self, sample, method, levels, low_is_best
    ):
        values, dtype = sample
        best = "low" if low_is_best else "high"
        rfm = table(values, dtype).with_columns(
            frequency=pl.col("monetary").rank("dense").cast(pl.Int64),
            recency_days=pl.col("monetary").rank("dense").cast(pl.Int64) + 3,
        )
        scorer = fitted(rfm, method=method, levels=levels, best=best)
        for dimension in DIMENSIONS:
            of = rfm[dimension].to_list()
            scores = ascending(scorer, rfm, dimension)
            assert_fair(of, scores)
            if len(set(of)) > 1:
                assert scores[of.index(max(of))] == levels
                assert scores[of.index(min(of))] == 1

    @given(samples, st.lists(st.integers(-5, 10**6), min_size=1, max_size=6, unique=True))
    def test_thresholds_keep_ties_and_order_too(self, sample, edges):
        values, dtype = sample
        scorer = RFMScorer.from_thresholds(
            recency_days=[1], frequency=[1], monetary=sorted(edges), best="high"
        )
        scores = ascending(scorer, table(values, dtype))
        assert_fair(values, scores)
        assert scores == [1 + sum(edge <= value for edge in edges) for value in values]

    @given(lists(2), st.sampled_from(["quantile", "rank"]), st.integers(2, 6))
    def test_values_that_were_not_seen_keep_order_with_those_that_were(
        self, months, method, levels
    ):
        seen, later, dtype = months
        scorer = fitted(table(seen, dtype), method=method, levels=levels)
        both = [*seen, *later]
        assert_fair(both, ascending(scorer, table(both, dtype)))


def assert_fair(values: list, scores: list[int]) -> None:
    for (low, score), (high, after) in pairwise(sorted(zip(values, scores, strict=True))):
        assert score <= after
        assert low != high or score == after


class TestQuantiles:
    @given(st.lists(st.integers(0, 50), min_size=2, max_size=40), st.integers(2, 6))
    def test_edges_are_the_quantiles_of_type_7(self, values, levels):
        scale = fitted(table(values, pl.Int64), levels=levels).monetary
        wanted = np.quantile(values, [part / levels for part in range(1, levels)], method="linear")
        assert [float(edge) for edge in scale.edges] == pytest.approx(list(wanted), abs=1.1e-4)

    @given(st.lists(amounts, min_size=1, max_size=30), st.integers(2, 6), st.integers(0, 9))
    def test_the_score_is_one_and_the_edges_below_save_at_the_top(self, values, levels, seed):
        rfm = table(values, MONEY)
        scorer = fitted(rfm.sample(fraction=1, shuffle=True, seed=seed), levels=levels, best="high")
        wanted = []
        for value in values:
            score = 1 + sum(edge < value for edge in type_7(values, levels))
            wanted.append(levels if value == max(values) > min(values) else score)
        assert scorer.score(rfm)["monetary_score"].to_list() == wanted

    def test_the_frequencies_of_cdnow_score_1_3_4_and_5(self):
        shop = cdnow()
        as_of = dt.datetime(1998, 7, 1, tzinfo=dt.UTC)
        with pytest.warns(DataWarning, match="frequency uses 4 of 5 levels"):
            scorer = measure(fit_rfm_scorer, shop, as_of=as_of, levels=5, best="high")
        assert scorer.frequency.edges == (1, 1, 2, 4)
        assert scorer.levels_used["frequency"] == (1, 3, 4, 5)
        assert scorer.customers_by_score["frequency"] == {1: 1205, 2: 0, 3: 406, 4: 358, 5: 388}
        scores = rfm_scores(shop.orders, as_of=as_of, scorer=scorer).collect()
        counts = scores["frequency_score"].value_counts().sort("frequency_score").rows()
        assert counts == [(1, 1205), (3, 406), (4, 358), (5, 388)]
        assert (
            scorer.levels_used["recency_days"] == scorer.levels_used["monetary"] == (1, 2, 3, 4, 5)
        )

    def test_each_direction_gives_the_best_score_to_who_bought_late_often_and_much(self):
        rfm = pl.DataFrame(
            {"recency_days": [1, 50, 99], "frequency": [9, 5, 1], "monetary": [900, 500, 100]}
        )
        low, high = fitted(rfm, best="low"), fitted(rfm, best="high")
        assert low.score(rfm)["rfm_code"].to_list() == ["111", "222", "333"]
        assert high.score(rfm)["rfm_code"].to_list() == ["333", "222", "111"]

    def test_dimensions_may_have_levels_of_their_own(self):
        rfm = pl.DataFrame({name: list(range(1, 25)) for name in DIMENSIONS})
        scorer = fit_rfm_scorer(rfm, levels=(2, 12, 3), best="high")
        assert scorer.levels == (2, 12, 3)
        assert scorer.score(rfm)["rfm_code"].to_list()[::23] == ["2-1-1", "1-12-3"]

    def test_eager_and_lazy_tables_score_alike_and_keep_their_columns(self):
        rfm = table([1, 2, 3]).with_columns(city=pl.lit("Tver"))
        scorer = fitted(rfm)
        assert scorer.score(rfm.lazy()).collect().equals(scorer.score(rfm))
        assert scorer.score(rfm).columns == [*rfm.columns, *SCORES, "rfm_code"]
        assert scorer.score(rfm).schema["recency_score"] == pl.Int64


class TestNumbersOfNumPy:
    def test_edges_may_be_an_array_a_column_or_its_numbers(self):
        plain = {"recency_days": (1.5, 3.0), "frequency": (2, 4), "monetary": (0.1, 100)}
        wanted = RFMScorer.from_thresholds(**plain)
        for make in (np.array, pl.Series, lambda edges: [np.float64(edge) for edge in edges]):
            given_ = {name: make(edges) for name, edges in plain.items()}
            assert RFMScorer.from_thresholds(**given_) == wanted
        whole = RFMScorer.from_thresholds(**{**plain, "frequency": [np.int64(2), np.int32(4)]})
        assert whole == wanted
        assert RFMScorer.furniture(recency_days=np.array([365, 730])) == RFMScorer.furniture()

    def test_levels_may_be_of_numpy(self):
        rfm = pl.DataFrame({name: list(range(1, 25)) for name in DIMENSIONS})
        assert fit_rfm_scorer(rfm, levels=np.int64(4)).levels == (4, 4, 4)
        assert fit_rfm_scorer(rfm, levels=np.array([2, 3, 4])).levels == (2, 3, 4)

    def test_an_exact_number_is_the_shortest_that_reads_as_the_float(self):
        assert exact(np.float64(0.1)) == exact(0.1) == Decimal("0.1")
        assert exact(np.int64(7)) == exact(7) == Decimal(7)
        assert exact(Decimal("1.50")) == Decimal("1.5")
        with pytest.raises(TypeError, match="str is no real number"):
            exact("1")


class TestRanks:
    def test_a_value_has_the_mean_rank_of_those_who_share_it(self):
        # Ranks 1, 2, 3.5, 3.5, 5, 6, less a half, of 6: 0.08, 0.25, 0.5, 0.5, 0.75, 0.92.
        values = [10, 20, 30, 30, 40, 50]
        scorer = fitted(table(values), method="rank", levels=4, best="high")
        assert scorer.monetary.edges == (20, 30, 40)
        assert ascending(scorer, table(values)) == [1, 2, 3, 3, 4, 4]

    @given(st.lists(few, min_size=2, max_size=40), st.integers(2, 6))
    def test_the_score_is_the_share_of_customers_below_in_levels(self, values, levels):
        scorer = fitted(table(values, pl.Int64), method="rank", levels=levels)
        if min(values) == max(values):
            assert set(ascending(scorer, table(values))) == {1}
            return
        twice = [sum(v < x for v in values) + sum(v <= x for v in values) for x in values]
        shares = [min(levels, 1 + two * levels // (2 * len(values))) for two in twice]
        ends = {min(values): 1, max(values): levels}
        wanted = [ends.get(value, score) for value, score in zip(values, shares, strict=True)]
        assert ascending(scorer, table(values)) == wanted

    def test_a_value_that_was_not_seen_scores_as_the_next_lower_one(self):
        scorer = fitted(table([10, 20, 30, 40]), method="rank", levels=4)
        assert ascending(scorer, table([5, 10, 19, 20, 35, 40, 99])) == [1, 1, 1, 2, 3, 4, 4]


class TestThresholds:
    def test_the_furniture_shop_has_its_own_levels(self):
        rfm = pl.DataFrame(
            {
                "recency_days": [364, 365, 729, 730, 0],
                "frequency": [4, 3, 2, 1, 9],
                "monetary": pl.Series(
                    ["4000000", "3999999.9999", "1000000", "999999.9999", "-5"]
                ).cast(MONEY),
            }
        )
        scored = RFMScorer.furniture().score(rfm)
        assert scored["rfm_code"].to_list() == ["111", "222", "222", "333", "113"]

    def test_the_edges_that_are_ours_can_be_moved(self):
        scorer = RFMScorer.furniture(recency_days=(365, 1000), monetary=(500_000, 4_000_000))
        rfm = pl.DataFrame({"recency_days": [999], "frequency": [1], "monetary": [500_000.0]})
        assert scorer.score(rfm)["rfm_code"].item() == "232"

    def test_a_scorer_that_was_given_has_no_customers(self):
        assert RFMScorer.furniture().customers_by_score == {}
        assert RFMScorer.furniture().levels_used == {}

    @pytest.mark.parametrize(
        "edges",
        [
            (),
            (5, 2),
            (2, 2),
            (float("nan"), 3),
            (1, float("inf")),
            ("1", "2"),
            (True, 3),
            (Decimal("sNaN"),),
            np.array([1.0, np.nan]),
            np.array([True]),
            np.array(["1"]),
            np.array(5),
            5,
            np.float64(5),
            None,
            "12",
            {1, 2},
        ],
        ids=repr,
    )
    def test_edges_that_are_out_of_order_or_no_numbers_are_refused(self, edges):
        with pytest.raises(DefinitionError, match="Allowed") as caught:
            RFMScorer.from_thresholds(recency_days=(1, 2), frequency=edges, monetary=(1, 2))
        assert caught.value.parameter == "frequency"

    @pytest.mark.parametrize("edges", [(2, 3, 4), 365, None])
    def test_the_furniture_shop_has_three_levels(self, edges):
        with pytest.raises(DefinitionError, match="two edges"):
            RFMScorer.furniture(frequency=edges)


class TestMeans:
    """As many purchases of one price as anybody made: one mean, and so one score."""

    AS_OF = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)

    @staticmethod
    def shop(prices: dict[Decimal, list[int]]) -> pl.LazyFrame:
        """Orders of a customer for each price and number of purchases."""
        bought = [(price, times) for price, counts in prices.items() for times in counts]
        rows = [
            {"customer_id": who, "amount": price}
            for who, (price, times) in enumerate(bought)
            for _ in range(times)
        ]
        orders = pl.DataFrame(
            rows, schema={"customer_id": pl.Int64, "amount": pl.Decimal(18, 4)}
        ).with_columns(ordered_at=pl.lit(dt.datetime(2025, 2, 1, tzinfo=dt.UTC)))
        return orders.with_row_index("order_id").cast({"order_id": pl.Int64}).lazy()

    @pytest.mark.parametrize("engine", ["in-memory", "streaming"])
    @pytest.mark.parametrize("price", ["19.99", "0.1", "-0.0001", "33.3333", "59999999.99"])
    def test_one_price_is_one_mean_and_one_score_however_often_it_was_paid(self, price, engine):
        times = list(range(1, 16))
        amount = Decimal(price)
        orders = self.shop({amount - 9: [1, 2], amount: times, amount + 9: [1, 2]})
        rfm = rfm_table(orders, as_of=self.AS_OF, monetary="mean").collect(engine=engine)
        means = [float(amount - 9), float(amount), float(amount + 9)]
        assert sorted(rfm["monetary"].unique()) == means
        edges = {"recency_days": [1], "frequency": [2], "monetary": [amount, amount + 1]}
        scorers = [RFMScorer.from_thresholds(**edges)]
        scorers += [
            fitted(rfm, method=method, levels=levels)
            for method in ("quantile", "rank")
            for levels in (2, 3, 5)
        ]
        for scorer in scorers:
            scores = scorer.score(rfm).group_by("monetary").agg(pl.col("monetary_score").n_unique())
            assert scores["monetary_score"].to_list() == [1, 1, 1]
        assert scorers[0].score(rfm).sort("monetary")["monetary_score"].unique().to_list() == [
            1,
            2,
            3,
        ]

    @given(
        st.dictionaries(
            st.decimals(-(10**6), 10**6, places=4),
            st.lists(st.integers(1, 15), min_size=1, max_size=4),
            min_size=1,
            max_size=5,
        ),
        st.sampled_from(["quantile", "rank"]),
        st.integers(2, 5),
    )
    def test_equal_means_score_equal_and_keep_order(self, prices, method, levels):
        rfm = rfm_table(self.shop(prices), as_of=self.AS_OF, monetary="mean").collect()
        rfm = rfm.sort("customer_id")
        paid = [price for price, counts in prices.items() for _ in counts]
        assert rfm["monetary"].to_list() == [float(price) for price in paid]
        assert_fair(paid, ascending(fitted(rfm, method=method, levels=levels), rfm))


class TestWhoDidNotBuy:
    def test_no_purchase_in_the_window_is_no_score(self):
        rfm = pl.DataFrame(
            {"recency_days": [10, 400], "frequency": [1, 0], "monetary": [10.0, None]}
        )
        scored = RFMScorer.furniture().score(rfm)
        assert scored.select(*SCORES, "rfm_code").row(1) == (None, None, None, None)

    def test_they_do_not_move_the_edges(self):
        bought = pl.DataFrame({name: [1, 2, 3, 4] for name in DIMENSIONS})
        nobody = pl.DataFrame({"recency_days": [900], "frequency": [0], "monetary": [-7]})
        assert fit_rfm_scorer(pl.concat([bought, nobody]), levels=2) == fit_rfm_scorer(
            bought, levels=2
        )

    def test_a_value_that_is_no_number_has_no_score(self):
        scored = fitted(table([1.0, 2.0])).score(table([float("nan"), None], pl.Float64))
        assert scored["monetary_score"].to_list() == [None, None]


class TestWarnings:
    def test_it_says_which_levels_stay_empty_and_where_the_edges_are(self):
        rfm = pl.DataFrame({n: [1, 2, 3] for n in DIMENSIONS}).with_columns(
            frequency=pl.Series([1, 1, 2])
        )
        with pytest.warns(DataWarning) as caught:
            fit_rfm_scorer(rfm, levels=3)
        (said,) = (str(one.message) for one in caught)
        assert said.startswith("frequency uses 2 of 3 levels")
        assert "Edges: 1, 1.3333." in said
        assert "Customers by score: 1: 1, 2: 0, 3: 2." in said
        assert caught[0].filename == __file__

    def test_it_says_nothing_where_all_levels_are_used(self):
        fit_rfm_scorer(pl.DataFrame({name: [1, 2, 3] for name in DIMENSIONS}))

    @pytest.mark.parametrize("method", ["quantile", "rank"])
    def test_one_value_is_one_level(self, method):
        with pytest.warns(DataWarning, match="uses 1 of 3") as caught:
            scorer = fit_rfm_scorer(table([5]), method=method)
        assert len(caught) == 3
        assert set(scorer.levels_used.values()) == {(3,), (1,)}
        assert ascending(scorer, table([4, 5, 6])) == [1, 1, 3]
        assert "since there is one customer." in str(caught[0].message)

    def test_it_gives_the_reason_that_holds(self):
        for values, reason in (([5, 5], "there are 2 customers"), ([5] * 4, "equal values")):
            with pytest.warns(DataWarning, match=f"since .*{reason}\\."):
                fit_rfm_scorer(table(values))


class TestBadInput:
    @pytest.mark.parametrize(
        ("options", "parameter"),
        [
            ({"method": "thresholds"}, "method"),
            ({"method": "jenks"}, "method"),
            ({"best": "5"}, "best"),
            ({"levels": 1}, "levels"),
            ({"levels": 101}, "levels"),
            ({"levels": True}, "levels"),
            ({"levels": 2.5}, "levels"),
            ({"levels": (3, 3)}, "levels"),
            ({"levels": (3, 1, 3)}, "levels"),
            ({"levels": "555"}, "levels"),
        ],
    )
    def test_what_is_no_option_is_refused(self, options, parameter):
        with pytest.raises(DefinitionError, match="Allowed") as caught:
            fit_rfm_scorer(table([1, 2]), **options)
        assert caught.value.parameter == parameter

    @pytest.mark.parametrize("wrong", [None, float("nan"), float("inf")])
    def test_values_that_no_edge_can_be_found_by_are_counted(self, wrong):
        with pytest.raises(DataError, match="'monetary'.* 1 values"):
            fit_rfm_scorer(table([1.0, wrong], pl.Float64))

    def test_a_frequency_that_is_null_is_no_zero(self):
        rfm = table([1.0, 2.0]).with_columns(frequency=pl.Series([1, None]))
        with pytest.raises(DataError, match="'frequency'.* 1 values"):
            fit_rfm_scorer(rfm)

    @pytest.mark.parametrize("wrong", [None, "x", {"best": "low"}, [1]])
    def test_what_is_no_table_is_refused_by_its_type(self, wrong):
        for call in (RFMScorer.furniture().score, fit_rfm_scorer):
            with pytest.raises(
                DefinitionError, match="Allowed: a lazy or an eager Polars"
            ) as caught:
                call(wrong)
            assert caught.value.parameter == "rfm"

    def test_nobody_is_not_enough(self):
        with pytest.raises(DataError, match="Nobody has a purchase"):
            fit_rfm_scorer(table([1]).clear())

    def test_a_table_without_the_columns_is_refused(self):
        for wrong in (table([1]).drop("frequency"), table([1]).with_columns(frequency=pl.lit("1"))):
            for call in (fit_rfm_scorer, RFMScorer.furniture().score):
                with pytest.raises(DefinitionError, match="no column 'frequency' of numbers"):
                    call(wrong)

    @pytest.mark.parametrize(
        ("fields", "says"),
        [
            ({"edges": ["2", "1"]}, "ascending"),
            ({"edges": []}, "one fewer than levels"),
            ({"edges": ["1e40"]}, r"'1\.000e\+40'\. Allowed: numbers below 10"),
            ({"edges": ["2", "1e-300"]}, r"'2, 1\.000e-300'\. Allowed: edges in ascending"),
            ({"edges": ["1"], "customers": [-1, 1]}, "customers.0: .* 0"),
            ({"edges": ["NaN"]}, "finite"),
            ({"edges": ["1"], "minimum": "0"}, "neither"),
            ({"edges": ["1"], "minimum": "2", "maximum": "3"}, "from the minimum"),
            ({"edges": ["1"], "customers": [1]}, "a count for each"),
            ({"edges": ["1"], "edge_is_in": "middle"}, "edge_is_in"),
        ],
    )
    def test_a_scale_that_cannot_be_is_refused(self, fields, says):
        with pytest.raises(DefinitionError, match=says):
            RFMScale(**{"edge_is_in": "lower", **fields})


class TestSaved:
    @example(([2.220446049250313e-16], pl.Float64), "quantile", 2)
    @given(samples, st.sampled_from(["quantile", "rank"]), st.integers(2, 5))
    def test_a_scorer_comes_back_the_same(self, sample, method, levels):
        scorer = fitted(table(*sample), method=method, levels=levels)
        text = scorer.to_json()
        again = RFMScorer.from_json(text)
        assert again == scorer
        assert hash(again) == hash(scorer)
        assert again.score(table(*sample)).equals(scorer.score(table(*sample)))
        jsonschema.validate(json.loads(text), RFMScorer.json_schema())

    def test_edges_saved_in_january_score_february_in_another_process(self, tmp_path):
        shop = cdnow()
        january = dt.datetime(1998, 1, 1, tzinfo=dt.UTC)
        february = rfm_table(shop.orders, as_of=january + dt.timedelta(31), monetary="mean")
        scorer = fitted(rfm_table(shop.orders, as_of=january, monetary="mean").collect(), levels=5)
        february.collect().write_parquet(tmp_path / "february.parquet")
        (tmp_path / "scorer.json").write_text(scorer.to_json(), encoding="utf-8")
        program = (
            "import pathlib, polars as pl\n"
            "from retention_kit.rfm import RFMScorer\n"
            "here = pathlib.Path()\n"
            "scorer = RFMScorer.from_json((here / 'scorer.json').read_text(encoding='utf-8'))\n"
            "table = pl.scan_parquet(here / 'february.parquet')\n"
            "scorer.score(table).collect().write_parquet(here / 'scored.parquet')\n"
        )
        subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)
        there = pl.read_parquet(tmp_path / "scored.parquet").sort("customer_id")
        assert there.equals(scorer.score(february).collect().sort("customer_id"))
        assert there["rfm_code"].n_unique() > 50

    def test_the_json_of_another_version_is_refused(self):
        text = RFMScorer.furniture().to_json().replace('"version": 1', '"version": 2')
        with pytest.raises(DefinitionError, match="version 2"):
            RFMScorer.from_json(text)

    def test_what_version_1_wrote_is_read(self):
        text = """{"format": "retention_kit.rfm_scorer", "version": 1, "method": "thresholds",
        "best": "low", "recency": {"edges": ["365", "730"], "edge_is_in": "upper", "minimum": null,
        "maximum": null, "customers": []}, "frequency": {"edges": ["2", "4"], "edge_is_in": "upper",
        "minimum": null, "maximum": null, "customers": []}, "monetary": {"edges": ["1000000",
        "4000000"], "edge_is_in": "upper", "minimum": null, "maximum": null, "customers": []}}"""
        assert RFMScorer.from_json(text) == RFMScorer.furniture()


def type_7(values: list[Decimal], levels: int) -> list:
    """Give the edges in fractions."""
    from fractions import Fraction

    ordered = sorted(map(Fraction, values))
    edges = []
    for part in range(1, levels):
        place = Fraction((len(ordered) - 1) * part, levels)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        edges.append(ordered[below] + (place - below) * (ordered[above] - ordered[below]))
    return edges


def cdnow() -> Dataset:
    purchases = pl.read_csv(CDNOW, try_parse_dates=True)
    rows = purchases.with_row_index("order_id").select(
        pl.col("order_id").cast(pl.Int64),
        "customer_id",
        pl.col("date").cast(pl.Datetime("us", "UTC")).alias("ordered_at"),
        pl.col("amount"),
    )
    return Dataset.from_frames(orders=rows, time_zone="UTC", currency="USD")
