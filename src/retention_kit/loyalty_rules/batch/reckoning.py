"""Events of many customers through the kernel: compiled where they are many, else as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from retention_kit.loyalty_rules.batch.columns import EventsOfArrays, Numbers, RulesOfArrays
from retention_kit.loyalty_rules.batch.compiling import compiled, is_installed, is_kept, is_ready
from retention_kit.loyalty_rules.batch.packing import Packed, column_of, pack
from retention_kit.loyalty_rules.kernel import running
from retention_kit.loyalty_rules.kernel.layout import Entries, Events, State
from retention_kit.loyalty_rules.kernel.room import new_state
from retention_kit.loyalty_rules.lowered.plan import CompiledProgram

FEW = 3_000
"""Up to how many events run as fast without compiled code."""
ENOUGH = 100_000
"""Above how many events code is compiled that is not there yet."""
SPARE = 64
"""How much room there is at first besides what is likely."""
_ROWS_OF_STATE = ("lots", "records", "awards", "spendings", "holds", "qualifying")
_LOT_COLUMNS = running.LOT_COLUMNS


class Wanted(NamedTuple):
    """What is to be made.

    Attributes:
        entries: The entries.
        lots: The open lots.
        applies: Whether prices have no discounts yet.
    """

    entries: bool = False
    lots: bool = False
    applies: bool = False


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What the kernel made of the events of some customers.

    Attributes:
        entries: The entries by field of `Entries`; empty where they are not wanted.
        ends: By customer, how many entries there are after them.
        outcome: By event, what became of it.
        available: By event, what was available or allowed where it was refused.
        balances: By customer, wallet and figure; see `running.run`.
        lots: The open lots, by column.
        lot_ends: By customer, how many open lots there are after them.
        tiers: By customer, the tier, the one before, since when and until when.
    """

    entries: dict[str, Numbers]
    ends: Numbers
    outcome: Numbers
    available: Numbers
    balances: Numbers
    lots: Numbers
    lot_ends: Numbers
    tiers: Numbers


def reckon(
    events: EventsOfArrays,
    starts: Numbers,
    *,
    plan: CompiledProgram,
    rules: RulesOfArrays,
    packed: Packed | None,
    as_of: int,
    wanted: Wanted,
) -> Reckoned:
    """Take events, customer after customer.

    Args:
        events: The events.
        starts: Where each customer's begin, and where the last one's end.
        plan: The programme.
        rules: The same as arrays.
        packed: The same, packed; None where the kernel runs as it is.
        as_of: Until when time passes, exclusive.
        wanted: What is to be made.
    """
    work = _Lists(events, plan) if packed is None else _Arrays(events, packed, rules)
    longest = int(np.diff(starts).max(initial=0))
    customers, many = len(starts) - 1, len(events.at)
    entries = 4 * many + SPARE if wanted.entries else 2
    lots = 2 * many + SPARE if wanted.lots else 0
    work.make_state(SPARE + 4 * longest)
    work.make_results(customers, many, lots, rules.wallets)
    work.make_entries(entries)
    first = 0
    while first < customers:
        done = work.run(starts, as_of, wanted, first)
        if done < 0:
            # Somebody's account has outgrown its room.
            done = -1 - done
            work.make_state(4 * work.room)
        elif done < customers:
            entries, lots = 2 * entries, 2 * lots
            work.widen(entries, lots)
        first = done
    return work.result(wanted)


def packed_rules(rules: RulesOfArrays, events: int) -> Packed | None:
    """Give the rules packed for the compiled kernel; None where that is not worth it."""
    if not is_ready():
        if events <= FEW:
            return None
        # Compiling takes as long as some hundred thousand events without it.
        if events <= ENOUGH and not (is_installed() and is_kept("running", "run")):
            return None
    return None if compiled("running", "run") is None else pack(rules)


