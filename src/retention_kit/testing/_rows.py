"""Drawn rows, which are tuples of small numbers, become the columns of tables.

Rows point into a `World` of few customers, instants and products, so that ties are frequent, and
shrink towards its first customer at its first instant. Optional columns are bits of one number, so
that what is drawn last disappears first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from retention_kit.contracts.schemas import id_role, table_schema

Columns = dict[str, list[Any]]
NUMBERS = (1, 2, 3, 10, 0, -7, 9_007_199_254_740_993)
TEXTS = ("1", "2", "10", "01", "é", "e\u0301", "Ж", "🛒", "a b")
CHANNELS = ("site", "shop", "магазин", "")
CURRENCY = "GBP"
_BIRTHDAYS = (None, dt.date(1988, 2, 29), dt.date(1970, 1, 1), dt.date(1991, 12, 31))
_MONTHS = tuple(dt.date(year, month, 1) for year, month in ((2011, 3), (2011, 10), (2012, 2)))
_EVENTS = ("Product Added", "Product Removed", "Product Viewed", "Cart Viewed", "Email Opened")
_HOUR = 3_600_000_000
_KINDS = (
    ("sale", "completed"),
    ("return", "completed"),
    ("sale", "completed"),
    ("sale", "cancelled"),
    ("sale", "completed"),
    ("sale", "open"),
    ("sale", "completed"),
    ("return", "cancelled"),
    ("return", "completed"),
)


@dataclass(frozen=True, slots=True)
class World:
    """What the rows of one shop's tables point to.

    Attributes:
        time_zone: The shop's zone.
        instants: Few of them, in microseconds since 1970.
        customers: Ids; None stands for a guest.
        id_types: `Int64` or `String` by id column.
    """

    time_zone: str
    instants: Sequence[int]
    customers: Sequence[int | str | None]
    id_types: Mapping[str, pl.DataType]

    def instant(self, place: int) -> int:
        return self.instants[place % len(self.instants)]

    def customer(self, place: int) -> int | str | None:
        return self.customers[place % len(self.customers)]

    def id_of(self, column: str, number: int) -> int | str:
        """Give the id of a number; ids are not in the order of rows."""
        scattered = (number * 37 + 11) % 101
        is_text = self.id_types.get(id_role(column)) == pl.String
        return f"№{scattered}" if is_text else scattered


_PLACE = st.integers(0, 7)
_BITS = st.integers(0, 1023)
_UNITS = st.one_of(
    st.sampled_from((0, 10_000, 400_000, 1, 99_999_999_000_000_0000)), st.integers(0, 10**7)
)
"""Ten-thousandths of the shop's currency."""

ROWS: Mapping[str, SearchStrategy[tuple[int, ...]]] = {
    "orders": st.tuples(_PLACE, _PLACE, st.integers(0, len(_KINDS) - 1), _UNITS, _BITS),
    "order_items": st.tuples(st.integers(0, 2), _PLACE, _BITS),
    "customers": st.tuples(_PLACE, _BITS),
    "consents": st.tuples(_PLACE, _PLACE, _PLACE, _BITS),
    "events": st.tuples(_PLACE, _PLACE, _PLACE, _UNITS, _BITS),
    "costs": st.tuples(_PLACE, _UNITS, _PLACE),
    "reviews": st.tuples(_PLACE, _PLACE, _BITS),
}
"""By table, what is drawn of one row; of `order_items`, what is drawn for one order."""


