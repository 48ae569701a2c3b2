"""From orders to clusters: a fit on the features of customers, and clusters of customers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal

import polars as pl

from retention_kit.contracts.law import Frame, customer_local, fit
from retention_kit.errors import nearest_names
from retention_kit.kmeans.estimator import NAME, CustomerKMeans, check_clusters
from retention_kit.kmeans.features import FEATURES, SHARE_OF, customer_features
from retention_kit.kmeans.numbering import FREQUENCY, MONETARY, RECENCY
from retention_kit.kmeans.problems import FeaturesError, refused
from retention_kit.kmeans.space import CLUSTER, DISTANCE

RFM = (RECENCY, FREQUENCY, MONETARY)
"""The features that customers are clustered by where nothing else is asked for."""


@fit(of=customer_features)
def fit_customer_clusters(
    table: Frame,
    *,
    n_clusters: int | Literal["auto"] = 3,
    columns: Sequence[str] | None = RFM,
    log: bool = True,
    names: Sequence[str] | None = None,
    random_state: int = 0,
) -> CustomerKMeans:
    """Find clusters among customers by their features.

    The table is collected, and sorted by customer. `CustomerKMeans` has further parameters.

    Args:
        table: What `customer_features` gives, or any table with `customer_id` and features, lazy or
            eager.
        n_clusters: How many clusters, or `"auto"`.
        columns: The features to go by; recency, frequency and monetary value where nothing is said.
            None takes every column but `customer_id`.
        log: Whether to take the signed logarithm of the features.
        names: Names of the clusters, from best to worst; None for names by rule.
        random_state: A seed.

    Returns:
        The fitted clusters: `.assign(table)` puts them beside customers, and `.profile()` says what
        they are like.

    Raises:
        FeaturesError: A parameter or a feature is not what it may be, a column is not there, or
            there are more clusters than distinct customers.

    Examples:
        >>> from retention_kit.datasets import make_dataset
        >>> shop = make_dataset(customers=300, seed=1)
        >>> features = customer_features(shop.orders, as_of=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        >>> clusters = fit_customer_clusters(features)
        >>> clusters.profile()["name"].to_list()
        ['loyal', 'potential', 'one-off']
        >>> clusters.assign(features).collect_schema().names()[-3:]
        ['cluster', 'cluster_name', 'cluster_distance']
    """
    known = table.collect_schema().names()
    wanted = [name for name in known if name != "customer_id"] if columns is None else columns
    wanted = [wanted] if isinstance(wanted, str) else list(wanted)
    for name in wanted:
        if name not in known:
            nearest = nearest_names(str(name), known)
            hint = f"nearest: {', '.join(nearest)}" if nearest else "columns=None takes all"
            raise refused(
                "columns",
                got=name,
                allowed=f"columns of the table: {', '.join(known)}",
                step=f"{hint}.",
            )
    if "customer_id" in wanted:
        raise refused(
            "columns",
            got="customer_id",
            allowed="features: a number says nothing of how alike two customers are",
            step="leave it out; the table may have it all the same.",
        )
    if len(set(wanted)) < len(wanted):
        raise refused("columns", got=tuple(wanted), allowed="each column once")
    customer = ["customer_id"] if "customer_id" in known else []
    rows = table.lazy().select(*customer, *wanted).collect(engine="streaming")
    # The order of rows changes no cluster; `labels_` has the customers in turn.
    features = rows.sort(customer).select(wanted) if customer else rows
    made = CustomerKMeans(n_clusters, log=log, names=names, random_state=random_state)
    return made.fit(features)


@customer_local(ages=True)
def customer_clusters(
    orders: Frame,
    order_items: Frame | None = None,
    customers: Frame | None = None,
    *,
    as_of: dt.datetime,
    clusters: CustomerKMeans,
    customer_columns: Sequence[str] | Mapping[str, float] = (),
) -> Frame:
    """Put customers into clusters that were fitted before, from their orders.

    Customer-local: the features that the clusters were fitted on are made as `customer_features`
    makes them, and each customer goes into the nearest cluster.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        order_items: The `order_items` table, where clusters go by categories.
        customers: The `customers` table, where they go by its columns.
        as_of: Observation instant, exclusive, with a time zone.
        clusters: Fitted clusters, or such that `from_json` read.
        customer_columns: The columns of `customers` among the features, as in `customer_features`.

    Returns:
        One row per customer with a sale, in no promised order:

        - `customer_id`: as in `orders`.
        - `cluster` (`Int64`): the number of the nearest cluster, 0 being the best.
        - `cluster_name` (`String`): its name.
        - `cluster_distance` (`Float64`): the distance to its centre, in scaled units, >= 0.

        They are null where a column of `customers` is. No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        FeaturesError: The clusters were fitted on what is not made of these tables.
        DefinitionError: `as_of` has no time zone, or a table that is needed is not given.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> clusters = fit_customer_clusters(customer_features(orders, as_of=as_of), n_clusters=2)
        >>> found = customer_clusters(orders, as_of=as_of, clusters=clusters)
        >>> found.select("customer_id", "cluster_name").sort("customer_id").collect().rows()
        [(1, 'loyal'), (2, 'one-off')]
    """
    check_clusters("clusters", clusters)
    wanted = list(getattr(clusters, "feature_names_in_", ()))
    own: tuple[str, ...] = (
        (customer_columns,) if isinstance(customer_columns, str) else tuple(customer_columns)
    )
    features: list[str] = [name for name in wanted if name in FEATURES]
    shares: list[str] = [name for name in wanted if name.startswith(SHARE_OF) and name not in own]
    for name in wanted:
        if name not in (*features, *shares, *own):
            raise FeaturesError(
                f"The clusters were fitted on {name!r}, which is not made of orders and lines. "
                "Next step: name it in customer_columns where it is a column of customers; else "
                "join it to customer_features(…), and call clusters.assign(…).",
                parameter="clusters",
            )
    made = customer_features(
        orders,
        order_items,
        customers,
        as_of=as_of,
        features=features,
        categories=[name.removeprefix(SHARE_OF) for name in shares],
        customer_columns=customer_columns,
    )
    return clusters.assign(made).select(pl.col("customer_id", CLUSTER, NAME, DISTANCE))
