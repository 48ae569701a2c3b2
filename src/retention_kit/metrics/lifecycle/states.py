"""Where each customer stands between the first purchase and being lost."""

from __future__ import annotations

import datetime as dt
import math

import polars as pl

from retention_kit.contracts.law import Frame, additive, customer_local
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.by_customer import with_first_sale
from retention_kit.metrics.base.dimensions import By, dimensions
from retention_kit.metrics.base.observed import SOLD_AT, in_zone, is_sale, observed, zone_of
from retention_kit.metrics.base.weighted import DAY, in_days
from retention_kit.metrics.lifecycle.last_two import (
    EARLIER,
    ORDERS,
    TIES,
    counted,
    last_two,
    marked_sales,
    with_earlier,
)
from retention_kit.metrics.lifecycle.rhythm import check_gap
from retention_kit.metrics.lifecycle.states_in_turn import (
    STATE,
    STATE_BEFORE,
    fits_in_turn,
    names_of,
    number_of,
    states_in_turn,
)

STATES = ("new", "active", "loyal", "sleeping", "lost", "returned")
"""The states, in the order in which they are shown."""
SLEEPING = 2
LOST = 4
_STATE = (
    "customer_id",
    "state",
    "orders",
    "last_order_at",
    "days_since_last_order",
    "last_gap_days",
    "net_revenue",
)
_FLOW = ("customer_id", "state_before", "state", "customers")
_SINCE = "__since"
_LONG_AGO = 2**62 + 1


@customer_local(ages=True)
def lifecycle_states(orders: Frame, *, as_of: dt.datetime, gap_days: float) -> Frame:
    """Say of each customer whether they are new, active, loyal, sleeping, lost or returned.

    Customer-local. Orders at or after `as_of`, and those not completed, do not count; returns
    lower the value alone.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        gap_days: The usual time between purchases, in days of 24 hours: what `usual_gap` finds, or
            what the shop knows.

    Returns:
        One row per customer with a sale, in no promised order:

        - `customer_id`: as in `orders`.
        - `state` (`String`): one of the six.
        - `orders` (`Int64`): number of sales, >= 1.
        - `last_order_at`: the instant of the last one.
        - `days_since_last_order` (`Float64`): from then to `as_of`, in days of 24 hours, > 0.
        - `last_gap_days` (`Float64`): from the sale before it to the last one; null with one sale.
        - `net_revenue` (`Decimal(38, 4)`): sum of sales and returns, shop currency, major units.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, or `gap_days` is not a number above 0.

    Notes:
        With g = `gap_days` and d = the days since the last sale, the first that holds of: lost,
        d > 4g; sleeping, d > 2g; returned, the last gap > 4g; new, one sale; active, two; loyal,
        three or more.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> states = lifecycle_states(orders, as_of=as_of, gap_days=10.0).sort("customer_id")
        >>> states.select("customer_id", "state", "orders", "last_gap_days").collect().rows()
        [(1, 'sleeping', 2, 48.354166666666664), (2, 'new', 1, None)]
    """
    check_gap(gap_days)
    seen = _with_sold_at(observed(orders, as_of=as_of))
    last, before = last_two(SOLD_AT)
    customers = (
        marked_sales(seen, SOLD_AT, EARLIER, TIES)
        .group_by("customer_id")
        .agg(
            pl.col(SOLD_AT).count().cast(pl.Int64).alias("orders"),
            last.alias("last_order_at"),
            before.alias(EARLIER),
            pl.col("amount").sum().cast(SUM).alias("net_revenue"),
        )
        .filter(pl.col("orders") > 0)
    )
    zone = zone_of(orders.collect_schema())
    since = microseconds_of(in_zone(as_of, zone)) - pl.col("last_order_at")
    gap = pl.col("last_order_at") - pl.col(EARLIER)
    return customers.with_columns(
        pl.col("last_order_at").cast(pl.Datetime("us", zone)),
        state_of(pl.col("orders"), since, gap, gap_days).alias("state"),
        in_days(since).alias("days_since_last_order"),
        in_days(gap).alias("last_gap_days"),
    ).select(_STATE)


@additive(keys=("state",), ages=True)
def lifecycle_totals(orders: Frame, *, as_of: dt.datetime, gap_days: float, by: By = ()) -> Frame:
    """Count the customers in each state, and sum what they have brought.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns lower the
    value alone.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        gap_days: The usual time between purchases, in days of 24 hours.
        by: Columns of `orders`; a customer stands in the group of their first sale.

    Returns:
        One row per group and state that occurs, in no promised order:

        - the columns of `by`: as in `orders`.
        - `state` (`String`): as in `lifecycle_states`.
        - `customers` (`Int64`): customers in it.
        - `net_revenue` (`Decimal(38, 4)`): sum of their sales and returns so far.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `gap_days` is not a number above 0, or `by`
            names what cannot be split by.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> lifecycle_totals(orders, as_of=as_of, gap_days=10.0).sort("state").collect().rows()
        [('new', 1, Decimal('50.0000')), ('sleeping', 1, Decimal('300.0000'))]
    """
    names = dimensions(by, orders, reserved=(*_STATE, "customers"))
    check_gap(gap_days)
    seen = _with_sold_at(observed(orders, as_of=as_of))
    now = microseconds_of(in_zone(as_of, zone_of(orders.collect_schema())))
    sums = seen.group_by("customer_id").agg(
        *counted(SOLD_AT), pl.col("amount").sum().cast(SUM).alias("net_revenue")
    )
    customers = with_earlier(sums, seen, {SOLD_AT: now}, within=_reach(gap_days))
    states = customers.with_columns(_state_at(now, SOLD_AT, gap_days).alias("state"))
    return lifecycle_totals_of(with_first_sale(states, seen.filter(is_sale(seen)), names), by=names)


