"""Earning rules in columns, and the filters that set their bits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from retention_kit.loyalty_rules.definitions.awards import (
    Fixed,
    Multiplier,
    PluginAward,
    Proportional,
    TieredRate,
)
from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.limits import Cap
from retention_kit.loyalty_rules.definitions.moments import AtOnce, Pending, WhenDelivered
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.definitions.rates import MONEY, fraction_of, steps_of
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.triggers import (
    EachOrder,
    FirstOrder,
    NthOrder,
    TierReached,
)
from retention_kit.loyalty_rules.definitions.wallets import Wallet
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.lowered.calendars import number_of
from retention_kit.loyalty_rules.lowered.numbering import NONE, Numbers
from retention_kit.loyalty_rules.lowered.parts import EVER, Base, Filter, SegmentUse

Columns = defaultdict[str, list[int]]
"""Columns under construction, by the name that they have in `layout.Rules`."""
ROUNDINGS = {
    "down": layout.DOWN,
    "half_up": layout.HALF_UP,
    "half_even": layout.HALF_EVEN,
    "up": layout.UP,
}
_STACKINGS = {"sum": layout.SUM, "best": layout.BEST, "first": layout.FIRST}
_PERIODS = {
    "order": -2,
    "lifetime": -1,
    "day": 0,
    "week": 1,
    "month": 2,
    "quarter": 3,
    "year": 4,
}
_ON_ORDER, _ON_FIRST, _ON_NTH, _ON_EVERY_NTH, _ON_ACTIVITY, _ON_TIER = range(6)


def add_rule(
    rule: EarningRule,
    program: LoyaltyProgram,
    columns: Columns,
    numbers: Numbers,
    tiers: dict[str, int],
) -> None:
    """Add a rule to the columns.

    Args:
        rule: The rule.
        program: The version of the programme in which it stands.
        columns: The columns.
        numbers: What has numbers.
        tiers: The numbers of that version's tiers, by name.
    """
    wallet = program.wallet(rule.wallet)
    trigger, number = _trigger(rule, tiers)
    add = adder(columns, "rule_")
    add("trigger", trigger)
    add("number", number)
    add("wallet", numbers.wallets.number(rule.wallet))
    add("base", numbers.bases.number(base_of(rule)))
    _add_award(rule, wallet, columns)
    add("tiers", bits_of(rule.tiers, tiers))
    add("segment", segment_of(rule, numbers))
    add("group", numbers.groups.number(rule.group) if rule.group else NONE)
    add("stacking", _STACKINGS[program.stacking.get(rule.group, "sum")])
    add("cooldown", numbers.begin(rule.cooldown))
    add("first_cap", len(columns["cap_limit"]))
    add("caps", _add_caps(rule, wallet, columns))
    add("pending", numbers.pending(_pending(rule, wallet)))
    add("expiry", numbers.expiry(wallet.expiry if rule.expiry is None else rule.expiry))
    add("rounding", ROUNDINGS[program.rounding])


def base_of(rule: EarningRule) -> Base:
    """Give what a rule looks at."""
    award = rule.award
    on_order = rule.trigger.ON == "order"
    match award:
        case PluginAward():
            return Base("plugin", plugin=award, on=rule.trigger.ON)
        case Fixed() if rule.counts_quantity:
            return Base("count", lines=rule.lines)
        case Fixed() | Multiplier() if on_order:
            # As long as goods are left, even where wallets paid for all of them.
            return Base(lines=rule.lines, with_points=True)
        case Proportional() | TieredRate() if on_order:
            return Base(
                lines=rule.lines,
                before_discount=award.before_discount,
                with_points=award.with_points,
            )
    return Base()


def filter_of(one: EarningRule | Discount, bit: int, version: int) -> Filter:
    """Give the filter of a rule or of a discount."""
    trigger = one.trigger if isinstance(one, EarningRule) else EachOrder()
    return Filter(
        bit=bit,
        version=version,
        on=trigger.ON,
        activity=trigger.activity,
        where=one.where,
        lines=one.lines,
        first_day=-EVER if one.valid_from is None else number_of(one.valid_from),
        last_day=EVER if one.valid_until is None else number_of(one.valid_until),
        hours=tuple((hours.weekday_bits, *hours.microseconds) for hours in one.hours),
        promo=None if one.promo is None else one.promo.code,
    )


def segment_of(one: EarningRule | Discount, numbers: Numbers) -> int:
    """Give the number of the segment that a rule, or a discount, asks for; none for none."""
    if one.segment is None:
        return NONE
    return numbers.segments.number(SegmentUse(one.segment, one.refreshed))


def bits_of(names: tuple[str, ...], tiers: dict[str, int]) -> int:
    """Give tiers as bits; none named is 0."""
    return sum(1 << number for number in {tiers[name] for name in names})


def _trigger(rule: EarningRule, tiers: dict[str, int]) -> tuple[int, int]:
    match rule.trigger:
        case FirstOrder():
            return _ON_FIRST, 1
        case NthOrder():
            kind = _ON_EVERY_NTH if rule.trigger.every else _ON_NTH
            return kind, rule.trigger.n
        case TierReached():
            tier = rule.trigger.tier
            return _ON_TIER, NONE if tier is None else tiers[tier]
    return (_ON_ACTIVITY, NONE) if rule.trigger.ON == "activity" else (_ON_ORDER, NONE)


def _pending(rule: EarningRule, wallet: Wallet) -> Pending:
    """Give when what a rule gives becomes active; only what orders earn waits for delivery."""
    found = wallet.pending if rule.pending is None else rule.pending
    waits = isinstance(found, WhenDelivered)
    return AtOnce() if waits and rule.trigger.ON != "order" else found


def _add_award(rule: EarningRule, wallet: Wallet, columns: Columns) -> None:
    """Add how an award is reckoned: kind, numerator, denominator and steps."""
    award = rule.award
    first_step, cumulative = len(columns["step_from"]), 0
    match award:
        case Fixed():
            kind = layout.PER_COUNT if rule.counts_quantity else layout.FIXED
            top, bottom = wallet.units_of(award.amount), 1
        case Proportional():
            kind = layout.FULL_STEPS if award.full_steps else layout.PROPORTIONAL
            top, bottom = fraction_of(wallet, award)
        case Multiplier():
            kind = layout.MULTIPLIER
            top, bottom = award.factor.as_integer_ratio()
        case TieredRate():
            kind = layout.SLABS if award.mode == "marginal" else layout.WHOLE
            tops, bottom = steps_of(wallet, award)
            top, cumulative = max(tops), int(award.of == "spend")
            columns["step_from"] += [int(begin * MONEY) for begin, _ in award.steps]
            columns["step_top"] += tops
            columns["step_bottom"] += [bottom] * len(tops)
        case PluginAward():
            kind, top, bottom = layout.GIVEN, 1, 1
    add = adder(columns, "rule_")
    add("award", kind)
    add("top", top)
    add("bottom", bottom)
    add("first_step", first_step)
    add("steps", len(columns["step_from"]) - first_step)
    add("cumulative", cumulative)


def _add_caps(rule: EarningRule, wallet: Wallet, columns: Columns) -> int:
    caps = list(rule.caps)
    if rule.promo is not None and rule.promo.per_customer is not None:
        limit = rule.promo.per_customer
        caps.append(Cap(limit=limit, of="times", per="lifetime", beyond="reject"))
    add = adder(columns, "cap_")
    for cap in caps:
        add("limit", int(cap.limit) if cap.of == "times" else wallet.units_of(cap.limit))
        add("times", int(cap.of == "times"))
        add("period", _PERIODS[cap.per])
        add("rejects", int(cap.beyond == "reject"))
    return len(caps)


def adder(columns: Columns, start: str) -> Callable[[str, int], None]:
    """Give what adds a number to a column whose name begins with `start`."""

    def add(name: str, number: int) -> None:
        columns[start + name].append(number)

    return add
