"""What an order would cost and bring: reckoned on a copy, so that nothing changes."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from retention_kit.errors import bad_parameter
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.kernel.candidates import left_of_cap
from retention_kit.loyalty_rules.kernel.moments import day_of
from retention_kit.loyalty_rules.lowered.parts import NO_MONEY
from retention_kit.loyalty_rules.online.adopting import adopted
from retention_kit.loyalty_rules.online.checking import (
    check_account,
    check_compiled,
    check_order,
)
from retention_kit.loyalty_rules.online.events import Order, place_of
from retention_kit.loyalty_rules.online.exact import exact_units, money_of
from retention_kit.loyalty_rules.online.preparing import NONE, Row, prepared
from retention_kit.loyalty_rules.online.quotes import (
    DiscountLine,
    Earning,
    Quote,
    Spendable,
    Withheld,
)
from retention_kit.loyalty_rules.online.refusing import (
    REFUSALS,
    LateEventError,
    Refusal,
    figure_of,
)
from retention_kit.loyalty_rules.online.telling import instant_or_none, name_or_none, worth_of
from retention_kit.loyalty_rules.online.trying import Trial, awards_of
from retention_kit.loyalty_rules.online.withholding import withheld_in

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.lowered.compiled import CompiledProgram
    from retention_kit.loyalty_rules.online.account import Account

_MULTIPLIED = (layout.PROPORTIONAL, layout.FULL_STEPS, layout.SLABS, layout.WHOLE)
_ONE = Decimal(1)


def quote(
    account: Account,
    order: Order,
    program: CompiledProgram,
    *,
    spend: int | Literal["most"] | None = None,
) -> Quote:
    """Say what an order would cost and bring, if it were placed now; nothing changes.

    The amounts of the order are prices before the programme's discounts. What is posted later is
    the order with `discounts` taken off, and `points_paid` as the quote says.

    Args:
        account: The account as it is.
        order: The order.
        program: The programme, as `compile_program` gives it.
        spend: How many units to pay with; `most` for as many as can be; None for the order's own
            `points_paid`.

    Returns:
        The quote; where it cannot be paid so, the quote of paying without, and why.

    Raises:
        LateEventError: The account holds events that are taken after the order.
        OtherProgramError: The account was made under another programme.
        DataError: It is in another currency, or of a wallet that there is not.
        DefinitionError: `spend` is neither a number of units nor `most`.
    """
    check_compiled(program)
    check_account(account)
    check_order(order)
    if account.last is not None and place_of(order) < account.last:
        raise LateEventError
    account = adopted(account, program)
    row = prepared(order, account, program)
    assert row is not None
    row.spend = order.points_paid if spend is None else 0
    tried = Trial(account, row, program)
    if spend is not None:
        row.spend = _units(spend, tried.spendable)
    code = tried.take()
    refusal, limit = None, None
    if code != layout.DONE:
        refusal = REFUSALS[code]
        limit = figure_of(refusal, tried.state.cells[layout.INFO])
        # The rest of the quote is of paying nothing from the wallet.
        row.spend, row.key = 0, NONE
        tried = Trial(account, row, program)
        tried.take()
    return _quote(order, row, tried, refusal, limit, withheld_in(tried, order, account))


def _units(spend: int | str, spendable: Spendable) -> int:
    if spend == "most":
        return spendable.units
    if isinstance(spend, str):
        raise bad_parameter("spend", got=spend, allowed="a number of units, 'most' or None")
    return exact_units("spend", spend)


def _quote(
    order: Order,
    row: Row,
    tried: Trial,
    refusal: Refusal | None,
    limit: int | None,
    withheld: tuple[tuple[Withheld, ...], bool],
) -> Quote:
    program, state, tier = tried.program, tried.state, tried.tier
    off = money_of(state.cells[layout.DISCOUNT])
    goods = money_of(row.amount)
    points = worth_of(program, row.version, row.wallet, row.spend)
    discounts, earnings, reaches = _written(tried)
    return Quote(
        order_id=order.order_id,
        at=order.at,
        currency=program.currency,
        goods=goods,
        discounts=discounts,
        discount=off,
        wallet=name_or_none(program.wallet_names, row.wallet),
        points=row.spend,
        points_value=points,
        payable=goods - off - points,
        spendable=tried.spendable,
        earnings=earnings,
        withheld=withheld[0],
        tier=name_or_none(program.tier_names, tier),
        privileges=program.benefits[tier].privileges if tier >= 0 else (),
        reaches=reaches,
        missing=tried.missing,
        refusal=refusal,
        available=limit,
        promo_used_up=withheld[1],
    )


def _written(
    tried: Trial,
) -> tuple[tuple[DiscountLine, ...], tuple[Earning, ...], str | None]:
    """Read what the kernel wrote: discounts, earnings, and the tier that is reached."""
    out: Any = tried.out
    program = tried.program
    discounts: list[DiscountLine] = []
    earnings: list[Earning] = []
    reaches: str | None = None
    for place in range(out.used[0]):
        if out.event[place] < 0:
            continue
        kind = out.kind[place]
        if kind == layout.EARNED:
            earnings.append(_earning(tried, place))
        elif kind == layout.TIER_UP:
            reaches = program.tier_names[out.tier[place]]
        elif kind == layout.DISCOUNTED:
            discounts.append(
                DiscountLine(
                    name=name_or_none(program.discount_names, out.rule[place]),
                    tier=name_or_none(program.tier_names, out.tier[place]),
                    base=money_of(out.base[place]),
                    amount=money_of(out.units[place]),
                )
            )
    return tuple(discounts), tuple(earnings), reaches


def _earning(tried: Trial, place: int) -> Earning:
    out: Any = tried.out
    program, rules = tried.program, tried.program.rules
    rule, wallet, units = out.rule[place], out.wallet[place], out.units[place]
    is_count = rules.base_flags[rules.rule_base[rule]] & NO_MONEY
    return Earning(
        rule=program.rule_names[rule],
        wallet=program.wallet_names[wallet],
        units=units,
        value=worth_of(program, tried.row.version, wallet, units),
        base=Decimal(out.base[place]) if is_count else money_of(out.base[place]),
        multiplier=_multiplier(tried, rule),
        uncapped=out.uncapped[place],
        cap=_cap(tried, rule) if units < out.uncapped[place] else None,
        active_at=instant_or_none(out.active[place]),
        expires_at=instant_or_none(out.expires[place]),
    )


def _multiplier(tried: Trial, rule: int) -> Decimal:
    """Give by how much the tier and other rules multiply what a rule gives."""
    program, rules, state = tried.program, tried.program.rules, tried.state
    if rules.rule_award[rule] not in _MULTIPLIED:
        return _ONE
    found = program.benefits[tried.tier].multiplier if tried.tier >= 0 else _ONE
    for award in awards_of(state):
        other = state.award_rule[award]
        is_multiplier = rules.rule_award[other] == layout.MULTIPLIER
        is_paying = state.award_left[award] > 0 or state.award_base[award] == 0
        if is_multiplier and is_paying and rules.rule_wallet[other] == rules.rule_wallet[rule]:
            found *= program.rules_by_number[other].award.factor
    return found


def _cap(tried: Trial, rule: int) -> int | None:
    """Give how many units the tightest cap of a rule left; None where it has none."""
    rules, day = tried.program.rules, day_of(tried.program.rules, tried.row.at)
    first = rules.rule_first_cap[rule]
    rooms = [
        max(left_of_cap(rules, tried.before, cap, day), 0)
        for cap in range(first, first + rules.rule_caps[rule])
        if rules.cap_times[cap] == 0
    ]
    return min(rooms, default=None)
