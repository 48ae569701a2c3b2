"""Clusters of customers: how they are found, numbered, named, kept, applied and compared."""

from __future__ import annotations

import datetime as dt
import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from retention_kit import DefinitionError
from retention_kit.kmeans import CustomerKMeans, FeaturesError

RFM = ["recency_days", "frequency", "monetary"]


def customers(count: int, seed: int = 0) -> pl.DataFrame:
    """Made-up features, skewed as those of shops are, a few of them negative."""
    draw = np.random.default_rng(seed)
    frequency = draw.negative_binomial(1, 0.25, count) + 1
    recency = np.minimum(draw.exponential(200, count) / (1 + 0.1 * frequency), 900).round()
    monetary = (frequency * np.exp(draw.normal(4, 0.8, count))).round(2)
    monetary[::97] *= -1
    return pl.DataFrame(
        {"recency_days": recency, "frequency": frequency, "monetary": monetary}
    ).cast(pl.Float64)


CUSTOMERS = customers(2_000)
FITTED = CustomerKMeans().fit(CUSTOMERS)


def logarithms(features: pl.DataFrame) -> np.ndarray:
    values = features.to_numpy()
    return np.sign(values) * np.log1p(np.abs(values))


def by_hand(features: pl.DataFrame, clusters: int) -> KMeans:
    """scikit-learn's own, on what the definition says."""
    logs = logarithms(features)
    return KMeans(clusters, n_init=10, random_state=1).fit((logs - logs.mean(0)) / logs.std(0))


class TestWhatIsFound:
    def test_it_is_what_scikit_learn_finds_on_scaled_logarithms(self):
        wanted = by_hand(CUSTOMERS, 3)
        assert FITTED.inertia_ == pytest.approx(wanted.inertia_, rel=1e-3)
        assert FITTED.rows_fitted_ == 2_000

    def test_without_logarithms_and_scales_it_is_plain_k_means(self):
        plain = CustomerKMeans(log=False, scale=False).fit(CUSTOMERS)
        wanted = KMeans(3, n_init=10, random_state=1).fit(CUSTOMERS.to_numpy())
        assert plain.inertia_ == pytest.approx(wanted.inertia_, rel=1e-3)
        assert plain.location_.tolist() == [0.0] * 3
        assert plain.scale_.tolist() == [1.0] * 3

    def test_a_sample_finds_nearly_what_all_customers_give(self):
        many = customers(30_000, seed=3)
        of_all, of_some = (
            CustomerKMeans(5).fit(many),
            CustomerKMeans(5, full_below=10_000).fit(many),
        )
        assert (of_all.rows_fitted_, of_some.rows_fitted_) == (30_000, 10_000)
        assert len(of_some.labels_) == 30_000
        logs = logarithms(many)
        found = []
        for one in (of_all, of_some):
            raw = one.cluster_centers_ * one.scale_ + one.location_
            apart = (logs[:, None] - raw[None]) / of_all.scale_
            found.append(((apart**2).sum(axis=2)).min(axis=1).sum())
        assert found[1] == pytest.approx(found[0], rel=5e-3)

    def test_what_many_customers_share_has_its_share_of_a_sample(self):
        same = pl.DataFrame({"frequency": [1.0] * 600 + [float(2 + n) for n in range(400)]})
        clusters = CustomerKMeans(2, full_below=100).fit(same)
        assert clusters.rows_fitted_ == 100
        logs = np.log1p(same.to_numpy())
        assert clusters.location_[0] == pytest.approx(logs.mean(), rel=0.03)

    @settings(max_examples=min(15, settings.default.max_examples))
    @given(st.integers(0, 2**31), st.sampled_from([200, 10_000]), st.sampled_from([2, 3, "auto"]))
    def test_the_order_of_rows_changes_nothing(self, seed, full_below, clusters):
        settings_ = {"full_below": full_below, "n_init": 2, "max_clusters": 4}
        made = CustomerKMeans(clusters, silhouette_rows=100, **settings_)
        few = CUSTOMERS.head(400).with_row_index("row")
        other = few.sample(fraction=1.0, shuffle=True, seed=seed)
        here, there = (made.fit(one.drop("row")).to_json() for one in (few, other))
        assert here == there
        back = other.with_columns(pl.Series("label", made.labels_)).sort("row")["label"]
        assert back.to_list() == made.fit(few.drop("row")).labels_.tolist()

    def test_minus_zero_is_zero(self):
        rows = CUSTOMERS.head(50).with_columns(recency_days=pl.lit(0.0))
        other = rows.with_columns(recency_days=pl.lit(-0.0))
        here, there = (CustomerKMeans().fit(one).to_json() for one in (rows, other))
        assert here.replace("-0.0", "0.0") == there.replace("-0.0", "0.0")

    def test_arrays_and_pandas_and_other_numbers_give_the_same(self):
        whole = CUSTOMERS.with_columns(pl.col("frequency").cast(pl.Int32))
        whole = whole.with_columns(pl.col("monetary").cast(pl.Decimal(18, 4)))
        for one in (whole, pd.DataFrame(CUSTOMERS.to_dict(as_series=False)), CUSTOMERS.to_numpy()):
            made = CustomerKMeans().fit(one)
            assert np.allclose(
                np.sort(made.cluster_centers_, 0), np.sort(FITTED.cluster_centers_, 0)
            )

    def test_labels_are_what_predict_says_and_distances_agree(self):
        assert FITTED.predict(CUSTOMERS).tolist() == FITTED.labels_.tolist()
        far = FITTED.transform(CUSTOMERS)
        assert far.argmin(axis=1).tolist() == FITTED.labels_.tolist()
        assert (far.min(axis=1) ** 2).sum() == pytest.approx(FITTED.inertia_)

    def test_it_works_in_a_pipeline_and_gives_polars_where_asked(self):
        clusters = CustomerKMeans().set_output(transform="polars")
        far = make_pipeline(FunctionTransformer(), clusters).fit_transform(CUSTOMERS)
        assert isinstance(far, pl.DataFrame)
        assert far.columns == ["distance_to_0", "distance_to_1", "distance_to_2"]


