"""Break one row in a thousand of a clean table, in every way the door knows."""

import numpy as np
import polars as pl

from benchmarks.rules import ROW_RULES

SHARE = 0.001
HEAVY_CUSTOMER_SHARE = 0.02
_NOT_FINITE = (float("nan"), float("inf"), float("-inf"))
_OUT_OF_RANGE = 1e15
_ROW = "row"


def break_rows(rng: np.random.Generator, raw: pl.DataFrame) -> pl.DataFrame:
    """Spoil some rows in place, add copies and rows under ids already used, in random order.

    Besides, a shared id holds one sale in fifty, some spoiled rows break two rules (only the first
    counts), some returns come under the id of their sale (which is allowed), and some copies are
    copies of a row whose id stands on another row too.
    """
    one_too_many = pl.Series(rng.uniform(0, 1, raw.height) < HEAVY_CUSTOMER_SHARE)
    shared_id = raw["customer_id"].drop_nulls()[0]
    whole = raw.with_columns(
        pl.when(one_too_many).then(shared_id).otherwise("customer_id").alias("customer_id")
    )
    per_rule = max(4, round(raw.height * SHARE / (len(ROW_RULES) + 2)))
    is_return = whole["kind"].to_numpy() == "return"
    sales = rng.choice(np.flatnonzero(~is_return), per_rule * (len(ROW_RULES) + 2), replace=False)
    *spoiled, copied, reused = np.split(sales, len(ROW_RULES) + 2)
    victims = dict(zip(ROW_RULES, spoiled, strict=True))
    victims["positive_return"] = rng.choice(np.flatnonzero(is_return), per_rule, replace=False)
    copied_returns = rng.choice(np.flatnonzero(is_return), 3, replace=False)

    under_a_used_id = whole[reused].with_columns(pl.col("amount") + 1)
    added = [
        whole[np.concatenate([copied, copied_returns])],
        under_a_used_id,
        under_a_used_id[: per_rule // 4],
        whole[reused].with_columns(-pl.col("amount"), pl.lit("return").alias("kind")),
    ]
    together = pl.concat([_spoil(rng, whole, victims), *added])
    return together[rng.permutation(together.height)]


def _spoil(
    rng: np.random.Generator, rows: pl.DataFrame, victims: dict[str, np.ndarray]
) -> pl.DataFrame:
    hit = {rule: pl.col(_ROW).is_in(places.tolist()) for rule, places in victims.items()}
    broken_twice = pl.col(_ROW).is_in(victims["null_order_id"][::2].tolist())
    not_finite = pl.Series(rng.choice(_NOT_FINITE, rows.height))
    amount = (
        pl.when(hit["not_finite_amount"])
        .then(not_finite)
        .when(hit["out_of_range_amount"])
        .then(_OUT_OF_RANGE)
        .when(hit["negative_sale"] | hit["positive_return"] | broken_twice)
        .then(-pl.col("amount"))
        .when(~hit["null_amount"])
        .then("amount")
    )
    return (
        rows.with_row_index(_ROW)
        .with_columns(
            pl.when(~hit["null_order_id"]).then("order_id").alias("order_id"),
            pl.when(~hit["null_ordered_at"]).then("ordered_at").alias("ordered_at"),
            amount.alias("amount"),
            pl.when(hit["unknown_kind"]).then(pl.lit("gift")).otherwise("kind").alias("kind"),
            pl.when(hit["unknown_status"]).then(pl.lit("lost")).otherwise("status").alias("status"),
        )
        .drop(_ROW)
    )
