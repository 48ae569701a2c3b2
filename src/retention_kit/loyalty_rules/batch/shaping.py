"""What the kernel made, as tables: names for numbers, instants, exact money."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

from retention_kit.contracts.schemas import MONEY
from retention_kit.loyalty_rules.batch.account_rows import CUSTOMER, KINDS, NO_KIND
from retention_kit.loyalty_rules.batch.columns import Numbers
from retention_kit.loyalty_rules.batch.faults import FAULT, FAULTS
from retention_kit.loyalty_rules.batch.reckoning import Reckoned
from retention_kit.loyalty_rules.batch.schemas import Schemas
from retention_kit.loyalty_rules.batch.taking import Chunk
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.kernel.layout import LONG_AGO, NEVER
from retention_kit.loyalty_rules.ledger import KINDS as ENTRY_KINDS
from retention_kit.loyalty_rules.ledger import REASONS
from retention_kit.loyalty_rules.lowered.parts import NO_MONEY
from retention_kit.loyalty_rules.lowered.plan import CompiledProgram

_FIGURES = (
    "held",
    "active",
    "pending",
    "reserved",
    "debt",
    "expires_next_at",
    "expires_next_units",
)
SOURCES = {
    layout.ORDER: "order",
    layout.RETURN: "return",
    **{number: name for name, number in KINDS.items()},
    NO_KIND: "unknown",
}
"""How the sources of events begin, by kind."""
OUTCOMES = (
    "done",
    "over_balance",
    "below_minimum",
    "not_a_step",
    "above_share",
    "not_spendable",
    "unknown_order",
    "more_than_bought",
    "too_late",
    "no_reservation",
    "reserved_already",
    "unknown_label",
    "repeated",
)
"""What may become of an event, by the kernel's numbers."""
_NOT_REFUSED = (layout.DONE, layout.REPEATED)
_WITH_FIGURE = (
    layout.OVER_BALANCE,
    layout.BELOW_MINIMUM,
    layout.NOT_A_STEP,
    layout.ABOVE_SHARE,
    layout.NOT_SPENDABLE,
)
"""The refusals of which it is known how many units would be allowed."""
_ID_OF_ORDER = (layout.ORDER, layout.RETURN, layout.ACTIVATE)


