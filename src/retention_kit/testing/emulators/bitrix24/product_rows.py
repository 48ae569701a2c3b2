"""The rows of products that belong to a deal, in both families."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from retention_kit.testing.emulators.bitrix24.calls import Call, Method, start_of
from retention_kit.testing.emulators.bitrix24.entities import DEAL, OWNERS
from retention_kit.testing.emulators.bitrix24.envelope import Answer
from retention_kit.testing.emulators.bitrix24.listing import page_of_rows
from retention_kit.testing.emulators.bitrix24.old_family import existing
from retention_kit.testing.emulators.bitrix24.parameters import as_list, as_mapping, as_number
from retention_kit.testing.emulators.bitrix24.records import Row
from retention_kit.testing.emulators.bitrix24.refusals import (
    invalid_argument,
    not_found,
    old_refusal,
)

_NONE = Decimal(0)
_NUMBERS = ("price", "quantity", "discountRate", "discountSum", "taxRate")
_OLD = {
    "id": "ID",
    "ownerId": "OWNER_ID",
    "ownerType": "OWNER_TYPE",
    "productId": "PRODUCT_ID",
    "productName": "PRODUCT_NAME",
    "price": "PRICE",
    "quantity": "QUANTITY",
    "discountRate": "DISCOUNT_RATE",
    "discountSum": "DISCOUNT_SUM",
    "taxRate": "TAX_RATE",
    "taxIncluded": "TAX_INCLUDED",
    "measureCode": "MEASURE_CODE",
    "sort": "SORT",
}


def list_rows(call: Call) -> Answer:
    """List the rows of one or several owners; both filters must be there."""
    asked = call.asked.mapping("filter")
    owner_type = asked.get("=ownerType", asked.get("ownerType"))
    owners = asked.get("=ownerId", asked.get("ownerId", asked.get("@ownerId")))
    if owner_type is None or owners is None:
        raise invalid_argument("Filter must have both =ownerType and =ownerId")
    rows: list[Row] = []
    for owner in {as_number(item) for item in as_list(owners)}:
        rows.extend(call.portal.product_rows.get((str(owner_type), owner), ()))
    above = as_number(asked.get(">id", 0))
    rows = sorted((row for row in rows if row["id"] > above), key=lambda row: int(row["id"]))
    page = page_of_rows(rows, start_of(call.asked))
    return Answer({"productRows": [_new(row) for row in page.rows]}, page.total, page.next)


def set_rows(call: Call) -> Answer:
    """Replace the rows of an owner, and give what is kept."""
    owner_type = str(call.asked.required("ownerType"))
    owner = as_number(call.asked.required("ownerId"))
    number = next((number for number, name in OWNERS.items() if name == owner_type), None)
    if number is None or owner not in call.portal.records[number].rows:
        raise not_found("Owner not found")
    try:
        rows = [_taken(as_mapping(row)) for row in call.asked.listed("productRows")]
    except InvalidOperation:
        raise invalid_argument("A row of products has a number that is none") from None
    kept = call.portal.set_product_rows(owner_type, owner, rows)
    return Answer({"productRows": [_new(row) for row in kept]})


def get_deal_rows(call: Call) -> Answer:
    """Give the rows of a deal as the older method does: a plain list, and no pages."""
    deal = existing(call, DEAL)
    rows = call.portal.product_rows.get((OWNERS[DEAL], deal), ())
    return Answer([_old(row) for row in rows])


def set_deal_rows(call: Call) -> Answer:
    """Replace the rows of a deal as the older method does."""
    deal = existing(call, DEAL)
    names = {old: new for new, old in _OLD.items()}
    try:
        rows = [
            _taken({names[name]: value for name, value in as_mapping(row).items() if name in names})
            for row in call.asked.listed("rows")
        ]
    except InvalidOperation:
        raise old_refusal("Incorrect value in rows") from None
    call.portal.set_product_rows(OWNERS[DEAL], deal, rows)
    return Answer(True)


def made_row(name: str, price: Decimal, quantity: int) -> Row:
    """Make a row of a product of a name, without a discount and tax."""
    return {
        "productId": 0,
        "productName": name,
        "taxIncluded": "N",
        "measureCode": 796,
        "price": price,
        "quantity": Decimal(quantity),
        "discountRate": _NONE,
        "discountSum": _NONE,
        "taxRate": _NONE,
    }


def _taken(row: Row) -> Row:
    kept: dict[str, Any] = {
        "productId": as_number(row.get("productId") or 0),
        "productName": str(row.get("productName") or ""),
        "taxIncluded": "Y" if row.get("taxIncluded") == "Y" else "N",
        "measureCode": as_number(row.get("measureCode") or 796),
    }
    for name in _NUMBERS:
        given = row.get(name)
        kept[name] = Decimal(str(given)) if given not in (None, "") else Decimal(name == "quantity")
    return kept


def _new(row: Row) -> Row:
    return {
        name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()
    }


def _old(row: Row) -> Row:
    """Write a row in capitals: ids as text, and numbers as numbers."""
    shown = _new(row)
    return {
        old: str(shown[new]) if new in {"id", "ownerId", "productId", "measureCode"} else shown[new]
        for new, old in _OLD.items()
    }


METHODS: dict[str, Method] = {
    "crm.item.productrow.list": list_rows,
    "crm.item.productrow.set": set_rows,
    "crm.deal.productrows.get": get_deal_rows,
    "crm.deal.productrows.set": set_deal_rows,
}
