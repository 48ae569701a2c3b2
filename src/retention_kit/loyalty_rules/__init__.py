"""Loyalty programmes: one definition for a whole history, for every balance and for one order.

A `LoyaltyProgram` is data. `simulate` says what it would have cost, `accrue` what every customer
holds, and `online` answers for one order inside a checkout, to the last point the same.
"""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.batch.accounts import loyalty_lots as loyalty_lots
    from retention_kit.loyalty_rules.batch.accounts import loyalty_tiers as loyalty_tiers
    from retention_kit.loyalty_rules.batch.accounts import refused_events as refused_events
    from retention_kit.loyalty_rules.batch.accruing import Accrual as Accrual
    from retention_kit.loyalty_rules.batch.accruing import accrue as accrue
    from retention_kit.loyalty_rules.batch.accruing import ledger_entries as ledger_entries
    from retention_kit.loyalty_rules.batch.accruing import loyalty_balances as loyalty_balances
    from retention_kit.loyalty_rules.definitions.awards import Fixed as Fixed
    from retention_kit.loyalty_rules.definitions.awards import Multiplier as Multiplier
    from retention_kit.loyalty_rules.definitions.awards import PluginAward as PluginAward
    from retention_kit.loyalty_rules.definitions.awards import Proportional as Proportional
    from retention_kit.loyalty_rules.definitions.awards import TieredRate as TieredRate
    from retention_kit.loyalty_rules.definitions.discounts import Discount as Discount
    from retention_kit.loyalty_rules.definitions.fields import Certificates as Certificates
    from retention_kit.loyalty_rules.definitions.fields import Referral as Referral
    from retention_kit.loyalty_rules.definitions.fields import Returns as Returns
    from retention_kit.loyalty_rules.definitions.limits import Cap as Cap
    from retention_kit.loyalty_rules.definitions.limits import HappyHours as HappyHours
    from retention_kit.loyalty_rules.definitions.limits import PromoCode as PromoCode
    from retention_kit.loyalty_rules.definitions.moments import After as After
    from retention_kit.loyalty_rules.definitions.moments import AtOnce as AtOnce
    from retention_kit.loyalty_rules.definitions.moments import FixedDate as FixedDate
    from retention_kit.loyalty_rules.definitions.moments import NeverExpires as NeverExpires
    from retention_kit.loyalty_rules.definitions.moments import OnDate as OnDate
    from retention_kit.loyalty_rules.definitions.moments import Rolling as Rolling
    from retention_kit.loyalty_rules.definitions.moments import Sliding as Sliding
    from retention_kit.loyalty_rules.definitions.moments import WhenDelivered as WhenDelivered
    from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec as EarningRuleSpec
    from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram as LoyaltyProgram
    from retention_kit.loyalty_rules.definitions.program import ProgramHistory as ProgramHistory
    from retention_kit.loyalty_rules.definitions.program import program_schema as program_schema
    from retention_kit.loyalty_rules.definitions.rules import EarningRule as EarningRule
    from retention_kit.loyalty_rules.definitions.tiers import Benefits as Benefits
    from retention_kit.loyalty_rules.definitions.tiers import Tier as Tier
    from retention_kit.loyalty_rules.definitions.tiers import TierLadder as TierLadder
    from retention_kit.loyalty_rules.definitions.triggers import Activity as Activity
    from retention_kit.loyalty_rules.definitions.triggers import Birthday as Birthday
    from retention_kit.loyalty_rules.definitions.triggers import EachLine as EachLine
    from retention_kit.loyalty_rules.definitions.triggers import EachOrder as EachOrder
    from retention_kit.loyalty_rules.definitions.triggers import FirstOrder as FirstOrder
    from retention_kit.loyalty_rules.definitions.triggers import NthOrder as NthOrder
    from retention_kit.loyalty_rules.definitions.triggers import ReferralMade as ReferralMade
    from retention_kit.loyalty_rules.definitions.triggers import (
        ReferralReceived as ReferralReceived,
    )
    from retention_kit.loyalty_rules.definitions.triggers import Registration as Registration
    from retention_kit.loyalty_rules.definitions.triggers import TierReached as TierReached
    from retention_kit.loyalty_rules.definitions.wallets import Grace as Grace
    from retention_kit.loyalty_rules.definitions.wallets import Lost as Lost
    from retention_kit.loyalty_rules.definitions.wallets import Spending as Spending
    from retention_kit.loyalty_rules.definitions.wallets import Wallet as Wallet
    from retention_kit.loyalty_rules.deriving.all_sources import derive_events as derive_events
    from retention_kit.loyalty_rules.deriving.rows import (
        loyalty_events_schema as loyalty_events_schema,
    )
    from retention_kit.loyalty_rules.explaining.explain import explain as explain
    from retention_kit.loyalty_rules.ledger import Entry as Entry
    from retention_kit.loyalty_rules.ledger import EntryKind as EntryKind
    from retention_kit.loyalty_rules.lowered.compiled import CompiledProgram as CompiledProgram
    from retention_kit.loyalty_rules.lowered.plan import compile_program as compile_program
    from retention_kit.loyalty_rules.measured.running import ProgramActivity as ProgramActivity
    from retention_kit.loyalty_rules.measured.running import program_activity as program_activity
    from retention_kit.loyalty_rules.online.account import Account as Account
    from retention_kit.loyalty_rules.online.posting import Posted as Posted
    from retention_kit.loyalty_rules.online.posting import fold as fold
    from retention_kit.loyalty_rules.online.posting import post as post
    from retention_kit.loyalty_rules.online.posting import transfer as transfer
    from retention_kit.loyalty_rules.online.quotes import Quote as Quote
    from retention_kit.loyalty_rules.online.quoting import quote as quote
    from retention_kit.loyalty_rules.online.refusing import LateEventError as LateEventError
    from retention_kit.loyalty_rules.online.refusing import (
        RedemptionRefusedError as RedemptionRefusedError,
    )
    from retention_kit.loyalty_rules.online.refusing import RefusedError as RefusedError
    from retention_kit.loyalty_rules.ready import bronze_silver_gold as bronze_silver_gold
    from retention_kit.loyalty_rules.ready import cashback as cashback
    from retention_kit.loyalty_rules.ready import gamified as gamified
    from retention_kit.loyalty_rules.ready import short_points as short_points
    from retention_kit.loyalty_rules.simulation.assumed import Redemption as Redemption
    from retention_kit.loyalty_rules.simulation.assumed import Response as Response
    from retention_kit.loyalty_rules.simulation.result import Simulation as Simulation
    from retention_kit.loyalty_rules.simulation.simulating import simulate as simulate
    from retention_kit.loyalty_rules.store.in_database import SqlLedgerStore as SqlLedgerStore
    from retention_kit.loyalty_rules.store.protocol import Checkpoint as Checkpoint
    from retention_kit.loyalty_rules.store.protocol import ConflictError as ConflictError
    from retention_kit.loyalty_rules.store.protocol import Forgotten as Forgotten
    from retention_kit.loyalty_rules.store.protocol import LedgerStore as LedgerStore
    from retention_kit.loyalty_rules.store.protocol import (
        OrderOfAnotherError as OrderOfAnotherError,
    )
    from retention_kit.loyalty_rules.store.protocol import OverturnsError as OverturnsError

