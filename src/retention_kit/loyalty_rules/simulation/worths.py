"""What a unit is worth, where versions of a programme say different things of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from retention_kit.contracts.schemas import SUM
from retention_kit.loyalty_rules.ledger import MOVES
from retention_kit.loyalty_rules.lowered.compiled import CompiledProgram

_FINE = pl.Decimal(38, 8)
"""A worth has no more digits than a programme may say."""


@dataclass(frozen=True, slots=True)
class NewWorth:
    """That a unit is worth something else from an instant on.

    Attributes:
        at: The instant, in microseconds.
        wallet: The wallet.
        more: By how much a unit is worth more, in money.
    """

    at: int
    wallet: str
    more: Decimal


def new_worths(plan: CompiledProgram) -> tuple[NewWorth, ...]:
    """Find where a version of a programme changes what a unit is worth."""
    found = []
    count = len(plan.wallets)
    for version in range(1, len(plan.versions)):
        for place, name in enumerate(plan.wallet_names):
            now = version * count + place
            more = plan.unit_worth[now] - plan.unit_worth[now - count]
            if more:
                exact = Decimal(more.numerator) / Decimal(more.denominator)
                found.append(NewWorth(plan.rules.version_from[version], name, exact))
    return tuple(found)


def with_revaluations(ledger: pl.LazyFrame, changes: tuple[NewWorth, ...]) -> pl.LazyFrame:
    """Add to entries what became of the worth of that which was held when it changed.

    An entry has the worth of its day. Points earned at a penny and spent at half a penny would
    leave something behind, though nothing is left.

    Args:
        ledger: Entries, from the first on.
        changes: What `new_worths` gives.

    Returns:
        The entries, and for each lot that was open at a change one of kind `revalue`, without
        units; its `value` is signed.
    """
    schema = ledger.collect_schema()
    zone = str(getattr(schema["at"], "time_zone", None) or "UTC")
    added = []
    for change in changes:
        at = pl.lit(change.at).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
        held = (
            ledger.filter(
                (pl.col("at") < at)
                & (pl.col("wallet") == change.wallet)
                & pl.col("kind").is_in(list(MOVES))
            )
            .group_by("customer_id", "wallet", "lot")
            .agg(pl.col("units").sum().alias("held"))
            .filter(pl.col("held") != 0)
        )
        worth = (pl.col("held").cast(_FINE) * pl.lit(change.more, dtype=_FINE)).cast(SUM)
        own = {
            "customer_id": pl.col("customer_id"),
            "at": at,
            "kind": pl.lit("revalue"),
            "wallet": pl.col("wallet"),
            "lot": pl.col("lot"),
            "units": pl.lit(0),
            "value": worth,
        }
        added.append(
            held.select(
                own.get(name, pl.lit(None)).cast(dtype).alias(name)
                for name, dtype in schema.items()
            )
        )
    return pl.concat([ledger, *added]) if added else ledger
