"""Break one row in a thousand of a clean table, in every way the door knows."""

import numpy as np
import polars as pl

from benchmarks.rules import ROW_RULES

SHARE = 0.001
_IMPOSSIBLE_AMOUNTS = (float("nan"), float("inf"), float("-inf"), 1e15)


def break_rows(rng: np.random.Generator, raw: pl.DataFrame) -> pl.DataFrame:
    """Spoil some rows in place, then append copies and rows under ids already used.

    Some spoiled rows break two rules (only the first counts), some returns come under the id of their
    sale (which is allowed), and some copies are copied from a row that shares its id with another.
    """
    per_rule = max(4, round(raw.height * SHARE / (len(ROW_RULES) + 2)))
    rows = raw.with_row_index("row")
    sales = rows.filter(pl.col("kind") == "sale")["row"].to_numpy()
    returns = rows.filter(pl.col("kind") == "return")["row"].to_numpy()
    chosen = rng.choice(sales, per_rule * (len(ROW_RULES) + 2), replace=False)
    victims = np.split(chosen, len(ROW_RULES) + 2)
    spoiled = dict(zip(ROW_RULES, victims, strict=False))
    spoiled["positive_return"] = rng.choice(returns, per_rule, replace=False)
    broken = _spoil(rng, rows, spoiled).drop("row")

    copied = raw[np.concatenate([victims[-2], rng.choice(returns, 3, replace=False)])]
    reused = raw[victims[-1]].with_columns(pl.col("amount") + 1)
    of_one_id = reused[: per_rule // 4]
    with_id_of_sale = raw[victims[-1]].with_columns(
        -pl.col("amount"), pl.lit("return").alias("kind")
    )
    whole = pl.concat([broken, copied, reused, of_one_id, with_id_of_sale])
    return whole[rng.permutation(whole.height)]


def _spoil(
    rng: np.random.Generator, rows: pl.DataFrame, spoiled: dict[str, np.ndarray]
) -> pl.DataFrame:
    unlucky = spoiled["null_order_id"][::2]
    hit = {rule: pl.col("row").is_in(_series(victims)) for rule, victims in spoiled.items()}
    impossible = pl.Series(rng.choice(_IMPOSSIBLE_AMOUNTS, rows.height))
    return rows.with_columns(
        pl.when(~hit["null_order_id"]).then("order_id").alias("order_id"),
        pl.when(~hit["null_ordered_at"]).then("ordered_at").alias("ordered_at"),
        pl.when(hit["not_finite_amount"])
        .then(impossible)
        .when(hit["negative_sale"] | hit["positive_return"] | pl.col("row").is_in(_series(unlucky)))
        .then(-pl.col("amount"))
        .otherwise("amount")
        .alias("amount"),
        pl.when(hit["unknown_kind"]).then(pl.lit("gift")).otherwise("kind").alias("kind"),
        pl.when(hit["unknown_status"]).then(pl.lit("lost")).otherwise("status").alias("status"),
    )


def _series(row_numbers: np.ndarray) -> list[int]:
    return row_numbers.tolist()
