"""What customers are worth, as one model: of their purchases, their leaving and their spend."""

from __future__ import annotations

import datetime as dt
import json
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import polars as pl
import polars.selectors as cs
import pydantic

from retention_kit.clv.fits import fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd
from retention_kit.clv.fits_of_spend import fit_gamma_gamma
from retention_kit.clv.histories import need_columns
from retention_kit.clv.models import BGNBD, MBGNBD, GammaGamma, ParetoNBD, Status
from retention_kit.clv.summary import HISTORY, clv_summary
from retention_kit.clv.valued import Parts, terms, with_values
from retention_kit.contracts.law import Frame, fit
from retention_kit.contracts.saved import SavedModel
from retention_kit.errors import bad_parameter

Transactions = Literal["mbg_nbd", "bg_nbd", "pareto_nbd"]
"""Which model of purchases."""

_WORST: tuple[Status, ...] = ("converged", "boundary", "degenerate", "not_converged")
_PARTS = ("transactions", "alive", "spend")
_READ: dict[str, dict[str, type[SavedModel]]] = {
    "transactions": {one.FORMAT: one for one in (MBGNBD, BGNBD, ParetoNBD)},
    "alive": {one.FORMAT: one for one in (MBGNBD, ParetoNBD)},
    "spend": {GammaGamma.FORMAT: GammaGamma},
}


