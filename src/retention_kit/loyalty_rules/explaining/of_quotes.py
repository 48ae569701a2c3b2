"""A quote in a few sentences."""

from __future__ import annotations

from retention_kit.loyalty_rules.explaining.speech import Teller
from retention_kit.loyalty_rules.online.exact import microseconds
from retention_kit.loyalty_rules.online.quotes import Earning, Quote, Withheld
from retention_kit.loyalty_rules.online.viewing import Missing


def quote_in_words(quote: Quote, teller: Teller) -> str:
    """Say a quote."""
    said = [teller.say("quote", order=str(quote.order_id), goods=teller.money(quote.goods))]
    said += _price(quote, teller)
    said += [_earning(one, quote, teller) for one in quote.earnings]
    if not quote.earnings:
        said.append(teller.say("quote_earns_nothing"))
    said += [_withheld(one, quote, teller) for one in quote.withheld]
    if quote.promo_used_up:
        said.append(teller.say("quote_promo"))
    if quote.tier is not None:
        names = teller.speech.listed(tuple(map(teller.name, quote.privileges or ("",))))
        privileges = teller.say("privileges", names=names) if quote.privileges else ""
        tier = teller.name(quote.tier)
        said.append(teller.say("quote_in_tier", tier=tier, privileges=privileges))
    if quote.reaches is not None:
        said.append(teller.say("quote_reaches", tier=teller.name(quote.reaches)))
    elif quote.missing is not None:
        said.append(_missing(quote.missing, teller))
    return " ".join(said)


def _price(quote: Quote, teller: Teller) -> list[str]:
    said: list[str] = []
    for one in quote.discounts:
        money, base = teller.money(one.amount), teller.money(one.base)
        if one.name is None:
            said.append(teller.say("quote_tier_off", tier=teller.name(one.tier), money=money))
        else:
            said.append(
                teller.say("quote_discount", name=teller.name(one.name), money=money, base=base)
            )
    if quote.refusal is not None:
        said.append(teller.say("quote_refused", code=quote.refusal))
    if quote.points and quote.wallet is not None:
        units, money = teller.units(quote.wallet, quote.points), teller.money(quote.points_value)
        wallet = teller.name(quote.wallet)
        said.append(teller.say("quote_paid", units=units, wallet=wallet, money=money))
    elif quote.spendable.wallet is not None:
        said.append(_spendable(quote, quote.spendable.wallet, teller))
    if quote.payable != quote.goods:
        said.append(teller.say("quote_payable", money=teller.money(quote.payable)))
    return said


def _spendable(quote: Quote, wallet: str, teller: Teller) -> str:
    most = quote.spendable
    least = teller.units(wallet, most.minimum)
    there = teller.units(wallet, min(most.available, most.by_share))
    is_empty = most.available == 0 and most.limited_by in ("balance", "minimum")
    why = teller.say(
        "limit_empty" if is_empty else f"limit_{most.limited_by}", least=least, there=there
    )
    what = "quote_spendable" if most.units else "quote_nothing"
    units = teller.units(wallet, most.units)
    return teller.say(what, units=units, wallet=teller.name(wallet), why=why)


def _earning(one: Earning, quote: Quote, teller: Teller) -> str:
    version = teller.program.version_at(microseconds(quote.at))
    rules = teller.program.versions[version].rules
    rule = next(rule for rule in rules if rule.name == one.rule)
    by = teller.say("by_rule", rule=teller.name(one.rule), rate=teller.rate(rule, one.base))
    if one.multiplier != 1:
        number = teller.speech.number(one.multiplier)
        if one.multiplier == teller.tier_share(quote.tier):
            by += teller.say("in_tier", factor=number, tier=teller.name(quote.tier))
        else:
            by += teller.say("times", factor=number)
    units = teller.units(one.wallet, one.units)
    if one.cap is not None:
        full = teller.units(one.wallet, one.uncapped)
        by += teller.say("quote_capped", units=units, full=full)
    lives = teller.lives(one.active_at, one.expires_at, quote.at)
    wallet = teller.name(one.wallet)
    return teller.say("quote_earns", units=units, wallet=wallet, by=by, lives=lives)


def _withheld(one: Withheld, quote: Quote, teller: Teller) -> str:
    version = teller.program.version_at(microseconds(quote.at))
    rules = teller.program.versions[version].rules
    wallet = next(rule.wallet for rule in rules if rule.name == one.rule)
    units = teller.units(wallet, one.uncapped)
    return teller.say(f"quote_withheld_{one.because}", rule=teller.name(one.rule), units=units)


def _missing(missing: Missing, teller: Teller) -> str:
    said = teller.figure(missing.by, missing.missing)
    is_one = missing.by != "spend" and missing.missing == 1
    what = "quote_missing_1" if is_one else "quote_missing"
    return teller.say(what, missing=said, tier=teller.name(missing.tier))
