"""The history of a part's customers: sorted once, and then read by all that an audit asks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from retention_kit.audit.shared.calendar import dated
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.activity import starts_period, window
from retention_kit.metrics.base.by_customer import in_turn
from retention_kit.metrics.base.observed import in_zone, instant, is_sale, zone_of
from retention_kit.metrics.base.periods import last_day, period_index
from retention_kit.metrics.orders.history import is_tied

_MONTHS_APART = 2**32


@dataclass(frozen=True, slots=True)
class History:
    """What the customers of a part bought and brought back, eager.

    Months are numbered as `period_index` does, days since 1970, instants in microseconds since.

    Attributes:
        orders: The part's completed orders before the instant of observation.
        sales: Its sales in turn: `customer_id`, `at`, `amount`, `margin` where orders have one,
            `day`, `month`, `slot` (hours of the week, from Monday), `number` (from 1), `gap` (since
            the sale before, null of the first), `before` (the month of that sale), `first` (the
            month of the customer's first sale), `is_last`.
        buyers: A row for each customer's last sale, in the same order: `customer_id`, `at`,
            `number`, `gap`, `first`, `revenue`, `net_revenue`.
        returns: Its returns: `customer_id`, `amount`, `margin` where orders have one, `month` and
            `first`, null of customers who never bought.
        cells: Counts and sums of sales by `first` and `month`.
        week: `orders` and `revenue` of sales by `slot`.
        as_of: The instant of observation, in the shop's zone.
    """

    orders: pl.DataFrame
    sales: pl.DataFrame
    buyers: pl.DataFrame
    returns: pl.DataFrame
    cells: pl.DataFrame
    week: pl.DataFrame
    as_of: dt.datetime

    @property
    def last_day(self) -> dt.date:
        """The last day that orders may be of."""
        return last_day(self.as_of)


def history_of(orders: pl.DataFrame, *, as_of: dt.datetime) -> History:
    """Sort the orders of a part by customer, and note what each sale is to its customer.

    Args:
        orders: Completed orders before `as_of`.
        as_of: The instant of observation.
    """
    local = in_zone(as_of, zone_of(orders.schema))
    sales = _sales(orders)
    buyers, returns = _buyers(sales), _returns(orders)
    returns = returns.join(buyers.select("customer_id", "first"), on="customer_id", how="left")
    back = returns.group_by("customer_id").agg(pl.col("amount").sum().cast(SUM).alias("back"))
    net = pl.col("revenue") + pl.col("back").fill_null(0)
    buyers = (
        buyers.join(back, on="customer_id", how="left", maintain_order="left")
        .with_columns(net.cast(SUM).alias("net_revenue"))
        .drop("back")
    )
    return History(
        orders=orders,
        sales=sales,
        buyers=buyers,
        returns=returns,
        cells=_cells(sales, local),
        week=_week(sales),
        as_of=local,
    )


def _sales(orders: pl.DataFrame) -> pl.DataFrame:
    needed = ("customer_id", "order_id", "ordered_at", *_money(orders))
    turned = _in_turn(orders.filter(is_sale(orders)).select(needed))
    customer, row = pl.col("customer_id"), pl.int_range(pl.len(), dtype=pl.Int64)
    is_first = (customer != customer.shift()).fill_null(value=True)
    return (
        dated(turned)
        .select(
            # Text is in the order of its numbers, which is none of its own.
            customer.set_sorted() if turned.schema["customer_id"].is_integer() else customer,
            pl.col("ordered_at").to_physical().alias("at"),
            *_money(orders),
            "day",
            "month",
            "slot",
            is_first.alias("is_first"),
            is_first.shift(-1, fill_value=True).alias("is_last"),
            pl.when(is_first).then(row).forward_fill().alias("first"),
        )
        .with_columns(
            (row - pl.col("first") + 1).alias("number"),
            pl.when(~pl.col("is_first")).then(pl.col("at") - pl.col("at").shift()).alias("gap"),
            pl.when(~pl.col("is_first")).then(pl.col("month").shift()).alias("before"),
            pl.col("month").gather(pl.col("first")).alias("first"),
        )
        .drop("is_first")
    )


def _in_turn(sales: pl.DataFrame) -> pl.DataFrame:
    """Sort sales by customer, instant and id; which customer comes first does not matter."""
    if sales.schema["customer_id"].is_integer():
        return _by_order(in_turn(sales, "ordered_at"))
    # Text sorts slowly, and what a dictionary numbers it by does not.
    dictionary = pl.Categorical(pl.Categories.random())
    number = sales["customer_id"].cast(pl.String).cast(dictionary).to_physical()
    numbered = sales.rename({"customer_id": "__id"}).with_columns(customer_id=number)
    turned = _by_order(in_turn(numbered, "ordered_at"))
    return turned.with_columns(customer_id="__id").drop("__id")


def _by_order(turned: pl.DataFrame) -> pl.DataFrame:
    """Put a customer's sales of one instant, which are few, in the order of their ids."""
    tied = turned.select(is_tied().alias("tied")).to_series()
    rows = (tied | tied.shift(-1, fill_value=False)).arg_true()
    if rows.is_empty():
        return turned
    keys = turned.select("customer_id", "ordered_at", "order_id")[rows].with_columns(rows)
    ordered = keys.sort("customer_id", "ordered_at", "order_id")[rows.name]
    place = pl.int_range(turned.height, dtype=pl.UInt32, eager=True)
    return turned[place.scatter(rows, ordered)]


def _money(orders: pl.DataFrame) -> list[str]:
    return ["amount", *(["margin"] if "margin" in orders.columns else [])]


def _buyers(sales: pl.DataFrame) -> pl.DataFrame:
    # Between the running sums at two customers' last sales lies what the second of them paid.
    paid = pl.col("paid")
    return (
        sales.lazy()
        .with_columns(pl.col("amount").cast(SUM).cum_sum().alias("paid"))
        .filter("is_last")
        .with_columns((paid - paid.shift(fill_value=0)).cast(SUM).alias("revenue"))
        .select("customer_id", "at", "number", "gap", "first", "revenue")
        .collect()
    )


def _returns(orders: pl.DataFrame) -> pl.DataFrame:
    returned = dated(orders.filter(~is_sale(orders)))
    return returned.select("customer_id", *_money(orders), "month")


def _cells(sales: pl.DataFrame, local: dt.datetime) -> pl.DataFrame:
    month, before, number = pl.col("month"), pl.col("before"), pl.col("number")
    comes = before.is_null() | (before != month)
    flags = {
        "customers": comes,
        "retained": before == month - 1,
        "first_orders": number == 1,
        "bought_twice": (number == 2) & ~comes,
        "last_customers": pl.col("is_last"),
        "stays": _stays(local),
    }
    money = {"revenue": pl.col("amount"), "first_revenue": pl.when(number == 1).then("amount")}
    if "margin" in sales.columns:
        money["margin"] = pl.col("margin")
        flags["orders_with_margin"] = pl.col("margin").is_not_null()
    key = pl.col("first").cast(pl.Int64) * _MONTHS_APART + month
    return (
        sales.lazy()
        .group_by(key.alias("key"))
        .agg(
            pl.len().cast(pl.Int64).alias("orders"),
            *(flag.sum().cast(pl.Int64).alias(name) for name, flag in flags.items()),
            *(value.sum().cast(SUM).alias(name) for name, value in money.items()),
        )
        .with_columns(
            pl.col("key").floordiv(_MONTHS_APART).cast(pl.Int32).alias("first"),
            pl.col("key").mod(_MONTHS_APART).cast(pl.Int32).alias("month"),
        )
        .drop("key")
        .collect()
    )


def _week(sales: pl.DataFrame) -> pl.DataFrame:
    return sales.group_by("slot").agg(
        pl.len().cast(pl.Int64).alias("orders"), pl.col("amount").sum().cast(SUM).alias("revenue")
    )


def _stays(local: dt.datetime) -> pl.Expr:
    """Say who, of those whose last sale was in the month before the last, are customers yet.

    In a month that `as_of` cuts short, who bought within a month before it still is one.
    """
    if starts_period(local, "1mo"):
        return pl.lit(value=False)
    last = period_index(pl.lit(last_day(local)), "1mo")
    since = instant(window(None, "1mo").before(local), str(local.tzinfo)).to_physical()
    return pl.col("is_last") & (pl.col("month") == last - 1) & (pl.col("at") >= since)
