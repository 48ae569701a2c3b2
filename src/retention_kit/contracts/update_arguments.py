"""What `updated` is given: looked at before anything is computed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from retention_kit.contracts.bundle import Bundle
from retention_kit.errors import DefinitionError, bad_parameter

CUSTOMER = "customer_id"
Tables = Bundle | Mapping[str, pl.LazyFrame]
"""A dataset, a bucket, or lazy tables by name."""


def tables_by_name(parameter: str, tables: Tables) -> dict[str, pl.LazyFrame]:
    """Give lazy tables by name.

    Args:
        parameter: Whose value it is.
        tables: What was given.

    Raises:
        DefinitionError: It is none of what it may be.
    """
    if isinstance(tables, Bundle):
        return tables.tables()
    if isinstance(tables, Mapping) and all(is_table(frame) for frame in tables.values()):
        return {name: frame.lazy() for name, frame in tables.items()}
    raise DefinitionError(
        f"Parameter {parameter!r} is of type {type(tables).__name__}. Allowed: a dataset, a "
        "bucket, or lazy tables by name. Next step: "
        f'{parameter}={{"orders": …}}; of a folder of buckets, one after the other.',
        parameter=parameter,
    )


def is_table(frame: object) -> bool:
    """Say whether something is a lazy or an eager table."""
    return isinstance(frame, pl.LazyFrame | pl.DataFrame)


def check_instant(name: str, at: object) -> None:
    """Raise where an instant that was given has no time zone.

    Raises:
        DefinitionError: It has none, or is no instant.
    """
    if at is not None and not (isinstance(at, dt.datetime) and at.tzinfo is not None):
        raise bad_parameter(
            name,
            got=at,
            allowed="a datetime with a time zone",
            step="datetime(2011, 12, 10, tzinfo=ZoneInfo('Europe/London')).",
        )


def customers_in(changed: object, tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Give the customers that the caller named, of the type that the tables have.

    Raises:
        DefinitionError: It is no table of customers, or they are of another type.
    """
    if not isinstance(changed, pl.LazyFrame | pl.DataFrame) or not has_customers(changed.lazy()):
        raise DefinitionError(
            f"Parameter 'changed' is of type {type(changed).__name__}, or has no column "
            "'customer_id'. Allowed: a lazy table with this column. Next step: "
            "pl.LazyFrame({'customer_id': […]}).",
            parameter="changed",
        )
    named = changed.lazy().select(CUSTOMER)
    type_ = named.collect_schema()[CUSTOMER]
    for name, frame in tables.items():
        wanted = frame.collect_schema()[CUSTOMER]
        if type_ != wanted:
            raise DefinitionError(
                f"Customers in 'changed' are of type {type_}, those of table {name!r} of {wanted}. "
                f"Next step: cast them to {wanted}.",
                parameter="changed",
            )
    return named


def has_customers(frame: pl.LazyFrame) -> bool:
    """Say whether a table has customers."""
    return CUSTOMER in frame.collect_schema()


def not_before(before: object, wanted: str) -> DefinitionError:
    """Make the error of a result that is not the function's."""
    return DefinitionError(
        f"Parameter 'before' is of type {type(before).__name__}, or was not made by this function "
        f"with these arguments: it gives {wanted}, of the types that it gives them. Next step: "
        "hand over its result as it came, or as a file of it holds it.",
        parameter="before",
    )
