"""The tables `orders` and `order_items`: sales and returns in one order of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from retention_kit.datasets._baskets import PROMOTIONS, Baskets, line_starts
from retention_kit.datasets._behaviour import CHANNELS, Population, Purchases
from retention_kit.datasets._catalogue import FIRST_PRODUCT_ID, Catalogue
from retention_kit.datasets._columns import NOTHING, ids, instants, money, whole, words
from retention_kit.datasets._sales import COMPLETED, MANAGERS, STATUSES, Returns, Sales
from retention_kit.datasets._settings import in_chunks

CURRENCY = "RUB"
KINDS = ("sale", "return")


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """Sales and returns numbered in the order of time; at one instant sales stand first.

    Attributes:
        entry: For each order id, from 1, the position of the sale; returns follow the sales.
        order_id: For each entry, the id.
    """

    entry: npt.NDArray[np.int64]
    order_id: npt.NDArray[np.int64]


def make_book(purchases: Purchases, returns: Returns) -> Book:
    """Number sales and returns."""
    # Two ascending runs, which a stable sort merges in one pass.
    entry = np.argsort(np.concatenate([purchases.at, returns.at]), kind="stable")
    order_id = np.empty_like(entry)
    order_id[entry] = np.arange(1, entry.size + 1)
    return Book(entry=entry, order_id=order_id)


def orders_frame(
    time_zone: str,
    book: Book,
    population: Population,
    purchases: Purchases,
    baskets: Baskets,
    sales: Sales,
    returns: Returns,
) -> pl.DataFrame:
    """Make the table `orders`, by ascending id."""

    def part(_: int, rows: slice) -> pl.DataFrame:
        entry = book.entry[rows]
        back = np.flatnonzero(entry >= purchases.at.size)
        returned = entry[back] - purchases.at.size
        sale = entry.copy()
        sale[back] = returns.sale[returned]
        # Money and dates of the sale first; the few rows that are returns are then written over.
        fully = returns.whole[returned]
        of = returns.sale[returned]
        amount = baskets.amount[sale]
        points = sales.points[sale]
        delivery = sales.delivery[sale]
        discount = baskets.discount[sale]
        margin = amount - baskets.cost[sale]
        part_back = points[back] * returns.amount[returned] // amount[back]
        points[back] = -np.where(fully, points[back], part_back)
        delivery[back] = -np.where(fully, delivery[back], 0)
        amount[back] = -returns.amount[returned]
        discount[back] = -returns.discount[returned]
        margin[back] = returns.cost[returned] - returns.amount[returned]
        at = purchases.at[sale]
        at[back] = returns.at[returned]
        customer = purchases.customer[sale]
        referrer = np.where(at == population.first[customer], population.referrer[customer] + 1, 0)
        guest = sales.guest[sale]
        customer_id = np.where(guest, NOTHING, customer.astype(np.int64) + 1)
        referrer = np.where(guest | (referrer == 0), NOTHING, referrer)
        status, promotion = sales.status[sale], baskets.promotion[sale]
        delivered = sales.delivered[sale]
        status[back], promotion[back] = COMPLETED, NOTHING
        delivered[back] = referrer[back] = NOTHING
        original = np.full(entry.size, NOTHING, dtype=np.int64)
        original[back] = book.order_id[of]
        kind = np.zeros(entry.size, dtype=np.int8)
        kind[back] = 1
        return pl.DataFrame(
            {
                "order_id": ids(np.arange(rows.start + 1, rows.stop + 1)),
                "customer_id": ids(customer_id),
                "ordered_at": instants(at, time_zone),
                "amount": money(amount),
                "kind": words(kind, KINDS),
                "status": words(status, STATUSES),
                "original_order_id": ids(original),
                "channel": words(sales.channel[sale], CHANNELS),
                "manager": words(sales.manager[sale], MANAGERS),
                "promo_code": words(promotion, PROMOTIONS),
                "referrer_id": ids(referrer),
                "delivered_at": instants(delivered, time_zone),
                "discount": money(discount),
                "points_paid": whole(points),
                "delivery": money(delivery),
                "margin": money(margin),
            }
        )

    frame = pl.concat(in_chunks(book.entry.size, part))
    return frame.with_columns(pl.lit(CURRENCY).alias("currency"))


def items_frame(
    book: Book, purchases: Purchases, baskets: Baskets, returns: Returns, catalogue: Catalogue
) -> pl.DataFrame:
    """Make the table `order_items`, by ascending order and line id."""
    sales = purchases.at.size
    lines = np.concatenate([baskets.lines, returns.lines.astype(np.int8)])[book.entry]
    first_line_id = np.empty_like(book.entry)
    first_line_id[book.entry] = line_starts(lines) + 1
    sold_from = line_starts(baskets.lines)
    returned_from = line_starts(returns.lines)
    sold_line = returns.line
    sold_sale = np.repeat(returns.sale, returns.lines)
    original_line_id = first_line_id[sold_sale] + sold_line - sold_from[sold_sale]

    def part(_: int, rows: slice) -> pl.DataFrame:
        entry = book.entry[rows]
        back = entry >= sales
        begins = np.empty_like(entry)
        begins[~back] = sold_from[entry[~back]]
        begins[back] = returned_from[entry[back] - sales]
        count = lines[rows].astype(np.int64)
        order_id = np.repeat(np.arange(rows.start + 1, rows.stop + 1), count)
        source = np.repeat(begins - line_starts(count), count) + np.arange(order_id.size)
        returned = np.flatnonzero(np.repeat(back, count))
        line = source[returned]
        source[returned] = sold_line[line]
        product = baskets.product[source]
        quantity = baskets.quantity[source].astype(np.int64)
        net = baskets.net[source].astype(np.int64)
        quantity[returned] = -returns.quantity[line]
        net[returned] = -returns.net[line]
        original = np.full(order_id.size, NOTHING, dtype=np.int64)
        original[returned] = original_line_id[line]
        line_id = first_line_id[entry[0]] if entry.size else 1
        return pl.DataFrame(
            {
                "order_id": ids(order_id),
                "product_id": ids(product.astype(np.int64) + FIRST_PRODUCT_ID),
                "quantity": whole(quantity),
                "amount": money(net),
                "line_id": ids(np.arange(line_id, line_id + order_id.size)),
                "original_line_id": ids(original),
                "category": words(product, catalogue.categories),
                "name": words(product, catalogue.names),
            }
        )

    return pl.concat(in_chunks(book.entry.size, part))
