"""Lines find their orders, and take from them the customer, the instant and the kind."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from retention_kit.contracts.door import RAW, Staged
from retention_kit.contracts.rules import row_rules

FROM_ORDER = ("customer_id", "ordered_at", "kind")
"""What the door adds to each line from its order."""
_FOUND = "__found"
_STATUS = "__status_of_order"
KEPT = "__kept_"
"""Before the name of a rule that was judged before the join."""


def link(staged: Staged, orders: pl.LazyFrame, *, has_returns: bool) -> Staged:
    """Join staged lines to the accepted orders.

    A line goes to the order of its id. Where a sale and its return share an id, a line with a
    negative quantity (or amount, where the quantity is 0) goes to the return.

    Args:
        staged: The table `order_items`, cast.
        orders: The accepted orders, guests' included.
        has_returns: Whether any of them is a return.

    Returns:
        The staged lines with `FROM_ORDER`, and two more rules: `unknown_order`, and
        `positive_return_line`.
    """
    lines, foreign = _set_aside(staged, FROM_ORDER)
    keys = orders.select("order_id", *FROM_ORDER)
    sales = keys.filter(pl.col("kind") == "sale")
    if has_returns:
        returns = keys.filter(pl.col("kind") == "return")
        joined = lines.join(sales, on="order_id", how="left").join(
            returns, on="order_id", how="left", suffix="_of_return"
        )
        is_negative = (pl.col("quantity") < 0) | (
            (pl.col("quantity") == 0) & (pl.col("amount") < 0)
        )
        of_return = pl.col("kind_of_return").is_not_null() & (
            pl.col("kind").is_null() | is_negative.fill_null(value=False)
        )
        joined = joined.with_columns(
            pl.when(of_return).then(f"{name}_of_return").otherwise(name).alias(name)
            for name in FROM_ORDER
        ).drop(f"{name}_of_return" for name in FROM_ORDER)
    else:
        joined = lines.join(sales, on="order_id", how="left")
    return _with_order(staged, joined, foreign)


def link_by_kind(staged: Staged, orders: pl.LazyFrame, *, by_status: bool = False) -> Staged:
    """Join staged lines whose kind is known, because the orders were made from them.

    Args:
        staged: The table `lines`, cast.
        orders: The accepted orders, guests' included.
        by_status: Whether lines may have another status than their order; those do not belong to
            its amount, and break the rule `other_status`.
    """
    lines, foreign = _set_aside(staged, ("customer_id", "ordered_at"))
    status = [pl.col("status").alias(_STATUS)] if by_status else []
    keys = orders.select("order_id", *FROM_ORDER, *status)
    joined = lines.join(keys, on=["order_id", "kind"], how="left")
    linked = _with_order(staged, joined, foreign)
    if by_status:
        agrees = (pl.col("status") == pl.col(_STATUS)).fill_null(value=True)
        linked = replace(linked, rules={**linked.rules, "other_status": agrees})
    return linked


def _set_aside(staged: Staged, names: tuple[str, ...]) -> tuple[pl.LazyFrame, dict[str, str]]:
    """Judge the lines by their own rules, then make way for the order's columns."""
    present = staged.frame.collect_schema().names()
    bare = [name for name in names if staged.foreign.get(name) == name]
    frame = staged.frame.with_columns(
        *(rule.alias(KEPT + name) for name, rule in staged.rules.items()),
        *(pl.col(name).alias(RAW + name) for name in bare),
    ).drop(name for name in names if name in present)
    foreign = {
        RAW + name if staged_name in bare else staged_name: name
        for staged_name, name in staged.foreign.items()
    }
    return frame, foreign


def _with_order(staged: Staged, joined: pl.LazyFrame, foreign: dict[str, str]) -> Staged:
    """Give the lines the rules about their order."""
    frame = joined.with_columns(pl.col("ordered_at").is_not_null().alias(_FOUND))
    own = [name for name in staged.columns if name not in FROM_ORDER]
    rules = {
        **{name: pl.col(KEPT + name) for name in staged.rules},
        "unknown_order": pl.col(_FOUND),
        **{
            name: rule
            for name, rule in row_rules("order_items", ["quantity", "amount", "kind"]).items()
            if name == "positive_return_line"
        },
    }
    return replace(staged, frame=frame, columns=(*own, *FROM_ORDER), foreign=foreign, rules=rules)
