"""What every customer holds by a programme, of a whole history in one pass."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl
from typing_extensions import Unpack

from retention_kit.contracts.bundle import Bundle
from retention_kit.contracts.law import Frame, customer_local, report
from retention_kit.errors import bad_parameter
from retention_kit.loyalty_rules.batch.accounts import loyalty_lots, loyalty_tiers, refused_events
from retention_kit.loyalty_rules.batch.histories import TABLES
from retention_kit.loyalty_rules.batch.making import Program, lazy_table, made_of
from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.deriving.all_sources import derive_events
from retention_kit.loyalty_rules.deriving.silent import rules_that_cannot_pay
from retention_kit.loyalty_rules.lowered.compiled import CompiledProgram
from retention_kit.smart_segments.answers import Beside

__all__ = [
    "Accrual",
    "accrue",
    "ledger_entries",
    "loyalty_balances",
    "loyalty_lots",
    "loyalty_tiers",
    "made_of",
    "refused_events",
]


@dataclass(frozen=True, slots=True, repr=False)
class Accrual:
    """What a programme made of a history; see `accrue` for the columns.

    Attributes:
        ledger: Every entry.
        balances: What stands in each wallet of each customer.
        lots: The open lots.
        tiers: The tier that each customer is in.
        refused: The events that were refused, and why.
        notes: What a reader should know of the data, in sentences: which rules and discounts
            cannot pay, because nothing that they wait for is there.
    """

    ledger: pl.DataFrame
    balances: pl.DataFrame
    lots: pl.DataFrame
    tiers: pl.DataFrame
    refused: pl.DataFrame
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}: {getattr(self, name).height:,}" for name in TABLES)
        return f"Accrual(rows of {sizes}; notes: {len(self.notes)})"

    @property
    def discounts(self) -> pl.DataFrame:
        """The entries of discounts; none where prices are net of them already."""
        return self.ledger.filter(pl.col("kind") == "discount")


@report
def accrue(
    dataset: Bundle,
    program: Program,
    *,
    as_of: dt.datetime,
    derived: pl.LazyFrame | pl.DataFrame | None = None,
    specs: Iterable[EarningRuleSpec] = (),
    **beside: Unpack[Beside],
) -> Accrual:
    """Reckon a programme over the history of every customer.

    Args:
        dataset: The shop's tables.
        program: The programme, or its history.
        as_of: Observation instant, exclusive, with a time zone.
        derived: The table `loyalty_events`: what happened to accounts besides orders. None derives
            it of the dataset, as `derive_events` does.
        specs: What plug-ins give for their awards.
        **beside: What its segments need besides; see `smart_segments.Beside`.

    Returns:
        The tables that `ledger_entries`, `loyalty_balances`, `loyalty_lots`, `loyalty_tiers` and
        `refused_events` give, and notes on what cannot pay.

    Raises:
        MissingColumnError: A column without which a table says nothing is absent.
        ColumnTypeError: Ids of customers or orders are of another type than in `orders`.
        DataError: An event names a wallet that there is not, or an amount is none.
        DefinitionError: The programme, or one of its filters, asks for what is not there; or it is
            of another currency than the shop.

    Notes:
        The first history of more than 100,000 events is reckoned by code that is compiled then,
        for half a minute, once on a machine; shorter ones take it where it is there.

    Examples:
        >>> from retention_kit.datasets import make_dataset
        >>> from retention_kit.loyalty_rules.ready import short_points
        >>> shop = make_dataset(50, seed=1)
        >>> program = short_points(currency=shop.currency)
        >>> made = accrue(shop, program, as_of=dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
        >>> made.balances["held"].sum() == made.lots["remaining"].sum()
        True
    """
    if not isinstance(dataset, Bundle):
        raise bad_parameter(
            "dataset",
            got=type(dataset).__name__,
            allowed="a Dataset",
            step="Dataset.from_frames(…) makes one.",
        )
    _check_program(program, dataset.currency)
    notes = rules_that_cannot_pay(dataset, program, derived)
    if derived is None:
        derived = derive_events(dataset, program, as_of=as_of, **beside)
    made = made_of(
        dataset.orders,
        dataset.order_items,
        dataset.events,
        derived.lazy(),
        program=program,
        as_of=as_of,
        specs=specs,
        tables=TABLES,
    )
    return Accrual(**made, notes=notes)


@customer_local(ages=True)
def ledger_entries(
    orders: Frame,
    order_items: Frame | None = None,
    events: Frame | None = None,
    loyalty_events: Frame | None = None,
    *,
    program: Program,
    as_of: dt.datetime,
    specs: Iterable[EarningRuleSpec] = (),
) -> Frame:
    """Write the ledger of every customer: what was earned, spent, expired and taken back, and why.

    Args:
        orders: The `orders` table.
        order_items: The lines of the orders, where rules look at them.
        events: What customers did, where rules wait for it.
        loyalty_events: What happened to accounts besides, and what `derive_events` derived.
        program: The programme, or its history.
        as_of: Observation instant, exclusive, with a time zone.
        specs: What plug-ins give for their awards.

    Returns:
        One row per entry:

        - `customer_id`: as in `orders`.
        - `number` (`Int64`): within the customer, from 1 on.
        - `at` (`Datetime`): when it happened.
        - `kind` (`String`): `earn`, `activate`, `reserve`, `capture`, `release`, `redeem`,
            `expire`, `clawback`, `restore`, `adjust`, `transfer`, `discount`, `tier_up` or
            `tier_down`.
        - `wallet` (`String`), `lot` (`Int64`): null where there is none.
        - `units` (`Int64`): smallest units of the wallet, below 0 where they lower the balance.
        - `value` (`Decimal`): what they are worth, in the shop's currency.
        - `rule` (`String`): the earning rule, or the discount.
        - `source` (`String`): the event that caused it, such as `order:17`; null where time did.
        - `order_id`: the order that it is about.
        - `base` (`Decimal`): what it was reckoned from; of a tier, the figure reached.
        - `uncapped` (`Int64`): the units without caps and stacking.
        - `tier` (`String`): the tier in force.
        - `active_at`, `expires_at` (`Datetime`): of the lot; null for never.
        - `reason` (`String`): why.

    Raises:
        MissingColumnError: A column without which a table says nothing is absent.
        DefinitionError: The programme asks for what is not there.

    Notes:
        Rows of `events` that are named as what `derive_events` finds, such as `Birthday`, are not
        looked at. What is told again under its kind and key counts once, as it was taken first.
        issued + adjusted + net transfers = held + (redeemed − restored) + expired + taken back.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.loyalty_rules.ready import short_points
        >>> orders, as_of = example_orders()
        >>> entries = ledger_entries(orders, program=short_points(currency="RUB"), as_of=as_of)
        >>> "earn" in entries.collect()["kind"]
        True
    """
    given = (orders, order_items, events, loyalty_events)
    return lazy_table("ledger", given, program, as_of, specs)


@customer_local(ages=True)
def loyalty_balances(
    orders: Frame,
    order_items: Frame | None = None,
    events: Frame | None = None,
    loyalty_events: Frame | None = None,
    *,
    program: Program,
    as_of: dt.datetime,
    specs: Iterable[EarningRuleSpec] = (),
) -> Frame:
    """Give what stands in each wallet of every customer to whom anything happened.

    Args:
        orders: The `orders` table.
        order_items: The lines of the orders, where rules look at them.
        events: What customers did, where rules wait for it.
        loyalty_events: What happened to accounts besides, and what `derive_events` derived.
        program: The programme, or its history.
        as_of: Observation instant, exclusive, with a time zone.
        specs: What plug-ins give for their awards.

    Returns:
        One row per customer and wallet, in the wallet's smallest units:

        - `customer_id`: as in `orders`; `wallet` (`String`).
        - `held` (`Int64`): all of it, less what is owed.
        - `active`, `pending`, `reserved`, `available`, `debt` (`Int64`).
        - `expires_next_at` (`Datetime`), `expires_next_units` (`Int64`): what expires next.
        - `value` (`Decimal`): what is held, in the shop's currency.

    Raises:
        MissingColumnError: A column without which a table says nothing is absent.
        DefinitionError: The programme asks for what is not there.

    Notes:
        held = active + pending − debt; available = active − reserved − debt. No entries are made.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.loyalty_rules.ready import short_points
        >>> orders, as_of = example_orders()
        >>> program = short_points(currency="RUB")
        >>> loyalty_balances(orders, program=program, as_of=as_of).collect()["debt"].sum()
        0
    """
    given = (orders, order_items, events, loyalty_events)
    return lazy_table("balances", given, program, as_of, specs)


def _check_program(program: object, currency: str) -> None:
    """Raise where it is no programme, or one of another currency.

    Raises:
        DefinitionError: So it is.
    """
    if isinstance(program, CompiledProgram):
        raise bad_parameter(
            "program",
            got="a CompiledProgram",
            allowed="a LoyaltyProgram or a ProgramHistory",
            step="pass the programme itself, which is compiled for the zone of the dataset.",
        )
    if not isinstance(program, Program):
        raise bad_parameter(
            "program",
            got=type(program).__name__,
            allowed="a LoyaltyProgram or a ProgramHistory",
        )
    versions = (program,) if isinstance(program, LoyaltyProgram) else program.programs
    if versions[0].currency != currency:
        raise bad_parameter(
            "currency",
            got=versions[0].currency,
            allowed=f"{currency!r}, the shop's",
            step=f"program.with_fields(currency={currency!r}), and amounts that fit it.",
        )
