"""Segments of a real shop beside SQL written by hand: the same members, on both evaluators.

Instants go to DuckDB as what the shop's clock showed, on which days and months are counted.
"""

import datetime as dt
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest

from retention_kit.datasets import online_retail
from retention_kit.smart_segments import Segment, attribute, bought, bought_lines
from retention_kit.smart_segments.frame.evaluate import segment_members, segment_table
from retention_kit.smart_segments.person.compiled import compile_segment
from retention_kit.testing import customer_rows_of

LONDON = ZoneInfo("Europe/London")
AS_OF = dt.datetime(2011, 12, 1, tzinfo=LONDON)
LIGHTS, STAND = "85123A", "22423"
"""A holder for tea lights and a cake stand: the two products in most orders."""

CASES = {
    "bought the lights in half a year, and since the last time no stand": (
        bought(product_id=LIGHTS).within("6mo").not_followed_by(bought(product_id=STAND)),
        f"""
        WITH lights AS (
            SELECT customer_id, max(ordered_at) AS last_at FROM lines
            WHERE kind = 'sale' AND product_id = '{LIGHTS}'
                AND ordered_at >= now_at() - INTERVAL 6 MONTH
            GROUP BY customer_id
        )
        SELECT customer_id FROM lights WHERE NOT EXISTS (
            SELECT 1 FROM lines WHERE lines.customer_id = lights.customer_id AND kind = 'sale'
                AND product_id = '{STAND}' AND ordered_at >= last_at
        )
        """,
    ),
    "three orders or more in 90 days, of 200 to 400 pounds on average": (
        bought().within("90d").mean("amount").between(200, 400)
        & bought().within("90d").at_least(3),
        """
        SELECT customer_id FROM orders
        WHERE kind = 'sale' AND ordered_at >= now_at() - INTERVAL 90 DAY
        GROUP BY customer_id
        HAVING count(*) >= 3 AND sum(amount) BETWEEN 200 * count(*) AND 400 * count(*)
        """,
    ),
    "bought three times or more in half a year, and not for 90 days since": (
        bought().lapsed("90d", active="6mo", at_least=3),
        """
        SELECT customer_id FROM orders WHERE kind = 'sale' GROUP BY customer_id
        HAVING max(ordered_at) < now_at() - INTERVAL 90 DAY AND count(*) FILTER (
            WHERE ordered_at >= now_at() - INTERVAL 90 DAY - INTERVAL 6 MONTH
        ) >= 3
        """,
    ),
    "came back in the last 30 days after half a year": (
        bought().reactivated("6mo", within="30d"),
        """
        WITH ends AS (
            SELECT
                customer_id,
                max(ordered_at) FILTER (WHERE ordered_at < now_at() - INTERVAL 30 DAY) AS before_at,
                min(ordered_at) FILTER (WHERE ordered_at >= now_at() - INTERVAL 30 DAY) AS back_at
            FROM orders WHERE kind = 'sale' GROUP BY customer_id
        )
        SELECT customer_id FROM ends WHERE back_at >= before_at + INTERVAL 6 MONTH
        """,
    ),
    "bought in four of the last six months": (
        bought().active_in(4, of_last=6, every="1mo"),
        """
        SELECT customer_id FROM orders
        WHERE kind = 'sale' AND ordered_at >= TIMESTAMP '2011-06-01'
        GROUP BY customer_id HAVING count(DISTINCT date_trunc('month', ordered_at)) >= 4
        """,
    ),
    "Germans who bought one product again within 30 days": (
        (attribute("country") == "Germany")
        & bought_lines().followed_by(bought_lines(), within="30d", same="product_id"),
        """
        SELECT DISTINCT one.customer_id FROM lines one
        JOIN lines again USING (customer_id, product_id)
        JOIN customers USING (customer_id)
        WHERE customers.country = 'Germany' AND one.kind = 'sale' AND again.kind = 'sale'
            AND again.ordered_at > one.ordered_at
            AND again.ordered_at < one.ordered_at + INTERVAL 30 DAY
        """,
    ),
}


@pytest.fixture(scope="module")
def tables():
    shop = online_retail()
    wanted = {
        "orders": ("order_id", "customer_id", "ordered_at", "amount", "kind"),
        "order_items": ("order_id", "product_id", "customer_id", "ordered_at", "kind"),
        "customers": ("customer_id", "country"),
    }
    return {name: getattr(shop, name).select(columns).collect() for name, columns in wanted.items()}


@pytest.fixture(scope="module")
def people(tables):
    return customer_rows_of(tables, "Europe/London")


@pytest.fixture(scope="module")
def connection(tables):
    connection = duckdb.connect()
    connection.execute("CREATE MACRO now_at() AS TIMESTAMP '2011-12-01'")
    before = pl.col("ordered_at") < AS_OF
    clock = pl.col("ordered_at").dt.replace_time_zone(None)
    shown = {"orders": tables["orders"], "lines": tables["order_items"]}
    for name, frame in shown.items():
        plain = frame.filter(before).with_columns(clock, pl.col("kind").cast(pl.String))
        connection.register(f"arrow_{name}", plain.to_arrow())
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM arrow_{name}")
    connection.register("customers", tables["customers"].to_arrow())
    yield connection
    connection.close()


@pytest.mark.parametrize("name", CASES)
def test_a_segment_has_the_members_that_sql_finds(name, tables, people, connection):
    condition, sql = CASES[name]
    wanted = {who for (who,) in connection.sql(sql).fetchall()}
    segment = Segment(name=name, condition=condition)
    assert 10 < len(wanted) < 2_000
    assert set(segment_members(**tables, segment=segment, as_of=AS_OF)["customer_id"]) == wanted
    compiled = compile_segment(segment)
    assert {who for who, own in people.items() if compiled.is_member(own, AS_OF)} == wanted


def test_all_of_them_in_one_plan(tables, connection):
    asked = [Segment(name=name, condition=condition) for name, (condition, _) in CASES.items()]
    lazy = {name: frame.lazy() for name, frame in tables.items()}
    table = segment_table(**lazy, segments=asked, as_of=AS_OF).collect(engine="streaming")
    for name, (_, sql) in CASES.items():
        wanted = {who for (who,) in connection.sql(sql).fetchall()}
        assert set(table.filter(pl.col(name))["customer_id"]) == wanted
