"""What every source of derived events is given: the shop's tables and the programme's versions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from retention_kit.contracts.bundle import Bundle
from retention_kit.errors import bad_parameter
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.deriving.days import midnight_of
from retention_kit.loyalty_rules.deriving.rows import loyalty_events_schema
from retention_kit.metrics.base.observed import in_zone, observed, zone_of


@dataclass(frozen=True, slots=True)
class Version:
    """A programme and when it is in force.

    Attributes:
        program: The programme.
        starts: The instant from which on; None since ever.
        ends: The instant before which; None for good.
    """

    program: LoyaltyProgram
    starts: dt.datetime | None = None
    ends: dt.datetime | None = None

    def holds(self, at: pl.Expr) -> pl.Expr:
        """Say of instants whether it is in force then."""
        held = pl.lit(value=True)
        if self.starts is not None:
            held = at >= pl.lit(self.starts)
        if self.ends is not None:
            held = held & (at < pl.lit(self.ends))
        return held


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Shop:
    """The tables of a shop as a source of derived events sees them.

    Attributes:
        dataset: The shop's tables.
        versions: The programme's versions, the earliest first.
        as_of: Observation instant, exclusive, in the shop's zone.
        zone: The shop's zone.
        schema: The schema of `loyalty_events`.
    """

    dataset: Bundle
    versions: tuple[Version, ...]
    as_of: dt.datetime
    zone: str
    schema: pl.Schema

    @classmethod
    def of(
        cls, dataset: Bundle, program: LoyaltyProgram | ProgramHistory, as_of: dt.datetime
    ) -> Shop:
        """Look at a shop through a programme.

        Raises:
            DefinitionError: It is no programme.
        """
        check_is_program(program)
        orders = dataset.orders.collect_schema()
        zone = zone_of(orders)
        return cls(
            dataset,
            tuple(_versions(program, zone)),
            in_zone(as_of, zone),
            zone,
            loyalty_events_schema(orders),
        )

    @property
    def rules(self) -> Iterator[tuple[Version, EarningRule]]:
        """The rules of all versions."""
        return ((version, rule) for version in self.versions for rule in version.program.rules)

    def asks_for(self, *triggers: type) -> bool:
        """Say whether any rule has one of these triggers."""
        return any(isinstance(rule.trigger, triggers) for _, rule in self.rules)

    def orders(self) -> pl.LazyFrame:
        """Give the completed orders, sales and returns, of known customers before `as_of`."""
        seen = observed(self.dataset.orders, as_of=self.as_of)
        return seen.filter(pl.col("customer_id").is_not_null())

    def events(self, name: str) -> pl.LazyFrame:
        """Give the events of a name before `as_of`."""
        return self.dataset.events.filter(
            (pl.col("name") == name)
            & (pl.col("occurred_at") < pl.lit(self.as_of))
            & pl.col("customer_id").is_not_null()
        )

    def customers(self) -> pl.LazyFrame:
        """Give what is known of customers: contacts, birthdays and registrations, null if not."""
        table = self.dataset.customers
        present = table.collect_schema()
        wanted = {
            "email": pl.String(),
            "phone": pl.String(),
            "birthday": pl.Date(),
            "registered_at": self.schema["occurred_at"],
        }
        return table.filter(pl.col("customer_id").is_not_null()).select(
            pl.col("customer_id").cast(self.schema["customer_id"]),
            *(
                (pl.col(name) if name in present else pl.lit(None)).cast(dtype).alias(name)
                for name, dtype in wanted.items()
            ),
        )


def column_of(frame: pl.LazyFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    """Give a column that may be absent, null then."""
    present = name in frame.collect_schema()
    return (pl.col(name) if present else pl.lit(None)).cast(dtype).alias(name)


def check_is_program(program: object, parameter: str = "program") -> None:
    """Raise where a definition of a programme is expected and something else is given.

    Raises:
        DefinitionError: It is neither a programme nor a history of one.
    """
    if not isinstance(program, LoyaltyProgram | ProgramHistory):
        raise bad_parameter(
            parameter,
            got=type(program).__name__,
            allowed="a LoyaltyProgram or a ProgramHistory",
            step="a compiled programme is for one customer's account; pass what it was made of.",
        )


def _versions(program: LoyaltyProgram | ProgramHistory, zone: str) -> Iterator[Version]:
    if isinstance(program, LoyaltyProgram):
        yield Version(program)
        return
    starts = [midnight_of(valid_from, zone) for valid_from, _ in program.versions]
    ends: list[dt.datetime | None] = [*starts[1:], None]
    for place, (_, one) in enumerate(program.versions):
        yield Version(one, starts[place] if place else None, ends[place])
