"""The tables `customers` and `consents`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from retention_kit.datasets._behaviour import CHANNELS, Population
from retention_kit.datasets._clock import DAY, Clock
from retention_kit.datasets._columns import (
    NOTHING,
    Flags,
    Ints,
    ids,
    instants,
    look_up,
    ranked,
    words,
)
from retention_kit.datasets._contacts import contact_columns, has_email, phone_numbers
from retention_kit.datasets._settings import Settings

CITIES = (
    ("Moscow", "Europe/Moscow", 0.34),
    ("Saint Petersburg", "Europe/Moscow", 0.18),
    ("Yekaterinburg", "Asia/Yekaterinburg", 0.09),
    ("Novosibirsk", "Asia/Novosibirsk", 0.09),
    ("Kazan", "Europe/Moscow", 0.08),
    ("Samara", "Europe/Samara", 0.07),
    ("Krasnodar", "Europe/Moscow", 0.07),
    ("Vladivostok", "Asia/Vladivostok", 0.04),
    ("Kaliningrad", "Europe/Kaliningrad", 0.04),
)
YOUNGEST_DAYS, OLDEST_DAYS = 18 * 366, 75 * 365
BIRTHDAY_UNKNOWN, BORN_ON_29_FEBRUARY = 0.3, 0.01
EPOCH = dt.date(1970, 1, 1)

CONSENTS = (
    ("email", "messages", 0.75, 0.78, "registration form"),
    ("sms", "messages", 0.4, 0.5, "registration form"),
    ("push", "messages", 0.25, 0.6, "mobile app"),
    ("yandex_audience", "advertising", 0.3, 0.55, "privacy settings"),
)
"""Channel, purpose, share of customers who were asked, share of them who agreed, evidence."""
WITHDRAWN = 0.12
EMAIL = 0


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """Decisions about consent by ascending customer, channel and instant.

    A customer who was asked and said no has a first decision that grants nothing.

    Attributes:
        customer: The customer's position.
        channel: A position in `CONSENTS`.
        again: Whether it is the customer's second decision on the channel.
        granted: Whether consent was granted.
        at: The second of the decision.
    """

    customer: Ints
    channel: Ints
    again: Flags
    granted: Flags
    at: Ints


def customers_frame(settings: Settings, population: Population) -> pl.DataFrame:
    """Make the table `customers`, by ascending id, which is the order of registration."""
    random = settings.random("places")
    count = settings.customers
    city = look_up([share for *_, share in CITIES])[random.integers(0, 256, count, dtype=np.uint8)]
    city[random.random(count) < 0.1] = NOTHING
    zone = np.where(random.random(count) < 0.2, NOTHING, city)
    contacts = contact_columns(settings)
    return pl.select(
        customer_id=ids(np.arange(1, count + 1)),
        email=contacts["email"],
        phone=contacts["phone"],
        first_name=contacts["first_name"],
        last_name=contacts["last_name"],
        birthday=_birthdays(settings),
        registered_at=instants(population.registered, settings.time_zone),
        acquisition_channel=words(population.channel, CHANNELS),
        time_zone=words(zone, [name for _, name, _ in CITIES]),
        city=words(city, [name for name, *_ in CITIES]),
        gender=contacts["gender"],
    )


def make_decisions(settings: Settings, clock: Clock, population: Population) -> Decisions:
    """Ask customers for consent when they register; some who gave it take it back later."""
    reached = {"email": has_email(settings), "sms": phone_numbers(settings) != NOTHING}
    parts = []
    for code, (channel, _, asked, agreed, _) in enumerate(CONSENTS):
        random = settings.random(f"consents {channel}")
        chance = random.random((2, settings.customers), dtype=np.float32)
        customer = np.flatnonzero((chance[0] < asked) & reached.get(channel, True))
        granted = chance[1][customer] < agreed
        at = population.registered[customer] + random.integers(0, 300, customer.size)
        at = np.minimum(at, clock.end - 1)
        later = at + 60 + random.exponential(120 * DAY, customer.size).astype(np.int64)
        leaves = granted & (random.random(customer.size) < WITHDRAWN) & (later < clock.end)
        places = (customer << 3) | (code << 1)
        parts.append((places, granted, at))
        parts.append((places[leaves] | 1, np.zeros(leaves.sum(), np.bool_), later[leaves]))
    places, granted, at = (np.concatenate(column) for column in zip(*parts, strict=True))
    places, order = ranked(places)
    return Decisions(
        customer=places >> 3,
        channel=(places >> 1) & 3,
        again=(places & 1) == 1,
        granted=granted[order],
        at=at[order],
    )


def consents_frame(settings: Settings, decisions: Decisions) -> pl.DataFrame:
    """Make the table `consents`, by ascending customer, channel and instant."""
    code = decisions.channel
    evidence = np.where(decisions.again, len(CONSENTS) + (code != EMAIL), code)
    evidence[settings.random("evidence").random(code.size) < 0.1] = NOTHING
    return pl.DataFrame(
        {
            "customer_id": ids(decisions.customer + 1),
            "channel": words(code, [channel for channel, *_ in CONSENTS]),
            "status": words(decisions.granted.astype(np.int8), ("withdrawn", "granted")),
            "decided_at": instants(decisions.at, settings.time_zone),
            "purpose": words(code, [purpose for _, purpose, *_ in CONSENTS]),
            "evidence": words(
                evidence,
                [*(where for *_, where in CONSENTS), "unsubscribe link", "call to the shop"],
            ),
        }
    )


def _birthdays(settings: Settings) -> pl.Series:
    random = settings.random("birthdays")
    count = settings.customers
    today = (settings.start - EPOCH).days
    day = today - random.integers(YOUNGEST_DAYS, OLDEST_DAYS, count)
    leap = [
        dt.date(year, 2, 29)
        for year in range(settings.start.year - 70, settings.start.year - 20)
        if (year % 4 == 0 and year % 100) or year % 400 == 0
    ]
    leap_days = np.array([(date - EPOCH).days for date in leap])
    chosen = random.random(count) < BORN_ON_29_FEBRUARY
    day = np.where(chosen, random.choice(leap_days, count), day)
    unknown = pl.Series(random.random(count) < BIRTHDAY_UNKNOWN)
    return pl.Series(day.astype(np.int32)).cast(pl.Date).set(unknown, None)
