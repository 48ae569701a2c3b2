"""What each purchase holds: its lines, what was taken off, and what it cost the shop."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from retention_kit.datasets._behaviour import Population, Purchases
from retention_kit.datasets._catalogue import Catalogue, favourites
from retention_kit.datasets._clock import Clock
from retention_kit.datasets._columns import NOTHING, Ints, look_up
from retention_kit.datasets._settings import Settings, in_chunks

Drawn = TypeVar("Drawn", bound=np.generic)

LINES = (0.47, 0.26, 0.14, 0.07, 0.04, 0.02)
"""The share of baskets with one line, two lines and so on."""

PROMOTIONS = ("WELCOME10", "SPRING7", "SALE15", "LOYAL5")
PERCENT = np.array([10, 7, 15, 5, 0])
WELCOME, SPRING, SALE, LOYAL = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class Baskets:
    """Purchases' contents, in the order of the purchases.

    Attributes:
        lines: The number of lines of each purchase.
        amount: Goods after discount, in hundredths.
        discount: What was taken off, in hundredths.
        cost: What the goods cost the shop, in hundredths.
        promotion: A position in `PROMOTIONS`, or `NOTHING`.
        product: Of each line, the product's position in the catalogue.
        quantity: Of each line, the pieces.
        net: Of each line, the amount after discount, in hundredths.
    """

    lines: npt.NDArray[np.int8]
    amount: npt.NDArray[np.int64]
    discount: npt.NDArray[np.int32]
    cost: npt.NDArray[np.int32]
    promotion: npt.NDArray[np.int8]
    product: npt.NDArray[np.int16]
    quantity: npt.NDArray[np.int8]
    net: npt.NDArray[np.int32]


def make_baskets(
    settings: Settings,
    clock: Clock,
    population: Population,
    purchases: Purchases,
    catalogue: Catalogue,
) -> Baskets:
    """Fill a basket for every purchase."""
    favourite = favourites(settings)

    def fill(part: int, rows: slice) -> Baskets:
        customer, at = purchases.customer[rows], purchases.at[rows]
        later = at > population.first[customer]
        promotion = _promotions(settings, part, clock.calendar_month(at), later)
        return _fill(settings, part, catalogue, favourite[customer], later, promotion)

    parts = in_chunks(purchases.at.size, fill)
    return Baskets(
        **{
            column.name: np.concatenate([getattr(part, column.name) for part in parts])
            for column in fields(Baskets)
        }
    )


def line_starts(lines: Ints) -> npt.NDArray[np.int64]:
    """Give the position of each purchase's first line, from its number of lines."""
    ends = np.cumsum(lines, dtype=np.int64)
    return ends - lines


def _fill(
    settings: Settings,
    part: int,
    catalogue: Catalogue,
    favourite: Ints,
    later: npt.NDArray[np.bool_],
    promotion: npt.NDArray[np.int8],
) -> Baskets:
    random = settings.random("baskets", part)
    count = favourite.size
    lines = (look_up(LINES) + 1).astype(np.int8)[random.integers(0, 256, count, dtype=np.uint8)]
    starts = line_starts(lines)
    opening = _draw(
        random,
        catalogue.opening.reshape(-1, catalogue.opening.shape[-1]),
        (favourite + later * np.int16(catalogue.opening.shape[1])),
    )
    category = _draw(random, catalogue.joining, np.repeat(opening, lines))
    category[starts] = opening
    product = _draw(random, catalogue.product, category)
    quantity = _draw(random, catalogue.quantity, category)
    full = catalogue.price[product] * quantity
    net = full * np.repeat(100 - PERCENT[promotion], lines) // 100
    amount = np.add.reduceat(net, starts)
    return Baskets(
        lines=lines,
        amount=amount,
        discount=(np.add.reduceat(full, starts) - amount).astype(np.int32),
        cost=np.add.reduceat(catalogue.cost[product] * quantity, starts).astype(np.int32),
        promotion=promotion,
        product=product,
        quantity=quantity,
        net=net.astype(np.int32),
    )


def _draw(random: np.random.Generator, tables: npt.NDArray[Drawn], row: Ints) -> npt.NDArray[Drawn]:
    size = tables.shape[1]
    word: type[np.unsignedinteger[Any]] = np.uint8 if size <= 256 else np.uint16
    entry = random.integers(0, size, row.size, dtype=word)
    drawn: npt.NDArray[Drawn] = tables.ravel()[row.astype(np.int64) * size + entry]
    return drawn


def _promotions(
    settings: Settings, part: int, month: Ints, later: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int8]:
    random = settings.random("promotions", part)
    chance = random.integers(0, 256, month.size, dtype=np.uint8)
    promotion = np.full(month.size, NOTHING, dtype=np.int8)
    promotion[later & (chance < 20)] = LOYAL
    promotion[((month == 3) | (month == 4)) & (chance >= 20) & (chance < 60)] = SPRING
    promotion[(month >= 11) & (chance >= 20) & (chance < 90)] = SALE
    promotion[~later & (chance < 70)] = WELCOME
    return promotion
