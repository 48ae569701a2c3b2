"""All checks of channels, and running them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from retention_kit.testing.conformance.cases import ChannelCase
from retention_kit.testing.conformance.findings import Check, ConformanceReport, run_checks
from retention_kit.testing.conformance.of_capabilities import CAPABILITY_CHECKS
from retention_kit.testing.conformance.of_credentials import CREDENTIAL_CHECKS
from retention_kit.testing.conformance.of_delivering import DELIVERY_CHECKS
from retention_kit.testing.conformance.of_faults import FAULT_CHECKS
from retention_kit.testing.conformance.of_limits import LIMIT_CHECKS
from retention_kit.testing.conformance.of_preparing import PREPARE_CHECKS
from retention_kit.testing.conformance.of_specs import SPEC_CHECKS

CHANNEL_CHECKS: Final[tuple[Check[ChannelCase], ...]] = (
    *SPEC_CHECKS,
    *CAPABILITY_CHECKS,
    *PREPARE_CHECKS,
    *DELIVERY_CHECKS,
    *CREDENTIAL_CHECKS,
    *FAULT_CHECKS,
    *LIMIT_CHECKS,
)


def check_channel(
    case: ChannelCase, *, expected_failures: Mapping[str, str] | None = None
) -> ConformanceReport:
    """Run all checks of a channel that fit what it declares and what the case gives.

    Args:
        case: The channel, and what is outside of it.
        expected_failures: Checks that are known to fail, and why; one that passes is a failure.

    Returns:
        What became of each check; `raise_for_failures()` makes a test of it.

    Raises:
        DefinitionError: A check that does not exist is expected to fail.
    """
    return run_checks(case, CHANNEL_CHECKS, expected_failures=expected_failures)
