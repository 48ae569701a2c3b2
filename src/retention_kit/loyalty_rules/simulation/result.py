"""What a simulation found, as tables, and in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from retention_kit.contracts.schemas import SUM
from retention_kit.errors import DefinitionError, bad_parameter

_COMPARED = (
    "revenue",
    "customers_with_benefit",
    "opening",
    "opening_liability",
    "issued",
    "redeemed",
    "restored",
    "expired",
    "taken_back",
    "outstanding",
    "breakage",
    "liability",
    "discounts",
    "cost",
    "cost_share",
    "cost_with_liability",
    "cost_with_liability_share",
    "redemption_rate",
)

_OF_SHARES = ("share", "rate", "breakage")
"""How the names of figures end that are no money and no count."""


class Ledgers(dict[str, pl.DataFrame]):
    """The ledgers of a simulation by programme."""

    def __init__(self, programs: Iterable[str] | None) -> None:
        """Take the programmes' names; None where no ledgers are kept."""
        super().__init__()
        self._programs = None if programs is None else tuple(programs)

    def __missing__(self, program: str) -> pl.DataFrame:
        """Say which ledgers there are.

        Raises:
            DefinitionError: Always.
        """
        if self._programs is None:
            raise DefinitionError(
                "No ledgers were kept. Next step: simulate(…, keep_ledgers=True).",
                parameter="keep_ledgers",
            )
        raise bad_parameter("program", got=program, allowed=", ".join(map(repr, self._programs)))


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Simulation:
    """What programmes would have given and cost. Every table begins with `program`.

    Attributes:
        programs: The programmes' names, in the order given.
        totals: A row per programme; see `simulation.totals.totals`.
        by_month: A row per programme and month, in money; see `simulation.by_time.by_month`.
        by_wallet: A row per programme, wallet and month; see `simulation.by_time.by_wallet`.
        tier_flow: Who moved from tier to tier; see `simulation.by_tier.tier_flow`.
        customers_by_tier: Customers by month and tier; see `simulation.by_tier.customers_by_tier`.
        by_decile: Who wins: tenths of the customers by revenue; see
            `simulation.by_customer.by_decile`.
        customers: A row per programme and customer; see `simulation.by_customer.by_customer`.
        since: The instant from which on is reported.
        as_of: The instant before which.
        currency: The shop's currency.
        assumptions: What was assumed, in sentences.
        ledgers: By programme, every entry, where they were asked for.
    """

    programs: tuple[str, ...]
    totals: pl.DataFrame
    by_month: pl.DataFrame
    by_wallet: pl.DataFrame
    tier_flow: pl.DataFrame
    customers_by_tier: pl.DataFrame
    by_decile: pl.DataFrame
    customers: pl.DataFrame
    since: dt.datetime
    as_of: dt.datetime
    currency: str
    assumptions: tuple[str, ...]
    ledgers: Mapping[str, pl.DataFrame]

    def __repr__(self) -> str:
        names = ", ".join(map(repr, self.programs))
        return f"Simulation({names}, {self.since.date()} to {self.as_of.date()})"

    def __str__(self) -> str:
        table = self.compare()
        rows = [
            table.columns,
            *([name, *(_figure(name, one) for one in values)] for name, *values in table.rows()),
        ]
        wide = [max(len(row[place]) for row in rows) for place in range(len(table.columns))]
        return "\n".join(
            "  ".join(
                [row[0].ljust(wide[0])]
                + [cell.rjust(size) for cell, size in zip(row[1:], wide[1:], strict=True)]
            )
            for row in rows
        )

    def compare(self) -> pl.DataFrame:
        """Put the programmes side by side; `print(simulation)` shows every row of it.

        Returns:
            One row per figure of `totals` that matters to a comparison:

            - `figure` (`String`): the column of `totals`.
            - by the name of each programme (`Float64`): the figure; null where it is unknown.
        """
        wide = self.totals.select(pl.col(_COMPARED).cast(pl.Float64))
        return wide.transpose(
            include_header=True, header_name="figure", column_names=list(self.programs)
        )

    def winners(self, program: str, *, instead_of: str | None = None) -> pl.DataFrame:
        """Count who has more, as much and less of one programme than of another.

        Args:
            program: The programme.
            instead_of: The other one; None compares with no programme at all.

        Returns:
            One row per decile of revenue, 1 the highest:

            - `decile` (`Int64`).
            - `winners`, `unchanged`, `losers` (`Int64`): customers who have more, as much and less,
                what they received and hold together.
            - `gained`, `lost` (`Decimal(38, 4)`): by how much, winners and losers alone.

        Raises:
            DefinitionError: There is no such programme.
        """
        worth = (pl.col("received") + pl.col("held")).cast(SUM)
        own = self._customers_of(program).select("customer_id", "decile", worth.alias("own"))
        if instead_of is None:
            both = own.with_columns(pl.lit(0, dtype=SUM).alias("other"))
        else:
            other = self._customers_of(instead_of).select("customer_id", worth.alias("other"))
            both = own.join(other, on="customer_id", how="left").with_columns(
                pl.col("other").fill_null(0).cast(SUM)
            )
        more = pl.col("own") - pl.col("other")
        return (
            both.with_columns(more.cast(SUM).alias("more"))
            .group_by("decile")
            .agg(
                (pl.col("more") > 0).sum().cast(pl.Int64).alias("winners"),
                (pl.col("more") == 0).sum().cast(pl.Int64).alias("unchanged"),
                (pl.col("more") < 0).sum().cast(pl.Int64).alias("losers"),
                pl.col("more").filter(pl.col("more") > 0).sum().cast(SUM).alias("gained"),
                (-pl.col("more").filter(pl.col("more") < 0).sum()).cast(SUM).alias("lost"),
            )
            .sort("decile")
        )

    def summary(self) -> str:
        """Say in a few lines what each programme would have cost, and what was assumed."""
        lines = [f"{self.since.date()} to {self.as_of.date()} (exclusive), {self.currency}"]
        for row in self.totals.to_dicts():
            lines.append(
                f"{row['program']}: costs {_money(row['cost'])}, {_percent(row['cost_share'])} of "
                f"revenue; issued {_money(row['issued'])}, redeemed {_money(row['redeemed'])}, "
                f"expired {_money(row['expired'])}; outstanding {_money(row['outstanding'])}, of "
                f"which {_money(row['liability'])} is expected to be claimed (breakage "
                f"{_percent(row['breakage'])})."
            )
        return "\n".join([*lines, "Assumed:", *(f"- {one}" for one in self.assumptions)])

    def _customers_of(self, program: str) -> pl.DataFrame:
        if program not in self.programs:
            raise bad_parameter("program", got=program, allowed=", ".join(map(repr, self.programs)))
        return self.customers.filter(pl.col("program") == program)


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.3f}" if name.endswith(_OF_SHARES) else f"{value:,.0f}"


def _money(amount: object) -> str:
    return f"{amount:,.0f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}%"
