"""Segments said once: true for millions of rows and for one customer.

A `Segment` is data. `bought(…)` and its neighbours make one that reads aloud; `members` and
`evaluate_many` answer it over tables; `compile_segment` and `is_member` for one customer in a
service, without Polars; `explain` says why.
"""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.smart_segments.answers import Beside as Beside
    from retention_kit.smart_segments.answers import evaluate_many as evaluate_many
    from retention_kit.smart_segments.answers import members as members
    from retention_kit.smart_segments.answers import take_snapshot as take_snapshot
    from retention_kit.smart_segments.definitions.base import All as All
    from retention_kit.smart_segments.definitions.base import AnyOf as AnyOf
    from retention_kit.smart_segments.definitions.base import Condition as Condition
    from retention_kit.smart_segments.definitions.base import Not as Not
    from retention_kit.smart_segments.definitions.counting import EventAggregate as EventAggregate
    from retention_kit.smart_segments.definitions.counting import EventCount as EventCount
    from retention_kit.smart_segments.definitions.counting import Lapsed as Lapsed
    from retention_kit.smart_segments.definitions.counting import Reactivated as Reactivated
    from retention_kit.smart_segments.definitions.counting import Regularity as Regularity
    from retention_kit.smart_segments.definitions.customers import Attribute as Attribute
    from retention_kit.smart_segments.definitions.customers import Bucket as Bucket
    from retention_kit.smart_segments.definitions.customers import Consent as Consent
    from retention_kit.smart_segments.definitions.customers import Member as Member
    from retention_kit.smart_segments.definitions.customers import (
        MessageEngagement as MessageEngagement,
    )
    from retention_kit.smart_segments.definitions.customers import Score as Score
    from retention_kit.smart_segments.definitions.moments import Anniversary as Anniversary
    from retention_kit.smart_segments.definitions.moments import FirstEvent as FirstEvent
    from retention_kit.smart_segments.definitions.moments import LastEvent as LastEvent
    from retention_kit.smart_segments.definitions.moments import OfCustomer as OfCustomer
    from retention_kit.smart_segments.definitions.moments import OfEvent as OfEvent
    from retention_kit.smart_segments.definitions.plugins import ConditionSpec as ConditionSpec
    from retention_kit.smart_segments.definitions.plugins import PluginCondition as PluginCondition
    from retention_kit.smart_segments.definitions.rows import Rows as Rows
    from retention_kit.smart_segments.definitions.segment import Segment as Segment
    from retention_kit.smart_segments.definitions.segment import segment_schema as segment_schema
    from retention_kit.smart_segments.definitions.sequences import Same as Same
    from retention_kit.smart_segments.definitions.sequences import Sequence as Sequence
    from retention_kit.smart_segments.definitions.sequences import Step as Step
    from retention_kit.smart_segments.definitions.sequences import Without as Without
    from retention_kit.smart_segments.definitions.values import Comparison as Comparison
    from retention_kit.smart_segments.definitions.values import Where as Where
    from retention_kit.smart_segments.definitions.windows import AllTime as AllTime
    from retention_kit.smart_segments.definitions.windows import BetweenAges as BetweenAges
    from retention_kit.smart_segments.definitions.windows import CalendarPeriod as CalendarPeriod
    from retention_kit.smart_segments.definitions.windows import Last as Last
    from retention_kit.smart_segments.definitions.windows import Since as Since
    from retention_kit.smart_segments.explaining.explain import explain as explain
    from retention_kit.smart_segments.explaining.explanation import Explanation as Explanation
    from retention_kit.smart_segments.explaining.tree import (
        ExplainedCondition as ExplainedCondition,
    )
    from retention_kit.smart_segments.explaining.tree import ExplainedFact as ExplainedFact
    from retention_kit.smart_segments.frame.evaluate import segment_members as segment_members
    from retention_kit.smart_segments.frame.evaluate import segment_table as segment_table
    from retention_kit.smart_segments.handing import rows_of_customer as rows_of_customer
    from retention_kit.smart_segments.handing import rows_of_customers as rows_of_customers
    from retention_kit.smart_segments.history import SegmentSnapshot as SegmentSnapshot
    from retention_kit.smart_segments.history import SnapshotHistory as SnapshotHistory
    from retention_kit.smart_segments.history import changes as changes
    from retention_kit.smart_segments.history import segment_version as segment_version
    from retention_kit.smart_segments.person.compiled import CompiledSegment as CompiledSegment
    from retention_kit.smart_segments.person.compiled import compile_segment as compile_segment
    from retention_kit.smart_segments.person.compiled import is_member as is_member
    from retention_kit.smart_segments.person.rows import customer_rows as customer_rows
    from retention_kit.smart_segments.person.state import CustomerState as CustomerState
    from retention_kit.smart_segments.person.typed_rows import ConsentRow as ConsentRow
    from retention_kit.smart_segments.person.typed_rows import CustomerRow as CustomerRow
    from retention_kit.smart_segments.person.typed_rows import CustomerRows as CustomerRows
    from retention_kit.smart_segments.person.typed_rows import EventRow as EventRow
    from retention_kit.smart_segments.person.typed_rows import MembershipRow as MembershipRow
    from retention_kit.smart_segments.person.typed_rows import OrderItemRow as OrderItemRow
    from retention_kit.smart_segments.person.typed_rows import OrderRow as OrderRow
    from retention_kit.smart_segments.previews import check_segment as check_segment
    from retention_kit.smart_segments.previews import preview as preview
    from retention_kit.smart_segments.ready import READY as READY
    from retention_kit.smart_segments.ready import ready_segments as ready_segments
    from retention_kit.smart_segments.ready import ready_title as ready_title
    from retention_kit.smart_segments.saying.chains import Chain as Chain
    from retention_kit.smart_segments.saying.comparing import Column as Column
    from retention_kit.smart_segments.saying.comparing import attribute as attribute
    from retention_kit.smart_segments.saying.comparing import column as column
    from retention_kit.smart_segments.saying.comparing import score as score
    from retention_kit.smart_segments.saying.figures import Ending as Ending
    from retention_kit.smart_segments.saying.figures import Figure as Figure
    from retention_kit.smart_segments.saying.happenings import Happened as Happened
    from retention_kit.smart_segments.saying.happenings import bought as bought
    from retention_kit.smart_segments.saying.happenings import bought_lines as bought_lines
    from retention_kit.smart_segments.saying.happenings import did as did
    from retention_kit.smart_segments.saying.happenings import returned as returned
    from retention_kit.smart_segments.saying.others import Messages as Messages
    from retention_kit.smart_segments.saying.others import anniversary as anniversary
    from retention_kit.smart_segments.saying.others import birthday as birthday
    from retention_kit.smart_segments.saying.others import bucket as bucket
    from retention_kit.smart_segments.saying.others import consent as consent
    from retention_kit.smart_segments.saying.others import member_of as member_of
    from retention_kit.smart_segments.saying.others import messages as messages
    from retention_kit.smart_segments.saying.others import was_member_of as was_member_of
    from retention_kit.smart_segments.totals import overlap as overlap
    from retention_kit.smart_segments.totals import sizes as sizes

