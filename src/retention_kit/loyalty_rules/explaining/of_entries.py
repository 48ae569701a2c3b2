"""One entry of a ledger in a sentence."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from retention_kit.loyalty_rules.definitions.awards import Proportional
from retention_kit.loyalty_rules.explaining.speech import Teller, sentence
from retention_kit.loyalty_rules.ledger import LATE_EVENT, Entry
from retention_kit.loyalty_rules.online.exact import microseconds

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.definitions.rules import EarningRule

_FOR = ("earn", "redeem", "discount", "restore")
_BY_KEY = ("order", "return", "activate")
_SIGNED = ("adjust", "transfer")


def entry_in_words(entry: Entry, teller: Teller) -> str:
    """Say an entry."""
    match entry.kind:
        case "earn":
            return _earned(entry, teller)
        case "tier_up" | "tier_down":
            return _tier(entry, teller)
        case "discount":
            return _discount(entry, teller)
    return _moved(entry, teller)


def _earned(entry: Entry, teller: Teller) -> str:
    assert entry.wallet is not None
    lives = teller.lives(entry.active_at, entry.expires_at, entry.at)
    common = {
        "units": teller.units(entry.wallet, entry.units),
        "wallet": teller.name(entry.wallet),
        "day": teller.day(entry.at),
        "lives": lives,
    }
    if entry.rule is None:
        return sentence(teller.say("issued", **common))
    return sentence(
        teller.say("earn", order=_order(entry, teller), by=_by(entry, teller), **common)
    )


def _by(entry: Entry, teller: Teller) -> str:
    """Say by which rule, from what, in which tier, and what caps left of it."""
    assert entry.rule is not None
    assert entry.wallet is not None
    program = teller.program
    version = program.version_at(microseconds(entry.at))
    rule = next(one for one in program.versions[version].rules if one.name == entry.rule)
    said = teller.say(
        "by_rule",
        rule=teller.name(entry.rule),
        rate=teller.rate(rule, entry.base or Decimal(0)),
    )
    factor = teller.tier_share(entry.tier)
    if factor != 1 and rule.award.type in ("proportional", "tiered_rate"):
        number = teller.speech.number(factor)
        said += teller.say("in_tier", factor=number, tier=teller.name(entry.tier))
    if entry.uncapped is None:
        return said
    is_raised = _is_raised(entry, rule, factor, teller)
    is_capped = entry.uncapped > entry.units
    if is_raised or is_capped:
        what = "raised_capped" if is_raised and is_capped else "raised" if is_raised else "capped"
        said += teller.say(what, full=teller.units(entry.wallet, entry.uncapped))
    return said


def _is_raised(entry: Entry, rule: EarningRule, factor: Decimal, teller: Teller) -> bool:
    """Say whether other rules multiplied it: the entry has no more than the rate explains."""
    award = rule.award
    if not isinstance(award, Proportional) or entry.uncapped is None or entry.base is None:
        return False
    steps = entry.base // award.per if award.full_steps else entry.base / award.per
    plain = award.amount * steps * factor * teller.program.wallet(rule.wallet).units_per_one
    return abs(entry.uncapped - plain) >= 1


def _tier(entry: Entry, teller: Teller) -> str:
    figure = ""
    version = teller.program.version_at(microseconds(entry.at))
    ladder = teller.program.versions[version].tiers
    if ladder is not None and entry.base is not None:
        figure = teller.figure(ladder.by, entry.base)
    what = entry.kind if entry.tier is not None else "no_tier"
    end = ""
    if entry.expires_at is not None and entry.kind == "tier_up":
        end = teller.say("tier_until", day=teller.last_day(entry.expires_at))
    day, tier = teller.day(entry.at), teller.name(entry.tier)
    if entry.reason == LATE_EVENT:
        # The figure that counted may be of any instant since the late event.
        late = "late_no_tier" if entry.tier is None else "late_tier"
        reason = _reason(entry, teller)
        return sentence(teller.say(late, tier=tier, day=day, reason=reason, end=end))
    return sentence(teller.say(what, tier=tier, day=day, figure=figure or "—", end=end))


def _discount(entry: Entry, teller: Teller) -> str:
    return sentence(
        teller.say(
            "discount_tier" if entry.rule is None else "discount",
            rule=teller.name(entry.tier if entry.rule is None else entry.rule),
            money=teller.money(entry.value),
            base=teller.money(entry.base or Decimal(0)),
            day=teller.day(entry.at),
            order=_order(entry, teller),
        )
    )


def _moved(entry: Entry, teller: Teller) -> str:
    assert entry.wallet is not None
    what: str = entry.kind
    units = entry.units
    if entry.kind in _SIGNED:
        what = f"{entry.kind}_{'up' if units >= 0 else 'down'}"
    if entry.reason == "forgiven":
        what, units = "forgiven", entry.uncapped or 0
    of_rule = "late_by_rule" if entry.reason == LATE_EVENT else "by_rule_of"
    by = "" if entry.rule is None else teller.say(of_rule, rule=teller.name(entry.rule))
    return sentence(
        teller.say(
            what,
            units=teller.units(entry.wallet, units),
            wallet=teller.name(entry.wallet),
            day=teller.day(entry.at),
            order=_order(entry, teller),
            by=by,
            end=teller.ends(entry.expires_at),
            reason=_reason(entry, teller),
            lot="" if entry.lot is None else teller.say("lot", lot=str(entry.lot)),
        )
    )


def _reason(entry: Entry, teller: Teller) -> str:
    """Say why; of what came late, which event that was."""
    said = teller.speech.reasons.get(entry.reason, "")
    if entry.reason != LATE_EVENT:
        return said
    kind, _, key = (entry.source or "").partition(":")
    if not key:
        return said.format(event=teller.say("event_unknown"))
    if kind in _BY_KEY:
        return said.format(event=teller.say(f"event_{kind}", key=key))
    return said.format(event=teller.say("event_other", key=teller.name(entry.source)))


def _order(entry: Entry, teller: Teller) -> str:
    if entry.order_id is None:
        return ""
    what = "for_order" if entry.kind in _FOR else "of_order"
    return teller.say(what, order=str(entry.order_id))
