"""The prover catches what breaks the law, so that a green run of it says something."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_kit.contracts import additive, customer_local, finisher, kind_of, report
from retention_kit.datasets import example_orders
from retention_kit.errors import DefinitionError
from retention_kit.testing import LawBroken, arguments_for, prove

Frame = pl.LazyFrame


def _shop() -> dict[str, pl.LazyFrame]:
    orders, _ = example_orders()
    again = orders.with_columns(pl.col("order_id") + 4, pl.col("customer_id") + 2)
    events = pl.LazyFrame({"customer_id": [1, 2]})
    table = pl.concat([orders, again]).filter(pl.col("order_id") != 8, pl.col("order_id") != 7)
    return {
        "orders": table.with_columns(
            channel=pl.format("secret {}", "order_id"),
            ordered_at=pl.col("ordered_at").dt.truncate("1mo"),
        ),
        "events": events,
    }


SHOP = _shop()


@additive(keys=("kind", "customer_id"))
def counted(orders: Frame) -> Frame:
    return orders.group_by("kind", "customer_id").agg(pl.len().cast(pl.Int64).alias("orders"))


def caught(cheat: Callable[..., Any], law: str, finding: str) -> None:
    with pytest.raises(LawBroken) as one:
        prove(cheat, SHOP, parts=4, seed=1)
    assert one.value.law == law
    assert finding in one.value.finding
    assert one.value.function == cheat.__name__


class TestTheProver:
    def test_an_honest_function_is_proven(self):
        @customer_local
        def honest(orders: Frame) -> Frame:
            return orders.select("customer_id", "amount")

        prove(honest, SHOP)

    def test_ranking_over_the_whole_table_is_not_customer_local(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            last = orders.group_by("customer_id").agg(pl.col("amount").sum())
            return last.with_columns(pl.col("amount").rank("min").cast(pl.Int64).alias("rank"))

        caught(cheat, "split by customer into 4", "'rank' in 2")

    def test_a_mean_is_not_additive(self):
        @additive(keys=())
        def cheat(orders: Frame) -> Frame:
            return orders.select(pl.col("amount").cast(pl.Float64).mean().fill_null(0))

        caught(cheat, "sums are exact", "'amount' is Float64")

    def test_a_mean_that_pretends_to_be_a_sum_is_not_additive(self):
        @additive(keys=())
        def cheat(orders: Frame) -> Frame:
            return orders.select(pl.col("amount").mean().fill_null(0).cast(pl.Decimal(38, 4)))

        caught(cheat, "split by customer into 4", "'amount' in 1")

    def test_a_count_of_what_parts_share_is_not_additive(self):
        @additive(keys=())
        def cheat(orders: Frame) -> Frame:
            return orders.select(pl.col("ordered_at").n_unique().cast(pl.Int64))

        caught(cheat, "split by customer into 4", "'ordered_at' in 1")

    def test_collecting_is_caught(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            most = orders.select(pl.col("amount").max()).collect().item()
            return orders.filter(pl.col("amount") <= (most or 0))

        caught(cheat, "nothing is collected", "reads 'orders'")

    def test_collecting_is_caught_where_the_error_is_swallowed(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            try:
                orders.collect()
            except Exception:
                return orders
            return orders

        caught(cheat, "nothing is collected", "reads 'orders'")

    def test_an_eager_table_for_a_lazy_one_is_caught(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            return orders.collect()

        caught(cheat, "lazy in, lazy out", "gave a DataFrame")

    def test_relying_on_the_order_of_rows_is_caught(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            return orders.group_by("customer_id").agg(pl.col("order_id").first())

        caught(cheat, "the order of rows changes nothing (in-memory)", "'order_id' in")

    @pytest.mark.parametrize("declare", [customer_local, additive(keys=("customer_id",))])
    def test_unsigned_counts_are_caught(self, declare):
        @declare
        def cheat(orders: Frame) -> Frame:
            return orders.group_by("customer_id").agg(pl.len().alias("orders"))

        caught(cheat, "counts are signed", "'orders' is UInt32")

    def test_a_row_for_no_rows_is_caught(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            return orders.select(pl.len().cast(pl.Int64))

        caught(cheat, "empty tables give the same schema", "1 rows instead of 0")

    def test_a_null_where_nothing_was_summed_is_caught(self):
        @additive(keys=())
        def cheat(orders: Frame) -> Frame:
            return orders.select(pl.col("amount").max().cast(pl.Decimal(38, 4)))

        caught(cheat, "empty tables give the same schema", "'amount' is not 0")

    def test_a_schema_that_depends_on_the_rows_is_caught(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            return orders.select("customer_id").map_batches(
                lambda frame: frame if frame.height else frame.cast(pl.String),
                validate_output_schema=False,
            )

        caught(cheat, "empty tables give the same schema", "'customer_id' is String")

    def test_a_lie_about_the_schema_is_caught(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            return orders.select("customer_id").map_batches(
                lambda frame: frame.cast(pl.String),
                schema={"customer_id": pl.Int32},
                validate_output_schema=False,
            )

        caught(cheat, "the schema is known beforehand", "'customer_id' is String instead of Int32")

    def test_lazy_out_for_eager_in_is_caught(self):
        def cheat(orders: Frame) -> Frame:
            return orders.lazy().select("customer_id")

        cheat.__retention_kit_kind__ = kind_of(customer_local(cheat))
        caught(cheat, "eager in, eager out", "gave a LazyFrame")

    def test_mixing_eager_and_lazy_is_caught(self):
        @customer_local
        def honest(orders: Frame, events: Frame) -> Frame:
            return orders.select("customer_id")

        def cheat(orders: Frame, events: Frame) -> Frame:
            return orders.select("customer_id")

        cheat.__retention_kit_kind__ = kind_of(honest)
        caught(cheat, "eager in, eager out", "raised no DefinitionError")
        prove(honest, SHOP)

    def test_a_finisher_that_sums_nothing_but_collects_is_caught(self):
        @finisher(of=counted)
        def cheat(totals: Frame) -> Frame:
            return totals.with_columns(share=pl.lit(totals.collect().height))

        caught(cheat, "nothing is collected", "reads 'totals'")

    def test_a_finisher_that_relies_on_the_order_of_cells_is_caught(self):
        @finisher(of=counted)
        def cheat(totals: Frame) -> Frame:
            return totals.with_columns(pl.col("orders").cum_sum())

        caught(cheat, "the order of rows changes nothing (in-memory)", "'orders' in")

    def test_one_of_several_tables_is_named(self):
        class Two(NamedTuple):
            right: Frame
            wrong: Frame

        @customer_local
        def cheat(orders: Frame) -> Two:
            rows = orders.select("customer_id")
            return Two(rows, rows.with_columns(pl.len().cast(pl.Int64).alias("all")))

        caught(cheat, "split by customer into 4", "in 'wrong', of 6 rows, 'all' in")

    def test_columns_named_by_an_argument_are_keys(self):
        @additive(keys=("kind",))
        def split_by(orders: Frame, *, by: tuple[str, ...] = ()) -> Frame:
            return orders.group_by("kind", *by).agg(pl.len().cast(pl.Int64).alias("orders"))

        prove(split_by, SHOP, arguments={"by": ("channel",)})
        prove(split_by, SHOP, arguments={"by": ()})

    def test_tables_without_customers_are_not_split(self):
        @customer_local
        def spread(orders: Frame, costs: Frame) -> Frame:
            spent = costs.select(pl.col("amount").sum().alias("spent"))
            return orders.select("customer_id").join(spent, how="cross")

        costs = pl.LazyFrame({"amount": [1, 2]}, schema={"amount": pl.Decimal(18, 4)})
        prove(spread, {**SHOP, "costs": costs})

    def test_no_message_shows_a_row(self):
        @customer_local
        def cheat(orders: Frame) -> Frame:
            return orders.group_by("customer_id").agg(pl.col("channel").first())

        with pytest.raises(LawBroken) as caught_one:
            prove(cheat, SHOP)
        assert "secret" not in str(caught_one.value)

    @pytest.mark.parametrize("declare", [report, lambda function: function])
    def test_what_promises_nothing_cannot_be_proven(self, declare):
        @declare
        def anything(orders: Frame) -> Frame:
            return orders

        with pytest.raises(DefinitionError, match="declare it"):
            prove(anything, SHOP)

    def test_a_table_that_is_missing_is_named(self):
        @customer_local
        def visits(events: Frame) -> Frame:
            return events

        with pytest.raises(DefinitionError, match="'events'"):
            prove(visits, {"orders": SHOP["orders"]})


class TestTheArguments:
    def test_literals_take_each_of_their_values_and_defaults_may_stay(self):
        @customer_local
        def sample(
            orders: Frame,
            *,
            unit: Literal["order", "day"] = "order",
            every: Literal["1d"] | None,
            net: bool,
            window: str = "90d",
        ) -> Frame:
            return orders

        drawn = []

        @settings(max_examples=60, derandomize=True, database=None)
        @given(arguments_for(sample))
        def draw(arguments):
            drawn.append(arguments)

        draw()
        assert {one.get("unit") for one in drawn} == {"order", "day", None}
        assert {one["every"] for one in drawn} == {"1d", None}
        assert {one["net"] for one in drawn} == {True, False}
        assert not any("window" in one for one in drawn)

    def test_a_parameter_that_says_too_little_is_named(self):
        @customer_local
        def sample(orders: Frame, *, window: str) -> Frame:
            return orders

        with pytest.raises(DefinitionError, match="'window'") as caught_one:
            arguments_for(sample)
        assert caught_one.value.parameter == "window"
        known = {"window": st.just("90d")}

        @given(arguments_for(sample, known=known))
        def draw(arguments):
            assert arguments == {"window": "90d"}

        draw()
