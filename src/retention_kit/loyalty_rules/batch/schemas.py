"""The columns of what is made of a history."""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.schemas import MONEY
from retention_kit.loyalty_rules.batch.account_rows import CUSTOMER


class Schemas:
    """The columns of the tables, for one shop."""

    def __init__(self, zone: str, ids: pl.DataType, orders: pl.DataType) -> None:
        """Take the shop's zone, and the types of customers' and orders' ids."""
        self.instant = pl.Datetime("us", zone)
        self.ledger = pl.Schema(
            {
                CUSTOMER: ids,
                "number": pl.Int64(),
                "at": self.instant,
                "kind": pl.String(),
                "wallet": pl.String(),
                "lot": pl.Int64(),
                "units": pl.Int64(),
                "value": MONEY,
                "rule": pl.String(),
                "source": pl.String(),
                "order_id": orders,
                "base": MONEY,
                "uncapped": pl.Int64(),
                "tier": pl.String(),
                "active_at": self.instant,
                "expires_at": self.instant,
                "reason": pl.String(),
            }
        )
        self.balances = pl.Schema(
            {
                CUSTOMER: ids,
                "wallet": pl.String(),
                "held": pl.Int64(),
                "active": pl.Int64(),
                "pending": pl.Int64(),
                "reserved": pl.Int64(),
                "available": pl.Int64(),
                "debt": pl.Int64(),
                "expires_next_at": self.instant,
                "expires_next_units": pl.Int64(),
                "value": MONEY,
            }
        )
        self.lots = pl.Schema(
            {
                CUSTOMER: ids,
                "wallet": pl.String(),
                "lot": pl.Int64(),
                "remaining": pl.Int64(),
                "reserved": pl.Int64(),
                "active_at": self.instant,
                "expires_at": self.instant,
                "rule": pl.String(),
                "label": pl.String(),
            }
        )
        self.tiers = pl.Schema(
            {
                CUSTOMER: ids,
                "tier": pl.String(),
                "since": self.instant,
                "until": self.instant,
            }
        )
        self.refused = pl.Schema(
            {
                CUSTOMER: ids,
                "source": pl.String(),
                "at": self.instant,
                "order_id": orders,
                "reason": pl.String(),
                "available": pl.Int64(),
            }
        )
