"""From orders to what each customer is expected to bring, in one lazy table."""

from __future__ import annotations

import datetime as dt

from retention_kit.clv.bundle import ValueModel
from retention_kit.clv.summary import Returns, Unit, clv_summary
from retention_kit.clv.valued import NEXT_AT, PREDICTED
from retention_kit.contracts.law import Frame, customer_local
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.observed import in_zone, zone_of

_SHOWN = (
    "customer_id",
    "frequency",
    "t_x_days",
    "T_days",
    "monetary",
    *PREDICTED[:4],
    *NEXT_AT,
)


@customer_local(ages=True)
def predicted_values(
    orders: Frame,
    *,
    as_of: dt.datetime,
    model: ValueModel,
    horizon: str = "52w",
    discount_rate: float = 0.1,
    rate_period: str = "1y",
    margin: float = 1.0,
    confidence: float = 0.8,
    unit: Unit = "day",
    returns: Returns = "ignore",
) -> Frame:
    """Predict each customer's purchases, spend and value, and when they buy next.

    Customer-local: the model is given, and may have been fitted to other customers. Orders at or
    after `as_of`, and those not completed, do not count.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone; the future begins there.
        model: What `fit_value_model` gives.
        horizon: The time to come that purchases and value are of. A month is 30.4375 days, a year
            365.25.
        discount_rate: By how much less a purchase is worth that comes one `rate_period` later.
        rate_period: The period that the rate is of, as `"1y"` or `"1mo"`.
        margin: The share of spend that counts; 1 gives revenue.
        confidence: Of the interval of the next purchase: that share of those who will buy again do
            so within it.
        unit: What a purchase is, as it was when the model was fitted.
        returns: What returns do to `monetary`, as it was when the model was fitted.

    Returns:
        One row per customer with a sale, shape `(n_customers, 12)`, in no promised order:

        - `customer_id`, `frequency`, `t_x_days`, `T_days`, `monetary`: as in `clv_summary`.
        - `probability_alive` (`Float64`): that the customer has not left for good, 0 … 1.
        - `expected_purchases` (`Float64`): within the horizon, >= 0; that they may have left is in
            it.
        - `expected_average_spend` (`Float64`): per purchase to come, shop currency, major units;
            of one-time buyers the mean of all. Null where `monetary` is not above 0, or the model
            has no part for spend.
        - `lifetime_value` (`Float64`): of the purchases within the horizon, as worth at `as_of`;
            null where the expected average spend is.
        - `next_purchase_at` (`Date`): the median date of the next purchase, of those who will buy
            again; null where that is more than a hundred years away.
        - `next_purchase_from`, `next_purchase_to` (`Date`): the interval around it.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone; `model` is no `ValueModel`; a length of time is
            none; a rate or a margin is negative; or `confidence` is not between 0 and 1.

    Notes:
        See `probability_alive`, `expected_purchases`, `expected_average_spend`, `lifetime_value`
        and `days_to_next_purchase` for the formulas. The predictions are means over customers with
        the same history; what a single one does is mostly chance.

    Examples:
        >>> from retention_kit.clv import MBGNBD, GammaGamma
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> purchases = MBGNBD(r=0.52, alpha=6.2, a=0.89, b=1.6, time_unit="1w")
        >>> spend = GammaGamma(p=6.25, q=3.74, gamma=15.44)
        >>> model = ValueModel(transactions=purchases, alive=purchases, spend=spend)
        >>> values = predicted_values(orders, as_of=as_of, model=model, horizon="26w")
        >>> row = values.sort("customer_id").collect().row(0, named=True)
        >>> round(row["expected_purchases"], 3), round(row["lifetime_value"], 2)
        (1.157, 248.22)
        >>> row["next_purchase_at"]
        datetime.date(2025, 6, 8)
    """
    if not isinstance(model, ValueModel):
        raise bad_parameter(
            "model",
            got=type(model).__name__,
            allowed="a ValueModel",
            step="fit_value_model(clv_summary(orders, as_of=…)) gives one.",
        )
    zone = zone_of(orders.collect_schema())
    # Taken off in UTC, where no wall clock stands twice on one hour.
    before = in_zone(as_of, zone).astimezone(dt.UTC) - dt.timedelta(microseconds=1)
    return model.predict(
        clv_summary(orders, as_of=as_of, unit=unit, returns=returns),
        horizon=horizon,
        discount_rate=discount_rate,
        rate_period=rate_period,
        margin=margin,
        confidence=confidence,
        last_day=in_zone(before, zone).date(),
    ).select(_SHOWN)
