"""Wallets, tiers and discounts in columns."""

from __future__ import annotations

from fractions import Fraction

from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.moments import Sliding
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.definitions.rates import MONEY
from retention_kit.loyalty_rules.definitions.tiers import TierLadder
from retention_kit.loyalty_rules.definitions.wallets import Grace, Spending, Wallet
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.lowered.numbering import NONE, Numbers
from retention_kit.loyalty_rules.lowered.of_rules import (
    ROUNDINGS,
    Columns,
    adder,
    bits_of,
    segment_of,
)
from retention_kit.loyalty_rules.lowered.parts import Base

_GOODS = Base(with_points=True)
_BY = {"orders": layout.BY_ORDERS, "spend": layout.BY_SPEND, "points": layout.BY_POINTS}
_DOWNGRADES = {
    "none": layout.STAYS,
    "one_step": layout.ONE_STEP,
    "recompute": layout.RECOMPUTE,
}


def settings_of(wallet: Wallet, numbers: Numbers) -> dict[str, int]:
    """Give what a wallet says, by the names of the columns `wallet_…`."""
    spending = wallet.spending
    how = Spending() if spending is None else spending
    worth = wallet.unit_worth * MONEY
    base = _GOODS if not how.excluded else Base(excluded=how.excluded, with_points=True)
    share_top, share_bottom = how.largest_share.as_integer_ratio()
    restored = wallet.restored
    slides = isinstance(wallet.expiry, Sliding) and "order" in wallet.expiry.on
    return {
        "top": worth.numerator,
        "bottom": worth.denominator,
        "spends": int(spending is not None),
        "minimum": wallet.units_of(how.minimum),
        "step": 1 if how.step is None else wallet.units_of(how.step),
        "share_top": share_top,
        "share_bottom": share_bottom,
        "base": numbers.bases.number(base),
        "debt": int(wallet.negative_balance == "debt"),
        "pending": numbers.pending(wallet.pending),
        "expiry": numbers.expiry(wallet.expiry),
        "grace": numbers.end(restored.length) if isinstance(restored, Grace) else NONE,
        "slides": int(slides),
    }


def slid_by(wallet: Wallet, numbers: Numbers) -> frozenset[int]:
    """Give the numbers of the activities that move the expiry of a wallet's lots."""
    if not isinstance(wallet.expiry, Sliding):
        return frozenset()
    names = (name for name in wallet.expiry.on if name != "order")
    return frozenset(numbers.activities.number(name) for name in names)


def add_ladder(program: LoyaltyProgram, columns: Columns, numbers: Numbers) -> dict[str, int]:
    """Add a version's tiers to the columns.

    Returns:
        The numbers of its tiers, by name.
    """
    ladder = program.tiers
    first = len(columns["tier_threshold"])
    add = adder(columns, "ladder_")
    columns["first_tier"].append(first)
    if ladder is None:
        columns["tiers"].append(0)
        add("by", layout.BY_ORDERS)
        for name in ("window", "validity", "grace", "wallet"):
            add(name, NONE)
        add("calendar", 0)
        add("downgrade", layout.STAYS)
        return {}
    columns["tiers"].append(len(ladder.tiers))
    add("by", _BY[ladder.by])
    add("window", numbers.window(ladder.window))
    add("calendar", int(ladder.window in ("month", "quarter", "year")))
    add("validity", numbers.end(ladder.validity, ladder.to_end_of))
    add("grace", numbers.end(ladder.grace))
    add("downgrade", _DOWNGRADES[ladder.downgrade])
    add("wallet", NONE if ladder.wallet is None else numbers.wallets.number(ladder.wallet))
    _add_tiers(ladder, program, columns)
    return {tier.name: first + place for place, tier in enumerate(ladder.tiers)}


def add_discount(
    discount: Discount, columns: Columns, numbers: Numbers, tiers: dict[str, int]
) -> None:
    """Add a discount to the columns."""
    add = adder(columns, "discount_")
    if discount.share is not None:
        top, bottom = discount.share.as_integer_ratio()
    else:
        assert discount.amount is not None
        top, bottom = int(discount.amount * MONEY), 0
    add("top", top)
    add("bottom", bottom)
    add("base", numbers.bases.number(Base(lines=discount.lines, with_points=True)))
    add("minimum", int(discount.minimum * MONEY))
    add("tiers", bits_of(discount.tiers, tiers))
    add("segment", segment_of(discount, numbers))
    limit = None if discount.promo is None else discount.promo.per_customer
    add("limit", layout.NEVER if limit is None else limit)


def add_version(program: LoyaltyProgram, columns: Columns, numbers: Numbers) -> None:
    """Add what a version says as a whole to the columns."""
    columns["return_until"].append(numbers.end(program.returns.within))
    columns["discounts_best"].append(int(program.combining == "best"))
    columns["money_rounding"].append(ROUNDINGS[program.rounding])


def _add_tiers(ladder: TierLadder, program: LoyaltyProgram, columns: Columns) -> None:
    add = adder(columns, "tier_")
    for tier in ladder.tiers:
        if ladder.by == "orders":
            add("threshold", int(tier.at))
        elif ladder.wallet is None:
            add("threshold", int(tier.at * MONEY))
        else:
            add("threshold", program.wallet(ladder.wallet).units_of(tier.at))
        benefits = ladder.benefits_of(tier.name)
        multiplier, discount = Fraction(benefits.multiplier), Fraction(benefits.discount)
        add("top", multiplier.numerator)
        add("bottom", multiplier.denominator)
        add("discount_top", discount.numerator)
        add("discount_bottom", discount.denominator)
