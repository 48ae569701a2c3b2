"""What each customer is like, in numbers: the features that clusters are made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from retention_kit.contracts.law import Frame, customer_local
from retention_kit.errors import DefinitionError, MissingColumnError, bad_parameter, nearest_names
from retention_kit.metrics.base.by_customer import in_turn, previous
from retention_kit.metrics.base.observed import (
    SOLD,
    SOLD_AT,
    in_zone,
    is_sale,
    observed,
    with_sales,
    zone_of,
)
from retention_kit.metrics.base.plain_numbers import finite
from retention_kit.metrics.base.ratios import mean_of_money

FEATURES = (
    "recency_days",
    "frequency",
    "monetary",
    "tenure_days",
    "average_order_value",
    "gap_variation",
    "share_returned",
    "discount_share",
    "weekend_share",
)
"""The features that are made of orders alone."""
SHARE_OF = "share_of_"
"""What the names of features of categories begin with."""
GAP_OF_CHANCE = 1.0
"""The variation of gaps between purchases that come by chance, at a steady rate."""
_SATURDAY = 6
_DAY = "__day"
_GAPS, _SPAN, _SQUARES = "__gaps", "__span", "__squares"
_IS_SALE = "__is_sale"


@customer_local(ages=True)
def customer_features(
    orders: Frame,
    order_items: Frame | None = None,
    customers: Frame | None = None,
    *,
    as_of: dt.datetime,
    features: Sequence[str] = FEATURES,
    categories: Sequence[str] = (),
    customer_columns: Sequence[str] | Mapping[str, float] = (),
) -> Frame:
    """Describe each customer in numbers, none of which is missing.

    Customer-local. Orders at or after `as_of`, and those not completed, do not count.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        order_items: The `order_items` table; `categories` need it.
        customers: The `customers` table; `customer_columns` need it.
        as_of: Observation instant, exclusive, with a time zone.
        features: Which of the features of orders, in which order; all by default.
        categories: Categories of `order_items`, each of which becomes a feature.
        customer_columns: Columns of `customers` that are numbers, or true and false. Given with a
            number each, `{"age": 40}`, that number stands where a customer has none; given by name
            alone, they stay null there, and cannot be clustered.

    Returns:
        One row per customer with a sale, in no promised order: `customer_id`, as in `orders`, and
        features, all `Float64`, the asked ones of these first:

        - `recency_days`: shop-zone days from the last sale to `as_of`, >= 0.
        - `frequency`: number of sales, >= 1.
        - `monetary`: sum of sales and returns, shop currency, major units; may be negative.
        - `tenure_days`: shop-zone days from the first sale to `as_of`, >= `recency_days`.
        - `average_order_value`: sum of sales / number of sales.
        - `gap_variation`: standard deviation / mean of the n gaps between days with a sale, times
            √((n + 1) / (n - 1)), >= 0; 0 is clockwork, and about 1 is chance at a steady rate. 1
            with fewer than two gaps.
        - `share_returned`: value of returns / value of sales, 0 … 1, at most 1; 0 where the sales
            have no value.
        - `discount_share`: discount / (sales + discount), of sales, 0 … 1; 0 where no discount is
            known.
        - `weekend_share`: sales on a Saturday or Sunday of the shop's zone / sales, 0 … 1.
        - `share_of_` and the category: value of its lines / value of all lines, in sales, 0 … 1; 0
            where no lines are known.
        - the columns of `customers`: as there, true being 1.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone; a feature, or a column of `customers`, is not
            known, is named twice or is no number; or the table that it needs is not given.

    Notes:
        A feature of your own is a column joined by `customer_id`. Recency, frequency and monetary
        value are those of `retention_kit.rfm`, over all time.

        The standard deviation of gaps is that of the n gaps themselves (their squares / n, ddof 0).
        Of n exponential gaps the sum of squares / the square of the sum is 2 / (n + 1) at the mean,
        so that the squared variation is (n - 1) / (n + 1), and of few gaps far below 1. The factor
        makes it 1 at the mean for every n, and customers of few gaps and of many comparable.

    References:
        Greenwood (1946), The statistical study of infectious diseases, for the mean of the squares
        of random gaps.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> asked = ("recency_days", "frequency", "monetary", "share_returned")
        >>> features = customer_features(orders, as_of=as_of, features=asked)
        >>> features.sort("customer_id").collect().rows()
        [(1, 29.0, 2.0, 300.0, 0.25), (2, 12.0, 1.0, 50.0, 0.0)]
    """
    names: tuple[str, ...] = _checked_features(features)
    shares: dict[str, str] = _checked_categories(categories)
    fills = _checked_columns(customer_columns, customers, taken=(*FEATURES, *shares))
    rows = _from_orders(orders, as_of=as_of, names=names)
    if "gap_variation" in names:
        rows = rows.join(_gap_variation(orders, as_of=as_of), on="customer_id", how="left")
        rows = rows.with_columns(pl.col("gap_variation").fill_null(GAP_OF_CHANCE))
    if shares:
        mix = _category_mix(orders, order_items, as_of=as_of, shares=shares)
        rows = rows.join(mix, on="customer_id", how="left")
        rows = rows.with_columns(pl.col(*shares).fill_null(0.0))
    if customers is not None and fills:
        known = _from_customers(customers, fills)
        rows = rows.join(known, on="customer_id", how="left").with_columns(
            pl.col(name).fill_null(fill) for name, fill in fills.items() if fill is not None
        )
    return rows.select("customer_id", *names, *shares, *fills)


def _from_orders(orders: Frame, *, as_of: dt.datetime, names: Sequence[str]) -> Frame:
    """Give the features that one pass over a customer's orders makes."""
    seen = with_sales(observed(orders, as_of=as_of))
    schema = orders.collect_schema()
    sold = pl.col(SOLD_AT)
    has_discount = "discount" in schema
    discount = pl.col("discount") if has_discount else pl.lit(None, dtype=schema["amount"])
    taken_off = pl.when(sold.is_not_null()).then(discount)
    weekend = (sold.dt.weekday() >= _SATURDAY).sum()
    today = pl.lit(in_zone(as_of, zone_of(schema)).date())
    days = {name: (today - pl.col(name)).dt.total_days() for name in ("last", "first")}
    orders_made, revenue = _float("frequency"), _float("revenue")
    # Subtracted while it is exact, so that no return is no share at all.
    back = (pl.col("revenue") - pl.col("monetary")).cast(pl.Float64)
    full_price = revenue + _float("discount")
    return (
        seen.group_by("customer_id")
        .agg(
            sold.max().dt.date().alias("last"),
            sold.min().dt.date().alias("first"),
            sold.count().alias("frequency"),
            pl.col("amount").sum().alias("monetary"),
            pl.col(SOLD).sum().alias("revenue"),
            taken_off.sum().alias("discount"),
            weekend.alias("weekend"),
        )
        .filter(pl.col("frequency") > 0)
        .select(
            "customer_id",
            *(
                made.cast(pl.Float64).alias(name)
                for name, made in {
                    "recency_days": days["last"],
                    "frequency": orders_made,
                    "monetary": _float("monetary"),
                    "tenure_days": days["first"],
                    "average_order_value": mean_of_money("revenue", "frequency"),
                    "share_returned": _share(back, revenue),
                    "discount_share": _share(_float("discount"), full_price),
                    "weekend_share": _float("weekend") / orders_made,
                }.items()
                if name in names
            ),
        )
    )


