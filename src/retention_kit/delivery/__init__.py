"""From actions to what became of them: planned, claimed, handed over, settled."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.delivery.actions import ACTIONS as ACTIONS
    from retention_kit.delivery.actions import Action as Action
    from retention_kit.delivery.actions import ActionKey as ActionKey
    from retention_kit.delivery.actions import AddToAudience as AddToAudience
    from retention_kit.delivery.actions import CreateDeal as CreateDeal
    from retention_kit.delivery.actions import CreateTask as CreateTask
    from retention_kit.delivery.actions import IssuePromoCode as IssuePromoCode
    from retention_kit.delivery.actions import PluginAction as PluginAction
    from retention_kit.delivery.actions import PostEvent as PostEvent
    from retention_kit.delivery.actions import RemoveFromAudience as RemoveFromAudience
    from retention_kit.delivery.actions import SendMessage as SendMessage
    from retention_kit.delivery.actions import SetBalance as SetBalance
    from retention_kit.delivery.actions import UpsertContact as UpsertContact
    from retention_kit.delivery.audiences.guarding import LargeRemovalError as LargeRemovalError
    from retention_kit.delivery.audiences.report import SyncReport as SyncReport
    from retention_kit.delivery.audiences.state import AudienceState as AudienceState
    from retention_kit.delivery.audiences.state import KnowsAudiences as KnowsAudiences
    from retention_kit.delivery.audiences.synchronising import sync as sync
    from retention_kit.delivery.channels import CHANNEL_API_VERSION as CHANNEL_API_VERSION
    from retention_kit.delivery.channels import AdapterContext as AdapterContext
    from retention_kit.delivery.channels import Capabilities as Capabilities
    from retention_kit.delivery.channels import Channel as Channel
    from retention_kit.delivery.channels import ChannelSpec as ChannelSpec
    from retention_kit.delivery.channels import LooksUp as LooksUp
    from retention_kit.delivery.channels import Observer as Observer
    from retention_kit.delivery.channels import Receives as Receives
    from retention_kit.delivery.clocks import SYSTEM_CLOCK as SYSTEM_CLOCK
    from retention_kit.delivery.clocks import Clock as Clock
    from retention_kit.delivery.clocks import SystemClock as SystemClock
    from retention_kit.delivery.dispatching.dry_running import DryRun as DryRun
    from retention_kit.delivery.dispatching.dry_running import dry_run as dry_run
    from retention_kit.delivery.dispatching.fingerprints import fingerprint_of as fingerprint_of
    from retention_kit.delivery.dispatching.running import dispatch as dispatch
    from retention_kit.delivery.dispatching.settling import settle as settle
    from retention_kit.delivery.forgetting import Forgets as Forgets
    from retention_kit.delivery.forgetting import Forgotten as Forgotten
    from retention_kit.delivery.forgetting import forget as forget
    from retention_kit.delivery.journal.in_database import Journal as Journal
    from retention_kit.delivery.journal.problems import JournalError as JournalError
    from retention_kit.delivery.journal.problems import LostRowsError as LostRowsError
    from retention_kit.delivery.journal.records import Known as Known
    from retention_kit.delivery.journal.records import PendingReceipt as PendingReceipt
    from retention_kit.delivery.journal.records import Planned as Planned
    from retention_kit.delivery.journal.records import Recorded as Recorded
    from retention_kit.delivery.journal.runs import Run as Run
    from retention_kit.delivery.limits import LeakyBucket as LeakyBucket
    from retention_kit.delivery.limits import Limit as Limit
    from retention_kit.delivery.limits import Limiter as Limiter
    from retention_kit.delivery.limits import LimitLedger as LimitLedger
    from retention_kit.delivery.limits import MemoryLimitLedger as MemoryLimitLedger
    from retention_kit.delivery.limits import Window as Window
    from retention_kit.delivery.outcomes import DONE as DONE
    from retention_kit.delivery.outcomes import ActionState as ActionState
    from retention_kit.delivery.outcomes import Batch as Batch
    from retention_kit.delivery.outcomes import Outcome as Outcome
    from retention_kit.delivery.outcomes import OutcomeState as OutcomeState
    from retention_kit.delivery.outcomes import Payload as Payload
    from retention_kit.delivery.outcomes import Receipt as Receipt
    from retention_kit.delivery.outcomes import Rejection as Rejection
    from retention_kit.delivery.outcomes import Sent as Sent
    from retention_kit.delivery.progress import Progress as Progress
    from retention_kit.delivery.receiving import Received as Received
    from retention_kit.delivery.receiving import receive as receive
    from retention_kit.delivery.report import DeliveryReport as DeliveryReport
    from retention_kit.delivery.written_actions import action_from_dict as action_from_dict
    from retention_kit.delivery.written_actions import action_to_dict as action_to_dict

_HOME = "retention_kit.delivery"
_BY_MODULE = {
    "actions": (
        "ACTIONS",
        "Action",
        "ActionKey",
        "AddToAudience",
        "CreateDeal",
        "CreateTask",
        "IssuePromoCode",
        "PluginAction",
        "PostEvent",
        "RemoveFromAudience",
        "SendMessage",
        "SetBalance",
        "UpsertContact",
    ),
    "audiences.guarding": ("LargeRemovalError",),
    "audiences.report": ("SyncReport",),
    "audiences.state": ("AudienceState", "KnowsAudiences"),
    "audiences.synchronising": ("sync",),
    "channels": (
        "CHANNEL_API_VERSION",
        "AdapterContext",
        "Capabilities",
        "Channel",
        "ChannelSpec",
        "LooksUp",
        "Observer",
        "Receives",
    ),
    "clocks": ("SYSTEM_CLOCK", "Clock", "SystemClock"),
    "dispatching.dry_running": ("DryRun", "dry_run"),
    "dispatching.fingerprints": ("fingerprint_of",),
    "dispatching.running": ("dispatch",),
    "dispatching.settling": ("settle",),
    "forgetting": ("Forgets", "Forgotten", "forget"),
    "journal.in_database": ("Journal",),
    "journal.problems": ("JournalError", "LostRowsError"),
    "journal.records": ("Known", "PendingReceipt", "Planned", "Recorded"),
    "journal.runs": ("Run",),
    "limits": ("LeakyBucket", "Limit", "LimitLedger", "Limiter", "MemoryLimitLedger", "Window"),
    "outcomes": (
        "DONE",
        "ActionState",
        "Batch",
        "Outcome",
        "OutcomeState",
        "Payload",
        "Receipt",
        "Rejection",
        "Sent",
    ),
    "progress": ("Progress",),
    "receiving": ("Received", "receive"),
    "report": ("DeliveryReport",),
    "written_actions": ("action_from_dict", "action_to_dict"),
}
_MODULES = {name: f"{_HOME}.{module}" for module, names in _BY_MODULE.items() for name in names}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
