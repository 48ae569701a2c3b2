"""The table `reviews`: what customers, and people who only mention the shop, write."""

from __future__ import annotations

import numpy as np
import polars as pl

from retention_kit.datasets._baskets import Baskets, line_starts
from retention_kit.datasets._behaviour import Purchases
from retention_kit.datasets._catalogue import CATEGORIES, FIRST_PRODUCT_ID, Catalogue
from retention_kit.datasets._clock import DAY, HOUR, Clock
from retention_kit.datasets._columns import (
    NOTHING,
    ids,
    instants,
    look_up,
    ranked,
    whole,
    words,
)
from retention_kit.datasets._sales import COMPLETED, Sales
from retention_kit.datasets._settings import Settings

REVIEWED, ANONYMOUS, UNRATED = 0.03, 0.1, 0.08
RATINGS = (0.07, 0.06, 0.1, 0.22, 0.55)
"""The share of one star, two stars and so on."""
SOURCES = ("website", "yandex_maps", "marketplace", "social network")
SOURCE_SHARES = (0.6, 0.18, 0.16, 0.06)
TEXTS = (
    ("The {} broke within a week.", "Not worth it: the {} does not work.", "{}: took it back."),
    ("The {} is worse than the picture.", "{}: late, and the box was torn.", "A weak {}."),
    ("An ordinary {}.", "The {} is all right for the price.", "{}: neither good nor bad."),
    ("A good {}, came on time.", "The {} is fine, the courier was late.", "{}: as described."),
    ("An excellent {}, thank you!", "{}: I will buy here again.", "The {} is just what I wanted."),
)
"""By rating, three ways to say it."""
WAYS = len(TEXTS[0])


def reviews_frame(
    settings: Settings,
    clock: Clock,
    purchases: Purchases,
    baskets: Baskets,
    sales: Sales,
    catalogue: Catalogue,
) -> pl.DataFrame:
    """Make the table `reviews`, by ascending id, which is the order of publication."""
    random = settings.random("reviews")
    completed = sales.status == COMPLETED
    sale = np.flatnonzero(completed & (random.random(completed.size) < REVIEWED))
    at = sales.delivered[sale] + random.integers(HOUR, 20 * DAY, sale.size)
    sale, at = sale[at < clock.end], at[at < clock.end]
    at, order = ranked(at, clock.start)
    sale = sale[order]

    count = sale.size
    rating = look_up(RATINGS)[random.integers(0, 256, count, dtype=np.uint8)]
    source = look_up(SOURCE_SHARES)[random.integers(0, 256, count, dtype=np.uint8)]
    way = random.integers(0, WAYS, count)
    unknown = sales.guest[sale] | (random.random(count) < ANONYMOUS)
    unrated = pl.Series(random.random(count) < UNRATED)
    product = baskets.product[line_starts(baskets.lines)[sale]]
    text = (rating * WAYS + way) * len(CATEGORIES) + catalogue.category[product]
    return pl.DataFrame(
        {
            "review_id": ids(np.arange(1, count + 1)),
            "published_at": instants(at, settings.time_zone),
            "text": words(text, _texts()),
            "rating": whole(rating + 1).set(unrated, None),
            "customer_id": ids(np.where(unknown, NOTHING, purchases.customer[sale] + 1)),
            "product_id": ids(product.astype(np.int64) + FIRST_PRODUCT_ID),
            "source": words(source, SOURCES),
        }
    )


def _texts() -> list[str]:
    return [
        way.format(category.product)[:1].upper() + way.format(category.product)[1:]
        for ways in TEXTS
        for way in ways
        for category in CATEGORIES
    ]
