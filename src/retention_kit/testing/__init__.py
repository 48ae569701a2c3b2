"""What authors of metrics and adapters test with: tables on purpose hard, and the law's proof."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.testing._shop import Shop as Shop
    from retention_kit.testing.arguments import arguments_for as arguments_for
    from retention_kit.testing.channels import Act as Act
    from retention_kit.testing.channels import Fault as Fault
    from retention_kit.testing.channels import MemoryChannel as MemoryChannel
    from retention_kit.testing.channels import OutsideWorld as OutsideWorld
    from retention_kit.testing.clocks import ManualClock as ManualClock
    from retention_kit.testing.clocks import ScaledClock as ScaledClock
    from retention_kit.testing.conformance.cases import ChannelCase as ChannelCase
    from retention_kit.testing.conformance.cases import SourceCase as SourceCase
    from retention_kit.testing.conformance.findings import ConformanceError as ConformanceError
    from retention_kit.testing.conformance.findings import ConformanceReport as ConformanceReport
    from retention_kit.testing.conformance.findings import Finding as Finding
    from retention_kit.testing.conformance.of_channels import check_channel as check_channel
    from retention_kit.testing.conformance.of_sources import check_source as check_source
    from retention_kit.testing.conformance.pytest_classes import (
        ChannelConformance as ChannelConformance,
    )
    from retention_kit.testing.conformance.pytest_classes import (
        SourceConformance as SourceConformance,
    )
    from retention_kit.testing.crashes.killing import CrashSummary as CrashSummary
    from retention_kit.testing.crashes.trying import crash_test as crash_test
    from retention_kit.testing.customer_rows import customer_rows_of as customer_rows_of
    from retention_kit.testing.discovery import table_functions as table_functions
    from retention_kit.testing.discovery import tables_needed as tables_needed
    from retention_kit.testing.earning_rules import check_earning_rule as check_earning_rule
    from retention_kit.testing.known import known_arguments as known_arguments
    from retention_kit.testing.law import LawBroken as LawBroken
    from retention_kit.testing.law import prove as prove
    from retention_kit.testing.loyalty_strategies import LoyaltyCase as LoyaltyCase
    from retention_kit.testing.loyalty_strategies import loyalty_cases as loyalty_cases
    from retention_kit.testing.loyalty_strategies import loyalty_programs as loyalty_programs
    from retention_kit.testing.loyalty_strategies import loyalty_streams as loyalty_streams
    from retention_kit.testing.plans import foreign_steps as foreign_steps
    from retention_kit.testing.raw import raw_orders as raw_orders
    from retention_kit.testing.segment_strategies import SegmentCase as SegmentCase
    from retention_kit.testing.segment_strategies import conditions as conditions
    from retention_kit.testing.segment_strategies import segment_cases as segment_cases
    from retention_kit.testing.segment_strategies import segments as segments
    from retention_kit.testing.strategies import consents as consents
    from retention_kit.testing.strategies import costs as costs
    from retention_kit.testing.strategies import customers as customers
    from retention_kit.testing.strategies import datasets as datasets
    from retention_kit.testing.strategies import events as events
    from retention_kit.testing.strategies import instants as instants
    from retention_kit.testing.strategies import order_items as order_items
    from retention_kit.testing.strategies import orders as orders
    from retention_kit.testing.strategies import reviews as reviews
    from retention_kit.testing.strategies import shops as shops
    from retention_kit.testing.strategies import time_zones as time_zones

_HERE = "retention_kit.testing"
_MODULES = {
    "Act": f"{_HERE}.channels",
    "ChannelCase": f"{_HERE}.conformance.cases",
    "ChannelConformance": f"{_HERE}.conformance.pytest_classes",
    "ConformanceError": f"{_HERE}.conformance.findings",
    "ConformanceReport": f"{_HERE}.conformance.findings",
    "CrashSummary": f"{_HERE}.crashes.killing",
    "Fault": f"{_HERE}.channels",
    "Finding": f"{_HERE}.conformance.findings",
    "LawBroken": f"{_HERE}.law",
    "LoyaltyCase": f"{_HERE}.loyalty_strategies",
    "ManualClock": f"{_HERE}.clocks",
    "MemoryChannel": f"{_HERE}.channels",
    "OutsideWorld": f"{_HERE}.channels",
    "ScaledClock": f"{_HERE}.clocks",
    "SegmentCase": f"{_HERE}.segment_strategies",
    "Shop": f"{_HERE}._shop",
    "SourceCase": f"{_HERE}.conformance.cases",
    "SourceConformance": f"{_HERE}.conformance.pytest_classes",
    "arguments_for": f"{_HERE}.arguments",
    "check_channel": f"{_HERE}.conformance.of_channels",
    "check_earning_rule": f"{_HERE}.earning_rules",
    "check_source": f"{_HERE}.conformance.of_sources",
    "conditions": f"{_HERE}.segment_strategies",
    "consents": f"{_HERE}.strategies",
    "costs": f"{_HERE}.strategies",
    "crash_test": f"{_HERE}.crashes.trying",
    "customer_rows_of": f"{_HERE}.customer_rows",
    "customers": f"{_HERE}.strategies",
    "datasets": f"{_HERE}.strategies",
    "events": f"{_HERE}.strategies",
    "foreign_steps": f"{_HERE}.plans",
    "instants": f"{_HERE}.strategies",
    "known_arguments": f"{_HERE}.known",
    "loyalty_cases": f"{_HERE}.loyalty_strategies",
    "loyalty_programs": f"{_HERE}.loyalty_strategies",
    "loyalty_streams": f"{_HERE}.loyalty_strategies",
    "order_items": f"{_HERE}.strategies",
    "orders": f"{_HERE}.strategies",
    "prove": f"{_HERE}.law",
    "raw_orders": f"{_HERE}.raw",
    "reviews": f"{_HERE}.strategies",
    "segment_cases": f"{_HERE}.segment_strategies",
    "segments": f"{_HERE}.segment_strategies",
    "shops": f"{_HERE}.strategies",
    "table_functions": f"{_HERE}.discovery",
    "tables_needed": f"{_HERE}.discovery",
    "time_zones": f"{_HERE}.strategies",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