class TestScore:
    def test_it_is_minus_the_sum_of_squared_distances(self):
        assert FITTED.score(CUSTOMERS) == -FITTED.inertia_
        others = customers(300, seed=5)
        wanted = (FITTED.transform(others).min(axis=1) ** 2).sum()
        assert FITTED.score(others, None) == pytest.approx(-wanted)

    def test_a_search_over_parameters_goes_by_it(self):
        search = GridSearchCV(CustomerKMeans(n_init=1), {"n_clusters": [2, 4, 3]}, cv=2)
        search.fit(CUSTOMERS)
        assert search.best_params_ == {"n_clusters": 4}
        assert (search.cv_results_["mean_test_score"] < 0).all()


class TestHowMany:
    def test_the_number_is_that_of_the_largest_silhouette_and_the_curve_is_kept(self):
        draw = np.random.default_rng(0)
        centres = [(0, 0), (8, 0), (0, 8), (8, 8)]
        rows = np.concatenate([draw.normal(centre, 0.5, (80, 2)) for centre in centres])
        clusters = CustomerKMeans("auto", log=False, max_clusters=7).fit(rows)
        assert clusters.n_clusters_ == 4
        curve = clusters.selection_
        assert curve["clusters"].to_list() == [2, 3, 4, 5, 6, 7]
        assert curve["silhouette"].arg_max() == 2
        assert curve["inertia"].is_sorted(descending=True)

    def test_of_equal_silhouettes_the_fewest_clusters_win(self):
        from retention_kit.kmeans.starts import Found, best_count

        centers = np.zeros((1, 1))
        found = {k: Found(centers, 1.0, value, 1) for k, value in [(2, 0.1), (3, 0.5), (4, 0.5)]}
        assert best_count(found) == 3

    def test_no_more_are_tried_than_there_are_distinct_customers(self):
        rows = np.array([[1.0], [1.0], [5.0], [5.0], [9.0], [9.0]])
        clusters = CustomerKMeans("auto").fit(rows)
        assert clusters.selection_["clusters"].to_list() == [2, 3]
        assert clusters.n_clusters_ == 3

    def test_a_given_number_has_a_curve_of_one_row_without_silhouette(self):
        row = {"clusters": 3, "inertia": FITTED.inertia_, "silhouette": None}
        (got,) = FITTED.selection_.to_dicts()
        assert got == pytest.approx(row)


