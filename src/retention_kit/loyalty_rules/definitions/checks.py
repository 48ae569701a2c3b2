"""What must hold among the parts of a programme, and among the versions of one."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Sequence, Sized
from decimal import Decimal
from typing import TYPE_CHECKING

from retention_kit.errors import DefinitionError, bad_parameter, nearest_names
from retention_kit.loyalty_rules.definitions.awards import (
    Award,
    Fixed,
    Proportional,
    TieredRate,
)
from retention_kit.loyalty_rules.definitions.rates import check_fractions
from retention_kit.loyalty_rules.definitions.triggers import TierReached

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.definitions.discounts import Discount
    from retention_kit.loyalty_rules.definitions.fields import ProgramFields
    from retention_kit.loyalty_rules.definitions.limits import PromoCode
    from retention_kit.loyalty_rules.definitions.rules import EarningRule

MOST = 62
"""How many rules, discounts, tiers or segments all versions together may have."""


def check_program(program: ProgramFields) -> None:
    """Raise where the parts of a programme do not go together.

    Raises:
        DefinitionError: They do not; the message says which.
    """
    _check_once("wallets", (one.name for one in program.all_wallets))
    _check_once("rules", (one.name for one in program.rules))
    _check_once("discounts", (one.name for one in program.discounts))
    _check_most(program.rules, "rules")
    _check_most(program.discounts, "discounts")
    _check_names(program)
    _check_groups(program)
    for rule in program.rules:
        _check_rule(program, rule)
    for discount in program.discounts:
        if discount.share is not None:
            _check_rate(f"The discount {discount.name!r}", discount.share, program)
    _check_tiers(program)
    check_promos([program])
    check_segments([program])
    check_fractions(program)


def check_history(versions: Sequence[tuple[dt.date, ProgramFields]]) -> None:
    """Raise where versions cannot follow each other.

    Raises:
        DefinitionError: They cannot.
    """
    days = [day for day, _ in versions]
    if any(a >= b for a, b in itertools.pairwise(days)):
        raise bad_parameter(
            "versions",
            got=[day.isoformat() for day in days],
            allowed="days that ascend",
            step="sort the versions by the day from which they hold.",
        )
    programs = [program for _, program in versions]
    if len({program.currency for program in programs}) > 1:
        raise bad_parameter(
            "currency",
            got=sorted({program.currency for program in programs}),
            allowed="one currency in all versions",
        )
    kinds: dict[str, str] = {}
    for program in programs:
        for wallet in program.all_wallets:
            if kinds.setdefault(wallet.name, wallet.kind) != wallet.kind:
                raise DefinitionError(
                    f"The wallet {wallet.name!r} is of points in one version and of money in "
                    "another. Allowed: one kind. Next step: give the new one another name.",
                    parameter="wallets",
                )
    _check_most([rule for program in programs for rule in program.rules], "rules")
    _check_most([one for program in programs for one in program.discounts], "discounts")
    ladders = [program.tiers for program in programs if program.tiers is not None]
    counted = sorted({ladder.wallet for ladder in ladders if ladder.wallet is not None})
    if len(counted) > 1:
        raise bad_parameter(
            "tiers",
            got=f"points of the wallets {', '.join(map(repr, counted))}",
            allowed="points of one wallet in all versions",
        )
    _check_most([tier for ladder in ladders for tier in ladder.tiers], "tiers")
    check_segments(programs)


def check_segments(programs: Iterable[ProgramFields]) -> None:
    """Raise where two segments of one name are not the same, or there are too many.

    Raises:
        DefinitionError: So it is.
    """
    known: dict[str, object] = {}
    for program in programs:
        for one in _rules_and_discounts(program):
            if one.segment is None:
                continue
            asked = (one.segment, one.refreshed)
            if known.setdefault(one.segment.name, asked) != asked:
                raise DefinitionError(
                    f"Two segments are named {one.segment.name!r}, and are not the same or not "
                    "looked at equally often. Next step: give one of them another name.",
                    parameter="segment",
                )
    _check_most(known, "segments")


def check_promos(programs: Iterable[ProgramFields]) -> None:
    """Raise where one code has two limits.

    Raises:
        DefinitionError: It has.
    """
    for program in programs:
        known: dict[str, PromoCode] = {}
        for one in _rules_and_discounts(program):
            promo = one.promo
            if promo is not None and known.setdefault(promo.code, promo).limit != promo.limit:
                raise bad_parameter(
                    "promo",
                    got=f"two limits of the code {promo.code!r}",
                    allowed="one limit for a code",
                )


def _rules_and_discounts(program: ProgramFields) -> list[EarningRule | Discount]:
    return [*program.rules, *program.discounts]


def _check_once(parameter: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise bad_parameter(parameter, got=f"{name!r} twice", allowed="each name once")
        seen.add(name)


def _check_most(found: Sized, what: str) -> None:
    count = len(found)
    if count > MOST:
        raise bad_parameter(what, got=f"{count} {what}", allowed=f"{MOST} in all versions together")


def _check_names(program: ProgramFields) -> None:
    """Raise where something is named that there is not."""
    wallets = [one.name for one in program.all_wallets]
    tiers = [] if program.tiers is None else [tier.name for tier in program.tiers.tiers]
    for rule in program.rules:
        check = _of(f"The rule {rule.name!r}")
        check("wallet", rule.wallet, wallets)
        for tier in rule.tiers:
            check("tier", tier, tiers)
        if isinstance(rule.trigger, TierReached) and rule.trigger.tier is not None:
            check("tier", rule.trigger.tier, tiers)
        if rule.group and rule.group not in program.stacking:
            check("group", rule.group, list(program.stacking))
    for discount in program.discounts:
        for tier in discount.tiers:
            _of(f"The discount {discount.name!r}")("tier", tier, tiers)
    if program.tiers is not None and program.tiers.wallet is not None:
        _of("The tiers")("wallet", program.tiers.wallet, wallets)
    groups = list(dict.fromkeys(rule.group for rule in program.rules if rule.group))
    for group in program.stacking:
        _of("stacking")("group", group, groups)


def _of(whose: str) -> Callable[[str, str, list[str]], None]:
    def check(what: str, name: str, known: list[str]) -> None:
        if name in known:
            return
        near = nearest_names(name, known)
        hint = f" Nearest: {', '.join(map(repr, near))}." if near else ""
        allowed = ", ".join(map(repr, known)) or f"none, for there is no {what}"
        step = (
            "say in stacking={…} which rules of the group pay."
            if what == "group" and whose != "stacking"
            else "mend the name."
        )
        raise DefinitionError(
            f"{whose} names the {what} {name!r}, which the programme does not have. Allowed: "
            f"{allowed}.{hint} Next step: {step}",
            parameter=what,
        )

    return check


def _check_groups(program: ProgramFields) -> None:
    """Raise where rules of several wallets stand in one group."""
    for group in program.stacking:
        wallets = {rule.wallet for rule in program.rules if rule.group == group}
        if len(wallets) > 1:
            raise bad_parameter(
                "group",
                got=f"{group!r} in the wallets {', '.join(map(repr, sorted(wallets)))}",
                allowed="rules of one wallet in a group",
                step="give those of the other wallet a group of their own.",
            )


def _check_rule(program: ProgramFields, rule: EarningRule) -> None:
    """Raise where an award or a cap is not of its wallet, or beyond sense."""
    wallet, award = program.wallet(rule.wallet), rule.award
    whose = f"The rule {rule.name!r}"
    for cap in rule.caps:
        if cap.of != "amount":
            continue
        wallet.units_of(cap.limit, "limit")
        least = _least(award)
        if least is not None and least > cap.limit:
            raise DefinitionError(
                f"{whose} gives {least:f} and has a cap of {cap.limit:f}, below its "
                "smallest award. Allowed: a cap of at least one award. Next step: raise the cap, "
                "or lower the award.",
                parameter="caps",
            )
    if isinstance(award, Fixed):
        wallet.units_of(award.amount, "amount")
    if isinstance(award, Proportional):
        if award.full_steps:
            wallet.units_of(award.amount, "amount")
        if wallet.spending is not None:
            _check_rate(whose, award.amount * wallet.value / award.per, program)
    if isinstance(award, TieredRate) and wallet.spending is not None:
        _check_rate(whose, max(rate for _, rate in award.steps) * wallet.value, program)


def _least(award: Award) -> Decimal | None:
    """Give the least that an award gives, if anything; None where any amount may be."""
    match award:
        case Fixed() | Proportional(full_steps=True):
            return award.amount
    return None


def _check_rate(whose: str, rate: Decimal, program: ProgramFields) -> None:
    if rate > program.largest_rate:
        raise DefinitionError(
            f"{whose} gives {rate.quantize(Decimal('0.0001')).normalize():f} per 1 of money. "
            f"Allowed: {program.largest_rate:f}. Next step: mend the rate (5 % is '0.05'), or "
            "allow it: largest_rate=….",
            parameter="largest_rate",
        )


def _check_tiers(program: ProgramFields) -> None:
    ladder = program.tiers
    if ladder is None:
        return
    for tier in ladder.tiers:
        if ladder.wallet is not None:
            program.wallet(ladder.wallet).units_of(tier.at, "at")
        _check_rate(f"The tier {tier.name!r}", tier.benefits.discount, program)
