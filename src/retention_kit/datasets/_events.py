"""The table `events`: visits that ended in an order, carts that were left, and letters.

The names are those of Segment's e-commerce events, version 2. An event is a row of whole numbers
until all are in one order of time; then the rows are turned into columns.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import polars as pl

from retention_kit.datasets._baskets import Baskets, line_starts
from retention_kit.datasets._behaviour import Purchases
from retention_kit.datasets._catalogue import FIRST_PRODUCT_ID, Catalogue, favourites
from retention_kit.datasets._clock import DAY, HOUR, Clock
from retention_kit.datasets._columns import NOTHING, Ints, ids, instants, money, ranked, words
from retention_kit.datasets._orders import Book
from retention_kit.datasets._people import EMAIL, Decisions
from retention_kit.datasets._sales import STORE, Sales
from retention_kit.datasets._settings import Settings, in_chunks

NAMES = (
    "Product Viewed",
    "Product Added",
    "Product Removed",
    "Cart Viewed",
    "Checkout Started",
    "Order Completed",
    "Email Delivered",
    "Email Opened",
    "Email Link Clicked",
)
VIEWED, ADDED, REMOVED, CART, CHECKOUT, COMPLETED, DELIVERED, OPENED, CLICKED = range(9)

CART_VIEWED, LEFT_CARTS, ADDS_TO_CART, REMOVES = 0.6, 0.4, 0.75, 0.15
OPENS, CLICKS = 0.32, 0.2
RECORDED_LATE, NOT_RECORDED_APART = 0.03, 0.25
CAMPAIGN_HOUR = 10


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Events as whole numbers; each array has one entry per event, `NOTHING` where absent.

    Attributes:
        at: The second.
        name: A position in `NAMES`.
        customer: The customer's position.
        order_id: The id of the order.
        product: The product's position.
        value: Money, in hundredths.
        campaign: Months between the window's first and the campaign's.
    """

    at: npt.NDArray[np.int64]
    name: npt.NDArray[np.int64]
    customer: npt.NDArray[np.int64]
    order_id: npt.NDArray[np.int64]
    product: npt.NDArray[np.int64]
    value: npt.NDArray[np.int64]
    campaign: npt.NDArray[np.int64]


def events_frame(
    settings: Settings,
    clock: Clock,
    purchases: Purchases,
    baskets: Baskets,
    sales: Sales,
    book: Book,
    catalogue: Catalogue,
    decisions: Decisions,
) -> pl.DataFrame:
    """Make the table `events`, by ascending instant."""
    random = settings.random("visits")
    online = (sales.channel != STORE) & ~sales.guest
    visit = np.flatnonzero(online & (random.random(online.size) < settings.event_share))
    parts = [
        *_visits(random, visit, purchases, baskets, book, catalogue),
        *_left_carts(settings, clock, visit, purchases, catalogue),
        *_letters(settings, clock, purchases, decisions),
    ]
    at = np.maximum(np.concatenate([part.at for part in parts]), clock.start)
    at, order = ranked(at, clock.start)
    columns = {
        column.name: np.concatenate([getattr(part, column.name) for part in parts])[order]
        for column in fields(Events)
        if column.name != "at"
    }
    return _frame(settings, clock, catalogue, Events(at=at, **columns))


def _visits(
    random: np.random.Generator,
    visit: Ints,
    purchases: Purchases,
    baskets: Baskets,
    book: Book,
    catalogue: Catalogue,
) -> list[Events]:
    at, customer = purchases.at[visit], purchases.customer[visit]
    lines = baskets.lines[visit].astype(np.int64)
    starts = line_starts(lines)
    line = np.repeat(line_starts(baskets.lines)[visit] - starts, lines) + np.arange(lines.sum())
    product = baskets.product[line]
    viewed = np.repeat(at, lines) - random.integers(720, 1_200, line.size)
    added = viewed + random.integers(10, 200, line.size)
    buyer = np.repeat(customer, lines)
    looks = random.random(visit.size) < CART_VIEWED
    amount = baskets.amount[visit]
    return [
        _events(VIEWED, viewed, buyer, product=product),
        _events(ADDED, added, buyer, product=product, value=catalogue.price[product]),
        _events(CART, (at - random.integers(200, 500, at.size))[looks], customer[looks]),
        _events(CHECKOUT, at - random.integers(20, 200, at.size), customer, value=amount),
        _events(COMPLETED, at, customer, order_id=book.order_id(visit), value=amount),
    ]


