"""Concentration: how much of the revenue comes from how few customers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.dimensions import By, dimensions, first_sale_value
from retention_kit.metrics.base.observed import SOLD, SOLD_AT, observed, with_sales
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import groups_of, sums_by

_OWN = ("revenue", "customers")
_GROUP = "__group_"
_COUNT = pl.Decimal(38, 0)


@additive(keys=("revenue",))
def revenue_distribution(
    orders: Frame, *, as_of: dt.datetime, net: bool = False, by: By = ()
) -> Frame:
    """Count customers by what exactly each of them has paid.

    Additive. Orders at or after `as_of`, and those not completed, do not count.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        net: Whether returns are taken off. A customer's sum may then be below 0.
        by: Columns of `orders` to split by. A customer, with all of their orders, stands in the
            group of their first sale; a missing value is a group of its own.

    Returns:
        One row per group and sum, in no promised order, the columns of `by` first:

        - `revenue` (`Decimal(38, 4)`): what a customer paid, shop currency, major units.
        - `customers` (`Int64`): customers with a sale who paid exactly that.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, or `by` names no column that can be split by.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> revenue_distribution(orders, as_of=as_of).sort("revenue").collect().rows()
        [(Decimal('50.0000'), 1), (Decimal('400.0000'), 1)]
    """
    groups = dimensions(by, orders, reserved=_OWN)
    seen = with_sales(observed(orders, as_of=as_of))
    return (
        seen.group_by("customer_id")
        .agg(
            pl.col(SOLD_AT).count().alias("orders"),
            pl.col("amount" if net else SOLD).sum().cast(SUM).alias("revenue"),
            *(
                first_sale_value(name, seen, sold_at=SOLD_AT).alias(f"{_GROUP}{name}")
                for name in groups
            ),
        )
        .filter(pl.col("orders") > 0)
        .group_by(*(pl.col(f"{_GROUP}{name}").alias(name) for name in groups), "revenue")
        .agg(pl.len().cast(pl.Int64).alias("customers"))
    )


@finisher(of=revenue_distribution)
def revenue_concentration(
    totals: Frame, *, top_shares: Sequence[float] = (0.01, 0.05, 0.1, 0.2, 0.5)
) -> Frame:
    """Turn the distribution into the share of revenue that the best customers bring.

    Args:
        totals: What `revenue_distribution` gives, or a sum of such tables.
        top_shares: Which shares of the customers to look at, above 0 and at most 1.

    Returns:
        One row per group and share, sorted, the columns of `by` first:

        - `top_share` (`Float64`): the share of the customers.
        - `customers` (`Int64`): how many those are, part of one counting as one.
        - `revenue` (`Decimal(38, 4)`): what they paid, shop currency, major units.
        - `share_of_revenue` (`Float64`): that / what all customers paid; null unless that is above
            0. Net of returns it may exceed 1.

    Raises:
        DefinitionError: A share is not above 0 and at most 1, or stands there twice.

    Notes:
        customers = ⌈top share × n⌉, reckoned exactly. Of customers who paid the same as the last
        of them as many count as there is room for, so that ties change nothing.

    References:
        Fader, Hardie and Ross (2022), The Customer-Base Audit.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = revenue_distribution(orders, as_of=as_of)
        >>> revenue_concentration(totals, top_shares=(0.5,)).collect().rows()
        [(0.5, 1, Decimal('400.0000'), 0.8888888888888888)]
    """
    groups = groups_of(totals, _OWN)
    shares = _fractions(top_shares)
    tops = [_top(totals, share, groups) for share in shares]
    return pl.concat(tops).sort(*groups, "top_share")


@finisher(of=revenue_distribution)
def gini_coefficient(totals: Frame) -> Frame:
    """Turn the distribution into one number for how unequally customers pay.

    Args:
        totals: What `revenue_distribution` gives, or a sum of such tables.

    Returns:
        One row, or one per group, in no promised order, the columns of `by` first:

        - `customers` (`Int64`): customers with a sale.
        - `revenue` (`Decimal(38, 4)`): what they paid, shop currency, major units.
        - `gini` (`Float64`): 0 where all pay the same, up to 1 − 1 / customers where one pays all;
            null unless revenue is above 0. Net of returns it may exceed that.

    Notes:
        With x₁ ≤ … ≤ xₙ what customers paid, G = Σ (2i − n − 1) xᵢ / (n Σ xᵢ), of the customers
        there are, without the factor n / (n − 1) for a sample.

    References:
        Dorfman (1979), A formula for the Gini coefficient.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> gini_coefficient(revenue_distribution(orders, as_of=as_of)).collect().rows()
        [(2, Decimal('450.0000'), 0.3888888888888889)]
    """
    groups = groups_of(totals, _OWN)
    tied, upto = pl.col("customers"), _over(pl.col("customers").cum_sum(), groups)
    everyone = _over(pl.col("customers").sum(), groups)
    # Σ (2i − n − 1) over the ranks of those who paid the same.
    ranks = tied * (2 * upto - tied - everyone)
    weighed = totals.sort(*groups, "revenue").select(
        *groups,
        "customers",
        (pl.col("revenue") * tied.cast(_COUNT)).cast(SUM).alias("revenue"),
        (pl.col("revenue") * ranks.cast(_COUNT)).cast(SUM).alias("weighed"),
    )
    sums = sums_by(
        weighed, groups, pl.col("customers").sum(), pl.col("revenue", "weighed").sum().cast(SUM)
    )
    below = pl.col("customers").cast(pl.Float64) * pl.col("revenue").cast(pl.Float64)
    gini = pl.when(pl.col("revenue") > 0).then(pl.col("weighed").cast(pl.Float64) / below)
    return sums.select(*groups, "customers", "revenue", gini.alias("gini"))


def _top(totals: Frame, share: Fraction, groups: list[str]) -> Frame:
    """Sum what the best customers of each group paid."""
    tied, upto = pl.col("customers"), _over(pl.col("customers").cum_sum(), groups)
    everyone = _over(pl.col("customers").sum(), groups)
    above, below = share.numerator, share.denominator
    wanted = (everyone * above + (below - 1)).floordiv(below)
    chosen = (wanted - (upto - tied)).clip(0, tied)
    paid = totals.sort(*groups, "revenue", descending=[*(False for _ in groups), True]).select(
        *groups,
        chosen.alias("customers"),
        (pl.col("revenue") * chosen.cast(_COUNT)).cast(SUM).alias("revenue"),
        (pl.col("revenue") * tied.cast(_COUNT)).cast(SUM).alias("whole"),
    )
    sums = sums_by(
        paid, groups, pl.col("customers").sum(), pl.col("revenue", "whole").sum().cast(SUM)
    )
    return sums.select(
        *groups,
        pl.lit(float(share)).alias("top_share"),
        "customers",
        "revenue",
        pl.when(pl.col("whole") > 0).then(ratio("revenue", "whole")).alias("share_of_revenue"),
    )


def _over(one: pl.Expr, groups: list[str]) -> pl.Expr:
    return one.over(groups) if groups else one


def _fractions(top_shares: Sequence[float]) -> list[Fraction]:
    """Read shares as the decimal fractions they are written as, so that 10% of 30 are 3."""
    shares = []
    for share in top_shares:
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise bad_parameter(
                "top_shares", got=share, allowed="shares above 0 and at most 1", step="1% is 0.01."
            )
        shares.append(Fraction(str(share)))
    if not shares or len(set(shares)) < len(shares):
        raise bad_parameter("top_shares", got=tuple(top_shares), allowed="at least one, each once")
    return shares
