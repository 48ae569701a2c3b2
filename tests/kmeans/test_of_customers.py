"""From orders to clusters and back: fitted once, applied to any customers, by any engine."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from retention_kit import DefinitionError
from retention_kit.datasets import ONLINE_RETAIL_AS_OF, make_dataset, online_retail
from retention_kit.kmeans import (
    CustomerKMeans,
    FeaturesError,
    customer_clusters,
    customer_features,
    fit_customer_clusters,
)
from retention_kit.metrics import measure

SHOP = make_dataset(customers=400, seed=1)
AS_OF = dt.datetime(2026, 1, 1, tzinfo=ZoneInfo(SHOP.time_zone))
FEATURES = customer_features(SHOP.orders, as_of=AS_OF)
CLUSTERS = fit_customer_clusters(FEATURES)


class TestTheFit:
    def test_it_is_the_estimators_on_recency_frequency_and_monetary(self):
        rows = FEATURES.sort("customer_id").select("recency_days", "frequency", "monetary")
        wanted = CustomerKMeans().fit(rows.collect())
        assert CLUSTERS.to_json() == wanted.to_json()
        assert CLUSTERS.labels_.tolist() == wanted.labels_.tolist()

    def test_eager_and_lazy_tables_and_measure_give_the_same(self):
        eager = fit_customer_clusters(FEATURES.collect().sample(fraction=1.0, shuffle=True, seed=1))
        assert eager.to_json() == CLUSTERS.to_json()
        assert measure(fit_customer_clusters, SHOP, as_of=AS_OF).to_json() == CLUSTERS.to_json()

    def test_columns_of_ones_own_and_all_columns(self):
        own = FEATURES.with_columns(pl.col("monetary").alias("mine"))
        assert fit_customer_clusters(own, columns="mine").feature_names_in_.tolist() == ["mine"]
        assert fit_customer_clusters(own, columns=None).n_features_in_ == 10

    def test_what_cannot_serve_is_refused(self):
        with pytest.raises(FeaturesError, match="nearest: recency_days"):
            fit_customer_clusters(FEATURES, columns=["recency"])
        with pytest.raises(FeaturesError, match="is 'customer_id'. Allowed: features"):
            fit_customer_clusters(FEATURES, columns=["customer_id", "monetary"])
        with pytest.raises(FeaturesError, match="each column once"):
            fit_customer_clusters(FEATURES, columns=["monetary", "monetary"])
        with pytest.raises(FeaturesError, match="distinct customers, which is 2"):
            fit_customer_clusters(FEATURES.head(2))
        with pytest.raises(FeaturesError, match=r"0 sample\(s\)"):
            fit_customer_clusters(FEATURES.clear())


class TestClustersOfCustomers:
    def test_they_are_those_of_the_features(self):
        found = customer_clusters(SHOP.orders, as_of=AS_OF, clusters=CLUSTERS).collect()
        wanted = CLUSTERS.assign(FEATURES).select(found.columns).collect()
        assert found.sort("customer_id").equals(wanted.sort("customer_id"))
        assert found["cluster"].null_count() == 0

    def test_clusters_of_one_month_serve_another(self):
        before = AS_OF - dt.timedelta(days=60)
        found = customer_clusters(SHOP.orders, as_of=before, clusters=CLUSTERS).collect()
        assert set(found["cluster_name"]) == {"loyal", "potential", "one-off"}

    def test_features_that_orders_do_not_make_are_named(self):
        own = fit_customer_clusters(
            FEATURES.with_columns(mine=pl.col("monetary")), columns=["mine"]
        )
        with pytest.raises(FeaturesError, match="'mine'.*customer_columns"):
            customer_clusters(SHOP.orders, as_of=AS_OF, clusters=own)
        unnamed = CustomerKMeans(1).fit([[1.0], [2.0]])
        with pytest.raises(FeaturesError, match="'clusters' is of type NoneType"):
            customer_clusters(SHOP.orders, as_of=AS_OF, clusters=None)
        with pytest.raises(DefinitionError, match="without names"):
            customer_clusters(SHOP.orders, as_of=AS_OF, clusters=unnamed)


def every_kind() -> CustomerKMeans:
    """Clusters by features of orders, of a category and of customers."""
    rows = FEATURES.with_columns(
        share_of_lenses=pl.col("weekend_share"), letters=pl.col("frequency")
    )
    return fit_customer_clusters(rows, columns=None)


def test_the_customers_of_online_retail_divide_into_three():
    shop = online_retail()
    clusters = measure(fit_customer_clusters, shop, as_of=ONLINE_RETAIL_AS_OF)
    profile = clusters.profile()
    assert profile["name"].to_list() == ["loyal", "potential", "one-off"]
    assert profile["customers"].to_list() == pytest.approx([800, 1_724, 1_814], abs=60)
    assert profile["median_frequency"].to_list() == [9, 3, 1]