class TestOrderAndNames:
    def test_clusters_are_numbered_by_mean_monetary(self):
        means = FITTED.profile()["mean_monetary"]
        assert means.is_sorted(descending=True)
        assert FITTED.cluster_names_ == ["loyal", "potential", "one-off"]

    def test_equal_monetary_is_settled_by_frequency_and_then_recency(self):
        rows = [(5.0, 1.0, 7.0), (5.0, 9.0, 7.0), (1.0, 1.0, 7.0)]
        table = pl.DataFrame(rows, schema=RFM, orient="row")
        clusters = CustomerKMeans(3).fit(table)
        assert clusters.labels_.tolist() == [2, 0, 1]

    def test_without_monetary_the_first_feature_decides(self):
        table = pl.DataFrame({"age": [20.0, 60.0, 40.0], "tall": [9.0, 1.0, 5.0]})
        assert CustomerKMeans(3).fit(table).labels_.tolist() == [2, 0, 1]

    def test_names_stay_put_from_run_to_run_and_nearly_from_seed_to_seed(self):
        assert CustomerKMeans().fit(CUSTOMERS).to_json() == FITTED.to_json()
        found = [CustomerKMeans(random_state=seed).fit(CUSTOMERS).labels_ for seed in range(5)]
        assert min((one == found[0]).mean() for one in found) > 0.95

    @pytest.mark.parametrize(
        ("count", "columns", "wanted"),
        [
            (1, RFM, ["all"]),
            (2, RFM, ["loyal", "one-off"]),
            (2, ["recency_days"], ["recent", "long ago"]),
            (3, ["recency_days", "frequency"], ["loyal", "potential", "one-off"]),
        ],
    )
    def test_names_are_given_by_rule(self, count, columns, wanted):
        clusters = CustomerKMeans(count).fit(CUSTOMERS.select(columns))
        assert clusters.cluster_names_ == wanted

    def test_without_monetary_those_who_buy_the_most_are_loyal_and_not_the_lapsed(self):
        rows = [(300.0, 1.0), (5.0, 12.0), (40.0, 4.0)] * 3
        table = pl.DataFrame(rows, schema=["recency_days", "frequency"], orient="row")
        clusters = CustomerKMeans(3).fit(table)
        assert clusters.labels_.tolist() == [2, 0, 1] * 3
        assert clusters.profile()["mean_frequency"].to_list() == [12.0, 4.0, 1.0]

    def test_without_monetary_equal_frequency_is_settled_by_recency(self):
        rows = [(300.0, 2.0), (5.0, 2.0), (40.0, 2.0)]
        table = pl.DataFrame(rows, schema=["recency_days", "frequency"], orient="row")
        assert CustomerKMeans(3).fit(table).labels_.tolist() == [2, 0, 1]

    def test_without_monetary_and_frequency_the_most_recent_come_first(self):
        rows = [(9.0, 300.0), (1.0, 5.0), (5.0, 40.0)]
        table = pl.DataFrame(rows, schema=["letters", "recency_days"], orient="row")
        assert CustomerKMeans(3).fit(table).labels_.tolist() == [2, 0, 1]

    def test_a_feature_in_which_centres_hardly_differ_names_none_of_two(self):
        draw = np.random.default_rng(1)
        noise = draw.normal(size=500)
        table = pl.DataFrame(
            {"a": np.r_[noise, noise + 0.001], "b": np.r_[np.zeros(500), np.full(500, 9.0)]}
        )
        assert CustomerKMeans(2).fit(table).cluster_names_ == ["high b", "low b"]

    def test_recency_that_hardly_differs_is_neither_recent_nor_long_ago(self):
        from retention_kit.kmeans.numbering import names_of_clusters

        centers = np.array([[0.05, 1.5], [-0.05, 0.5], [0.05, -0.5], [-0.05, -1.5]])
        assert names_of_clusters(["recency_days", "monetary"], centers) == [
            "high value, a while ago",
            "middle value, a while ago",
            "middle value, a while ago 2",
            "low value, a while ago",
        ]

    def test_four_clusters_of_other_features_too_are_named_by_the_furthest_one(self):
        from retention_kit.kmeans.numbering import names_of_clusters

        centers = np.array([[0.3, 2.0], [0.2, -0.1], [-0.1, -0.9], [-2.0, -0.2]])
        wanted = ["high weekend_share", "high monetary", "low weekend_share", "low monetary"]
        assert names_of_clusters(["monetary", "weekend_share"], centers) == wanted

    @pytest.mark.parametrize("count", range(4, 13))
    def test_names_are_distinct_however_many_there_are(self, count):
        for one in (CUSTOMERS, CUSTOMERS.rename({name: f"my_{name}" for name in RFM})):
            names = CustomerKMeans(count, n_init=1).fit(one).cluster_names_
            assert len(set(names)) == count

    def test_four_clusters_are_named_by_how_their_centres_stand(self):
        corners = [(1.0, 30.0, 900.0), (300.0, 28.0, 880.0), (1.0, 1.0, 10.0), (300.0, 1.0, 9.0)]
        table = pl.DataFrame(corners, schema=RFM, orient="row")
        assert CustomerKMeans(4).fit(table).cluster_names_ == [
            "high value, frequent, recent",
            "high value, frequent, long ago",
            "low value, seldom, recent",
            "low value, seldom, long ago",
        ]

    def test_names_are_editable_before_and_after(self):
        mine = ["gold", "silver", "bronze"]
        assert CustomerKMeans(names=mine).fit(CUSTOMERS).cluster_names_ == mine
        renamed = FITTED.with_names(mine)
        assert renamed.cluster_names_ == mine
        assert FITTED.cluster_names_[0] == "loyal"
        assert renamed.assign(CUSTOMERS)["cluster_name"].unique().sort().to_list() == sorted(mine)

    @pytest.mark.parametrize(
        "names", [["a", "b"], ["a", "a", "b"], "abc", ["a", "b", " "], [1, 2, 3], 5]
    )
    def test_names_that_cannot_serve_are_refused(self, names):
        with pytest.raises(FeaturesError, match="3 distinct names"):
            CustomerKMeans(names=names).fit(CUSTOMERS)
        with pytest.raises(FeaturesError, match="3 distinct names"):
            FITTED.with_names(names)

    def test_names_of_a_number_yet_to_be_found_are_checked_as_far_as_they_can_be(self):
        with pytest.raises(FeaturesError, match="Allowed: distinct names"):
            CustomerKMeans("auto", names=["a", "a"]).fit(CUSTOMERS)

    def test_one_text_is_the_name_of_one_cluster_and_is_kept_so(self):
        one = CustomerKMeans(1, names="everybody").fit(CUSTOMERS)
        assert CustomerKMeans.from_json(one.to_json()).cluster_names_ == ["everybody"]


