"""Measure, divide, decide, act and learn: what makes a shop's customers come back.

Start with `Dataset.from_frames` or `online_retail()`, and `retention_kit.audit.audit`.
"""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.audit import Audit as Audit
    from retention_kit.clv import ValueModel as ValueModel
    from retention_kit.clv import clv_summary as clv_summary
    from retention_kit.clv import fit_value_model as fit_value_model
    from retention_kit.clv import predicted_values as predicted_values
    from retention_kit.contracts import Buckets as Buckets
    from retention_kit.contracts import DataHealth as DataHealth
    from retention_kit.contracts import Dataset as Dataset
    from retention_kit.contracts import DoorOptions as DoorOptions
    from retention_kit.contracts import TableHealth as TableHealth
    from retention_kit.contracts import read_export as read_export
    from retention_kit.contracts import suggest_mapping as suggest_mapping
    from retention_kit.datasets import make_dataset as make_dataset
    from retention_kit.datasets import online_retail as online_retail
    from retention_kit.delivery import DeliveryReport as DeliveryReport
    from retention_kit.delivery import Journal as Journal
    from retention_kit.delivery import dispatch as dispatch
    from retention_kit.delivery import dry_run as dry_run
    from retention_kit.delivery import sync as sync
    from retention_kit.errors import AuthenticationError as AuthenticationError
    from retention_kit.errors import ChannelError as ChannelError
    from retention_kit.errors import ColumnTypeError as ColumnTypeError
    from retention_kit.errors import DataError as DataError
    from retention_kit.errors import DataWarning as DataWarning
    from retention_kit.errors import DefinitionError as DefinitionError
    from retention_kit.errors import FileFormatError as FileFormatError
    from retention_kit.errors import MissingColumnError as MissingColumnError
    from retention_kit.errors import MissingDependencyError as MissingDependencyError
    from retention_kit.errors import PluginError as PluginError
    from retention_kit.errors import RateLimitedError as RateLimitedError
    from retention_kit.errors import RejectedError as RejectedError
    from retention_kit.errors import RepeatedOrderIdError as RepeatedOrderIdError
    from retention_kit.errors import RetentionKitError as RetentionKitError
    from retention_kit.errors import RetryableError as RetryableError
    from retention_kit.errors import RowsRejectedError as RowsRejectedError
    from retention_kit.errors import UnknownMembershipError as UnknownMembershipError
    from retention_kit.errors import UnknownOutcomeError as UnknownOutcomeError
    from retention_kit.kmeans import CustomerKMeans as CustomerKMeans
    from retention_kit.kmeans import customer_features as customer_features
    from retention_kit.kmeans import fit_customer_clusters as fit_customer_clusters
    from retention_kit.loyalty_rules import LoyaltyProgram as LoyaltyProgram
    from retention_kit.loyalty_rules import accrue as accrue
    from retention_kit.loyalty_rules import simulate as simulate
    from retention_kit.metrics import average_order_value as average_order_value
    from retention_kit.metrics import churned_customers as churned_customers
    from retention_kit.metrics import cohort_retention as cohort_retention
    from retention_kit.metrics import cohort_totals as cohort_totals
    from retention_kit.metrics import customer_summary as customer_summary
    from retention_kit.metrics import measure as measure
    from retention_kit.metrics import order_totals as order_totals
    from retention_kit.metrics import purchase_frequency as purchase_frequency
    from retention_kit.metrics import repeat_purchase_rate as repeat_purchase_rate
    from retention_kit.metrics import repeat_purchase_totals as repeat_purchase_totals
    from retention_kit.metrics import retention_rates as retention_rates
    from retention_kit.metrics import retention_totals as retention_totals
    from retention_kit.plugins import open_channel as open_channel
    from retention_kit.plugins import open_source as open_source
    from retention_kit.plugins import read_source as read_source
    from retention_kit.rfm import RFMScorer as RFMScorer
    from retention_kit.rfm import RFMSegments as RFMSegments
    from retention_kit.rfm import fit_rfm_scorer as fit_rfm_scorer
    from retention_kit.rfm import rfm_scores as rfm_scores
    from retention_kit.rfm import rfm_segments as rfm_segments
    from retention_kit.rfm import rfm_table as rfm_table
    from retention_kit.smart_segments import Segment as Segment
    from retention_kit.smart_segments import attribute as attribute
    from retention_kit.smart_segments import bought as bought
    from retention_kit.smart_segments import compile_segment as compile_segment
    from retention_kit.smart_segments import evaluate_many as evaluate_many
    from retention_kit.smart_segments import explain as explain
    from retention_kit.smart_segments import is_member as is_member
    from retention_kit.smart_segments import members as members

