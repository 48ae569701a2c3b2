"""How long until the next purchase, of those too who have not made it yet (Kaplan–Meier)."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.by_customer import following, with_first_sale
from retention_kit.metrics.base.dimensions import By, dimensions
from retention_kit.metrics.base.intervals import normal_quantile
from retention_kit.metrics.base.observed import in_zone, is_sale, observed, zone_of
from retention_kit.metrics.base.periods import last_day
from retention_kit.metrics.base.reduced import groups_of
from retention_kit.metrics.lifecycle.gaps import Unit, numbered_purchases

_OWN = ("days", "bought_again", "censored")
_STAYED = "__stayed_away"
_SPREAD = "__spread"


@additive(keys=("days",), ages=True)
def next_purchase_totals(
    orders: Frame,
    *,
    as_of: dt.datetime,
    unit: Unit = "order",
    after: int = 1,
    by: By = (),
) -> Frame:
    """Count customers by the days from a purchase to the next, or to the end of the data.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        unit: What a purchase is: each `order`, or all orders of one shop-zone `day` together.
        after: Which purchase of the customer the days are counted from, 1 for the first.
        by: Columns of `orders`; a customer stands in the group of their first sale.

    Returns:
        One row per group and number of days that occurs, in no promised order:

        - the columns of `by`: as in `orders`.
        - `days` (`Int64`): shop-zone date of the next purchase, or else of the last instant before
            `as_of`, less that of the purchase.
        - `bought_again` (`Int64`): customers who made the next purchase after so many days.
        - `censored` (`Int64`): customers who have been watched for so many, and have not yet.

        Customers with fewer purchases than `after` are not counted.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `unit` is neither of the two, `after` is not a
            whole number of at least 1, or `by` names what cannot be split by.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> next_purchase_totals(orders, as_of=as_of).sort("days").collect().rows()
        [(11, 0, 1), (48, 1, 0)]
    """
    if isinstance(after, bool) or not isinstance(after, int) or after < 1:
        raise bad_parameter("after", got=after, allowed="a whole number of at least 1")
    names = dimensions(by, orders, reserved=("customer_id", *_OWN))
    sales = observed(orders, as_of=as_of).filter(is_sale(orders))
    until = last_day(in_zone(as_of, zone_of(orders.collect_schema())))
    day, next_day = pl.col("purchased_at").dt.date(), pl.col("next_at").dt.date()
    waits = (
        numbered_purchases(orders, as_of=as_of, unit=unit)
        .with_columns(following(pl.col("purchased_at")).alias("next_at"))
        .filter(pl.col("order_number") == after)
        .select(
            "customer_id",
            (next_day.fill_null(until) - day).dt.total_days().alias("days"),
            next_day.is_not_null().alias("bought_again"),
        )
    )
    return (
        with_first_sale(waits, sales, names)
        .group_by(*names, "days")
        .agg(
            pl.col("bought_again").sum().cast(pl.Int64),
            (~pl.col("bought_again")).sum().cast(pl.Int64).alias("censored"),
        )
    )


@finisher(of=next_purchase_totals)
def next_purchase_curve(totals: Frame, *, confidence: float | None = None) -> Frame:
    """Estimate the share of customers who buy again within so many days.

    Args:
        totals: What `next_purchase_totals` gives, or a sum of such tables.
        confidence: Of the intervals, as 0.95; None gives no intervals.

    Returns:
        One row per group and number of days that occurs, sorted by both:

        - the columns of `by`: as in `totals`.
        - `days` (`Int64`): days since the purchase.
        - `at_risk` (`Int64`): customers who had not bought again before, and were still watched.
        - `bought_again` (`Int64`): those of them who did on this day.
        - `censored` (`Int64`): those of them who were watched no longer than this day.
        - `share_bought_again` (`Float64`): the share of all who buy again within so many days,
            0 … 1.
        - with `confidence`: `share_low`, `share_high` (`Float64`); null where the share is 0 or 1.

    Raises:
        DefinitionError: `confidence` is not between 0 and 1.

    Notes:
        The product-limit estimator: 1 − ∏ (1 − bought again / at risk) over the days up to this
        one. Who is watched for less time than others counts for as long as they are watched, so
        that new customers do not lower the share as they lower the repeat purchase rate. The
        variance is Greenwood's, v = Σ d / (n(n − d)); the interval is that of log(−log S), which
        stays within 0 … 1: S^exp(± z √v / log S) for S = 1 − share.

    References:
        Kaplan and Meier (1958), Nonparametric estimation from incomplete observations. Kalbfleisch
        and Prentice (2002), The Statistical Analysis of Failure Time Data, section 1.4.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> curve = next_purchase_curve(next_purchase_totals(orders, as_of=as_of)).collect()
        >>> curve.select("days", "at_risk", "share_bought_again").rows()
        [(11, 2, 0.0), (48, 1, 1.0)]
    """
    groups: list[str] = groups_of(totals, _OWN)
    watched = pl.col("bought_again") + pl.col("censored")
    at_risk, did = pl.col("at_risk"), pl.col("bought_again")
    stayed = (1 - did.cast(pl.Float64) / at_risk).cum_prod()
    curve = (
        totals.sort(*groups, "days")
        .with_columns(_within(watched.cum_sum(reverse=True), groups).alias("at_risk"))
        .with_columns(_within(stayed, groups).alias(_STAYED))
        .with_columns((1 - pl.col(_STAYED)).alias("share_bought_again"))
    )
    shown = [*groups, "days", "at_risk", "bought_again", "censored", "share_bought_again"]
    if confidence is None:
        return curve.select(shown)
    z = normal_quantile(confidence)
    spread = did.cast(pl.Float64) / (at_risk.cast(pl.Float64) * (at_risk - did))
    share = pl.col(_STAYED)
    # Minus, since the logarithm is negative: the lower end of who came has the more who did not.
    power = -z * pl.col(_SPREAD).sqrt() / share.log()
    is_between = (share > 0) & (share < 1)
    return (
        curve.with_columns(_within(spread.cum_sum(), groups).alias(_SPREAD))
        .with_columns(
            pl.when(is_between).then(1 - share ** (-power).exp()).alias("share_low"),
            pl.when(is_between).then(1 - share ** power.exp()).alias("share_high"),
        )
        .select(*shown, "share_low", "share_high")
    )


def _within(running: pl.Expr, groups: list[str]) -> pl.Expr:
    return running.over(groups, order_by="days") if groups else running
