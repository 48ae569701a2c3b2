"""Everything that is derived, in one table."""

from __future__ import annotations

import datetime as dt

import polars as pl
from typing_extensions import Unpack

from retention_kit.contracts.bundle import Bundle
from retention_kit.contracts.law import report
from retention_kit.errors import bad_parameter
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.deriving.birthdays import birthdays, registrations
from retention_kit.loyalty_rules.deriving.certificates import certificates
from retention_kit.loyalty_rules.deriving.memberships import memberships
from retention_kit.loyalty_rules.deriving.promo_codes import promo_codes
from retention_kit.loyalty_rules.deriving.referrals import referrals
from retention_kit.loyalty_rules.deriving.shop import Shop
from retention_kit.loyalty_rules.deriving.transfers import transfers
from retention_kit.smart_segments.answers import Beside


@report
def derive_events(
    dataset: Bundle,
    program: LoyaltyProgram | ProgramHistory,
    *,
    as_of: dt.datetime,
    **beside: Unpack[Beside],
) -> pl.LazyFrame:
    """Turn what involves two customers, or the calendar, into events of one customer each.

    A programme is then reckoned for each customer alone. Only what the programme has rules for is
    derived. Segments, transfers and certificates are looked at at once; the rest is lazy.

    - Birthdays and registrations: an activity at the day's midnight, or at the instant.
    - Referrals: an activity of each side when the friend's first order has outlived the return
      window. Who refers themself (same customer, e-mail or telephone number) is refused.
    - Promo codes that all customers together may use so often: which orders came too late.
    - Segments that rules ask for: who joined and who left, at the midnights of each day, week or
      month.
    - Events `Points Transferred`: what leaves the giver and what reaches the receiver.
    - Events `Certificate Issued` and `Certificate Redeemed`: both on the holder's account.

    Args:
        dataset: The shop's tables.
        program: The programme, or its history.
        as_of: Observation instant, exclusive, with a time zone.
        **beside: What its segments need besides; see `smart_segments.Beside`.

    Returns:
        One row per event, in no promised order, with the columns of `loyalty_events`:

        - `customer_id`: as in `orders`.
        - `occurred_at`, `recorded_at`: when it happened; the same here.
        - `kind` (`String`): `activity`, `promo_refused`, `joined`, `parted`, `transfer`, `issue` or
            `redeem`.
        - `key` (`String`): the event's own key within the customer and the kind, such as
            `birthday:2025`.
        - `name` (`String`): the activity, the code, the segment or the certificate.
        - `wallet` (`String`): of transfers and certificates; else null.
        - `units` (`Int64`): smallest units of the wallet, below 0 where they leave it; else null.
        - `order_id`: as in `orders`; of refused promo codes, of a friend's first order and of what
            is paid with a certificate; else null.
        - `until`: when an issued certificate ends, where the event says so; else null.
        - `reason` (`String`): `given` or `received`; of a certificate whether its holder paid with
            it, `certificate`, or somebody else, `other_customer`; else null.

    Raises:
        MissingColumnError: Events of transfers or certificates lack `receiver_id` or `certificate`.
        DataError: Transfers go round in a circle at one instant; an amount is none; or a transfer
            has no receiver.
        DefinitionError: `as_of` has no time zone; or a segment asks for what is not there.

    Examples:
        >>> from retention_kit.datasets import make_dataset
        >>> from retention_kit.loyalty_rules.definitions.awards import Fixed
        >>> from retention_kit.loyalty_rules.definitions.rules import EarningRule
        >>> from retention_kit.loyalty_rules.definitions.triggers import Registration
        >>> from retention_kit.loyalty_rules.definitions.wallets import Wallet
        >>> welcome = EarningRule(
        ...     name="Welcome", wallet="points", trigger=Registration(), award=Fixed(amount=100)
        ... )
        >>> program = LoyaltyProgram(
        ...     name="Club", currency="RUB", rounding="down",
        ...     wallets=[Wallet(name="points")], rules=[welcome],
        ... )
        >>> shop = make_dataset(200, seed=1)
        >>> events = derive_events(shop, program, as_of=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        >>> events.select("kind", "name", "key").unique().collect().rows()
        [('activity', 'Registered', 'registered')]
    """
    if not isinstance(dataset, Bundle):
        raise bad_parameter(
            "dataset",
            got=type(dataset).__name__,
            allowed="a Dataset",
            step="Dataset.from_frames(…) makes one.",
        )
    shop = Shop.of(dataset, program, as_of)
    found = [
        *birthdays(shop),
        *registrations(shop),
        *referrals(shop),
        *promo_codes(shop),
        *memberships(shop, **beside),
        *transfers(shop),
        *certificates(shop),
    ]
    return pl.concat([pl.LazyFrame(schema=shop.schema), *found])
