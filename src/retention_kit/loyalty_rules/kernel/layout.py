"""What the kernel reads and writes: numbers in columns, the same for one order and for millions.

The kernel is plain Python over columns of whole numbers. Online the columns are lists, and Python
runs it; over a history they are NumPy arrays, and it is compiled. Both run the same lines.
Instants are microseconds since 1970 in UTC, days are counted from 1970 in the shop's zone, money
is in ten-thousandths, and what stands in a wallet is in the wallet's smallest unit.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Column(Protocol):
    """Whole numbers that are read: a list, an array, or a table that is made as it is read."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> int: ...


class Columns(Protocol):
    """A list of columns, or an array of two dimensions."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Column: ...


class Cells(Column, Protocol):
    """Whole numbers that are written too: a list or an array."""

    def __setitem__(self, index: int, value: int, /) -> None: ...


class Grid(Protocol):
    """A list of columns that are written, or an array of two dimensions."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Cells: ...


NEVER = 4_000_000_000_000_000_000
"""An instant that no event reaches; a cap that nobody reaches."""
LONG_AGO = -NEVER
MONEY = 10_000
"""In how many parts a unit of money is counted."""

# The kinds of events, by the order in which they are taken at one instant.
RELEASE, ACTIVATE, RETURN, RESERVE, CAPTURE, REDEEM, ORDER, ACTIVITY, ISSUE, TRANSFER, ADJUST = (
    range(1, 12)
)
JOINED, PARTED = 12, 13
"""A customer became, or is no longer, one of a segment; taken before everything else."""

# The kinds of entries.
EARNED, ACTIVATED, RESERVED, CAPTURED, RELEASED, REDEEMED, EXPIRED, TAKEN_BACK = range(1, 9)
RESTORED, ADJUSTED, TRANSFERRED, DISCOUNTED, TIER_UP, TIER_DOWN = range(9, 15)

# What becomes of an event.
DONE, OVER_BALANCE, BELOW_MINIMUM, NOT_A_STEP, ABOVE_SHARE, NOT_SPENDABLE = range(6)
UNKNOWN_ORDER, MORE_THAN_BOUGHT, TOO_LATE, NO_RESERVATION, RESERVED_ALREADY = range(6, 11)
UNKNOWN_LABEL, REPEATED = 11, 12

# How an award is reckoned.
FIXED, PER_COUNT, PROPORTIONAL, FULL_STEPS, MULTIPLIER, SLABS, WHOLE, GIVEN = range(8)
DOWN, HALF_UP, HALF_EVEN, UP = range(4)
"""How the fraction of an award is rounded."""
SUM, BEST, FIRST = range(3)
"""Which of the rules in one group pay."""
BY_ORDERS, BY_SPEND, BY_POINTS = range(3)
"""By what tiers are reached."""
STAYS, ONE_STEP, RECOMPUTE = range(3)
"""How a tier ends."""

# The cells of an account's state.
(
    LOTS,
    RECORDS,
    AWARDS,
    SPENDINGS,
    HOLDS,
    QUALIFYING,
    NEXT_LOT,
    LAST_AT,
    TIER,
    TIER_BEFORE,
    TIER_SINCE,
    TIER_UNTIL,
    SEGMENTS,
    ORDERS,
    NEXT_DUE,
    VERSION,
    SPENT_SO_FAR,
    TOTAL_ORDERS,
    TOTAL_POINTS,
    INFO,
    DISCOUNT,
    TIER_VERSION,
) = range(22)
CELLS = 22