_HOME = "retention_kit.loyalty_rules"
_BY_MODULE = {
    "batch.accounts": (
        "loyalty_lots",
        "loyalty_tiers",
        "refused_events",
    ),
    "batch.accruing": (
        "Accrual",
        "accrue",
        "ledger_entries",
        "loyalty_balances",
    ),
    "definitions.awards": (
        "Fixed",
        "Multiplier",
        "PluginAward",
        "Proportional",
        "TieredRate",
    ),
    "definitions.discounts": ("Discount",),
    "definitions.fields": (
        "Certificates",
        "Referral",
        "Returns",
    ),
    "definitions.limits": (
        "Cap",
        "HappyHours",
        "PromoCode",
    ),
    "definitions.moments": (
        "After",
        "AtOnce",
        "FixedDate",
        "NeverExpires",
        "OnDate",
        "Rolling",
        "Sliding",
        "WhenDelivered",
    ),
    "definitions.plugins": ("EarningRuleSpec",),
    "definitions.program": (
        "LoyaltyProgram",
        "ProgramHistory",
        "program_schema",
    ),
    "definitions.rules": ("EarningRule",),
    "definitions.tiers": (
        "Benefits",
        "Tier",
        "TierLadder",
    ),
    "definitions.triggers": (
        "Activity",
        "Birthday",
        "EachLine",
        "EachOrder",
        "FirstOrder",
        "NthOrder",
        "ReferralMade",
        "ReferralReceived",
        "Registration",
        "TierReached",
    ),
    "definitions.wallets": (
        "Grace",
        "Lost",
        "Spending",
        "Wallet",
    ),
    "deriving.all_sources": ("derive_events",),
    "deriving.rows": ("loyalty_events_schema",),
    "explaining.explain": ("explain",),
    "ledger": (
        "Entry",
        "EntryKind",
    ),
    "lowered.compiled": ("CompiledProgram",),
    "lowered.plan": ("compile_program",),
    "measured.running": (
        "ProgramActivity",
        "program_activity",
    ),
    "online.account": ("Account",),
    "online.posting": (
        "Posted",
        "fold",
        "post",
        "transfer",
    ),
    "online.quotes": ("Quote",),
    "online.quoting": ("quote",),
    "online.refusing": (
        "LateEventError",
        "RedemptionRefusedError",
        "RefusedError",
    ),
    "ready": (
        "bronze_silver_gold",
        "cashback",
        "gamified",
        "short_points",
    ),
    "simulation.assumed": (
        "Redemption",
        "Response",
    ),
    "simulation.result": ("Simulation",),
    "simulation.simulating": ("simulate",),
    "store.in_database": ("SqlLedgerStore",),
    "store.protocol": (
        "Checkpoint",
        "ConflictError",
        "Forgotten",
        "LedgerStore",
        "OrderOfAnotherError",
        "OverturnsError",
    ),
}
_MODULES = {name: f"{_HOME}.{module}" for module, names in _BY_MODULE.items() for name in names}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