class TestAFitThatFails:
    def test_it_leaves_an_estimator_unfitted(self):
        made = CustomerKMeans("auto", max_clusters=2, names=["a", "b", "c"])
        with pytest.raises(FeaturesError, match="2 distinct names"):
            made.fit(CUSTOMERS)
        with pytest.raises(NotFittedError):
            made.predict(CUSTOMERS)
        assert not [name for name in vars(made) if name.endswith("_")]

    @pytest.mark.parametrize("bad", [CUSTOMERS.head(1), CUSTOMERS * math.nan, np.array([["a"]])])
    def test_it_leaves_the_clusters_that_were_there(self, bad):
        made = CustomerKMeans().fit(CUSTOMERS)
        with pytest.raises(ValueError, match="."):
            made.fit(bad)
        assert made.to_json() == FITTED.to_json()
        assert made.assign(CUSTOMERS).equals(FITTED.assign(CUSTOMERS))

    def test_parameters_set_later_change_nothing_until_the_next_fit(self):
        made = CustomerKMeans().fit(CUSTOMERS).set_params(n_clusters=5, log=False, names=["a"])
        assert made.predict(CUSTOMERS).tolist() == FITTED.labels_.tolist()
        assert made.profile().equals(FITTED.profile())
        assert made.to_json() == FITTED.to_json()


