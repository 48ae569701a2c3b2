"""The real shop at the door: every published line is accounted for, to the unit and the penny.

Chen (2015), Online Retail, UCI Machine Learning Repository, doi:10.24432/C5BW33. The figures beside
ours are counted by DuckDB on the published lines, which never went through the door.
"""

import warnings
from decimal import Decimal

import duckdb
import polars as pl
import pytest

from retention_kit.contracts import TABLES, dataframely_schema
from retention_kit.datasets import online_retail, raw_online_retail


@pytest.fixture(scope="module")
def shop():
    return online_retail()


@pytest.fixture(scope="module")
def sql():
    connection = duckdb.connect()
    connection.register("raw", raw_online_retail().collect().to_arrow())
    yield lambda query: connection.sql(query).fetchall()
    connection.close()


def totals(orders):
    """Give rows and money by kind."""
    table = orders.group_by("kind").agg(pl.len(), pl.col("amount").sum()).collect()
    return {kind: (rows, amount) for kind, rows, amount in table.rows()}


def test_orders_are_counted(shop, sql):
    health = shop.health.tables["orders"]
    assert (health.read, health.accepted, health.rejected) == (23_796, 23_796, {})
    assert health.guests == 1_610
    assert health.notes == {"returns": 3_836}
    assert sql("select count(distinct InvoiceNo) from raw where UnitPrice > 0") == [(23_796,)]


def test_lines_are_counted(shop, sql):
    health = shop.health.tables["order_items"]
    assert (health.read, health.accepted) == (541_909, 539_392)
    assert health.rejected == {"zero_price": 2_517}
    assert health.guests == 132_603
    assert sql("select count(*) from raw where UnitPrice <= 0") == [(2_517,)]
    assert sql("select count(*) from raw where UnitPrice > 0 and CustomerID is null") == [
        (132_603,)
    ]


def test_copies_of_lines_are_kept_and_counted_the_zero_priced_apart(shop, sql):
    notes = shop.health.tables["order_items"].notes
    assert notes["duplicate_lines"] == 5_263
    copies = (
        "select sum(n - 1)::int from (select count(*) as n from raw where {} group by InvoiceNo, "
        "StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country)"
    )
    assert sql(copies.format("true")) == [(5_268,)]
    assert sql(copies.format("UnitPrice > 0")) == [(5_263,)]
    assert sql(copies.format("UnitPrice <= 0")) == [(5,)]


def test_lines_that_are_no_product_are_noted_and_stay(shop, sql):
    assert shop.health.tables["order_items"].notes["pseudo_products"] == 2_963
    query = (
        "select count(*) from raw where UnitPrice > 0 and "
        "not regexp_matches(StockCode, '^\\d{5}[A-Za-z]{0,2}$')"
    )
    assert sql(query) == [(2_963,)]


def test_revenue_is_that_of_the_published_sales_view(shop):
    sums = totals(shop.orders)
    assert sums["sale"] == (18_532, Decimal("8911407.9040"))
    assert sums["return"] == (3_654, Decimal("-611342.0900"))
    assert sums["sale"][1] + sums["return"][1] == Decimal("8300065.8140")


def test_with_guests_revenue_is_that_of_all_sales(shop, sql):
    guests = totals(shop.guest_orders)
    assert guests["sale"] == (1_428, Decimal("1755276.6400"))
    assert guests["return"] == (182, Decimal("-285470.4000"))
    assert totals(shop.orders)["sale"][1] + guests["sale"][1] == Decimal("10666684.5440")
    query = (
        "select sum(Quantity * UnitPrice::decimal(18, 4)) from raw "
        "where UnitPrice > 0 and Quantity > 0"
    )
    assert sql(query) == [(Decimal("10666684.5440"),)]


def test_lines_sum_to_their_orders_exactly(shop):
    for orders, items in (
        (shop.orders, shop.order_items),
        (shop.guest_orders, shop.guest_order_items),
    ):
        sums = items.group_by("order_id", "kind").agg(pl.col("amount").sum().alias("lines"))
        both = orders.join(sums, on=["order_id", "kind"], how="full", coalesce=True)
        differing = both.filter(pl.col("amount").ne_missing(pl.col("lines"))).collect()
        assert differing.height == 0


def test_an_invoice_with_two_instants_takes_the_earlier(shop, sql):
    query = (
        "select InvoiceNo, min(InvoiceDate) from raw where UnitPrice > 0 {} "
        "group by 1 having count(distinct InvoiceDate) > 1"
    )
    identified = "and CustomerID is not null and InvoiceNo not like 'C%'"
    assert len(sql(query.format(identified))) == 30
    earliest = dict(sql(query.format("")))
    assert len(earliest) == 43
    both = pl.concat([shop.orders, shop.guest_orders]).filter(
        pl.col("order_id").is_in(list(earliest))
    )
    clocks = both.select("order_id", pl.col("ordered_at").dt.replace_time_zone(None)).collect()
    assert dict(clocks.rows()) == earliest


def test_rejected_lines_come_back_as_they_were_published(shop):
    rejected = shop.rejected["order_items"].collect()
    assert rejected.height == 2_517
    assert rejected["rule"].unique().to_list() == ["zero_price"]
    assert rejected["price"].max() <= 0
    for name, published in {
        "order_id": "InvoiceNo",
        "customer_id": "CustomerID",
        "price": "UnitPrice",
    }.items():
        raw = raw_online_retail().filter(pl.col("UnitPrice") <= 0).select(published).collect()
        assert rejected.schema[name] == raw.schema[published]
        assert rejected[name].null_count() == raw[published].null_count()


def test_customers_are_known_by_their_country(shop):
    customers = shop.customers.collect()
    assert customers.height == customers["customer_id"].n_unique() == 4_372
    assert shop.health.tables["customers"].accepted == 4_372
    assert customers["country"].null_count() == 0
    assert customers.filter(pl.col("country") == "United Kingdom").height > 3_900


def test_two_customers_hold_more_than_one_percent_and_nobody_is_warned_of_them_again(shop):
    assert shop.health.heavy_customers == 2
    assert len(shop.health.warnings) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert repr(online_retail()) == repr(shop)


def test_the_shop_is_london_and_pounds(shop):
    assert (shop.time_zone, shop.currency) == ("Europe/London", "GBP")
    assert shop.given == {"orders", "order_items", "customers"}


@pytest.mark.parametrize("table", TABLES)
def test_what_was_accepted_keeps_the_rules_of_the_dataframely_class(shop, table):
    frame = getattr(shop, table).collect()
    assert dataframely_schema(table, frame.schema, currency="GBP").is_valid(frame)
