"""What the door asks of orders besides their rows' own rules: ids, guests, returns, shared ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from retention_kit.contracts.door import Admission, Staged, admit
from retention_kit.contracts.repeats import (
    BROKEN,
    find_repeats,
    ids_behind,
    row_hash,
    settle,
    sort_key,
)
from retention_kit.contracts.signals import KEPT, Collect, Signals, take_signals
from retention_kit.errors import RepeatedOrderIdError

HEAVY_SHARE = 0.01
"""A customer with more than this share of all sales may be a shared id."""
HEAVY_SALES = 10
"""Below this number of sales nobody is called heavy, whatever the share."""
_SALE = pl.col("kind") == "sale"
_BOUGHT = _SALE & (pl.col("status") == "completed")
_RETURN = pl.col("kind") == "return"
_NOTES: Mapping[str, pl.Expr] = {
    "returns": _RETURN,
    "cancelled": pl.col("status") == "cancelled",
    "open": pl.col("status") == "open",
}


@dataclass(frozen=True, slots=True)
class OrdersAdmission:
    """The admitted orders and what was counted of them.

    Attributes:
        admission: The orders, guests' included.
        guests: Rows of no known customer.
        notes: Returns, cancelled and open orders.
        heavy_customers: Customers with more than `HEAVY_SHARE` of all sales.
        heaviest_share: The largest share that one of them holds.
    """

    admission: Admission
    guests: int
    notes: Mapping[str, int]
    heavy_customers: int
    heaviest_share: float


def admit_orders(
    staged: Staged,
    *,
    guest: pl.Expr,
    with_lines: bool,
    run: Collect,
) -> OrdersAdmission:
    """Admit orders in one streaming pass; only what repeats is read again.

    Args:
        staged: The table `orders`.
        guest: True on rows of no known customer.
        with_lines: Whether lines are given, so that a return must be found by its id.
        run: What collects.

    Raises:
        RepeatedOrderIdError: More than 1% of the sale ids, and more than one, stand on different
            rows.
    """
    keyed = sort_key("order_id", staged.frame.collect_schema()["order_id"])
    signals = take_signals(
        staged.frame,
        {
            KEPT: staged.keeps_all,
            "guests": guest,
            "bought": _BOUGHT & ~guest,
            **_NOTES,
        },
        # Which of 256 parts a customer falls into: a part with few sales has no heavy customer.
        {"key": keyed, "part": _part()},
        run=run,
    )
    counted = {name: signals.count(KEPT, name) for name in ("guests", "bought", *_NOTES)}
    admission = admit(staged, read=signals.count(), kept=signals.count(KEPT), run=run)
    parts = signals.sizes("part", KEPT, "bought")
    # Mostly no id stands twice at all, and then sales and returns need not be told apart.
    sales, returns = find_repeats(signals.column("key", KEPT)), None
    if sales.extra:
        sales = find_repeats(signals.column("key", KEPT, lacking=("returns",)))
        returns = _returns(staged, signals, keyed, with_lines=with_lines, run=run)
    del signals
    repeats = None
    if sales.extra:
        ids = ids_behind(staged, "order_id", _SALE, keyed, sales, run)
        repeats = _SALE & pl.col("order_id").is_in(ids.implode())
    if returns is not None:
        again = _RETURN & pl.col("order_id").is_in(returns.implode())
        repeats = again if repeats is None else repeats | again
    if repeats is not None:
        admission, out = settle(
            admission,
            staged,
            repeats,
            key="order_id",
            unique=_SALE,
            alone=_RETURN if with_lines else None,
            run=run,
        )
        _refuse_lines(out, distinct=sales.rows - sales.extra)
        gone = out.select(
            guest.sum().alias("guests"),
            (_BOUGHT & ~guest).sum().alias("bought"),
            *(rule.sum().alias(name) for name, rule in _NOTES.items()),
        ).row(0, named=True)
        counted = {name: count - int(gone[name] or 0) for name, count in counted.items()}
    heavy, share = _heavy_customers(
        admission.accepted, guest, parts, sales=counted.pop("bought"), run=run
    )
    return OrdersAdmission(
        admission=admission,
        guests=counted.pop("guests"),
        notes={name: count for name, count in counted.items() if count},
        heavy_customers=heavy,
        heaviest_share=share,
    )


def _part() -> pl.Expr:
    return pl.col("customer_id").hash().cast(pl.UInt8, wrap_numerical=True)


def _returns(
    staged: Staged, signals: Signals, keyed: pl.Expr, *, with_lines: bool, run: Collect
) -> pl.Series | None:
    """Give the ids of returns that must be looked at, if any.

    Returns may share an id, but not be exact copies; with lines they may not even share an id.
    """
    repeats, compared = find_repeats(signals.column("key", KEPT, "returns")), keyed
    if repeats.extra and not with_lines:
        sharing = staged.kept().filter(_RETURN, keyed.is_in(repeats.keys.implode()))
        compared = row_hash(staged)
        repeats = find_repeats(run(sharing.select(compared.alias("hash")))["hash"])
    if not repeats.extra:
        return None
    return ids_behind(staged, "order_id", _RETURN, compared, repeats, run)


def _refuse_lines(out: pl.DataFrame, *, distinct: int) -> None:
    ids = out.filter(pl.col(BROKEN) == "repeated_order_id")["order_id"].n_unique()
    if ids > max(1, distinct // 100):
        raise RepeatedOrderIdError(ids=distinct, repeated=ids)


def _heavy_customers(
    accepted: pl.LazyFrame, guest: pl.Expr, parts: pl.DataFrame, *, sales: int, run: Collect
) -> tuple[int, float]:
    least = max(HEAVY_SALES, int(sales * HEAVY_SHARE) + 1)
    suspects = parts.filter(pl.col("rows") >= least)["part"]
    if suspects.is_empty():
        return 0, 0.0
    heavy = run(
        accepted.filter(_BOUGHT & ~guest & _part().is_in(suspects.implode()))
        .group_by("customer_id")
        .agg(pl.len().alias("sales"))
        .filter(pl.col("sales") >= least)
        .select(pl.len().alias("customers"), pl.col("sales").max())
    )
    customers, most = heavy.row(0)
    return int(customers), (int(most) / sales if most is not None else 0.0)