def order_columns(rows: Sequence[tuple[int, ...]], world: World) -> Columns:
    """Make orders; a return may name a sale of its customer, and may share its id."""
    sales: dict[Any, Any] = {}
    shared: set[Any] = set()
    made = []
    for number, (customer, instant, kind, drawn, bits) in enumerate(rows):
        who, at = world.customer(customer), world.instant(instant)
        word, status = _KINDS[kind]
        order_id = world.id_of("order_id", number)
        # Drawn rows are often alike; half of them differ by the amount.
        size = drawn + (number * 10_000 if bits & 512 else 0)
        units = -size if word == "return" else size
        original = None
        if word == "return":
            original = sales.get(who, world.id_of("order_id", 90)) if bits & 1 else None
            if bits & 2 and who in sales and sales[who] not in shared:
                order_id = sales[who]
                shared.add(order_id)
        else:
            sales.setdefault(who, order_id)
        made.append(
            {
                "order_id": order_id,
                "customer_id": who,
                "ordered_at": at,
                "amount": _money(units),
                "kind": word,
                "status": status,
                "original_order_id": original,
                "channel": _one_of(CHANNELS, bits) if bits & 4 else None,
                "manager": _one_of(("Ann", "Bo"), bits) if bits & 8 else None,
                "promo_code": "SPRING" if bits & 8 else None,
                "referrer_id": world.customer(customer + 1) if bits & 16 else None,
                "delivered_at": at + 40 * _HOUR if bits & 32 else None,
                "discount": _money(units // 10) if bits & 64 else None,
                "points_paid": _money(units // 4) if bits & 64 else None,
                "delivery": _money(-2_990_000 if word == "return" else 2_990_000)
                if bits & 64
                else None,
                "margin": _money(units // 3 - 50_000) if bits & 128 else None,
                "currency": CURRENCY if bits & 256 else None,
            }
        )
    return _columns(made)


def item_columns(rows: Sequence[tuple[int, ...]], orders: pl.DataFrame, world: World) -> Columns:
    """Make the lines of each order, whose amounts sum to the order's."""
    made: list[dict[str, Any]] = []
    keys = orders.select("order_id", "customer_id", "ordered_at", "kind", "amount")
    instants = keys["ordered_at"].dt.epoch("us").to_list()
    for place, (order_id, who, _, kind, amount) in enumerate(keys.rows()):
        more, product, bits = rows[place % len(rows)] if rows else (0, 0, 0)
        sign = -1 if kind == "return" else 1
        left = abs(int(amount.scaleb(4)))
        for line in range(more + 1):
            units = left if line == more else left * (product + 1) // 9
            left -= units
            made.append(
                {
                    "order_id": order_id,
                    "product_id": world.id_of("product_id", (product + line * (bits & 3)) % 5),
                    "quantity": _money(sign * 10_000 * (1 + (bits & 1) * line)),
                    "amount": _money(sign * units),
                    "line_id": world.id_of("line_id", len(made)) if bits & 4 else None,
                    "original_line_id": world.id_of("line_id", 0)
                    if bits & 8 and kind == "return"
                    else None,
                    "category": _one_of(("tea", "чай"), product) if bits & 16 else None,
                    "name": "mug" if bits & 32 else None,
                    "customer_id": who,
                    "ordered_at": instants[place],
                    "kind": kind,
                }
            )
    return _columns(made)


def customer_columns(rows: Sequence[tuple[int, ...]], world: World) -> Columns:
    """Make customers, each id once; some have orders, and some orders have none of them."""
    known = [one for one in dict.fromkeys(world.customers) if one is not None]
    made = []
    for number, (who, (instant, bits)) in enumerate(zip(known, rows, strict=False)):
        made.append(
            {
                "customer_id": who,
                "email": f"customer{number}@example.com" if bits & 1 else None,
                "phone": f"+44770090000{number}" if bits & 2 else None,
                "first_name": "Зоя" if bits & 4 else None,
                "last_name": "O’Neill" if bits & 4 else None,
                "birthday": _one_of(_BIRTHDAYS, bits),
                "registered_at": world.instant(instant) if bits & 8 else None,
                "acquisition_channel": _one_of(CHANNELS, instant) if bits & 16 else None,
                "time_zone": "Asia/Tokyo" if bits & 32 else None,
                "city": "Tver" if bits & 64 else None,
                "gender": "f" if bits & 128 else None,
            }
        )
    return _columns(made)


def consent_columns(rows: Sequence[tuple[int, ...]], world: World) -> Columns:
    """Make consents; of one instant there may be two that disagree."""
    made = [
        {
            "customer_id": world.customer(customer),
            "channel": _one_of(("email", "sms"), word),
            "status": "withdrawn" if word & 2 else "granted",
            "decided_at": world.instant(instant),
            "purpose": "messages" if bits & 1 else None,
            "evidence": "form 7" if bits & 2 else None,
        }
        for customer, instant, word, bits in rows
    ]
    return _columns(made)


def event_columns(rows: Sequence[tuple[int, ...]], world: World) -> Columns:
    """Make events; some were recorded long after they happened."""
    made = [
        {
            "customer_id": world.customer(customer),
            "name": _one_of(_EVENTS, word),
            "occurred_at": world.instant(instant),
            "recorded_at": world.instant(instant) + (50 * _HOUR if bits & 1 else 0),
            "order_id": world.id_of("order_id", word) if bits & 2 else None,
            "product_id": world.id_of("product_id", word) if bits & 4 else None,
            "value": _money(units) if bits & 8 else None,
            "campaign": "spring" if bits & 16 else None,
            "message_id": "m1" if bits & 32 else None,
            "properties": '{"position": 1}' if bits & 64 else None,
        }
        for customer, instant, word, units, bits in rows
    ]
    return _columns(made)


def cost_columns(rows: Sequence[tuple[int, ...]], world: World) -> Columns:  # noqa: ARG001
    """Make costs of the months that the instants are of."""
    words = ("other", "advertising", "salaries", "software")
    made = [
        {
            "month": _one_of(_MONTHS, month),
            "amount": _money(units),
            "channel": _one_of((None, *CHANNELS), word),
            "category": _one_of(words, word),
            "purpose": "retention" if word & 4 else "acquisition",
        }
        for month, units, word in rows
    ]
    return _columns(made)


def review_columns(rows: Sequence[tuple[int, ...]], world: World) -> Columns:
    """Make reviews; nobody may be known to have written one."""
    made = [
        {
            "review_id": world.id_of("review_id", number),
            "published_at": world.instant(instant),
            "text": _one_of(("Good", "", "Плохо"), bits),
            "rating": _money(10_000 * (1 + bits % 5)) if bits & 1 else None,
            "customer_id": world.customer(customer) if bits & 2 else None,
            "product_id": world.id_of("product_id", customer) if bits & 4 else None,
            "source": "maps" if bits & 8 else None,
        }
        for number, (customer, instant, bits) in enumerate(rows)
    ]
    return _columns(made)


MAKERS: Mapping[str, Callable[[Sequence[tuple[int, ...]], World], Columns]] = {
    "orders": order_columns,
    "customers": customer_columns,
    "consents": consent_columns,
    "events": event_columns,
    "costs": cost_columns,
    "reviews": review_columns,
}


def table(name: str, columns: Columns, world: World) -> pl.DataFrame:
    """Make a table as it comes through the door; columns that are not there are null."""
    schema = table_schema(name, time_zone=world.time_zone, id_types=world.id_types)
    height = max((len(values) for values in columns.values()), default=0)
    return pl.DataFrame(
        [
            _series(column, columns.get(column) or [None] * height, dtype)
            for column, dtype in schema.items()
        ]
    )


def _series(name: str, values: list[Any], dtype: pl.DataType) -> pl.Series:
    if isinstance(dtype, pl.Datetime):
        return pl.Series(name, values, dtype=pl.Int64).cast(dtype)
    return pl.Series(name, values, dtype=dtype)


def _columns(rows: list[dict[str, Any]]) -> Columns:
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def _money(units: int) -> Decimal:
    return Decimal(units).scaleb(-4)


def _one_of(values: Sequence[Any], place: int) -> Any:
    return values[place % len(values)]
