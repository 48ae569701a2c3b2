"""What repeat sales are measured by: order values, retention, cohorts, gaps, worth and cost."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.metrics.acquisition import acquisition_costs as acquisition_costs
    from retention_kit.metrics.acquisition import acquisition_totals as acquisition_totals
    from retention_kit.metrics.at_once import measure as measure
    from retention_kit.metrics.bootstrap import bootstrap_intervals as bootstrap_intervals
    from retention_kit.metrics.bootstrap import bootstrap_order_totals as bootstrap_order_totals
    from retention_kit.metrics.buyers import buyer_totals as buyer_totals
    from retention_kit.metrics.buyers import repeat_buyers as repeat_buyers
    from retention_kit.metrics.channels import channel_economics as channel_economics
    from retention_kit.metrics.churned import churned_customers as churned_customers
    from retention_kit.metrics.cohort_values import cohort_lifetime_value as cohort_lifetime_value
    from retention_kit.metrics.cohort_values import cohort_value_totals as cohort_value_totals
    from retention_kit.metrics.cohort_values import lifetime_value_trend as lifetime_value_trend
    from retention_kit.metrics.cohorts import cohort_retention as cohort_retention
    from retention_kit.metrics.cohorts import cohort_totals as cohort_totals
    from retention_kit.metrics.concentrate import gini_coefficient as gini_coefficient
    from retention_kit.metrics.concentrate import revenue_concentration as revenue_concentration
    from retention_kit.metrics.concentrate import revenue_distribution as revenue_distribution
    from retention_kit.metrics.contract_formulas import churn_rate as churn_rate
    from retention_kit.metrics.contract_formulas import (
        contract_retention_rate as contract_retention_rate,
    )
    from retention_kit.metrics.contract_formulas import customer_lifespan as customer_lifespan
    from retention_kit.metrics.customer_columns import (
        orders_with_customers as orders_with_customers,
    )
    from retention_kit.metrics.customers import customer_summary as customer_summary
    from retention_kit.metrics.deliveries import delivery_effect as delivery_effect
    from retention_kit.metrics.deliveries import delivery_totals as delivery_totals
    from retention_kit.metrics.first_experience import funnel as funnel
    from retention_kit.metrics.first_experience import funnel_totals as funnel_totals
    from retention_kit.metrics.formulas import LtvToCac as LtvToCac
    from retention_kit.metrics.formulas import average_ticket as average_ticket
    from retention_kit.metrics.formulas import (
        customer_acquisition_cost as customer_acquisition_cost,
    )
    from retention_kit.metrics.formulas import (
        lifetime_value_from_lifespan as lifetime_value_from_lifespan,
    )
    from retention_kit.metrics.formulas import (
        lifetime_value_from_orders as lifetime_value_from_orders,
    )
    from retention_kit.metrics.formulas import (
        lifetime_value_from_profit as lifetime_value_from_profit,
    )
    from retention_kit.metrics.formulas import ltv_to_cac as ltv_to_cac
    from retention_kit.metrics.formulas import return_on_investment as return_on_investment
    from retention_kit.metrics.gap_distribution import gap_totals as gap_totals
    from retention_kit.metrics.gap_distribution import gap_totals_by_order as gap_totals_by_order
    from retention_kit.metrics.gap_figures import gap_histogram as gap_histogram
    from retention_kit.metrics.gap_figures import gap_summary as gap_summary
    from retention_kit.metrics.gap_figures import gaps_by_order as gaps_by_order
    from retention_kit.metrics.gaps import customer_gaps as customer_gaps
    from retention_kit.metrics.gaps import purchase_gaps as purchase_gaps
    from retention_kit.metrics.intervals import Interval as Interval
    from retention_kit.metrics.intervals import wilson_interval as wilson_interval
    from retention_kit.metrics.keeping import repeat_channel_totals as repeat_channel_totals
    from retention_kit.metrics.keeping import retention_costs as retention_costs
    from retention_kit.metrics.lifecycle import lifecycle_flow_totals as lifecycle_flow_totals
    from retention_kit.metrics.lifecycle import lifecycle_states as lifecycle_states
    from retention_kit.metrics.lifecycle import lifecycle_totals as lifecycle_totals
    from retention_kit.metrics.lifecycle_figures import lifecycle_flow as lifecycle_flow
    from retention_kit.metrics.lifecycle_figures import lifecycle_shares as lifecycle_shares
    from retention_kit.metrics.lifetime import lifetime_value as lifetime_value
    from retention_kit.metrics.lifetime import value_totals as value_totals
    from retention_kit.metrics.next_purchase import next_purchase_curve as next_purchase_curve
    from retention_kit.metrics.next_purchase import next_purchase_totals as next_purchase_totals
    from retention_kit.metrics.order_numbers import order_conversion as order_conversion
    from retention_kit.metrics.order_numbers import order_number_totals as order_number_totals
    from retention_kit.metrics.order_trends import order_values as order_values
    from retention_kit.metrics.orders import average_order_value as average_order_value
    from retention_kit.metrics.orders import order_totals as order_totals
    from retention_kit.metrics.orders import purchase_frequency as purchase_frequency
    from retention_kit.metrics.orders import share_of_repeat_sales as share_of_repeat_sales
    from retention_kit.metrics.payback import payback_curve as payback_curve
    from retention_kit.metrics.payback import payback_months as payback_months
    from retention_kit.metrics.people_in_charge import manager_performance as manager_performance
    from retention_kit.metrics.people_in_charge import manager_totals as manager_totals
    from retention_kit.metrics.periods_of_customers import customer_periods as customer_periods
    from retention_kit.metrics.products import product_totals as product_totals
    from retention_kit.metrics.products import product_values as product_values
    from retention_kit.metrics.repeat_purchases import repeat_purchase_rate as repeat_purchase_rate
    from retention_kit.metrics.repeat_purchases import (
        repeat_purchase_totals as repeat_purchase_totals,
    )
    from retention_kit.metrics.retention import retention_totals as retention_totals
    from retention_kit.metrics.retention_shares import retention_rates as retention_rates
    from retention_kit.metrics.rhythm import UsualGap as UsualGap
    from retention_kit.metrics.rhythm import usual_gap as usual_gap
    from retention_kit.metrics.scenarios import WhatIf as WhatIf
    from retention_kit.metrics.scenarios import what_if as what_if
    from retention_kit.metrics.seasons import seasonality as seasonality
    from retention_kit.metrics.seasons import seasonality_totals as seasonality_totals

_HERE = "retention_kit.metrics"
_MODULES = {
    "Interval": f"{_HERE}.intervals",
    "LtvToCac": f"{_HERE}.formulas",
    "UsualGap": f"{_HERE}.rhythm",
    "WhatIf": f"{_HERE}.scenarios",
    "acquisition_costs": f"{_HERE}.acquisition",
    "acquisition_totals": f"{_HERE}.acquisition",
    "average_order_value": f"{_HERE}.orders",
    "average_ticket": f"{_HERE}.formulas",
    "bootstrap_intervals": f"{_HERE}.bootstrap",
    "bootstrap_order_totals": f"{_HERE}.bootstrap",
    "buyer_totals": f"{_HERE}.buyers",
    "channel_economics": f"{_HERE}.channels",
    "churn_rate": f"{_HERE}.contract_formulas",
    "churned_customers": f"{_HERE}.churned",
    "cohort_lifetime_value": f"{_HERE}.cohort_values",
    "cohort_retention": f"{_HERE}.cohorts",
    "cohort_totals": f"{_HERE}.cohorts",
    "cohort_value_totals": f"{_HERE}.cohort_values",
    "contract_retention_rate": f"{_HERE}.contract_formulas",
    "customer_acquisition_cost": f"{_HERE}.formulas",
    "customer_gaps": f"{_HERE}.gaps",
    "customer_lifespan": f"{_HERE}.contract_formulas",
    "customer_periods": f"{_HERE}.periods_of_customers",
    "customer_summary": f"{_HERE}.customers",
    "delivery_effect": f"{_HERE}.deliveries",
    "delivery_totals": f"{_HERE}.deliveries",
    "funnel": f"{_HERE}.first_experience",
    "funnel_totals": f"{_HERE}.first_experience",
    "gap_histogram": f"{_HERE}.gap_figures",
    "gap_summary": f"{_HERE}.gap_figures",
    "gap_totals": f"{_HERE}.gap_distribution",
    "gap_totals_by_order": f"{_HERE}.gap_distribution",
    "gaps_by_order": f"{_HERE}.gap_figures",
    "gini_coefficient": f"{_HERE}.concentrate",
    "lifecycle_flow": f"{_HERE}.lifecycle_figures",
    "lifecycle_flow_totals": f"{_HERE}.lifecycle",
    "lifecycle_shares": f"{_HERE}.lifecycle_figures",
    "lifecycle_states": f"{_HERE}.lifecycle",
    "lifecycle_totals": f"{_HERE}.lifecycle",
    "lifetime_value": f"{_HERE}.lifetime",
    "lifetime_value_from_lifespan": f"{_HERE}.formulas",
    "lifetime_value_from_orders": f"{_HERE}.formulas",
    "lifetime_value_from_profit": f"{_HERE}.formulas",
    "lifetime_value_trend": f"{_HERE}.cohort_values",
    "ltv_to_cac": f"{_HERE}.formulas",
    "manager_performance": f"{_HERE}.people_in_charge",
    "manager_totals": f"{_HERE}.people_in_charge",
    "measure": f"{_HERE}.at_once",
    "next_purchase_curve": f"{_HERE}.next_purchase",
    "next_purchase_totals": f"{_HERE}.next_purchase",
    "order_conversion": f"{_HERE}.order_numbers",
    "order_number_totals": f"{_HERE}.order_numbers",
    "order_totals": f"{_HERE}.orders",
    "order_values": f"{_HERE}.order_trends",
    "orders_with_customers": f"{_HERE}.customer_columns",
    "payback_curve": f"{_HERE}.payback",
    "payback_months": f"{_HERE}.payback",
    "product_totals": f"{_HERE}.products",
    "product_values": f"{_HERE}.products",
    "purchase_frequency": f"{_HERE}.orders",
    "purchase_gaps": f"{_HERE}.gaps",
    "repeat_buyers": f"{_HERE}.buyers",
    "repeat_channel_totals": f"{_HERE}.keeping",
    "repeat_purchase_rate": f"{_HERE}.repeat_purchases",
    "repeat_purchase_totals": f"{_HERE}.repeat_purchases",
    "retention_costs": f"{_HERE}.keeping",
    "retention_rates": f"{_HERE}.retention_shares",
    "retention_totals": f"{_HERE}.retention",
    "return_on_investment": f"{_HERE}.formulas",
    "revenue_concentration": f"{_HERE}.concentrate",
    "revenue_distribution": f"{_HERE}.concentrate",
    "seasonality": f"{_HERE}.seasons",
    "seasonality_totals": f"{_HERE}.seasons",
    "share_of_repeat_sales": f"{_HERE}.orders",
    "usual_gap": f"{_HERE}.rhythm",
    "value_totals": f"{_HERE}.lifetime",
    "what_if": f"{_HERE}.scenarios",
    "wilson_interval": f"{_HERE}.intervals",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
