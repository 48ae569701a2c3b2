"""The states of customers at two instants, read off their sales in turn.

Customers and instants are sorted as one number each: a sale's neighbours then say all that a state
hangs on, so that nothing is counted by customer.
"""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.contracts.packed import (
    customer_of,
    fits_packed,
    is_customers_first,
    low_of,
    packed,
)

LOST, SLEEPING, RETURNED, NEW, ACTIVE, LOYAL = range(6)
"""The numbers of the states."""
NAMES = ("lost", "sleeping", "returned", "new", "active", "loyal")
STATE = "__state"
STATE_BEFORE = "__state_before"

_NOT_YET = -1
_KEY = "__key"
_AT = "__at"
_IS_FIRST = "__is_first"
_IS_LAST = "__is_last"
_KIND = "__kind"


def fits_in_turn(orders: Frame) -> bool:
    """Say whether customers are whole numbers of up to 64 bits, as `states_in_turn` needs."""
    return fits_packed(orders.collect_schema()["customer_id"])


def states_in_turn(sales: Frame, *, then: int, now: int, sleeping: int, lost: int) -> Frame:
    """Give each customer's state at two instants, as numbers.

    Args:
        sales: Sales before `now`, of a table that fits, as `fits_in_turn` says.
        then: The earlier instant, in microseconds since 1970 in UTC.
        now: The later one.
        sleeping: After how long a customer sleeps, in microseconds.
        lost: After how long a customer is lost, or returns if they do buy.

    Returns:
        `customer_id`, `STATE_BEFORE` (`Int8`, null where there was no sale yet) and `STATE`
        (`Int8`), one row per customer.
    """
    key, at, is_first = pl.col(_KEY), pl.col(_AT), pl.col(_IS_FIRST)
    dtype = sales.collect_schema()["customer_id"]
    kind = (
        pl.when(is_first)
        .then(_number(NEW))
        .when(at - at.shift() > lost)
        .then(_number(RETURNED))
        .when(is_first.shift())
        .then(_number(ACTIVE))
        .otherwise(_number(LOYAL))
    )
    before = pl.when(at < then).then(_state(then, sleeping, lost)).when(is_first).then(_NOT_YET)
    instant = pl.col("ordered_at").dt.cast_time_unit("us").to_physical()
    return (
        sales.select(packed(instant, dtype).alias(_KEY))
        .sort(_KEY)
        .select(_KEY, low_of(key).alias(_AT), is_customers_first(key).alias(_IS_FIRST))
        .with_columns(kind.alias(_KIND), is_first.shift(-1, fill_value=True).alias(_IS_LAST))
        .with_columns(before.cast(pl.Int8).forward_fill().alias(STATE_BEFORE))
        .filter(_IS_LAST)
        .select(
            customer_of(key, dtype),
            pl.when(pl.col(STATE_BEFORE) != _NOT_YET).then(STATE_BEFORE).alias(STATE_BEFORE),
            _state(now, sleeping, lost).alias(STATE),
        )
    )


def names_of(states: str) -> pl.Expr:
    """Give the names of numbered states, null where there is none."""
    return pl.col(states).replace_strict(list(range(len(NAMES))), NAMES, return_dtype=pl.String)


def number_of(name: pl.Expr) -> pl.Expr:
    """Give the numbers of named states, null where there is none."""
    return name.replace_strict(NAMES, list(range(len(NAMES))), return_dtype=pl.Int8)


def _state(at: int, sleeping: int, lost: int) -> pl.Expr:
    """Give the state at an instant of who bought last in a row."""
    since = at - pl.col(_AT)
    return (
        pl.when(since > lost)
        .then(_number(LOST))
        .when(since > sleeping)
        .then(_number(SLEEPING))
        .otherwise(_KIND)
    )


def _number(state: int) -> pl.Expr:
    return pl.lit(state, dtype=pl.Int8)
