"""The report of a programme that runs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from retention_kit.contracts.law import report
from retention_kit.errors import bad_parameter
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.deriving.shop import check_is_program
from retention_kit.loyalty_rules.measured.first_rewards import first_rewards, least_units, waiting
from retention_kit.loyalty_rules.measured.matching import difference, strata_of
from retention_kit.loyalty_rules.measured.use import use_of
from retention_kit.metrics.base.observed import in_zone, zone_of

_SELF_SELECTED = (
    "Members chose to join. They are compared with customers who had bought as recently, as often "
    "and for as much before, and did not join; what else tells them apart is not seen, and keener "
    "customers join more readily. The difference is no proof of what the programme does: only a "
    "test with a control group is."
)


@dataclass(frozen=True, slots=True, eq=False)
class ProgramActivity:
    """How a programme that runs is used.

    Attributes:
        use: Members, active members, redeemers, and what became of what was issued; see
            `measured.use.use_of`.
        first_reward: How long members waited until they could spend; see
            `measured.first_rewards.waiting`.
        strata: Members and non-members who bought alike before, side by side; see
            `measured.matching.strata_of`. None where no span of joining was given.
        members_against_others: The difference over all strata; see `measured.matching.difference`.
        caution: What the comparison does not show.
    """

    use: pl.DataFrame
    first_reward: pl.DataFrame
    strata: pl.DataFrame | None
    members_against_others: pl.DataFrame | None
    caution: str = _SELF_SELECTED


@report
def program_activity(
    ledger: pl.LazyFrame | pl.DataFrame,
    orders: pl.LazyFrame | pl.DataFrame,
    *,
    program: LoyaltyProgram | ProgramHistory,
    as_of: dt.datetime,
    active_within: str = "90d",
    joined: tuple[dt.datetime, dt.datetime] | None = None,
) -> ProgramActivity:
    """Measure how a programme that runs is used.

    Args:
        ledger: The programme's entries, as `accrue` gives them, or those of a ledger store with the
            same columns.
        orders: The `orders` table, of members and others.
        program: The programme, which says how much can be spent at the least; of a history its
            last version.
        as_of: Observation instant, exclusive, with a time zone.
        active_within: How long before `as_of` an active member earned or redeemed last.
        joined: From when on, and before when, the members joined who are compared with customers
            who never did; what was bought from the second instant on is compared. None compares
            nobody.

    Returns:
        The tables.

    Raises:
        MissingColumnError: A required column of `orders` is absent.
        DefinitionError: `program` is no programme; an instant has no time zone; `joined` does not
            ascend to `as_of`; or `active_within` is no length.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> entries = orders.filter(pl.col("kind") == "sale").select(
        ...     "customer_id", pl.col("ordered_at").alias("at"), pl.lit("earn").alias("kind"),
        ...     pl.lit("points").alias("wallet"), pl.lit(1, pl.Int64).alias("lot"),
        ...     pl.lit(10, pl.Int64).alias("units"), pl.col("amount").alias("value"),
        ...     pl.col("ordered_at").alias("active_at"),
        ... )
        >>> club = LoyaltyProgram(name="Club", currency="RUB", rounding="down")
        >>> found = program_activity(entries, orders, program=club, as_of=as_of)
        >>> found.use.select("customers", "members", "redemption_rate").rows()
        [(2, 2, 0.0)]
    """
    check_is_program(program)
    sold = orders.lazy()
    zone = zone_of(sold.collect_schema())
    # A store may keep instants in another zone, and Polars compares those of one alone.
    table = ledger.lazy().with_columns(pl.col("at", "active_at").dt.convert_time_zone(zone))
    end = in_zone(as_of, zone)
    newest = program if isinstance(program, LoyaltyProgram) else program.programs[-1]
    strata = None
    if joined is not None:
        start, until = (in_zone(one, zone, "joined") for one in joined)
        if not start < until < end:
            raise bad_parameter(
                "joined", got=f"{start} to {until}", allowed="two instants that ascend to 'as_of'"
            )
        strata = strata_of(table, sold, joined_from=start, joined_until=until, as_of=end)
    return ProgramActivity(
        use=use_of(table, sold, as_of=end, active_within=active_within),
        first_reward=waiting(first_rewards(table, least_units(newest), as_of=end)),
        strata=strata,
        members_against_others=None if strata is None else difference(strata),
    )
