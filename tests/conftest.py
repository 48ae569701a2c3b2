"""Hypothesis profiles, and the list of functions that the law was proven for."""

import os

from hypothesis import HealthCheck, settings

IN_CI = bool(os.environ.get("CI"))

# No deadline and no complaint of slow drawing: nothing may fail because a machine is busy.
settings.register_profile(
    "modest",
    max_examples=40,
    deadline=None,
    derandomize=IN_CI,
    database=None if IN_CI else settings.default.database,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.register_profile("thorough", parent=settings.get_profile("modest"), max_examples=1_000)
settings.register_profile("quick", parent=settings.get_profile("modest"), max_examples=10)
settings.register_profile("glance", parent=settings.get_profile("modest"), max_examples=4)
settings.load_profile("modest")


def pytest_terminal_summary(terminalreporter):
    proven = sorted(
        value
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == "law"
    )
    if proven:
        terminalreporter.section(f"the law was proven for {len(proven)} functions")
        for line in proven:
            terminalreporter.line(line)