class Rules(NamedTuple):
    """What a programme says, all its versions together.

    A rule, a tier or a discount of a later version has a number of its own; a wallet keeps its
    number, and has settings for each version: `wallet_…[version * wallets + wallet]`.
    """

    wallets: int
    versions: int
    bases: int
    """How many columns an event has for the money and the counts that rules look at."""
    first_day: int
    """The day of the first row of every table of days."""
    midnights: Column
    """By day, the instant at which it begins; one day more than the other tables have."""
    instants: Columns
    """By moment and day, the instant that a moment of that day leads to; see `moment_elapsed`."""
    periods: Columns
    """By kind of period and day, the number of the period: day, week, month, quarter, year."""
    moment_elapsed: Column
    """By moment: microseconds after the instant; -1 where `instants` says it by the day."""
    version_from: Column
    rule_trigger: Column
    """By rule: on an order 0; on the first 1; on the nth 2; on every nth 3; on an activity 4; on a
    tier 5."""
    rule_number: Column
    """By rule: the n of the nth order, or the tier to be reached, -1 for any."""
    rule_wallet: Column
    rule_award: Column
    base_flags: Column
    """By base: the sum of 1 where what is paid in points is taken off, 2 where it is no money, 4
    where it is the price before discounts."""
    rule_base: Column
    """By rule: which column of an event it looks at."""
    rule_top: Column
    """By rule: the award's numerator; of fixed awards, the units."""
    rule_bottom: Column
    rule_first_step: Column
    rule_steps: Column
    rule_cumulative: Column
    """By rule: 1 where its steps are of what was spent before too."""
    rule_tiers: Column
    """By rule: bits of the tiers in which it pays; 0 for all and for none."""
    rule_segment: Column
    """By rule: the number of the segment it asks for; -1 for none."""
    rule_group: Column
    rule_stacking: Column
    rule_cooldown: Column
    """By rule: the moment until which it rests; -1 for none."""
    rule_first_cap: Column
    rule_caps: Column
    rule_pending: Column
    """By rule: the moment at which what it gives becomes active; -1 when it is delivered."""
    rule_expiry: Column
    """By rule: the moment at which what is active expires, reckoned from when it became so."""
    rule_rounding: Column
    step_from: Column
    """By step of a tiered rate: from which amount on."""
    step_top: Column
    step_bottom: Column
    cap_limit: Column
    cap_times: Column
    """By cap: 1 where it counts how often, 0 where it counts units."""
    cap_period: Column
    """By cap: -2 for an order, -1 for the lifetime, else the kind of period."""
    cap_rejects: Column
    wallet_top: Column
    """By version and wallet: what a unit is worth, in ten-thousandths of money, a fraction."""
    wallet_bottom: Column
    wallet_spends: Column
    """By version and wallet: 1 where it can be spent."""
    wallet_minimum: Column
    wallet_step: Column
    wallet_share_top: Column
    wallet_share_bottom: Column
    wallet_base: Column
    """By version and wallet: the column of an order that says what may be paid for by it."""
    wallet_debt: Column
    """By version and wallet: 1 where the balance may fall below zero, else 0."""
    wallet_pending: Column
    wallet_expiry: Column
    wallet_grace: Column
    """By version and wallet: the moment until which restored units live whose lot has expired; -1
    where they are lost."""
    wallet_slides: Column
    """By version and wallet: 1 where an order moves the expiry of its lots."""
    slide_activity: Columns
    """By version and wallet, then by number of an activity: 1 where it moves the expiry."""
    first_tier: Column
    """By version."""
    tiers: Column
    tier_threshold: Column
    tier_top: Column
    """By tier: what its earnings are multiplied by, a fraction."""
    tier_bottom: Column
    tier_discount_top: Column
    """By tier: the share taken off the price, a fraction."""
    tier_discount_bottom: Column
    tier_same: Columns
    """By version and tier + 1: the tier of that version with its name; -2 where there is none."""
    ladder_by: Column
    """By version."""
    ladder_window: Column
    """By version: the moment at which the window of an instant starts; -1 for the lifetime."""
    ladder_calendar: Column
    """By version: 1 where the window is a calendar period, and its start is in it."""
    ladder_validity: Column
    """By version: the moment at which a tier ends, reckoned from when it was reached; -1 never."""
    ladder_grace: Column
    """By version: the moment, reckoned from that end, at which it falls; -1 at the end."""
    ladder_downgrade: Column
    ladder_wallet: Column
    return_until: Column
    """By version: the moment until which a return takes anything back."""
    discount_top: Column
    """By discount: the share of its base, or where the bottom is 0 the money taken off."""
    discount_bottom: Column
    discount_base: Column
    discount_minimum: Column
    discount_tiers: Column
    discount_segment: Column
    discount_limit: Column
    """By discount: how often one customer has it."""
    discounts_best: Column
    """By version: 1 where the largest discount alone counts, 0 where they compound in order."""
    money_rounding: Column
    """By version: how a discount is rounded, to hundredths of money."""