def _left_carts(
    settings: Settings, clock: Clock, visit: Ints, purchases: Purchases, catalogue: Catalogue
) -> list[Events]:
    random = settings.random("left carts")
    source = visit[random.random(visit.size) < LEFT_CARTS]
    # Whole days after a purchase, so that these visits too keep to the hours of the day.
    at = purchases.at[source] + random.integers(1, 60, source.size) * DAY
    customer = purchases.customer[source][at < clock.end - DAY]
    at = at[at < clock.end - DAY] + random.integers(0, HOUR, customer.size)
    place = random.integers(0, catalogue.product.shape[1], at.size)
    product = catalogue.product[favourites(settings)[customer], place]
    price = catalogue.price[product]
    adds = random.random(at.size) < ADDS_TO_CART
    looks = adds & (random.random(at.size) < CART_VIEWED)
    removes = adds & (random.random(at.size) < REMOVES)
    return [
        _events(VIEWED, at, customer, product=product),
        _events(ADDED, at[adds] + 45, customer[adds], product=product[adds], value=price[adds]),
        _events(CART, at[looks] + 90, customer[looks]),
        _events(
            REMOVED,
            at[removes] + 150,
            customer[removes],
            product=product[removes],
            value=price[removes],
        ),
    ]


def _letters(
    settings: Settings,
    clock: Clock,
    purchases: Purchases,
    decisions: Decisions,
) -> list[Events]:
    """Send each month's letter to some of those who agreed to it, as many as there are visits."""
    random = settings.random("letters")
    begins = np.full(settings.customers, clock.end)
    ends = np.full(settings.customers, clock.end)
    by_email = decisions.channel == EMAIL
    for seconds, decided in (
        (begins, by_email & decisions.granted),
        (ends, by_email & decisions.again),
    ):
        seconds[decisions.customer[decided]] = decisions.at[decided]

    months = np.arange(int(clock.months[-1]) + 1)
    opening = clock.edges[np.searchsorted(clock.months, months)]
    tries = round(settings.event_share * purchases.at.size)
    place = random.integers(0, settings.customers * months.size, tries)
    # One letter of a campaign per customer.
    customer, campaign = np.divmod(np.unique(place), months.size)
    at = opening[campaign] + CAMPAIGN_HOUR * HOUR + random.integers(0, 20 * 60, customer.size)
    at = at + random.integers(0, 20, customer.size) * DAY
    sent = (begins[customer] < at) & (at < ends[customer]) & (at < clock.end)
    customer, campaign, at = customer[sent], campaign[sent], at[sent]
    letters = [_events(DELIVERED, at, customer, campaign=campaign)]
    for name, share in ((OPENED, OPENS), (CLICKED, CLICKS)):
        delay = 60 + random.exponential(6 * HOUR, at.size).astype(np.int64)
        chosen = (random.random(at.size) < share) & (at + delay < clock.end)
        customer, campaign, at = customer[chosen], campaign[chosen], (at + delay)[chosen]
        letters.append(_events(name, at, customer, campaign=campaign))
    return letters


def _events(
    name: int,
    at: Ints,
    customer: Ints,
    *,
    order_id: Ints | None = None,
    product: Ints | None = None,
    value: Ints | None = None,
    campaign: Ints | None = None,
) -> Events:
    def column(values: Ints | None) -> npt.NDArray[np.int64]:
        return np.full(at.size, NOTHING) if values is None else values.astype(np.int64)

    return Events(
        at=column(at),
        name=np.full(at.size, name),
        customer=column(customer),
        order_id=column(order_id),
        product=column(product),
        value=column(value),
        campaign=column(campaign),
    )


def _frame(settings: Settings, clock: Clock, catalogue: Catalogue, events: Events) -> pl.DataFrame:
    year, month = clock.first_month
    campaigns = [
        f"newsletter-{year + (month - 1 + index) // 12}-{(month - 1 + index) % 12 + 1:02d}"
        for index in range(int(clock.months[-1]) + 1)
    ]
    properties = [
        *(f'{{"category": "{name}"}}' if name else "{}" for name in catalogue.categories),
        '{"currency": "RUB"}',
    ]

    def part(number: int, rows: slice) -> pl.DataFrame:
        random = settings.random("recording", number)
        at, name, campaign = events.at[rows], events.name[rows], events.campaign[rows]
        count = at.size
        late = random.random(count) < RECORDED_LATE
        delay = np.where(late, random.integers(HOUR, 2 * DAY, count), random.integers(0, 4, count))
        recorded = np.minimum(at + delay, clock.end - 1)
        recorded[random.random(count) < NOT_RECORDED_APART] = NOTHING
        product, value = events.product[rows], events.value[rows]
        ordering = (name == CHECKOUT) | (name == COMPLETED)
        absent = pl.Series(value == NOTHING)
        customer_id = ids(events.customer[rows] + 1)
        sent = words(campaign, campaigns)
        return pl.select(
            customer_id=customer_id,
            name=words(name, NAMES),
            occurred_at=instants(at, settings.time_zone),
            recorded_at=instants(recorded, settings.time_zone),
            order_id=ids(events.order_id[rows]),
            product_id=ids(np.where(product == NOTHING, NOTHING, product + FIRST_PRODUCT_ID)),
            value=money(value).set(absent, None),
            campaign=sent,
            message_id=pl.concat_str(sent, pl.lit("-"), customer_id),
            properties=words(np.where(ordering, len(properties) - 1, product), properties),
        )

    return pl.concat(in_chunks(events.at.size, part))
