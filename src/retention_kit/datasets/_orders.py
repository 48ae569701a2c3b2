"""The tables `orders` and `order_items`: sales and returns in one order of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from retention_kit.datasets._baskets import PROMOTIONS, Baskets, line_starts
from retention_kit.datasets._behaviour import CHANNELS, Population, Purchases
from retention_kit.datasets._catalogue import FIRST_PRODUCT_ID, Catalogue
from retention_kit.datasets._columns import NOTHING, Ints, ids, instants, money, whole, words
from retention_kit.datasets._sales import COMPLETED, MANAGERS, STATUSES, Returns, Sales
from retention_kit.datasets._settings import in_chunks

CURRENCY = "RUB"
KINDS = ("sale", "return")


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """Sales and returns numbered in the order of time; at one instant sales stand first.

    Attributes:
        entry: For each order id, from 1, the position of the sale; returns follow the sales.
        sold: The second of each sale.
        returned: The second of each return.
    """

    entry: npt.NDArray[np.int64]
    sold: npt.NDArray[np.int64]
    returned: npt.NDArray[np.int64]

    def sales_before(self, place: int) -> int:
        """Count the sales among the first entries."""
        if place == self.entry.size:
            return self.sold.size
        entry = int(self.entry[place])
        a_return = entry - self.sold.size
        return entry if a_return < 0 else place - a_return

    def returns_before(self, sale: Ints) -> npt.NDArray[np.int64]:
        """Count the returns that stand before each of some sales."""
        return np.searchsorted(self.returned, self.sold[sale], side="left")

    def order_id(self, sale: Ints) -> npt.NDArray[np.int64]:
        """Give the ids of some sales."""
        return sale + 1 + self.returns_before(sale)


def make_book(purchases: Purchases, returns: Returns) -> Book:
    """Number sales and returns."""
    # Two ascending runs, which a stable sort merges in one pass.
    entry = np.argsort(np.concatenate([purchases.at, returns.at]), kind="stable")
    return Book(entry=entry, sold=purchases.at, returned=returns.at)


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
        original[back] = book.order_id(of)
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
    book: Book, baskets: Baskets, returns: Returns, catalogue: Catalogue
) -> pl.DataFrame:
    """Make the table `order_items`, by ascending order and line id."""
    sold_lines = np.append(0, np.cumsum(baskets.lines, dtype=np.int64))
    returned_lines = np.append(0, np.cumsum(returns.lines, dtype=np.int64))
    lines_before = returned_lines[book.returns_before(returns.sale)]
    original_line_id = returns.line + np.repeat(lines_before, returns.lines) + 1

    def part(_: int, rows: slice) -> pl.DataFrame:
        back = book.entry[rows] >= book.sold.size
        # Between two order ids stand a run of sales and a run of returns.
        sold = slice(book.sales_before(rows.start), book.sales_before(rows.stop))
        returned = slice(rows.start - sold.start, rows.stop - sold.stop)
        line_id = sold_lines[sold.start] + returned_lines[returned.start] + 1
        begins = np.empty(back.size, dtype=np.int64)
        begins[~back], begins[back] = sold_lines[:-1][sold], returned_lines[:-1][returned]
        count = np.empty(back.size, dtype=np.int64)
        count[~back], count[back] = baskets.lines[sold], returns.lines[returned]
        order_id = np.repeat(np.arange(rows.start + 1, rows.stop + 1), count)
        source = np.repeat(begins - line_starts(count), count) + np.arange(order_id.size)
        came_back = np.flatnonzero(np.repeat(back, count))
        line = source[came_back]
        source[came_back] = returns.line[line]
        product = baskets.product[source]
        quantity = baskets.quantity[source].astype(np.int64)
        net = baskets.net[source].astype(np.int64)
        quantity[came_back] = -returns.quantity[line]
        net[came_back] = -returns.net[line]
        original = np.full(order_id.size, NOTHING, dtype=np.int64)
        original[came_back] = original_line_id[line]
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