class ValueModel(SavedModel):
    """Models of purchases, of leaving and of spend, that together say what customers are worth.

    It is fitted by `fit_value_model`, holds parameters and no customers, and is JSON in both
    directions; each part is in it as its own `to_json` writes it.

    Attributes:
        transactions: The model of purchases, which gives `expected_purchases`, `lifetime_value`
            and the next purchase.
        alive: The model that gives `probability_alive`; never the BG/NBD, which calls every
            one-time buyer alive.
        spend: The model of spend; None gives no money.

    Examples:
        >>> purchases = MBGNBD(r=0.52, alpha=6.2, a=0.89, b=1.6, time_unit="1w")
        >>> model = ValueModel(transactions=purchases, alive=purchases)
        >>> ValueModel.from_json(model.to_json()) == model
        True
    """

    FORMAT: ClassVar[str] = "retention_kit.value_model"

    transactions: MBGNBD | BGNBD | ParetoNBD
    alive: MBGNBD | ParetoNBD
    spend: GammaGamma | None = None

    @pydantic.field_validator(*_PARTS, mode="before")
    @classmethod
    def _read(cls, value: Any, info: pydantic.ValidationInfo) -> Any:
        """Read a part by the format that stands in it; the fields alone do not tell."""
        if not isinstance(value, Mapping):
            return value
        kinds = _READ[str(info.field_name)]
        kind = kinds.get(str(value.get("format")))
        if kind is None:
            raise ValueError(f"its format must be one of {', '.join(kinds)}")
        return kind.from_json(json.dumps(value))

    @pydantic.field_serializer(*_PARTS)
    def _written(self, value: SavedModel | None) -> dict[str, Any] | None:
        return None if value is None else dict(json.loads(value.to_json()))

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Give the JSON Schema of what `to_json` writes."""
        schema = super().json_schema()
        definitions: dict[str, Any] = dict(schema.get("$defs", {}))
        for name, kinds in _READ.items():
            arms: list[dict[str, Any]] = []
            for kind in kinds.values():
                arm = kind.json_schema()
                definitions.update(arm.pop("$defs", {}))
                arms.append(arm)
            schema["properties"][name] = (
                {"anyOf": [*arms, {"type": "null"}]} if (name == "spend") else {"anyOf": arms}
            )
        return {**schema, "$defs": definitions}

    @property
    def status(self) -> Status | None:
        """The worst status among the fits of the parts; None where none of them was fitted."""
        found = [part.fitted.status for part in self._parts().values() if part.fitted is not None]
        return max(found, key=_WORST.index, default=None)

    @property
    def messages(self) -> dict[str, str]:
        """By part, what its status means for the figures."""
        return {
            name: f"{part.fitted.status}: {part.fitted.message}"
            for name, part in self._parts().items()
            if part.fitted is not None
        }

    def predict(
        self,
        summary: Frame,
        *,
        horizon: str = "52w",
        discount_rate: float = 0.1,
        rate_period: str = "1y",
        margin: float = 1.0,
        confidence: float = 0.8,
        last_day: dt.date | None = None,
    ) -> Frame:
        """Put what is predicted beside a summary of customers.

        Args:
            summary: What `clv_summary` gives, lazy or eager; further columns stay.
            horizon: The time to come that `expected_purchases` and `lifetime_value` are of. A month
                is 30.4375 days, a year 365.25.
            discount_rate: By how much less a purchase is worth that comes one `rate_period` later.
            rate_period: The period that the rate is of, as `"1y"` or `"1mo"`.
            margin: The share of spend that counts; 1 gives revenue.
            confidence: Of the interval of the next purchase.
            last_day: The day before the summary's `as_of`, from which dates are reckoned; None
                gives days.

        Returns:
            The summary, lazy of a lazy one, with:

            - `probability_alive` (`Float64`): that the customer has not left for good, 0 … 1.
            - `expected_purchases` (`Float64`): within the horizon, >= 0.
            - `expected_average_spend` (`Float64`): per purchase to come; null without a model of
                spend, or where `monetary` is not above 0.
            - `lifetime_value` (`Float64`): of the purchases within the horizon, as worth today.
            - `days_to_next_purchase`, `days_to_next_purchase_from`, `days_to_next_purchase_to`
                (`Float64`): median and interval of the wait of those who will buy again; null
                beyond a hundred years. With `last_day` they are dates instead:
                `next_purchase_at`, `next_purchase_from`, `next_purchase_to` (`Date`).

            All are null where a column of the summary is that they rest on.

        Raises:
            DefinitionError: The summary lacks a column; a length of time is none; a rate or a
                margin is negative; or `confidence` is not between 0 and 1.
            DataError: When it is collected: a row of the summary cannot be, such as one with
                `t_x_days` above `T_days`.
        """
        asked = terms(
            horizon=horizon,
            discount_rate=discount_rate,
            rate_period=rate_period,
            margin=margin,
            confidence=confidence,
        )
        parts = Parts(self.transactions, self.alive, self.spend)
        valued = with_values(summary.lazy(), parts, asked, last_day=last_day)
        if isinstance(summary, pl.DataFrame):
            return valued.collect()
        return valued

    def _parts(self) -> dict[str, MBGNBD | BGNBD | ParetoNBD | GammaGamma]:
        parts = {name: getattr(self, name) for name in _PARTS}
        return {name: part for name, part in parts.items() if part is not None}


@fit(of=clv_summary)
def fit_value_model(
    summary: Frame,
    *,
    transactions: Transactions = "mbg_nbd",
    time_unit: str = "1w",
    penalty: float = 0.0,
    non_positive: Literal["drop", "raise"] = "drop",
    spend: bool = True,
) -> ValueModel:
    """Fit the models of purchases, leaving and spend to a summary of customers.

    Args:
        summary: What `clv_summary` gives.
        transactions: The model of purchases. With `bg_nbd` an MBG/NBD is fitted besides, to say who
            is alive.
        time_unit: The unit of time of the parameters, as `"1d"` or `"1w"`; it changes no
            prediction.
        penalty: Weight of the penalty on the parameters of purchases, 0 for none.
        non_positive: What becomes of customers whose mean spend is not above 0, in fitting the
            spend: left out (`drop`) or refused (`raise`).
        spend: Whether to fit a model of spend; False gives purchases and no money.

    Returns:
        A frozen `ValueModel`. Look at its `status` and `messages` before its figures.

    Raises:
        DefinitionError: An argument is not allowed, or the summary lacks a column.
        DataError: The summary has rows that cannot be, or too few customers who came back.

    Examples:
        >>> summary = pl.DataFrame(
        ...     {
        ...         "frequency": [0, 0, 1, 2, 5, 0, 3],
        ...         "t_x_days": [0.0, 0.0, 30.0, 50.0, 170.0, 0.0, 40.0],
        ...         "T_days": [90.0, 200.0, 100.0, 60.0, 190.0, 150.0, 220.0],
        ...     }
        ... )
        >>> model = fit_value_model(summary, spend=False)
        >>> sorted(model.transactions.parameters)
        ['a', 'alpha', 'b', 'r']
    """
    fits = {"mbg_nbd": fit_mbg_nbd, "bg_nbd": fit_bg_nbd, "pareto_nbd": fit_pareto_nbd}
    if transactions not in fits:
        allowed = ", ".join(repr(one) for one in fits)
        raise bad_parameter("transactions", got=transactions, allowed=allowed)
    need_columns(summary.lazy(), HISTORY)
    # Once, since each fit would collect it anew.
    wanted = cs.by_name(*HISTORY, "monetary", "customers", require_all=False)
    seen = summary.lazy().select(wanted).collect(engine="streaming")
    purchases: Any = fits[transactions](seen, time_unit=time_unit, penalty=penalty)
    alive = purchases
    if transactions == "bg_nbd":
        alive = fit_mbg_nbd(seen, time_unit=time_unit, penalty=penalty)
    amounts = None
    if spend:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            amounts = fit_gamma_gamma(seen, non_positive=non_positive)
        for one in found:
            # Past the declaration of the fit, to whoever calls it.
            warnings.warn(one.message, stacklevel=3)
    return ValueModel(transactions=purchases, alive=alive, spend=amounts)
