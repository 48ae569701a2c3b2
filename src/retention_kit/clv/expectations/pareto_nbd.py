"""What the Pareto/NBD expects of a customer with `x` repeat purchases, the last of them at `t_x`.

Times are in the model's own unit; `age` is the time since the first purchase, T in the literature.
Schmittlein, Morrison and Colombo (1987), Counting your customers: who are they and what will they
do next?; Fader and Hardie (2005), A note on deriving the Pareto/NBD model and related expressions;
(2014), Deriving the conditional PMF of the Pareto/NBD model.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from retention_kit.clv.expectations.geometric import Floats
from retention_kit.clv.expectations.tails import growth, log_tail
from retention_kit.clv.models import ParetoNBD

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_ROWS = 2_048
_STEPS = 10
_FAR = 200.0  # e^200 is beyond every length of time, and still a number


def probability_alive(model: ParetoNBD, x: Floats, t_x: Floats, age: Floats) -> Floats:
    """Give the probability of not having left.

    Notes:
        1 / (1 + s·J), where J is the integral of (alpha + u)^−(r + x) (beta + u)^−(s + 1) from
        `t_x` to `age` over (alpha + age)^−(r + x) (beta + age)^−s.
    """
    p = model.r + x
    alive = -p * np.log(model.alpha + age) - model.s * np.log(model.beta + age)
    until_now, _ = log_tail(age, model.alpha, p, model.beta, model.s + 1)
    since, _ = log_tail(t_x, model.alpha, p, model.beta, model.s + 1)
    # The later tail is the smaller one, so this is a share of 0 … 1 and never overflows.
    left = np.log(model.s) + since - alive
    between = -np.expm1(np.minimum(until_now - since, 0.0))
    with np.errstate(divide="ignore"):
        return np.asarray(special.expit(-left - np.log(between)))


def purchases_while_alive(
    model: ParetoNBD,
    t: Floats,
    x: Floats,
    age: Floats,
) -> Floats:
    """Give the expected purchases in the next `t` of one who has not left."""
    leaving = model.beta + age
    stay = leaving * growth(model.s - 1, np.log1p(t / leaving))
    return np.asarray((model.r + x) / (model.alpha + age) * stay)


def exactly_while_alive(
    model: ParetoNBD,
    n: int,
    t: Floats,
    x: Floats,
    age: Floats,
) -> Floats:
    """Give the probability of `n` purchases in the next `t` of one who has not left.

    Notes:
        Purchases over the whole time, of those who stay, and over the time until they leave, of
        the others: the latter is an integral over that time, taken by Gauss and Legendre on a
        logarithmic scale.
    """
    given = np.broadcast_arrays(t, x, age)
    t, x, age = (np.ascontiguousarray(one, dtype=np.float64).ravel() for one in given)
    shape, rate, leaving = model.r + x, model.alpha + age, model.beta + age
    stayed = np.exp(-model.s * np.log1p(t / leaving)) * _bought(n, shape, rate, t)
    fine = np.minimum(rate / (shape + n + 1), leaving / (model.s + 1))
    reach = np.log1p(t / fine)
    width = np.minimum(0.5, 3 / np.sqrt(shape + n))
    # In powers of two, so that an element's panels do not hang on what else is in its array.
    panels = 2.0 ** np.ceil(np.log2(np.maximum(reach / width, 1)))
    left = np.empty_like(t)
    for number in np.unique(panels):
        some = np.flatnonzero(panels == number)
        rows = max(1, _ROWS * 32 // int(number))
        for start in range(0, some.size, rows):
            part = some[start : start + rows]
            left[part] = _left(
                model.s, n, shape[part], rate[part], leaving[part], fine[part], reach[part], number
            )
    return np.asarray(stayed + left).reshape(given[0].shape)


def at_least_while_alive(
    model: ParetoNBD,
    n: int,
    t: Floats,
    x: Floats,
    age: Floats,
) -> Floats:
    """Give the probability of `n` purchases or more in the next `t` of one who has not left."""
    fewer = np.zeros(np.broadcast(t, x, age).shape)
    for number in range(n):
        fewer = fewer + exactly_while_alive(model, number, t, x, age)
    return np.asarray(np.clip(1 - fewer, 0.0, 1.0))


def wait(model: ParetoNBD, share: float, x: Floats, age: Floats) -> Floats:
    """Give the time within which this share of those who will buy again do so.

    Notes:
        The density of the next purchase at the age v is proportional to (alpha + v)^−(r + x + 1)
        (beta + v)^−s, so the share that is yet to come is a ratio of two tails. It is solved by
        Newton's steps in log(alpha + v).
    """
    p = model.r + x + 1
    start, _ = log_tail(age, model.alpha, p, model.beta, model.s)
    rate = model.alpha + age
    reach = np.minimum(-np.log1p(-share) / (model.r + x + model.s) * np.ones_like(rate), _FAR)
    for _ in range(_STEPS):
        later = age + rate * np.expm1(reach)
        now, slope = log_tail(later, model.alpha, p, model.beta, model.s)
        step = (now - start - np.log1p(-share)) / (slope * (model.alpha + later))
        reach = np.clip(reach + step, reach / 4, _FAR)
    return np.asarray(rate * np.expm1(reach))


def scale(model: ParetoNBD, age: Floats) -> Floats:
    """Give the length of time over which expected purchases bend."""
    return model.beta + age


def origin(model: ParetoNBD) -> float:
    """Give the age, taken below 0, where what is expected has its singularity."""
    return min(model.alpha, model.beta)


def _bought(n: int, shape: Floats, rate: Floats, t: Floats) -> Floats:
    """Give the probability of `n` purchases in `t`, of one who stays."""
    ways = special.gammaln(shape + n) - special.gammaln(shape) - special.gammaln(n + 1)
    return np.asarray(np.exp(ways + special.xlogy(n, t / (rate + t)) - shape * np.log1p(t / rate)))


def _left(
    s: float,
    n: int,
    shape: Floats,
    rate: Floats,
    leaving: Floats,
    fine: Floats,
    reach: Floats,
    panels: float,
) -> Floats:
    """Give the probability of having left on the way, with `n` purchases before."""
    half = (reach / (2 * panels))[:, None, None]
    middle = (2 * np.arange(panels) + 1)[None, :, None] * half
    at = middle + half * _NODES
    when = fine[:, None, None] * np.expm1(at)
    shape, rate, leaving = (one[:, None, None] for one in (shape, rate, leaving))
    density = s / leaving * np.exp(-(s + 1) * np.log1p(when / leaving))
    grown = fine[:, None, None] * np.exp(at) * half * _WEIGHTS
    parts = density * grown * _bought(n, shape, rate, when)
    return np.asarray(parts.reshape(len(parts), -1).sum(axis=1))
