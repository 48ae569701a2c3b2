"""One customer's account: what an order would earn, what an event does to it, in pure Python.

Importing and using what lives here loads neither Polars nor NumPy, starts no thread and holds no
lock, so that servers may fork.
"""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.online.account import Account as Account
    from retention_kit.loyalty_rules.online.adopting import OtherProgramError as OtherProgramError
    from retention_kit.loyalty_rules.online.events import Activity as Activity
    from retention_kit.loyalty_rules.online.events import Adjustment as Adjustment
    from retention_kit.loyalty_rules.online.events import Capture as Capture
    from retention_kit.loyalty_rules.online.events import Delivery as Delivery
    from retention_kit.loyalty_rules.online.events import Event as Event
    from retention_kit.loyalty_rules.online.events import Issue as Issue
    from retention_kit.loyalty_rules.online.events import Line as Line
    from retention_kit.loyalty_rules.online.events import Order as Order
    from retention_kit.loyalty_rules.online.events import Place as Place
    from retention_kit.loyalty_rules.online.events import Redemption as Redemption
    from retention_kit.loyalty_rules.online.events import Release as Release
    from retention_kit.loyalty_rules.online.events import Reservation as Reservation
    from retention_kit.loyalty_rules.online.events import Return as Return
    from retention_kit.loyalty_rules.online.events import SegmentJoined as SegmentJoined
    from retention_kit.loyalty_rules.online.events import SegmentLeft as SegmentLeft
    from retention_kit.loyalty_rules.online.events import Transfer as Transfer
    from retention_kit.loyalty_rules.online.events import place_of as place_of
    from retention_kit.loyalty_rules.online.events import source_of as source_of
    from retention_kit.loyalty_rules.online.posting import Folded as Folded
    from retention_kit.loyalty_rules.online.posting import Older as Older
    from retention_kit.loyalty_rules.online.posting import Posted as Posted
    from retention_kit.loyalty_rules.online.posting import fold as fold
    from retention_kit.loyalty_rules.online.posting import grow_older as grow_older
    from retention_kit.loyalty_rules.online.posting import post as post
    from retention_kit.loyalty_rules.online.posting import transfer as transfer
    from retention_kit.loyalty_rules.online.posting import try_post as try_post
    from retention_kit.loyalty_rules.online.quotes import DiscountLine as DiscountLine
    from retention_kit.loyalty_rules.online.quotes import Earning as Earning
    from retention_kit.loyalty_rules.online.quotes import Quote as Quote
    from retention_kit.loyalty_rules.online.quotes import Spendable as Spendable
    from retention_kit.loyalty_rules.online.quotes import Withheld as Withheld
    from retention_kit.loyalty_rules.online.quoting import quote as quote
    from retention_kit.loyalty_rules.online.refusing import LateEventError as LateEventError
    from retention_kit.loyalty_rules.online.refusing import (
        RedemptionRefusedError as RedemptionRefusedError,
    )
    from retention_kit.loyalty_rules.online.refusing import Refusal as Refusal
    from retention_kit.loyalty_rules.online.refusing import RefusedError as RefusedError
    from retention_kit.loyalty_rules.online.replaying import post_late as post_late
    from retention_kit.loyalty_rules.online.viewing import Balance as Balance
    from retention_kit.loyalty_rules.online.viewing import Lot as Lot
    from retention_kit.loyalty_rules.online.viewing import Missing as Missing
    from retention_kit.loyalty_rules.online.viewing import Standing as Standing
    from retention_kit.loyalty_rules.online.written import event_from_dict as event_from_dict
    from retention_kit.loyalty_rules.online.written import event_to_dict as event_to_dict

_HOME = "retention_kit.loyalty_rules.online"
_BY_MODULE = {
    "account": ("Account",),
    "adopting": ("OtherProgramError",),
    "events": (
        "Activity",
        "Adjustment",
        "Capture",
        "Delivery",
        "Event",
        "Issue",
        "Line",
        "Order",
        "Place",
        "Redemption",
        "Release",
        "Reservation",
        "Return",
        "SegmentJoined",
        "SegmentLeft",
        "Transfer",
        "place_of",
        "source_of",
    ),
    "posting": (
        "Folded",
        "Older",
        "Posted",
        "fold",
        "grow_older",
        "post",
        "transfer",
        "try_post",
    ),
    "quotes": (
        "DiscountLine",
        "Earning",
        "Quote",
        "Spendable",
        "Withheld",
    ),
    "quoting": ("quote",),
    "refusing": (
        "LateEventError",
        "RedemptionRefusedError",
        "Refusal",
        "RefusedError",
    ),
    "replaying": ("post_late",),
    "viewing": (
        "Balance",
        "Lot",
        "Missing",
        "Standing",
    ),
    "written": (
        "event_from_dict",
        "event_to_dict",
    ),
}
_MODULES = {name: f"{_HOME}.{module}" for module, names in _BY_MODULE.items() for name in names}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
