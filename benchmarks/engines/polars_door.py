"""The checks of a table of orders in Polars, by hand.

One scan counts; repeated ids are found by sorting them; only what repeats, is broken or may be
heavy is looked at again.
"""

import polars as pl

from benchmarks.engines.polars_orders import collect
from benchmarks.rules import AMOUNT_LIMIT, HEAVY_SHARE, ROW_RULES, RULES

COLUMNS = ("order_id", "customer_id", "ordered_at", "amount", "kind", "status")
_PARTS = 4096
_PART = (pl.col("customer_id").hash() & (_PARTS - 1)).cast(pl.UInt16)
_AMOUNT, _KIND, _STATUS = pl.col("amount"), pl.col("kind"), pl.col("status")
_SALE = _KIND == "sale"
_KEPT = (
    pl.col("order_id").is_not_null()
    & pl.col("ordered_at").is_not_null()
    & (_AMOUNT.abs() < AMOUNT_LIMIT).fill_null(value=False)
    & ((_SALE & (_AMOUNT >= 0)) | ((_KIND == "return") & (_AMOUNT <= 0))).fill_null(value=False)
    & _STATUS.is_in(["completed", "cancelled", "open"]).fill_null(value=False)
)
_BROKEN = (
    ~_AMOUNT.is_finite(),
    _AMOUNT.abs() >= AMOUNT_LIMIT,
    ~_KIND.is_in(["sale", "return"]),
    ~_STATUS.is_in(["completed", "cancelled", "open"]),
    pl.col("order_id").is_null(),
    pl.col("ordered_at").is_null(),
    _AMOUNT.is_null(),
    _SALE & (_AMOUNT < 0),
    (_KIND == "return") & (_AMOUNT > 0),
)
"""In the order of `ROW_RULES`; the first one that a row breaks counts."""


def validation(path: str) -> dict[str, int]:
    return checked(pl.scan_parquet(path))[0]


def checked(orders: pl.LazyFrame) -> tuple[dict[str, int], pl.DataFrame]:
    """Count what the door counts, and give the places of the rows that it rejects."""
    parts = (
        orders.select(
            pl.when(pl.col("customer_id").is_not_null()).then(_PART).alias("part"),
            _KEPT.cast(pl.UInt32).alias("kept"),
            (_KEPT & _SALE).cast(pl.UInt32).alias("sales"),
        )
        .group_by("part")
        .agg(pl.len().alias("rows"), pl.col("kept", "sales").sum())
    )
    ids = orders.select(pl.col("order_id").sort())
    of_parts, in_order = pl.collect_all([parts, ids], engine="streaming")
    is_again = pl.col("order_id") == pl.col("order_id").shift()
    repeated = in_order.filter(is_again)["order_id"].unique()
    read, kept = of_parts["rows"].sum(), of_parts["kept"].sum()
    rejected = _none()
    if kept < read or len(repeated):
        rejected = _rejected(orders, repeated)
    of_known = of_parts.filter(pl.col("part").is_not_null())
    again = rejected.filter("kept")
    guests = kept - of_known["kept"].sum() - again["customer_id"].null_count()
    known_again = again.filter(pl.col("customer_id").is_not_null(), _SALE)
    least = int((of_known["sales"].sum() - known_again.height) * HEAVY_SHARE) + 1
    full = of_known.filter(pl.col("sales") >= least)["part"]
    broken = dict(rejected["rule"].value_counts().iter_rows())
    counts = {
        "read": read,
        "accepted": read - rejected.height,
        "guests": guests,
        "heavy_customers": _heavy(orders, known_again, full, least) if len(full) else 0,
        **{rule: broken[rule] for rule in RULES if rule in broken},
    }
    return counts, rejected.select("place")


def _none() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "place": pl.UInt32,
            "customer_id": pl.Int64,
            "kind": pl.String,
            "kept": pl.Boolean,
            "rule": pl.String,
        }
    )


def _rejected(orders: pl.LazyFrame, repeated: pl.Series) -> pl.DataFrame:
    """Name the rule that each rejected row breaks."""
    suspects = collect(
        orders.with_row_index("place")
        .with_columns(_KEPT.alias("kept"))
        .filter(~pl.col("kept") | pl.col("order_id").is_in(repeated.implode()))
    ).sort("place")
    broken = pl.coalesce(
        pl.when(breaks.fill_null(value=False)).then(pl.lit(rule))
        for rule, breaks in zip(ROW_RULES, _BROKEN, strict=True)
    )
    is_copy = ~pl.struct("kept", *COLUMNS).is_first_distinct()
    is_again = _SALE & ~pl.struct("kept", "order_id", "kind").is_first_distinct()
    rule = (
        pl.when(~pl.col("kept"))
        .then(broken)
        .when(is_copy)
        .then(pl.lit("duplicate_row"))
        .when(is_again)
        .then(pl.lit("repeated_order_id"))
    )
    found = suspects.with_columns(rule.alias("rule")).filter(pl.col("rule").is_not_null())
    return found.select(_none().columns)


def _heavy(orders: pl.LazyFrame, again: pl.DataFrame, full: pl.Series, least: int) -> int:
    """Count the customers of full parts who have that many accepted sales."""
    of_full = pl.col("customer_id").is_not_null() & _PART.is_in(full.implode())
    sales = (
        orders.filter(_KEPT & _SALE & of_full)
        .group_by("customer_id")
        .agg(pl.len().cast(pl.Int64).alias("sales"))
    )
    less = again.lazy().group_by("customer_id").agg(pl.len().cast(pl.Int64).alias("less"))
    left = pl.col("sales") - pl.col("less").fill_null(0)
    heavy = sales.join(less, on="customer_id", how="left").filter(left >= least)
    return collect(heavy.select(pl.len())).item()
