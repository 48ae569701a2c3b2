"""Make up a shop: any number of customers, the same ones for the same seed, and nobody real."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypedDict

import polars as pl
from typing_extensions import Unpack

from retention_kit.contracts.tables import TABLES
from retention_kit.datasets._baskets import Baskets, make_baskets
from retention_kit.datasets._behaviour import (
    Population,
    Purchases,
    make_population,
    make_purchases,
)
from retention_kit.datasets._catalogue import Catalogue, make_catalogue
from retention_kit.datasets._clock import Clock, make_clock
from retention_kit.datasets._costs import costs_frame
from retention_kit.datasets._events import events_frame
from retention_kit.datasets._orders import CURRENCY, Book, items_frame, make_book, orders_frame
from retention_kit.datasets._people import (
    Decisions,
    consents_frame,
    customers_frame,
    make_decisions,
)
from retention_kit.datasets._reviews import reviews_frame
from retention_kit.datasets._sales import Returns, Sales, make_returns, make_sales
from retention_kit.datasets._settings import Settings
from retention_kit.errors import DefinitionError, bad_parameter, nearest_names

if TYPE_CHECKING:
    from retention_kit.contracts.dataset import Dataset


class ShopOptions(TypedDict, total=False):
    """What `make_frames` and `make_dataset` can be told about the shop.

    Attributes:
        start: First day, in the shop's zone; 1 January 2023. The first customers arrive on it.
        end: The day after the last; 1 January 2026. Nothing happens on or after it.
        time_zone: The shop's zone, by its IANA name; `"Europe/Moscow"`.
        tables: Names of the tables to make; all seven. What a table holds does not depend on which
            others are made, and fewer are made faster.
        orders_per_year: Mean purchase rate of customers who have not left; 6.
        rate_shape: Shape of the gamma distribution of purchase rates; 0.8. The smaller, the more
            customers differ.
        dropout: Mean probability of leaving for good after a purchase; 0.15.
        return_share: Share of completed sales that come back, in whole or in part; 0.05. A return
            that would fall after the end does not happen.
        guest_share: Share of sales by customers who do not say who they are; 0.04. `customer_id`
            is null.
        event_share: Share of sales outside the store whose visits are recorded in `events`; 0.05.
            Left carts and letters follow it.
    """

    start: dt.date
    end: dt.date
    time_zone: str
    tables: Iterable[str]
    orders_per_year: float
    rate_shape: float
    dropout: float
    return_share: float
    guest_share: float
    event_share: float


def make_frames(
    customers: int = 1_000, *, seed: int = 0, **options: Unpack[ShopOptions]
) -> dict[str, pl.DataFrame]:
    """Make the tables of an invented shop, in the types that come out of the door.

    By default there are about 4.3 sales per customer, and about two lines per order. Ids ascend
    with time. E-mail addresses are in reserved domains and telephone numbers in the range kept for
    fiction (+1, area code, 555-0100 to 555-0199), so that nobody can be reached by them.

    Args:
        customers: Rows of `customers`. Eight in a hundred never buy.
        seed: Whole number from 0 that the whole shop follows from.
        **options: What kind of shop it is; see `ShopOptions`.

    Returns:
        The tables by name, in the order of `retention_kit.contracts.tables.TABLES`, each by
        ascending id, instant or month. An order's amount is exactly the sum of its lines.

    Raises:
        DefinitionError: An argument has a value that is not allowed, or there is no such option.

    Notes:
        The same arguments give equal frames on every run with the same NumPy; a later NumPy may
        draw other numbers from the same seed (NEP 19).

        Telephone numbers are not shared, and the range holds 26,400 of them: of more customers than
        that the rest have none.

    References:
        Batislam, Denizel and Filiztekin (2007), Empirical validation and comparison of models for
        customer base analysis, International Journal of Research in Marketing 24.

    Examples:
        >>> frames = make_frames(100, seed=1, tables=("orders", "order_items"))
        >>> orders, lines = frames["orders"], frames["order_items"]
        >>> orders["amount"].sum() == lines["amount"].sum()
        True
    """
    return _frames(_settings(customers, seed, options))


def make_dataset(
    customers: int = 1_000, *, seed: int = 0, **options: Unpack[ShopOptions]
) -> Dataset:
    """Make an invented shop, as `make_frames` does, and bring it through the door.

    Args:
        customers: Rows of `customers`. Eight in a hundred never buy.
        seed: Whole number from 0 that the whole shop follows from.
        **options: What kind of shop it is; see `ShopOptions`. `orders` must be among the tables.

    Returns:
        The shop, in roubles.

    Raises:
        DefinitionError: An argument has a value that is not allowed, or there is no such option.

    Examples:
        >>> make_dataset(100, seed=1).currency
        'RUB'
    """
    from retention_kit.contracts.dataset import Dataset
    from retention_kit.contracts.entrance import enter

    settings = _settings(customers, seed, options)
    if "orders" not in settings.tables:
        raise bad_parameter(
            "tables",
            got=settings.tables,
            allowed="names of tables with 'orders' among them",
            step="add 'orders', or call make_frames for the other tables alone.",
        )
    frames = _frames(settings)
    # In a small shop a good customer holds more than 1% of the sales; here no id is shared.
    options_of_door = {"time_zone": settings.time_zone, "currency": CURRENCY}
    return enter(Dataset, frames, options_of_door, warn=False)


class _Shop:
    """The parts of one shop, each made when a table first asks for it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def clock(self) -> Clock:
        return make_clock(self.settings)

    @cached_property
    def population(self) -> Population:
        return make_population(self.settings, self.clock)

    @cached_property
    def purchases(self) -> Purchases:
        return make_purchases(self.settings, self.clock, self.population)

    @cached_property
    def catalogue(self) -> Catalogue:
        return make_catalogue(self.settings)

    @cached_property
    def baskets(self) -> Baskets:
        return make_baskets(
            self.settings, self.clock, self.population, self.purchases, self.catalogue
        )

    @cached_property
    def sales(self) -> Sales:
        return make_sales(self.settings, self.clock, self.population, self.purchases, self.baskets)

    @cached_property
    def returns(self) -> Returns:
        return make_returns(self.settings, self.clock, self.baskets, self.sales, self.catalogue)

    @cached_property
    def book(self) -> Book:
        return make_book(self.purchases, self.returns)

    @cached_property
    def decisions(self) -> Decisions:
        return make_decisions(self.settings, self.clock, self.population)

    def orders(self) -> pl.DataFrame:
        return orders_frame(
            self.settings.time_zone,
            self.book,
            self.population,
            self.purchases,
            self.baskets,
            self.sales,
            self.returns,
        )

    def order_items(self) -> pl.DataFrame:
        return items_frame(self.book, self.baskets, self.returns, self.catalogue)

    def customers(self) -> pl.DataFrame:
        return customers_frame(self.settings, self.population)

    def consents(self) -> pl.DataFrame:
        return consents_frame(self.settings, self.decisions)

    def events(self) -> pl.DataFrame:
        return events_frame(
            self.settings,
            self.clock,
            self.purchases,
            self.baskets,
            self.sales,
            self.book,
            self.catalogue,
            self.decisions,
        )

    def costs(self) -> pl.DataFrame:
        return costs_frame(self.settings, self.clock, self.population)

    def reviews(self) -> pl.DataFrame:
        return reviews_frame(
            self.settings, self.clock, self.purchases, self.baskets, self.sales, self.catalogue
        )


