"""Consent that stands: the latest decision of each customer about a channel and a purpose."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl

from retention_kit.contracts.law import Frame, customer_local
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import ColumnTypeError, MissingColumnError, bad_parameter

MESSAGES = "messages"
"""The purpose of a grant that names none."""

_GRANTED_AT = "__granted_at"
_WITHDRAWN_AT = "__withdrawn_at"
_ALL_WITHDRAWN_AT = "__all_withdrawn_at"


@customer_local
def consent_status(consents: Frame, *, as_of: dt.datetime) -> Frame:
    """Say for which channels and purposes each customer's consent stands.

    Customer-local. Decisions at or after `as_of` do not count.

    Args:
        consents: The `consents` table, shape `(n_decisions, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.

    Returns:
        One row per customer, channel and purpose that they have decided on, in no promised order:

        - `customer_id`: as in `consents`.
        - `channel` (`String`): as in `consents`.
        - `purpose` (`String`): as in `consents`; `messages` where a decision names none.
        - `granted` (`Boolean`): whether consent stands.
        - `decided_at`: the instant of the latest decision about it.

        No decisions give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        ColumnTypeError: `decided_at` is not an instant with a time zone.
        DefinitionError: `as_of` has no time zone.

    Notes:
        The latest decision wins; of several at one instant, a withdrawal. A grant that names no
        purpose is for `messages` alone. A withdrawal that names none is for every purpose: for
        `messages`, and for each that the customer has decided on for that channel.

    Examples:
        >>> from zoneinfo import ZoneInfo
        >>> from retention_kit import Dataset
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> consents = pl.DataFrame(
        ...     {
        ...         "customer_id": [1, 1, 1],
        ...         "channel": ["email", "email", "sms"],
        ...         "status": ["granted", "withdrawn", "granted"],
        ...         "decided_at": [as_of - dt.timedelta(days) for days in (90, 9, 30)],
        ...     }
        ... )
        >>> status = consent_status(consents, as_of=as_of).sort("channel")
        >>> status.select("channel", "purpose", "granted").rows()
        [('email', 'messages', False), ('sms', 'messages', True)]
    """
    named, at = _purpose(consents), pl.col("decided_at")
    grants = _is_grant()
    decided = _decided(consents, as_of).group_by(
        "customer_id",
        pl.col("channel").cast(pl.String),
        named.fill_null(MESSAGES).alias("purpose"),
    )
    # A withdrawal of everything stands under messages, and reaches the other purposes from there.
    each = decided.agg(
        at.filter(grants).max().alias(_GRANTED_AT),
        at.filter(~grants).max().alias(_WITHDRAWN_AT),
        at.filter(~grants & named.is_null()).max().alias(_ALL_WITHDRAWN_AT),
    ).with_columns(
        pl.max_horizontal(
            _WITHDRAWN_AT, pl.col(_ALL_WITHDRAWN_AT).max().over("customer_id", "channel")
        ).alias(_WITHDRAWN_AT)
    )
    return each.select(
        "customer_id",
        "channel",
        "purpose",
        _stands(pl.col(_GRANTED_AT), pl.col(_WITHDRAWN_AT)).alias("granted"),
        pl.max_horizontal(_GRANTED_AT, _WITHDRAWN_AT).alias("decided_at"),
    )


@customer_local
def consents_granted(
    consents: Frame, *, channel: str, purpose: str = MESSAGES, as_of: dt.datetime
) -> Frame:
    """Say of each customer whether consent for one channel and purpose stands.

    Customer-local. Decisions at or after `as_of` do not count.

    Args:
        consents: The `consents` table, shape `(n_decisions, >= 4)`.
        channel: The channel, as `consents` has it.
        purpose: The purpose, as `consents` has it.
        as_of: Observation instant, exclusive, with a time zone.

    Returns:
        One row per customer with a decision about the channel that concerns the purpose, in no
        promised order:

        - `customer_id`: as in `consents`.
        - `granted` (`Boolean`): whether consent stands. Who is not in the table has given none.

        No decisions give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        ColumnTypeError: `decided_at` is not an instant with a time zone.
        DefinitionError: `as_of` has no time zone, or `channel` or `purpose` is no text.

    Notes:
        As `consent_status`; a withdrawal that names no purpose is for this one too.

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
        >>> consents_granted(consents, channel="email", as_of=as_of).sort("customer_id").rows()
        [(1, True), (2, False)]
    """
    concerned = concerns(consents, channel=channel, purpose=purpose)
    return (
        _decided(consents, as_of)
        .filter(concerned)
        .group_by("customer_id")
        .agg(granted(consents, channel=channel, purpose=purpose).alias("granted"))
    )


def granted(consents: Frame, *, channel: str, purpose: str = MESSAGES) -> pl.Expr:
    """Give whether consent stands, inside a group-by by customer of decisions before `as_of`.

    So consent for several channels and purposes is found in one pass.

    Args:
        consents: The table that is grouped, whose schema says whether decisions have a purpose.
        channel: The channel.
        purpose: The purpose.

    Returns:
        A `Boolean` aggregation, never null: false where no decision concerns it.
    """
    at, grants = pl.col("decided_at"), _is_grant()
    concerned = concerns(consents, channel=channel, purpose=purpose)
    return _stands(at.filter(concerned & grants).max(), at.filter(concerned & ~grants).max())


def concerns(consents: Frame, *, channel: str, purpose: str = MESSAGES) -> pl.Expr:
    """Give an expression that is true on decisions about a channel that concern a purpose.

    Raises:
        DefinitionError: `channel` or `purpose` is no text.
    """
    for name, value in (("channel", channel), ("purpose", purpose)):
        if not isinstance(value, str) or not value:
            raise bad_parameter(name, got=value, allowed="a text, as the table consents has it")
    named = _purpose(consents)
    without = ~_is_grant() if purpose != MESSAGES else pl.lit(value=True)
    about = pl.col("channel").cast(pl.String) == channel
    return about & pl.when(named.is_null()).then(without).otherwise(named == purpose)


def _decided(consents: Frame, as_of: dt.datetime) -> Frame:
    """Keep the decisions of known customers before `as_of`, and check the columns."""
    schema = consents.collect_schema()
    for name in TABLES["consents"].required:
        if name not in schema:
            raise MissingColumnError("consents", name, schema.names())
    dtype = schema["decided_at"]
    if not isinstance(dtype, pl.Datetime) or dtype.time_zone is None:
        raise ColumnTypeError(
            "consents",
            "decided_at",
            got=str(dtype),
            allowed="an instant with a time zone",
            step="let the table in through Dataset.from_frames.",
        )
    if not isinstance(as_of, dt.datetime) or as_of.tzinfo is None:
        raise bad_parameter(
            "as_of",
            got=as_of,
            allowed="a datetime with a time zone",
            step="datetime(2011, 12, 10, tzinfo=ZoneInfo('Europe/London')).",
        )
    # Polars takes an instant as a literal in its own zone alone.
    before = pl.lit(as_of.astimezone(ZoneInfo(dtype.time_zone)), dtype=dtype)
    return consents.filter(
        pl.col("customer_id").is_not_null(),
        pl.col("channel").is_not_null(),
        pl.col("decided_at") < before,
    )


def _purpose(consents: Frame) -> pl.Expr:
    """Give the purpose that a decision names; null where it names none."""
    if "purpose" not in consents.collect_schema():
        return pl.lit(None, dtype=pl.String)
    return pl.col("purpose").cast(pl.String)


def _is_grant() -> pl.Expr:
    return (pl.col("status").cast(pl.String) == "granted").fill_null(value=False)


def _stands(granted_at: pl.Expr, withdrawn_at: pl.Expr) -> pl.Expr:
    """Tell whether the latest decision is a grant; at one instant a withdrawal wins."""
    later = (granted_at > withdrawn_at).fill_null(value=False)
    return later | (granted_at.is_not_null() & withdrawn_at.is_null())
