"""Fixtures for authors of adapters.

Opt in, in a conftest.py: `pytest_plugins = ["retention_kit.testing.pytest_plugin"]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retention_kit.testing.clocks import ManualClock

if TYPE_CHECKING:
    from retention_kit.delivery.journal.in_database import Journal
    from retention_kit.testing.emulators import (
        AmoCrmEmulator,
        Bitrix24Emulator,
        YandexAudienceEmulator,
    )


@pytest.fixture
def manual_clock() -> ManualClock:
    """A clock that sleeping moves, so that no test waits."""
    return ManualClock()


@pytest.fixture
def journal(tmp_path: Path, manual_clock: ManualClock) -> Iterator[Journal]:
    """A journal in a file of its own, by the manual clock."""
    from retention_kit.delivery.journal.in_database import Journal

    with Journal(tmp_path / "journal.db", clock=manual_clock) as made:
        yield made


@pytest.fixture
def bitrix24_emulator(manual_clock: ManualClock) -> Iterator[Bitrix24Emulator]:
    """A portal of Bitrix24, by the manual clock."""
    from retention_kit.testing.emulators import Bitrix24Emulator

    with Bitrix24Emulator(clock=manual_clock) as emulator:
        yield emulator


@pytest.fixture
def amocrm_emulator(manual_clock: ManualClock) -> Iterator[AmoCrmEmulator]:
    """An account of amoCRM, by the manual clock."""
    from retention_kit.testing.emulators import AmoCrmEmulator

    with AmoCrmEmulator(clock=manual_clock) as emulator:
        yield emulator


@pytest.fixture
def yandex_audience_emulator(manual_clock: ManualClock) -> Iterator[YandexAudienceEmulator]:
    """Yandex Audience, by the manual clock."""
    from retention_kit.testing.emulators import YandexAudienceEmulator

    with YandexAudienceEmulator(clock=manual_clock) as emulator:
        yield emulator
