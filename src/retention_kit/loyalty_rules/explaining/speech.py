"""What a language must say of entries and quotes, and the figures that both languages write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from retention_kit.loyalty_rules.definitions.awards import (
    Fixed,
    Multiplier,
    PluginAward,
    Proportional,
    TieredRate,
)

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.definitions.rules import EarningRule
    from retention_kit.loyalty_rules.definitions.tiers import By
    from retention_kit.loyalty_rules.lowered.compiled import CompiledProgram

Language = Literal["en", "ru"]
_A_MOMENT = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Speech:
    """How a language says things; each pattern is filled with what it names in braces.

    Attributes:
        number: Writes a number.
        date: Writes a date.
        quoted: Puts a name into quotes.
        points: Writes so many points: `1 point`, `49 points`.
        orders: Writes so many orders.
        said: The patterns by what they say.
        reasons: What is said of an entry because of its reason.
        listed: Joins names.
    """

    number: Callable[[Decimal], str]
    date: Callable[[dt.date], str]
    quoted: Callable[[object], str]
    points: Callable[[int], str]
    orders: Callable[[int], str]
    said: Mapping[str, str]
    reasons: Mapping[str, str]
    listed: Callable[[tuple[str, ...]], str]


class Teller:
    """A programme, spoken of in a language.

    Attributes:
        program: The programme.
        speech: The language.
    """

    def __init__(self, program: CompiledProgram, speech: Speech) -> None:
        self.program = program
        self.speech = speech
        self._zone = ZoneInfo(program.time_zone)

    def say(self, what: str, **filled: str) -> str:
        """Fill a pattern."""
        return self.speech.said[what].format(**filled)

    def money(self, money: Decimal) -> str:
        """Write money of the shop."""
        return self.say("money", number=self.speech.number(money), currency=self.program.currency)

    def units(self, wallet: str, units: int) -> str:
        """Write units of a wallet: points, or money."""
        found = self.program.wallet(wallet)
        if found.kind == "points":
            return self.speech.points(abs(units))
        return self.money(Decimal(abs(units)) / found.units_per_one)

    def name(self, name: object) -> str:
        """Write a name in quotes."""
        return self.speech.quoted(name)

    def day(self, at: dt.datetime) -> str:
        """Write the shop's day of an instant."""
        return self.speech.date(at.astimezone(self._zone).date())

    def last_day(self, until: dt.datetime) -> str:
        """Write the shop's last day before an instant."""
        return self.speech.date((until - _A_MOMENT).astimezone(self._zone).date())

    def figure(self, by: By, figure: Decimal) -> str:
        """Write a figure by which tiers are reached."""
        if by == "spend":
            return self.money(figure)
        count = self.speech.orders if by == "orders" else self.speech.points
        return count(int(figure))

    def lives(
        self, active: dt.datetime | None, expires: dt.datetime | None, at: dt.datetime
    ) -> str:
        """Say from when on and until when units can be spent."""
        if active is None:
            return self.say("waits")
        begin = self.say("from", day=self.day(active)) if active > at else self.say("at_once")
        return self.say("lives", begin=begin, end=self.ends(expires))

    def ends(self, expires: dt.datetime | None) -> str:
        """Say until when units can be spent."""
        if expires is None:
            return self.say("never")
        return self.say("until", day=self.last_day(expires))

    def rate(self, rule: EarningRule, base: Decimal) -> str:
        """Say by what a rule reckons, and from what."""
        award, wallet = rule.award, self.program.wallet(rule.wallet)

        def amount(of: Decimal) -> str:
            if wallet.kind == "money":
                return self.money(of)
            if of == int(of):
                return self.speech.points(int(of))
            return self.say("some_points", number=self.speech.number(of))

        match award:
            case Fixed():
                each = "fixed_each" if rule.counts_quantity else "fixed"
                count = self.speech.number(base)
                return self.say(each, amount=amount(award.amount), count=count)
            case Proportional():
                return self.say(
                    "full_steps" if award.full_steps else "proportional",
                    amount=amount(award.amount),
                    per=self.money(award.per),
                    base=self.money(base),
                )
            case TieredRate():
                rates = tuple(
                    self.say("step", amount=amount(rate), begin=self.money(begin))
                    for begin, rate in award.steps
                )
                steps = self.speech.listed(rates)
                return self.say(f"steps_{award.mode}", steps=steps, base=self.money(base))
            case PluginAward():
                return self.say("plugin", name=self.name(award.name))
            case Multiplier():
                return self.say("multiplier", factor=self.speech.number(award.factor))

    def tier_share(self, tier: str | None) -> Decimal:
        """Give by how much a tier multiplies what is earned."""
        if tier is None or tier not in self.program.tier_names:
            return Decimal(1)
        return self.program.benefits[self.program.tier_names.index(tier)].multiplier


def sentence(*parts: str) -> str:
    """Join what there is, with a capital and a full stop."""
    text = "".join(parts).strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
