"""A shop whose tables fit together, and how it is drawn."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from retention_kit.contracts.tables import TABLES
from retention_kit.testing import _rows
from retention_kit.testing._instants import SHIFTS, ZONES, hard_instants

IdType = type[int] | type[str]
PLACES = st.tuples(st.integers(0, 30), st.sampled_from(SHIFTS))
"""Places of instants: which hard one, and how far from it."""
_ROLES = ("customer_id", "order_id", "product_id", "line_id", "review_id")


@dataclass(frozen=True, slots=True, repr=False)
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

    def __repr__(self) -> str:
        tables = [f"{name}={_told(frame)}" for name, frame in self.tables.items()]
        return f"Shop({', '.join([*tables, repr(self.time_zone)])})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002
        """Let Hypothesis report it as `repr` does."""
        printer.text(repr(self))

    def lazy(self) -> dict[str, pl.LazyFrame]:
        """Give the tables as functions on tables take them."""
        return {name: frame.lazy() for name, frame in self.tables.items()}


def some_rows(
    row: SearchStrategy[tuple[int, ...]], max_rows: int
) -> SearchStrategy[list[tuple[int, ...]]]:
    """Draw rows; half of the time at least four, since short lists tie too little."""
    some = st.lists(row, min_size=min(4, max_rows), max_size=max_rows)
    return st.one_of(st.lists(row, max_size=max_rows), some)


@st.composite
def drawn_shops(
    draw: DrawFn,
    names: tuple[str, ...],
    time_zone: str | None,
    max_rows: int,
    *,
    guests: bool,
    id_type: IdType | None = None,
) -> Shop:
    """Draw the tables of one shop.

    Args:
        draw: Of Hypothesis.
        names: Which tables.
        time_zone: The shop's zone; None draws it.
        max_rows: How many rows each has at most.
        guests: Whether some orders have no customer.
        id_type: The type of all ids; None draws one for each kind of id.
    """
    zone = draw(st.sampled_from(ZONES)) if time_zone is None else time_zone
    world = draw(_worlds(zone, id_type, guests=guests))
    tables: dict[str, pl.DataFrame] = {}
    drawn = [name for name in TABLES if name in names or _is_basis(name, names)]
    for name in drawn:
        rows = draw(some_rows(_rows.ROWS[name], max_rows))
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
    pool = draw(st.lists(PLACES, unique=True, min_size=2, max_size=5))
    if id_type is None:
        texts = draw(st.integers(0, 2 ** len(_ROLES) - 1))
    else:
        texts = 2 ** len(_ROLES) - 1 if id_type is str else 0
    is_text = {role: bool(texts >> place & 1) for place, role in enumerate(_ROLES)}
    ids: tuple[Any, ...] = _rows.TEXTS if is_text["customer_id"] else _rows.NUMBERS
    who = draw(st.lists(st.sampled_from(ids), unique=True, min_size=2, max_size=5))
    return _rows.World(
        time_zone=time_zone,
        instants=[instant_at(at, time_zone) for at in pool],
        customers=[*who, None] if guests else who,
        id_types={role: pl.String() if text else pl.Int64() for role, text in is_text.items()},
    )


def _told(frame: pl.DataFrame) -> list[dict[str, str]]:
    """Give a drawn table as a person reads it in a report: what is null is left out."""
    return [
        {name: str(value) for name, value in row.items() if value is not None}
        for row in frame.to_dicts()
    ]


def instant_at(place: tuple[int, int], time_zone: str) -> int:
    """Give the instant at a drawn place, in microseconds since 1970."""
    hard = hard_instants(time_zone)
    number, shift = place
    return hard[number % len(hard)] + shift
