"""The tables `customers` and `consents`."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from retention_kit.datasets._behaviour import CHANNELS, Population
from retention_kit.datasets._clock import DAY, Clock
from retention_kit.datasets._columns import NOTHING, Flags, Ints, ids, instants, look_up, words
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
    ("email", "messages", 0.85, 0.75, "registration form"),
    ("sms", "messages", 0.6, 0.5, "registration form"),
    ("push", "messages", 0.35, 0.6, "mobile app"),
    ("yandex_audience", "advertising", 0.45, 0.55, "privacy settings"),
)
"""Channel, purpose, share of customers who were asked, share of them who agreed, evidence."""
WITHDRAWN = 0.12
EMAIL = 0


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


def consents_frame(settings: Settings, clock: Clock, population: Population) -> pl.DataFrame:
    """Make the table `consents`: decisions by ascending customer, channel and instant."""
    reached = {"email": has_email(settings), "sms": phone_numbers(settings) != NOTHING}
    parts = []
    for code, (channel, _, asked, agreed, _) in enumerate(CONSENTS):
        random = settings.random(f"consents {channel}")
        chance = random.random((2, settings.customers))
        customer = np.flatnonzero((chance[0] < asked) & reached.get(channel, True))
        granted = chance[1][customer] < agreed
        at = population.registered[customer] + random.integers(0, 300, customer.size)
        at = np.minimum(at, clock.end - 1)
        parts.append((customer, np.full(customer.size, code), granted, at))
        leaves = granted & (random.random(customer.size) < WITHDRAWN)
        later = at + 60 + (random.exponential(120 * DAY, customer.size)).astype(np.int64)
        leaves &= later < clock.end
        parts.append(
            (customer[leaves], np.full(leaves.sum(), code), np.zeros(leaves.sum()), later[leaves])
        )
    customer, code, granted, at = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _consents(settings, customer, code, granted.astype(np.bool_), at)


def email_consent(settings: Settings, clock: Clock, population: Population) -> tuple[Ints, Ints]:
    """Tell from when until when each customer may be sent e-mail; never is an empty span."""
    frame = consents_frame(settings, clock, population).filter(pl.col("channel") == "email")
    begins = np.full(settings.customers, clock.end)
    ends = np.full(settings.customers, clock.end)
    for status, seconds in (("granted", begins), ("withdrawn", ends)):
        decisions = frame.filter(pl.col("status") == status)
        customer = decisions["customer_id"].to_numpy() - 1
        seconds[customer] = decisions["decided_at"].dt.epoch("s").to_numpy()
    return begins, ends


def _consents(
    settings: Settings, customer: Ints, code: Ints, granted: Flags, at: Ints
) -> pl.DataFrame:
    order = np.lexsort((at, code, customer))
    customer, code, granted, at = customer[order], code[order], granted[order], at[order]
    # A withdrawal is never a customer's first decision on a channel.
    again = np.zeros(customer.size, dtype=np.bool_)
    again[1:] = (customer[1:] == customer[:-1]) & (code[1:] == code[:-1])
    evidence = np.where(again, len(CONSENTS) + (code != EMAIL), code)
    evidence[settings.random("evidence").random(customer.size) < 0.1] = NOTHING
    return pl.DataFrame(
        {
            "customer_id": ids(customer + 1),
            "channel": words(code, [channel for channel, *_ in CONSENTS]),
            "status": words(granted.astype(np.int8), ("withdrawn", "granted")),
            "decided_at": instants(at, settings.time_zone),
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
