"""One set of functions for every transaction model: what is expected after a history.

A new customer is one with the history 0, 0, 0: no repeat purchase, and no time gone by.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from retention_kit.clv.expectations import bg_nbd, mbg_nbd, pareto_nbd
from retention_kit.clv.expectations.geometric import Floats
from retention_kit.clv.models import BGNBD, MBGNBD, ParetoNBD, TransactionModel
from retention_kit.errors import bad_parameter

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


class Expectations(Protocol):
    """What a module must have for its model to be used here; times are in the model's unit."""

    def probability_alive(self, model: Any, x: Floats, t_x: Floats, age: Floats) -> Floats:
        """Give the probability of not having left."""

    def purchases_while_alive(self, model: Any, t: Floats, x: Floats, age: Floats) -> Floats:
        """Give the expected purchases in the next `t` of one who has not left."""

    def exactly_while_alive(self, model: Any, n: int, t: Floats, x: Floats, age: Floats) -> Floats:
        """Give the probability of `n` purchases of one who has not left."""

    def at_least_while_alive(self, model: Any, n: int, t: Floats, x: Floats, age: Floats) -> Floats:
        """Give the probability of `n` purchases or more of one who has not left."""

    def wait(self, model: Any, share: float, x: Floats, age: Floats) -> Floats:
        """Give the time within which this share of those who will buy again do so."""

    def scale(self, model: Any, age: Floats) -> Floats:
        """Give the length of time over which expected purchases bend."""

    def origin(self, model: Any) -> float:
        """Give the age, taken below 0, where what is expected has its singularity."""


_OF: dict[type[TransactionModel], Expectations] = {
    BGNBD: bg_nbd,
    MBGNBD: mbg_nbd,
    ParetoNBD: pareto_nbd,
}


def expectations_of(model: TransactionModel) -> Expectations:
    """Give the functions of a model.

    Raises:
        DefinitionError: It is none of the three.
    """
    found = _OF.get(type(model))
    if found is None:
        raise bad_parameter(
            "model",
            got=type(model).__name__,
            allowed="a BGNBD, an MBGNBD or a ParetoNBD",
            step="fit one with fit_mbg_nbd(clv_summary(orders, as_of=…)).",
        )
    return found


def expected_purchases(
    model: TransactionModel,
    t: Floats,
    x: Floats,
    t_x: Floats,
    age: Floats,
) -> Floats:
    """Give the expected purchases in the next `t`."""
    of = expectations_of(model)
    return of.probability_alive(model, x, t_x, age) * of.purchases_while_alive(model, t, x, age)


def purchases_of_new(model: TransactionModel, t: Floats) -> Floats:
    """Give the expected repeat purchases of a new customer within `t`."""
    zero = np.zeros_like(t)
    return expected_purchases(model, t, zero, zero, zero)


def probability_of_purchases(
    model: TransactionModel,
    n: int,
    t: Floats,
    x: Floats,
    t_x: Floats,
    age: Floats,
    *,
    or_more: bool = False,
) -> Floats:
    """Give the probability of `n` purchases, or more, in the next `t`."""
    of = expectations_of(model)
    if or_more and n == 0:
        return np.ones(np.broadcast(t, x, t_x, age).shape)
    alive = of.probability_alive(model, x, t_x, age)
    of_alive = of.at_least_while_alive if or_more else of.exactly_while_alive
    gone = 1 - alive if n == 0 else 0.0
    return np.asarray(alive * of_alive(model, n, t, x, age) + gone)


def present_purchases_while_alive(
    model: TransactionModel,
    t: float,
    x: Floats,
    age: Floats,
    discount: float,
) -> Floats:
    """Give the expected purchases in the next `t` of one who has not left, as worth today.

    Args:
        model: The model.
        t: Length of time.
        x: Repeat purchases so far.
        age: Time since the first purchase.
        discount: The rate of continuous discounting per unit of time.

    Notes:
        The integral of e^(−δu) dE(u) from 0 to t, which is e^(−δt) E(t) + δ ∫ e^(−δu) E(u) du;
        by Gauss and Legendre on a logarithmic scale.
    """
    of = expectations_of(model)
    whole = of.purchases_while_alive(model, np.full_like(age, t), x, age)
    if discount == 0:
        return whole
    scale = of.scale(model, age)
    half = np.log1p(t / scale) / 2
    area = np.zeros_like(age)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        reach = half * (1 + node)
        at = scale * np.expm1(reach)
        worth = np.exp(reach - discount * at) * of.purchases_while_alive(model, at, x, age)
        area += weight * worth
    return np.asarray(np.exp(-discount * t) * whole + discount * area * scale * half)