class TestProfile:
    def test_it_says_what_a_group_by_of_the_labels_says(self):
        wanted = (
            CUSTOMERS.with_columns(pl.Series("cluster", FITTED.labels_))
            .group_by("cluster")
            .agg(
                pl.len().cast(pl.Int64).alias("customers"),
                pl.col("monetary").sum().alias("sum"),
                *(
                    agg
                    for name in RFM
                    for agg in (
                        pl.col(name).mean().alias(f"mean_{name}"),
                        pl.col(name).median().alias(f"median_{name}"),
                    )
                ),
            )
            .sort("cluster")
        )
        profile = FITTED.profile()
        assert profile["name"].to_list() == ["loyal", "potential", "one-off"]
        for name in wanted.columns:
            if name != "sum":
                assert profile[name].to_list() == pytest.approx(wanted[name].to_list())
        assert profile["share"].sum() == pytest.approx(1)
        shares = (wanted["sum"] / wanted["sum"].sum()).to_list()
        assert profile["share_of_monetary"].to_list() == pytest.approx(shares)

    def test_the_share_of_what_is_not_above_0_is_null(self):
        table = pl.DataFrame({"monetary": [-5.0, -1.0, 2.0]})
        assert CustomerKMeans(2).fit(table).profile()["share_of_monetary"].null_count() == 2
        unnamed = CustomerKMeans(2).fit(np.array([[1.0], [2.0]])).profile()
        assert unnamed.columns == ["cluster", "name", "customers", "share", "mean_x0", "median_x0"]


class TestAssign:
    def test_lazy_stays_lazy_and_what_else_there_is_stays(self):
        table = CUSTOMERS.with_row_index("customer_id").select(pl.all().reverse())
        lazy = FITTED.assign(table.lazy())
        assert isinstance(lazy, pl.LazyFrame)
        assert lazy.collect_schema() == FITTED.assign(table).schema
        for engine in ("in-memory", "streaming"):
            got = lazy.collect(engine=engine).sort("customer_id")
            assert got["cluster"].to_list() == FITTED.labels_.tolist()
        assert got.columns == [
            "customer_id", *RFM, "cluster", "cluster_name", "cluster_distance"
        ]  # fmt: skip

    def test_what_is_missing_or_infinite_stands_in_no_cluster(self):
        odd = pl.DataFrame({name: [None, math.nan, math.inf, -math.inf, 1.0] for name in RFM})
        got = FITTED.assign(odd)
        assert got["cluster"].is_null().to_list() == [True] * 4 + [False]
        assert got["cluster_name"].is_null().to_list() == [True] * 4 + [False]
        assert got["cluster_distance"].is_null().to_list() == [True] * 4 + [False]

    def test_one_row_gets_what_it_gets_among_many(self):
        whole = FITTED.assign(CUSTOMERS.head(60))
        alone = pl.concat(FITTED.assign(part) for part in CUSTOMERS.head(60).iter_slices(1))
        assert whole.equals(alone)

    def test_tables_that_cannot_serve_are_refused(self):
        with pytest.raises(FeaturesError, match="no column 'monetary'.*Nearest: Monetary"):
            FITTED.assign(CUSTOMERS.rename({"monetary": "Monetary"}))
        with pytest.raises(FeaturesError, match="'monetary' is String"):
            FITTED.assign(CUSTOMERS.cast({"monetary": pl.String}))
        with pytest.raises(FeaturesError, match="'cluster' already"):
            FITTED.assign(CUSTOMERS.with_columns(cluster=1))
        with pytest.raises(FeaturesError, match=r"Allowed: a Polars table.*pl.from_pandas"):
            FITTED.assign(pd.DataFrame(CUSTOMERS.to_dict(as_series=False)))
        with pytest.raises(FeaturesError, match="without names"):
            CustomerKMeans().fit(CUSTOMERS.to_numpy()).assign(CUSTOMERS)


