"""One type for each id across all tables of a dataset, and the ids that stand for nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral

import polars as pl

from retention_kit.contracts.schemas import id_role
from retention_kit.contracts.tables import DESCRIPTIONS
from retention_kit.errors import ColumnTypeError, bad_parameter


def decide_id_types(
    schemas: Mapping[str, pl.Schema], *, as_text: bool = False
) -> dict[str, pl.DataType]:
    """Decide whether each id is a number or text.

    Args:
        schemas: By table, the schema after mapping.
        as_text: Whether all ids are read as text.

    Returns:
        `Int64` or `String` by id column.

    Raises:
        ColumnTypeError: An id is a number in one place and text in another.
    """
    decided: dict[str, tuple[pl.DataType, str, str]] = {}
    for table, schema in schemas.items():
        for name, column in DESCRIPTIONS[table].columns.items():
            if column.kind != "id" or name not in schema or schema[name] == pl.Null:
                continue
            is_text = as_text or schema[name] in (pl.String, pl.Categorical, pl.Enum)
            dtype: pl.DataType = pl.String() if is_text else pl.Int64()
            role = id_role(name)
            earlier = decided.setdefault(role, (dtype, table, name))
            if earlier[0] != dtype:
                raise ColumnTypeError(
                    table,
                    name,
                    got="text" if is_text else "a number",
                    allowed=f"the type of {earlier[2]!r} in table {earlier[1]!r}, "
                    f"{'a number' if is_text else 'text'}",
                    step="ids_as_text=True reads all ids as text.",
                )
    return {role: dtype for role, (dtype, _, _) in decided.items()}


def checked_guest_ids(guest_ids: object) -> tuple[int | str, ...]:
    """Give the ids that guests share, if they can be ids at all.

    Raises:
        DefinitionError: They are no list of whole numbers and text.
    """
    if guest_ids is None:
        return ()
    if isinstance(guest_ids, Iterable) and not isinstance(guest_ids, str | bytes):
        ids = tuple(guest_ids)
        if all(isinstance(one, Integral | str) for one in ids):
            return ids
    # What was given may be a customer's id: it stays out of the message.
    raise bad_parameter(
        "guest_ids", got=type(guest_ids).__name__, allowed="a list of whole numbers or text"
    )


def guest_expression(
    guest_ids: Sequence[int | str], id_types: Mapping[str, pl.DataType]
) -> pl.Expr:
    """Give an expression that is true on rows of no known customer, and never null.

    Args:
        guest_ids: Ids that guests share.
        id_types: The types of ids.

    Raises:
        DefinitionError: A guest id cannot be a customer's id.
    """
    customer = pl.col("customer_id")
    if not guest_ids:
        return customer.is_null()
    if id_types.get("customer_id") == pl.String:
        shared: list[int] | list[str] = [str(one) for one in guest_ids]
    else:
        try:
            shared = [int(one) for one in guest_ids]
        except ValueError:
            raise bad_parameter(
                "guest_ids", got="text", allowed="whole numbers, as the customer ids are"
            ) from None
    return (customer.is_null() | customer.is_in(shared)).fill_null(value=True)
