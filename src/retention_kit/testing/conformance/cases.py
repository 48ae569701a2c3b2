"""What an author hands to the checks: how the adapter is opened, and what is outside of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pydantic

from retention_kit.delivery.actions import Action
from retention_kit.delivery.channels import AdapterContext, Channel, ChannelSpec
from retention_kit.delivery.clocks import Clock
from retention_kit.plugins.types import Cursor, Source, SourceSpec
from retention_kit.testing.clocks import ManualClock
from retention_kit.testing.emulators.base import Emulator
from retention_kit.testing.emulators.faults import FaultKind

_UNSAID: Final = ManualClock()
"""Stands for a clock that the author did not choose; nobody goes by it."""


@dataclass(frozen=True, kw_only=True)
class SourceCase:
    """A source to be checked.

    Attributes:
        spec: What the plugin says of it.
        settings: Settings with which it works, secrets included.
        emulator: The local server that it reads from, whose requests are counted and whose faults
            are used; None where there is none.
        tables: Which of its tables are read; all of them where empty. Each should have a few rows.
        rows: How many rows the outside system has of a table, by its name, those that are marked
            as deleted left out. Give a table more rows than a page holds.
        since: For tables with a cursor, an instant or an id in the midst of their rows.
        wrong_settings: Settings with a credential that is refused; None where there is none.
        clock: The time for the source; the emulator's own unless given, and where there is no
            emulator one that sleeping moves, so that no check waits.
    """

    spec: SourceSpec
    settings: Mapping[str, Any] = field(repr=False)
    emulator: Emulator | None = None
    tables: tuple[str, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    since: Mapping[str, Cursor] = field(default_factory=dict)
    wrong_settings: Mapping[str, Any] | None = field(default=None, repr=False)
    clock: Clock = field(default=_UNSAID)

    def __post_init__(self) -> None:
        _choose_clock(self)

    @contextmanager
    def opened(
        self, settings: Mapping[str, Any] | None = None, *, instance: str | None = None
    ) -> Iterator[Source]:
        """Open the source.

        Args:
            settings: Settings in place of the case's.
            instance: The instance's name; the source's own where None.
        """
        context = AdapterContext(instance=instance or self.spec.name, clock=self.clock)
        source: Source = self.spec.factory(_checked(self, settings), context)
        try:
            yield source
        finally:
            source.close()

    def names(self, source: Source) -> tuple[str, ...]:
        """Give the tables to be read."""
        return self.tables or tuple(source.tables)


@dataclass(frozen=True, kw_only=True)
class ChannelCase:
    """A channel to be checked.

    Attributes:
        spec: What the plugin says of it.
        settings: Settings with which it works, secrets included.
        actions: Makes so many actions that the outside system will take, of invented customers,
            each with another key; the argument tells apart what several calls make.
        happened: Tells how often each action happened outside, by the action's id.
        bad_action: Makes an action that `prepare` or the outside system refuses; None where there
            is none.
        emulator: The local server that it writes to, whose faults and counts are used; None where
            there is none.
        wrong_settings: Settings with a credential that is refused; None where there is none.
        settled: Makes the outside system finish what it does later, so that a poll tells.
        incoming: Makes a web hook about actions that were sent, its headers and its body, as the
            outside system would send it; None where it sends none.
        too_many: What the emulator counts as a refusal because of too many requests: HTTP statuses
            and the vendor's codes.
        untellable: Faults that nobody could tell from success: where the status is the whole
            answer, a gateway's page with status 200.
        clock: The time for the channel; the emulator's own unless given, and where there is no
            emulator one that sleeping moves, so that no check waits.
        secrets: What must never be seen, besides the secrets of the settings.
    """

    spec: ChannelSpec
    settings: Mapping[str, Any] = field(repr=False)
    actions: Callable[[int, str], Sequence[Action]] = field(repr=False)
    happened: Callable[[], Mapping[str, int]] = field(repr=False)
    bad_action: Callable[[], Action] | None = field(default=None, repr=False)
    emulator: Emulator | None = None
    wrong_settings: Mapping[str, Any] | None = field(default=None, repr=False)
    settled: Callable[[], None] | None = field(default=None, repr=False)
    incoming: Callable[[Sequence[Action]], tuple[Mapping[str, str], bytes]] | None = field(
        default=None, repr=False
    )
    too_many: tuple[int | str, ...] = (429,)
    untellable: tuple[FaultKind, ...] = ()
    clock: Clock = field(default=_UNSAID)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        _choose_clock(self)

    @contextmanager
    def opened(
        self, settings: Mapping[str, Any] | None = None, *, instance: str | None = None
    ) -> Iterator[Channel]:
        """Open the channel.

        Args:
            settings: Settings in place of the case's.
            instance: The instance's name; the channel's own where None.
        """
        context = AdapterContext(instance=instance or self.spec.name, clock=self.clock)
        channel = self.spec.factory(_checked(self, settings), context)
        try:
            yield channel
        finally:
            channel.close()


def _checked(
    case: SourceCase | ChannelCase, settings: Mapping[str, Any] | None
) -> pydantic.BaseModel:
    return case.spec.settings.model_validate(dict(case.settings if settings is None else settings))


def _choose_clock(case: SourceCase | ChannelCase) -> None:
    if case.clock is _UNSAID:
        clock = ManualClock() if case.emulator is None else case.emulator.clock
        object.__setattr__(case, "clock", clock)