class TestKept:
    def test_what_was_read_predicts_the_same_and_is_kept_the_same(self):
        read = CustomerKMeans.from_json(FITTED.to_json())
        assert read.to_json() == FITTED.to_json()
        assert read.get_params() == FITTED.get_params()
        others = customers(5_000, seed=9)
        assert read.assign(others).equals(FITTED.assign(others))
        assert (read.transform(others) == FITTED.transform(others)).all()
        assert read.profile().equals(FITTED.profile())
        assert read.selection_.equals(FITTED.selection_)

    def test_unnamed_features_and_a_random_state_are_kept_as_far_as_they_can_be(self):
        state = np.random.RandomState(3)
        made = CustomerKMeans("auto", random_state=state, max_clusters=np.int64(3))
        made.fit(CUSTOMERS.head(200).to_numpy())
        read = CustomerKMeans.from_json(made.to_json())
        assert read.random_state is None
        assert (
            read.predict(CUSTOMERS.to_numpy()).tolist()
            == made.predict(CUSTOMERS.to_numpy()).tolist()
        )

    def test_a_new_process_puts_the_same_customers_into_the_same_clusters(self, tmp_path):
        others = customers(3_000, seed=4)
        (tmp_path / "clusters.json").write_text(FITTED.to_json(), encoding="utf-8")
        others.write_parquet(tmp_path / "others.parquet")
        code = (
            "import polars as pl, pathlib\n"
            "from retention_kit.kmeans import CustomerKMeans\n"
            "read = CustomerKMeans.from_json(pathlib.Path('clusters.json').read_text('utf-8'))\n"
            "read.assign(pl.scan_parquet('others.parquet')).sink_parquet('found.parquet')\n"
        )
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
        found = pl.read_parquet(tmp_path / "found.parquet")
        assert found.sort(found.columns).equals(FITTED.assign(others).sort(found.columns))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"version": 99}, "upgrade retention_kit"),
            ({"format": "retention_kit.other"}, "Allowed: 'retention_kit.clusters'"),
            ({"sizes": [1]}, "differ in length"),
            ({"location": [0.0]}, "differs in length"),
            ({"scales": [1.0, 0.0, 1.0]}, "not above 0"),
            ({"cluster_names": ["a", "a", "b"]}, "one name"),
            ({"cluster_names": ["a", " ", "b"]}, "cluster_names.1"),
            ({"names": ["a", "b", "c"]}, "not those in cluster_names"),
            ({"features": ["a", "a", "b"]}, "two features"),
            ({"features": ["a", "", "b"]}, "features.1"),
            ({"sizes": [5, -1, 3]}, "sizes.1"),
            ({"sizes": [0, 0, 0]}, "no cluster has customers"),
            ({"log": 1}, "log"),
            ({"scale": "no"}, "scale"),
            ({"n_clusters": 4}, "not the number of centers, 3"),
            ({"n_clusters": 0}, "n_clusters"),
            ({"n_init": -1}, "n_init"),
            ({"rows_fitted": 0}, "rows_fitted"),
            ({"random_state": 2**40}, "random_state"),
            ({"inertia": -1.0}, "inertia"),
        ],
    )
    def test_what_was_changed_by_hand_or_is_of_another_version_is_refused(self, change, message):
        text = json.dumps({**json.loads(FITTED.to_json()), **change})
        with pytest.raises(DefinitionError, match=message):
            CustomerKMeans.from_json(text)

    def test_no_customer_stands_in_it(self):
        assert len(FITTED.to_json()) < 3_000


