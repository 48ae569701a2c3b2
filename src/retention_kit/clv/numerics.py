"""Maximum likelihood over positive parameters: the search, and the errors of what it found.

Parameters are looked for as logarithms, so that each is positive whatever the search does. The
search knows no chance: the same sums give the same parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from retention_kit.clv.likelihoods.arrays import Array, Flags

Likelihood = Callable[[Array], tuple[float, Array]]
"""Gives the log-likelihood at parameters, and its derivatives by them."""

LOWEST, HIGHEST = float(np.log(1e-6)), float(np.log(1e5))
"""The logarithms that parameters may have, in the unit in which the mean time or spend is 1."""
_EDGE = 1e-3
_STEP = 1e-4
_CLOSE_ENOUGH = 1e-5
"""The log-likelihood that may still be missing where a fit is said to have converged."""


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where a likelihood is largest.

    Attributes:
        logs: The logarithms of the parameters.
        curvature: Of minus the penalised log-likelihood, by the logarithms.
        missing: How much larger the likelihood is expected to be where its slope is zero.
    """

    logs: Array
    curvature: Array
    missing: float

    @property
    def at_edge(self) -> Flags:
        """Which parameters ran to the edge of what is allowed."""
        near: Flags = (self.logs < LOWEST + _EDGE) | (self.logs > HIGHEST - _EDGE)
        return near

    @property
    def has_converged(self) -> bool:
        """Whether nothing is left to be gained."""
        return self.missing < _CLOSE_ENOUGH


def maximise(
    likelihood: Likelihood, starts: Sequence[Array], *, penalty: float, rough: Likelihood | None
) -> Optimum:
    """Find the parameters of the largest penalised likelihood.

    Args:
        likelihood: The log-likelihood and its slope by the parameters.
        starts: Parameters to begin at; the best end is taken.
        penalty: Weight of the sum of the squared logarithms of the parameters.
        rough: The same of fewer rows and quicker, to be climbed first.
    """
    whole = _of_logs(likelihood, penalty)
    logs = [np.log(start) for start in starts]
    if rough is not None:
        first = _of_logs(rough, penalty)
        near = _best(first, logs)
        polished = _polished(whole, near, _curvature(first, near))
        if polished is not None:
            return _settled(whole, polished)
        # The rough likelihood has its top at the edge, and that of all rows may have one inside.
        logs = [near, logs[0]]
    return _settled(whole, _best(whole, logs))


def standard_errors(optimum: Optimum, names: Sequence[str]) -> dict[str, float | None]:
    """Give the standard errors of the parameters by name, from the curvature at the optimum.

    Those of the logarithms, by the inverse of the observed information, times the parameters (the
    delta method). A parameter at the edge has none, and is taken as known for the others.
    """
    errors: dict[str, float | None] = dict.fromkeys(names)
    free = np.flatnonzero(~optimum.at_edge)
    inside = optimum.curvature[np.ix_(free, free)]
    if len(free) == 0 or not _is_positive(inside):
        return errors
    variances = np.diag(np.linalg.inv(inside))
    for place, variance in zip(free.tolist(), variances.tolist(), strict=True):
        if variance > 0:
            errors[names[place]] = float(np.exp(optimum.logs[place]) * np.sqrt(variance))
    return errors


def _of_logs(likelihood: Likelihood, penalty: float) -> Likelihood:
    """Turn a likelihood of parameters into what is made small, by their logarithms."""

    def cost(logs: Array) -> tuple[float, Array]:
        inside = np.clip(logs, LOWEST, HIGHEST)
        parameters = np.exp(inside)
        value, slope = likelihood(parameters)
        slopes = 2.0 * penalty * inside - slope * parameters
        return penalty * float(inside @ inside) - value, slopes

    return cost


def _best(cost: Likelihood, starts: Sequence[Array]) -> Array:
    """Go down from each start, and give the lowest end."""
    ends = [_bounded(cost, start) for start in starts]
    return min(ends, key=lambda end: end[1])[0]


def _bounded(cost: Likelihood, logs: Array) -> tuple[Array, float]:
    bounds = [(LOWEST, HIGHEST)] * len(logs)
    found = optimize.minimize(
        cost,
        np.clip(logs, LOWEST, HIGHEST),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 500, "ftol": 1e-11, "gtol": 1e-6, "maxcor": 20},
    )
    return np.asarray(found.x), float(found.fun)


def _polished(cost: Likelihood, logs: Array, curvature: Array) -> Array | None:
    """Go from what is best for fewer rows to what is best for all; None where that is an edge."""
    free = (logs > LOWEST + _EDGE) & (logs < HIGHEST - _EDGE)
    if not free.all() or not _is_positive(curvature):
        return None
    # Seen along the axes of the curvature, and in its measure, the hill is round.
    values, axes = np.linalg.eigh(curvature)
    turn = axes / np.sqrt(values)

    def round_cost(along: Array) -> tuple[float, Array]:
        value, slope = cost(logs + turn @ along)
        return value, turn.T @ slope

    found = optimize.minimize(
        round_cost, np.zeros(len(logs)), jac=True, method="BFGS", options={"gtol": 1e-3}
    )
    end: Array = logs + turn @ found.x
    if np.any(end <= LOWEST) or np.any(end >= HIGHEST):
        return None
    return end


def _settled(cost: Likelihood, logs: Array) -> Optimum:
    """Take Newton's last steps, and tell what is still missing."""
    for _ in range(5):
        value, slope = cost(logs)
        curvature = _curvature(cost, logs)
        step, missing = _newton(curvature, slope, logs)
        if missing < _CLOSE_ENOUGH * 1e-4:
            break
        nearer = np.clip(logs - step, LOWEST, HIGHEST)
        if not cost(nearer)[0] < value:
            break
        logs = nearer
    return Optimum(logs, curvature, missing)


def _newton(curvature: Array, slope: Array, logs: Array) -> tuple[Array, float]:
    """Give Newton's step among the parameters that are free, and what it should gain."""
    stuck_low = (logs < LOWEST + _EDGE) & (slope > 0)
    stuck_high = (logs > HIGHEST - _EDGE) & (slope < 0)
    free = np.flatnonzero(~(stuck_low | stuck_high))
    step = np.zeros(len(logs))
    inside = curvature[np.ix_(free, free)]
    if len(free) == 0:
        return step, 0.0
    if not _is_positive(inside):
        return step, float("inf") if np.abs(slope[free]).max() > 1e-2 else 0.0
    step[free] = np.linalg.solve(inside, slope[free])
    return step, float(step @ slope) / 2.0


def _curvature(cost: Likelihood, logs: Array) -> Array:
    """Give the second derivatives, by central differences of the slope."""
    columns = []
    for place in range(len(logs)):
        aside = np.zeros(len(logs))
        # Inside the bounds, beyond which the cost is flat.
        low, high = logs[place] - LOWEST, HIGHEST - logs[place]
        up, down = min(_STEP, max(high, 0.0)), min(_STEP, max(low, 0.0))
        aside[place] = 1.0
        difference = cost(logs + up * aside)[1] - cost(logs - down * aside)[1]
        columns.append(difference / (up + down))
    matrix = np.array(columns)
    even: Array = (matrix + matrix.T) / 2.0
    return even


def _is_positive(matrix: Array) -> bool:
    values = np.linalg.eigvalsh(matrix)
    return bool(values[0] > 1e-10 * max(values[-1], 1e-300))
