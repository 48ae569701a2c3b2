"""Rules that look at an order and give nothing: which, what they would give, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.kernel.awards import uncapped
from retention_kit.loyalty_rules.kernel.candidates import left_of_cap
from retention_kit.loyalty_rules.kernel.moments import day_of
from retention_kit.loyalty_rules.online.preparing import Row, prepared
from retention_kit.loyalty_rules.online.quotes import Because, Withheld
from retention_kit.loyalty_rules.online.trying import Trial, awards_of, points_in_money

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.online.account import Account
    from retention_kit.loyalty_rules.online.events import Order

_ON_TIER = 5
_Stopped = dict[int, Because]
"""By rule, what keeps it from looking at the order at all."""


def withheld_in(tried: Trial, order: Order, account: Account) -> tuple[tuple[Withheld, ...], bool]:
    """Give the rules that would give something and do not, and whether the code is used up.

    Args:
        tried: The order, tried.
        order: The order.
        account: The account before it.
    """
    row = _with_code(order, account, tried)
    stopped = _stopped(row, tried)
    found = _given_nothing(tried)
    if stopped:
        found += _let_in(stopped, row, account, tried)
    is_used_up = "promo" in stopped.values() or _is_discount_used_up(row, tried)
    return tuple(found), is_used_up


def _with_code(order: Order, account: Account, tried: Trial) -> Row:
    """Give the row of an order as if its code might still be used."""
    if not order.promo_refused:
        return tried.row
    row = prepared(replace(order, promo_refused=False), account, tried.program)
    assert row is not None
    return replace(tried.row, mask=row.mask, discounts=row.discounts)


def _stopped(row: Row, tried: Trial) -> _Stopped:
    rules, before = tried.program.rules, tried.before
    day = day_of(rules, row.at)
    found: _Stopped = {}
    for rule in _bits(row.mask):
        if rules.rule_trigger[rule] == _ON_TIER:
            continue
        if not tried.row.mask >> rule & 1:
            found[rule] = "promo"
        elif rules.rule_cooldown[rule] >= 0 and row.at < before.cool_until[rule]:
            found[rule] = "cooldown"
        else:
            first = rules.rule_first_cap[rule]
            caps = range(first, first + rules.rule_caps[rule])
            full = [
                cap
                for cap in caps
                if rules.cap_times[cap] == 1 and left_of_cap(rules, before, cap, day) <= 0
            ]
            if full:
                promo = tried.program.rules_by_number[rule].promo
                is_of_code = promo is not None and promo.per_customer is not None
                # How often one customer may use a code is the last cap of its rule.
                found[rule] = "promo" if is_of_code and full == [caps[-1]] else "cap"
    return found


def _let_in(stopped: _Stopped, row: Row, account: Account, tried: Trial) -> list[Withheld]:
    """Give what the rules would give that are stopped, if nothing did."""
    program, rules, state = tried.program, tried.program.rules, tried.before
    cool, used = list(state.cool_until), list(state.cap_used)
    for rule in stopped:
        cool[rule] = 0
        first = rules.rule_first_cap[rule]
        for cap in range(first, first + rules.rule_caps[rule]):
            if rules.cap_times[cap] == 1:
                used[cap] = 0
    free = replace(account, state=state._replace(cool_until=tuple(cool), cap_used=tuple(used)))
    again = Trial(free, row, program)
    if again.take() != layout.DONE:
        return []
    return [
        Withheld(program.rule_names[rule], units, stopped[rule])
        for award in awards_of(again.state)
        if (rule := again.state.award_rule[award]) in stopped
        and rules.rule_award[rule] != layout.MULTIPLIER
        and (units := _by_itself(again, award)) > 0
    ]


def _by_itself(tried: Trial, award: int) -> int:
    """Give what an award is without caps and stacking."""
    rules, state = tried.program.rules, tried.state
    awards = awards_of(state)
    record = state.cells[layout.RECORDS] - 1
    return uncapped(
        rules,
        state,
        award,
        awards.start,
        len(awards),
        tried.tier,
        state.record_position[record],
        points_in_money(tried),
        state.record_amount[record],
    )


def _given_nothing(tried: Trial) -> list[Withheld]:
    """Give the rules that would give something by themselves, and do not."""
    rules, state = tried.program.rules, tried.state
    found: list[Withheld] = []
    for award in awards_of(state):
        rule = state.award_rule[award]
        if state.award_units[award] > 0 or rules.rule_award[rule] == layout.MULTIPLIER:
            continue
        units = _by_itself(tried, award)
        if units > 0:
            is_capped = units > state.award_bar[award] or state.award_room[award] <= 0
            name = tried.program.rule_names[rule]
            found.append(Withheld(name, units, "cap" if is_capped else "stacking"))
    return found


def _is_discount_used_up(row: Row, tried: Trial) -> bool:
    """Say whether a discount would hold if its code were not used up."""
    if row.discounts != tried.row.discounts:
        return True
    limits, used = tried.program.rules.discount_limit, tried.before.discount_used
    return any(used[one] >= limits[one] for one in _bits(row.discounts))


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
