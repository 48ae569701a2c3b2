"""What a programme is to both evaluators: columns of numbers, and what the numbers name."""

from __future__ import annotations

import bisect
import functools
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from retention_kit.errors import bad_parameter
from retention_kit.loyalty_rules.definitions.awards import PluginAward
from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.tiers import Benefits, Tier
from retention_kit.loyalty_rules.definitions.wallets import Wallet
from retention_kit.loyalty_rules.kernel.layout import Rules
from retention_kit.loyalty_rules.lowered import calendars
from retention_kit.loyalty_rules.lowered.calendars import Moment
from retention_kit.loyalty_rules.lowered.numbering import NONE
from retention_kit.loyalty_rules.lowered.parts import Base, Filter, SegmentUse


@dataclass(frozen=True, eq=False)
class CompiledProgram:
    """A programme made ready: what the kernel reads, and what its numbers are the names of.

    Numbers are given in the order in which something first comes up, version by version. Rules,
    tiers and discounts of each version have their own; wallets, segments and activities keep
    theirs through all versions.

    Attributes:
        history: The programme with its versions; one where there is but one.
        time_zone: The shop's zone.
        rules: What the kernel reads, its tables of days beginning at 1970.
        moments: What the tables `rules.instants` are of, by number.
        bases: What each column of an event holds; the first is what was paid.
        rule_filters: On which events each rule has its bit, by number.
        discount_filters: On which orders each discount has its bit, by number.
        wallets: The wallets by number, as the last version that has them says.
        rules_by_number: The rules.
        tiers_by_number: The tiers.
        benefits: What each tier brings, with what it inherits.
        discounts_by_number: The discounts.
        segments: The segments that are asked for, by number.
        activities: The numbers of the activities that are looked at, by name.
        paying: By version, the number of the wallet that orders are paid from; -1 for none.
        unit_worth: What a unit is worth in money, by version and wallet.
        specs: What plug-ins give for their awards, by name, with the settings of each award.
        fingerprint: What tells each version from every other, its day and the zone included.
    """

    history: ProgramHistory
    time_zone: str
    rules: Rules
    moments: tuple[Moment, ...]
    bases: tuple[Base, ...]
    rule_filters: tuple[Filter, ...]
    discount_filters: tuple[Filter, ...]
    wallets: tuple[Wallet, ...]
    rules_by_number: tuple[EarningRule, ...]
    tiers_by_number: tuple[Tier, ...]
    benefits: tuple[Benefits, ...]
    discounts_by_number: tuple[Discount, ...]
    segments: tuple[SegmentUse, ...]
    activities: dict[str, int]
    paying: tuple[int, ...]
    unit_worth: tuple[Fraction, ...]
    fingerprint: tuple[str, ...]
    specs: dict[PluginAward, tuple[EarningRuleSpec, Any]] = field(default_factory=dict)

    @property
    def versions(self) -> tuple[LoyaltyProgram, ...]:
        """The programmes, the first first."""
        return self.history.programs

    @property
    def currency(self) -> str:
        """The shop's currency."""
        return self.versions[0].currency

    @functools.cached_property
    def wallet_names(self) -> tuple[str, ...]:
        """The wallets' names by number."""
        return tuple(one.name for one in self.wallets)

    @functools.cached_property
    def rule_names(self) -> tuple[str, ...]:
        """The rules' names by number."""
        return tuple(one.name for one in self.rules_by_number)

    @functools.cached_property
    def tier_names(self) -> tuple[str, ...]:
        """The tiers' names by number."""
        return tuple(one.name for one in self.tiers_by_number)

    @functools.cached_property
    def discount_names(self) -> tuple[str, ...]:
        """The discounts' names by number."""
        return tuple(one.name for one in self.discounts_by_number)

    @functools.cached_property
    def needs_lines(self) -> bool:
        """Whether lines of orders are looked at."""
        filters = (*self.rule_filters, *self.discount_filters)
        return any(one.by_lines for one in self.bases) or any(one.lines for one in filters)

    @functools.cached_property
    def needs_deliveries(self) -> bool:
        """Whether something waits until an order is delivered."""
        rules: Any = self.rules
        return NONE in rules.rule_pending or NONE in rules.wallet_pending

    def rules_of_base(self, place: int) -> int:
        """Give the bits of the rules that look at a base."""
        bases: Any = self.rules.rule_base
        return sum(1 << bit for bit, base in enumerate(bases) if base == place)

    def wallet(self, name: str) -> Wallet:
        """Give a wallet by its name.

        Raises:
            DefinitionError: There is none.
        """
        return self.wallets[self.wallet_number(name)]

    def wallet_number(self, name: str) -> int:
        """Give the number of a wallet.

        Raises:
            DefinitionError: There is no such wallet.
        """
        try:
            return self.wallet_names.index(name)
        except ValueError:
            raise bad_parameter(
                "wallet",
                got=name,
                allowed=", ".join(map(repr, self.wallet_names)) or "none",
                step="name one of the wallets of the programme.",
            ) from None

    def version_at(self, at: int) -> int:
        """Give the number of the version that holds at an instant in microseconds."""
        return bisect.bisect_right(self.rules.version_from, at) - 1

    def day_of(self, at: int) -> int:
        """Give the day, in the shop's zone, of an instant in microseconds."""
        return calendars.day_of(at, self.time_zone)
