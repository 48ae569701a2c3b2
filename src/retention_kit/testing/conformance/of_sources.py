"""All checks of sources, and running them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from retention_kit.testing.conformance.cases import SourceCase
from retention_kit.testing.conformance.findings import Check, ConformanceReport, run_checks
from retention_kit.testing.conformance.of_failing_reads import FAILING_READ_CHECKS
from retention_kit.testing.conformance.of_reading import READING_CHECKS
from retention_kit.testing.conformance.of_specs import SPEC_CHECKS
from retention_kit.testing.conformance.of_tables import TABLE_CHECKS

SOURCE_CHECKS: Final[tuple[Check[SourceCase], ...]] = (
    *SPEC_CHECKS,
    *TABLE_CHECKS,
    *READING_CHECKS,
    *FAILING_READ_CHECKS,
)


def check_source(
    case: SourceCase, *, expected_failures: Mapping[str, str] | None = None
) -> ConformanceReport:
    """Run all checks of a source that fit what it declares and what the case gives.

    Args:
        case: The source, and what is outside of it.
        expected_failures: Checks that are known to fail, and why; one that passes is a failure.

    Returns:
        What became of each check; `raise_for_failures()` makes a test of it.

    Raises:
        DefinitionError: A check that does not exist is expected to fail.
    """
    return run_checks(case, SOURCE_CHECKS, expected_failures=expected_failures)
