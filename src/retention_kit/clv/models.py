"""The fitted models of purchases and of spend: their parameters, and how the fit went."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import pydantic

from retention_kit.contracts.saved import SavedModel
from retention_kit.errors import bad_parameter

Status = Literal["converged", "boundary", "degenerate", "not_converged"]
Reason = Literal[
    "converged",
    "nobody_leaves",
    "everybody_left",
    "leaving_in_two",
    "same_rate",
    "same_leaving",
    "infinite_mean",
    "same_spend",
    "same_mean",
    "at_edge",
    "unfinished",
]
"""What was found of a fit, as a word that programs can read."""
Positive = Annotated[float, pydantic.Field(gt=0)]
_UNIT = re.compile(r"([1-9][0-9]{0,3})(d|w)")


class FitReport(pydantic.BaseModel):
    """How a fit went, and how far to trust it.

    Attributes:
        status: `converged`; `boundary`, where a parameter ran to the edge of what is allowed;
            `degenerate`, where the parameters mean something that no shop is; `not_converged`.
        reason: What was found, as a word for programs: `converged`, `nobody_leaves`,
            `everybody_left`, `leaving_in_two`, `same_rate`, `same_leaving`, `infinite_mean`,
            `same_spend`, `same_mean`, `at_edge` or `unfinished`.
        message: The same in a sentence or two: what the status means for the figures.
        log_likelihood: On the natural scale, of the customers as they are, without the penalty.
        aic: Akaike's criterion: 2 × parameters − 2 × log-likelihood.
        customers: How many customers it was fitted to.
        standard_errors: By parameter, in its own unit; None where the curvature gives none.
        penalty: The weight of the penalty, 0 for plain maximum likelihood.
        share_left: Of a model of purchases, the share of these customers who by the model had left
            for good when they were last observed.
        left_out: Of a model of spend, how many repeat customers were left out, because their mean
            spend is not above 0.
        correlation: Of a model of spend, that of number and mean of purchases, which the model
            takes to be 0; None where one of the two does not vary.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    status: Status
    reason: Reason
    message: str
    log_likelihood: float
    aic: float
    customers: int
    standard_errors: Mapping[str, float | None]
    penalty: float = 0.0
    share_left: float | None = None
    left_out: int = 0
    correlation: float | None = None


class _Fitted(SavedModel):
    PARAMETERS: ClassVar[tuple[str, ...]]

    fitted: FitReport | None = None

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name, in the order in which the literature gives them."""
        return {name: getattr(self, name) for name in self.PARAMETERS}


class TransactionModel(_Fitted):
    """A model of when customers buy, and when they silently leave.

    Attributes:
        time_unit: The unit of time that the rate parameters are in, such as `"1w"`.
    """

    time_unit: str = "1d"

    @pydantic.field_validator("time_unit")
    @classmethod
    def _is_length(cls, value: str) -> str:
        unit_days(value)
        return value

    @property
    def unit_days(self) -> int:
        """How many days the unit of time has."""
        return unit_days(self.time_unit)


class BGNBD(TransactionModel):
    """Beta-geometric/NBD: after every repeat purchase a customer may leave for good.

    Attributes:
        r: Shape of the gamma distribution of purchase rates.
        alpha: Its rate, in units of time.
        a: First parameter of the beta distribution of leaving after a purchase.
        b: Its second parameter.
    """

    FORMAT: ClassVar[str] = "retention_kit.bg_nbd"
    PARAMETERS: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")

    r: Positive
    alpha: Positive
    a: Positive
    b: Positive


class MBGNBD(TransactionModel):
    """Modified BG/NBD: a customer may leave after the first purchase as well.

    Attributes:
        r: Shape of the gamma distribution of purchase rates.
        alpha: Its rate, in units of time.
        a: First parameter of the beta distribution of leaving after a purchase.
        b: Its second parameter.
    """

    FORMAT: ClassVar[str] = "retention_kit.mbg_nbd"
    PARAMETERS: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")

    r: Positive
    alpha: Positive
    a: Positive
    b: Positive


class ParetoNBD(TransactionModel):
    """Pareto/NBD: a customer may leave at any moment.

    Attributes:
        r: Shape of the gamma distribution of purchase rates.
        alpha: Its rate, in units of time.
        s: Shape of the gamma distribution of the rates of leaving.
        beta: Its rate, in units of time.
    """

    FORMAT: ClassVar[str] = "retention_kit.pareto_nbd"
    PARAMETERS: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")

    r: Positive
    alpha: Positive
    s: Positive
    beta: Positive


class GammaGamma(_Fitted):
    """Gamma-gamma: what a customer spends per purchase, around a mean of their own.

    Attributes:
        p: Shape of the gamma distribution of a customer's amounts.
        q: Shape of the gamma distribution of customers' rates.
        gamma: Its rate, in the shop's currency.
    """

    FORMAT: ClassVar[str] = "retention_kit.gamma_gamma"
    PARAMETERS: ClassVar[tuple[str, ...]] = ("p", "q", "gamma")

    p: Positive
    q: Positive
    gamma: Positive


def unit_days(time_unit: str) -> int:
    """Give the number of days in a unit of time.

    Raises:
        DefinitionError: It is not a whole number of days or weeks.
    """
    found = _UNIT.fullmatch(time_unit) if isinstance(time_unit, str) else None
    if found is None:
        raise bad_parameter(
            "time_unit",
            got=time_unit,
            allowed="a whole number of days or weeks, which are of one length always: '1d', '1w', "
            "'30d'",
            step="'1w' is what published figures use.",
        )
    return int(found[1]) * (7 if found[2] == "w" else 1)