def _gap_variation(orders: Frame, *, as_of: dt.datetime) -> Frame:
    """Give the variation of each customer's gaps between days, null with fewer than two.

    Its square is 1 at the mean for gaps by chance, however few they are.
    """
    day = pl.col("ordered_at").dt.date().alias(_DAY)
    sales = observed(orders, as_of=as_of).filter(is_sale(orders))
    turned = in_turn(sales.select("customer_id", day).unique(), _DAY)
    gap = (pl.col(_DAY) - previous(pl.col(_DAY))).dt.total_days()
    # In whole days all sums are exact, so that the same gaps give the same figure.
    gaps, span, squares = pl.col(_GAPS), pl.col(_SPAN), pl.col(_SQUARES)
    spread = ((gaps * squares - span * span) * (gaps + 1) / (gaps - 1)).sqrt()
    return (
        turned.select("customer_id", gap.alias(_SPAN))
        .group_by("customer_id")
        .agg(
            span.count().cast(pl.Int64).alias(_GAPS),
            span.sum(),
            (span * span).sum().alias(_SQUARES),
        )
        .select(
            "customer_id",
            pl.when(gaps > 1).then(spread / span.cast(pl.Float64)).alias("gap_variation"),
        )
    )


def _category_mix(
    orders: Frame, order_items: Frame | None, *, as_of: dt.datetime, shares: Mapping[str, str]
) -> Frame:
    """Give each category's share of the value of a customer's lines."""
    if order_items is None:
        raise DefinitionError(
            "Parameter 'categories' needs the table order_items, which is not given. Next step: "
            "customer_features(shop.orders, shop.order_items, …).",
            parameter="order_items",
        )
    schema = order_items.collect_schema()
    for name in ("order_id", "amount", "category"):
        if name not in schema:
            raise MissingColumnError("order_items", name, schema.names())
    sales = observed(orders, as_of=as_of).filter(is_sale(orders)).select("order_id", "customer_id")
    lines = order_items.filter(is_sale(order_items)).select("order_id", "amount", "category")
    return (
        lines.join(sales, on="order_id")
        .group_by("customer_id")
        .agg(
            pl.col("amount").sum().alias("amount"),
            *(
                pl.col("amount").filter(pl.col("category") == category).sum().alias(share)
                for share, category in shares.items()
            ),
        )
        .select(
            "customer_id",
            *(_share(_float(share), _float("amount")).alias(share) for share in shares),
        )
    )


