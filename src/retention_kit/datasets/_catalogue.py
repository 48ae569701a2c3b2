"""What the shop sells: products by category, how popular each is, and what goes with what."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from retention_kit.datasets._columns import look_up
from retention_kit.datasets._settings import Settings

PRODUCTS_PER_CATEGORY = 25
FIRST_PRODUCT_ID = 1_001
ZIPF_EXPONENT = 1.0
FAVOURITE_FIRST, FAVOURITE_LATER = 0.65, 0.4
ACCESSORY_LATER = 0.3
TOGETHER = 0.6


@dataclass(frozen=True, slots=True)
class Category:
    """One category of products.

    Attributes:
        name: The category's name.
        product: What one product of it is called.
        price: The median price, in roubles.
        margin: The part of the price that the shop keeps.
        popularity: Weight among the categories.
        several: The share of lines with more than one piece.
        accessories: Categories bought with it or after it, with weights.
    """

    name: str
    product: str
    price: int
    margin: float
    popularity: float
    several: float = 0.05
    accessories: dict[str, float] = field(default_factory=dict)


CATEGORIES = (
    Category("phones", "phone", 24_000, 0.12, 1.2, 0.01, {"cases": 4, "headphones": 2}),
    Category("cases", "case", 900, 0.55, 0.8, 0.12, {"phones": 1}),
    Category("headphones", "headset", 4_500, 0.3, 0.8, 0.02, {"phones": 1, "cases": 1}),
    Category("laptops", "laptop", 58_000, 0.1, 0.5, 0.01, {"bags": 3, "headphones": 2}),
    Category("bags", "bag", 3_200, 0.45, 0.6, 0.03),
    Category("coffee machines", "coffee machine", 32_000, 0.2, 0.4, 0.01, {"coffee": 5}),
    Category("coffee", "coffee blend", 1_300, 0.35, 1.6, 0.35, {"mugs": 1}),
    Category("mugs", "mug", 700, 0.5, 0.7, 0.4, {"coffee": 2}),
    Category("water filters", "water filter", 2_400, 0.3, 0.4, 0.02, {"cartridges": 5}),
    Category("cartridges", "cartridge", 800, 0.45, 1.0, 0.4, {"water filters": 0.3}),
    Category("toys", "toy", 1_600, 0.4, 1.1, 0.15, {"batteries": 3}),
    Category("batteries", "battery pack", 450, 0.4, 0.7, 0.45),
)
NAMES = tuple(category.name for category in CATEGORIES)
POPULARITY = np.array([category.popularity for category in CATEGORIES])


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Products by position, and tables from which one gather draws.

    Attributes:
        category: Each product's category, a position in `CATEGORIES`.
        price: Each product's price, in hundredths.
        cost: What each product costs the shop, in hundredths.
        names: Each product's name.
        opening: Category of a basket's first line, by (later purchase or not, favourite category).
        joining: Category of a further line, by the category of the first.
        product: Product by category.
        quantity: Pieces by category.
    """

    category: npt.NDArray[np.int16]
    price: npt.NDArray[np.int64]
    cost: npt.NDArray[np.int64]
    names: tuple[str, ...]
    opening: npt.NDArray[np.int16]
    joining: npt.NDArray[np.int16]
    product: npt.NDArray[np.int16]
    quantity: npt.NDArray[np.int8]

    @property
    def categories(self) -> list[str | None]:
        """Each product's category by name; the least popular of some have none on file."""
        unfiled = set(range(2 * PRODUCTS_PER_CATEGORY - 1, self.category.size, 100))
        return [
            None if product in unfiled else NAMES[category]
            for product, category in enumerate(self.category.tolist())
        ]


def make_catalogue(settings: Settings) -> Catalogue:
    """Price the products and spread popularity over them by Zipf's law."""
    count = len(CATEGORIES)
    category = np.repeat(np.arange(count, dtype=np.int16), PRODUCTS_PER_CATEGORY)
    median = np.array([each.price for each in CATEGORIES])[category]
    margin = np.array([each.margin for each in CATEGORIES])[category]
    spread = np.clip(settings.random("catalogue").lognormal(0, 0.45, category.size), 0.25, 4)
    price = np.maximum(np.rint(median * spread / 10), 2).astype(np.int64) * 1_000 - 100
    rank = 1 / np.arange(1, PRODUCTS_PER_CATEGORY + 1) ** ZIPF_EXPONENT
    within = look_up(rank, 1 << 16)
    return Catalogue(
        category=category,
        price=price,
        cost=np.rint(price * (1 - margin)).astype(np.int64),
        names=tuple(
            f"{CATEGORIES[each].product.capitalize()} {number:02d}"
            for each in range(count)
            for number in range(1, PRODUCTS_PER_CATEGORY + 1)
        ),
        opening=np.stack(
            [_opening(FAVOURITE_FIRST, 0), _opening(FAVOURITE_LATER, ACCESSORY_LATER)]
        ),
        joining=np.stack([look_up(_mixed(each, 0, TOGETHER), 1 << 12) for each in range(count)]),
        product=np.stack([within + each * PRODUCTS_PER_CATEGORY for each in range(count)]),
        quantity=np.stack([_pieces(each.several) for each in CATEGORIES]),
    )


def favourites(settings: Settings) -> npt.NDArray[np.int8]:
    """Give each customer the category they like best."""
    table = look_up(POPULARITY, 1 << 12).astype(np.int8)
    random = settings.random("favourites")
    return table[random.integers(0, table.size, settings.customers, dtype=np.uint16)]


def _opening(favourite: float, accessory: float) -> npt.NDArray[np.int16]:
    rows = [look_up(_mixed(each, favourite, accessory), 1 << 12) for each in range(len(CATEGORIES))]
    return np.stack(rows).astype(np.int16)


def _mixed(category: int, itself: float, accessory: float) -> npt.NDArray[np.float64]:
    weights = CATEGORIES[category].accessories
    linked = np.array([weights.get(name, 0.0) for name in NAMES])
    if not linked.any():
        linked[category] = 1.0
    shares = (1 - itself - accessory) * POPULARITY / POPULARITY.sum()
    shares = shares + accessory * linked / linked.sum()
    shares[category] += itself
    return np.asarray(shares, dtype=np.float64)


def _pieces(several: float) -> npt.NDArray[np.int8]:
    shares = (1 - several, several * 0.6, several * 0.25, several * 0.1, several * 0.05)
    return (look_up(shares) + 1).astype(np.int8)
