"""Members against customers who bought alike before, and did not join.

Who joins a programme is keener than who does not, and would buy more without it too. Customers of
the same recency, frequency and money before joining are compared; what else tells them apart is
not seen. Only a test with a control group measures what a programme does.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.observed import is_sale, observed

STRATA = ("recency", "frequency", "money")
_RECENCY = {30: "up to 30 days", 90: "31 to 90 days", 180: "91 to 180 days"}
_THIRDS = ("low", "middle", "high")
_MEASURES = ("orders", "revenue")


def strata_of(
    ledger: pl.LazyFrame,
    orders: pl.LazyFrame,
    *,
    joined_from: dt.datetime,
    joined_until: dt.datetime,
    as_of: dt.datetime,
) -> pl.DataFrame:
    """Compare who joined in a span of time with who bought alike before and never joined.

    Args:
        ledger: Entries, as `accrue` gives them; who has none is no member.
        orders: The `orders` table.
        joined_from: From when on members joined; what was bought before it makes customers alike.
        joined_until: Before when they joined; what was bought from then on is compared.
        as_of: Observation instant, exclusive.

    Returns:
        One row per stratum that has members, sorted:

        - `recency` (`String`): days since the last sale before `joined_from`.
        - `frequency` (`String`): sales before it, `1`, `2-3` or `4+`.
        - `money` (`String`): the third, by net revenue before it, of all who are compared.
        - `members`, `others` (`Int64`).
        - `member_orders`, `other_orders` (`Float64`): sales per customer after; null of nobody.
        - `member_revenue`, `other_revenue` (`Float64`): net revenue per customer after.
        - `orders_variance`, `revenue_variance` (`Float64`): of the difference of the means; null
            where a side has fewer than two.
    """
    seen = observed(orders, as_of=as_of).filter(pl.col("customer_id").is_not_null())
    sold = is_sale(seen)
    before = pl.col("ordered_at") < pl.lit(joined_from)
    after = pl.col("ordered_at") >= pl.lit(joined_until)
    customers = (
        seen.group_by("customer_id")
        .agg(
            (sold & before).sum().cast(pl.Int64).alias("sales"),
            pl.col("ordered_at").filter(sold & before).max().alias("last_at"),
            pl.col("amount").filter(before).sum().cast(SUM).alias("spent"),
            (sold & after).sum().cast(pl.Float64).alias("orders"),
            pl.col("amount").filter(after).sum().cast(SUM).cast(pl.Float64).alias("revenue"),
        )
        .filter(pl.col("sales") > 0)
    )
    joined = (
        ledger.filter((pl.col("at") < pl.lit(as_of)) & pl.col("wallet").is_not_null())
        .group_by("customer_id")
        .agg(pl.col("at").min().alias("joined_at"))
    )
    joined_then = (pl.col("joined_at") >= pl.lit(joined_from)) & (
        pl.col("joined_at") < pl.lit(joined_until)
    )
    compared = (
        customers.join(joined, on="customer_id", how="left")
        .filter(pl.col("joined_at").is_null() | joined_then)
        .with_columns(pl.col("joined_at").is_not_null().alias("is_member"))
        .with_columns(_recency(joined_from), _frequency(), _money())
    )
    sides = compared.group_by(*STRATA).agg(
        pl.col("is_member").sum().cast(pl.Int64).alias("members"),
        (~pl.col("is_member")).sum().cast(pl.Int64).alias("others"),
        *(
            pl.col(measure).filter(side).mean().alias(f"{name}_{measure}")
            for measure in _MEASURES
            for name, side in _SIDES.items()
        ),
        *(_variance(measure) for measure in _MEASURES),
    )
    return sides.filter(pl.col("members") > 0).sort(*STRATA).collect()


_SIDES = {"member": pl.col("is_member"), "other": ~pl.col("is_member")}


def difference(strata: pl.DataFrame) -> pl.DataFrame:
    """Weigh the differences of the strata by their members.

    Args:
        strata: What `strata_of` gives.

    Returns:
        Two rows:

        - `measure` (`String`): `orders` and `revenue`, per customer.
        - `members` (`Int64`): members who have somebody to be compared with.
        - `others` (`Int64`): whom they are compared with.
        - `unmatched_members` (`Int64`): members of strata without others, who are left out.
        - `member_mean`, `other_mean`, `difference` (`Float64`): over the matched members' strata;
            null where nobody is matched.
        - `standard_error` (`Float64`): of the difference; null where a stratum has a side of one.
    """
    matched = strata.filter(pl.col("others") > 0)
    weight = pl.col("members") / pl.col("members").sum()
    unmatched = strata.filter(pl.col("others") == 0)["members"].sum()
    rows = [
        matched.select(
            pl.lit(measure).alias("measure"),
            pl.col("members").sum().cast(pl.Int64),
            pl.col("others").sum().cast(pl.Int64),
            pl.lit(unmatched, dtype=pl.Int64).alias("unmatched_members"),
            _unless_empty((pl.col(f"member_{measure}") * weight).sum()).alias("member_mean"),
            _unless_empty((pl.col(f"other_{measure}") * weight).sum()).alias("other_mean"),
            pl.when(pl.col(f"{measure}_variance").null_count() == 0)
            .then(_unless_empty((pl.col(f"{measure}_variance") * weight**2).sum().sqrt()))
            .alias("standard_error"),
        )
        for measure in _MEASURES
    ]
    return pl.concat(rows).select(
        "measure",
        "members",
        "others",
        "unmatched_members",
        "member_mean",
        "other_mean",
        (pl.col("member_mean") - pl.col("other_mean")).alias("difference"),
        "standard_error",
    )


def _unless_empty(value: pl.Expr) -> pl.Expr:
    return pl.when(pl.len() > 0).then(value)


def _variance(measure: str) -> pl.Expr:
    """Give the variance of the difference between the means of both sides."""
    parts = [
        pl.col(measure).filter(side).var() / side.sum().cast(pl.Float64) for side in _SIDES.values()
    ]
    return (parts[0] + parts[1]).alias(f"{measure}_variance")


def _recency(at: dt.datetime) -> pl.Expr:
    days = (pl.lit(at.date()) - pl.col("last_at").dt.date()).dt.total_days()
    text = pl.lit("over 180 days")
    for most, label in reversed(_RECENCY.items()):
        text = pl.when(days <= most).then(pl.lit(label)).otherwise(text)
    return text.alias("recency")


def _frequency() -> pl.Expr:
    sales = pl.col("sales")
    text = pl.when(sales == 1).then(pl.lit("1")).when(sales <= 3).then(pl.lit("2-3"))
    return text.otherwise(pl.lit("4+")).alias("frequency")


def _money() -> pl.Expr:
    spent = pl.col("spent")
    # Equal sums stand in one third, whatever the order of the rows.
    place = (spent.rank("min") - 1) * len(_THIRDS) // pl.len()
    low, middle, high = (pl.lit(name) for name in _THIRDS)
    return (
        pl.when(place == 0).then(low).when(place == 1).then(middle).otherwise(high).alias("money")
    )