def lifecycle_totals_of(states: Frame, *, by: tuple[str, ...] = ()) -> Frame:
    """Give `lifecycle_totals` of the orders whose `lifecycle_states` are given."""
    return states.group_by(*by, "state").agg(
        pl.len().cast(pl.Int64).alias("customers"), pl.col("net_revenue").sum()
    )


@additive(keys=("state_before", "state"), ages=True)
def lifecycle_flow_totals(
    orders: Frame, *, since: dt.datetime, as_of: dt.datetime, gap_days: float, by: By = ()
) -> Frame:
    """Count the customers by the states they were in at two instants.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        since: The earlier instant, exclusive, with a time zone.
        as_of: The later instant, exclusive, with a time zone.
        gap_days: The usual time between purchases, in days of 24 hours, the same at both.
        by: Columns of `orders`; a customer stands in the group of their first sale.

    Returns:
        One row per group and pair of states that occurs, in no promised order:

        - the columns of `by`: as in `orders`.
        - `state_before` (`String`): the state at `since`; null of those who had not bought yet.
        - `state` (`String`): the state at `as_of`.
        - `customers` (`Int64`): customers who went from the one to the other, or stayed.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: An instant has no time zone, `since` is not before `as_of`, `gap_days` is
            not a number above 0, or `by` names what cannot be split by.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = lifecycle_flow_totals(
        ...     orders, since=as_of - dt.timedelta(days=31), as_of=as_of, gap_days=10.0
        ... )
        >>> totals.sort("state_before").collect().rows()
        [(None, 'new', 1), ('lost', 'sleeping', 1)]
    """
    check_gap(gap_days)
    names = dimensions(by, orders, reserved=_FLOW)
    zone = zone_of(orders.collect_schema())
    then, now = (microseconds_of(in_zone(at, zone)) for at in (since, as_of))
    if then >= now:
        raise bad_parameter("since", got=since, allowed=f"an instant before as_of, {as_of}")
    seen = observed(orders, as_of=as_of)
    sales = seen.filter(is_sale(seen))
    if fits_in_turn(orders):
        sleeping, lost = (_microseconds(times * gap_days) for times in (SLEEPING, LOST))
        customers = states_in_turn(sales, then=then, now=now, sleeping=sleeping, lost=lost)
    else:
        customers = _states_at_two(_with_sold_at(seen), then, now, gap_days)
    flow = (
        with_first_sale(customers, sales, names)
        .group_by(*names, STATE_BEFORE, STATE)
        .agg(pl.len().cast(pl.Int64).alias("customers"))
    )
    states = {STATE_BEFORE: "state_before", STATE: "state"}
    return flow.select(*names, *(names_of(of).alias(to) for of, to in states.items()), "customers")


def _states_at_two(seen: Frame, then: int, now: int, gap_days: float) -> Frame:
    """Give what `states_in_turn` gives, of customers of any kind."""
    moments = {SOLD_AT: now, _SINCE: then}
    sold_before = pl.when(pl.col(SOLD_AT) < then).then(SOLD_AT)
    marked = seen.with_columns(sold_before.alias(_SINCE))
    sums = marked.group_by("customer_id").agg(*counted(SOLD_AT), *counted(_SINCE))
    return with_earlier(sums, marked, moments, within=_reach(gap_days)).select(
        "customer_id",
        number_of(_state_at(then, _SINCE, gap_days)).alias(STATE_BEFORE),
        number_of(_state_at(now, SOLD_AT, gap_days)).alias(STATE),
    )


def _reach(gap_days: float) -> int:
    """Give how long before an instant a sale may be for the state then to hang on when it was.

    That is asked of customers alone who bought within two usual gaps, and whether more than four
    lie between: what lies further back than six need not be looked at.
    """
    return sum(_microseconds(times * gap_days) for times in (SLEEPING, LOST))


def _state_at(at: int, sold_at: str, gap_days: float) -> pl.Expr:
    last, orders = pl.col(sold_at), pl.col(ORDERS + sold_at)
    # What was not looked at is longer ago than any gap that is asked about.
    gap = (last - pl.col(EARLIER + sold_at)).fill_null(_LONG_AGO)
    return state_of(orders, at - last, pl.when(orders > 1).then(gap), gap_days)


def _with_sold_at(seen: Frame) -> Frame:
    # As whole microseconds since 1970, which compare faster than instants.
    at = pl.col("ordered_at").dt.cast_time_unit("us").to_physical()
    return seen.with_columns(pl.when(is_sale(seen)).then(at).alias(SOLD_AT))


def microseconds_of(at: dt.datetime) -> int:
    """Give an instant as whole microseconds since 1970, in UTC."""
    return (at - dt.datetime.fromtimestamp(0, dt.UTC)) // dt.timedelta(microseconds=1)


def state_of(orders: pl.Expr, since: pl.Expr, gap: pl.Expr, gap_days: float) -> pl.Expr:
    """Give the state, null without orders; times are whole microseconds."""
    sleeping, lost = (_microseconds(times * gap_days) for times in (SLEEPING, LOST))
    return (
        pl.when(orders == 0)
        .then(pl.lit(None, dtype=pl.String))
        .when(since > lost)
        .then(pl.lit("lost"))
        .when(since > sleeping)
        .then(pl.lit("sleeping"))
        .when(gap > lost)
        .then(pl.lit("returned"))
        .when(orders == 1)
        .then(pl.lit("new"))
        .when(orders == 2)
        .then(pl.lit("active"))
        .otherwise(pl.lit("loyal"))
    )


def _microseconds(days: float) -> int:
    # Beyond what an instant can hold, every time is shorter.
    return math.floor(min(days * DAY, 2.0**62))