_MAKERS: dict[str, tuple[Callable[[_Shop], pl.DataFrame], tuple[str, ...]]] = {
    "customers": (_Shop.customers, ()),
    "consents": (_Shop.consents, ()),
    "costs": (_Shop.costs, ()),
    "events": (_Shop.events, ("decisions",)),
    "reviews": (_Shop.reviews, ()),
    "orders": (_Shop.orders, ("population", "sales")),
    "order_items": (_Shop.order_items, ()),
}
"""How each table is made, and which parts no later one needs. The largest come last."""


def _frames(settings: Settings) -> dict[str, pl.DataFrame]:
    shop = _Shop(settings)
    made = {}
    for name, (make, last_used) in _MAKERS.items():
        if name in settings.tables:
            made[name] = make(shop)
        for part in last_used:
            vars(shop).pop(part, None)
    return {name: made[name] for name in TABLES if name in made}


def _settings(customers: int, seed: int, options: ShopOptions) -> Settings:
    for name in options:
        if name not in ShopOptions.__annotations__:
            known = tuple(ShopOptions.__annotations__)
            nearest = nearest_names(name, known)
            hint = f" Nearest: {', '.join(nearest)}." if nearest else ""
            raise DefinitionError(
                f"There is no option {name!r}. Allowed: {', '.join(known)}.{hint}", parameter=name
            )
    given: dict[str, Any] = dict(options)
    if "tables" in given:
        tables = given["tables"]
        # A string is an iterable of strings too, and its letters are no tables.
        given["tables"] = (tables,) if isinstance(tables, str) else tuple(tables)
    return Settings(customers=customers, seed=seed, **given)