class Shape(Schemas):
    """Makes the tables of what the kernel made, for one programme and one shop."""

    def __init__(self, plan: CompiledProgram, zone: str, ids: pl.DataType, orders: pl.DataType):
        """Take the programme, the shop's zone, and the types of customers' and orders' ids."""
        super().__init__(zone, ids, orders)
        self.plan = plan

    def ledger_of(self, chunk: Chunk, found: Reckoned) -> pl.DataFrame:
        """Give the entries."""
        of, plan, rules = found.entries, self.plan, self.plan.rules
        counts = np.diff(found.ends, prepend=0)
        firsts = np.repeat(found.ends - counts, counts)
        kind, wallet, units = of["kind"], of["wallet"], of["units"]
        version = np.searchsorted(np.array(rules.version_from)[1:], of["at"], side="right")
        is_discount = kind == layout.DISCOUNTED
        event = _or_null(of["event"], of["event"] < 0)
        names = [*plan.rule_names, *plan.discount_names]
        rule = np.where(
            is_discount & (of["rule"] >= 0), of["rule"] + len(plan.rule_names), of["rule"]
        )
        return pl.DataFrame(
            {
                CUSTOMER: _repeated(chunk.customers, counts),
                "number": np.arange(len(kind)) - firsts + 1,
                "at": self._instants(of["at"]),
                "kind": _named(
                    kind, [ENTRY_KINDS.get(one, "") for one in range(max(ENTRY_KINDS) + 1)]
                ),
                "wallet": _named(wallet, plan.wallet_names),
                "lot": _or_null(of["lot"], of["lot"] < 0),
                "units": np.where(is_discount, units // 100, units),
                "value": _money(np.where(is_discount, units, self._worth(version, wallet, units))),
                "rule": _named(rule, names),
                "source": sources(chunk.rows).gather(event),
                "order_id": order_ids(chunk.rows).gather(event),
                "base": self._bases(of, version),
                "uncapped": _or_null(
                    of["uncapped"],
                    ~(
                        ((kind == layout.EARNED) & (of["reason"] == layout.BY_RULE))
                        | (of["reason"] == layout.FORGIVEN)
                    ),
                ),
                "tier": _named(of["tier"], plan.tier_names),
                "active_at": self._instants(of["active"]),
                "expires_at": self._instants(of["expires"]),
                "reason": _named(of["reason"], REASONS),
            },
            schema=self.ledger,
        )

    def balances_of(self, chunk: Chunk, found: Reckoned, as_of: int) -> pl.DataFrame:
        """Give what stands in each wallet of each customer."""
        wallets = self.plan.rules.wallets
        flat = found.balances.reshape(-1, len(_FIGURES))
        of = {name: flat[:, place] for place, name in enumerate(_FIGURES)}
        wallet = np.tile(np.arange(wallets), len(chunk.customers))
        version = np.full(len(wallet), self.plan.version_at(as_of - 1))
        return pl.DataFrame(
            {
                CUSTOMER: _repeated(chunk.customers, np.full(len(chunk.customers), wallets)),
                "wallet": _named(wallet, self.plan.wallet_names),
                "held": of["held"],
                "active": of["active"],
                "pending": of["pending"],
                "reserved": of["reserved"],
                "available": of["active"] - of["reserved"] - of["debt"],
                "debt": of["debt"],
                "expires_next_at": self._instants(of["expires_next_at"]),
                "expires_next_units": of["expires_next_units"],
                "value": _money(self._worth(version, wallet, of["held"])),
            },
            schema=self.balances,
        )

    def lots_of(self, chunk: Chunk, found: Reckoned) -> pl.DataFrame:
        """Give the open lots."""
        counts = np.diff(found.lot_ends, prepend=0)
        rows = found.lots[: int(counts.sum())]
        return pl.DataFrame(
            {
                CUSTOMER: _repeated(chunk.customers, counts),
                "wallet": _named(rows[:, 0], self.plan.wallet_names),
                "lot": rows[:, 1],
                "remaining": rows[:, 2],
                "reserved": rows[:, 3],
                "active_at": self._instants(rows[:, 4]),
                "expires_at": self._instants(rows[:, 5]),
                "rule": _named(rows[:, 6], self.plan.rule_names),
                "label": _named(rows[:, 7], chunk.names),
            },
            schema=self.lots,
        )

    def tiers_of(self, chunk: Chunk, found: Reckoned) -> pl.DataFrame:
        """Give the tier that each customer is in."""
        tier, since, until = found.tiers[:, 0], found.tiers[:, 2], found.tiers[:, 3]
        return pl.DataFrame(
            {
                CUSTOMER: chunk.customers,
                "tier": _named(tier, self.plan.tier_names),
                "since": self._instants(np.where((tier < 0) | (since == LONG_AGO), NEVER, since)),
                "until": self._instants(until),
            },
            schema=self.tiers,
        )

    def refused_of(self, chunk: Chunk, found: Reckoned) -> pl.DataFrame:
        """Give the events that were refused."""
        refused = ~np.isin(found.outcome, _NOT_REFUSED)
        rows, why = chunk.rows.filter(refused), found.outcome[refused]
        return pl.DataFrame(
            {
                CUSTOMER: rows[CUSTOMER],
                "source": sources(rows),
                "at": self._instants(chunk.events.at[refused]),
                "order_id": order_ids(rows),
                "reason": _named(why, OUTCOMES),
                "available": _or_null(found.available[refused], ~np.isin(why, _WITH_FIGURE)),
            },
            schema=self.refused,
        )

    def broken_of(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Give rows that cannot be as refused: the reason is the rule that they break."""
        if rows.is_empty():
            return pl.DataFrame(schema=self.refused)
        if "key" in rows.columns:
            rows = rows.with_columns(pl.col("key").fill_null(""))
        at = rows["at"].to_numpy().astype(np.int64)
        return pl.DataFrame(
            {
                CUSTOMER: rows[CUSTOMER],
                "source": sources(rows),
                "at": self._instants(at),
                "order_id": order_ids(rows),
                "reason": _named(rows[FAULT].cast(pl.Int64).to_numpy(), FAULTS),
                "available": pl.Series([None] * rows.height, dtype=pl.Int64),
            },
            schema=self.refused,
        ).sort(CUSTOMER, "at", "source", "order_id", "reason")

    def _instants(self, at: Numbers) -> pl.Series:
        told = _or_null(at, (at >= NEVER) | (at <= LONG_AGO))
        zone = str(self.instant.time_zone)
        return told.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)

    def _worth(self, version: Numbers, wallet: Numbers, units: Numbers) -> Numbers:
        """Give what units are worth in ten-thousandths of money, half to even."""
        rules = self.plan.rules
        row = np.where(wallet >= 0, version * rules.wallets + wallet, 0)
        top, bottom = (
            np.array(rules.wallet_top or [0])[row],
            np.array(rules.wallet_bottom or [1])[row],
        )
        product = np.where(wallet >= 0, units, 0) * top
        whole, rest = product // bottom, product % bottom
        up = (2 * rest > bottom) | ((2 * rest == bottom) & (whole % 2 == 1))
        worth: Numbers = whole + up
        return worth

    def _bases(self, of: dict[str, Numbers], version: Numbers) -> pl.Series:
        """Give what was reckoned from: money, a count, or the figure by which tiers are reached."""
        kind, base, rules = of["kind"], of["base"], self.plan.rules
        of_tiers = np.isin(kind, (layout.TIER_UP, layout.TIER_DOWN))
        by_money = np.array(rules.ladder_by or [0])[version] == layout.BY_SPEND
        flags = np.array(rules.base_flags)[np.array(rules.rule_base or [0])]
        no_money = (flags & NO_MONEY != 0)[np.where(of["rule"] >= 0, of["rule"], 0) % len(flags)]
        counted = (of_tiers & ~by_money) | ((kind == layout.EARNED) & no_money)
        reckoned = np.isin(kind, (layout.EARNED, layout.DISCOUNTED)) & (
            of["reason"] != layout.CERTIFICATE
        )
        return _money(np.where(counted, base * layout.MONEY, base), ~(of_tiers | reckoned))


def sources(rows: pl.DataFrame) -> pl.Series:
    """Name the events of rows: their kind and their key."""
    key = pl.col("order_id").cast(pl.String)
    if "key" in rows.columns:
        by_order = pl.col("kind").is_in(_ID_OF_ORDER)
        key = pl.when(by_order).then(key).otherwise("key")
    kind = pl.col("kind").replace_strict(SOURCES, return_dtype=pl.String)
    return rows.select(pl.concat_str([kind, key], separator=":").alias("source")).to_series()


def order_ids(rows: pl.DataFrame) -> pl.Series:
    """Give the orders that the events of rows are about."""
    if "ref" not in rows.columns:
        return rows["order_id"]
    return rows.select(pl.coalesce("ref", "order_id").alias("order_id")).to_series()


def _repeated(values: pl.Series, counts: Numbers) -> pl.Series:
    return values.gather(np.repeat(np.arange(len(counts)), counts))


def _named(numbers: Numbers, names: Iterable[str]) -> pl.Series:
    """Give names by number; below 0 there is none."""
    place = _or_null(numbers, numbers < 0)
    return pl.Series(list(names), dtype=pl.String).gather(place)


def _or_null(numbers: Numbers, absent: npt.NDArray[np.bool_]) -> pl.Series:
    """Give numbers, null where they are absent."""
    told = pl.DataFrame({"number": numbers, "absent": absent})
    return told.select(pl.when(~pl.col("absent")).then("number")).to_series()


def _money(parts: Numbers, absent: npt.NDArray[np.bool_] | None = None) -> pl.Series:
    """Give money of its ten-thousandths."""
    told = pl.Series(parts) if absent is None else _or_null(parts, absent)
    wide = pl.Decimal(38, 4)
    scaled = pl.col("parts").cast(wide) / pl.lit(layout.MONEY).cast(wide)
    return told.alias("parts").to_frame().select(scaled.cast(MONEY)).to_series()