class Events(NamedTuple):
    """What happened to customers, in the order in which it is taken."""

    at: Column
    kind: Column
    version: Column
    mask: Column
    """Bits of the rules whose trigger, validity and filters it meets."""
    discounts: Column
    """Bits of the discounts whose validity and filters it meets."""
    record: Column
    """Of an order, how many orders of the customer came before it; of what concerns an order, the
    number of that order; -1 where the customer has no such order."""
    amount: Column
    """Of an order the goods, after discounts, in money; of a return what came back, above 0; of
    the rest the units, which of a transfer and of an adjustment may be below 0."""
    wallet: Column
    spend: Column
    """Of an order, the units it is paid with; of a return, those to give back, -1 in proportion.
    -1 of an order: as many as it may."""
    key: Column
    """The number of a reservation, of a label of a lot, of an activity, or of a segment."""
    until: Column
    """When a reservation or an issued lot ends; 0 by the programme."""
    bases: Columns
    """By base: the money or the count, never below 0; of a return -1 in proportion."""
    previous: Column
    """The row of the event before it that was told of under the same kind and key; -1 for none."""


class State(NamedTuple):
    """What is known of one customer: columns with room, of which `cells` says how much is used."""

    cells: Cells
    lot_id: Cells
    lot_wallet: Cells
    lot_remaining: Cells
    lot_reserved: Cells
    lot_active: Cells
    lot_expires: Cells
    lot_expiry: Cells
    """The moment by which its expiry is reckoned; -1 where it was given."""
    lot_rule: Cells
    lot_award: Cells
    """The award that gave it; -1 where none is remembered."""
    lot_label: Cells
    record_at: Cells
    record_version: Cells
    record_gross: Cells
    """Its goods as the event had them; above `record_amount` where a discount was simulated."""
    record_amount: Cells
    record_returned: Cells
    """How much of the gross was returned."""
    record_spent: Cells
    record_restored: Cells
    record_wallet: Cells
    record_tier: Cells
    record_first_award: Cells
    record_awards: Cells
    record_counts: Cells
    """1 where it was taken, 0 where it was refused, -1 where it is wholly returned."""
    record_position: Cells
    """What was spent before it, by which its cumulative rate is chosen."""
    award_rule: Cells
    award_base: Cells
    award_left: Cells
    """Its base, less what was returned; -1 where all of the order was."""
    award_room: Cells
    """How many units its caps left it."""
    award_bar: Cells
    """Above how many units its caps rejected it."""
    award_period: Cells
    """The day on which it was given, by which caps reopen."""
    award_units: Cells
    award_lot: Cells
    award_expired: Cells
    award_new: Cells
    """What it would be now; scratch."""
    spending_record: Cells
    spending_lot: Cells
    spending_award: Cells
    spending_units: Cells
    """What is left of it after what was restored."""
    spending_active: Cells
    spending_expires: Cells
    spending_expiry: Cells
    spending_rule: Cells
    spending_label: Cells
    hold_key: Cells
    hold_lot: Cells
    hold_units: Cells
    hold_until: Cells
    hold_wallet: Cells
    qualifying_at: Cells
    qualifying_record: Cells
    """Of which order; -1 of none."""
    qualifying_spend: Cells
    qualifying_points: Cells
    cool_until: Cells
    """By rule."""
    cap_used: Cells
    """By cap."""
    cap_in: Cells
    """By cap: the number of the period it was used in."""
    discount_used: Cells
    """By discount."""
    base_now: Cells
    """By base: what the event has, discounts taken off; scratch."""


class Entries(NamedTuple):
    """What was written: `used[0]` entries so far, `used[1]` more are lost for want of room."""

    used: Cells
    kind: Cells
    event: Cells
    at: Cells
    wallet: Cells
    lot: Cells
    units: Cells
    """How much; below 0 where it lowers the balance. Reserving, capturing, releasing and
    activating do not change the balance, though they have units."""
    rule: Cells
    """The rule, or of a discount its number; -1 for a tier's discount and where there is none."""
    base: Cells
    """What the award was reckoned from; of a tier, the figure that was reached."""
    uncapped: Cells
    """What it would have been without caps and stacking."""
    tier: Cells
    """The tier in force; of a change of tier, the new one."""
    active: Cells
    expires: Cells
    reason: Cells
    """Why: see `REASONS`."""


# Reasons of entries.
BY_RULE, BY_ORDER, BY_RETURN, AT_ITS_END, BY_HAND, DEBT_SETTLED, DEBT_MADE, FORGIVEN = range(8)
LOST, GRACE, TIMED_OUT, ASKED, OTHER_LOTS, OTHER_CUSTOMER, CERTIFICATE, NEW_VERSION = range(8, 16)
