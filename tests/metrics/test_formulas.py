"""The formulas on plain numbers: the articles' worked examples, and what has no answer."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.errors import DefinitionError
from retention_kit.metrics.economics.contract_formulas import (
    churn_rate,
    contract_retention_rate,
    customer_lifespan,
)
from retention_kit.metrics.economics.formulas import (
    average_ticket,
    customer_acquisition_cost,
    lifetime_value_from_lifespan,
    lifetime_value_from_orders,
    lifetime_value_from_profit,
    ltv_to_cac,
    return_on_investment,
)
from retention_kit.metrics.economics.scenarios import what_if


class TestWorkedExamples:
    def test_40_000_spent_on_13_customers_make_a_cac_of_3_077(self):
        assert round(customer_acquisition_cost(40_000, 13)) == 3_077

    def test_an_average_order_of_1_500_twice_makes_a_lifetime_value_of_3_000(self):
        assert lifetime_value_from_orders(1_500, 2) == 3_000

    def test_3_000_to_3_077_is_about_1_to_1_and_needs_work(self):
        cost = customer_acquisition_cost(40_000, 13)
        answer = ltv_to_cac(lifetime_value_from_orders(1_500, 2), cost)
        assert answer.ratio == pytest.approx(0.975)
        assert (answer.rounded, answer.verdict) == (1.0, "needs_work")
        assert answer.rounded < 3, "below the 3 : 1 that the field calls good"

    def test_200_customers_50_new_and_210_at_the_end_make_a_retention_of_80_percent(self):
        assert contract_retention_rate(200, 50, 210) == 0.8
        assert churn_rate(0.8) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("ratio", "rounded", "verdict"),
    [
        (3, 3.0, "good"),
        (2.95, 3.0, "good"),  # a half goes up, where rounding to even would give 3.0 as well
        (2.85, 2.9, "needs_work"),  # and here 2.8
        (2.9499, 2.9, "needs_work"),
        (1, 1.0, "needs_work"),
        (0.95, 1.0, "needs_work"),
        (0.9499, 0.9, "loses_money"),
        (0, 0.0, "loses_money"),
        (-0.25, -0.2, "loses_money"),
    ],
)
def test_the_verdict_is_of_the_ratio_rounded_to_one_decimal(ratio, rounded, verdict):
    answer = ltv_to_cac(ratio * 1_000, 1_000)
    assert (answer.rounded, answer.verdict) == (rounded, verdict)


def test_money_that_is_exact_gives_what_floats_give():
    assert ltv_to_cac(Decimal("2950"), Decimal("1000")) == ltv_to_cac(2950, 1000.0)
    assert average_ticket(Decimal("450.00"), 3) == 150.0


def test_what_is_divided_by_nothing_is_none_and_never_infinite():
    assert customer_acquisition_cost(100, 0) is None
    assert average_ticket(0, 0) is None
    assert ltv_to_cac(3_000, 0) is None
    assert contract_retention_rate(0, 5, 5) is None
    assert customer_lifespan(0) is None
    assert return_on_investment(100, 0) is None


def test_lifespan_is_the_inverse_of_churn():
    assert customer_lifespan(0.25) == 4
    assert lifetime_value_from_lifespan(1_500, 0.5, customer_lifespan(0.25)) == 3_000


def test_profit_may_be_a_loss():
    assert lifetime_value_from_profit(30_000, 0.4, 3_000, 1_000) == 8_000
    assert lifetime_value_from_profit(1_000, 0.4, 3_000, 0) == -2_600
    assert return_on_investment(50, 100) == -0.5
    assert return_on_investment(-50, 100) == -1.5


@pytest.mark.parametrize(
    ("function", "arguments", "parameter"),
    [
        (customer_acquisition_cost, (-1, 2), "cost"),
        (customer_acquisition_cost, (1, -2), "new_customers"),
        (customer_acquisition_cost, ("1", 2), "cost"),
        (average_ticket, (1, -2), "orders"),
        (average_ticket, (float("nan"), 2), "revenue"),
        (lifetime_value_from_orders, (-1, 2), "average_order_value"),
        (lifetime_value_from_orders, (1, True), "orders_per_customer"),
        (lifetime_value_from_lifespan, (1, 2, float("inf")), "lifespan"),
        (lifetime_value_from_profit, (1, 40, 0, 0), "margin_share"),
        (lifetime_value_from_profit, (1, 0.4, -1, 0), "acquisition_cost"),
        (ltv_to_cac, (1, -1), "acquisition_cost"),
        (contract_retention_rate, (200, 220, 210), "new"),
        (contract_retention_rate, (-1, 0, 0), "start"),
        (churn_rate, (80,), "retention_rate"),
        (customer_lifespan, (-0.1,), "churn_rate"),
        (return_on_investment, (1, None), "cost"),
    ],
)
def test_what_cannot_be_is_refused_by_name(function, arguments, parameter):
    with pytest.raises(DefinitionError) as caught:
        function(*arguments)
    assert caught.value.parameter == parameter


@given(st.floats(0, 1e9), st.integers(1, 10_000), st.integers(1, 10_000))
def test_order_value_times_orders_per_customer_is_revenue_per_customer(revenue, orders, customers):
    value = lifetime_value_from_orders(average_ticket(revenue, orders), orders / customers)
    assert value == pytest.approx(revenue / customers)


FIGURES = {
    "start_customers": 200,
    "retained_customers": 160,
    "returning_customers": 150,
    "returning_revenue": Decimal("240000"),
    "revenue": 300_000,
}


class TestWhatIf:
    def test_five_points_of_200_customers_are_ten_more_who_bring_what_the_others_bring(self):
        answer = what_if(**FIGURES)
        assert answer.extra_customers == 10
        assert answer.revenue_per_returning_customer == 1_600
        assert answer.extra_revenue_from_retention == 16_000

    def test_a_tenth_more_per_order_is_a_tenth_more_revenue(self):
        assert what_if(**FIGURES).extra_revenue_from_order_value == 30_000
        answer = what_if(**FIGURES, average_order_value_change=0.25)
        assert answer.extra_revenue_from_order_value == 75_000

    def test_no_more_can_be_kept_than_left(self):
        answer = what_if(**{**FIGURES, "retained_customers": 196})
        assert answer.extra_customers == 4
        assert answer.retention_points == 0.02

    def test_without_returning_customers_nothing_is_known_of_what_they_bring(self):
        figures = {**FIGURES, "returning_customers": 0, "returning_revenue": 0}
        answer = what_if(**figures)
        assert answer.extra_customers == 10
        assert answer.revenue_per_returning_customer is None
        assert answer.extra_revenue_from_retention is None

    def test_a_shop_without_customers_gains_nothing(self):
        answer = what_if(**dict.fromkeys(FIGURES, 0))
        assert (answer.retention_points, answer.extra_customers) == (0, 0)
        assert answer.extra_revenue_from_order_value == 0

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("retained_customers", 201),
            ("start_customers", -1),
            ("returning_customers", 1.5),
            ("revenue", -1),
            ("returning_revenue", "240"),
            ("retention_points", 5),
            ("average_order_value_change", -0.1),
        ],
    )
    def test_what_cannot_be_is_refused_by_name(self, name, value):
        with pytest.raises(DefinitionError) as caught:
            what_if(**{**FIGURES, name: value})
        assert caught.value.parameter == name