class TestDrift:
    def test_the_same_fit_has_not_moved(self):
        drift = FITTED.drift(FITTED)
        assert drift["cluster"].to_list() == drift["other_cluster"].to_list() == [0, 1, 2]
        assert drift["distance"].to_list() == [0.0] * 3
        assert drift["moved"].to_list() == [False] * 3
        assert drift["share_change"].to_list() == [0.0] * 3

    def test_a_cluster_that_went_elsewhere_is_named(self):
        at = [(0.0, 0.0), (10.0, 0.0), (0.0, 10.0)]
        then = pl.DataFrame(at * 4, schema=["a", "b"], orient="row")
        now = pl.DataFrame(
            [(0.0, 0.0), (17.0, 0.0), (0.0, 10.0)] * 4, schema=["a", "b"], orient="row"
        )
        plain = {"log": False, "scale": False}
        drift = CustomerKMeans(**plain).fit(then).drift(CustomerKMeans(**plain).fit(now))
        assert drift["distance"].to_list() == [7.0, 0.0, 0.0]
        assert drift["nearest_distance"].to_list() == [10.0, 10.0, 10.0]
        assert drift["moved"].to_list() == [True, False, False]

    def test_centres_are_compared_in_one_unit(self):
        other = CustomerKMeans().fit(CUSTOMERS.filter(pl.col("frequency") > 1))
        drift = FITTED.drift(other)
        far = other.cluster_centers_ * other.scale_ + other.location_ - FITTED.location_
        far = far / FITTED.scale_ - FITTED.cluster_centers_
        matched = drift.select("cluster", "other_cluster", "distance")
        for cluster, match, distance in matched.rows():
            if cluster == match:
                assert distance == pytest.approx(np.sqrt((far[cluster] ** 2).sum()))

    def test_clusters_without_a_match_have_rows_of_their_own(self):
        more = CustomerKMeans(4).fit(CUSTOMERS)
        drift = FITTED.drift(more)
        assert drift["cluster"].to_list() == [0, 1, 2, None]
        assert sorted(drift["other_cluster"].to_list()) == [0, 1, 2, 3]
        assert drift["moved"].null_count() == 1
        assert drift["share_change"].sum() == pytest.approx(0)
        back = more.drift(FITTED)
        assert back["other_cluster"].null_count() == 1
        assert back["cluster"].to_list() == [0, 1, 2, 3]

    def test_a_single_cluster_cannot_move(self):
        one = CustomerKMeans(1).fit(CUSTOMERS)
        assert one.drift(CustomerKMeans(1).fit(CUSTOMERS.head(9)))["moved"].to_list() == [False]

    def test_what_is_no_clusters_is_refused(self):
        with pytest.raises(FeaturesError, match="'other' is of type str.*from_json"):
            FITTED.drift("x")
        with pytest.raises(NotFittedError):
            FITTED.drift(CustomerKMeans())

    def test_other_features_are_refused(self):
        with pytest.raises(FeaturesError, match="same features"):
            FITTED.drift(CustomerKMeans().fit(CUSTOMERS.select("monetary")))
        with pytest.raises(FeaturesError, match="fit both alike"):
            FITTED.drift(CustomerKMeans(log=False).fit(CUSTOMERS))


