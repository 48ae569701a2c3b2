"""One customer's rows, taken out of a shop's tables, as the person evaluator takes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from retention_kit.contracts.buckets import Buckets
from retention_kit.contracts.bundle import Bundle
from retention_kit.contracts.law import Frame, report
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.observed import zone_of
from retention_kit.smart_segments.answers import Data, given_tables
from retention_kit.smart_segments.history import SnapshotHistory, history_parts
from retention_kit.smart_segments.person.typed_rows import CustomerRows

_ID = "customer_id"


@report
def rows_of_customer(
    data: Data,
    customer_id: int | str,
    *,
    scores: Frame | None = None,
    history: SnapshotHistory | None = None,
) -> CustomerRows:
    """Take one customer's rows out of a shop's tables.

    Args:
        data: A dataset, its buckets, or tables by name.
        customer_id: The customer.
        scores: Scores by `customer_id`.
        history: Snapshots taken before.

    Returns:
        What `is_member` and `explain` take, with the tables that are given.

    Raises:
        DefinitionError: No table has the customer, or the id is of another type than theirs.

    Examples:
        >>> from retention_kit.datasets import make_dataset
        >>> rows = rows_of_customer(make_dataset(200, seed=1), 7)
        >>> sorted(rows)
        ['consents', 'customer', 'customer_id', 'events', 'order_items', 'orders', 'time_zone']
    """
    found = rows_of_customers(data, [customer_id], scores=scores, history=history)[customer_id]
    if not (found.get("customer") or found["orders"]):
        raise bad_parameter(
            _ID,
            got="an id that stands neither in 'customers' nor in 'orders'",
            allowed="a known customer",
        )
    return found


@report
def rows_of_customers(
    data: Data,
    customer_ids: Iterable[int | str],
    *,
    scores: Frame | None = None,
    history: SnapshotHistory | None = None,
) -> dict[int | str, CustomerRows]:
    """Take the rows of some customers out of a shop's tables, in one pass over each.

    Args:
        data: A dataset, its buckets, or tables by name.
        customer_ids: The customers; as many as fit into memory.
        scores: Scores by `customer_id`.
        history: Snapshots taken before.

    Returns:
        By customer, what `is_member` and `explain` take, with the tables that are given; of whom
        no table knows anything, empty ones.

    Raises:
        DefinitionError: The ids are of another type than the tables'.
    """
    wanted = list(dict.fromkeys(customer_ids))
    if isinstance(data, Buckets):
        parts = {data.bucket_of(one) for one in wanted}
        tables = _joined([given_tables(data[part]) for part in sorted(parts)]) if parts else {}
        zone = data.time_zone
    else:
        tables = {name: table.lazy() for name, table in given_tables(data).items()}
        zone = (
            data.time_zone
            if isinstance(data, Bundle)
            else zone_of(tables["orders"].collect_schema())
        )
    id_type = tables["orders"].collect_schema()[_ID] if tables else pl.Int64()
    snapshots, _ = history_parts(history, id_type)
    if scores is not None:
        tables["scores"] = scores.lazy()
    if snapshots is not None:
        tables["memberships"] = snapshots
    rows = {name: _rows_of(table, wanted) for name, table in tables.items()}
    # Who has no row of scores has no value in any of its columns, which is not the same as none.
    columns = tables["scores"].collect_schema().names() if "scores" in tables else []
    return {one: _customer(one, zone, rows, dict.fromkeys(columns)) for one in wanted}


def _joined(parts: list[dict[str, pl.LazyFrame]]) -> dict[str, pl.LazyFrame]:
    return {name: pl.concat([part[name] for part in parts]) for name in parts[0]}


def _rows_of(table: pl.LazyFrame, wanted: list[int | str]) -> dict[Any, list[dict[str, Any]]]:
    dtype = table.collect_schema()[_ID]
    try:
        ids = pl.Series(wanted, dtype=dtype, strict=True)
    except (TypeError, pl.exceptions.PolarsError):
        raise bad_parameter(
            "customer_id", got=type(wanted[0]).__name__, allowed=f"ids of type {dtype}"
        ) from None
    found = table.filter(pl.col(_ID).is_in(ids.implode())).collect(engine="streaming")
    rows: dict[Any, list[dict[str, Any]]] = {}
    for row in found.iter_rows(named=True):
        rows.setdefault(row[_ID], []).append(row)
    return rows


def _customer(
    customer_id: int | str,
    zone: str,
    rows: dict[str, dict[Any, list[dict[str, Any]]]],
    no_scores: dict[str, None],
) -> CustomerRows:
    found: dict[str, Any] = {_ID: customer_id, "time_zone": zone}
    for name, by_customer in rows.items():
        own = by_customer.get(customer_id, [])
        if name == "customers":
            found["customer"] = own[0] if own else None
        elif name == "scores":
            found["scores"] = _score(own) if own else no_scores
        else:
            found[name] = own
    return found  # type: ignore[return-value]


def _score(own: list[dict[str, Any]]) -> dict[str, Any]:
    """Give a customer's scores; of two that differ neither counts, as over tables."""
    first = own[0]
    return {
        name: value if all(one[name] == value for one in own) else None
        for name, value in first.items()
    }
