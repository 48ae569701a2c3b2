"""Programmes run over the orders of the past, each as if it had always been there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import polars as pl
from typing_extensions import Unpack

from retention_kit.contracts.bundle import Bundle
from retention_kit.contracts.law import report
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.simulation.assumed import UNCHANGED, Redemption, Response
from retention_kit.loyalty_rules.simulation.by_customer import by_customer, by_decile
from retention_kit.loyalty_rules.simulation.by_tier import NO_TIER, customers_by_tier, tier_flow
from retention_kit.loyalty_rules.simulation.by_time import (
    by_month,
    by_wallet,
    opening_liability,
)
from retention_kit.loyalty_rules.simulation.flows import Window, with_months
from retention_kit.loyalty_rules.simulation.ledgers import (
    Run,
    less_bothered,
    programs_of,
    run_program,
)
from retention_kit.loyalty_rules.simulation.repeating import with_response
from retention_kit.loyalty_rules.simulation.result import Ledgers, Simulation
from retention_kit.loyalty_rules.simulation.totals import totals
from retention_kit.loyalty_rules.simulation.worths import with_revaluations
from retention_kit.metrics.base.observed import in_zone, is_sale, observed, zone_of
from retention_kit.metrics.base.periods import period_index, period_start
from retention_kit.smart_segments.answers import Beside

Program = LoyaltyProgram | ProgramHistory
_Assumed = TypeVar("_Assumed", Redemption, Response)
_SAID = {
    "Redemption": "Redemption(share_of_customers=0.5) for half of the customers",
    "Response": "Response(more_orders=0.05) for five per cent more orders",
}
_ALWAYS = (
    "The programme has always been there: it runs from the first order in the data, and every "
    "customer with an id takes part."
)
_FACE_VALUE = (
    "Cost is the face value of what is given: discounts, and what is paid with points or money of "
    "a wallet. Revenue is what was paid in the data, after the discounts of that time and before "
    "the programme's."
)
_FACE_VALUE_WITH_RESPONSE = (
    "Cost is the face value of what is given: discounts, and what is paid with points or money of "
    "a wallet. Revenue is what was paid in the data and again in the repeated orders, after the "
    "discounts of that time and before the programme's."
)
_OLD_POINTS = "What was paid in points of an earlier programme counts as paid in money."
_BREAKAGE = (
    "Breakage is expired / (expired + redeemed), rule by rule, of the months whose issue is wholly "
    "spent or expired, as known at each month's end; it is 0 where no such month is over, and of "
    "what never expires."
)


@report
def simulate(
    dataset: Bundle,
    programs: Mapping[str, Program] | Iterable[Program] | Program,
    *,
    as_of: dt.datetime,
    since: dt.datetime | None = None,
    redemption: Redemption | None = None,
    response: Response | None = None,
    specs: Iterable[EarningRuleSpec] = (),
    keep_ledgers: bool = False,
    **beside: Unpack[Beside],
) -> Simulation:
    """Find what programmes would have given and cost on the orders of the past.

    Each programme runs by the same rules as the checkout's, one customer after the other, with its
    discounts taken off and with redemptions where `redemption` says so.

    Args:
        dataset: The shop's tables.
        programs: The programmes or histories of programmes by name, or several, named as they
            name themselves.
        as_of: Observation instant, exclusive, with a time zone.
        since: From when on to report; None from the first order on. Before it the programmes run
            too.
        redemption: Who redeems; None is `Redemption()`, half of the customers on every order.
        response: Whether customers buy more; None is that they do not.
        specs: What plugins give for their awards.
        keep_ledgers: Whether every entry is kept in `Simulation.ledgers`.
        **beside: What segments of the programmes need besides; see `smart_segments.Beside`.

    Returns:
        The tables, and what was assumed.

    Raises:
        DefinitionError: There is no programme, or two of one name; one is of another currency;
            `redemption` or `response` is something else;
            `as_of` or `since` has no time zone, or `since` is not before `as_of`; or there are no
            sales before `as_of`.
        PluginError: An award of a plugin is not handed in.

    References:
        IFRS 15, Revenue from Contracts with Customers, B39-B47.

    Examples:
        >>> from retention_kit.datasets import make_dataset
        >>> from retention_kit.loyalty_rules.ready import cashback
        >>> shop = make_dataset(200, seed=1)
        >>> as_of = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        >>> found = simulate(shop, cashback(currency=shop.currency), as_of=as_of)
        >>> found.totals["cost"].item() <= found.totals["issued"].item()
        True
    """
    if not isinstance(dataset, Bundle):
        raise bad_parameter("dataset", got=type(dataset).__name__, allowed="a Dataset")
    named = programs_of(programs, dataset.currency)
    handed_in = tuple(specs)
    redeeming = _assumption("redemption", Redemption, redemption) or Redemption()
    _assumption("response", Response, response)
    shop = dataset if response is None else with_response(dataset, response)
    bought = _Bought.of(shop, as_of, since)
    found: list[_Tables] = []
    cautions: dict[str, None] = {}
    kept = Ledgers(named if keep_ledgers else None)
    for name, program in named.items():
        run = run_program(
            shop,
            less_bothered(program, redeeming),
            as_of=as_of,
            redemption=redeeming,
            specs=handed_in,
            beside=beside,
        )
        found.append(_tables(name, run, bought))
        cautions.update(dict.fromkeys(_cautions(name if len(named) > 1 else None, run)))
        if keep_ledgers:
            kept[name] = run.ledger
    return Simulation(
        programs=tuple(named),
        **{
            name: pl.concat([getattr(one, name) for one in found])
            for name in (
                "totals",
                "by_month",
                "by_wallet",
                "tier_flow",
                "customers_by_tier",
                "by_decile",
                "customers",
            )
        },
        since=bought.window.since,
        as_of=bought.window.as_of,
        currency=dataset.currency,
        assumptions=(*_assumed(dataset, redeeming, response), *cautions),
        ledgers=kept,
    )


def _assumed(dataset: Bundle, redemption: Redemption, response: Response | None) -> Iterator[str]:
    yield UNCHANGED if response is None else response.sentence()
    yield redemption.sentence()
    yield _ALWAYS
    yield _FACE_VALUE if response is None else _FACE_VALUE_WITH_RESPONSE
    if _has_points(dataset.orders):
        yield _OLD_POINTS
    yield _BREAKAGE


def _cautions(name: str | None, run: Run) -> Iterator[str]:
    """Say what the data do not have, so that figures are not what a reader takes them for."""
    for sentence in run.silent:
        yield sentence if name is None else f"{name}: {sentence[0].lower()}{sentence[1:]}"
    if run.returns_of_nothing:
        yield (
            f"Returns that name no order of their customer: {run.returns_of_nothing:,}. Nothing "
            "was taken back for them, while the revenue is less what they brought back: the cost "
            "is too high rather than too low."
        )


def _assumption(name: str, kind: type[_Assumed], given: object) -> _Assumed | None:
    """Give what was assumed where it is an assumption of the kind.

    Raises:
        DefinitionError: It is something else.
    """
    if given is None or isinstance(given, kind):
        return given
    what = repr(given) if isinstance(given, int | float) else type(given).__name__
    raise DefinitionError(
        f"Parameter {name!r} is {what}. Allowed: loyalty_rules.{kind.__name__}(…) of a simulation, "
        f"or None. Next step: {_SAID[kind.__name__]}.",
        parameter=name,
    )


def _has_points(orders: pl.LazyFrame) -> bool:
    if "points_paid" not in orders.collect_schema():
        return False
    return bool(orders.select((pl.col("points_paid") > 0).any()).collect().item())


@dataclass(frozen=True, slots=True)
class _Bought:
    """What was bought, whatever the programme."""

    window: Window
    months: pl.DataFrame
    by_month: pl.DataFrame
    by_customer: pl.DataFrame
    joined: pl.LazyFrame

    @classmethod
    def of(cls, shop: Bundle, as_of: dt.datetime, since: dt.datetime | None) -> _Bought:
        zone = zone_of(shop.orders.collect_schema())
        seen = observed(shop.orders, as_of=as_of).filter(pl.col("customer_id").is_not_null())
        sold = is_sale(seen)
        first = seen.filter(sold).select(pl.col("ordered_at").min()).collect().item()
        if first is None:
            raise DefinitionError(
                "There are no sales of known customers before 'as_of', so nothing to simulate. "
                "Next step: a later 'as_of', or orders with customer ids.",
                parameter="as_of",
            )
        end = in_zone(as_of, zone)
        start = first if since is None else in_zone(since, zone, "since")
        if start >= end:
            raise bad_parameter("since", got=start, allowed=f"an instant before {end}")
        window = Window(start, end)
        inside = seen.filter(pl.col("ordered_at") >= pl.lit(start))
        month = period_start(period_index(pl.col("ordered_at"), "1mo"), "1mo").alias("month")
        figures = [
            sold.sum().cast(pl.Int64).alias("orders"),
            pl.col("amount").sum().cast(SUM).alias("revenue"),
        ]
        return cls(
            window,
            window.months(),
            inside.group_by(month).agg(figures).collect(),
            inside.group_by("customer_id").agg(figures).collect(),
            seen.filter(sold).group_by("customer_id").agg(month.min()),
        )


@dataclass(frozen=True, slots=True)
class _Tables:
    """The tables of one programme."""

    totals: pl.DataFrame
    by_month: pl.DataFrame
    by_wallet: pl.DataFrame
    tier_flow: pl.DataFrame
    customers_by_tier: pl.DataFrame
    by_decile: pl.DataFrame
    customers: pl.DataFrame


def _tables(name: str, run: Run, bought: _Bought) -> _Tables:
    entries = with_months(with_revaluations(run.ledger.lazy(), run.changes), bought.window)
    months = bought.months
    base = run.tiers[0] if run.begins_in_first else NO_TIER
    wallets = by_wallet(entries, months)
    monthly = by_month(wallets, entries, bought.by_month, months)
    customers = by_customer(entries, bought.by_customer, base)
    of_all = totals(
        monthly,
        wallets,
        customers,
        owed=opening_liability(entries, months),
        refused=run.refused,
    )
    standing = customers_by_tier(entries, bought.joined, base, list(run.tiers), months)
    parts = {
        "totals": of_all,
        "by_month": monthly,
        "by_wallet": wallets,
        "tier_flow": tier_flow(entries, base, months),
        "customers_by_tier": standing if run.tiers else standing.clear(),
        "by_decile": by_decile(customers),
        "customers": customers,
    }
    own = pl.lit(name).alias("program")
    return _Tables(**{key: one.select(own, pl.all()) for key, one in parts.items()})
