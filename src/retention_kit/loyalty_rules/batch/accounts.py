"""What a history leaves of every account besides its balances: lots, tiers, what was refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from retention_kit.contracts.law import Frame, customer_local
from retention_kit.loyalty_rules.batch.making import Program, lazy_table
from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec


@customer_local(ages=True)
def loyalty_lots(
    orders: Frame,
    order_items: Frame | None = None,
    events: Frame | None = None,
    loyalty_events: Frame | None = None,
    *,
    program: Program,
    as_of: dt.datetime,
    specs: Iterable[EarningRuleSpec] = (),
) -> Frame:
    """Give the open lots of every customer: units that came together and expire together.

    Args:
        orders: The `orders` table.
        order_items: The lines of the orders, where rules look at them.
        events: What customers did, where rules wait for it.
        loyalty_events: What happened to accounts besides, and what `derive_events` derived.
        program: The programme, or its history.
        as_of: Observation instant, exclusive, with a time zone.
        specs: What plug-ins give for their awards.

    Returns:
        One row per lot:

        - `customer_id`: as in `orders`; `wallet` (`String`); `lot` (`Int64`): its number.
        - `remaining` (`Int64`): what is left, below 0 of a debt; `reserved` (`Int64`).
        - `active_at`, `expires_at` (`Datetime`): null for never.
        - `rule` (`String`): what gave it; `label` (`String`): what it is called.

    Raises:
        MissingColumnError: A column without which a table says nothing is absent.
        DefinitionError: The programme asks for what is not there.
    """
    given = (orders, order_items, events, loyalty_events)
    return lazy_table("lots", given, program, as_of, specs)


@customer_local(ages=True)
def loyalty_tiers(
    orders: Frame,
    order_items: Frame | None = None,
    events: Frame | None = None,
    loyalty_events: Frame | None = None,
    *,
    program: Program,
    as_of: dt.datetime,
    specs: Iterable[EarningRuleSpec] = (),
) -> Frame:
    """Give the tier that every customer is in.

    Args:
        orders: The `orders` table.
        order_items: The lines of the orders, where rules look at them.
        events: What customers did, where rules wait for it.
        loyalty_events: What happened to accounts besides, and what `derive_events` derived.
        program: The programme, or its history.
        as_of: Observation instant, exclusive, with a time zone.
        specs: What plug-ins give for their awards.

    Returns:
        One row per customer to whom anything happened:

        - `customer_id`: as in `orders`.
        - `tier` (`String`): null for none.
        - `since`, `until` (`Datetime`): null where everybody is in it, and for never.

    Raises:
        MissingColumnError: A column without which a table says nothing is absent.
        DefinitionError: The programme asks for what is not there.
    """
    given = (orders, order_items, events, loyalty_events)
    return lazy_table("tiers", given, program, as_of, specs)


@customer_local
def refused_events(
    orders: Frame,
    order_items: Frame | None = None,
    events: Frame | None = None,
    loyalty_events: Frame | None = None,
    *,
    program: Program,
    as_of: dt.datetime,
    specs: Iterable[EarningRuleSpec] = (),
) -> Frame:
    """Give the events that the programme refused, and why; they changed nothing.

    Args:
        orders: The `orders` table.
        order_items: The lines of the orders, where rules look at them.
        events: What customers did, where rules wait for it.
        loyalty_events: What happened to accounts besides, and what `derive_events` derived.
        program: The programme, or its history.
        as_of: Observation instant, exclusive, with a time zone.
        specs: What plug-ins give for their awards.

    Returns:
        One row per event:

        - `customer_id`: as in `orders`; `source` (`String`): the event; `at` (`Datetime`).
        - `order_id`: the order that it is about; null for none.
        - `reason` (`String`): such as `over_balance`, `unknown_order` or `more_than_bought`. Of a
            row that cannot be it is the rule that it breaks: `unknown_kind`, `no_key`,
            `no_wallet`, `no_order`, `bad_units`, `bad_until`, `bad_amount` or `bad_instant`.
        - `available` (`Int64`): how many units were available or allowed; null where it is not
            known, or not a matter of units.

    Raises:
        MissingColumnError: A column without which a table says nothing is absent.
        DefinitionError: The programme asks for what is not there.
    """
    given = (orders, order_items, events, loyalty_events)
    return lazy_table("refused", given, program, as_of, specs)
