"""The distribution of gaps between purchases as a person reads it."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from retention_kit.contracts.law import Frame, finisher
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.reduced import groups_of, sums_by
from retention_kit.metrics.base.weighted import DAY, MEDIAN, in_days, quantile, ranked
from retention_kit.metrics.lifecycle.gap_distribution import gap_totals, gap_totals_by_order
from retention_kit.metrics.lifecycle.gaps import GAP

_OWN = (GAP, "gaps", "customers")
_POOLED = {
    "median_days": MEDIAN,
    "lower_quartile_days": Fraction(1, 4),
    "upper_quartile_days": Fraction(3, 4),
    "ninetieth_percentile_days": Fraction(9, 10),
}
_OF_CUSTOMERS = {"median_of_customer_medians_days": MEDIAN}


@finisher(of=gap_totals)
def gap_summary(totals: Frame) -> Frame:
    """Turn the distribution of gaps into its mean, its quartiles and the usual customer's gap.

    Args:
        totals: What `gap_totals` gives, or a sum of such tables.

    Returns:
        One row, or one per group; days are of 24 hours, `Float64`, null without gaps:

        - the columns of `by`: as in `totals`.
        - `gaps` (`Int64`): gaps between purchases.
        - `zero_gaps` (`Int64`): those of no length, of orders at one instant.
        - `customers` (`Int64`): customers with a gap, who bought at least twice.
        - `mean_days`, `median_days`, `lower_quartile_days`, `upper_quartile_days`,
            `ninetieth_percentile_days`: of all gaps.
        - `median_of_customer_medians_days`: of the medians of each customer's own gaps.

    Notes:
        The median of all gaps counts frequent buyers often and is the shorter one; the median of
        customers' medians says what is usual for a customer. Both leave out how long
        those wait who have not come back yet; `next_purchase_curve` has them.
        Quantiles are of type 7.

    References:
        Hyndman and Fan (1996), Sample quantiles in statistical packages.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> summary = gap_summary(gap_totals(orders, as_of=as_of)).collect()
        >>> summary.select("gaps", "zero_gaps", "customers", "median_days").rows()
        [(1, 0, 1, 48.354166666666664)]
    """
    groups = groups_of(totals, _OWN)
    length, gaps = pl.col(GAP), pl.col("gaps")
    # All gaps of a large shop together are more microseconds than 64 bits hold.
    passed = (length.cast(pl.Int128) * gaps).sum().cast(pl.Float64)
    days = ("mean_days", *_POOLED, *_OF_CUSTOMERS)
    return (
        sums_by(
            ranked(totals, GAP, ("gaps", "customers"), groups),
            groups,
            gaps.sum(),
            pl.when(length == 0).then(gaps).sum().alias("zero_gaps"),
            pl.col("customers").sum(),
            passed.alias("mean_days"),
            *(quantile(GAP, "gaps", part).alias(name) for name, part in _POOLED.items()),
            *(quantile(GAP, "customers", part).alias(name) for name, part in _OF_CUSTOMERS.items()),
        )
        .with_columns(pl.when(gaps > 0).then(pl.col("mean_days") / gaps))
        .with_columns(in_days(pl.col(name)) for name in days)
    )


@finisher(of=gap_totals)
def gap_histogram(totals: Frame, *, bin_days: int = 1) -> Frame:
    """Count the gaps between purchases by whole days.

    Args:
        totals: What `gap_totals` gives, or a sum of such tables.
        bin_days: How many days go together.

    Returns:
        One row per group and number of days that occurs, sorted by both:

        - the columns of `by`: as in `totals`.
        - `days` (`Int64`): the least whole number of days of 24 hours, a multiple of `bin_days`.
        - `gaps` (`Int64`): gaps of at least `days` and less than `days` + `bin_days`.

    Raises:
        DefinitionError: `bin_days` is not a whole number of at least 1.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> gap_histogram(gap_totals(orders, as_of=as_of), bin_days=7).collect().rows()
        [(42, 1)]
    """
    if isinstance(bin_days, bool) or not isinstance(bin_days, int) or bin_days < 1:
        raise bad_parameter("bin_days", got=bin_days, allowed="a whole number of at least 1")
    groups = groups_of(totals, _OWN)
    bins = pl.col(GAP).dt.total_microseconds().floordiv(DAY * bin_days) * bin_days
    return (
        totals.filter(pl.col("gaps") > 0)
        .group_by(*groups, bins.alias("days"))
        .agg(pl.col("gaps").sum())
        .sort(*groups, "days")
    )


@finisher(of=gap_totals_by_order)
def gaps_by_order(totals: Frame) -> Frame:
    """Turn the gaps before each customer's second, third … purchase into their median.

    Args:
        totals: What `gap_totals_by_order` gives, or a sum of such tables.

    Returns:
        One row per group and number, sorted by both:

        - the columns of `by`: as in `totals`.
        - `order_number` (`Int64`): of the later purchase, >= 2.
        - `gaps` (`Int64`): customers who made that purchase, the sample of the median.
        - `median_days` (`Float64`): the median of the gaps before it, in days of 24 hours.

    Notes:
        Those with many purchases are other customers than those with few: that the gaps shorten
        does not mean that anybody's do.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> gaps_by_order(gap_totals_by_order(orders, as_of=as_of)).collect().rows()
        [(2, 1, 48.354166666666664)]
    """
    keys = groups_of(totals, (GAP, "gaps"))
    return (
        ranked(totals, GAP, ("gaps",), keys)
        .group_by(keys)
        .agg(pl.col("gaps").sum(), quantile(GAP, "gaps", MEDIAN).alias("median_days"))
        .with_columns(in_days(pl.col("median_days")))
        .sort(keys)
    )
