"""Points that one customer gives another, as what leaves one account and comes into the other."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from retention_kit.errors import DataError, MissingColumnError
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.deriving.rows import as_rows
from retention_kit.loyalty_rules.deriving.shop import Shop, column_of

_NAME = "Points Transferred"


def transfers(shop: Shop) -> Iterator[pl.LazyFrame]:
    """Give the two sides of each event `Points Transferred`.

    The event is the giver's; `receiver_id` says to whom, `value` how much, as an amount of the
    wallet, and a column `wallet` from which; without it, it is the first that can be spent from.

    Raises:
        MissingColumnError: There are such events, and nothing says to whom.
        DataError: One has no receiver, or an amount that is not a whole number of units above 0;
            or units go round in a circle at one instant.
    """
    wallets = {
        wallet.name: wallet.units_per_one
        for version in shop.versions
        for wallet in version.program.all_wallets
    }
    if "events" not in shop.dataset.given or not wallets:
        return
    given = shop.events(_NAME)
    schema = given.collect_schema()
    if given.select(pl.len()).collect().item() == 0:
        return
    if "receiver_id" not in schema:
        raise MissingColumnError("events", "receiver_id", schema.names())
    usual = _first_spendable(shop.versions[-1].program)
    named = column_of(given, "wallet", pl.String()).fill_null(pl.lit(usual))
    parts = named.replace_strict(wallets, default=None, return_dtype=pl.Int64)
    found = given.select(
        "customer_id",
        "occurred_at",
        pl.col("receiver_id").cast(shop.schema["customer_id"]),
        named.alias("wallet"),
        (pl.col("value").cast(pl.Decimal(38, 4)) * parts).alias("amount"),
    ).collect()
    _check(found)
    found = (
        found.with_columns(pl.col("amount").cast(pl.Int64).alias("units"))
        .sort("occurred_at", "customer_id", "receiver_id", "wallet", "units")
        .with_columns(
            pl.int_range(pl.len()).over("occurred_at", "customer_id", "receiver_id").alias("place")
        )
    )
    key = pl.concat_str(
        pl.lit("transfer:"),
        pl.col("customer_id").cast(pl.String),
        pl.lit(":"),
        pl.col("receiver_id").cast(pl.String),
        pl.lit(":"),
        pl.col("occurred_at").dt.epoch("us").cast(pl.String),
        pl.lit(":"),
        pl.col("place").cast(pl.String),
    )
    sides: dict[str, tuple[str, str | pl.Expr]] = {
        "given": ("customer_id", -pl.col("units")),
        "received": ("receiver_id", "units"),
    }
    for reason, (whose, units) in sides.items():
        yield as_rows(
            found.lazy(),
            shop.schema,
            kind="transfer",
            at="occurred_at",
            key=key,
            customer_id=whose,
            wallet="wallet",
            units=units,
            reason=pl.lit(reason),
        )


def _first_spendable(program: LoyaltyProgram) -> str:
    names = [wallet.name for wallet in program.wallets if wallet.spending is not None]
    return (names or [wallet.name for wallet in program.wallets] or [""])[0]


def _check(found: pl.DataFrame) -> None:
    """Raise where a transfer cannot be one."""
    amount = pl.col("amount")
    is_whole = (amount > 0) & (amount == amount.cast(pl.Int64))
    wrong = found.filter(pl.col("receiver_id").is_null() | ~is_whole.fill_null(value=False)).height
    if wrong:
        raise DataError(
            f"{wrong} events {_NAME!r} have no receiver, no wallet of the programme, or an amount "
            "that is not a whole number of its units above 0. Next step: mend 'receiver_id', "
            "'wallet' and 'value'."
        )
    circling = _circling(found.select("occurred_at", "wallet", "customer_id", "receiver_id"))
    if circling:
        raise DataError(
            f"{circling} events {_NAME!r} go round in a circle at one instant, so none of them "
            "comes first. Allowed: transfers that do not lead back to the giver at the same "
            "instant. Next step: leave them out, or write when each happened."
        )


def _circling(edges: pl.DataFrame) -> int:
    """Count transfers that are on, or between, circles at one instant."""
    left = edges
    while True:
        # Who only gives or only receives at an instant is on no circle.
        where = ["occurred_at", "wallet"]
        kept = left.join(
            left.select(*where, pl.col("receiver_id").alias("customer_id")).unique(),
            on=[*where, "customer_id"],
            how="semi",
        )
        kept = kept.join(
            kept.select(*where, pl.col("customer_id").alias("receiver_id")).unique(),
            on=[*where, "receiver_id"],
            how="semi",
        )
        if kept.height == left.height:
            return kept.height
        left = kept
