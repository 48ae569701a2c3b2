"""Hypothesis strategies for loyalty programmes, and for what customers do under them.

Every award, trigger, cap, expiry and way to reach a tier is drawn, and streams of events in which
they meet: returns before and after spending, several events of one instant, days on which the
clocks change, and spends about what is available.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.online.events import Event
from retention_kit.testing._loyalty_choices import pick
from retention_kit.testing._loyalty_programs import histories
from retention_kit.testing._loyalty_reference import Reading, read_loyalty
from retention_kit.testing._loyalty_scenes import MOMENT, due_after
from retention_kit.testing._loyalty_streams import streams_under

STARTS = (
    ("Europe/London", dt.date(2025, 3, 28)),  # the clocks change on the 30th
    ("America/Santiago", dt.date(2025, 9, 4)),  # the 7th has no midnight
    ("UTC", dt.date(2024, 1, 30)),
    ("Europe/London", dt.date(2025, 10, 24)),  # the clocks change on the 26th
    ("Europe/Moscow", dt.date(2024, 12, 29)),
    ("America/Santiago", dt.date(2025, 4, 3)),  # the 5th has an hour before midnight twice
    ("Australia/Lord_Howe", dt.date(2025, 4, 4)),  # the clocks change by half an hour
)
"""Zones, and days about which something is hard."""


@dataclass(frozen=True, repr=False)
class LoyaltyCase:
    """A programme, and what one customer did.

    Attributes:
        program: The programme, or the history of one.
        time_zone: The shop's zone.
        events: What happened, by instant; some returns are dated before their order.
        as_of: The instant of observation.
    """

    program: LoyaltyProgram | ProgramHistory
    time_zone: str
    events: tuple[Event, ...]
    as_of: dt.datetime

    def __repr__(self) -> str:
        told = "".join(f"\n    {_short(one)}" for one in self.events)
        said = f"{self.program!r},\n  {self.time_zone!r}, as_of={self.as_of}, events:{told}"
        return f"LoyaltyCase({said})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002
        """Let Hypothesis report it as `repr` does."""
        printer.text(repr(self))

    def read(self) -> Reading:
        """Give what the naive reading says."""
        return read_loyalty(self.program, self.events, time_zone=self.time_zone, as_of=self.as_of)


def _short(event: Any) -> str:
    """Say what an event is, without what is not filled."""
    fields = {name: getattr(event, name) for name in event.__slots__}
    filled = [f"{name}={value}" for name, value in fields.items() if value not in (None, (), {})]
    return f"{type(event).__name__}({', '.join(filled)})"


def loyalty_programs(
    *, start: dt.date = dt.date(2025, 3, 28)
) -> SearchStrategy[LoyaltyProgram | ProgramHistory]:
    """Draw programmes, and histories of programmes.

    Args:
        start: About when a customer's events begin, by which dates and versions are drawn.

    Returns:
        Each a programme by itself, or a history of two.
    """
    return histories(start)


def loyalty_cases(*, max_events: int = 12, as_tables: bool = False) -> SearchStrategy[LoyaltyCase]:
    """Draw a programme together with what one customer did under it.

    Args:
        max_events: How many events there are at most.
        as_tables: Draw only what tables can tell: in them no order names a reservation, or a
            wallet other than the first that can be spent.

    Returns:
        Cases, whose events have a key each.
    """
    return _cases(max_events, as_tables)


def loyalty_streams(
    program: LoyaltyProgram | ProgramHistory,
    *,
    time_zone: str,
    start: dt.date,
    max_events: int = 12,
    as_tables: bool = False,
) -> SearchStrategy[tuple[Event, ...]]:
    """Draw what one customer did under a programme.

    Args:
        program: The programme, or the history of one.
        time_zone: The shop's zone.
        start: About when it begins.
        max_events: How many events there are at most.
        as_tables: Draw only what tables can tell.

    Returns:
        Events by their instants, those of one instant by kind and key.
    """
    return streams_under(program, ZoneInfo(time_zone), start, max_events, as_tables)


@st.composite
def _cases(draw: DrawFn, max_events: int, as_tables: bool) -> LoyaltyCase:
    time_zone, start = pick(draw, *STARTS)
    program = draw(loyalty_programs(start=start))
    told = loyalty_streams(
        program, time_zone=time_zone, start=start, max_events=max_events, as_tables=as_tables
    )
    events = draw(told)
    last = max((one.at for one in events), default=dt.datetime.combine(start, dt.time(), dt.UTC))
    case = LoyaltyCase(program, time_zone, events, last + MOMENT)
    due = due_after(case.read(), last)
    choices = [last + MOMENT, last + dt.timedelta(days=400), last + dt.timedelta(days=20)]
    choices += [one + shift for one in due for shift in (dt.timedelta(0), MOMENT)]
    return LoyaltyCase(program, time_zone, events, pick(draw, *choices))
