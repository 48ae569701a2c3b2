"""The checks as classes of tests: inherit, give a fixture, and each check is a test of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from retention_kit.testing.conformance.cases import ChannelCase, SourceCase
from retention_kit.testing.conformance.findings import Check, check_expected, run_checks
from retention_kit.testing.conformance.of_channels import CHANNEL_CHECKS
from retention_kit.testing.conformance.of_sources import SOURCE_CHECKS


def _test(
    check: Check[Any], case: SourceCase | ChannelCase, expected: Mapping[str, str], all_of: Any
) -> None:
    check_expected(expected, all_of)
    known = {name: why for name, why in expected.items() if name == check.name}
    report = run_checks(case, [check], expected_failures=known)
    (found,) = report.findings
    if found.result == "left out":
        pytest.skip(found.reason)
    if found.result == "failed as expected":
        pytest.xfail(found.reason)
    report.raise_for_failures()


class SourceConformance:
    """Tests of a source; a class that inherits it needs a fixture `source_case`.

    Attributes:
        expected_failures: Checks that are known to fail, and why. One that passes fails.
    """

    expected_failures: ClassVar[Mapping[str, str]] = {}

    @pytest.mark.parametrize("check", SOURCE_CHECKS, ids=lambda check: check.name)
    def test_source_conforms(self, check: Check[SourceCase], source_case: SourceCase) -> None:
        """Run one check."""
        _test(check, source_case, self.expected_failures, SOURCE_CHECKS)


class ChannelConformance:
    """Tests of a channel; a class that inherits it needs a fixture `channel_case`.

    Attributes:
        expected_failures: Checks that are known to fail, and why. One that passes fails.
    """

    expected_failures: ClassVar[Mapping[str, str]] = {}

    @pytest.mark.parametrize("check", CHANNEL_CHECKS, ids=lambda check: check.name)
    def test_channel_conforms(self, check: Check[ChannelCase], channel_case: ChannelCase) -> None:
        """Run one check."""
        _test(check, channel_case, self.expected_failures, CHANNEL_CHECKS)
