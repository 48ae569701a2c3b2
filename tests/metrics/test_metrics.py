"""The rules of each metric, on orders small enough to count by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit import (
    ColumnTypeError,
    Dataset,
    DefinitionError,
    MissingColumnError,
    average_order_value,
    cohort_retention,
    cohort_totals,
    customer_summary,
    order_totals,
    purchase_frequency,
    repeat_purchase_rate,
    repeat_purchase_totals,
)
from retention_kit.metrics.base.periods import last_day, period_index, period_start

LONDON = "Europe/London"


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(LONDON))


def orders(*rows: tuple, **more) -> pl.LazyFrame:
    """Orders of (order_id, customer_id, instant, amount); a negative amount is a return."""
    names = ("order_id", "customer_id", "ordered_at", "amount")
    return Dataset.from_frames(
        orders=[dict(zip(names, row, strict=True)) for row in rows],
        negative_amounts="return",
        date_format="iso8601",
        time_zone=LONDON,
        currency="GBP",
        **more,
    ).orders


AS_OF = at("2025-06-01")


def test_an_order_at_the_very_instant_of_observation_does_not_exist():
    table = orders((1, 1, "2025-05-31 23:59:59", 10), (2, 1, "2025-06-01 00:00", 10))
    assert order_totals(table, as_of=AS_OF).collect()["orders"].item() == 1


def test_an_instant_of_observation_in_another_zone_is_the_same_instant():
    table = orders((1, 1, "2025-05-31 23:30", 10), (2, 1, "2025-06-01 00:30", 10))
    in_utc = at("2025-06-01 00:00").astimezone(dt.UTC)
    assert order_totals(table, as_of=in_utc).collect()["orders"].item() == 1


@pytest.mark.parametrize(
    "function",
    [customer_summary, order_totals, repeat_purchase_totals, cohort_totals],
    ids=lambda function: function.__name__,
)
def test_an_instant_without_a_zone_is_refused(function):
    with pytest.raises(DefinitionError, match="with a time zone") as caught:
        function(orders((1, 1, "2025-01-01", 1)), as_of=dt.datetime(2025, 6, 1))
    assert caught.value.parameter == "as_of"


@pytest.mark.parametrize("column", ["order_id", "customer_id", "ordered_at", "amount"])
def test_a_missing_column_is_named_from_the_schema_alone(column):
    table = orders((1, 1, "2025-01-01", 1)).drop(column)
    with pytest.raises(MissingColumnError, match=f"no column '{column}'"):
        order_totals(table, as_of=AS_OF)


def test_a_table_that_did_not_come_through_the_door_is_refused():
    table = orders((1, 1, "2025-01-01", 1)).with_columns(pl.col("ordered_at").dt.date())
    with pytest.raises(ColumnTypeError, match="Dataset.from_frames"):
        order_totals(table, as_of=AS_OF)


def test_cancelled_and_open_orders_are_no_sales():
    names = ("order_id", "customer_id", "ordered_at", "amount", "status")
    rows = [
        (1, 1, "2025-01-01", 10, "completed"),
        (2, 1, "2025-01-02", 20, "cancelled"),
        (3, 1, "2025-01-03", 40, "open"),
        (4, 1, "2025-01-04", 80, None),
    ]
    table = Dataset.from_frames(
        orders=[dict(zip(names, row, strict=True)) for row in rows],
        date_format="iso8601",
        time_zone=LONDON,
        currency="GBP",
    ).orders
    totals = order_totals(table, as_of=AS_OF).collect()
    assert totals.select("orders", "revenue").row(0) == (2, Decimal(90))


def test_tables_without_kind_and_status_hold_completed_sales():
    table = orders((1, 1, "2025-01-01", 10), (2, 1, "2025-01-02", 20)).drop("kind", "status")
    summary = customer_summary(table, as_of=AS_OF).collect()
    assert summary.select("orders", "returns", "net_revenue").row(0) == (2, 0, Decimal(30))


def test_null_kind_and_status_take_their_defaults():
    table = orders((1, 1, "2025-01-01", 10)).with_columns(
        pl.lit(None, dtype=pl.Enum(["sale", "return"])).alias("kind"),
        pl.lit(None, dtype=pl.Enum(["completed", "cancelled", "open"])).alias("status"),
    )
    assert order_totals(table, as_of=AS_OF).collect()["orders"].item() == 1


def test_a_return_lowers_value_and_is_neither_an_order_nor_a_visit():
    table = orders((1, 1, "2025-01-01", 100), (2, 1, "2025-02-01", -30))
    row = customer_summary(table, as_of=AS_OF).collect().row(0, named=True)
    assert (row["orders"], row["returns"]) == (1, 1)
    assert (row["revenue"], row["net_revenue"]) == (Decimal(100), Decimal(70))
    assert row["last_order_at"] == at("2025-01-01")
    assert repeat_purchase_totals(table, as_of=AS_OF).collect().row(0) == (1, 0)
    assert cohort_totals(table, as_of=AS_OF).collect()["period"].to_list() == [0]


def test_a_return_before_any_sale_makes_no_customer():
    table = orders((1, 1, "2025-01-01", -30))
    row = customer_summary(table, as_of=AS_OF).collect().row(0, named=True)
    assert row["orders"] == 0
    assert row["first_order_at"] is None
    totals = order_totals(table, as_of=AS_OF).collect().row(0, named=True)
    assert (totals["customers"], totals["return_only_customers"]) == (0, 1)
    assert totals["net_revenue"] == Decimal(-30)
    assert totals["first_revenue"] == totals["repeat_revenue"] == 0


def test_a_return_before_the_first_sale_does_not_become_the_first_order():
    table = orders((1, 1, "2025-01-01", -30), (2, 1, "2025-02-01", 50), (3, 1, "2025-03-01", 70))
    totals = order_totals(table, as_of=AS_OF).collect()
    assert totals.select("first_revenue", "repeat_revenue").row(0) == (Decimal(50), Decimal(70))


def test_of_two_orders_at_one_instant_the_smaller_id_is_the_first():
    table = orders(("b", 1, "2025-01-01", 20), ("a", 1, "2025-01-01", 10))
    assert order_totals(table, as_of=AS_OF).collect()["first_revenue"].item() == Decimal(10)
    turned = table.reverse()
    assert order_totals(turned, as_of=AS_OF).collect()["first_revenue"].item() == Decimal(10)


def test_ratios_without_a_denominator_are_null_and_not_infinite():
    table = orders((1, 1, "2025-01-01", -30))
    totals = order_totals(table, as_of=AS_OF)
    values = average_order_value(totals).collect().row(0, named=True)
    assert {name for name, value in values.items() if value is None} == {
        "average_order_value",
        "average_order_value_net",
        "first_average_order_value",
        "repeat_average_order_value",
    }
    assert purchase_frequency(totals).collect().row(0) == (0, 0, None)
    rate = repeat_purchase_rate(repeat_purchase_totals(table, as_of=AS_OF))
    assert rate.collect().row(0) == (0, 0, None)


def test_a_mean_is_divided_from_exact_sums_and_keeps_more_than_four_digits():
    table = orders((1, 1, "2025-01-01", 10), (2, 2, "2025-01-01", 10), (3, 3, "2025-01-01", 0))
    value = average_order_value(order_totals(table, as_of=AS_OF)).collect()
    assert value["average_order_value"].item() == 20 / 3


def test_a_shop_day_is_cut_in_the_shops_zone_in_summer_too():
    table = orders((1, 1, "2025-05-30T22:30:00Z", 10), (2, 1, "2025-05-30T23:30:00Z", 10))
    by_day = repeat_purchase_totals(table, as_of=AS_OF, unit="day").collect()
    assert by_day.row(0) == (1, 1)
    later = orders((1, 1, "2025-05-30T23:15:00Z", 10), (2, 1, "2025-05-30T23:30:00Z", 10))
    assert repeat_purchase_totals(later, as_of=AS_OF, unit="day").collect().row(0) == (1, 0)


def test_an_unknown_unit_is_refused():
    with pytest.raises(DefinitionError, match="'order' or 'day'"):
        repeat_purchase_totals(orders((1, 1, "2025-01-01", 1)), as_of=AS_OF, unit="week")  # type: ignore[call-overload]


def test_cohorts_count_buyers_orders_and_revenue_apart():
    table = orders(
        (1, 1, "2025-01-10", 10),
        (2, 1, "2025-03-01", 20),
        (3, 1, "2025-03-31", 30),
        (4, 2, "2025-01-31", 40),
        (5, 3, "2025-03-05", 50),
    )
    rows = cohort_totals(table, as_of=AS_OF).sort("cohort", "period").collect().rows()
    assert rows == [
        (dt.date(2025, 1, 1), 0, 2, 1, 2, Decimal(50)),
        (dt.date(2025, 1, 1), 2, 1, 1, 2, Decimal(50)),
        (dt.date(2025, 3, 1), 0, 1, 1, 1, Decimal(50)),
    ]


def test_a_cohort_month_is_that_of_the_shops_zone():
    table = orders((1, 1, "2025-04-30T23:30:00Z", 10))
    assert cohort_totals(table, as_of=AS_OF).collect()["cohort"].item() == dt.date(2025, 5, 1)


@pytest.mark.parametrize(
    ("every", "cohort", "period"),
    [
        ("1d", dt.date(2024, 12, 30), 62),
        ("1w", dt.date(2024, 12, 30), 8),
        ("1mo", dt.date(2024, 12, 1), 3),
        ("1q", dt.date(2024, 10, 1), 1),
        ("1y", dt.date(2024, 1, 1), 1),
    ],
)
def test_periods_are_calendar_differences(every, cohort, period):
    table = orders((1, 1, "2024-12-30 12:00", 10), (2, 1, "2025-03-02 12:00", 10))
    rows = cohort_totals(table, as_of=AS_OF, every=every).sort("period").collect()
    assert rows.select("cohort", "period").rows() == [(cohort, 0), (cohort, period)]


def test_an_unknown_period_is_refused():
    with pytest.raises(DefinitionError, match="'1mo'"):
        cohort_totals(orders((1, 1, "2025-01-01", 1)), as_of=AS_OF, every="2mo")  # type: ignore[arg-type]


def test_periods_without_buyers_are_zero_and_periods_after_the_end_are_absent():
    table = orders((1, 1, "2025-01-10", 10), (2, 2, "2025-04-10", 10))
    result = cohort_retention(
        cohort_totals(table, as_of=AS_OF), as_of=AS_OF, time_zone=LONDON
    ).collect()
    assert result.select("cohort", "period", "customers", "retained_in_period").rows() == [
        (dt.date(2025, 1, 1), 0, 1, 1.0),
        (dt.date(2025, 1, 1), 1, 0, 0.0),
        (dt.date(2025, 1, 1), 2, 0, 0.0),
        (dt.date(2025, 1, 1), 3, 0, 0.0),
        (dt.date(2025, 1, 1), 4, 0, 0.0),
        (dt.date(2025, 4, 1), 0, 1, 1.0),
        (dt.date(2025, 4, 1), 1, 0, 0.0),
    ]


def test_the_period_that_the_instant_cuts_short_is_not_complete():
    table = orders((1, 1, "2025-04-10", 10))
    middle = at("2025-05-31 23:59:59")
    cut = cohort_retention(
        cohort_totals(table, as_of=middle), as_of=middle, time_zone=LONDON
    ).collect()
    assert cut["is_complete"].to_list() == [True, False]
    whole = cohort_retention(
        cohort_totals(table, as_of=AS_OF), as_of=AS_OF, time_zone=LONDON
    ).collect()
    assert whole["is_complete"].to_list() == [True, True]


def test_a_cohort_whose_period_began_before_the_data_is_not_complete():
    table = orders((1, 1, "2025-04-10", 10), (2, 2, "2025-05-10", 10))
    result = cohort_retention(
        cohort_totals(table, as_of=AS_OF),
        as_of=AS_OF,
        time_zone=LONDON,
        data_from=dt.date(2025, 4, 10),
    ).collect()
    complete = result.group_by("cohort").agg(pl.col("is_complete").any()).sort("cohort")
    assert complete["is_complete"].to_list() == [False, True]


def test_no_orders_give_no_cohorts_of_the_same_schema():
    table = orders((1, 1, "2025-04-10", 10))
    some = cohort_retention(
        cohort_totals(table, as_of=AS_OF), as_of=AS_OF, time_zone=LONDON
    ).collect()
    none = cohort_retention(
        cohort_totals(table.clear(), as_of=AS_OF), as_of=AS_OF, time_zone=LONDON
    ).collect()
    assert none.height == 0
    assert none.schema == some.schema


def test_an_eager_table_gives_an_eager_answer():
    table = orders((1, 1, "2025-04-10", 10))
    eager = customer_summary(table.collect(), as_of=AS_OF)
    assert isinstance(eager, pl.DataFrame)
    assert eager.equals(customer_summary(table, as_of=AS_OF).collect())


@given(
    day=st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)),
    every=st.sampled_from(["1d", "1w", "1mo", "1q", "1y"]),
)
def test_a_numbered_period_starts_on_the_day_that_polars_truncates_to(day, every):
    frame = pl.DataFrame({"day": [day]})
    index = period_index(pl.col("day"), every)
    got = frame.select(
        period_start(index, every).alias("start"),
        pl.col("day").dt.truncate(every).alias("expected"),
        (period_index(period_start(index + 1, every), every) - index).alias("step"),
    ).row(0)
    assert got == (got[1], got[1], 1)


def test_cohorts_are_the_same_whatever_zone_the_instant_is_written_in():
    table = orders((1, 1, "2025-04-10", 10), (2, 1, "2025-05-31 23:30", 10))
    just_june = at("2025-06-01 00:30")
    tables = [
        cohort_retention(cohort_totals(table, as_of=instant), as_of=instant, time_zone=LONDON)
        for instant in (just_june, just_june.astimezone(dt.UTC))
    ]
    first, second = pl.collect_all(tables)
    assert first.equals(second)
    assert first["is_complete"].to_list() == [True, True, False]


def test_an_unknown_zone_is_refused():
    totals = cohort_totals(orders((1, 1, "2025-04-10", 10)), as_of=AS_OF)
    with pytest.raises(DefinitionError, match="IANA"):
        cohort_retention(totals, as_of=AS_OF, time_zone="Moscow")


def test_the_last_day_of_a_midnight_bound_is_the_day_before():
    assert last_day(at("2025-06-01")) == dt.date(2025, 5, 31)
    assert last_day(at("2025-06-01 00:01")) == dt.date(2025, 6, 1)
