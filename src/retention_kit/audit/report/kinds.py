"""What kind of value a column of an audit's tables holds, and so how it is written."""

from __future__ import annotations

from typing import Any, Literal

import polars as pl

from retention_kit.audit.report.numbers import NOTHING
from retention_kit.audit.report.words import Words, texts

Kind = Literal[
    "money", "share", "count", "ratio", "number", "month", "date", "text", "code", "flag"
]

_MONEY = frozenset(
    {
        "revenue",
        "net_revenue",
        "repeat_revenue",
        "extra_revenue",
        "average_order_value",
        "first_average_order_value",
        "repeat_average_order_value",
        "revenue_per_customer",
        "cumulative_revenue_per_customer",
        "basket_value",
        "paid_cost",
        "fully_loaded_cost",
        "paid_cac",
        "fully_loaded_cac",
        "lifetime_value",
        "lifetime_value_before",
        "retention_cost",
        "cost_per_order",
        "cost_per_retained_customer",
        "gain",
        "one_order_each",
        "returned_revenue",
        "returning_revenue",
        "value_per_customer",
        "money_at_stake",
        "revenue_since",
        "net_revenue_since",
        "revenue_since_per_customer",
        "mean_monetary",
        "median_monetary",
        "expected_average_spend",
        "predicted_value",
        "predicted_value_per_customer",
        "value_at_stake",
        "amount",
    }
)
_SHARES = frozenset(
    {
        "returning_ratio",
        "top_share",
        "lifetime_value_growth",
        "acquisition_roi",
        "retention_roi",
        "repeat_purchase_rate",
        "contract_retention_rate",
        "probability_alive",
    }
)
_SHARE_STARTS = ("share_", "conversion", "customer_retention_rate", "churn_rate", "retained_")
_BY_TABLE: dict[tuple[str, str], Kind] = {
    ("lifetime_values", "value"): "money",
    ("cohorts", "period"): "count",
    ("payback_curve", "period"): "count",
    ("products", "returned_quantity"): "number",
    ("categories", "returned_quantity"): "number",
    ("churned_customers", "last_order_at"): "date",
    ("churned_customers", "days_since_last_order"): "count",
    ("what_if", "change"): "share",
    ("what_if", "extra_customers"): "count",
    ("products", "quantity"): "number",
    ("categories", "quantity"): "number",
    ("channels", "payback_months"): "number",
    ("worth_a_call", "next_purchase_at"): "date",
    ("worth_a_call", "days_since_last_order"): "count",
    ("worth_a_call", "expected_purchases"): "number",
    ("rfm_levels", "score"): "count",
    ("rfm_levels", "from_value"): "number",
    ("rfm_levels", "to_value"): "number",
    ("rfm_segments", "mean_frequency"): "number",
    ("rfm_map", "mean_frequency"): "number",
    ("clusters", "mean_frequency"): "number",
    ("clusters", "median_frequency"): "number",
    ("predicted_segments", "expected_alive"): "count",
    ("predicted_segments", "expected_purchases"): "count",
    ("value_models", "log_likelihood"): "number",
    ("value_models", "share_left"): "share",
    ("value_models", "correlation"): "ratio",
    ("purchase_tracking", "period"): "date",
    ("purchase_tracking", "expected_repeat_purchases"): "number",
    ("purchase_tracking", "expected_cumulative"): "number",
    ("repeat_frequency", "expected_customers"): "count",
    ("alive_matrix", "days_since_last"): "count",
}

_BY_TYPE: dict[type[pl.DataType], Kind] = {
    pl.Boolean: "flag",
    pl.Date: "month",
    pl.Datetime: "date",
}


def kind_of(table: str, column: str, dtype: pl.DataType | type[pl.DataType]) -> Kind:
    """Tell the kind of a column.

    Examples:
        >>> kind_of("retention", "churn_rate", pl.Float64)
        'share'
    """
    if (table, column) in _BY_TABLE and dtype != pl.String:
        return _BY_TABLE[table, column]
    if column.endswith("_id"):
        return "text"
    if "." in table and dtype == pl.Date:
        # A plugin's own table: its dates are days, where ours are months.
        return "date"
    if dtype.is_numeric():
        return _kind_of_number(column, dtype, named=not table.startswith("rejected_"))
    for other, kind in _BY_TYPE.items():
        if dtype == other:
            return kind
    return "code" if column in texts("en")["values"] else "text"


def _kind_of_number(column: str, dtype: pl.DataType | type[pl.DataType], *, named: bool) -> Kind:
    if named and column in _MONEY:
        return "money"
    if named and (column in _SHARES or column.startswith(_SHARE_STARTS)):
        return "share"
    if column == "days" or column.endswith("_days") or column.startswith("days_"):
        return "number"
    return "count" if dtype.is_integer() else "ratio"


def written(value: Any, kind: Kind, column: str, words: Words) -> str:
    """Write a value of a table in the reader's language."""
    if value is None and (kind in ("text", "code") or words.has("none", column)):
        return words.named(column, None)
    if value is None:
        return NOTHING
    match kind:
        case "code":
            return words.named(column, value)
        case "flag":
            return "✓" if value else NOTHING
        case "text":
            return str(value)
        case "date":
            return words.numbers.short_date(value)
        case _:
            return words.write(value, kind)