class TestBadInput:
    @pytest.mark.parametrize("bad", [None, math.nan, math.inf, -math.inf])
    def test_features_that_are_missing_or_infinite_are_named(self, bad):
        table = CUSTOMERS.with_columns(
            pl.when(pl.col("frequency") > 9)
            .then(pl.lit(bad))
            .otherwise("monetary")
            .alias("monetary")
        )
        count = int((CUSTOMERS["frequency"] > 9).sum())
        for call in (CustomerKMeans().fit, FITTED.predict, FITTED.transform):
            with pytest.raises(FeaturesError, match=f"'monetary' in {count}"):
                call(table)

    def test_more_clusters_than_distinct_customers_are_refused(self):
        table = pl.DataFrame({"monetary": [1.0, 2.0] * 50})
        with pytest.raises(FeaturesError, match="which is 2"):
            CustomerKMeans(3).fit(table)
        with pytest.raises(FeaturesError, match="which is 1"):
            CustomerKMeans("auto").fit(table.head(1))
        assert CustomerKMeans(2).fit(table).inertia_ < 1e-12

    @pytest.mark.parametrize(
        "wrong",
        [
            {"n_clusters": 0},
            {"n_clusters": 2.5},
            {"n_clusters": True},
            {"n_clusters": "many"},
            {"n_clusters": np.array([2, 3])},
            {"min_clusters": 1},
            {"min_clusters": 5, "max_clusters": 4},
            {"n_init": 0},
            {"full_below": 99},
            {"silhouette_rows": 0},
            {"log": "yes"},
            {"scale": 1},
        ],
    )
    def test_parameters_that_cannot_serve_are_refused(self, wrong):
        with pytest.raises(FeaturesError, match="Allowed") as refused:
            CustomerKMeans(**wrong).fit(CUSTOMERS)
        assert isinstance(refused.value, ValueError)
        assert isinstance(refused.value, DefinitionError)

    def test_a_customers_id_a_lazy_table_and_texts_are_no_features(self):
        with pytest.raises(FeaturesError, match="no feature"):
            CustomerKMeans().fit(CUSTOMERS.with_row_index("customer_id"))
        with pytest.raises(FeaturesError, match="lazy table"):
            CustomerKMeans().fit(CUSTOMERS.lazy())
        with pytest.raises(FeaturesError, match="'city' is String"):
            CustomerKMeans().fit(CUSTOMERS.with_columns(city=pl.lit("Tver")))
        with pytest.raises(FeaturesError, match=r"0 sample\(s\)"):
            CustomerKMeans().fit(CUSTOMERS.clear())

    def test_other_columns_than_those_fitted_on_are_refused(self):
        with pytest.raises(ValueError, match="feature names"):
            FITTED.predict(CUSTOMERS.select("monetary", "frequency", "recency_days"))
        unnamed = CustomerKMeans().fit(CUSTOMERS.to_numpy())
        with pytest.raises(ValueError, match="expecting 3 features"):
            unnamed.predict(CUSTOMERS.to_numpy()[:, :2])
        with pytest.raises(ValueError, match="expecting 3 features"):
            unnamed.predict(CUSTOMERS.select("monetary", "frequency"))
        with pytest.warns(UserWarning, match="fitted without feature names"):
            unnamed.predict(CUSTOMERS)
        with pytest.warns(UserWarning, match="does not have valid feature names"):
            FITTED.predict(CUSTOMERS.to_numpy())

    def test_what_is_too_far_to_be_measured_is_refused(self):
        plain = CustomerKMeans(log=False, scale=False).fit(CUSTOMERS)
        for call in (plain.predict, plain.score):
            with pytest.raises(FeaturesError, match="1 rows are too far"):
                call(CUSTOMERS.head(1) * 1e300)

    @pytest.mark.parametrize("scale", [True, False])
    @pytest.mark.parametrize("times", [1e160, 1e300])
    def test_what_is_too_far_to_be_measured_is_refused_by_a_fit_as_well(self, scale, times):
        table = CUSTOMERS.with_columns(pl.col("monetary") * times)
        with pytest.raises(FeaturesError, match="too far.*fit with log=True"):
            CustomerKMeans(log=False, scale=scale).fit(table)
        assert CustomerKMeans().fit(table).n_clusters_ == 3

    def test_a_row_outside_the_sample_that_is_too_far_is_refused_too(self):
        table = pl.concat([CUSTOMERS, CUSTOMERS.head(1) * 1e300])
        few = CustomerKMeans(log=False, scale=False, full_below=100)
        with pytest.raises(FeaturesError, match="too far"):
            few.fit(table)

    def test_columns_of_pandas_that_are_no_numbers_are_named(self):
        table = pd.DataFrame(CUSTOMERS.to_dict(as_series=False))
        day = dt.date(2025, 1, 1)
        for wrong in (pd.Timestamp(day), pd.Timedelta(days=1), day, "Tver"):
            with pytest.raises(FeaturesError, match="Feature 'joined' is"):
                CustomerKMeans().fit(table.assign(joined=wrong))
        assert CustomerKMeans().fit(table.astype(object)).to_json() == FITTED.to_json()

    def test_columns_that_have_one_name_or_none_are_refused(self):
        with pytest.raises(FeaturesError, match="distinct names"):
            CustomerKMeans().fit(CUSTOMERS.rename({"monetary": " "}))
        twice = pd.DataFrame(CUSTOMERS.to_numpy(), columns=["a", "a", "b"])
        with pytest.raises(FeaturesError, match="distinct names"):
            CustomerKMeans().fit(twice)
