"""The ledger that a programme would have written over a history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from retention_kit.contracts.bundle import Bundle
from retention_kit.contracts.schemas import MONEY
from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.loyalty_rules.batch.accruing import made_of
from retention_kit.loyalty_rules.batch.histories import spending_where
from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.definitions.wallets import Wallet
from retention_kit.loyalty_rules.deriving.all_sources import derive_events
from retention_kit.loyalty_rules.deriving.shop import check_is_program
from retention_kit.loyalty_rules.deriving.silent import rules_that_cannot_pay
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.simulation.assumed import Redemption
from retention_kit.loyalty_rules.simulation.worths import NewWorth, new_worths
from retention_kit.metrics.base.observed import is_sale, zone_of
from retention_kit.smart_segments.answers import Beside

Program = LoyaltyProgram | ProgramHistory
_SPENDS = "__spends"
_OF_OLDER = ("points_paid", "discount")
_IS_RETURN_OF_NOTHING = (pl.col("reason") == "unknown_order") & pl.col("source").str.starts_with(
    "return:"
)


@dataclass(frozen=True, slots=True)
class Run:
    """What a programme wrote.

    Attributes:
        ledger: Every entry.
        refused: How many events were refused.
        returns_of_nothing: How many of them are returns that name no order of the customer.
        silent: Which rules and discounts cannot pay, in sentences.
        changes: Where a unit becomes worth something else.
        tiers: The names of its tiers, the lowest first.
        begins_in_first: Whether everybody begins in the lowest.
    """

    ledger: pl.DataFrame
    refused: int
    returns_of_nothing: int
    silent: tuple[str, ...]
    changes: tuple[NewWorth, ...]
    tiers: tuple[str, ...]
    begins_in_first: bool


def programs_of(
    programs: Mapping[str, Program] | Iterable[Program] | Program, currency: str
) -> dict[str, Program]:
    """Give programmes by name.

    Raises:
        DefinitionError: There are none, two of one name, one of another currency, or something
            else among them.
    """
    if isinstance(programs, LoyaltyProgram | ProgramHistory):
        programs = [programs]
    if isinstance(programs, Mapping):
        pairs = list(programs.items())
    else:
        several = programs if isinstance(programs, Iterable) else [programs]
        pairs = [(_name_of(one), one) for one in several]
    if not pairs:
        raise bad_parameter("programs", got="none", allowed="at least one programme")
    found: dict[str, Program] = {}
    for name, one in pairs:
        check_is_program(one, "programs")
        if name in found:
            raise DefinitionError(
                f"Two programmes are named {name!r}. Next step: pass them by names of your own: "
                "simulate(dataset, {'now': …, 'then': …}, …).",
                parameter="programs",
            )
        for version in versions_of(one):
            if version.currency != currency:
                raise bad_parameter(
                    "currency",
                    got=version.currency,
                    allowed=f"{currency!r}, the shop's",
                    step=f"mend the programme {name!r}.",
                )
        found[name] = one
    return found


def versions_of(program: Program) -> tuple[LoyaltyProgram, ...]:
    """Give the versions of a programme, the earliest first."""
    return (program,) if isinstance(program, LoyaltyProgram) else program.programs


def less_bothered(program: Program, redemption: Redemption) -> Program:
    """Give a programme with the least amount that anybody bothers to spend as its minimum."""
    if not redemption.least:
        return program
    if isinstance(program, LoyaltyProgram):
        return _with_least(program, redemption.least)
    versions = [(day, _with_least(one, redemption.least)) for day, one in program.versions]
    return ProgramHistory(versions=versions)


def run_program(
    shop: Bundle,
    program: Program,
    *,
    as_of: dt.datetime,
    redemption: Redemption,
    specs: tuple[EarningRuleSpec, ...],
    beside: Beside,
) -> Run:
    """Run a programme over a history, with its discounts taken off and with redemptions.

    Args:
        shop: The shop's tables.
        program: The programme.
        as_of: Observation instant, exclusive.
        redemption: Who redeems.
        specs: What plugins give for their awards.
        beside: What its segments need besides.
    """
    schema = shop.orders.collect_schema()
    # Prices are taken as they stand: older points are money, and older discounts stay off.
    past = [pl.lit(None, dtype=MONEY).alias(name) for name in _OF_OLDER if name in schema]
    orders = shop.orders.with_columns(
        *past, (is_sale(shop.orders) & redemption.chosen()).alias(_SPENDS)
    )
    derived = derive_events(shop, program, as_of=as_of, **beside).collect(engine="streaming")
    made = made_of(
        orders,
        shop.order_items,
        shop.events if "events" in shop.given else None,
        derived.lazy() if derived.height else None,
        program=program,
        as_of=as_of,
        specs=specs,
        tables=("ledger", "refused"),
        applies=True,
        change=spending_where(_SPENDS),
        carried=(_SPENDS,),
    )
    ladders = [one.tiers for one in versions_of(program) if one.tiers is not None]
    names = [tier.name for ladder in ladders for tier in ladder.tiers]
    return Run(
        made["ledger"],
        made["refused"].height,
        made["refused"].filter(_IS_RETURN_OF_NOTHING).height,
        rules_that_cannot_pay(shop, program),
        new_worths(compile_program(program, time_zone=zone_of(schema), specs=specs)),
        tuple(dict.fromkeys(names)),
        begins_in_first=bool(ladders) and ladders[0].tiers[0].at == 0,
    )


def _name_of(program: Program) -> str:
    check_is_program(program, "programs")
    return versions_of(program)[-1].name


def _with_least(program: LoyaltyProgram, least: int | Decimal) -> LoyaltyProgram:
    return program.with_fields(wallets=tuple(_least_of(one, least) for one in program.wallets))


def _least_of(wallet: Wallet, least: int | Decimal) -> Wallet:
    if wallet.spending is None:
        return wallet
    minimum = max(wallet.spending.minimum, Decimal(least))
    raised: Wallet = wallet.with_fields(spending=wallet.spending.with_fields(minimum=minimum))
    return raised
