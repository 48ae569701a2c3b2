"""Product rows of deals, which a portal lists only for deals that are named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import polars as pl

from retention_kit.adapters.bitrix24.columns import MONEY, Entity
from retention_kit.adapters.bitrix24.envelope import php_list, php_map
from retention_kit.adapters.bitrix24.pace import MOST_COMMANDS
from retention_kit.adapters.bitrix24.portal import Command
from retention_kit.adapters.bitrix24.reading import PAGE, Reader, Row

LINES: Final = pl.Schema(
    {
        "line_id": pl.Int64(),
        "order_id": pl.Int64(),
        "product_id": pl.String(),
        "name": pl.String(),
        "quantity": MONEY,
        "price": MONEY,
        "amount": MONEY,
    }
)
"""The columns of product rows; `amount` is price by quantity.

A row that was typed by hand is of no product: its `product_id` is its name.
"""


_NO_PRODUCT: Final = (None, "", 0, "0")


def lines(reader: Reader, deals: Entity, most: int | None) -> Iterator[pl.DataFrame]:
    """Read the product rows of all deals.

    Args:
        reader: Reads lists.
        deals: What deals are.
        most: How many rows are needed; more may come.

    Yields:
        Product rows of some deals.
    """
    family = reader.family(deals.number)
    id_field = "id" if family == "items" else "ID"
    left = most
    waiting: list[int] = []
    # A few deals at first, so that the first rows cost little.
    at_once = PAGE
    for found in reader.pages(deals, [id_field]):
        waiting += [int(row[id_field]) for row in found]
        while len(waiting) >= at_once:
            some, waiting = waiting[:at_once], waiting[at_once:]
            rows = _classic(reader, some) if family == "classic" else _of(reader, some)
            if rows:
                yield _frame(rows)
            if left is not None and (left := left - len(rows)) <= 0:
                return
            at_once = PAGE * MOST_COMMANDS
    if waiting:
        rows = _classic(reader, waiting) if family == "classic" else _of(reader, waiting)
        if rows:
            yield _frame(rows)


def _of(reader: Reader, ids: Sequence[int]) -> list[Row]:
    """Read the rows of deals, fifty deals a call, and the further pages of those with more."""
    groups = [ids[first : first + PAGE] for first in range(0, len(ids), PAGE)]
    firsts = reader.listed([_page(group, 0) for group in groups])
    rows: list[Row] = []
    further = []
    for group, result in zip(groups, firsts, strict=True):
        found = php_list(php_map(result.value).get("productRows"))
        rows += found
        # A single call does not say how many there are: a full page says that there may be more.
        total = result.total
        start = PAGE
        if total is None and len(found) == PAGE:
            rows += _rest(reader, group)
        while total is not None and start < total:
            further.append(_page(group, start))
            start += PAGE
    for result in reader.listed(further) if further else ():
        rows += php_list(php_map(result.value).get("productRows"))
    return rows


def _rest(reader: Reader, ids: Sequence[int]) -> list[Row]:
    rows: list[Row] = []
    start = PAGE
    while True:
        (result,) = reader.listed([_page(ids, start)])
        found = php_list(php_map(result.value).get("productRows"))
        rows += found
        if len(found) < PAGE:
            return rows
        start += PAGE


def _page(ids: Sequence[int], start: int) -> Command:
    return Command(
        "crm.item.productrow.list",
        {
            "filter": {"=ownerType": "D", "=ownerId": list(ids)},
            "order": {"id": "ASC"},
            "start": start,
        },
    )


def _classic(reader: Reader, ids: Sequence[int]) -> list[Row]:
    results = reader.listed([Command("crm.deal.productrows.get", {"id": one}) for one in ids])
    return [
        {
            "id": row.get("ID"),
            "ownerId": row.get("OWNER_ID"),
            "productId": row.get("PRODUCT_ID"),
            "productName": row.get("PRODUCT_NAME"),
            "quantity": row.get("QUANTITY"),
            "price": row.get("PRICE"),
        }
        for result in results
        for row in php_list(result.value)
    ]


def _frame(rows: list[Row]) -> pl.DataFrame:
    def texts(name: str) -> list[str | None]:
        return [_text(row.get(name)) for row in rows]

    made = pl.DataFrame(
        {
            "line_id": texts("id"),
            "order_id": texts("ownerId"),
            "product_id": [
                str(row["productId"]) if row.get("productId") not in _NO_PRODUCT else name
                for row, name in zip(rows, texts("productName"), strict=True)
            ],
            "name": texts("productName"),
            "quantity": texts("quantity"),
            "price": texts("price"),
        },
        schema_overrides=dict.fromkeys(LINES.names()[:-1], pl.String()),
    )
    cast = [pl.col(name).cast(kind) for name, kind in LINES.items() if name != "amount"]
    # The product of two exact numbers has more digits than money has.
    amount = (
        pl.col("price").cast(pl.Decimal(38, 4)) * pl.col("quantity").cast(pl.Decimal(38, 4))
    ).round(4)
    return made.select(cast).with_columns(amount.cast(MONEY).alias("amount"))


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
