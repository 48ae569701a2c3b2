"""Why an event is refused, as a code and as an error that says what would be allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from retention_kit.errors import DataError
from retention_kit.loyalty_rules.kernel import layout

Refusal = Literal[
    "over_balance",
    "below_minimum",
    "not_a_step",
    "above_share",
    "not_spendable",
    "unknown_order",
    "more_than_bought",
    "too_late",
    "no_reservation",
    "reserved_already",
    "unknown_label",
]
"""Why an event is refused."""
REFUSALS: Mapping[int, Refusal] = {
    layout.OVER_BALANCE: "over_balance",
    layout.BELOW_MINIMUM: "below_minimum",
    layout.NOT_A_STEP: "not_a_step",
    layout.ABOVE_SHARE: "above_share",
    layout.NOT_SPENDABLE: "not_spendable",
    layout.UNKNOWN_ORDER: "unknown_order",
    layout.MORE_THAN_BOUGHT: "more_than_bought",
    layout.TOO_LATE: "too_late",
    layout.NO_RESERVATION: "no_reservation",
    layout.RESERVED_ALREADY: "reserved_already",
    layout.UNKNOWN_LABEL: "unknown_label",
}
"""The refusals by the kernel's numbers."""
_WORDS: Mapping[Refusal, str] = {
    "over_balance": "More is asked for than there is. Available: {limit} units. Next step: ask for "
    "as many at the most.",
    "below_minimum": "Fewer units are asked for than may be spent at once. The least: {limit}. "
    "Next step: ask for more, or for none.",
    "not_a_step": "The units are no multiple of the step in which they may be spent: {limit}. Next "
    "step: ask for a multiple of it.",
    "above_share": "The order may be paid to a smaller part from the wallet. The most: {limit} "
    "units. Next step: quote(…).spendable says how many.",
    "not_spendable": "Nothing can be spent from this wallet. Next step: name one that can be, or "
    "look at Wallet.spending.",
    "unknown_order": "The order that the event is about is not in the account. Next step: post the "
    "order first; an order that was refused is not there.",
    "more_than_bought": "More comes back than was bought, or more units than the order was paid "
    "with. Next step: look at what has been returned of the order already.",
    "too_late": "The order is too old for a return to change the account; see "
    "LoyaltyProgram.returns. Next step: nothing is to be done, or adjust by hand.",
    "no_reservation": "There is no open reservation of that name: it was captured, released or "
    "timed out, or is of another wallet. Next step: reserve again.",
    "reserved_already": "There is an open reservation of that name. Next step: capture or release "
    "it, or name the new one otherwise.",
    "unknown_label": "The customer holds nothing of that label. Next step: look at "
    "Account.lots(…).",
}


class RefusedError(DataError):
    """A programme does not allow an event; the account stays as it was.

    Attributes:
        code: Why.
        available: What is there, or allowed, in the wallet's smallest units; of a return of more
            than was bought, what is left of the order, in ten-thousandths of money. None where
            there is no such figure.
    """

    def __init__(self, code: Refusal, available: int | None) -> None:
        self.code = code
        self.available = available
        super().__init__(_WORDS[code].format(limit=f"{available or 0:,}"))


class RedemptionRefusedError(RefusedError):
    """Units cannot be spent or set aside: there are not so many, or the programme forbids it."""


class LateEventError(DataError):
    """An event comes late: the account holds one that is taken after it."""

    def __init__(self) -> None:
        super().__init__(
            "The event happened before others that the account already holds. Next step: "
            "post_late(…) replays from an account as it was before it, and puts the balance right."
        )


_OF_UNITS = ("over_balance", "below_minimum", "not_a_step", "above_share", "not_spendable")
_WITH_FIGURE = (*_OF_UNITS, "more_than_bought")


def error_of(code: Refusal, available: int | None) -> RefusedError:
    """Make the error for a refusal."""
    kind = RedemptionRefusedError if code in _OF_UNITS else RefusedError
    return kind(code, available)


def figure_of(code: Refusal, info: int) -> int | None:
    """Give what the kernel says is there or allowed; None where it says nothing."""
    return info if code in _WITH_FIGURE else None