class _Arrays:
    """The compiled kernel."""

    def __init__(self, events: EventsOfArrays, packed: Packed, rules: RulesOfArrays) -> None:
        self._events = pack(events)
        self._packed, self._rules = packed, rules
        self._run: Any = compiled("running", "run")

    def make_state(self, room: int) -> None:
        self.room = room
        rows = dict.fromkeys(_ROWS_OF_STATE, room)
        self._state = pack(new_state(self._rules, _zeros, **rows))

    def make_results(self, customers: int, events: int, lots: int, wallets: int) -> None:
        self.ends = _zeros(customers)
        self.outcome, self.available = _zeros(events), _zeros(events)
        self.balances = np.zeros((customers, wallets, running.BALANCE_COLUMNS), dtype=np.int64)
        self.tiers = np.zeros((customers, running.TIER_COLUMNS), dtype=np.int64)
        self.lots = np.zeros((lots, _LOT_COLUMNS), dtype=np.int64)
        self.lot_ends = _zeros(customers)

    def make_entries(self, room: int) -> None:
        rooms = {name: 2 if name == "used" else room for name in Entries._fields}
        # Only what is written takes memory.
        self.entries = pack(Entries(**{name: _zeros(rooms[name]) for name in rooms}))

    def widen(self, entries: int, lots: int) -> None:
        before = self.entries
        self.make_entries(entries)
        for name in Entries._fields:
            column = column_of(before, name)
            column_of(self.entries, name)[: len(column)] = column
        self.lots = np.concatenate(
            [self.lots, np.zeros((lots - len(self.lots), _LOT_COLUMNS), np.int64)]
        )

    def run(self, starts: Numbers, as_of: int, wanted: Wanted, first: int) -> int:
        return int(
            self._run(
                self._packed.address,
                self._events.address,
                starts,
                self._state.address,
                self.entries.address,
                as_of,
                int(wanted.applies),
                first,
                int(wanted.entries),
                self.outcome,
                self.available,
                self.ends,
                self.balances,
                self.lots,
                self.lot_ends,
                self.tiers,
            )
        )

    def result(self, wanted: Wanted) -> Reckoned:
        used = int(column_of(self.entries, "used")[0]) if wanted.entries else 0
        return Reckoned(
            entries={
                name: column_of(self.entries, name)[:used]
                for name in Entries._fields
                if name != "used"
            },
            ends=self.ends,
            outcome=self.outcome,
            available=self.available,
            balances=self.balances,
            lots=self.lots,
            lot_ends=self.lot_ends,
            tiers=self.tiers,
        )


class _Lists:
    """The kernel as it is, over lists."""

    entries: Any

    def __init__(self, events: EventsOfArrays, plan: CompiledProgram) -> None:
        self._events = Events(*(column.tolist() for column in events))
        self._rules = plan.rules

    def make_state(self, room: int) -> None:
        self.room = room
        self._state: State = new_state(
            self._rules, lambda rows: [0] * rows, **dict.fromkeys(_ROWS_OF_STATE, room)
        )

    def make_results(self, customers: int, events: int, lots: int, wallets: int) -> None:
        self.ends = [0] * customers
        self.outcome, self.available = [0] * events, [0] * events
        self.balances = [
            [[0] * running.BALANCE_COLUMNS for _ in range(wallets)] for _ in range(customers)
        ]
        self.tiers = [[0] * running.TIER_COLUMNS for _ in range(customers)]
        self.lots = [[0] * _LOT_COLUMNS for _ in range(lots)]
        self.lot_ends = [0] * customers

    def make_entries(self, room: int) -> None:
        columns = {name: [0] * (2 if name == "used" else room) for name in Entries._fields}
        self.entries = Entries(**columns)

    def widen(self, entries: int, lots: int) -> None:
        for name, column in zip(Entries._fields, self.entries, strict=True):
            if name != "used":
                column.extend([0] * (entries - len(column)))
        self.lots.extend([0] * _LOT_COLUMNS for _ in range(lots - len(self.lots)))

    def run(self, starts: Numbers, as_of: int, wanted: Wanted, first: int) -> int:
        return running.run(
            self._rules,
            self._events,
            starts.tolist(),
            self._state,
            self.entries,
            as_of,
            int(wanted.applies),
            first,
            int(wanted.entries),
            self.outcome,
            self.available,
            self.ends,
            self.balances,
            self.lots,
            self.lot_ends,
            self.tiers,
        )

    def result(self, wanted: Wanted) -> Reckoned:
        used = self.entries.used[0] if wanted.entries else 0
        return Reckoned(
            entries={
                name: np.array(column[:used], dtype=np.int64)
                for name, column in zip(Entries._fields, self.entries, strict=True)
                if name != "used"
            },
            ends=_array(self.ends),
            outcome=_array(self.outcome),
            available=_array(self.available),
            balances=_array(self.balances).reshape(
                len(self.ends), self._rules.wallets, running.BALANCE_COLUMNS
            ),
            lots=_array(self.lots).reshape(-1, _LOT_COLUMNS),
            lot_ends=_array(self.lot_ends),
            tiers=_array(self.tiers).reshape(-1, running.TIER_COLUMNS),
        )


def _zeros(room: int) -> Numbers:
    return np.zeros(room, dtype=np.int64)


def _array(numbers: Any) -> Numbers:
    return np.array(numbers, dtype=np.int64)
