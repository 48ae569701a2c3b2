"""What repeat sales are measured by: order values, retention, cohorts, gaps, worth and cost."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.metrics.at_once import measure as measure
    from retention_kit.metrics.base.customer_columns import (
        orders_with_customers as orders_with_customers,
    )
    from retention_kit.metrics.base.intervals import Interval as Interval
    from retention_kit.metrics.base.intervals import wilson_interval as wilson_interval
    from retention_kit.metrics.cohorts.counts import cohort_retention as cohort_retention
    from retention_kit.metrics.cohorts.counts import cohort_totals as cohort_totals
    from retention_kit.metrics.cohorts.values import cohort_lifetime_value as cohort_lifetime_value
    from retention_kit.metrics.cohorts.values import cohort_value_totals as cohort_value_totals
    from retention_kit.metrics.cohorts.values import lifetime_value_trend as lifetime_value_trend
    from retention_kit.metrics.economics.acquisition import acquisition_costs as acquisition_costs
    from retention_kit.metrics.economics.acquisition import acquisition_totals as acquisition_totals
    from retention_kit.metrics.economics.acquisition import channel_values as channel_values
    from retention_kit.metrics.economics.channels import channel_economics as channel_economics
    from retention_kit.metrics.economics.contract_formulas import churn_rate as churn_rate
    from retention_kit.metrics.economics.contract_formulas import (
        contract_retention_rate as contract_retention_rate,
    )
    from retention_kit.metrics.economics.contract_formulas import (
        customer_lifespan as customer_lifespan,
    )
    from retention_kit.metrics.economics.formulas import LtvToCac as LtvToCac
    from retention_kit.metrics.economics.formulas import average_ticket as average_ticket
    from retention_kit.metrics.economics.formulas import (
        customer_acquisition_cost as customer_acquisition_cost,
    )
    from retention_kit.metrics.economics.formulas import (
        lifetime_value_from_lifespan as lifetime_value_from_lifespan,
    )
    from retention_kit.metrics.economics.formulas import (
        lifetime_value_from_orders as lifetime_value_from_orders,
    )
    from retention_kit.metrics.economics.formulas import (
        lifetime_value_from_profit as lifetime_value_from_profit,
    )
    from retention_kit.metrics.economics.formulas import ltv_to_cac as ltv_to_cac
    from retention_kit.metrics.economics.formulas import (
        return_on_investment as return_on_investment,
    )
    from retention_kit.metrics.economics.keeping import (
        repeat_channel_totals as repeat_channel_totals,
    )
    from retention_kit.metrics.economics.keeping import retention_costs as retention_costs
    from retention_kit.metrics.economics.lifetime import lifetime_value as lifetime_value
    from retention_kit.metrics.economics.lifetime import value_totals as value_totals
    from retention_kit.metrics.economics.payback import payback_curve as payback_curve
    from retention_kit.metrics.economics.payback import payback_months as payback_months
    from retention_kit.metrics.economics.scenarios import WhatIf as WhatIf
    from retention_kit.metrics.economics.scenarios import what_if as what_if
    from retention_kit.metrics.lifecycle.figures import lifecycle_flow as lifecycle_flow
    from retention_kit.metrics.lifecycle.figures import lifecycle_shares as lifecycle_shares
    from retention_kit.metrics.lifecycle.gap_distribution import gap_totals as gap_totals
    from retention_kit.metrics.lifecycle.gap_distribution import (
        gap_totals_by_order as gap_totals_by_order,
    )
    from retention_kit.metrics.lifecycle.gap_figures import gap_histogram as gap_histogram
    from retention_kit.metrics.lifecycle.gap_figures import gap_summary as gap_summary
    from retention_kit.metrics.lifecycle.gap_figures import gaps_by_order as gaps_by_order
    from retention_kit.metrics.lifecycle.gaps import customer_gaps as customer_gaps
    from retention_kit.metrics.lifecycle.gaps import purchase_gaps as purchase_gaps
    from retention_kit.metrics.lifecycle.rhythm import UsualGap as UsualGap
    from retention_kit.metrics.lifecycle.rhythm import usual_gap as usual_gap
    from retention_kit.metrics.lifecycle.states import (
        lifecycle_flow_totals as lifecycle_flow_totals,
    )
    from retention_kit.metrics.lifecycle.states import lifecycle_states as lifecycle_states
    from retention_kit.metrics.lifecycle.states import lifecycle_totals as lifecycle_totals
    from retention_kit.metrics.orders.bootstrap import bootstrap_intervals as bootstrap_intervals
    from retention_kit.metrics.orders.bootstrap import (
        bootstrap_order_totals as bootstrap_order_totals,
    )
    from retention_kit.metrics.orders.buyers import buyer_totals as buyer_totals
    from retention_kit.metrics.orders.buyers import repeat_buyers as repeat_buyers
    from retention_kit.metrics.orders.concentrate import gini_coefficient as gini_coefficient
    from retention_kit.metrics.orders.concentrate import (
        revenue_concentration as revenue_concentration,
    )
    from retention_kit.metrics.orders.concentrate import (
        revenue_distribution as revenue_distribution,
    )
    from retention_kit.metrics.orders.customers import customer_summary as customer_summary
    from retention_kit.metrics.orders.deliveries import delivery_effect as delivery_effect
    from retention_kit.metrics.orders.deliveries import delivery_totals as delivery_totals
    from retention_kit.metrics.orders.first_experience import funnel as funnel
    from retention_kit.metrics.orders.first_experience import funnel_totals as funnel_totals
    from retention_kit.metrics.orders.history import order_history as order_history
    from retention_kit.metrics.orders.people_in_charge import (
        manager_performance as manager_performance,
    )
    from retention_kit.metrics.orders.people_in_charge import manager_totals as manager_totals
    from retention_kit.metrics.orders.products import product_totals as product_totals
    from retention_kit.metrics.orders.products import product_values as product_values
    from retention_kit.metrics.orders.seasons import seasonality as seasonality
    from retention_kit.metrics.orders.seasons import seasonality_totals as seasonality_totals
    from retention_kit.metrics.orders.totals import average_order_value as average_order_value
    from retention_kit.metrics.orders.totals import order_totals as order_totals
    from retention_kit.metrics.orders.totals import purchase_frequency as purchase_frequency
    from retention_kit.metrics.orders.totals import share_of_repeat_sales as share_of_repeat_sales
    from retention_kit.metrics.orders.trends import order_values as order_values
    from retention_kit.metrics.retention.churned import churned_customers as churned_customers
    from retention_kit.metrics.retention.counts import retention_totals as retention_totals
    from retention_kit.metrics.retention.customer_months import customer_periods as customer_periods
    from retention_kit.metrics.retention.next_purchase import (
        next_purchase_curve as next_purchase_curve,
    )
    from retention_kit.metrics.retention.next_purchase import (
        next_purchase_totals as next_purchase_totals,
    )
    from retention_kit.metrics.retention.order_numbers import order_conversion as order_conversion
    from retention_kit.metrics.retention.order_numbers import (
        order_number_totals as order_number_totals,
    )
    from retention_kit.metrics.retention.repeat_purchases import (
        repeat_purchase_rate as repeat_purchase_rate,
    )
    from retention_kit.metrics.retention.repeat_purchases import (
        repeat_purchase_totals as repeat_purchase_totals,
    )
    from retention_kit.metrics.retention.shares import retention_rates as retention_rates

_HERE = "retention_kit.metrics"
_MODULES = {
    "Interval": f"{_HERE}.base.intervals",
    "LtvToCac": f"{_HERE}.economics.formulas",
    "UsualGap": f"{_HERE}.lifecycle.rhythm",
    "WhatIf": f"{_HERE}.economics.scenarios",
    "acquisition_costs": f"{_HERE}.economics.acquisition",
    "acquisition_totals": f"{_HERE}.economics.acquisition",
    "average_order_value": f"{_HERE}.orders.totals",
    "average_ticket": f"{_HERE}.economics.formulas",
    "bootstrap_intervals": f"{_HERE}.orders.bootstrap",
    "bootstrap_order_totals": f"{_HERE}.orders.bootstrap",
    "buyer_totals": f"{_HERE}.orders.buyers",
    "channel_economics": f"{_HERE}.economics.channels",
    "channel_values": f"{_HERE}.economics.acquisition",
    "churn_rate": f"{_HERE}.economics.contract_formulas",
    "churned_customers": f"{_HERE}.retention.churned",
    "cohort_lifetime_value": f"{_HERE}.cohorts.values",
    "cohort_retention": f"{_HERE}.cohorts.counts",
    "cohort_totals": f"{_HERE}.cohorts.counts",
    "cohort_value_totals": f"{_HERE}.cohorts.values",
    "contract_retention_rate": f"{_HERE}.economics.contract_formulas",
    "customer_acquisition_cost": f"{_HERE}.economics.formulas",
    "customer_gaps": f"{_HERE}.lifecycle.gaps",
    "customer_lifespan": f"{_HERE}.economics.contract_formulas",
    "customer_periods": f"{_HERE}.retention.customer_months",
    "customer_summary": f"{_HERE}.orders.customers",
    "delivery_effect": f"{_HERE}.orders.deliveries",
    "delivery_totals": f"{_HERE}.orders.deliveries",
    "funnel": f"{_HERE}.orders.first_experience",
    "funnel_totals": f"{_HERE}.orders.first_experience",
    "gap_histogram": f"{_HERE}.lifecycle.gap_figures",
    "gap_summary": f"{_HERE}.lifecycle.gap_figures",
    "gap_totals": f"{_HERE}.lifecycle.gap_distribution",
    "gap_totals_by_order": f"{_HERE}.lifecycle.gap_distribution",
    "gaps_by_order": f"{_HERE}.lifecycle.gap_figures",
    "gini_coefficient": f"{_HERE}.orders.concentrate",
    "lifecycle_flow": f"{_HERE}.lifecycle.figures",
    "lifecycle_flow_totals": f"{_HERE}.lifecycle.states",
    "lifecycle_shares": f"{_HERE}.lifecycle.figures",
    "lifecycle_states": f"{_HERE}.lifecycle.states",
    "lifecycle_totals": f"{_HERE}.lifecycle.states",
    "lifetime_value": f"{_HERE}.economics.lifetime",
    "lifetime_value_from_lifespan": f"{_HERE}.economics.formulas",
    "lifetime_value_from_orders": f"{_HERE}.economics.formulas",
    "lifetime_value_from_profit": f"{_HERE}.economics.formulas",
    "lifetime_value_trend": f"{_HERE}.cohorts.values",
    "ltv_to_cac": f"{_HERE}.economics.formulas",
    "manager_performance": f"{_HERE}.orders.people_in_charge",
    "manager_totals": f"{_HERE}.orders.people_in_charge",
    "measure": f"{_HERE}.at_once",
    "next_purchase_curve": f"{_HERE}.retention.next_purchase",
    "next_purchase_totals": f"{_HERE}.retention.next_purchase",
    "order_conversion": f"{_HERE}.retention.order_numbers",
    "order_history": f"{_HERE}.orders.history",
    "order_number_totals": f"{_HERE}.retention.order_numbers",
    "order_totals": f"{_HERE}.orders.totals",
    "order_values": f"{_HERE}.orders.trends",
    "orders_with_customers": f"{_HERE}.base.customer_columns",
    "payback_curve": f"{_HERE}.economics.payback",
    "payback_months": f"{_HERE}.economics.payback",
    "product_totals": f"{_HERE}.orders.products",
    "product_values": f"{_HERE}.orders.products",
    "purchase_frequency": f"{_HERE}.orders.totals",
    "purchase_gaps": f"{_HERE}.lifecycle.gaps",
    "repeat_buyers": f"{_HERE}.orders.buyers",
    "repeat_channel_totals": f"{_HERE}.economics.keeping",
    "repeat_purchase_rate": f"{_HERE}.retention.repeat_purchases",
    "repeat_purchase_totals": f"{_HERE}.retention.repeat_purchases",
    "retention_costs": f"{_HERE}.economics.keeping",
    "retention_rates": f"{_HERE}.retention.shares",
    "retention_totals": f"{_HERE}.retention.counts",
    "return_on_investment": f"{_HERE}.economics.formulas",
    "revenue_concentration": f"{_HERE}.orders.concentrate",
    "revenue_distribution": f"{_HERE}.orders.concentrate",
    "seasonality": f"{_HERE}.orders.seasons",
    "seasonality_totals": f"{_HERE}.orders.seasons",
    "share_of_repeat_sales": f"{_HERE}.orders.totals",
    "usual_gap": f"{_HERE}.lifecycle.rhythm",
    "value_totals": f"{_HERE}.economics.lifetime",
    "what_if": f"{_HERE}.economics.scenarios",
    "wilson_interval": f"{_HERE}.base.intervals",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