def _from_customers(customers: Frame, fills: Mapping[str, float | None]) -> Frame:
    # The door lets each customer in once; of any other table a row must not be doubled either.
    return customers.group_by("customer_id").agg(
        pl.col(name).cast(pl.Float64).min() for name in fills
    )


def _float(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64)


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then((part / whole).clip(0.0, 1.0)).otherwise(0.0)


def _checked_features(features: Sequence[str]) -> tuple[str, ...]:
    names = (features,) if isinstance(features, str) else tuple(features)
    for name in names:
        if name not in FEATURES:
            nearest = nearest_names(str(name), FEATURES)
            raise bad_parameter(
                "features",
                got=name,
                allowed=", ".join(FEATURES),
                step=f"nearest: {', '.join(nearest)}." if nearest else "join it by customer_id.",
            )
    if len(set(names)) < len(names):
        raise bad_parameter("features", got=names, allowed="each feature once")
    return names


def _checked_categories(categories: Sequence[str]) -> dict[str, str]:
    """Give the categories by the names of their features."""
    listed = (categories,) if isinstance(categories, str) else tuple(categories)
    for category in listed:
        if not isinstance(category, str):
            raise bad_parameter(
                "categories",
                got=category,
                allowed="texts that stand in the column category",
                step="give lines without a category one before, .fill_null('none').",
            )
    shares = {f"{SHARE_OF}{category}": category for category in listed}
    if len(shares) < len(listed):
        raise bad_parameter("categories", got=listed, allowed="each category once")
    return shares


def _checked_columns(
    columns: Sequence[str] | Mapping[str, float], customers: Frame | None, *, taken: Sequence[str]
) -> dict[str, float | None]:
    """Give the columns of `customers` with what stands in for a null."""
    if isinstance(columns, Mapping):
        fills: dict[str, float | None] = {
            name: finite("customer_columns", fill) for name, fill in columns.items()
        }
    else:
        listed = (columns,) if isinstance(columns, str) else tuple(columns)
        fills = dict.fromkeys(listed)
        if len(fills) < len(listed):
            raise bad_parameter("customer_columns", got=listed, allowed="each column once")
    if not fills:
        return fills
    if customers is None:
        raise DefinitionError(
            "Parameter 'customer_columns' needs the table customers, which is not given. Next "
            "step: customer_features(shop.orders, customers=shop.customers, …).",
            parameter="customers",
        )
    schema = customers.collect_schema()
    if "customer_id" not in schema:
        raise MissingColumnError("customers", "customer_id", schema.names())
    for name in fills:
        if name not in schema:
            raise MissingColumnError("customers", name, schema.names())
        if not (schema[name].is_numeric() or schema[name] == pl.Boolean):
            raise bad_parameter(
                "customer_columns",
                got=f"{name}, a column of {schema[name]}",
                allowed="columns of numbers, or of true and false",
                step="turn it into numbers before: a date into days, a choice into a column each.",
            )
        if name in ("customer_id", *taken):
            raise bad_parameter(
                "customer_columns",
                got=name,
                allowed="columns whose names no feature of orders or lines has",
                step="rename the column of customers before.",
            )
    return fills
