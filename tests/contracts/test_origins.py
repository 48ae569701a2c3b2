"""What finishes a reduced table can tell when the table was made for something else."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from retention_kit import DefinitionError, average_order_value, cohort_retention, cohort_totals
from retention_kit.datasets import example_orders
from retention_kit.metrics import (
    lifetime_value,
    order_totals,
    order_values,
    retention_rates,
    retention_totals,
    seasonality,
    seasonality_totals,
    value_totals,
)

ZONE = "Europe/Moscow"
ORDERS, AS_OF = example_orders()


def test_weekly_counts_are_not_finished_as_monthly_ones():
    weekly = cohort_totals(ORDERS, as_of=AS_OF, every="1w")
    with pytest.raises(DefinitionError, match="got every='1mo', and its totals .* every='1w'"):
        cohort_retention(weekly, as_of=AS_OF, time_zone=ZONE)
    assert cohort_retention(weekly, as_of=AS_OF, time_zone=ZONE, every="1w").collect().height


def test_eager_tables_remember_as_well():
    weekly = retention_totals(ORDERS.collect(), as_of=AS_OF, every="1w")
    with pytest.raises(DefinitionError, match=r"measure\(retention_rates, …, every=…\)"):
        retention_rates(weekly, as_of=AS_OF, time_zone=ZONE)


@pytest.mark.parametrize(
    ("finish", "message"),
    [
        (
            lambda: order_values(
                order_totals(ORDERS, as_of=AS_OF, every="1mo"),
                as_of=AS_OF,
                time_zone=ZONE,
                every="1q",
            ),
            "every='1q'",
        ),
        (
            lambda: seasonality(
                seasonality_totals(ORDERS, as_of=AS_OF, unit="hour"),
                as_of=AS_OF,
                time_zone=ZONE,
                data_from=dt.date(2025, 1, 1),
                unit="weekday",
            ),
            "unit='weekday'",
        ),
        (lambda: lifetime_value(value_totals(ORDERS, as_of=AS_OF), horizon="12mo"), "horizon"),
        (
            lambda: retention_rates(
                retention_totals(ORDERS, as_of=AS_OF),
                as_of=AS_OF + dt.timedelta(days=40),
                time_zone=ZONE,
            ),
            "as_of",
        ),
    ],
)
def test_an_argument_that_both_have_must_be_the_same(finish, message):
    with pytest.raises(DefinitionError, match=message):
        finish()


def test_one_instant_may_be_written_in_two_zones():
    totals = retention_totals(ORDERS, as_of=AS_OF)
    elsewhere = AS_OF.astimezone(ZoneInfo("Asia/Tokyo"))
    assert retention_rates(totals, as_of=elsewhere, time_zone=ZONE).collect().height == 3


def test_totals_of_another_metric_are_refused_by_name():
    totals = cohort_totals(ORDERS, as_of=AS_OF)
    with pytest.raises(DefinitionError, match="got what cohort_totals gives. Allowed: what order_"):
        average_order_value(totals)


def test_what_was_collected_or_put_together_is_taken_as_it_is():
    weekly = cohort_totals(ORDERS, as_of=AS_OF, every="1w").collect()
    assert cohort_retention(weekly, as_of=AS_OF, time_zone=ZONE, every="1w").height
