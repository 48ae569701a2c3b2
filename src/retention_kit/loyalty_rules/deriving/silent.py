"""Rules and discounts that cannot pay, because the data have nothing that they wait for."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import polars as pl

from retention_kit.contracts.bundle import Bundle
from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.triggers import (
    Activity,
    Birthday,
    EachLine,
    ReferralMade,
    ReferralReceived,
    Registration,
)

_Paying = EarningRule | Discount
_COLUMN_OF = {
    Birthday: ("customers", "birthday"),
    Registration: ("customers", "registered_at"),
    ReferralMade: ("orders", "referrer_id"),
    ReferralReceived: ("orders", "referrer_id"),
}


def rules_that_cannot_pay(
    dataset: Bundle,
    program: LoyaltyProgram | ProgramHistory,
    loyalty_events: pl.LazyFrame | pl.DataFrame | None = None,
) -> tuple[str, ...]:
    """Say which rules and discounts never pay because the data lack what they look at.

    Args:
        dataset: The shop's tables.
        program: The programme, or its history.
        loyalty_events: What happened to accounts besides, where it is not derived of the dataset.

    Returns:
        A sentence for each of them.

    Examples:
        >>> import datetime as dt
        >>> from retention_kit.contracts import Dataset
        >>> from retention_kit.loyalty_rules.ready import bronze_silver_gold
        >>> shop = Dataset.from_frames(
        ...     orders=[{"order_id": 1, "customer_id": 7, "ordered_at": dt.date(2025, 1, 1),
        ...              "amount": 10}],
        ...     currency="EUR", time_zone="Europe/Paris",
        ... )
        >>> for sentence in rules_that_cannot_pay(shop, bronze_silver_gold(currency="EUR")):
        ...     print(sentence)
        Rule 'Birthday gift' never paid: customers.birthday is not there or empty.
        Rule 'A friend has bought' never paid: orders.referrer_id is not there or empty.
    """
    seen = _Seen(dataset, loyalty_events)
    versions = (program,) if isinstance(program, LoyaltyProgram) else program.programs
    found = [
        f"{'Rule' if isinstance(one, EarningRule) else 'Discount'} {one.name!r} never "
        f"{'paid' if isinstance(one, EarningRule) else 'held'}: {missing}."
        for version in versions
        for one in _paying(version)
        if (missing := _missing(one, seen)) is not None
    ]
    return tuple(dict.fromkeys(found))


def _paying(version: LoyaltyProgram) -> Iterator[_Paying]:
    yield from version.rules
    yield from version.discounts


class _Seen:
    """What the data have of that which rules look at."""

    def __init__(self, dataset: Bundle, loyalty_events: pl.LazyFrame | pl.DataFrame | None) -> None:
        self._dataset = dataset
        self._loyalty_events = loyalty_events
        self._filled: dict[tuple[str, str], bool] = {}

    @property
    def has_lines(self) -> bool:
        """Whether orders have lines."""
        return "order_items" in self._dataset.given

    @property
    def is_told(self) -> bool:
        """Whether nothing is derived of the dataset, because it was told besides."""
        return self._loyalty_events is not None

    @functools.cached_property
    def told(self) -> frozenset[str]:
        """The names of what was told besides the dataset."""
        if self._loyalty_events is None:
            return frozenset()
        return _values(self._loyalty_events.lazy().filter(pl.col("kind") == "activity"), "name")

    @functools.cached_property
    def activities(self) -> frozenset[str]:
        """The names of what customers did."""
        return _values(self._dataset.events, "name")

    @functools.cached_property
    def codes(self) -> frozenset[str]:
        """The promo codes that orders name."""
        return _values(self._dataset.orders, "promo_code")

    def fills(self, table: str, column: str) -> bool:
        """Say whether a column has any value."""
        place = table, column
        if place not in self._filled:
            frame: pl.LazyFrame = getattr(self._dataset, table)
            given = table in self._dataset.given and column in frame.collect_schema()
            self._filled[place] = given and bool(
                frame.select(pl.col(column).is_not_null().any()).collect().item()
            )
        return self._filled[place]


def _values(frame: pl.LazyFrame, column: str) -> frozenset[str]:
    if column not in frame.collect_schema():
        return frozenset()
    found = frame.select(pl.col(column).cast(pl.String).drop_nulls().unique())
    return frozenset(found.collect(engine="streaming").to_series())


def _missing(one: _Paying, seen: _Seen) -> str | None:
    """Give what is missing for a rule or a discount to pay, None where nothing is."""
    trigger = one.trigger if isinstance(one, EarningRule) else None
    if one.promo is not None and one.promo.code not in seen.codes:
        return f"no order has the promo code {one.promo.code!r} (orders.promo_code)"
    if (one.lines or isinstance(trigger, EachLine)) and not seen.has_lines:
        return "the table order_items is not there"
    if trigger is None or trigger.activity in seen.told:
        return None
    if isinstance(trigger, Activity) and trigger.name not in seen.activities:
        return f"no event is named {trigger.name!r} (events.name)"
    needed = _COLUMN_OF.get(type(trigger))
    if needed is not None and seen.is_told:
        return f"no activity of the loyalty events is named {trigger.activity!r}"
    if needed is not None and not seen.fills(*needed):
        return f"{'.'.join(needed)} is not there or empty"
    return None
