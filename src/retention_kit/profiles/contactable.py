"""How many customers a shop may write to, by channel and purpose."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.errors import bad_parameter
from retention_kit.profiles.consent import consent_status


@additive(keys=("channel", "purpose"))
def contactable_totals(consents: Frame, *, as_of: dt.datetime) -> Frame:
    """Count the customers whose consent stands, by channel and purpose.

    Additive. Decisions at or after `as_of` do not count.

    Args:
        consents: The `consents` table, shape `(n_decisions, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.

    Returns:
        One row per channel and purpose that somebody has decided on, in no promised order:

        - `channel` (`String`): as in `consents`.
        - `purpose` (`String`): as in `consents`; `messages` where a decision names none.
        - `contactable_customers` (`Int64`): customers whose consent stands.
        - `decided_customers` (`Int64`): customers who have decided either way.

        No decisions give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        ColumnTypeError: `decided_at` is not an instant with a time zone.
        DefinitionError: `as_of` has no time zone.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> consents = pl.DataFrame(
        ...     {
        ...         "customer_id": [1, 2],
        ...         "channel": ["email", "email"],
        ...         "status": ["granted", "withdrawn"],
        ...         "decided_at": [as_of - dt.timedelta(days=9)] * 2,
        ...     }
        ... )
        >>> contactable_totals(consents, as_of=as_of).rows()
        [('email', 'messages', 1, 2)]
    """
    return (
        consent_status(consents, as_of=as_of)
        .group_by("channel", "purpose")
        .agg(
            pl.col("granted").sum().cast(pl.Int64).alias("contactable_customers"),
            pl.len().cast(pl.Int64).alias("decided_customers"),
        )
    )


@finisher(of=contactable_totals)
def contactable_share(totals: Frame, *, population: int | None = None) -> Frame:
    """Give the share of customers whose consent stands.

    Finisher of `contactable_totals`.

    Args:
        totals: What `contactable_totals` gave, or several of them put together.
        population: Of how many customers; None is of those who have decided.

    Returns:
        One row per channel and purpose, sorted by both:

        - `channel`, `purpose` (`String`): as in `totals`.
        - `contactable_customers`, `decided_customers` (`Int64`): as in `totals`.
        - `share_contactable` (`Float64`): contactable customers / `population`, or / those who
            have decided. It exceeds 1 where fewer customers are given than there are.

    Raises:
        DefinitionError: `population` is not a whole number above 0.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> consents = pl.DataFrame(
        ...     {
        ...         "customer_id": [1, 2],
        ...         "channel": ["email", "email"],
        ...         "status": ["granted", "withdrawn"],
        ...         "decided_at": [as_of - dt.timedelta(days=9)] * 2,
        ...     }
        ... )
        >>> totals = contactable_totals(consents, as_of=as_of)
        >>> contactable_share(totals).rows()
        [('email', 'messages', 1, 2, 0.5)]
        >>> contactable_share(totals, population=4).rows()
        [('email', 'messages', 1, 2, 0.25)]
    """
    if population is not None and (
        isinstance(population, bool) or not isinstance(population, int) or population < 1
    ):
        raise bad_parameter(
            "population",
            got=population,
            allowed="a whole number above 0, or None for those who have decided",
            step="the number of rows of customers, for example.",
        )
    whole = pl.col("decided_customers") if population is None else pl.lit(population)
    above, below = (part.cast(pl.Float64) for part in (pl.col("contactable_customers"), whole))
    return (
        totals.group_by("channel", "purpose")
        .agg(pl.col("contactable_customers", "decided_customers").sum())
        # Nobody is counted who has not decided, so that a row's denominator is never 0.
        .with_columns((above / (below + above * 0.0)).alias("share_contactable"))
        .sort("channel", "purpose")
    )
