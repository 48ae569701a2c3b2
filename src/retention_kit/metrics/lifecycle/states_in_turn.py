"""The states of customers at two instants, read off their sales in turn.

Customers and instants are sorted as one number each: a sale's neighbours then say all that a state
hangs on, so that nothing is counted by customer.
"""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.law import Frame

LOST, SLEEPING, RETURNED, NEW, ACTIVE, LOYAL = range(6)
"""The numbers of the states."""
NAMES = ("lost", "sleeping", "returned", "new", "active", "loyal")
STATE = "__state"
STATE_BEFORE = "__state_before"

_NOT_YET = -1
_ROOM = 2**64
_OTHERS = 2**62
"""A customer's instants are nearer to each other than this, and two customers' numbers are not."""
_IDS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)
_KEY = "__key"
_AT = "__at"
_STEP = "__step"
_IS_FIRST = "__is_first"
_IS_LAST = "__is_last"
_KIND = "__kind"


def fits_in_turn(orders: Frame) -> bool:
    """Say whether customers are whole numbers that 64 signed bits hold."""
    return orders.collect_schema()["customer_id"] in _IDS


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
    upper = pl.col("customer_id").cast(pl.Int128) * pl.lit(_ROOM, dtype=pl.Int128)
    # The bits of a sorted number are not sorted, but Polars takes a cast for it and would look for
    # instants by halves; an operation on bits makes it forget.
    low = key.cast(pl.Int64, wrap_numerical=True) & pl.lit(-1, dtype=pl.Int64)
    is_other = key - key.shift() >= pl.lit(_OTHERS, dtype=pl.Int128)
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
    customer = (key - at).floordiv(pl.lit(_ROOM, dtype=pl.Int128)).cast(dtype)
    return (
        sales.select((upper + pl.col("ordered_at").to_physical()).alias(_KEY))
        .sort(_KEY)
        .select(_KEY, low.alias(_AT), is_other.fill_null(value=True).alias(_IS_FIRST))
        .with_columns(kind.alias(_KIND), is_first.shift(-1, fill_value=True).alias(_IS_LAST))
        .with_columns(before.cast(pl.Int8).forward_fill().alias(STATE_BEFORE))
        .filter(_IS_LAST)
        .select(
            customer.alias("customer_id"),
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