_MODULES = {
    "Audit": "retention_kit.audit",
    "AuthenticationError": "retention_kit.errors",
    "Buckets": "retention_kit.contracts",
    "ChannelError": "retention_kit.errors",
    "ColumnTypeError": "retention_kit.errors",
    "CustomerKMeans": "retention_kit.kmeans",
    "DataError": "retention_kit.errors",
    "DataHealth": "retention_kit.contracts",
    "DataWarning": "retention_kit.errors",
    "Dataset": "retention_kit.contracts",
    "DefinitionError": "retention_kit.errors",
    "DeliveryReport": "retention_kit.delivery",
    "DoorOptions": "retention_kit.contracts",
    "FileFormatError": "retention_kit.errors",
    "Journal": "retention_kit.delivery",
    "LoyaltyProgram": "retention_kit.loyalty_rules",
    "MissingColumnError": "retention_kit.errors",
    "MissingDependencyError": "retention_kit.errors",
    "PluginError": "retention_kit.errors",
    "RFMScorer": "retention_kit.rfm",
    "RFMSegments": "retention_kit.rfm",
    "RateLimitedError": "retention_kit.errors",
    "RejectedError": "retention_kit.errors",
    "RepeatedOrderIdError": "retention_kit.errors",
    "RetentionKitError": "retention_kit.errors",
    "RetryableError": "retention_kit.errors",
    "RowsRejectedError": "retention_kit.errors",
    "Segment": "retention_kit.smart_segments",
    "TableHealth": "retention_kit.contracts",
    "UnknownMembershipError": "retention_kit.errors",
    "UnknownOutcomeError": "retention_kit.errors",
    "ValueModel": "retention_kit.clv",
    "accrue": "retention_kit.loyalty_rules",
    "attribute": "retention_kit.smart_segments",
    "average_order_value": "retention_kit.metrics",
    "bought": "retention_kit.smart_segments",
    "churned_customers": "retention_kit.metrics",
    "clv_summary": "retention_kit.clv",
    "cohort_retention": "retention_kit.metrics",
    "cohort_totals": "retention_kit.metrics",
    "compile_segment": "retention_kit.smart_segments",
    "customer_features": "retention_kit.kmeans",
    "customer_summary": "retention_kit.metrics",
    "dispatch": "retention_kit.delivery",
    "dry_run": "retention_kit.delivery",
    "evaluate_many": "retention_kit.smart_segments",
    "explain": "retention_kit.smart_segments",
    "fit_customer_clusters": "retention_kit.kmeans",
    "fit_rfm_scorer": "retention_kit.rfm",
    "fit_value_model": "retention_kit.clv",
    "is_member": "retention_kit.smart_segments",
    "make_dataset": "retention_kit.datasets",
    "measure": "retention_kit.metrics",
    "members": "retention_kit.smart_segments",
    "online_retail": "retention_kit.datasets",
    "open_channel": "retention_kit.plugins",
    "open_source": "retention_kit.plugins",
    "order_totals": "retention_kit.metrics",
    "predicted_values": "retention_kit.clv",
    "purchase_frequency": "retention_kit.metrics",
    "read_export": "retention_kit.contracts",
    "read_source": "retention_kit.plugins",
    "repeat_purchase_rate": "retention_kit.metrics",
    "repeat_purchase_totals": "retention_kit.metrics",
    "retention_rates": "retention_kit.metrics",
    "retention_totals": "retention_kit.metrics",
    "rfm_scores": "retention_kit.rfm",
    "rfm_segments": "retention_kit.rfm",
    "rfm_table": "retention_kit.rfm",
    "simulate": "retention_kit.loyalty_rules",
    "suggest_mapping": "retention_kit.contracts",
    "sync": "retention_kit.delivery",
}

_WITH_DELIVERY = {"Journal", "dispatch", "dry_run", "sync"}
"""They need the extra `delivery`, and `import *` works without."""

__all__ = sorted(_MODULES.keys() - _WITH_DELIVERY)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
