"""The states of a shop's customers, and how they flow, as shares."""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.law import Frame, finisher
from retention_kit.metrics.base.reduced import groups_of, share_of_group, with_empty_rows
from retention_kit.metrics.lifecycle.states import STATES, lifecycle_flow_totals, lifecycle_totals

_ORDER = pl.Enum(STATES)


@finisher(of=lifecycle_totals)
def lifecycle_shares(totals: Frame) -> Frame:
    """Turn the customers in each state into shares of all customers and of what they brought.

    Args:
        totals: What `lifecycle_totals` gives, or a sum of such tables.

    Returns:
        One row per group and state, those without customers included, sorted by the group and in
        the order new, active, loyal, sleeping, lost, returned:

        - the columns of `by`: as in `totals`.
        - `state` (`String`): the state.
        - `customers` (`Int64`): customers in it.
        - `share_of_customers` (`Float64`): their share of the group's customers, 0 … 1; null
            without any.
        - `net_revenue` (`Decimal(38, 4)`): sum of their sales and returns.
        - `share_of_net_revenue` (`Float64`): the share of that in the group's; null where the sum
            is 0. Where returns outweigh sales it may lie outside 0 … 1.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = lifecycle_totals(orders, as_of=as_of, gap_days=10.0)
        >>> shares = lifecycle_shares(totals).filter(pl.col("customers") > 0).collect()
        >>> shares.select("state", "customers", "share_of_customers").rows()
        [('new', 1, 0.5), ('sleeping', 1, 0.5)]
    """
    groups: list[str] = groups_of(totals, ("state", "customers", "net_revenue"))
    states = totals.select(pl.lit(pl.Series("state", STATES)).alias("state"))
    return (
        with_empty_rows(totals, states, groups)
        .sort(*groups, pl.col("state").cast(_ORDER))
        .select(
            *groups,
            "state",
            "customers",
            share_of_group("customers", groups).alias("share_of_customers"),
            "net_revenue",
            share_of_group("net_revenue", groups).alias("share_of_net_revenue"),
        )
    )


@finisher(of=lifecycle_flow_totals)
def lifecycle_flow(totals: Frame) -> Frame:
    """Turn the customers by their states at two instants into the flow out of each state.

    Args:
        totals: What `lifecycle_flow_totals` gives, or a sum of such tables.

    Returns:
        One row per group and pair of states that occurs, sorted by the group and in the order of
        the states, those last who had not bought before:

        - the columns of `by`: as in `totals`.
        - `state_before` (`String`): the state at the earlier instant; null of those who had not
            bought yet.
        - `state` (`String`): the state at the later instant.
        - `customers` (`Int64`): customers who went from the one to the other, or stayed.
        - `share_of_state_before` (`Float64`): their share of all of the group who were in the state
            before.

    Examples:
        >>> import datetime as dt
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = lifecycle_flow_totals(
        ...     orders, since=as_of - dt.timedelta(days=31), as_of=as_of, gap_days=10.0
        ... )
        >>> lifecycle_flow(totals).collect().rows()
        [('lost', 'sleeping', 1, 1.0), (None, 'new', 1, 1.0)]
    """
    groups: list[str] = groups_of(totals, ("state_before", "state", "customers"))
    order = (pl.col("state_before").cast(_ORDER), pl.col("state").cast(_ORDER))
    share = share_of_group("customers", [*groups, "state_before"])
    return totals.sort(*groups, *order, nulls_last=[*(False for _ in groups), True, True]).select(
        *groups, "state_before", "state", "customers", share.alias("share_of_state_before")
    )
