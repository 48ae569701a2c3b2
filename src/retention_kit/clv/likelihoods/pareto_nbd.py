"""Pareto/NBD: its likelihood as an integral that is never subtracted from itself, and its gradient.

The likelihood of one customer with x repeat purchases, the last at t, seen up to T is

    Γ(r+x)/Γ(r) · α^r β^s · [ (α+T)^−(r+x) (β+T)^−s + s · (G(t) − G(T)) ],
    G(t) = ∫ (α+y)^−(r+x) (β+y)^−(s+1) dy from t to ∞

(Schmittlein, Morrison and Colombo 1987; Fader and Hardie 2005, A note on deriving the Pareto/NBD
model). The literature writes G with the Gaussian hypergeometric function, in two cases, of which each
overflows for many purchases. Here it is integrated in logarithms, with its derivatives. As
s · G(T) is at most the first term, nothing is lost in the difference.
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, gammaln

from retention_kit.clv.likelihoods.arrays import Array, Histories, Places

_STEP = 0.08
"""Between the points of the integral, at most: small enough for ten digits."""
_NEGLIGIBLE = 42.0
"""−log of what is left out at either end."""
_FAR = 500.0
"""From which logarithm of y on α + y is y."""
_CHUNK = 512


def log_likelihoods(parameters: Array, histories: Histories) -> Array:
    """Give the log-likelihood of one customer of each history.

    Args:
        parameters: r, α, s and β.
        histories: The histories, in the unit of time that α and β are in.
    """
    return _parts(parameters, histories)[0]


def log_likelihood_and_gradient(
    parameters: Array, histories: Histories
) -> tuple[float, Array]:
    """Give the log-likelihood of all customers, and its derivatives by r, α, s and β.

    Args:
        parameters: r, α, s and β.
        histories: The histories, in the unit of time that α and β are in.
    """
    r, alpha, s, beta = parameters
    each, stayed, left, tails = _parts(parameters, histories)
    x, age, customers = histories.x, histories.age, histories.customers
    shape, until = r + x.values[x.place], age.values[age.place]
    alive = customers * stayed
    slopes = np.array(
        [
            -np.log(alpha + until),
            -shape / (alpha + until),
            -np.log(beta + until),
            -s / (beta + until),
        ]
    ) @ alive
    gone = 0.0
    for weight, tail, sign in zip(left, tails, (1.0, -1.0), strict=True):
        weighted = sign * customers * weight
        slopes += tail.slopes[:, tail.place] @ weighted
        gone += weighted.sum()
    n = customers.sum()
    gradient = slopes + np.array(
        [
            x.customers @ (digamma(r + x.values) - digamma(r)) + n * np.log(alpha),
            n * r / alpha,
            n * np.log(beta) + gone / s,
            n * s / beta,
        ]
    )
    return float(customers @ each), gradient


def share_left(parameters: Array, histories: Histories) -> float:
    """Give the share of customers who have left for good by the end of what was observed.

    Args:
        parameters: r, α, s and β.
        histories: The histories, in the unit of time that α and β are in.
    """
    stayed = _parts(parameters, histories)[1]
    return float(1.0 - np.average(stayed, weights=histories.customers))


class _Tail:
    """G at each distinct pair of a number of purchases and a time.

    Attributes:
        place: Of each history, which pair it has.
        logs: log G of each pair.
        slopes: Its derivatives by r, α, s and β.
    """

    def __init__(self, parameters: Array, x: Array, time: Array) -> None:
        pairs, place = _pairs(x, time)
        self.place = place
        self.logs, self.slopes = tail(parameters, pairs[0], pairs[1])


def _parts(
    parameters: Array, histories: Histories
) -> tuple[Array, Array, tuple[Array, Array], tuple[_Tail, _Tail]]:
    """Give the log-likelihoods, and the share of each of the three terms in them."""
    r, alpha, s, beta = parameters
    x = histories.x.values[histories.x.place]
    last = histories.last.values[histories.last.place]
    age = histories.age.values[histories.age.place]
    to_last, to_age = _Tail(parameters, x, last), _Tail(parameters, x, age)
    alive = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
    since_last = np.log(s) + to_last.logs[to_last.place]
    since_age = np.log(s) + to_age.logs[to_age.place]
    # The largest of the three is one of the first two, and their sum less the third is positive.
    largest = np.maximum(alive, since_last)
    terms = [np.exp(one - largest) for one in (alive, since_last, since_age)]
    whole = terms[0] + np.maximum(terms[1] - terms[2], 0.0)
    buying = gammaln(r + histories.x.values) - gammaln(r)
    of_all = r * np.log(alpha) + s * np.log(beta)
    logs = buying[histories.x.place] + of_all + largest + np.log(whole)
    return logs, terms[0] / whole, (terms[1] / whole, terms[2] / whole), (to_last, to_age)


def tail(parameters: Array, x: Array, time: Array) -> tuple[Array, Array]:
    """Integrate (α+y)^−(r+x) (β+y)^−(s+1) from a time to infinity.

    Args:
        parameters: r, α, s and β.
        x: Numbers of purchases.
        time: The times, as many.

    Returns:
        The logarithms of the integrals, and their derivatives by r, α, s and β, a row each.

    Notes:
        With y = time + c · exp(π/2 · sinh u) the integrand falls off doubly exponentially at both
        ends, and the plain sum over equal steps of u converges exponentially (Takahasi and Mori
        1974). c is the time in which the integrand falls to about 1/e.
    """
    logs, slopes = np.empty(len(x)), np.empty((4, len(x)))
    for start in range(0, len(x), _CHUNK):
        part = slice(start, start + _CHUNK)
        logs[part], slopes[:, part] = _tail(parameters, x[part], time[part])
    return logs, slopes


def _tail(parameters: Array, x: Array, time: Array) -> tuple[Array, Array]:
    r, alpha, s, beta = parameters
    k, m = (r + x)[:, None], s + 1.0
    first, second = (alpha + time)[:, None], (beta + time)[:, None]
    log_scale = -np.log(k / first + m / second)
    u, step = _points(parameters, _NEGLIGIBLE / (k + s) + np.log(np.maximum(first, second)) - log_scale)
    v = (np.pi / 2.0) * np.sinh(u) + log_scale
    y, beyond = np.exp(np.minimum(v, _FAR)), np.maximum(v - _FAR, 0.0)
    by_first, by_second = first + y, second + y
    at_first, at_second = np.log(by_first) + beyond, np.log(by_second) + beyond
    height = v + np.log(np.cosh(u)) - k * at_first - m * at_second
    top = height.max(axis=1, keepdims=True)
    mass = np.exp(height - top)
    whole = mass.sum(axis=1)
    slopes = np.array(
        [
            -(mass * at_first).sum(axis=1),
            -k[:, 0] * (mass / by_first).sum(axis=1),
            -(mass * at_second).sum(axis=1),
            -m * (mass / by_second).sum(axis=1),
        ]
    )
    return top[:, 0] + np.log(whole * step * (np.pi / 2.0)), slopes / whole


def _points(parameters: Array, reach: Array) -> tuple[Array, Array]:
    """Give a row of points per integral, and the step between them.

    How many there are depends on the parameters alone, so that an integral is the same to the last
    digit in whatever company it is computed.
    """
    r, alpha, s, beta = parameters
    furthest = _NEGLIGIBLE / (r + s) + abs(np.log(alpha / beta)) + np.log(r + s + 1.0)
    low, high = -_end(np.array(_NEGLIGIBLE)), _end(reach)
    count = int(np.ceil((_end(furthest) - low) / _STEP)) + 1
    step = (high - low) / (count - 1)
    return low + step * np.arange(count), step[:, 0]


def _end(reach: Array) -> Array:
    """Give the u at which π/2 · sinh u is as far as that."""
    end: Array = np.arcsinh(reach * (2.0 / np.pi))
    return end


def _pairs(x: Array, time: Array) -> tuple[Array, Places]:
    """Find the distinct pairs of two columns."""
    order = np.lexsort((time, x))
    is_new = np.empty(len(x), dtype=bool)
    is_new[:1] = True
    is_new[1:] = (np.diff(x[order]) != 0) | (np.diff(time[order]) != 0)
    place = np.empty(len(x), dtype=np.intp)
    place[order] = np.cumsum(is_new) - 1
    kept = order[is_new]
    return np.array([x[kept], time[kept]]), place
