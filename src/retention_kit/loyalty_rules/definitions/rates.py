"""Rates as exact fractions: a wallet's smallest units per ten-thousandth of money."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from retention_kit.errors import DefinitionError
from retention_kit.loyalty_rules.definitions.awards import (
    Award,
    Multiplier,
    Proportional,
    TieredRate,
)

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.definitions.fields import ProgramFields
    from retention_kit.loyalty_rules.definitions.rules import EarningRule
    from retention_kit.loyalty_rules.definitions.wallets import Wallet

MONEY = 10_000
"""In how many parts a unit of money is counted."""
_SHOWN = Decimal("0.0001")
FINEST = 10**8
"""How large the numerator and the denominator of a rate may be with all its multipliers."""


def rate_of(wallet: Wallet, amount: Decimal, per: Decimal = Decimal(1)) -> Fraction:
    """Give a rate in the wallet's smallest units per ten-thousandth of money."""
    return Fraction(amount) * wallet.units_per_one / Fraction(per) / MONEY


def fraction_of(wallet: Wallet, award: Award) -> tuple[int, int]:
    """Give numerator and denominator of an award's rate.

    Of full steps they are the units of a step and the step in ten-thousandths of money; of a rate
    by steps the largest numerator and the denominator that all steps have in common; of what is
    fixed 1 and 1.
    """
    match award:
        case Proportional(full_steps=True):
            return wallet.units_of(award.amount), int(award.per * MONEY)
        case Proportional():
            return rate_of(wallet, award.amount, award.per).as_integer_ratio()
        case TieredRate():
            tops, bottom = steps_of(wallet, award)
            return max(tops), bottom
    return 1, 1


def steps_of(wallet: Wallet, award: TieredRate) -> tuple[tuple[int, ...], int]:
    """Give the numerators of the steps' rates, and the denominator that they have in common."""
    rates = [rate_of(wallet, rate) for _, rate in award.steps]
    bottom = lcm(*(rate.denominator for rate in rates))
    return tuple(rate.numerator * (bottom // rate.denominator) for rate in rates), bottom


def check_fractions(program: ProgramFields) -> None:
    """Raise where a rate, with everything that multiplies it, is beyond sense or not exact.

    Raises:
        DefinitionError: It cannot.
    """
    tiers = () if program.tiers is None else program.tiers.tiers
    factors = [Fraction(tier.benefits.multiplier) for tier in tiers]
    tier_top = max((factor.numerator for factor in factors), default=1)
    tier_bottom = max((factor.denominator for factor in factors), default=1)
    for rule in program.rules:
        if not isinstance(rule.award, Proportional | TieredRate):
            continue
        wallet = program.wallet(rule.wallet)
        top, bottom = fraction_of(wallet, rule.award)
        step = 1
        if isinstance(rule.award, Proportional) and rule.award.full_steps:
            step, bottom = bottom, 1  # only whole steps are multiplied
        top, bottom = top * tier_top, bottom * tier_bottom
        product = max(factors, default=Fraction(1))
        for other in program.rules:
            if isinstance(other.award, Multiplier) and other.wallet == rule.wallet:
                factor = Fraction(other.award.factor)
                top, bottom = top * factor.numerator, bottom * factor.denominator
                product *= factor
        if wallet.spending is not None:
            _check_multiplied(rule, wallet, product, program)
        if max(top, bottom) > FINEST or top > bottom * step:
            raise DefinitionError(
                f"The rate of the rule {rule.name!r} with everything that multiplies it is the "
                f"fraction {top}/{bottom} of ten-thousandths of money. Allowed: numbers up to "
                f"{FINEST:,} in it, and one unit for each. Next step: rounder rates and factors.",
                parameter="award",
            )


def _check_multiplied(
    rule: EarningRule, wallet: Wallet, product: Fraction, program: ProgramFields
) -> None:
    """Raise where what can be spent is more of the price than the programme says is meant.

    Raises:
        DefinitionError: It is.
    """
    rate = highest_rate(rule.award) * Fraction(wallet.value)
    if product > 1 and rate * product > Fraction(program.largest_rate):
        shown = Decimal(float(rate * product)).quantize(_SHOWN).normalize()
        raise DefinitionError(
            f"The rule {rule.name!r} gives {shown:f} per 1 of money with the highest tier and "
            f"every rule that multiplies it. Allowed: {program.largest_rate:f}. Next step: lower "
            "rates or factors, or allow it: largest_rate=….",
            parameter="largest_rate",
        )


def highest_rate(award: Award) -> Fraction:
    """Give the most that an award gives for one of money, in what the wallet counts."""
    match award:
        case Proportional():
            return Fraction(award.amount) / Fraction(award.per)
        case TieredRate():
            return Fraction(max(rate for _, rate in award.steps))
    return Fraction(0)
