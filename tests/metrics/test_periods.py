"""Calendar periods: where new customers may be old ones, and years that are far away."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from retention_kit import DefinitionError, measure
from retention_kit.metrics import (
    acquisition_costs,
    cohort_lifetime_value,
    cohort_retention,
    cohort_totals,
    cohort_value_totals,
    customer_periods,
    lifetime_value_trend,
    order_totals,
    order_values,
    retention_rates,
    retention_totals,
)

LONDON = "Europe/London"
AS_OF = dt.datetime(2025, 4, 30, 23, tzinfo=dt.UTC)  # 1 May in London
COSTS = pl.LazyFrame({"month": [dt.date(2024, 11, 1), dt.date(2025, 2, 1)], "amount": [10, 20]})
MONTHS = [dt.date(2025, month, 1) for month in (1, 2, 3, 4)]


def orders(*sales: tuple[int, str]) -> pl.LazyFrame:
    return pl.LazyFrame(
        {
            "order_id": list(range(len(sales))),
            "customer_id": [who for who, _ in sales],
            "ordered_at": [
                dt.datetime.fromisoformat(day).replace(hour=12, tzinfo=dt.UTC) for _, day in sales
            ],
            "amount": [10] * len(sales),
        },
        schema_overrides={
            "ordered_at": pl.Datetime("us", LONDON),
            "amount": pl.Decimal(18, 4),
        },
    )


SHOP = orders((1, "2025-01-20"), (2, "2025-02-10"), (1, "2025-02-11"), (3, "2025-04-02"))
PERIOD_OF = {
    order_values: "period",
    retention_rates: "period",
    cohort_retention: "cohort",
    cohort_lifetime_value: "cohort",
    lifetime_value_trend: "period",
    acquisition_costs: "period",
}


def flags(function, *, data_from: dt.date | None) -> dict[dt.date, tuple[bool, bool]]:
    answer = measure(
        function,
        {"orders": SHOP, "costs": COSTS},
        as_of=AS_OF,
        every="1mo",
        time_zone=LONDON,
        **({} if data_from is None else {"data_from": data_from}),
    ).collect()
    first = answer.filter(pl.col("period") == 0) if "cohort" in answer.columns else answer
    shown = first.select(PERIOD_OF[function], "is_left_censored", "is_complete").rows()
    return {period: (is_censored, is_complete) for period, is_censored, is_complete in shown}


@pytest.mark.parametrize("function", PERIOD_OF)
class TestNewCustomersNearTheStart:
    def test_are_left_censored_in_the_first_period_of_the_data(self, function):
        for period, (is_censored, is_complete) in flags(function, data_from=None).items():
            assert is_censored == (period <= MONTHS[0]), period
            assert is_complete

    def test_are_left_censored_where_the_month_before_is_not_wholly_in_the_data(self, function):
        for period, (is_censored, is_complete) in flags(
            function, data_from=dt.date(2025, 1, 15)
        ).items():
            assert is_censored == (period <= MONTHS[1]), period
            assert is_complete == (period > MONTHS[0]), period

    def test_are_not_left_censored_where_the_data_began_long_before(self, function):
        found = flags(function, data_from=dt.date(2024, 6, 1))
        assert not any(is_censored for is_censored, _ in found.values())


@pytest.mark.parametrize("every", ["1d", "1w", "1mo", "1q", "1y"])
@pytest.mark.parametrize("year", [2059, 2598, 2731, 8192])
def test_years_that_are_far_away_are_years_like_others(every, year):
    day = dt.datetime(year, 10, 15, 12, tzinfo=dt.UTC)
    at = pl.Series([day]).cast(pl.Datetime("us", "UTC"))
    table = pl.LazyFrame(
        {"order_id": [1], "customer_id": [1], "ordered_at": at, "amount": [10]},
        schema_overrides={"amount": pl.Decimal(18, 4)},
    )
    time = {"as_of": day + dt.timedelta(days=1), "every": every}
    period = order_totals(table, **time).collect()["period"].item()
    assert period.year == year
    for totals in (cohort_totals(table, **time), cohort_value_totals(table, **time)):
        assert totals.collect()["cohort"].item() == period
    assert customer_periods(table, **time).collect()["period"].item() == period


@pytest.mark.parametrize(("every", "year"), [("1w", 2489), ("1mo", 2599), ("1q", 7999)])
def test_a_window_of_a_century_holds_all_customers_however_late(every, year):
    late = SHOP.with_columns(pl.col("ordered_at").dt.offset_by(f"{year - 2025}y"))
    totals = retention_totals(
        late, as_of=AS_OF.replace(year=year), every=every, active_within="100y"
    ).collect()
    assert totals["end_customers"].max() == 3
    assert totals["lost"].sum() == 0


@pytest.mark.parametrize("function", [order_totals, cohort_totals, cohort_value_totals])
def test_a_dimension_may_not_have_a_name_that_is_used_on_the_way(function):
    table = SHOP.with_columns(pl.lit("a").alias("__sold"))
    with pytest.raises(DefinitionError, match="two underscores"):
        function(table, as_of=AS_OF, by="__sold")
