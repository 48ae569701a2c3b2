"""Who the customers are and when they buy.

Purchases follow the MBG/NBD model: while a customer is alive they come as a Poisson process whose
rate is gamma-distributed over customers, and after each purchase, the first included, the customer
leaves for good with a probability that is beta-distributed over customers (Batislam, Denizel and
Filiztekin 2007, Empirical validation and comparison of models for customer base analysis; it
differs from the BG/NBD of Fader, Hardie and Lee 2005 in that one-time buyers may leave too).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retention_kit.datasets._clock import DAY, Clock
from retention_kit.datasets._columns import NOTHING, Flags, Ints, look_up, ranked
from retention_kit.datasets._settings import Settings, in_chunks

CHANNELS = (
    "organic_search",
    "yandex_direct",
    "vk_ads",
    "marketplace",
    "referral",
    "direct",
    "store",
    "email",
)
ACQUISITION_SHARES = (0.24, 0.22, 0.14, 0.12, 0.1, 0.1, 0.08)
REFERRAL = CHANNELS.index("referral")

GROWTH = 1.0
"""How much busier with new customers the window's end is than its start, as a share."""
NEVER_BOUGHT = 0.08
UNKNOWN_CHANNEL = 0.05
REGISTERS_AT_CHECKOUT = 0.6
DROPOUT_SPREAD = 5.0
"""The sum of the two beta parameters: the smaller, the more customers differ."""
SLOWEST = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Customers in the order in which they registered; the ids are the positions plus one.

    Attributes:
        registered: The second of registration, ascending.
        arrived: The reading of the clock at the first purchase.
        first: The second of the first purchase.
        buys: Whether the customer ever buys.
        channel: What brought the customer, a code of `CHANNELS` or `NOTHING`.
        referrer: The position of the customer who recommended the shop, or `NOTHING`.
    """

    registered: npt.NDArray[np.int64]
    arrived: npt.NDArray[np.float64]
    first: npt.NDArray[np.int64]
    buys: Flags
    channel: npt.NDArray[np.int8]
    referrer: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """Purchases in the order of time; ties by customer.

    Attributes:
        customer: The customer's position.
        at: The second of the purchase.
    """

    customer: npt.NDArray[np.int32]
    at: npt.NDArray[np.int64]


def make_population(settings: Settings, clock: Clock) -> Population:
    """Let customers arrive over the whole window, more and more of them."""
    count = settings.customers
    random = settings.random("arrival")
    # The inverse of the distribution whose density grows linearly from 1 to 1 + GROWTH.
    share = random.random(count)
    place = (np.sqrt(1 + GROWTH * (2 + GROWTH) * share) - 1) / GROWTH
    arrived = np.minimum(place * clock.length, np.nextafter(clock.length, 0))
    first = clock.seconds(arrived)

    random = settings.random("registration")
    shortly = random.integers(0, 1_800, count)
    earlier = random.exponential(20 * DAY, count).astype(np.int64)
    at_checkout = random.random(count) < REGISTERS_AT_CHECKOUT
    at_checkout |= first - earlier < clock.start
    registered = np.maximum(first - np.where(at_checkout, shortly, earlier), clock.start)
    registered, order = ranked(registered, clock.start)

    buys = settings.random("buying").random(count) >= NEVER_BOUGHT
    channel = _acquisition(settings)
    first = first[order]
    return Population(
        registered=registered,
        arrived=arrived[order],
        first=first,
        buys=buys,
        channel=channel,
        referrer=_referrers(settings, first, buys, channel),
    )


def make_purchases(settings: Settings, clock: Clock, population: Population) -> Purchases:
    """Let every customer buy until they leave or the window ends."""
    rate, leaving = _traits(settings)

    def buy(part: int, rows: slice) -> npt.NDArray[np.int64]:
        random = settings.random("purchases", part)
        customer = np.flatnonzero(population.buys[rows]) + rows.start
        now, pace, exit_chance = population.arrived[customer], rate[customer], leaving[customer]
        found = [np.empty(0, np.int64)]
        while customer.size:
            found.append(((clock.seconds(now) - clock.start) << 32) | customer)
            now = now + random.standard_exponential(customer.size) / pace
            stays = (random.random(customer.size) >= exit_chance) & (now < clock.length)
            customer, now = customer[stays], now[stays]
            pace, exit_chance = pace[stays], exit_chance[stays]
        return np.concatenate(found)

    keys = np.concatenate(in_chunks(settings.customers, buy))
    keys.sort()
    return Purchases(
        customer=(keys & 0xFFFFFFFF).astype(np.int32),
        at=(keys >> 32) + clock.start,
    )


def _traits(settings: Settings) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    count, shape, dropout = settings.customers, settings.rate_shape, settings.dropout
    rate = settings.random("rates").gamma(shape, settings.orders_per_year / shape, count)
    if 0 < dropout < 1:
        leaving = settings.random("dropout").beta(
            dropout * DROPOUT_SPREAD, (1 - dropout) * DROPOUT_SPREAD, count
        )
    else:
        leaving = np.full(count, float(dropout))
    return np.maximum(rate, SLOWEST), leaving


def _acquisition(settings: Settings) -> npt.NDArray[np.int8]:
    random = settings.random("acquisition")
    table = look_up(ACQUISITION_SHARES).astype(np.int8)
    channel = table[random.integers(0, 256, settings.customers, dtype=np.uint8)]
    channel[random.random(settings.customers) < UNKNOWN_CHANNEL] = NOTHING
    return channel


def _referrers(
    settings: Settings, first: Ints, buys: Flags, channel: Ints
) -> npt.NDArray[np.int64]:
    random = settings.random("referral")
    referrer = np.full(first.size, NOTHING, dtype=np.int64)
    friend = np.flatnonzero((channel == REFERRAL) & buys)
    # Most who registered earlier also bought earlier; three tries leave few friends without one.
    for _ in range(3):
        candidate = (random.random(friend.size) * friend).astype(np.int64)
        suits = buys[candidate] & (first[candidate] < first[friend])
        referrer[friend[suits]] = candidate[suits]
        friend = friend[~suits]
    return referrer
