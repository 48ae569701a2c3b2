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
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from retention_kit.contracts.dataset import Dataset
from retention_kit.contracts.items import FROM_ORDER
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DataWarning, bad_parameter
from retention_kit.testing import _rows
from retention_kit.testing._instants import SHIFTS, ZONES, hard_instants, to_datetime

IdType = type[int] | type[str]
_ROLES = ("customer_id", "order_id", "product_id", "line_id", "review_id")
_AT = st.tuples(st.integers(0, 30), st.sampled_from(SHIFTS))


@dataclass(frozen=True, slots=True)
class Shop:
    """The tables of one shop, which fit together.

    Attributes:
        tables: The tables by name.
        time_zone: The shop's zone.
        currency: The shop's currency.
    """

    tables: Mapping[str, pl.DataFrame]
    time_zone: str
    currency: str = _rows.CURRENCY

    def lazy(self) -> dict[str, pl.LazyFrame]:
        """Give the tables as functions on tables take them."""
        return {name: frame.lazy() for name, frame in self.tables.items()}


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
    return _AT.map(lambda at: to_datetime(_instant(at, time_zone), zone))


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
    return _checked(tables, time_zone, max_rows, guests=False)


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
    drawn = _shops((name,), time_zone, max_rows, guests=False, id_type=id_type)
    return drawn.map(lambda shop: shop.tables[name])


def _checked(
    tables: Collection[str], time_zone: str | None, max_rows: int, *, guests: bool
) -> SearchStrategy[Shop]:
    for name in tables:
        if name not in TABLES:
            raise bad_parameter("tables", got=name, allowed=", ".join(TABLES))
    if not 0 <= max_rows <= 90:
        raise bad_parameter("max_rows", got=max_rows, allowed="0 to 90")
    return _shops(tuple(tables), time_zone, max_rows, guests=guests)


@st.composite
def _shops(
    draw: DrawFn,
    names: tuple[str, ...],
    time_zone: str | None,
    max_rows: int,
    *,
    guests: bool,
    id_type: IdType | None = None,
) -> Shop:
    zone = draw(time_zones()) if time_zone is None else time_zone
    world = draw(_worlds(zone, id_type, guests=guests))
    tables: dict[str, pl.DataFrame] = {}
    drawn = [name for name in TABLES if name in names or _is_basis(name, names)]
    for name in drawn:
        rows = draw(st.lists(_rows.ROWS[name], max_size=max_rows))
        if name == "order_items":
            columns = _rows.item_columns(rows, tables["orders"], world)
        else:
            columns = _rows.MAKERS[name](rows, world)
        tables[name] = _rows.table(name, columns, world)
    return Shop({name: tables[name] for name in drawn if name in names}, zone)


def _is_basis(name: str, names: Collection[str]) -> bool:
    return name == "orders" and "order_items" in names


@st.composite
def _worlds(draw: DrawFn, time_zone: str, id_type: IdType | None, *, guests: bool) -> _rows.World:
    pool = draw(st.lists(_AT, min_size=1, max_size=4))
    if id_type is None:
        texts = draw(st.integers(0, 2 ** len(_ROLES) - 1))
    else:
        texts = 2 ** len(_ROLES) - 1 if id_type is str else 0
    is_text = {role: bool(texts >> place & 1) for place, role in enumerate(_ROLES)}
    ids: tuple[Any, ...] = _rows.TEXTS if is_text["customer_id"] else _rows.NUMBERS
    who = draw(st.lists(st.sampled_from(ids), unique=True, min_size=1, max_size=5))
    return _rows.World(
        time_zone=time_zone,
        instants=[_instant(at, time_zone) for at in pool],
        customers=[*who, None] if guests else who,
        id_types={role: pl.String() if text else pl.Int64() for role, text in is_text.items()},
    )


def _instant(at: tuple[int, int], time_zone: str) -> int:
    hard = hard_instants(time_zone)
    place, shift = at
    return hard[place % len(hard)] + shift


def _through_the_door(shop: Shop) -> Dataset:
    tables: dict[str, Any] = dict(shop.tables)
    tables["order_items"] = tables["order_items"].drop(FROM_ORDER)
    for name in ("consents", "events"):
        tables[name] = tables[name].filter(pl.col("customer_id").is_not_null())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return Dataset.from_frames(**tables, time_zone=shop.time_zone, currency=shop.currency)
