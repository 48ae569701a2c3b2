"""Hypothesis strategies for the seven tables as they come through the door, hard on purpose.

Few customers, instants and products are drawn first and rows point to them, so that ties are
frequent: orders of one customer at one instant, orders exactly at `as_of`. The instants lie where
clocks change and where days, months and years end. Among rows there are returns (before any sale,
too), cancelled and open orders, amounts of 0, the largest amounts, ids that look alike; optional
columns are null or not, and every table may be empty.
"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Collection
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from retention_kit.contracts.dataset import Dataset
from retention_kit.contracts.items import FROM_ORDER
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DataWarning, bad_parameter
from retention_kit.testing._instants import ZONES, to_datetime
from retention_kit.testing._shop import PLACES, IdType, Shop, drawn_shops, instant_at


def time_zones() -> SearchStrategy[str]:
    """Draw a time zone among those that are hard in different ways; the simplest is London."""
    return st.sampled_from(ZONES)


def instants(*, time_zone: str = "Europe/London") -> SearchStrategy[dt.datetime]:
    """Draw an instant of those that the tables are drawn from.

    Args:
        time_zone: The shop's zone.

    Returns:
        Instants in that zone.
    """
    zone = ZoneInfo(time_zone)
    return PLACES.map(lambda place: to_datetime(instant_at(place, time_zone), zone))


def orders(
    *, time_zone: str = "Europe/London", id_type: IdType = int, max_rows: int = 10
) -> SearchStrategy[pl.DataFrame]:
    """Draw the table `orders`; see the module for what is hard in it.

    Args:
        time_zone: The shop's zone.
        id_type: Whether ids are `int` or `str`.
        max_rows: How many rows there are at most, up to 90.

    Returns:
        Eager frames of the schema `table_schema("orders", …)`.

    Examples:
        >>> from hypothesis import given
        >>> @given(orders(id_type=str))
        ... def property_of_orders(frame):
        ...     assert frame["order_id"].dtype == pl.String
        >>> property_of_orders()
    """
    return _table("orders", time_zone, id_type, max_rows)


def order_items(
    *, time_zone: str = "Europe/London", id_type: IdType = int, max_rows: int = 10
) -> SearchStrategy[pl.DataFrame]:
    """Draw the table `order_items`, with `customer_id`, `ordered_at` and `kind` of the order.

    Args:
        time_zone: The shop's zone.
        id_type: Whether ids are `int` or `str`.
        max_rows: Of how many orders they are the lines at most; each has up to three.

    Returns:
        Eager frames of the schema `table_schema("order_items", …)`.
    """
    return _table("order_items", time_zone, id_type, max_rows)


def customers(
    *, time_zone: str = "Europe/London", id_type: IdType = int, max_rows: int = 5
) -> SearchStrategy[pl.DataFrame]:
    """Draw the table `customers`; contacts cannot belong to anyone, birthdays include 29 February.

    Args:
        time_zone: The shop's zone.
        id_type: Whether ids are `int` or `str`.
        max_rows: How many rows there are at most, up to 5.

    Returns:
        Eager frames of the schema `table_schema("customers", …)`.
    """
    return _table("customers", time_zone, id_type, max_rows)


def consents(
    *, time_zone: str = "Europe/London", id_type: IdType = int, max_rows: int = 10
) -> SearchStrategy[pl.DataFrame]:
    """Draw the table `consents`, with decisions of one instant that disagree.

    Args:
        time_zone: The shop's zone.
        id_type: Whether ids are `int` or `str`.
        max_rows: How many rows there are at most.

    Returns:
        Eager frames of the schema `table_schema("consents", …)`.
    """
    return _table("consents", time_zone, id_type, max_rows)


def events(
    *, time_zone: str = "Europe/London", id_type: IdType = int, max_rows: int = 10
) -> SearchStrategy[pl.DataFrame]:
    """Draw the table `events`; some are recorded days after they happened.

    Args:
        time_zone: The shop's zone.
        id_type: Whether ids are `int` or `str`.
        max_rows: How many rows there are at most.

    Returns:
        Eager frames of the schema `table_schema("events", …)`.
    """
    return _table("events", time_zone, id_type, max_rows)


def costs(
    *, time_zone: str = "Europe/London", id_type: IdType = int, max_rows: int = 6
) -> SearchStrategy[pl.DataFrame]:
    """Draw the table `costs`, which has no customers.

    Args:
        time_zone: The shop's zone.
        id_type: Whether ids are `int` or `str`.
        max_rows: How many rows there are at most.

    Returns:
        Eager frames of the schema `table_schema("costs", …)`.
    """
    return _table("costs", time_zone, id_type, max_rows)


def reviews(
    *, time_zone: str = "Europe/London", id_type: IdType = int, max_rows: int = 6
) -> SearchStrategy[pl.DataFrame]:
    """Draw the table `reviews`; of some nobody knows who wrote them.

    Args:
        time_zone: The shop's zone.
        id_type: Whether ids are `int` or `str`.
        max_rows: How many rows there are at most, up to 90.

    Returns:
        Eager frames of the schema `table_schema("reviews", …)`.
    """
    return _table("reviews", time_zone, id_type, max_rows)


def shops(
    tables: Collection[str] = tuple(TABLES),
    *,
    time_zone: str | None = None,
    max_rows: int = 10,
) -> SearchStrategy[Shop]:
    """Draw tables that fit together.

    All refer to the same customers, some of whom have no orders; lines sum to their order's amount.
    The types of ids are drawn too.

    Args:
        tables: Which of the seven tables; drawing fewer is faster and finds more.
        time_zone: The shop's zone; by default it is drawn.
        max_rows: How many rows each has at most, up to 90.

    Returns:
        Shops.

    Raises:
        DefinitionError: There is no such table.
    """
    return _checked(tables, time_zone, max_rows)


def datasets(
    *,
    time_zone: str | None = None,
    max_rows: int = 8,
) -> SearchStrategy[Dataset]:
    """Draw datasets that came through the door, with guests among the orders.

    Args:
        time_zone: The shop's zone; by default it is drawn.
        max_rows: How many rows each table has at most, up to 90.

    Returns:
        Datasets of all seven tables.
    """
    return _checked(tuple(TABLES), time_zone, max_rows, guests=True).map(_through_the_door)


def _table(
    name: str, time_zone: str, id_type: IdType, max_rows: int
) -> SearchStrategy[pl.DataFrame]:
    drawn = _checked((name,), time_zone, max_rows, id_type=id_type)
    return drawn.map(lambda shop: shop.tables[name])


def _checked(
    tables: Collection[str],
    time_zone: str | None,
    max_rows: int,
    *,
    guests: bool = False,
    id_type: IdType | None = None,
) -> SearchStrategy[Shop]:
    for name in tables:
        if name not in TABLES:
            raise bad_parameter("tables", got=name, allowed=", ".join(TABLES))
    if not 0 <= max_rows <= 90:
        raise bad_parameter("max_rows", got=max_rows, allowed="0 to 90")
    return drawn_shops(tuple(tables), time_zone, max_rows, guests=guests, id_type=id_type)


def _through_the_door(shop: Shop) -> Dataset:
    tables: dict[str, Any] = dict(shop.tables)
    tables["order_items"] = tables["order_items"].drop(FROM_ORDER)
    for name in ("consents", "events"):
        tables[name] = tables[name].filter(pl.col("customer_id").is_not_null())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return Dataset.from_frames(**tables, time_zone=shop.time_zone, currency=shop.currency)