_HOME = "retention_kit.smart_segments"
_BY_MODULE = {
    "answers": ("Beside", "evaluate_many", "members", "take_snapshot"),
    "saying.chains": ("Chain",),
    "saying.comparing": ("Column", "attribute", "column", "score"),
    "saying.figures": ("Ending", "Figure"),
    "saying.happenings": ("Happened", "bought", "bought_lines", "did", "returned"),
    "saying.others": (
        "Messages",
        "anniversary",
        "birthday",
        "bucket",
        "consent",
        "member_of",
        "messages",
        "was_member_of",
    ),
    "definitions.base": ("All", "AnyOf", "Condition", "Not"),
    "definitions.counting": (
        "EventAggregate",
        "EventCount",
        "Lapsed",
        "Reactivated",
        "Regularity",
    ),
    "definitions.customers": (
        "Attribute",
        "Bucket",
        "Consent",
        "Member",
        "MessageEngagement",
        "Score",
    ),
    "definitions.moments": ("Anniversary", "FirstEvent", "LastEvent", "OfCustomer", "OfEvent"),
    "definitions.plugins": ("ConditionSpec", "PluginCondition"),
    "definitions.rows": ("Rows",),
    "definitions.segment": ("Segment", "segment_schema"),
    "definitions.sequences": ("Same", "Sequence", "Step", "Without"),
    "definitions.values": ("Comparison", "Where"),
    "definitions.windows": ("AllTime", "BetweenAges", "CalendarPeriod", "Last", "Since"),
    "explaining.explain": ("explain",),
    "explaining.explanation": ("Explanation",),
    "explaining.tree": ("ExplainedCondition", "ExplainedFact"),
    "frame.evaluate": ("segment_members", "segment_table"),
    "handing": ("rows_of_customer", "rows_of_customers"),
    "history": ("SegmentSnapshot", "SnapshotHistory", "changes", "segment_version"),
    "person.compiled": ("CompiledSegment", "compile_segment", "is_member"),
    "person.rows": ("customer_rows",),
    "person.typed_rows": (
        "ConsentRow",
        "CustomerRow",
        "CustomerRows",
        "EventRow",
        "MembershipRow",
        "OrderItemRow",
        "OrderRow",
    ),
    "person.state": ("CustomerState",),
    "previews": ("check_segment", "preview"),
    "ready": ("READY", "ready_segments", "ready_title"),
    "totals": ("overlap", "sizes"),
}
_MODULES = {name: f"{_HOME}.{module}" for module, names in _BY_MODULE.items() for name in names}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
